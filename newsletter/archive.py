"""Every paper and every listing ever collected, and the digests made of them."""

from __future__ import annotations

import hashlib
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from newsletter.answers import Answers, answers_table
from newsletter.database import Database, Moment, Words, chunks, insert_new
from newsletter.identity import LONG_TITLE, has_own_id, merge, same_by_title, title_key
from newsletter.migrations import Schema, version_table
from newsletter.models import Digest, Listing, Paper, Reading, SourceState
from newsletter.records import digest_record, paper_record, read_digest, read_paper
from newsletter.turns import Turns, turns_table

_tables = sa.MetaData()
version_table(_tables)
_papers = sa.Table(
    "papers",
    _tables,
    sa.Column("id", Words, primary_key=True),
    sa.Column("title_key", Words, nullable=False),
    sa.Column("record", Words, nullable=False),
    sa.Column("first_seen", Moment, nullable=False),
    # PostgreSQL refuses to put more than 2,704 bytes into the usual kind of index (18, 2026-11).
    sa.Index("ix_papers_title_key", "title_key", postgresql_using="hash"),
)
_aliases = sa.Table(
    "aliases",
    _tables,
    sa.Column("alias", Words, primary_key=True),
    sa.Column("paper", Words, nullable=False, index=True),
)
_listings = sa.Table(
    "listings",
    _tables,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("source", Words, primary_key=True),
    sa.Column("paper", Words, primary_key=True),
    sa.Column("seen_at", Moment, nullable=False),
    sa.Index("listings_by_paper", "paper", "source"),
)
_readings = sa.Table(
    "readings",
    _tables,
    sa.Column("paper", Words, primary_key=True),
    sa.Column("at", Moment, primary_key=True),
    sa.Column("upvotes", sa.BigInteger, nullable=False),
    sa.Column("comments", sa.BigInteger, nullable=False),
    sa.Column("stars", sa.BigInteger),
    sa.Column("code", Words),  # empty: it had none; null: not written down
    sa.Column("version", sa.BigInteger),
)
_collections = sa.Table(
    "collections",
    _tables,
    sa.Column("source", Words, primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("at", Moment, primary_key=True),
    sa.Column("state", Words, nullable=False),
    sa.Column("detail", Words, nullable=False),
    sa.Column("papers", sa.Integer, nullable=False),
)
_missing = sa.Table(
    "missing",
    _tables,
    sa.Column("paper", Words, primary_key=True),
    sa.Column("at", Moment, nullable=False),
)
_digests = sa.Table(
    "digests",
    _tables,
    sa.Column("id", Words, primary_key=True),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
_models = sa.Table(
    "models",
    _tables,
    sa.Column("name", Words, primary_key=True),
    sa.Column("papers", sa.Integer, nullable=False),
    sa.Column("made_at", Moment, nullable=False),
    sa.Column("checksum", Words, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
_vectors = sa.Table(
    "vectors",
    _tables,
    sa.Column("model", Words, primary_key=True),
    sa.Column("text", Words, primary_key=True),  # its checksum
    sa.Column("checksum", Words, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
_summaries = sa.Table(
    "summaries",
    _tables,
    sa.Column("paper", Words, primary_key=True),
    sa.Column("model", Words, primary_key=True),
    sa.Column("text", Words, primary_key=True),  # the checksum of what was asked
    sa.Column("summary", Words, nullable=False),  # empty where the answer was of no use
    sa.Column("made_at", Moment, nullable=False),
)
_summary_requests = sa.Table(
    "summary_requests",
    _tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("endpoint", Words, nullable=False),
    sa.Column("papers", sa.Integer, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("fault", Words, nullable=False),  # empty where it was answered
)
_answers = answers_table(_tables)
_turns = turns_table(_tables)
SCHEMA = Schema(
    name="newsletter_archive",
    tables=_tables,
    version=2,
    precious=False,
    one_writer=True,  # papers are read, merged and written back
    steps={
        1: ("ALTER TABLE readings ADD COLUMN code TEXT", "ALTER TABLE readings ADD COLUMN version BIGINT"),
    },
)


@dataclass(frozen=True, slots=True)
class Failures:
    """How an endpoint has done since it last answered."""

    number: int
    """Requests in a row that failed."""
    last: datetime | None = None
    fault: str = ""
    """What the last of them ran into."""


@dataclass(frozen=True, slots=True)
class Collection:
    """How a source did when it was last asked."""

    state: SourceState
    at: datetime
    answered_at: datetime | None
    """When it last answered, for whatever day, were it only that there is nothing; None: never."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of the window: a paper stood on a source on a day, first seen by us at a moment."""

    paper: str
    source: str
    day: date
    seen_at: datetime


class Archive:
    """The large store that can be rebuilt: papers, listings, readings of upvotes, digests."""

    def __init__(self, url: str) -> None:
        self._db = Database.open(url, SCHEMA)
        self.answers = Answers(self._db, _answers)
        self.turns = Turns(self._db, _turns)

    def forked(self) -> None:
        """To be called in a child process, before anything else."""
        self._db.forked()

    def close(self) -> None:
        self._db.close()

    def about(self) -> str:
        """Which database this is, and its schema's version."""
        return self._db.about()

    def host(self) -> str:
        """The machine that the database is on; empty where it is this one."""
        return self._db.host

    def check(self) -> None:
        """Raises where it does not answer, or has another schema than this program."""
        self._db.check()

    # -- what was collected

    def add(self, source: str, listings: Sequence[Listing], day: date, at: datetime) -> int:
        """Keeps the listings and merges what is the same paper; returns how many listings are new.

        A listing without a day of its own is listed on `day` the first time, and never again.
        """
        with self._db.write() as connection:
            shelf = _Shelf(connection, [listing.paper for listing in listings])
            put = [shelf.put(listing.paper) for listing in listings]
            ids = [shelf.now(id_) for id_ in put]
            shelf.save(at)
            dated = _dated(connection, source, [(id_, x.day) for id_, x in zip(ids, listings, strict=True)], day)
            rows = [{"day": on, "source": source, "paper": id_, "seen_at": at} for id_, on in dated]
            return insert_new(connection, _listings, rows)

    def keep(self, paper: Paper, at: datetime) -> None:
        """Keeps an example paper that no source listed."""
        with self._db.write() as connection:
            shelf = _Shelf(connection, [paper])
            shelf.put(paper)
            shelf.save(at)

    def revise(self, papers: Sequence[Paper], at: datetime) -> None:
        """Merges in what is told of papers that are known already; the others are left alone."""
        with self._db.write() as connection:
            shelf = _Shelf(connection, papers)
            for paper in papers:
                if shelf.has(paper):
                    shelf.put(paper)
            shelf.save(at)

    def note_missing(self, paper_id: str, at: datetime) -> None:
        """Remembers that a look-up found no such paper, so that it is asked for once."""
        with self._db.write() as connection:
            insert_new(connection, _missing, [{"paper": paper_id, "at": at}])

    def missing(self) -> frozenset[str]:
        """The ids that were looked up and not found."""
        with self._db.read() as connection:
            return frozenset(connection.execute(sa.select(_missing.c.paper)).scalars())

    def note_collection(self, day: date, at: datetime, states: Iterable[SourceState]) -> None:
        """Remembers how each source did for a day."""
        rows = [
            {"source": s.source, "day": day, "at": at, "state": s.state, "detail": s.detail, "papers": s.papers}
            for s in states
        ]
        with self._db.write() as connection:
            insert_new(connection, _collections, rows)

    def collected(self, day: date) -> tuple[SourceState, ...]:
        """How each source last did for a day, in order of name; nothing where it was never asked."""
        latest = (
            sa.select(_collections.c.source, sa.func.max(_collections.c.at).label("at"))
            .where(_collections.c.day == day)
            .group_by(_collections.c.source)
            .subquery()
        )
        query = (
            sa.select(_collections)
            .join(latest, sa.and_(_collections.c.source == latest.c.source, _collections.c.at == latest.c.at))
            .where(_collections.c.day == day)
            .order_by(_collections.c.source)
        )
        with self._db.read() as connection:
            return tuple(
                SourceState(row.source, row.state, row.detail, row.papers) for row in connection.execute(query)
            )

    def last_collections(self) -> tuple[Collection, ...]:
        """How each source that was ever asked did the last time, in order of name; of several days the latest."""
        c = _collections.c
        asked = sa.select(c.source, sa.func.max(c.at, type_=Moment).label("at")).group_by(c.source)
        last = asked.subquery()
        rows = sa.select(_collections).join(last, sa.and_(c.source == last.c.source, c.at == last.c.at))
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
        query = sa.select(_collections.c.source).where(
            _collections.c.day == day, _collections.c.at >= over, _collections.c.state.in_(("ok", "quiet"))
        )
        with self._db.read() as connection:
            return set(names) <= set(connection.execute(query).scalars())

    def answered(self, source: str, first: date, last: date) -> dict[date, datetime]:
        """When a source last listed anything for each of the days from `first` to `last`, as far as it ever did."""
        c = _collections.c
        query = (
            sa.select(c.day, sa.func.max(c.at, type_=Moment).label("at"))
            .where(c.source == source, c.day.between(first, last), c.state == "ok")
            .group_by(c.day)
        )
        with self._db.read() as connection:
            return {row.day: row.at for row in connection.execute(query)}

    # -- what can be asked

    def find(self, ids: Sequence[str]) -> dict[str, Paper]:
        """The papers of these ids (or aliases), by the id that was asked for."""
        with self._db.read() as connection:
            names = _resolve(connection, ids)
            records = _records(connection, sorted(set(names.values())))
        return {asked: records[id_] for asked, id_ in names.items() if id_ in records}

    def find_titles(self, titles: Iterable[str]) -> dict[str, Paper]:
        """The papers of these titles by their title keys, where only one has it; short titles name nothing."""
        keys = {key for title in titles if len((key := title_key(title)).split()) >= LONG_TITLE}
        with self._db.read() as connection:
            found = _records_by_title(connection, sorted(keys)).values()
        held = Counter(title_key(paper.title) for paper in found)
        return {key: paper for paper in found if held[key := title_key(paper.title)] == 1}

    def window(self, first: date, last: date) -> list[Listed]:
        """Every listing of the days from `first` to `last`, both included, by day, source and id."""
        query = (
            sa.select(_listings)
            .where(_listings.c.day.between(first, last))
            .order_by(_listings.c.day, _listings.c.source, _listings.c.paper)
        )
        with self._db.read() as connection:
            return [Listed(row.paper, row.source, row.day, row.seen_at) for row in connection.execute(query)]

    def listing_days(self, ids: Sequence[str]) -> dict[str, list[date]]:
        """Per paper the days that it was ever listed on, oldest first."""
        found: dict[str, list[date]] = {}
        with self._db.read() as connection:
            for some in chunks(ids):
                query = sa.select(_listings.c.paper, _listings.c.day).where(_listings.c.paper.in_(some)).distinct()
                for row in connection.execute(query.order_by(_listings.c.day)):
                    found.setdefault(row.paper, []).append(row.day)
        return found

    def readings(self, ids: Sequence[str], at: datetime) -> dict[str, Reading]:
        """Per paper how it stood at a moment: its last reading until then, else the first that there is."""
        found: dict[str, Reading] = {}
        with self._db.read() as connection:
            for some in chunks(ids):
                query = sa.select(_readings).where(_readings.c.paper.in_(some)).order_by(_readings.c.at)
                for row in connection.execute(query):
                    if row.at <= at or row.paper not in found:
                        found[row.paper] = Reading(row.upvotes, row.code, row.version)
        return found

    def count_listed(self, first: date, last: date) -> int:
        """How many papers were listed from `first` to `last`, both included."""
        query = sa.select(sa.func.count(sa.distinct(_listings.c.paper))).where(_listings.c.day.between(first, last))
        with self._db.read() as connection:
            return int(connection.execute(query).scalar_one())

    def days(self) -> list[date]:
        """The days that have listings, oldest first."""
        with self._db.read() as connection:
            return list(connection.execute(sa.select(_listings.c.day).distinct().order_by(_listings.c.day)).scalars())

    def size(self) -> int:
        """How many listed papers there are."""
        with self._db.read() as connection:
            return int(connection.execute(sa.select(sa.func.count(sa.distinct(_listings.c.paper)))).scalar_one())

    def listed_papers(self, limit: int) -> Iterator[Paper]:
        """The most recently listed papers, newest first: what term statistics are learned from.

        Example papers that no source listed are left out, so that a reader's examples change nobody's ranking.
        """
        newest = (
            sa.select(_listings.c.paper, sa.func.max(_listings.c.day).label("day")).group_by(_listings.c.paper)
        ).subquery()
        query = (
            sa.select(_papers.c.record)
            .join(newest, _papers.c.id == newest.c.paper)
            .order_by(newest.c.day.desc(), _papers.c.id)
            .limit(limit)
        )
        with self._db.read() as connection:
            for record in connection.execute(query).scalars():
                yield read_paper(record)

    # -- what is made of it

    def save_digest(self, digest: Digest) -> None:
        """Keeps a digest for good: editions in the ledger name it."""
        row = {"id": digest.id, "day": digest.day, "content": zlib.compress(digest_record(digest).encode())}
        with self._db.write() as connection:
            insert_new(connection, _digests, [row])

    def digest(self, digest_id: str) -> Digest | None:
        """The digest of that id."""
        with self._db.read() as connection:
            content = connection.execute(sa.select(_digests.c.content).where(_digests.c.id == digest_id)).scalar()
        return None if content is None else read_digest(digest_id, zlib.decompress(content).decode())

    def save_model(self, name: str, content: bytes, papers: int, at: datetime) -> None:
        """Replaces a learned model, with a checksum."""
        row = {"name": name, "papers": papers, "made_at": at, "checksum": _checksum(content), "content": content}
        with self._db.write() as connection:
            connection.execute(_models.delete().where(_models.c.name == name))
            connection.execute(_models.insert(), row)

    def model(self, name: str) -> tuple[bytes, int] | None:
        """A learned model and the number of papers it was learned from; None if absent or damaged."""
        with self._db.read() as connection:
            row = connection.execute(sa.select(_models).where(_models.c.name == name)).first()
        if row is None or row.checksum != _checksum(row.content):
            return None
        return row.content, row.papers

    def save_vectors(self, model: str, vectors: Mapping[str, bytes]) -> None:
        """Keeps the vector that a model made of each text, in place of what was kept before."""
        rows = [
            {"model": model, "text": _checksum(text.encode()), "checksum": _checksum(content), "content": content}
            for text, content in vectors.items()
        ]
        with self._db.write() as connection:
            for some in chunks([row["text"] for row in rows]):
                connection.execute(_vectors.delete().where(_vectors.c.model == model, _vectors.c.text.in_(some)))
            insert_new(connection, _vectors, rows)

    def vectors(self, model: str, texts: Iterable[str]) -> dict[str, bytes]:
        """The vectors that a model made of these texts, as far as they were kept and are not damaged."""
        names = {_checksum(text.encode()): text for text in texts}
        known: dict[str, bytes] = {}
        with self._db.read() as connection:
            for some in chunks(list(names)):
                query = sa.select(_vectors).where(_vectors.c.model == model, _vectors.c.text.in_(some))
                rows = connection.execute(query).all()
                known |= {names[row.text]: row.content for row in rows if row.checksum == _checksum(row.content)}
        return known

    # -- what a language model said of it

    def summaries(self, model: str, texts: Mapping[str, str]) -> dict[str, str]:
        """The summaries that a model made of these texts, by paper; empty where its answer was of no use."""
        sums = {paper: _checksum(text.encode()) for paper, text in texts.items()}
        known: dict[str, str] = {}
        with self._db.read() as connection:
            for some in chunks(list(sums)):
                query = sa.select(_summaries).where(_summaries.c.model == model, _summaries.c.paper.in_(some))
                rows = connection.execute(query).all()
                known |= {row.paper: row.summary for row in rows if row.text == sums[row.paper]}
        return known

    def save_summaries(self, model: str, texts: Mapping[str, str], summaries: Mapping[str, str], at: datetime) -> None:
        """Keeps what a model made of each paper's text; what was kept before stays."""
        rows = [
            {"paper": id_, "model": model, "text": _checksum(texts[id_].encode()), "summary": said, "made_at": at}
            for id_, said in summaries.items()
        ]
        with self._db.write() as connection:
            insert_new(connection, _summaries, rows)

    def note_summary_request(self, endpoint: str, papers: int, at: datetime) -> int:
        """Counts a request before it is made, as one that nobody answered; returns its number."""
        row = {"endpoint": endpoint, "papers": papers, "at": at, "fault": "it was not answered"}
        with self._db.write() as connection:
            made = connection.execute(_summary_requests.insert().returning(_summary_requests.c.id), row)
            return int(made.scalar_one())

    def note_summary_answer(self, request: int, fault: str = "") -> None:
        """Remembers how a request went."""
        with self._db.write() as connection:
            row = _summary_requests.update().where(_summary_requests.c.id == request)
            connection.execute(row.values(fault=fault))

    def papers_asked(self, since: datetime) -> int:
        """For how many papers a summary was asked since then, of whichever endpoint and however it went."""
        query = sa.select(sa.func.coalesce(sa.func.sum(_summary_requests.c.papers), 0)).where(
            _summary_requests.c.at >= since
        )
        with self._db.read() as connection:
            return int(connection.execute(query).scalar_one())

    def summary_failures(self, endpoint: str) -> Failures:
        """How often an endpoint failed since it last answered."""
        mine = _summary_requests.c.endpoint == endpoint
        answered = sa.select(sa.func.coalesce(sa.func.max(_summary_requests.c.id), 0)).where(
            mine, _summary_requests.c.fault == ""
        )
        query = sa.select(_summary_requests).where(mine, _summary_requests.c.id > answered.scalar_subquery())
        with self._db.read() as connection:
            failed = connection.execute(query.order_by(_summary_requests.c.id)).all()
        return Failures(len(failed), failed[-1].at, failed[-1].fault) if failed else Failures(0)


class _Shelf:
    """The papers that one batch of listings touches, while they are merged."""

    def __init__(self, connection: sa.Connection, papers: Sequence[Paper]) -> None:
        self._connection = connection
        self._names = _resolve(connection, [id_ for paper in papers for id_ in (paper.id, *paper.also)])
        known = _records(connection, sorted(set(self._names.values())))
        known |= _records_by_title(connection, sorted({title_key(paper.title) for paper in papers}))
        self._papers = dict(known)
        self._before = dict(known)
        self._by_title: dict[str, list[str]] = {}
        for paper in known.values():
            self._by_title.setdefault(title_key(paper.title), []).append(paper.id)
        self._renamed: dict[str, str] = {}

    def put(self, paper: Paper) -> str:
        """Merges a paper in and returns its canonical id."""
        known = self._known(paper)
        if known is None:
            self._papers[paper.id] = paper
            self._by_title.setdefault(title_key(paper.title), []).append(paper.id)
            return paper.id
        merged = merge(known, paper)
        if merged.id != known.id:
            del self._papers[known.id]
            self._renamed[known.id] = merged.id
            self._by_title.setdefault(title_key(paper.title), []).append(merged.id)
        self._papers[merged.id] = merged
        return merged.id

    def _known(self, paper: Paper) -> Paper | None:
        for id_ in (paper.id, *paper.also):
            found = self._papers.get(self._renamed.get(id_, self._names.get(id_, id_)))
            if found is not None and (has_own_id(paper) or same_by_title(found, paper)):
                return found
        twins = (self._papers.get(id_) for id_ in self._by_title.get(title_key(paper.title), ()))
        return next((twin for twin in twins if twin is not None and same_by_title(twin, paper)), None)

    def has(self, paper: Paper) -> bool:
        """Whether it is one that was there before, or was put here."""
        return self._known(paper) is not None

    def now(self, id_: str) -> str:
        """The id that a paper has after all: a later one of the batch may have brought a better one."""
        return self._renamed.get(id_, id_)

    def save(self, at: datetime) -> None:
        changed = [paper for id_, paper in self._papers.items() if self._before.get(id_) != paper]
        for old, new in self._renamed.items():
            if old in self._before:
                _rename(self._connection, old, new)
        for paper in changed:
            _upsert(self._connection, paper, at)
        readings = [_reading(paper, at) for paper in changed if _moved(self._before.get(paper.id), paper)]
        if readings:
            insert_new(self._connection, _readings, readings)


def _dated(
    connection: sa.Connection, source: str, found: Sequence[tuple[str, date | None]], day: date
) -> Iterator[tuple[str, date]]:
    """Gives each listing its day; those without one only if this source never listed the paper."""
    undated = sorted({id_ for id_, on in found if on is None})
    listed: set[str] = set()
    for some in chunks(undated):
        query = sa.select(_listings.c.paper).where(_listings.c.source == source, _listings.c.paper.in_(some))
        listed |= set(connection.execute(query).scalars())
    return ((id_, on or day) for id_, on in dict.fromkeys(found) if on is not None or id_ not in listed)


def _resolve(connection: sa.Connection, ids: Sequence[str]) -> dict[str, str]:
    names = {id_: id_ for id_ in ids}
    for some in chunks(sorted(names)):
        query = sa.select(_aliases.c.alias, _aliases.c.paper).where(_aliases.c.alias.in_(some))
        names |= {row.alias: row.paper for row in connection.execute(query)}
    return names


def _records(connection: sa.Connection, ids: Sequence[str]) -> dict[str, Paper]:
    found = (connection.execute(sa.select(_papers.c.record).where(_papers.c.id.in_(some))) for some in chunks(ids))
    return {paper.id: paper for rows in found for paper in map(read_paper, rows.scalars())}


def _records_by_title(connection: sa.Connection, keys: Sequence[str]) -> dict[str, Paper]:
    found = (
        connection.execute(sa.select(_papers.c.record).where(_papers.c.title_key.in_(some))) for some in chunks(keys)
    )
    return {paper.id: paper for rows in found for paper in map(read_paper, rows.scalars())}


def _rename(connection: sa.Connection, old: str, new: str) -> None:
    """A paper known by its title turned out to have an id: everything said of it moves along."""
    taken = sa.select(_listings.c.day, _listings.c.source).where(_listings.c.paper == new)
    same = sa.and_(_listings.c.paper == old, sa.tuple_(_listings.c.day, _listings.c.source).in_(taken))
    connection.execute(_listings.delete().where(same))
    connection.execute(_listings.update().where(_listings.c.paper == old).values(paper=new))
    connection.execute(_readings.delete().where(_readings.c.paper == old))
    connection.execute(_aliases.update().where(_aliases.c.paper == old).values(paper=new))
    connection.execute(_papers.delete().where(_papers.c.id == old))


def _upsert(connection: sa.Connection, paper: Paper, at: datetime) -> None:
    row = {"title_key": title_key(paper.title), "record": paper_record(paper)}
    updated = connection.execute(_papers.update().where(_papers.c.id == paper.id).values(**row))
    if not updated.rowcount:
        connection.execute(_papers.insert().values(id=paper.id, first_seen=at, **row))
    for alias in paper.also:
        connection.execute(_aliases.delete().where(_aliases.c.alias == alias))
        connection.execute(_aliases.insert().values(alias=alias, paper=paper.id))


def _moved(before: Paper | None, after: Paper) -> bool:
    return before is None or _what_moves(before) != _what_moves(after)


def _reading(paper: Paper, at: datetime) -> dict[str, Any]:
    return {"paper": paper.id, "at": at, **_what_moves(paper)}


def _what_moves(paper: Paper) -> dict[str, Any]:
    moving = {"upvotes": paper.upvotes, "comments": paper.comments, "stars": paper.stars}
    return moving | {"code": paper.code, "version": paper.version}


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
