"""Opens an engine on SQLite or PostgreSQL: what each needs to be safe, and their faults as one line each."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from newsletter.errors import StoreError

PATIENCE: Final = 10
"""Seconds that a connection, or a lock which somebody else holds, is waited for."""
GLANCE: Final = 5
"""Milliseconds in which SQLite looks whether a lock is free three times or four."""
CHECKPOINT: Final = 4_000
"""Pages of SQLite's log, 16 MB, after which they go into the database itself: each once, however often it changed. Usual
are 1,000; planning for a million takes a twentieth less time so (measured 2026-11)."""
# IMMEDIATE: a transaction that reads first and writes later cannot lose its lock in between.
_BEGIN: Final = "BEGIN IMMEDIATE"


def open_engine(url: str) -> sa.Engine:
    """An engine whose every fault (disk full, locked, damaged, unreachable, ...) is a `StoreError` in words."""
    name = shown(url)
    try:
        parsed = _with_driver(sa.make_url(url))
        sqlite = parsed.get_backend_name() == "sqlite"
        engine = sa.create_engine(parsed) if sqlite else _postgresql(parsed)
    except (sa.exc.ArgumentError, ImportError) as error:
        raise StoreError(f"{name}: not a database this installation can open: {_missing(error)}") from error
    if sqlite:
        _set_up_sqlite(engine, file_of(url))

    @sa.event.listens_for(engine, "handle_error")
    def in_words(context: sa.engine.ExceptionContext) -> None:
        if not context.is_pre_ping:  # a connection that died while it was idle is simply made again
            raise fault(engine, context.original_exception) from context.original_exception

    return engine


def fault(engine: sa.Engine, error: BaseException) -> StoreError:
    """A driver's error in words."""
    cures = _SQLITE if engine.dialect.name == "sqlite" else _POSTGRESQL
    return StoreError(f"{shown(engine.url)}: {_cure(error, cures)}")


def shown(url: str | sa.URL) -> str:
    """How a database is called in what people read: a file's name, or a URL without its password."""
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        return "the database"
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        return Path(parsed.database).name
    return bare(url)


def bare(url: str | sa.URL) -> str:
    """A PostgreSQL URL as its own tools take it, without password and options."""
    parsed = sa.make_url(url).set(drivername="postgresql", query={})
    return parsed._replace(password=None).render_as_string()


def file_of(url: str) -> Path | None:
    """The file of a SQLite database; None where it is a server."""
    parsed = sa.make_url(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


@lru_cache(maxsize=8)
def network_file_system(path: Path, mounts: str) -> str:
    """The kind of network file system that an absolute path is on, empty where it is none.

    `mounts` is Linux's table of mounts (`/proc/self/mountinfo`, proc_pid_mountinfo(5)). On a file system that several
    machines see, the locks of SQLite, and ours, cannot be relied on (sqlite.org/wal.html, 2026-11).
    """
    best, kind = "", ""
    for line in mounts.splitlines():
        fields, _, rest = line.partition(" - ")
        parts = fields.split()
        point = parts[4].replace("\\040", " ") if len(parts) > 4 else ""
        if point and len(point) >= len(best) and (path == Path(point) or Path(point) in path.parents):
            best, kind = point, rest.split(" ")[0]
    return kind if kind in _NETWORK else ""


_NETWORK = frozenset(
    "nfs nfs4 cifs smb3 smbfs ncpfs afs ceph lustre glusterfs fuse.glusterfs fuse.sshfs fuse.s3fs fuse.rclone davfs".split()
)

# -- SQLite


def _keep_private(file: Path | None) -> None:
    """Makes a database that is not there for its owner alone: it holds addresses, and who has them is nobody else's to know.

    What SQLite writes beside it has the same mode. One that is there keeps its own.
    """
    if file is not None:
        with contextlib.suppress(OSError):  # what is wrong with the place SQLite says in a moment
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _set_up_sqlite(engine: sa.Engine, file: Path | None) -> None:
    @sa.event.listens_for(engine, "do_connect")
    def connecting(*_: object) -> None:
        _keep_private(file)

    @sa.event.listens_for(engine, "connect")
    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, below
        # FULL, for the archive too: a ledger that outlives a power failure names digests which must be there with it.
        durable = "journal_mode=WAL", "synchronous=FULL", f"wal_autocheckpoint={CHECKPOINT}"
        for pragma in (f"busy_timeout={PATIENCE * 1000}", *durable):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def began(connection: sa.Connection) -> None:
        # SQLAlchemy says "begin" also where nothing is to begin (2.0, 2026-11): who only reads must not lock.
        if not connection.get_execution_options().get("reading"):
            _begin(connection)


def reading(engine: sa.Engine) -> sa.Engine:
    """The same, where each statement stands for itself and only reads."""
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="AUTOCOMMIT")
    return engine.execution_options(reading=True)  # its driver commits each statement as it is, see `connected`


