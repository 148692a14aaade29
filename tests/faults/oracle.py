"""The judge of a run: who was lost, who got a copy, who was never meant, and where the ledger lies. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from newsletter.models import State


class Accepted(Protocol):
    """A line of the far side's own log."""

    @property
    def recipient(self) -> str: ...
    @property
    def message_id(self) -> str: ...
    @property
    def sha256(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the frozen audience, the far side's log and the ledger's account say when they are laid side by side."""

    audience: int
    lost: tuple[str, ...]
    """Meant, never accepted, and no final state in the ledger says so."""
    dup: int
    """Copies beyond the first."""
    phantom: tuple[str, ...]
    """Accepted, or in the ledger, and never meant."""
    lie: tuple[str, ...]
    """The ledger says submitted and the far side has nothing, or the ledger says no and the far side has it."""
    uncertain: tuple[str, ...]
    """The ledger says that nobody knows."""
    changed: tuple[str, ...]
    """Their copies differ from each other, in bytes or Message-ID."""

    def faults(self, *, dup: int = 0, uncertain: int = 0) -> tuple[str, ...]:
        """What is wrong, a phrase each, where that many copies and that many uncertain ones are allowed."""
        told = [
            (f"{len(self.lost)} lost: {_some(self.lost)}", bool(self.lost)),
            (f"{self.dup} copies, {dup} allowed", self.dup > dup),
            (f"{len(self.phantom)} never meant: {_some(self.phantom)}", bool(self.phantom)),
            (f"{len(self.lie)} lied about: {_some(self.lie)}", bool(self.lie)),
            (f"{len(self.uncertain)} uncertain, {uncertain} allowed", len(self.uncertain) > uncertain),
            (f"{len(self.changed)} with copies that differ: {_some(self.changed)}", bool(self.changed)),
        ]
        return tuple(text for text, wrong in told if wrong)


def judge(audience: Iterable[str], received: Iterable[Accepted], ledger: Mapping[str, State]) -> Verdict:
    """Lays them side by side; the ledger's states are by address."""
    meant, log = frozenset(audience), tuple(received)
    counts = Counter(one.recipient for one in log)
    final = {who for who, state in ledger.items() if state in ("failed", "skipped", "uncertain")}
    kinds = Counter(who for who, _, _ in {(one.recipient, one.message_id, one.sha256) for one in log})
    invented = {who for who, state in ledger.items() if state == "submitted" and who not in counts}
    denied = {who for who in counts if ledger.get(who) in ("failed", "skipped", "pending", "submitting")}
    return Verdict(
        audience=len(meant),
        lost=tuple(sorted(meant - counts.keys() - final)),
        dup=sum(counts.values()) - len(counts),
        phantom=tuple(sorted((counts.keys() | ledger.keys()) - meant)),
        lie=tuple(sorted(invented | denied)),
        uncertain=tuple(sorted(who for who, state in ledger.items() if state == "uncertain")),
        changed=tuple(sorted(who for who, number in kinds.items() if number > 1)),
    )


def together(found: Sequence[Verdict]) -> Verdict:
    """The verdicts on several runs, as one."""
    return Verdict(
        sum(one.audience for one in found),
        tuple(who for one in found for who in one.lost),
        sum(one.dup for one in found),
        tuple(who for one in found for who in one.phantom),
        tuple(who for one in found for who in one.lie),
        tuple(who for one in found for who in one.uncertain),
        tuple(who for one in found for who in one.changed),
    )


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
