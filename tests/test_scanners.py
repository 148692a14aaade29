"""Mail scanners open every link of every mail, again and again, and change nothing at all.

NEWSLETTER_SCANNED=10000 does it with so many readers, of one paper each.
"""

import asyncio
import email
import email.policy
import html
import os
import re
import sqlite3
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context

import pytest

from newsletter.http import httpx
from newsletter.models import Subscriber
from newsletter.readers.consents import Circumstances
from newsletter.web import pages
from newsletter.web.reader.subscribing import subscribe
from tests.homes import invented_day, make_home, readers

DAY = "2026-03-03"
NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
BASE = "https://papers.example.org"
NUMBER = int(os.environ.get("NEWSLETTER_SCANNED", "40"))
TIMES = 5
HANDS = 2
"""Processes, as pages are served by several."""
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36",
    "BarracudaCentral/1.0 (link scanner)",
    "Mozilla/5.0 (compatible; Proofpoint URL Defense)",
    "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
    "GoogleImageProxy",
    "python-requests/2.31",
    "",
)
WAYS = (("GET", {}), ("HEAD", {}), ("GET", {"purpose": "prefetch", "sec-purpose": "prefetch"}))


@pytest.fixture
def home(tmp_path):
    """Everybody was sent an edition, one reader of the web among them, and somebody asked to subscribe."""
    home = make_home(tmp_path / "home")
    home.day(DAY, invented_day(DAY, 10))
    names = [f"reader{number:05}" for number in range(NUMBER)]
    home.subscribers(readers(names).replace("trending: 0", "trending: 0, max_papers: 1"))
    home.run("send", "--date", DAY, NEWSLETTER_BASE_URL=BASE)
    with home.app(NOW, NEWSLETTER_BASE_URL=BASE) as app:  # later: by the clock of `send` it was too long ago
        subscribe(app, Subscriber("ada", "ada@example.net"), Circumstances("form", "I want it"))
    return home


def links(mail):
    """The addresses of ours in a mail: of its headers, its text and its HTML."""
    message = email.message_from_bytes(mail, policy=email.policy.default)
    bodies = [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
    told = " ".join([str(message["List-Unsubscribe"] or ""), *(html.unescape(body) for body in bodies)])
    return sorted({found.removeprefix(BASE) or "/" for found in re.findall(rf"{BASE}[^\s\"'<>)]*", told)})


def contents(home):
    """Every row of every table, of all that is kept."""
    found = []
    for name in ("newsletter.db", "archive.db"):
        with closing(sqlite3.connect(home.path / name)) as connection:
            found += list(connection.iterdump())
    return found


async def _swarm(site, paths):
    """Pages and statuses."""
    found = set()
    room = asyncio.Semaphore(8)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(site), base_url=BASE) as client:

        async def scan(number, path):
            for time in range(TIMES):
                method, extra = WAYS[(number + time) % len(WAYS)]
                agent = AGENTS[(number + time) % len(AGENTS)]
                async with room:
                    answer = await client.request(method, path, headers={"user-agent": agent, **extra})
                found.add((path.split("/")[1].split("?")[0], answer.status_code))

        await asyncio.gather(*(scan(number, path) for number, path in enumerate(paths)))
    return found


def scanned(home, paths):
    """What a process of its own finds."""
    with home.app(NOW + timedelta(hours=1), NEWSLETTER_BASE_URL=BASE) as app:
        return asyncio.run(_swarm(pages(app), paths))


def test_whatever_scanners_open_nothing_is_changed(home):
    mails = [file.read_bytes() for file in sorted((home.path / "outbox").glob("*.eml"))]
    paths = [path for mail in mails for path in links(mail)]
    before = contents(home)
    with ProcessPoolExecutor(HANDS, get_context("spawn")) as hands:
        found = set().union(*hands.map(scanned, [home] * HANDS, (paths[n::HANDS] for n in range(HANDS))))
    assert NUMBER + 1 == len(mails)
    assert {"unsubscribe", "confirm", "preferences", "f", "edition"} == {page for page, _ in found}
    assert {200} == {status for _, status in found}
    assert before == contents(home)
