"""The ledger as a child process has it: what is written is written by its parent, for one process writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias

from newsletter.ledger.book import Ledger
from newsletter.ledger.values import Claim, Delivery, Key
from newsletter.models import Outcome

Ask: TypeAlias = Callable[..., Any]
"""Has a method of the parent's ledger called, by name, with these arguments; returns or raises what it does."""


class RemoteLedger(Ledger):
    """What a shard asks goes to the parent; what is only read is read here."""

    def __init__(self, ledger: Ledger, ask: Ask) -> None:
        super().__init__(ledger.forked(), ledger.owner)
        self._ask = ask

    def take(self, at: datetime, occasion: str, keys: Sequence[Key]) -> list[Delivery]:
        found: list[Delivery] = self._ask("take", at, occasion, keys)
        return found

    def claim(self, claims: Sequence[Claim], provider: str, at: datetime) -> set[Key]:
        won: set[Key] = self._ask("claim", claims, provider, at)
        return won

    def skip(self, reasons: Mapping[Key, str], at: datetime) -> None:
        if reasons:
            self._ask("skip", reasons, at)

    def fail(self, reasons: Mapping[Key, str], at: datetime) -> None:
        if reasons:
            self._ask("fail", reasons, at)

    def step(
        self,
        answered: Iterable[tuple[Key, Outcome]],
        submitting: Sequence[Key],
        batch: str,
        at: datetime,
        in_doubt: Literal["resend", "hold"] = "resend",
    ) -> set[Key]:
        marked: set[Key] = self._ask("step", list(answered), submitting, batch, at, in_doubt)
        return marked

    def release(self, keys: Sequence[Key]) -> None:
        if keys:
            self._ask("release", keys)

    def stopped(self) -> datetime | None:
        since: datetime | None = self._ask("stopped")
        return since
