"""RSS and Atom in all their versions, however damaged: feedparser's reading of them, as plain objects. No I/O."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any
from xml.sax import SAXException, SAXParseException

from newsletter import text
from newsletter.sources.feeds import markup
from newsletter.sources.feeds.entry import MOST, Entries
from newsletter.sources.fields import Unusable

MOST_TAGS = 300_000
"""Each takes up to a tenth of a millisecond where the feed is damaged and read twice; 2,000 papers of arXiv's have half."""
_NAMES = ("dc_identifier", "prism_doi", "arxiv_doi", "doi", "prism_url", "feedburner_origlink")
"""What feedparser calls the elements that publishers put a DOI or the paper's address into (6.0.14, 2026-11)."""
_DATES = ("published_parsed", "updated_parsed", "created_parsed")


def entries(body: bytes, address: str, content_type: str) -> Entries:
    """The entries, and what is damaged, if anything; raises Unusable for what is no feed."""
    if body.count(b"<") > MOST_TAGS:
        raise Unusable(f"more than {MOST_TAGS:,} tags, which would take minutes to read")
    feed = _parsed(body, address, content_type)
    if not feed.get("version") and content_type:  # which may name a character set that makes nonsense of it
        feed = _parsed(body, address, "")
    damage = _damage(feed.get("bozo_exception"))
    found = feed.get("entries", [])
    if not found and not feed.get("version"):
        raise Unusable(f"neither RSS, Atom nor JSON Feed{f' ({damage})' if damage else ''}")
    return Entries([_plain(one) for one in found[:MOST]], len(found), damage)


def _parsed(body: bytes, address: str, content_type: str) -> Mapping[str, Any]:
    import feedparser  # here, as it takes 50 ms that only who has feeds should wait for

    headers = {"content-type": content_type, "content-location": address}
    try:
        # Given as a file: a text would be taken for an address, or a path. HTML becomes text later, in one pass.
        return feedparser.parse(  # type: ignore[no-any-return]
            io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except Exception as error:  # whatever it runs into, the text is at fault
        raise Unusable(f"neither RSS, Atom nor JSON Feed (the parser gave up: {type(error).__name__})") from error


def _damage(error: object) -> str:
    """What is wrong with the XML; a character set that was told wrongly was mended, and is not."""
    if not isinstance(error, SAXException):
        return ""
    line = f" at line {error.getLineNumber()}" if isinstance(error, SAXParseException) else ""
    return f"the feed is damaged{line}: {text.line(error.getMessage(), limit=100)}"


def _plain(one: Mapping[str, Any]) -> dict[str, object]:
    links = [link for link in one.get("links", ()) if link.get("rel") in ("alternate", "related", "via")]
    return {
        "title": _text(one.get("title_detail")),
        "id": one.get("id") or "",
        "link": one.get("link") or "",
        "names": [*_identifiers(one), *(str(link.get("href", "")) for link in links)],
        "text": _longest(one),
        "addresses": [address for html in _bodies(one) for address in markup.addresses(str(html.get("value", "")))],
        "authors": [str(person.get("name", "")) for person in one.get("authors", ())] or [str(one.get("author", ""))],
        "tags": [str(tag.get("term") or "") for tag in one.get("tags", ())],
        "date": _date(one),
    }


def _identifiers(one: Mapping[str, Any]) -> Iterator[str]:
    return (value for name in _NAMES if isinstance(value := one.get(name), str))


def _bodies(one: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [part for part in (one.get("summary_detail"), *one.get("content", ())) if part]


def _longest(one: Mapping[str, Any]) -> str:
    """The summary, unless it is a teaser of the content."""
    summary, *others = [*map(_text, _bodies(one)), ""]
    return max((summary, *others), key=len) if len(summary) < 400 else summary


def _text(detail: Mapping[str, Any] | None) -> str:
    written = str((detail or {}).get("value") or "")
    return written if (detail or {}).get("type") == "text/plain" else markup.to_text(written)


def _date(one: Mapping[str, Any]) -> str:
    """The day in UTC when it was published, else changed; empty where nothing usable is said."""
    for name in filter(one.__contains__, _DATES):  # asked for what is not there, feedparser warns
        try:
            return date(*one[name][:3]).isoformat()
        except (KeyError, TypeError, ValueError):
            continue
    return ""
