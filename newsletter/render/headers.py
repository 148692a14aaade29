"""The headers of an edition's message, as mail and list standards want them. No I/O."""

from __future__ import annotations

import hashlib
import re
from email.utils import format_datetime
from typing import Final
from urllib.parse import quote

from newsletter.errors import RenderError
from newsletter.models import Edition, Stamp
from newsletter.render.imprint import Imprint
from newsletter.render.mime import mailbox
from newsletter.text import line

SUBJECT: Final = 110
"""Characters of a subject; few mail programs show more than half of them."""

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+")
_ANSWER = re.compile(r"\s*(?:re(?:\[\d+\])?|fwd?)\s*:\s*", re.IGNORECASE)


def headers(
    edition: Edition, stamp: Stamp, imprint: Imprint, subject: str, unsubscribe: str
) -> tuple[tuple[str, str], ...]:
    """In order, decoded. `unsubscribe` is the address of the web page, or empty."""
    subscriber = edition.subscriber
    found = [
        ("From", mailbox(line(imprint.sender, 120), address(imprint.address))),
        ("To", mailbox(line(subscriber.name, 120), address(subscriber.email))),
        ("Subject", subject),
        ("Date", format_datetime(stamp.at)),
        ("Message-ID", message_id(edition, stamp, imprint)),
        ("List-Id", mailbox(line(imprint.name, 120), f"{list_label(imprint.name)}.{imprint.domain}")),
        ("Auto-Submitted", "auto-generated"),  # RFC 3834 section 5
        ("Feedback-ID", feedback_id(edition, imprint)),
    ]
    if imprint.reply_to != imprint.address:
        found.insert(2, ("Reply-To", address(imprint.reply_to)))
    return (*found, *_unsubscribing(imprint, unsubscribe, ""))


def message_id(edition: Edition, stamp: Stamp, imprint: Imprint) -> str:
    """The same for every attempt at one delivery, another for every other delivery; nobody can read it."""
    parts = (imprint.domain, stamp.reference, edition.period.name, stamp.occasion)
    return f"<{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:32]}@{imprint.domain}>"
