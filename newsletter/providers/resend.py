"""Resend: a hundred messages in a request, and a key by which a repeated request is known for a day.

Facts: resend.com/docs/api-reference (emails/send-batch-emails, errors, rate-limit, 2026-11), changelog on batch
validation modes, and the OpenAPI file of resend/resend-openapi (2026-08).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from newsletter.errors import Halt
from newsletter.models import Message, Outcome, Receipt, Refused, TryLater, Uncertain
from newsletter.providers.api import Answer, ApiProvider, Request, as_json, halt, header, opened, others, reply
from newsletter.providers.api_spec import Account, Kind
from newsletter.settings import Settings

MOST = 100
"""Messages in a request."""
KNOWN_FOR = timedelta(hours=24)
QUOTA = frozenset({"daily_quota_exceeded", "monthly_quota_exceeded"})
UNKNOWN = frozenset({"invalid_idempotent_request", "concurrent_idempotent_requests"})
"""The key is known: its request came before, with another content or still being worked on."""


KIND = Kind("https://api.resend.com", "RESEND_API_KEY", MOST, MOST)


@dataclass(frozen=True, slots=True)
class Resend:
    """The API with a key."""

    account: Account
    key: str = field(repr=False)
    idempotent_for: timedelta = KNOWN_FOR

    @property
    def batch(self) -> int:
        return self.account.batch

    def request(self, messages: Sequence[Message], key: str) -> Request:
        # Permissive: one wrong address does not refuse the other ninety-nine.
        headers = {**self._headers, "Idempotency-Key": key, "x-batch-validation": "permissive"}
        return Request(f"{self.account.endpoint}/emails/batch", headers, as_json([*map(_email, messages)]))

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}

    def outcomes(self, answer: Answer, messages: Sequence[Message]) -> list[Outcome]:
        told = answer.told
        wrong = {int(one["index"]): str(one["message"]) for one in told.get("errors") or ()}
        taken = iter(told["data"])
        found: list[Outcome] = [
            _refused(wrong[n]) if n in wrong else Receipt(str(next(taken)["id"])) for n in range(len(messages))
        ]
        if next(taken, None) is not None:
            raise ValueError("more ids than messages")
        return found

    def refusal(self, answer: Answer) -> Outcome:
        name, reason = answer.fields.get("name"), reply(answer, "message")
        if name in QUOTA:
            halt(f"{reason}; wait, or take a larger plan")
        if name in UNKNOWN:
            return Uncertain(reason)
        if answer.status == 451:  # a security error
            return TryLater(reason, why="policy")
        if answer.status == 429:
            return TryLater(reason, answer.wait, "slow")
        # With permissive validation no reader's fault refuses a request.
        raise Halt(f"{reason}; check {self.account.secret}, the sender's domain and resend.com/domains")

    def probe(self) -> Request:
        return Request(f"{self.account.endpoint}/domains", self._headers)

    def probed(self, answer: Answer, sender: str) -> str:
        if answer.fields.get("name") == "restricted_api_key":
            return "the key may send, and only that; its Message-ID is Resend's own"
        if answer.status != 200:
            self.refusal(answer)
            halt(reply(answer, "message"))
        states = {one["name"]: one["status"] for one in answer.told["data"]}
        domain = sender.rpartition("@")[2]
        found = next((name for name in states if domain == name or domain.endswith(f".{name}")), None)
        if found is None or states[found] != "verified":
            halt(f"{domain} is {states.get(found or '', 'not known')} there; verify it at resend.com/domains")
        return f"{found} is verified; its Message-ID is Resend's own"


def open_provider(spec: str, settings: Settings, share: int = 1, _: object = None) -> ApiProvider:
    """`resend`; the key is `RESEND_API_KEY`."""
    return opened(KIND, Resend, spec, settings, share)


def _email(message: Message) -> dict[str, Any]:
    told = {
        "from": header(message, "From"),
        "to": [header(message, "To")],
        "subject": message.subject,
        "html": message.html,
        "text": message.text,
        "headers": others(message),
    }
    return told | ({"reply_to": [back]} if (back := header(message, "Reply-To")) else {})


def _refused(reason: str) -> Refused:
    return Refused(reason, bad_address="`to`" in reason)
