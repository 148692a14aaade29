"""Turns at a host: one at a time with a pause between two, over all processes that share the archive."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from newsletter.archive import Archive
from newsletter.errors import SourceError
from newsletter.turns import LONGEST, Turns
from tests.stores import Stores

HOST = "papers.example.org"
PAUSE, PATIENCE = timedelta(seconds=3), timedelta(minutes=5)


@dataclass
class Wall:
    """A clock that moves when somebody sleeps."""

    now: datetime = datetime(2026, 3, 3, 8, tzinfo=UTC)
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)

    def at(self, turns: Turns) -> Turns:
        return replace(turns, clock=lambda: self.now, sleep=self.sleep)


@pytest.fixture
def archive(stores: Stores) -> Iterator[Archive]:
    archive = Archive(stores.url("archive"))
    yield archive
    archive.close()


def test_the_first_turn_is_free_and_the_next_one_waits_for_the_pause(archive: Archive) -> None:
    wall = Wall()
    for _ in range(3):
        with wall.at(archive.turns).of(HOST, PAUSE, PATIENCE):
            pass
    assert 6 == pytest.approx(sum(wall.slept))


def test_the_pause_begins_where_the_turn_ends(archive: Archive) -> None:
    wall = Wall()
    with wall.at(archive.turns).of(HOST, PAUSE, PATIENCE):
        wall.now += timedelta(seconds=20)
    with wall.at(archive.turns).of(HOST, PAUSE, PATIENCE):
        assert 3 == pytest.approx(sum(wall.slept))


def test_another_host_is_another_turn(archive: Archive) -> None:
    wall = Wall()
    with (
        wall.at(archive.turns).of(HOST, PAUSE, PATIENCE),
        wall.at(archive.turns).of("other.example.org", PAUSE, PATIENCE),
    ):
        assert [] == wall.slept


def test_a_turn_ends_too_where_asking_failed(archive: Archive) -> None:
    wall = Wall()
    with pytest.raises(SourceError, match="it broke"), wall.at(archive.turns).of(HOST, PAUSE, PATIENCE):
        raise SourceError("it broke")
    with wall.at(archive.turns).of(HOST, PAUSE, PATIENCE):
        assert 3 == pytest.approx(sum(wall.slept))


def test_the_turn_of_a_process_that_died_passes_on(archive: Archive) -> None:
    wall = Wall()
    dead = wall.at(archive.turns).of(HOST, PAUSE, PATIENCE)
    dead.__enter__()
    with wall.at(archive.turns).of(HOST, PAUSE, PATIENCE):
        assert LONGEST.total_seconds() == pytest.approx(sum(wall.slept))


def test_who_gets_no_turn_gives_up_in_words(archive: Archive) -> None:
    wall = Wall()
    long = wall.at(archive.turns).of(HOST, PAUSE, PATIENCE)
    long.__enter__()
    with pytest.raises(SourceError, match=r"papers\.example\.org: others of our processes ask it all the time"):
        wall.at(archive.turns).of(HOST, PAUSE, timedelta(seconds=30)).__enter__()


def test_a_clock_that_is_put_back_holds_up_nobody(archive: Archive) -> None:
    wall = Wall()
    with wall.at(archive.turns).of(HOST, PAUSE, PATIENCE):
        pass
    wall.now -= timedelta(days=1)
    with wall.at(archive.turns).of(HOST, PAUSE, PATIENCE):
        assert [] == wall.slept


def test_of_several_processes_only_one_asks_at_a_time_and_none_too_early(stores: Stores) -> None:
    pause, spans = timedelta(seconds=0.05), []

    def ask(archive: Archive) -> None:
        for _ in range(4):
            with replace(archive.turns, sleep=lambda seconds: threading.Event().wait(min(seconds, 0.01))).of(
                HOST, pause, PATIENCE
            ):
                began = datetime.now(UTC)
                threading.Event().wait(0.01)
                spans.append((began, datetime.now(UTC)))

    with ExitStack() as stack:
        archives = [Archive(stores.url("archive")) for _ in range(3)]
        for archive in archives:
            stack.callback(archive.close)
        threads = [threading.Thread(target=ask, args=(archive,)) for archive in archives]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    spans.sort()
    assert 12 == len(spans)
    assert [] == [(before, after) for before, after in pairwise(spans) if after[0] - before[1] < pause]
