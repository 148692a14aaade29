"""The addresses that must not be written to, and why: the reader's no, bounces, complaints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from newsletter.database import Database, Moment, Words, chunks, insert_new, one_of
from newsletter.database.prepared import Prepared
from newsletter.models import SuppressedFor, Suppression
from newsletter.typed import folded

THEIR_NO: Final[tuple[SuppressedFor, ...]] = ("unsubscribed", "complained")
"""What readers said themselves, the stronger last: it takes the place of any other reason, and only they take it back."""
PAGE: Final = 1000

tables = sa.MetaData()
suppressions = sa.Table(
    "suppressions",
    tables,
    sa.Column("address", Words, primary_key=True),
    sa.Column("reason", Words, nullable=False),
    sa.Column("detail", Words, nullable=False),
    sa.Column("at", Moment, nullable=False),
)


class Suppressions:
    """The list, in the ledger's database."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, address: str, reason: SuppressedFor, at: datetime, detail: str = "") -> bool:
        """Suppresses an address for good; False if it was already. Durable when it returns."""
        return self.add_all([Suppression(address, reason, detail, at)]) == 1

    def add_all(self, found: Sequence[Suppression]) -> int:
        """Suppresses these addresses in one transaction; returns how many were not there."""
        with self._db.write() as connection:
            return suppress(connection, found)

    def remove(self, address: str, *, they_asked: bool = False) -> bool:
        """Lets an address be written to again; False if nothing was removed.

        What its reader said themselves is only removed if they have `asked` for it.
        """
        query = suppressions.delete().where(suppressions.c.address == folded(address))
        if not they_asked:
            query = query.where(suppressions.c.reason.notin_(THEIR_NO))
        with self._db.write() as connection:
            return bool(connection.execute(query).rowcount)

    def all(self) -> list[Suppression]:
        """Every suppression, by address."""
        return list(self.each())

    def each(self) -> Iterator[Suppression]:
        """Every suppression, by address, read page by page."""
        query, last = sa.select(suppressions).order_by(suppressions.c.address).limit(PAGE), ""
        while True:
            with self._db.read() as connection:
                page = connection.execute(query.where(suppressions.c.address > last)).all()
            yield from map(_suppression, page)
            if len(page) < PAGE:
                return
            last = page[-1].address

    def counts(self) -> dict[SuppressedFor, int]:
        """How many there are of each reason."""
        query = sa.select(suppressions.c.reason, sa.func.count()).group_by(suppressions.c.reason)
        with self._db.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def find(self, address: str) -> Suppression | None:
        """Why this address must not be written to, if so."""
        with self._db.read() as connection:
            query = sa.select(suppressions).where(suppressions.c.address == folded(address))
            row = connection.execute(query).first()
        return _suppression(row) if row else None

    def among(self, addresses: Sequence[str]) -> dict[str, Suppression]:
        """Those of these addresses (folded) that must not be written to, and why."""
        found: dict[str, Suppression] = {}
        with self._db.read() as connection:
            for some in chunks(addresses):
                query = sa.select(suppressions).where(suppressions.c.address.in_(some))
                found |= {row.address: _suppression(row) for row in connection.execute(query)}
        return found


def _suppression(row: Any) -> Suppression:
    return Suppression(row.address, row.reason, row.detail, row.at)


def suppress(connection: sa.Connection, found: Sequence[Suppression]) -> int:
    """Suppresses addresses within a transaction of the caller's; returns how many were not there.

    The first reason stays, but for one that the readers themselves have given since, and a complaint stays in any
    case: so it is the same reason, in whatever order they come to us.
    """
    rows = [
        {"address": folded(one.address), "reason": one.reason, "detail": one.detail[:500], "at": one.at}
        for one in found
    ]
    new = insert_new(connection, suppressions, rows)
    for row in rows if new < len(rows) else ():
        if row["reason"] in THEIR_NO:
            kept = THEIR_NO[THEIR_NO.index(row["reason"]) :]
            weaker = (suppressions.c.address == row["address"]) & suppressions.c.reason.notin_(kept)
            connection.execute(suppressions.update().where(weaker).values(row))
    return new


def suppressed_among(connection: sa.Connection, addresses: Sequence[str]) -> set[str]:
    """Those of these addresses (folded) that must not be written to."""
    return set(reasons_among(connection, addresses))


def reasons_among(connection: sa.Connection, addresses: Sequence[str]) -> dict[str, SuppressedFor]:
    """Why those of these addresses (folded) must not be written to that must not."""
    wanted = sorted({folded(address) for address in addresses})
    if not wanted:
        return {}
    among = _AMONG[connection.dialect.name == "postgresql"]
    return {row[0]: row[1] for row in among.rows(connection, {"addresses": wanted})}


# Each round of sending asks it.
_AMONG: Final = {
    shared: Prepared(
        sa.select(suppressions.c.address, suppressions.c.reason).where(
            one_of(suppressions.c.address, "addresses", shared=shared)
        )
    )
    for shared in (False, True)
}
