"""An arXiv on loopback: the list of today as rss.arxiv.org makes it, and the API as export.arxiv.org answers.

The shapes are those of recorded answers (2026-04); the papers are invented. It finds papers by their ids and by the
minute they were submitted in, and fails as told.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from newsletter.archive import Archive
from newsletter.sources.reach import Reach
from tests.servers.hub import Hub
from tests.servers.huggingface import Answer, Asked, Stopwatch, says

NEW_YORK = ZoneInfo("America/New_York")
TUESDAY = datetime(2026, 3, 3, 8, tzinfo=UTC)


@dataclass(frozen=True)
class Preprint:
    """A paper as arXiv has it."""

    id: str
    title: str
    abstract: str = "We invent it."
    authors: tuple[str, ...] = ("Ida Example", "Bo Sample")
    categories: tuple[str, ...] = ("cs.CL",)
    """The primary one first."""
    version: int = 1
    kind: str = "new"
    submitted: datetime = datetime(2026, 3, 2, 12, tzinfo=UTC)
    doi: str = ""


def preprint(number: int = 1, **changes: Any) -> Preprint:
    """An invented paper that was announced on the evening of Monday, 2 March 2026."""
    made = Preprint(f"2603.{number:05}", f"Invented preprint number {number}", f"We invent number {number}.")
    return replace(made, **changes)


@dataclass
class Arxiv(Hub):
    """A context manager; `script` answers the first requests, then the papers do."""

    papers: Sequence[Preprint] = ()
    """What the API knows."""
    day: date = date(2026, 3, 3)
    """Of which day its list is."""
    announced: Sequence[Preprint] | None = None
    """What stands in the list; else the papers."""
    script: deque[Answer] = field(default_factory=deque)
    asked: list[Asked] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    """When each request came, in seconds."""

    @property
    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    def reach(
        self, now: datetime = TUESDAY, archive: Archive | None = None, home: Path = Path(), read: float = 5, **how: Any
    ) -> Reach:
        """What the source gets in a test: time stands, and nobody waits."""
        patience = Stopwatch().patience(**how)
        answers = archive.answers if archive else None
        return Reach(self.client(read), home, patience, answers=answers, now=lambda: now, arxiv=self.endpoint)

    def list(self, names: str) -> bytes:
        """The list of the day, as RSS."""
        wanted = set(names.split("+"))
        shown = self.papers if self.announced is None else self.announced
        return rss([paper for paper in shown if _is_in(paper, wanted)], self.day, names)

    def answer(self, query: dict[str, str]) -> tuple[int, bytes]:
        """What the API says: a status and Atom."""
        found: list[Preprint] = []
        if "id_list" in query:
            known = {paper.id: paper for paper in self.papers}
            for id_ in query["id_list"].split(","):
                if not re.fullmatch(r"\d{4}\.\d{4,5}|[a-z-]+/\d{7}", id_) or id_[2:].startswith(("00", "13", "99")):
                    return 400, refusal(f"incorrect id format for {id_}")
                found += [known[id_]] if id_ in known else []
        else:
            asked = query["search_query"]
            wanted = set(re.findall(r"cat:([\w.-]+?)(?:\.\*)?[ )]", asked))
            [(first, last)] = re.findall(r"submittedDate:\[(\d{12}) TO (\d{12})\]", asked)
            found = [
                paper
                for paper in sorted(self.papers, key=lambda paper: (paper.submitted, paper.id))
                if _is_in(paper, wanted) and first <= f"{paper.submitted:%Y%m%d%H%M}" <= last
            ]
        start, limit = int(query.get("start", 0)), int(query.get("max_results", 10))
        return 200, atom(found[start : start + limit], total=len(found), start=start)


def _is_in(paper: Preprint, wanted: set[str]) -> bool:
    return any(one in wanted or one.partition(".")[0] in wanted for one in paper.categories)


class _Handler(BaseHTTPRequestHandler):
    hub: Arxiv
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self) -> None:
        self.hub.at.append(time.monotonic())
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        self.hub.asked.append(Asked(parts.path, query, {k.lower(): v for k, v in self.headers.items()}))
        if self.hub.script:
            self.hub.script.popleft()(self)
        elif parts.path == "/api/query":
            status, body = self.hub.answer(query)
            says(body, status, {"Content-Type": "application/atom+xml"})(self)
        elif parts.path.startswith("/rss/"):
            self._list(self.hub.list(unquote(parts.path.removeprefix("/rss/"))))
        else:
            says(b"", 404)(self)

    def _list(self, body: bytes) -> None:
        tag = hashlib.sha256(body).hexdigest()
        head = {"ETag": tag, "Content-Type": "application/rss+xml", "Cache-Control": "max-age=3600"}
        if self.headers.get("If-None-Match") == tag:
            says(b"", 304, head)(self)
        else:
            says(body, 200, head)(self)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name is http.server's)
        """Nothing: the tests look at `asked`."""


def packed(body: bytes) -> Answer:
    """Answers gzip."""
    return says(gzip.compress(body), 200, {"Content-Encoding": "gzip"})


# -- the shapes


def rss(papers: Sequence[Preprint], day: date, names: str = "cs.CL") -> bytes:
    """The list of a day."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=NEW_YORK)
    made = (midnight + timedelta(seconds=6)).astimezone(UTC)
    return f"""<?xml version='1.0' encoding='UTF-8'?>
<rss xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" \
xmlns:atom="http://www.w3.org/2005/Atom" xmlns:content="http://purl.org/rss/1.0/modules/content/" version="2.0">
  <channel>
    <title>{names} updates on arXiv.org</title>
    <link>http://rss.arxiv.org/rss/{names}</link>
    <description>{names} updates on the arXiv.org e-print archive.</description>
    <atom:link href="http://rss.arxiv.org/rss/{names}" rel="self" type="application/rss+xml"/>
    <language>en-us</language>
    <lastBuildDate>{made:%a, %d %b %Y %H:%M:%S} +0000</lastBuildDate>
    <managingEditor>rss-help@arxiv.org</managingEditor>
    <pubDate>{midnight:%a, %d %b %Y %H:%M:%S %z}</pubDate>
    <skipDays>
      <day>Sunday</day>
      <day>Saturday</day>
    </skipDays>
{"".join(_item(paper, midnight) for paper in papers)}  </channel>
</rss>
""".encode()


