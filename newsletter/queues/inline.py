"""Works off the shards here and now: in this process, or where there is much to do in one for each core."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, islice

from newsletter.ledger import Key
from newsletter.ledger.shards import shards
from newsletter.queues import children
from newsletter.queues.children import Job


def work_off(keys: Iterable[Key], job: Job) -> None:
    """Has every shard of the keys worked on, in order."""
    pieces = shards(keys)
    first = list(islice(pieces, 2))
    if job.hands > 1 and len(first) > 1:
        children.work_off(chain(first, pieces), job)
        return
    for shard in chain(first, pieces):
        job.work(shard)
