"""The statements that every message needs, written once: SQLAlchemy takes ten times longer to build one than to run it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from newsletter.database import Moment, Words, chunks, one_of
from newsletter.database.prepared import Prepared
from newsletter.ledger.schema import DELIVERY, deliveries, delivery_of, waits
from newsletter.ledger.values import Claim, Delivery, Key
from newsletter.ledger.verdicts import HELD, Changes, Row
from newsletter.models import State
from newsletter.readers.suppressions import suppressed_among
from newsletter.typed import folded

LEASE: Final = timedelta(seconds=60)
PAGE: Final = 2_000
"""Keys read at once."""

d = deliveries.c
IN_ORDER: Final = (d.day, d.subscriber, d.period, d.occasion)
is_held: Final = d.reason.like(sa.literal_column(f"'{HELD}%'"))
"""Of who is pending: waits for another day, however late it is; `ledger.rations` lets go."""


def grouped(keys: Iterable[Key]) -> Iterator[tuple[str, str, Sequence[str]]]:
    """Period, occasion and subscribers, as many as one statement takes.

    Asked in this way SQLite looks every row up by its key; asked for rows of three values it reads the whole table.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for key in keys:
        found.setdefault((key.period, key.occasion), []).append(key.subscriber)
    for (period, occasion), subscribers in sorted(found.items()):  # in one order everywhere: nobody waits in a ring
        yield from ((period, occasion, some) for some in chunks(subscribers))


def free(owner: str, now: Any) -> sa.ColumnElement[bool]:
    """Nobody holds it, or the owner does."""
    over: sa.ColumnElement[bool] = d.lease_until < now
    return d.lease_until.is_(None) | over | (d.lease_owner == owner)


def here(occasion: Any) -> sa.ColumnElement[bool]:
    """Deliveries of this occasion, and repetitions on purpose."""
    found: sa.ColumnElement[bool] = d.occasion.like("again-%") | (d.occasion == occasion)
    return found


def among(period: Any, occasion: Any, subscribers: Any) -> sa.ColumnElement[bool]:
    """The rows of a group."""
    return sa.and_(d.period == period, d.occasion == occasion, d.subscriber.in_(subscribers))


