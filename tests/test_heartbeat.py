"""The dead man's switch: asked once after a complete day, and never in the way of sending."""

import socket
from datetime import UTC, date, datetime, timedelta

import pytest

from newsletter import periods
from newsletter.app import open_app
from newsletter.heartbeat import Heartbeat, is_complete
from newsletter.ledger import Account
from newsletter.models import STATES
from newsletter.scheduler import Ticker
from newsletter.settings import ensure_secret, load
from tests.factories import subscriber
from tests.homes import invented_day, make_home, readers
from tests.servers.feeds import Site, serving
from tests.servers.huggingface import says
from tests.test_scheduler import Clock

PATH = "/5f0d1c2b-a-secret"


@pytest.fixture
def switch():
    with serving(Site({PATH: b"OK"})) as site:
        yield site


@pytest.fixture
def clock():
    return Clock("2026-03-03T09:00:00")


@pytest.fixture
def home(tmp_path, switch):
    home = make_home(tmp_path)
    home.subscribers(readers(["ada", "bo"]))
    for n in range(1, 9):
        home.day(f"2026-03-{n:02}", invented_day(f"2026-03-{n:02}", 20, first=100 * n))
    home.environment["NEWSLETTER_HEARTBEAT"] = switch.address + PATH
    return home


@pytest.fixture
def app(home, clock):
    with opened(home, clock) as app:
        yield app


def opened(home, clock):
    return open_app(ensure_secret(load(home.path, home.environment)), clock)


def pings(switch):
    return [asked.path for asked in switch.asked]


# -- which day, and whether it is complete


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-03-03T06:59", "2026-03-02"),  # 07:59 in Paris
        ("2026-03-03T07:00", "2026-03-03"),
        ("2026-03-02T23:30", "2026-03-02"),  # 08:30 in Tokyo, of the 3rd
    ],
)
def test_a_day_is_over_when_its_time_has_come_for_the_last_reader(now, expected):
    both = [subscriber(timezone="Asia/Tokyo"), subscriber(timezone="Europe/Paris")]
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert date.fromisoformat(expected) == periods.all_due(both, at)


def test_without_readers_there_is_no_day():
    assert periods.all_due([], datetime(2026, 3, 3, tzinfo=UTC)) is None


def account(reasons=(), **counts):
    return Account(date(2026, 3, 3), "regular", dict.fromkeys(STATES, 0) | counts, dict(reasons))


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (account(), True),
        (account(submitted=5, skipped=2, failed=1), True),
        (account(skipped=2, reasons={"skipped: quiet": 2}), True),
        (account(submitted=5, pending=1), False),
        (account(submitted=5, submitting=1), False),
        (account(submitted=5, uncertain=1), False),
        (account(failed=7), False),
        (account(skipped=2, reasons={"skipped: no source answered": 2}), False),
    ],
)
def test_a_day_is_complete_when_nobody_is_left_and_not_all_was_in_vain(made, expected):
    assert expected == is_complete(made)


# -- pings


def test_a_complete_day_is_told_once_whoever_looks_and_however_often(app, clock, switch, home):
    Ticker(app).tick()
    with opened(home, clock) as other:
        for beat in (Heartbeat(app), Heartbeat(other), Heartbeat(app)):
            for _ in range(3):
                beat.look()
                clock.advance(minutes=1)
    assert [PATH] == pings(switch)


def test_every_day_is_told_of_also_one_on_which_nobody_is_due(home, clock, switch):
    home.subscribers(readers(["ada"]).replace("cadence: daily", "cadence: weekdays"))
    told = []
    with opened(home, clock) as app:
        ticker, beat = Ticker(app), Heartbeat(app)
        for _ in range(24 * 5):  # from Tuesday to Sunday
            ticker.tick()
            before = len(switch.asked)
            beat.look()
            told += [clock.now.strftime("%a %H")] * (len(switch.asked) - before)
            clock.advance(hours=1)
    assert ["Tue 09", "Wed 08", "Thu 08", "Fri 08", "Sat 08", "Sun 08"] == told


def test_nothing_is_told_before_who_is_due_was_sent_to(app, switch):
    Heartbeat(app).look()
    assert [] == pings(switch)


def test_a_home_that_is_stopped_tells_nothing(app, clock, switch):
    app.ledger.stop(clock())
    Ticker(app).tick()
    Heartbeat(app).look()
    assert [] == pings(switch)


