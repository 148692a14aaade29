"""A Hugging Face on loopback: serves days of papers in pages as the real one does, and fails as told.

The shapes are those of `/api/daily_papers` and `/api/papers/ID` (2026); the papers are invented.
"""

from __future__ import annotations

import json
import os
import socket
import struct
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from newsletter.http import Client, Patience, open_client
from newsletter.sources.reach import Reach
from tests.servers.hub import Hub

Answer: TypeAlias = Callable[[BaseHTTPRequestHandler], None]
NOT_FOUND = {"error": "Paper not found."}


@dataclass(frozen=True)
class Asked:
    """One request as it came in."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    """Names in lower case."""


@dataclass
class HuggingFace(Hub):
    """A context manager; `script` answers the first requests, then the days do."""

    days: Mapping[str, Sequence[object]] = field(default_factory=dict)
    papers: Mapping[str, object] = field(default_factory=dict)
    today: str = "2026-03-03"
    endless: bool = False
    """Ignore `p`: every page is the first one."""
    script: deque[Answer] = field(default_factory=deque)
    asked: list[Asked] = field(default_factory=list)

    def page(self, query: Mapping[str, str]) -> tuple[int, object]:
        for name, span in (("date", lambda day: day), ("week", _week), ("month", lambda day: day[:7])):
            asked = query.get(name, "")
            if asked > span(self.today):
                said = f'✖ "{name}" must be less than or equal to "{self.today}T00:00:00.000Z"\n  → at {name}'
                return 400, {"error": said}
            if asked:
                found = [paper for day in sorted(self.days) if span(day) == asked for paper in self.days[day]]
                break
        else:
            found = list(self.days.get(self.today, ()))
            if query.get("sort") == "trending":
                found = [paper for day in sorted(self.days) for paper in self.days[day]]
        if "week" in query or "month" in query or "sort" in query:
            found.sort(key=lambda paper: -int(paper["paper"]["upvotes"]))  # type: ignore[index]
        if submitter := query.get("submitter"):
            found = [paper for paper in found if paper["submittedBy"]["name"] == submitter]  # type: ignore[index]
        limit, number = int(query.get("limit", 50)), 0 if self.endless else int(query.get("p", 0))
        return 200, found[number * limit : (number + 1) * limit]

    def search(self, query: Mapping[str, str]) -> object:
        """Papers with one of the words in their title, in the shape of a search: they do not say when listed."""
        words = query["q"].casefold().split()
        every: list[Any] = [paper for day in self.days.values() for paper in day]
        found = [one for one in every if any(word in one["title"].casefold() for word in words)]
        return [_as_found(one) for one in found[: int(query.get("limit", 20))]]


def _week(day: str) -> str:
    year, week, _ = date.fromisoformat(day).isocalendar()
    return f"{year}-W{week:02}"


def _as_found(listed: Mapping[str, Any]) -> dict[str, object]:
    inner = {key: value for key, value in listed["paper"].items() if not key.startswith("submittedOnDaily")}
    outer = {key: value for key, value in listed.items() if key not in ("submittedBy", "organization")}
    said = [{"type": "text", "text": "Invented "}, {"type": "highlight", "text": "paper"}]
    return outer | {"paper": inner, "upvoted": False, "highlightedTitle": said, "highlightedSummary": said}


class _Handler(BaseHTTPRequestHandler):
    hub: HuggingFace
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet, or each answer waits 40 ms for an acknowledgement

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        self.hub.asked.append(Asked(parts.path, query, {k.lower(): v for k, v in self.headers.items()}))
        if self.hub.script:
            self.hub.script.popleft()(self)
        elif parts.path == "/api/daily_papers":
            code, page = self.hub.page(query)
            following = f"<{self.hub.endpoint}/api/daily_papers?p={int(query.get('p', 0)) + 1}>"
            says(page, code, {"Link": f'{following}; rel="next"'} if page else {})(self)
        elif parts.path == "/api/papers/search":
            says(self.hub.search(query))(self)
        else:
            known = self.hub.papers.get(parts.path.removeprefix("/api/papers/"))
            says(known or NOT_FOUND, 200 if known else 404)(self)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name is http.server's)
        """Nothing: the tests look at `asked`."""


def says(value: object, code: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Answers JSON, or bytes as they are."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(code)
        for name, content in (headers or {}).items():
            request.send_header(name, content)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return answer


def truncated(request: BaseHTTPRequestHandler) -> None:
    """Promises more than it sends."""
    request.send_response(200)
    request.send_header("Content-Length", "1000")
    request.end_headers()
    request.wfile.write(b'[{"paper": {')
    request.close_connection = True


def resets(request: BaseHTTPRequestHandler) -> None:
    """Drops the connection without an answer (RST, as a firewall or a dying server does)."""
    request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(request.connection.detach())
    request.close_connection = True


def hangs(request: BaseHTTPRequestHandler) -> None:
    """Says nothing until the test is over."""
    hub: HuggingFace = request.hub  # type: ignore[attr-defined]
    hub.over.wait(10)
    request.close_connection = True


@dataclass
class Stopwatch:
    """Time that passes only by sleeping, and by `a_look` seconds each time somebody looks."""

    a_look: float = 0
    now: float = 0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        self.now += self.a_look
        return self.now

    def patience(self, attempts: int = 3, total: float = 60) -> Patience:
        return Patience(attempts, timedelta(seconds=total), self.sleep, lambda: 0.0, self.clock)


def reach(
    hub: HuggingFace | None = None, home: Path = Path(), read: float = 5, token: str = "", **patience: Any
) -> Reach:
    """What a source gets in a test: no waiting, and no way to anywhere but the loopback."""
    watch = Stopwatch().patience(**patience)
    if hub is None:
        return Reach(_nowhere(), home, watch, "http://127.0.0.1:9", token)
    return Reach(hub.client(read), home, watch, hub.endpoint, token)


@cache
def _nowhere() -> Client:
    return open_client()


def paper_json(number: int = 1, day: str = "2026-03-03", **changes: object) -> dict[str, object]:
    """A paper as `/api/daily_papers` lists it in 2026; `changes` go to its inner object."""
    published = (date.fromisoformat(day) - timedelta(days=2)).isoformat()
    submitter = "ida" if number % 2 else "bo"
    paper = {
        "id": f"2603.{number:05}",
        "authors": [
            {"_id": f"a{number}", "name": f"Ida Example {number}", "hidden": False},
            {"_id": f"b{number}", "name": "Bo Sample", "hidden": False, "user": {"user": "bo"}},
        ],
        "publishedAt": f"{published}T01:30:00.000Z",
        "submittedOnDailyAt": f"{day}T00:00:00.000Z",
        "title": f"Invented paper number {number}",
        "summary": f"We invent the paper\nwith number {number}.",
        "upvotes": number,
        "discussionId": f"d{number}",
        "ai_summary": f"The invention of number {number}.",
        "ai_keywords": ["invention", "numbers"],
        "projectPage": f" https://example.org/{number}",
        "githubRepo": f"https://github.com/example/{number}",
        "githubStars": 10 * number,
        "submittedOnDailyBy": {"_id": "s", "user": submitter, "fullname": submitter.title(), "type": "user"},
    } | changes
    return {
        "paper": paper,
        "publishedAt": f"{published}T21:30:00.000Z",
        "title": paper["title"],
        "summary": paper["summary"],
        "thumbnail": f"https://example.org/{number}.png",
        "numComments": 2,
        "organization": {"_id": f"o{number}", "name": "example-lab", "fullname": "Example Lab"},
        "submittedBy": {"_id": "s", "name": submitter, "fullname": submitter.title(), "type": "user"},
        "isAuthorParticipating": False,
    }


HuggingFace.handler = _Handler
