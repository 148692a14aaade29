"""The addresses that must not be written to, and why: the reader's no, bounces, complaints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

import sqlalchemy as sa

from newsletter.database import Database, Moment, Words, chunks, insert_new
from newsletter.typed import folded

Reason: TypeAlias = Literal["unsubscribed", "bounced", "complained", "operator"]

tables = sa.MetaData()
suppressions = sa.Table(
    "suppressions",
    tables,
    sa.Column("address", Words, primary_key=True),
    sa.Column("reason", Words, nullable=False),
    sa.Column("detail", Words, nullable=False),
    sa.Column("at", Moment, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Suppression:
    """An address that must not be written to."""

    address: str
    reason: Reason
    detail: str
    at: datetime


class Suppressions:
    """The list, in the ledger's database."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, address: str, reason: Reason, at: datetime, detail: str = "") -> bool:
        """Suppresses an address for good; False if it was already. Durable when it returns."""
        with self._db.write() as connection:
            return suppress(connection, [address], reason, at, detail) == 1

    def remove(self, address: str) -> bool:
        """Lets an address be written to again; False if it was not suppressed."""
        with self._db.write() as connection:
            query = suppressions.delete().where(suppressions.c.address == folded(address))
            return bool(connection.execute(query).rowcount)

    def all(self) -> list[Suppression]:
        """Every suppression, by address."""
        with self._db.read() as connection:
            rows = connection.execute(sa.select(suppressions).order_by(suppressions.c.address))
            return [Suppression(row.address, row.reason, row.detail, row.at) for row in rows]

    def find(self, address: str) -> Suppression | None:
        """Why this address must not be written to, if so."""
        with self._db.read() as connection:
            query = sa.select(suppressions).where(suppressions.c.address == folded(address))
            row = connection.execute(query).first()
        return Suppression(row.address, row.reason, row.detail, row.at) if row else None


def suppress(
    connection: sa.Connection, addresses: Iterable[str], reason: Reason, at: datetime, detail: str = ""
) -> int:
    """Suppresses addresses within a transaction of the caller's; the first reason stays."""
    rows = [{"address": folded(a), "reason": reason, "detail": detail[:500], "at": at} for a in addresses]
    return insert_new(connection, suppressions, rows)


def suppressed_among(connection: sa.Connection, addresses: Sequence[str]) -> set[str]:
    """Those of these addresses (folded) that must not be written to."""
    wanted = sorted({folded(address) for address in addresses})
    found: set[str] = set()
    for some in chunks(wanted):
        query = sa.select(suppressions.c.address).where(suppressions.c.address.in_(some))
        found |= set(connection.execute(query).scalars())
    return found
