"""Where a test's stores are, and statements by which it does what no method of theirs does."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from newsletter.ledger import Delivery, Ledger

SCHEMAS = {"newsletter": "newsletter", "archive": "newsletter_archive"}


@dataclass(frozen=True)
class Stores:
    """The stores `newsletter` and `archive`: two files of a folder, or two schemas of a PostgreSQL database."""

    kind: str
    """`sqlite` or `postgresql`."""
    url: Callable[[str], str]
    """The URL of a store, by its name."""

    def execute(self, name: str, *statements: str) -> list[tuple[Any, ...]]:
        """What the last of these statements returns."""
        engine = sa.create_engine(self.url(name).replace("postgresql:", "postgresql+psycopg:"))
        with closing(engine.raw_connection()) as connection:
            cursor = connection.cursor()
            if self.kind == "postgresql":
                cursor.execute(f"SET search_path TO {SCHEMAS[name]}")
            for statement in statements:
                cursor.execute(statement)
            rows = list(cursor.fetchall()) if cursor.description else []
            connection.commit()
        engine.dispose()
        return rows

    def of_first_schema(self, name: str, script: str) -> None:
        """Makes a store as SQLite's first schema was, with what the script puts into it."""
        if self.kind == "postgresql":
            script = script.replace(" DATETIME", " TIMESTAMPTZ").replace(" BLOB", " BYTEA")
            self.execute(name, f"CREATE SCHEMA {SCHEMAS[name]}", *filter(str.strip, script.split(";")))
            return
        with closing(sqlite3.connect(self.url(name).removeprefix("sqlite:///"))) as connection:
            connection.executescript(script)


@contextmanager
def unsynced() -> Iterator[None]:
    """In this process SQLite does not wait for the disk.

    Who is killed has left its commits to the machine, which lives on: only one that loses its power would lose them.
    """

    def off(connection: Any, *_: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous = OFF")

    sa.event.listen(sa.pool.Pool, "checkout", off)
    try:
        yield
    finally:
        sa.event.remove(sa.pool.Pool, "checkout", off)


def in_folder(folder: Path) -> Stores:
    return Stores("sqlite", lambda name: f"sqlite:///{folder}/{name}.db")


def in_database(url: str) -> Stores:
    return Stores("postgresql", lambda name: url)


def waiting(ledger: Ledger, at: datetime, occasion: str) -> list[Delivery]:
    """The deliveries that can be sent now, in order of day and subscriber."""
    agenda = ledger.agenda(at, occasion)
    keys = [key for one in agenda for key in ledger.waiting(at, one.occasion, one.day)]
    assert len(keys) == sum(one.number for one in agenda)
    return [found for key in keys if (found := ledger.find(key))]
