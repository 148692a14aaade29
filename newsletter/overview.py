"""How everything stands, in numbers without addresses: accounts, sources, alarms, sign-ups, suppressions, answers."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from threading import Lock
from typing import Final, Literal, TypeAlias

from newsletter.alarms import Alarm
from newsletter.app import App
from newsletter.archive import Collection
from newsletter.ledger import Account
from newsletter.models import State, SuppressedFor
from newsletter.readers.consents import What
from newsletter.watch import standing

DAYS: Final = 14
WEEKS: Final = 8
KEPT_FOR: Final = 10.0
"""Seconds. Counting a day of millions takes longer than that: so what was counted is kept at least for ..."""
SHARE: Final = 20
"""... so many times as long as counting it took: a twentieth of a processor is the most that looking costs."""
SETTLED_FOR: Final = timedelta(hours=1)
"""How long the account of a day is believed that has no open delivery and is not the latest."""
SLOW: Final = timedelta(minutes=1)
"""What was said so long ago has been committed, and everything with a lower number too."""
A_WEEK: Final = timedelta(days=7)

Answer: TypeAlias = Literal["accepted", "later", "refused", "silent", "other"]
ANSWERS: Final[tuple[Answer, ...]] = ("accepted", "later", "refused", "silent", "other")
_OPEN: Final[tuple[State, ...]] = ("pending", "submitting", "uncertain")
_CODE = re.compile(r"\b([45])\d\d\b")


@dataclass(frozen=True, slots=True)
class Week:
    """What was said from one Monday to the next (UTC)."""

    monday: date
    asked: int = 0
    confirmed: int = 0
    imported: int = 0
    gone: int = 0
    """Unsubscribed or erased."""


@dataclass(frozen=True, slots=True)
class Overview:
    """How everything stood at a moment."""

    at: datetime
    account: Account
    """Of the latest day that has deliveries."""
    days: Mapping[date, Mapping[State, int]]
    """The latest first."""
    answers: Mapping[Answer, int]
    """What the provider said on that latest day."""
    sources: tuple[Collection, ...]
    alarms: tuple[Alarm, ...]
    stopped: datetime | None
    readers: tuple[int, int]
    """In the files, and signed up."""
    weeks: tuple[Week, ...]
    """The latest first."""
    suppressed: Mapping[SuppressedFor, int]


class Counting:
    """Counts, and keeps what was counted for a while: who looks again and again costs no more."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._lock = Lock()
        self._known: Overview | None = None
        self._until = 0.0
        self._settled: dict[date, tuple[datetime, Mapping[State, int]]] = {}
        self._joined = Joined(app)

    def overview(self) -> Overview:
        """How everything stands, or stood some seconds ago. Raises StoreError where a store cannot be asked."""
        with self._lock:
            began = time.monotonic()
            if self._known is None or began >= self._until:
                self._known = self._counted(self._app.clock())
                took = time.monotonic() - began
                self._until = began + took + max(KEPT_FOR, SHARE * took)
            return self._known

    def _counted(self, now: datetime) -> Overview:
        app = self._app
        account = app.ledger.account(app.occasion)
        sources = [one for one in app.archive.last_collections() if one.state.source in app.settings.sources]
        return Overview(
            at=now,
            account=account,
            days=self._days(account, now),
            answers=answers(account),
            sources=tuple(sources),
            alarms=standing(app, now),
            stopped=app.ledger.stopped(),
            readers=(len(app.roster().file), app.signups.number()),
            weeks=self._joined.weeks(now),
            suppressed=app.suppressions.counts(),
        )

    def _days(self, account: Account, now: datetime) -> dict[date, Mapping[State, int]]:
        """The accounts of the latest days; of those that are over and settled as they were last counted."""
        days = self._app.ledger.latest_days(self._app.occasion, DAYS)
        self._settled = {day: kept for day, kept in self._settled.items() if now - kept[0] < SETTLED_FOR}
        found: dict[date, Mapping[State, int]] = {}
        for day in days:
            known = self._settled.get(day)
            found[day] = known[1] if known else self._day(account, day)
            if known is None and day != account.day and not any(found[day][state] for state in _OPEN):
                self._settled[day] = now, found[day]
        return found

    def _day(self, account: Account, day: date) -> Mapping[State, int]:
        return account.counts if day == account.day else self._app.ledger.tally(self._app.occasion, day)


class Joined:
    """Counts on from where it last ended: of millions that agreed once, only what is new is looked at again."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._last = 0
        self._found: Counter[tuple[datetime, What]] = Counter()

    def weeks(self, now: datetime) -> tuple[Week, ...]:
        """This week and those before it."""
        starts = [*_mondays(now)]
        last = self._app.consents.latest(now - SLOW)
        if last > self._last:
            self._found.update(self._app.consents.counts(self._last, last, starts))
            self._last = last
        self._found = Counter({key: number for key, number in self._found.items() if key[0] >= starts[0]})
        return tuple(self._week(start) for start in reversed(starts))

    def _week(self, start: datetime) -> Week:
        def times(*what: What) -> int:
            return sum(self._found[start, one] for one in what)

        return Week(start.date(), times("asked"), times("confirmed"), times("imported"), times("withdrawn", "erased"))


def _mondays(now: datetime) -> Iterator[datetime]:
    """When these weeks begin (UTC), the earliest first."""
    monday = datetime.combine(now.date() - timedelta(days=now.weekday()), clock_time(), UTC)
    return (monday - n * A_WEEK for n in reversed(range(WEEKS)))


def answers(account: Account) -> dict[Answer, int]:
    """What providers said, from the reasons of an account: of what was skipped nobody was asked."""
    found: Counter[Answer] = Counter()
    found["accepted"] = account.counts["submitted"]
    for told, number in account.reasons.items():
        state, _, reason = told.partition(": ")
        if state != "skipped":
            found[_answer(state, reason)] += number
    return {one: found[one] for one in ANSWERS}


def _answer(state: str, reason: str) -> Answer:
    """A refusal and a wish to be asked again have a number that begins so (RFC 5321, section 4.2.1; RFC 9110, section 15)."""
    if state == "uncertain" or reason.startswith("in doubt"):
        return "silent"
    code = _CODE.search(reason)
    if code is None:
        return "other"
    return "later" if state == "pending" or (code[1] == "4" and "superseded" in reason) else "refused"
