"""The token buckets that all workers share: a row for each provider and recipient domain, from which many are taken at once.

How many are wanted, and when, is decided by `pace`. Time is that of the one server.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa

from newsletter.buckets import Draw, Grant
from newsletter.database import insert_new
from newsletter.ledger.schema import rates

LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SIZE: Any = sa.bindparam("size", type_=sa.Float)
_passed: Any = sa.func.extract("epoch", sa.func.now() - rates.c.at)
_there: Any = sa.func.least(
    _SIZE, rates.c.tokens + sa.func.greatest(0, _passed) * sa.bindparam("a_second", type_=sa.Float)
)
# A millionth is what is lost in adding up: without it somebody would wait for it.
_granted: Any = sa.func.least(sa.func.floor(_there + 1e-6), sa.bindparam("number", type_=sa.Integer))
_DRAW: Final = (
    rates.update()
    .where(rates.c.name == sa.bindparam("named"))
    .values(granted=_granted, tokens=_there - _granted, at=sa.func.greatest(rates.c.at, sa.func.now()))
    .returning(rates.c.granted, rates.c.tokens)
)


def draw(connection: sa.Connection, draws: Iterable[Draw]) -> dict[str, Grant]:
    """Takes tokens as far as there are any, a commit each: nobody holds two rows, so nobody waits in a ring.

    A bucket holds a second's worth, at least one token, and is full when it is first asked.
    """
    found = {}
    for one in sorted(draws, key=lambda draw: draw.name):
        size = max(1.0, one.rate.a_second)
        told = {"named": one.name, "size": size, "a_second": one.rate.a_second, "number": one.number}
        row = connection.execute(_DRAW, told).first()
        if row is None:
            insert_new(connection, rates, [{"name": one.name, "tokens": size, "granted": 0, "at": LONG_AGO}])
            row = connection.execute(_DRAW, told).one()
        found[one.name] = Grant(row.granted, row.tokens)
    return found
