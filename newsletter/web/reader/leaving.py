"""Readers' no, written together: who says it at the same time as others shares one durable transaction with them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from newsletter.app import App
from newsletter.readers.consents import Circumstances

GATHERING: Final = 0.05
"""Seconds that a no waits for others. SQLite has one writer at a time: two hundred commits a second would stop the sending."""
TOGETHER: Final = 500
"""Readers in one transaction at most."""


class Leaving:
    """Writes with one thread of its own, so neither visitors nor other readers' pages can keep it waiting."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._hand = ThreadPoolExecutor(1, "leaving")
        self._waiting: list[tuple[str, asyncio.Future[bool]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def leave(self, name: str) -> bool:
        """Unsubscribes who is behind an opaque name, durable when it returns; False where nobody is."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((name, done))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return await done

    async def _write(self) -> None:
        """Until nobody waits. What could not be written is raised to everybody whose no it was."""
        try:
            while self._waiting:
                await asyncio.sleep(GATHERING)
                together, self._waiting = self._waiting[:TOGETHER], self._waiting[TOGETHER:]
                await self._answered(together)
        finally:
            self._writing = None

    async def _answered(self, together: Sequence[tuple[str, asyncio.Future[bool]]]) -> None:
        try:
            names = [name for name, _ in together]
            found = await asyncio.get_running_loop().run_in_executor(self._hand, self._unsubscribe, names)
        except Exception as error:  # noqa: BLE001 - nobody may wait for an answer for ever
            for _, done in together:
                if not done.done():
                    done.set_exception(error)
            return
        for name, done in together:
            if not done.done():
                done.set_result(name in found)

    def _unsubscribe(self, names: Sequence[str]) -> set[str]:
        """Those of these names that lead to somebody."""
        people = self._app.ledger.readers_behind(names)
        addresses = [address for _, address in people.values()]
        self._app.signups.leave_all(addresses, self._app.clock(), Circumstances("link"), "by the reader's link")
        return set(people)
