"""So many messages in so many seconds: buckets of tokens, of one process or shared by several. No I/O.

Seconds named `now` are of a monotonic clock, and an argument.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

A_MOMENT: Final = 0.01  # seconds


@dataclass(frozen=True, slots=True)
class Rate:
    """So many messages in so many seconds."""

    count: int
    seconds: int

    @property
    def a_second(self) -> float:
        return self.count / self.seconds


UNITS: Final = {"s": 1, "min": 60, "h": 3600}


def parse_rate(text: str) -> Rate | None:
    """`14/s`, `600/min`, `5000/h`; None if it is not one."""
    found = re.fullmatch(r"([1-9]\d{0,6})/(s|min|h)", text)
    return Rate(int(found[1]), UNITS[found[2]]) if found else None


class Bucket:
    """A token bucket. It holds a second's worth, at least one: a minute's worth at once is a burst to the far side."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate.a_second
        self._size = max(1.0, self._rate)
        self._tokens = self._size
        self._at: float | None = None

    def wait(self, now: float) -> float:
        """Seconds until there is a token; 0 when there is one."""
        if self._at is not None:
            self._tokens = min(self._size, self._tokens + max(0.0, now - self._at) * self._rate)
        self._at = now
        # A millionth is what is lost in adding up: without it somebody would wait for it.
        return 0.0 if self._tokens >= 1 - 1e-6 else (1 - self._tokens) / self._rate

    def take(self) -> None:
        """Takes the token that `wait` found."""
        self._tokens -= 1


@dataclass(frozen=True, slots=True)
class Draw:
    """So many tokens are wanted of a bucket that processes share."""

    name: str
    rate: Rate
    number: int


@dataclass(frozen=True, slots=True)
class Grant:
    """So many there were, and that is left (less than one token is part of one)."""

    number: int
    left: float


class Drawn:
    """What one process has of a bucket that processes share: it takes some tokens at a time, so that few ask often."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate.a_second
        self._until = float("-inf")
        self.tokens = 0

    def wait(self, now: float) -> float:
        """Seconds until there may be a token, if nobody else takes it; 0 when there is one here."""
        return 0.0 if self.tokens else max(self._until - now, A_MOMENT)

    def take(self) -> None:
        """Takes the token that `wait` found."""
        self.tokens -= 1

    def is_dry(self, now: float) -> bool:
        """Whether it is of no use to ask for more yet."""
        return not self.tokens and now < self._until

    def hold(self, grant: Grant, now: float) -> None:
        """Adds what was granted."""
        self.tokens += grant.number
        self._until = now if grant.left >= 1 else now + (1 - grant.left) / self._rate


@dataclass(frozen=True, slots=True)
class Limit:
    """How fast a recipient domain may be written to, together with others of the same name."""

    name: str
    at_once: int
    """Messages in one round."""
    rate: Rate | None
