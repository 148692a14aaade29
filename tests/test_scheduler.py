"""The tick: whoever is due gets an edition, once; dead sources are asked again with growing spacing."""

import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter import periods
from newsletter.app import App, open_app
from newsletter.audience import Served
from newsletter.ledger import Ledger
from newsletter.records import schedule_of
from newsletter.scheduler import Ticker, second_of, start
from newsletter.settings import ensure_secret, load
from newsletter.subscribers import Roster
from tests.homes import invented_day, make_home, text_of
from tests.test_signups import FORM, confirmed, wish

SUBSCRIBERS = """
subscribers:
  - {email: ada@example.org, timezone: Europe/Paris, send_at: 08:00, cadence: daily}
  - {email: mei@example.org, timezone: Asia/Tokyo, send_at: 08:00, cadence: daily}
"""


class Clock:
    """A clock that is set by hand."""

    def __init__(self, text: str) -> None:
        self.now = datetime.fromisoformat(text).replace(tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock():
    return Clock("2026-03-02T22:30:00")


@pytest.fixture
def app(tmp_path, clock):
    home = make_home(tmp_path)
    home.subscribers(SUBSCRIBERS)
    for n in range(1, 7):
        home.day(f"2026-03-{n:02}", invented_day(f"2026-03-{n:02}", 20, first=100 * n))
    with open_app(ensure_secret(load(home.path, home.environment)), clock) as app:
        yield app


def sent(app: App) -> set[str]:
    return {path.stem for path in (app.settings.home / "outbox").glob("*.eml")}


def test_everybody_gets_theirs_at_their_own_eight_o_clock_and_once(app, clock):
    ticker, seen_at = Ticker(app), {}
    for _ in range(24 * 12):
        before = sent(app)
        ticker.tick()
        seen_at |= dict.fromkeys(sent(app) - before, clock.now)
        clock.advance(minutes=5)
    at = {name: moment.strftime("%d %H:%M") for name, moment in seen_at.items() if name.startswith("2026-03-03")}
    assert {"2026-03-03-mei@example.org": "02 23:00", "2026-03-03-ada@example.org": "03 07:00"} == at
    assert 4 == len(sent(app)), "the day before was late by less than two days, so it came at the first tick"


def test_the_sources_are_asked_ahead_and_failing_at_the_hour_they_delay_nobody(app, clock):
    ticker = Ticker(app)
    clock.now = datetime(2026, 3, 3, 6, 40, tzinfo=UTC)
    ticker.tick()
    papers = app.settings.home / "papers"
    papers.joinpath("2026-03-03.json").write_text(json.dumps(invented_day("2026-03-03", 30, first=700)))
    clock.advance(minutes=11)  # nine minutes before eight in Paris
    ticker.tick()
    papers.rename(papers.with_name("away"))
    clock.advance(minutes=9)
    ticker.tick()
    assert "2026-03-03-ada@example.org" in sent(app)
    mail = next((app.settings.home / "outbox").glob("2026-03-03-ada*.eml")).read_bytes()
    assert "2603.00729" in text_of(mail)


def test_the_sources_are_asked_ahead_once(app, clock):
    ticker, states = Ticker(app), []
    clock.now = datetime(2026, 3, 3, 6, 40, tzinfo=UTC)
    for _ in range(25):
        ticker.tick()
        states.append(len(app.archive.window(date(2026, 3, 3), date(2026, 3, 3))))
        with (app.settings.home / "papers" / "2026-03-03.json").open("w") as file:
            json.dump(invented_day("2026-03-03", 20 + len(states), first=300), file)
        clock.advance(minutes=1)
    assert 3 == len(set(states)), "at the first tick, ten minutes ahead, and at eight"


def test_a_tick_looks_only_at_those_whose_moment_has_come(app, clock, monkeypatch):
    asked = []
    ledger = app.ledger
    histories = type(ledger).histories
    monkeypatch.setattr(type(ledger), "histories", lambda self, *told: asked.append(told[2]) or histories(self, *told))
    ticker = Ticker(app)
    ticker.tick()
    assert {"ada@example.org", "mei@example.org"} == {key for keys in asked for key in keys}
    asked.clear()
    clock.advance(minutes=1)
    ticker.tick()
    assert [] == asked
    clock.now = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)  # eight in Tokyo
    ticker.tick()
    assert {"mei@example.org"} == {key for keys in asked for key in keys}


