"""Merges what is the same paper, while a batch is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from newsletter.archive import schema
from newsletter.archive.gone import remembered, revive
from newsletter.database import chunks, insert_new
from newsletter.identity import has_own_id, merge, same_by_title, title_key
from newsletter.models import Paper
from newsletter.records import paper_record, read_paper


class Shelf:
    """The papers that one batch of listings touches, while they are merged."""

    def __init__(self, connection: sa.Connection, papers: Sequence[Paper]) -> None:
        self._connection = connection
        self._names = resolve(connection, [id_ for paper in papers for id_ in (paper.id, *paper.also)])
        known = records(connection, sorted(set(self._names.values())))
        keys = sorted({title_key(paper.title) for paper in papers})
        known |= records_by_title(connection, keys)
        self._gone = {one.paper.id: one for one in remembered(connection, self._names.values(), keys)}
        self._gone = {id_: one for id_, one in self._gone.items() if id_ not in known}
        self._revived: set[str] = set()
        known |= {id_: one.paper for id_, one in self._gone.items()}
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
        if known.id in self._gone:
            self._revived.add(known.id)
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
        """Whether it is one that is there, or was put here."""
        known = self._known(paper)
        return known is not None and (known.id not in self._gone or known.id in self._revived)

    def now(self, id_: str) -> str:
        """The id that a paper has after all: a later one of the batch may have brought a better one."""
        return self._renamed.get(id_, id_)

    def save(self, at: datetime) -> None:
        for id_ in self._revived:
            del self._before[id_]
        changed = [paper for id_, paper in self._papers.items() if self._before.get(id_) != paper]
        for old, new in self._renamed.items():
            if old in self._before:  # it is kept: neither of this batch nor only remembered
                rename(self._connection, old, new)
        for paper in changed:
            upsert(self._connection, paper, at)
        readings = [_reading(paper, at) for paper in changed if _moved(self._before.get(paper.id), paper)]
        note(self._connection, readings, at)
        for id_ in self._revived:
            revive(self._connection, self._gone[id_], self.now(id_))


def dated(
    connection: sa.Connection, source: str, found: Sequence[tuple[str, date | None]], day: date
) -> Iterator[tuple[str, date]]:
    """Gives each listing its day; those without one only if this source never listed the paper."""
    undated = sorted({id_ for id_, on in found if on is None})
    listed: set[str] = set()
    for some in chunks(undated):
        query = sa.select(schema.listings.c.paper).where(
            schema.listings.c.source == source, schema.listings.c.paper.in_(some)
        )
        listed |= set(connection.execute(query).scalars())
    return ((id_, on or day) for id_, on in dict.fromkeys(found) if on is not None or id_ not in listed)


def resolve(connection: sa.Connection, ids: Sequence[str]) -> dict[str, str]:
    """Per id the one that its paper has now."""
    names = {id_: id_ for id_ in ids}
    for some in chunks(sorted(names)):
        query = sa.select(schema.aliases.c.alias, schema.aliases.c.paper).where(schema.aliases.c.alias.in_(some))
        names |= {row.alias: row.paper for row in connection.execute(query)}
    return names


def records(connection: sa.Connection, ids: Sequence[str]) -> dict[str, Paper]:
    """The papers of these ids, not of their aliases."""
    found = (
        connection.execute(sa.select(schema.papers.c.record).where(schema.papers.c.id.in_(some)))
        for some in chunks(ids)
    )
    return {paper.id: paper for rows in found for paper in map(read_paper, rows.scalars())}


def present(connection: sa.Connection, ids: Sequence[str]) -> set[str]:
    """Those of these ids, not of their aliases, that papers have."""
    found = (
        connection.execute(sa.select(schema.papers.c.id).where(schema.papers.c.id.in_(some))).scalars()
        for some in chunks(ids)
    )
    return {id_ for some in found for id_ in some}


def records_by_title(connection: sa.Connection, keys: Sequence[str]) -> dict[str, Paper]:
    """The papers of these title keys, by their ids."""
    found = (
        connection.execute(sa.select(schema.papers.c.record).where(schema.papers.c.title_key.in_(some)))
        for some in chunks(keys)
    )
    return {paper.id: paper for rows in found for paper in map(read_paper, rows.scalars())}


def rename(connection: sa.Connection, old: str, new: str) -> None:
    """A paper known by its title turned out to have an id: everything said of it moves along."""
    taken = sa.select(schema.listings.c.day, schema.listings.c.source).where(schema.listings.c.paper == new)
    same = sa.and_(
        schema.listings.c.paper == old, sa.tuple_(schema.listings.c.day, schema.listings.c.source).in_(taken)
    )
    connection.execute(schema.listings.delete().where(same))
    connection.execute(schema.listings.update().where(schema.listings.c.paper == old).values(paper=new))
    readings = schema.readings
    noted = sa.select(readings.c.at).where(readings.c.paper == new)
    connection.execute(readings.delete().where(readings.c.paper == old, readings.c.at.in_(noted)))
    connection.execute(readings.update().where(readings.c.paper == old).values(paper=new))
    connection.execute(schema.aliases.update().where(schema.aliases.c.paper == old).values(paper=new))
    connection.execute(schema.papers.delete().where(schema.papers.c.id == old))


def upsert(connection: sa.Connection, paper: Paper, at: datetime) -> None:
    row = {"title_key": title_key(paper.title), "record": paper_record(paper)}
    updated = connection.execute(schema.papers.update().where(schema.papers.c.id == paper.id).values(**row))
    if not updated.rowcount:
        connection.execute(schema.papers.insert().values(id=paper.id, first_seen=at, **row))
    for alias in paper.also:
        connection.execute(schema.aliases.delete().where(schema.aliases.c.alias == alias))
        connection.execute(schema.aliases.insert().values(alias=alias, paper=paper.id))


def note(connection: sa.Connection, readings: Sequence[dict[str, Any]], at: datetime) -> None:
    """Writes down how papers stand at a moment: what a second source says at that moment completes the first's."""
    for some in chunks([reading["paper"] for reading in readings]):
        same = sa.and_(schema.readings.c.at == at, schema.readings.c.paper.in_(some))
        connection.execute(schema.readings.delete().where(same))
    insert_new(connection, schema.readings, readings)


def _moved(before: Paper | None, after: Paper) -> bool:
    return before is None or _what_moves(before) != _what_moves(after)


def _reading(paper: Paper, at: datetime) -> dict[str, Any]:
    return {"paper": paper.id, "at": at, **_what_moves(paper)}


def _what_moves(paper: Paper) -> dict[str, Any]:
    moving = {"upvotes": paper.upvotes, "comments": paper.comments, "stars": paper.stars}
    return moving | {"code": paper.code, "version": paper.version}