class Statements:
    """For one owner. Where machines share the database, leases are measured by its server's clock."""

    def __init__(self, owner: str, *, shared: bool) -> None:
        self._owner = owner
        self._shared = shared
        now: Any = sa.func.now() if shared else sa.bindparam("now", type_=Moment)
        until: Any = now + LEASE if shared else sa.bindparam("until", type_=Moment)
        group = sa.and_(
            d.period == sa.bindparam("k_period", type_=Words),
            d.occasion == sa.bindparam("k_occasion", type_=Words),
            one_of(d.subscriber, "k_subscribers", shared=shared),
        )
        key = (d.subscriber, d.period, d.occasion)
        found = (d.state, d.reason, d.lease_owner, free(owner, now), d.address, d.attempts, d.give_up_at, d.accepts)
        rows = sa.select(*key, *found).where(group)
        self._rows = Prepared(rows.order_by(*IN_ORDER).with_for_update() if shared else rows)
        which: Any = sa.bindparam("here")
        self._agenda = sa.select(*_DIGESTS).where(_ready(here(which), owner, now))
        last = sa.tuple_(sa.bindparam("last", type_=Words), sa.bindparam("last_period", type_=Words))
        self._waiting = (
            sa.select(d.subscriber, d.period, d.occasion)
            .where(d.day == sa.bindparam("day", type_=sa.Date), _ready(d.occasion == which, owner, now))
            .where(d.subscriber >= sa.bindparam("last", type_=Words), sa.tuple_(d.subscriber, d.period) > last)
            .order_by(d.subscriber, d.period)
            .limit(PAGE)
        )
        ready = sa.select(*DELIVERY).where(group, _ready(here(which), owner, now))
        ready = ready.where(~_after_anothers(owner)).order_by(*IN_ORDER)
        self._ready = Prepared(ready.with_for_update(skip_locked=True))
        self._lease = Prepared(deliveries.update().where(group).values(lease_owner=owner, lease_until=until))
        self._contents = Prepared(sa.select(*key, d.content).where(group, d.content.isnot(None)))
        self._claim = _changing("pending", *_CLAIMED, lease_owner=owner, lease_until=until)
        taken = {"attempts": d.attempts + 1, "lease_until": until}
        told = {name: sa.bindparam(f"n_{name}", type_=d[name].type) for name in ("batch", "changed_at")}
        waiting = deliveries.update().where(group, waits)
        self._mark = Prepared(waiting.values(state="submitting", **taken, **told))
        self._settle = _changing(None, "state", "reason", **_FREE, next_attempt=None)
        accepted = {"state": "submitted", "reason": "", "accepts": d.accepts + 1, "next_attempt": None}
        self._accept = _changing(None, "receipt", **_FREE, **accepted)
        self._hear = _changing(None, "receipt", accepts=d.accepts + 1)
        self._postpone = _changing(None, "reason", "next_attempt", **_FREE, state="pending")

    def agenda(self, connection: sa.Connection, occasion: str, only: str | None, at: datetime) -> list[Any]:
        """Day, occasion, digest and how many of each can be sent to now, in order."""
        found = (self._agenda.where(_is(only)) if only else self._agenda).cte("found")
        found = found.prefix_with("MATERIALIZED")  # else SQLite reads all that ever was, as that is in order of day
        counted = sa.select(*found.c, sa.func.count()).group_by(*found.c).order_by(*found.c)
        return list(connection.execute(counted, {"here": occasion, "at": at} | self._now(at)))

    def waiting(
        self, connection: sa.Connection, occasion: str, day: date, only: str | None, last: Key, at: datetime
    ) -> list[Key]:
        """The keys of a day that can be sent to now, and come after the last one; as many as are read at once."""
        query = self._waiting.where(_is(only)) if only else self._waiting
        told = {"here": occasion, "day": day, "last": last.subscriber, "last_period": last.period, "at": at}
        return [Key(*row) for row in connection.execute(query, told | self._now(at))]

    def ready(
        self, connection: sa.Connection, occasion: str, group: tuple[str, str, Sequence[str]], at: datetime
    ) -> list[Delivery]:
        """Those of a group that can be sent to now, but for whose earlier edition another process is still to make."""
        told = {"here": occasion, "at": at} | _group(group) | self._now(at)
        return [delivery_of(row) for row in self._ready.rows(connection, told)]

    def lease(self, connection: sa.Connection, group: tuple[str, str, Sequence[str]], at: datetime) -> None:
        """Leases a group to its owner."""
        self._lease.change(connection, _group(group) | self._until(at))

    def rows(self, connection: sa.Connection, keys: Sequence[Key], at: datetime) -> dict[Key, Row]:
        """The rows of these keys; none of them changes any more in this transaction but by us."""
        found: dict[Key, Row] = {}
        for some in grouped(keys):
            for row in self._rows.rows(connection, _group(some) | self._now(at)):
                found[Key(*row[:3])] = Row(*row[3:])
        return found

    def contents(self, connection: sa.Connection, keys: Sequence[Key]) -> dict[Key, str]:
        """What was written of those of these editions that were claimed before."""
        found: dict[Key, str] = {}
        for some in grouped(keys):
            found |= {Key(*row[:3]): row[3] for row in self._contents.rows(connection, _group(some))}
        return found

    def suppressed(self, connection: sa.Connection, rows: Mapping[Key, Row]) -> Iterator[Key]:
        """Those whose address must not be written to."""
        no = suppressed_among(connection, [row.address for row in rows.values()])
        return (key for key, row in rows.items() if no and folded(row.address) in no)

    def claim(self, connection: sa.Connection, claims: Sequence[Claim], provider: str, at: datetime) -> None:
        """Writes what these editions are, and that they are ours."""
        same = {"n_provider": provider, "n_changed_at": at} | self._until(at)
        self._claim.change_each(connection, map(_claimed, claims), same)

    def mark(self, connection: sa.Connection, keys: Sequence[Key], batch: str, at: datetime) -> None:
        """Marks what is handed over now, all of it the owner's."""
        told = {"n_batch": batch, "n_changed_at": at} | self._until(at)
        for some in grouped(keys):
            self._mark.change(connection, _group(some) | told)

    def settle(self, connection: sa.Connection, found: Sequence[tuple[Key, State, str]], at: datetime) -> None:
        """Writes states and reasons."""
        told = [{"n_state": state, "n_reason": reason[:500]} for _, state, reason in found]
        self._change(connection, self._settle, [key for key, *_ in found], told, at)

    def write(self, connection: sa.Connection, changes: Changes, at: datetime) -> None:
        """Writes what a round's answers change."""
        self.settle(connection, changes.final, at)
        for statement, receipts in ((self._accept, changes.accepted), (self._hear, changes.heard)):
            told: list[dict[str, Any]] = [{"n_receipt": receipt[:500]} for _, receipt in receipts]
            self._change(connection, statement, [key for key, _ in receipts], told, at)
        told = [{"n_reason": reason[:500], "n_next_attempt": again} for _, reason, again in changes.again]
        self._change(connection, self._postpone, [key for key, *_ in changes.again], told, at)

    def _change(
        self,
        connection: sa.Connection,
        statement: Prepared,
        keys: Sequence[Key],
        told: Sequence[Mapping[str, Any]],
        at: datetime,
    ) -> None:
        rows = ({**_key(key), **one} for key, one in zip(keys, told, strict=True))
        statement.change_each(connection, rows, {"n_changed_at": at})

    def _now(self, at: datetime) -> dict[str, Any]:
        """The moment that leases are measured by; that of the one server, as the clocks of machines differ."""
        return {} if self._shared else {"now": at}

    def _until(self, at: datetime) -> dict[str, Any]:
        return {} if self._shared else {"until": at + LEASE}