def test_a_tick_reads_the_schedules_when_they_have_changed_and_looks_only_at_those_that_come_due(
    app, clock, monkeypatch
):
    zones = "".join(f"  - {{email: r{n}@example.org, timezone: Etc/GMT+{n}}}\n" for n in range(12))
    (app.settings.home / "subscribers.yaml").write_text("subscribers:\n" + zones)
    asked, schedules = [], Roster.schedules
    monkeypatch.setattr(Roster, "schedules", lambda self: asked.append("schedules") or schedules(self))
    latest_day = periods.latest_day
    monkeypatch.setattr(
        periods, "latest_day", lambda one, now: asked.append(getattr(one, "timezone", one)) or latest_day(one, now)
    )
    ticker = Ticker(app)
    ticker.tick()
    assert 2 == asked.count("schedules"), "who is due, and who is soon"
    asked.clear()
    clock.advance(minutes=1)
    ticker.tick()
    assert [] == asked
    clock.now = datetime(2026, 3, 2, 22, 50, tzinfo=UTC)
    ticker.tick()
    assert [] == asked, "in ten minutes it is eight nowhere"
    clock.now = datetime(2026, 3, 3, 8, 0, tzinfo=UTC)
    ticker.tick()
    assert {"Etc/GMT+0"} == set(asked)


def test_a_clock_that_was_set_back_costs_a_look_at_everybody_and_nobody_their_edition(app, clock):
    served, roster = Served(), app.roster()
    ahead = datetime(2030, 1, 1, tzinfo=UTC)
    served.note(served.waiting(roster, ahead))
    assert {} == served.waiting(roster, ahead)
    assert 2 == len(served.waiting(roster, clock.now))


