"""On which days arXiv lists papers, and when those were submitted that it lists on a day. No I/O.

On each working day arXiv closes its books at 14:00 in New York and announces at 20:00 what came in until then; what
came in until Friday 14:00 it announces on Sunday. Its lists and feeds carry the next day's date. So the list of Tuesday
to Friday is that of the day before, Monday's is Friday's, and there is none on Saturday, Sunday and the day after a
holiday (arxiv-docs, help/availability.md; arXiv's own calendar of freezes, 2026-05).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

NEW_YORK: Final = ZoneInfo("America/New_York")
CLOSES: Final = time(14)
DAY: Final = timedelta(days=1)
KNOWN_UNTIL: Final = date(2026, 12, 31)
"""Holidays after it are not in the table: a list of such a day is empty then without our knowing why."""

HOLIDAYS: Final = frozenset(
    date.fromisoformat(f"{year}-{day}")
    for year, days in {
        2023: "01-16 06-14 06-19 07-04 08-17 09-04 11-23 12-25 12-27",
        2024: "01-15 05-22 06-19 07-04 09-02 10-08 11-28 12-25 12-26 12-31",
        2025: "01-01 01-20 06-19 07-04 09-01 11-27 12-25 12-30",
        2026: "01-01 01-19 06-19 07-03 09-07 11-26 12-25 12-29 12-31",
    }.items()
    for day in days.split()
)
"""Working days on which nothing is closed, and so nothing announced (arXiv's table `arXiv_holidays`, 2026-05)."""


@dataclass(frozen=True, slots=True)
class Window:
    """When the papers of a list were submitted."""

    since: datetime
    """In UTC, included."""
    until: datetime
    """In UTC, not included."""


def today(now: datetime) -> date:
    """The day of arXiv's newest list: a new one is made at midnight in New York."""
    return now.astimezone(NEW_YORK).date()


def window(day: date) -> Window | None:
    """When the papers of the list of that day were submitted; None for a day without a list."""
    closed = _closed_before(day)
    if closed is None:
        return None
    before = closed - DAY
    while not _is_working(before):
        before -= DAY
    return Window(_closing(before), _closing(closed))


def why_quiet(day: date) -> str:
    """Why arXiv has no list of that day, in words; empty where it should have one."""
    if day.weekday() >= 5:
        return f"arXiv has no list on a {day:%A}: it announces from Sunday to Thursday, at 20:00 in New York"
    if _closed_before(day) is None:
        return f"arXiv announced nothing before {day}: it had a holiday"
    return ""


def next_list(day: date) -> date:
    """The first day from that one on that has a list."""
    while window(day) is None:
        day += DAY
    return day


def _closed_before(day: date) -> date | None:
    """The working day whose submissions the list of that day holds; None for a day without a list."""
    if day.weekday() >= 5:
        return None
    closed = day - (3 * DAY if day.weekday() == 0 else DAY)
    return closed if _is_working(closed) else None


def _is_working(day: date) -> bool:
    return day.weekday() < 5 and day not in HOLIDAYS


def _closing(day: date) -> datetime:
    return datetime.combine(day, CLOSES, NEW_YORK).astimezone(UTC)
