"""Health and figures, over a real HTTP server, with the stores of a home that has sent."""

import sqlite3
from datetime import UTC, date, datetime, timedelta

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families

from newsletter.app import open_app
from newsletter.archive import Archive, Collection
from newsletter.errors import StoreError
from newsletter.ledger.schema import SCHEMA
from newsletter.models import STATES, Receipt, SourceState
from newsletter.pulse import AT_WORK, IDLE
from newsletter.scheduler import Ticker
from newsletter.settings import ensure_secret, load
from newsletter.web import pages
from newsletter.web.trust import has_token, is_loopback
from tests.homes import invented_day, make_home, readers
from tests.test_ledger import DAY, NOW, planned, send
from tests.test_scheduler import Clock
from tests.test_web import served

TOKEN = "a-token-for-tests-only"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def clock():
    return Clock("2026-03-03T09:00:00")


@pytest.fixture
def home(tmp_path):
    home = make_home(tmp_path)
    home.subscribers(readers(["ada", "bo", "cy"]))
    home.day("2026-03-02", invented_day("2026-03-02", 20))
    home.day("2026-03-03", invented_day("2026-03-03", 20, first=100))
    return home


@pytest.fixture
def app(home, clock):
    with open_app(ensure_secret(load(home.path, home.environment)), clock) as app:
        yield app


@pytest.fixture
def client(app):
    with served(pages(app)) as client:
        yield client


def figures(client, **headers):
    """The figures by name and labels, as Prometheus's own parser reads them."""
    answer = client.get("/metrics", headers=headers)
    assert 200 == answer.status_code, answer.text
    samples = [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]
    found = {(one.name, *(one.labels[label] for label in sorted(one.labels))): one.value for one in samples}
    assert len(samples) == len(found), "no figure is told twice"
    return found


def damaged(home, name):
    with sqlite3.connect(home.path / name) as connection:
        connection.execute("UPDATE schema SET version = 99")


# -- alive, ready


def test_a_process_that_answers_lives_whatever_its_stores_do(client, home):
    damaged(home, "newsletter.db")
    assert (200, "ok\n") == (client.get("/healthz").status_code, client.get("/healthz").text)


def test_with_its_stores_it_is_ready(client):
    assert (200, "ready\n") == (client.get("/readyz").status_code, client.get("/readyz").text)


@pytest.mark.parametrize("name", ["newsletter.db", "archive.db"])
def test_a_store_of_another_schema_is_not_ready_and_says_the_cure(client, home, name):
    damaged(home, name)
    answer = client.get("/readyz")
    assert 503 == answer.status_code
    assert f"{name}: schema 99 is not this program's" in answer.text
    assert "start the newsletter that is installed now" in answer.text


def test_what_is_wrong_is_not_told_to_everybody(client, home):
    damaged(home, "newsletter.db")
    answer = client.get("/readyz", headers={"X-Forwarded-For": "203.0.113.7"})
    assert (503, "not ready\n") == (answer.status_code, answer.text)


def test_a_scheduler_that_ticks_no_more_is_not_ready(app, client, clock):
    Ticker(app).tick()
    clock.advance(seconds=IDLE.total_seconds())
    assert 200 == client.get("/readyz").status_code
    clock.advance(seconds=1)
    answer = client.get("/readyz")
    assert (503, True) == (answer.status_code, "the scheduler has not ticked since 2026-03-03 09:00 UTC" in answer.text)
    Ticker(app).tick()
    assert 200 == client.get("/readyz").status_code


def test_a_long_tick_is_not_a_dead_one(app, client, clock):
    app.pulse.beat(clock(), at_work=True)
    clock.advance(seconds=AT_WORK.total_seconds())
    assert 200 == client.get("/readyz").status_code
    clock.advance(seconds=1)
    assert 503 == client.get("/readyz").status_code


def test_a_tick_gives_signs_of_life_while_it_works(app, clock):
    seen = []

    class Watched(type(app.pulse)):
        def beat(self, now, *, at_work=False):
            seen.append(at_work)
            super().beat(now, at_work=at_work)

    object.__setattr__(app, "pulse", Watched())
    Ticker(app).tick()
    assert (False, True, False) == (seen[0], seen[1], seen[-1])


