"""Bounces in words alone: qmail's (cr.yp.to/proto/qsbmf.txt) and Exim's, which carry no report. No I/O."""

from __future__ import annotations

import re

from newsletter.bounces.opened import Mail, field, fields, headers, kind, text, written
from newsletter.bounces.told import Told
from newsletter.bounces.weight import weight
from newsletter.webhooks.event import address

_QMAIL = re.compile(r"\AHi\. This is the [^\n]{1,200} at ")
_COPY = re.compile(r"^(--- Below this line is|-+ This is a copy of)[^\n]*\n+(?:-+\n+)?", re.MULTILINE)
_DEFERRED = re.compile(r"THIS IS A WARNING|not yet been delivered|delivery attempts will continue", re.IGNORECASE)
_NAMED = re.compile(r"^[ \t]*<?([^\s<>]{1,254}@[^\s<>:]{1,254})>?:?[ \t\r]*$", re.MULTILINE)


def is_one(mail: Mail) -> bool:
    """Whether a mail is one of these."""
    if kind(mail) not in ("text/plain", "multipart/mixed"):
        return False
    return bool(field(mail, "X-Failed-Recipients") or _QMAIL.match(written(mail).lstrip()))


def read(mail: Mail) -> Told:
    """What it says: what stands above the copy of our mail."""
    said = _above(written(mail))[:20_000]
    who = next(iter(recipients(mail)), "")
    if _DEFERRED.search(said):
        return Told("other", "delayed", recipient=who)
    found = _NAMED.search(said)
    reason = (said[found.end() :] if found else said).strip()
    return Told(weight("", reason), " ".join(reason.split()), recipient=who)


def recipients(mail: Mail) -> list[str]:
    """Whom it names."""
    named = [one for many in fields(mail, "X-Failed-Recipients") for one in many.split(",")]
    named += _NAMED.findall(_above(written(mail))[:20_000])[:1]
    return [who for one in named if (who := address(one))]


def copy(mail: Mail) -> Mail | None:
    """The beginning of the mail that came back."""
    said = text(mail)
    found = _COPY.search(said)
    return headers(said[found.end() :]) if found else None


def _above(said: str) -> str:
    found = _COPY.search(said)
    return said[: found.start()] if found else said
