"""What people agreed to and took back, with the very words that they were shown: written once, never changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

import sqlalchemy as sa

from newsletter.database import Database, Moment, Words, chunks, insert_new

What: TypeAlias = Literal["asked", "written", "confirmed", "imported", "changed", "withdrawn", "erased"]
"""`written`: the mail that asks to confirm was handed to the provider, or was about to be."""
PAGE: Final = 1_000

tables = sa.MetaData()
consents = sa.Table(
    "consents",
    tables,
    sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),  # SQLite counts INTEGER
    sa.Column("subject", Words, nullable=False),
    sa.Column("what", Words, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("how", Words, nullable=False),
    sa.Column("wording", Words, nullable=False),
    sa.Column("network", Words, nullable=False),
    sa.Column("agent", Words, nullable=False),
    sa.Index("consents_by_subject", "subject", "what", "at"),
)
wordings = sa.Table(
    "wordings",
    tables,
    sa.Column("version", Words, primary_key=True),
    sa.Column("text", Words, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """How somebody came to say it."""

    how: str
    """`form`, `link`, `mail`, `command line`, `import`."""
    wording: str = ""
    """The text that they were shown; where somebody else vouches for them, what that one says."""
    network: str = ""
    """The address that they came from; empty unless the operator wants it kept."""
    agent: str = ""
    """The program that they used; the same."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What a sign-up (by key) said, when, how, and to which words."""

    subject: str
    what: What
    at: datetime
    circumstances: Circumstances

    @property
    def version(self) -> str:
        """Names the words: 12 hexadecimal digits; empty where there were none."""
        text = self.circumstances.wording
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12] if text else ""


class Consents:
    """The record of them, in the ledger's database."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def of(self, subject: str) -> list[Consent]:
        """What one said, in order."""
        with self._db.read() as connection:
            return [_consent(row) for row in connection.execute(_SELECT.where(consents.c.subject == subject))]

    def each(self) -> Iterator[Consent]:
        """What everybody said, in order, read page by page."""
        last = 0
        while True:
            page = _SELECT.where(consents.c.number > last).limit(PAGE)
            with self._db.read() as connection:
                rows = connection.execute(page).all()
            yield from map(_consent, rows)
            if len(rows) < PAGE:
                return
            last = rows[-1].number

    def forget_circumstances(self, before: datetime) -> int:
        """Removes from where and with what somebody came who said something before; returns how often that was known."""
        known = (consents.c.at < before) & ((consents.c.network != "") | (consents.c.agent != ""))
        with self._db.write() as connection:
            return connection.execute(consents.update().where(known).values(network="", agent="")).rowcount

    def latest(self, until: datetime) -> int:
        """The number of the last thing that was said by then; 0 before the first."""
        query = sa.select(consents.c.number).where(consents.c.at <= until).order_by(consents.c.number.desc()).limit(1)
        with self._db.read() as connection:
            return int(connection.execute(query).scalar() or 0)

    def counts(self, after: int, last: int, starts: Sequence[datetime]) -> dict[tuple[datetime, What], int]:
        """How often each thing was said, of those with a number above `after` up to `last`, by when.

        Each of the starts (the earliest first) begins a time that ends with the next; what was said before is left out.
        """
        c = consents.c
        begun = sa.case(*((c.at >= start, n) for n, start in reversed([*enumerate(starts)])), else_=-1).label("begun")
        within = (c.number > after) & (c.number <= last) & (c.at >= starts[0])
        query = sa.select(begun, c.what, sa.func.count()).where(within).group_by(begun, c.what)
        with self._db.read() as connection:
            return {(starts[row[0]], row[1]): row[2] for row in connection.execute(query)}


_SELECT: Final = (
    sa.select(consents, wordings.c.text)
    .join(wordings, wordings.c.version == consents.c.wording, isouter=True)
    .order_by(consents.c.number)
)


def _consent(row: sa.Row[Any]) -> Consent:
    return Consent(row.subject, row.what, row.at, Circumstances(row.how, row.text or "", row.network, row.agent))


def record(connection: sa.Connection, said: Iterable[Consent]) -> None:
    """Writes down what was said, within a transaction of the caller's."""
    rows, texts = [], {}
    for one in said:
        its = one.circumstances
        about = {"how": its.how, "wording": one.version, "network": its.network[:100], "agent": its.agent[:300]}
        rows.append({"subject": one.subject, "what": one.what, "at": one.at, **about})
        if one.version:
            texts[one.version] = {"version": one.version, "text": its.wording}
    insert_new(connection, wordings, list(texts.values()))
    if rows:
        connection.execute(consents.insert(), rows)


def times(connection: sa.Connection, subject: str, what: What, since: datetime) -> int:
    """How often somebody said it since."""
    c = consents.c
    query = sa.select(sa.func.count()).where(c.subject == subject, c.what == what, c.at > since)
    return int(connection.execute(query).scalar_one())


def forget(connection: sa.Connection, subjects: Sequence[str]) -> None:
    """Removes what people said who never said yes."""
    for some in chunks(subjects):
        connection.execute(consents.delete().where(consents.c.subject.in_(some)))


def make_nameless(connection: sa.Connection, subject: str) -> None:
    """Removes from where and with what somebody came: what was said stays, as a proof of nobody in particular."""
    connection.execute(consents.update().where(consents.c.subject == subject).values(network="", agent=""))
