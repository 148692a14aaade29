"""The preview on this machine: a day and a reader, the message as each program shows it, and why its papers came.

Only this machine can ask for it, nothing in it acts, and a mail is shown in frames that run no script and fetch nothing.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Callable
from datetime import date
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from newsletter.errors import StoreError
from newsletter.proof.panes import PANES, framed
from newsletter.render import default_templates
from newsletter.web.preview.desk import Choice, Desk, Looked
from newsletter.web.preview.shown import shown, working
from newsletter.web.safety import Headers

HOSTS: Final = ["127.0.0.1", "localhost"]
"""The names this is asked for by: another in `Host` is a page elsewhere whose name leads here (DNS rebinding)."""
LOOK_AGAIN: Final = 0.4
"""Seconds between two looks at the files."""
FRAME: Final = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
"""A mail may be styled, and no more."""


def preview_pages(desk: Desk, ending: Callable[[], bool] = lambda: False) -> Starlette:
    """The pages: one for a day and a reader, what its frames show, the mail itself, and news of changes.

    `ending` says that the server is about to end, for which it need not wait for who waits for changes.
    """
    routes = [
        Route("/", _page, methods=["GET"]),
        Route("/pane/{kind}", _pane, methods=["GET"]),
        Route("/message.eml", _mail, methods=["GET"]),
        Route("/changes", _changes, methods=["GET"]),
    ]
    site = Starlette(routes=routes, exception_handlers={StoreError: _in_words})
    site.state.desk, site.state.ending = desk, ending
    site.state.environment = Environment(
        loader=FileSystemLoader(default_templates() / "web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    site.add_middleware(Headers)
    site.add_middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False)
    return site


async def _page(request: Request) -> Response:
    desk: Desk = request.app.state.desk
    return await run_in_threadpool(_drawn, desk, request)


def _drawn(desk: Desk, request: Request) -> Response:
    choice, usual = _choice(desk, request), desk.usual()
    desk.ask(choice or usual)
    version = desk.version()  # before looking: what changes meanwhile is news to this page
    looked = desk.look(choice) if choice else Looked(usual, desk.days(usual.day), faults=(_NO_DATE,))
    environment: Environment = request.app.state.environment
    style, script = (_source(f"preview.{kind}") for kind in ("css", "js"))
    template = environment.get_template("preview.html")
    contents = shown(looked) if looked else working(choice or usual)
    page = template.render(contents, name=desk.name, version=version, style=style, script=script)
    return HTMLResponse(page, headers={"content-security-policy": _policy(style, script)})


_NO_DATE: Final = "the address names no date; write it as ?day=2026-03-03, or choose one above"


def _choice(desk: Desk, request: Request) -> Choice | None:
    """What the address says, and for the rest the usual; None for a day that is none."""
    usual, day = desk.usual(), request.query_params.get("day")
    try:
        chosen = date.fromisoformat(day) if day else usual.day
    except ValueError:
        return None
    asked = request.query_params
    return Choice(chosen, asked.get("reader") or usual.reader, asked.get("letters", "").strip())


async def _pane(request: Request) -> Response:
    looked = await run_in_threadpool(_kept, request)
    kind = request.path_params["kind"]
    if looked is None or looked.mail is None or kind not in PANES:
        return PlainTextResponse("There is no such page: the edition has changed, or there is none.\n", 404)
    page = framed(PANES[kind](looked.mail.html))
    return HTMLResponse(page, headers={"content-security-policy": FRAME})


async def _mail(request: Request) -> Response:
    looked = await run_in_threadpool(_kept, request)
    if looked is None or looked.mail is None:
        return PlainTextResponse("There is no message: quiet, or at fault.\n", 404)
    headers = {"content-disposition": f'attachment; filename="{looked.choice.day}.eml"'}
    return Response(looked.mail.wire, media_type="message/rfc822", headers=headers)


def _kept(request: Request) -> Looked | None:
    desk: Desk = request.app.state.desk
    choice = _choice(desk, request)
    return desk.kept(choice) if choice else None


async def _changes(request: Request) -> Response:
    """Server-sent events (HTML standard, section 9.2): one, as soon as there is something else to see."""
    desk: Desk = request.app.state.desk
    since = request.query_params.get("since", "")

    async def news() -> AsyncIterator[str]:
        yield "retry: 1000\n\n"
        while not (request.app.state.ending() or await request.is_disconnected()):
            if await run_in_threadpool(desk.version) != since:
                yield "event: changed\ndata: now\n\n"
                return
            await asyncio.sleep(LOOK_AGAIN)

    return StreamingResponse(news(), media_type="text/event-stream")


async def _in_words(request: Request, error: Exception) -> Response:
    return PlainTextResponse(f"{error}\n", 500)


def _source(name: str) -> Markup:
    """A file of ours that stands in the page as it is."""
    return Markup((default_templates() / "web" / name).read_text("utf-8"))


def _policy(style: str, script: str) -> str:
    """The page may do what is written in it, and nothing that anybody else might get into it."""
    return (
        f"default-src 'none'; style-src {_allowed(style)}; script-src {_allowed(script)}; connect-src 'self'; "
        "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def _allowed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
