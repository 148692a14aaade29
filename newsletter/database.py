"""Opens a database: pragmas, schema version, and its faults as one line each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from newsletter.errors import StoreError

T = TypeVar("T")
VARIABLES = 500  # values in one IN (...): far below the limit of every SQLite build


class Moment(sa.types.TypeDecorator[datetime]):
    """A moment in UTC, with its zone on the Python side in every database."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


def schema_table(tables: sa.MetaData) -> sa.Table:
    """The table that holds the schema version, in every database of ours."""
    return sa.Table("schema", tables, sa.Column("version", sa.Integer, primary_key=True, autoincrement=False))


class Database:
    """One database with one set of tables.

    Every fault of it (disk full, locked, damaged, read-only, newer schema) is raised as a `StoreError`.
    """

    def __init__(self, url: str, tables: sa.MetaData, version: int, *, durable: bool) -> None:
        self.name = _shown(url)
        self._engine = _engine(url, self.name, durable=durable)
        self._prepare(tables, version)

    def _prepare(self, tables: sa.MetaData, version: int) -> None:
        schema = tables.tables["schema"]
        with self.write() as connection:
            tables.create_all(connection)
            found = connection.execute(sa.select(schema.c.version)).scalar()
            if found is None:
                connection.execute(schema.insert().values(version=version))
            elif found < version:
                _add_columns(connection, tables)
                connection.execute(schema.update().values(version=version))
        if found is not None and found > version:
            raise StoreError(
                f"{self.name}: schema version {found} is newer than this program's {version}; "
                "nothing was touched: install the newer version of newsletter"
            )

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection that only reads: each statement sees the latest commit and waits for nobody."""
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that holds the write lock from its start: all or nothing, durable at its end."""
        with self._engine.begin() as connection:
            yield connection

    def close(self) -> None:
        self._engine.dispose()


def _add_columns(connection: sa.Connection, tables: sa.MetaData) -> None:
    """Gives the tables of an older version the columns that came later: these may be null, so rows stay as they are."""
    known = sa.inspect(connection)
    for table in tables.sorted_tables:
        there = {column["name"] for column in known.get_columns(table.name)}
        for column in (column for column in table.columns if column.name not in there):
            kind = column.type.compile(connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {column.name} {kind}")


def insert_new(connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> int:
    """Inserts the rows whose key is not there yet; returns how many were new."""
    if not rows:
        return 0
    return max(connection.execute(_insert(connection, table).on_conflict_do_nothing(), list(rows)).rowcount, 0)


def insert_or_replace(connection: sa.Connection, table: sa.Table, row: dict[str, Any]) -> None:
    """Inserts the row, in place of the one with its key if there is one."""
    key = [column.name for column in table.primary_key]
    rest = {name: value for name, value in row.items() if name not in key}
    connection.execute(_insert(connection, table).values(row).on_conflict_do_update(index_elements=key, set_=rest))


def _insert(connection: sa.Connection, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def chunks(values: Sequence[T], size: int = VARIABLES) -> Iterator[Sequence[T]]:
    """`values` in pieces that fit into one statement."""
    return (values[start : start + size] for start in range(0, len(values), size))


def _engine(url: str, name: str, *, durable: bool) -> sa.Engine:
    try:
        parsed = sa.make_url(url)
        engine = sa.create_engine(parsed)
    except (sa.exc.ArgumentError, ImportError) as error:
        raise StoreError(f"{name}: not a database this installation can open: {_first_line(error)}") from error
    if parsed.get_backend_name() == "sqlite":
        _set_up_sqlite(engine, durable=durable)

    @sa.event.listens_for(engine, "handle_error")
    def in_words(context: sa.engine.ExceptionContext) -> None:
        raise StoreError(f"{name}: {_cure(context.original_exception)}") from context.original_exception

    return engine


def _set_up_sqlite(engine: sa.Engine, *, durable: bool) -> None:
    @sa.event.listens_for(engine, "connect")
    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, below
        for pragma in ("busy_timeout=10000", "journal_mode=WAL", f"synchronous={'FULL' if durable else 'NORMAL'}"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def began(connection: sa.Connection) -> None:
        # IMMEDIATE: a transaction that reads first and writes later cannot lose its lock in between.
        connection.exec_driver_sql("BEGIN IMMEDIATE")


_CURES = {
    "database or disk is full": "the disk is full; free some space and run again, nothing is lost",
    "disk i/o error": "the disk failed or is full; check it and run again",
    "readonly": "cannot be written; check the owner and permissions of the file and its folder",
    "unable to open": "cannot be opened; check that its folder exists and can be written",
    "locked": "is locked by another process for more than ten seconds; stop it and run again",
    "not a database": "is damaged or not a database; move it away and put back a backup",
    "malformed": "is damaged; move it away and put back a backup",
}


def _cure(error: BaseException) -> str:
    text = str(error).lower()
    return next((cure for sign, cure in _CURES.items() if sign in text), _first_line(error))


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


def _shown(url: str) -> str:
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        return "the database"
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        return Path(parsed.database).name
    return parsed.render_as_string(hide_password=True)
