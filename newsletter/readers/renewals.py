"""How often readers had their links renewed: whoever has an older mail of theirs opens none of their pages any more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from newsletter.database import Database, Moment, Words, each, insert_new

renewals = sa.Table(
    "renewals",
    sa.MetaData(),
    sa.Column("subscriber", Words, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("at", Moment, nullable=False),
)


class Renewals:
    """Per subscriber (by key) a number, in the ledger's database."""

    def __init__(self, database: Database) -> None:
        self._db = database
        who = each("who", Words(), shared=database.shared)
        mine = renewals.c.subscriber.in_(sa.select(who.c.value))
        self._of = sa.select(renewals.c.subscriber, renewals.c.number).where(mine)

    def of(self, subscribers: Sequence[str]) -> dict[str, int]:
        """How often these had them renewed; only those who did."""
        with self._db.read() as connection:
            rows = connection.execute(self._of, {"who": list(subscribers)})
            return {row.subscriber: row.number for row in rows}

    def renew(self, subscriber: str, at: datetime) -> None:
        """Once more. Durable when it returns."""
        with self._db.write() as connection:
            insert_new(connection, renewals, [{"subscriber": subscriber, "number": 0, "at": at}])
            mine = renewals.update().where(renewals.c.subscriber == subscriber)
            connection.execute(mine.values(number=renewals.c.number + 1, at=at))

    def forget(self, subscriber: str) -> None:
        """Removes what was counted of a subscriber."""
        with self._db.write() as connection:
            connection.execute(renewals.delete().where(renewals.c.subscriber == subscriber))
