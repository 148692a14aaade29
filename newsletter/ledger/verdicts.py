"""What a provider's answer makes of a delivery. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from newsletter.ledger.values import Key
from newsletter.models import Outcome, Receipt, Refused, State, TryLater, Uncertain
from newsletter.pace import retry_at

DOUBT: Final = "in doubt"
"""How the reason begins of who was handed over without an answer, once or more."""
SUPERSEDED: Final = "superseded by the next edition"
HELD: Final = "held back by warm-up"
"""How the reason begins of who waits for another day, because a new sender may not send more on this one."""


class Row(NamedTuple):
    """A delivery as it stands, and as it stays until the transaction ends."""

    state: State
    reason: str
    owner: str | None
    free: bool
    """Nobody holds it, or we do."""
    address: str
    attempts: int
    give_up_at: datetime
    accepts: int
    """How often a provider said that it took it."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What a round's answers change."""

    accepted: list[tuple[Key, str]] = field(default_factory=list)
    """With the receipt."""
    late: list[Key] = field(default_factory=list)
    """Answered after another process took them over."""
    heard: list[tuple[Key, str]] = field(default_factory=list)
    """Accepted all the same; with the receipt."""
    final: list[tuple[Key, State, str]] = field(default_factory=list)
    """With state and reason."""
    again: list[tuple[Key, str, datetime]] = field(default_factory=list)
    """With the reason, and when to try again."""


def changes(
    answers: Mapping[Key, Outcome],
    rows: Mapping[Key, Row],
    owner: str,
    at: datetime,
    in_doubt: Literal["resend", "hold"],
) -> Changes:
    """What these answers change, told to the process `owner`."""
    found = Changes()
    for key, outcome in answers.items():
        _note(found, key, rows[key], outcome, owner, at, in_doubt)
    return found


def _note(
    found: Changes,
    key: Key,
    row: Row,
    outcome: Outcome,
    owner: str,
    at: datetime,
    in_doubt: Literal["resend", "hold"],
) -> None:
    if not _may_record(row, outcome, owner):
        found.late.append(key)
        if isinstance(outcome, Receipt):  # counted all the same: it is a mail that the reader may have
            found.heard.append((key, outcome.id))
    elif isinstance(outcome, Receipt):
        found.accepted.append((key, outcome.id))
    elif row.accepts:
        found.final.append((key, "submitted", ""))  # another process was told so: that stays true
    elif ending := _ending(outcome, in_doubt):
        found.final.append((key, *honest(row, *ending)))
    else:
        reason, after = _asked(outcome)
        if when := retry_at(row.attempts, after, at, row.give_up_at):
            found.again.append((key, doubtful(row, reason), when))
        else:
            found.final.append((key, *honest(row, "failed", f"{SUPERSEDED}; last: {reason}")))


def _may_record(row: Row, outcome: Outcome, owner: str) -> bool:
    """The owner's to record; or it was accepted, which stays true whatever was thought of it since.

    Only who may be handing it over at this moment is left to it.
    """
    accepted = isinstance(outcome, Receipt) and row.state not in ("submitting", "submitted")
    return accepted or (row.state == "submitting" and row.owner == owner)


def _ending(outcome: Outcome, in_doubt: Literal["resend", "hold"]) -> tuple[State, str] | None:
    """The final state that an answer makes, and its reason; None if it is to be tried again."""
    if isinstance(outcome, Refused):
        return "failed", outcome.reason
    if isinstance(outcome, Uncertain) and in_doubt == "hold":
        return "uncertain", outcome.reason
    return None


def _asked(outcome: Outcome) -> tuple[str, timedelta | None]:
    """Why it is to be tried again, and when, if somebody said so."""
    if isinstance(outcome, TryLater):
        return outcome.reason, outcome.after
    return (f"{DOUBT}: {outcome.reason}" if isinstance(outcome, Uncertain) else ""), None


def honest(row: Row, state: State, reason: str) -> tuple[State, str]:
    """An end and its reason; of who may have it already it is not said that they have nothing."""
    if state in ("failed", "skipped") and row.reason.startswith(DOUBT):
        return "uncertain", doubtful(row, reason)
    return state, reason


def doubtful(row: Row, reason: str) -> str:
    """The reason why a delivery waits or ended, which keeps that it was in doubt."""
    was = row.reason.startswith(DOUBT) and not reason.startswith(DOUBT)
    return f"{DOUBT}; then {reason}" if was else reason
