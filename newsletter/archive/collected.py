"""What sources told: papers, listings, and how each collection went."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import sqlalchemy as sa

from newsletter.archive import schema
from newsletter.archive.shelf import Shelf, dated
from newsletter.database import Database, Moment, insert_new
from newsletter.models import Listing, Paper, SourceState


@dataclass(frozen=True, slots=True)
class Collection:
    """How a source did when it was last asked."""

    state: SourceState
    at: datetime
    answered_at: datetime | None
    """When it last answered, for whatever day, were it only that there is nothing; None: never."""


class Collected:
    """What sources told, and how each collection went."""

    _db: Database

    def add(self, source: str, listings: Sequence[Listing], day: date, at: datetime) -> int:
        """Keeps the listings and merges what is the same paper; returns how many listings are new.

        A listing without a day of its own is listed on `day` the first time, and never again.
        """
        with self._db.write() as connection:
            shelf = Shelf(connection, [listing.paper for listing in listings])
            put = [shelf.put(listing.paper) for listing in listings]
            ids = [shelf.now(id_) for id_ in put]
            shelf.save(at)
            on_days = dated(connection, source, [(id_, x.day) for id_, x in zip(ids, listings, strict=True)], day)
            rows = [{"day": on, "source": source, "paper": id_, "seen_at": at} for id_, on in on_days]
            return insert_new(connection, schema.listings, rows)

    def keep(self, paper: Paper, at: datetime) -> None:
        """Keeps an example paper that no source listed."""
        with self._db.write() as connection:
            shelf = Shelf(connection, [paper])
            shelf.put(paper)
            shelf.save(at)

    def revise(self, papers: Sequence[Paper], at: datetime) -> None:
        """Merges in what is told of papers that are known already; the others are left alone."""
        with self._db.write() as connection:
            shelf = Shelf(connection, papers)
            for paper in papers:
                if shelf.has(paper):
                    shelf.put(paper)
            shelf.save(at)

    def note_missing(self, paper_id: str, at: datetime) -> None:
        """Remembers that a look-up found no such paper, so that it is asked for once."""
        with self._db.write() as connection:
            insert_new(connection, schema.missing, [{"paper": paper_id, "at": at}])

    def missing(self) -> frozenset[str]:
        """The ids that were looked up and not found."""
        with self._db.read() as connection:
            return frozenset(connection.execute(sa.select(schema.missing.c.paper)).scalars())

    def note_collection(self, day: date, at: datetime, states: Iterable[SourceState]) -> None:
        """Remembers how each source did for a day."""
        rows = [
            {"source": s.source, "day": day, "at": at, "state": s.state, "detail": s.detail, "papers": s.papers}
            for s in states
        ]
        with self._db.write() as connection:
            insert_new(connection, schema.collections, rows)

    def collected(self, day: date) -> tuple[SourceState, ...]:
        """How each source last did for a day, in order of name; nothing where it was never asked."""
        latest = (
            sa.select(schema.collections.c.source, sa.func.max(schema.collections.c.at).label("at"))
            .where(schema.collections.c.day == day)
            .group_by(schema.collections.c.source)
            .subquery()
        )
        query = (
            sa.select(schema.collections)
            .join(
                latest, sa.and_(schema.collections.c.source == latest.c.source, schema.collections.c.at == latest.c.at)
            )
            .where(schema.collections.c.day == day)
            .order_by(schema.collections.c.source)
        )
        with self._db.read() as connection:
            return tuple(
                SourceState(row.source, row.state, row.detail, row.papers) for row in connection.execute(query)
            )

    def last_collections(self) -> tuple[Collection, ...]:
        """How each source that was ever asked did the last time, in order of name; of several days the latest."""
        c = schema.collections.c
        asked = sa.select(c.source, sa.func.max(c.at, type_=Moment).label("at")).group_by(c.source)
        last = asked.subquery()
        rows = sa.select(schema.collections).join(last, sa.and_(c.source == last.c.source, c.at == last.c.at))
        with self._db.read() as connection:
            answered = {row.source: row.at for row in connection.execute(asked.where(c.state.in_(("ok", "quiet"))))}
            by_source = {row.source: row for row in connection.execute(rows.order_by(c.source, c.day))}
        return tuple(
            Collection(SourceState(name, row.state, row.detail, row.papers), row.at, answered.get(name))
            for name, row in by_source.items()
        )

    def is_complete(self, day: date, names: Sequence[str]) -> bool:
        """Whether every one of these sources answered for that day after its end: then its list grows no more."""
        over = datetime.combine(day + timedelta(days=1), time(), UTC)
        query = sa.select(schema.collections.c.source).where(
            schema.collections.c.day == day,
            schema.collections.c.at >= over,
            schema.collections.c.state.in_(("ok", "quiet")),
        )
        with self._db.read() as connection:
            return set(names) <= set(connection.execute(query).scalars())

    def answered(self, source: str, first: date, last: date) -> dict[date, datetime]:
        """When a source last listed anything for each of the days from `first` to `last`, as far as it ever did."""
        c = schema.collections.c
        query = (
            sa.select(c.day, sa.func.max(c.at, type_=Moment).label("at"))
            .where(c.source == source, c.day.between(first, last), c.state == "ok")
            .group_by(c.day)
        )
        with self._db.read() as connection:
            return {row.day: row.at for row in connection.execute(query)}
