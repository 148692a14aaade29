"""Ctrl-C and SIGTERM while mails are sent: what is in flight is answered and recorded first; a second one is at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from newsletter.ending import Ending


@contextmanager
def heard(ending: Ending) -> Iterator[None]:
    """Both signals ask for the end, for as long as it lasts."""
    if threading.current_thread() is not threading.main_thread():  # only there can signals be heard
        yield
        return
    before = {kind: signal.signal(kind, lambda *_: ending.ask()) for kind in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)


@contextmanager
def terminating() -> Iterator[None]:
    """SIGTERM, as systemd and containers send it, ends like Ctrl-C: whatever there is to be ended gets its turn.

    uvicorn ends its server and then raises the signal anew (0.54, 2026-11), which would kill the process on the spot.
    """
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
