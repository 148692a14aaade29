"""The door of workers: some processes that send what another machine plans, until SIGTERM."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any, Final

import click

from newsletter import logs
from newsletter.app import App, open_app
from newsletter.cli.opening import settings_of
from newsletter.ending import Ending
from newsletter.errors import NewsletterError, SettingsError
from newsletter.settings import Settings, ensure_secret

GLANCE: Final = 0.5
REST: Final = 2.0
"""Seconds before a process that was killed is followed by another."""
WRONG: Final = 2


@click.command()
@click.option(
    "--hands", type=click.IntRange(1, 64), help="Processes; without it one for each core of this machine (Linux)."
)
@click.pass_context
def worker(ctx: click.Context, hands: int | None) -> int:
    """Compose and send what `newsletter run` plans, with `queue: procrastinate`, until SIGTERM or Ctrl-C.

    What is in flight is answered and recorded first; what is left the others send.
    """
    ctx.obj |= {"verbose": True, "stays": True}
    settings = ensure_secret(settings_of(ctx))
    if settings.queue != "procrastinate":
        raise SettingsError(
            f"{settings.origin('queue')}: workers need `queue: procrastinate`, here it is {settings.queue}"
        )
    hands = hands or (len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1)
    with _asked() as ending:
        if hands == 1:
            _work(settings, 1, ending)
            return 0
        return _Crew(settings, hands, ending).run()


@contextmanager
def _asked() -> Iterator[Ending]:
    """Both signals ask for the end, in whatever thread the work is; a second one is at once."""
    ending = Ending()

    def hear(kind: int, _: object) -> None:
        if ending.asked:
            signal.signal(kind, signal.SIG_DFL)
            os.kill(os.getpid(), kind)
        ending.want()

    before = {kind: signal.signal(kind, hear) for kind in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield ending
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)


def _work(settings: Settings, share: int, ending: Ending) -> None:
    from newsletter.working import work

    @contextmanager
    def opened() -> Iterator[App]:
        with open_app(settings) as app:
            yield replace(app, ending=ending)

    work(opened, share, ending)


class _Crew:
    """The processes of one machine: who is killed is followed by another, and all end together."""

    def __init__(self, settings: Settings, hands: int, ending: Ending) -> None:
        self._settings, self._hands, self._ending = settings, hands, ending
        self._children: list[BaseProcess] = []
        self._code = 0

    def run(self) -> int:
        for _ in range(self._hands):
            self._fork()
        told = False
        while self._children:
            wait([child.sentinel for child in self._children], GLANCE)
            if self._ending.asked and not told:
                told = True
                for child in self._children:
                    child.terminate()
            for child in [one for one in self._children if one.exitcode is not None]:
                self._bury(child)
        return self._code

    def _fork(self) -> None:
        child = multiprocessing.get_context("fork").Process(target=_live, args=(self._settings, self._hands))
        child.start()
        self._children.append(child)

    def _bury(self, child: BaseProcess) -> None:
        """One that ended by itself cannot go on, and so cannot the others; one that was killed is replaced."""
        self._children.remove(child)
        code = child.exitcode or 0
        if code >= 0:
            self._code = self._code or code
            self._ending.want()
        elif not self._ending.asked:
            logs.say(f"a process that sent was killed ({signal.Signals(-code).name}); another takes its place")
            time.sleep(REST)
            self._fork()


def _live(settings: Settings, share: int) -> None:
    """The life of a child; it ends with its parent, which hears Ctrl-C for all of them."""
    ending = Ending()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: ending.want())  # may come twice: from the parent, and from who ends all
    threading.Thread(target=_end_with, args=(ending.want,), daemon=True).start()
    try:
        _work(settings, share, ending)
    except SettingsError as error:
        _ended(error, WRONG)
    except NewsletterError as error:
        _ended(error, 1)


def _ended(error: NewsletterError, code: int) -> None:
    logs.say(f"newsletter: {error}")
    sys.exit(code)


def _end_with(want: Callable[[], Any]) -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        want()
