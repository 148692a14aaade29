"""What one subscriber gets of a digest: sections per interest with a fair share each, and *Trending*. No I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import accumulate, count, islice, pairwise
from typing import NamedTuple

import numpy as np

from newsletter.editing.since import MENTIONED
from newsletter.models import (
    Candidate,
    Digest,
    Edition,
    Later,
    Match,
    Paper,
    Period,
    Phrase,
    Section,
    SourceState,
    Subscriber,
    Words,
    counted,
    said,
)
from newsletter.ranking.index import FAVOURITE, Index
from newsletter.ranking.meaning import Floats
from newsletter.ranking.profile import phrases
from newsletter.ranking.rank import Best, Mask, Scores, falling, found_any, greatest, standing
from newsletter.ranking.reasons import reasons
from newsletter.text import without_query

DIVERSITY = 0.3  # what a paper loses that is just like one above it
LOOKED_AT = 2  # times as many of an interest's papers as there are places: another interest may take some
MISSED = 5  # titles
NEARLY = 0.5  # of what two interests need, for a wild card between them


class Reader(NamedTuple):
    """Who gets an edition, and what they had before."""

    subscriber: Subscriber
    period: Period
    seen: Collection[str]
    """Ids of papers."""
    unwanted: Collection[str] = ()
    """Ids of papers of which the reader wants less: they are not mentioned again."""


class Wanted(NamedTuple):
    """The rows that the interests ask for, each once, news and the best first: lists of the same length."""

    rows: list[int]
    profiles: list[int]
    """By number."""
    scores: list[float]
    new: list[bool]
    twins: list[int]
    """Near-duplicates have the same number."""


class Choice(NamedTuple):
    """What comes into an edition."""

    profiles: range
    """The numbers of the reader's own."""
    allowed: Mask
    wanted: Wanted
    chosen: list[int]
    """Places in `wanted`, in order."""
    trending: list[int]
    """Rows."""

    @property
    def rows(self) -> list[int]:
        """What is chosen for the interests."""
        return [self.wanted.rows[place] for place in self.chosen]


class Shared(NamedTuple):
    """What all editions of a digest have in common."""

    digest: Digest
    scores: Scores
    favourites: Mapping[int, Match]
    """By row, those that are *Trending* in any."""
    notes: tuple[Words, ...]


def edit(
    digest: Digest,
    subscriber: Subscriber,
    scores: Scores,
    seen: Collection[str],
    period: Period,
    unwanted: Collection[str] = (),
) -> Edition:
    """One reader's edition; see `edit_all`."""
    [made] = edit_all(digest, scores, [Reader(subscriber, period, seen, unwanted)])
    return made


def edit_all(digest: Digest, scores: Scores, readers: Sequence[Reader]) -> list[Edition]:
    """Makes editions. `scores` are of the readers' interests, reader by reader, in their order.

    Every paper comes once, in the section of the interest that it fits best, and of papers about the same thing
    only one. Each interest has its share of the places before any gets more. Papers of earlier days come only when
    they are strong. The reasons of all are looked for at once.
    """
    ends = accumulate((len(reader.subscriber.interests) for reader in readers), initial=0)
    profiles = [range(*pair) for pair in pairwise(ends)]
    choices = [*_choices(scores, readers, profiles)]
    numbers = [choice.wanted.profiles[place] for choice in choices for place in choice.chosen]
    rows = [row for choice in choices for row in choice.rows]
    why = iter(reasons(scores, np.array([numbers, rows]).T))
    favourites = {row: _favourite(scores.index, row) for row in {row for choice in choices for row in choice.trending}}
    shared = Shared(digest, scores, favourites, notes(digest))
    return [_made(shared, reader, choice, why) for reader, choice in zip(readers, choices, strict=True)]


def _choices(scores: Scores, readers: Sequence[Reader], profiles: Sequence[range]) -> Iterator[Choice]:
    allowed = np.array(
        [allowed_rows(one.subscriber, scores.index, one.seen, examples(one.subscriber)) for one in readers]
    )
    wanted = _wanted(scores, readers, profiles, allowed)
    for reader, own, may, one in zip(readers, profiles, allowed, wanted, strict=True):
        yield Choice(own, may, one, *_fill(reader.subscriber, scores.index, own, one, may))


