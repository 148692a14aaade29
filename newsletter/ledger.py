"""The crash-safe book of deliveries: plan, claim, record, recover, account. The only file with delivery SQL.

A delivery is one row per (subscriber, period, occasion). It moves so:

    plan -> pending -> (claim: what the edition is) -> submitting -> submitted | failed | uncertain
    plan -> skipped            pending -> skipped            submitting -> pending (try later)

A row becomes `submitting` in the commit that records its predecessor's outcome, before the provider is given
the message; so what is in doubt after a crash is only what was handed over and not answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from newsletter.database import Database, Moment, chunks, insert_new, schema_table
from newsletter.models import STATES, Outcome, Receipt, Refused, State, TryLater
from newsletter.suppressions import suppress, suppressed_among
from newsletter.suppressions import tables as _tables
from newsletter.typed import folded

SCHEMA = 1
LEASE = timedelta(seconds=60)
BACKOFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))

schema_table(_tables)
_deliveries = sa.Table(
    "deliveries",
    _tables,
    sa.Column("subscriber", sa.Text, primary_key=True),
    sa.Column("period", sa.Text, primary_key=True),
    sa.Column("occasion", sa.Text, primary_key=True),
    # planned
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("since", sa.Date, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("cut_off_day", sa.Date),
    sa.Column("cut_off_at", Moment),
    sa.Column("give_up_at", Moment, nullable=False),
    # what became of it
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, default=""),
    sa.Column("changed_at", Moment, nullable=False),
    # claimed: what the edition is
    sa.Column("papers", sa.Text, nullable=False, default=""),
    sa.Column("content", sa.Text),
    sa.Column("name", sa.Text, nullable=False, default=""),
    sa.Column("language", sa.Text, nullable=False, default="en"),
    sa.Column("design", sa.Text, nullable=False, default="daily"),
    sa.Column("template", sa.Text, nullable=False, default=""),
    sa.Column("stamped_at", Moment),
    sa.Column("message_id", sa.Text, nullable=False, default=""),
    # sending
    sa.Column("provider", sa.Text, nullable=False, default=""),
    sa.Column("batch", sa.Text, nullable=False, default=""),
    sa.Column("receipt", sa.Text, nullable=False, default=""),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("next_attempt", Moment),
    sa.Column("lease_owner", sa.Text),
    sa.Column("lease_until", Moment),
    sa.Index("deliveries_by_day", "day", "occasion", "state"),
    sa.Index("deliveries_by_state", "state", "next_attempt"),
)
_readers = sa.Table(
    "readers",
    _tables,
    sa.Column("reference", sa.Text, primary_key=True),
    sa.Column("subscriber", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
)
_switches = sa.Table(
    "switches",
    _tables,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("at", Moment, nullable=False),
)
_COUNTED = ("submitted", "submitting", "uncertain", "pending")  # rows whose papers the reader has, or may get


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """Which delivery."""

    subscriber: str
    period: str
    occasion: str


@dataclass(frozen=True, slots=True)
class Planned:
    """A delivery as it is planned: the frozen audience."""

    key: Key
    day: date
    since: date
    address: str
    reference: str
    digest: str
    cut_off: tuple[date, datetime] | None
    give_up_at: datetime
    skip: str = ""
    """Why nothing is sent (paused, too old, ...); empty when something is."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a delivery's edition is, fixed for good by the first claim."""

    key: Key
    papers: tuple[str, ...]
    content: str
    name: str
    language: str
    design: str
    template: str
    stamped_at: datetime
    message_id: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery that waits to be sent."""

    key: Key
    day: date
    since: date
    address: str
    reference: str
    digest: str
    attempts: int
    claim: Claim | None
    """None until the first claim."""


@dataclass(frozen=True, slots=True)
class Person:
    """One line of `status --who`."""

    subscriber: str
    address: str
    period: str
    state: State
    reason: str
    receipt: str


@dataclass(frozen=True, slots=True)
class Account:
    """How many deliveries of a day there are, and in which state; the states add up to the audience."""

    day: date | None
    occasion: str
    counts: Mapping[State, int]
    reasons: Mapping[str, int]
    """`state: reason` and how many, for what was not submitted."""

    @property
    def audience(self) -> int:
        return sum(self.counts.values())

    @property
    def left(self) -> int:
        """How many have no final state yet."""
        return self.counts["pending"] + self.counts["submitting"] + self.counts["uncertain"]


@dataclass(frozen=True, slots=True)
class LastEdition:
    """Where a subscriber's last edition ended."""

    period: str
    day: date
    cut_off_day: date
    cut_off_at: datetime


