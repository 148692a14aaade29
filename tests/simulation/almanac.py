"""A calendar that owes nothing to `newsletter.periods`: it walks through time and looks at the clocks. No I/O.

Moments are minutes since 1970 in UTC; every zone of today changes its clock at a quarter of an hour, by quarters.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

MINUTE: Final = timedelta(minutes=1)
QUARTER: Final = 15 * MINUTE
DAY: Final = timedelta(days=1)
BEFORE: Final = 40
"""Days before the simulation of which the appointments are known: more than a month."""
AFTER: Final = 8
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, and when."""

    email: str
    zone: str
    send_at: time
    cadence: str
    """As it is written in subscribers.yaml: `daily`, `weekdays`, `weekly friday`, `monthly`."""
    paused_until: date | None = None


@dataclass(frozen=True, slots=True)
class Appointment:
    """An edition that the calendar says."""

    at: int
    day: date
    period: str


def minutes(at: datetime) -> int:
    """A moment as minutes since 1970."""
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // MINUTE


def moment(at: int) -> datetime:
    """Minutes since 1970 as a moment."""
    return datetime.fromtimestamp(60 * at, UTC)


def shown(at: int) -> str:
    """The same for people."""
    return f"{moment(at):%Y-%m-%d %H:%M} UTC"


def wall_times(zone: str, times: Collection[time], first: date, last: date) -> Mapping[time, Mapping[date, int]]:
    """When the clocks of a zone show these times (quarters of an hour), by local day.

    Shown twice, it is the first time. Never shown, it is as long after the last time that was shown before as if the
    clock had gone on: half past two, where two o'clock is made three, is half past three.
    """
    found: dict[time, dict[date, int]] = {one: {} for one in times}
    here = ZoneInfo(zone)
    before: datetime | None = None
    beginning, end = (minutes(datetime.combine(day, time(), UTC)) for day in (first, last))
    for at in range(beginning, end, 15):
        wall = datetime.fromtimestamp(60 * at, here).replace(tzinfo=None)
        skipped = before + QUARTER if before else wall
        while before and skipped < wall:
            if skipped.time() in found:
                found[skipped.time()].setdefault(skipped.date(), at - 15 + (skipped - before) // MINUTE)
            skipped += QUARTER
        if wall.time() in found:
            found[wall.time()].setdefault(wall.date(), at)
        before = wall
    return found


def has(cadence: str, day: date) -> bool:
    """Whether there is an edition on that day."""
    if cadence == "monthly":
        return day.day == 1
    if cadence.startswith("weekly "):
        return WEEKDAYS[day.weekday()] == cadence.removeprefix("weekly ")
    return cadence == "daily" or WEEKDAYS[day.weekday()] not in ("saturday", "sunday")


def named(cadence: str, day: date) -> str:
    """What the edition of that day is called."""
    if cadence == "monthly":
        return day.strftime("%Y-%m")
    return day.strftime("%G-W%V") if cadence.startswith("weekly ") else day.strftime("%Y-%m-%d")


def appointments(readers: Sequence[Reader], first: date, days: int) -> dict[Reader, list[Appointment]]:
    """What the calendar says for each, from some weeks before the first day to a week after the last one; in order."""
    times: dict[str, set[time]] = {}
    for one in readers:
        times.setdefault(one.zone, set()).add(one.send_at)
    span = first - BEFORE * DAY, first + (days + AFTER) * DAY
    walls = {zone: wall_times(zone, some, *span) for zone, some in times.items()}
    alike: dict[tuple[str, time, str], list[Appointment]] = {}
    for one in readers:
        schedule = one.zone, one.send_at, one.cadence
        if schedule not in alike:
            alike[schedule] = [
                Appointment(at, day, named(one.cadence, day))
                for day, at in sorted(walls[one.zone][one.send_at].items())
                if has(one.cadence, day)
            ]
    return {one: alike[one.zone, one.send_at, one.cadence] for one in readers}


def kept_until(reader: Reader, said: Sequence[Appointment], number: int, planned: int) -> int:
    """Until when an edition planned at that moment is tried: to the next one; of a week or a month, five days."""
    if reader.cadence == "monthly" or reader.cadence.startswith("weekly "):
        return max(said[number].at, planned) + 5 * 24 * 60
    return max(said[number + 1].at, planned + 24 * 60)
