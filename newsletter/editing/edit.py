"""What one subscriber gets of a digest: sections per interest with a fair share each, and *Trending*. No I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice

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
from newsletter.ranking.profile import phrases
from newsletter.ranking.rank import Ranked, Scores, found_any
from newsletter.ranking.reasons import reasons

FAVOURITE = 0.5  # a community favourite has more upvotes than this share of its day
DIVERSITY = 0.3  # what a paper loses that is just like one above it
LOOKED_AT = 2  # times as many of an interest's papers as there are places: another interest may take some
MISSED = 5  # titles
NEARLY = 0.5  # of what two interests need, for a wild card between them

Rows = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Pick:
    """A row that an interest asks for."""

    score: float
    interest: int
    row: int
    new: bool
    worth: float
    """The score, less where the paper is like a better one of the same interest."""

    @property
    def order(self) -> tuple[bool, float, int]:
        """News before what is carried over, then the best; ties in the digest's order."""
        return not self.new, -self.worth, self.row


def edit(
    digest: Digest,
    subscriber: Subscriber,
    scores: Scores,
    seen: Collection[str],
    period: Period,
    unwanted: Collection[str] = (),
) -> Edition:
    """Makes the edition. `scores` are of this subscriber's interests, in their order; `seen` are paper ids.

    Of the `unwanted` papers (by id) the reader wants less: they are not mentioned again.

    Every paper comes once, in the section of the interest that it fits best, and of papers about the same thing
    only one. Each interest has its share of the places before any gets more. Papers of earlier days come only when
    they are strong.
    """
    allowed = allowed_rows(subscriber, scores.index, seen)
    wanted = _wanted(scores, allowed, LOOKED_AT * subscriber.max_papers + MISSED)
    chosen, trending = _fill(subscriber, scores, wanted, allowed)
    wild = _wild_card(subscriber, scores, allowed, chosen, trending)
    sections = _sections(subscriber, scores, chosen)
    shown = {match.paper.id for section in (trending, wild) for match in section.matches}
    return Edition(
        subscriber=subscriber,
        period=period,
        digest=digest.id,
        sections=tuple(section for section in (*sections, trending, wild) if section.matches),
        notes=(*_hidden(scores, allowed, chosen), *notes(digest)),
        note=digest.note,
        considered=int(allowed.sum()),
        missed=tuple(_missed(scores.index, wanted, chosen, shown)),
        later=_later(digest, subscriber, scores.index, seen, unwanted),
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


def _wanted(scores: Scores, allowed: Mask, most: int) -> list[Pick]:
    """Each row once, for the interest that it fits best; news and the best first.

    An interest's weight wins places, but no paper that fits another interest better.
    """
    best: dict[int, tuple[float, Pick]] = {}
    for number, (ranked, profile) in enumerate(zip(scores.ranked, scores.profiles, strict=True)):
        may = eligible(scores.index, ranked, allowed)
        for pick in _varied(scores.index, number, ranked.rows[may][:most], ranked.scores[may][:most]):
            fit = pick.score / profile.interest.weight
            if pick.row not in best or fit > best[pick.row][0]:
                best[pick.row] = fit, pick
    return sorted((pick for _, pick in best.values()), key=lambda pick: pick.order)


def _varied(index: Index, number: int, rows: Rows, scores: npt.NDArray[np.float32]) -> Iterator[Pick]:
    """An interest's papers, each worth less the more it is like one that comes before it.

    Maximal marginal relevance (Carbonell and Goldstein 1998) with topics for likeness.
    """
    dense = index.features.dense[rows]
    like = np.triu(dense @ dense.T, 1)  # each with those above it
    nearest = like.max(axis=0) if len(rows) else np.zeros(0)
    worth = scores - DIVERSITY * np.maximum(nearest, 0)
    new = index.new[rows]
    for row, score, one, is_new in zip(rows.tolist(), scores.tolist(), worth.tolist(), new.tolist(), strict=True):
        yield Pick(score, number, row, is_new, one)


# -- who gets which place


def places(subscriber: Subscriber) -> int:
    """How many papers the interests may fill; the rest is kept for *Trending*."""
    return max(subscriber.max_papers - min(subscriber.trending, subscriber.max_papers // 2), 1)


def _fill(subscriber: Subscriber, scores: Scores, wanted: Sequence[Pick], allowed: Mask) -> tuple[list[Pick], Section]:
    """The interests' picks and *Trending*; places that *Trending* leaves empty go to the interests."""
    room = places(subscriber)
    chosen = _share_out(subscriber, scores.index, wanted, room)
    trending = _trending(subscriber, scores.index, allowed, chosen)
    spare = subscriber.max_papers - len(chosen) - len(trending.matches)
    if spare and len(chosen) == room:
        chosen = _share_out(subscriber, scores.index, wanted, room + spare)
        trending = _trending(subscriber, scores.index, allowed, chosen)
    return chosen, trending


def _share_out(subscriber: Subscriber, index: Index, wanted: Sequence[Pick], room: int) -> list[Pick]:
    """First each interest's fair share, then the best of what is left; of near-duplicates only the first."""
    share = max(room // max(len(subscriber.interests), 1), 1)
    caps = [interest.max_papers or room for interest in subscriber.interests]
    chosen: list[Pick] = []
    for limits in ([min(share, cap) for cap in caps], caps):
        taken = [sum(pick.interest == number for pick in chosen) for number in range(len(caps))]
        twins = {int(index.twins[pick.row]) for pick in chosen}
        for pick in wanted:
            if len(chosen) == room:
                break
            if int(index.twins[pick.row]) not in twins and taken[pick.interest] < limits[pick.interest]:
                chosen.append(pick)
                twins.add(int(index.twins[pick.row]))
                taken[pick.interest] += 1
    return sorted(chosen, key=lambda pick: pick.order)


def _sections(subscriber: Subscriber, scores: Scores, chosen: Sequence[Pick]) -> list[Section]:
    why = reasons(scores, [(pick.interest, pick.row) for pick in chosen])
    found: list[list[Match]] = [[] for _ in subscriber.interests]
    for pick, told in zip(chosen, why, strict=True):
        found[pick.interest].append(Match(scores.index.candidates[pick.row], round(pick.score, 4), told))
    return [
        Section("interest", interest.name, tuple(matches))
        for interest, matches in zip(subscriber.interests, found, strict=True)
    ]


# -- beside the interests


def _trending(subscriber: Subscriber, index: Index, allowed: Mask, chosen: Sequence[Pick]) -> Section:
    """New papers that the community likes best among those of their day."""
    most = subscriber.trending if subscriber.interests else subscriber.max_papers
    number = min(most, subscriber.max_papers - len(chosen))
    left = allowed & index.new
    left[[pick.row for pick in chosen]] = False
    if subscriber.interests:
        left &= index.percentiles >= FAVOURITE
    rows = [row for row in index.by_votes if left[row]][:number]
    found = (index.candidates[row] for row in rows)
    return Section("trending", "Trending", tuple(Match(c, c.percentile, (_standing(c),)) for c in found))


def _standing(candidate: Candidate) -> Phrase:
    if candidate.percentile < FAVOURITE or not candidate.paper.upvotes:
        return said("listed on {day}", day=candidate.day)
    if top := round((1 - candidate.percentile) * 100):
        return said("top {share} % of {day}", share=top, day=candidate.day)
    return said("most upvoted of {day}", day=candidate.day)


def _wild_card(
    subscriber: Subscriber, scores: Scores, allowed: Mask, chosen: Sequence[Pick], trending: Section
) -> Section:
    """At most one paper that no interest asks for and that is between two of them, where a place is left."""
    nothing = Section("wildcard", "Wild card", ())
    if len(chosen) + len(trending.matches) >= subscriber.max_papers or len(subscriber.interests) < 2:
        return nothing
    shares = np.sort(np.stack([ranked.shares for ranked in scores.ranked]), axis=0)
    between = shares[-2].copy()
    shown = [scores.index.rows[match.paper.id] for match in trending.matches]
    between[[pick.row for pick in chosen] + shown] = 0
    between[~(allowed & scores.index.new) | (shares[-1] >= 1)] = 0
    row = int(between.argmax()) if len(between) else 0
    if not len(between) or between[row] < NEARLY:
        return nothing
    nearest = sorted(range(len(scores.ranked)), key=lambda n: -float(scores.ranked[n].shares[row]))[:2]
    first, second = (subscriber.interests[number].name for number in sorted(nearest))
    why = said("between {first} and {second}", first=first, second=second)
    match = Match(scores.index.candidates[row], round(float(between[row]), 4), (why,))
    return replace(nothing, matches=(match,))


def _missed(
    index: Index, wanted: Sequence[Pick], chosen: Sequence[Pick], shown: Collection[str]
) -> Iterator[Candidate]:
    """New papers that would have come, had there been more places."""
    taken = {pick.row for pick in chosen}
    left = [index.candidates[pick.row] for pick in wanted if pick.new and pick.row not in taken]
    yield from [candidate for candidate in left if candidate.paper.id not in shown][:MISSED]


def _hidden(scores: Scores, allowed: Mask, chosen: Sequence[Pick]) -> list[Words]:
    """How many new papers did not come for what the reader excludes, in words."""
    rows = {row for ranked in scores.ranked for row in ranked.hidden.tolist() if scores.index.new[row]}
    number = len(rows - {pick.row for pick in chosen})
    if not number:
        return []
    return [counted("{n} paper was hidden by your excludes.", "{n} papers were hidden by your excludes.", number)]


def _later(
    digest: Digest, subscriber: Subscriber, index: Index, seen: Collection[str], unwanted: Collection[str]
) -> tuple[Later, ...]:
    """What became of papers that this reader was shown, and wants no less of by now."""
    if not digest.later or not seen:
        return ()
    allowed = allowed_rows(subscriber, index, unwanted)
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
            return said("{source} could not be read today: its papers are missing here.", source=state.source)
        case "quiet":
            return said("{source} listed nothing today.", source=state.source)
        case _:
            return None


def quiet_reason(edition: Edition, min_papers: int) -> str:
    """Why no edition goes out, if it should not; empty when it should."""
    number = new_papers(edition)
    if number >= min_papers or edition.subscriber.quiet == "send":
        return ""
    return "quiet: nothing new for these interests" if not number else f"quiet: {number} of {min_papers} new papers"
