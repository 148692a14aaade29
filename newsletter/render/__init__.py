"""Turns an edition into a message: subject, HTML and text from a design, headers, and the bytes that are sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from newsletter.models import Edition, Letter, Message, Stamp
from newsletter.render import language
from newsletter.render.contents import address_lines, contents
from newsletter.render.design_check import check
from newsletter.render.designs import Design, available, default_templates, load, load_letter
from newsletter.render.fragments import Body
from newsletter.render.headers import (
    Unsubscribing,
    headers,
    letter_headers,
    own_pages,
    shared_feedback,
    subject_line,
    unsubscribing,
)
from newsletter.render.imprint import Imprint
from newsletter.render.mime import mime
from newsletter.render.size import fits, shortened
from newsletter.text import line
from newsletter.verp import return_path

__all__ = ["Imprint", "Renderer", "available", "default_templates"]


@dataclass(frozen=True, slots=True)
class _Drawn:
    """An edition's page, and what else of its message is known by then."""

    design: Design
    ways_out: Unsubscribing
    shown: dict[str, Any]
    token: str
    html: Body


class Renderer:
    """Renders for one publisher. A design is compiled on first use of it in a language, and kept.

    Designs and languages are looked for in `templates` first, and then among those that come with the program.
    """

    def __init__(self, imprint: Imprint, templates: Path) -> None:
        self._imprint = imprint
        self._places = tuple(dict.fromkeys((templates, default_templates())))
        self._languages: dict[str, language.Language] = {}
        self._designs: dict[tuple[str, str], Design] = {}

    def fitted(self, edition: Edition, stamp: Stamp) -> tuple[Edition, Message]:
        """The edition, shortened where one mail cannot hold it, and its message. Raises what `render` raises."""
        drawn = self._draw(edition, stamp)
        if not fits(drawn.html):
            edition = shortened(edition, lambda shorter: self._draw(shorter, stamp).html)
            drawn = self._draw(edition, stamp)
        return edition, self._message(drawn, edition, stamp)

    def render(self, edition: Edition, stamp: Stamp) -> Message:
        """The message; the same edition and stamp make the same bytes.

        Of the subscriber only address, name, language and design are used: what the ledger keeps of a claimed
        delivery. Raises SettingsError for an unknown design, RenderError if this edition cannot be made into a message.
        """
        return self._message(self._draw(edition, stamp), edition, stamp)

    def page(self, edition: Edition, stamp: Stamp) -> str:
        """The edition's HTML for the browser: the message's, without the link to itself. Raises what `render` raises."""
        return str(self._draw(edition, stamp, in_browser=True).html)

    def _draw(self, edition: Edition, stamp: Stamp, *, in_browser: bool = False) -> _Drawn:
        design = self._design(edition.subscriber.design, edition.subscriber.language)
        ways_out = unsubscribing(stamp, self._imprint)
        own = own_pages(edition.period, stamp, self._imprint)
        own = replace(own, in_browser="") if in_browser else own
        shown = contents(edition, self._imprint, design.language, ways_out.visible, own)
        return _Drawn(design, ways_out, shown, own.token, design.page.render(shown, own.token))

    def _message(self, drawn: _Drawn, edition: Edition, stamp: Stamp) -> Message:
        design, text = drawn.design, drawn.design.text.render(drawn.shown, drawn.token)
        subject = subject_line(str(design.subject.render(drawn.shown)), self._imprint, stamp)
        head = headers(edition, stamp, self._imprint, subject, drawn.ways_out)
        message = self._joined(head, edition.subscriber.email, text, drawn.html, design, _label(edition, stamp))
        return replace(message, return_path=self._return_path(edition, stamp)) if self._imprint.bounces else message

    def _return_path(self, edition: Edition, stamp: Stamp) -> str:
        """Where what comes back of this delivery goes; a test is no delivery."""
        told = self._imprint.secrets[0], stamp.reference, edition.period.day, edition.subscriber.email
        return "" if stamp.occasion == "test" else return_path(self._imprint.bounces, *told)

    def _joined(
        self, head: tuple[tuple[str, str], ...], recipient: str, text: Body, html: Body, design: Design, label: str
    ) -> Message:
        message_id = dict(head)["Message-ID"]
        return Message(
            sender=self._imprint.address,
            recipient=recipient,
            headers=head,
            text_body=text,
            html_body=html,
            message_id=message_id,
            mime=mime(head, (text.encoded,), (html.encoded,), message_id, design.language.tag),
            dotless=True,
            label=label,
        )

    def letter(self, letter: Letter, at: datetime) -> Message:
        """The message of a letter, in the same clothes as the editions. Raises RenderError for a faulty design."""
        design = self._letter(letter.language)
        told = design.language.told
        subject = line(told(letter.subject), 110)
        shown = {
            "name": line(self._imprint.name, 120),
            "subject": subject,
            "paragraphs": tuple(told(paragraph) for paragraph in letter.paragraphs),
            "action": told(letter.action),
            "url": letter.url,
            "postal_address": address_lines(self._imprint),
        }
        text, html = design.text.render(shown), design.page.render(shown)
        return self._joined(
            letter_headers(letter, at, self._imprint, subject), letter.recipient, text, html, design, "letter"
        )

    def _letter(self, tag: str) -> Design:
        if (key := ("letter", tag)) not in self._designs:
            self._designs[key] = load_letter(self._places, self._language(tag))
        return self._designs[key]

    def version(self, design: str, language: str = "en") -> str:
        """What the ledger keeps of the design: 12 hexadecimal digits that change with its files and with MJML."""
        return self._design(design, language).version

    def faults(self, design: str) -> tuple[str, ...]:
        """What is wrong in the files of a design: `FILE:LINE: what; cure`."""
        return check(self._places, design)

    def language_faults(self, tag: str) -> Iterator[str]:
        """What is wrong with the words in a language, a line each: there are none, or a catalogue has a fault."""
        return language.check(self._places, tag)

    def _design(self, name: str, tag: str) -> Design:
        if (name, tag) not in self._designs:
            self._designs[name, tag] = load(
                self._places,
                name,
                self._language(tag),
                thumbnails=self._imprint.thumbnails,
                own_feedback=shared_feedback(self._imprint),
            )
        return self._designs[name, tag]

    def _language(self, tag: str) -> language.Language:
        if tag not in self._languages:
            self._languages[tag] = language.find(self._places, tag)
        return self._languages[tag]


def _label(edition: Edition, stamp: Stamp) -> str:
    """`2026-03-03`, and for what is no first delivery `2026-03-03-again-1`."""
    first = stamp.occasion in ("regular", "rehearsal")
    return edition.period.name if first else f"{edition.period.name}-{stamp.occasion}"
