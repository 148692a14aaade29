"""bioRxiv and medRxiv on loopback: answers `/details` as api.biorxiv.org does, and fails as told.

The shapes are those of its help page (api.biorxiv.org/details/medrxiv/help, read 2026-11) and, where that is silent, of
what others wrote down: pages of 30, `total` as text, "no posts found" (2026-07). The papers are invented.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from newsletter.archive import Archive
from newsletter.http import open_client
from newsletter.sources.biorxiv import BIORXIV, MEDRXIV, Server
from newsletter.sources.reach import Reach
from tests.servers.hub import Hub
from tests.servers.huggingface import Answer, Asked, Stopwatch, says

WEDNESDAY = datetime(2026, 3, 4, 12, tzinfo=UTC)
NOTHING = {"messages": [{"status": "no posts found"}], "collection": []}


def record(number: int = 1, **changes: Any) -> dict[str, Any]:
    """One version of an invented paper, as `/details` lists it; it is the first, of Tuesday, 3 March 2026."""
    return {
        "title": f"Invented paper number {number} on mice",
        "authors": "Example, I.; Sample, B. C.; The Invented Consortium",
        "author_corresponding": "Ida Example",
        "author_corresponding_institution": "Example University",
        "doi": f"10.64898/2026.03.01.{number:06}",
        "date": "2026-03-03",
        "version": "1",
        "type": "new results",
        "license": "cc_by",
        "category": "neuroscience",
        "jatsxml": f"https://www.biorxiv.org/content/early/2026/03/03/2026.03.01.{number:06}.source.xml",
        "abstract": f"We invent number {number}.",
        "funder": "NA",
        "published": "NA",
        "server": "bioRxiv",
    } | changes


@dataclass
class Biorxiv(Hub):
    """A context manager; `script` answers the first requests, then the records do."""

    records: Sequence[Mapping[str, Any]] = ()
    page: int = 30
    promised: int = 0
    """How many records more than there are it says there are."""
    endless: bool = False
    """Ignore the cursor: every page is the first one."""
    knows_subjects: bool = True
    script: deque[Answer] = field(default_factory=deque)
    asked: list[Asked] = field(default_factory=list)

    @property
    def biorxiv(self) -> Server:
        return replace(BIORXIV, endpoint=self.endpoint)

    @property
    def medrxiv(self) -> Server:
        return replace(MEDRXIV, endpoint=self.endpoint)

    def reach(self, archive: Archive | None = None, now: datetime = WEDNESDAY, **patience: Any) -> Reach:
        """What the source gets in a test: no waiting."""
        client = self._clients.enter_context(open_client(read=5))
        return Reach(
            client,
            Path(),
            Stopwatch(patience.pop("a_look", 0)).patience(**patience),
            answers=archive.answers if archive else None,
            now=lambda: now,
            introduction="newsletter/test (mailto:ada@example.org)",
        )

    def answer(self, path: str, query: Mapping[str, str]) -> object:
        server, since, until, cursor, form = path.removeprefix("/details/").split("/")
        assert form == "json"
        subject = query.get("category", "").replace("_", " ") if self.knows_subjects else ""
        found = [
            one
            for one in self.records
            if (str(one["server"]).lower(), True) == (server, since <= str(one["date"]) <= until)
            and subject in ("", one["category"])
        ]
        start = 0 if self.endless else int(cursor)
        page = found[start : start + self.page]
        if not page:
            return NOTHING
        message = {
            "status": "ok",
            "category": subject or "all",
            "interval": f"{since}:{until}",
            "funder": "all",
            "cursor": int(cursor) or 0,
            "count": len(page),
            "count_new_papers": str(sum(one["version"] == "1" for one in found)),
            "total": str(len(found) + self.promised),
        }
        return {"messages": [message], "collection": page}


class _Handler(BaseHTTPRequestHandler):
    hub: Biorxiv
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        self.hub.asked.append(Asked(parts.path, query, {k.lower(): v for k, v in self.headers.items()}))
        answer = self.hub.script.popleft() if self.hub.script else says(self.hub.answer(parts.path, query))
        answer(self)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name is http.server's)
        """Nothing: the tests look at `asked`."""


Biorxiv.handler = _Handler
