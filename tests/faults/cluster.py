"""Workers on two machines and one database: what may die there, and is killed here."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeAlias

from tests.faults.oracle import Verdict
from tests.faults.stage import DAY, Stage, Wrong
from tests.faults.starters import Child
from tests.homes import Home, make_home
from tests.servers import postgresql

LEASE = 4.0  # seconds, so that what a dead process holds is free soon; longer than this machine is ever busy elsewhere
SHORTER = f"--lease={LEASE}"
WORK = ("worker", "--hands", "1")

Blow: TypeAlias = Callable[["Cluster"], None]


class Cluster:
    """Two workers, each in a home of its own, and who plans for them."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._homes = (stage.home, _twin(stage))
        self.workers = [self._hire(home) for home in self._homes]
        self.planner: Child | None = None
        self._plan()

    def _plan(self) -> None:
        self.planner = self.stage.start(SHORTER)

    def heard_out(self) -> None:
        """Waits for who plans to end."""
        planner, self.planner = self.planner, None
        said = planner.communicate()[0] if planner else ""
        if "Traceback" in said:
            raise Wrong(f"a fault of the product: {said[-600:]}")

    def _hire(self, home: Home) -> Child:
        return self.stage.start(SHORTER, command=WORK, home=home)

    def kill_a_worker(self) -> None:
        """One dies, and another starts in its place."""
        number = self.stage.chance.randrange(len(self.workers))
        _kill(self.workers[number])
        self.stage.doubt(self.stage.connections)
        self.workers[number] = self._hire(self._homes[number])

    def kill_the_planner(self) -> None:
        if self.planner is not None:
            _kill(self.planner)
        self._plan()

    def kill_the_database(self) -> None:
        """Its processes die at once, as in a crash, and it is started again: who has sent cannot record it."""
        postgresql.crash(self.stage.url)
        self.stage.doubt(len(self.workers) * self.stage.connections)
        self.heard_out()
        self._plan()

    def wait_for(self, number: int) -> None:
        """Until so many messages were accepted; who planned and ended meanwhile is started again, as a timer does."""
        over = time.monotonic() + 600
        while self.stage.reached() < number:
            if time.monotonic() > over:
                raise Wrong(f"nothing moves: {self.stage.reached()} of {number}")
            if self.planner is None or self.planner.poll() is not None:
                self.heard_out()
                if not self.stage.in_states("pending", "submitting"):
                    return
                self._plan()
            time.sleep(0.01 if self.stage.recipients < 1000 else 0.2)

    def end(self) -> None:
        """Politely."""
        self.heard_out()
        for one in self.workers:
            one.send_signal(signal.SIGTERM)
        for one in self.workers:
            said, _ = one.communicate(120)
            if one.returncode or "Traceback" in said:
                raise Wrong(f"a worker: exit {one.returncode}: {said[-600:]}")


def struck(blow: Blow) -> Callable[[Stage], Verdict]:
    """That happens again and again while two workers send."""

    def play(stage: Stage) -> Verdict:
        number = 10 if stage.recipients >= 500 else 2
        with stage.over_smtp(delay_ms=2), _cluster(stage) as cluster:
            for left in range(number, 0, -1):
                if stage.reached() >= stage.recipients:
                    break
                share = (stage.recipients - stage.reached()) / (left + 1)
                cluster.wait_for(stage.reached() + stage.chance.randint(1, max(1, int(1.5 * share))))
                time.sleep(stage.chance.uniform(0, 0.05))
                blow(cluster)
                stage.kills += 1
            cluster.wait_for(stage.recipients)
            cluster.heard_out()
            stage.settle(SHORTER, pause=LEASE)
            cluster.end()
            return stage.judged(SHORTER)

    return play


@contextmanager
def _cluster(stage: Stage) -> Iterator[Cluster]:
    stage.home = replace(stage.home, environment=stage.home.environment | {"NEWSLETTER_QUEUE": "procrastinate"})
    cluster = Cluster(stage)
    try:
        yield cluster
    finally:
        for one in (*cluster.workers, cluster.planner):
            if one is not None and one.poll() is None:
                one.kill()


def _twin(stage: Stage) -> Home:
    other = make_home(stage.folder / "there")
    for name in ("subscribers.yaml", f"papers/{DAY}.json"):
        (other.path / name).parent.mkdir(exist_ok=True)
        (other.path / name).write_text((stage.home.path / name).read_text())
    return replace(other, environment={**stage.home.environment, "NEWSLETTER_HOME": str(other.path)})


def _kill(child: Child) -> None:
    child.send_signal(signal.SIGKILL)
    child.communicate()
