"""What one subscriber gets of a digest: sections per interest with a fair share each, and *Trending*. No I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from itertools import accumulate, count, islice, pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

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
from newsletter.ranking.index import Index
from newsletter.ranking.meaning import Floats
from newsletter.ranking.profile import phrases
from newsletter.ranking.rank import Ranked, Scores, found_any
from newsletter.ranking.reasons import reasons
from newsletter.text import without_query

FAVOURITE = 0.5  # a community favourite has more upvotes than this share of its day
DIVERSITY = 0.3  # what a paper loses that is just like one above it
LOOKED_AT = 2  # times as many of an interest's papers as there are places: another interest may take some
MISSED = 5  # titles
NEARLY = 0.5  # of what two interests need, for a wild card between them

Rows = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]


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
    interests: list[int]
    """By number."""
    scores: list[float]
    new: list[bool]
    twins: list[int]
    """Near-duplicates have the same number."""


class Choice(NamedTuple):
    """What comes into an edition."""

    allowed: Mask
    wanted: Wanted
    chosen: list[int]
    """Places in `wanted`, in order."""
    trending: list[int]
    """Rows."""


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
    starts = list(accumulate((len(reader.subscriber.interests) for reader in readers), initial=0))
    parts = [scores.of(start, stop) for start, stop in pairwise(starts)]
    choices = [_choose(reader, part) for reader, part in zip(readers, parts, strict=True)]
    matches = [
        (start + choice.wanted.interests[place], choice.wanted.rows[place])
        for start, choice in zip(starts, choices, strict=False)
        for place in choice.chosen
    ]
    why, told = iter(reasons(scores, matches)), notes(digest)
    return [_made(digest, *one, why, told) for one in zip(readers, parts, choices, strict=True)]


def _choose(reader: Reader, scores: Scores) -> Choice:
    allowed = allowed_rows(reader.subscriber, scores.index, reader.seen)
    wanted = _wanted(scores, allowed, LOOKED_AT * reader.subscriber.max_papers + MISSED)
    return Choice(allowed, wanted, *_fill(reader.subscriber, scores.index, wanted, allowed))


def _made(
    digest: Digest,
    reader: Reader,
    scores: Scores,
    choice: Choice,
    why: Iterator[tuple[Words, ...]],
    notes: Sequence[Words],
) -> Edition:
    subscriber, index = reader.subscriber, scores.index
    beside = [_trending(index, choice.trending), _wild_card(subscriber, scores, choice)]
    sections = [*_sections(subscriber, index, choice, why), *beside]
    shown = {match.paper.id for section in beside for match in section.matches}
    return Edition(
        subscriber=subscriber,
        period=reader.period,
        digest=digest.id,
        sections=tuple(section for section in sections if section.matches),
        notes=(*_hidden(scores, choice), *notes),
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


def allowed_rows(subscriber: Subscriber, index: Index, seen: Collection[str]) -> Mask:
    """The rows that may come at all: not seen, of the wanted sources, with none of the excluded words."""
    allowed = np.ones(len(index), dtype=bool)
    if seen:
        allowed[[row for id_, row in index.rows.items() if id_ in seen]] = False
    if subscriber.exclude:
        allowed[found_any(index, phrases(subscriber.exclude).values())] = False
    if subscriber.sources:
        wanted = set(subscriber.sources)
        allowed &= np.array([bool(wanted.intersection(c.sources)) for c in index.candidates], dtype=bool)
    return allowed


def is_seen(paper: Paper, seen: Collection[str]) -> bool:
    """Whether the paper was shown before, under any of its ids."""
    return paper.id in seen or any(other in seen for other in paper.also)


def eligible(index: Index, ranked: Ranked, allowed: Mask) -> Mask:
    """Which of an interest's papers may come: those of earlier days only when they are strong."""
    return np.asarray(allowed[ranked.rows] & (ranked.strong | index.new[ranked.rows]))


def _wanted(scores: Scores, allowed: Mask, most: int) -> Wanted:
    """Each row once, for the interest that it fits best; news and the best first.

    An interest's weight wins places, but no paper that fits another interest better.
    """
    index = scores.index
    fit, worth, points = np.full((3, len(scores.ranked) + 1, len(index)), -np.inf)
    for number, (ranked, profile) in enumerate(zip(scores.ranked, scores.profiles, strict=True)):
        may = eligible(index, ranked, allowed)
        rows, found = ranked.rows[may][:most], ranked.scores[may][:most]
        points[number, rows], fit[number, rows] = found, found / np.float64(profile.interest.weight)
        worth[number, rows] = _varied(index, rows, found)
    best = fit.argmax(axis=0)
    rows = np.flatnonzero(fit[best, np.arange(len(index))] > -np.inf)
    rows = rows[np.argsort(-worth[best[rows], rows], kind="stable")]  # ties in the digest's order
    rows = np.concatenate([rows[index.new[rows]], rows[~index.new[rows]]])
    columns = rows, best[rows], points[best[rows], rows], index.new[rows], index.twins[rows]
    return Wanted(*(column.tolist() for column in columns))


def _varied(index: Index, rows: Rows, scores: Floats) -> Floats:
    """What an interest's papers are worth: each less, the more it is like one that comes before it.

    Maximal marginal relevance (Carbonell and Goldstein 1998) with topics for likeness.
    """
    if not len(rows) or not index.features.dense.shape[1]:
        return scores
    nearest = (index.alike(rows) * _above(len(rows))).max(axis=0)
    return np.asarray(scores - DIVERSITY * np.maximum(nearest, 0))


