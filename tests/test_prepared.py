"""Statements that go to the driver by themselves."""

import sqlite3
from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa

from newsletter.database import Words, one_of
from newsletter.database.prepared import Prepared
from newsletter.errors import StoreError
from newsletter.ledger.schema import switches

NOW = datetime(2026, 3, 3, 7, tzinfo=UTC)
at = sa.bindparam("n_at", type_=switches.c.at.type)
ALL = Prepared(sa.select(switches.c.name, switches.c.at).order_by(switches.c.name))
NEW = Prepared(switches.insert().values(name=sa.bindparam("n_name", type_=Words), at=at))
MOVED = Prepared(switches.update().where(switches.c.name == sa.bindparam("k_name", type_=Words)).values(at=at))


def test_values_go_in_and_come_out_as_they_do_with_sqlalchemy(database):
    elsewhere = NOW.astimezone(timezone(timedelta(hours=9)))
    with database.write() as connection:
        NEW.change(connection, {"n_name": "to\0ld \ud800", "n_at": elsewhere})
    with database.read() as connection:
        found = ALL.rows(connection, {})
        assert [tuple(row) for row in connection.execute(sa.select(switches))] == [tuple(row) for row in found]
    assert [("told ?", NOW)] == [tuple(row) for row in found]
    assert UTC is found[0][1].tzinfo


def test_what_is_the_same_for_all_is_told_once(database):
    with database.write() as connection:
        assert 2 == NEW.change_each(connection, ({"n_name": name} for name in ("one", "two")), {"n_at": NOW})
        assert 1 == MOVED.change_each(connection, ({"k_name": name} for name in ("two", "none")), {"n_at": NOW})
        assert 0 == MOVED.change_each(connection, [], {"n_at": NOW})


def test_one_statement_asks_for_any_number_of_names(database):
    some = one_of(switches.c.name, "names", shared=database.shared)
    asked = Prepared(sa.select(switches.c.name).where(some).order_by(switches.c.name))
    names = [f"n'{n:04}" for n in range(1500)]
    with database.write() as connection:
        NEW.change_each(connection, ({"n_name": name} for name in names), {"n_at": NOW})
        for wanted in ([], names[:1], names):
            assert wanted == [row[0] for row in asked.rows(connection, {"names": wanted})]


def test_a_fault_is_words_and_nothing_of_its_transaction_stays(database):
    with pytest.raises(StoreError, match=r"(?i)unique") as failed, database.write() as connection:
        NEW.change_each(connection, ({"n_name": "one"} for _ in range(2)), {"n_at": NOW})
    assert isinstance(failed.value.__cause__, sqlite3.Error) or database.shared
    with pytest.raises(StoreError, match="nowhere"), database.read() as connection:
        Prepared(sa.select(sa.table("nowhere", sa.column("x")).c.x)).rows(connection, {})
    with database.read() as connection:
        assert [] == ALL.rows(connection, {})


def test_a_connection_that_the_server_ended_is_words_and_the_next_one_is_new(postgresql):
    from newsletter.ledger import Ledger

    database = Ledger.open(postgresql.fresh())
    end = sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    with pytest.raises(StoreError, match=r"connection was (ended|lost)"), database.write() as connection:
        NEW.change(connection, {"n_name": "one", "n_at": NOW})
        with database.read() as other:
            other.execute(end)
        NEW.change(connection, {"n_name": "two", "n_at": NOW})
    with database.write() as connection:
        assert [] == ALL.rows(connection, {})
    database.close()
