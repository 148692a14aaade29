"""What a design may say of an edition: names, cards, dates in words. No I/O."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Final, NamedTuple

from markupsafe import Markup

from newsletter.models import Edition, Later, Section, Words
from newsletter.render.card import Card, card
from newsletter.render.headers import OwnPages
from newsletter.render.imprint import Imprint
from newsletter.render.language import Language
from newsletter.render.note import as_html, as_text
from newsletter.text import line

PREHEADER: Final = 120
"""Characters after the subject in a list of mails; Google wants no long hidden text (support page 81126, 2026-03)."""
READING: Final = 220
"""Words a minute: Brysbaert 2019 found 238 for English non-fiction; a paper's title is read twice."""
NAMED: Final = 6
"""Sections that are named at the top."""


class Shown(NamedTuple):
    """A card where it stands in this edition."""

    card: Card
    why: str
    """`Why: flow matching · like 2011.13456 · listed on Monday, 2 March`; may be empty."""


class Part(NamedTuple):
    """A section as it is shown."""

    kind: str
    """`interest`, `trending`, `wildcard`, or `titles`: what found no room for more than its title."""
    title: str
    shown: tuple[Shown, ...]


def contents(
    edition: Edition, imprint: Imprint, language: Language, unsubscribe: str, own_pages: OwnPages
) -> dict[str, Any]:
    """The names that a design's files may use; everything but `note_html` is plain text, to be escaped.

    `unsubscribe` is the address of the web page, or a mailto: where there are no web pages.
    """
    parts = tuple([_part(section, language) for section in edition.sections])
    cards = [shown.card for part in parts for shown in part.shown]
    return {
        "name": line(imprint.name, 120),
        "date": language.period(edition.period),
        "parts": parts,
        "titles": [card.title for card in cards],
        "papers": len(cards),
        "lede": lede(parts, edition, language),
        "inside": inside(parts, language),
        "preheader": preheader(cards, language),
        "note_html": Markup(as_html(edition.note)),  # cleaned by nh3
        "note_text": as_text(edition.note),
        "first": edition.first,
        "later": tuple(later(one, language) for one in edition.later),
        "missed": tuple(card(candidate.paper) for candidate in edition.missed),
        "notes": tuple(language.told(note, 300) for note in edition.notes),
        "unsubscribe": unsubscribe,
        "preferences": own_pages.preferences,
        "feedback": own_pages.feedback,
        "in_browser": own_pages.in_browser,
        "reply_to": "" if imprint.reply_to.endswith("@localhost") else imprint.reply_to,
        "postal_address": address_lines(imprint),
    }


def later(one: Later, language: Language) -> Shown:
    """A paper of an earlier edition, and what it gained since."""
    return Shown(card(one.paper), language.listed(language.told(gain, 120) for gain in one.gains))


def title(section: Section, language: Language) -> str:
    """What stands over a section: the interest's name, or our word for what it is."""
    match section.kind:
        case "trending":
            return language.say("Trending")
        case "wildcard":
            return language.say("Wild card")
        case "titles":
            return language.say("More for you, by title")
        case _:
            return line(section.title, 120)


def address_lines(imprint: Imprint) -> tuple[str, ...]:
    """The postal address, line by line."""
    return tuple(line(part, 200) for part in imprint.postal_address.splitlines() if part.strip())


def lede(parts: Sequence[Part], edition: Edition, language: Language) -> str:
    """How much there is: `12 papers, chosen from 40 · 5 minutes to read`."""
    papers = sum([len(part.shown) for part in parts])
    if not papers:
        return language.say("There are no papers in this edition.")
    return _lede(papers, edition.considered, minutes(parts, edition.note), language)


@lru_cache(maxsize=1024)
def _lede(papers: int, considered: int, minutes: int, language: Language) -> str:
    number = language.count("{n} paper", "{n} papers", papers)
    if considered > papers:
        number = language.say("{papers}, chosen from {considered}", papers=number, considered=considered)
    time = language.count("{n} minute to read", "{n} minutes to read", minutes)
    return language.listed((number, time))


def minutes(parts: Sequence[Part], note: str) -> int:
    """How long it takes to read, in minutes."""
    words = sum([card.words for part in parts if part.kind != "titles" for card, _ in part.shown])
    return max(math.ceil((words + len(note.split())) / READING), 1)


def inside(parts: Sequence[Part], language: Language) -> str:
    """What is in it: `Diffusion models (9) · Trending (3)`; nothing where there is one section."""
    if len(parts) < 2:
        return ""
    named = [f"{part.title} ({len(part.shown)})" for part in parts[:NAMED]]
    if left := len(parts) - len(named):
        named.append(language.count("{n} more section", "{n} more sections", left))
    return language.listed(named)


def _part(section: Section, language: Language) -> Part:
    found = [(match.candidate, match.reasons) for match in section.matches]
    shown = [Shown(card(one.paper), why(told, None if one.new else one.day, language)) for one, told in found]
    return Part(section.kind, title(section, language), tuple(shown))


@lru_cache(maxsize=8192)
def why(reasons: tuple[Words, ...], listed: date | None, language: Language) -> str:
    """Why it is here, and since when if that was before this edition's days."""
    told = [_reason(reason, language) for reason in reasons]
    if listed:
        told.append(language.say("listed on {day}", day=language.date(listed, "EEEE, d MMMM")))
    return language.say("Why: {reasons}", reasons=language.listed(told)) if told else ""


@lru_cache(maxsize=8192)
def _reason(reason: Words, language: Language) -> str:
    return language.told(reason, 80)


def preheader(cards: Sequence[Card], language: Language) -> str:
    """What a list of mails shows after the subject: the next two titles, else what the only paper says."""
    if len(cards) == 1:
        return cut(cards[0].summary or cards[0].authors, PREHEADER)
    return language.listed(cut(card.title, PREHEADER // 2 - 2) for card in cards[1:3])


def cut(text: str, limit: int) -> str:
    """The text, or as many of its words as `limit` characters hold, and an ellipsis."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    words = head.rpartition(" ")[0] if text[limit - 1] != " " else head
    return (words if len(words) > limit // 2 else head).rstrip(" ,;:.-–—") + "…"
