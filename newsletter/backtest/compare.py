"""Sums up a replay, and compares two of the same subscriber: what came, what never did, what only one brings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import fmean

from newsletter.backtest.replay import Replay, Shown
from newsletter.models import Interest, SectionKind

TOLD = 8  # reasons that are named, the most frequent
TRENDING = "Trending"


@dataclass(frozen=True, slots=True)
class Tally:
    """What one section brought."""

    kind: SectionKind
    section: str
    papers: int
    days: int
    """On how many days it was not empty."""
    score: float | None
    """The mean; None without papers, and for *Trending*, which has no scores."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Something that an interest asks for by name, and how many papers came with it as a reason."""

    interest: str
    kind: str
    """`keyword`, `author`, `like` or `category`."""
    text: str
    papers: int


@dataclass(frozen=True, slots=True)
class Sums:
    """A replay in figures."""

    editions: int
    quiet: int
    papers: int
    empty: float
    """The share of the interests' sections, over all editions, that had no paper."""
    score: float | None
    """The mean over the interests' papers."""
    sections: tuple[Tally, ...]
    reasons: tuple[tuple[str, int], ...]
    """The most frequent ones, with how many papers each stands beside."""
    wishes: tuple[Wish, ...]

    @property
    def mean(self) -> float:
        """Papers an edition."""
        return self.papers / self.editions if self.editions else 0.0

    @property
    def unmet(self) -> tuple[Wish, ...]:
        """What never was a reason."""
        return tuple(wish for wish in self.wishes if not wish.papers)


@dataclass(frozen=True, slots=True)
class Shared:
    """How many papers are in a section (or in any) with one file only, with the other only, with both."""

    section: str
    here: int
    there: int
    both: int


@dataclass(frozen=True, slots=True)
class Changed:
    """The papers of one day that only one of the two brings on it."""

    day: date
    here: tuple[Shown, ...]
    there: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Two replays of one subscriber."""

    total: Shared
    sections: tuple[Shared, ...]
    days: tuple[Changed, ...]
    """Only days that differ; a paper that comes on another day is in two of them."""


# -- sums


def sums(replay: Replay) -> Sums:
    """Sums up a replay."""
    interests, papers = replay.subscriber.interests, list(replay.papers)
    chosen = [paper for paper in papers if paper.kind == "interest"]
    tallies = [_tally(replay, "interest", interest.name) for interest in interests]
    places = len(interests) * len(replay.sent)
    return Sums(
        editions=len(replay.sent),
        quiet=len(replay.editions) - len(replay.sent),
        papers=len(papers),
        empty=1 - sum(tally.days for tally in tallies) / places if places else 0.0,
        score=_mean(chosen),
        sections=(*tallies, _tally(replay, "trending", TRENDING)),
        reasons=tuple(_reasons(chosen).most_common(TOLD)),
        wishes=tuple(wish for interest in interests for wish in _wishes(interest, chosen)),
    )


def _tally(replay: Replay, kind: SectionKind, section: str) -> Tally:
    days = [[p for p in edition.papers if (p.kind, p.section) == (kind, section)] for edition in replay.sent]
    papers = [paper for day in days for paper in day]
    return Tally(kind, section, len(papers), sum(map(bool, days)), _mean(papers) if kind == "interest" else None)


def _mean(papers: Sequence[Shown]) -> float | None:
    return fmean(paper.score for paper in papers) if papers else None


def _reasons(papers: Sequence[Shown]) -> Counter[str]:
    """How many papers each reason stands beside."""
    return Counter(why for paper in papers for why in dict.fromkeys(paper.reasons))


def _wishes(interest: Interest, papers: Sequence[Shown]) -> Iterator[Wish]:
    met = _reasons([paper for paper in papers if paper.section == interest.name])
    folded = Counter({reason.casefold(): number for reason, number in met.items()})
    for kind, said, texts in (
        ("keyword", "{}", interest.keywords),
        ("author", "by {}", interest.authors),
        ("like", "like {}", interest.like),
        ("category", "{}", interest.categories),
    ):
        yield from (Wish(interest.name, kind, text, folded[said.format(text).casefold()]) for text in texts)


# -- difference


def difference(here: Replay, there: Replay) -> Difference:
    """What only `here` brings, what only `there` brings, and what both bring."""
    ours, theirs = _by_section(here), _by_section(there)
    none: frozenset[str] = frozenset()
    sections = tuple(_shared(key[1], ours.get(key, none), theirs.get(key, none)) for key in {**ours, **theirs})
    total = _shared("", frozenset(paper.id for paper in here.papers), frozenset(paper.id for paper in there.papers))
    return Difference(total, sections, tuple(_changes(_by_day(here), _by_day(there))))


def _by_section(replay: Replay) -> dict[tuple[SectionKind, str], frozenset[str]]:
    """The ids of each section's papers: of every interest of the file, and of *Trending* where it brought any."""
    found: dict[tuple[SectionKind, str], set[str]] = {
        ("interest", one.name): set() for one in replay.subscriber.interests
    }
    for paper in replay.papers:
        found.setdefault((paper.kind, paper.section), set()).add(paper.id)
    return {key: frozenset(ids) for key, ids in found.items()}


def _shared(section: str, ours: frozenset[str], theirs: frozenset[str]) -> Shared:
    return Shared(section, len(ours - theirs), len(theirs - ours), len(ours & theirs))


def _by_day(replay: Replay) -> dict[date, tuple[Shown, ...]]:
    return {edition.period.day: edition.papers for edition in replay.editions}


def _changes(ours: Mapping[date, tuple[Shown, ...]], theirs: Mapping[date, tuple[Shown, ...]]) -> Iterator[Changed]:
    for day in sorted({*ours, *theirs}):
        here, there = ours.get(day, ()), theirs.get(day, ())
        change = Changed(day, _without(here, there), _without(there, here))
        if change.here or change.there:
            yield change


def _without(papers: Sequence[Shown], others: Sequence[Shown]) -> tuple[Shown, ...]:
    known = {other.id for other in others}
    return tuple(paper for paper in papers if paper.id not in known)
