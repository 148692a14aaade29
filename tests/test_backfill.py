"""Backfilling: every day once and politely, what is there is not asked again, what is missing is named."""

import json
import signal
import subprocess
import sys
import time
from collections import deque
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from newsletter.backfill import PAUSE, Gap, backfill
from newsletter.errors import SettingsError, SourceError
from newsletter.models import Fetched, Listing, Paper
from newsletter.sources import SOURCES, Source, file
from newsletter.sources.reach import Reach
from tests.homes import invented_day, make_home
from tests.servers.huggingface import HuggingFace, Stopwatch, hangs, paper_json, reach, says

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
TODAY = NOW.date()
FRIDAY, SATURDAY, MONDAY, TUESDAY = (date(2026, 3, n) for n in (6, 7, 9, 10))
WEEKDAYS = [f"2026-03-{n:02}" for n in (5, 6, 9, 10)]
DAYS = {day: invented_day(day, 3, first=10 * n + 1) for n, day in enumerate(WEEKDAYS)}
NO = says(b"no", 500)
ATTEMPTS = 3  # of the patience in tests


@pytest.fixture
def hub():
    with HuggingFace(DAYS, today="2026-03-10") as hub:
        yield hub


@pytest.fixture
def watch():
    return Stopwatch()


@pytest.fixture
def app(tmp_path, hub, watch):
    home = make_home(tmp_path / "home", sources="huggingface")
    with home.app(NOW) as app:
        yield replace(app, reach=Reach(hub.client(5), home.path, watch.patience(), hub.endpoint))


def asked(hub):
    """The days that were asked for, in order, whatever the page."""
    return list(dict.fromkeys(one.query["date"] for one in hub.asked))


def test_every_day_is_asked_once_with_a_pause_and_weekends_are_quiet(app, hub, watch):
    done = backfill(app, date(2026, 3, 5))
    assert [f"2026-03-{n:02}" for n in range(5, 11)] == asked(hub)
    assert [PAUSE] * 5 == watch.slept
    assert (6, 6, 2, 12, (), 12) == (done.days, done.asked, done.quiet, done.new, done.gaps, done.papers)


def test_what_the_archive_has_is_not_asked_again_but_today(app, hub):
    backfill(app, MONDAY)
    hub.asked.clear()
    done = backfill(app, FRIDAY)
    assert ["2026-03-06", "2026-03-07", "2026-03-08", "2026-03-10"] == asked(hub)
    assert (5, 4, 3, 9) == (done.days, done.asked, done.new, done.papers)


def test_a_new_source_is_filled_up_without_asking_the_others(app, hub):
    backfill(app, FRIDAY)
    hub.asked.clear()
    (app.settings.home / "papers").mkdir()
    paper = paper_json(900, "2026-03-06", title="Only in a file")
    (app.settings.home / "papers" / "2026-03-06.json").write_text(json.dumps([paper]))
    both = replace(app, settings=replace(app.settings, sources=("huggingface", "file:papers")))
    assert 1 == backfill(both, FRIDAY).new
    assert ["2026-03-10"] == asked(hub)


def test_a_broken_day_is_named_and_asked_again_by_the_next_run(app, hub):
    hub.script = deque([NO] * ATTEMPTS)
    [gap] = backfill(app, FRIDAY).gaps
    assert ("huggingface", FRIDAY, FRIDAY) == (gap.source, gap.since, gap.until)
    assert "HTTP 500" in gap.why
    hub.asked.clear()
    assert () == backfill(app, FRIDAY).gaps
    assert ["2026-03-06", "2026-03-10"] == asked(hub)


def test_a_source_that_fails_day_after_day_is_left_alone(app, hub, tmp_path):
    (app.settings.home / "one.json").write_text(json.dumps([paper_json(900, "2026-03-06")]))
    both = replace(app, settings=replace(app.settings, sources=("huggingface", "file:one.json")))
    hub.script = deque([NO] * 100)
    first, rest = backfill(both, date(2026, 3, 5)).gaps
    assert (date(2026, 3, 5), date(2026, 3, 7)) == (first.since, first.until)
    assert Gap("huggingface", date(2026, 3, 8), TODAY, "not asked: it failed on 3 days in a row") == rest
    assert 3 * ATTEMPTS == len(hub.asked)


def test_when_no_source_answers_at_all_that_is_the_error(app, hub):
    hub.script = deque([NO] * 100)
    with pytest.raises(SourceError, match=r"no source answered: .*HTTP 500"):
        backfill(app, FRIDAY)


def test_a_day_that_has_not_begun_there_is_no_gap(app, hub):
    hub.today = "2026-03-09"
    assert () == backfill(app, MONDAY).gaps


def test_a_day_to_come_is_an_error(app):
    with pytest.raises(SettingsError, match="--since 2026-03-11 is in the future; today is 2026-03-10"):
        backfill(app, TODAY + timedelta(days=1))


def test_years_are_told_as_they_go(app, hub):
    told = []
    done = backfill(app, date(2025, 3, 11), lambda *what: told.append(what))
    assert (365, 365, 12) == (done.days, done.asked, done.papers)
    assert [("fetch", n, 365) for n in range(366)] == told


