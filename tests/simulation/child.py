"""A scheduler in a process of its own that lives through given minutes; papers are left out, and so what is made of them.

It writes each minute down before it lives it, so that whoever killed it knows when it died.
"""

from __future__ import annotations

import itertools
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from newsletter import audience, providers, publish, scheduler, sending
from newsletter.app import App, open_app
from newsletter.archive import Archive
from newsletter.collect import Collected
from newsletter.compose import Composed, Composer
from newsletter.digest import Start
from newsletter.ledger import Claim, Delivery
from newsletter.models import Digest, Message, Outcome, Receipt, SourceState, Subscriber
from newsletter.pace import Pace
from newsletter.scheduler import Ticker
from newsletter.settings import ensure_secret, load
from tests.simulation.almanac import minutes, moment
from tests.stores import unsynced

WIDTH = 15
"""Bytes of a line of the minutes that were lived: life and minute."""
OVER = 0
"""Stands there in the place of a minute when every minute was lived."""


@dataclass(frozen=True, slots=True)
class Life:
    """What a child is told."""

    folder: Path
    environment: Mapping[str, str]
    number: int
    lived: Sequence[int]
    """The minutes, in order."""
    round: int
    """Messages in a round: as many may come twice after a kill."""


class Clock:
    """It stands, until it is set."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


class Unrendered(Composer):
    """Composes messages without editions."""

    life = 0

    def __init__(self, app: App) -> None:
        self._left_out = app

    def prepare(self, digests: object, looks: object) -> None:
        """Nothing is shared."""

    def compose(
        self, deliveries: Sequence[Delivery], roster: Mapping[str, Subscriber], at: datetime
    ) -> Iterator[Composed]:
        for one in deliveries:
            subscriber, period, occasion = one.key.subscriber, one.key.period, one.key.occasion
            # Made anew after a kill, and not from the ledger, it would have another name.
            name = f"<{subscriber}.{period}.{occasion}.{minutes(at)}.{self.life}>"
            claim = one.claim or Claim(one.key, (), "{}", "", "en", "daily", "", at, name)
            yield Composed(claim, Message("", one.address, (), (), (), claim.message_id, b"", period))


class Untaken:
    """Digests without papers: one for each day."""

    def __init__(self, app: App, now: datetime) -> None:
        self._now = now

    def at(self, start: Start) -> Digest:
        day = start.period.day
        return Digest(f"{day} {minutes(self._now)}", day, day, self._now, ())


def unasked(app: App, reach: object, now: datetime) -> Collected:
    """What collecting says where the sources have nothing to say."""
    return Collected((SourceState("file:papers", "quiet"),), 0, ())


def leave_out_papers() -> None:
    """In this process alone: nothing is asked of sources, kept in the archive, ranked, learned or rendered."""
    publish.gather = scheduler.gather = unasked  # type: ignore[assignment]
    audience.Digests = Untaken  # type: ignore[misc, assignment]
    Archive.save_digest = lambda archive, digest: None  # type: ignore[method-assign]
    sending.Composer = Unrendered  # type: ignore[misc]
    sending._kept_apart = nullcontext  # type: ignore[assignment]
    App.outgrown = lambda app: False  # type: ignore[method-assign]


class Books:
    """A provider that takes everything, and writes down what and when."""

    hands = 1
    idempotent_for = timedelta(0)

    def __init__(self, log: int, life: Life, rounds: Iterator[int], clock: Clock) -> None:
        self._log, self._life, self._rounds, self._clock = log, life.number, rounds, clock
        self.batch = life.round
        self.pace = Pace()

    def send(self, messages: Sequence[Message], key: str) -> list[Outcome]:
        when = f"{minutes(self._clock.now)} {self._life} {next(self._rounds)}"
        lines = [f"{one.recipient} {one.label} {one.message_id} {when}\n" for one in messages]
        os.write(self._log, "".join(lines).encode())
        return [Receipt("taken")] * len(messages)

    def check(self) -> str:
        return "it takes everything"

    def hosts(self) -> tuple[str, ...]:
        return ()

    def close(self) -> None:
        """The log stays open for the next tick."""


def live(life: Life) -> None:
    """Ticks at each of the minutes."""
    logging.basicConfig(filename=life.folder / "said", level=logging.ERROR, force=True)
    clock = Clock(moment(life.lived[0]))
    log = os.open(life.folder / "accepted", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    Unrendered.life = life.number
    leave_out_papers()
    rounds = itertools.count(1)
    opened = {"books": lambda spec, settings, share, _clock: Books(log, life, rounds, clock)}
    providers.PROVIDERS = {**providers.PROVIDERS, **opened}  # type: ignore[dict-item]
    settings = ensure_secret(load(Path(life.environment["NEWSLETTER_HOME"]), life.environment))
    with unsynced(), open_app(settings, clock) as app:
        _tick(Ticker(app), clock, life)


def _tick(ticker: Ticker, clock: Clock, life: Life) -> None:
    diary = os.open(life.folder / "lived", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for minute in life.lived:
        os.write(diary, f"{life.number:4} {minute:09}\n".encode())
        clock.now = moment(minute)
        ticker.tick()
    os.write(diary, f"{life.number:4} {OVER:09}\n".encode())
    os.close(diary)
