"""Who signed up on the web or came with an import: asked, confirmed by themselves, changed, gone.

An address that nobody confirmed gets no edition. Whether somebody unsubscribed is not written here: the suppressions
know it, whichever way it was said, and only the reader's own confirmation takes it back.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets as randomness
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final, Literal, TypeAlias

import sqlalchemy as sa

from newsletter import links
from newsletter.database import Database, Moment, Words, chunks, insert_new
from newsletter.models import Addressee, Schedule, Subscriber, SuppressedFor, Suppression
from newsletter.readers.changes import count, number_of
from newsletter.readers.consents import Circumstances, Consent, forget, make_nameless, record, times
from newsletter.readers.references import Introduction, References
from newsletter.readers.suppressions import THEIR_NO, reasons_among, suppress, suppressions
from newsletter.records import on_schedule, read_addressee, read_subscriber, schedule_of, subscriber_record
from newsletter.typed import LAST, folded

Status: TypeAlias = Literal["unconfirmed", "confirmed", "unsubscribed"]
PAGE: Final = 500
MANY: Final = 2_000
"""Readers that are planned for at once."""
TOGETHER: Final = 1_000
"""Rows of an import in one transaction."""
LETTERS: Final = 3
"""Mails that ask to confirm to one address in a day."""
DAY: Final = timedelta(days=1)
_KIND: Final = "signups"

tables = sa.MetaData()
signups = sa.Table(
    "signups",
    tables,
    sa.Column("key", Words, primary_key=True),
    sa.Column("address", Words, nullable=False),  # folded
    sa.Column("record", Words),  # what they read, as JSON; none before they confirmed
    sa.Column("wanted", Words),  # what they asked for and have not confirmed
    sa.Column("look", Words, nullable=False, default=""),
    sa.Column("schedule", Words, nullable=False, default=""),
    sa.Column("asked_at", Moment, nullable=False),
    sa.Column("confirmed_at", Moment),
    sa.Column("mark", sa.BigInteger, nullable=False, default=0),  # under which number they were last to be planned anew
)
_is_confirmed: Final = signups.c.confirmed_at.isnot(None)
_is_asked: Final = signups.c.wanted.isnot(None)
for _name, _columns, _where in (
    ("signups_by_schedule", (signups.c.schedule, signups.c.key), _is_confirmed),
    ("signups_by_look", (signups.c.look,), _is_confirmed),
    ("signups_by_mark", (signups.c.mark, signups.c.key), _is_confirmed),
    ("signups_asked", (signups.c.asked_at,), _is_asked),
):
    sa.Index(_name, *_columns, sqlite_where=_where, postgresql_where=_where)
sa.Index("signups_by_address", signups.c.address, unique=True)
erased = sa.Table(
    "erased",
    tables,
    sa.Column("hash", Words, primary_key=True),
    sa.Column("subject", Words, nullable=False),
    sa.Column("at", Moment, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Signup:
    """Somebody who signed up."""

    key: str
    status: Status
    subscriber: Subscriber
    """What they read; of who never confirmed, what they asked for."""
    asked_at: datetime
    confirmed_at: datetime | None
    waiting: bool = False
    """Whether what they asked for last waits for their confirmation."""
    suppressed: SuppressedFor | None = None
    """Why they are not written to, if so."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What becomes of a wish to subscribe."""

    key: str
    letter: Literal["confirm", "already", ""]
    """Which letter is to be written now; empty: none, for this address must not be written to, or was just now."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What an import brought."""

    new: int
    known: int
    """Addresses that had signed up before: they stay as they are."""
    erased: int
    """Addresses of people who had everything about them erased: they are not taken."""


