"""The statements that every message needs, built once: SQLAlchemy takes ten times longer to build one than to run it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from newsletter.database import Moment, Words, chunks
from newsletter.ledger.schema import deliveries
from newsletter.ledger.values import Claim, Key
from newsletter.ledger.verdicts import Changes, Row
from newsletter.models import State
from newsletter.suppressions import suppressed_among
from newsletter.typed import folded

LEASE: Final = timedelta(seconds=60)

d = deliveries.c
IN_ORDER: Final = (d.day, d.subscriber, d.period, d.occasion)


def grouped(keys: Iterable[Key]) -> Iterator[tuple[str, str, Sequence[str]]]:
    """Period, occasion and subscribers, as many as one statement takes.

    Asked in this way SQLite looks every row up by its key; asked for rows of three values it reads the whole table.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for key in keys:
        found.setdefault((key.period, key.occasion), []).append(key.subscriber)
    for (period, occasion), subscribers in sorted(found.items()):  # in one order everywhere: nobody waits in a ring
        yield from ((period, occasion, some) for some in chunks(subscribers))


def by_key(state: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """The state, in a question for rows whose keys are known: SQLite would look through all of that state instead."""
    return state.concat("")


def free(owner: str, now: Any) -> sa.ColumnElement[bool]:
    """Nobody holds it, or the owner does."""
    over: sa.ColumnElement[bool] = d.lease_until < now
    return d.lease_until.is_(None) | over | (d.lease_owner == owner)


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
        found = (
            d.subscriber,
            d.period,
            d.occasion,
            d.state,
            d.reason,
            d.lease_owner,
            free(owner, now).label("free"),
            d.address,
        )
        self._rows = (
            sa.select(*found, d.attempts, d.give_up_at, d.accepts)
            .where(among(sa.bindparam("period"), sa.bindparam("occasion"), sa.bindparam("keys", expanding=True)))
            .order_by(*IN_ORDER)
            .with_for_update()
        )
        self._contents = sa.select(d.subscriber, d.period, d.occasion, d.content).where(
            among(sa.bindparam("period"), sa.bindparam("occasion"), sa.bindparam("keys", expanding=True)),
            d.content.isnot(None),
        )
        self._claim = _changing("pending", *_CLAIMED, lease_owner=owner, lease_until=until)
        self._mark = _changing(
            "pending", "batch", state="submitting", attempts=d.attempts + 1, lease_owner=owner, lease_until=until
        )
        self._settle = _changing(None, "state", "reason", **_FREE, next_attempt=None)
        accepted = {"state": "submitted", "reason": "", "accepts": d.accepts + 1, "next_attempt": None}
        self._accept = _changing(None, "receipt", **_FREE, **accepted)
        self._hear = _changing(None, "receipt", accepts=d.accepts + 1)
        self._postpone = _changing(None, "reason", "next_attempt", **_FREE, state="pending")

    def rows(self, connection: sa.Connection, keys: Sequence[Key], at: datetime) -> dict[Key, Row]:
        """The rows of these keys; none of them changes any more in this transaction but by us."""
        now = {} if self._shared else {"now": at}
        found: dict[Key, Row] = {}
        for period, occasion, some in grouped(keys):
            wanted = {"period": period, "occasion": occasion, "keys": some, **now}
            for row in connection.execute(self._rows, wanted):
                found[Key(row[0], row[1], row[2])] = Row(
                    row[3], row[4], row[5], bool(row[6]), row[7], row[8], row[9], row[10]
                )
        return found

    def contents(self, connection: sa.Connection, keys: Sequence[Key]) -> dict[Key, str]:
        """What was written of those of these editions that were claimed before."""
        found: dict[Key, str] = {}
        for period, occasion, some in grouped(keys):
            wanted = {"period": period, "occasion": occasion, "keys": some}
            found |= {Key(*row[:3]): row[3] for row in connection.execute(self._contents, wanted)}
        return found

    def suppressed(self, connection: sa.Connection, rows: Mapping[Key, Row]) -> Iterator[Key]:
        """Those whose address must not be written to."""
        no = suppressed_among(connection, [row.address for row in rows.values()])
        return (key for key, row in rows.items() if no and folded(row.address) in no)

    def claim(self, connection: sa.Connection, claims: Sequence[Claim], provider: str, at: datetime) -> None:
        """Writes what these editions are, and that they are ours."""
        self._run(connection, self._claim, [_claimed(claim, provider, at) | self._until(at) for claim in claims])

    def mark(self, connection: sa.Connection, keys: Sequence[Key], batch: str, at: datetime) -> None:
        """Marks what is handed over now."""
        told = {"n_batch": batch, "n_changed_at": at} | self._until(at)
        self._run(connection, self._mark, [_key(key) | told for key in keys])

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
        statement: sa.Update,
        keys: Sequence[Key],
        told: Sequence[Mapping[str, Any]],
        at: datetime,
    ) -> None:
        rows = [{**_key(key), **one, "n_changed_at": at} for key, one in zip(keys, told, strict=True)]
        self._run(connection, statement, rows)

    def _until(self, at: datetime) -> dict[str, Any]:
        return {} if self._shared else {"until": at + LEASE}

    @staticmethod
    def _run(connection: sa.Connection, statement: sa.Update, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            connection.execute(statement, rows)


_FREE: Mapping[str, Any] = {"lease_owner": None, "lease_until": None}
_CLAIMED = "papers content name language design template stamped_at message_id provider".split()


def _changing(found_in: State | None, /, *told: str, **fixed: Any) -> sa.Update:
    """An update of one row, in this state, that sets some columns to what it is told and others to what is fixed."""
    key = [d[name] == sa.bindparam(f"k_{name}", type_=Words) for name in ("subscriber", "period", "occasion")]
    where = [*key, d.state == found_in] if found_in else key
    values = {name: sa.bindparam(f"n_{name}", type_=d[name].type) for name in (*told, "changed_at")}
    return deliveries.update().where(*where).values(**values, **fixed)


def _key(key: Key) -> dict[str, Any]:
    return {"k_subscriber": key.subscriber, "k_period": key.period, "k_occasion": key.occasion}


def _claimed(claim: Claim, provider: str, at: datetime) -> dict[str, Any]:
    return _key(claim.key) | {
        "n_papers": " ".join(claim.papers),
        "n_content": claim.content,
        "n_name": claim.name,
        "n_language": claim.language,
        "n_design": claim.design,
        "n_template": claim.template,
        "n_stamped_at": claim.stamped_at,
        "n_message_id": claim.message_id,
        "n_provider": provider,
        "n_changed_at": at,
    }
