"""Statements that every message needs, as the driver takes them: SQLAlchemy writes each once, and is not asked again.

What it does around an execution costs several times what SQLite does then (SQLAlchemy 2.1, 2026-11).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import sqlalchemy as sa

Told: TypeAlias = Mapping[str, Any]
"""What a statement is told: each `bindparam` by its name."""
_Conversion: TypeAlias = Callable[[Any], Any]


class Prepared:
    """A statement that is written out when a kind of database is first asked it, and from then on goes to the driver.

    What the driver finds wrong is put into words by `Database.read` and `Database.write`.
    """

    def __init__(self, statement: sa.Select[Any] | sa.sql.dml.UpdateBase) -> None:
        self._statement = statement
        self._written: dict[str, _Written] = {}

    def rows(self, connection: sa.Connection, told: Told) -> list[Any]:
        """What it finds, row by row, in the order of its columns."""
        written = self._for(connection)
        found = _cursor(connection).execute(written.sql, written.values(told)).fetchall()
        return written.read(found) if written.conversions else found

    def change(self, connection: sa.Connection, told: Told) -> None:
        """Executes it once."""
        written = self._for(connection)
        _cursor(connection).execute(written.sql, written.values(told))

    def change_each(self, connection: sa.Connection, rows: Iterable[Told], same: Told) -> int:
        """Executes it for each of these, told what is its own and what is the `same` for all; returns how many rows changed."""
        written = self._for(connection)
        known = written.values(same)
        told = [{**known, **written.given(row)} for row in rows]
        if not told:
            return 0
        cursor = _cursor(connection)
        cursor.executemany(written.sql, told)
        return int(cursor.rowcount)

    def _for(self, connection: sa.Connection) -> _Written:
        kind = connection.dialect.name
        if kind not in self._written:
            self._written[kind] = _write(self._statement, connection)
        return self._written[kind]


@dataclass(frozen=True, slots=True)
class _Written:
    """A statement for one kind of database."""

    sql: str
    fixed: Told
    """The values that it was built with, as the driver takes them."""
    asked: Mapping[str, _Conversion | None]
    """What it is to be told, and what makes of it what the driver takes."""
    conversions: Sequence[tuple[int, _Conversion]]
    """Which columns the driver gives in another form than they are wanted."""

    def values(self, told: Told) -> dict[str, Any]:
        return {**self.fixed, **self.given(told)}

    def given(self, told: Told) -> dict[str, Any]:
        asked = self.asked
        return {name: convert(value) if (convert := asked[name]) else value for name, value in told.items()}

    def read(self, rows: Iterable[Sequence[Any]]) -> list[Any]:
        found = []
        for row in rows:
            values = list(row)
            for place, convert in self.conversions:
                values[place] = convert(values[place])
            found.append(values)
        return found


def _write(statement: sa.Select[Any] | sa.sql.dml.UpdateBase, connection: sa.Connection) -> _Written:
    dialect = connection.dialect
    kind: Any = type(dialect)
    named = kind(paramstyle="named") if dialect.positional else dialect  # SQLite's driver takes either
    places = connection.get_execution_options().get("schema_translate_map")
    compiled: Any = statement.compile(
        dialect=named, schema_translate_map=places, render_schema_translate=places is not None
    )
    to_driver = {name: one.type.dialect_impl(dialect).bind_processor(dialect) for name, one in compiled.binds.items()}
    fixed = {
        name: convert(one.value) if (convert := to_driver[name]) else one.value
        for name, one in compiled.binds.items()
        if not one.required
    }
    columns = statement.exported_columns.values()
    from_driver = (one.type.dialect_impl(dialect).result_processor(dialect, None) for one in columns)
    conversions = tuple((place, convert) for place, convert in enumerate(from_driver) if convert)
    return _Written(
        str(compiled), fixed, {name: to_driver[name] for name in to_driver.keys() - fixed.keys()}, conversions
    )


def _cursor(connection: sa.Connection) -> Any:
    return connection.connection.cursor()
