"""Whether the process lives, and whether it can do its work."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from newsletter.app import App
from newsletter.errors import StoreError
from newsletter.web.trust import is_trusted


async def alive(request: Request) -> PlainTextResponse:
    """200 `ok`: the process answers. Nothing is looked at, so that a slow database gets nobody killed."""
    return PlainTextResponse("ok\n")


async def ready(request: Request) -> PlainTextResponse:
    """200 `ready`, or 503 where a store does not answer, has another schema, or the scheduler ticks no more.

    What is wrong is only told to who may know.
    """
    faults = await run_in_threadpool(lambda: list(_faults(request.app.state.app)))
    if not faults:
        return PlainTextResponse("ready\n")
    told = faults if is_trusted(request) else ["not ready"]
    return PlainTextResponse("".join(f"{line}\n" for line in told), 503)


def _faults(app: App) -> Iterator[str]:
    for store in (app.ledger, app.archive):
        try:
            store.check()
        except StoreError as error:
            yield str(error)
    if since := app.pulse.silent_since(app.clock()):
        yield f"the scheduler has not ticked since {since:%Y-%m-%d %H:%M} UTC; restart it, and see its log"
