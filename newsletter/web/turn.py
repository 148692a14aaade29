"""How much visitors may take: one ranking at a time, few pages at once. Who is written to, or unsubscribes, comes first."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final, TypeVar

import anyio.to_thread
from starlette.concurrency import run_in_threadpool

T = TypeVar("T")

WAITING: Final = 8
"""Visitors that wait at most."""
PATIENCE: Final = 4.0
"""Seconds that each of them waits at most; they hold no thread meanwhile."""
LONGEST_REST: Final = 5.0
"""Seconds."""
SEATS: Final = 4
"""Pages for everybody that are made at once."""
STANDING: Final = 60
"""Visitors that wait for a seat at most; a page takes a tenth of a second."""


class Busy(Exception):
    """Too many want something at this moment."""


class Hall:
    """Has threads of its own: visitors, however many, leave those alone that readers' own pages are made in."""

    def __init__(self) -> None:
        self._seats = anyio.CapacityLimiter(SEATS)

    async def seat(self, work: Callable[[], T]) -> T:
        """What the work returns. Raises Busy where too many wait already."""
        if self._seats.statistics().tasks_waiting >= STANDING:
            raise Busy
        return await anyio.to_thread.run_sync(work, limiter=self._seats)


class Turn:
    """Who has it, ranks. After a piece of work comes a rest of the same length: half a processor is the most it takes."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(1)
        self._waiting = 0

    async def take(self, work: Callable[[], T]) -> T:
        """What the work returns, done in a thread. Raises Busy where it would take too long to begin with it."""
        await self._begin()
        started = time.monotonic()
        try:
            return await run_in_threadpool(work)
        finally:
            rest = min(time.monotonic() - started, LONGEST_REST)
            asyncio.get_running_loop().call_later(rest, self._free.release)

    async def _begin(self) -> None:
        if self._waiting >= WAITING:
            raise Busy
        self._waiting += 1
        try:
            await asyncio.wait_for(self._free.acquire(), PATIENCE)
        except TimeoutError:
            raise Busy from None
        finally:
            self._waiting -= 1
