"""Proposes interests from a reader's library: reads it, fills in what is known of its papers, groups and names them.

The subscribers' file is not written: the reader pastes what they like. Papers that had to be looked up are kept in
the archive, where the pasted examples will be wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from newsletter.app import App
from newsletter.collect import can_look_up, look_up_each
from newsletter.errors import SettingsError, SourceError
from newsletter.identity import LONG_TITLE, arxiv_id, merge, paper_id, title_key
from newsletter.library import Library
from newsletter.models import Interest, Paper, Subscriber
from newsletter.ranking.clusters import ALONE, clusters, nearness, shared
from newsletter.ranking.model import Model, features, learn
from newsletter.ranking.names import Name, names

MOST_LIKED = 20
"""Examples of a proposed interest."""
MOST_LOOKED_UP = 400
"""Papers asked of Hugging Face in one run. It answers 500 anonymous requests in five minutes (hub-docs, 2026-11)."""
RECENT = 0.25
"""What the newest paper of a group gains on the oldest as an example, where the most central one counts 1."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Proposed:
    """An interest that the library suggests."""

    interest: Interest
    papers: int
    """How many of the library's papers are about it; the best of them are its examples."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a library suggests to a subscriber, and what became of the rest of it."""

    format: str
    entries: int
    texts: int
    """Papers whose abstract is known; the others are compared by their titles."""
    interests: tuple[Proposed, ...]
    titles: Mapping[str, str]
    """The titles of the papers, by the id that an example has."""
    left_out: Mapping[str, int]
    """Why something was left out, and how many entries or papers."""
    waiting: int
    """Papers that another run will look up."""
    failed: str = ""
    """Why looking up was broken off."""


def propose(
    app: App, subscriber: Subscriber | None, library: Library, progress: Progress = lambda *_: None
) -> Proposal:
    """What a library suggests to a subscriber, or to somebody who is none yet.

    Raises SettingsError for one in which no paper is named.
    """
    if not library.entries:
        raise SettingsError("no paper is named in it; give BibTeX, RIS, CSL-JSON, or arXiv ids and DOIs, one a line")
    distinct = _once(_filled(app, [entry.paper() for entry in library.entries]))
    asked, waiting, failed = _look_up(app, distinct, progress)
    papers = _once(_filled(app, distinct)) if asked else distinct
    told = [paper for paper in papers if paper.title]
    groups, alone = _groups(told, app.model())
    mine = subscriber.interests if subscriber else ()
    new = [group for group in groups if not any(_is_known(group, interest) for interest in mine)]
    left_out = {
        "damaged": library.damaged,
        "twice": len(library.entries) - len(papers),
        "known by an id alone": len(papers) - len(told),
        "in no group": alone,
        "in interests that are there already": sum(len(one.papers) for one in groups if one not in new),
    }
    return Proposal(
        format=library.format,
        entries=len(library.entries) + library.damaged,
        texts=sum(bool(paper.abstract) for paper in told),
        interests=tuple(Proposed(_interest(group, mine), len(group.papers)) for group in new),
        titles={_example(paper): paper.title for paper in told},
        left_out={reason: number for reason, number in left_out.items() if number},
        waiting=waiting,
        failed=failed,
    )


# -- what is known of the papers


def _filled(app: App, papers: Sequence[Paper]) -> list[Paper]:
    """The papers with what the archive knows of them, found by an id or by a long title."""
    by_id = app.archive.find(sorted({id_ for paper in papers for id_ in _ids(paper)}))
    by_title = app.archive.find_titles(paper.title for paper in papers)
    filled = []
    for paper in papers:
        found = next((by_id[id_] for id_ in _ids(paper) if id_ in by_id), by_title.get(title_key(paper.title)))
        filled.append(merge(found, paper) if found else paper)
    return filled


def _once(papers: Iterable[Paper]) -> list[Paper]:
    """The papers, those with an id or a long title in common as one."""
    kept: list[Paper] = []
    places: dict[str, int] = {}
    for paper in papers:
        key = title_key(paper.title)
        called = [*_ids(paper), key] if len(key.split()) >= LONG_TITLE else [*_ids(paper)]
        place = next((places[name] for name in called if name in places), len(kept))
        if place == len(kept):
            kept.append(paper)
        else:
            kept[place] = merge(kept[place], paper) if kept[place].title else merge(paper, kept[place])
        places |= dict.fromkeys(called, place)
    return kept


