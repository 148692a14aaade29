"""What a subscriber's rows of all time say of where the next edition starts: one row of each is read, however many there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from newsletter.database import Words, each
from newsletter.ledger.schema import deliveries
from newsletter.ledger.statements import by_key
from newsletter.ledger.values import LastEdition

COUNTED = ("submitted", "submitting", "uncertain", "pending")  # rows whose papers the reader has, or may get


class Histories:
    """The statements, built once."""

    def __init__(self, *, shared: bool) -> None:
        d, one = deliveries.c, deliveries.alias("one")
        who = each("who", Words(), shared=shared)
        mine = one.c.subscriber == who.c.value
        before = one.c.day < sa.bindparam("before", type_=sa.Date)
        newest = one.c.day.desc()

        def found(column: sa.Column[Any], order: sa.ColumnElement[Any], *where: sa.ColumnElement[bool]) -> Any:
            return sa.select(column).where(mine, *where).order_by(order).limit(1).correlate(who).scalar_subquery()

        latest = found(one.c.period, newest, before, *_sent(one.c))
        self._last_editions = (
            sa.select(d.subscriber, d.period, d.day, d.cut_off_day, d.cut_off_at)
            .select_from(who)
            .join(deliveries, (d.subscriber == who.c.value) & (d.period == latest))
            .where(*_sent(d))
        )
        failed = _of_occasions(one.c), by_key(one.c.state).not_in(COUNTED)
        self._first_tries = sa.select(who.c.value, found(one.c.since, one.c.day, before, *failed))
        self._last_periods = sa.select(who.c.value, found(one.c.day, newest, _of_occasions(one.c)))

    def last_editions(
        self, connection: sa.Connection, occasions: Sequence[str], before: Mapping[str, date]
    ) -> dict[str, LastEdition]:
        found: dict[str, LastEdition] = {}
        for told in _by_day(occasions, before):
            found |= {row[0]: LastEdition(*row[1:]) for row in connection.execute(self._last_editions, told)}
        return found

    def first_tries(
        self, connection: sa.Connection, occasions: Sequence[str], before: Mapping[str, date]
    ) -> dict[str, date]:
        found: dict[str, date] = {}
        for told in _by_day(occasions, before):
            found |= {row[0]: row[1] for row in connection.execute(self._first_tries, told) if row[1]}
        return found

    def last_periods(self, connection: sa.Connection, occasion: str, subscribers: Sequence[str]) -> dict[str, date]:
        told = {"who": list(subscribers), "occasions": [occasion]}
        return {row[0]: row[1] for row in connection.execute(self._last_periods, told) if row[1]}


def _by_day(occasions: Sequence[str], before: Mapping[str, date]) -> list[dict[str, Any]]:
    """The values of a statement for each day: mostly there are one or two."""
    who: dict[date, list[str]] = {}
    for subscriber, day in before.items():
        who.setdefault(day, []).append(subscriber)
    return [{"who": some, "before": day, "occasions": list(occasions)} for day, some in who.items()]


def _of_occasions(d: Any) -> sa.ColumnElement[bool]:
    wanted: sa.ColumnElement[bool] = d.occasion.in_(sa.bindparam("occasions", expanding=True))
    return wanted


def _sent(d: Any) -> tuple[sa.ColumnElement[bool], ...]:
    return _of_occasions(d), by_key(d.state).in_(COUNTED), d.cut_off_at.isnot(None)