def test_pages_alone_need_no_scheduler(client, clock):
    clock.advance(days=9)
    assert 200 == client.get("/readyz").status_code


# -- figures


def test_the_figures_are_what_the_stores_say(app, client, clock, home):
    home.subscribers(readers(["ada", "bo"]) + "  - {email: cy@example.org, paused_until: 2026-04-01}\n")
    Ticker(app).tick()
    clock.advance(minutes=2)
    found = figures(client)
    day = ("2026-03-03", "rehearsal")
    assert {"submitted": 2, "skipped": 1, "pending": 0, "failed": 0, "uncertain": 0, "submitting": 0} == {
        state: found["newsletter_deliveries", *day, state]
        for state in ("pending", "submitting", "submitted", "failed", "uncertain", "skipped")
    }
    at = datetime(2026, 3, 3, 9, tzinfo=UTC).timestamp()
    assert 2 == found[("newsletter_messages_submitted_total",)]
    assert (at, 120) == (
        found[("newsletter_scheduler_seen_timestamp_seconds",)],
        found[("newsletter_scheduler_silent_seconds",)],
    )
    source = ("file:papers",)
    assert (20, at, at) == tuple(
        found[f"newsletter_source_{name}", *source]
        for name in ("papers", "asked_timestamp_seconds", "answered_timestamp_seconds")
    )
    assert {"ok": 1, "quiet": 0, "not yet": 0, "broken": 0} == {
        state: found["newsletter_source_state", *source, state] for state in ("ok", "quiet", "not yet", "broken")
    }


def test_no_figure_names_a_reader_or_a_key(app, home, clock):
    Ticker(app).tick()
    with served(pages(app)) as client:
        text = client.get("/metrics").text
    assert [] == [name for name in ("ada", "bo@", "cy@", "example.org", "flow matching") if name in text]


def test_alarms_and_the_stop_are_figures(app, client, clock):
    app.archive.note_collection(date(2026, 3, 3), clock(), [SourceState("file:papers", "broken", "gone")])
    app.ledger.stop(clock())
    before = figures(client)
    assert (0, 1) == (before["newsletter_alarm", "nothing sent"], before[("newsletter_stopped",)])
    assert 1 == before["newsletter_source_state", "file:papers", "broken"]
    assert ("newsletter_source_answered_timestamp_seconds", "file:papers") not in before
    assert ("newsletter_scheduler_silent_seconds",) not in before, "there is no scheduler here"


def test_what_was_submitted_only_ever_grows(app, client, clock, home):
    ticker, counted = Ticker(app), []
    for n in range(3, 9):
        home.day(f"2026-03-0{n}", invented_day(f"2026-03-0{n}", 20, first=100 * n))
        ticker.tick()
        counted.append(figures(client)[("newsletter_messages_submitted_total",)])
        clock.advance(days=1)
    assert [3, 6, 9, 12, 15, 18] == counted


def test_figures_are_counted_once_in_ten_seconds(app, client, clock):
    figures(client)
    app.ledger.stop(clock())
    clock.advance(seconds=9)
    assert 0 == figures(client)[("newsletter_stopped",)]
    clock.advance(seconds=1)
    assert 1 == figures(client)[("newsletter_stopped",)]


def test_sources_whose_keys_are_not_told_are_numbered(home, clock):
    names = ["rss:https://a.example.org/feed?key=one", "rss:https://a.example.org/feed?key=two"]
    settings = ensure_secret(load(home.path, {**home.environment, "NEWSLETTER_SOURCES": " ".join(names)}))
    with open_app(settings, clock) as app:
        app.archive.note_collection(date(2026, 3, 3), clock(), [SourceState(name, "ok", "", 3) for name in names])
        with served(pages(app)) as client:
            found = figures(client)
            assert "key=" not in client.get("/metrics").text
    assert 3 == found["newsletter_source_papers", "rss:https://a.example.org/feed"]
    assert 3 == found["newsletter_source_papers", "rss:https://a.example.org/feed (2)"]


def test_openmetrics_is_spoken_to_who_asks_for_it(app, client):
    Ticker(app).tick()
    answer = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert "newsletter_messages_submitted" in {family.name for family in read_openmetrics(answer.text)}


