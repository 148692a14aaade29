"""The crash-safe book of deliveries: plan, claim, record, recover.

A delivery is one row per (subscriber, period, occasion). It moves so:

    plan -> pending -> (claim: what the edition is) -> submitting -> submitted | failed | uncertain
    plan -> skipped            pending -> skipped            submitting -> pending (try later)

A row becomes `submitting` in the commit that records its predecessor's outcome, before the provider is given
the message; so what is in doubt after a crash is only what was handed over and not answered.

Who works on a row holds a lease on it. In a SQLite home that only keeps two methods of one process apart, as the home
is locked; on PostgreSQL it keeps machines apart, so there it is measured by the server's clock, renewed while its
owner lives, and asked for at every step: who lost it neither hands over nor records.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from newsletter.database import Database, Words, chunks, insert_new
from newsletter.errors import StoreError
from newsletter.ledger.heartbeat import beating
from newsletter.ledger.knowledge import Knowledge
from newsletter.ledger.schema import SCHEMA, as_tuple, deliveries, delivery_of, is_key, readers, switches
from newsletter.ledger.values import Claim, Delivery, Key, Planned
from newsletter.models import Outcome, Receipt, Refused, State, TryLater
from newsletter.pace import retry_at
from newsletter.suppressions import suppress, suppressed_among
from newsletter.typed import folded

log = logging.getLogger("newsletter.ledger")
LEASE = timedelta(seconds=60)
HEARTBEAT = timedelta(seconds=15)


class Ledger(Knowledge):
    """The book. Every method is one transaction, durable when it returns."""

    def __init__(self, database: Database, owner: str) -> None:
        super().__init__(database)
        self._owner = owner

    @staticmethod
    def open(url: str) -> Database:
        """Opens the database of ledger, suppressions and feedback."""
        return Database.open(url, SCHEMA)

    # -- plan

    def plan(self, planned: Sequence[Planned], at: datetime) -> int:
        """Freezes an audience; deliveries that exist already stay as they are. Returns how many are new."""
        rows = [_planned_row(plan, at) for plan in planned]
        names = [{"reference": p.reference, "subscriber": p.key.subscriber, "address": p.address} for p in planned]
        # In one order everywhere: two that plan the same audience at once wait for each other, and never in a ring.
        rows.sort(key=lambda row: (row["subscriber"], row["period"], row["occasion"]))
        names.sort(key=lambda name: name["reference"])
        with self._db.write() as connection:
            for some in chunks(names):
                insert_new(connection, readers, some)
            return sum(insert_new(connection, deliveries, some) for some in chunks(rows))

    def waiting(self, at: datetime, occasion: str) -> list[Delivery]:
        """The deliveries that can be sent now and that nobody else works on, in order of day and subscriber."""
        query = sa.select(deliveries).where(self._ready(at, occasion))
        with self._db.read() as connection:
            return [delivery_of(row) for row in connection.execute(query.order_by(*_IN_ORDER))]

    def _ready(self, at: datetime, occasion: str) -> sa.ColumnElement[bool]:
        d = deliveries.c
        return sa.and_(
            d.state == "pending",
            d.occasion.like("again-%") | (d.occasion == occasion),
            d.next_attempt.is_(None) | (d.next_attempt <= at),
            self._free(at),
        )

    # -- claim

    def take(self, at: datetime, occasion: str, keys: Sequence[Key]) -> list[Delivery]:
        """Leases to this process those of these deliveries that can be sent now, and returns them, in order.

        What another process is just taking is left to it, without waiting. So is an edition an earlier one
        of the same reader is still to be made, by another: what that shows has to be known first.
        """
        query = sa.select(deliveries).where(self._ready(at, occasion), ~self._after_anothers())
        query = query.order_by(*_IN_ORDER).with_for_update(skip_locked=True)
        taken: list[Delivery] = []
        with self._db.write() as connection:
            for some in chunks(sorted(keys)):
                found = [delivery_of(row) for row in connection.execute(query.where(_among(some)))]
                lease = deliveries.update().where(_among([delivery.key for delivery in found]))
                connection.execute(lease.values(lease_owner=self._owner, lease_until=self._lease(at)))
                taken += found
        return taken

    def _after_anothers(self) -> sa.Exists:
        d, earlier = deliveries.c, deliveries.alias("earlier")
        return sa.exists().where(
            earlier.c.subscriber == d.subscriber,
            earlier.c.occasion == d.occasion,
            earlier.c.day < d.day,
            earlier.c.state == "pending",
            earlier.c.content.is_(None),
            earlier.c.lease_owner.is_distinct_from(self._owner),
        )

    def _free(self, at: datetime) -> sa.ColumnElement[bool]:
        """Nobody holds it, or we do."""
        d = deliveries.c
        over: sa.ColumnElement[bool] = d.lease_until < self._now(at)
        return d.lease_until.is_(None) | over | (d.lease_owner == self._owner)

    def _now(self, at: datetime) -> Any:
        """The moment that leases are measured by: that of the one server, as the clocks of machines differ."""
        return sa.func.now() if self._db.shared else at

    def _lease(self, at: datetime) -> Any:
        return self._now(at) + LEASE

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
        d = deliveries.c
        same = d.content.is_(None) | (d.content == claim.content)
        return (
            deliveries.update()
            .where(is_key(claim.key), d.state == "pending", self._free(at), same)
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
                lease_until=self._lease(at),
                changed_at=at,
            )
        )

    def _skip_suppressed(self, connection: sa.Connection, keys: Sequence[Key], at: datetime) -> None:
        d = deliveries.c
        addresses: dict[str, list[Key]] = {}
        for some in chunks(keys):
            query = sa.select(d.subscriber, d.period, d.occasion, d.address).where(_among(some))
            for row in connection.execute(query):
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
        answers = list(answered)
        with self._db.write() as connection:
            holders = self._holders(connection, [key for key, _ in answers])
            for key, outcome in answers:
                if self._may_record(*holders[key], outcome):
                    self._record(connection, key, outcome, at, in_doubt)
                else:
                    log.warning("%s %s: answered after another process took it over", key.subscriber, key.period)
            self._skip_suppressed(connection, submitting, at)
            marked: set[Key] = set()
            for key in submitting:
                ours = sa.and_(deliveries.c.state == "pending", deliveries.c.lease_owner == self._owner)
                values = {"state": "submitting", "batch": batch, "lease_until": self._lease(at), "changed_at": at}
                marking = deliveries.update().where(is_key(key), ours)
                if connection.execute(marking.values(attempts=deliveries.c.attempts + 1, **values)).rowcount:
                    marked.add(key)
            return marked

    def _holders(self, connection: sa.Connection, keys: Sequence[Key]) -> dict[Key, tuple[State, str | None]]:
        """The state of each row and who holds it; neither changes any more in this transaction."""
        d = deliveries.c
        query = sa.select(d.subscriber, d.period, d.occasion, d.state, d.lease_owner).order_by(*_IN_ORDER)
        found: dict[Key, tuple[State, str | None]] = {}
        for some in chunks(keys):
            for row in connection.execute(query.where(_among(some)).with_for_update()):
                found[Key(row.subscriber, row.period, row.occasion)] = row.state, row.lease_owner
        return found

    def _may_record(self, state: State, owner: str | None, outcome: Outcome) -> bool:
        """Ours to record; or it was accepted, and who took it over has not yet handed it over again."""
        accepted = isinstance(outcome, Receipt) and owner is None and state in ("pending", "uncertain")
        return accepted or (state == "submitting" and owner == self._owner)

    def _record(
        self, connection: sa.Connection, key: Key, outcome: Outcome, at: datetime, in_doubt: Literal["resend", "hold"]
    ) -> None:
        if isinstance(outcome, Receipt):
            self._settle(connection, key, "submitted", "", at, receipt=outcome.id[:500])
        elif isinstance(outcome, Refused):
            self._settle(connection, key, "failed", outcome.reason, at)
            if outcome.bad_address:
                address = connection.execute(sa.select(deliveries.c.address).where(is_key(key))).scalar_one()
                suppress(connection, [address], "bounced", at, outcome.reason)
        elif isinstance(outcome, TryLater):
            self._postpone(connection, key, outcome.reason, outcome.after, at)
        elif in_doubt == "hold":
            self._settle(connection, key, "uncertain", outcome.reason, at)
        else:
            self._postpone(connection, key, f"{_DOUBT}: {outcome.reason}", None, at)

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
        where = [is_key(key)] + ([deliveries.c.state == "pending", self._free(at)] if pending_only else [])
        values: dict[str, Any] = {"state": state, "reason": reason[:500], "receipt": receipt, "changed_at": at}
        values |= {"lease_owner": None, "lease_until": None, "next_attempt": None}
        if state in ("failed", "skipped"):  # who may have it already is not said to have nothing
            values["state"] = sa.case((_DOUBTFUL, "uncertain"), else_=state)
            told = (sa.literal(text[:500], Words) for text in (f"{_DOUBT}; then {reason}", reason))
            values["reason"] = sa.case((_DOUBTFUL, next(told)), else_=next(told))
        connection.execute(deliveries.update().where(*where).values(**values))

    def _postpone(
        self, connection: sa.Connection, key: Key, reason: str, after: timedelta | None, at: datetime
    ) -> None:
        row = connection.execute(sa.select(deliveries).where(is_key(key))).one()
        again_at = retry_at(row.attempts, after, at, row.give_up_at)
        if again_at is None:
            self._settle(connection, key, "failed", f"{_SUPERSEDED}; last: {reason}", at)
            return
        if row.reason.startswith(_DOUBT) and not reason.startswith(_DOUBT):
            reason = f"{_DOUBT}; then {reason}"
        values = {"state": "pending", "reason": reason[:500], "next_attempt": again_at, "changed_at": at}
        connection.execute(deliveries.update().where(is_key(key)).values(lease_owner=None, lease_until=None, **values))

    def give_up(self, at: datetime) -> int:
        """Settles who still waits when their next edition is due; returns how many."""
        d = deliveries.c
        over = sa.select(d.subscriber, d.period, d.occasion).where(
            d.state == "pending", d.give_up_at < at, self._free(at)
        )
        with self._db.write() as connection:
            keys = [Key(*row) for row in connection.execute(over.order_by(*_IN_ORDER))]
            for key in keys:
                self._settle(connection, key, "failed", _SUPERSEDED, at, pending_only=True)
        return len(keys)

    def release(self, keys: Sequence[Key]) -> None:
        """Gives back what was claimed and not handed over."""
        with self._db.write() as connection:
            for key in keys:
                ours = sa.and_(deliveries.c.state == "pending", deliveries.c.lease_owner == self._owner)
                connection.execute(
                    deliveries.update().where(is_key(key), ours).values(lease_owner=None, lease_until=None)
                )

    def repeat(self, key: Key, claim: Claim, at: datetime) -> None:
        """Writes into a planned delivery what its edition is: that of an earlier one."""
        values = {"papers": " ".join(claim.papers), "content": claim.content, "stamped_at": claim.stamped_at}
        values |= {"name": claim.name, "language": claim.language, "design": claim.design, "changed_at": at}
        with self._db.write() as connection:
            connection.execute(deliveries.update().where(is_key(key), deliveries.c.content.is_(None)).values(**values))

    # -- after a crash

    def recover(self, at: datetime, in_doubt: Literal["resend", "hold"], *, alone: bool) -> int:
        """Takes up what a dead process left in `submitting`; returns how many were in doubt.

        `alone`: no other process can be sending (the home is locked), so every lease is a dead one;
        otherwise only leases that ran out are. In doubt means `resend` with the same bytes, or `hold`.
        """
        d = deliveries.c
        dead = d.lease_owner.isnot(None) & (sa.true() if alone else d.lease_until < self._now(at))
        state, reason = ("pending", f"{_DOUBT} after a crash: sent again") if in_doubt == "resend" else _HELD
        free = {"lease_owner": None, "lease_until": None}
        with self._db.write() as connection:
            doubtful = self._update(dead & (d.state == "submitting"))
            count = connection.execute(doubtful.values(state=state, reason=reason, changed_at=at, **free)).rowcount
            connection.execute(self._update(dead & (d.state == "pending")).values(**free))
        return int(count)

    @staticmethod
    def _update(which: sa.ColumnElement[bool]) -> sa.Update:
        """An update of these rows but for those that another transaction is just changing: they are alive."""
        d = deliveries.c
        names = (d.subscriber, d.period, d.occasion)
        found = sa.select(*names).where(which).with_for_update(skip_locked=True)
        return deliveries.update().where(sa.tuple_(*names).in_(found))

    # -- staying alive

    @contextmanager
    def working(self) -> Iterator[None]:
        """While it lasts, the leases of this process are renewed, where others would take them over.

        At its end, whatever ended it, what was not handed over is left to the others at once.
        """
        if not self._db.shared:
            yield
            return
        try:
            with beating(self.renew, HEARTBEAT):
                yield
        finally:
            with contextlib.suppress(StoreError), self._db.write() as connection:
                mine = (deliveries.c.lease_owner == self._owner) & (deliveries.c.state == "pending")
                connection.execute(self._update(mine).values(lease_owner=None, lease_until=None))

    def renew(self) -> None:
        """Renews the leases of this process, as the server's clock has it."""
        mine = self._update((deliveries.c.lease_owner == self._owner) & deliveries.c.lease_until.isnot(None))
        with self._db.write() as connection:
            connection.execute(mine.values(lease_until=sa.func.now() + LEASE))

    # -- the operator's stop

    def stop(self, at: datetime) -> None:
        """No further message is handed over by any process."""
        with self._db.write() as connection:
            insert_new(connection, switches, [{"name": "stopped", "at": at}])

    def resume(self) -> bool:
        """Takes the stop back; False if there was none."""
        with self._db.write() as connection:
            return bool(connection.execute(switches.delete().where(switches.c.name == "stopped")).rowcount)


def _among(keys: Sequence[Key]) -> sa.ColumnElement[bool]:
    d = deliveries.c
    return sa.tuple_(d.subscriber, d.period, d.occasion).in_([as_tuple(key) for key in keys])


_IN_ORDER = (deliveries.c.day, deliveries.c.subscriber, deliveries.c.period, deliveries.c.occasion)
_DOUBT = "in doubt"  # how the reason begins of who was handed over without an answer, once or more
_DOUBTFUL = deliveries.c.reason.startswith(_DOUBT)
_SUPERSEDED = "superseded by the next edition"
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
