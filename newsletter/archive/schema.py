"""The archive's tables, their version, and the steps between versions."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa

from newsletter.answers import answers_table
from newsletter.database import Moment, Words
from newsletter.database.migrations import Schema, version_table
from newsletter.turns import turns_table

tables = sa.MetaData()
version_table(tables)
papers = sa.Table(
    "papers",
    tables,
    sa.Column("id", Words, primary_key=True),
    sa.Column("title_key", Words, nullable=False),
    sa.Column("record", Words, nullable=False),
    sa.Column("first_seen", Moment, nullable=False),
    # PostgreSQL refuses to put more than 2,704 bytes into the usual kind of index (18, 2026-11).
    sa.Index("ix_papers_title_key", "title_key", postgresql_using="hash"),
)
aliases = sa.Table(
    "aliases",
    tables,
    sa.Column("alias", Words, primary_key=True),
    sa.Column("paper", Words, nullable=False, index=True),
)
listings = sa.Table(
    "listings",
    tables,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("source", Words, primary_key=True),
    sa.Column("paper", Words, primary_key=True),
    sa.Column("seen_at", Moment, nullable=False),
    sa.Index("listings_of_papers", "paper", "source", "day"),
)
readings = sa.Table(
    "readings",
    tables,
    sa.Column("paper", Words, primary_key=True),
    sa.Column("at", Moment, primary_key=True),
    sa.Column("upvotes", sa.BigInteger, nullable=False),
    sa.Column("comments", sa.BigInteger, nullable=False),
    sa.Column("stars", sa.BigInteger),
    sa.Column("code", Words),  # empty: it had none; null: not written down
    sa.Column("version", sa.BigInteger),
)
collections = sa.Table(
    "collections",
    tables,
    sa.Column("source", Words, primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("at", Moment, primary_key=True),
    sa.Column("state", Words, nullable=False),
    sa.Column("detail", Words, nullable=False),
    sa.Column("papers", sa.Integer, nullable=False),
)
missing = sa.Table(
    "missing",
    tables,
    sa.Column("paper", Words, primary_key=True),
    sa.Column("at", Moment, nullable=False),
)
digests = sa.Table(
    "digests",
    tables,
    sa.Column("id", Words, primary_key=True),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
models = sa.Table(
    "models",
    tables,
    sa.Column("name", Words, primary_key=True),
    sa.Column("papers", sa.Integer, nullable=False),
    sa.Column("made_at", Moment, nullable=False),
    sa.Column("checksum", Words, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
vectors = sa.Table(
    "vectors",
    tables,
    sa.Column("model", Words, primary_key=True),
    sa.Column("text", Words, primary_key=True),  # its checksum
    sa.Column("checksum", Words, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
summaries = sa.Table(
    "summaries",
    tables,
    sa.Column("paper", Words, primary_key=True),
    sa.Column("model", Words, primary_key=True),
    sa.Column("text", Words, primary_key=True),  # the checksum of what was asked
    sa.Column("summary", Words, nullable=False),  # empty where the answer was of no use
    sa.Column("made_at", Moment, nullable=False),
)
summary_requests = sa.Table(
    "summary_requests",
    tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("endpoint", Words, nullable=False),
    sa.Column("papers", sa.Integer, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("fault", Words, nullable=False),  # empty where it was answered
)
gone = sa.Table(
    "gone",  # papers that were removed: what tells them from others, so that one which comes back is known again
    tables,
    sa.Column("id", Words, primary_key=True),
    sa.Column("title_key", Words, nullable=False),
    sa.Column("record", Words, nullable=False),
    sa.Column("listed", Words, nullable=False),  # JSON: per source the first day
    sa.Index("ix_gone_title_key", "title_key", postgresql_using="hash"),
)
answers = answers_table(tables)
turns = turns_table(tables)
SCHEMA = Schema(
    name="newsletter_archive",
    tables=tables,
    version=3,
    precious=False,
    one_writer=True,  # papers are read, merged and written back
    steps={
        1: ("ALTER TABLE readings ADD COLUMN code TEXT", "ALTER TABLE readings ADD COLUMN version BIGINT"),
        # With the day, so that first days are read from the index alone.
        2: ("DROP INDEX listings_by_paper", "CREATE INDEX listings_of_papers ON listings (paper, source, day)"),
    },
)


def checksum(content: bytes) -> str:
    """What a content is recognised by."""
    return hashlib.sha256(content).hexdigest()
