"""The ledger's tables, and rows as values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from newsletter.database import Moment, Words
from newsletter.database.migrations import Schema, version_table
from newsletter.ledger.values import Claim, Delivery, Key
from newsletter.ledger.verdicts import DOUBT
from newsletter.readers.bounces import tables as bounces
from newsletter.readers.changes import changes
from newsletter.readers.consents import tables as consents
from newsletter.readers.feedback import feedback
from newsletter.readers.overrides import overrides
from newsletter.readers.references import readers
from newsletter.readers.renewals import renewals
from newsletter.readers.signups import tables as signups
from newsletter.readers.suppressions import tables

version_table(tables)
# Kept in the same database: what people said, and is not to be rebuilt.
for _table in (
    feedback,
    changes,
    overrides,
    readers,
    renewals,
    *consents.sorted_tables,
    *signups.sorted_tables,
    *bounces.sorted_tables,
):
    _table.to_metadata(tables)
deliveries = sa.Table(
    "deliveries",
    tables,
    sa.Column("subscriber", Words, primary_key=True),
    sa.Column("period", Words, primary_key=True),
    sa.Column("occasion", Words, primary_key=True),
    # planned
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("since", sa.Date, nullable=False),
    sa.Column("address", Words, nullable=False),
    sa.Column("reference", Words, nullable=False),
    sa.Column("digest", Words, nullable=False),
    sa.Column("cut_off_day", sa.Date),
    sa.Column("cut_off_at", Moment),
    sa.Column("give_up_at", Moment, nullable=False),
    # what became of it
    sa.Column("state", Words, nullable=False),
    sa.Column("reason", Words, nullable=False, default=""),
    sa.Column("changed_at", Moment, nullable=False),
    # claimed: what the edition is
    sa.Column("papers", Words, nullable=False, default=""),
    sa.Column("content", Words),
    sa.Column("name", Words, nullable=False, default=""),
    sa.Column("language", Words, nullable=False, default="en"),
    sa.Column("design", Words, nullable=False, default="daily"),
    sa.Column("template", Words, nullable=False, default=""),
    sa.Column("stamped_at", Moment),
    sa.Column("message_id", Words, nullable=False, default=""),
    # sending
    sa.Column("provider", Words, nullable=False, default=""),
    sa.Column("batch", Words, nullable=False, default=""),
    sa.Column("receipt", Words, nullable=False, default=""),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("accepts", sa.Integer, nullable=False, server_default="0"),  # how often a provider said that it took it
    sa.Column("next_attempt", Moment),
    sa.Column("lease_owner", Words),
    sa.Column("lease_until", Moment),
    sa.Index("deliveries_by_day", "day", "occasion", "state", "subscriber"),
)
_held = deliveries.c.lease_owner.isnot(None)
sa.Index("deliveries_by_lease", deliveries.c.lease_owner, sqlite_where=_held, postgresql_where=_held)
sa.Index("deliveries_by_subscriber", deliveries.c.subscriber, deliveries.c.day)
# Literals, not parameters: a partial index is taken only where the same condition can be read in the question.
waits = deliveries.c.state == sa.literal_column("'pending'")
is_doubtful = deliveries.c.state == sa.literal_column("'uncertain'")
sa.Index("deliveries_pending", deliveries.c.subscriber, deliveries.c.day, sqlite_where=waits, postgresql_where=waits)
sa.Index("deliveries_uncertain", deliveries.c.day, sqlite_where=is_doubtful, postgresql_where=is_doubtful)
_twice = deliveries.c.accepts > 1
sa.Index("deliveries_accepted_twice", deliveries.c.day, sqlite_where=_twice, postgresql_where=_twice)
in_a_batch = sa.and_(waits, deliveries.c.batch != sa.literal_column("''"))
sa.Index("deliveries_by_batch", deliveries.c.batch, sqlite_where=in_a_batch, postgresql_where=in_a_batch)
switches = sa.Table(
    "switches",
    tables,
    sa.Column("name", Words, primary_key=True),
    sa.Column("at", Moment, nullable=False),
)

# Token buckets that workers share, of providers and of recipient domains.
rates = sa.Table(
    "rates",
    tables,
    sa.Column("name", Words, primary_key=True),
    sa.Column("tokens", sa.Float, nullable=False),
    sa.Column("granted", sa.Integer, nullable=False),  # to who asked last
    sa.Column("at", Moment, nullable=False),
)

SCHEMA = Schema(
    name="newsletter",
    tables=tables,
    version=7,
    precious=True,
    steps={
        1: ("CREATE INDEX deliveries_by_lease ON deliveries (lease_owner) WHERE lease_owner IS NOT NULL",),
        2: (
            "ALTER TABLE deliveries ADD COLUMN accepts INTEGER DEFAULT 0 NOT NULL",
            "UPDATE deliveries SET accepts = 1 WHERE state = 'submitted'",
            "CREATE INDEX deliveries_accepted_twice ON deliveries (day) WHERE accepts > 1",
        ),
        3: (
            "DROP INDEX deliveries_by_day",
            "CREATE INDEX deliveries_by_day ON deliveries (day, occasion, state, subscriber)",
        ),
        # Beside the tables of sign-ups, consents and overrides, which are new.
        4: (
            "CREATE INDEX deliveries_by_batch ON deliveries (batch) WHERE state = 'pending' AND batch != ''",
            "CREATE INDEX deliveries_by_subscriber ON deliveries (subscriber, day)",
            "CREATE INDEX deliveries_pending ON deliveries (subscriber, day) WHERE state = 'pending'",
            "CREATE INDEX readers_by_address ON readers (lower(address))",
        ),
        5: (),  # The tables of rates and of returned mail are new.
        6: (
            "DROP INDEX deliveries_by_state",
            "CREATE INDEX deliveries_uncertain ON deliveries (day) WHERE state = 'uncertain'",
        ),
    },
)


_KEY, _PLANNED = ("subscriber", "period", "occasion"), ("day", "since", "address", "reference", "digest", "attempts")
_HANDED = ("batch", "reason", "provider")
_CLAIMED = ("papers", "content", "name", "language", "design", "template", "stamped_at", "message_id")
DELIVERY: Final = tuple(deliveries.c[name] for name in (*_KEY, *_PLANNED, *_HANDED, *_CLAIMED))
"""The columns that `delivery_of` reads."""


def delivery_of(row: Sequence[Any]) -> Delivery:
    """The delivery of a row of the columns `DELIVERY`."""
    key, (day, since, address, reference, digest, attempts) = Key(*row[:3]), row[3:9]
    batch, reason, provider, papers, content = row[9:14]
    claim = None
    if content is not None:
        claim = Claim(key, tuple(papers.split(" ")) if papers else (), content, *row[14:])
    in_doubt = batch if reason.startswith(DOUBT) else ""
    return Delivery(key, day, since, address, reference, digest, attempts, claim, in_doubt, provider)


def is_key(key: Key) -> sa.ColumnElement[bool]:
    d = deliveries.c
    return sa.and_(d.subscriber == key.subscriber, d.period == key.period, d.occasion == key.occasion)


def as_tuple(key: Key) -> tuple[str, str, str]:
    return key.subscriber, key.period, key.occasion
