"""Searches the archive: words are an interest for once, and papers of all days are ranked for it as an edition's are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from newsletter.app import App
from newsletter.archive import Listed
from newsletter.compose import Composer
from newsletter.identity import title_key
from newsletter.models import Candidate, Digest, Interest, Match, Paper, Subscriber
from newsletter.ranking.model import Model
from newsletter.ranking.rank import BEST, Scores, rank
from newsletter.ranking.reasons import reasons
from newsletter.ranking.shortlist import needles, shortlist, telling
from newsletter.ranking.standing import percentile
from newsletter.ranking.terms import wish_terms
from newsletter.records import read_paper

RANKED = 1_500
"""Papers that are ranked at most: those whose raw text says most of what is searched."""
EMBEDDED = 300
"""The same where each has to be embedded, unless it was before: a model takes a hundredth of a second for a paper."""
MOST = BEST
"""Hits at most."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched for."""

    words: tuple[str, ...]
    """As they were typed: what stood in quotes is one, and a keyword."""
    since: date | None = None
    """The first day on which a paper may have been listed first."""
    until: date | None = None
    """The last."""
    source: str | None = None

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@dataclass(frozen=True, slots=True)
class Found:
    """What was found."""

    hits: tuple[Match, ...]
    """Best first; the newer of two that are as good. A candidate's day is the one that it was first listed on."""
    searched: int
    """How many papers were looked at."""


def search(app: App, query: Query, now: datetime, model: Model | None = None) -> Found:
    """The papers that answer the words, `MOST` at most.

    All are looked at as raw text; those that have most of the words are ranked as an interest's candidates are.
    `model` is what the archive teaches, where it is known already.
    """
    days = app.archive.first_days(query.since, query.until, query.source)
    if not days:
        return Found((), 0)
    composer, digest = Composer(app, model), Digest("search", now.date(), now.date(), now, ())
    model = composer.index(digest).model
    sought = needles(query.text, model)
    rows = app.archive.texts([id_ for id_, _ in days], telling(sought))
    records = shortlist(rows, sought, EMBEDDED if model.meaning else RANKED)
    papers = [read_paper(record) for record in records]
    candidates = _candidates(papers, dict(days))
    reader = Subscriber("search", "", interests=(as_interest(query, papers, model),))
    scores = composer.scores(replace(digest, id="searched", candidates=candidates), [reader])
    return Found(_hits(app, scores), len(days))


def as_interest(query: Query, papers: Sequence[Paper], model: Model) -> Interest:
    """The words as an interest would have them; `papers` are those that have most of them.

    What stands in quotes is a keyword, and so is a word that the archive has hardly ever seen: nothing is known of it
    but how it is written. The name of somebody who wrote one of the papers is a wish for what they wrote.
    """
    text, name = query.text, title_key(query.text)
    if " " in name and any(name == title_key(author) for paper in papers for author in paper.authors):
        return Interest(text, authors=(text,))
    quoted = any(" " in word.strip() for word in query.words)
    rare = (word for word in query.words if wish_terms(word) and not wish_terms(word).keys() & model.columns.keys())
    return Interest(text, about=text, keywords=tuple(query.words if quoted else rare), threshold="loose")


def _candidates(papers: Sequence[Paper], days: Mapping[str, date]) -> tuple[Candidate, ...]:
    """Newest first, for of two that are ranked alike the earlier stays first."""
    found = [Candidate(paper, days[paper.id], True, 0.0) for paper in papers if paper.id in days]
    return tuple(sorted(found, key=lambda one: (-one.day.toordinal(), one.paper.id)))


def _hits(app: App, scores: Scores) -> tuple[Match, ...]:
    """The best, ranked again with what the community thinks of them: that takes the upvotes of all papers of their days."""
    best = sorted(scores.ranked[0].rows.tolist())
    candidates = list(scores.index.candidates)
    listed = app.archive.listings_of([candidates[row].paper.id for row in best])
    by, standing = _sources(listed), _standing(app, listed)
    for row in best:
        id_ = candidates[row].paper.id
        candidates[row] = replace(candidates[row], percentile=standing.get(id_, 0.5), sources=by[id_])
    found = rank(replace(scores.index, candidates=tuple(candidates)), scores.profiles)
    [ranked] = found.ranked
    rows = ranked.rows.tolist()
    why = reasons(found, [(0, row) for row in rows])
    points = [round(float(score), 4) for score in ranked.scores]
    return tuple(Match(candidates[row], score, told) for row, score, told in zip(rows, points, why, strict=True))


def _sources(listed: Sequence[Listed]) -> dict[str, tuple[str, ...]]:
    by: dict[str, dict[str, None]] = {}
    for one in listed:
        by.setdefault(one.paper, {})[one.source] = None
    return {id_: tuple(sorted(names)) for id_, names in by.items()}


def _standing(app: App, listed: Sequence[Listed]) -> dict[str, float]:
    """Per paper the best of its percentiles."""
    votes = app.archive.votes_of_days(sorted({one.day for one in listed}))
    best: dict[str, float] = {}
    for one in listed:
        of_day = votes.get((one.source, one.day), {})
        if one.paper in of_day:
            share = percentile(of_day[one.paper], list(of_day.values()))
            best[one.paper] = max(best.get(one.paper, 0.0), share)
    return best
