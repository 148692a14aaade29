"""The engine's jobs: put beside the ledger's rows in one transaction, counted, and known by what they name.

A job names a shard of deliveries of the ledger. What becomes of it is a hint; what becomes of them is in the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import sqlalchemy as sa

from newsletter import __version__
from newsletter.database import Database
from newsletter.engine import tables
from newsletter.errors import SettingsError, StoreError
from newsletter.ledger import Key
from newsletter.ledger.schema import SCHEMA
from newsletter.ledger.shards import shards

AHEAD: Final = 64
"""Jobs that wait at most: enough for workers to find one at once, few enough to be looked through at once."""
ALIVE: Final = 30.0
"""Seconds since its last beat for which a worker counts as alive."""
TASK: Final = "shard"
FAMILY: Final = "newsletter "

_jobs = sa.table(
    "procrastinate_jobs",
    *map(sa.column, ("queue_name", "status", "args", "scheduled_at")),
    schema=tables.PLACE,
)
_workers = sa.table("procrastinate_workers", sa.column("last_heartbeat"), schema=tables.PLACE)


@dataclass(frozen=True, slots=True)
class Look:
    """How the engine stands, for who plans and who watches; nothing is decided by it but when to put more jobs."""

    waiting: int
    working: int
    elsewhere: int
    """Waiting for workers of another version of this program."""
    workers: int
    """Alive, of any version."""
    done: int = 0
    """In the last day, where that was asked for: it takes the longer to count the more there are."""

    def said(self) -> str:
        """The same in words."""
        done = f", {self.done} done in a day" if self.done else ""
        told = f"{self.workers} alive; {self.waiting} shards wait, {self.working} at work{done}"
        return f"{told}; {self.elsewhere} wait for workers of another version" if self.elsewhere else told


class Engine:
    """The jobs in the ledger's database."""

    def __init__(self, database: Database) -> None:
        self._db = database
        # Only workers of the same version and schema look there: another's editions may be others.
        self.queue = f"{FAMILY}{__version__}/{database.schema.version}"

    @classmethod
    def open(cls, database: Database, origin: str) -> Engine:
        """The engine of a shared database: its tables are there afterwards.

        Raises SettingsError where the database cannot be shared, or the engine is not installed.
        """
        _refuse_unshared(database, origin)
        tables.manager()
        with database.write(alone=True) as connection:
            tables.prepare(connection, database.name)
        return cls(database)

    @staticmethod
    def upgrade(url: str, origin: str) -> str:
        """Brings the engine's tables to its installed version, and says what was done."""
        tables.manager()
        database = Database(url, SCHEMA)
        _refuse_unshared(database, origin)
        try:
            done = list(iter(lambda: _climb(database), ""))
        finally:
            database.close()
        return f"{database.name}: the engine's tables: {f'{len(done)} steps up' if done else 'nothing to do'}"

    @property
    def name(self) -> str:
        return self._db.name

    @property
    def conninfo(self) -> str:
        """The database's URL with its password, as PostgreSQL's own clients take it."""
        return self._db.conninfo

    # -- looking

    def look(self, *, done: bool = False) -> Look:
        """How many jobs wait and are at work, how many workers live, and how many jobs were done, if that is asked."""
        with self._db.read() as connection:
            query = _LOOK.add_columns(_number(_jobs.c.status == _DONE, _mine)) if done else _LOOK
            return Look(*connection.execute(query, {"queue": self.queue, "family": f"{FAMILY}%"}).one())

    def named(self) -> set[Key]:
        """The deliveries that jobs name which wait or are at work."""
        with self._db.read() as connection:
            return _named(connection)

    # -- putting

    def beside(self, connection: sa.Connection, keys: Sequence[Key]) -> None:
        """Puts jobs for these deliveries in the transaction that plans them, unless enough wait already."""
        room = AHEAD - _waiting(connection, self.queue)
        self._put(connection, list(islice(shards(keys), max(0, room))))

    def top_up(self, found: Iterator[Sequence[Key]]) -> bool:
        """Puts jobs for the next of these shards until enough wait; False when there are no more shards.

        One process at a time: two that feed the same day see each other's jobs.
        """
        with self._db.write() as connection:
            connection.execute(_ONE_FEEDER)
            with tables.within(connection):
                connection.execute(_OUTDATED, {"queue": self.queue, "family": f"{FAMILY}%"})
            room = AHEAD - _waiting(connection, self.queue)
            if room <= 0:
                return True
            known, putting, more = _named(connection), list[Sequence[Key]](), True
            while more and len(putting) < room:
                shard = next(found, None)
                more = shard is not None
                if fresh := [key for key in shard or () if key not in known]:
                    putting.append(fresh)
            self._put(connection, putting)
        return more

    def _put(self, connection: sa.Connection, found: Sequence[Sequence[Key]]) -> None:
        if not found:
            return
        from procrastinate import App, SyncPsycopgConnector, exceptions

        job = App(connector=SyncPsycopgConnector()).configure_task(
            TASK, queue=self.queue, connection=connection.connection.driver_connection
        )
        try:
            with tables.within(connection):
                job.batch_defer(*({"shard": told(shard)} for shard in found))
        except exceptions.ProcrastinateException as error:
            cause = str(error.__cause__ or error).partition("\n")[0]
            raise StoreError(f"{self.name}: jobs could not be put: {cause}") from error

    def prune(self) -> None:
        """Forgets jobs that were done, or given up, more than a day ago."""
        with self._db.write() as connection, tables.within(connection):
            connection.execute(_PRUNE)


