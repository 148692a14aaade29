"""Keeps a mail short enough: Gmail cuts what is longer, and with it the way to unsubscribe. No I/O.

What does not fit as a card is shown by its title; what does not fit even so is counted, and left for the next edition.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from newsletter.errors import RenderError
from newsletter.models import Edition, Match, Phrase, Section, counted
from newsletter.render.fragments import Body

LONGEST: Final = 92_000
"""Bytes of HTML. Gmail clips at about 102,400; tests of 2018 and 2022 found mails of 99,500 clipped."""
LONGEST_ENCODED: Final = 102_000
"""Bytes of the same as quoted-printable: nobody outside knows which of the two Gmail counts."""
TITLES: Final = 60
"""Papers that are shown by their titles alone, at most."""
SHORT_NOTE: Final = 2_000
"""Characters of the editor's note that are kept where nothing else helps."""


def fits(html: Body) -> bool:
    """Whether no mail program cuts it."""
    encoded = len(html.encoded)  # never less than the other
    return encoded <= LONGEST or (encoded <= LONGEST_ENCODED and html.size <= LONGEST)


def shortened(edition: Edition, page: Callable[[Edition], Body]) -> Edition:
    """The edition with as many cards as fit; each section keeps its first.

    Raises RenderError where not even one fits: then it is the design that is too long.
    """
    for one in (edition, replace(edition, note=_short(edition.note))):
        for titles in (TITLES, 0):
            if found := _longest(one, page, titles):
                return found
    raise RenderError("the design is too long: not even one paper fits into 92,000 bytes; shorten it")


def _longest(edition: Edition, page: Callable[[Edition], Body], titles: int) -> Edition | None:
    """The one with the most cards that fits, found by halving; None where not even one card does."""
    best, fewest, most = None, 1, sum(1 for _ in edition.matches)
    while fewest <= most:
        cards = (fewest + most + 1) // 2
        shorter = _cut(edition, cards, titles)
        if fits(page(shorter)):
            best, fewest = shorter, cards + 1
        else:
            most = cards - 1
    return best


def _cut(edition: Edition, cards: int, titles: int) -> Edition:
    """The edition with that many cards: the sections' first ones, then their second ones, and so on."""
    turns = sorted(
        (section.kind == "titles", number, place)
        for place, section in enumerate(edition.sections)
        for number in range(len(section.matches))
    )
    kept = {(place, number) for _, number, place in turns[:cards]}
    named = {(place, number) for _, number, place in turns[cards : cards + titles]}
    left = len(turns) - len(kept) - len(named)
    sections = [replace(s, matches=_of(s, place, kept)) for place, s in enumerate(edition.sections)]
    by_title = [match for place, s in enumerate(edition.sections) for match in _of(s, place, named)]
    sections.append(Section("titles", "More for you", tuple(by_title)))
    notes = (*edition.notes, _left(left)) if left else edition.notes
    return replace(edition, sections=tuple(section for section in sections if section.matches), notes=notes)


def _left(number: int) -> Phrase:
    return counted("{n} more paper did not fit into this mail.", "{n} more papers did not fit into this mail.", number)


def _of(section: Section, place: int, chosen: set[tuple[int, int]]) -> tuple[Match, ...]:
    return tuple(match for number, match in enumerate(section.matches) if (place, number) in chosen)


def _short(note: str) -> str:
    """The first paragraphs of the note, or as much of the first as is allowed."""
    if len(note) <= SHORT_NOTE:
        return note
    head = note[:SHORT_NOTE]
    return (head.rpartition("\n\n")[0] or head) + "\n\n[…]"
