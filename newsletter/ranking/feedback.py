"""What a reader said of papers, as further examples of the interests that the papers fit best. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from newsletter.models import Candidate, Interest, Paper, Verdict
from newsletter.ranking.index import index
from newsletter.ranking.model import Model
from newsletter.ranking.profile import Profile
from newsletter.ranking.rank import PASSES, evidence, nearness

Nearness = Callable[[Interest, Paper], float]
NEAR = PASSES["normal"]
"""What a paper needs to fit an interest at all. An example of something else is worse than none (docs/ranking.md)."""


def assign(
    interests: Sequence[Interest], papers: Mapping[str, Paper], feedback: Mapping[str, Verdict], nearness: Nearness
) -> tuple[Interest, ...]:
    """The interests with the papers of the feedback, each in `like` or `dislike` of the one that it fits best.

    `papers` are those whose text is known, by the ids that `feedback` has. A paper that is near to none of the
    interests goes to none, and what one of them likes or dislikes already is left as it is.
    """
    taught = dict(enumerate(interests))
    written = {id_ for interest in interests for id_ in (*interest.like, *interest.dislike)}
    for paper, verdict in _said(papers, feedback):
        if written.isdisjoint((paper.id, *paper.also)):
            number = _best(interests, paper, verdict, nearness)
            if number is not None:
                taught[number] = _with(taught[number], paper.id, verdict)
    return tuple(taught.values())


def _said(papers: Mapping[str, Paper], feedback: Mapping[str, Verdict]) -> Iterator[tuple[Paper, Verdict]]:
    """Each known paper once, whichever of its ids was named, with what was said of it last."""
    said = {papers[id_].id: (papers[id_], verdict) for id_, verdict in feedback.items() if id_ in papers}
    yield from said.values()


def _best(interests: Sequence[Interest], paper: Paper, verdict: Verdict, nearness: Nearness) -> int | None:
    asked = [n for n, one in enumerate(interests) if verdict == "less" or _has_subject(one)]
    near = {n: nearness(interests[n], paper) for n in asked}
    best = max(asked, key=near.__getitem__, default=None)
    return best if best is not None and near[best] >= NEAR else None


def _has_subject(interest: Interest) -> bool:
    """Whether it asks for more than people or categories: an example would narrow those down to what is like it."""
    return bool(interest.about or interest.keywords or interest.like or not (interest.authors or interest.categories))


def _with(interest: Interest, paper_id: str, verdict: Verdict) -> Interest:
    if verdict == "more":
        return replace(interest, like=(*interest.like, paper_id))
    return replace(interest, dislike=(*interest.dislike, paper_id))


def fits(papers: Sequence[Paper], profiles: Sequence[Profile], model: Model) -> Nearness:
    """How well each of these papers fits each interest: the evidence that lets it pass, 0 for what must not come."""
    company = index([Candidate(paper, date.min, new=False, percentile=0.0) for paper in papers], model)
    speaks = evidence(company, profiles, nearness(company, profiles))
    found = {}
    for profile, total, excluded in zip(profiles, speaks.total, speaks.excluded, strict=True):
        total[excluded] = 0
        found[profile.interest] = total
    return lambda interest, paper: float(found[interest][company.rows[paper.id]])