def _made(shared: Shared, reader: Reader, choice: Choice, why: Iterator[tuple[Words, ...]]) -> Edition:
    subscriber, digest, index = reader.subscriber, shared.digest, shared.scores.index
    beside = [*_trending(shared, choice), *_wild_card(subscriber, shared.scores, choice)]
    shown = {match.paper.id for section in beside for match in section.matches}
    return Edition(
        subscriber=subscriber,
        period=reader.period,
        digest=digest.id,
        sections=(*_sections(subscriber, index, choice, why), *beside),
        notes=(*_hidden(shared.scores, choice), *shared.notes),
        note=digest.note,
        considered=int(np.count_nonzero(choice.allowed)),
        missed=tuple(islice(_missed(index, choice, shown), MISSED)),
        later=_later(digest, reader, index),
        first=digest.first,
    )


def new_papers(edition: Edition) -> int:
    """How many of the papers are newly listed: what `min_papers` counts."""
    return sum(match.candidate.new for match in edition.matches)


# -- what may come


def examples(subscriber: Subscriber) -> frozenset[str]:
    """The papers that a subscriber named: who has them need not be shown them."""
    return frozenset(id_ for one in subscriber.interests for id_ in (*one.like, *one.dislike))


def allowed_rows(subscriber: Subscriber, index: Index, *known: Collection[str]) -> Mask:
    """The rows that may come at all: not known to the reader, of the wanted sources, with none of the excluded words."""
    allowed = np.ones(len(index), dtype=bool)
    for ids in filter(None, known):
        allowed[[index.rows[id_] for id_ in index.rows.keys() & ids]] = False
    if subscriber.exclude:
        allowed[found_any(index, phrases(subscriber.exclude).values())] = False
    if subscriber.sources:
        wanted = set(subscriber.sources)
        allowed &= np.array([bool(wanted.intersection(c.sources)) for c in index.candidates], dtype=bool)
    return allowed


def is_seen(paper: Paper, seen: Collection[str]) -> bool:
    """Whether the paper was shown before, under any of its ids."""
    return paper.id in seen or any(other in seen for other in paper.also)


def eligible(index: Index, best: Best, allowed: Mask) -> Mask:
    """Which of the interests' papers may come: those of earlier days only when they are strong.

    `allowed` says of each of them whether its row may come at all.
    """
    return np.asarray(allowed & (best.strong | index.new[best.rows]))


def _wanted(scores: Scores, readers: Sequence[Reader], profiles: Sequence[range], allowed: Mask) -> Iterator[Wanted]:
    """Per reader each row once, for the interest that it fits best; news and the best first.

    An interest's weight wins places, but no paper that fits another interest better.
    """
    index, weights = scores.index, np.array([profile.interest.weight for profile in scores.profiles])
    reader = np.repeat(np.arange(len(readers)), np.array([len(own) for own in profiles], dtype=np.int64))
    most = np.array([LOOKED_AT * reader.subscriber.max_papers + MISSED for reader in readers])
    best = scores.best
    best = best.at(eligible(index, best, allowed[reader[best.profiles], best.rows]))
    best = best.at(standing(best.profiles) < most[reader[best.profiles]])
    worth = _varied(index, best)
    first = greatest(reader[best.profiles] * len(index) + best.rows, best.scores / weights[best.profiles])
    best, worth = best.at(first), worth[first]
    part = 2 * reader[best.profiles] + ~index.new[best.rows]
    best = best.at(np.argsort((part << 32) + falling(worth), kind="stable"))  # ties in the digest's order
    ends = np.searchsorted(reader[best.profiles], np.arange(len(readers) + 1)).tolist()
    shown = np.round(best.scores.astype(np.float64), 4)
    columns = best.rows, best.profiles, shown, index.new[best.rows], index.twins[best.rows]
    lists = [column.tolist() for column in columns]
    return (Wanted(*(column[start:end] for column in lists)) for start, end in pairwise(ends))


