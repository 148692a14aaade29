"""What the ledger knows: accounts, people, what each reader has seen. Nothing is changed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import sqlalchemy as sa

from newsletter.database import Database, chunks
from newsletter.ledger.schema import deliveries, delivery_of, is_key, readers, switches
from newsletter.ledger.values import Account, Delivery, Key, LastEdition, Person
from newsletter.models import STATES, State

_COUNTED = ("submitted", "submitting", "uncertain", "pending")  # rows whose papers the reader has, or may get


class Knowledge:
    """Questions to the ledger; each sees the latest commit."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def about(self) -> str:
        """Which database this is, and its schema's version."""
        return self._db.about()

    def host(self) -> str:
        """The machine that the database is on; empty where it is this one."""
        return self._db.host

    def risk(self) -> str:
        """Why what is recorded here could not be relied on; empty where it can be."""
        return self._db.risk()

    def account(self, occasion: str, day: date | None = None) -> Account:
        """The account of a day's deliveries; of the latest day without one."""
        d = deliveries.c
        with self._db.read() as connection:
            if day is None:
                day = connection.execute(sa.select(sa.func.max(d.day)).where(d.occasion == occasion)).scalar()
            query = (
                sa.select(d.state, d.reason, sa.func.count().label("number"))
                .where(d.day == day, d.occasion == occasion)
                .group_by(d.state, d.reason)
                .order_by(d.state, d.reason)
            )
            rows = list(connection.execute(query))
        counts: dict[State, int] = dict.fromkeys(STATES, 0)
        for row in rows:
            counts[row.state] += row.number
        reasons = {f"{row.state}: {row.reason}": row.number for row in rows if row.reason}
        return Account(day, occasion, counts, reasons)

    def people(self, occasion: str, day: date, states: Sequence[State]) -> list[Person]:
        """Who is in these states on a day, in order of subscriber."""
        d = deliveries.c
        query = sa.select(deliveries).where(d.day == day, d.occasion == occasion, d.state.in_(states))
        with self._db.read() as connection:
            rows = connection.execute(query.order_by(d.subscriber))
            return [Person(r.subscriber, r.address, r.period, r.state, r.reason, r.receipt) for r in rows]

    def last_editions(self, occasions: Sequence[str], before: Mapping[str, date]) -> dict[str, LastEdition]:
        """Per subscriber the last edition sent for a day before the given one.

        Editions that were skipped or failed do not count: what they would have shown is still to be shown.
        """
        d = deliveries.c
        found: dict[str, LastEdition] = {}
        with self._db.read() as connection:
            for some in chunks(sorted(before)):
                query = sa.select(d.subscriber, d.period, d.day, d.cut_off_day, d.cut_off_at).where(
                    d.subscriber.in_(some), d.occasion.in_(occasions), d.state.in_(_COUNTED), d.cut_off_at.isnot(None)
                )
                for row in connection.execute(query.order_by(d.day)):
                    if row.day < before[row.subscriber]:
                        found[row.subscriber] = LastEdition(row.period, row.day, row.cut_off_day, row.cut_off_at)
        return found

    def last_periods(self, occasion: str, subscribers: Sequence[str]) -> dict[str, date]:
        """Per subscriber the day of the latest delivery planned, whatever became of it."""
        d = deliveries.c
        found: dict[str, date] = {}
        with self._db.read() as connection:
            for some in chunks(subscribers):
                query = sa.select(d.subscriber, sa.func.max(d.day)).where(
                    d.subscriber.in_(some), d.occasion == occasion
                )
                found |= {row[0]: row[1] for row in connection.execute(query.group_by(d.subscriber))}
        return found

    def seen(self, occasions: Sequence[str], subscribers: Sequence[str]) -> dict[str, frozenset[str]]:
        """Per subscriber the ids of every paper shown, in all time."""
        d = deliveries.c
        found: dict[str, frozenset[str]] = {}
        with self._db.read() as connection:
            for some in chunks(subscribers):
                query = sa.select(d.subscriber, d.papers).where(
                    d.subscriber.in_(some), d.occasion.in_(occasions), d.state.in_(_COUNTED), d.papers != ""
                )
                for row in connection.execute(query):
                    found[row.subscriber] = found.get(row.subscriber, frozenset()) | frozenset(row.papers.split(" "))
        return found

    def find(self, key: Key) -> Delivery | None:
        """One delivery, whatever its state."""
        with self._db.read() as connection:
            row = connection.execute(sa.select(deliveries).where(is_key(key))).first()
        return delivery_of(row) if row else None

    def latest(self, occasion: str, subscriber: str, day: date | None) -> Delivery | None:
        """A subscriber's last edition (of that day) that was made, whatever its state."""
        d = deliveries.c
        query = sa.select(deliveries).where(d.subscriber == subscriber, d.occasion == occasion, d.content.isnot(None))
        if day is not None:
            query = query.where(d.day == day)
        with self._db.read() as connection:
            row = connection.execute(query.order_by(d.day.desc()).limit(1)).first()
        return delivery_of(row) if row else None

    def next_again(self, subscriber: str, period: str) -> str:
        """The name of the next repetition on purpose: `again-1`, `again-2`."""
        d = deliveries.c
        query = sa.select(sa.func.count()).where(
            d.subscriber == subscriber, d.period == period, d.occasion.like("again-%")
        )
        with self._db.read() as connection:
            return f"again-{connection.execute(query).scalar_one() + 1}"

    def next_attempt(self, occasion: str, only: str | None = None) -> datetime | None:
        """When the first of those who wait (or this one, by key or address) can be sent to; None if nobody waits."""
        d = deliveries.c
        here = d.occasion.like("again-%") | (d.occasion == occasion)
        query = sa.select(sa.func.min(sa.func.coalesce(d.next_attempt, d.changed_at))).where(d.state == "pending", here)
        if only is not None:
            query = query.where((d.subscriber == only) | (d.address == only))
        with self._db.read() as connection:
            found = connection.execute(query).scalar()
        return found if isinstance(found, datetime) else None

    def reader(self, reference: str) -> tuple[str, str] | None:
        """The subscriber's key and address behind the opaque name in a link."""
        query = sa.select(readers.c.subscriber, readers.c.address).where(readers.c.reference == reference)
        with self._db.read() as connection:
            row = connection.execute(query).first()
        return (row.subscriber, row.address) if row else None

    def stopped(self) -> datetime | None:
        """Since when sending is stopped, if it is."""
        with self._db.read() as connection:
            found = connection.execute(sa.select(switches.c.at).where(switches.c.name == "stopped")).scalar()
        return found if isinstance(found, datetime) else None
