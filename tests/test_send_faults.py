"""Sending through servers that refuse, close, hang and die, from the command line: one line, nothing lost."""

import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest

from newsletter import deliver, publish, sending
from newsletter.app import open_app
from newsletter.errors import Halt
from newsletter.settings import ensure_secret, load
from tests.homes import invented_day, make_home, readers
from tests.servers.smtp import running


def home_for(tmp_path, sink, names, options=""):
    home = make_home(tmp_path / "home", provider=f"smtp://127.0.0.1:{sink.port}?connections=2&timeout=2{options}")
    home.day("2026-03-03", invented_day("2026-03-03", 10))
    home.subscribers(readers(names))
    return home


def test_a_refused_login_is_one_line_and_the_next_run_sends(tmp_path):
    with running(tmp_path / "log", auth="ada:right", tls="starttls", ca=tmp_path / "ca.pem") as sink:
        home = home_for(tmp_path, sink, ["ada", "bo"], f"&tls=starttls&ca={tmp_path / 'ca.pem'}")
        provider = home.environment["NEWSLETTER_PROVIDER"].replace("127.0.0.1", "ada@localhost")
        told = home.run("send", "--date", "2026-03-03", code=1, NEWSLETTER_PROVIDER=provider, SMTP_PASSWORD="wrong")
        assert "refuses the login of ada: 535" in told
        assert "wrong" not in told
        assert [] == sink.received()
        right = {"NEWSLETTER_PROVIDER": provider, "SMTP_PASSWORD": "right"}
        assert "pending            2" in home.run("status", code=1, **right)
        assert "2 submitted" in home.run("send", "--date", "2026-03-03", **right)


def test_a_missing_password_is_a_settings_error(tmp_path):
    with running(tmp_path / "log") as sink:
        home = home_for(tmp_path, sink, ["ada"])
        provider = home.environment["NEWSLETTER_PROVIDER"].replace("127.0.0.1", "ada@localhost")
        assert "put SMTP_PASSWORD=" in home.run("send", code=2, NEWSLETTER_PROVIDER=provider)


def test_each_readers_refusal_is_their_own(tmp_path):
    with running(tmp_path / "log") as sink:
        home = home_for(tmp_path, sink, ["ada", "nouser", "full", "close+data", "bo", "cy"])
        told = home.run("send", "--date", "2026-03-03", code=1)
        assert "3 submitted" in told
        assert "1 failed: 550 5.1.1 User unknown" in told
        assert "1 pending: 452 4.2.2 Mailbox over quota" in told
        assert {"ada", "bo", "cy"} == {one.recipient.partition("@")[0] for one in sink.received()}
        status = home.status()
        assert (6, 3, 1, 2) == tuple(status[key] for key in ("audience", "submitted", "failed", "pending"))
        home.run("send", "--date", "2026-03-03", code=1)
        assert 3 == len(sink.received()), "what was submitted is not sent again"


def test_a_wrong_address_is_not_written_to_the_next_day(tmp_path):
    with running(tmp_path / "log") as sink:
        home = home_for(tmp_path, sink, ["nouser"])
        home.day("2026-03-04", invented_day("2026-03-04", 10, first=50))
        home.run("send", "--date", "2026-03-03")
        assert "1 skipped: suppressed" in home.run("send", "--date", "2026-03-04")


def test_a_server_that_hangs_after_the_message_leaves_it_in_doubt(tmp_path):
    with running(tmp_path / "log") as sink:
        home = home_for(tmp_path, sink, ["hang", "bo"])
        told = home.run("send", "--date", "2026-03-03", code=1)
        assert "1 pending: in doubt: no answer after the final dot" in told
        held = home_for(tmp_path / "other", sink, ["hang", "cy"]) if (tmp_path / "other").mkdir() is None else None
        told = held.run("send", "--date", "2026-03-03", code=1, NEWSLETTER_IN_DOUBT="hold")
        assert "1 uncertain: no answer after the final dot" in told
        assert "hang@example.org" in held.run("status", "--who", "uncertain", code=1, NEWSLETTER_IN_DOUBT="hold")


def test_one_policy_refusal_halts_nothing_and_waits(tmp_path):
    with running(tmp_path / "log") as sink:
        home = home_for(tmp_path, sink, ["ada", "bo", "spam", "cy", "di"])
        told = home.run("send", "--date", "2026-03-03", code=1)
        assert "5 readers: 1 pending, 4 submitted\n  1 pending: 554 5.7.1 Message rejected as spam" in told
        assert 0 == home.status()["skipped"]


