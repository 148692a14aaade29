"""What web addresses last answered, so that one only has to say that nothing has changed."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.database import Database, Moment, Words, insert_or_replace

FORGOTTEN_AFTER = timedelta(days=90)
"""An answer that nobody asked for in this time is of a source that was given up."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The last answer of an address."""

    body: bytes = field(repr=False)
    etag: str
    """As it was sent, with its quotes; empty where there was none. So is `last_modified`."""
    last_modified: str
    fetched_at: datetime
    """When it was last known to be the address's answer (UTC)."""
    content_type: str = ""
    """As it was sent with the body, with the character set."""


def answers_table(tables: sa.MetaData) -> sa.Table:
    """The table of `Answers`, for the store that has them."""
    return sa.Table(
        "answers",
        tables,
        sa.Column("address", Words, primary_key=True),  # its checksum: it may be long, and hold a key
        sa.Column("etag", Words, nullable=False),
        sa.Column("last_modified", Words, nullable=False),
        sa.Column("content_type", Words, nullable=False),
        sa.Column("fetched_at", Moment, nullable=False, index=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )


class Answers:
    """One answer for each address, the last. Losing them costs a download."""

    def __init__(self, database: Database, table: sa.Table) -> None:
        self._database, self._table = database, table

    def find(self, address: str) -> Answer | None:
        """What the address answered last; None where that was not kept, or is damaged."""
        query = sa.select(self._table).where(self._table.c.address == _key(address))
        with self._database.read() as connection:
            row = connection.execute(query).first()
        try:
            body = zlib.decompress(row.content) if row else b""
        except zlib.error:
            row = None
        return Answer(body, row.etag, row.last_modified, row.fetched_at, row.content_type) if row else None

    def keep(self, address: str, answer: Answer) -> None:
        """Keeps an answer in place of the one before, and forgets those of addresses that nobody asks any more."""
        row = {
            "address": _key(address),
            "etag": answer.etag,
            "last_modified": answer.last_modified,
            "content_type": answer.content_type,
            "fetched_at": answer.fetched_at,
            "content": zlib.compress(answer.body),
        }
        with self._database.write() as connection:
            insert_or_replace(connection, self._table, row)
            old = self._table.c.fetched_at < answer.fetched_at - FORGOTTEN_AFTER
            connection.execute(self._table.delete().where(old))


def _key(address: str) -> str:
    return hashlib.sha256(address.encode("utf-8", "replace")).hexdigest()
