"""How the ledger's statements find their rows: what is asked for each shard must not cost more as more was sent."""

import re
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from newsletter import publish, sending
from newsletter.audience import Order
from tests.homes import invented_day, make_home, readers

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
NAMES = [f"r{number}" for number in range(40)]
_VALUES = re.compile(r"'[^']*'|\b\d+(\.\d+)?\b")


@pytest.fixture
def sent(tmp_path):
    home = make_home(tmp_path / "home")
    home.day("2026-03-03", invented_day("2026-03-03", 20))
    home.subscribers(readers(NAMES, ["flow matching"] * len(NAMES)))
    return home


@pytest.fixture
def asked(sent, monkeypatch):
    """Each statement on deliveries of a shard that was sent, as SQLite got it, by the same without values."""
    found, within = {}, [False]
    send_batch = sending.send_batch

    def watched(*told):
        within[0] = True
        try:
            send_batch(*told)
        finally:
            within[0] = False

    def connected(raw, _):
        raw.set_trace_callback(
            lambda text: within[0] and "deliveries" in text and found.setdefault(_VALUES.sub("?", text), text)
        )

    monkeypatch.setattr(sending, "send_batch", watched)
    sa.event.listen(sa.Engine, "connect", connected)
    try:
        with sent.app(NOW, NEWSLETTER_QUEUE="inline:1") as app:
            publish.publish(app, NOW, Order(date(2026, 3, 3)))
            assert len(NAMES) == app.ledger.account(app.occasion).counts["submitted"]
    finally:
        sa.event.remove(sa.Engine, "connect", connected)
    return list(found.values())


def test_what_is_asked_for_a_shard_is_found_by_key(sent, asked):
    assert len(asked) >= 6, "taken, seen, claimed, marked and recorded"
    with closing(sqlite3.connect(sent.path / "newsletter.db")) as connection:
        for statement in asked:
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
            searched = [step for step in plan if re.match(r"(SEARCH|SCAN) (deliveries|earlier)\b", step)]
            assert searched, plan
            assert all("(subscriber=?" in step for step in searched), (statement, plan)
