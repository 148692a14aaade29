"""Runs that end, meet or wake up otherwise than they should: signals, upgrades, second senders, clocks, memory."""

from __future__ import annotations

import signal
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from tests.faults.kills import rounds
from tests.faults.oracle import Verdict, together
from tests.faults.stage import DAY, Stage, Wrong
from tests.homes import make_home

PATIENCE = 30  # seconds, to end in


def told_to_end(stage: Stage) -> Verdict:
    """Each signal in mid-run: the messages in flight are answered and recorded first."""
    with stage.over_smtp(delay_ms=5):
        for number, kind in enumerate((signal.SIGTERM, signal.SIGINT)):
            process = stage.start()
            stage.wait_for((number + 1) * stage.recipients // 3, process)
            time.sleep(stage.chance.uniform(0, 0.02))
            told = time.monotonic()
            process.send_signal(kind)
            said, _ = process.communicate(timeout=PATIENCE)
            if process.returncode != 130 or "run the same command again" not in said:
                raise Wrong(f"{kind.name}: exit {process.returncode}: {said[-300:]}")
            stage.notes.append(f"{kind.name}: {time.monotonic() - told:.1f} s")
            if left := stage.in_states("submitting"):
                raise Wrong(f"{kind.name}: {len(left)} were left in flight")
        stage.settle()
        return stage.judged()


def killed_while_upgrading(stage: Stage) -> Verdict:
    with stage.over_smtp():
        stage.kill_at("recorded", rounds(stage))
        with closing(sqlite3.connect(stage.home.path / "newsletter.db")) as connection, connection:
            later = "by_lease", "accepted_twice", "by_batch", "by_subscriber", "pending", "uncertain"
            for name in (*(f"deliveries_{one}" for one in later), "readers_by_address"):
                connection.execute(f"DROP INDEX {name}")
            connection.execute("CREATE INDEX deliveries_by_state ON deliveries (state, next_attempt)")
            connection.execute("ALTER TABLE deliveries DROP COLUMN accepts")
            connection.execute("UPDATE schema SET version = 1")
        for point in ("upgrade copied", "upgrade half"):
            stage.kill_at(point, 1, command=("db", "upgrade"))
            if (old := stage.run()).code != 1 or "db upgrade" not in old.said:
                raise Wrong(f"half an upgrade was used: {old.said[-300:]}")
        if (done := stage.run(command=("db", "upgrade"))).code:
            raise Wrong(f"it could not be upgraded any more: {done.said[-300:]}")
        stage.settle()
        return stage.judged()


# -- clocks


def clock_jumps(stage: Stage) -> Verdict:
    """Whoever is due is sent to once on their date, whatever the clock did meanwhile."""
    clock = {"now": f"--clock={DAY}T09:00:00+00:00", "back": f"--clock={DAY}T08:00:30+00:00"}
    with stage.over_smtp():
        stage.kill_at("recorded", rounds(stage), clock["now"], command=("send",))
        for name in ("back", "now", "back"):
            stage.run(clock[name], command=("send",))
        stage.day("2026-03-04", 50)
        (stage.home.path / "papers" / "2026-03-04.json").write_text("[]")
        stage.run("--clock=2026-03-04T09:00:00+00:00", command=("send",))
        return _judged_when_due(stage, clock["back"])


def daylight_saving(stage: Stage) -> Verdict:
    """02:30 in Berlin is skipped on 29 March and comes twice on 25 October 2026: one edition on each date."""
    found = []
    for day in ("2026-03-29", "2026-10-25"):
        part = replace(stage, folder=stage.folder / day, recipients=max(4, stage.recipients // 10))
        part.day(day)
        with part.over_smtp():
            file = part.home.path / "subscribers.yaml"
            file.write_text(file.read_text().replace("UTC, send_at: 08:00", "Europe/Berlin, send_at: 02:30"))
            for minute in range(0, 180, 30):
                part.run(f"--clock={day}T{minute // 60:02}:{minute % 60:02}:05+00:00", command=("send",))
            found.append(_judged_when_due(part, f"--clock={day}T05:00:00+00:00", day))
    return together(found)


def too_old(stage: Stage) -> Verdict:
    """Nobody wants the edition of four days ago: each gets the latest, once, and what the old one would have shown."""
    stage.day("2026-03-07", 60)
    with stage.over_smtp():
        stage.kill_at("planned", 1, f"--clock={DAY}T09:00:00+00:00", command=("send",))
        stage.run("--clock=2026-03-07T07:00:00+00:00", command=("send",))
        old = stage.people()
        sent = sum(one.state == "submitted" for one in old)
        stage.notes.append(f"{sent} of an edition four days old were sent")
        if sent:
            raise Wrong(f"{sent} editions of {DAY} were sent on 2026-03-07; {old[0].state}: {old[0].reason}")
        return _judged_when_due(stage, "--clock=2026-03-07T07:30:00+00:00", "2026-03-06")


def _judged_when_due(stage: Stage, clock: str, day: str = DAY) -> Verdict:
    return stage.judged(clock, day=day, command=("send",))


# -- others


def second_sender(stage: Stage) -> Verdict:
    with stage.over_smtp(delay_ms=max(5, 16_000 // stage.recipients)):
        first = stage.start()
        stage.wait_for(1, first)
        second = stage.run()
        if second.code != 1 or "is sending from this home" not in second.said:
            raise Wrong(f"a second sender: {second.said[-300:]}")
        first.communicate()
        stage.settle()
        return stage.judged()


def two_hosts(stage: Stage) -> Verdict:
    lease = "--lease=1.5"
    other = make_home(stage.folder / "there")
    with stage.over_smtp(delay_ms=10):
        for name in ("subscribers.yaml", f"papers/{DAY}.json"):
            (other.path / name).parent.mkdir(exist_ok=True)
            (other.path / name).write_text((stage.home.path / name).read_text())
        there = replace(other, environment={**stage.home.environment, "NEWSLETTER_HOME": str(other.path)})
        first, second = stage.start(lease), stage.start(lease, home=there)
        stage.wait_for(stage.chance.randint(stage.recipients // 4, stage.recipients // 2), first, second)
        victim, survivor = stage.chance.sample((first, second), 2)
        victim.kill()
        stage.kills += 1
        stage.doubt(stage.connections)
        victim.communicate()
        survivor.communicate()
        stage.settle(lease, home=there, pause=1.6)
        return stage.judged(lease)


def spoilt(stage: Stage) -> Verdict:
    """Two readers' editions cannot be made: theirs fail with a reason, the others' go out."""
    fault, crash = stage.chance.sample(stage.audience, 2)
    how = (f"--spoil={fault}:fault", f"--spoil={crash}:crash")
    with stage.over_smtp():
        stage.settle(*how)
        failed = {one.address: one.reason for one in stage.in_states("failed")}
        if set(failed) != {fault, crash}:
            raise Wrong(f"failed: {failed}")
        return stage.judged(*how)


def memory(stage: Stage) -> Verdict:
    """The most that a run takes, for a quarter of the readers and for all."""
    took = {}
    small = replace(stage, folder=stage.folder / "quarter", recipients=stage.recipients // 4)
    for part in (small, stage):
        with part.over_smtp():
            part.run(f"--memory={part.folder / 'memory'}")
            took[part.recipients] = int(Path(part.folder / "memory").read_text())
    (few, less), (many, more) = took.items()
    slope = (more - less) / (many - few) * 100_000 / 1e6
    stage.notes.append(f"{less / 1e6:.0f} MB for {few:,}, {more / 1e6:.0f} MB for {many:,}: {slope:.0f} MB per 100,000")
    with stage.over_smtp():
        return stage.judged()
