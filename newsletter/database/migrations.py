"""Schemas and their versions: what a store's tables are, and the steps that lead there from older ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from newsletter.errors import OtherVersion


@dataclass(frozen=True)
class Schema:
    """The tables of a store at a version."""

    name: str
    """On PostgreSQL its tables live in a schema of that name, so that two stores can share a database."""
    tables: sa.MetaData
    version: int
    precious: bool
    """Brought to a new version only by order, after a backup."""
    one_writer: bool = False
    """Whether writers wait for each other on PostgreSQL too, as they always do on SQLite."""
    steps: Mapping[int, Sequence[str]] = field(default_factory=dict)
    """Per version the statements that lead to the next one, such as both databases understand."""


def version_table(tables: sa.MetaData) -> sa.Table:
    """The table that holds the version, in every store of ours."""
    return sa.Table("schema", tables, sa.Column("version", sa.Integer, primary_key=True, autoincrement=False))


def version_of(connection: sa.Connection, schema: Schema) -> int | None:
    """The version that a store has; None where it has no tables yet."""
    if not sa.inspect(connection).has_table("schema", schema=_place(connection, schema)):
        return None
    found = connection.execute(sa.select(schema.tables.tables["schema"].c.version)).scalar()
    return None if found is None else int(found)


def prepare(connection: sa.Connection, schema: Schema, name: str) -> None:
    """Makes the tables of a new store, and those that came later; refuses one of another version in words.

    What can be rebuilt is brought to this version at once. Nothing is touched where the store is refused.
    """
    found = version_of(connection, schema)
    if found is not None and found != schema.version:
        refuse_newer(found, schema, name)
        if schema.precious:
            raise OtherVersion(
                f"{name}: schema version {found} is older than this program's {schema.version}; nothing was touched: "
                "run `newsletter db upgrade`, which makes a backup first"
            )
        climb(connection, schema, found)
    elif found is None:
        _found(connection, schema)
        connection.execute(schema.tables.tables["schema"].insert().values(version=schema.version))
    schema.tables.create_all(connection)


def refuse_newer(found: int, schema: Schema, name: str) -> None:
    """Raises where a store is of a newer version than this program knows."""
    if found > schema.version:
        raise OtherVersion(
            f"{name}: schema version {found} is newer than this program's {schema.version}; "
            "nothing was touched: install the newer version of newsletter"
        )


def climb(connection: sa.Connection, schema: Schema, found: int) -> None:
    """Leads a store from the version that was found to this one, in the transaction of the caller's."""
    if place := _place(connection, schema):
        connection.exec_driver_sql(f'SET LOCAL search_path TO "{place}"')
    for version in range(found, schema.version):
        for statement in schema.steps[version]:
            connection.exec_driver_sql(statement)
    schema.tables.create_all(connection)
    connection.execute(schema.tables.tables["schema"].update().values(version=schema.version))


def _found(connection: sa.Connection, schema: Schema) -> None:
    place = _place(connection, schema)
    if place and not sa.inspect(connection).has_schema(place):  # asking needs fewer rights than IF NOT EXISTS
        connection.execute(sa.schema.CreateSchema(place))
    schema.tables.create_all(connection)


def _place(connection: sa.Connection, schema: Schema) -> str | None:
    return schema.name if connection.dialect.name == "postgresql" else None
