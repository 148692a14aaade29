"""Takes digests: what is new since a cut-off, as one immutable snapshot for all who start from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from newsletter.app import App
from newsletter.archive import Listed
from newsletter.editing.since import WEEK, gained, last_of_its_days
from newsletter.models import Candidate, Digest, Later, Period, SourceState
from newsletter.ranking.standing import percentile
from newsletter.records import sealed
from newsletter.summaries import Run

DAY = timedelta(days=1)
CARRY_OVER = 7 * DAY


@dataclass(frozen=True, slots=True)
class Start:
    """What an edition starts from: the same for all of a period whose last edition ended at the same place."""

    period: Period
    since: date
    """The first listing day that is new to them."""
    seen_after: datetime | None
    """Listings of earlier days that we saw after this moment are new as well; None for a first edition."""
    left_out_since: date | None
    """Where the gap begins that is too long for one edition, if it is."""

    @property
    def followed_up(self) -> tuple[date, date] | None:
        """The listing days, first and last, of which this edition tells what became of their papers.

        They are those of a week before, as far as an earlier edition covered them: a daily edition's is one day, a
        weekly one's are those of last week's edition. So no day is followed up twice. None for a first edition.
        """
        if self.seen_after is None:
            return None
        return self.since - WEEK, min(self.period.day - WEEK, self.since - DAY)


def digest_of(app: App, start: Start, now: datetime, summaries: Run | None = None) -> Digest:
    """What is new since the cut-off, and the seven days before for carry-over, as it stands now."""
    listed = app.archive.window(start.since - CARRY_OVER, start.period.day)
    papers = app.archive.find(sorted({one.paper for one in listed}))
    on: dict[str, date] = {one.paper: one.day for one in listed}  # in order of day: the latest stays
    by: dict[str, set[str]] = {}
    new: set[str] = set()
    of_a_day: dict[tuple[str, date], list[str]] = {}
    for one in listed:
        by.setdefault(one.paper, set()).add(one.source)
        of_a_day.setdefault((one.source, one.day), []).append(one.paper)
        if one.day >= start.since or (start.seen_after is not None and one.seen_at > start.seen_after):
            new.add(one.paper)
    standing = _percentiles(of_a_day, {id_: paper.upvotes for id_, paper in papers.items()})
    candidates = [
        Candidate(paper, on[id_], id_ in new, standing[id_], tuple(sorted(by[id_]))) for id_, paper in papers.items()
    ]
    candidates.sort(key=lambda c: (-c.day.toordinal(), -c.paper.upvotes, c.paper.id))
    shown = summaries.filled(candidates) if summaries else candidates
    left_out = app.archive.count_listed(start.left_out_since, start.since - DAY) if start.left_out_since else 0
    states = _states(app, start.period.day)
    digest = Digest("", start.period.day, start.since, now, tuple(shown), states, app.note(), left_out)
    later = _later(app, start, listed, shown, now)
    return sealed(replace(digest, later=later, first=start.seen_after is None))


def _later(
    app: App, start: Start, listed: Sequence[Listed], candidates: Sequence[Candidate], now: datetime
) -> tuple[Later, ...]:
    """Which of the papers that are followed up gained something since the edition that may have shown them."""
    if start.followed_up is None:
        return ()
    first, last = start.followed_up
    then = app.archive.listing_days(sorted({one.paper for one in listed if first <= one.day <= last}))
    ids = [id_ for id_, days in then.items() if first <= last_of_its_days(days) <= last]
    # An edition of a past day (`--date`, a backtest) starts from what was known a week before that day.
    until = min(now, datetime.combine(start.period.day + DAY, time(), UTC))
    return gained(candidates, app.archive.readings(ids, until - WEEK))


def _states(app: App, day: date) -> tuple[SourceState, ...]:
    return tuple(state for state in app.archive.collected(day) if state.source in app.settings.sources)


def _percentiles(of_a_day: Mapping[tuple[str, date], Sequence[str]], upvotes: Mapping[str, int]) -> dict[str, float]:
    """Per paper the share of its day's papers with fewer upvotes, ties half; the best of its listings."""
    best: dict[str, float] = {}
    for ids in of_a_day.values():
        votes = [upvotes[id_] for id_ in ids]
        for id_, mine in zip(ids, votes, strict=True):
            best[id_] = max(best.get(id_, 0.0), percentile(mine, votes))
    return best


class Digests:
    """One digest for all who start from the same cut-off; taken once, as many of them as there are."""

    def __init__(self, app: App, now: datetime) -> None:
        self._app, self._now = app, now
        self._summaries = app.summaries.run(now) if app.summaries else None
        self._taken: dict[object, Digest] = {}

    def at(self, start: Start) -> Digest:
        """The digest of the editions that start there."""
        cut_off = start.period.day, start.since, start.seen_after
        if cut_off not in self._taken:
            self._taken[cut_off] = digest_of(self._app, start, self._now, self._summaries)
        return self._taken[cut_off]
