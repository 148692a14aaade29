"""The command line of newsletter in a process that has been tampered with: `python -m tests.faults.child ... -- send`.

--kill "dot:17"     SIGKILL to itself at that point of `failpoints`, the seventeenth time
--clock WHEN        the wall clock: seconds to add, or a moment in ISO 8601
--hurry             sleeping moves the clocks instead of waiting
--lease SECONDS     how long a lease lasts, where there are leases
--spoil ADDRESS:HOW that reader's edition cannot be made: `fault`, `crash`
--memory FILE       writes the most memory that it took there, in bytes
"""

from __future__ import annotations

import argparse
import resource
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from newsletter import __main__, app, deliver, sending
from newsletter.cli import opening
from newsletter.engine import serving
from newsletter.errors import RenderError
from newsletter.ledger import book, statements
from newsletter.models import Edition, Stamp
from newsletter.render import Renderer
from tests.faults.failpoints import POINTS, Fuse


class Clocks:
    """The wall clock and the monotonic one, moved and hurried."""

    def __init__(self, when: str) -> None:
        is_moment = "T" in when
        self._ahead = datetime.fromisoformat(when) - datetime.now(UTC) if is_moment else timedelta(seconds=float(when))
        self.slept = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead + timedelta(seconds=self.slept)

    def monotonic(self) -> float:
        return deliver.time.monotonic() + self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


def tamper(asked: argparse.Namespace) -> list[Callable[[], object]]:
    """Changes this process alone; returns what is to be done at its end."""
    at_end: list[Callable[[], object]] = []
    clocks = Clocks(asked.clock)
    opening.open_app = partial(app.open_app, clock=clocks.now)
    if asked.hurry:
        sending.Run = partial(deliver.Run, sleep=clocks.sleep, monotonic=clocks.monotonic)  # type: ignore[misc, assignment]
        at_end.append(lambda: print(f"slept {clocks.slept:.0f} s"))
    if asked.lease:
        statements.LEASE = book.LEASE = timedelta(seconds=asked.lease)  # type: ignore[misc]
        book.HEARTBEAT = timedelta(seconds=asked.lease / 4)
        serving.ALIVE, serving.BEAT = asked.lease, asked.lease / 4  # type: ignore[misc]
    for address, _, how in (one.partition(":") for one in asked.spoil):
        Renderer.fitted = _spoilt(Renderer.fitted, address, how)  # type: ignore[method-assign]
    for name, _, number in (one.partition(":") for one in asked.kill):
        POINTS[name](Fuse(int(number)))
    if asked.memory:
        most = resource.getrusage
        at_end.append(lambda: asked.memory.write_text(str(most(resource.RUSAGE_SELF).ru_maxrss * 1024)))
    return at_end


def _spoilt(original: Callable[..., Any], address: str, how: str) -> Callable[..., Any]:
    def fitted(renderer: Renderer, edition: Edition, stamp: Stamp) -> Any:
        if edition.subscriber.email == address:
            raise RenderError("a template has a fault") if how == "fault" else ZeroDivisionError("nobody expected this")
        return original(renderer, edition, stamp)

    return fitted


def main(arguments: list[str] | None = None) -> None:
    """Runs the command; exits as it does."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.child")
    parser.add_argument("--kill", action="append", default=[], metavar="POINT:N")
    parser.add_argument("--clock", default="0")
    parser.add_argument("--hurry", action="store_true")
    parser.add_argument("--lease", type=float, default=0)
    parser.add_argument("--spoil", action="append", default=[])
    parser.add_argument("--memory", type=Path)
    parser.add_argument("command", nargs="+")
    asked = parser.parse_args(arguments)
    at_end = tamper(asked)
    try:
        __main__.main(asked.command)
    finally:
        for do in at_end:
            do()


if __name__ == "__main__":
    main()
