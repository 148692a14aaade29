"""A store's database, and the few statements in which SQLite and PostgreSQL differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from newsletter.database.engines import fault, file_of, network_file_system, open_engine, reading, shown
from newsletter.database.migrations import Schema, climb, prepare, refuse_newer, version_of
from newsletter.database.prepared import Prepared
from newsletter.errors import OtherVersion

T = TypeVar("T")
_Insert: TypeAlias = postgresql.Insert | sqlite.Insert
_MOUNTS = Path("/proc/self/mountinfo")
VARIABLES = 500  # values in one IN (...): far below the limit of every SQLite build


class Moment(sa.types.TypeDecorator[datetime]):
    """A moment in UTC, with its zone on the Python side in every database."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        at = value.astimezone(UTC)
        return at.replace(tzinfo=None) if dialect.name == "sqlite" else at

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(sa.types.TypeDecorator[str]):
    """Text as every database takes it: no NUL, no half of a character; and in the same order everywhere."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        # "C" orders by code point, as SQLite and Python do, whatever language the server was set up in.
        kind = postgresql.TEXT(collation="C") if dialect.name == "postgresql" else sa.Text()
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        if value is None or (value.isascii() and "\0" not in value):
            return value
        return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


class Database:
    """One store: a SQLite file, or a schema in a PostgreSQL database.

    Every fault of it (disk full, locked, damaged, unreachable, another version) is raised as a `StoreError`.
    """

    def __init__(self, url: str, schema: Schema) -> None:
        self.name = shown(url)
        self.schema = schema
        self.file = file_of(url)
        self._engine = open_engine(url)
        if self.shared:
            self._engine = self._engine.execution_options(schema_translate_map={None: schema.name})
        self._reading = reading(self._engine)

    @classmethod
    def open(cls, url: str, schema: Schema) -> Database:
        """Opens a store for work: its tables are there afterwards, at this program's version."""
        database = cls(url, schema)
        with database.write(alone=True) as connection:
            prepare(connection, schema, database.name)
        return database

    @property
    def shared(self) -> bool:
        """Whether processes on other machines may write it at the same time."""
        return self._engine.dialect.name == "postgresql"

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection that only reads: each statement sees the latest commit and waits for nobody."""
        with self._in_words(), self._reading.connect() as connection:
            yield connection

    @contextmanager
    def write(self, *, alone: bool = False) -> Iterator[sa.Connection]:
        """A transaction: all or nothing, durable at its end.

        SQLite has one writer at a time, from the start of a transaction. On PostgreSQL that is so where the schema
        says so and for who asks to be `alone`; others see each other's commits, and lock the rows that they change.
        """
        with self._in_words(), self._engine.begin() as connection:
            if self.shared and (alone or self.schema.one_writer):
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(self.schema.name))))
            yield connection

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """What the driver finds wrong where SQLAlchemy is not asked: in `prepared`."""
        try:
            yield
        except self._engine.dialect.loaded_dbapi.Error as error:
            raise fault(self._engine, error) from error

    def version(self) -> int | None:
        """The schema version that was found there; None where there are no tables."""
        with self.read() as connection:
            return version_of(connection, self.schema)

    @property
    def conninfo(self) -> str:
        """The URL with its password, as PostgreSQL's own clients take it."""
        return self._engine.url.set(drivername="postgresql").render_as_string(hide_password=False)

    @property
    def host(self) -> str:
        """The machine that is talked to; empty where it is this one's disk or socket."""
        return self._engine.url.host or ""

    def about(self) -> str:
        """Which database this is."""
        return f"{self.name}, schema {self.schema.version}"

    def risk(self) -> str:
        """Why what is written here could not be relied on; empty where it can be."""
        if self.file is None or not _MOUNTS.is_file():
            return ""
        kind = network_file_system(self.file.resolve(), _MOUNTS.read_text("utf-8", "replace"))
        cure = "name a file on a local disk as `database`, or PostgreSQL"
        return (
            f"{self.file}: is on a network file system ({kind}), where locks cannot be relied on; {cure}"
            if kind
            else ""
        )

    def refuse_newer(self, found: int) -> None:
        """Raises where a version that was found is newer than this program's."""
        refuse_newer(found, self.schema, self.name)

    def check(self) -> None:
        """Raises where it does not answer, or was brought to another schema since it was opened."""
        found = self.version()
        if found != self.schema.version:
            raise OtherVersion(
                f"{self.name}: schema {found or 'none'} is not this program's {self.schema.version}; "
                "stop this process and start the newsletter that is installed now"
            )

    def upgrade(self) -> None:
        """Leads an older store to this program's version, in one transaction."""
        with self.write(alone=True) as connection:
            found = version_of(connection, self.schema)
            if found is not None:
                refuse_newer(found, self.schema, self.name)
                climb(connection, self.schema, found)

    def close(self) -> None:
        self._engine.dispose()

    def forked(self) -> Database:
        """This store in a child process, which must never use a connection of its parent's."""
        # Kept, for SQLite must not even close a connection that came over a fork (sqlite.org/howtocorrupt.html, 2026-11).
        self._inherited = self._engine.pool
        self._engine.dispose(close=False)
        return self


