"""Unsubscribing: GET shows a button, POST acts; RFC 8058 one-click for mail programs."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from newsletter import links
from newsletter.app import App
from newsletter.web.drawing import draw
from newsletter.web.reader.leaving import Leaving
from newsletter.web.refusals import not_found

FORM_LIMIT = 10_000  # bytes; the form has one field
ONE_CLICK = b"List-Unsubscribe=One-Click"


def page(request: Request) -> Response:
    """Asks. Nothing changes, however often mail scanners fetch it."""
    return _drawn(request, "ask") if _reader(request) else not_found(request)


async def act(request: Request) -> Response:
    """Unsubscribes, durably before the answer; a second time is fine.

    Only a mail program's one-click (`List-Unsubscribe=One-Click`, RFC 8058 section 3.2) or the page's own
    button act; any other POST is asked.
    """
    name = _name(request)
    if name is None:
        return await run_in_threadpool(not_found, request)
    form = await _form(request)
    one_click = form.get("List-Unsubscribe") == "One-Click"
    if not one_click and form.get("confirm") != "unsubscribe":
        return await run_in_threadpool(page, request)
    leaving: Leaving = request.app.state.leaving
    if not await leaving.leave(name):
        return await run_in_threadpool(not_found, request)
    if one_click:
        return PlainTextResponse("You are unsubscribed.\n")
    return await run_in_threadpool(_drawn, request, "done")


def _name(request: Request) -> str | None:
    """The opaque name of a reader, if the link is one of ours."""
    app: App = request.app.state.app
    return links.read(app.settings.secrets, "unsubscribe", request.path_params["token"])


def _reader(request: Request) -> bool:
    """Whether the link leads to somebody."""
    app: App = request.app.state.app
    name = _name(request)
    return name is not None and app.ledger.reader(name) is not None


async def _form(request: Request) -> dict[str, str]:
    length = request.headers.get("content-length", "0")
    if length == str(len(ONE_CLICK)) and await request.body() == ONE_CLICK:
        return {"List-Unsubscribe": "One-Click"}  # as all mail programs send it: nothing is left to parse
    if not length.isdecimal() or int(length) > FORM_LIMIT:
        return {}
    try:
        async with request.form(max_files=0, max_fields=10, max_part_size=FORM_LIMIT) as form:
            return {name: value for name, value in form.items() if isinstance(value, str)}
    except (ValueError, AssertionError, KeyError):
        return {}


def _drawn(request: Request, state: str) -> Response:
    return draw(request, "unsubscribe.html", state=state)