class Signups:
    """The sign-ups, in the ledger's database. Every method is one transaction, durable when it returns."""

    def __init__(
        self, database: Database, secrets: Sequence[str], random: Callable[[int], str] = randomness.token_hex
    ) -> None:
        self._db = database
        self._secrets = tuple(secrets)
        self._random = random
        self._references = References(shared=database.shared)

    # -- in and out

    def ask(self, wish: Subscriber, at: datetime, said: Circumstances) -> Asked:
        """Keeps what somebody asks for until they confirm it; of who reads already nothing changes.

        Whoever types an address need not be its owner: so nothing is done but a letter, a few in a day at most.
        """
        with self._db.write() as connection:
            no = _suppressed(connection, wish.email)
            if no not in (None, "unsubscribed"):
                return Asked("", "")
            key = self._kept(connection, wish, at)
            row = connection.execute(_SELECT.where(signups.c.key == key)).one()
            reads = row.confirmed_at is not None and no is None
            if not reads:
                values = {"wanted": subscriber_record(replace(wish, key=key)), "asked_at": at}
                connection.execute(signups.update().where(signups.c.key == key).values(values))
            record(connection, [Consent(key, "asked", at, said)])
            if times(connection, key, "written", at - DAY) >= LETTERS:
                return Asked(key, "")
            record(connection, [Consent(key, "written", at, Circumstances(said.how))])
        return Asked(key, "already" if reads else "confirm")

    def _kept(self, connection: sa.Connection, wish: Subscriber, at: datetime) -> str:
        """The key of the row of an address, which is there and locked afterwards."""
        row = {"key": self._new_key(), "address": folded(wish.email), "asked_at": at}
        insert_new(connection, signups, [row])
        query = sa.select(signups.c.key).where(signups.c.address == row["address"]).with_for_update()
        return str(connection.execute(query).scalar_one())

    def _new_key(self) -> str:
        return f"signup-{self._random(12)}"

    def confirm(self, key: str, at: datetime, said: Circumstances) -> Signup | None:
        """Makes a reader of who asked, and takes back that they once unsubscribed; None where there is no such key.

        A second time changes nothing. Nor does what others know of an address, as a bounce: it stays suppressed.
        """
        with self._db.write() as connection:
            row = connection.execute(_SELECT.where(signups.c.key == key).with_for_update(of=signups)).first()
            if row is not None and row.wanted is not None:
                theirs = (suppressions.c.address == row.address) & (suppressions.c.reason == "unsubscribed")
                connection.execute(suppressions.delete().where(theirs))
                connection.execute(erased.delete().where(erased.c.hash.in_(self._hashes(row.address))))
                record(connection, [Consent(key, "confirmed", at, said)])
                values = {"wanted": None, "confirmed_at": at, **_columns_of(read_subscriber(row.wanted))}
                self._write(connection, key, values)
                row = connection.execute(_SELECT.where(signups.c.key == key)).one()
        return _signup(row) if row is not None else None

    def change(self, subscriber: Subscriber, at: datetime, said: Circumstances) -> bool:
        """What a reader changed of what they read, and when; False if they do not read."""
        with self._db.write() as connection:
            mine = (signups.c.key == subscriber.key) & _is_confirmed
            row = connection.execute(sa.select(signups.c.address, signups.c.schedule).where(mine)).first()
            if row is None or row.address != folded(subscriber.email):
                return False
            record(connection, [Consent(subscriber.key, "changed", at, said)])
            if row.schedule == schedule_of(subscriber):
                connection.execute(signups.update().where(mine).values(_columns_of(subscriber)))
            else:
                self._write(connection, subscriber.key, _columns_of(subscriber))
        return True

    @staticmethod
    def _write(connection: sa.Connection, key: str, values: Mapping[str, Any]) -> None:
        """Changes a row so that who plans editions looks at it again."""
        changed = {**values, "mark": count(connection, _KIND)}
        connection.execute(signups.update().where(signups.c.key == key).values(changed))

    def leave(self, address: str, at: datetime, said: Circumstances, detail: str = "") -> bool:
        """The reader's no, whoever they are; False if it was said before."""
        return bool(self.leave_all([address], at, said, detail))

    def leave_all(self, addresses: Iterable[str], at: datetime, said: Circumstances, detail: str = "") -> set[str]:
        """The same for several in one transaction; returns those (folded) who had not said it before."""
        wanted = sorted({folded(address) for address in addresses})
        if not wanted:
            return set()
        with self._db.write() as connection:
            known = reasons_among(connection, wanted)
            new = [address for address in wanted if known.get(address) not in THEIR_NO]
            suppress(connection, [Suppression(address, "unsubscribed", detail, at) for address in new])
            for some in chunks(new):
                mine = sa.select(signups.c.key).where(signups.c.address.in_(some)).order_by(signups.c.key)
                keys = connection.execute(mine).scalars().all()
                record(connection, [Consent(key, "withdrawn", at, said) for key in keys])
        return set(new)

    def erase(self, key: str, at: datetime, said: Circumstances) -> str | None:
        """Removes a sign-up; the address that it had, None where there is none.

        What stays is a hash by which their no is known again when their address comes with an import or a file, and
        what was said, of a key that leads to nobody.
        """
        with self._db.write() as connection:
            row = connection.execute(_SELECT.where(signups.c.key == key)).first()
            if row is None:
                return None
            insert_new(connection, erased, [{"hash": self._hashes(row.address)[0], "subject": key, "at": at}])
            ours = suppressions.c.reason.in_(THEIR_NO)  # that mails bounce is known of the address, not of who had it
            connection.execute(suppressions.delete().where(suppressions.c.address == row.address, ours))
            connection.execute(signups.delete().where(signups.c.key == key))
            make_nameless(connection, key)
            record(connection, [Consent(key, "erased", at, said)])
        return str(row.address)

    def take_in(self, rows: Iterable[Subscriber], at: datetime, said: Circumstances) -> Taken:
        """Takes in people who agreed elsewhere, of which `said` tells; in batches, so that they may be millions.

        Whoever is suppressed stays so. Their keys are made here, and their names in links lead to them: whoever plans
        for a million has less to write.
        """
        iterator, new, known, refused = iter(rows), 0, 0, 0
        while batch := list(islice(iterator, TOGETHER)):
            gone = self.erased_among([one.email for one in batch])
            wanted = {a: one for one in batch if (a := folded(one.email)) not in gone}
            number = self._take(wanted, at, said)
            new, known = new + number, known + len(batch) - number
            refused += sum(folded(one.email) in gone for one in batch)
        return Taken(new, known - refused, refused)

    def _take(self, wanted: Mapping[str, Subscriber], at: datetime, said: Circumstances) -> int:
        with self._db.write() as connection:
            shared = {
                "asked_at": at,
                "confirmed_at": at,
                "mark": count(connection, _KIND),
            }  # imports wait for each other
            readers = [replace(one, key=self._new_key()) for one in wanted.values()]
            rows = [{"key": r.key, "address": folded(r.email)} | shared | _columns_of(r) for r in readers]
            insert_new(connection, signups, rows)
            there = self._present(connection, [one.key for one in readers])
            new = [one for one in readers if one.key in there]
            self._references.introduce(connection, map(self._introduction, new))
            record(connection, [Consent(one.key, "imported", at, said) for one in new])
        return len(new)

    def _introduction(self, reader: Subscriber) -> Introduction:
        return reader.key, reader.email, links.reference(self._secrets[0], reader.key)

    @staticmethod
    def _present(connection: sa.Connection, keys: Sequence[str]) -> set[str]:
        found = set[str]()
        for some in chunks(keys):
            found |= set(connection.execute(sa.select(signups.c.key).where(signups.c.key.in_(some))).scalars())
        return found

    def forget_unconfirmed(self, before: datetime) -> int:
        """Removes what nobody confirmed since; says how many people were never to become readers."""
        late = _is_asked & (signups.c.asked_at < before)
        with self._db.write() as connection:
            never = list(connection.execute(sa.select(signups.c.key).where(late, ~_is_confirmed)).scalars())
            forget(connection, never)
            connection.execute(signups.delete().where(late, ~_is_confirmed))
            connection.execute(signups.update().where(late).values(wanted=None))
        return len(never)

    def left_before(self, at: datetime) -> list[Subscriber]:
        """Some hundreds of those who unsubscribed before that moment and have not asked again.

        Who complained stays suppressed by their address: they must not be asked to come back either.
        """
        long_ago = (suppressions.c.reason == "unsubscribed") & (suppressions.c.at < at) & ~_is_asked
        with self._db.read() as connection:
            rows = connection.execute(_SELECT.where(long_ago).order_by(signups.c.key).limit(PAGE)).all()
        return [_signup(row).subscriber for row in rows]

    def erased_among(self, addresses: Sequence[str]) -> set[str]:
        """Those of these addresses, folded, whose owners had everything about them erased."""
        found: list[str] = []
        with self._db.read() as connection:
            if connection.execute(sa.select(erased.c.hash).limit(1)).first() is None:
                return set()
            hashes = {one: folded(address) for address in addresses for one in self._hashes(folded(address))}
            for some in chunks(sorted(hashes)):
                found += connection.execute(sa.select(erased.c.hash).where(erased.c.hash.in_(some))).scalars()
        return {hashes[one] for one in found}

    def _hashes(self, address: str) -> list[str]:
        """The address as nobody without the secret can find it by trying: under the newest secret first."""
        return [hmac.new(s.encode(), f"erased:{address}".encode(), hashlib.sha256).hexdigest() for s in self._secrets]

    # -- one by one

    def get(self, key: str) -> Signup | None:
        """The sign-up of this key."""
        return self._one(signups.c.key == key)

    def at(self, address: str) -> Signup | None:
        """The sign-up of this address."""
        return self._one(signups.c.address == folded(address))

    def _one(self, wanted: sa.ColumnElement[bool]) -> Signup | None:
        with self._db.read() as connection:
            row = connection.execute(_SELECT.where(wanted)).first()
        return _signup(row) if row is not None else None

    def each(self) -> Iterator[Signup]:
        """Everybody who ever signed up and is not forgotten, by key, read page by page."""
        for page in self.listed():
            yield from page

    def listed(self, status: Status | None = None) -> Iterator[list[Signup]]:
        """The same, some hundreds at a time; or those of one status."""
        wanted = _OF_STATUS[status] if status else sa.true()
        for rows in self._rows(_SELECT, wanted, signups.c.key):
            yield [_signup(row) for row in rows]

    # -- the readers among them: who confirmed

    def find(self, keys: Sequence[str]) -> dict[str, Subscriber]:
        """Those of these keys who confirmed, also who unsubscribed since."""
        return self._by(signups.c.key, keys)

    def among(self, addresses: Sequence[str]) -> dict[str, Subscriber]:
        """Who has one of these addresses (folded) and confirmed."""
        return self._by(signups.c.address, addresses)

    def _by(self, column: sa.ColumnElement[str], values: Sequence[str]) -> dict[str, Subscriber]:
        found: dict[str, Subscriber] = {}
        with self._db.read() as connection:
            for some in chunks(values):
                rows = connection.execute(sa.select(column, signups.c.record).where(column.in_(some), _is_confirmed))
                found |= {value: read_subscriber(kept) for value, kept in rows}
        return found

    def beginning(self, letters: str, number: int) -> list[Subscriber]:
        """The first so many readers, in order of address, whose address (folded) begins with these letters."""
        within = (signups.c.address >= letters) & (signups.c.address < letters + LAST)
        query: sa.Select[Any] = _RECORD.where(within, _reads()).order_by(signups.c.address).limit(number)
        with self._db.read() as connection:
            return _subscribers(connection.execute(query).all())

    def number(self) -> int:
        """How many read."""
        with self._db.read() as connection:
            return int(connection.execute(sa.select(sa.func.count()).select_from(signups).where(_reads())).scalar_one())

    def mark(self) -> int:
        """Grows whenever somebody is to be planned anew."""
        with self._db.read() as connection:
            return number_of(connection, _KIND)

    def pages(self) -> Iterator[list[Subscriber]]:
        """Everybody who reads, by key, some hundreds at a time."""
        return map(_subscribers, self._rows(_RECORD, _reads(), signups.c.key))

    def addressees(self) -> Iterator[list[Addressee]]:
        """What planning takes of everybody who reads, by key, some thousands at a time."""
        return self._addressees(_reads(), signups.c.key)

    def on(self, schedule: str) -> Iterator[list[Addressee]]:
        """The same of who reads on this schedule."""
        return self._addressees(_reads() & (signups.c.schedule == schedule), signups.c.key)

    def since(self, mark: int) -> Iterator[list[Addressee]]:
        """The same of who became a reader, or reads at other times, since the mark was that."""
        return self._addressees(_reads() & (signups.c.mark > mark), signups.c.mark, signups.c.key)

    def _addressees(self, wanted: sa.ColumnElement[bool], *order: sa.ColumnElement[Any]) -> Iterator[list[Addressee]]:
        for rows in self._rows(_RECORD, wanted, *order, size=MANY):
            yield [read_addressee(row.record, row.schedule) for row in rows]

    def _rows(
        self,
        query: sa.Select[Any],
        wanted: sa.ColumnElement[bool],
        *order: sa.ColumnElement[Any],
        size: int = PAGE,
    ) -> Iterator[Sequence[sa.Row[Any]]]:
        """The rows in this order, a page at a time: between two pages others may write."""
        query = query.where(wanted).order_by(*order).limit(size)
        after: sa.ColumnElement[bool] = sa.true()
        while True:
            with self._db.read() as connection:
                rows = connection.execute(query.where(after)).all()
            if rows:
                yield rows
            if len(rows) < size:
                return
            last = [getattr(rows[-1], column.key or "") for column in order]
            after = sa.tuple_(*order) > sa.tuple_(*last) if len(order) > 1 else order[0] > last[0]

    def schedules(self) -> dict[str, Schedule]:
        """Every schedule that a reader has, or had, by its name."""
        return {name: on_schedule(name) for name in self._distinct(signups.c.schedule)}

    def looks(self) -> list[tuple[str, str]]:
        """The designs and languages that they read."""
        return [
            (design, language) for design, _, language in (one.partition(" ") for one in self._distinct(signups.c.look))
        ]

    def _distinct(self, column: sa.ColumnElement[str]) -> list[str]:
        """Each value once, from one to the next in the index: neither database does that by itself (2026-11)."""
        least = sa.func.min(column)
        found = sa.select(least.label("value")).where(_is_confirmed).cte("found", recursive=True)
        following = sa.select(least).where(_is_confirmed, column > found.c.value).scalar_subquery()
        found = found.union_all(sa.select(following).where(found.c.value.isnot(None)))
        with self._db.read() as connection:
            return list(connection.execute(sa.select(found.c.value).where(found.c.value.isnot(None))).scalars())