def insert_new(connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> int:
    """Inserts the rows whose key is not there yet; returns how many were new. All rows name the same columns."""
    if not rows:
        return 0
    return _new(table, tuple(rows[0]), connection.dialect.name).change_each(connection, rows, {})


@lru_cache(maxsize=100)
def _new(table: sa.Table, names: tuple[str, ...], kind: str) -> Prepared:
    return Prepared(_told(insert_into(table, shared=kind == "postgresql"), names).on_conflict_do_nothing())


def _told(insert: _Insert, names: Sequence[str]) -> _Insert:
    """With a value of its name for each of these columns, and what the others are where nobody says."""
    columns = insert.table.columns
    usual = {c.name: c.default.arg for c in columns if isinstance(c.default, sa.ColumnDefault) and c.name not in names}
    return insert.values(usual | {name: sa.bindparam(name, type_=columns[name].type) for name in names})


def insert_or_replace(connection: sa.Connection, table: sa.Table, row: dict[str, Any]) -> None:
    """Inserts the row, in place of the one with its key if there is one."""
    key = [column.name for column in table.primary_key]
    rest = {name: value for name, value in row.items() if name not in key}
    insert = insert_into(table, shared=connection.dialect.name == "postgresql").values(row)
    connection.execute(insert.on_conflict_do_update(index_elements=key, set_=rest))


def insert_into(table: sa.Table, *, shared: bool) -> _Insert:
    """An insert that can say what becomes of rows whose key is there already."""
    return postgresql.insert(table) if shared else sqlite.insert(table)


def each(name: str, type_: sa.types.TypeEngine[Any], *, shared: bool) -> sa.TableValuedAlias:
    """A table of the values that the statement is told under this name, in its column `value`."""
    if shared:
        return (
            sa.func.unnest(sa.bindparam(name, type_=postgresql.ARRAY(type_)))
            .table_valued("value", name=name)
            .render_derived()
        )
    return sa.func.json_each(sa.bindparam(name, type_=sa.JSON)).table_valued("value", name=name)


def one_of(column: sa.ColumnElement[str], name: str, *, shared: bool) -> sa.ColumnElement[bool]:
    """Whether the column's text is among those that the statement is told under this name, however many they are."""
    if shared:
        return column == sa.any_(sa.bindparam(name, type_=postgresql.ARRAY(Words())))
    return column.in_(sa.select(each(name, Words(), shared=False).c.value))


def each_row(name: str, *columns: str, shared: bool) -> sa.Subquery:
    """A table of the rows that the statement is told under this name: a list of words for each, one a column."""
    read = sa.func.json_array_elements if shared else sa.func.json_each
    told = read(sa.bindparam(name, type_=sa.JSON)).table_valued(sa.column("value", sa.JSON), name=name)
    value = (told.render_derived() if shared else told).c.value
    # Always true: else SQLite could not tell `ON CONFLICT` from the `ON` of a join (sqlite.org/lang_upsert.html, 2026-11).
    return sa.select(*(value[n].as_string().label(one) for n, one in enumerate(columns))).where(sa.true()).subquery()


def collected(column: sa.ColumnElement[Any], *, shared: bool) -> sa.ColumnElement[Any]:
    """The column's values of a group, as a list."""
    return (sa.func.json_agg if shared else sa.func.json_group_array)(column, type_=sa.JSON)


def chunks(values: Sequence[T], size: int = VARIABLES) -> Iterator[Sequence[T]]:
    """`values` in pieces that fit into one statement."""
    return (values[start : start + size] for start in range(0, len(values), size))