class Ledger:
    """The book. Every method is one transaction, durable when it returns."""

    def __init__(self, database: Database, owner: str) -> None:
        self._db = database
        self._owner = owner

    @staticmethod
    def open(url: str) -> Database:
        """Opens the database of ledger and suppressions."""
        return Database(url, _tables, SCHEMA, durable=True)

    # -- plan

    def plan(self, planned: Sequence[Planned], at: datetime) -> int:
        """Freezes an audience; deliveries that exist already stay as they are. Returns how many are new."""
        rows = [_planned_row(plan, at) for plan in planned]
        readers = [{"reference": p.reference, "subscriber": p.key.subscriber, "address": p.address} for p in planned]
        with self._db.write() as connection:
            for some in chunks(readers):
                insert_new(connection, _readers, list(some))
            return sum(insert_new(connection, _deliveries, list(some)) for some in chunks(rows))

    def waiting(self, at: datetime, occasion: str, keys: Sequence[Key] | None = None) -> list[Delivery]:
        """The deliveries that can be sent now, in order of subscriber; with `keys` only these."""
        d = _deliveries.c
        ready = sa.and_(
            d.state == "pending",
            d.occasion.like("again-%") | (d.occasion == occasion),
            d.next_attempt.is_(None) | (d.next_attempt <= at),
            d.lease_until.is_(None) | (d.lease_until < at) | (d.lease_owner == self._owner),
        )
        query = sa.select(_deliveries).where(ready).order_by(d.day, d.subscriber)
        with self._db.read() as connection:
            if keys is None:
                return [_delivery(row) for row in connection.execute(query)]
            found: list[Delivery] = []
            for some in chunks(sorted(keys)):
                only = sa.tuple_(d.subscriber, d.period, d.occasion).in_([_tuple(key) for key in some])
                found += [_delivery(row) for row in connection.execute(query.where(only))]
            return found

    # -- claim

    def claim(self, claims: Sequence[Claim], provider: str, at: datetime) -> set[Key]:
        """Takes deliveries for this process and writes what each edition is; returns those that were won.

        Compare-and-set: only a pending row that nobody else holds is won. An address that was suppressed in
        the meantime is skipped here, at the last moment before sending.
        """
        won: set[Key] = set()
        with self._db.write() as connection:
            self._skip_suppressed(connection, [claim.key for claim in claims], at)
            for claim in claims:
                if connection.execute(self._claiming(claim, provider, at)).rowcount == 1:
                    won.add(claim.key)
        return won

    def _claiming(self, claim: Claim, provider: str, at: datetime) -> sa.Update:
        d = _deliveries.c
        free = d.lease_until.is_(None) | (d.lease_until < at) | (d.lease_owner == self._owner)
        same = d.content.is_(None) | (d.content == claim.content)
        return (
            _deliveries.update()
            .where(_is(claim.key), d.state == "pending", free, same)
            .values(
                papers=" ".join(claim.papers),
                content=claim.content,
                name=claim.name,
                language=claim.language,
                design=claim.design,
                template=claim.template,
                stamped_at=claim.stamped_at,
                message_id=claim.message_id,
                provider=provider,
                lease_owner=self._owner,
                lease_until=at + LEASE,
                changed_at=at,
            )
        )

    def _skip_suppressed(self, connection: sa.Connection, keys: Sequence[Key], at: datetime) -> None:
        d = _deliveries.c
        addresses: dict[str, list[Key]] = {}
        for some in chunks(keys):
            only = sa.tuple_(d.subscriber, d.period, d.occasion).in_([_tuple(key) for key in some])
            for row in connection.execute(sa.select(d.subscriber, d.period, d.occasion, d.address).where(only)):
                addresses.setdefault(folded(row.address), []).append(Key(row.subscriber, row.period, row.occasion))
        for address in suppressed_among(connection, list(addresses)):
            for key in addresses[address]:
                self._settle(connection, key, "skipped", "suppressed", at, pending_only=True)

    def skip(self, reasons: Mapping[Key, str], at: datetime) -> None:
        """Settles pending deliveries that turned out to have nothing to send."""
        with self._db.write() as connection:
            for key, reason in reasons.items():
                self._settle(connection, key, "skipped", reason, at, pending_only=True)

    def fail(self, reasons: Mapping[Key, str], at: datetime) -> None:
        """Settles pending deliveries whose edition could not be made."""
        with self._db.write() as connection:
            for key, reason in reasons.items():
                self._settle(connection, key, "failed", reason, at, pending_only=True)

    # -- send and record

    def step(
        self,
        answered: Iterable[tuple[Key, Outcome]],
        submitting: Sequence[Key],
        batch: str,
        at: datetime,
        in_doubt: Literal["resend", "hold"] = "resend",
    ) -> set[Key]:
        """One round in one commit: records what was answered and marks what is handed over next.

        Returns those of `submitting` that may be handed over: still ours, still pending, not suppressed.
        """
        with self._db.write() as connection:
            for key, outcome in answered:
                self._record(connection, key, outcome, at, in_doubt)
            self._skip_suppressed(connection, submitting, at)
            marked: set[Key] = set()
            for key in submitting:
                ours = sa.and_(_deliveries.c.state == "pending", _deliveries.c.lease_owner == self._owner)
                values = {"state": "submitting", "batch": batch, "lease_until": at + LEASE, "changed_at": at}
                marking = _deliveries.update().where(_is(key), ours)
                if connection.execute(marking.values(attempts=_deliveries.c.attempts + 1, **values)).rowcount:
                    marked.add(key)
            return marked

    def _record(
        self, connection: sa.Connection, key: Key, outcome: Outcome, at: datetime, in_doubt: Literal["resend", "hold"]
    ) -> None:
        if isinstance(outcome, Receipt):
            self._settle(connection, key, "submitted", "", at, receipt=outcome.id[:500])
        elif isinstance(outcome, Refused):
            self._settle(connection, key, "failed", outcome.reason, at)
            if outcome.bad_address:
                address = connection.execute(sa.select(_deliveries.c.address).where(_is(key))).scalar_one()
                suppress(connection, [address], "bounced", at, outcome.reason)
        elif isinstance(outcome, TryLater):
            self._postpone(connection, key, outcome.reason, outcome.after, at)
        elif in_doubt == "hold":
            self._settle(connection, key, "uncertain", outcome.reason, at)
        else:
            self._postpone(connection, key, f"in doubt: {outcome.reason}", None, at)

    def _settle(
        self,
        connection: sa.Connection,
        key: Key,
        state: State,
        reason: str,
        at: datetime,
        *,
        receipt: str = "",
        pending_only: bool = False,
    ) -> None:
        where = [_is(key)] + ([_deliveries.c.state == "pending"] if pending_only else [])
        values: dict[str, Any] = {"state": state, "reason": reason[:500], "receipt": receipt, "changed_at": at}
        values |= {"lease_owner": None, "lease_until": None, "next_attempt": None}
        connection.execute(_deliveries.update().where(*where).values(**values))

    def _postpone(
        self, connection: sa.Connection, key: Key, reason: str, after: timedelta | None, at: datetime
    ) -> None:
        row = connection.execute(sa.select(_deliveries).where(_is(key))).one()
        wait = after if after is not None else BACKOFF[min(row.attempts, len(BACKOFF)) - 1]
        if at + wait > row.give_up_at:
            self._settle(connection, key, "failed", f"superseded by the next edition; last: {reason}", at)
            return
        values = {"state": "pending", "reason": reason[:500], "next_attempt": at + wait, "changed_at": at}
        connection.execute(_deliveries.update().where(_is(key)).values(lease_owner=None, lease_until=None, **values))

    def release(self, keys: Sequence[Key]) -> None:
        """Gives back what was claimed and not handed over."""
        with self._db.write() as connection:
            for key in keys:
                ours = sa.and_(_deliveries.c.state == "pending", _deliveries.c.lease_owner == self._owner)
                connection.execute(
                    _deliveries.update().where(_is(key), ours).values(lease_owner=None, lease_until=None)
                )

    def repeat(self, key: Key, claim: Claim, at: datetime) -> None:
        """Writes into a planned delivery what its edition is: that of an earlier one."""
        values = {"papers": " ".join(claim.papers), "content": claim.content, "stamped_at": claim.stamped_at}
        values |= {"name": claim.name, "language": claim.language, "design": claim.design, "changed_at": at}
        with self._db.write() as connection:
            connection.execute(_deliveries.update().where(_is(key), _deliveries.c.content.is_(None)).values(**values))

    # -- after a crash

    def recover(self, at: datetime, in_doubt: Literal["resend", "hold"], *, alone: bool) -> int:
        """Takes up what a dead process left in `submitting`; returns how many were in doubt.

        `alone`: no other process can be sending (the home is locked), so every lease is a dead one;
        otherwise only leases that ran out are. In doubt means `resend` with the same bytes, or `hold`.
        """
        d = _deliveries.c
        dead = sa.true() if alone else (d.lease_until < at)
        state, reason = ("pending", "in doubt after a crash: sent again") if in_doubt == "resend" else _HELD
        doubtful = _deliveries.update().where(d.state == "submitting", dead)
        free = {"lease_owner": None, "lease_until": None}
        with self._db.write() as connection:
            count = connection.execute(doubtful.values(state=state, reason=reason, changed_at=at, **free)).rowcount
            connection.execute(_deliveries.update().where(d.state == "pending", dead).values(**free))
        return int(count)

    # -- what is known

    def account(self, occasion: str, day: date | None = None) -> Account:
        """The account of a day's deliveries; of the latest day without one."""
        d = _deliveries.c
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
        d = _deliveries.c
        query = sa.select(_deliveries).where(d.day == day, d.occasion == occasion, d.state.in_(states))
        with self._db.read() as connection:
            rows = connection.execute(query.order_by(d.subscriber))
            return [Person(r.subscriber, r.address, r.period, r.state, r.reason, r.receipt) for r in rows]

    def last_editions(self, occasions: Sequence[str], before: Mapping[str, date]) -> dict[str, LastEdition]:
        """Per subscriber the last edition sent for a day before the given one.

        Editions that were skipped or failed do not count: what they would have shown is still to be shown.
        """
        d = _deliveries.c
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
        d = _deliveries.c
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
        d = _deliveries.c
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
            row = connection.execute(sa.select(_deliveries).where(_is(key))).first()
        return _delivery(row) if row else None

    def latest(self, occasion: str, subscriber: str, day: date | None) -> Delivery | None:
        """A subscriber's last edition (of that day) that was made, whatever its state."""
        d = _deliveries.c
        query = sa.select(_deliveries).where(d.subscriber == subscriber, d.occasion == occasion, d.content.isnot(None))
        if day is not None:
            query = query.where(d.day == day)
        with self._db.read() as connection:
            row = connection.execute(query.order_by(d.day.desc()).limit(1)).first()
        return _delivery(row) if row else None

    def next_again(self, subscriber: str, period: str) -> str:
        """The name of the next repetition on purpose: `again-1`, `again-2`."""
        d = _deliveries.c
        query = sa.select(sa.func.count()).where(
            d.subscriber == subscriber, d.period == period, d.occasion.like("again-%")
        )
        with self._db.read() as connection:
            return f"again-{connection.execute(query).scalar_one() + 1}"

    def reader(self, reference: str) -> tuple[str, str] | None:
        """The subscriber's key and address behind the opaque name in a link."""
        query = sa.select(_readers.c.subscriber, _readers.c.address).where(_readers.c.reference == reference)
        with self._db.read() as connection:
            row = connection.execute(query).first()
        return (row.subscriber, row.address) if row else None

    # -- the operator's stop

    def stop(self, at: datetime) -> None:
        """No further message is handed over by any process."""
        with self._db.write() as connection:
            insert_new(connection, _switches, [{"name": "stopped", "at": at}])

    def resume(self) -> bool:
        """Takes the stop back; False if there was none."""
        with self._db.write() as connection:
            return bool(connection.execute(_switches.delete().where(_switches.c.name == "stopped")).rowcount)

    def stopped(self) -> datetime | None:
        """Since when sending is stopped, if it is."""
        with self._db.read() as connection:
            found = connection.execute(sa.select(_switches.c.at).where(_switches.c.name == "stopped")).scalar()
        return found if isinstance(found, datetime) else None