def _begin(connection: sa.Connection) -> None:
    """Begins to write, as soon as nobody else does.

    SQLite's own waiting sleeps for up to a tenth of a second between two looks (`sqliteDefaultBusyCallback` of 3.40,
    2026-11), in which others come and go: it is told to give up after a few milliseconds, and asked anew. What is wrong
    otherwise is found once more, and raised, by the statement at the end.
    """
    raw: Any = connection.connection.dbapi_connection
    over = time.monotonic() + PATIENCE
    raw.execute(f"PRAGMA busy_timeout={GLANCE}")
    try:
        while time.monotonic() < over:
            try:
                raw.execute(_BEGIN)
                return
            except sqlite3.DatabaseError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    break
        connection.exec_driver_sql(_BEGIN)
    finally:
        raw.execute(f"PRAGMA busy_timeout={PATIENCE * 1000}")


_SQLITE: Mapping[str, str] = {
    "database or disk is full": "the disk is full; free some space and run again, nothing is lost",
    "disk i/o error": "the disk failed or is full; check it and run again",
    "readonly": "cannot be written; check the owner and permissions of the file and its folder",
    "unable to open": "cannot be opened; check that its folder exists and can be written",
    "locked": "is locked by another process for more than ten seconds; stop it and run again",
    "not a database": "is damaged or not a database; move it away and put back a backup",
    "malformed": "is damaged; move it away and put back a backup",
}

# -- PostgreSQL

# A machine that went away without a word is given up after a minute, by both sides: libpq's keepalives here, and the
# server's patience with an open transaction, which may hold locks (PostgreSQL 18, 2026-11).
_CONNECT: Mapping[str, Any] = {
    "connect_timeout": PATIENCE,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
    "application_name": "newsletter",
}
_SESSION: Mapping[str, str] = {
    "lock_timeout": f"{PATIENCE}s",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
}


def _with_driver(url: sa.URL) -> sa.URL:
    return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url


def _postgresql(url: sa.URL) -> sa.Engine:
    usual = {name: value for name, value in _CONNECT.items() if name not in url.query}
    engine = sa.create_engine(url, pool_pre_ping=True, connect_args=usual)

    @sa.event.listens_for(engine, "connect")
    def connected(connection: Any, _record: object) -> None:
        connection.autocommit = True
        for name, value in _SESSION.items():
            connection.execute(f"SET {name} = '{value}'")
        connection.autocommit = False

    return engine


_POSTGRESQL: Mapping[str, str] = {
    "connection refused": "cannot be reached: nobody listens there; check host and port, and that PostgreSQL runs",
    "no such file": "cannot be reached: no socket is there; check the host, and that PostgreSQL runs",
    "resolve host": "cannot be reached: its host has no address; check the name",
    "translate host": "cannot be reached: its host has no address; check the name",
    "timeout expired": "cannot be reached: it did not answer in ten seconds; check host, port and firewall",
    'database ".*" does not exist': "there is no database of that name; make it with `createdb`, or name another",
    'role ".*" does not exist': "refuses the login: it knows no such role; make it with `createuser`, or name another",
    "password": "refuses the login; check user and password in the URL, or PGPASSWORD or ~/.pgpass",
    "authentication failed": "refuses the login; check user and password in the URL",
    "no pg_hba": "refuses connections from this machine; let it in with a line in the server's pg_hba.conf",
    "database system is": "is starting or stopping; run again in a moment, nothing is lost",
    "too many": "has no connection left; close some, or raise max_connections, and run again",
    "connection slots": "has no connection left; close some, or raise max_connections, and run again",
    "permission denied": "the role in the URL may not do that; let it own the database: ALTER DATABASE ... OWNER TO ...",
    "read-only transaction": "can only be read, as a standby can; name the primary",
    "no space left": "the server's disk is full; free some space and run again, nothing is lost",
    "lock timeout": "is locked by another process for more than ten seconds; stop it and run again",
    "terminating connection": "the connection was ended by the server; run again, nothing is lost",
    "server closed the connection": "the connection was lost; run again, nothing is lost",
    "connection is lost": "the connection was lost; run again, nothing is lost",
    "connection is closed": "the connection was lost; run again, nothing is lost",
}

# -- faults in words


def _cure(error: BaseException, cures: Mapping[str, str]) -> str:
    text = str(error).lower()
    return next((cure for sign, cure in cures.items() if re.search(sign, text)), _first_line(error))


def _missing(error: Exception) -> str:
    if isinstance(error, ImportError) and "psycopg" in str(error):
        return "PostgreSQL needs its driver; pip install 'newsletter[postgres]'"
    return _first_line(error)


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
