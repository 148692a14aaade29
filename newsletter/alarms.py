"""When an operator has to look: a few alarms, decided from what the ledger says. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal, TypeAlias, get_args

Name: TypeAlias = Literal["accepted twice", "in doubt", "no progress", "no source", "nothing sent"]
NAMES: Final[tuple[Name, ...]] = get_args(Name)

REMEMBERED: Final = timedelta(days=7)  # what cannot be undone is an alarm for so long
NO_SOURCE: Final = "no source answered"  # why an edition is skipped
STUCK: Final = timedelta(
    minutes=30
)  # of waiting that nobody asked for; most pauses that a provider asks for are shorter


@dataclass(frozen=True, slots=True)
class Signs:
    """What the ledger says. Each pair is how many deliveries, and since when; None where there are none."""

    twice: tuple[int, date] | None = None
    """The provider took them more than once; editions of the last seven days."""
    doubtful: tuple[int, datetime] | None = None
    """Held for a person."""
    overdue: tuple[int, datetime] | None = None
    """Not settled, and without a next attempt in the future."""
    settled_at: datetime | None = None
    """When a delivery was last settled, since the first of those was due."""
    sourceless: tuple[int, date] | None = None
    """Given up because no source answered; editions of yesterday and today."""
    unserved: tuple[int, date] | None = None
    """Due since anybody was sent an edition."""
    stopped: bool = False
    """The operator stopped it."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that an operator has to look at."""

    name: Name
    number: int
    """How many deliveries."""
    since: datetime | date
    text: str
    """What is wrong, and the cure: one line without addresses."""


def raised(signs: Signs, now: datetime, alarm_after: timedelta) -> tuple[Alarm, ...]:
    """The alarms that stand now. `alarm_after`: how long nobody may be sent an edition while people are due."""
    late = (*_no_progress(signs, now), *_no_source(signs), *_nothing_sent(signs, now, alarm_after))
    return (*_twice(signs), *_in_doubt(signs), *late)


def measures(alarms: Iterable[Alarm]) -> Mapping[Name, int]:
    """How many deliveries each alarm is about, 0 where it does not stand: a gauge for each."""
    standing = {alarm.name: alarm.number for alarm in alarms}
    return {name: standing.get(name, 0) for name in NAMES}


def _twice(signs: Signs) -> Iterator[Alarm]:
    if signs.twice:
        number, since = signs.twice
        text = (
            f"the provider took {_editions(number)} of {since} or later more than once, so readers may have copies; "
            f"`newsletter status --date {since} --who submitted` names them, the log what took over from what"
        )
        yield Alarm("accepted twice", number, since, text)


def _in_doubt(signs: Signs) -> Iterator[Alarm]:
    if signs.doubtful:
        number, since = signs.doubtful
        text = f"{_editions(number)} held for a person since {_moment(since)}; `newsletter resolve` lists them"
        yield Alarm("in doubt", number, since, text)


def _no_progress(signs: Signs, now: datetime) -> Iterator[Alarm]:
    if signs.overdue and not signs.stopped:
        number, due = signs.overdue
        since = max(due, signs.settled_at or due)
        if now - since >= STUCK:
            text = (
                f"{_editions(number)} could have been sent since {_moment(since)} and nothing was settled; "
                "see whether `newsletter run` is alive and what its log says, or `newsletter send` now"
            )
            yield Alarm("no progress", number, since, text)


def _no_source(signs: Signs) -> Iterator[Alarm]:
    if signs.sourceless:
        number, since = signs.sourceless
        text = (
            f"{_editions(number)} of {since} given up because no source answered; "
            "their papers come with the next, and `newsletter check` says which source fails and why"
        )
        yield Alarm("no source", number, since, text)


def _nothing_sent(signs: Signs, now: datetime, alarm_after: timedelta) -> Iterator[Alarm]:
    if signs.unserved:
        number, since = signs.unserved
        if now - datetime.combine(since, time(), UTC) >= alarm_after:
            text = (
                f"nobody was sent an edition since {since}, though {number} {'was' if number == 1 else 'were'} due; "
                "`newsletter status` says why, `newsletter check` looks at sources and provider"
            )
            yield Alarm("nothing sent", number, since, text)


def _editions(number: int) -> str:
    return f"{number:,} edition{'' if number == 1 else 's'}"


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