def test_refusals_by_policy_of_everybody_halt_the_run_and_suppress_nobody(tmp_path):
    good, refused = [f"ada{n:02}" for n in range(20)], [f"spam+{n:02}" for n in range(40)]
    with running(tmp_path / "log") as sink:
        home = home_for(tmp_path, sink, [*good, *refused])
        told = home.run("send", "--date", "2026-03-03", code=1)
        assert "of the last 26 answers 6 were refusals for policy" in told
        assert "the last: 554 5.7.1 Message rejected as spam; look into it, and run again" in told
        status = home.status()
        assert (60, 20, 40, 0) == tuple(status[key] for key in ("audience", "submitted", "pending", "failed"))
        with home.app() as app:
            assert [] == [name for name in refused if app.suppressions.find(f"{name}@example.org")]


def test_a_server_that_suddenly_knows_nobody_does_not_have_everybody_suppressed(tmp_path):
    with running(tmp_path / "log") as sink:
        home = home_for(tmp_path, sink, [f"nouser+{n:02}" for n in range(60)])
        told = home.run("send", "--date", "2026-03-03", code=1)
        assert "of the last 20 answers 20 were refusals, which is more than any list has wrong addresses" in told
        assert (40, 20) == tuple(home.status()[key] for key in ("pending", "failed"))


def test_a_daily_limit_ends_the_run_and_everybody_waits(tmp_path):
    with running(tmp_path / "log") as sink:
        home = home_for(tmp_path, sink, ["ada", "bo", "quota", "quota+1", "zed"])
        assert "the server's daily limit is reached: 550 5.4.5" in home.run("send", "--date", "2026-03-03", code=1)
        assert (3, 2) == tuple(home.status()[key] for key in ("pending", "submitted"))


def test_waiting_is_told_with_who_still_waits(tmp_path):
    with running(tmp_path / "log") as sink:
        home = home_for(tmp_path, sink, ["ada", "full", "soon"])
        told = home.run("send", "--date", "2026-03-03", "--wait", "1s", code=1)
        assert "still waits: full@example.org  2026-03-03  452 4.2.2 Mailbox over quota" in told
        assert "still waits: soon@example.org  2026-03-03  450 4.7.1 Please try again in 7 minutes" in told
        assert "write 90s, 30m or 2h" in home.run("send", "--wait", "soon", code=2)


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self, at):
        self.at = self.began = at
        self.naps = []
        self.meanwhile = lambda: None

    def now(self):
        return self.at

    def seconds(self):
        return (self.at - self.began).total_seconds()

    def sleep(self, seconds):
        self.naps.append(seconds)
        self.at += timedelta(seconds=seconds)
        self.meanwhile()


@pytest.fixture
def clock(monkeypatch):
    clock = Clock(datetime(2026, 11, 21, 12, tzinfo=UTC))
    made = partial(deliver.Run, monotonic=clock.seconds, sleep=clock.sleep)
    monkeypatch.setattr(sending, "Run", made)
    return clock


def published(home, clock, wait=timedelta(0)):
    settings = ensure_secret(load(home.path, home.environment))
    with open_app(settings, clock.now) as app:
        return publish.publish(app, clock.now(), publish.Order(date(2026, 3, 3), wait=wait))


def test_a_greylisted_reader_is_sent_to_within_the_wait(tmp_path, clock):
    with running(tmp_path / "log") as sink:
        home = home_for(tmp_path, sink, ["ada", "grey", "soon"])
        account = published(home, clock, timedelta(minutes=30))
        assert ({"ada", "grey"}, 1) == (
            {one.recipient.partition("@")[0] for one in sink.received()},
            account.counts["pending"],
        )
    # soon@ asks for seven minutes each time; after three attempts the next would be in an hour
    assert timedelta(minutes=22) < clock.at - clock.began < timedelta(minutes=31)


def test_a_wait_of_nothing_waits_for_nobody(tmp_path, clock):
    with running(tmp_path / "log") as sink:
        assert 1 == published(home_for(tmp_path, sink, ["ada", "grey"]), clock).counts["pending"]
    assert [] == clock.naps


