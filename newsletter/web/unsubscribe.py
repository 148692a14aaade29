"""Unsubscribing: GET shows a button, POST acts; RFC 8058 one-click for mail programs."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from newsletter import links
from newsletter.app import App
from newsletter.render import default_templates

FORM_LIMIT = 10_000  # bytes; the form has one field


async def page(request: Request) -> Response:
    """Asks. Nothing changes, however often mail scanners fetch it."""
    reader = await _reader(request)
    return _html("ask", request) if reader else await not_found(request, None)


async def act(request: Request) -> Response:
    """Unsubscribes, durably before the answer; a second time is fine.

    Only a mail program's one-click (`List-Unsubscribe=One-Click`, RFC 8058 section 3.2) or the page's own
    button act; any other POST is asked.
    """
    reader = await _reader(request)
    if reader is None:
        return await not_found(request, None)
    form = await _form(request)
    one_click = form.get("List-Unsubscribe") == "One-Click"
    if not one_click and form.get("confirm") != "unsubscribe":
        return _html("ask", request)
    app: App = request.app.state.app
    await run_in_threadpool(app.suppressions.add, reader, "unsubscribed", app.clock(), "by the reader's link")
    return PlainTextResponse("You are unsubscribed.\n") if one_click else _html("done", request)


async def not_found(request: Request, error: Exception | None) -> Response:
    """The same answer for a forged link, a foreign one and no page at all."""
    return _html("unknown", request, 404)


async def _reader(request: Request) -> str | None:
    """The address behind the link, if the link is one of ours."""
    app: App = request.app.state.app
    reference = links.read(app.settings.secrets, "unsubscribe", request.path_params["token"])
    if reference is None:
        return None
    found = await run_in_threadpool(app.ledger.reader, reference)
    return found[1] if found else None


async def _form(request: Request) -> dict[str, str]:
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > FORM_LIMIT:
        return {}
    try:
        async with request.form(max_files=0, max_fields=10) as form:
            return {name: value for name, value in form.items() if isinstance(value, str)}
    except (ValueError, AssertionError, KeyError):
        return {}


def _html(state: str, request: Request, status: int = 200) -> HTMLResponse:
    app: App = request.app.state.app
    return HTMLResponse(_template().render(state=state, name=app.settings.name), status)


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(default_templates() / "web"), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("unsubscribe.html")
