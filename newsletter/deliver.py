"""Hands messages to a provider, one round at a time: mark, send, record. What is not recorded is not sent."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Literal

from newsletter.compose import Composed
from newsletter.errors import Halt
from newsletter.ledger import Key, Ledger
from newsletter.models import Outcome, TryLater
from newsletter.providers import Provider

log = logging.getLogger("newsletter.deliver")


def deliver(
    composed: Iterable[Composed],
    provider: Provider,
    ledger: Ledger,
    clock: Callable[[], datetime],
    in_doubt: Literal["resend", "hold"],
    progress: Callable[[int], None] = lambda done: None,
) -> None:
    """Sends claimed messages in rounds of the provider's batch.

    Each round is one commit (the last round's answers, and what is handed over now) and then one call, so
    after a crash at any point only one round is in doubt. Raises `Halt` after recording what was answered.
    """
    answered: list[tuple[Key, Outcome]] = []
    waiting = iter(composed)
    while batch := list(islice(waiting, provider.batch)):
        if ledger.stopped():
            _record(ledger, answered, clock(), in_doubt)
            ledger.release([one.claim.key for one in (*batch, *waiting)])
            return
        name = _batch_name(batch)
        marked = ledger.step(answered, [one.claim.key for one in batch], name, clock(), in_doubt)
        answered = []
        try:
            answered = list(_send([one for one in batch if one.claim.key in marked], provider, name))
        except _Halted as halted:
            _record(ledger, halted.answered, clock(), in_doubt)
            ledger.release([one.claim.key for one in waiting])
            raise halted.halt from halted
        progress(len(batch))
    _record(ledger, answered, clock(), in_doubt)


class _Halted(Exception):
    def __init__(self, halt: Halt, answered: Sequence[tuple[Key, Outcome]]) -> None:
        super().__init__(str(halt))
        self.halt = halt
        self.answered = answered


def _send(batch: Sequence[Composed], provider: Provider, name: str) -> Iterator[tuple[Key, Outcome]]:
    keys = [one.claim.key for one in batch]
    if not keys:
        return iter(())
    try:
        outcomes: Sequence[Outcome] = provider.send([one.message for one in batch], name)
    except Halt as halt:
        outcomes = halt.outcomes or [TryLater(str(halt), timedelta(0))] * len(keys)
        raise _Halted(halt, list(zip(keys, outcomes, strict=True))) from halt
    return iter(zip(keys, outcomes, strict=True))


def _record(
    ledger: Ledger, answered: Sequence[tuple[Key, Outcome]], at: datetime, in_doubt: Literal["resend", "hold"]
) -> None:
    if answered:
        ledger.step(answered, [], "", at, in_doubt)


def _batch_name(batch: Sequence[Composed]) -> str:
    """The same members make the same name, so that a provider's idempotency key means the same request."""
    members = "\n".join(one.message.message_id for one in batch)
    return hashlib.sha256(members.encode()).hexdigest()[:32]
