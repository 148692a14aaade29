"""Amazon SES, version 2 of its API: a request a message, of the very bytes that are sent by SMTP.

Facts: docs.aws.amazon.com/ses/latest/APIReference-V2 (SendEmail, GetAccount) and /ses/latest/dg (sending errors, sending
quotas), 2026-11. SES puts its own Message-ID and Date in place of ours, and knows no key for a repeated request.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsletter.models import Message, Outcome, Receipt, Refused, TryLater
from newsletter.providers.api import Answer, ApiProvider, Request, as_json, halt, key_of, opened, refusal, reply
from newsletter.providers.api_spec import Account, Kind
from newsletter.providers.sigv4 import Credentials, signed
from newsletter.settings import Settings

US = frozenset(
    "AccountSuspendedException SendingPausedException MailFromDomainNotVerifiedException NotFoundException".split()
)
SLOW = frozenset({"TooManyRequestsException", "ThrottlingException", "Throttling"})
_QUOTA = re.compile(r"daily|quota exceeded|24.hour", re.IGNORECASE)
_NOT_VERIFIED = re.compile(r"not verified|not authorized|authority to send|identit", re.IGNORECASE)
_ADDRESS = re.compile(r"address|domain|recipient|suppression", re.IGNORECASE)


KIND = Kind(
    "https://email.{}.amazonaws.com",
    "AWS_SECRET_ACCESS_KEY",
    argument=r"[a-z]{2}(-[a-z]+)+-\d",
    what="region",
    example="ses:eu-west-1",
)


@dataclass(frozen=True, slots=True)
class Ses:
    """The API in a region."""

    account: Account
    credentials: Credentials
    clock: Callable[[], datetime]
    batch: int = 1
    idempotent_for: timedelta = timedelta(0)

    def request(self, messages: Sequence[Message], key: str) -> Request:
        [message] = messages
        told = {
            "FromEmailAddress": message.sender,
            "Destination": {"ToAddresses": [message.recipient]},
            "Content": {"Raw": {"Data": b64encode(message.mime).decode()}},
        }
        return self._signed("POST", "outbound-emails", as_json(told))

    def _signed(self, method: str, what: str, body: bytes | None) -> Request:
        url = f"{self.account.endpoint}/v2/email/{what}"
        headers = signed(method, url, body or b"", self.credentials, self.account.argument, "ses", self.clock())
        return Request(url, headers, body)

    def outcomes(self, answer: Answer, messages: Sequence[Message]) -> list[Outcome]:
        return [Receipt(str(answer.told["MessageId"]))]

    def refusal(self, answer: Answer) -> Outcome:
        kind = _kind(answer)
        reason = f"{kind} {reply(answer, 'message', 'Message')}".strip()
        if kind == "LimitExceededException" or (kind in SLOW and _QUOTA.search(reason)):
            halt(f"{reason}; the day's quota is used up: wait, or ask Amazon for more")
        if kind in SLOW:
            return TryLater(reason, answer.wait, "slow")
        if kind in US or (kind == "MessageRejected" and _NOT_VERIFIED.search(reason)):
            halt(f"{reason}; look into the SES console of {self.account.argument}")
        if kind in ("MessageRejected", "BadRequestException"):
            return Refused(reason, bad_address=bool(_ADDRESS.search(reason)))
        return refusal(
            answer, f"{reason}; is this machine's clock right?" if "expired" in reason else reason, self.account
        )

    def probe(self) -> Request:
        return self._signed("GET", "account", None)

    def probed(self, answer: Answer, sender: str) -> str:
        if answer.status != 200:
            self.refusal(answer)
            halt(reply(answer, "message"))
        told, quota = answer.told, answer.told["SendQuota"]
        if not told.get("SendingEnabled", True):
            halt(f"sending is paused for this account; look into the SES console of {self.account.argument}")
        sandbox = (
            "" if told.get("ProductionAccessEnabled") else "; in the sandbox it writes to verified addresses alone"
        )
        left = quota["Max24HourSend"] - quota["SentLast24Hours"]
        return f"{left:,.0f} messages are left today, {quota['MaxSendRate']:g} a second (write rate= for that){sandbox}"


def open_provider(spec: str, settings: Settings, share: int, clock: Callable[[], datetime]) -> ApiProvider:
    """`ses:eu-west-1`; the key is `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, for a role `AWS_SESSION_TOKEN` too."""

    def made(account: Account, secret: str) -> Ses:
        key_id = key_of(account, settings, "AWS_ACCESS_KEY_ID")
        return Ses(account, Credentials(key_id, secret, settings.secret("AWS_SESSION_TOKEN")), clock)

    return opened(KIND, made, spec, settings, share)


def _kind(answer: Answer) -> str:
    """`MessageRejected`; some services add a colon and an address."""
    told = answer.headers.get("x-amzn-errortype", "") or str(answer.fields.get("__type", ""))
    return told.partition(":")[0].rpartition("#")[2]
