"""Progress on long work: a bar when a terminal watches, plain lines otherwise."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from newsletter import logs
from newsletter.sending import Progress

STEP = 1000  # without a terminal, a line every so many


@contextmanager
def watching() -> Iterator[Progress]:
    """What to tell progress to, for the length of a command."""
    if not sys.stderr.isatty():
        yield _line
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, int] = {}

        def show(what: str, done: int, number: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=number)
            bar.update(bar.task_ids[tasks[what]], completed=done, total=number)

        yield show


def _line(what: str, done: int, number: int) -> None:
    if number > STEP and (done == number or done % STEP == 0):
        logs.say(f"{what}: {done} of {number}")