_HELD = ("uncertain", "in doubt after a crash: held for a person to decide")


def _planned_row(plan: Planned, at: datetime) -> dict[str, Any]:
    cut_off_day, cut_off_at = plan.cut_off or (None, None)
    return {
        "subscriber": plan.key.subscriber,
        "period": plan.key.period,
        "occasion": plan.key.occasion,
        "day": plan.day,
        "since": plan.since,
        "address": plan.address,
        "reference": plan.reference,
        "digest": plan.digest,
        "cut_off_day": cut_off_day,
        "cut_off_at": cut_off_at,
        "give_up_at": plan.give_up_at,
        "state": "skipped" if plan.skip else "pending",
        "reason": plan.skip,
        "changed_at": at,
    }


def _delivery(row: Any) -> Delivery:
    key = Key(row.subscriber, row.period, row.occasion)
    claim = None
    if row.content is not None:
        papers = tuple(row.papers.split(" ")) if row.papers else ()
        told = (row.name, row.language, row.design, row.template, row.stamped_at, row.message_id)
        claim = Claim(key, papers, row.content, *told)
    return Delivery(key, row.day, row.since, row.address, row.reference, row.digest, row.attempts, claim)


def _is(key: Key) -> sa.ColumnElement[bool]:
    d = _deliveries.c
    return sa.and_(d.subscriber == key.subscriber, d.period == key.period, d.occasion == key.occasion)


def _tuple(key: Key) -> tuple[str, str, str]:
    return key.subscriber, key.period, key.occasion
