"""The latest papers as feeds: Atom (RFC 4287) and JSON Feed 1.1 (jsonfeed.org/version/1.1, 2026-11)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from newsletter.app import App
from newsletter.models import Paper
from newsletter.render.card import Card, card
from newsletter.text import line, readable
from newsletter.web.drawing import Drawing, language_of

DAYS: Final = timedelta(days=7)
"""How far back a feed reaches from the latest day with papers."""
ENTRIES: Final = 100
AUTHORS: Final = 20


@dataclass(frozen=True, slots=True)
class Entry:
    """A paper in a feed."""

    id: str
    """Its own page: an address that stays."""
    paper: Paper
    card: Card
    at: datetime
    """When it was first listed, as far as the feed reaches."""
    authors: tuple[str, ...]
    tags: tuple[str, ...]
    text: str
    """Its summary, and whose it is."""


def atom(request: Request) -> Response:
    """The feed as Atom."""
    drawing: Drawing = request.app.state.drawing
    entries, site = _entries(request), _site(request)
    updated = entries[0].at if entries else datetime(2026, 1, 1, tzinfo=UTC)
    page = drawing.html(request, "feed.xml", entries=entries, site=site, updated=updated)
    return _dated(Response(page, media_type="application/atom+xml"), entries)


def json_feed(request: Request) -> Response:
    """The feed as JSON Feed."""
    app: App = request.app.state.app
    entries, site = _entries(request), _site(request)
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": line(app.settings.name, 120),
        "home_page_url": f"{site}/",
        "feed_url": f"{site}/feed.json",
        "language": language_of(request).tag,
        "items": [_item(entry) for entry in entries],
    }
    return _dated(Response(json.dumps(feed, ensure_ascii=False), media_type="application/feed+json"), entries)


def _item(entry: Entry) -> dict[str, Any]:
    found = {
        "id": entry.id,
        "url": entry.id,
        "external_url": entry.card.url,
        "title": entry.card.title,
        "content_text": entry.text or entry.card.title,
        "date_published": entry.at.isoformat(),
        "authors": [{"name": name} for name in entry.authors],
        "tags": list(entry.tags),
    }
    return {name: value for name, value in found.items() if value}


def _entries(request: Request) -> list[Entry]:
    """The papers of the latest days, the last listed first."""
    app: App = request.app.state.app
    last = app.archive.day_until(app.clock().date())
    if last is None:
        return []
    since = last - DAYS
    ids: dict[str, None] = {}
    day: Any = last
    while day and day > since and len(ids) < ENTRIES:
        ids |= dict.fromkeys(app.archive.best(day, day, ENTRIES))
        day = app.archive.day_until(day - timedelta(days=1))
    wanted = list(ids)[:ENTRIES]
    papers, seen = app.archive.find(wanted), app.archive.first_seen(wanted, since)
    site, told = _site(request), language_of(request).told
    entries = [_entry(papers[id_], seen[id_], site, told) for id_ in wanted if id_ in papers and id_ in seen]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def _entry(paper: Paper, at: datetime, site: str, told: Any) -> Entry:
    made = card(paper)
    return Entry(
        id=f"{site}/paper/{quote(paper.id, safe='/:')}",
        paper=paper,
        card=made,
        at=at.replace(microsecond=0),
        authors=tuple(name for one in paper.authors[:AUTHORS] if (name := line(readable(one), 100))),
        tags=tuple(tag for one in paper.keywords[:AUTHORS] if (tag := line(readable(one), 60))),
        text=f"{told(made.summary_from)}: {made.summary}" if made.summary else "",
    )


def _site(request: Request) -> str:
    """What all addresses begin with: `base_url`, and on this machine what the visitor used."""
    app: App = request.app.state.app
    return app.settings.base_url or f"{request.url.scheme}://{request.url.netloc}"


def _dated(answer: Response, entries: list[Entry]) -> Response:
    if entries:
        answer.headers["last-modified"] = format_datetime(entries[0].at.astimezone(UTC), usegmt=True)
    return answer
