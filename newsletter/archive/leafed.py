"""What pages of the archive are made of: the papers of a span, best first and a few at a time, and the days around it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime

import sqlalchemy as sa

from newsletter.archive import schema
from newsletter.database import Database

_listed = schema.listings.c.day


class Leafed:
    """Questions that leaf through the archive; each answer is short, however large the archive is."""

    _db: Database

    def best(self, first: date, last: date, limit: int, offset: int = 0) -> list[str]:
        """The ids of the papers listed from `first` to `last`, most upvotes first; the later id of two that have as many."""
        there = sa.select(schema.listings.c.paper).where(_listed.between(first, last)).distinct().subquery()
        r, other = schema.readings.c, schema.readings.alias()
        latest = sa.select(sa.func.max(other.c.at)).where(other.c.paper == there.c.paper).scalar_subquery()
        now = sa.outerjoin(there, schema.readings, sa.and_(r.paper == there.c.paper, r.at == latest))
        order = sa.func.coalesce(r.upvotes, 0).desc(), there.c.paper.desc()
        query = sa.select(there.c.paper).select_from(now).order_by(*order).limit(limit).offset(offset)
        with self._db.read() as connection:
            return list(connection.execute(query).scalars())

    def day_until(self, day: date) -> date | None:
        """The latest day with listings that is not after this one."""
        return self._one(sa.func.max(_listed), _listed <= day)

    def day_from(self, day: date) -> date | None:
        """The earliest day with listings that is not before this one."""
        return self._one(sa.func.min(_listed), _listed >= day)

    def _one(self, what: sa.Function[date], where: sa.ColumnElement[bool]) -> date | None:
        with self._db.read() as connection:
            found = connection.execute(sa.select(what).where(where)).scalar()
        return found if isinstance(found, date) else None

    def months(self) -> list[tuple[date, int]]:
        """The first day of each month with listings, and how many there were; newest first."""
        query = sa.select(_listed, sa.func.count()).group_by(_listed)
        found: Counter[date] = Counter()
        with self._db.read() as connection:
            for day, number in connection.execute(query):
                found[day.replace(day=1)] += number
        return sorted(found.items(), reverse=True)

    def first_seen(self, ids: Sequence[str], since: date) -> dict[str, datetime]:
        """When we first saw each of these papers listed on a day since then; at most some hundreds."""
        listing = schema.listings.c
        query = sa.select(listing.paper, sa.func.min(listing.seen_at, type_=listing.seen_at.type))
        query = query.where(listing.paper.in_(ids), listing.day >= since).group_by(listing.paper)
        with self._db.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}
