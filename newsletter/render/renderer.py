"""Renders editions: what a design is filled with, and the headers around it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from newsletter import links
from newsletter.errors import RenderError
from newsletter.models import Edition, Match, Message, Stamp
from newsletter.render import designs, note
from newsletter.render.card import Card, card
from newsletter.render.designs import Design
from newsletter.render.imprint import Imprint
from newsletter.render.mime import mailbox, mime, one_line
from newsletter.text import line, readable

SUBJECT: Final = 110
"""Characters: phones show about 40 of them, desks about 70."""
PREHEADER: Final = 130
RIGHT_TO_LEFT: Final = frozenset({"ar", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
WORDS_A_MINUTE: Final = 220


@dataclass(frozen=True, slots=True)
class Shown:
    """A paper as a template sees it."""

    card: Card
    why: str
    """The reasons, joined: `flow matching · 87 upvotes`."""
    since: str
    """`from Monday 2 March` for a paper that is carried over; else empty."""


class Renderer:
    """Renders editions for one newsletter; each design is compiled on first use."""

    def __init__(self, imprint: Imprint, templates: Path) -> None:
        self._imprint = imprint
        self._templates = templates
        self._designs: dict[str, Design] = {}

    def version(self, design: str) -> str:
        """Which templates an edition was made with: 12 hexadecimal digits."""
        return self._design(design).version

    def render(self, edition: Edition, stamp: Stamp) -> Message:
        """The message of an edition. The same edition and stamp make the same bytes.

        Raises `RenderError` for a fault in the template, `SettingsError` for a design that there is not.
        """
        design = self._design(edition.subscriber.design)
        contents = self._contents(edition, stamp)
        contents["subject"] = self._subject(design, contents, stamp)
        text, html = design.text.render(contents).strip() + "\n", design.page.render(contents)
        message_id = self._message_id(edition, stamp)
        headers = self._headers(edition, stamp, contents, message_id)
        try:
            whole = mime(headers, text, html, message_id)
        except ValueError as error:
            raise RenderError(f"{edition.subscriber.email}: {error}") from error
        regular = stamp.occasion in ("regular", "rehearsal")
        return Message(
            sender=self._imprint.address,
            recipient=edition.subscriber.email,
            headers=headers,
            text=text,
            html=html,
            message_id=message_id,
            mime=whole,
            label=edition.period.name if regular else f"{edition.period.name}-{stamp.occasion}",
        )

    def _design(self, name: str) -> Design:
        if name not in self._designs:
            self._designs[name] = designs.load(self._templates, name)
        return self._designs[name]

    # -- what a template is filled with

    def _contents(self, edition: Edition, stamp: Stamp) -> dict[str, Any]:
        language = edition.subscriber.language
        right_to_left = language.split("-")[0] in RIGHT_TO_LEFT
        titles = [card(match.paper).title for match in edition.matches]
        return {
            "name": self._imprint.name,
            "language": language,
            "direction": "rtl" if right_to_left else "ltr",
            "start": "right" if right_to_left else "left",
            "date": in_words(edition.period.day),
            "titles": titles,
            "preheader": line(" · ".join(titles[1:3]) or in_words(edition.period.day), PREHEADER),
            "minutes": minutes(edition),
            "note": note.as_html(edition.note),
            "note_text": note.as_text(edition.note),
            "sections": [
                {"title": line(section.title, 120), "papers": [shown(match, edition) for match in section.matches]}
                for section in edition.sections
            ],
            "notes": edition.notes,
            "considered": edition.considered,
            "unsubscribe": self._unsubscribe_page(stamp) or self._unsubscribe_mail(stamp),
            "postal_address": self._imprint.postal_address.splitlines(),
        }

    def _subject(self, design: Design, contents: dict[str, Any], stamp: Stamp) -> str:
        subject = line(one_line(design.subject.render(contents | {"subject": ""})), SUBJECT)
        subject = re.sub(r"^(?:(?:re|fwd?|aw)\s*:\s*)+", "", subject, flags=re.IGNORECASE)
        return f"[Test] {subject}" if stamp.occasion == "test" else subject

    # -- headers

    def _headers(
        self, edition: Edition, stamp: Stamp, contents: dict[str, Any], message_id: str
    ) -> tuple[tuple[str, str], ...]:
        imprint, subscriber = self._imprint, edition.subscriber
        headers = [
            ("From", mailbox(imprint.sender, imprint.address)),
            ("To", mailbox(subscriber.name, subscriber.email)),
            ("Subject", contents["subject"]),
            ("Date", format_datetime(stamp.at)),
            ("Message-ID", message_id),
        ]
        if imprint.reply_to != imprint.address:
            headers.append(("Reply-To", imprint.reply_to))
        headers += self._list_headers(stamp)
        headers.append(("Auto-Submitted", "auto-generated"))  # RFC 3834 section 5
        # Google's feedback loop: at most four fields, the last one the sender, 5 to 15 characters (2026-03).
        sender = "n" + hashlib.sha256(imprint.domain.encode()).hexdigest()[:11]
        headers.append(("Feedback-ID", f"{subscriber.design}:{edition.period.name}:edition:{sender}"))
        return tuple(headers)

    def _list_headers(self, stamp: Stamp) -> list[tuple[str, str]]:
        """RFC 2919, 2369 and 8058: one-click only where there is an https page to click on."""
        slug = re.sub(r"[^a-z0-9]+", "-", self._imprint.name.lower()).strip("-")[:60] or "papers"
        page, mail = self._unsubscribe_page(stamp), self._unsubscribe_mail(stamp)
        headers = [("List-Id", f"{mailbox(self._imprint.name, f'{slug}.{self._imprint.domain}')}")]
        if page.startswith("https:"):
            headers.append(("List-Unsubscribe", f"<{page}>, <{mail}>"))
            headers.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
        else:
            headers.append(("List-Unsubscribe", f"<{mail}>"))
        return headers

    def _unsubscribe_page(self, stamp: Stamp) -> str:
        if not self._imprint.base_url or not self._imprint.secrets:
            return ""
        return f"{self._imprint.base_url}/u/{self._token(stamp)}"

    def _unsubscribe_mail(self, stamp: Stamp) -> str:
        token = f" {self._token(stamp)}" if self._imprint.secrets and stamp.reference else ""
        return f"mailto:{quote(self._imprint.reply_to, safe='@+')}?subject={quote('unsubscribe' + token)}"

    def _token(self, stamp: Stamp) -> str:
        return links.sign(self._imprint.secrets, "unsubscribe", stamp.reference)

    def _message_id(self, edition: Edition, stamp: Stamp) -> str:
        """The same for every attempt at one delivery, different for every other (RFC 5322 section 3.6.4)."""
        who = stamp.reference or edition.subscriber.key
        what = "\n".join((self._imprint.domain, who, edition.period.name, stamp.occasion, edition.subscriber.email))
        return f"<{hashlib.sha256(what.encode()).hexdigest()[:32]}@{self._imprint.domain}>"


def shown(match: Match, edition: Edition) -> Shown:
    """A match as a template sees it."""
    late = "" if match.candidate.new else f"from {in_words(match.candidate.day, year=False)}"
    return Shown(card(match.paper), " · ".join(line(readable(reason), 120) for reason in match.reasons), late)


def minutes(edition: Edition) -> int:
    """An honest guess at the time that reading takes."""
    cards = (card(match.paper) for match in edition.matches)
    return max(round(sum(len(f"{one.title} {one.summary}".split()) for one in cards) / WORDS_A_MINUTE), 1)


def in_words(day: date, *, year: bool = True) -> str:
    """`Tuesday 3 March 2026`."""
    return f"{day:%A} {day.day} {day:%B}" + (f" {day.year}" if year else "")