def _varied(index: Index, best: Best) -> Floats:
    """What the interests' papers are worth: each less, the more it is like one that comes before it.

    Maximal marginal relevance (Carbonell and Goldstein 1998) with topics for likeness.
    """
    worth = best.scores.copy()
    if index.features.dense.shape[1]:
        starts = np.flatnonzero(standing(best.profiles) == 0).tolist()
        for start, end in pairwise([*starts, len(worth)]):
            nearest = (index.alike(best.rows[start:end]) * _above(end - start)).max(axis=0)
            worth[start:end] -= DIVERSITY * np.maximum(nearest, 0)
    return worth


@lru_cache(64)
def _above(number: int) -> Floats:
    """1 for each with those above it."""
    return np.triu(np.ones((number, number), dtype=np.float32), 1)


# -- who gets which place


def places(subscriber: Subscriber) -> int:
    """How many papers the interests may fill; the rest is kept for *Trending*."""
    return max(subscriber.max_papers - min(subscriber.trending, subscriber.max_papers // 2), 1)


def _fill(
    subscriber: Subscriber, index: Index, profiles: range, wanted: Wanted, allowed: Mask
) -> tuple[list[int], list[int]]:
    """The interests' places in `wanted` and the rows of *Trending*; what *Trending* leaves empty goes to the interests."""
    room = places(subscriber)
    chosen = _share_out(subscriber, profiles, wanted, room)
    trending = _favourites(subscriber, index, allowed, [wanted.rows[place] for place in chosen])
    spare = subscriber.max_papers - len(chosen) - len(trending)
    if spare and len(chosen) == room:
        chosen = _share_out(subscriber, profiles, wanted, room + spare)
        trending = _favourites(subscriber, index, allowed, [wanted.rows[place] for place in chosen])
    return chosen, trending


def _share_out(subscriber: Subscriber, profiles: range, wanted: Wanted, room: int) -> list[int]:
    """First each interest's fair share, then the best of what is left; of near-duplicates only the first."""
    share = max(room // max(len(profiles), 1), 1)
    caps = {number: one.max_papers or room for number, one in zip(profiles, subscriber.interests, strict=True)}
    chosen: list[int] = []
    taken, twins = dict.fromkeys(profiles, 0), set[int]()
    for limits in ({number: min(share, cap) for number, cap in caps.items()}, caps):
        most = min(room, sum(limits.values()))
        for place, number, twin in zip(count(), wanted.profiles, wanted.twins, strict=False):
            if len(chosen) == most:
                break
            if twin not in twins and taken[number] < limits[number]:
                chosen.append(place)
                twins.add(twin)
                taken[number] += 1
    return sorted(chosen)


def _sections(
    subscriber: Subscriber, index: Index, choice: Choice, why: Iterator[tuple[Words, ...]]
) -> Iterator[Section]:
    found: dict[int, list[Match]] = {number: [] for number in choice.profiles}
    rows, profiles, scores, *_ = choice.wanted
    for place in choice.chosen:
        found[profiles[place]].append(Match(index.candidates[rows[place]], scores[place], next(why)))
    for interest, matches in zip(subscriber.interests, found.values(), strict=True):
        if matches:
            yield Section("interest", interest.name, tuple(matches))


# -- beside the interests


def _favourites(subscriber: Subscriber, index: Index, allowed: Mask, taken: Sequence[int]) -> list[int]:
    """New papers that the community likes best among those of their day."""
    most = subscriber.trending if subscriber.interests else subscriber.max_papers
    liked, without = index.favourites if subscriber.interests else index.by_votes, set(taken)
    found = (row for row in liked if row not in without and allowed[row])
    return [*islice(found, min(most, subscriber.max_papers - len(taken)))]


def _trending(shared: Shared, choice: Choice) -> Iterator[Section]:
    if choice.trending:
        yield Section("trending", "Trending", tuple([shared.favourites[row] for row in choice.trending]))


def _favourite(index: Index, row: int) -> Match:
    candidate = index.candidates[row]
    return Match(candidate, candidate.percentile, (_standing(candidate),))


def _standing(candidate: Candidate) -> Phrase:
    if candidate.percentile < FAVOURITE or not candidate.paper.upvotes:
        return said("listed on {day}", day=candidate.day)
    if top := round((1 - candidate.percentile) * 100):
        return said("top {share} % of {day}", share=top, day=candidate.day)
    return said("most upvoted of {day}", day=candidate.day)


def _wild_card(subscriber: Subscriber, scores: Scores, choice: Choice) -> Iterator[Section]:
    """At most one paper that no interest asks for and that is between two of them, where a place is left."""
    shown = choice.rows + choice.trending
    if len(shown) >= subscriber.max_papers or len(choice.profiles) < 2 or not len(scores.index):
        return
    shares = scores.shares[choice.profiles.start : choice.profiles.stop]
    best, between = np.partition(shares, (-2, -1), axis=0)[[-1, -2]]
    between[shown] = 0
    between[~(choice.allowed & scores.index.new) | (best >= 1)] = 0
    row = int(between.argmax())
    if between[row] >= NEARLY:
        nearest = np.argsort(-shares[:, row], kind="stable")[:2].tolist()
        first, second = (subscriber.interests[number].name for number in sorted(nearest))
        why = said("between {first} and {second}", first=first, second=second)
        match = Match(scores.index.candidates[row], round(float(between[row]), 4), (why,))
        yield Section("wildcard", "Wild card", (match,))


def _missed(index: Index, choice: Choice, shown: Collection[str]) -> Iterator[Candidate]:
    """New papers that would have come, had there been more places."""
    taken = set(choice.chosen)
    for place, (row, new) in enumerate(zip(choice.wanted.rows, choice.wanted.new, strict=True)):
        if new and place not in taken and index.candidates[row].paper.id not in shown:
            yield index.candidates[row]


def _hidden(scores: Scores, choice: Choice) -> list[Words]:
    """How many new papers did not come for what the reader excludes, in words."""
    rows = {row for n in choice.profiles for row in scores.hidden[n].tolist() if scores.index.new[row]}
    number = len(rows.difference(choice.rows)) if rows else 0
    if not number:
        return []
    return [counted("{n} paper was hidden by your excludes.", "{n} papers were hidden by your excludes.", number)]


def _later(digest: Digest, reader: Reader, index: Index) -> tuple[Later, ...]:
    """What became of papers that this reader was shown, and wants no less of by now."""
    seen = reader.seen
    if not digest.later or not seen:
        return ()
    allowed = allowed_rows(reader.subscriber, index, reader.unwanted)
    told = (later for later in digest.later if is_seen(later.paper, seen) and allowed[index.rows[later.paper.id]])
    return tuple(islice(told, MENTIONED))


# -- in words


def notes(digest: Digest) -> tuple[Words, ...]:
    """What was quiet or broken, a sentence each; nothing when all went well."""
    told = [sentence for state in digest.sources if (sentence := _told(state))]
    if digest.left_out:
        told.append(_left_out(digest.left_out, digest.since))
    return tuple(told)


def _left_out(number: int, day: date) -> Phrase:
    return counted(
        "{n} paper from before {day} was left out.", "{n} papers from before {day} were left out.", number, day=day
    )


def _told(state: SourceState) -> Phrase | None:
    match state.state:
        case "broken":
            return said(
                "{source} could not be read today: its papers are missing here.", source=without_query(state.source)
            )
        case "quiet" if state.detail:  # it is known why
            return said("{source} announces nothing today.", source=without_query(state.source))
        case "quiet":
            return said("{source} listed nothing today.", source=without_query(state.source))
        case _:
            return None


def quiet_reason(edition: Edition, min_papers: int) -> str:
    """Why no edition goes out, if it should not; empty when it should."""
    number = new_papers(edition)
    if number >= min_papers or edition.subscriber.quiet == "send":
        return ""
    return "quiet: nothing new for these interests" if not number else f"quiet: {number} of {min_papers} new papers"
