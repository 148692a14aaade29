"""The crash-safe book of deliveries: plan, claim, record, recover.

A delivery is one row per (subscriber, period, occasion). It moves so:

    plan -> pending -> (claim: what the edition is) -> submitting -> submitted | failed | uncertain
    plan -> skipped            pending -> skipped            submitting -> pending (try later)

A row becomes `submitting` in the commit that records its predecessor's outcome, before the provider is given
the message; so what is in doubt after a crash is only what was handed over and not answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from newsletter.database import Database, chunks, insert_new
from newsletter.ledger.knowledge import Knowledge
from newsletter.ledger.schema import SCHEMA, as_tuple, deliveries, delivery_of, is_key, readers, switches
from newsletter.ledger.values import Claim, Delivery, Key, Planned
from newsletter.models import Outcome, Receipt, Refused, State, TryLater
from newsletter.pace import retry_at
from newsletter.suppressions import suppress, suppressed_among, tables
from newsletter.typed import folded

LEASE = timedelta(seconds=60)


class Ledger(Knowledge):
    """The book. Every method is one transaction, durable when it returns."""

    def __init__(self, database: Database, owner: str) -> None:
        super().__init__(database)
        self._owner = owner

    @staticmethod
    def open(url: str) -> Database:
        """Opens the database of ledger, suppressions and feedback."""
        return Database(url, tables, SCHEMA, durable=True)

    # -- plan

    def plan(self, planned: Sequence[Planned], at: datetime) -> int:
        """Freezes an audience; deliveries that exist already stay as they are. Returns how many are new."""
        rows = [_planned_row(plan, at) for plan in planned]
        names = [{"reference": p.reference, "subscriber": p.key.subscriber, "address": p.address} for p in planned]
        with self._db.write() as connection:
            for some in chunks(names):
                insert_new(connection, readers, some)
            return sum(insert_new(connection, deliveries, some) for some in chunks(rows))

    def waiting(self, at: datetime, occasion: str, keys: Sequence[Key] | None = None) -> list[Delivery]:
        """The deliveries that can be sent now, in order of subscriber; with `keys` only these."""
        d = deliveries.c
        ready = sa.and_(
            d.state == "pending",
            d.occasion.like("again-%") | (d.occasion == occasion),
            d.next_attempt.is_(None) | (d.next_attempt <= at),
            d.lease_until.is_(None) | (d.lease_until < at) | (d.lease_owner == self._owner),
        )
        query = sa.select(deliveries).where(ready).order_by(d.day, d.subscriber)
        with self._db.read() as connection:
            if keys is None:
                return [delivery_of(row) for row in connection.execute(query)]
            found: list[Delivery] = []
            for some in chunks(sorted(keys)):
                only = sa.tuple_(d.subscriber, d.period, d.occasion).in_([as_tuple(key) for key in some])
                found += [delivery_of(row) for row in connection.execute(query.where(only))]
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
        d = deliveries.c
        free = d.lease_until.is_(None) | (d.lease_until < at) | (d.lease_owner == self._owner)
        same = d.content.is_(None) | (d.content == claim.content)
        return (
            deliveries.update()
            .where(is_key(claim.key), d.state == "pending", free, same)
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
        d = deliveries.c
        addresses: dict[str, list[Key]] = {}
        for some in chunks(keys):
            only = sa.tuple_(d.subscriber, d.period, d.occasion).in_([as_tuple(key) for key in some])
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
                ours = sa.and_(deliveries.c.state == "pending", deliveries.c.lease_owner == self._owner)
                values = {"state": "submitting", "batch": batch, "lease_until": at + LEASE, "changed_at": at}
                marking = deliveries.update().where(is_key(key), ours)
                if connection.execute(marking.values(attempts=deliveries.c.attempts + 1, **values)).rowcount:
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
                address = connection.execute(sa.select(deliveries.c.address).where(is_key(key))).scalar_one()
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
        where = [is_key(key)] + ([deliveries.c.state == "pending"] if pending_only else [])
        values: dict[str, Any] = {"state": state, "reason": reason[:500], "receipt": receipt, "changed_at": at}
        values |= {"lease_owner": None, "lease_until": None, "next_attempt": None}
        connection.execute(deliveries.update().where(*where).values(**values))

    def _postpone(
        self, connection: sa.Connection, key: Key, reason: str, after: timedelta | None, at: datetime
    ) -> None:
        row = connection.execute(sa.select(deliveries).where(is_key(key))).one()
        again_at = retry_at(row.attempts, after, at, row.give_up_at)
        if again_at is None:
            self._settle(connection, key, "failed", f"superseded by the next edition; last: {reason}", at)
            return
        values = {"state": "pending", "reason": reason[:500], "next_attempt": again_at, "changed_at": at}
        connection.execute(deliveries.update().where(is_key(key)).values(lease_owner=None, lease_until=None, **values))

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
        dead = sa.true() if alone else (d.lease_until < at)
        state, reason = ("pending", "in doubt after a crash: sent again") if in_doubt == "resend" else _HELD
        doubtful = deliveries.update().where(d.state == "submitting", dead)
        free = {"lease_owner": None, "lease_until": None}
        with self._db.write() as connection:
            count = connection.execute(doubtful.values(state=state, reason=reason, changed_at=at, **free)).rowcount
            connection.execute(deliveries.update().where(d.state == "pending", dead).values(**free))
        return int(count)

    # -- the operator's stop

    def stop(self, at: datetime) -> None:
        """No further message is handed over by any process."""
        with self._db.write() as connection:
            insert_new(connection, switches, [{"name": "stopped", "at": at}])

    def resume(self) -> bool:
        """Takes the stop back; False if there was none."""
        with self._db.write() as connection:
            return bool(connection.execute(switches.delete().where(switches.c.name == "stopped")).rowcount)


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
