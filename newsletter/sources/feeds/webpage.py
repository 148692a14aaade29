"""Recognises a web page where a feed was expected, and says what it is. No I/O."""

from __future__ import annotations

import html
import re
from urllib.parse import urljoin

from newsletter import identity, text

_LOOKED_AT = 200_000
_START = re.compile(
    rb"^\s*(?:<\?xml[^>]{0,200}\?>\s*|<!--.{0,2000}?-->\s*)*(?:<!doctype\s+html|<html[\s>])", re.I | re.S
)
_ROOT = re.compile(rb"<(?:rss|feed|rdf:RDF)[\s>]", re.I)  # some feeds say that they were HTML
_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{0,300})", re.I)
_PASSWORD = re.compile(r"""<input\b[^>]{0,500}\btype\s*=\s*["']?password""", re.I)
_LINK = re.compile(r"<link\b[^>]{0,1000}>", re.I)
_FEED = re.compile(r"""\btype\s*=\s*["']?application/(?:rss\+xml|atom\+xml|feed\+json)""", re.I)
_HREF = re.compile(r"""\bhref\s*=\s*["']?([^"'\s>]{1,2000})""", re.I)


def described(body: bytes, address: str) -> str:
    """What page this is, and where it says that its feed is; empty for what is none."""
    start = body[:_LOOKED_AT].removeprefix(b"\xef\xbb\xbf")
    if not _START.match(start) or _ROOT.search(start[:5_000]):
        return ""
    written = start.decode("utf-8", "replace")
    title = _TITLE.search(written)
    named = f" ({text.line(html.unescape(title[1]), limit=80)!r})" if title and title[1].strip() else ""
    if _PASSWORD.search(written):
        return f"a login page{named}, not a feed"
    feed = _feed_of(written, address)
    return f"a web page{named}, not a feed" + (f"; it says that its feed is {feed}" if feed else "")


def _feed_of(written: str, address: str) -> str:
    for link in _LINK.findall(written):
        where = _HREF.search(link)
        if where and _FEED.search(link):
            try:
                return text.line(identity.web_link(urljoin(address, html.unescape(where[1]))), limit=200)
            except ValueError:
                return ""
    return ""
