"""A Zotero on loopback: answers `items/top` page by page as api.zotero.org does, and fails as told.

The shapes are those of zotero.org/support/dev/web_api/v3/basics (read 2026-11): `Total-Results`, one version for a whole
library, 304 where it is as it was, 403 for a wrong key, at most 100 items. The items are invented.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from newsletter.archive import Archive
from newsletter.http import open_client
from newsletter.sources.reach import Reach
from tests.servers.biorxiv import WEDNESDAY
from tests.servers.hub import Hub
from tests.servers.huggingface import Answer, Asked, Stopwatch, says

KEY = "P9NiFoyLeZu2bZNvvuQPDWsd"


def item(number: int = 1, **changes: Any) -> dict[str, Any]:
    """An invented paper as `format=json` has it; it is on arXiv."""
    key = f"ITEM{number:04}"
    data = {
        "key": key,
        "version": number,
        "itemType": "preprint",
        "title": f"Invented item number {number} of a library",
        "creators": [{"creatorType": "author", "firstName": "Ida", "lastName": "Example"}],
        "abstractNote": f"We collect number {number}.",
        "repository": "arXiv",
        "archiveID": f"arXiv:2601.{number:05}",
        "date": "2026-01-07",
        "DOI": f"10.48550/arXiv.2601.{number:05}",
        "url": f"http://arxiv.org/abs/2601.{number:05}",
        "extra": f"arXiv:2601.{number:05} [cs]",
        "tags": [{"tag": "Computer Science - Robotics", "type": 1}],
        "collections": [],
        "relations": {},
        "dateAdded": "2026-01-10T12:00:00Z",
    } | changes
    return {
        "key": key,
        "version": number,
        "library": {"type": "user", "id": 12345, "name": "Ida Example", "links": {}},
        "links": {"self": {"href": f"https://api.zotero.org/users/12345/items/{key}", "type": "application/json"}},
        "meta": {"creatorSummary": "Example", "parsedDate": "2026-01-07", "numChildren": 1},
        "data": data,
    }


@dataclass
class Zotero(Hub):
    """A context manager; `script` answers the first requests, then the libraries do, by their paths."""

    libraries: dict[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    version: int = 7
    key: str = ""
    """Who does not send it may read nothing; nobody has to where it is empty."""
    backoff: int = 0
    """Seconds that it asks to be left alone for, with every answer."""
    script: deque[Answer] = field(default_factory=deque)
    asked: list[Asked] = field(default_factory=list)

    def reach(
        self, archive: Archive | None = None, key: str = "", watch: Stopwatch | None = None, **patience: Any
    ) -> Reach:
        """What is handed in in a test: no waiting."""
        return Reach(
            self._clients.enter_context(open_client(read=5)),
            Path(),
            (watch or Stopwatch()).patience(**patience),
            answers=archive.answers if archive else None,
            now=lambda: WEDNESDAY,
            zotero=self.endpoint,
            secret={"ZOTERO_API_KEY": key}.get if key else lambda _: "",  # type: ignore[arg-type]
        )

    def answer(self, path: str, asked: Asked) -> Answer:
        told = {"Last-Modified-Version": str(self.version)} | ({"Backoff": str(self.backoff)} if self.backoff else {})
        if self.key and asked.headers.get("zotero-api-key") != self.key:
            return says(b"Forbidden", 403)
        items = self.libraries.get(path.removeprefix("/").removesuffix("/items/top"))
        if items is None:
            return says(b"Not found", 404)
        if asked.headers.get("if-modified-since-version") == str(self.version):
            return says(b"", 304, told)
        start, limit = int(asked.query["start"]), min(100, int(asked.query["limit"]))
        return says(list(items)[start : start + limit], 200, told | {"Total-Results": str(len(items))})


class _Handler(BaseHTTPRequestHandler):
    hub: Zotero
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = Asked(parts.path, dict(parse_qsl(parts.query)), {k.lower(): v for k, v in self.headers.items()})
        self.hub.asked.append(asked)
        answer = self.hub.script.popleft() if self.hub.script else self.hub.answer(parts.path, asked)
        answer(self)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name is http.server's)
        """Nothing: the tests look at `asked`."""


Zotero.handler = _Handler
