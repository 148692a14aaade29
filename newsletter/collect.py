"""Asks every source for its days and keeps what they answer: one broken source is named, the day goes on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from newsletter import sources
from newsletter.archive import Archive
from newsletter.errors import NotYet, SourceError
from newsletter.identity import arxiv_id
from newsletter.models import Fetched, Paper, SourceState
from newsletter.sources.reach import Reach
from newsletter.text import without_query as shown

log = logging.getLogger("newsletter.collect")
ENOUGH_LATER = timedelta(days=6)
"""From the beginning of a day: a week later in the zones where days begin first."""
HASTE = timedelta(seconds=30)
"""For an answer that an edition can do without."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What collecting brought."""

    states: tuple[SourceState, ...]
    """How each source did on the last of the days."""
    new: int
    """How many listings were not in the archive before."""
    faults: tuple[str, ...]
    """What was left out and why, one line each."""

    @property
    def all_broken(self) -> bool:
        return bool(self.states) and all(state.state == "broken" for state in self.states)


def collect(days: Sequence[date], names: Sequence[str], archive: Archive, reach: Reach, at: datetime) -> Collected:
    """Collects the days (oldest first) from the sources; what a source brought twice is kept once.

    What is missing is logged; when every source is broken, that is for the caller to say.
    """
    new, faults, last = 0, [], []
    for name in names:
        state, fetch, failed = SourceState(name, "quiet"), sources.reader(name, reach), False
        for day in days:
            if failed and day != days[-1]:
                continue  # it would fail alike, with all its patience
            state, added, left_out = collect_day(name, fetch, day, days[-1], archive, at)
            archive.note_collection(day, at, [state])
            new += added
            faults += [f"{shown(name)}: {fault}" for fault in left_out]
            if state.state == "broken":
                failed = True
                if day == days[-1] or not sources.is_apart(name):
                    archive.note_collection(days[-1], at, [state])
                    break
                faults.append(f"{shown(name)}: papers of {day} are missing: {state.detail}")
        last.append(state)
    collected = Collected(tuple(last), new, tuple(dict.fromkeys(faults)))
    broken = [state.detail for state in last if state.state == "broken" and not collected.all_broken]
    for fault in (*broken, *faults):
        log.warning("%s", fault)
    return collected


def collect_day(
    name: str, fetch: Callable[[date], Fetched], day: date, latest: date, archive: Archive, at: datetime
) -> tuple[SourceState, int, Sequence[str]]:
    """Collects one day: how the source did, how many listings were new, and what was left out.

    What carries no date is listed on the latest of the days that are collected now.
    """
    try:
        fetched = fetch(day)
    except NotYet as error:
        log.info("%s %s: not yet", shown(name), day, extra={"source": shown(name), "day": day})
        return SourceState(name, "not yet", str(error)), 0, ()
    except SourceError as error:
        return SourceState(name, "broken", str(error)), 0, ()
    added = archive.add(name, fetched.listings, latest, at)
    archive.revise(fetched.revised, at)
    papers = sum(found.day in (None, day) for found in fetched.listings)  # a feed gives what it has, of any day
    told = {"source": shown(name), "day": day, "papers": papers, "new": added}
    log.info("%s %s: %d papers, %d new", *told.values(), extra=told)
    state = SourceState(name, "ok", "", papers) if papers else SourceState(name, "quiet", fetched.quiet)
    return state, added, fetched.faults


def follow_up(days: Sequence[date], names: Sequence[str], archive: Archive, reach: Reach, at: datetime) -> None:
    """Asks the sources once more for days of a week ago, so that their papers stand in the archive as they are now.

    Only for days that a source listed something on, and once. Nothing depends on it: what fails is a line in the
    log, and the source's other days are left.
    """
    hasty = replace(reach, patience=replace(reach.patience, attempts=2, total=HASTE))
    for name in names:
        answered = archive.answered(name, days[0], days[-1]) if sources.has_past(name) else {}
        old = [day for day in days if day in answered and answered[day] < _midnight(day) + ENOUGH_LATER]
        fetch = _dated(sources.reader(name, hasty))
        for day in old:
            state, _, _ = collect_day(name, fetch, day, days[-1], archive, at)
            if state.state == "broken":
                log.warning("%s: what became of %s is not told: %s", shown(name), day, state.detail)
                break
            if state.state == "ok":  # a list that is gone now does not make that day quiet
                archive.note_collection(day, at, [state])


def _dated(fetch: Callable[[date], Fetched]) -> Callable[[date], Fetched]:
    """Only what carries its date: the rest comes every day."""

    def fetched(day: date) -> Fetched:
        found = fetch(day)
        return replace(found, listings=tuple(listing for listing in found.listings if listing.day))

    return fetched


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def can_look_up(names: Iterable[str]) -> bool:
    """Whether a paper can be looked up by its id: that is asked of Hugging Face and arXiv, if they are sources."""
    return bool(sources.libraries(names))


def look_up_examples(
    wanted: Collection[str], archive: Archive, reach: Reach, at: datetime, names: Sequence[str]
) -> None:
    """Fetches those of the `wanted` papers that the archive lacks, each id once; what is not found is remembered.

    `names` are the sources. When the far side fails, the rest waits for the next run: an edition does not depend on it.
    """
    unknown = sorted(set(wanted) - set(archive.find(sorted(wanted))))
    try:
        for paper_id, paper in look_up_each(unknown, archive, reach, at, names):
            if paper is None:
                known = " or ".join(sources.libraries(names))
                log.warning("example paper %s is not known to %s; it is left out of the ranking", paper_id, known)
    except SourceError as error:
        log.warning("example papers: %s", error)


def look_up_each(
    ids: Sequence[str], archive: Archive, reach: Reach, at: datetime, names: Sequence[str]
) -> Iterator[tuple[str, Paper | None]]:
    """Asks these sources for papers and keeps each, or that there is none; SourceError when nobody answers."""
    for paper_id, paper in sources.look_up(ids, names, reach):
        if paper is None:
            archive.note_missing(paper_id, at)
        else:
            archive.keep(paper, at)
        yield paper_id, paper


def unknown_examples(ids: Iterable[str], archive: Archive) -> set[str]:
    """The arXiv ids among these that the archive lacks and nobody looked up in vain."""
    lacking = archive.lacking(set(filter(arxiv_id, ids)))
    return lacking - archive.missing() if lacking else lacking
