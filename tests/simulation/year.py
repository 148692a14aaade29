"""Has a scheduler live through simulated time, kills it and keeps it away, and tells how it did: `scripts/year`."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from datetime import time as hour
from pathlib import Path

from tests.faults.starters import PRELOADED
from tests.homes import Home
from tests.simulation import child, ledger, weeks
from tests.simulation.almanac import Reader, appointments, minutes, shown
from tests.simulation.oracle import Taken, Tick, differences, misdelivered
from tests.simulation.people import entry, home_of, invented_readers

LONGEST = 5 * 24 * 60
"""Minutes for which a scheduler is away."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is simulated."""

    readers: int
    kinds: int
    """How many different schedules they have: time zone, hour and cadence."""
    first: date
    days: int
    seed: int
    kills: int
    downtimes: int
    beside: float = 1.0
    """The share of moments that also get a tick ten minutes before, one a minute after, and one anywhere."""
    round: int = 20
    """Messages that the provider takes at once."""
    seconds: float = 10.0**9
    """How long it may take; then it ends where it is."""


@dataclass(slots=True)
class Told:
    """How it went."""

    plan: Plan
    zones: int = 0
    moments: int = 0
    ticks: int = 0
    lives: int = 1
    away: int = 0
    """How often the scheduler was away, of those lives."""
    until: int = 0
    took: float = 0.0
    states: Counter[str] = field(default_factory=Counter)
    copies: int = 0
    allowed: int = 0
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Strike:
    """The scheduler is killed in or after a minute, and is away for so many."""

    at: int
    away: int = 0


class World:
    """One simulation: its folder, its chance."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan, self._folder, self._chance = plan, folder, random.Random(f"year {plan.seed}")
        self.readers = invented_readers(plan.readers, plan.kinds, plan.first, plan.days, self._chance)
        self.said = appointments(self.readers, plan.first, plan.days)
        self.begin = minutes(datetime.combine(plan.first, hour(), UTC))
        self.end = self.begin + plan.days * 24 * 60
        here = {one.at for some in self.said.values() for one in some if self.begin <= one.at < self.end}
        self.moments = sorted(here)
        self.killed: set[int] = set()
        self._away = 0
        self.took = 0.0

    def minutes(self) -> list[int]:
        """When a scheduler ticks that ticked every minute, but for most of those in which there is nothing to do."""
        found = {self.begin, *self.moments}
        for at in self.moments:
            if self._chance.random() < self.plan.beside:
                found |= {at - 10, at + 1, self._chance.randrange(self.begin, self.end)}
        return sorted(at for at in found if self.begin <= at < self.end)

    def strikes(self) -> list[Strike]:
        """Kills, and kills after which the scheduler is away for minutes or days; in order, the last one first."""
        kills = [Strike(self._chance.choice(self.moments)) for _ in range(self.plan.kills)]
        aways = [
            Strike(self._chance.choice(self.moments), int(LONGEST ** self._chance.random()) + 1)
            for _ in range(self.plan.downtimes)
        ]
        return sorted((*kills, *aways), key=lambda one: -one.at)

    def live(self) -> None:
        """Life after life, until the time is over."""
        started = time.monotonic()
        home = home_of(self._folder / "home", "books:", [entry(one) for one in self.readers], self.plan.first, 0, 1)
        todo, strikes, number, resume = self.minutes(), self.strikes(), 0, self.begin
        while resume < self.end:
            number += 1
            strike = strikes.pop() if strikes else None
            lived = [resume, *(at for at in todo if at > resume)]
            if not self._killed(home, number, lived, strike, started + self.plan.seconds):
                break
            self.killed.add(number)
            life, at = self._progress()
            resume = max(resume, at)
            if (life == number and at == child.OVER) or time.monotonic() - started > self.plan.seconds:
                break
            if strike and strike.away:
                self._away += 1
                resume += strike.away
        self.took = time.monotonic() - started

    def _killed(self, home: Home, number: int, lived: Sequence[int], strike: Strike | None, until: float) -> bool:
        """Starts a life, and kills it in the strike's minute or soon after; False if it came to its end."""
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(PRELOADED)
        life = child.Life(self._folder, dict(home.environment), number, lived, self.plan.round)
        process = context.Process(target=child.live, args=(life,))
        process.start()
        while process.is_alive():
            process.join(0.002 if strike else 0.5)
            life_now, at = self._progress()
            if (strike and life_now == number and at >= strike.at) or time.monotonic() > until:
                time.sleep(self._chance.uniform(0, 0.1))
                process.kill()
                process.join()
        if process.exitcode not in (0, -9):
            raise RuntimeError(f"life {number} ended with {process.exitcode}")
        return process.exitcode != 0

    def _progress(self) -> tuple[int, int]:
        """The life and the minute that were written down last."""
        try:
            with (self._folder / "lived").open("rb") as diary:
                size = os.fstat(diary.fileno()).st_size // child.WIDTH
                life, at = os.pread(diary.fileno(), child.WIDTH, max(0, size - 1) * child.WIDTH).split()
        except (FileNotFoundError, ValueError):
            return 0, 0
        return int(life), int(at)

    # -- afterwards

    def ticks(self) -> list[Tick]:
        """The minutes that were lived, each once."""
        lines = [line.split() for line in (self._folder / "lived").read_text().splitlines()]
        pairs = [(int(life), int(at)) for life, at in lines]
        found: dict[int, bool] = {}
        for (life, at), after in zip(pairs, [*pairs[1:], (0, 0)], strict=True):
            if at != child.OVER:
                found[at] = found.get(at, False) or after[0] == life
        return [Tick(at, whole) for at, whole in found.items()]

    def log(self) -> list[Taken]:
        lines = (line.split() for line in (self._folder / "accepted").read_text().splitlines())
        return [Taken(*some[:3], *map(int, some[3:])) for some in lines]  # type: ignore[arg-type]

    def judged(self) -> Told:
        """What was lived, laid beside the calendar."""
        ticks, rows = self.ticks(), ledger.read(self._folder / "home")
        told = Told(self.plan, len({one.zone for one in self.readers}), len(self.moments), len(ticks))
        told.lives, told.away, told.until, told.took = len(self.killed) + 1, self._away, ticks[-1].at, self.took
        told.states.update(row.state + (row.reason and f": {row.reason.split()[0]}") for row, _ in rows.values())
        each = ledger.of_each(rows)
        for reader, said in self.said.items():
            for what in differences(reader, said, ticks, each.get(reader.email, set())):
                told.wrong.append(f"{_named(reader)}: {what}")
        wrong, told.copies = misdelivered(rows, self.log(), self.killed)
        told.allowed = self.plan.round * len(self.killed)
        told.wrong += [*wrong, *(f"it said: {line}" for line in (self._folder / "said").read_text().splitlines())]
        return told


