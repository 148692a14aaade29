"""How fast a run may go, when a message is tried again, and when refusals are too many to go on. No I/O.

Seconds named `now` are of a monotonic clock, and an argument.
"""

from __future__ import annotations

import sys
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from newsletter.buckets import Bucket, Draw, Drawn, Grant, Limit, Rate
from newsletter.models import Outcome, Receipt, Refused, TryLater

# -- when again

# As mail servers do: soon, for greylisting is over in minutes, then less and less often.
SPACING: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 120, 240))


def retry_at(attempts: int, asked: timedelta | None, at: datetime, give_up_at: datetime) -> datetime | None:
    """When to try again after `attempts` (1: the first) that ended `at`; None when the next edition is due before.

    The far side's own wait is kept and never shortens the spacing; zero means that nothing was tried.
    """
    if asked == timedelta(0):
        wait = asked
    else:
        spacing = SPACING[min(attempts, len(SPACING)) - 1] if attempts > 0 else timedelta(0)
        wait = max(spacing, asked or spacing)
    return at + wait if at + wait <= give_up_at else None


# -- how fast

AT_ONCE: Final = 4  # draws a second, where the rate alone counts: the larger one is, the longer others have none
FEWEST: Final = timedelta(minutes=1)  # of a pause, when nobody says how long
LONGEST_PAUSE: Final = timedelta(hours=1)
PAUSES: Final = 4  # in a row, without a message accepted between them; then the run ends


class Pace:
    """Who may be handed over now: a rate for all, a rate or a limit for each recipient domain, and pauses."""

    def __init__(
        self,
        rate: Rate | None = None,
        domain_rate: Rate | None = None,
        limit_of: Callable[[str], Limit] | None = None,
    ) -> None:
        self._rate = rate
        self._all: Bucket | Drawn | None = Bucket(rate) if rate else None
        self._limit_of = limit_of
        if domain_rate is not None:
            self._limit_of = lambda domain: Limit(domain, sys.maxsize, domain_rate)
        self._buckets: dict[str, Bucket | Drawn] = {}
        self._shared = ""
        self._until = float("-inf")
        self._pauses = 0

    def share(self, name: str) -> None:
        """From now on the rates are those of all processes that share buckets of that name."""
        self._shared = name
        self._all = Drawn(self._rate) if self._rate else None
        self._buckets.clear()

    def wanted(self, domains: Iterable[str], most: int, now: float) -> list[Draw]:
        """What to draw from shared buckets before the next `most` are chosen; nothing where none are shared."""
        if not self._shared or now < self._until or _is_dry(self._all, now):
            return []
        most = max(most, int((self._rate.a_second if self._rate else 0) / AT_ONCE))
        going = Counter(islice(self._not_dry(domains, now), most))
        found = [(limit.name, limit.rate, self._bucket(limit), n) for limit, n in going.items() if limit]
        found.append(("", self._rate, self._all, going.total()))
        lacking = (
            (name, rate, n - bucket.tokens) for name, rate, bucket, n in found if rate and isinstance(bucket, Drawn)
        )
        return [Draw(self._place(name), rate, n) for name, rate, n in lacking if n > 0]

    def _not_dry(self, domains: Iterable[str], now: float) -> Iterator[Limit | None]:
        """The limits of domains that there may be tokens for."""
        for domain in domains:
            limit = self._limit_of(domain) if self._limit_of else None
            if limit is None or not _is_dry(self._bucket(limit), now):
                yield limit

    def _place(self, name: str) -> str:
        """What a bucket is called where it is shared."""
        return f"{self._shared}/{name}" if name else self._shared

    def granted(self, grants: Mapping[str, Grant], now: float) -> None:
        """Takes what was drawn."""
        for name, bucket in [("", self._all), *self._buckets.items()]:
            if isinstance(bucket, Drawn) and (grant := grants.get(self._place(name))):
                bucket.hold(grant, now)

    def choose(self, domains: Iterable[str], most: int, now: float) -> list[int]:
        """The first that may go now, as indexes, at most `most`; their tokens are taken. No further is looked."""
        chosen: list[int] = []
        going: Counter[str] = Counter()
        if now < self._until:
            return chosen
        for index, domain in enumerate(domains):
            if len(chosen) == most or (self._all and self._all.wait(now) > 0):
                break
            if self._limit_of and not self._take(self._limit_of(domain), going, now):
                continue
            if self._all:
                self._all.take()
            chosen.append(index)
        return chosen

    def _take(self, limit: Limit, going: Counter[str], now: float) -> bool:
        """Takes a domain's token, if there is one and it has not as many of this round as it may."""
        bucket = self._bucket(limit)
        if going[limit.name] >= limit.at_once or (bucket and bucket.wait(now) > 0):
            return False
        if bucket:
            bucket.take()
        going[limit.name] += 1
        return True

    def wait(self, domains: Iterable[str], now: float) -> float:
        """Seconds until the first of them may go."""
        buckets = [self._bucket(self._limit_of(domain)) for domain in set(domains)] if self._limit_of else []
        first = min((bucket.wait(now) if bucket else 0.0 for bucket in buckets), default=0.0)
        return max(self._until - now, self._all.wait(now) if self._all else 0.0, first, 0.0)

    def _bucket(self, limit: Limit) -> Bucket | Drawn | None:
        if limit.rate is None:
            return None
        if limit.name not in self._buckets:
            self._buckets[limit.name] = Drawn(limit.rate) if self._shared else Bucket(limit.rate)
        return self._buckets[limit.name]

    def heed(self, outcomes: Sequence[Outcome], now: float) -> timedelta | None:
        """Pauses when one of a round's outcomes asks everybody to; returns for how long, None if none does.

        Each pause in a row is twice as long as the one before.
        """
        asked = [o.after or FEWEST for o in outcomes if isinstance(o, TryLater) and o.why == "slow"]
        if any(isinstance(outcome, Receipt) for outcome in outcomes):
            self._pauses = 0
        if not asked:
            return None
        pause = max(max(asked), min(LONGEST_PAUSE, max(asked) * (1 << self._pauses)))
        self._pauses += 1
        self._until = now + pause.total_seconds()
        return pause

    @property
    def hopeless(self) -> bool:
        """Whether pauses have not helped."""
        return self._pauses >= PAUSES


