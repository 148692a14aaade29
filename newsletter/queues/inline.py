"""Works off the shards here and now, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from newsletter.ledger import Key

SHARD = 200


def work_off(keys: Sequence[Key], work: Callable[[Sequence[Key]], None]) -> None:
    """Calls `work` with shards of the keys, in order."""
    for start in range(0, len(keys), SHARD):
        work(keys[start : start + SHARD])