def _named(reader: Reader) -> str:
    return f"{reader.email} ({reader.zone}, {reader.send_at:%H:%M}, {reader.cadence})"


def simulated(plan: Plan, folder: Path) -> Told:
    """Lives through the plan in this folder, and judges it."""
    world = World(plan, folder)
    world.live()
    return world.judged()


def table(told: Told) -> str:
    """How it went, for people."""
    plan = told.plan
    rows = {
        "readers": f"{plan.readers:,} with {plan.kinds:,} schedules in {told.zones} time zones",
        "from, to": f"{plan.first}, {shown(told.until)}",
        "ticks": f"{told.ticks:,}; somebody's edition is due in {told.moments:,} minutes",
        "killed": f"{told.lives - 1} times; after {told.away} of them away, up to five days",
        **{state: f"{number:,}" for state, number in sorted(told.states.items())},
        "copies": f"{told.copies} (at most {told.allowed} may have been in flight)",
        "seconds": f"{told.took:.0f} ({sum(told.states.values()) / told.took:.0f} editions, {told.ticks / told.took:.0f} ticks a second)",
        "differences": f"{len(told.wrong):,}",
    }
    return "\n".join(f"{name:<24}{text}" for name, text in rows.items())


def main() -> int:
    asked = _arguments().parse_args()
    if asked.end_to_end:
        return weeks.main(min(asked.readers, 200), asked.seed)
    kinds = asked.schedules or max(1, asked.readers // 8)
    plan = Plan(
        asked.readers, kinds, asked.since, asked.days, asked.seed, asked.kills, asked.downtimes, asked.beside,
        asked.round, asked.seconds,
    )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="year") as folder:
        told = simulated(plan, Path(folder))
    for line in told.wrong[:200]:
        print(line)
    print(table(told))
    return 1 if told.wrong else 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/year", description=__doc__)
    parser.add_argument("--readers", type=int, default=10_000)
    parser.add_argument(
        "--schedules", type=int, default=0, help="how many different ones; one for eight readers without"
    )
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--since", type=date.fromisoformat, default=date(2026, 1, 1))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--downtimes", type=int, default=40, help="kills after which the scheduler is away")
    parser.add_argument("--beside", type=float, default=1.0, metavar="SHARE", help="of moments with ticks around them")
    parser.add_argument("--round", type=int, default=20, help="messages that the provider takes at once")
    parser.add_argument("--seconds", type=float, default=10.0**9, help="end it after so long, and judge what was lived")
    parser.add_argument("--end-to-end", action="store_true", help="weeks of clock changes, with everything, over SMTP")
    return parser


if __name__ == "__main__":
    sys.exit(main())
