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
PAUSE = timedelta(seconds=3)


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
        with wall.at(archive.turns).of(HOST, PAUSE):
            pass
    assert 6 == pytest.approx(sum(wall.slept))


def test_the_pause_begins_where_the_turn_ends(archive: Archive) -> None:
    wall = Wall()
    with wall.at(archive.turns).of(HOST, PAUSE):
        wall.now += timedelta(seconds=20)
    with wall.at(archive.turns).of(HOST, PAUSE):
        assert 3 == pytest.approx(sum(wall.slept))


def test_another_host_is_another_turn(archive: Archive) -> None:
    wall = Wall()
    with wall.at(archive.turns).of(HOST, PAUSE), wall.at(archive.turns).of("other.example.org", PAUSE):
        assert [] == wall.slept


def test_a_turn_ends_too_where_asking_failed(archive: Archive) -> None:
    wall = Wall()
    with pytest.raises(SourceError, match="it broke"), wall.at(archive.turns).of(HOST, PAUSE):
        raise SourceError("it broke")
    with wall.at(archive.turns).of(HOST, PAUSE):
        assert 3 == pytest.approx(sum(wall.slept))


def test_the_turn_of_a_process_that_died_passes_on(archive: Archive) -> None:
    wall = Wall()
    dead = wall.at(archive.turns).of(HOST, PAUSE)
    dead.__enter__()
    with wall.at(archive.turns).of(HOST, PAUSE):
        assert LONGEST.total_seconds() == pytest.approx(sum(wall.slept))


def test_who_gets_no_turn_gives_up_in_words(archive: Archive) -> None:
    wall = Wall()
    impatient = replace(wall.at(archive.turns), patience=timedelta(seconds=30))
    long = wall.at(archive.turns).of(HOST, PAUSE)
    long.__enter__()
    with pytest.raises(SourceError, match=r"papers\.example\.org: others of our processes ask it all the time"):
        impatient.of(HOST, PAUSE).__enter__()


def test_a_clock_that_is_put_back_holds_up_nobody(archive: Archive) -> None:
    wall = Wall()
    with wall.at(archive.turns).of(HOST, PAUSE):
        pass
    wall.now -= timedelta(days=1)
    with wall.at(archive.turns).of(HOST, PAUSE):
        assert [] == wall.slept


def test_of_several_processes_only_one_asks_at_a_time_and_none_too_early(stores: Stores) -> None:
    pause, spans = timedelta(seconds=0.05), []

    def ask(archive: Archive) -> None:
        for _ in range(4):
            with replace(archive.turns, sleep=lambda seconds: threading.Event().wait(min(seconds, 0.01))).of(
                HOST, pause
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
