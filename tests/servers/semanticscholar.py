"""Semantic Scholar on loopback: recommends papers as api.semanticscholar.org does, and fails as told.

The shapes are those of its description (api.semanticscholar.org/api-docs/recommendations, read 2026-11). The papers are
invented.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from newsletter.archive import Archive
from newsletter.http import open_client
from newsletter.sources.reach import Reach
from newsletter.sources.semanticscholar import Recommender
from tests.servers.biorxiv import WEDNESDAY
from tests.servers.hub import Hub
from tests.servers.huggingface import Answer, Asked, Stopwatch, says

KEY = "s2k-invented-0123456789"


def recommended(number: int = 1, **changes: Any) -> dict[str, Any]:
    """An invented paper with every field that is asked for; it is on arXiv."""
    return {
        "paperId": f"{number:040x}",
        "externalIds": {
            "ArXiv": f"2603.{number:05}",
            "DOI": f"10.48550/arXiv.2603.{number:05}",
            "CorpusId": 280000000 + number,
        },
        "url": f"https://www.semanticscholar.org/paper/{number:040x}",
        "title": f"Invented recommendation number {number}",
        "abstract": f"We recommend number {number}.",
        "publicationDate": "2026-03-01",
        "authors": [{"authorId": "1", "name": "Ida Example"}, {"authorId": None, "name": "Bo Sample"}],
    } | changes


@dataclass
class SemanticScholar(Hub):
    """A context manager; `script` answers the first requests, then the papers do."""

    papers: Sequence[Mapping[str, Any]] = ()
    unknown: frozenset[str] = frozenset()
    """Ids that it does not know."""
    script: deque[Answer] = field(default_factory=deque)
    asked: list[Asked] = field(default_factory=list)
    posted: list[Mapping[str, Sequence[str]]] = field(default_factory=list)

    @property
    def recommender(self) -> Recommender:
        return Recommender(self.endpoint)

    def reach(self, archive: Archive | None = None, now: datetime = WEDNESDAY, key: str = "", **patience: Any) -> Reach:
        """What the source gets in a test: no waiting."""
        return Reach(
            self._clients.enter_context(open_client(read=5)),
            Path(),
            Stopwatch().patience(**patience),
            answers=archive.answers if archive else None,
            now=lambda: now,
            introduction="newsletter/test (mailto:ada@example.org)",
            secret=lambda name: key if name == "S2_API_KEY" else "",
        )

    def answer(self, posted: Mapping[str, Sequence[str]], query: Mapping[str, str]) -> Answer:
        missing = [id_ for ids in posted.values() for id_ in ids if id_ in self.unknown]
        if missing:
            return says({"error": f"Input papers not found: {missing}"}, 404)
        asked = {"paperId", *query["fields"].split(",")}
        found = [{key: value for key, value in one.items() if key in asked} for one in self.papers]
        return says({"recommendedPapers": found[: int(query["limit"])]})


class _Handler(BaseHTTPRequestHandler):
    hub: SemanticScholar
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_POST(self) -> None:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        posted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.hub.posted.append(posted)
        self.hub.asked.append(Asked(parts.path, query, {k.lower(): v for k, v in self.headers.items()}))
        answer = self.hub.script.popleft() if self.hub.script else self.hub.answer(posted, query)
        answer(self)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name is http.server's)
        """Nothing: the tests look at `asked`."""


SemanticScholar.handler = _Handler
