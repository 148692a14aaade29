"""Several providers: the next one carries while one is away, and none is offered what another refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter import publish
from newsletter.audience import Order
from newsletter.errors import SettingsError
from newsletter.models import State
from newsletter.providers import links
from newsletter.settings import Settings
from tests.homes import Home, invented_day, make_home, readers
from tests.servers import mailapi, smtp

DAY = "2026-03-03"
NAMES = ("ada", "bo", "cy")
SEND = ("send", "--date", DAY)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = make_home(tmp_path / "home")
    made.day(DAY, invented_day(DAY, 10))
    made.subscribers(readers(NAMES))
    return made


def chain(first: int, second: int, batch: str = "") -> dict[str, str]:
    return {
        "NEWSLETTER_PROVIDER": f"resend?endpoint=http://127.0.0.1:{first}&timeout=1{batch} "
        f"smtp://127.0.0.1:{second}?connections=2",
        "NEWSLETTER_BASE_URL": "https://news.example.org",
        "NEWSLETTER_QUEUE": "inline:1",
        "RESEND_API_KEY": "re_123",
    }


def test_while_the_first_is_away_the_next_carries(home, tmp_path):
    with smtp.running(tmp_path / "sink") as sink:
        home.run(*SEND, **chain(9, sink.port))
        assert sorted(f"{name}@example.org" for name in NAMES) == sorted(one.recipient for one in sink.received())


def test_who_is_there_carries_alone(home, tmp_path):
    with mailapi.running(tmp_path / "api") as api, smtp.running(tmp_path / "sink") as sink:
        home.run(*SEND, **chain(api.port, sink.port))
        assert (3, 0) == (len(api.received()), len(sink.received()))


def test_what_one_refuses_no_other_is_offered(home, tmp_path):
    with mailapi.running(tmp_path / "api", script="1:401") as api, smtp.running(tmp_path / "sink") as sink:
        said = home.run(*SEND, code=1, **chain(api.port, sink.port))
        assert (0, 0) == (len(api.received()), len(sink.received()))
    assert "check RESEND_API_KEY" in said


def sent(home: Home, environment: dict[str, str], at: datetime) -> dict[State, int]:
    with home.app(at, **environment) as app:
        counts = publish.publish(app, at, Order(at.date())).counts
    return {state: number for state, number in counts.items() if number}


def test_what_is_in_doubt_at_one_that_knows_its_requests_waits_for_it(home, tmp_path):
    """It took the messages and did not say so; then it is away. The other must not send copies."""
    at = datetime(2026, 3, 3, 8, tzinfo=UTC)
    with smtp.running(tmp_path / "sink") as sink:
        with mailapi.running(tmp_path / "api", script="1:drop") as api:
            environment = chain(api.port, sink.port, "&batch=2")
            assert {"pending": 2, "submitted": 1} == sent(home, environment, at)
            assert 3 == len(api.received())
        assert {"pending": 2, "submitted": 1} == sent(home, environment, at + timedelta(hours=1))
        assert [] == sink.received()


def test_a_folder_of_files_is_no_part_of_a_chain():
    with pytest.raises(SettingsError, match="`file` carries nothing; leave it out"):
        links(Settings(Path(), providers=("smtp://localhost", "file:outbox")))


def test_each_link_is_checked(home, tmp_path):
    with smtp.running(tmp_path / "sink") as sink:
        said = home.run("check", code=None, **chain(9, sink.port))
    assert "provider: 127.0.0.1: " in said
