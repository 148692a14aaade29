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
