"""Whose turn it is to ask a host that wants one request at a time, and some seconds between two, from all of us."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from newsletter.database import Database, Moment, Words, insert_or_replace
from newsletter.errors import SourceError

LONGEST = timedelta(minutes=2)
"""How long a turn lasts that nobody ends: whoever had it died."""
GLANCE = 1.0
"""Seconds between two looks at a turn that somebody has; it may end at any moment."""


def turns_table(tables: sa.MetaData) -> sa.Table:
    """The table of `Turns`, for the store that has them."""
    return sa.Table(
        "turns",
        tables,
        sa.Column("host", Words, primary_key=True),
        sa.Column("free_at", Moment, nullable=False),
        sa.Column("holder", Words, nullable=False),  # empty: nobody is asking, it only is too early
    )


@dataclass(frozen=True)
class Turns:
    """One at a time for each host, over all processes that have this store open, wherever they run.

    The clock is the machine's own, which all of them share: a clock of a test that stands would wait for ever.
    """

    database: Database
    table: sa.Table
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep

    @contextmanager
    def of(self, host: str, pause: timedelta, patience: timedelta) -> Iterator[None]:
        """Holds the turn at a host, waiting for it first; the next one begins `pause` after its end.

        Raises SourceError when others had it for as long as `patience`.
        """
        holder = secrets.token_hex(8)
        until = self.clock() + patience
        while (wait := self._take(host, holder)) is not None:
            if self.clock() > until:
                raise SourceError(
                    f"{host}: others of our processes ask it all the time; it wants one request at a time, so ask later"
                )
            self.sleep(min(wait, GLANCE))
        try:
            yield
        finally:
            self._end(host, holder, pause)

    def _take(self, host: str, holder: str) -> float | None:
        """Takes the turn, if it is free; else the seconds until it will be, as far as is known."""
        with self.database.write(alone=True) as connection:
            now = self.clock()  # not before: here nobody else has taken it since
            free_at = connection.execute(sa.select(self.table.c.free_at).where(self.table.c.host == host)).scalar()
            if free_at is not None and now < free_at <= now + LONGEST:  # later: a clock was put back since
                return float((free_at - now).total_seconds())
            taken = {"host": host, "free_at": now + LONGEST, "holder": holder}
            insert_or_replace(connection, self.table, taken)
        return None

    def _end(self, host: str, holder: str, pause: timedelta) -> None:
        mine = sa.and_(self.table.c.host == host, self.table.c.holder == holder)
        with self.database.write() as connection:
            connection.execute(self.table.update().where(mine).values(free_at=self.clock() + pause, holder=""))
