"""JSON Feed 1.0 and 1.1 (jsonfeed.org, 2020-08), as plain objects. No I/O."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import urljoin

from newsletter.sources.feeds import markup
from newsletter.sources.feeds.entry import MOST, Entries
from newsletter.sources.fields import Fields, Unusable, decode, fields_of, from_json


def is_one(body: bytes) -> bool:
    """Whether this can only be JSON."""
    return body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")


def entries(body: bytes, address: str, content_type: str) -> Entries:
    """The items; what is damaged is not JSON, so there is nothing to mend. Raises Unusable."""
    feed = fields_of(from_json(decode(body)))
    if "items" not in feed.values or "jsonfeed.org" not in feed.line("version"):
        raise Unusable("JSON, but not a JSON Feed")
    items = feed.values["items"]
    if not isinstance(items, list):
        raise Unusable("a JSON Feed whose `items` is not a list")
    found = [_plain(Fields(item), address) if isinstance(item, dict) else {} for item in items[:MOST]]
    return Entries(found, len(items))


def _plain(item: Fields, address: str) -> dict[str, object]:
    html = str(item.values.get("content_html") or "")
    said = (item.text("summary"), item.text("content_text"), markup.to_text(html))
    authors = item.each("authors") or [author for author in (item.inner("author"),) if author]
    return {
        "title": item.line("title"),
        "id": str(item.values.get("id") or ""),
        "link": _joined(address, item.line("url") or item.line("external_url")),
        "names": [_joined(address, item.line("external_url"))],
        "text": said[0] if len(said[0]) >= 400 else max(said, key=len),
        "addresses": list(markup.addresses(html or said[1])),
        "authors": [author.line("name") for author in authors],
        "tags": list(item.names("tags")),
        "date": _day(item.line("date_published")) or _day(item.line("date_modified")),
    }


def _joined(address: str, link: str) -> str:
    try:
        return urljoin(address, link) if link else ""
    except ValueError:
        return ""


def _day(written: str) -> str:
    """The day in UTC of an RFC 3339 date and time."""
    try:
        moment = datetime.fromisoformat(re.sub(r"\.\d+", "", written))
        return (moment.astimezone(UTC) if moment.tzinfo else moment).date().isoformat()
    except (ValueError, OverflowError):
        return ""
