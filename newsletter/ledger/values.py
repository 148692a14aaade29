"""What goes into the ledger and what comes out of it. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypeAlias

from newsletter.models import State

Finding: TypeAlias = Literal["arrived", "again", "give up"]
"""What a person decides of a delivery in doubt: it arrived · hand it over once more · it did not, and is too late."""


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """Which delivery."""

    subscriber: str
    period: str
    occasion: str


@dataclass(frozen=True, slots=True)
class Planned:
    """Deliveries as they are planned, of all who have the same in common: the frozen audience."""

    period: str
    occasion: str
    day: date
    since: date
    digest: str
    cut_off: tuple[date, datetime] | None
    give_up_at: datetime
    readers: Sequence[tuple[str, str, str]]
    """Subscriber, address and reference of each."""
    skip: str = ""
    """Why nothing is sent (paused, too old, ...); empty when something is."""
    held_until: datetime | None = None
    """Held back for a new sender's sake: until then, or until there is room; None where it is not."""

    @property
    def keys(self) -> Iterator[Key]:
        return (Key(subscriber, self.period, self.occasion) for subscriber, _, _ in self.readers)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a delivery's edition is, fixed for good by the first claim."""

    key: Key
    papers: tuple[str, ...]
    content: str
    name: str
    language: str
    design: str
    template: str
    stamped_at: datetime
    message_id: str


@dataclass(frozen=True, slots=True)
class Sent:
    """An edition that was made, and may have been handed over: to which address, of which day."""

    address: str
    day: date


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery that waits to be sent."""

    key: Key
    day: date
    since: date
    address: str
    reference: str
    digest: str
    attempts: int
    claim: Claim | None
    """None until the first claim."""
    batch: str = ""
    """The request that it was handed over with, while nobody knows what became of that; else empty."""
    provider: str = ""
    """Who was handed it last."""


@dataclass(frozen=True, slots=True)
class Person:
    """One line of `status --who`."""

    subscriber: str
    address: str
    period: str
    state: State
    reason: str
    receipt: str
    accepts: int
    """How often the provider said that it took it."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A delivery that was handed over and not answered, and that waits for a person."""

    key: Key
    address: str
    since: datetime
    provider: str
    message_id: str
    reason: str
    """What was last said of it."""


@dataclass(frozen=True, slots=True)
class Account:
    """How many deliveries of a day there are, and in which state; the states add up to the audience."""

    day: date | None
    occasion: str
    counts: Mapping[State, int]
    reasons: Mapping[str, int]
    """`state: reason` and how many, for what was not submitted."""

    @property
    def audience(self) -> int:
        return sum(self.counts.values())

    @property
    def left(self) -> int:
        """How many have no final state yet."""
        return self.counts["pending"] + self.counts["submitting"] + self.counts["uncertain"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many deliveries of a day wait, and what they are made from."""

    day: date
    occasion: str
    digests: tuple[str, ...] = ()
    number: int = 0


@dataclass(frozen=True, slots=True)
class History:
    """What somebody's rows of before a day say of where an edition of that day starts."""

    planned: date | None = None
    """The day of the last edition that was planned, whenever that is."""
    cut_off: tuple[date, datetime] | None = None
    """Where the last edition that they got, or may get, ended: its last listing day, and when it was collected."""
    tried: date | None = None
    """Where they never got one: where the first started of those that were skipped or failed."""
