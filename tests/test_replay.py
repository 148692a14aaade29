"""The recorded days once more, hour by hour, from a Hugging Face and an arXiv that fail as such hosts do.

Hugging Face's list grows during the day as it did, and either host answers with errors, half an answer, a page for
people or another day's list. Whoever wants every paper gets each exactly once, every day has its edition, and a source
that was broken is named. TEST_DAYS=all takes all of the days.
"""

import json
import os
import random
import sqlite3
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import chain

import pytest

from newsletter.app import open_app
from newsletter.scheduler import Ticker
from newsletter.settings import ensure_secret, load
from newsletter.sources import arxiv_days
from tests.homes import RECORDINGS, make_home
from tests.servers.arxiv import Arxiv, Preprint
from tests.servers.huggingface import Answer, HuggingFace, Stopwatch, resets, says, truncated
from tests.stores import unsynced
from tests.test_scheduler import Clock

RECORDED = RECORDINGS / "hf_daily"
DAY = timedelta(days=1)
FIRST = date(2026, 1, 1)
LAST = date(2026, 4, 30)
SHORT = date(2026, 1, 13)
SUBSCRIBERS = """
defaults: {timezone: UTC, send_at: 08:00, cadence: daily, max_papers: 500}
subscribers:
  - {email: all@example.org, trending: 500}
  - {email: evening@example.org, send_at: 20:00, trending: 500}
  - {email: tokyo@example.org, timezone: Asia/Tokyo, trending: 500}
  - {email: weekly@example.org, cadence: weekly friday, trending: 500}
  - email: agents@example.org
    trending: 0
    interests: [{name: Agents, keywords: [agent, agents, reasoning], threshold: loose}]
"""
EVERYTHING = ("all@example.org", "evening@example.org", "tokyo@example.org")
PAGE = b"<!doctype html><title>Log in</title><p>Please log in."
PASSING: Sequence[Answer] = (
    says({"error": "slow down"}, 429, {"Retry-After": "7"}),
    says(b"", 503),
    truncated,
    resets,
)
LASTING: Sequence[Answer] = (says(b"", 502), says(PAGE, 200, {"Content-Type": "text/html"}), says(b"["), truncated)
NAMED = ("HTTP 502", "a web page", "not JSON", "peer closed connection")
pytestmark = pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded days are not beside this checkout")


@dataclass
class World:
    """Both hosts, as they are at a moment; each fails in its own way now and then."""

    face: HuggingFace
    arxiv: Arxiv
    recorded: dict[date, list[dict[str, object]]]
    preprints: dict[date, list[Preprint]]
    chance: random.Random
    broken: set[date] = field(default_factory=set)
    """The days on which a host failed for good, at least once."""

    def at(self, moment: datetime) -> None:
        today = moment.date()
        self.face.today = today.isoformat()
        self.face.days = {
            day.isoformat(): [paper for paper in papers if _listed(paper) <= moment]
            for day, papers in self.recorded.items()
            if day <= today
        }
        newest = arxiv_days.today(moment)
        self.arxiv.day, self.arxiv.announced = newest, self.preprints.get(newest, [])
        self.arxiv.papers = [one for day, some in self.preprints.items() if day <= newest for one in some]
        self._fail(moment)

    def _fail(self, moment: datetime) -> None:
        for host in (self.face, self.arxiv):
            host.script = deque()
            dice = self.chance.random()
            if dice < 0.15:  # once, and then it works
                host.script.append(self.chance.choice(PASSING))
            elif dice < 0.25:  # as often as anybody asks
                host.script.extend([self.chance.choice(LASTING)] * 200)
                self.broken.add(moment.date())


def _listed(paper: dict[str, object]) -> datetime:
    inner = paper["paper"]
    assert isinstance(inner, dict)
    return datetime.fromisoformat(str(inner["submittedOnDailyAt"]))


def days(last: date) -> Iterator[date]:
    return (FIRST + n * DAY for n in range((last - FIRST).days + 1))


