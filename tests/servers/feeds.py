"""A web site with feeds on loopback: answers 304 to who knows the feed already; and feeds of invented papers.

The shapes are those of RSS 2.0, Atom 1.0 and JSON Feed 1.1 as blogs and journals write them (2026).
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from html import escape
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from newsletter.answers import Answers
from newsletter.guard import Guard
from newsletter.http import open_client
from newsletter.sources.reach import Reach
from tests.servers.hub import QuietServer
from tests.servers.huggingface import Answer, Asked, Stopwatch, says

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)


@dataclass
class Site:
    """What is published, by path: feeds as bytes or text, or any answer."""

    pages: dict[str, bytes | str | Answer] = field(default_factory=dict)
    content_type: str = "application/rss+xml"
    asked: list[Asked] = field(default_factory=list)
    address: str = ""

    def answer(self, request: BaseHTTPRequestHandler) -> Answer:
        parts = urlsplit(request.path)
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append(Asked(parts.path, dict(parse_qsl(parts.query)), headers))
        page = self.pages.get(parts.path, says(b"not here", 410))
        if callable(page):
            return page
        body = page.encode() if isinstance(page, str) else page
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if headers.get("if-none-match") == tag:
            return says(b"", 304, {"ETag": tag})
        return says(body, 200, {"ETag": tag, "Content-Type": self.content_type})

    @property
    def sources(self) -> tuple[str, ...]:
        """The pages, as settings name them."""
        return tuple(f"rss:{self.address}{path}" for path in self.pages)


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    """Serves the site on a free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_GET(self) -> None:
            site.answer(self)(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name is http.server's)
            """Nothing: the tests look at `asked`."""

    server = QuietServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    site.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def reaching(answers: Answers | None = None, private: str = "127.0.0.1", now: datetime = NOW) -> Iterator[Reach]:
    """What a source gets in a test: no waiting between attempts, and the loopback allowed."""
    with open_client(read=5) as client:
        reach = Reach(client, Path(), Stopwatch().patience(), answers=answers, now=lambda: now)
        yield replace(reach, guard=Guard(frozenset({private})))


def item(number: int = 1, **changes: str) -> str:
    """An RSS item; `changes` are elements, and an empty one is left out."""
    elements = {
        "title": f"Invented paper number {number} on rivers",
        "link": f"https://example.org/papers/{number}",
        "guid": f"https://example.org/?p={number}",
        "pubDate": "Mon, 02 Mar 2026 09:30:00 GMT",
        "dc:creator": "Ida Example",
        "description": f"<p>We invent &amp; test number {number}.</p>",
    } | {name.replace("__", ":"): value for name, value in changes.items()}
    return "<item>" + "".join(f"<{k}>{escape(v)}</{k}>" for k, v in elements.items() if v) + "</item>"


def rss(*items: str, **head: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:prism="http://prismstandard.org/namespaces/basic/2.0/" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/">\n<channel><title>An invented blog</title>'
        f"<link>https://example.org/</link>\n{chr(10).join(items)}\n</channel></rss>"
    )


def atom(*entries: str) -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom"><title>An invented list'
        f"</title><id>tag:example.org,2026:list</id><updated>2026-03-03T08:00:00Z</updated>{''.join(entries)}</feed>"
    )


def atom_entry(number: int = 1, published: str = "2026-03-02T23:30:00-05:00", inside: str = "") -> str:
    return (
        f"<entry><title type='html'>Invented paper &lt;i&gt;{number}&lt;/i&gt; on lakes</title>"
        f"<id>tag:example.org,2026:{number}</id><link href='https://example.org/lakes/{number}'/>"
        f"<author><name>Bo Sample</name></author><author><name>Cy Test</name></author>"
        f"<published>{published}</published><updated>2026-03-03T08:00:00Z</updated>"
        f"<category term='cs.LG'/><category term='lakes'/><summary>Text of {number}.</summary>{inside}</entry>"
    )


def json_feed(*items: dict[str, object]) -> str:
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "Invented", "items": items})