_DIGESTS = (d.day, d.occasion, d.digest)


def _ready(here: sa.ColumnElement[bool], owner: str, now: Any) -> sa.ColumnElement[bool]:
    at = sa.bindparam("at", type_=Moment)
    due = d.next_attempt.is_(None) | (d.next_attempt <= at)
    return sa.and_(waits, here, due, ~is_held, free(owner, now))


def _after_anothers(owner: str) -> sa.Exists:
    earlier = deliveries.alias("earlier")
    return sa.exists().where(
        earlier.c.subscriber == d.subscriber,
        earlier.c.occasion == d.occasion,
        earlier.c.day < d.day,
        # Written out, not told as a value: so the index of those who wait is known to answer it.
        earlier.c.state == sa.literal_column("'pending'"),
        earlier.c.content.is_(None),
        earlier.c.lease_owner.is_distinct_from(owner),
    )


def _is(name: str) -> sa.ColumnElement[bool]:
    """Deliveries of this subscriber, by key or address."""
    return (d.subscriber == name) | (d.address == name)


def _group(group: tuple[str, str, Sequence[str]]) -> dict[str, Any]:
    return {"k_period": group[0], "k_occasion": group[1], "k_subscribers": list(group[2])}


_FREE: Mapping[str, Any] = {"lease_owner": None, "lease_until": None}
_CLAIMED = "papers content name language design template stamped_at message_id provider".split()


def _changing(found_in: State | None, /, *told: str, **fixed: Any) -> Prepared:
    """An update of one row, in this state, that sets some columns to what it is told and others to what is fixed."""
    key = [d[name] == sa.bindparam(f"k_{name}", type_=Words) for name in ("subscriber", "period", "occasion")]
    where = [*key, d.state == found_in] if found_in else key
    values = {name: sa.bindparam(f"n_{name}", type_=d[name].type) for name in (*told, "changed_at")}
    return Prepared(deliveries.update().where(*where).values(**values, **fixed))


def _key(key: Key) -> dict[str, Any]:
    return {"k_subscriber": key.subscriber, "k_period": key.period, "k_occasion": key.occasion}


def _claimed(claim: Claim) -> dict[str, Any]:
    return _key(claim.key) | {
        "n_papers": " ".join(claim.papers),
        "n_content": claim.content,
        "n_name": claim.name,
        "n_language": claim.language,
        "n_design": claim.design,
        "n_template": claim.template,
        "n_stamped_at": claim.stamped_at,
        "n_message_id": claim.message_id,
    }