def recorded(last: date) -> dict[date, list[dict[str, object]]]:
    found = {day: RECORDED / f"{day}.json" for day in days(last)}
    return {day: json.loads(path.read_text()) for day, path in found.items() if path.exists()}


def preprints(last: date, listed: Sequence[dict[str, object]]) -> dict[date, list[Preprint]]:
    """Some invented ones on each day that has a list, and one that stands on Hugging Face as well."""
    made: dict[date, list[Preprint]] = {}
    known = deque(str(paper["paper"]["id"]) for paper in listed)  # type: ignore[index]
    for number, day in enumerate(days(last)):
        window = arxiv_days.window(day)
        if window is not None:
            at = window.since + timedelta(hours=3)
            ids = [f"26{day:%m}.{90000 + 10 * number + n}" for n in range(3)]
            own = [Preprint(id_, f"An invented preprint {id_} on agents", submitted=at) for id_ in ids]
            made[day] = [*own, Preprint(known.popleft(), "Known elsewhere too", submitted=at)]
    return made


def hours(last: date) -> Iterator[datetime]:
    """The hours at which somebody looks: often enough for growing spacing, up to the next morning."""
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(last.year, last.month, last.day, tzinfo=UTC) + 2 * DAY
    return (start + timedelta(hours=n) for n in range((end - start) // timedelta(hours=1)))


def test_the_recorded_days_from_hosts_that_fail_bring_everybody_every_paper_once(tmp_path, caplog):
    last = LAST if os.environ.get("TEST_DAYS") == "all" else SHORT
    papers = recorded(last)
    preprinted = preprints(last, list(chain.from_iterable(papers.values())))
    home = make_home(tmp_path, sources="huggingface arxiv:cs.CL")
    home.subscribers(SUBSCRIBERS)
    with HuggingFace() as face, Arxiv() as arxiv:
        world = World(face, arxiv, papers, preprinted, random.Random(3))
        environment = {**home.environment, "HF_ENDPOINT": face.endpoint, "ARXIV_ENDPOINT": arxiv.endpoint}
        clock = Clock("2026-01-01T00:00:00")
        with unsynced(), open_app(ensure_secret(load(home.path, environment)), clock) as opened:
            app = replace(opened, reach=replace(opened.reach, patience=Stopwatch().patience(), turns=None))
            ticker = Ticker(app)
            for moment in hours(last):
                clock.now = moment
                world.at(moment)
                ticker.tick()
            shown = shown_to(home)
    every = {str(paper["paper"]["id"]) for some in papers.values() for paper in some}
    every |= {one.id for some in preprinted.values() for one in some}
    for who, found in shown.items():
        counts = Counter(id_ for _, ids in found for id_ in ids)
        assert {} == {id_: number for id_, number in counts.items() if number > 1}, f"{who}: twice"
        assert who not in EVERYTHING or [] == sorted(every - counts.keys()), f"{who}: never, of {len(every)}"
    assert 5 == len(shown)
    listed = [day for day in days(last) if day in papers]
    assert [] == [day for day in listed if day not in {day for day, _ in shown["all@example.org"]}], (
        "a day without an edition"
    )
    assert len(world.broken) > 3, "hosts failed"
    assert all(f"{host.place}/" in caplog.text for host in (face, arxiv)), "a broken source is named"
    assert [] == [why for why in NAMED if why not in caplog.text]


def shown_to(home) -> dict[str, list[tuple[date, list[str]]]]:
    """What the ledger says that each reader was shown, by day."""
    query = "SELECT subscriber, day, papers FROM deliveries WHERE state = 'submitted' ORDER BY day"
    found: dict[str, list[tuple[date, list[str]]]] = {}
    with closing(sqlite3.connect(home.path / "newsletter.db")) as ledger:
        for who, day, ids in ledger.execute(query):
            found.setdefault(who, []).append((date.fromisoformat(day), ids.split()))
    return found
