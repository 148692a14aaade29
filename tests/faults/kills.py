"""Runs that are killed: at a named point, in a system call, at random."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from math import ceil
from typing import TypeAlias

from newsletter.ledger.shards import SHARD
from tests.faults.oracle import Verdict
from tests.faults.stage import SEND, Stage, Wrong
from tests.faults.starters import ROOT

Times: TypeAlias = Callable[[Stage], int]
"""Which time counts, drawn by the stage's chance."""
PIECE = 500  # rows of the audience that one statement plans


def once(stage: Stage) -> int:
    return 1


def pieces(stage: Stage) -> int:
    return stage.chance.randint(1, ceil(stage.recipients / PIECE))


def shards(stage: Stage) -> int:
    return stage.chance.randint(1, last_shard(stage))


def last_shard(stage: Stage) -> int:
    return ceil(stage.recipients / SHARD)


def messages(stage: Stage) -> int:
    return stage.chance.randint(1, stage.recipients)


def rounds(stage: Stage) -> int:
    """Rounds that follow another of their shard."""
    return stage.chance.randint(1, stage.recipients // stage.connections - last_shard(stage))


def at(
    point: str, times: Times, *, copies: int = 0, marked: int = 0, connections: int = 4
) -> Callable[[Stage], Verdict]:
    """One kill there; so many messages a connection may come twice, or (also) be uncertain where doubt is held."""

    def play(stage: Stage) -> Verdict:
        stage.connections = connections
        with stage.over_smtp():
            stage.kill_at(point, times(stage))
            stage.doubt(copies * connections, max(copies, marked) * connections)
            stage.settle()
            return stage.judged()

    return play


def asleep_for_the_rate(stage: Stage) -> Verdict:
    with stage.over_smtp("&rate=20/s"):
        stage.kill_at("nap", stage.chance.randint(1, 10))
    with stage.over_smtp():
        stage.settle()
        return stage.judged()


def asleep_until_later(stage: Stage) -> Verdict:
    stage.named("grey", 0.1)
    with stage.over_smtp():
        stage.kill_at("nap", stage.chance.randint(1, 2), command=(*SEND, "--wait", "1h"))
        stage.settle()
        return stage.judged()


def in_checkpoint(stage: Stage) -> Verdict:
    """In a write to the ledger's own file: with a write-ahead log only a checkpoint writes there."""
    strace = shutil.which("strace") or "strace"
    with stage.over_smtp():
        stage.kill_at("recorded", rounds(stage))
        file, number = stage.home.path / "newsletter.db", stage.chance.randint(1, 6)
        trap = ["-f", "-qq", "-o", str(stage.folder / "trace"), "-P", str(file), "-e", "trace=pwrite64"]
        trap += ["-e", f"inject=pwrite64:signal=KILL:when={number}"]
        command = [strace, *trap, sys.executable, "-m", "newsletter", *SEND]
        code = subprocess.run(command, cwd=ROOT, env=dict(stage.home.environment), capture_output=True).returncode
        if code not in (-signal.SIGKILL, 128 + signal.SIGKILL):
            raise Wrong(f"no checkpoint wrote {number} times: exit {code}")
        stage.kills += 1
        stage.doubt(0, 2 * stage.connections)
        stage.settle()
        return stage.judged()


def posted(provider: str, batch: int = 1, *, known: bool = False) -> Callable[[Stage], Verdict]:
    """HTTP: a request is written, its answer is not read. `known`: the provider knows a repeated one."""

    def play(stage: Stage) -> Verdict:
        with stage.over_http(provider, f"&batch={batch}" if batch > 1 else ""):
            point = stage.chance.choice(("posted", "post answered"))
            stage.kill_at(point, stage.chance.randint(1, stage.recipients // batch))
            flying = batch if batch > 1 else stage.connections
            stage.doubt(0 if known else flying, 0 if known else flying)
            stage.settle()
            return stage.judged()

    return play


def posted_and_a_no(stage: Stage) -> Verdict:
    """Between the kill and the restart a reader of that request unsubscribes."""
    with stage.over_http("resend", "&batch=20"):
        stage.kill_at("post answered", stage.chance.randint(1, stage.recipients // 20))
        stage.doubt(0, 20, held=20)
        address = stage.chance.choice(stage.received()[-20:]).recipient
        with stage.home.app() as app:
            app.suppressions.add(address, "unsubscribed", app.clock())
        stage.settle()
        return stage.judged()


def _many(stage: Stage) -> int:
    return 20 if stage.recipients >= 500 else 4


def at_random(stage: Stage) -> Verdict:
    number = _many(stage)
    with stage.over_smtp(delay_ms=2):
        for left in range(number, 0, -1):
            if stage.kill_somewhere(left=left + 1):
                stage.doubt(stage.connections)
        stage.settle()
        return stage.judged()


def at_random_on_postgresql(stage: Stage) -> Verdict:
    """Leases of a second and a half, so that what a dead process holds is free soon."""
    lease = "--lease=1.5"
    with stage.over_smtp(delay_ms=2):
        for left in range(_many(stage), 0, -1):
            if stage.kill_somewhere(lease, left=left + 1):
                stage.doubt(stage.connections)
        stage.settle(lease, pause=1.6)
        return stage.judged(lease)
