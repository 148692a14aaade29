"""Brevo: a request a message, as its batches have one set of headers for everybody; known by a key for half an hour.

Facts: developers.brevo.com (sendtransacemail, idempotent requests, rate limits, getaccount), 2026-11. What is said here of
letters beyond ASCII is what the makers of django-anymail 15.2 found (its Brevo backend, 2026-07).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from email.charset import Charset
from email.utils import parseaddr
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from newsletter.models import Message, Outcome, Receipt, Refused, Uncertain
from newsletter.providers.api import (
    Answer,
    ApiProvider,
    Request,
    as_json,
    halt,
    header,
    opened,
    others,
    person,
    refusal,
    reply,
)
from newsletter.providers.api_spec import Account, Kind
from newsletter.settings import Settings

KNOWN_FOR = timedelta(minutes=30)
SPECIALS = frozenset('()<>[]:;@\\,."')  # RFC 5322, section 3.2.3


KIND = Kind("https://api.brevo.com/v3", "BREVO_API_KEY")


@dataclass(frozen=True, slots=True)
class Brevo:
    """The API with a key."""

    account: Account
    key: str = field(repr=False)
    batch: int = 1
    idempotent_for: timedelta = KNOWN_FOR

    def request(self, messages: Sequence[Message], key: str) -> Request:
        [message] = messages
        return Request(f"{self.account.endpoint}/smtp/email", self._headers, as_json(_email(message)))

    @property
    def _headers(self) -> dict[str, str]:
        return {"api-key": self.key, "Content-Type": "application/json", "Accept": "application/json"}

    def outcomes(self, answer: Answer, messages: Sequence[Message]) -> list[Outcome]:
        return [Receipt(str(answer.told["messageId"]))]

    def refusal(self, answer: Answer) -> Outcome:
        code, reason = str(answer.fields.get("code")), reply(answer, "message")
        if answer.status == 409 or "idempoten" in reason.lower():
            return Uncertain(reason)  # the key is known
        if code == "not_enough_credits":
            halt(f"{reason}; buy credits, or wait for tomorrow's")
        if code in ("permission_denied", "unauthorized") or "sender" in reason.lower():
            halt(f"{reason}; check {self.account.secret}, and verify the sender at Brevo")
        if code == "invalid_parameter" and "email" in reason.lower():
            return Refused(reason, bad_address=True)
        return refusal(answer, reason, self.account)

    def probe(self) -> Request:
        return Request(f"{self.account.endpoint}/account", self._headers)

    def probed(self, answer: Answer, sender: str) -> str:
        if answer.status != 200:
            self.refusal(answer)
            halt(reply(answer, "message"))
        # Credits for text messages are in the list too, and all are numbers with a fraction (its description, 2026-11).
        plans = [one for one in answer.told["plan"] if one.get("creditsType") == "sendLimit" and one["type"] != "sms"]
        return (
            "; ".join(f"{one['credits']:,.0f} messages are left of the plan '{one['type']}'" for one in plans)
            or "the key is right"
        )


def open_provider(spec: str, settings: Settings, share: int = 1, _: object = None) -> ApiProvider:
    """`brevo`; the key is `BREVO_API_KEY`."""
    return opened(KIND, Brevo, spec, settings, share)


def _email(message: Message) -> dict[str, Any]:
    told = {
        "sender": _person(header(message, "From")),
        "to": [_person(header(message, "To"))],
        "subject": message.subject,
        "htmlContent": message.html,
        "textContent": message.text,
        # The key of a message, not of a round: each is a request of its own.
        "headers": _headers(message) | {"idempotencyKey": str(uuid5(NAMESPACE_URL, message.message_id))},
    }
    return told | ({"replyTo": {"email": back}} if (back := header(message, "Reply-To")) else {})


def _person(mailbox: str) -> dict[str, str]:
    """A name beyond ASCII with a comma or the like in it is dropped there, unless it comes as the mail will have it."""
    told = person(mailbox)
    name = told.get("name", "")
    if name.isascii() or SPECIALS.isdisjoint(name):
        return told
    return told | {"name": Charset("utf-8").header_encode(name)}


def _headers(message: Message) -> dict[str, str]:
    """Without names beyond ASCII: encoded ones are decoded there, and sent as raw UTF-8, which servers may refuse."""
    found = others(message)
    return {name: f"<{parseaddr(value)[1]}>" if "=?" in value else value for name, value in found.items()}
