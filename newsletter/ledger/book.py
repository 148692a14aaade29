"""The crash-safe book of deliveries: plan, claim, record, recover.

A delivery is one row per (subscriber, period, occasion). How it moves, and why, is a table: `ledger.protocol`.

A row becomes `submitting` in the commit that records its predecessor's outcome, before the provider is given
the message; so what is in doubt after a crash is only what was handed over and not answered.

Who works on a row holds a lease on it. In a SQLite home that only keeps two methods of one process apart, as the home
is locked; on PostgreSQL it keeps machines apart, so there it is measured by the server's clock, renewed while its
owner lives, and asked for at every step: who lost it neither hands over nor records.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any, Literal, TypeAlias

import sqlalchemy as sa

from newsletter.buckets import Draw, Grant
from newsletter.database import Database, chunks, insert_new
from newsletter.errors import StoreError
from newsletter.ledger.heartbeat import beating
from newsletter.ledger.knowledge import Knowledge, stopped_at
from newsletter.ledger.plans import Plans
from newsletter.ledger.rates import draw
from newsletter.ledger.rations import Rations
from newsletter.ledger.schema import DELIVERY, SCHEMA, deliveries, delivery_of, in_a_batch, is_key, switches, waits
from newsletter.ledger.statements import IN_ORDER, LEASE, Statements, free, grouped
from newsletter.ledger.values import Claim, Delivery, Finding, Key, Planned, Waiting
from newsletter.ledger.verdicts import DOUBT, HELD, SUPERSEDED, Row, changes, honest
from newsletter.models import Outcome, Refused, State, Suppression
from newsletter.readers.references import References, readers
from newsletter.readers.suppressions import suppress

log = logging.getLogger("newsletter.ledger")
HEARTBEAT = timedelta(seconds=15)
Beside: TypeAlias = Callable[[sa.Connection, Sequence[Key]], None]
"""What another store writes in a transaction of the ledger's."""
ERASED = "removed: the reader had everything about them erased"


