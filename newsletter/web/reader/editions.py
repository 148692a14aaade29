"""An edition in the browser, from its row in the ledger, for who has its link."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from newsletter import links
from newsletter.app import App
from newsletter.compose import restored
from newsletter.errors import RenderError, SettingsError
from newsletter.ledger import Delivery, Key
from newsletter.models import Stamp
from newsletter.web.refusals import not_found

POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src {pictures}; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""A mail may be styled, and show the pictures that it has where the newsletter wants any."""


def edition(request: Request) -> Response:
    """The edition as it was sent, of which papers can be judged; nothing is recorded. 404 for any other link."""
    app: App = request.app.state.app
    page = _page(app, request.path_params["token"]) if app.settings.base_url else None
    if page is None:
        return not_found(request)
    pictures = "https:" if app.settings.thumbnails else "'none'"
    return HTMLResponse(page, headers={"content-security-policy": POLICY.format(pictures=pictures)})


def _page(app: App, signed: str) -> str | None:
    delivery = _delivery(app, links.read(app.settings.secrets, "view", signed))
    digest = app.archive.digest(delivery.digest) if delivery else None
    if delivery is None or digest is None or delivery.claim is None:
        return None
    stamp = Stamp(delivery.claim.stamped_at, delivery.key.occasion, delivery.reference)
    try:
        return app.renderer.page(restored(delivery, digest), stamp)
    except (RenderError, SettingsError):  # its design is gone, or at fault: `newsletter check` tells the operator
        return None


def _delivery(app: App, named: str | None) -> Delivery | None:
    reference, _, edition = (named or "").partition(".")
    period, _, occasion = edition.partition(".")
    reader = app.ledger.reader(reference) if reference else None
    if reader and not app.opens(reference, reader[0]):
        return None
    return app.ledger.find(Key(reader[0], period, occasion)) if reader else None
