"""An edition in the browser, from its row in the ledger, for who has its link."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from newsletter import links
from newsletter.app import App
from newsletter.compose import restored
from newsletter.errors import RenderError, SettingsError
from newsletter.ledger import Delivery, Key
from newsletter.models import Message, Stamp
from newsletter.web.refusals import not_found

PURPOSE: Final = "view"
POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src {pictures}; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""A mail may be styled, and show the pictures that it has where the newsletter wants any."""


def token(secrets: Sequence[str], reference: str, period: str, occasion: str) -> str:
    """What stands behind `/edition/`: the reader's opaque name, the period and the occasion, signed."""
    return links.sign(secrets, PURPOSE, f"{reference}.{period}.{occasion}")


def edition(request: Request) -> Response:
    """The edition as it was sent; nothing is recorded. 404 for any other link."""
    app: App = request.app.state.app
    message = _message(app, request.path_params["token"]) if app.settings.base_url else None
    if message is None:
        return not_found(request)
    pictures = "https:" if app.settings.thumbnails else "'none'"
    return HTMLResponse(message.html, headers={"content-security-policy": POLICY.format(pictures=pictures)})


def _message(app: App, signed: str) -> Message | None:
    delivery = _delivery(app, links.read(app.settings.secrets, PURPOSE, signed))
    digest = app.archive.digest(delivery.digest) if delivery else None
    if delivery is None or digest is None or delivery.claim is None:
        return None
    stamp = Stamp(delivery.claim.stamped_at, delivery.key.occasion, delivery.reference)
    try:
        return app.renderer.render(restored(delivery, digest), stamp)
    except (RenderError, SettingsError):  # its design is gone, or at fault: `newsletter check` tells the operator
        return None


def _delivery(app: App, named: str | None) -> Delivery | None:
    reference, _, edition = (named or "").partition(".")
    period, _, occasion = edition.partition(".")
    reader = app.ledger.reader(reference) if reference else None
    if reader and not app.opens(reference, reader[0]):
        return None
    return app.ledger.find(Key(reader[0], period, occasion)) if reader else None