def test_a_switch_that_fails_is_one_line_without_the_secret_and_is_asked_again_later(app, clock, switch, caplog):
    Ticker(app).tick()
    switch.pages[PATH] = says(b"gone", 410)
    beat = Heartbeat(app)
    for _ in range(15):
        beat.look()
        clock.advance(minutes=1)
    assert (1, 1) == (len(switch.asked), len(caplog.records))
    assert "heartbeat: 127.0.0.1: HTTP 410 Gone" in caplog.text
    assert "secret" not in caplog.text
    switch.pages[PATH] = b"OK"
    beat.look()
    beat.look()
    assert 2 == len(switch.asked)


def test_a_switch_that_moved_elsewhere_is_not_followed_and_its_path_is_not_said(app, clock, switch, caplog):
    Ticker(app).tick()
    switch.pages[PATH] = says(b"", 301, {"Location": f"https://elsewhere.example.org{PATH}"})
    Heartbeat(app).look()
    assert "it has moved to https://elsewhere.example.org/..., which is elsewhere" in caplog.text


def test_a_switch_that_nobody_answers_at_harms_nothing(home, clock, caplog):
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    home.environment["NEWSLETTER_HEARTBEAT"] = f"http://127.0.0.1:{port}{PATH}"
    told = home.run("send", "--date", "2026-03-08")
    assert "2 submitted" in told


def test_a_single_send_tells_it_too(home, switch):
    today = datetime.now(UTC).date()
    for n in range(-1, 1):
        day = (today + timedelta(days=n)).isoformat()
        home.day(day, invented_day(day, 20, first=2000 + 100 * n))
    home.subscribers(readers(["ada"]).replace("08:00", "00:00"))
    home.run("send")
    home.run("send")
    assert [PATH] == pings(switch)
    assert "newsletter/" in switch.asked[0].headers["user-agent"]


def test_a_broken_file_is_a_log_line(app, home, caplog, switch):
    home.subscribers("subscribers: [")
    Heartbeat(app).look()
    assert ("subscribers.yaml" in caplog.text, []) == (True, pings(switch))


# -- the setting, and what check says of it


@pytest.mark.parametrize(
    "address", ["http://hc-ping.com/secret", "ftp://x.example/secret", "https://u:p@x.example/", "x"]
)
def test_an_address_that_is_none_is_refused_and_not_repeated(tmp_path, address):
    home = make_home(tmp_path)
    home.subscribers(readers(["ada"]))
    told = home.run("status", code=2, NEWSLETTER_HEARTBEAT=address)
    assert "NEWSLETTER_HEARTBEAT: it is not" in told
    assert "secret" not in told


@pytest.mark.parametrize(
    "address",
    ["https://hc-ping.com/x", "http://localhost:3001/p?status=up&ping=", "http://kuma:3001/p", "http://10.0.0.7/p"],
)
def test_addresses_of_switches(tmp_path, address):
    assert address == load(tmp_path, {"NEWSLETTER_HEARTBEAT": address}).heartbeat


def test_check_names_the_host_among_those_that_are_talked_to_and_asks_nobody(home, switch):
    told = home.run("check")
    assert "ok      heartbeat: 127.0.0.1 is told of each complete day" in told
    assert "talks to 127.0.0.1, and to nobody else" in told
    assert [] == pings(switch)
    assert PATH not in told
    assert "heartbeat: not set" in home.run("check", NEWSLETTER_HEARTBEAT="")


def test_check_says_that_a_host_is_not_found(home):
    told = home.run("check", code=1, NEWSLETTER_HEARTBEAT="https://no-such-host.invalid/x")
    assert "BROKEN  heartbeat: no-such-host.invalid is not found" in told


def test_check_says_who_may_read_the_figures_and_where_alarms_and_logs_go(home):
    told = home.run("check", NEWSLETTER_OPERATOR="me@example.org", NEWSLETTER_LOG="json")
    assert "ok      metrics: /metrics is for this machine only" in told
    assert (
        "ok      alarms: mailed to me@example.org, once a day each; also when nobody was sent what was due for 3 days"
        in told
    )
    assert "ok      log: json, on stderr" in told
    assert "/metrics is closed" in home.run("check", NEWSLETTER_BASE_URL="https://papers.example.org")
    assert "for who sends NEWSLETTER_METRICS_TOKEN" in home.run("check", NEWSLETTER_METRICS_TOKEN="0123456789abcdef")
