"""The judge of a simulated life: which editions the calendar says, and where ledger and provider say otherwise. No I/O.

What a scheduler had done when it was killed in the middle of a minute nobody knows. So each reader has as many
possible histories as there are places to die, and one of them must be what the ledger says.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import inf
from typing import Final

from tests.simulation.almanac import Appointment, Reader, kept_until, shown

MAX_AGE: Final = 2 * 24 * 60


@dataclass(frozen=True, slots=True)
class Tick:
    """A minute that was lived."""

    at: int
    whole: bool
    """Whether it was lived to its end; otherwise the scheduler was killed in it."""


@dataclass(frozen=True, slots=True)
class Row:
    """What became of an edition."""

    period: str
    day: date
    state: str
    reason: str
    """Of what was skipped only."""
    at: int

    def __str__(self) -> str:
        return f"{self.period} of {self.day} {self.state}{self.reason and ': '}{self.reason} at {shown(self.at)}"


@dataclass(frozen=True, slots=True)
class Taken:
    """A line of the provider's log."""

    recipient: str
    period: str
    message_id: str
    at: int
    life: int
    round: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """An edition that is planned and not settled."""

    number: int
    """Of the appointment."""
    until: int
    doubtful: bool = False
    """It was handed over, and no answer was recorded."""


@dataclass(frozen=True, slots=True)
class History:
    """What may have happened to a reader up to a moment."""

    planned: int = -1
    """The number of the latest appointment that was planned."""
    waiting: tuple[Waiting, ...] = ()
    rows: tuple[Row, ...] = ()


def differences(reader: Reader, said: Sequence[Appointment], ticks: Sequence[Tick], found: set[Row]) -> Iterator[str]:
    """Where the ledger's rows of a reader differ from every history that the calendar allows."""
    at, moments = [tick.at for tick in ticks], [one.at for one in said]
    histories, n = {History()}, 0
    while n < len(ticks):
        tick = ticks[n]
        latest = bisect_right(moments, tick.at) - 1
        possible = {later for one in histories for later in _lived(reader, said, one, tick, latest)}
        histories = {one for one in possible if found.issuperset(one.rows[-4:])}  # those before were looked at before
        if not histories:
            yield from _told(min(possible, key=lambda one: len(set(one.rows) - found)).rows, found, tick.at)
            return
        n = n + 1 if any(one.waiting for one in histories) else _next(histories, moments, at, n)
    left = {row for row in found if row.state in ("pending", "submitting")}
    settled, days = found - left, sorted(row.day for row in left)
    cut_off = bool(ticks) and not ticks[-1].whole  # only then somebody may wait still
    if not any(
        set(one.rows) == settled and days == sorted(said[each.number].day for each in one.waiting)
        for one in histories
        if cut_off or not one.waiting
    ):
        yield from _told(max(histories, key=lambda one: len(one.rows)).rows, found)


def _next(histories: Iterable[History], moments: Sequence[int], at: Sequence[int], n: int) -> int:
    """The next tick that may change something."""
    first = min(one.planned for one in histories) + 1
    return max(n + 1, bisect_left(at, moments[first])) if first < len(moments) else len(at)


def _told(expected: Iterable[Row], found: Collection[Row], until: float = inf) -> Iterator[str]:
    yield from (f"the calendar says {row}" for row in expected if row not in found)
    yield from (f"the ledger says {row}" for row in found if row not in set(expected) and row.at <= until)


def _lived(reader: Reader, said: Sequence[Appointment], history: History, tick: Tick, latest: int) -> Iterable[History]:
    """What may be after a tick: whatever it comes to step by step, or only its last step if it was lived to its end."""
    steps = list(_steps(reader, said, history, tick.at, latest))
    return steps[-1:] if tick.whole else steps


def _steps(reader: Reader, said: Sequence[Appointment], history: History, at: int, latest: int) -> Iterator[History]:
    yield history
    for one in history.waiting:
        if one.until < at:
            history = _settled(history, one, _row(said, one, "uncertain" if one.doubtful else "failed", at))
            yield history
    if latest > history.planned:
        history = _planned(reader, said, history, at, latest)
        yield history
    for one in history.waiting:
        if not one.doubtful:
            history = replace(history, waiting=(replace(one, doubtful=True), *history.waiting[1:]))
            yield history
        history = _settled(history, history.waiting[0], _row(said, one, "submitted", at))
        yield history


def _planned(reader: Reader, said: Sequence[Appointment], history: History, at: int, latest: int) -> History:
    one = said[latest]
    reason = ""
    if reader.paused_until is not None and one.day < reader.paused_until:
        reason = f"paused until {reader.paused_until}"
    elif at - one.at > MAX_AGE:
        reason = f"too old: was due on {one.day}"
    if reason:
        row = Row(one.period, one.day, "skipped", reason, at)
        return replace(history, planned=latest, rows=(*history.rows, row))
    waits = Waiting(latest, kept_until(reader, said, latest, at))
    return replace(history, planned=latest, waiting=(*history.waiting, waits))


def _settled(history: History, one: Waiting, row: Row) -> History:
    left = tuple(other for other in history.waiting if other != one)
    return replace(history, waiting=left, rows=(*history.rows, row))


def _row(said: Sequence[Appointment], one: Waiting, state: str, at: int) -> Row:
    return Row(said[one.number].period, said[one.number].day, state, "", at)


# -- what the provider has


def misdelivered(
    rows: Mapping[tuple[str, str], tuple[Row, str]], log: Iterable[Taken], killed: Collection[int]
) -> tuple[list[str], int]:
    """Where the provider's log differs from the ledger, and how many copies came of kills.

    Of what was in flight when a life was killed a second copy is allowed, with the same Message-ID. `rows` are by
    recipient and period, each with its Message-ID; `killed` the lives.
    """
    by_key: dict[tuple[str, str], list[Taken]] = {}
    last_round: dict[int, int] = {}
    for one in log:
        by_key.setdefault((one.recipient, one.period), []).append(one)
        last_round[one.life] = one.round
    in_flight = {(life, number) for life, number in last_round.items() if life in killed}
    wrong = [f"{who} {period}: taken and not in the ledger" for who, period in by_key.keys() - rows.keys()]
    for (who, period), (row, message_id) in rows.items():
        taken = by_key.get((who, period), [])
        for what in _against(row, message_id, taken, in_flight):
            wrong.append(f"{who} {period}: {what}; the ledger says {row}")
    return sorted(wrong), sum(len(some) - 1 for some in by_key.values())


def _against(
    row: Row, message_id: str, taken: Sequence[Taken], in_flight: Collection[tuple[int, int]]
) -> Iterator[str]:
    doubtful = [one for one in taken if (one.life, one.round) in in_flight]
    if row.state == "submitted" and not taken:
        yield "never taken"
    if row.state == "submitted" and taken and taken[-1].at != row.at:
        yield f"taken at {shown(taken[-1].at)}"
    if (row.state in ("failed", "skipped") and taken) or (row.state == "uncertain" and len(taken) > len(doubtful)):
        yield f"taken {len(taken)} times"
    if any(one not in doubtful for one in taken[:-1]):
        yield f"taken {len(taken)} times, and not because of a kill"
    if {one.message_id for one in taken} - {message_id}:
        yield f"its copies have other Message-IDs than {message_id}"
