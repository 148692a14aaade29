"""Mailgun: a request a message, of the very bytes that are sent by SMTP.

Facts: documentation.mailgun.com (messages, domains, 2026-11). It knows no key for a repeated request; a wrong address of
the API is answered with 200 and a greeting, and a wrong key with the bare word Forbidden.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256

from newsletter.models import Message, Outcome, Receipt, Refused, TryLater
from newsletter.providers.api import Answer, ApiProvider, Request, halt, opened, refusal, reply
from newsletter.providers.api_spec import Account, Kind
from newsletter.replies import asked_to_wait
from newsletter.settings import Settings

_ADDRESS = re.compile(r"\bto\b.{0,40}(not a valid|invalid)|not a valid address", re.IGNORECASE)


KIND = Kind(
    "https://api.mailgun.net",
    "MAILGUN_API_KEY",
    argument=r"[a-z0-9-]+(\.[a-z0-9-]+)+",
    what="domain",
    example="mailgun:mg.example.org",
)


@dataclass(frozen=True, slots=True)
class Mailgun:
    """The API of a domain."""

    account: Account
    key: str = field(repr=False)
    batch: int = 1
    idempotent_for: timedelta = timedelta(0)

    def request(self, messages: Sequence[Message], key: str) -> Request:
        [message] = messages
        boundary = sha256(message.message_id.encode()).hexdigest()
        body = _form(boundary, {"to": message.recipient, "o:tracking": "no"}, message.mime)
        url = f"{self.account.endpoint}/v3/{self.account.argument}/messages.mime"
        return Request(url, self._headers | {"Content-Type": f"multipart/form-data; boundary={boundary}"}, body)

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Basic {b64encode(f'api:{self.key}'.encode()).decode()}"}

    def outcomes(self, answer: Answer, messages: Sequence[Message]) -> list[Outcome]:
        if b"Magnificent API" in answer.body:
            halt(f"{self.account.endpoint} takes no messages; is the domain in its other region (endpoint=)?")
        return [Receipt(str(answer.told["id"]))]

    def refusal(self, answer: Answer) -> Outcome:
        reason = reply(answer, "message")
        if answer.status == 429 or "limit exceeded" in reason:
            return TryLater(reason, answer.wait or asked_to_wait(reason), "slow")
        if answer.status == 400 and _ADDRESS.search(reason):
            return Refused(reason, bad_address=True)
        return refusal(answer, reason, self.account)

    def probe(self) -> Request:
        return Request(f"{self.account.endpoint}/v4/domains/{self.account.argument}", self._headers)

    def probed(self, answer: Answer, sender: str) -> str:
        if answer.status != 200:
            self.refusal(answer)
            halt(f"{reply(answer, 'message')}; is {self.account.argument} a domain of that account?")
        state = answer.told["domain"]["state"]
        if state != "active":
            halt(f"{self.account.argument} is {state} there; publish the records that Mailgun shows")
        return f"{self.account.argument} is active"


def open_provider(spec: str, settings: Settings, share: int = 1, _: object = None) -> ApiProvider:
    """`mailgun:mg.example.org`; the key is `MAILGUN_API_KEY`. In Europe: `?endpoint=https://api.eu.mailgun.net`."""
    return opened(KIND, Mailgun, spec, settings, share)


def _form(boundary: str, fields: Mapping[str, str], mime: bytes) -> bytes:
    """RFC 7578. The boundary is 64 hexadecimal digits that no message holds."""
    disposition = "Content-Disposition: form-data; name="
    parts = [f'--{boundary}\r\n{disposition}"{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()]
    head = f'--{boundary}\r\n{disposition}"message"; filename="message.eml"\r\nContent-Type: message/rfc822\r\n\r\n'
    return ("".join(parts) + head).encode() + mime + f"\r\n--{boundary}--\r\n".encode()
