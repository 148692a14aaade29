"""*Since we wrote*: what became of papers that were shown a week ago. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
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
        if was is not None and (gains := dict(_gains(candidate.paper, was))):
            rank = min(gains), was.upvotes - candidate.paper.upvotes, candidate.paper.id
            found.append((rank, Later(candidate, tuple(gains.values()))))
    return tuple(later for _, later in sorted(found, key=lambda one: one[0]))


def _gains(paper: Paper, was: Reading) -> Iterator[tuple[int, Phrase]]:
    """What it gained, each with its rank; what nobody wrote down before is not taken for a gain."""
    if paper.code and was.code == "":
        yield 0, said("code: {place}", place=_place(paper.code))
    if paper.version and was.version and paper.version > was.version:
        yield 1, said("new version: v{version}", version=paper.version)
    if paper.upvotes >= max(TIMES * was.upvotes, was.upvotes + MORE):
        yield 2, _more(paper.upvotes, was.upvotes)


def _more(now: int, before: int) -> Phrase:
    return counted("{n} upvote, up from {before}", "{n} upvotes, up from {before}", now, before=before)


def _place(address: str) -> str:
    """Where an address leads, as people write it: `github.com/northlight/straight-paths`."""
    parts = urlsplit(address)
    return line((parts.hostname or "").removeprefix("www.") + parts.path.rstrip("/"), 60)