def test_a_server_that_comes_back_within_the_wait_loses_nobody(tmp_path, clock):
    with running(tmp_path / "log") as sink:
        home = home_for(tmp_path, sink, ["ada", "bo", "cy"])
        port = sink.port

    back = []

    def comes_back():
        if not back and clock.seconds() > 300:
            back.append(stack.enter_context(running(tmp_path / "later", port=port)))

    clock.meanwhile = comes_back
    with ExitStack() as stack:
        assert 3 == published(home, clock, timedelta(minutes=30)).counts["submitted"]
        assert 3 == len(back[0].received())


def test_a_request_to_slow_down_stops_all_traffic_for_ten_minutes_and_loses_nobody(tmp_path, clock):
    names = ["ada", "bo", "slow", *[f"zed{n:02}" for n in range(40)]]
    with running(tmp_path / "log") as sink:
        home = home_for(tmp_path, sink, names)
        account = published(home, clock)
        received = sink.received()
    assert (42, 1) == (account.counts["submitted"], account.counts["pending"])
    assert timedelta(minutes=10) <= clock.at - clock.began < timedelta(minutes=11)
    first, *after = [one.connection for one in received if one.recipient.startswith("zed")]
    assert 1 == len(set(after[:24])), "one connection, until it has gone well for a while"
    assert first


def test_a_server_that_never_stops_asking_ends_the_run(tmp_path, clock):
    with running(tmp_path / "log") as sink:
        home = home_for(tmp_path, sink, [f"slow+{n:02}" for n in range(20)])
        with pytest.raises(Halt, match=r"still asks us to slow down: 421 4\.7\.28"):
            published(home, clock)
        assert 20 == home.status()["pending"]
    assert clock.at - clock.began == timedelta(minutes=70)


def test_a_rate_is_kept_by_the_clock(tmp_path, clock):
    with running(tmp_path / "log") as sink:
        home = home_for(tmp_path, sink, [f"reader{n:02}" for n in range(31)], "&rate=30/min")
        assert 31 == published(home, clock).counts["submitted"]
    assert 60 == pytest.approx(clock.seconds(), abs=1)


def test_a_stop_ends_a_pause_at_once(tmp_path, clock):
    with running(tmp_path / "log") as sink:
        home = home_for(tmp_path, sink, ["slow", *[f"zed{n:02}" for n in range(10)]])
        clock.meanwhile = lambda: home.run("stop")
        account = published(home, clock, timedelta(hours=1))
    assert [1] == clock.naps
    assert 10 == account.counts["pending"]


@pytest.mark.parametrize("close_after", [1, 3])
def test_a_server_that_closes_again_and_again_loses_and_repeats_nobody(tmp_path, close_after):
    names = [f"reader{n:02}" for n in range(25)]
    with running(tmp_path / "log", close_after=close_after) as sink:
        home = home_for(tmp_path, sink, names)
        assert "25 submitted" in home.run("send", "--date", "2026-03-03")
        assert dict.fromkeys((f"{name}@example.org" for name in names), 1) == Counter(
            one.recipient for one in sink.received()
        )


def test_a_server_that_is_down_is_one_line_and_everything_waits(tmp_path):
    with running(tmp_path / "log") as sink:
        home = home_for(tmp_path, sink, ["ada", "bo"])
    assert "cannot be reached" in home.run("send", "--date", "2026-03-03", code=1)
    status = home.status()
    assert (2, 2) == (status["audience"], status["pending"])


def stop(home):
    with home.app() as app:
        app.ledger.stop(app.clock())


def test_stopping_a_run_takes_effect_with_the_round_in_flight(tmp_path):
    with running(tmp_path / "log", delay_ms=100) as sink:
        home = home_for(tmp_path, sink, [f"reader{n:02}" for n in range(60)])
        with subprocess.Popen(
            [sys.executable, "-m", "newsletter", "send", "--date", "2026-03-03"],
            env=home.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            while len(sink.received()) < 4 and process.poll() is None:
                time.sleep(0.005)
            stop(home)  # not by the command: a busy machine takes longer to start that than the run lasts
            stopped_at = len(sink.received())
            assert 1 == process.wait(timeout=30)
        assert len(sink.received()) <= stopped_at + 2 * 2 < 60
        assert 60 == home.status()["audience"]
        home.run("resume")
        home.run("send", "--date", "2026-03-03")
        assert [1] * 60 == list(Counter(one.recipient for one in sink.received()).values())
