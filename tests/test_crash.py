"""kill -9: nobody is lost, and nobody gets a second mail but for what was in flight. The long form: scripts/crash."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.homes import Home, invented_day, make_home, readers
from tests.servers.smtp import Running, running

CONNECTIONS = 2


def start(home: Home) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "newsletter", "send", "--date", "2026-03-03"],
        env=home.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def home_of(tmp_path: Path, sink: Running, number: int) -> Home:
    provider = f"smtp://127.0.0.1:{sink.port}?connections={CONNECTIONS}"
    home = make_home(tmp_path / "home", provider=provider)
    home.day("2026-03-03", invented_day("2026-03-03", 10))
    home.subscribers(readers([f"reader{n:03}" for n in range(number)]))
    return home


def wait_for(sink: Running, number: int, process: subprocess.Popen[bytes]) -> None:
    while len(sink.received()) < number and process.poll() is None:
        time.sleep(0.005)


def test_random_kills_lose_nobody_and_repeat_only_what_was_in_flight(tmp_path):
    number, kills = int(os.environ.get("TEST_READERS", "120")), int(os.environ.get("TEST_KILLS", "5"))
    chance = random.Random(20261121)
    with running(tmp_path / "log", delay_ms=4) as sink:
        home = home_of(tmp_path, sink, number)
        for kill in range(kills):
            process = start(home)
            wait_for(sink, (kill + 1) * number // (kills + 2), process)
            time.sleep(chance.random() / 50)
            process.send_signal(signal.SIGKILL)
            process.wait()
        home.run("send", "--date", "2026-03-03")
        received = sink.received()
        status = home.status("--date", "2026-03-03")
    counts = Counter(one.recipient for one in received)
    assert number == len(counts), "nobody is lost"
    assert sum(counts.values()) - number <= kills * CONNECTIONS, "in doubt is one round a kill"
    assert (number, number) == (status["audience"], status["submitted"])
    ids = {one.recipient: one.message_id for one in received}
    assert all(ids[one.recipient] == one.message_id for one in received), "a repetition keeps its Message-ID"
    by_reader: dict[str, set[str]] = {}
    for one in received:
        by_reader.setdefault(one.recipient, set()).add(one.sha256)
    assert {1} == {len(bytes_) for bytes_ in by_reader.values()}, "a repetition keeps its bytes"


@pytest.mark.parametrize(("in_doubt", "copies"), [("resend", 2), ("hold", 1)])
def test_a_kill_between_the_250_and_the_record(tmp_path, in_doubt, copies):
    """The sink has the message on disk and its 250 on the way, a second before it is sent: we die in between."""
    with running(tmp_path / "log", delay_ms=1000) as sink:
        home = home_of(tmp_path, sink, 1)
        home = Home(home.path, {**home.environment, "NEWSLETTER_IN_DOUBT": in_doubt})
        process = start(home)
        wait_for(sink, 1, process)
        process.send_signal(signal.SIGKILL)
        process.wait()
        home.run("send", "--date", "2026-03-03", code=None)
        assert copies == len(sink.received())
        assert 1 == len({(one.message_id, one.sha256) for one in sink.received()})
        assert {"resend": "submitted", "hold": "uncertain"}[in_doubt] in home.run("status", code=None)
        assert 1 == home.status()[{"resend": "submitted", "hold": "uncertain"}[in_doubt]]


def test_a_second_process_does_not_send_beside_the_first(tmp_path):
    with running(tmp_path / "log", delay_ms=300) as sink:
        home = home_of(tmp_path, sink, 60)
        first = start(home)
        wait_for(sink, 1, first)
        assert "is sending from this home" in home.run("send", "--date", "2026-03-03", code=1)
        assert 0 == first.wait()
        assert 60 == len(sink.received())


def test_stopping_a_run_takes_effect_with_the_round_in_flight(tmp_path):
    with running(tmp_path / "log", delay_ms=100) as sink:
        home = home_of(tmp_path, sink, 60)
        process = start(home)
        wait_for(sink, 4, process)
        home.run("stop")
        stopped_at = len(sink.received())
        assert 1 == process.wait(timeout=30)
        assert len(sink.received()) <= stopped_at + 2 * CONNECTIONS < 60
        assert 60 == home.status()["audience"]
        home.run("resume")
        home.run("send", "--date", "2026-03-03")
        assert [1] * 60 == list(Counter(one.recipient for one in sink.received()).values())
