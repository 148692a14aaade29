"""Sending in several processes of one machine, and what becomes of it when one of them dies."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from newsletter.ledger.shards import SHARD
from tests.homes import Home, invented_day, make_home, readers
from tests.servers.smtp import running
from tests.stores import in_folder

READERS = 450  # three shards
CONNECTIONS = 4
NAMES = [f"reader{n:03}" for n in range(READERS)]


def home_of(tmp_path, sink, names=NAMES, in_doubt="resend"):
    home = make_home(tmp_path / "home", provider=f"smtp://127.0.0.1:{sink.port}?connections={CONNECTIONS}")
    home.day("2026-03-03", invented_day("2026-03-03", 10))
    home.subscribers(readers(names))
    return Home(home.path, {**home.environment, "NEWSLETTER_QUEUE": "inline:2", "NEWSLETTER_IN_DOUBT": in_doubt})


def start(home):
    command = [sys.executable, "-m", "newsletter", "send", "--date", "2026-03-03"]
    return subprocess.Popen(command, env=home.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def children_of(process):
    path = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(pid) for pid in path.read_text().split()] if path.exists() else []


def wait_for(sink, number, process):
    while len(sink.received()) < number and process.poll() is None:
        time.sleep(0.005)
    assert process.poll() is None, process.communicate()


def test_two_processes_send_to_everybody_once(tmp_path):
    with running(tmp_path / "log", delay_ms=2) as sink:
        home = home_of(tmp_path, sink)
        process = start(home)
        wait_for(sink, 10, process)
        assert 2 == len(children_of(process))
        assert f"{READERS} submitted" in process.communicate(timeout=100)[0]
        received = sink.received()
    assert (READERS, {1}) == (len(received), set(Counter(one.recipient for one in received).values()))


@pytest.mark.parametrize(("in_doubt", "code"), [("resend", 0), ("hold", 1)])
def test_a_process_that_is_killed_costs_only_what_it_had_handed_over(tmp_path, in_doubt, code):
    with running(tmp_path / "log", delay_ms=20) as sink:
        home = home_of(tmp_path, sink, in_doubt=in_doubt)
        process = start(home)
        wait_for(sink, 20, process)
        os.kill(children_of(process)[0], signal.SIGKILL)
        said = process.communicate(timeout=100)[0]
        status, received = home.status(), sink.received()
    assert code == process.returncode, said
    assert "was killed (SIGKILL)" in said
    counts = Counter(one.recipient for one in received)
    held = status["uncertain"]
    assert READERS == status["audience"] == status["submitted"] + held
    assert READERS - len(counts) <= held <= CONNECTIONS // 2
    assert len(received) - len(counts) <= (0 if in_doubt == "hold" else CONNECTIONS // 2)


def test_when_the_parent_is_killed_the_others_end_and_nobody_is_lost(tmp_path):
    with running(tmp_path / "log", delay_ms=20) as sink:
        home = home_of(tmp_path, sink)
        process = start(home)
        wait_for(sink, 20, process)
        children = children_of(process)
        process.kill()
        process.communicate()
        until = time.monotonic() + 20
        while any(Path(f"/proc/{pid}").exists() for pid in children) and time.monotonic() < until:
            time.sleep(0.01)
        assert [] == [pid for pid in children if Path(f"/proc/{pid}").exists()]
        assert len(sink.received()) < READERS
        home.run("send", "--date", "2026-03-03")
        received = sink.received()
    assert READERS == len({one.recipient for one in received}), "nobody is lost"
    assert READERS == len(received), "what was in flight was recorded by those who had sent it"


def test_what_halts_one_process_ends_the_run_in_one_line(tmp_path):
    with running(tmp_path / "log") as sink:
        home = home_of(tmp_path, sink, [f"quota+{n}" for n in range(READERS)])
        said = home.run("send", "--date", "2026-03-03", code=1)
        status = home.status()
    assert 1 == said.count("Daily sending limit exceeded"), said
    assert (READERS, READERS) == (status["audience"], status["pending"])


def test_stop_reaches_every_process(tmp_path):
    with running(tmp_path / "log", delay_ms=100) as sink:
        home = home_of(tmp_path, sink)
        process = start(home)
        wait_for(sink, 8, process)
        home.run("stop")
        stopped_at = len(sink.received())
        process.communicate(timeout=100)
        assert 1 == process.returncode
        assert len(sink.received()) <= stopped_at + 2 * CONNECTIONS < READERS
        assert READERS == home.status()["audience"]
    [(made,)] = in_folder(home.path).execute("newsletter", "SELECT count(*) FROM deliveries WHERE content IS NOT NULL")
    assert made <= 2 * SHARD < READERS, "what could not be sent any more was not made"


def test_an_unknown_number_of_processes_is_refused_in_words(tmp_path):
    home = make_home(tmp_path / "home")
    home.day("2026-03-03", invented_day("2026-03-03", 10))
    home.subscribers(readers(["ada"]))
    for command in (("send", "--date", "2026-03-03"), ("check",)):
        said = home.run(*command, code=2, NEWSLETTER_QUEUE="inline:many")
        assert "'inline:many': write inline, or inline:2 for two processes" in said
    assert "queue: inline:2, in 2 processes" in home.run("check", code=None, NEWSLETTER_QUEUE="inline:2")