def _suppressed(connection: sa.Connection, address: str) -> SuppressedFor | None:
    query = sa.select(suppressions.c.reason).where(suppressions.c.address == folded(address))
    return connection.execute(query).scalar()


_SELECT: Final = sa.select(signups, suppressions.c.reason).join(
    suppressions, suppressions.c.address == signups.c.address, isouter=True
)
_NO: Final = sa.func.coalesce(suppressions.c.reason, "").in_(THEIR_NO)
_OF_STATUS: Final[Mapping[Status, sa.ColumnElement[bool]]] = {
    "unconfirmed": ~_is_confirmed,
    "confirmed": _is_confirmed & ~_NO,
    "unsubscribed": _is_confirmed & _NO,
}
_RECORD: Final = sa.select(signups.c.key, signups.c.mark, signups.c.schedule, signups.c.record)


def _reads() -> sa.ColumnElement[bool]:
    """Who confirmed and has not said no since; whose mails bounce is written to no more, and the ledger says so."""
    no = sa.select(suppressions.c.address).where(
        suppressions.c.address == signups.c.address, suppressions.c.reason.in_(THEIR_NO)
    )
    return _is_confirmed & ~no.exists()


def _columns_of(subscriber: Subscriber) -> dict[str, Any]:
    return {
        "record": subscriber_record(subscriber),
        "look": f"{subscriber.design} {subscriber.language}",
        "schedule": schedule_of(subscriber),
    }


def _subscribers(rows: Sequence[sa.Row[Any]]) -> list[Subscriber]:
    return [read_subscriber(row.record) for row in rows]


def _signup(row: sa.Row[Any]) -> Signup:
    status: Status = "confirmed" if row.confirmed_at else "unconfirmed"
    if row.confirmed_at and row.reason in THEIR_NO:
        status = "unsubscribed"
    kept = row.record if row.record is not None else row.wanted
    return Signup(
        row.key,
        status,
        read_subscriber(kept),
        row.asked_at,
        row.confirmed_at,
        waiting=row.wanted is not None,
        suppressed=row.reason,
    )
