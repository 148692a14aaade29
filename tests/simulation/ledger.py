"""What a home's ledger says, read from its file as a stranger would."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeAlias

from tests.simulation.almanac import minutes
from tests.simulation.oracle import Row

Rows: TypeAlias = Mapping[tuple[str, str], tuple[Row, str]]
"""By recipient and period; with the Message-ID."""


def read(home: Path) -> Rows:
    """Every delivery; a period's name has its occasion beside it, where that is not the regular one."""
    query = "SELECT subscriber, period, occasion, day, state, reason, changed_at, message_id FROM deliveries"
    found = {}
    with closing(sqlite3.connect(home / "newsletter.db")) as connection:
        for who, period, occasion, day, state, reason, changed, message_id in connection.execute(query):
            at = minutes(datetime.fromisoformat(changed).replace(tzinfo=UTC))
            name = period if occasion == "regular" else f"{period} {occasion}"
            told = reason if state == "skipped" else ""
            found[who, name] = Row(name, date.fromisoformat(day), state, told, at), message_id
    return found


def of_each(rows: Rows) -> dict[str, set[Row]]:
    """By recipient."""
    found: dict[str, set[Row]] = {}
    for (who, _), (row, _) in rows.items():
        found.setdefault(who, set()).add(row)
    return found
