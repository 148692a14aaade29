"""How a delivery moves from state to state, and why: the whole table, drawn in `docs/delivery.md`. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from newsletter.models import State

Start: TypeAlias = Literal["new"]


@dataclass(frozen=True, slots=True)
class Move:
    """One arrow of the drawing."""

    before: State | Start
    after: State
    word: str
    """What stands at the arrow."""
    why: str


MOVES: Final = (
    Move("new", "pending", "plan", "the audience is frozen: a row for everybody who is due"),
    Move("new", "skipped", "plan", "nothing is to be sent: paused, too old, or no source answered for too long"),
    Move("pending", "pending", "claim", "a compare-and-set takes it and writes what the edition is, once and for good"),
    Move("pending", "skipped", "withhold", "quiet, removed from the file, or the reader said no meanwhile"),
    Move("pending", "failed", "spoil", "the edition could not be made"),
    Move(
        "pending",
        "uncertain",
        "doubt",
        "was in doubt and is not sent again after all: of who may have it nobody says that they have nothing",
    ),
    Move("pending", "submitting", "mark", "from the next moment on it may be with the provider"),
    Move("submitting", "submitted", "accept", "the provider took it"),
    Move("submitting", "failed", "refuse", "the provider never takes it, or not before the next edition is due"),
    Move("submitting", "pending", "postpone", "not now; or nobody knows, and `in_doubt: resend`"),
    Move(
        "submitting",
        "uncertain",
        "hold",
        "nobody knows whether it was taken, and `in_doubt: hold`; or it was in doubt, and is refused now",
    ),
    Move("uncertain", "submitted", "find", "a person found that it arrived; or the answer came after all"),
    Move("uncertain", "pending", "repeat", "a person has it sent again, with the same bytes"),
    Move("uncertain", "failed", "give up", "a person found that it did not arrive, and that it is too late"),
    Move("pending", "submitted", "hear late", "whose lease had run out brings the answer: it was taken"),
    Move("failed", "submitted", "hear late", "the same, after a person gave it up"),
)
"""Every way there is; a state that is not a `before` without `hear late` is final."""
