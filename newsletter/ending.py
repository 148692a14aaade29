"""The operator's wish to end a run: at once, but never between handing a message over and recording its answer. No I/O."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from newsletter.errors import Interrupted


class Ending:
    """Whether a run is to end."""

    def __init__(self) -> None:
        self.asked = False
        self._in_flight = False

    def ask(self) -> None:
        """Asks for it, as a signal does. Raises `KeyboardInterrupt` where nothing is in flight, and the second time."""
        if self.asked or not self._in_flight:
            raise KeyboardInterrupt
        self.asked = True

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
