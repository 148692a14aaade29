"""How the shards of a day are worked off: on this machine, or by an engine over many."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from newsletter.errors import SettingsError
from newsletter.ledger import Key
from newsletter.queues import inline
from newsletter.settings import Settings
from newsletter.typed import nearest

Queue: TypeAlias = Callable[[Sequence[Key], Callable[[Sequence[Key]], None]], None]
"""Calls the worker with every shard of the keys; losing or repeating a shard costs only time."""

QUEUES: Mapping[str, Queue] = {
    "inline": inline.work_off,
}


def queue(settings: Settings) -> Queue:
    """The queue that the settings name."""
    if settings.queue not in QUEUES:
        near = nearest(settings.queue, QUEUES)
        raise SettingsError(f"{settings.origin('queue')}: unknown queue '{settings.queue}'{near}; there is inline")
    return QUEUES[settings.queue]
