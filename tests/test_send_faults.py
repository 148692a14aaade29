"""Sending through servers that refuse, close, hang and die, from the command line: one line, nothing lost."""

from collections import Counter

import pytest

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


def test_a_policy_refusal_halts_the_run_and_suppresses_nobody(tmp_path):
    with running(tmp_path / "log") as sink:
        home = home_for(tmp_path, sink, ["ada", "bo", "spam", "cy", "di"])
        assert "refuses us, not a reader: 554 5.7.1" in home.run("send", "--date", "2026-03-03", code=1)
        status = home.status()
        assert (5, 0, 0) == (status["audience"], status["failed"], status["skipped"])
        assert status["submitted"] == len(sink.received()) >= 2


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
