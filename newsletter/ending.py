"""The operator's wish to end a run: at once, but never between handing a message over and recording its answer. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from newsletter.errors import Interrupted


class Ending:
    """Whether a run is to end: the operator asked for it here, or `elsewhere` in the process that this one works for."""

    def __init__(self, elsewhere: Callable[[], bool] = lambda: False) -> None:
        self._asked = False
        self._elsewhere = elsewhere
        self._in_flight = False

    @property
    def asked(self) -> bool:
        """Whether it is to end."""
        return self._asked or self._elsewhere()

    def ask(self) -> None:
        """Asks for it, as a signal does. Raises `KeyboardInterrupt` where nothing is in flight, and the second time."""
        if self._asked or not self._in_flight:
            raise KeyboardInterrupt
        self._asked = True

    def want(self) -> None:
        """Asks for it without a signal: who is being sent to is waited for, not who is still to come."""
        self._asked = True

    @contextmanager
    def kept_back(self) -> Iterator[None]:
        """What is done meanwhile looks at `asked` itself; at its end who asked is heard, by `Interrupted`."""
        self._in_flight = True
        try:
            yield
        finally:
            self._in_flight = False
        if self.asked:
            raise Interrupted(SAID)


SAID = "stopped; run the same command again to go on"
