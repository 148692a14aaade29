"""The headers of an edition's message, as the standards of mail and of lists want them. No I/O."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from newsletter import links
from newsletter.errors import RenderError
from newsletter.models import Edition, Letter, Period, Stamp
from newsletter.render.imprint import Imprint
from newsletter.render.mime import mailbox
from newsletter.render.place import PLACE
from newsletter.text import line

SUBJECT: Final = 110
"""Characters of a subject, of which most mail programs show half."""

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}")
_ANSWER = re.compile(r"^(?:(?:re|fwd?)(?:\[\d+\])?\s*:\s*)+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Unsubscribing:
    """The ways out: a page, if there are web pages, and always a mail that says who writes."""

    web: str
    mail: str

    @property
    def one_click(self) -> str:
        """The page, where a mail program may press its button: RFC 8058 section 3.1 wants https."""
        return self.web if self.web.startswith("https:") else ""

    @property
    def visible(self) -> str:
        return self.web or self.mail


def unsubscribing(stamp: Stamp, imprint: Imprint) -> Unsubscribing:
    """The addresses with this subscriber's token (RFC 8058 section 3.1: they name reader and list, unforgeably)."""
    if not stamp.reference:
        raise RenderError("the stamp has no reference, so no link could say who unsubscribes; take links.reference")
    token = links.sign(imprint.secrets, "unsubscribe", stamp.reference)
    web = f"{imprint.base_url.rstrip('/')}/unsubscribe/{token}" if imprint.base_url else ""
    return Unsubscribing(web, f"mailto:{quote(address(imprint.reply_to), safe='@+')}?subject=unsubscribe%20{token}")


@dataclass(frozen=True, slots=True)
class OwnPages:
    """The addresses of the reader's own pages; all empty where there are no web pages."""

    preferences: str = ""
    feedback: str = ""
    token: str = ""
    """Of the reader's feedback: the end of its address."""
    in_browser: str = ""
    """Of the edition; empty for a copy outside the ledger, which has no page."""


def own_pages(period: Period, stamp: Stamp, imprint: Imprint) -> OwnPages:
    """The reader's own pages, each with a token for itself alone."""
    base, secrets, reference = imprint.base_url.rstrip("/"), imprint.secrets, stamp.reference
    if not base:
        return OwnPages()
    token = links.sign(secrets, "feedback", reference)
    edition = links.sign_edition(secrets, reference, period.name, stamp.occasion)
    return OwnPages(
        preferences=f"{base}/preferences/{links.sign(secrets, 'preferences', reference)}",
        feedback=f"{base}/f/{token}",
        token=token,
        in_browser="" if stamp.occasion == "test" else f"{base}/edition/{edition}",
    )


def shared_feedback(imprint: Imprint) -> str:
    """The address of the feedback's page for what readers share; empty where there are no web pages."""
    base = imprint.base_url.rstrip("/")
    return f"{base}/f/{PLACE}" if base else ""


def headers(
    edition: Edition, stamp: Stamp, imprint: Imprint, subject: str, ways_out: Unsubscribing
) -> tuple[tuple[str, str], ...]:
    """In order, decoded, each once. One-click is promised only where a web page can keep it (RFC 8058 section 3.1)."""
    name, subscriber = line(imprint.name, 120), edition.subscriber
    found = [
        ("From", mailbox(line(imprint.sender, 120), address(imprint.address))),
        ("To", mailbox(line(subscriber.name, 120), address(subscriber.email))),
        ("Reply-To", "" if imprint.reply_to == imprint.address else address(imprint.reply_to)),
        ("Subject", subject),
        ("Date", _date(stamp.at, stamp.at.utcoffset())),
        ("Message-ID", message_id(edition.period, stamp, imprint)),
        ("List-Id", mailbox(name, f"{label(name)}.{imprint.domain}")),  # RFC 2919 section 2
        ("List-Unsubscribe", ", ".join(f"<{way}>" for way in (ways_out.one_click, ways_out.mail) if way)),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click" if ways_out.one_click else ""),
        ("Feedback-ID", f"{edition.period.name}:{label(edition.subscriber.design)}:edition:{sender_id(name)}"),
        ("Auto-Submitted", "auto-generated"),  # RFC 3834 section 5
    ]
    return tuple((field, value) for field, value in found if value)


def letter_headers(letter: Letter, at: datetime, imprint: Imprint, subject: str) -> tuple[tuple[str, str], ...]:
    """In order, decoded, each once. A letter belongs to no list, so nothing in it unsubscribes."""
    parts = [imprint.domain, letter.recipient, subject, letter.url, at.isoformat()]
    found = [
        ("From", mailbox(line(imprint.sender, 120), address(imprint.address))),
        ("To", mailbox(line(letter.name, 120), address(letter.recipient))),
        ("Reply-To", "" if imprint.reply_to == imprint.address else address(imprint.reply_to)),
        ("Subject", subject),
        ("Date", _date(at, at.utcoffset())),
        ("Message-ID", _id(parts, imprint)),
        ("Auto-Submitted", "auto-generated"),
    ]
    return tuple((field, value) for field, value in found if value)


def address(text: str) -> str:
    """An address that may stand in a header and an envelope; RenderError for any other."""
    if not _ADDRESS.fullmatch(text):
        raise RenderError(f"{text!r} is not an address of ASCII letters alone; correct it where it is kept")
    return text


def subject_line(rendered: str, imprint: Imprint, stamp: Stamp) -> str:
    """The subject on one line, never dressed up as an answer; a test says so."""
    plain = line(_ANSWER.sub("", line(rendered), count=1), SUBJECT) or line(imprint.name, SUBJECT)
    return f"[Test] {plain}" if stamp.occasion == "test" else plain


def message_id(period: Period, stamp: Stamp, imprint: Imprint) -> str:
    """The same for every attempt at one delivery, another for any other; it tells nobody whose it is.

    Each test copy has its own: mail programs hide a second message of the same id.
    """
    parts = [imprint.domain, stamp.reference, period.name, stamp.occasion]
    if stamp.occasion == "test":
        parts.append(stamp.at.isoformat())
    return _id(parts, imprint)


def _id(parts: Sequence[str], imprint: Imprint) -> str:
    return f"<{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:32]}@{imprint.domain}>"


@lru_cache(maxsize=64)
def _date(at: datetime, _: timedelta | None) -> str:
    """A run's messages have one. With the offset, for the same moment is written differently in every zone."""
    return format_datetime(at)


@lru_cache(maxsize=64)
def label(name: str) -> str:
    """A name as a domain's label: `daily-papers`."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60].strip("-") or "newsletter"


@lru_cache(maxsize=64)
def sender_id(name: str) -> str:
    """The newsletter in `Feedback-ID`: 5 to 15 characters, always the same (Google support page 6254652, 2026-03)."""
    short = label(name)[:15].strip("-")
    return short if len(short) >= 5 else f"{short}-mail"
