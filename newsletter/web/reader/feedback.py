"""What a reader says of papers: more like this, less like this, saved. GET asks, POST acts, the next edition says so."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final, get_args

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from newsletter.app import App
from newsletter.models import Paper, Said, Subscriber
from newsletter.text import readable
from newsletter.web.drawing import draw
from newsletter.web.reader import forms
from newsletter.web.reader.reached import path
from newsletter.web.reader.reached import reader as reached
from newsletter.web.refusals import not_found

log = logging.getLogger("newsletter.web")
SAID: Final = get_args(Said)


def page(request: Request) -> Response:
    """Asks about one paper (`?more=`, `?less=` or `?saved=`, as the mail has it), or about those of the last edition.

    Nothing changes.
    """
    reader = reached(request, "feedback")
    return not_found(request) if reader is None else _asked(request, reader)


async def act(request: Request) -> Response:
    """Keeps what was said; a second time is fine. Any other POST asks."""
    return await run_in_threadpool(_act, request, await forms.fields(request))


def _act(request: Request, typed: Mapping[str, str]) -> Response:
    app: App = request.app.state.app
    reader = reached(request, "feedback")
    paper = _paper(app, typed.get("paper", "")) if reader else None
    verdict = typed.get("said", "")
    if reader is None or ("paper" in typed and paper is None):
        return not_found(request)
    if paper is None or verdict not in (*SAID, "clear"):
        return _asked(request, reader)
    if verdict == "clear":
        app.feedback.clear(reader.key, paper.id, *paper.also)
    else:
        app.feedback.give(reader.key, paper.id, next(one for one in SAID if one == verdict), app.clock())
    log.info("a reader said something of a paper")
    return _drawn(request, reader, [paper], state=verdict)


def _asked(request: Request, reader: Subscriber) -> Response:
    app: App = request.app.state.app
    verdict = next((word for word in SAID if word in request.query_params), "")
    if not verdict:
        return _drawn(request, reader, _last(app, reader))
    paper = _paper(app, request.query_params[verdict])
    if paper is None:
        return not_found(request)
    return _drawn(request, reader, [paper], state="ask", asked=verdict)


def _paper(app: App, named: str) -> Paper | None:
    """The paper of this id, if the archive has it."""
    return app.archive.find([named]).get(named) if 0 < len(named) <= 200 else None


def _last(app: App, reader: Subscriber) -> list[Paper]:
    """The papers of the reader's last edition, in its order; and those that they saved."""
    made = app.ledger.latest(app.occasion, reader.key, None)
    ids = [*(made.claim.papers if made and made.claim else ()), *_saved(app, reader)]
    found = app.archive.find(ids)
    return [found[id_] for id_ in dict.fromkeys(ids) if id_ in found]


def _saved(app: App, reader: Subscriber) -> list[str]:
    return [id_ for id_, verdict in app.feedback.words(reader.key).items() if verdict == "saved"]


def _drawn(request: Request, reader: Subscriber, papers: list[Paper], state: str = "", asked: str = "") -> Response:
    app: App = request.app.state.app
    return draw(
        request,
        "feedback.html",
        papers=[(one.id, readable(one.title)) for one in papers],
        words=app.feedback.words(reader.key),
        state=state,
        asked=asked,
        in_vain=not reader.interests,
        rest=path(request, "feedback", app.reference(reader)),
        preferences=path(request, "preferences", app.reference(reader)),
        tongues=(),
    )
