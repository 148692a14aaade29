"""Fills the archive with past days, one after the other: politely, and only with what it does not have yet."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, timedelta

from newsletter import sources
from newsletter.app import App
from newsletter.collect import collect_day
from newsletter.errors import SettingsError, SourceError
from newsletter.models import Fetched, SourceState

log = logging.getLogger("newsletter.backfill")
DAY = timedelta(days=1)
PAUSE = 1.2
"""Seconds between two days of a source on the network. Hugging Face answers 500 anonymous requests in five minutes
(hub-docs, 2026-10), and a day takes two."""
ENOUGH = 3
"""Days in a row that a source on the network may fail, each with its patience, before it is left alone."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Gap:
    """Days that a source did not give, one after the other, and why."""

    source: str
    since: date
    until: date
    why: str


@dataclass(frozen=True, slots=True)
class Backfilled:
    """What became of the days."""

    since: date
    until: date
    asked: int
    """How many days a source was asked for; the others were complete."""
    quiet: int
    """On how many of these nothing was listed."""
    new: int
    """How many listings were not in the archive before."""
    gaps: tuple[Gap, ...]
    faults: tuple[str, ...]
    """What was left out and why, one line each."""
    papers: int
    """How many papers the archive holds now."""

    @property
    def days(self) -> int:
        return (self.until - self.since).days + 1


def backfill(app: App, since: date, progress: Progress = lambda *_: None) -> Backfilled:
    """Collects the days from `since` to today, oldest first, so that a later reading of a paper is the one that stays.

    Each day is kept when it was answered: whoever interrupts this, and starts it again, goes on where it stopped.
    Raises `SettingsError` for a day to come, `SourceError` when no source answered at all.
    """
    today = app.clock().astimezone(UTC).date()
    if since > today:
        raise SettingsError(f"--since {since} is in the future; today is {today}")
    days = [since + n * DAY for n in range((today - since).days + 1)]
    rounds = [_Round(app, name, today) for name in app.settings.sources]
    progress("fetch", 0, len(days))
    for number, day in enumerate(days, 1):
        for one in rounds:
            one.ask(day)
        progress("fetch", number, len(days))
    return _summed_up(app, days, rounds)


def _summed_up(app: App, days: Sequence[date], rounds: Sequence[_Round]) -> Backfilled:
    by_day: dict[date, set[str]] = {}
    for day, state in (pair for one in rounds for pair in one.states.items()):
        by_day.setdefault(day, set()).add(state.state)
    gaps = tuple(gap for one in rounds for gap in one.gaps)
    if by_day and all(states == {"broken"} for states in by_day.values()):
        raise SourceError(
            "no source answered: " + "; ".join(dict.fromkeys(one.gaps[0].why for one in rounds if one.gaps))
        )
    faults = tuple(dict.fromkeys(fault for one in rounds for fault in one.faults))
    for fault in faults:
        log.warning("%s", fault)
    quiet = sum(states <= {"quiet", "not yet"} for states in by_day.values())
    new = sum(one.new for one in rounds)
    return Backfilled(days[0], days[-1], len(by_day), quiet, new, gaps, faults, app.archive.size())


class _Round:
    """One source, asked for one day after the other."""

    def __init__(self, app: App, name: str, last: date) -> None:
        self.states: dict[date, SourceState] = {}
        self.gaps: list[Gap] = []
        self.faults: list[str] = []
        self.new = 0
        self._app, self._name, self._last = app, name, last
        self._fetch = sources.reader(name, app.reach)
        self._is_far = bool(sources.hosts(name, app.reach))
        self._failed = 0  # days in a row

    def ask(self, day: date) -> None:
        """Asks for a day, unless the archive has it, or the source has no past."""
        if day != self._last and not sources.has_past(self._name):
            return
        if self._app.archive.is_complete(day, [self._name]):
            return
        if self._is_far and self._failed == ENOUGH:
            self._miss(day, f"not asked: it failed on {ENOUGH} days in a row")
            return
        if self._is_far and self.states:
            self._app.reach.patience.sleep(PAUSE)
        self._collect(day)

    def _collect(self, day: date) -> None:
        archive, now = self._app.archive, self._app.clock()
        state, new, faults = collect_day(self._name, self._read, day, self._last, archive, now)
        archive.note_collection(day, now, [state])
        self.states[day] = state
        self.new += new
        self.faults += [f"{self._name}: {fault}" for fault in faults]
        self._failed = self._failed + 1 if state.state == "broken" else 0
        if state.state == "broken":
            self._miss(day, state.detail)

    def _read(self, day: date) -> Fetched:
        """What carries no date comes every day: it is kept with the last."""
        fetched = self._fetch(day)
        if day == self._last:
            return fetched
        return replace(fetched, listings=tuple(listing for listing in fetched.listings if listing.day))

    def _miss(self, day: date, why: str) -> None:
        before = self.gaps[-1] if self.gaps else None
        if before and (before.until, before.why) == (day - DAY, why):
            self.gaps[-1] = replace(before, until=day)
        else:
            self.gaps.append(Gap(self._name, day, day, why))
