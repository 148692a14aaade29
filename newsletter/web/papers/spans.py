"""Days, weeks and months as addresses name them: `2026-03-03`, `2026-W10`, `2026-03`. No I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal, TypeAlias

from newsletter.models import Period

Kind: TypeAlias = Literal["day", "week", "month"]
KINDS: Final[tuple[Kind, ...]] = ("day", "week", "month")
_NAME: Final = re.compile(r"((?:19|20|21)\d\d)-(?:W(\d\d)|(\d\d)(?:-(\d\d))?)", re.ASCII)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """The days of a page."""

    kind: Kind
    first: date
    last: date

    @property
    def name(self) -> str:
        year, week, _ = self.first.isocalendar()
        return {"day": self.first.isoformat(), "week": f"{year}-W{week:02}", "month": f"{self.first:%Y-%m}"}[self.kind]

    @property
    def period(self) -> Period:
        return Period(self.name, self.first, self.first)


def span(name: str) -> Span | None:
    """The span of that name; None where there is none."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    year, week, month, day = (int(part) if part else 0 for part in found.groups())
    try:
        if found[2]:
            return around("week", date.fromisocalendar(year, week, 1))
        return around("day" if found[4] else "month", date(year, month, day if found[4] else 1))
    except ValueError:
        return None


def around(kind: Kind, day: date) -> Span:
    """The day, or its week (from Monday, ISO 8601), or its month."""
    match kind:
        case "day":
            return Span("day", day, day)
        case "week":
            monday = day - day.weekday() * _DAY
            return Span("week", monday, monday + 6 * _DAY)
        case "month":
            first = day.replace(day=1)
            return Span("month", first, (first + 31 * _DAY).replace(day=1) - _DAY)
