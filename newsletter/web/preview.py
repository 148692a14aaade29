"""The preview on this machine: every edition of a date as HTML, text and source, made anew at each look."""

from __future__ import annotations

from dataclasses import replace

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from newsletter.app import App
from newsletter.errors import NewsletterError, SettingsError
from newsletter.look import look, render
from newsletter.models import Message
from newsletter.publish import Order
from newsletter.render import default_templates


def preview_pages(app: App, order: Order) -> Starlette:
    """The pages: a list of editions, and each as `html`, `text` and `source`."""
    environment = Environment(
        loader=FileSystemLoader(default_templates() / "web"), autoescape=True, undefined=StrictUndefined
    )

    def editions() -> list[dict[str, object]]:
        return [
            {"edition": seen.edition, "count": len(list(seen.edition.matches))}
            for seen in look(app, app.clock(), order)
        ]

    def message(address: str) -> Message | None:
        found = next(look(app, app.clock(), replace(order, only=address)), None)
        return render(app, found) if found and any(found.edition.matches) else None

    async def index(request: Request) -> Response:
        listed = await run_in_threadpool(editions)
        return HTMLResponse(environment.get_template("preview.html").render(editions=listed, name=app.settings.name))

    async def one(request: Request) -> Response:
        found = await run_in_threadpool(message, request.path_params["address"])
        if found is None:
            return PlainTextResponse("No edition: quiet, nothing new for these interests.\n", 404)
        kind = request.path_params["kind"]
        if kind == "html":
            return HTMLResponse(found.html)
        return PlainTextResponse(found.text if kind == "text" else found.mime.decode("ascii", "replace"))

    async def in_words(request: Request, error: Exception) -> Response:
        return PlainTextResponse(f"{error}\n", 404 if isinstance(error, SettingsError) else 500)

    routes = [Route("/", index), Route("/{kind:str}/{address:str}", one)]
    return Starlette(routes=routes, exception_handlers={NewsletterError: in_words})
