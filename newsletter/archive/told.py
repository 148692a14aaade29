"""What a language model said of papers, and how often it was asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter.archive import schema
from newsletter.archive.schema import checksum
from newsletter.database import Database, chunks, insert_new


@dataclass(frozen=True, slots=True)
class Failures:
    """How an endpoint has done since it last answered."""

    number: int
    """Requests in a row that failed."""
    last: datetime | None = None
    fault: str = ""
    """What the last of them ran into."""


class Told:
    """A language model's summaries, and how it was asked."""

    _db: Database

    def summaries(self, model: str, texts: Mapping[str, str]) -> dict[str, str]:
        """The summaries that a model made of these texts, by paper; empty where its answer was of no use."""
        sums = {paper: checksum(text.encode()) for paper, text in texts.items()}
        known: dict[str, str] = {}
        with self._db.read() as connection:
            for some in chunks(list(sums)):
                query = sa.select(schema.summaries).where(
                    schema.summaries.c.model == model, schema.summaries.c.paper.in_(some)
                )
                rows = connection.execute(query).all()
                known |= {row.paper: row.summary for row in rows if row.text == sums[row.paper]}
        return known

    def save_summaries(self, model: str, texts: Mapping[str, str], summaries: Mapping[str, str], at: datetime) -> None:
        """Keeps what a model made of each paper's text; what was kept before stays."""
        rows = [
            {"paper": id_, "model": model, "text": checksum(texts[id_].encode()), "summary": said, "made_at": at}
            for id_, said in summaries.items()
        ]
        with self._db.write() as connection:
            insert_new(connection, schema.summaries, rows)

    def note_summary_request(self, endpoint: str, papers: int, at: datetime) -> int:
        """Counts a request before it is made, as one that nobody answered; returns its number."""
        row = {"endpoint": endpoint, "papers": papers, "at": at, "fault": "it was not answered"}
        with self._db.write() as connection:
            made = connection.execute(schema.summary_requests.insert().returning(schema.summary_requests.c.id), row)
            return int(made.scalar_one())

    def note_summary_answer(self, request: int, fault: str = "") -> None:
        """Remembers how a request went."""
        with self._db.write() as connection:
            row = schema.summary_requests.update().where(schema.summary_requests.c.id == request)
            connection.execute(row.values(fault=fault))

    def papers_asked(self, since: datetime) -> int:
        """For how many papers a summary was asked since then, of whichever endpoint and however it went."""
        query = sa.select(sa.func.coalesce(sa.func.sum(schema.summary_requests.c.papers), 0)).where(
            schema.summary_requests.c.at >= since
        )
        with self._db.read() as connection:
            return int(connection.execute(query).scalar_one())

    def summary_failures(self, endpoint: str) -> Failures:
        """How often an endpoint failed since it last answered."""
        mine = schema.summary_requests.c.endpoint == endpoint
        answered = sa.select(sa.func.coalesce(sa.func.max(schema.summary_requests.c.id), 0)).where(
            mine, schema.summary_requests.c.fault == ""
        )
        query = sa.select(schema.summary_requests).where(
            mine, schema.summary_requests.c.id > answered.scalar_subquery()
        )
        with self._db.read() as connection:
            failed = connection.execute(query.order_by(schema.summary_requests.c.id)).all()
        return Failures(len(failed), failed[-1].at, failed[-1].fault) if failed else Failures(0)