# -- sources that are not asked day by day


def test_a_file_of_many_days_is_opened_once(tmp_path):
    path = tmp_path / "all.json"
    path.write_text(json.dumps([paper_json(1, "2026-03-06"), paper_json(2, "2026-03-09")]))
    read = file.reader("all.json", reach(home=tmp_path))
    assert [FRIDAY] == [listing.day for listing in read(FRIDAY).listings]
    path.unlink()
    assert [MONDAY] == [listing.day for listing in read(MONDAY).listings]


def test_a_damaged_file_breaks_its_own_day_alone(tmp_path):
    home = make_home(tmp_path)
    for day in ("2026-03-06", "2026-03-09"):
        home.day(day, invented_day(day, 2, first=int(day[-2:]) * 10))
    (tmp_path / "papers" / "2026-03-07.json").write_text('[{"paper": ')
    with home.app(NOW) as app:
        done = backfill(app, FRIDAY)
    assert [(SATURDAY, SATURDAY)] == [(gap.since, gap.until) for gap in done.gaps]
    assert (5, 4) == (done.asked, done.papers)


def test_what_carries_no_date_is_listed_on_the_last_day_once(tmp_path):
    home = make_home(tmp_path, sources="file:notes")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "one.md").write_text("---\ntitle: A Paper of No Particular Day\n---\nIt is about time.\n")
    with home.app(NOW) as app:
        assert 1 == backfill(app, FRIDAY).new
        assert [TODAY] == app.archive.days()


def test_a_source_without_a_past_is_asked_once(tmp_path, monkeypatch):
    days = []

    def fetch(argument, day, reach):
        days.append(day)
        return Fetched((Listing(Paper("2603.00001", "What Is There Now"), None),))

    monkeypatch.setitem(SOURCES, "feed", Source(fetch, lambda *_: "", lambda *_: ("127.0.0.1",), past=lambda _: False))
    with make_home(tmp_path).app(NOW) as app:
        done = backfill(replace(app, settings=replace(app.settings, sources=("feed",))), FRIDAY)
    assert ([TODAY], 1, ()) == (days, done.new, done.gaps)


# -- on the command line

REAL = datetime.now(UTC).date()
LATELY = [(REAL - timedelta(days=n)).isoformat() for n in (2, 1, 0)]


@pytest.fixture
def home(tmp_path):
    return make_home(tmp_path / "home", sources="huggingface")


def test_the_days_and_what_the_archive_holds_are_told(home):
    with HuggingFace({LATELY[0]: invented_day(LATELY[0], 3)}, today=LATELY[2]) as hub:
        told = home.run("fetch", "--since", LATELY[0], HF_ENDPOINT=hub.endpoint).splitlines()
        assert f"{LATELY[0]} to {LATELY[2]}: 3 days, 3 asked for (2 of them quiet), 3 new listings" == told[0]
        assert "3 papers in the archive" == told[1]
        again = json.loads(home.run("fetch", "--since", LATELY[0], "--json", HF_ENDPOINT=hub.endpoint))
    expected = {"since": LATELY[0], "until": LATELY[2], "days": 3, "asked": 1, "quiet": 1, "new": 0, "papers": 3}
    assert expected | {"gaps": [], "faults": []} == again


def test_interrupted_it_keeps_what_it_has_and_goes_on_from_there(home):
    papers = invented_day(LATELY[0], 3)
    days = {LATELY[0]: papers, LATELY[1]: invented_day(LATELY[1], 2, first=50)}
    with HuggingFace(days, today=LATELY[2], script=deque([says(papers), says([]), hangs])) as hub:
        command = [sys.executable, "-m", "newsletter", "fetch", "--since", LATELY[0]]
        environment = {**home.environment, "HF_ENDPOINT": hub.endpoint}
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        until = time.monotonic() + 60
        while len(hub.asked) < 3:
            assert time.monotonic() < until, "the second day is asked for"
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=30)[1]
        assert (130, "newsletter: stopped; run the same command again to go on") == (process.returncode, said.strip())
        hub.asked.clear()
        assert "5 papers in the archive" in home.run("fetch", "--since", LATELY[0], HF_ENDPOINT=hub.endpoint)
        assert LATELY[1:] == asked(hub)


def test_broken_days_are_named_at_the_end_and_left(tmp_path):
    home = make_home(tmp_path)
    home.day(LATELY[0], invented_day(LATELY[0], 3))
    (tmp_path / "papers" / f"{LATELY[1]}.json").write_text("[{")
    told = home.run("fetch", "--since", LATELY[0], code=1)
    assert f"missing: file:papers {LATELY[1]}: no paper of {LATELY[1]} can be read" in told
    assert "3 papers in the archive" in told


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--date", "2026-03-03"], 2, "--since and --date exclude each other"),
        (["--since", "9999-12-31"], 2, "--since 9999-12-31 is in the future"),
        ([], 3, "no source answered: nowhere: No such file or directory"),
    ],
)
def test_what_cannot_be_backfilled_is_said_in_a_line(home, arguments, code, said):
    assert said in home.run("fetch", "--since", "2026-03-03", *arguments, code=code, NEWSLETTER_SOURCES="file:nowhere")
