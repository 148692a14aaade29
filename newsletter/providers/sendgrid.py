"""SendGrid (Twilio): a request a message, as a batch there has one body for everybody.

Facts: twilio.com/docs/sendgrid/api-reference (mail-send, errors, api-key-permissions) and the OpenAPI file of
twilio/sendgrid-oai (2026-01). It knows no key for a repeated request, and may send no headers of a rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from newsletter.models import Message, Outcome, Receipt, Refused
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

KIND = Kind("https://api.sendgrid.com", "SENDGRID_API_KEY")


@dataclass(frozen=True, slots=True)
class SendGrid:
    """The API with a key."""

    account: Account
    key: str = field(repr=False)
    batch: int = 1
    idempotent_for: timedelta = timedelta(0)

    def request(self, messages: Sequence[Message], key: str) -> Request:
        [message] = messages
        return Request(f"{self.account.endpoint}/v3/mail/send", self._headers, as_json(_email(message)))

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}

    def outcomes(self, answer: Answer, messages: Sequence[Message]) -> list[Outcome]:
        if answer.status not in (200, 202):
            raise ValueError("neither accepted nor refused")
        return [Receipt(answer.headers.get("x-message-id", "") or f"HTTP {answer.status}")]

    def refusal(self, answer: Answer) -> Outcome:
        errors = [one for one in answer.fields.get("errors") or () if isinstance(one, dict)]
        place = next((str(one.get("field") or "") for one in errors), "")
        reason = "; ".join(str(one.get("message")) for one in errors)[:300] or reply(answer)
        if answer.status == 400 and place.startswith("personalizations") and ".to" in place:
            return Refused(reason, bad_address=True)
        if answer.status == 400 and place.startswith("from"):
            halt(f"{reason}; verify the sender at SendGrid")
        return refusal(answer, f"HTTP {answer.status} {reason}", self.account)

    def probe(self) -> Request:
        return Request(f"{self.account.endpoint}/v3/scopes", self._headers)

    def probed(self, answer: Answer, sender: str) -> str:
        if answer.status != 200:
            self.refusal(answer)
            halt(reply(answer))
        if "mail.send" not in answer.told["scopes"]:
            halt(f"the key may not send; give {self.account.secret} the permission Mail Send")
        return "the key may send"


def open_provider(spec: str, settings: Settings, share: int = 1, _: object = None) -> ApiProvider:
    """`sendgrid`; the key is `SENDGRID_API_KEY`. In Europe: `?endpoint=https://api.eu.sendgrid.com`."""
    return opened(KIND, SendGrid, spec, settings, share)


def _email(message: Message) -> dict[str, Any]:
    to = {"to": [person(header(message, "To"))]}
    off = {"enable": False}
    told = {
        "personalizations": [to],
        "from": person(header(message, "From")),
        "subject": message.subject,
        "content": [{"type": "text/plain", "value": message.text}, {"type": "text/html", "value": message.html}],
        "headers": others(message) | {"Message-ID": message.message_id},
        "tracking_settings": {"click_tracking": off, "open_tracking": off, "subscription_tracking": off},
    }
    return told | ({"reply_to": {"email": back}} if (back := header(message, "Reply-To")) else {})
