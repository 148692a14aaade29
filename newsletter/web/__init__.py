"""The web pages: unsubscribe (GET asks, POST acts, RFC 8058 one-click), health and figures."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.routing import Route

from newsletter.app import App
from newsletter.errors import StoreError
from newsletter.web import feedback, health, preferences, subscribing, unsubscribe
from newsletter.web.drawing import Drawing
from newsletter.web.files import favicon, static
from newsletter.web.metrics import Figures, metrics
from newsletter.web.refusals import not_found, unreadable
from newsletter.web.safety import Headers
from newsletter.web.subscribing import Desk


def pages(app: App) -> Starlette:
    """The web application over the opened parts."""
    routes = [
        Route("/unsubscribe/{token}", unsubscribe.page, methods=["GET", "HEAD"]),
        Route("/unsubscribe/{token}", unsubscribe.act, methods=["POST"]),
        *(_sign_ups() if app.settings.base_url and app.settings.sign_ups else ()),
        Route("/confirm/{token}", subscribing.confirm_page, methods=["GET", "HEAD"]),
        Route("/confirm/{token}", subscribing.confirm, methods=["POST"]),
        Route("/preferences/{token}", preferences.page, methods=["GET", "HEAD"]),
        Route("/preferences/{token}", preferences.act, methods=["POST"]),
        Route("/preferences/{token}/data", preferences.data, methods=["GET", "HEAD"]),
        Route("/feedback/{token}", feedback.page, methods=["GET", "HEAD"]),
        Route("/feedback/{token}", feedback.act, methods=["POST"]),
        Route("/static/{name}", static),
        Route("/favicon.ico", favicon),
        Route("/healthz", health.alive, methods=["GET", "HEAD"]),
        Route("/readyz", health.ready, methods=["GET", "HEAD"]),
        Route("/metrics", metrics, methods=["GET", "HEAD"]),
    ]
    site = Starlette(routes=routes, exception_handlers={404: not_found, StoreError: unreadable})
    site.state.app = app
    site.state.drawing = Drawing(app)
    site.state.desk = Desk(app)
    site.state.figures = Figures(app)
    site.add_middleware(Headers)
    return site


def _sign_ups() -> tuple[Route, ...]:
    """Where everybody may subscribe: not without public pages, for the letter has to lead to one."""
    return (
        Route("/subscribe", subscribing.form, methods=["GET", "HEAD"]),
        Route("/subscribe", subscribing.act, methods=["POST"]),
    )