@given(
    st.lists(st.tuples(st.integers(0, 3000), st.booleans()), max_size=30),
    st.sampled_from(["daily", "weekdays", "weekly monday", "monthly"]),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_remembered_is_what_a_look_at_every_schedule_finds(app, steps, cadence):
    path = app.settings.home / "subscribers.yaml"
    zones = ("America/Nuuk", "Europe/Paris", "Asia/Kathmandu", "Pacific/Kiritimati", "Australia/Lord_Howe")
    lines = [f"  - {{email: r{n}@example.org, timezone: {zone}, cadence: {cadence}}}\n" for n, zone in enumerate(zones)]
    path.write_text("subscribers:\n" + "".join(lines))
    readers = app.roster()
    served, until, now = Served(), {}, datetime(2026, 3, 20, tzinfo=UTC)
    for minutes, planned in steps:
        now += timedelta(minutes=minutes)
        latest = {name: periods.due(one, now, None).day for name, one in readers.schedules().items()}
        expected = {name: day for name, day in latest.items() if until.get(name) != day}
        assert expected == served.waiting(readers, now)
        soon = now + timedelta(minutes=15)
        quiet = all(periods.due(one, soon, None).day == latest[name] for name, one in readers.schedules().items())
        assert quiet == served.nobody_before(readers, now, soon)
        if planned:
            until |= expected
            served.note(expected)


def test_a_reader_who_joins_gets_the_edition_of_the_day(app, clock):
    ticker = Ticker(app)
    clock.now = datetime(2026, 3, 3, 7, 30, tzinfo=UTC)
    ticker.tick()
    added = SUBSCRIBERS + "  - {email: lou@example.org, timezone: Europe/Paris, send_at: 08:00, cadence: daily}\n"
    (app.settings.home / "subscribers.yaml").write_text(added)
    clock.advance(minutes=1)
    ticker.tick()
    assert "2026-03-03-lou@example.org" in sent(app)


def test_who_signs_up_gets_the_edition_of_the_day_and_nobody_else_is_looked_at(app, clock, monkeypatch):
    ticker = Ticker(app)
    clock.now = datetime(2026, 3, 3, 7, 30, tzinfo=UTC)
    ticker.tick()
    lou = confirmed(app.signups, "lou@example.org", timezone="Europe/Paris", trending=3).subscriber
    asked, histories = [], Ledger.histories
    monkeypatch.setattr(Ledger, "histories", lambda self, *told: asked.append(told[2]) or histories(self, *told))
    for _ in range(3):
        clock.advance(minutes=1)
        ticker.tick()
    assert "2026-03-03-lou@example.org" in sent(app)
    assert {lou.key} == {key for keys in asked for key in keys}
    assert len(asked) <= 2, "once ahead and once to plan, and then no more"


def test_who_signs_up_for_an_hour_that_nobody_had_gets_the_next_edition_at_that_hour(app, clock):
    served = Served()
    for now in (datetime(2026, 3, 3, 7, 30, tzinfo=UTC), datetime(2026, 3, 3, 7, 31, tzinfo=UTC)):
        roster = app.roster()
        served.note(served.waiting(roster, now), roster.mark())
    lou = confirmed(app.signups, "lou@example.org", timezone="Asia/Kathmandu").subscriber
    roster, name = app.roster(), schedule_of(lou)
    assert {name: date(2026, 3, 3)} == served.waiting(roster, now)
    served.note({name: date(2026, 3, 3)}, roster.mark())
    tomorrow = datetime(2026, 3, 4, 2, 15, tzinfo=UTC)  # eight in Kathmandu
    assert name not in served.waiting(roster, tomorrow - timedelta(minutes=1))
    assert date(2026, 3, 4) == served.waiting(roster, tomorrow)[name]


def test_sign_ups_that_nobody_confirmed_are_forgotten_after_a_week(app, clock):
    ticker = Ticker(app)
    app.signups.ask(wish(), clock(), FORM)
    for day in (6, 8):
        clock.advance(days=day)
        ticker.tick()
        assert (day == 6) == bool(list(app.signups.each()))
        clock.advance(days=-day)


def test_an_archive_that_has_grown_is_learned_from_though_somebody_is_always_due_soon(app, clock, monkeypatch):
    lines = [
        f"  - {{email: r{n}@example.org, timezone: UTC, send_at: '{n // 4:02}:{n % 4 * 15:02}'}}" for n in range(96)
    ]
    (app.settings.home / "subscribers.yaml").write_text("\n".join(["subscribers:", *lines]))
    learned, learn = [], type(app).learn
    monkeypatch.setattr(type(app), "outgrown", lambda self: not learned)
    monkeypatch.setattr(type(app), "learn", lambda self: (learned.append(clock.now), learn(self))[1])
    clock.now = datetime(2026, 3, 3, 7, 7, tzinfo=UTC)
    ticker = Ticker(app)
    for _ in range(26):
        ticker._learn_when_quiet(clock.now)
        clock.advance(hours=1)
    assert [datetime(2026, 3, 4, 7, 7, tzinfo=UTC)] == learned


def test_each_home_has_a_second_of_its_own():
    assert 40 < len({second_of(f"secret {n}") for n in range(200)}) <= 60
    assert second_of("a") == second_of("a")


def test_a_gap_is_one_edition(app, clock):
    ticker = Ticker(app)
    ticker.tick()
    before = sent(app)
    clock.advance(days=3)
    ticker.tick()
    assert {"2026-03-05-ada@example.org", "2026-03-05-mei@example.org"} == sent(app) - before


def test_what_is_too_old_is_skipped_and_said(app, clock):
    weekly = SUBSCRIBERS.replace("cadence: daily", "cadence: weekly monday")
    (app.settings.home / "subscribers.yaml").write_text(weekly)
    clock.now = datetime(2026, 3, 6, 12, tzinfo=UTC)
    Ticker(app).tick()
    assert {"skipped: too old: was due on 2026-03-02": 2} == app.ledger.account("rehearsal").reasons
    assert set() == sent(app)


def test_dead_sources_are_asked_again_with_growing_spacing_and_the_edition_is_late_not_lost(app, clock, caplog):
    papers = app.settings.home / "papers"
    papers.rename(papers.with_name("away"))
    clock.now = datetime(2026, 3, 3, 7, tzinfo=UTC)  # eight in Paris; in Tokyo it was eight hours ago
    ticker, asked = Ticker(app), []
    for _ in range(45):
        caplog.clear()
        ticker.tick()
        if "no source answered" in caplog.text:
            asked.append(clock.now)
        clock.advance(minutes=1)
    assert [1, 2, 5, 10, 20] == [(after - before) // timedelta(minutes=1) for before, after in pairwise(asked)]
    papers.with_name("away").rename(papers)
    clock.advance(minutes=30)
    ticker.tick()
    assert {"2026-03-03-ada@example.org"} == sent(app)
    assert {"skipped: no source answered": 1} == app.ledger.account("rehearsal").reasons


def test_a_provider_that_refuses_us_is_tried_again_with_growing_spacing(app, clock, caplog):
    outbox = app.settings.home / "outbox"
    outbox.write_text("a file stands where the folder should be")
    clock.now = datetime(2026, 3, 3, 7, tzinfo=UTC)
    ticker, tried = Ticker(app), []
    for _ in range(10):
        caplog.clear()
        ticker.tick()
        if "cannot write" in caplog.text:
            tried.append(clock.now)
        clock.advance(minutes=1)
    assert [1, 2, 5] == [(after - before) // timedelta(minutes=1) for before, after in pairwise(tried)]
    outbox.unlink()
    clock.advance(minutes=10)
    ticker.tick()
    assert "2026-03-03-ada@example.org" in sent(app)


def test_after_six_hours_without_any_source_the_edition_is_given_up_and_its_papers_come_later(app, clock):
    papers = app.settings.home / "papers"
    papers.rename(papers.with_name("away"))
    clock.now = datetime(2026, 3, 3, 14, 0, tzinfo=UTC)
    Ticker(app).tick()
    assert {"skipped: no source answered": 2} == app.ledger.account("rehearsal").reasons
    papers.with_name("away").rename(papers)
    clock.advance(days=1)
    Ticker(app).tick()
    assert 2 == len(sent(app))


def test_the_scheduler_ticks_at_once_and_stops(app):
    scheduler = start(app)
    scheduler.shutdown(wait=True)
    assert not scheduler.running


def test_a_broken_file_is_a_log_line_and_the_next_tick_goes_on(app, clock, caplog):
    text = (app.settings.home / "subscribers.yaml").read_text()
    (app.settings.home / "subscribers.yaml").write_text("subscribers: [")
    Ticker(app).tick()
    assert "subscribers.yaml" in caplog.text
    (app.settings.home / "subscribers.yaml").write_text(text)
    Ticker(app).tick()
    assert 2 == len(sent(app))
