"""Plain-text captures of the Daily Papers page: titles and abstracts in turn, and nothing else. No I/O.

Two variants are known, both made in 2025: with an empty line after every line, and without any, where
the last word of the header is glued to the first title. Both start the same:

    Get trending papers in your email inbox!
    Subscribe

Their header may show a month and a day, but that is when the page was captured, not when its papers
were listed: so it is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import TypeAlias

from newsletter.models import Fetched
from newsletter.sources.fields import Unusable, decode, gather
from newsletter.sources.formats import flat

LONGEST_TITLE = 250
"""Longer lines are abstracts: the longest title seen has 175 characters (2026-08)."""
_LONGEST_HEADER = 12

_INVITATION = "Get trending papers in your email inbox"
_LAST_WORD = "Subscribe"
_PAGE_HEADING = re.compile(r"Daily Papers|by ?AK and the research community|[A-Z][a-z]{2} \d{1,2}")

_Line: TypeAlias = tuple[int, str]


def parse(body: bytes, day: date | None) -> Fetched:
    """The papers of a capture, in its order, on `day`; Unusable if the text is no capture."""
    lines = [(number, line.strip()) for number, line in enumerate(decode(body).split("\n"), 1) if line.strip()]
    papers = ((f"line {number}", values) for number, values in _pairs(_below_header(lines)))
    return gather(papers, lambda fields: flat.read(fields, day))


def _below_header(lines: list[_Line]) -> list[_Line]:
    header = [line for _, line in lines[:_LONGEST_HEADER]]
    last = next((n for n, line in enumerate(header) if line.startswith(_LAST_WORD)), None)
    if last is None or not any(line.startswith(_INVITATION) for line in header[:last]):
        raise Unusable("not a capture of the Daily Papers page")
    number, glued = lines[last][0], lines[last][1].removeprefix(_LAST_WORD).strip()
    below = [(number, glued)] if glued else []
    rest = lines[last + 1 :]
    while not glued and rest and _PAGE_HEADING.fullmatch(rest[0][1]):
        rest = rest[1:]
    return below + rest


def _pairs(lines: list[_Line]) -> Iterator[tuple[int, object]]:
    """Titles with their abstracts. Where one is missing, the next paper is found again by the lines' lengths."""
    at = 0
    while at < len(lines):
        number, title = lines[at]
        abstract, after = (lines[n][1] if n < len(lines) else "" for n in (at + 1, at + 2))
        if len(title) > LONGEST_TITLE:
            yield number, {"title": None, "abstract": title}
            at += 1
        elif len(abstract) <= LONGEST_TITLE < len(after):
            yield number, {"title": title, "abstract": ""}
            at += 1
        else:
            yield number, {"title": title, "abstract": abstract}
            at += 2
