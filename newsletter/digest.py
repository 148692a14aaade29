"""Takes digests: what is new since a cut-off, as one immutable snapshot for all who start from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from newsletter.app import App
from newsletter.models import Candidate, Digest, Period, SourceState, Subscriber
from newsletter.records import sealed
from newsletter.summaries import Run

DAY = timedelta(days=1)
CARRY_OVER = 7 * DAY


@dataclass(frozen=True, slots=True)
class Due:
    """A subscriber for whom it is time, and what their edition starts from."""

    subscriber: Subscriber
    period: Period
    since: date
    """The first listing day that is new to them."""
    seen_after: datetime | None
    """Listings of earlier days that we saw after this moment are new as well; None for a first edition."""
    left_out_since: date | None
    """Where the gap begins that is too long for one edition, if it is."""


def digest_of(app: App, due: Due, now: datetime, summaries: Run | None = None) -> Digest:
    """What is new since the cut-off, and the seven days before for carry-over, as it stands now."""
    listed = app.archive.window(due.since - CARRY_OVER, due.period.day)
    papers = app.archive.find(sorted({one.paper for one in listed}))
    on: dict[str, date] = {one.paper: one.day for one in listed}  # in order of day: the latest stays
    by: dict[str, set[str]] = {}
    new: set[str] = set()
    of_a_day: dict[tuple[str, date], list[str]] = {}
    for one in listed:
        by.setdefault(one.paper, set()).add(one.source)
        of_a_day.setdefault((one.source, one.day), []).append(one.paper)
        if one.day >= due.since or (due.seen_after is not None and one.seen_at > due.seen_after):
            new.add(one.paper)
    standing = _percentiles(of_a_day, {id_: paper.upvotes for id_, paper in papers.items()})
    candidates = [
        Candidate(paper, on[id_], id_ in new, standing[id_], tuple(sorted(by[id_]))) for id_, paper in papers.items()
    ]
    candidates.sort(key=lambda c: (-c.day.toordinal(), -c.paper.upvotes, c.paper.id))
    shown = summaries.filled(candidates) if summaries else candidates
    left_out = app.archive.count_listed(due.left_out_since, due.since - DAY) if due.left_out_since else 0
    states = _states(app, due.period.day)
    return sealed(Digest("", due.period.day, due.since, now, tuple(shown), states, app.note(), left_out))


def _states(app: App, day: date) -> tuple[SourceState, ...]:
    return tuple(state for state in app.archive.collected(day) if state.source in app.settings.sources)


def _percentiles(of_a_day: Mapping[tuple[str, date], Sequence[str]], upvotes: Mapping[str, int]) -> dict[str, float]:
    """Per paper the share of its day's papers with fewer upvotes, ties half; the best of its listings."""
    best: dict[str, float] = {}
    for ids in of_a_day.values():
        votes = [upvotes[id_] for id_ in ids]
        for id_, mine in zip(ids, votes, strict=True):
            below = sum(other < mine for other in votes) + (votes.count(mine) - 1) / 2
            share = below / (len(votes) - 1) if len(votes) > 1 else 0.5
            best[id_] = max(best.get(id_, 0.0), round(share, 4))
    return best


def digests_of(app: App, waiting: Sequence[Due], now: datetime) -> Iterator[tuple[Digest, list[Due]]]:
    """One digest for all who start from the same cut-off."""
    groups: dict[object, list[Due]] = {}
    summaries = app.summaries.run(now) if app.summaries else None
    for due in waiting:
        groups.setdefault((due.period.day, due.since, due.seen_after), []).append(due)
    for group in groups.values():
        yield digest_of(app, group[0], now, summaries), group