class Ledger(Knowledge):
    """The book. Every method is one transaction, durable when it returns."""

    def __init__(self, database: Database, owner: str) -> None:
        super().__init__(database)
        self._owner = owner
        self._statements = Statements(owner, shared=database.shared)
        self._plans = Plans(shared=database.shared)
        self._references = References(shared=database.shared)

    @property
    def owner(self) -> str:
        """What this process is called in leases."""
        return self._owner

    def rations(self) -> Rations:
        """Who may be sent to today, where a plan says how many."""
        return Rations(self._db)

    def forked(self, owner: str) -> Ledger:
        """This ledger in a child process, which has a name of its own."""
        return Ledger(self._db.forked(), owner)

    @staticmethod
    def open(url: str) -> Database:
        """Opens the database of ledger, suppressions and feedback."""
        return Database.open(url, SCHEMA)

    # -- plan

    def plan(self, planned: Sequence[Planned], at: datetime, beside: Beside | None = None) -> int:
        """Freezes an audience; deliveries that exist already stay as they are. Returns how many are new.

        Where there are new ones `beside` is done in the same transaction, with who is to be sent to.
        """
        with self._db.write(alone=True) as connection:  # two that plan the same audience at once never wait in a ring
            self._references.introduce(connection, chain.from_iterable(one.readers for one in planned))
            new = sum(self._plans.plan(connection, one, at) for one in planned)
            if beside is not None and new:
                go = (one.keys for one in planned if not one.skip and one.held_until is None)
                beside(connection, list(chain.from_iterable(go)))
            return new

    def agenda(self, at: datetime, occasion: str, only: str | None = None) -> list[Waiting]:
        """How many can be sent to now whom nobody else works on (or this one, by key or address), in order of day."""
        found: dict[tuple[date, str], Waiting] = {}
        with self._db.read() as connection:
            for day, name, digest, number in self._statements.agenda(connection, occasion, only, at):
                known = found.get((day, name), Waiting(day, name))
                found[day, name] = Waiting(day, name, (*known.digests, digest), known.number + number)
        return list(found.values())

    def waiting(self, at: datetime, occasion: str, day: date, only: str | None = None) -> Iterator[Key]:
        """The deliveries of a day that can be sent now and that nobody else works on, in order of subscriber."""
        page = [Key("", "", "")]
        while page:  # a page at a time: between them rows are settled
            with self._db.read() as connection:
                page = self._statements.waiting(connection, occasion, day, only, page[-1], at)
            yield from page

    # -- who may be told apart by a link, and who wants to be forgotten

    def introduce(self, reference: str, subscriber: str, address: str) -> None:
        """Lets links with this opaque name lead to a subscriber before there is an edition for them."""
        with self._db.write() as connection:
            self._references.introduce(connection, [(subscriber, address, reference)])

    def forget(self, subscriber: str, references: Sequence[str], at: datetime) -> None:
        """Removes from whom deliveries were and what was in them; that they were is still in the account.

        What is still to be sent is not. No link leads to the subscriber any more, and what is over is kept under an
        opaque name: a key is an address, where a file names no other.
        """
        d = deliveries.c
        mine = d.subscriber == subscriber
        not_sent = {
            "state": "skipped",
            "reason": ERASED,
            "lease_owner": None,
            "lease_until": None,
            "next_attempt": None,
        }
        with self._db.write() as connection:
            waiting = mine & (d.state == "pending")
            connection.execute(deliveries.update().where(waiting).values(changed_at=at, **not_sent))
            told = sa.func.replace(d.reason, d.address, "")  # as servers do in their replies
            named = mine & (d.address != "")
            bare = {"address": "", "name": "", "papers": "", "content": None, "receipt": "", "reason": told}
            connection.execute(deliveries.update().where(named).values(**bare))
            over = mine & d.state.in_(("submitted", "failed", "skipped"))
            connection.execute(
                deliveries.update().where(over).values(subscriber=f"{references[0]} {at:%Y-%m-%d %H:%M:%S}")
            )
            connection.execute(readers.delete().where(readers.c.reference.in_(references)))

    def forget_before(self, day: date) -> int:
        """Removes where the deliveries of before that day went and what was in them; returns how many they were.

        What became of each stays in the account, and which papers it showed, so that none is shown again. Who waits or
        is in doubt keeps everything. Some hundreds at a time, so that nobody who sends has to wait.
        """
        d, number = deliveries.c, 0
        over = (d.day < day) & (d.address != "") & d.state.in_(("submitted", "failed", "skipped"))
        with self._db.read() as connection:
            names = connection.execute(sa.select(d.subscriber).where(over).distinct().order_by(d.subscriber)).scalars()
            subscribers = list(names)
        for some in chunks(subscribers):
            with self._db.write() as connection:
                told = sa.func.replace(d.reason, d.address, "")
                bare = {"address": "", "name": "", "content": None, "receipt": "", "reason": told}
                number += connection.execute(
                    deliveries.update().where(over, d.subscriber.in_(some)).values(bare)
                ).rowcount
        return number

    # -- claim

    def take(self, at: datetime, occasion: str, keys: Sequence[Key], elsewhere: Collection[str] = ()) -> list[Delivery]:
        """Leases to this process those of these deliveries that can be sent now, and returns them, in order.

        What another process is just taking is left to it, without waiting. So is an edition an earlier one
        of the same reader is still to be made, by another: what that shows has to be known first.
        Who was handed over in a batch that nobody answered comes with all others of it who still wait, or not at all:
        also if it was handed to a provider that is `elsewhere` now.
        """
        found: dict[Key, Delivery] = {}
        with self._db.write() as connection:
            for period, name, some in grouped(sorted(keys)):
                ready = self._statements.ready(connection, occasion, (period, name, some), at)
                found |= {one.key: one for one in ready}
            found = self._with_batches(connection, found, at)
            found = {key: one for key, one in found.items() if not one.batch or one.provider not in elsewhere}
            for group in grouped(found):
                self._statements.lease(connection, group, at)
        return sorted(found.values(), key=lambda one: (one.day, one.key))

    def _with_batches(
        self, connection: sa.Connection, found: Mapping[Key, Delivery], at: datetime
    ) -> dict[Key, Delivery]:
        """With all who wait of the batches that nobody answered; without batches that others have a part of."""
        batches = sorted({one.batch for one in found.values()} - {""})
        if not batches:
            return dict(found)
        waiting = sa.select(*DELIVERY).where(in_a_batch, deliveries.c.batch.in_(batches))
        whole = {key: one for key, one in _deliveries(connection, waiting).items() if one.batch}
        mine = free(self._owner, sa.func.now() if self._db.shared else at)
        locked = waiting.where(mine).order_by(*IN_ORDER).with_for_update(skip_locked=True)
        ours = _deliveries(connection, locked)
        others = {one.batch for key, one in whole.items() if key not in ours}
        return {key: one for key, one in {**found, **whole}.items() if one.batch not in others}

    def claim(self, claims: Sequence[Claim], provider: str, at: datetime) -> set[Key]:
        """Takes deliveries for this process and writes what each edition is; returns those that were won.

        Compare-and-set: only a pending row that nobody else holds is won. An address that was suppressed in
        the meantime is skipped here, at the last moment before sending.
        """
        with self._db.write() as connection:
            keys = [claim.key for claim in claims]
            rows = self._may_be_sent(connection, self._statements.rows(connection, keys, at), at)
            made = self._statements.contents(connection, keys)
            won = [one for one in claims if one.key in rows and made.get(one.key, one.content) == one.content]
            self._statements.claim(connection, won, provider, at)
        return {claim.key for claim in won}

    def _may_be_sent(self, connection: sa.Connection, rows: Mapping[Key, Row], at: datetime) -> dict[Key, Row]:
        """Those that are pending, held by nobody else, and may be written to; who may not is skipped."""
        waiting = {key: row for key, row in rows.items() if row.state == "pending" and row.free}
        no = set(self._statements.suppressed(connection, waiting))
        self._settle(connection, [(key, "skipped", "suppressed") for key in no], rows, at)
        return {key: row for key, row in waiting.items() if key not in no}

    def skip(self, reasons: Mapping[Key, str], at: datetime) -> None:
        """Settles pending deliveries that turned out to have nothing to send."""
        self._end(reasons, "skipped", at)

    def fail(self, reasons: Mapping[Key, str], at: datetime) -> None:
        """Settles pending deliveries whose edition could not be made."""
        self._end(reasons, "failed", at)

    def _end(self, reasons: Mapping[Key, str], state: State, at: datetime) -> None:
        if reasons:
            with self._db.write() as connection:
                rows = self._statements.rows(connection, list(reasons), at)
                mine = [key for key, row in rows.items() if row.state == "pending" and row.free]
                self._settle(connection, [(key, state, reasons[key]) for key in mine], rows, at)

    def _settle(
        self, connection: sa.Connection, found: Iterable[tuple[Key, State, str]], rows: Mapping[Key, Row], at: datetime
    ) -> None:
        self._statements.settle(connection, [(key, *honest(rows[key], state, why)) for key, state, why in found], at)

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

        Returns those of `submitting` that may be handed over: still ours, still pending, not suppressed. Nobody
        may be while the operator has it stopped.
        """
        answers = dict(answered)
        with self._db.write() as connection:
            if submitting and stopped_at(connection) is not None:
                submitting = ()
            rows = self._statements.rows(connection, [*answers, *submitting], at)
            self._record(connection, answers, rows, at, in_doubt)
            waiting = {key: rows[key] for key in submitting if key in rows and key not in answers}
            waiting = self._may_be_sent(connection, waiting, at)
            marked = [key for key in submitting if key in waiting and waiting[key].owner == self._owner]
            self._statements.mark(connection, marked, batch, at)
        return set(marked)

    def _record(
        self,
        connection: sa.Connection,
        answers: Mapping[Key, Outcome],
        rows: Mapping[Key, Row],
        at: datetime,
        in_doubt: Literal["resend", "hold"],
    ) -> None:
        found = changes(answers, rows, self._owner, at, in_doubt)
        for key in found.late:
            log.warning(
                "an edition of %s was answered after another process took it over", key.period
            )  # no address in a log
        self._statements.write(connection, found, at)
        for key, _, _ in found.final:
            outcome = answers[key]
            if isinstance(outcome, Refused) and outcome.bad_address:
                suppress(connection, [Suppression(rows[key].address, "bounced", outcome.reason, at)])

    def give_up(self, at: datetime) -> int:
        """Settles who still waits when their next edition is due; returns how many."""
        d = deliveries.c
        over = sa.select(d.subscriber, d.period, d.occasion).where(waits, d.give_up_at < at)
        with self._db.read() as connection:
            if connection.execute(over.limit(1)).first() is None:
                return 0
        with self._db.write() as connection:
            found = [Key(*row) for row in connection.execute(over.order_by(*IN_ORDER))]
            rows = self._statements.rows(connection, found, at)
            ended = [key for key, row in rows.items() if row.state == "pending" and row.free]
            self._settle(connection, [(key, "failed", _superseded(rows[key])) for key in ended], rows, at)
        return len(ended)

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

    def recover(
        self,
        at: datetime,
        in_doubt: Literal["resend", "hold"],
        *,
        alone: bool = False,
        of: str | None = None,
        knows: Collection[str] = (),
    ) -> int:
        """Takes up what a dead process left in `submitting`; returns how many were in doubt.

        `alone`: no other process can be sending (the home is locked), so every lease is a dead one; `of`: this owner
        is dead; otherwise leases that ran out are. In doubt means `resend` with the same bytes, or `hold`; what a
        provider among `knows` was handed is sent again in any case: it knows requests by their keys, so that is no doubt.
        """
        d = deliveries.c
        now: Any = sa.func.now() if self._db.shared else at
        over = d.lease_owner == of if of is not None else sa.true() if alone else d.lease_until < now
        dead = d.lease_owner.isnot(None) & over
        state, reason = _AGAIN if in_doubt == "resend" else _HELD
        free = {"lease_owner": None, "lease_until": None}
        with self._db.read() as connection:
            if connection.execute(_LEASED).first() is None:
                return 0
        with self._db.write() as connection:
            heard = self._update(dead & (d.state == "submitting") & (d.accepts > 0))
            connection.execute(heard.values(state="submitted", reason="", changed_at=at, **free))
            known = self._update(dead & (d.state == "submitting") & d.provider.in_(knows))
            again, why = _AGAIN
            count = connection.execute(known.values(state=again, reason=why, changed_at=at, **free)).rowcount
            doubtful = self._update(dead & (d.state == "submitting"))
            count += connection.execute(doubtful.values(state=state, reason=reason, changed_at=at, **free)).rowcount
            connection.execute(self._update(dead & (d.state == "pending")).values(**free))
        return int(count)

    def _update(self, which: sa.ColumnElement[bool]) -> sa.Update:
        """An update of these rows but for those that another transaction is just changing: they are alive."""
        if not self._db.shared:
            return deliveries.update().where(which)
        d = deliveries.c
        names = (d.subscriber, d.period, d.occasion)
        found = sa.select(*names).where(which).with_for_update(skip_locked=True)
        return deliveries.update().where(sa.tuple_(*names).in_(found))

    def resolve(self, doubts: Iterable[Key], finding: Finding, at: datetime) -> set[Key]:
        """Settles what was held for a person as they found it; returns what was still held.

        Sent again it keeps its bytes and its `Message-ID`, and is still not written to who has said no since.
        """
        values = _FOUND[finding] | {"changed_at": at, "next_attempt": None}
        resolved: set[Key] = set()
        with self._db.write() as connection:
            for key in sorted(doubts):
                held = deliveries.update().where(is_key(key), deliveries.c.state == "uncertain")
                if connection.execute(held.values(**values)).rowcount:
                    resolved.add(key)
        return resolved

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

    # -- rates that processes share

    def draw(self, draws: Sequence[Draw]) -> dict[str, Grant]:
        """Takes tokens from the buckets that all workers share, as far as there are any."""
        with self._db.read() as connection:
            return draw(connection, draws)

    # -- the operator's stop

    def stop(self, at: datetime) -> None:
        """No further message is handed over by any process."""
        with self._db.write() as connection:
            insert_new(connection, switches, [{"name": "stopped", "at": at}])

    def resume(self) -> bool:
        """Takes the stop back; False if there was none."""
        with self._db.write() as connection:
            return bool(connection.execute(switches.delete().where(switches.c.name == "stopped")).rowcount)

    # -- what the operator was told

    def tell(self, alarm: str, at: datetime, until: datetime) -> bool:
        """True for one process only, and not again before `until`: that one tells the operator of an alarm."""
        name = f"told: {alarm}"
        with self._db.write() as connection:
            if insert_new(connection, switches, [{"name": name, "at": until}]):
                return True
            due = switches.update().where(switches.c.name == name, switches.c.at <= at)
            return bool(connection.execute(due.values(at=until)).rowcount)

    def tell_again(self, alarm: str, at: datetime) -> None:
        """The operator could not be told; the next attempt is then."""
        with self._db.write() as connection:
            connection.execute(switches.update().where(switches.c.name == f"told: {alarm}").values(at=at))


def _deliveries(connection: sa.Connection, query: sa.Select[Any]) -> dict[Key, Delivery]:
    return {one.key: one for one in map(delivery_of, connection.execute(query))}


def _superseded(row: Row) -> str:
    return f"{SUPERSEDED}; last: {HELD}" if row.reason.startswith(HELD) else SUPERSEDED


_LEASED = sa.select(deliveries.c.period).where(deliveries.c.lease_owner.isnot(None)).limit(1)
_AGAIN = ("pending", f"{DOUBT} after a crash: sent again")
_HELD = ("uncertain", "in doubt after a crash: held for a person to decide")
_FOUND: Mapping[Finding, dict[str, Any]] = {
    "arrived": {"state": "submitted", "reason": "", "receipt": "it arrived, as a person found"},
    "again": {"state": "pending", "reason": "in doubt: a person orders it to be sent again", "batch": ""},
    "give up": {"state": "failed", "reason": "in doubt: given up by a person"},
}
