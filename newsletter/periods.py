"""When a subscriber's editions are due: zones, cadences, gaps. No I/O."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

from newsletter.models import Cadence, Period, Schedule, Subscriber

DAY = timedelta(days=1)
Timed: TypeAlias = Subscriber | Schedule


def due(subscriber: Timed, now: datetime, last: date | None) -> Period | None:
    """The period whose edition should go out now, if there is one.

    It is the latest period whose moment has come, unless `last` (the day of the last one planned) is it
    already; so a gap is one edition, not a flood.
    """
    day = latest_day(subscriber, now)
    return None if last is not None and last >= day else period_on(subscriber.cadence, day)


def latest_day(subscriber: Timed, now: datetime) -> date:
    """The latest local day with an edition whose moment has come."""
    # A day on, where the clock goes back over midnight: at 23:30 for the second time the next day has begun already.
    day = now.astimezone(_zone(subscriber.timezone)).date() + DAY
    # More than a day back where the clock skips the end of a day: in Nuuk 23:45 was once 00:45 of the day after.
    while not falls_on(subscriber.cadence, day) or moment(subscriber, day) > now:
        day -= DAY
    return day


def next_moment(subscriber: Timed, day: date) -> datetime:
    """The moment (UTC) of the first edition after that of a local day: until then that one stays the latest."""
    return moment(subscriber, _day_after(subscriber.cadence, day))


def period_on(cadence: Cadence, day: date) -> Period:
    """The period of an edition sent on a local day: also on a day that the cadence would not choose."""
    if cadence.kind == "weekly":
        year, week, _ = day.isocalendar()
        return Period(f"{year}-W{week:02}", day, day - 6 * DAY)
    if cadence.kind == "monthly":
        return Period(f"{day:%Y-%m}", day, _month_before(day) + DAY)
    previous = day - DAY
    while not falls_on(cadence, previous):
        previous -= DAY
    return Period(day.isoformat(), day, previous + DAY)


def falls_on(cadence: Cadence, day: date) -> bool:
    """Whether the cadence has an edition on that local day."""
    match cadence.kind:
        case "daily":
            return True
        case "weekdays":
            return day.weekday() < 5
        case "weekly":
            return day.weekday() == cadence.weekday
        case "monthly":
            return day.day == 1


def moment(subscriber: Timed, day: date) -> datetime:
    """The moment (UTC) of a local day's edition.

    A time that the clock skips in spring is an hour later; one that it shows twice in autumn is the first.
    """
    return datetime.combine(day, subscriber.send_at, _zone(subscriber.timezone)).astimezone(UTC)


def all_due(subscribers: Collection[Timed], now: datetime) -> date | None:
    """The latest day whose time has come for everybody, also for who has no edition on it; None without anybody.

    One subscriber for each time of day in each zone is enough.
    """
    day = now.date() + DAY  # where the sun rises first it may be over
    while any(moment(one, day) > now for one in subscribers):
        day -= DAY
    return day if subscribers else None


def all_due_at(subscribers: Collection[Timed], day: date) -> datetime:
    """The moment (UTC) when a day's time has come for everybody."""
    return max(moment(one, day) for one in subscribers)


def give_up_at(subscriber: Timed, day: date, now: datetime) -> datetime:
    """Until when an edition is worth retrying: the next one's moment; weekly and monthly, five days."""
    if subscriber.cadence.kind in ("weekly", "monthly"):
        return max(moment(subscriber, day), now) + 5 * DAY
    # An edition ordered for a past day (`--date`) is still given a day.
    return max(next_moment(subscriber, day), now + DAY)


def held_at_most_until(subscriber: Timed, day: date, now: datetime) -> datetime:
    """The same for an edition that is not tried meanwhile: over as soon as the next one may be planned."""
    following = next_moment(subscriber, day)
    weekly = subscriber.cadence.kind in ("weekly", "monthly")
    return give_up_at(subscriber, day, now) if weekly or following <= now else following


def _day_after(cadence: Cadence, day: date) -> date:
    """The first day after it on which the cadence has an edition."""
    day += DAY
    while not falls_on(cadence, day):
        day += DAY
    return day


@cache
def _zone(name: str) -> ZoneInfo:
    """Its own cache keeps eight zones (CPython 3.14), and the others would be read from the disk for each reader."""
    return ZoneInfo(name)


def _month_before(day: date) -> date:
    last_of_previous = day.replace(day=1) - DAY
    return last_of_previous.replace(day=min(day.day, last_of_previous.day))
