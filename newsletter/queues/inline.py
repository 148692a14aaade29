"""Works off the shards here and now: in this process, or where there is much to do in one for each core."""

from __future__ import annotations

from collections.abc import Sequence

from newsletter.ledger import Key
from newsletter.queues import children
from newsletter.queues.children import Job

SHARD = 200


def work_off(keys: Sequence[Key], job: Job) -> None:
    """Has every shard of the keys worked on, in order."""
    shards = [keys[start : start + SHARD] for start in range(0, len(keys), SHARD)]
    if job.hands > 1 and len(shards) > 1:
        children.work_off(shards, job)
        return
    for shard in shards:
        job.work(shard)
