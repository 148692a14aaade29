"""Postmark: up to five hundred messages in a request, each with an answer of its own, through a message stream.

Facts: postmarkapp.com/developer/api (overview, email-api, message-streams-api, server-api), 2026-11. It knows no key for
a repeated request. In a broadcast stream it sets List-Unsubscribe itself, unless its support has allowed one's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from newsletter.models import Message, Outcome, Receipt, Refused, TryLater
from newsletter.providers.api import Answer, ApiProvider, Request, as_json, halt, header, opened, others, refusal, reply
from newsletter.providers.api_spec import Account, Kind
from newsletter.settings import Settings

USUAL, MOST = 100, 500
"""Messages in a request; with 50 MB at most. A hundred make the request itself cheap, and are fewer to be in doubt."""
US = frozenset({10, 400, 401, 405, 412, 413, 1235, 1236})
"""Token, sender's address or domain, credits, an account that may not send yet or any more, the stream."""
INACTIVE = 406
BUSY = frozenset({429, 100, 410})
"""Too many requests, maintenance, too many messages in a request."""


KIND = Kind(
    "https://api.postmarkapp.com",
    "POSTMARK_SERVER_TOKEN",
    USUAL,
    MOST,
    argument=r"([a-z][a-z0-9_-]{0,29})?",
    what="message stream",
    example="postmark:broadcast",
)


@dataclass(frozen=True, slots=True)
class Postmark:
    """The API of a server, as Postmark calls what has a token."""

    account: Account
    token: str = field(repr=False)
    idempotent_for: timedelta = timedelta(0)

    @property
    def batch(self) -> int:
        return self.account.batch

    @property
    def stream(self) -> str:
        return self.account.argument or "broadcast"

    def request(self, messages: Sequence[Message], key: str) -> Request:
        body = as_json([_email(message, self.stream) for message in messages])
        return Request(f"{self.account.endpoint}/email/batch", self._headers, body)

    @property
    def _headers(self) -> dict[str, str]:
        told = {"Accept": "application/json", "Content-Type": "application/json"}
        return told | {"X-Postmark-Server-Token": self.token}

    def outcomes(self, answer: Answer, messages: Sequence[Message]) -> list[Outcome]:
        # All of it is read before anything is concluded: what was taken must not be forgotten for an error beside it.
        return _all_or_halt([(int(one["ErrorCode"]), one) for one in answer.told])

    def refusal(self, answer: Answer) -> Outcome:
        code, reason = answer.fields.get("ErrorCode"), reply(answer, "Message")
        if answer.status == 429 or code in BUSY:
            return TryLater(reason, answer.wait, "slow")
        if answer.status in (413, 415, 422) or code in US:
            halt(f"{reason}; look into Postmark's account")
        return refusal(answer, reason, self.account)

    def probe(self) -> Request:
        return Request(f"{self.account.endpoint}/message-streams/{self.stream}", self._headers)

    def probed(self, answer: Answer, sender: str) -> str:
        if answer.status != 200:
            self.refusal(answer)
            halt(f"{reply(answer, 'Message')}; is there a message stream {self.stream}?")
        kind = answer.told["MessageStreamType"]
        theirs = "; it writes its own List-Unsubscribe unless its support allows ours" if kind == "Broadcasts" else ""
        return f"the message stream {self.stream} is there ({kind}){theirs}"


def open_provider(spec: str, settings: Settings, share: int = 1, _: object = None) -> ApiProvider:
    """`postmark` or `postmark:STREAM` (usually `broadcast`); the key is `POSTMARK_SERVER_TOKEN`."""
    return opened(KIND, Postmark, spec, settings, share)


def _email(message: Message, stream: str) -> dict[str, Any]:
    headers = others(message) | {"Message-ID": message.message_id, "X-PM-KeepID": "true"}
    return {
        "From": header(message, "From"),
        "To": header(message, "To"),
        "ReplyTo": header(message, "Reply-To"),
        "Subject": message.subject,
        "HtmlBody": message.html,
        "TextBody": message.text,
        "Headers": [{"Name": name, "Value": value} for name, value in headers.items()],
        "MessageStream": stream,
        "TrackOpens": False,
        "TrackLinks": "None",
    }


def _all_or_halt(told: Sequence[tuple[int, Mapping[str, Any]]]) -> list[Outcome]:
    outcomes = [_outcome(code, one) for code, one in told]
    if ours := next((str(one["Message"]) for code, one in told if code in US), ""):
        halt(f"{ours}; look into Postmark's account", outcomes)
    return outcomes


def _outcome(code: int, told: Mapping[str, Any]) -> Outcome:
    if code == 0:
        return Receipt(str(told["MessageID"]))
    reason = f"{code} {told['Message']}"[:300]
    if code in US:
        return TryLater(reason, timedelta(0))
    if code in BUSY:
        return TryLater(reason, None, "slow")
    return Refused(reason, bad_address=code == INACTIVE or (code == 300 and "'To'" in reason))
