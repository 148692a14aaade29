"""What a design may say of an edition: names, cards, dates in words. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from markupsafe import Markup

from newsletter.models import Edition, Match, Period
from newsletter.render.card import Card, card
from newsletter.render.imprint import Imprint
from newsletter.render.note import as_html, as_text
from newsletter.text import line

# Not strftime, which speaks the language that the machine is set to.
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS: Final = tuple("January February March April May June July August September October November December".split())
PREHEADER: Final = 120
"""Characters after the subject in a list of mails; Google wants no long hidden text (support page 81126, 2026-03)."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A card where it stands in this edition."""

    card: Card
    why: str
    """`flow matching · like 2011.13456 · 87 upvotes`."""
    since: str
    """The day it was listed on, in words, if that was before this edition's days; else empty."""


@dataclass(frozen=True, slots=True)
class Part:
    """A section as it is shown."""

    title: str
    shown: tuple[Shown, ...]


def contents(edition: Edition, imprint: Imprint, unsubscribe: str) -> dict[str, Any]:
    """The names that a design's files may use; everything but `note_html` is plain text, to be escaped.

    `unsubscribe` is the address of the web page, or a mailto: where there are no web pages.
    """
    parts = tuple(
        Part(line(section.title, 120), tuple(_shown(match) for match in section.matches))
        for section in edition.sections
    )
    cards = [shown.card for part in parts for shown in part.shown]
    return {
        "name": line(imprint.name, 120),
        "date": in_words(edition.period),
        "parts": parts,
        "titles": [card.title for card in cards],
        "papers": len(cards),
        "lede": lede(parts, edition.considered),
        "preheader": preheader(cards),
        "note_html": Markup(as_html(edition.note)),  # cleaned by nh3
        "note_text": as_text(edition.note),
        "missed": tuple(card(candidate.paper) for candidate in edition.missed),
        "notes": tuple(line(str(note), 300) for note in edition.notes),
        "unsubscribe": unsubscribe,
        "postal_address": tuple(line(part, 200) for part in imprint.postal_address.splitlines() if part.strip()),
    }


def lede(parts: Sequence[Part], considered: int) -> str:
    """What is in it: `12 papers, chosen from 40: Diffusion models (9), Trending (3).`"""
    papers = sum(len(part.shown) for part in parts)
    if not papers:
        return "There are no papers in this edition."
    chosen = f", chosen from {considered}" if considered > papers else ""
    inside = ", ".join(f"{part.title} ({len(part.shown)})" for part in parts) if len(parts) > 1 else ""
    return f"{papers} paper{'s' if papers != 1 else ''}{chosen}{': ' + inside if inside else ''}."


def _shown(match: Match) -> Shown:
    return Shown(
        card=card(match.paper),
        why=" · ".join(line(str(reason), 80) for reason in match.reasons),
        since="" if match.candidate.new else day_in_words(match.candidate.day),
    )


def preheader(cards: Sequence[Card]) -> str:
    """What a list of mails shows after the subject: the next two titles, else what the only paper says."""
    if len(cards) == 1:
        return cut(cards[0].summary or cards[0].byline, PREHEADER)
    return " · ".join(cut(card.title, PREHEADER // 2 - 2) for card in cards[1:3])


def cut(text: str, limit: int) -> str:
    """The text, or as many of its words as `limit` characters hold, and an ellipsis."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    words = head.rpartition(" ")[0] if text[limit - 1] != " " else head
    return (words if len(words) > limit // 2 else head).rstrip(" ,;:.-–—") + "…"


def in_words(period: Period) -> str:
    """`Tuesday, 3 March 2026`, `Week 10, 2026` or `March 2026`."""
    year, _, rest = period.name.partition("-")
    if rest.startswith("W"):
        return f"Week {int(rest[1:])}, {year}"
    if "-" not in rest:
        return f"{MONTHS[int(rest) - 1]} {year}"
    return f"{day_in_words(date.fromisoformat(period.name))} {year}"


def day_in_words(day: date) -> str:
    """`Tuesday, 3 March`."""
    return f"{WEEKDAYS[day.weekday()]}, {day.day} {MONTHS[day.month - 1]}"
