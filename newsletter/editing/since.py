"""*Since we wrote*: what became of papers that were shown a week ago. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from urllib.parse import urlsplit

from newsletter.models import Candidate, Later, Paper, Phrase, Reading, counted, said
from newsletter.text import line

WEEK = timedelta(days=7)
MENTIONED = 5  # papers in an edition
TIMES, MORE = 2, 50  # as many upvotes as before, and so many more of them: many


def last_of_its_days(days: Sequence[date]) -> date:
    """Of the days that a paper was listed on (in order) the one after which it is followed up, and only once.

    It is the first that no other follows within a week: a paper that reaches a second source days after the first
    is looked at a week after that, and one that is listed once more after a month is no news.
    """
    return next(day for day, then in zip(days, (*days[1:], date.max), strict=True) if then - day >= WEEK)


def gained(candidates: Iterable[Candidate], before: Mapping[str, Reading]) -> tuple[Later, ...]:
    """Those that gained something since they were read: code first, then a new version, then many upvotes.

    *Many* is at least twice as many as before and at least 50 more. Of the papers that Hugging Face lists, one in
    eleven gets there between the morning of its day and a week later (590 papers of 66 days in 2025 and 2026), and of
    the twelve that a reader is shown none to three on nine days of ten.
    """
    found = []
    for candidate in candidates:
        was = before.get(candidate.paper.id)
        if was is not None and (gains := dict(_gains(_as_it_is(candidate.paper), was))):
            rank = min(gains), was.upvotes - candidate.paper.upvotes, candidate.paper.id
            found.append((rank, Later(candidate, tuple(gains.values()))))
    return tuple(later for _, later in sorted(found, key=lambda one: one[0]))


def life(readings: Sequence[tuple[datetime, Reading]]) -> Iterator[tuple[datetime, Phrase]]:
    """A paper's later life out of its readings in order: when code, each new version and many upvotes were first seen."""
    popular = False
    for (_, before), (at, now) in pairwise(readings):
        for rank, gain in _gains(now, replace(before, upvotes=readings[0][1].upvotes)):
            if rank != UPVOTES or not popular:
                popular = popular or rank == UPVOTES
                yield at, gain


CODE, VERSION, UPVOTES = range(3)
"""What may be gained, the weightiest first."""


def _gains(now: Reading, was: Reading) -> Iterator[tuple[int, Phrase]]:
    """What it gained, each with its rank; what nobody wrote down before is not taken for a gain."""
    if now.code and was.code == "":
        yield CODE, said("code: {place}", place=_place(now.code))
    if now.version and was.version and now.version > was.version:
        yield VERSION, said("new version: v{version}", version=now.version)
    if now.upvotes >= max(TIMES * was.upvotes, was.upvotes + MORE):
        yield UPVOTES, _more(now.upvotes, was.upvotes)


def _as_it_is(paper: Paper) -> Reading:
    return Reading(paper.upvotes, paper.code, paper.version)


def _more(now: int, before: int) -> Phrase:
    return counted("{n} upvote, up from {before}", "{n} upvotes, up from {before}", now, before=before)


def _place(address: str) -> str:
    """Where an address leads, as people write it: `github.com/northlight/straight-paths`."""
    parts = urlsplit(address)
    return line((parts.hostname or "").removeprefix("www.") + parts.path.rstrip("/"), 60)
