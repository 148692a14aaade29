"""The statements that freeze an audience, built once: what is the same for many is told once, and who they are as a table."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.database import each_row, insert_into
from newsletter.ledger.rations import held_until
from newsletter.ledger.schema import deliveries
from newsletter.ledger.values import Planned
from newsletter.readers.references import WHO

_COMMON = (
    *("period", "occasion", "day", "since", "digest", "cut_off_day", "cut_off_at", "give_up_at"),
    *("state", "reason", "next_attempt", "changed_at"),
)


class Plans:
    """The statements, for one kind of database."""

    def __init__(self, *, shared: bool) -> None:
        who = each_row("who", *WHO, shared=shared)
        told = [sa.bindparam(name, type_=deliveries.c[name].type) for name in _COMMON]
        rows = sa.select(who, *told).where(sa.true())
        insert = insert_into(deliveries, shared=shared).from_select([*WHO, *_COMMON], rows).on_conflict_do_nothing()
        self._plan = insert.execution_options(preserve_rowcount=True)  # SQLAlchemy forgets it otherwise (2.1, 2026-11)

    def plan(self, connection: sa.Connection, planned: Planned, at: datetime) -> int:
        """Inserts the deliveries that are not there yet; returns how many those are."""
        return connection.execute(self._plan, _values(planned, at)).rowcount


def _values(one: Planned, at: datetime) -> dict[str, Any]:
    cut_off_day, cut_off_at = one.cut_off or (None, None)
    held = held_until(one.held_until) if one.held_until and not one.skip else {}
    return {
        "who": one.readers,
        "period": one.period,
        "occasion": one.occasion,
        "day": one.day,
        "since": one.since,
        "digest": one.digest,
        "cut_off_day": cut_off_day,
        "cut_off_at": cut_off_at,
        "give_up_at": one.give_up_at,
        "state": "skipped" if one.skip else "pending",
        "reason": one.skip,
        "next_attempt": None,
        "changed_at": at,
        **held,
    }
