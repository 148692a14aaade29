"""Whom a link leads to: a reader, for one purpose; for every other link nobody."""

from __future__ import annotations

from starlette.requests import Request

from newsletter import links
from newsletter.app import App
from newsletter.models import Subscriber


def reader(request: Request, purpose: links.Purpose) -> Subscriber | None:
    """The reader whom the page's token names for this purpose, as they are now; also who unsubscribed."""
    app: App = request.app.state.app
    reference = links.read(app.settings.secrets, purpose, request.path_params["token"])
    found = app.ledger.reader(reference) if reference else None
    if reference is None or found is None or not app.opens(reference, found[0]):
        return None
    key, address = found
    roster = app.roster()
    return roster.find([key]).get(key) or roster.named(address)


def path(request: Request, purpose: links.Purpose, reference: str) -> str:
    """Where a reader's page for this purpose is, on this site."""
    app: App = request.app.state.app
    return f"{request.app.state.drawing.root}/{purpose}/{links.sign(app.settings.secrets, purpose, reference)}"
