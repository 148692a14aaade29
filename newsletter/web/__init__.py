"""The web pages: today's papers and the archive, search, feeds; signing up and a reader's own; webhooks, health and figures.

Nothing changes by GET. Pages for everybody are shown where `base_url` is set, else on this machine alone.
"""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.routing import Route

from newsletter.app import App
from newsletter.errors import StoreError
from newsletter.overview import Counting
from newsletter.web import admin, health
from newsletter.web.drawing import Drawing
from newsletter.web.files import favicon, robots, static
from newsletter.web.metrics import Figures, metrics
from newsletter.web.papers import feeds, leaves, paper, searching, today
from newsletter.web.papers.learned import Learned
from newsletter.web.papers.public import public
from newsletter.web.papers.today import Tasting
from newsletter.web.reader import editions, feedback, preferences, subscribing, unsubscribe
from newsletter.web.reader.leaving import Leaving
from newsletter.web.reader.subscribing import Desk
from newsletter.web.refusals import gone, not_found, unreadable
from newsletter.web.safety import Headers
from newsletter.web.turn import Hall, Turn
from newsletter.web.webhooks import Postbox


def pages(app: App) -> Starlette:
    """The web application over the opened parts."""
    routes = [
        *_of_a_reader(),  # first, for unsubscribing is what comes in crowds, and must not wait
        *_for_everybody(),
        *(_sign_ups() if app.settings.base_url and app.settings.sign_ups else ()),
        Route("/static/{name}", static),
        Route("/favicon.ico", favicon),
        Route("/robots.txt", robots),
        Route("/webhooks/{provider}", Postbox(app).receive, methods=["POST"]),
        Route("/healthz", health.alive, methods=["GET", "HEAD"]),
        Route("/readyz", health.ready, methods=["GET", "HEAD"]),
        Route("/admin", admin.page, methods=["GET", "HEAD"]),
        Route("/admin/{token}", admin.linked, methods=["GET", "HEAD"]),
        Route("/metrics", metrics, methods=["GET", "HEAD"]),
    ]
    site = Starlette(routes=routes, exception_handlers={404: not_found, StoreError: unreadable, ClientDisconnect: gone})
    site.router.redirect_slashes = False  # it would lead to the address that the request named, not to `base_url`
    site.state.app = app
    site.state.drawing = Drawing(app)
    site.state.turn = Turn()
    site.state.hall = Hall()
    site.state.learned = Learned(app)
    site.state.tasting = Tasting(site.state.learned)
    site.state.answers = searching.Answers(site.state.learned)
    site.state.desk = Desk(app)
    site.state.leaving = Leaving(app)
    site.state.figures = Figures(app)
    site.state.counting = Counting(app)
    site.add_middleware(Headers)
    return site


def _for_everybody() -> tuple[Route, ...]:
    return (
        Route("/", public(leaves.landing)),
        Route("/papers", public(leaves.months)),
        Route("/papers/{span}", public(leaves.papers)),
        Route("/paper/{id:path}", public(paper.paper)),
        Route("/search", public(searching.found, ranks=True, indexed=False)),
        Route("/today", public(today.today, ranks=True, stored=False)),
        Route("/feed.atom", public(feeds.atom)),
        Route("/feed.json", public(feeds.json_feed)),
    )


def _of_a_reader() -> tuple[Route, ...]:
    """What only who has the link can see: each token is signed for one purpose."""
    return (
        Route("/unsubscribe/{token}", unsubscribe.act, methods=["POST"]),
        Route("/unsubscribe/{token}", unsubscribe.page, methods=["GET", "HEAD"]),
        Route("/confirm/{token}", subscribing.confirm_page, methods=["GET", "HEAD"]),
        Route("/confirm/{token}", subscribing.confirm, methods=["POST"]),
        Route("/preferences/{token}", preferences.page, methods=["GET", "HEAD"]),
        Route("/preferences/{token}", preferences.act, methods=["POST"]),
        Route("/preferences/{token}/data", preferences.data, methods=["GET", "HEAD"]),
        Route("/feedback/{token}", feedback.page, methods=["GET", "HEAD"]),
        Route("/feedback/{token}", feedback.act, methods=["POST"]),
        Route("/f/{token}", feedback.page, methods=["GET", "HEAD"]),  # the same, of which a mail has a hundred
        Route("/f/{token}", feedback.act, methods=["POST"]),
        Route("/edition/{token}", editions.edition, methods=["GET", "HEAD"]),
    )


def _sign_ups() -> tuple[Route, ...]:
    """Where everybody may subscribe: not without public pages, for the letter has to lead to one."""
    return (
        Route("/subscribe", subscribing.form, methods=["GET", "HEAD"]),
        Route("/subscribe", subscribing.act, methods=["POST"]),
    )
