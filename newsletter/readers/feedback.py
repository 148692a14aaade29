"""What readers said of papers: more like this, or less, or to be saved. The last word counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from newsletter.database import Database, Moment, Words, chunks, insert_or_replace
from newsletter.models import Said, Verdict

feedback = sa.Table(
    "feedback",
    sa.MetaData(),
    sa.Column("subscriber", Words, primary_key=True),
    sa.Column("paper", Words, primary_key=True),
    sa.Column("verdict", Words, nullable=False),
    sa.Column("at", Moment, nullable=False),
)


class Feedback:
    """What was said, per subscriber and paper, in the ledger's database."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def give(self, subscriber: str, paper_id: str, verdict: Said, at: datetime) -> None:
        """Keeps what a subscriber (by key) says of a paper, in place of what they said. Durable when it returns.

        What was saved says already that they want more like it, and stays saved.
        """
        row = {"subscriber": subscriber, "paper": paper_id, "verdict": verdict, "at": at}
        mine = (feedback.c.subscriber == subscriber) & (feedback.c.paper == paper_id)
        with self._db.write() as connection:
            known = connection.execute(sa.select(feedback.c.verdict).where(mine)).scalar()
            if (known, verdict) != ("saved", "more"):
                insert_or_replace(connection, feedback, row)

    def clear(self, subscriber: str, *paper_ids: str) -> bool:
        """Takes back what was said of a paper, under any of its ids; False if nothing was said."""
        said = sa.and_(feedback.c.subscriber == subscriber, feedback.c.paper.in_(paper_ids))
        with self._db.write() as connection:
            return bool(connection.execute(feedback.delete().where(said)).rowcount)

    def forget(self, subscriber: str) -> None:
        """Removes all that a subscriber said."""
        with self._db.write() as connection:
            connection.execute(feedback.delete().where(feedback.c.subscriber == subscriber))

    def of(self, subscribers: Sequence[str]) -> dict[str, dict[str, Verdict]]:
        """Per subscriber (only those who said something) what they said of each paper, the last said last."""
        found: dict[str, dict[str, Verdict]] = {}
        with self._db.read() as connection:
            for some in chunks(subscribers):
                query = sa.select(feedback).where(feedback.c.subscriber.in_(some))
                for row in connection.execute(query.order_by(feedback.c.at, feedback.c.paper)):
                    said: Verdict = "less" if row.verdict == "less" else "more"
                    found.setdefault(row.subscriber, {})[row.paper] = said
        return found

    def words(self, subscriber: str) -> dict[str, Said]:
        """What one subscriber said of each paper, the last said last; with what they saved."""
        query = sa.select(feedback.c.paper, feedback.c.verdict).where(feedback.c.subscriber == subscriber)
        with self._db.read() as connection:
            rows = connection.execute(query.order_by(feedback.c.at, feedback.c.paper))
            return {row.paper: row.verdict for row in rows}

    def news(self, since: Mapping[str, datetime]) -> dict[str, dict[str, Verdict]]:
        """What these subscribers said after a moment, each after their own."""
        found: dict[str, dict[str, Verdict]] = {}
        with self._db.read() as connection:
            for some in chunks(sorted(since)):
                query = sa.select(feedback).where(feedback.c.subscriber.in_(some))
                for row in connection.execute(query.order_by(feedback.c.at, feedback.c.paper)):
                    if row.at > since[row.subscriber]:
                        found.setdefault(row.subscriber, {})[row.paper] = "less" if row.verdict == "less" else "more"
        return found

    def papers(self, subscribers: Sequence[str]) -> frozenset[str]:
        """Every paper that these subscribers said something of."""
        return frozenset(paper for said in self.of(subscribers).values() for paper in said)