def _item(paper: Preprint, midnight: datetime) -> str:
    categories = "".join(f"      <category>{one}</category>\n" for one in paper.categories)
    doi = f"      <arxiv:DOI>{paper.doi}</arxiv:DOI>\n" if paper.doi else ""
    return f"""    <item>
      <title>{escape(paper.title)}</title>
      <link>https://arxiv.org/abs/{paper.id}</link>
      <description>arXiv:{paper.id}v{paper.version} Announce Type: {paper.kind} \nAbstract: {escape(paper.abstract)}\
</description>
      <guid isPermaLink="false">oai:arXiv.org:{paper.id}v{paper.version}</guid>
{categories}      <pubDate>{midnight:%a, %d %b %Y %H:%M:%S %z}</pubDate>
      <arxiv:announce_type>{paper.kind}</arxiv:announce_type>
      <dc:rights>http://creativecommons.org/licenses/by/4.0/</dc:rights>
{doi}      <dc:creator>{escape(", ".join(paper.authors))}</dc:creator>
    </item>
"""


def atom(papers: Sequence[Preprint], total: int | None = None, start: int = 0) -> bytes:
    """A page of the API."""
    return f"""<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns:arxiv="http://arxiv.org/schemas/atom" \
xmlns="http://www.w3.org/2005/Atom">
  <id>https://arxiv.org/api/invented</id>
  <title>arXiv Query: invented</title>
  <updated>2026-03-03T05:00:06Z</updated>
  <link href="https://arxiv.org/api/query?invented" type="application/atom+xml"/>
  <opensearch:itemsPerPage>{len(papers)}</opensearch:itemsPerPage>
  <opensearch:totalResults>{len(papers) if total is None else total}</opensearch:totalResults>
  <opensearch:startIndex>{start}</opensearch:startIndex>
{"".join(map(_entry, papers))}</feed>
""".encode()


def _entry(paper: Preprint) -> str:
    categories = "".join(
        f'    <category term="{one}" scheme="http://arxiv.org/schemas/atom"/>\n' for one in paper.categories
    )
    authors = "".join(f"    <author>\n      <name>{escape(one)}</name>\n    </author>\n" for one in paper.authors)
    doi = f"    <arxiv:doi>{paper.doi}</arxiv:doi>\n" if paper.doi else ""
    return f"""  <entry>
    <id>http://arxiv.org/abs/{paper.id}v{paper.version}</id>
    <title>{escape(paper.title)}</title>
    <updated>{paper.submitted:%Y-%m-%dT%H:%M:%SZ}</updated>
    <link href="https://arxiv.org/abs/{paper.id}v{paper.version}" rel="alternate" type="text/html"/>
    <link href="https://arxiv.org/pdf/{paper.id}v{paper.version}" rel="related" type="application/pdf" title="pdf"/>
    <summary>{escape(paper.abstract)}</summary>
{categories}    <published>{paper.submitted:%Y-%m-%dT%H:%M:%SZ}</published>
    <arxiv:comment>12 pages</arxiv:comment>
    <arxiv:primary_category term="{paper.categories[0]}"/>
{doi}{authors}  </entry>
"""


def refusal(why: str) -> bytes:
    """What the API answers with HTTP 400."""
    return f"""<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns="http://www.w3.org/2005/Atom">
  <id>https://arxiv.org/</id>
  <title>arXiv Search Results</title>
  <entry>
    <id>https://arxiv.org/api/errors#{why.replace(" ", "_")}</id>
    <title>Error</title>
    <summary>{why}</summary>
    <author>
      <name>arXiv api core</name>
    </author>
  </entry>
</feed>
""".encode()


def feed_error(why: str) -> bytes:
    """What the lists answer with HTTP 400."""
    return (
        rss([], date(2026, 3, 3))
        .replace(b"cs.CL updates on arXiv.org", b"Feed error for query: http://x")
        .replace(b"cs.CL updates on the arXiv.org e-print archive.", why.encode())
    )


Arxiv.handler = _Handler
