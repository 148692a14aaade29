"""What one subscriber gets of a digest: sections per interest with a fair share each, and *Trending*. No I/O."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from newsletter.models import Candidate, Digest, Edition, Match, Period, Section, SourceState, Subscriber
from newsletter.ranking.profile import phrases
from newsletter.ranking.rank import Ranked, Scores
from newsletter.ranking.reasons import community, reasons

FAVOURITE = 0.5  # a community favourite has more upvotes than this share of its day


@dataclass(frozen=True, slots=True)
class Pick:
    """A row that an interest asks for."""

    score: float
    interest: int
    row: int
    new: bool

    @property
    def order(self) -> tuple[bool, float, int]:
        """News before what is carried over, then the best; ties in the digest's order."""
        return not self.new, -self.score, self.row


def edit(digest: Digest, subscriber: Subscriber, scores: Scores, seen: Collection[str], period: Period) -> Edition:
    """Makes the edition. `scores` are of this subscriber's interests, in their order; `seen` are paper ids.

    Every paper comes once, in the section of the interest that wants it most. Each interest has its share of
    the places before any gets more. Papers of earlier days come only when they are strong.
    """
    allowed = allowed_rows(subscriber, scores, seen)
    chosen, trending = _fill(subscriber, scores, allowed)
    sections = [
        Section("interest", interest.name, tuple(_match(scores, pick) for pick in chosen if pick.interest == number))
        for number, interest in enumerate(subscriber.interests)
    ]
    return Edition(
        subscriber=subscriber,
        period=period,
        digest=digest.id,
        sections=tuple(section for section in (*sections, trending) if section.matches),
        notes=notes(digest),
        note=digest.note,
        considered=len(allowed),
    )


def new_papers(edition: Edition) -> int:
    """How many of the papers are newly listed: what `min_papers` counts."""
    return sum(match.candidate.new for match in edition.matches)


def allowed_rows(subscriber: Subscriber, scores: Scores, seen: Collection[str]) -> set[int]:
    """The rows that may come at all: not seen, of the wanted sources, with none of the excluded words."""
    excluded = [scores.index.find(phrase) for phrase in phrases(subscriber.exclude).values()]
    return {
        row
        for row, candidate in enumerate(scores.index.candidates)
        if not is_seen(candidate, seen)
        and (not subscriber.sources or set(subscriber.sources) & set(candidate.sources))
        and not any(found[row] > 0 for found in excluded)
    }


def is_seen(candidate: Candidate, seen: Collection[str]) -> bool:
    """Whether the paper was shown before, under any of its ids."""
    return candidate.paper.id in seen or any(other in seen for other in candidate.paper.also)


