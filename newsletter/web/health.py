"""Whether the process answers and can read its ledger."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from newsletter.app import App
from newsletter.errors import StoreError


async def alive(request: Request) -> PlainTextResponse:
    """200 `ok`, or 503 with what is wrong with the ledger."""
    app: App = request.app.state.app
    try:
        await run_in_threadpool(app.ledger.stopped)
    except StoreError as error:
        return PlainTextResponse(f"{error}\n", 503)
    return PlainTextResponse("ok\n")
