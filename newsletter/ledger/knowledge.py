"""What the ledger knows: accounts, people, what each reader has seen. Nothing is changed here."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from newsletter.alarms import NO_SOURCE, REMEMBERED, Signs
from newsletter.database import Database, chunks
from newsletter.database.prepared import Prepared
from newsletter.ledger.histories import COUNTED, Histories
from newsletter.ledger.schema import DELIVERY, deliveries, delivery_of, is_doubtful, is_key, switches, waits
from newsletter.ledger.statements import here, is_held
from newsletter.ledger.values import Account, Delivery, Doubt, History, Key, Person, Sent
from newsletter.models import STATES, State
from newsletter.readers.references import readers

_TOLD = tuple(state for state in STATES if state != "submitted")  # states that have reasons
_NEXT_ATTEMPT = sa.select(sa.func.min(sa.func.coalesce(deliveries.c.next_attempt, deliveries.c.changed_at))).where(
    waits, here(sa.bindparam("occasion"))
)
_STOPPED = Prepared(sa.select(switches.c.at).where(switches.c.name == "stopped"))


class Knowledge:
    """Questions to the ledger; each sees the latest commit."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._histories = Histories(shared=database.shared)

    def about(self) -> str:
        """Which database this is, and its schema's version."""
        return self._db.about()

    def host(self) -> str:
        """The machine that the database is on; empty where it is this one."""
        return self._db.host

    def risk(self) -> str:
        """Why what is recorded here could not be relied on; empty where it can be."""
        return self._db.risk()

    def check(self) -> None:
        """Raises where it does not answer, or has another schema than this program."""
        self._db.check()

    def account(self, occasion: str, day: date | None = None) -> Account:
        """The account of a day's deliveries; of the latest day without one."""
        d = deliveries.c
        with self._db.read() as connection:
            if day is None:
                day = connection.execute(sa.select(sa.func.max(d.day)).where(d.occasion == occasion)).scalar()
            mine = (d.day == day) & (d.occasion == occasion)
            counted = connection.execute(sa.select(d.state, sa.func.count()).where(mine).group_by(d.state))
            counts: dict[State, int] = dict.fromkeys(STATES, 0) | {row[0]: row[1] for row in counted}
            # Most are submitted, which needs no reason: they are counted in the index alone.
            told = sa.select(d.state, d.reason, sa.func.count()).where(mine, d.state.in_(_TOLD), d.reason != "")
            rows = connection.execute(told.group_by(d.state, d.reason).order_by(d.state, d.reason))
            return Account(day, occasion, counts, {f"{state}: {why}": number for state, why, number in rows})

    def tallies(self, occasion: str, days: int) -> dict[date, dict[State, int]]:
        """How many deliveries are in each state, for each of the latest days that have any."""
        return {day: self.tally(occasion, day) for day in self.latest_days(occasion, days)}

    def latest_days(self, occasion: str, number: int) -> list[date]:
        """The latest days that have deliveries, the last first."""
        d = deliveries.c
        latest = sa.select(sa.func.max(d.day)).where(d.occasion == occasion)
        found: list[date] = []
        with self._db.read() as connection:
            day = connection.execute(latest).scalar()
            while day is not None and len(found) < number:
                found.append(day)
                day = connection.execute(latest.where(d.day < day)).scalar()
        return found

    def tally(self, occasion: str, day: date) -> dict[State, int]:
        """How many deliveries of a day are in each state: counted in the index alone."""
        d = deliveries.c
        counts = sa.select(d.state, sa.func.count()).where(d.occasion == occasion, d.day == day).group_by(d.state)
        with self._db.read() as connection:
            return dict.fromkeys(STATES, 0) | {row[0]: row[1] for row in connection.execute(counts)}

    def people(
        self, occasion: str, day: date, states: Sequence[State], among: Sequence[str] | None = None
    ) -> list[Person]:
        """Who is in these states on a day, in order of subscriber; or which of these some hundreds (by key)."""
        d = deliveries.c
        query = sa.select(deliveries).where(d.day == day, d.occasion == occasion, d.state.in_(states))
        if among is not None:
            query = query.where(d.subscriber.in_(among))
        with self._db.read() as connection:
            rows = connection.execute(query.order_by(d.subscriber))
            return [Person(r.subscriber, r.address, r.period, r.state, r.reason, r.receipt, r.accepts) for r in rows]

    def doubts(self, occasion: str, day: date | None = None) -> list[Doubt]:
        """What was handed over, not answered, and is held for a person: of all days, or of one; the oldest first."""
        d = deliveries.c
        columns = (d.subscriber, d.period, d.occasion, d.address, d.changed_at, d.provider, d.message_id, d.reason)
        query = sa.select(*columns).where(is_doubtful, here(occasion))
        if day is not None:
            query = query.where(d.day == day)
        with self._db.read() as connection:
            rows = connection.execute(query.order_by(d.changed_at, d.subscriber))
            return [Doubt(Key(*row[:3]), *row[3:]) for row in rows]

    def signs(self, occasion: str, at: datetime) -> Signs:
        """What alarms are raised by."""
        stopped = self.stopped() is not None
        with self._db.read() as connection:
            return Signs(
                twice=self._twice(connection, occasion, at),
                doubtful=self._doubtful(connection, occasion),
                overdue=(overdue := self._overdue(connection, occasion, at)),
                settled_at=self._settled_at(connection, occasion, overdue) if overdue else None,
                sourceless=self._sourceless(connection, occasion, at),
                unserved=self._unserved(connection, occasion),
                stopped=stopped,
            )

    def _twice(self, connection: sa.Connection, occasion: str, at: datetime) -> tuple[int, date] | None:
        d = deliveries.c
        query = sa.select(sa.func.count(), sa.func.min(d.day)).where(d.accepts > 1, d.day > at.date() - REMEMBERED)
        number, day = connection.execute(query.where(here(occasion))).one()
        return (number, day) if number else None

    def _doubtful(self, connection: sa.Connection, occasion: str) -> tuple[int, datetime] | None:
        d = deliveries.c
        query = sa.select(sa.func.count(), sa.func.min(d.changed_at)).where(is_doubtful)
        number, since = connection.execute(query.where(here(occasion))).one()
        return (number, since) if number else None

    def _overdue(self, connection: sa.Connection, occasion: str, at: datetime) -> tuple[int, datetime] | None:
        d = deliveries.c
        due = sa.func.coalesce(d.next_attempt, d.changed_at)
        query = sa.select(sa.func.count(), sa.func.min(due)).where(due <= at, here(occasion), ~is_held)
        submitting = d.lease_owner.isnot(None) & (d.state == "submitting")  # one question would look at every row
        waiting, going = (connection.execute(query.where(which)).one() for which in (waits, submitting))
        number = waiting[0] + going[0]
        return (number, min(filter(None, (waiting[1], going[1])))) if number else None

    def _settled_at(self, connection: sa.Connection, occasion: str, overdue: tuple[int, datetime]) -> datetime | None:
        """When a delivery was last settled, as far as that is news to those who wait."""
        d = deliveries.c
        settled = d.state.notin_(("pending", "submitting")) & (d.changed_at > overdue[1])
        query = sa.select(sa.func.max(d.changed_at)).where(settled, here(occasion))
        found = connection.execute(query.where(d.day >= overdue[1].date() - REMEMBERED)).scalar()
        return found if isinstance(found, datetime) else None

    @staticmethod
    def _sourceless(connection: sa.Connection, occasion: str, at: datetime) -> tuple[int, date] | None:
        d = deliveries.c
        query = sa.select(sa.func.count(), sa.func.max(d.day)).where(d.day >= (at - timedelta(days=1)).date())
        mine = (d.occasion == occasion) & (d.state == "skipped") & (d.reason == NO_SOURCE)
        number, day = connection.execute(query.where(mine)).one()
        return (number, day) if number else None

    @staticmethod
    def _unserved(connection: sa.Connection, occasion: str) -> tuple[int, date] | None:
        """How many editions were due since anybody was sent one, but for who paused, and from which day on."""
        d = deliveries.c
        here = d.occasion == occasion
        served = sa.select(d.day).where(here, d.state == "submitted").order_by(d.day.desc()).limit(1)
        last = connection.execute(served).scalar()
        query = sa.select(sa.func.count(), sa.func.min(d.day)).where(here, d.reason.notlike("paused %"))
        number, day = connection.execute(query if last is None else query.where(d.day > last)).one()
        return (number, day) if number else None

    def histories(
        self, occasion: str, counted: Sequence[str], before: Mapping[str, date]
    ) -> list[tuple[History, list[str]]]:
        """What the rows of each subscriber before a day say of where an edition of that day starts, with whose it is.

        What was planned is of the one occasion, what they got of those that are counted. Editions that were skipped or
        failed do not count as got: what they would have shown is still to be shown.
        """
        with self._db.read() as connection:
            return list(self._histories.of(connection, occasion, counted, before))

    def seen(self, occasions: Sequence[str], subscribers: Sequence[str]) -> dict[str, frozenset[str]]:
        """Per subscriber the ids of every paper shown, in all time."""
        d = deliveries.c
        found: dict[str, set[str]] = {}
        with self._db.read() as connection:
            for some in chunks(subscribers):
                query = sa.select(d.subscriber, d.papers).where(
                    d.subscriber.in_(some), d.occasion.in_(occasions), d.state.in_(COUNTED), d.papers != ""
                )
                for subscriber, papers in connection.execute(query):
                    found.setdefault(subscriber, set()).update(papers.split(" "))
        return {subscriber: frozenset(papers) for subscriber, papers in found.items()}

    def find(self, key: Key) -> Delivery | None:
        """One delivery, whatever its state."""
        with self._db.read() as connection:
            row = connection.execute(sa.select(*DELIVERY).where(is_key(key))).first()
        return delivery_of(row) if row else None

    def latest(self, occasion: str, subscriber: str, day: date | None) -> Delivery | None:
        """A subscriber's last edition (of that day) that was made, whatever its state."""
        d = deliveries.c
        query = sa.select(*DELIVERY).where(d.subscriber == subscriber, d.occasion == occasion, d.content.isnot(None))
        if day is not None:
            query = query.where(d.day == day)
        with self._db.read() as connection:
            row = connection.execute(query.order_by(d.day.desc()).limit(1)).first()
        return delivery_of(row) if row else None

    def history(self, subscriber: str) -> list[dict[str, object]]:
        """Every delivery to a subscriber, in order of day: when, what became of it, and which papers were in it."""
        d = deliveries.c
        columns = (d.period, d.occasion, d.address, d.state, d.reason, d.changed_at, d.papers)
        query = sa.select(*columns).where(d.subscriber == subscriber).order_by(d.day, d.occasion)
        with self._db.read() as connection:
            rows = connection.execute(query).mappings().all()
        return [{**row, "papers": row["papers"].split()} for row in rows]

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
        query = _NEXT_ATTEMPT
        if only is not None:
            query = query.where((d.subscriber == only) | (d.address == only))
        with self._db.read() as connection:
            found = connection.execute(query, {"occasion": occasion}).scalar()
        return found if isinstance(found, datetime) else None

    def reader(self, reference: str) -> tuple[str, str] | None:
        """The subscriber's key and address behind the opaque name in a link."""
        return self.readers_behind([reference]).get(reference)

    def readers_behind(self, references: Sequence[str]) -> dict[str, tuple[str, str]]:
        """The same for each of these names that leads to somebody."""
        found: dict[str, tuple[str, str]] = {}
        with self._db.read() as connection:
            for some in chunks(references):
                rows = connection.execute(sa.select(readers).where(readers.c.reference.in_(some)))
                found |= {row.reference: (row.subscriber, row.address) for row in rows}
        return found

    def readers_known(self) -> Iterator[list[str]]:
        """Every subscriber (by key) that an edition was ever planned for, some hundreds at a time."""
        query, last = sa.select(readers).order_by(readers.c.reference).limit(500), ""
        while True:
            with self._db.read() as connection:
                rows = connection.execute(query.where(readers.c.reference > last)).all()
            if not rows:
                return
            yield [row.subscriber for row in rows]
            last = rows[-1].reference

    def planned_since(self, subscribers: Sequence[str], day: date) -> set[str]:
        """Those of these subscribers (by key) that any edition of that day or later was planned for."""
        query, found = sa.select(deliveries.c.subscriber).where(deliveries.c.day >= day).distinct(), set[str]()
        with self._db.read() as connection:
            for some in chunks(subscribers):
                found |= set(connection.execute(query.where(deliveries.c.subscriber.in_(some))).scalars())
        return found

    def readers_among(self, addresses: Collection[str]) -> set[str]:
        """Those of these addresses (folded) that an edition was ever planned for."""
        known = sa.func.lower(readers.c.address)
        found: set[str] = set()
        with self._db.read() as connection:
            for some in chunks(sorted(addresses)):
                found |= set(connection.execute(sa.select(known).where(known.in_(some))).scalars())
        return found

    def known_at(self, addresses: Collection[str]) -> set[str]:
        """The subscribers (by key) at any of these addresses (folded)."""
        known = sa.func.lower(readers.c.address).in_(sorted(addresses))
        with self._db.read() as connection:
            return set(connection.execute(sa.select(readers.c.subscriber).where(known)).scalars())

    def sent(self, subscribers: Collection[str], *, day: date | None = None, message_id: str = "") -> list[Sent]:
        """The editions of these subscribers (by key), of a day or with a `Message-ID`, that were made."""
        d = deliveries.c
        query = sa.select(d.address, d.day).where(
            d.subscriber.in_(sorted(subscribers)), d.message_id != "", d.address != ""
        )
        query = query.where(d.day == day) if day is not None else query.where(d.message_id == message_id)
        with self._db.read() as connection:
            return [Sent(row.address, row.day) for row in connection.execute(query.order_by(d.day, d.occasion))]

    def stopped(self) -> datetime | None:
        """Since when sending is stopped, if it is."""
        with self._db.read() as connection:
            return stopped_at(connection)


def stopped_at(connection: sa.Connection) -> datetime | None:
    """The same, in a transaction of the caller's."""
    found: list[tuple[datetime]] = _STOPPED.rows(connection, {})
    return found[0][0] if found else None
