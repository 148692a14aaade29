"""The engine's own tables, in a schema of theirs beside the ledger's: made, brought up, and refused when they are newer.

Procrastinate ships its schema as a script and each step since as another; it leaves it to its users to know which of them
a database has seen (procrastinate 3.10, 2026-11). The table `applied` knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from newsletter.errors import OtherVersion, SettingsError

PLACE: Final = "newsletter_engine"
"""The schema of its tables."""
_APPLIED: Final = sa.Table("applied", sa.MetaData(schema=PLACE), sa.Column("name", sa.Text, primary_key=True))


def steps() -> dict[str, Path]:
    """Every step that the installed version of the engine knows, by its name, in order."""
    folder = Path(manager().get_migrations_path())
    return {path.name: path for path in sorted(folder.glob("*.sql"))}


def manager() -> Any:
    """Procrastinate's keeper of its schema. Raises SettingsError where it is not installed."""
    try:
        import psycopg_pool  # the worker's connections
        from procrastinate.schema import SchemaManager
    except ImportError as error:
        raise SettingsError("queue: procrastinate is not installed here; pip install 'newsletter[cluster]'") from error
    assert psycopg_pool
    return SchemaManager


def prepare(connection: sa.Connection, name: str) -> None:
    """Makes the tables where there are none; refuses those of another version in words, and leaves them alone."""
    missing = lacking(connection, name)
    if missing is None:
        _found(connection)
    elif missing:
        raise OtherVersion(
            f"{name}: the engine's tables lack {len(missing)} steps up to {missing[-1]}; nothing was touched: "
            "stop the workers and run `newsletter db upgrade`"
        )


def climb(connection: sa.Connection, name: str) -> str:
    """Takes the first step that is lacking, or makes the tables, and says which; empty where nothing is to be done.

    Each is a transaction of its own: what one adds to a type no other statement of its transaction may use.
    """
    missing = lacking(connection, name)
    if missing is None:
        _found(connection)
        return "made"
    if not missing:
        return ""
    with within(connection):
        _run(connection, steps()[missing[0]].read_text("utf-8"))
    connection.execute(_APPLIED.insert().values(name=missing[0]))
    return missing[0]


def lacking(connection: sa.Connection, name: str) -> list[str] | None:
    """The steps that a database has not seen yet, in order; None where there are no tables.

    Raises OtherVersion where it has seen some that the installed engine does not know.
    """
    if not sa.inspect(connection).has_table("applied", schema=PLACE):
        return None
    seen, known = set(connection.execute(sa.select(_APPLIED.c.name)).scalars()), steps()
    if newer := sorted(seen - known.keys()):
        raise OtherVersion(
            f"{name}: the engine's tables are newer than the installed procrastinate ({newer[-1]}); nothing was touched: "
            "pip install --upgrade 'newsletter[cluster]'"
        )
    return [step for step in known if step not in seen]


def _found(connection: sa.Connection) -> None:
    if not sa.inspect(connection).has_schema(PLACE):  # asking needs fewer rights than IF NOT EXISTS
        connection.execute(sa.schema.CreateSchema(PLACE))
    with within(connection):
        _run(connection, manager().get_schema())
    _APPLIED.create(connection)
    connection.execute(_APPLIED.insert(), [{"name": step} for step in steps()])


@contextmanager
def within(connection: sa.Connection) -> Iterator[None]:
    """Names without a schema are the engine's meanwhile, in this transaction alone; ours are always written whole."""
    connection.exec_driver_sql(f'SET LOCAL search_path TO "{PLACE}"')
    yield
    connection.exec_driver_sql("SET LOCAL search_path TO DEFAULT")


def _run(connection: sa.Connection, script: str) -> None:
    """A script of many statements, in which % is a character like others."""
    connection.exec_driver_sql(script, execution_options={"no_parameters": True})
