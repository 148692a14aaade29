"""Has shards worked off by workers on any number of machines: puts jobs for them, a few ahead, and waits.

The keys come from the ledger, again with every call: jobs that were lost are put again, jobs of what was sent find nobody.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from typing import Final

from newsletter.engine import Engine, Look
from newsletter.errors import Halt
from newsletter.ledger import Key
from newsletter.ledger.shards import SHARD, shards
from newsletter.queues.children import Job

log = logging.getLogger("newsletter.queues")
GLANCE: Final = 0.25
"""Seconds between two looks at how many jobs wait."""
TENDING: Final = 5.0
"""Seconds between two looks for what dead workers had in hand, and for the operator's stop."""
PATIENCE: Final = 60.0
"""Seconds without any worker alive; then whoever waits for them is told."""


def work_off(keys: Iterable[Key], job: Job) -> None:
    """Has workers work on these deliveries until no job is left, or the job's patience is over.

    Raises Halt where no worker lives. What was put stays put: who comes later works on it.
    """
    if job.engine is None:
        raise ValueError("only an engine has workers")
    _Feeding(job.engine, keys, job).run()


class _Feeding:
    def __init__(self, engine: Engine, keys: Iterable[Key], job: Job) -> None:
        self._engine, self._job = engine, job
        self._more, self._given, self._done = True, 0, 0
        self._shards = map(self._counted, shards(keys))
        self._began = self._tended = self._manned = time.monotonic()

    def run(self) -> None:
        with self._job.ending.kept_back():
            while not self._is_over():
                time.sleep(GLANCE)

    def _is_over(self) -> bool:
        now, job = time.monotonic(), self._job
        if self._more:
            self._more = self._engine.top_up(self._shards)
        look = self._engine.look()
        self._mind(look, now)
        self._tell(look)
        if now - self._tended > TENDING:
            self._tended = now
            job.tend()
            if job.ledger.stopped() is not None:
                return True
        late = job.patience is not None and now - self._began > job.patience.total_seconds()
        return late or job.ending.asked or not (self._more or look.waiting or look.working)

    def _counted(self, shard: Sequence[Key]) -> Sequence[Key]:
        self._given += len(shard)
        return shard

    def _tell(self, look: Look) -> None:
        """What is no more in any job is done, more or less; how it went is in the ledger."""
        done = self._given - SHARD * (look.waiting + look.working)
        if done > self._done:
            self._job.sent(done - self._done)
            self._done = done

    def _mind(self, look: Look, now: float) -> None:
        """Says where there is nobody to wait for."""
        if look.workers:
            self._manned = now
        elif now - self._manned > PATIENCE:
            raise Halt("no worker is alive: start `newsletter worker` on some machine; what waits stays", passing=True)
