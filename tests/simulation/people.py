"""Invented readers all over the world, and the home that serves them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import date, time, timedelta
from pathlib import Path
from zoneinfo import available_timezones

from tests.homes import Home, invented_day, make_home
from tests.simulation.almanac import WEEKDAYS, Reader

CADENCES = ("daily", "daily", "daily", "weekdays", "weekdays", *(f"weekly {day}" for day in WEEKDAYS), "monthly")
ODD = ("00:00", "02:30", "23:45")
CORNERS = (  # where clocks are changed at midnight, by half an hour, the other way round, or never
    ("America/Nuuk", "23:45"),
    ("America/Santiago", "23:45"),
    ("America/Santiago", "00:00"),
    ("America/Havana", "00:00"),
    ("Africa/Cairo", "00:00"),
    ("Asia/Beirut", "00:00"),
    ("Australia/Lord_Howe", "02:15"),
    ("Africa/Casablanca", "02:30"),
    ("Pacific/Chatham", "02:45"),
    ("Antarctica/Troll", "02:30"),
    ("Europe/Dublin", "01:30"),
    ("Europe/Paris", "02:30"),
    ("America/New_York", "02:30"),
    ("Australia/Sydney", "02:30"),
    ("Pacific/Kiritimati", "00:00"),
    ("Pacific/Pago_Pago", "23:45"),
    ("Asia/Kathmandu", "08:00"),
)


def zones() -> list[str]:
    """Every zone that there is, but for this machine's own."""
    return sorted(available_timezones() - {"localtime"})


def schedules(number: int, chance: random.Random) -> Iterator[tuple[str, time, str]]:
    """So many time zones, hours and cadences: the corners first, then each zone in turn."""
    some = [(zone, text, "daily") for zone, text in CORNERS]
    everywhere = zones()
    while len(some) < number:
        chance.shuffle(everywhere)
        some += [(zone, _hour(chance), chance.choice(CADENCES)) for zone in everywhere]
    for zone, text, cadence in some[:number]:
        yield zone, time.fromisoformat(text), cadence


def _hour(chance: random.Random) -> str:
    if chance.random() < 0.15:
        return chance.choice(ODD)
    return f"{chance.randrange(24):02}:{15 * chance.randrange(4):02}"


def invented_readers(number: int, kinds: int, first: date, days: int, chance: random.Random) -> list[Reader]:
    """Readers of so many kinds; one in ten wants nothing until a day around that time."""
    known = list(schedules(min(kinds, number), chance))
    readers = []
    for n in range(number):
        zone, send_at, cadence = known[n] if n < len(known) else chance.choice(known)
        paused = first + timedelta(days=chance.randint(-3, days)) if n % 10 == 9 else None
        readers.append(Reader(f"r{n:05}@example.org", zone, send_at, cadence, paused))
    return readers


def entry(reader: Reader, *more: str) -> str:
    """Their line of subscribers.yaml."""
    paused = f", paused_until: {reader.paused_until}" if reader.paused_until else ""
    told = ", ".join(("", *more))
    return (
        f'  - {{email: {reader.email}, timezone: {reader.zone}, send_at: "{reader.send_at:%H:%M}", '
        f"cadence: {reader.cadence}{paused}{told}}}\n"
    )


def home_of(path: Path, provider: str, lines: Sequence[str], first: date, days: int, papers: int) -> Home:
    """A home with these readers, and invented papers on each day."""
    home = make_home(path, provider=provider)
    home.subscribers("subscribers:\n" + "".join(lines))
    for n in range(-32, days + 2):
        day = str(first + timedelta(days=n))
        home.day(day, invented_day(day, papers, first=1 + papers * (n + 32)))
    return home
