"""Removes what is old: papers that no source listed since a day, and the digests and collections before it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from newsletter.archive import schema
from newsletter.archive.gone import remember
from newsletter.archive.schema import checksum
from newsletter.archive.shelf import records, resolve
from newsletter.database import Database, chunks
from newsletter.embeddings import text_of
from newsletter.models import Paper


@dataclass(frozen=True, slots=True)
class Old:
    """How much there is of what is old."""

    papers: int
    listings: int
    digests: int


class Retention:
    """What is old, and removing it."""

    _db: Database

    def old(self, before: date, spared: Collection[str]) -> Old:
        """What `remove_old` would remove."""
        listings = schema.listings
        with self._db.read() as connection:
            ids = _old(connection, before, spared)
            number = 0
            for some in chunks(ids):
                query = sa.select(sa.func.count()).select_from(listings).where(listings.c.paper.in_(some))
                number += connection.execute(query).scalar_one()
            digests = sa.select(sa.func.count()).where(schema.digests.c.day < before)
            return Old(len(ids), number, int(connection.execute(digests).scalar_one()))

    def remove_old(self, before: date, spared: Collection[str]) -> Old:
        """Removes the papers last listed before a day, but for the spared ones, and digests and collections of then.

        A paper that was listed since keeps its whole history. What tells a removed one from others is remembered. It
        goes a few hundred papers at a time, so that nobody who writes has to wait; interrupted it goes on the next time.
        """
        with self._db.read() as connection:
            ids = _old(connection, before, spared)
        listings = 0
        for some in chunks(ids):
            with self._db.write() as connection:
                listings += _remove(connection, some)
        with self._db.write() as connection:
            digests = connection.execute(schema.digests.delete().where(schema.digests.c.day < before)).rowcount
            connection.execute(schema.collections.delete().where(schema.collections.c.day < before))
        return Old(len(ids), listings, digests)


def _old(connection: sa.Connection, before: date, spared: Collection[str]) -> list[str]:
    """The ids of the papers that were listed, and not since that day."""
    paper = schema.listings.c.paper
    query = sa.select(paper).group_by(paper).having(sa.func.max(schema.listings.c.day) < before).order_by(paper)
    kept = set(resolve(connection, sorted(spared)).values())
    return [id_ for id_ in connection.execute(query).scalars().all() if id_ not in kept]


def _remove(connection: sa.Connection, ids: Sequence[str]) -> int:
    """Removes papers and all that is said of them; returns how many listings they had."""
    papers = records(connection, ids)
    remember(connection, papers.values(), _first_days(connection, ids))
    of = schema.listings.c.paper.in_(ids)
    number = connection.execute(schema.listings.delete().where(of)).rowcount
    for table in (schema.readings, schema.summaries):
        connection.execute(table.delete().where(table.c.paper.in_(ids)))
    connection.execute(schema.vectors.delete().where(schema.vectors.c.text.in_([*_texts(papers.values())])))
    connection.execute(schema.papers.delete().where(schema.papers.c.id.in_(ids)))
    return number


def _texts(papers: Collection[Paper]) -> Iterator[str]:
    """What the papers' texts are called among the vectors."""
    return (checksum(text_of(paper).encode()) for paper in papers)


def _first_days(connection: sa.Connection, ids: Sequence[str]) -> dict[str, dict[str, date]]:
    listing = schema.listings.c
    first = sa.func.min(listing.day, type_=sa.Date).label("day")
    query = sa.select(listing.paper, listing.source, first).where(listing.paper.in_(ids))
    found: dict[str, dict[str, date]] = {}
    for row in connection.execute(query.group_by(listing.paper, listing.source)):
        found.setdefault(row.paper, {})[row.source] = row.day
    return found
