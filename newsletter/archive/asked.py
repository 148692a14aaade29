"""What can be asked of papers and listings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from newsletter.archive import schema
from newsletter.archive.shelf import present, records, records_by_title, resolve
from newsletter.database import VARIABLES, Database, chunks
from newsletter.identity import LONG_TITLE, title_key
from newsletter.models import Paper, Reading
from newsletter.records import read_paper

PAGE = 5_000  # papers


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of the window: a paper stood on a source on a day, first seen by us at a moment."""

    paper: str
    source: str
    day: date
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Noted:
    """How a paper stood from a moment on."""

    at: datetime
    upvotes: int
    comments: int
    stars: int | None
    code: str | None
    """Empty: it had none; None: not written down."""
    version: int | None

    @property
    def reading(self) -> Reading:
        return Reading(self.upvotes, self.code, self.version)


class Asked:
    """Questions about papers and listings."""

    _db: Database

    def find(self, ids: Sequence[str]) -> dict[str, Paper]:
        """The papers of these ids (or aliases), by the id that was asked for."""
        with self._db.read() as connection:
            names = resolve(connection, ids)
            found = records(connection, sorted(set(names.values())))
        return {asked: found[id_] for asked, id_ in names.items() if id_ in found}

    def lacking(self, ids: Collection[str]) -> set[str]:
        """Those of these ids (or aliases) that no paper has."""
        with self._db.read() as connection:
            names = resolve(connection, sorted(ids))
            here = present(connection, sorted(set(names.values())))
        return {asked for asked, id_ in names.items() if id_ not in here}

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

    def listings_of(self, ids: Sequence[str]) -> list[Listed]:
        """Every listing of these papers, by day, source and id."""
        found: list[Listed] = []
        with self._db.read() as connection:
            for some in chunks(ids):
                query = sa.select(schema.listings).where(schema.listings.c.paper.in_(some))
                found += [Listed(row.paper, row.source, row.day, row.seen_at) for row in connection.execute(query)]
        return sorted(found, key=lambda one: (one.day, one.source, one.paper))

    def first_days(self, since: date | None, until: date | None, source: str | None) -> list[tuple[str, date]]:
        """Every paper with the day that it was first listed on (by a source), as far as that is in the span; newest first."""
        first = sa.func.min(schema.listings.c.day, type_=sa.Date)
        query = sa.select(schema.listings.c.paper, first.label("day")).group_by(schema.listings.c.paper)
        if source is not None:
            query = query.where(schema.listings.c.source == source)
        if since is not None:
            query = query.having(first >= since)
        if until is not None:
            query = query.having(first <= until)
        with self._db.read() as connection:
            rows = connection.execute(query.order_by(sa.desc("day"), schema.listings.c.paper.desc()))
            return [(id_, day) for id_, day in rows.all()]

    def texts(self, ids: Collection[str], words: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Title key and record of those of these papers whose record has any of the words, in capitals or not.

        The last id first, and `PAGE` papers at a time: so much is in memory.
        """
        paper = schema.papers.c
        held = sa.or_(
            False, *(paper.record.icontains(form, autoescape=True) for word in words for form in _forms(word))
        )
        query = sa.select(paper.id, paper.title_key, paper.record).where(held).order_by(paper.id.desc())
        wanted = frozenset(ids)
        with self._db.read() as connection:
            for some in chunks(sorted(wanted, reverse=True), PAGE):
                rows = connection.execute(query.where(paper.id >= some[-1], paper.id <= some[0])).all()
                yield from ((title, record) for id_, title, record in rows if id_ in wanted)

    def votes_of_days(self, days: Sequence[date]) -> dict[tuple[str, date], dict[str, int]]:
        """Per source and day the papers listed then with the upvotes that they have now."""
        r, other, listing = schema.readings, schema.readings.alias(), schema.listings.c
        last = sa.select(sa.func.max(other.c.at)).where(other.c.paper == listing.paper).scalar_subquery()
        now = sa.join(schema.listings, r, sa.and_(r.c.paper == listing.paper, r.c.at == last))
        query = sa.select(listing.source, listing.day, listing.paper, r.c.upvotes).select_from(now)
        found: dict[tuple[str, date], dict[str, int]] = {}
        with self._db.read() as connection:
            for some in chunks(days):
                for row in connection.execute(query.where(listing.day.in_(some))):
                    found.setdefault((row.source, row.day), {})[row.paper] = row.upvotes
        return found

    def sources(self) -> list[str]:
        """The sources that ever listed anything, in order of name."""
        query = sa.select(schema.listings.c.source).distinct().order_by(schema.listings.c.source)
        with self._db.read() as connection:
            return list(connection.execute(query).scalars())

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

    def ids(self, since: date | None = None, until: date | None = None) -> Iterator[Sequence[str]]:
        """The ids of all papers, or of those that were first listed in a span: in order, a few hundred at a time."""
        if since or until:
            yield from chunks(sorted(id_ for id_, _ in self.first_days(since, until, None)))
            return
        last, column = "", schema.papers.c.id
        while True:
            with self._db.read() as connection:
                query = sa.select(column).where(column > last).order_by(column).limit(VARIABLES)
                some = connection.execute(query).scalars().all()
            if not some:
                return
            yield some
            last = some[-1]

    def history(self, ids: Sequence[str]) -> dict[str, list[Noted]]:
        """Per paper how it stood whenever that changed, oldest first."""
        found: dict[str, list[Noted]] = {}
        with self._db.read() as connection:
            for some in chunks(ids):
                query = sa.select(schema.readings).where(schema.readings.c.paper.in_(some))
                for row in connection.execute(query.order_by(schema.readings.c.paper, schema.readings.c.at)):
                    noted = Noted(row.at, row.upvotes, row.comments, row.stars, row.code, row.version)
                    found.setdefault(row.paper, []).append(noted)
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


def _forms(word: str) -> set[str]:
    """Databases know no capitals but those of English."""
    return {word} if word.isascii() else {word, word.upper(), word.capitalize()}
