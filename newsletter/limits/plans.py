"""How a new sender begins: at most so many messages on each day, and who goes today. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Final, TypeVar

from newsletter.limits.reading import fields_of, stop_at, texts_of
from newsletter.typed import integer, listed, quoted
from newsletter.yamltext import Fault, Value

LONGEST: Final = 366
"""Days of a plan."""
MOST: Final = 10_000_000
"""Messages a day; nobody has to begin with more."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Plan:
    """At most so many messages on each day since the first one, of all and of families; no limit after the last."""

    name: str
    days: tuple[int, ...]
    families: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Today:
    """What a plan allows on a day."""

    day: int
    """1: the day of the first message, also before there is one."""
    most: int | None
    """None: the plan is over."""
    families: Mapping[str, int]
    until: datetime
    """When the next day begins."""


def plan(text: str, name: str, known: Iterable[str]) -> Plan:
    """Reads a plan, with lists for `known` families. Raises SettingsError with every fault, with its line."""
    faults: list[Fault] = []
    lists: dict[str, tuple[int, ...]] = {}
    allowed = ["days", *sorted(known)]
    for key, (at, value) in fields_of(text, faults).items():
        if key not in allowed:
            faults.append(Fault(at.line, at.column, f"{quoted(key)} is not {listed(allowed)}"))
        lists[key] = tuple(_numbers(key, value, faults))
    if not lists.get("days"):
        faults.append(Fault(1, 1, "it has no `days`; write `days: [50, 100, 200]`: at most so many on each day"))
    stop_at(faults, name)
    return Plan(name, lists.pop("days"), lists)


def _numbers(key: str, value: Value, faults: list[Fault]) -> Iterator[int]:
    texts = texts_of(value)
    if not texts or len(texts) > LONGEST:
        faults.append(Fault(value.line, value.column, f"{key}: expected a list of 1 to {LONGEST} numbers"))
    for one in texts:
        try:
            yield integer(1, MOST)(one.text)
        except ValueError as error:
            faults.append(Fault(one.line, one.column, f"{key}: {error}"))


def today(plan: Plan, first: datetime | None, now: datetime) -> Today:
    """What a plan allows at a moment, after the first message of its sender was sent; days are UTC's."""
    this = now.astimezone(UTC).date()
    day = 1 if first is None else max(1, (this - first.astimezone(UTC).date()).days + 1)
    until = datetime.combine(this + timedelta(days=1), time(), UTC)
    if day > len(plan.days):
        return Today(day, None, {}, until)
    own = {name: numbers[day - 1] for name, numbers in plan.families.items() if day <= len(numbers)}
    return Today(day, plan.days[day - 1], own, until)


def room(today: Today, used: Mapping[str, int]) -> tuple[int, dict[str, int]]:
    """How many more may go on a day, of all and of families, after so many of each family; below 0: too many go already.

    Of a day without a limit nothing is to be asked.
    """
    left = (today.most or 0) - sum(used.values())
    return left, {name: most - used.get(name, 0) for name, most in today.families.items()}


def chosen(waiting: Iterable[tuple[T, str]], left: int, of: Mapping[str, int]) -> list[T]:
    """The first of those who wait, each with its family, for whom there is room; no further is looked than needed."""
    found: list[T] = []
    rest = dict(of)
    for one, family in waiting if left > 0 else ():
        if rest.get(family, 1) > 0:
            found.append(one)
            if family in rest:
                rest[family] -= 1
        if len(found) == left:
            break
    return found
