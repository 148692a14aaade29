"""Pages for everybody: shown where the newsletter has public pages or on this machine, and kept by browsers for a while."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Final, TypeAlias

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from newsletter.app import App
from newsletter.web.refusals import busy, not_found
from newsletter.web.trust import asked_host, is_loopback
from newsletter.web.turn import Busy

Page: TypeAlias = Callable[[Request], Response]
KEPT: Final = 300
"""Seconds that a page may be shown again without asking: upvotes need not be fresher."""


def public(
    page: Page, *, ranks: bool = False, indexed: bool = True, stored: bool = True
) -> Callable[[Request], Awaitable[Response]]:
    """The page as an endpoint, made in a thread. One that `ranks` waits for its turn, every other for a seat.

    What says who somebody is, as their interests do, is not `stored` by anybody on the way.
    """

    async def endpoint(request: Request) -> Response:
        if not is_open(request):
            return await run_in_threadpool(not_found, request)
        try:
            work = partial(page, request)
            answer = await (request.app.state.turn.take(work) if ranks else request.app.state.hall.seat(work))
        except Busy:
            return await run_in_threadpool(busy, request)
        return kept(request, answer, indexed=indexed) if stored and answer.status_code == 200 else answer

    return endpoint


def is_open(request: Request) -> bool:
    """Whether pages for everybody are shown: where `base_url` says that there are any, else only by this machine's names.

    So a home without public pages shows none by accident, and a page elsewhere whose name leads here reads nothing
    (DNS rebinding).
    """
    app: App = request.app.state.app
    return bool(app.settings.base_url) or is_loopback(asked_host(request))


def kept(request: Request, answer: Response, *, indexed: bool) -> Response:
    """The answer with what caches need to know, or 304 where the browser has it already (RFC 9110, section 13)."""
    tag = f'"{hashlib.sha256(bytes(answer.body)).hexdigest()[:24]}"'
    headers = {"cache-control": f"public, max-age={KEPT}", "etag": tag, "vary": "accept-language"}
    if indexed:
        headers["x-robots-tag"] = "all"
    answer.headers.update(headers)
    if not _has(request, tag, answer.headers.get("last-modified", "")):
        return answer
    same = ("cache-control", "etag", "vary", "last-modified", "content-language")
    return Response(status_code=304, headers={name: answer.headers[name] for name in same if name in answer.headers})


def _has(request: Request, tag: str, modified: str) -> bool:
    if (known := request.headers.get("if-none-match")) is not None:
        return known.strip() == "*" or tag in (one.strip().removeprefix("W/") for one in known[:2000].split(","))
    since = request.headers.get("if-modified-since", "")
    try:
        return bool(modified and since) and parsedate_to_datetime(modified) <= parsedate_to_datetime(since)
    except (ValueError, TypeError, OverflowError):  # no date, or one without a zone
        return False
