"""Whether the scheduler of this process lives, as its last sign of life says. No I/O."""

from __future__ import annotations

from datetime import datetime, timedelta

IDLE = timedelta(minutes=5)  # between ticks, which come once a minute
AT_WORK = timedelta(minutes=30)  # in a tick: a source is asked for six minutes, a rate may leave long pauses


class Pulse:
    """Its last sign of life, set by the scheduler's thread and read by others; none where no scheduler runs."""

    def __init__(self) -> None:
        self._last: tuple[datetime, bool] | None = None

    @property
    def at(self) -> datetime | None:
        """When it last gave one; None where no scheduler runs."""
        return self._last[0] if self._last else None

    def beat(self, now: datetime, *, at_work: bool = False) -> None:
        """A sign of life: of a tick, or `at_work` in the middle of one."""
        self._last = now, at_work

    def silent_since(self, now: datetime) -> datetime | None:
        """Since when it gives none, where it should have; None where all is well."""
        if self._last is None:
            return None
        at, at_work = self._last
        return at if now - at > (AT_WORK if at_work else IDLE) else None
