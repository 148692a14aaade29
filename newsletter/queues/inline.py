"""Works off the shards here and now: in this process, or where there is much to do in one for each core."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice

from newsletter.ledger import Key
from newsletter.queues import children
from newsletter.queues.children import Job, Shard

SHARD = 200


def work_off(keys: Iterable[Key], job: Job) -> None:
    """Has every shard of the keys worked on, in order."""
    shards = _shards(keys)
    first = list(islice(shards, 2))
    if job.hands > 1 and len(first) > 1:
        children.work_off(chain(first, shards), job)
        return
    for shard in chain(first, shards):
        job.work(shard)


def _shards(keys: Iterable[Key]) -> Iterator[Shard]:
    rest = iter(keys)
    while shard := list(islice(rest, SHARD)):
        yield shard
