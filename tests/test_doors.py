"""The long-running doors as their operators start and end them."""

import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from newsletter.http import httpx
from tests.homes import invented_day, make_home, readers
from tests.servers.smtp import running


def until(true, seconds=30):
    """Waits until something is so."""
    over = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < over, "it never was"
        time.sleep(0.05)


@contextmanager
def door(home, command, **environment):
    """The process, and a client of its pages once they answer."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "newsletter", command, "--port", str(port)],
        env={**home.environment, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:

            def answers():
                try:
                    return client.get("/healthz").status_code == 200
                except httpx.TransportError:
                    return process.poll() is not None

            until(answers)
            yield process, client
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def home(tmp_path):
    home = make_home(tmp_path / "home")
    today = datetime.now(UTC).date()
    for n in range(2):
        day = (today - timedelta(days=n)).isoformat()
        home.day(day, invented_day(day, 10, first=100 * n))
    home.subscribers(readers(["late"]).replace("08:00", "00:00"))
    return home


def ended(process):
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=30)
    assert "Traceback" not in said
    return process.returncode, said


def test_who_is_being_sent_to_is_waited_for_when_systemd_ends_it(home, tmp_path):
    with running(tmp_path / "accepted") as sink:
        there = {"NEWSLETTER_PROVIDER": f"smtp://127.0.0.1:{sink.port}?tls=none"}
        with door(home, "run", **there) as (process, _):
            until(sink.received)  # accepted, and answered three seconds later
            code, said = ended(process)
        found = home.status(**there)
    assert (0, 1, 0) == (code, found["submitted"], found["submitting"]), said


def test_a_door_is_ready_tells_figures_and_logs_objects_when_asked_to(home):
    with door(home, "run", NEWSLETTER_LOG="json") as (process, client):
        until(lambda: 'state="submitted"} 1.0' in client.get("/metrics").text, seconds=60)
        assert "ready\n" == client.get("/readyz").text
        assert "newsletter_scheduler_silent_seconds" in client.get("/metrics").text
        code, said = ended(process)
    lines = [json.loads(line) for line in said.splitlines()]
    assert (0, "Uvicorn running" in said) == (code, True)
    assert [1] == [line["submitted"] for line in lines if line["logger"] == "newsletter.scheduler"]


def test_one_machine_plans_at_its_hour_and_another_sends(home, tmp_path, postgresql):
    pytest.importorskip("procrastinate", reason="it is in the development requirements: scripts/setup")
    url = postgresql.fresh()
    elsewhere = make_home(
        tmp_path / "elsewhere"
    )  # it has readers, settings and secret in common with the other, no papers
    shutil.copy(home.path / "subscribers.yaml", elsewhere.path)
    there = {"NEWSLETTER_DATABASE": url, "NEWSLETTER_ARCHIVE": url, "NEWSLETTER_QUEUE": "procrastinate"}
    with running(tmp_path / "accepted") as sink:
        there["NEWSLETTER_PROVIDER"] = f"smtp://127.0.0.1:{sink.port}?tls=none"
        with door(home, "run", **there) as (process, client):
            until(lambda: 'state="pending"} 1.0' in client.get("/metrics").text, seconds=60)
            worker = subprocess.Popen(
                [sys.executable, "-m", "newsletter", "worker", "--hands", "1"],
                env={**elsewhere.environment, **there},
                stderr=subprocess.PIPE,
                text=True,
            )
            try:
                until(lambda: 'state="submitted"} 1.0' in client.get("/metrics").text, seconds=90)
            finally:
                assert 0 == ended(worker)[0]
            assert 0 == ended(process)[0]
        assert ["late@example.org"] == [one.recipient for one in sink.received()]
    assert 1 == home.status(**there)["submitted"]


def test_pages_alone_have_no_scheduler(home):
    with door(home, "serve") as (process, client):
        assert "ready\n" == client.get("/readyz").text
        assert "newsletter_scheduler" not in client.get("/metrics").text
        assert [200, 404] == [client.get("/", headers={"host": host}).status_code for host in ("localhost", "10.0.0.7")]
        assert 0 == ended(process)[0]
