"""What came back by mail: editions that did not arrive, by address and day, and how much of each kind was read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import sqlalchemy as sa

from newsletter.database import Database, Moment, Words, chunks, insert_new
from newsletter.models import Suppression
from newsletter.readers.suppressions import suppress
from newsletter.typed import folded

REMEMBERED: Final = timedelta(days=60)
"""After that an edition that did not arrive is forgotten, and what was counted of its day."""

tables = sa.MetaData()
returned = sa.Table(
    "returned",
    tables,
    sa.Column("address", Words, primary_key=True),  # folded
    sa.Column("day", sa.Date, primary_key=True),  # of the edition: the same report again is the same row
    sa.Column("at", Moment, nullable=False),
    sa.Column("said", Words, nullable=False),
)
sa.Index("returned_by_day", returned.c.day)
mail_read = sa.Table(
    "mail_read",
    tables,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("kind", Words, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Returned:
    """An edition that did not arrive."""

    address: str
    day: date
    """Of the edition."""
    at: datetime
    said: str


class Bounces:
    """In the ledger's database, beside the suppressions that follow."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def record(
        self,
        final: Sequence[Suppression],
        soft: Sequence[Returned],
        read: Mapping[str, int],
        worn_out: Callable[[Sequence[date]], bool],
        at: datetime,
    ) -> list[str]:
        """Writes what was read, in one transaction, durable when it returns; says who is suppressed by it and was not.

        `final` suppresses; of `soft` it is `worn_out` that says, of the days whose editions came back, whether it is
        enough. `read` counts mails by kind.
        """
        with self._db.write() as connection:
            before = at.date() - REMEMBERED
            connection.execute(returned.delete().where(returned.c.day < before))
            connection.execute(mail_read.delete().where(mail_read.c.day < before))
            for kind, number in sorted(read.items()):
                _count(connection, at.date(), kind, number)
            given_up = self._given_up(connection, soft, worn_out, at)
            return [one.address for one in (*final, *given_up) if suppress(connection, [one])]

    @staticmethod
    def _given_up(
        connection: sa.Connection, soft: Sequence[Returned], worn_out: Callable[[Sequence[date]], bool], at: datetime
    ) -> list[Suppression]:
        last = {folded(one.address): one.said for one in soft}
        rows = [{"address": folded(o.address), "day": o.day, "at": o.at, "said": o.said[:500]} for o in soft]
        insert_new(connection, returned, rows)
        days = _days(connection, sorted(last))
        tired = [address for address in sorted(days) if worn_out(days[address])]
        for some in chunks(tired):  # who is written to again, by the operator's word, begins anew
            connection.execute(returned.delete().where(returned.c.address.in_(some)))
        told = {one: f"mail: {len(days[one])} editions came back since {min(days[one])}: {last[one]}" for one in tired}
        return [Suppression(one, "bounced", told[one], at) for one in tired]

    def forget(self, address: str) -> None:
        """Removes what is kept of an address."""
        with self._db.write() as connection:
            connection.execute(returned.delete().where(returned.c.address == folded(address)))

    def all(self) -> list[Returned]:
        """Every edition that came back lately and did not suffice to give its address up, by address and day."""
        query = sa.select(returned).order_by(returned.c.address, returned.c.day)
        with self._db.read() as connection:
            return [Returned(row.address, row.day, row.at, row.said) for row in connection.execute(query)]

    def read_since(self, day: date) -> dict[str, int]:
        """How many mails of each kind were read since that day."""
        number = sa.func.sum(mail_read.c.number)
        query = sa.select(mail_read.c.kind, number).where(mail_read.c.day >= day).group_by(mail_read.c.kind)
        with self._db.read() as connection:
            return {kind: int(found) for kind, found in connection.execute(query)}


def _count(connection: sa.Connection, day: date, kind: str, number: int) -> None:
    insert_new(connection, mail_read, [{"day": day, "kind": kind, "number": 0}])
    mine = (mail_read.c.day == day) & (mail_read.c.kind == kind)
    connection.execute(mail_read.update().where(mine).values(number=mail_read.c.number + number))


def _days(connection: sa.Connection, addresses: Sequence[str]) -> dict[str, list[date]]:
    found: dict[str, list[date]] = {}
    for some in chunks(addresses):
        query = sa.select(returned.c.address, returned.c.day).where(returned.c.address.in_(some))
        for address, day in connection.execute(query):
            found.setdefault(address, []).append(day)
    return found
