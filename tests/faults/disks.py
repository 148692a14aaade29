"""Disks and files that fail: full, read-only, locked, damaged. What cannot be recorded is not sent."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.faults.kills import rounds
from tests.faults.oracle import Verdict
from tests.faults.stage import Stage, Wrong


@contextmanager
def _small_disk(stage: Stage) -> Iterator[Path]:
    """The home on a file system of its own, of 64 MB."""
    home = stage.home.path
    kept = stage.folder / "kept"
    shutil.copytree(home, kept)
    _mount("-t", "tmpfs", "-o", "size=64m", "none", str(home))
    shutil.copytree(kept, home, dirs_exist_ok=True)
    try:
        yield home
    finally:
        subprocess.run(["umount", "-l", str(home)], check=True)


def _mount(*options: str) -> None:
    subprocess.run(["mount", *options], check=True, capture_output=True)


def _refused(stage: Stage, said: str) -> None:
    """A run that stops in a line, and sends nothing that it could not mark."""
    done = stage.run()
    if done.code not in (1, 2) or said not in done.said:
        raise Wrong(f"exit {done.code}, not '{said}': {done.said[-300:]}")


def full(stage: Stage) -> Verdict:
    with _small_disk(stage) as home, stage.over_smtp():
        stage.kill_at("recorded", rounds(stage))
        for room in (0, stage.chance.randint(20, 60) << 12):
            _fill(home / "filler", room)
            _refused(stage, "the disk is full")
            stage.doubt(stage.connections)  # answers that could not be recorded any more
            (home / "filler").unlink()
        stage.settle()
        return stage.judged()


def _fill(path: Path, room: int) -> None:
    free = shutil.disk_usage(path.parent).free
    with path.open("wb") as file:
        file.write(b"\0" * max(0, free - room))


def read_only(stage: Stage) -> Verdict:
    with _small_disk(stage) as home, stage.over_smtp():
        stage.kill_at("recorded", rounds(stage))
        before = stage.reached()
        _mount("-o", "remount,ro", str(home))
        _refused(stage, "cannot be written to; let this program write there")
        _mount("-o", "remount,rw", str(home))
        if stage.reached() != before:
            raise Wrong("something was sent that could not be recorded")
        stage.settle()
        return stage.judged()


def locked(stage: Stage) -> Verdict:
    with stage.over_smtp():
        stage.kill_at("recorded", rounds(stage))
        before = stage.reached()
        with closing(sqlite3.connect(stage.home.path / "newsletter.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            _refused(stage, "is locked by another process")
        if stage.reached() != before:
            raise Wrong("something was sent that could not be recorded")
        stage.settle()
        return stage.judged()


def damaged(stage: Stage) -> Verdict:
    """The header, then the last page. A damaged ledger stops the run; a whole one put back goes on."""
    with stage.over_smtp():
        stage.kill_at("recorded", rounds(stage))
        with closing(sqlite3.connect(stage.home.path / "newsletter.db")) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        file = stage.home.path / "newsletter.db"
        whole, before = file.read_bytes(), stage.reached()
        for broken in (b"\xff" * 100 + whole[100:], whole[:-4096] + b"\xff" * 4096):
            file.write_bytes(broken)
            _refused(stage, "is damaged")
            for path in file.parent.glob("newsletter.db-*"):
                path.unlink()
            file.write_bytes(whole)
        if stage.reached() != before:
            raise Wrong("something was sent that could not be recorded")
        stage.settle()
        return stage.judged()