def places(subscriber: Subscriber) -> int:
    """How many papers the interests may fill; the rest is kept for *Trending*."""
    return max(subscriber.max_papers - min(subscriber.trending, subscriber.max_papers // 2), 1)


def _fill(subscriber: Subscriber, scores: Scores, allowed: set[int]) -> tuple[list[Pick], Section]:
    """The interests' picks and *Trending*; places that *Trending* leaves empty go to the interests."""
    room = places(subscriber)
    chosen = _share_out(subscriber, scores, allowed, room)
    trending = _trending(subscriber, scores, allowed - {pick.row for pick in chosen}, len(chosen))
    spare = subscriber.max_papers - len(chosen) - len(trending.matches)
    if spare and len(chosen) == room:
        chosen = _share_out(subscriber, scores, allowed, room + spare)
        trending = _trending(subscriber, scores, allowed - {pick.row for pick in chosen}, len(chosen))
    return chosen, trending


def _share_out(subscriber: Subscriber, scores: Scores, allowed: set[int], room: int) -> list[Pick]:
    """First each interest's fair share, then the best of what is left."""
    wanted = _wanted(scores, allowed)
    share = max(room // max(len(subscriber.interests), 1), 1)
    taken = [0] * len(subscriber.interests)
    caps = [interest.max_papers or room for interest in subscriber.interests]
    first: list[Pick] = []
    rest: list[Pick] = []
    for pick in wanted:
        fair = taken[pick.interest] < min(share, caps[pick.interest]) and len(first) < room
        (first if fair else rest).append(pick)
        taken[pick.interest] += fair
    for pick in rest:
        if len(first) < room and taken[pick.interest] < caps[pick.interest]:
            first.append(pick)
            taken[pick.interest] += 1
    return sorted(first, key=lambda pick: pick.order)


def _wanted(scores: Scores, allowed: set[int]) -> list[Pick]:
    """Each row once, for the interest that it fits best; news and the best first.

    An interest's weight wins places, but no paper that fits another interest better.
    """
    best: dict[int, tuple[float, Pick]] = {}
    for number, (ranked, profile) in enumerate(zip(scores.ranked, scores.profiles, strict=True)):
        for row, score in eligible(scores, ranked, allowed):
            fit = score / profile.interest.weight
            if row not in best or fit > best[row][0]:
                best[row] = fit, Pick(score, number, row, scores.index.candidates[row].new)
    return sorted((pick for _, pick in best.values()), key=lambda pick: pick.order)


def eligible(scores: Scores, ranked: Ranked, allowed: set[int]) -> list[tuple[int, float]]:
    """The rows and scores of an interest that may come: earlier days' papers only when they are strong."""
    found = zip(ranked.rows.tolist(), ranked.scores.tolist(), ranked.strong.tolist(), strict=True)
    return [
        (row, score) for row, score, strong in found if row in allowed and (strong or scores.index.candidates[row].new)
    ]


def _match(scores: Scores, pick: Pick) -> Match:
    why = reasons(scores.index, scores.profiles[pick.interest], pick.row)
    return Match(scores.index.candidates[pick.row], round(pick.score, 4), why)


def _trending(subscriber: Subscriber, scores: Scores, rows: set[int], taken: int) -> Section:
    """New papers that the community likes best among those of their day."""
    number = min(subscriber.trending if subscriber.interests else subscriber.max_papers, subscriber.max_papers - taken)
    found = [scores.index.candidates[row] for row in sorted(rows)]
    liked = [c for c in found if c.new and (c.percentile >= FAVOURITE or not subscriber.interests)]
    liked.sort(key=lambda c: (-c.percentile, -c.paper.upvotes))
    return Section("trending", "Trending", tuple(Match(c, c.percentile, _standing(c)) for c in liked[:number]))


def _standing(candidate: Candidate) -> tuple[str, ...]:
    day = f"{candidate.day.day} {candidate.day:%B}"
    if candidate.percentile < FAVOURITE or not candidate.paper.upvotes:
        return tuple(community(candidate)) or (f"listed on {day}",)
    top = round((1 - candidate.percentile) * 100)
    return (f"top {top} % of {day}" if top else f"most upvoted of {day}", *community(candidate))


def notes(digest: Digest) -> tuple[str, ...]:
    """What was quiet or broken, a sentence each; nothing when all went well."""
    said = [sentence for state in digest.sources if (sentence := _said(state))]
    if digest.left_out:
        said.append(f"{digest.left_out} papers from before {digest.since.isoformat()} were left out.")
    return tuple(said)


def _said(state: SourceState) -> str:
    match state.state:
        case "broken":
            return f"{state.source} could not be read today: its papers are missing here."
        case "quiet":
            return f"{state.source} listed nothing today."
        case _:
            return ""


def quiet_reason(edition: Edition, min_papers: int) -> str:
    """Why no edition goes out, if it should not; empty when it should."""
    number = new_papers(edition)
    if number >= min_papers or edition.subscriber.quiet == "send":
        return ""
    return "quiet: nothing new for these interests" if not number else f"quiet: {number} of {min_papers} new papers"
