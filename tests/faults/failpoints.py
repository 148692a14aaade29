"""Where a child process can be killed: named points of the product, wrapped by assignment in that process alone."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

from httpcore2._sync.http11 import HTTP11Connection

from newsletter import database, deliver, sending
from newsletter.archive import Archive
from newsletter.ledger import Ledger, upkeep
from newsletter.ledger.plans import Plans
from newsletter.providers.api import ApiProvider
from newsletter.providers.smtp_line import DATA_END, Line, _Client
from newsletter.readers import signups
from newsletter.readers.signups import Signups


class Fuse:
    """Kills this process, as nothing can be caught, when it burns for the n-th time."""

    def __init__(self, number: int) -> None:
        self._left = number
        self._lock = threading.Lock()

    def burn(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    @property
    def is_last(self) -> bool:
        """Whether the next time is the one."""
        return self._left == 1


Point: TypeAlias = Callable[[Fuse], None]
"""Lays a fuse in this process."""
When: TypeAlias = Callable[..., bool]


def before(owner: Any, name: str, when: When = lambda *_, **__: True) -> Point:
    """The moment before this is called."""

    def lay(fuse: Fuse) -> None:
        original = getattr(owner, name)

        def wrapped(*arguments: Any, **named: Any) -> Any:
            if when(*arguments, **named):
                fuse.burn()
            return original(*arguments, **named)

        setattr(owner, name, wrapped)

    return lay


def after(owner: Any, name: str, when: When = lambda *_, **__: True) -> Point:
    """The moment when this has returned."""

    def lay(fuse: Fuse) -> None:
        original = getattr(owner, name)

        def wrapped(*arguments: Any, **named: Any) -> Any:
            result = original(*arguments, **named)
            if when(*arguments, **named):
                fuse.burn()
            return result

        setattr(owner, name, wrapped)

    return lay


def _half_planned(fuse: Fuse) -> None:
    """Half of a piece of the audience is inserted, in a transaction that never ends."""
    original = Plans.plan

    def plan(self: Plans, connection: Any, planned: Any, at: Any) -> int:
        if fuse.is_last:
            original(self, connection, replace(planned, readers=planned.readers[: len(planned.readers) // 2]), at)
        fuse.burn()
        return original(self, connection, planned, at)

    Plans.plan = plan  # type: ignore[method-assign]


def _half_body(fuse: Fuse) -> None:
    """Half of a message is written."""
    original = _Client.hand_over

    def hand_over(client: _Client, signatures: bytes, mime: bytes) -> None:
        if fuse.is_last and client.sock is not None:
            client.sock.sendall(signatures + mime[: len(mime) // 2])
        fuse.burn()
        original(client, signatures, mime)

    _Client.hand_over = hand_over  # type: ignore[method-assign]


def _nap(fuse: Fuse) -> None:
    """Asleep between two rounds, or until the next attempt."""

    def sleep(seconds: float) -> None:
        threading.Timer(seconds / 2, fuse.burn).start()
        deliver.time.sleep(seconds)

    sending.Run = partial(deliver.Run, sleep=sleep)  # type: ignore[misc, assignment]


def _is_rcpt(client: object, commands: Sequence[str], *_: object) -> bool:
    return any(command.startswith("RCPT") for command in commands)


def _is_final(client: object, patience: float) -> bool:
    return patience == DATA_END


def _records_and_marks(ledger: object, answered: list[object], submitting: list[object], *_: object) -> bool:
    return bool(answered) and bool(submitting)


def _records_alone(ledger: object, answered: list[object], submitting: list[object], *_: object) -> bool:
    return bool(answered) and not submitting


POINTS: Mapping[str, Point] = {
    "digest kept": after(Archive, "save_digest"),
    "half planned": _half_planned,
    "planned": after(Ledger, "plan"),
    "taken": after(Ledger, "take"),
    "composed": before(Ledger, "claim"),
    "claimed": after(Ledger, "claim"),
    "marked": before(Line, "connect"),
    "rcpt": after(_Client, "say", _is_rcpt),
    "half body": _half_body,
    "dot": after(_Client, "hand_over"),
    "answered": after(_Client, "answer", _is_final),
    "recorded": after(Ledger, "step", _records_and_marks),
    "nap": _nap,
    "last recorded": after(Ledger, "step", _records_alone),
    "accounted": before(Ledger, "account"),
    "posted": after(HTTP11Connection, "_send_request_body"),
    "post answered": after(ApiProvider, "_ask"),
    "suppressing": after(signups, "suppress"),
    "suppressed": after(Signups, "leave_all"),
    "upgrade copied": after(upkeep, "_kept"),
    "upgrade half": after(database, "climb"),
}
"""By name; what is listed later in a run comes later."""