def test_a_damaged_store_has_no_figures_but_says_so(client, home, app):
    with sqlite3.connect(home.path / "newsletter.db") as connection:
        connection.execute("DROP TABLE deliveries")
    assert 503 == client.get("/metrics").status_code


# -- who may know them


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "203.0.113.7"},
        {"X-Real-IP": "203.0.113.7"},
        {"Via": "1.1 Caddy"},
        {"Forwarded": "for=203.0.113.7"},
        {"Host": "papers.example.org"},
        {"Host": "rebound.example.net:8080"},
        {"Host": "[::1"},
        {"Host": "127.0.0.1.example.net"},
        {"Host": "papers.example.org", "Authorization": "Bearer wrong"},
    ],
)
def test_who_does_not_surely_come_from_this_machine_is_refused(client, headers):
    answer = client.get("/metrics", headers=headers)
    assert (401, "Bearer") == (answer.status_code, answer.headers["www-authenticate"])
    assert "newsletter_" not in answer.text


def test_where_pages_are_public_only_the_token_opens_for_a_web_server_in_front_may_hide_who_asks(home, clock):
    public = {"NEWSLETTER_BASE_URL": "https://papers.example.org", "NEWSLETTER_METRICS_TOKEN": TOKEN}
    settings = ensure_secret(load(home.path, {**home.environment, **public}))
    with open_app(settings, clock) as app, served(pages(app)) as client:
        assert 401 == client.get("/metrics").status_code
        assert 401 == client.get("/metrics", headers={"Authorization": "Bearer nonsense"}).status_code
        assert 200 == client.get("/metrics", headers=BEARER).status_code
        assert 200 == client.get("/metrics", headers={**BEARER, "Host": "papers.example.org"}).status_code


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("127.0.0.2", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.1", False),
        ("", False),
    ],
)
def test_what_this_machine_is_called(host, expected):
    assert expected == is_loopback(host)


def test_no_token_is_nobodys():
    assert [False, False, True, False] == [
        has_token("Bearer ", ""),
        has_token("", ""),
        has_token(f"bearer {TOKEN}", TOKEN),
        has_token(f"Basic {TOKEN}", TOKEN),
    ]


def test_a_token_that_can_be_guessed_is_refused_and_not_repeated(home):
    told = home.run("status", code=2, NEWSLETTER_METRICS_TOKEN="short-one")
    assert "NEWSLETTER_METRICS_TOKEN: a secret of 9 characters can be guessed" in told
    assert "short-one" not in told


# -- what the stores are asked for it


def test_the_ledger_tallies_its_latest_days(ledger):
    days = [DAY + timedelta(days=n) for n in (0, 1, 7)]
    for number, day in enumerate(days):
        ledger.plan([planned(name, day=day) for name in "abc"[: number + 1]], NOW)
    ledger.plan([planned("d", skip="quiet", day=days[2])], NOW)
    send(ledger, Receipt("250 ok"), "a")
    none = dict.fromkeys(STATES, 0)
    last = {days[2]: none | {"pending": 3, "skipped": 1}, days[1]: none | {"pending": 2}}
    assert last == ledger.tallies("regular", 2)
    assert last | {DAY: none | {"submitted": 1}} == ledger.tallies("regular", 5)
    assert {} == ledger.tallies("rehearsal", 2)


def test_a_store_notices_that_it_was_brought_to_another_schema(database, ledger):
    ledger.check()
    with database.write() as connection:
        connection.execute(SCHEMA.tables.tables["schema"].update().values(version=99))
    with pytest.raises(StoreError, match="schema 99 is not this program's"):
        ledger.check()


def test_the_archive_says_how_each_source_did_last(stores):
    at, day = datetime(2026, 3, 3, 8, tzinfo=UTC), date(2026, 3, 3)
    hour = timedelta(hours=1)
    archive = Archive(stores.url("archive"))
    try:
        assert () == archive.last_collections()
        for on in (day - timedelta(days=1), day):
            archive.note_collection(on, at, [SourceState("a", "ok", "", on.day), SourceState("b", "broken", "away")])
        archive.note_collection(day, at + hour, [SourceState("a", "broken", "timeout")])
        assert (
            Collection(SourceState("a", "broken", "timeout"), at + hour, at),
            Collection(SourceState("b", "broken", "away"), at, None),
        ) == archive.last_collections()
    finally:
        archive.close()
