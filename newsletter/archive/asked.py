"""What can be asked of papers and listings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from newsletter.archive import schema
from newsletter.archive.shelf import records, records_by_title, resolve
from newsletter.database import Database, chunks
from newsletter.identity import LONG_TITLE, title_key
from newsletter.models import Paper, Reading
from newsletter.records import read_paper


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of the window: a paper stood on a source on a day, first seen by us at a moment."""

    paper: str
    source: str
    day: date
    seen_at: datetime


class Asked:
    """Questions about papers and listings."""

    _db: Database

    def find(self, ids: Sequence[str]) -> dict[str, Paper]:
        """The papers of these ids (or aliases), by the id that was asked for."""
        with self._db.read() as connection:
            names = resolve(connection, ids)
            found = records(connection, sorted(set(names.values())))
        return {asked: found[id_] for asked, id_ in names.items() if id_ in found}

    def find_titles(self, titles: Iterable[str]) -> dict[str, Paper]:
        """The papers of these titles by their title keys, where only one has it; short titles name nothing."""
        keys = {key for title in titles if len((key := title_key(title)).split()) >= LONG_TITLE}
        with self._db.read() as connection:
            found = records_by_title(connection, sorted(keys)).values()
        held = Counter(title_key(paper.title) for paper in found)
        return {key: paper for paper in found if held[key := title_key(paper.title)] == 1}

    def window(self, first: date, last: date) -> list[Listed]:
        """Every listing of the days from `first` to `last`, both included, by day, source and id."""
        query = (
            sa.select(schema.listings)
            .where(schema.listings.c.day.between(first, last))
            .order_by(schema.listings.c.day, schema.listings.c.source, schema.listings.c.paper)
        )
        with self._db.read() as connection:
            return [Listed(row.paper, row.source, row.day, row.seen_at) for row in connection.execute(query)]

    def listing_days(self, ids: Sequence[str]) -> dict[str, list[date]]:
        """Per paper the days that it was ever listed on, oldest first."""
        found: dict[str, list[date]] = {}
        with self._db.read() as connection:
            for some in chunks(ids):
                query = (
                    sa.select(schema.listings.c.paper, schema.listings.c.day)
                    .where(schema.listings.c.paper.in_(some))
                    .distinct()
                )
                for row in connection.execute(query.order_by(schema.listings.c.day)):
                    found.setdefault(row.paper, []).append(row.day)
        return found

    def readings(self, ids: Sequence[str], at: datetime) -> dict[str, Reading]:
        """Per paper how it stood at a moment: its last reading until then, else the first that there is."""
        found: dict[str, Reading] = {}
        with self._db.read() as connection:
            for some in chunks(ids):
                query = (
                    sa.select(schema.readings).where(schema.readings.c.paper.in_(some)).order_by(schema.readings.c.at)
                )
                for row in connection.execute(query):
                    if row.at <= at or row.paper not in found:
                        found[row.paper] = Reading(row.upvotes, row.code, row.version)
        return found

    def count_listed(self, first: date, last: date) -> int:
        """How many papers were listed from `first` to `last`, both included."""
        query = sa.select(sa.func.count(sa.distinct(schema.listings.c.paper))).where(
            schema.listings.c.day.between(first, last)
        )
        with self._db.read() as connection:
            return int(connection.execute(query).scalar_one())

    def days(self) -> list[date]:
        """The days that have listings, oldest first."""
        with self._db.read() as connection:
            return list(
                connection.execute(
                    sa.select(schema.listings.c.day).distinct().order_by(schema.listings.c.day)
                ).scalars()
            )

    def size(self) -> int:
        """How many listed papers there are."""
        with self._db.read() as connection:
            return int(connection.execute(sa.select(sa.func.count(sa.distinct(schema.listings.c.paper)))).scalar_one())

    def listed_papers(self, limit: int) -> Iterator[Paper]:
        """The most recently listed papers, newest first: what term statistics are learned from.

        Example papers that no source listed are left out, so that a reader's examples change nobody's ranking.
        """
        newest = (
            sa.select(schema.listings.c.paper, sa.func.max(schema.listings.c.day).label("day")).group_by(
                schema.listings.c.paper
            )
        ).subquery()
        query = (
            sa.select(schema.papers.c.record)
            .join(newest, schema.papers.c.id == newest.c.paper)
            .order_by(newest.c.day.desc(), schema.papers.c.id)
            .limit(limit)
        )
        with self._db.read() as connection:
            for record in connection.execute(query).scalars():
                yield read_paper(record)