def _climb(database: Database) -> str:
    with database.write(alone=True) as connection:
        return tables.climb(connection, database.name)


def _refuse_unshared(database: Database, origin: str) -> None:
    if not database.shared:
        raise SettingsError(f"{origin}: procrastinate works on PostgreSQL; set `database`, or leave `queue` out")


# -- what a job says


def told(keys: Iterable[Key]) -> list[list[Any]]:
    """Keys as a job names them: period, occasion and the subscribers of these."""
    found: dict[tuple[str, str], list[str]] = {}
    for key in keys:
        found.setdefault((key.period, key.occasion), []).append(key.subscriber)
    return [[period, occasion, subscribers] for (period, occasion), subscribers in found.items()]


def keys_of(said: Any) -> list[Key]:
    """The keys that a job names; none where it is not one of ours."""
    try:
        return [Key(str(one), str(period), str(name)) for period, name, some in said for one in some]
    except (TypeError, ValueError):
        return []


# -- statements

_TODO: sa.ColumnElement[str] = sa.literal_column("'todo'")
_DOING: sa.ColumnElement[str] = sa.literal_column("'doing'")
_DONE: sa.ColumnElement[str] = sa.literal_column("'succeeded'")
_mine = _jobs.c.queue_name == sa.bindparam("queue")
_others = _jobs.c.queue_name.like(sa.bindparam("family")) & (_jobs.c.queue_name != sa.bindparam("queue"))
_alive = _workers.c.last_heartbeat > sa.func.now() - sa.func.make_interval(0, 0, 0, 0, 0, 0, ALIVE)


def _number(*which: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
    return sa.select(sa.func.count()).select_from(_jobs).where(*which).scalar_subquery()


_WAITING = sa.select(_number(_jobs.c.status == _TODO, _mine))
_LOOK = sa.select(
    _number(_jobs.c.status == _TODO, _mine),
    _number(_jobs.c.status == _DOING, _mine),
    _number(_jobs.c.status == _TODO, _others),
    sa.select(sa.func.count()).select_from(_workers).where(_alive).scalar_subquery(),
)
_NAMED = sa.select(_jobs.c.args).where(_jobs.c.status.in_([_TODO, _DOING]), _jobs.c.queue_name.like(f"{FAMILY}%"))
_OUTDATED = _jobs.delete().where(_jobs.c.status == _TODO, _others)
_ONE_FEEDER = sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext("newsletter feeds")))
_PRUNE = sa.text(
    f"DELETE FROM {tables.PLACE}.procrastinate_jobs WHERE status NOT IN ('todo', 'doing') AND id IN (SELECT job_id FROM "
    f"{tables.PLACE}.procrastinate_events GROUP BY job_id HAVING max(at) < now() - interval '1 day')"
)


def _waiting(connection: sa.Connection, queue: str) -> int:
    return int(connection.execute(_WAITING, {"queue": queue}).scalar_one())


def _named(connection: sa.Connection) -> set[Key]:
    return {key for args in connection.execute(_NAMED).scalars() for key in keys_of((args or {}).get("shard"))}
