"""How the shards of a day are worked off: on this machine, or by an engine over many."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from newsletter.errors import SettingsError
from newsletter.ledger import Key
from newsletter.queues import inline, procrastinate
from newsletter.queues.children import Job, Place
from newsletter.settings import Settings
from newsletter.typed import nearest

__all__ = ["QUEUES", "Job", "Place", "Queue", "hands", "queue"]

Queue: TypeAlias = Callable[[Iterable[Key], Job], None]
"""Has the job done for every shard of the keys; losing or repeating a shard costs only time."""

QUEUES: Mapping[str, Queue] = {
    "inline": inline.work_off,
    "procrastinate": procrastinate.work_off,
}


def queue(settings: Settings) -> Queue:
    """The queue that the settings name."""
    name = settings.queue.partition(":")[0]
    if name not in QUEUES or (":" in settings.queue and name != "inline"):
        near = nearest(settings.queue, QUEUES)
        raise SettingsError(
            f"{settings.origin('queue')}: unknown queue '{settings.queue}'{near}; there are {', '.join(QUEUES)}"
        )
    return QUEUES[name]


def hands(settings: Settings) -> int:
    """How many processes of this machine may work: `inline:2`, or one for each core.

    One where processes cannot be forked safely: everywhere but on Linux, and beside the threads that serve pages
    (Python's documentation of multiprocessing and os.fork, 2026-11).
    """
    number = settings.queue.partition(":")[2]
    if number and not (number.isascii() and number.isdigit() and 1 <= int(number) <= 64):
        raise SettingsError(
            f"{settings.origin('queue')}: '{settings.queue}': write inline, or inline:2 for two processes"
        )
    if sys.platform != "linux" or threading.current_thread() is not threading.main_thread():
        return 1
    return int(number) if number else len(os.sched_getaffinity(0))
