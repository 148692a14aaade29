"""The rations of a new sender: who of those who wait may be sent to today, decided by one process at a time.

While a sender warms up, a delivery is planned as held back and is let go when the day has room for it. Whatever else is
pending was let go, so what a day has used is counted in the ledger itself: what waits let go, is on its way, or was
handed over today. That is never more than the plan allows, however many processes and machines there are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from newsletter.database import Database
from newsletter.ledger.schema import deliveries, waits
from newsletter.ledger.statements import among, grouped, here, is_held
from newsletter.ledger.values import Key
from newsletter.ledger.verdicts import HELD
from newsletter.limits.families import OTHERS, Families
from newsletter.limits.plans import Today, chosen, room

d = deliveries.c


@dataclass(frozen=True, slots=True)
class Rationed:
    """What became of those who wait."""

    used: int
    """Messages of the day, those included that were let go just now."""
    released: int
    """Let go just now."""
    held: int
    """Who wait for another day."""


class Rations:
    """Lets go who may be sent to today."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def first(self, domain: str) -> datetime | None:
        """When the first message from a domain was taken by a provider; None if none ever was."""
        own = d.message_id.like(f"%@{domain}>")  # a domain holds no wildcard
        query = sa.select(d.changed_at).where(d.state == "submitted", d.occasion == "regular", own)
        with self._db.read() as connection:
            found = connection.execute(query.order_by(d.day, d.changed_at).limit(1)).scalar()
        return found if isinstance(found, datetime) else None

    def used(self, today: Today, occasion: str, families: Families) -> dict[str, int]:
        """How many messages of a day there are, of each family that the plan has a number for; nothing is changed."""
        with self._db.read() as connection:
            return _used(connection, today, occasion, families)

    def held(self, occasion: str) -> int:
        """How many are held back."""
        with self._db.read() as connection:
            return _number_held(connection, occasion)

    def ration(self, today: Today, at: datetime, occasion: str, families: Families) -> Rationed:
        """Lets go as many of those who are held back as a day has room for, who has waited longest for an edition first.

        Where more are let go already than the plan allows, as when it was just made, those who nobody works on are
        held back.
        """
        with self._db.write(alone=True) as connection:
            used = _used(connection, today, occasion, families)
            left, of = room(today, used)
            if left < 0:
                _hold_back(connection, -left, today, at, occasion)
                used = _used(connection, today, occasion, families)
            full = [name for name, rest in of.items() if rest <= 0]
            keys = chosen(_waiting(connection, occasion, families, full), left, of) if left > 0 else []
            _release(connection, keys, at)
            _put_off(connection, today, at, occasion)
            return Rationed(sum(used.values()) + len(keys), len(keys), _number_held(connection, occasion))

    def release_all(self, at: datetime, occasion: str) -> int:
        """Lets everybody go: there is no plan, or it is over. How many that were."""
        if not self.held(occasion):
            return 0
        with self._db.write(alone=True) as connection:
            changed = connection.execute(deliveries.update().where(_held(occasion)).values(**_free(at)))
        return int(changed.rowcount)


def _held(occasion: str) -> sa.ColumnElement[bool]:
    return sa.and_(waits, d.occasion == occasion, is_held)


def _free(at: datetime) -> dict[str, Any]:
    return {"next_attempt": None, "reason": "", "changed_at": at}


def _used(connection: sa.Connection, today: Today, occasion: str, families: Families) -> dict[str, int]:
    begin = datetime.combine(today.until.date() - timedelta(days=1), time(), UTC)
    going = (d.state == "submitting") | (waits & ~is_held)
    over = d.state.in_(("submitted", "failed", "uncertain")) & (d.attempts > 0) & (d.changed_at >= begin)
    family = _family(families, today.families).label("family")
    query = sa.select(family, sa.func.count()).where(here(occasion), going | over)
    return {str(name): int(number) for name, number in connection.execute(query.group_by(sa.literal_column("family")))}


def _family(families: Families, names: Collection[str]) -> sa.ColumnElement[str]:
    """The family of a delivery's address, of those that a plan has numbers for."""
    other: sa.ColumnElement[str] = sa.literal_column(f"'{OTHERS}'")
    named = [name for name in sorted(names) if name != OTHERS]
    return sa.case(*((_of_family(families, name), name) for name in named), else_=other) if named else other


def _of_family(families: Families, name: str) -> sa.ColumnElement[bool]:
    address = sa.func.lower(d.address)
    return sa.or_(sa.false(), *(address.like(f"%@{domain}") for domain in families.named[name].domains))


def _waiting(
    connection: sa.Connection, occasion: str, families: Families, full: Collection[str]
) -> Iterator[tuple[Key, str]]:
    """Who is held back, but for full families: who had no edition for longest first, then in an order of no meaning.

    That order, of the names in links, is another than any that people are in by their names or since when they read.
    """
    before = deliveries.alias("before")
    served = sa.select(sa.func.max(before.c.day)).where(
        before.c.subscriber == d.subscriber, before.c.occasion == occasion, before.c.state == "submitted"
    )
    last = sa.func.coalesce(served.scalar_subquery(), date(1, 1, 1))
    query = sa.select(d.subscriber, d.period, d.occasion, d.address).where(_held(occasion))
    for name in full:
        query = query.where(~_of_family(families, name))
    for row in connection.execute(query.order_by(last, d.reference, d.day)):
        yield Key(row[0], row[1], row[2]), families.name_of(row[3])


def _release(connection: sa.Connection, keys: list[Key], at: datetime) -> None:
    for period, name, some in grouped(keys):
        connection.execute(deliveries.update().where(among(period, name, some)).values(**_free(at)))


def _hold_back(connection: sa.Connection, number: int, today: Today, at: datetime, occasion: str) -> None:
    """Holds back as many of those who were let go, were never tried, and whom nobody works on."""
    idle = sa.and_(waits, d.occasion == occasion, d.reason == "", d.attempts == 0)
    idle = sa.and_(idle, d.lease_owner.is_(None))
    last = sa.select(d.subscriber, d.period, d.occasion).where(idle).order_by(d.reference.desc(), d.day.desc())
    for period, name, some in grouped(Key(*row) for row in connection.execute(last.limit(number))):
        change = deliveries.update().where(among(period, name, some), idle)
        connection.execute(change.values(changed_at=at, **held_until(today.until)))


def _put_off(connection: sa.Connection, today: Today, at: datetime, occasion: str) -> None:
    """Who is still held back waits until the next day."""
    due = d.next_attempt <= at
    connection.execute(deliveries.update().where(_held(occasion), due).values(**held_until(today.until)))


def held_until(until: datetime) -> Mapping[str, Any]:
    """What is written into a delivery that is held back."""
    return {"next_attempt": until, "reason": f"{HELD} until {until:%Y-%m-%d}"}


def _number_held(connection: sa.Connection, occasion: str) -> int:
    query = sa.select(sa.func.count()).select_from(deliveries).where(_held(occasion))
    return int(connection.execute(query).scalar_one())
