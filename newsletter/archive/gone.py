"""Papers that were removed: what is remembered of each, so that one which comes back is not taken for another."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

import sqlalchemy as sa

from newsletter.archive import schema
from newsletter.database import chunks, insert_new
from newsletter.identity import title_key
from newsletter.models import Paper
from newsletter.records import paper_record, read_paper


@dataclass(frozen=True, slots=True)
class Gone:
    """What is remembered of a paper."""

    paper: Paper
    """Its ids, title and authors alone."""
    listed: Mapping[str, date]
    """Per source the first day."""


def remember(connection: sa.Connection, papers: Iterable[Paper], listed: Mapping[str, Mapping[str, date]]) -> None:
    """Writes down what tells these papers from others; `listed` has per paper and source the first day."""
    rows = []
    for paper in papers:
        bare = Paper(paper.id, paper.title, authors=paper.authors, also=paper.also)
        days = {source: day.isoformat() for source, day in listed.get(paper.id, {}).items()}
        row = {"id": paper.id, "title_key": title_key(paper.title), "record": paper_record(bare)}
        rows.append(row | {"listed": json.dumps(days, ensure_ascii=False)})
    insert_new(connection, schema.gone, rows)


def remembered(connection: sa.Connection, ids: Iterable[str], title_keys: Sequence[str]) -> Iterator[Gone]:
    """The removed papers of these ids or titles."""
    gone = schema.gone.c
    for column, values in ((gone.id, sorted(set(ids))), (gone.title_key, title_keys)):
        for some in chunks(values):
            for row in connection.execute(sa.select(schema.gone).where(column.in_(some))):
                days = {source: date.fromisoformat(day) for source, day in json.loads(row.listed).items()}
                yield Gone(read_paper(row.record), days)


def revive(connection: sa.Connection, gone: Gone, id_: str) -> None:
    """Gives a paper that is there again the first days that it was listed on.

    So a source without days, which tells of it every day, does not list it anew.
    """
    connection.execute(schema.gone.delete().where(schema.gone.c.id == gone.paper.id))
    rows = [
        {"day": day, "source": source, "paper": id_, "seen_at": datetime.combine(day, time(), UTC)}
        for source, day in gone.listed.items()
    ]
    insert_new(connection, schema.listings, rows)