@lru_cache(64)
def _above(number: int) -> Floats:
    """1 for each with those above it."""
    return np.triu(np.ones((number, number), dtype=np.float32), 1)


# -- who gets which place


def places(subscriber: Subscriber) -> int:
    """How many papers the interests may fill; the rest is kept for *Trending*."""
    return max(subscriber.max_papers - min(subscriber.trending, subscriber.max_papers // 2), 1)


def _fill(subscriber: Subscriber, index: Index, wanted: Wanted, allowed: Mask) -> tuple[list[int], list[int]]:
    """The interests' places in `wanted` and the rows of *Trending*; what *Trending* leaves empty goes to the interests."""
    room = places(subscriber)
    chosen = _share_out(subscriber, wanted, room)
    trending = _favourites(subscriber, index, allowed, [wanted.rows[place] for place in chosen])
    spare = subscriber.max_papers - len(chosen) - len(trending)
    if spare and len(chosen) == room:
        chosen = _share_out(subscriber, wanted, room + spare)
        trending = _favourites(subscriber, index, allowed, [wanted.rows[place] for place in chosen])
    return chosen, trending


def _share_out(subscriber: Subscriber, wanted: Wanted, room: int) -> list[int]:
    """First each interest's fair share, then the best of what is left; of near-duplicates only the first."""
    share = max(room // max(len(subscriber.interests), 1), 1)
    caps = [interest.max_papers or room for interest in subscriber.interests]
    chosen: list[int] = []
    taken, twins = [0] * len(caps), set[int]()
    for limits in ([min(share, cap) for cap in caps], caps):
        for place, interest, twin in zip(count(), wanted.interests, wanted.twins, strict=False):
            if twin not in twins and taken[interest] < limits[interest]:
                if len(chosen) == room:
                    break
                chosen.append(place)
                twins.add(twin)
                taken[interest] += 1
    return sorted(chosen)


def _sections(
    subscriber: Subscriber, index: Index, choice: Choice, why: Iterator[tuple[Words, ...]]
) -> Iterator[Section]:
    found: list[list[Match]] = [[] for _ in subscriber.interests]
    rows, interests, scores, *_ = choice.wanted
    for place in choice.chosen:
        found[interests[place]].append(Match(index.candidates[rows[place]], round(scores[place], 4), next(why)))
    for interest, matches in zip(subscriber.interests, found, strict=True):
        yield Section("interest", interest.name, tuple(matches))


# -- beside the interests


def _favourites(subscriber: Subscriber, index: Index, allowed: Mask, taken: Sequence[int]) -> list[int]:
    """New papers that the community likes best among those of their day."""
    most = subscriber.trending if subscriber.interests else subscriber.max_papers
    left = allowed & index.new
    left[taken] = False
    if subscriber.interests:
        left &= index.percentiles >= FAVOURITE
    rows: list[int] = index.by_votes[left[index.by_votes]].tolist()
    return rows[: min(most, subscriber.max_papers - len(taken))]


def _trending(index: Index, rows: Sequence[int]) -> Section:
    found = (index.candidates[row] for row in rows)
    return Section("trending", "Trending", tuple(Match(c, c.percentile, (_standing(c),)) for c in found))


def _standing(candidate: Candidate) -> Phrase:
    if candidate.percentile < FAVOURITE or not candidate.paper.upvotes:
        return said("listed on {day}", day=candidate.day)
    if top := round((1 - candidate.percentile) * 100):
        return said("top {share} % of {day}", share=top, day=candidate.day)
    return said("most upvoted of {day}", day=candidate.day)


def _wild_card(subscriber: Subscriber, scores: Scores, choice: Choice) -> Section:
    """At most one paper that no interest asks for and that is between two of them, where a place is left."""
    nothing = Section("wildcard", "Wild card", ())
    shown = [choice.wanted.rows[place] for place in choice.chosen] + choice.trending
    if len(shown) >= subscriber.max_papers or len(subscriber.interests) < 2:
        return nothing
    shares = np.sort(np.stack([ranked.shares for ranked in scores.ranked]), axis=0)
    between = shares[-2].copy()
    between[shown] = 0
    between[~(choice.allowed & scores.index.new) | (shares[-1] >= 1)] = 0
    row = int(between.argmax()) if len(between) else 0
    if not len(between) or between[row] < NEARLY:
        return nothing
    nearest = sorted(range(len(scores.ranked)), key=lambda n: -float(scores.ranked[n].shares[row]))[:2]
    first, second = (subscriber.interests[number].name for number in sorted(nearest))
    why = said("between {first} and {second}", first=first, second=second)
    match = Match(scores.index.candidates[row], round(float(between[row]), 4), (why,))
    return replace(nothing, matches=(match,))


def _missed(index: Index, choice: Choice, shown: Collection[str]) -> Iterator[Candidate]:
    """New papers that would have come, had there been more places."""
    taken = set(choice.chosen)
    for place, (row, new) in enumerate(zip(choice.wanted.rows, choice.wanted.new, strict=True)):
        if new and place not in taken and index.candidates[row].paper.id not in shown:
            yield index.candidates[row]


def _hidden(scores: Scores, choice: Choice) -> list[Words]:
    """How many new papers did not come for what the reader excludes, in words."""
    rows = {row for ranked in scores.ranked for row in ranked.hidden.tolist() if scores.index.new[row]}
    number = len(rows.difference(choice.wanted.rows[place] for place in choice.chosen)) if rows else 0
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
