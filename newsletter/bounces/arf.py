"""Complaints: the abuse reporting format, RFC 5965. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from newsletter.bounces.opened import Mail, children, every, field, fields, groups, kind
from newsletter.bounces.told import Kind, Told
from newsletter.webhooks.event import address

REPORT: Final = "message/feedback-report"
_TYPES: Final[Mapping[str, Kind]] = {
    "abuse": "complained",
    "fraud": "complained",
    "virus": "complained",
    "opt-out": "unsubscribed",
    "opt-out-list": "unsubscribed",
}
"""Registered types (IANA, Messaging Abuse Reporting Format Parameters, 2026-11); `not-spam` (RFC 6430), `auth-failure`
(RFC 6591) and `other` say nothing against writing to somebody."""


def is_one(mail: Mail) -> bool:
    """Whether a mail is such a report."""
    return any(kind(part) == REPORT for part in children(mail))


def read(mail: Mail) -> Told:
    """What it says. A report without a type is no complaint: the standard wants one."""
    report = _report(mail)
    what = field(report, "Feedback-Type").lower() if report else ""
    program = field(report, "User-Agent") if report else ""
    reason = f"{what or 'no type'}, reported by {program or field(mail, 'From')}"
    return Told(_TYPES.get(what, "other"), reason)


def recipients(mail: Mail) -> list[str]:
    """Whom it names, where that was not made unreadable."""
    report = _report(mail)
    named = fields(report, "Original-Rcpt-To", "Removal-Recipient") if report else ()
    return [who for one in named if (who := address(one))]


def envelope(mail: Mail) -> str:
    """The report's fields in one text: our return path may be among them (`Original-Mail-From`)."""
    report = _report(mail)
    return "\n".join(every(report)) if report else ""


def _report(mail: Mail) -> Mail | None:
    parts = (part for part in children(mail) if kind(part) == REPORT)
    return next((group for part in parts for group in groups(part)), None)
