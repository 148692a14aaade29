"""Turns an edition into a message: subject, HTML and text from a design, headers, and the bytes that are sent."""

from __future__ import annotations

from pathlib import Path

from newsletter.models import Edition, Message, Stamp
from newsletter.render.contents import contents
from newsletter.render.design_check import check
from newsletter.render.designs import Design, available, default_templates, load
from newsletter.render.headers import headers, subject_line, unsubscribing
from newsletter.render.imprint import Imprint
from newsletter.render.mime import mime, printable

__all__ = ["Imprint", "Renderer", "available", "default_templates"]


class Renderer:
    """Renders for one publisher. A design is compiled on first use and kept."""

    def __init__(self, imprint: Imprint, templates: Path) -> None:
        self._imprint = imprint
        self._templates = templates
        self._designs: dict[str, Design] = {}

    def render(self, edition: Edition, stamp: Stamp) -> Message:
        """The message; the same edition and stamp make the same bytes.

        Of the subscriber only address, name and design are used: what the ledger keeps of a claimed delivery.
        Raises SettingsError for an unknown design, RenderError if this edition cannot be made into a message.
        """
        design = self._design(edition.subscriber.design)
        ways_out = unsubscribing(stamp, self._imprint)
        shown = contents(edition, self._imprint, ways_out.visible)
        subject = subject_line(design.subject.render(shown), self._imprint, stamp)
        text, html = printable(design.text.render(shown)), printable(design.page.render(shown))
        head = headers(edition, stamp, self._imprint, subject, ways_out)
        message_id = dict(head)["Message-ID"]
        return Message(
            sender=self._imprint.address,
            recipient=edition.subscriber.email,
            headers=head,
            text=text,
            html=html,
            message_id=message_id,
            mime=mime(head, text, html, message_id),
            label=_label(edition, stamp),
        )

    def version(self, design: str) -> str:
        """What the ledger keeps of the design: 12 hexadecimal digits that change with its files and with MJML."""
        return self._design(design).version

    def faults(self, design: str) -> tuple[str, ...]:
        """What is wrong in the files of a design: `FILE:LINE: what; cure`."""
        return check(self._templates, design)

    def _design(self, name: str) -> Design:
        if name not in self._designs:
            self._designs[name] = load(self._templates, name)
        return self._designs[name]


def _label(edition: Edition, stamp: Stamp) -> str:
    """`2026-03-03`, and for what is no first delivery `2026-03-03-again-1`."""
    first = stamp.occasion in ("regular", "rehearsal")
    return edition.period.name if first else f"{edition.period.name}-{stamp.occasion}"
