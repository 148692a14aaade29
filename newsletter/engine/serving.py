"""Takes jobs from the engine and has each worked on, in one process, until it is to end.

The jobs run in a thread, one at a time, beside the engine's beats; so a worker that is busy is not taken for dead.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from newsletter.ending import Ending
from newsletter.engine.jobs import ALIVE, TASK, Engine, keys_of
from newsletter.engine.tables import PLACE
from newsletter.errors import Interrupted, NewsletterError, StoreError
from newsletter.ledger import Key

if TYPE_CHECKING:
    from procrastinate import App

log = logging.getLogger("newsletter.engine")
GLANCE: Final = 0.2
"""Seconds between two looks at whether it is to end."""
BEAT: Final = 10.0
POLL: Final = 2.0
"""Seconds between two looks for jobs, where no notice of one came."""
PRUNING: Final = 3600.0

Work = Callable[[Sequence[Key]], None]


def serve(engine: Engine, work: Work, ending: Ending) -> None:
    """Works on jobs until it is to end, or an error of ours ends it: what was in flight is recorded by then.

    Raises what `work` raises; StoreError where the engine's connections are lost.
    """
    for name in ("procrastinate", "psycopg.pool"):  # what they say of each job, and of each attempt, is said here
        logging.getLogger(name).setLevel(logging.CRITICAL)
    asyncio.run(_Serving(engine, work, ending).run())


class _Serving:
    def __init__(self, engine: Engine, work: Work, ending: Ending) -> None:
        self._engine, self._work, self._ending = engine, work, ending
        self._error: NewsletterError | None = None

    async def run(self) -> None:
        from procrastinate import App, PsycopgConnector

        asyncio.get_running_loop().set_exception_handler(_noted)
        connector = PsycopgConnector(
            conninfo=self._engine.conninfo,
            configure=_configured,
            min_size=1,
            max_size=3,
            timeout=10,
            kwargs={"application_name": "newsletter worker", "connect_timeout": 10},
        )
        app = App(connector=connector)
        app.task(name=TASK, queue=self._engine.queue)(self._job)
        try:
            async with app.open_async():
                await self._until_the_end(app)
        except Exception as error:
            if self._error is None and not self._ending.asked:
                raise StoreError(f"{self._engine.name}: the engine: {_first_line(error)}") from error
        if self._error is not None:
            raise self._error
        if not self._ending.asked:
            raise StoreError(f"{self._engine.name}: the engine: the connection was lost")

    def _job(self, shard: Any = ()) -> None:
        """In a thread. It never fails: what is left is put into a job again, as the ledger knows it."""
        if self._error is not None or self._ending.asked:
            return
        try:
            self._work(keys_of(shard))
        except Interrupted:
            pass
        except NewsletterError as error:
            self._error = error
        except Exception as error:  # noqa: BLE001 - nobody else would hear of it
            what = f"{type(error).__name__}: {error}".splitlines()[0]
            self._error = StoreError(f"a fault of newsletter itself: {what}; please report it")

    async def _until_the_end(self, app: App) -> None:
        worker = asyncio.create_task(
            app.run_worker_async(
                queues=[self._engine.queue],
                install_signal_handlers=False,
                update_heartbeat_interval=BEAT,
                stalled_worker_timeout=ALIVE,
                fetch_job_polling_interval=POLL,
            )
        )
        beside = [asyncio.create_task(self._rescue(app)), asyncio.create_task(self._tidy())]
        while not (self._ending.asked or self._error or worker.done()):
            await asyncio.wait([worker], timeout=GLANCE)
        for task in (worker, *beside):
            task.cancel()
        for task in (worker, *beside):
            with suppress(asyncio.CancelledError):
                await task

    async def _rescue(self, app: App) -> None:
        """Jobs of workers that died wait again; and jobs that only another version would take are told of."""
        told = 0
        while True:
            await asyncio.sleep(BEAT)
            with suppress(Exception):  # the next beat is the next attempt; a lost connection is noticed elsewhere
                stalled = await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=ALIVE)
                for job in stalled:
                    await app.job_manager.retry_job(job)
                if stalled := list(stalled):
                    log.warning("%d shards of workers that died wait again", len(stalled))
                look = await asyncio.to_thread(self._engine.look)
                if look.elsewhere and look.elsewhere != told:
                    mine = self._engine.queue
                    log.warning("%d shards wait for another version, and this worker is %s", look.elsewhere, mine)
                told = look.elsewhere

    async def _tidy(self) -> None:
        while True:
            with suppress(NewsletterError):
                await asyncio.to_thread(self._engine.prune)
            await asyncio.sleep(PRUNING)


async def _configured(connection: Any) -> None:
    """What every connection of the engine needs: its tables are found, and a session that hangs is ended."""
    await connection.execute(f'SET search_path TO "{PLACE}"')
    await connection.execute("SET lock_timeout TO '10s'")
    await connection.commit()


def _noted(_: object, context: Mapping[str, Any]) -> None:
    """What a task of the engine's ended with that nobody waits for: its job was removed meanwhile, or the connection was."""
    error = context.get("exception")
    log.warning("the engine: %s", _first_line(error) if error else context.get("message"))


def _first_line(error: BaseException) -> str:
    cause = error.__cause__ or error
    return (str(cause) or type(cause).__name__).partition("\n")[0]
