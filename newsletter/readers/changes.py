"""Numbers that grow with each change of a kind, in the order in which the changes are seen."""

from __future__ import annotations

import sqlalchemy as sa

from newsletter.database import Words, insert_new

changes = sa.Table(
    "changes",
    sa.MetaData(),
    sa.Column("kind", Words, primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),
)


def number_of(connection: sa.Connection, kind: str) -> int:
    """The number of the latest change; 0 before the first."""
    return int(connection.execute(sa.select(changes.c.number).where(changes.c.kind == kind)).scalar() or 0)


def count(connection: sa.Connection, kind: str) -> int:
    """The next number, within a transaction of the caller's.

    Who counts next waits until that one has ended: whoever sees a number sees all that was done under lower ones. So
    this comes last in a transaction, but for what is written under the number.
    """
    insert_new(connection, changes, [{"kind": kind, "number": 0}])
    step = changes.update().where(changes.c.kind == kind).values(number=changes.c.number + 1)
    return int(connection.execute(step.returning(changes.c.number)).scalar_one())
