"""Weeks in which clocks are changed, end to end: real ranking and rendering, real mail to a server in another process."""

from __future__ import annotations

import itertools
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from datetime import time as hour
from pathlib import Path
from zoneinfo import ZoneInfo

from newsletter.app import open_app
from newsletter.scheduler import Ticker
from newsletter.settings import ensure_secret, load
from tests.homes import SUBJECTS
from tests.servers import smtp
from tests.simulation import ledger
from tests.simulation.almanac import DAY, Reader, appointments, minutes, moment
from tests.simulation.child import Clock
from tests.simulation.oracle import Taken, Tick, differences, misdelivered
from tests.simulation.people import entry, home_of
from tests.stores import unsynced

PAPERS = 15
"""A day."""
CADENCES = ("daily", "daily", "daily", "weekdays", "weekly sunday", "weekly monday", "monthly")


@dataclass(frozen=True, slots=True)
class Change:
    """A night in which clocks are changed."""

    name: str
    day: date
    zones: tuple[str, ...]
    hours: tuple[str, ...]
    """When their readers want their edition: about the time that is skipped or shown twice, and in the morning."""


EU = ("Europe/Paris", "Europe/London", "Europe/Helsinki", "Atlantic/Azores")
US = ("America/New_York", "America/Los_Angeles", "America/St_Johns", "America/Havana")
NIGHT = ("00:00", "01:30", "02:30", "03:00", "08:00", "23:45")
CHANGES = (
    Change("EU, spring", date(2026, 3, 29), EU, NIGHT),
    Change("EU, autumn", date(2026, 10, 25), EU, NIGHT),
    Change("Nuuk, spring: the end of Saturday is skipped", date(2026, 3, 28), ("America/Nuuk",), NIGHT),
    Change("US, spring", date(2026, 3, 8), US, NIGHT),
    Change("US, autumn", date(2026, 11, 1), US, NIGHT),
    Change("Sydney and Santiago, autumn", date(2026, 4, 5), ("Australia/Sydney", "America/Santiago"), NIGHT),
    Change("Sydney, spring", date(2026, 10, 4), ("Australia/Sydney", "Pacific/Norfolk"), NIGHT),
    Change("Santiago, spring: midnight is skipped", date(2026, 9, 6), ("America/Santiago",), NIGHT),
    Change("Lord Howe, half an hour back", date(2026, 4, 5), ("Australia/Lord_Howe",), (*NIGHT, "01:45", "02:15")),
    Change("Lord Howe, half an hour on", date(2026, 10, 4), ("Australia/Lord_Howe",), (*NIGHT, "01:45", "02:15")),
    Change("Casablanca, Ramadan begins: back", date(2026, 2, 15), ("Africa/Casablanca", "Africa/El_Aaiun"), NIGHT),
    Change("Casablanca, Ramadan is over: on", date(2026, 3, 22), ("Africa/Casablanca", "Africa/El_Aaiun"), NIGHT),
    Change("no change", date(2026, 7, 1), (), NIGHT),
)
STEADY = ("Asia/Kolkata", "Asia/Kathmandu", "UTC", "Pacific/Kiritimati", "America/Phoenix")
"""Zones that never change their clocks; a third of the readers is there."""


@dataclass(frozen=True, slots=True)
class Told:
    """How a week went."""

    change: Change
    readers: int
    ticks: int
    states: Counter[str]
    seconds: float
    wrong: tuple[str, ...]


def invented(change: Change, number: int, chance: random.Random) -> list[Reader]:
    """Readers where clocks are changed in that week, and some where they are not."""
    here = [(zone, text) for zone in change.zones for text in change.hours]
    there = [(zone, text) for zone in STEADY for text in ("02:30", "08:00")]
    wheres = [itertools.cycle(there), itertools.cycle(here or there), itertools.cycle(here or there)]
    found = []
    for n in range(number):
        zone, text = next(wheres[(n + 1) % 3])
        cadence = CADENCES[n % len(CADENCES)] if n >= number // 3 else "daily"
        found.append(Reader(f"r{n:03}@example.org", zone, hour.fromisoformat(text), cadence))
    chance.shuffle(found)
    return found


