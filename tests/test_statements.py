"""How the ledger's statements find their rows: what is asked for each shard must not cost more as more was sent."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from newsletter import publish, sending
from newsletter.audience import Order
from tests.homes import invented_day, make_home, readers

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
NAMES = [f"r{number}" for number in range(40)]
_ABOUT = re.compile(r"\b(FROM|UPDATE) deliveries\b")
_VALUES = re.compile(r"'[^']*'|\b\d+(\.\d+)?\b")


@pytest.fixture
def sent(tmp_path):
    home = make_home(tmp_path / "home")
    home.day("2026-03-03", invented_day("2026-03-03", 20))
    home.subscribers(readers(NAMES, ["flow matching"] * len(NAMES)))
    return home


@contextmanager
def listening(ours: Callable[[], bool] = lambda: True) -> Iterator[dict[str, str]]:
    """Each statement on deliveries, as SQLite gets it, by the same without values; on connections made meanwhile."""
    found: dict[str, str] = {}

    def connected(raw, _):
        raw.set_trace_callback(
            lambda text: ours() and _ABOUT.search(text) and found.setdefault(_VALUES.sub("?", text), text)
        )

    sa.event.listen(sa.Engine, "connect", connected)
    try:
        yield found
    finally:
        sa.event.remove(sa.Engine, "connect", connected)


def steps(home, statement: str) -> list[str]:
    """How SQLite finds the rows of deliveries that a statement is about."""
    with closing(sqlite3.connect(home.path / "newsletter.db")) as connection:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
    found = [step for step in plan if re.match(r"(SEARCH|SCAN) (deliveries|earlier|one)\b", step)]
    assert found, plan
    return found


def test_what_is_asked_for_a_shard_is_found_by_key(sent, monkeypatch):
    within, send_batch = [False], sending.send_batch

    def watched(*told):
        within[0] = True
        try:
            send_batch(*told)
        finally:
            within[0] = False

    monkeypatch.setattr(sending, "send_batch", watched)
    with listening(lambda: within[0]) as asked, sent.app(NOW, NEWSLETTER_QUEUE="inline:1") as app:
        publish.publish(app, NOW, Order(date(2026, 3, 3)))
        assert len(NAMES) == app.ledger.account(app.occasion).counts["submitted"]
    assert len(asked) >= 6, "taken, seen, claimed, marked and recorded"
    for statement in asked.values():
        assert all("(subscriber=?" in step for step in steps(sent, statement)), statement


def test_what_is_asked_all_the_time_looks_at_none_of_what_is_settled(sent):
    open_ones = ("deliveries_pending", "deliveries_uncertain", "deliveries_by_lease")
    with sent.app(NOW) as app:
        app.ledger.account(app.occasion)
    with listening() as asked, sent.app(NOW) as app:
        app.ledger.agenda(NOW, app.occasion)
        app.ledger.next_attempt(app.occasion)
        app.ledger.give_up(NOW)
        app.ledger.doubts(app.occasion)
        app.ledger.recover(NOW, "resend")
        with app.ledger._db.read() as connection:
            app.ledger._overdue(connection, app.occasion, NOW)
            app.ledger._doubtful(connection, app.occasion)
    assert len(asked) >= 7
    for statement in asked.values():
        found = steps(sent, statement)
        assert all(any(name in step for name in open_ones) for step in found), (statement, found)
