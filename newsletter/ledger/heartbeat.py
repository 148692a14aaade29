"""A beat in the background, for as long as somebody works."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread

from newsletter.errors import StoreError

log = logging.getLogger("newsletter.ledger")


@contextmanager
def beating(beat: Callable[[], None], every: timedelta) -> Iterator[None]:
    """Calls `beat` every so often in a thread; one that fails is a line in the log, and the next is the retry."""
    over = Event()

    def work() -> None:
        while not over.wait(every.total_seconds()):
            try:
                beat()
            except StoreError as error:
                log.warning("leases were not renewed: %s", error)

    thread = Thread(target=work, name="newsletter heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
