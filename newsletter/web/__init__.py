"""The web pages: unsubscribe (GET asks, POST acts, RFC 8058 one-click), webhooks, health and figures."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.routing import Route

from newsletter.app import App
from newsletter.web import health, unsubscribe
from newsletter.web.metrics import Figures, metrics
from newsletter.web.safety import Headers
from newsletter.web.webhooks import Postbox


def pages(app: App) -> Starlette:
    """The web application over the opened parts."""
    routes = [
        Route("/unsubscribe/{token}", unsubscribe.page, methods=["GET", "HEAD"]),
        Route("/unsubscribe/{token}", unsubscribe.act, methods=["POST"]),
        Route("/webhooks/{provider}", Postbox(app).receive, methods=["POST"]),
        Route("/healthz", health.alive, methods=["GET", "HEAD"]),
        Route("/readyz", health.ready, methods=["GET", "HEAD"]),
        Route("/metrics", metrics, methods=["GET", "HEAD"]),
    ]
    site = Starlette(routes=routes, exception_handlers={404: unsubscribe.not_found})
    site.state.app = app
    site.state.figures = Figures(app)
    site.add_middleware(Headers)
    return site
