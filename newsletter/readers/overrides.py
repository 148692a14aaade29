"""What readers of the subscribers' file changed on the web: it wins over the file, until the file has it too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from newsletter.database import Database, Moment, Words, chunks, insert_or_replace
from newsletter.models import Cadence, Subscriber
from newsletter.readers.changes import count, number_of

FIELDS: Final = ("paused_until", "cadence", "send_at", "timezone", "exclude")
"""What they may change."""
_WHEN: Final = frozenset({"cadence", "send_at", "timezone"})
PAGE: Final = 500
_KIND: Final = "overrides"

overrides = sa.Table(
    "overrides",
    sa.MetaData(),
    sa.Column("subscriber", Words, primary_key=True),
    sa.Column("record", Words, nullable=False),
    sa.Column("moved", sa.Boolean, nullable=False),
    sa.Column("at", Moment, nullable=False),
)


class _Changed(msgspec.Struct, omit_defaults=True):
    """A field that is unset is as the file has it; `paused_until: null` takes back a pause of the file's."""

    paused_until: date | msgspec.UnsetType | None = msgspec.UNSET
    cadence: Cadence | msgspec.UnsetType = msgspec.UNSET
    send_at: time | msgspec.UnsetType = msgspec.UNSET
    timezone: str | msgspec.UnsetType = msgspec.UNSET
    exclude: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET


Changed = Mapping[str, Any]
"""Per field of a Subscriber, one of FIELDS, its value."""


class Overrides:
    """Per subscriber (by key) the fields that they changed, in the ledger's database."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def change(self, subscriber: str, at: datetime, changed: Changed) -> None:
        """Keeps these fields, beside others that were changed before. Durable when it returns."""
        with self._db.write() as connection:
            known = connection.execute(_SELECT.where(overrides.c.subscriber == subscriber).with_for_update()).first()
            now = {**(_values(known.record) if known else {}), **changed}
            row = {"subscriber": subscriber, "record": _record(now), "moved": moves(now), "at": at}
            insert_or_replace(connection, overrides, row)
            count(connection, _KIND)

    def of(self, subscribers: Sequence[str]) -> dict[str, Changed]:
        """What these subscribers changed; only those who changed something."""
        found: dict[str, Changed] = {}
        with self._db.read() as connection:
            for some in chunks(subscribers):
                rows = connection.execute(_SELECT.where(overrides.c.subscriber.in_(some)))
                found |= {row.subscriber: _values(row.record) for row in rows}
        return found

    def each(self) -> Iterator[tuple[str, Changed]]:
        """Who changed something, by key, and what."""
        for page in self._pages(sa.true()):
            yield from page

    def moved(self) -> Iterator[list[tuple[str, Changed]]]:
        """Who changed when they read, some hundreds at a time."""
        return self._pages(overrides.c.moved)

    def _pages(self, wanted: sa.ColumnElement[bool]) -> Iterator[list[tuple[str, Changed]]]:
        query, last = _SELECT.where(wanted).order_by(overrides.c.subscriber).limit(PAGE), ""
        while True:
            with self._db.read() as connection:
                rows = connection.execute(query.where(overrides.c.subscriber > last)).all()
            if rows:
                yield [(row.subscriber, _values(row.record)) for row in rows]
            if len(rows) < PAGE:
                return
            last = rows[-1].subscriber

    def forget(self, subscribers: Sequence[str]) -> int:
        """Removes what these changed, as it stands in the file now, or they have left; says of how many."""
        with self._db.write() as connection:
            gone = sum(
                connection.execute(overrides.delete().where(overrides.c.subscriber.in_(some))).rowcount
                for some in chunks(subscribers)
            )
            if gone:
                count(connection, _KIND)
        return gone

    def version(self) -> int:
        """Grows with every change."""
        with self._db.read() as connection:
            return number_of(connection, _KIND)


_SELECT: Final = sa.select(overrides.c.subscriber, overrides.c.record)


def moves(changed: Changed) -> bool:
    """Whether this changes when they read."""
    return not _WHEN.isdisjoint(changed)


def _record(changed: Changed) -> str:
    return msgspec.json.encode(_Changed(**changed)).decode()


def _values(record: str) -> dict[str, Any]:
    read = msgspec.json.decode(record, type=_Changed)
    return {name: value for name in FIELDS if (value := getattr(read, name)) is not msgspec.UNSET}


def overridden(subscriber: Subscriber, changed: Changed) -> Subscriber:
    """The subscriber of the file as they changed themselves."""
    return replace(subscriber, **changed) if changed else subscriber
