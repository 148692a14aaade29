"""What a subscriber's rows of all time say of where the next edition starts: one row of each is read, however many there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from newsletter.database import Words, collected, each
from newsletter.ledger.schema import deliveries
from newsletter.ledger.values import History

COUNTED = ("submitted", "submitting", "uncertain", "pending")  # rows whose papers the reader has, or may get


class Histories:
    """The statement, built once. Most readers have the same history: the database puts them together."""

    def __init__(self, *, shared: bool) -> None:
        who, one = each("who", Words(), shared=shared), deliveries.alias("one")
        d = one.c
        newest = d.day.desc()

        def found(subscriber: Any, column: sa.Column[Any], order: Any, *where: sa.ColumnElement[bool]) -> Any:
            mine = sa.select(column).where(d.subscriber == subscriber, *where).order_by(order).limit(1)
            return mine.correlate_except(one).scalar_subquery()

        before = d.day < sa.bindparam("before", type_=sa.Date), d.occasion.in_(sa.bindparam("counted", expanding=True))
        got = *before, d.state.in_(COUNTED), d.cut_off_at.isnot(None)
        each_one = sa.select(
            who.c.value.label("subscriber"),
            found(who.c.value, d.day, newest, d.occasion == sa.bindparam("occasion")).label("planned"),
            found(who.c.value, d.cut_off_day, newest, *got).label("cut_off_day"),
            found(who.c.value, d.cut_off_at, newest, *got).label("cut_off_at"),
        ).cte("each_one")
        each_one = each_one.prefix_with("MATERIALIZED")  # else each mention of a column would look again
        in_vain = found(each_one.c.subscriber, d.since, d.day, *before, d.state.not_in(COUNTED))
        told = (
            *(each_one.c.planned, each_one.c.cut_off_day, each_one.c.cut_off_at),
            sa.case((each_one.c.cut_off_at.is_(None), in_vain)).label("tried"),
        )
        whose = collected(each_one.c.subscriber, shared=shared)
        self._each = sa.select(*told, whose).group_by(*(sa.literal_column(str(n + 1)) for n in range(len(told))))

    def of(
        self, connection: sa.Connection, occasion: str, counted: Sequence[str], before: Mapping[str, date]
    ) -> Iterator[tuple[History, list[str]]]:
        """Each history with whose it is."""
        for day, who in _by_day(before).items():
            told = {"who": who, "before": day, "occasion": occasion, "counted": list(counted)}
            for planned, last_day, last_at, tried, whose in connection.execute(self._each, told):
                yield History(planned, (last_day, last_at) if last_at else None, tried), whose


def _by_day(before: Mapping[str, date]) -> dict[date, list[str]]:
    """Mostly there are one or two."""
    who: dict[date, list[str]] = {}
    for subscriber, day in before.items():
        who.setdefault(day, []).append(subscriber)
    return who
