"""Log lines: for people as they were, for programs an object each, and every error on stderr either way."""

import json
import logging
import subprocess
import sys
from datetime import UTC, date, datetime

import pytest

from newsletter.audience import Order
from newsletter.errors import RenderError
from newsletter.logs import JsonLines
from newsletter.publish import publish
from newsletter.render import Renderer
from newsletter.scheduler import Ticker
from tests.homes import invented_day, make_home, readers


@pytest.fixture
def home(tmp_path):
    home = make_home(tmp_path / "home")
    home.day("2026-03-03", invented_day("2026-03-03", 10))
    home.subscribers(readers(["ada", "bo"]))
    return home


def told(home, *arguments, **environment):
    """What a command wrote to stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "newsletter", *arguments],
        env={**home.environment, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stderr


def record(message, *arguments, level=logging.WARNING, exc_info=None, **fields):
    made = logging.LogRecord("newsletter.collect", level, "x.py", 1, message, arguments, exc_info)
    made.created = 1772530245.25
    vars(made).update(fields)
    return json.loads(JsonLines().format(made))


def test_a_line_for_programs_has_time_level_event_and_fields():
    assert {
        "time": "2026-03-03T09:30:45.250+00:00",
        "level": "warning",
        "event": "arxiv: 3 papers",
        "logger": "newsletter.collect",
        "papers": 3,
        "day": "2026-03-03",
    } == record("%s: %d papers", "arxiv", 3, papers=3, day=date(2026, 3, 3))


def test_whatever_is_logged_is_one_line_and_an_object():
    made = logging.LogRecord("x", logging.ERROR, "", 0, 'two\nlines "quoted" \x1b[31m ü', (), None)
    line = JsonLines().format(made)
    assert "\n" not in line
    assert 'two\nlines "quoted" \x1b[31m ü' == json.loads(line)["event"]


def test_a_traceback_stays_in_its_line():
    try:
        raise ValueError("broken")
    except ValueError:
        found = record("failed", exc_info=sys.exc_info())
    assert found["traceback"].endswith("ValueError: broken")


def test_lines_are_for_people_unless_the_settings_say_otherwise(home):
    lines = told(home, "-v", "fetch", "--date", "2026-03-03").splitlines()
    assert "INFO file:papers 2026-03-03: 10 papers, 10 new" in lines


def test_as_json_every_line_on_stderr_is_an_object_with_its_fields(home):
    lines = [
        json.loads(line)
        for line in told(home, "-v", "fetch", "--date", "2026-03-03", NEWSLETTER_LOG="json").splitlines()
    ]
    [found] = [line for line in lines if line["event"] == "file:papers 2026-03-03: 10 papers, 10 new"]
    assert ("info", "file:papers", "2026-03-03", 10) == tuple(
        found[name] for name in ("level", "source", "day", "papers")
    )


def test_a_commands_last_words_are_json_too(home):
    (home.path / "papers" / "2026-03-03.json").write_text("{")
    (home.path / "subscribers.yaml").write_text("subscribers: [")
    lines = [json.loads(line) for line in told(home, "send", NEWSLETTER_LOG="json").splitlines()]
    assert "error" == lines[-1]["level"]
    assert "subscribers.yaml" in lines[-1]["event"]


def test_what_a_command_says_on_stderr_is_json_too(home):
    home.run("stop")
    [line] = told(home, "status", NEWSLETTER_LOG="json").splitlines()
    assert ("warning", True) == (json.loads(line)["level"], "sending is stopped since" in line)


def test_wrong_settings_are_said_in_words_for_nobody_knows_the_style_yet(home):
    assert "newsletter: NEWSLETTER_LOG: 'jsn' is not pretty or json; did you mean json?\n" == told(
        home, "status", NEWSLETTER_LOG="jsn"
    )


def test_a_secret_is_in_no_line(home):
    secrets = {"SMTP_PASSWORD": "correct-horse", "NEWSLETTER_METRICS_TOKEN": "battery-staple-battery"}
    secrets["NEWSLETTER_PROVIDER"] = "smtp://me%40example.org@127.0.0.1:9?tls=none"
    for style in ("pretty", "json"):
        text = told(home, "-v", "send", "--date", "2026-03-03", NEWSLETTER_LOG=style, **secrets)
        assert "127.0.0.1" in text
        assert [] == [word for word in (*list(secrets.values())[:2], "a-secret-for-tests-only") if word in text]


def test_a_tick_that_changed_the_account_says_so_once_and_names_nobody(home, caplog):
    caplog.set_level(logging.INFO)
    with home.app(datetime(2026, 3, 3, 9, tzinfo=UTC)) as app:
        ticker = Ticker(app)
        ticker.tick()
        ticker.tick()
    lines = [record for record in caplog.records if record.name == "newsletter.scheduler"]
    assert ["2026-03-03: 2 readers: 2 submitted"] == [
        line.getMessage() for line in lines if "readers" in line.getMessage()
    ]
    assert (2, 2) == (lines[-1].audience, lines[-1].submitted)
    assert "example.org" not in caplog.text


def test_an_edition_that_cannot_be_made_is_told_without_saying_whose(home, monkeypatch, caplog):
    def broken(_, edition, *rest):
        raise RenderError(f"{edition.subscriber.email}: a template has a fault")

    monkeypatch.setattr(Renderer, "fitted", broken)
    with home.app(datetime(2026, 3, 3, 9, tzinfo=UTC), NEWSLETTER_QUEUE="inline:1") as app:
        publish(app, app.clock(), Order(date(2026, 3, 3)))
    assert "an edition of 2026-03-03 could not be made: a reader: a template has a fault" in caplog.text
    assert "@example.org" not in caplog.text
