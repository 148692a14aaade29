"""Hands messages to a provider, one round at a time: mark, send, record. What is not recorded is not sent."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from newsletter import batches
from newsletter.compose import Composed
from newsletter.ending import Ending
from newsletter.errors import Halt
from newsletter.ledger import Key, Ledger
from newsletter.models import Outcome, Receipt, TryLater, Uncertain
from newsletter.pace import Refusals
from newsletter.providers import Provider

log = logging.getLogger("newsletter.deliver")
NAP = 1.0  # seconds; `stop` takes effect within two


@dataclass(frozen=True)
class Run:
    """What lasts from the first message of a run to its last."""

    clock: Callable[[], datetime]
    in_doubt: Literal["resend", "hold"]
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    refusals: Refusals = field(default_factory=Refusals)
    ending: Ending = field(default_factory=Ending)


def deliver(
    composed: Iterable[Composed],
    provider: Provider,
    ledger: Ledger,
    run: Run,
    progress: Callable[[int], None] = lambda done: None,
) -> None:
    """Sends claimed messages in rounds of the provider's batch, as fast as its pace allows.

    Each round is one commit (the last round's answers, and what is handed over now) and then one call, so
    after a crash at any point only one round is in doubt. A provider that knows requests by their key is asked the
    unanswered one again, and gives its answer without sending twice. Waiting is done before the mark, with every answer
    recorded. Raises `Halt` after recording what was answered: when the provider does, when refusals are unusually
    many, and when slowing down has not helped; and `Interrupted` when the operator wants the run to end.
    """
    with run.ending.kept_back():
        waiting, broken = batches.sorted_out(list(composed), provider.idempotent_for, run.clock())
        ledger.fail({one.claim.key: batches.BROKEN for one in broken}, run.clock())
        progress(len(broken))
        _in_rounds(waiting, provider, ledger, run, progress)


def _in_rounds(
    waiting: Sequence[Composed], provider: Provider, ledger: Ledger, run: Run, progress: Callable[[int], None]
) -> None:
    answered: list[tuple[Key, Outcome]] = []
    halt: Halt | None = None
    while waiting and halt is None and not run.ending.asked:
        _draw(waiting, provider, ledger, run)
        batch, rest = _choose(waiting, provider, run)
        if not batch:
            answered = _record(ledger, answered, run)
            if ledger.stopped() is not None:
                break
            run.sleep(min(NAP, provider.pace.wait([_domain(one) for one in waiting], run.monotonic())))
            continue
        name = batches.name_of(batch)
        marked = ledger.step(answered, [one.claim.key for one in batch], name, run.clock(), run.in_doubt)
        if not marked and ledger.stopped() is not None:
            answered = []  # they were recorded
            break
        waiting = rest
        going = [one for one in batch if one.claim.key in marked]
        if batch[0].batch and len(going) < len(batch):
            answered = [(one.claim.key, Uncertain(batches.BROKEN)) for one in going]
        else:
            answered, halt = _send(going, provider, name)
        halt = halt or _look_at([outcome for _, outcome in answered], provider, run)
        progress(len(batch))
    _record(ledger, answered, run)
    ledger.release([one.claim.key for one in waiting])
    if halt is not None:
        raise halt


def _draw(waiting: Sequence[Composed], provider: Provider, ledger: Ledger, run: Run) -> None:
    """Takes from the rates that processes share what the next round needs."""
    now = run.monotonic()
    if draws := provider.pace.wanted(map(_domain, waiting), provider.batch, now):
        provider.pace.granted(ledger.draw(draws), now)


def _choose(waiting: Sequence[Composed], provider: Provider, run: Run) -> tuple[Sequence[Composed], Sequence[Composed]]:
    """Who may be handed over now, and who still waits."""
    if together := batches.repeated(waiting):
        may = provider.pace.choose([_domain(together[0])], 1, run.monotonic())
        return (together, waiting[len(together) :]) if may else ([], waiting)
    chosen = provider.pace.choose((_domain(one) for one in waiting), provider.batch, run.monotonic())
    if chosen and chosen[-1] == len(chosen) - 1:  # the first ones, as without a rate for each domain
        return waiting[: len(chosen)], waiting[len(chosen) :]
    now = set(chosen)
    return [waiting[n] for n in chosen], [one for n, one in enumerate(waiting) if n not in now]


def _domain(one: Composed) -> str:
    return one.message.recipient.rpartition("@")[2].lower()


def _send(batch: Sequence[Composed], provider: Provider, name: str) -> tuple[list[tuple[Key, Outcome]], Halt | None]:
    keys = [one.claim.key for one in batch]
    if not keys:
        return [], None
    try:
        outcomes: Sequence[Outcome] = provider.send([one.message for one in batch], name)
    except Halt as halt:
        outcomes = halt.outcomes or [TryLater(str(halt), timedelta(0))] * len(keys)
        return list(zip(keys, outcomes, strict=True)), halt
    return list(zip(keys, outcomes, strict=True)), None


def _look_at(outcomes: Sequence[Outcome], provider: Provider, run: Run) -> Halt | None:
    """Slows down when that is asked for; a halt when it does not help, or when refusals are unusually many."""
    run.refusals.note(outcomes)
    said = next((one.reason for one in reversed(outcomes) if not isinstance(one, Receipt)), "")
    if unusual := run.refusals.unusual():
        return Halt(f"{unusual}; the last: {said}; look into it, and run again: who waits is not lost")
    pause = provider.pace.heed(outcomes, run.monotonic())
    if pause is None:
        return None
    if provider.pace.hopeless:
        return Halt(f"the provider still asks us to slow down: {said}; run again later", passing=True)
    log.warning("the provider asks us to slow down: %s; going on in %d s, on one connection", said, pause.seconds)
    return None


def _record(ledger: Ledger, answered: Sequence[tuple[Key, Outcome]], run: Run) -> list[tuple[Key, Outcome]]:
    """Records the answers; returns what is left to record, which is nothing."""
    if answered:
        ledger.step(answered, [], "", run.clock(), run.in_doubt)
    return []