def lived(change: Change, readers: Sequence[Reader], folder: Path, days: int = 7) -> Told:
    """The week around the change: a tick whenever somebody's edition is due, one a minute later and one before."""
    first, began = change.day - (days // 2) * DAY, time.monotonic()
    said = appointments(readers, first, days)
    begin = minutes(datetime.combine(first, hour(), UTC))
    due = sorted({one.at for some in said.values() for one in some if begin < one.at < begin + days * 24 * 60})
    minutes_lived = sorted({begin, *due, *(at + 1 for at in due[::5]), *(at - 10 for at in due[::5])})
    with smtp.running(folder / "log") as sink:
        entries = [entry(one, "trending: 2", f"interests: [{_interest(n)}]") for n, one in enumerate(readers)]
        provider = f"smtp://127.0.0.1:{sink.port}?tls=none"
        home = home_of(folder / "home", provider, entries, first, days, PAPERS)
        clock = Clock(moment(minutes_lived[0]))
        settings = ensure_secret(load(home.path, {**home.environment, "NEWSLETTER_QUEUE": "inline:1"}))
        arrived: list[tuple[int, smtp.Received]] = []
        with unsynced(), open_app(settings, clock) as app:
            ticker = Ticker(app)
            for at in minutes_lived:
                clock.now = moment(at)
                ticker.tick()
                arrived += [(at, one) for one in sink.received()[len(arrived) :]]
    wrong, states = _judged(readers, change, home.path, minutes_lived, arrived)
    return Told(change, len(readers), len(minutes_lived), states, time.monotonic() - began, tuple(wrong))


def _interest(number: int) -> str:
    subject = SUBJECTS[number % len(SUBJECTS)]
    return f"{{name: {subject}, keywords: [{subject}]}}"


def _judged(
    readers: Sequence[Reader],
    change: Change,
    home: Path,
    lived: Sequence[int],
    arrived: Sequence[tuple[int, smtp.Received]],
) -> tuple[list[str], Counter[str]]:
    rows = ledger.read(home)
    first = moment(lived[0]).date()
    said = appointments(readers, first, (moment(lived[-1]).date() - first).days + 1)
    each, ticks = ledger.of_each(rows), [Tick(at, True) for at in lived]
    wrong = list(_unchanged(change))
    for one in readers:
        for what in differences(one, said[one], ticks, each.get(one.email, set())):
            wrong.append(f"{one.email} ({one.zone}, {one.send_at:%H:%M}, {one.cadence}): {what}")
    periods = {message_id: period for (_, period), (_, message_id) in rows.items()}
    log = [
        Taken(one.recipient, periods.get(one.message_id, "no edition"), one.message_id, at, 1, number)
        for number, (at, one) in enumerate(arrived)
    ]
    return [*wrong, *misdelivered(rows, log, ())[0]], Counter(row.state for row, _ in rows.values())


def _unchanged(change: Change) -> Iterator[str]:
    """Zones of which the table says that they change their clocks in that night, and they do not."""
    for name in change.zones:
        noon = [datetime.combine(change.day + n * DAY, hour(12), ZoneInfo(name)).utcoffset() for n in (-1, 1)]
        if noon[0] == noon[1]:
            yield f"{name}: its clock is not changed on {change.day}; is the table of time zones an old one?"


def main(number: int, seed: int) -> int:
    """Every change, with so many readers; prints a table."""
    faults = 0
    for change in CHANGES:
        with tempfile.TemporaryDirectory(prefix="week") as folder:
            readers = invented(change, number, random.Random(f"{change.name} {seed}"))
            told = lived(change, readers, Path(folder))
        for line in told.wrong[:50]:
            print(line)
        faults += len(told.wrong)
        states = ", ".join(f"{n:,} {state}" for state, n in sorted(told.states.items()))
        print(
            f"{change.name:<46}{change.day}  {told.readers} readers, {told.ticks} ticks, {states}; "
            f"{told.seconds:.0f} s; {len(told.wrong)} differences",
            flush=True,
        )
    return 1 if faults else 0