# -- whether at all

WINDOW: Final = 100  # the last answers that are looked at
IN_A_ROW: Final = 5
LEAST, SHARE = 5, 0.10  # refusals for policy
LEAST_REFUSED, SHARE_REFUSED = 20, 0.25  # refusals of any kind that is for good


def _is_dry(bucket: Bucket | Drawn | None, now: float) -> bool:
    return isinstance(bucket, Drawn) and bucket.is_dry(now)


class Refusals:
    """What the last answers were. Most runs see none of these refusals, and what is our fault hits everybody.

    For policy: at least 5 and more than 10 % of the last 100, or 5 in a row. If a strict server stands behind one
    address in a hundred, 5 of the first 49 happen once in 7,000 runs, 11 of 100 once in 10^8 windows, and 5 in a row
    once in 10^10. All refusals for good: at least 20 and more than 25 %. An old list has some wrong addresses, but a
    server that suddenly knows nobody must not have everybody suppressed.
    """

    def __init__(self) -> None:
        self._last: deque[str] = deque(maxlen=WINDOW)

    def note(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            if isinstance(outcome, TryLater) and outcome.why == "policy":
                self._last.append("policy")
            elif isinstance(outcome, Refused):
                self._last.append("refused")
            elif isinstance(outcome, Receipt):
                self._last.append("")

    def unusual(self) -> str:
        """What is unusual, in a sentence; empty when nothing is."""
        last = list(self._last)
        policy, refused = last.count("policy"), len(last) - last.count("")
        said = f"of the last {len(last)} answers {{}} were refusals"
        if last[-IN_A_ROW:] == ["policy"] * IN_A_ROW or (policy >= LEAST and policy > SHARE * len(last)):
            return said.format(policy) + " for policy, which is rather our fault than the readers'"
        if refused >= LEAST_REFUSED and refused > SHARE_REFUSED * len(last):
            return said.format(refused) + ", which is more than any list has wrong addresses"
        return ""