def _ids(paper: Paper) -> tuple[str, ...]:
    return (paper.id, *paper.also)


def _look_up(app: App, papers: Sequence[Paper], progress: Progress) -> tuple[int, int, str]:
    """Asks the sources that know papers by their ids for those without abstract.

    Returns how many it answered for, how many wait, and why it was broken off.

    Those of which only the id is known come first, the newest before the others.
    """
    if not can_look_up(app.settings.sources):
        return 0, 0, ""
    missing = app.archive.missing()
    wanted = {id_: bool(paper.title) for paper in papers if not paper.abstract and (id_ := _arxiv(paper))}
    order = sorted(sorted(wanted.keys() - missing, key=_month, reverse=True), key=wanted.__getitem__)
    asked = order[:MOST_LOOKED_UP]
    done, failed = 0, ""
    try:
        for _ in look_up_each(asked, app.archive, app.reach, app.clock(), app.settings.sources):
            done += 1
            progress("papers looked up", done, len(asked))
    except SourceError as error:
        failed = str(error)
    return done, len(order) - done, failed


def _arxiv(paper: Paper) -> str:
    return next((id_ for id_ in _ids(paper) if arxiv_id(id_) == id_), "")


def _example(paper: Paper) -> str:
    """The id that the subscribers' file knows a paper by: an arXiv id, which has a text, before a DOI."""
    return _arxiv(paper) or next((id_ for id_ in _ids(paper) if paper_id(id_) == id_ and id_.isprintable()), "")


def _month(arxiv: str) -> str:
    """`2006` of `2006.11239`, so that it can be compared; nothing for the ids from before 2007-04."""
    return "" if "/" in arxiv else arxiv[:4]


# -- groups, and interests made of them


@dataclass(frozen=True, slots=True)
class _Group:
    name: Name
    papers: tuple[Paper, ...]
    """The best examples first."""


def _groups(papers: Sequence[Paper], model: Model) -> tuple[list[_Group], int]:
    """The groups of the papers, the largest first, and how many papers are in none."""
    # The archive's statistics and the library's as one: a fresh archive knows little.
    together = learn(papers, model.term_counts, least=1)
    rows = shared(features(papers, together).vectors)
    labels = clusters(rows)
    near = nearness(rows, labels)
    found = []
    for number, name in enumerate(names(papers, labels, model.term_counts)):
        members = np.flatnonzero(labels == number).tolist()
        best = _examples_first([papers[row] for row in members], [float(near[row]) for row in members])
        found.append(_Group(name, tuple(best)))
    return found, int((labels == ALONE).sum())


def _examples_first(papers: Sequence[Paper], near: Sequence[float]) -> list[Paper]:
    """The papers by what they are worth as examples: near the others of their group, and recent."""
    months = sorted(_when(paper) for paper in papers)
    age = {month: place / len(months) for place, month in enumerate(months)}
    worth = {
        paper.id: one / max(*near, 1e-9) + RECENT * age[_when(paper)] for paper, one in zip(papers, near, strict=True)
    }
    return sorted(papers, key=lambda paper: (not _arxiv(paper), -worth[paper.id], paper.id))


def _when(paper: Paper) -> str:
    """The month it came out, `202006`; the earliest where nobody knows."""
    month = _month(_arxiv(paper))
    return f"20{month}" if month else (paper.published.isoformat() if paper.published else "").replace("-", "")[:6]


def _is_known(group: _Group, interest: Interest) -> bool:
    """Whether an interest is what the group would become: by its name, or half of its examples."""
    examples = [paper for paper in group.papers if _example(paper)][:MOST_LIKED]
    liked = [paper for paper in examples if {*_ids(paper)} & {*interest.like}]
    same = interest.name.casefold() == group.name.name.casefold()
    return same or (bool(examples) and 2 * len(liked) >= len(examples))


def _interest(group: _Group, mine: Sequence[Interest]) -> Interest:
    """The group as an interest; no example is one that the subscriber has already."""
    there = {id_ for interest in mine for id_ in (*interest.like, *interest.dislike)}
    like = [_example(paper) for paper in group.papers if _example(paper) and not {*_ids(paper)} & there]
    return Interest(group.name.name, keywords=group.name.keywords, like=tuple(like[:MOST_LIKED]))
