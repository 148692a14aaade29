"""Works off shards in a few processes of this machine, while this one hands out the shards and looks after them.

A child is a fork: what was learned and indexed before is there at once. It composes, sends, and writes the ledger under
a name of its own, by which the parent finds what a child that died had in its hands. When the parent dies, the pipes
end, and with them the children.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from ctypes import c_bool
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import RawValue
from typing import Any, Literal, TypeAlias

from newsletter.ending import Ending
from newsletter.engine import Engine
from newsletter.errors import Halt, Interrupted, NewsletterError, StoreError
from newsletter.ledger import Key, Ledger

log = logging.getLogger("newsletter.queues")
GLANCE = 0.5
"""Seconds between two looks at whether the operator wants an end."""

Shard: TypeAlias = Sequence[Key]
Work: TypeAlias = Callable[[Shard], None]
Tell: TypeAlias = Callable[[str, Any], None]
"""Tells the parent how it goes: `sent` and a number, `left` and keys."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a child is given."""

    owner: str
    """Its name in the ledger."""
    share: int
    """Of how many processes it is one."""
    tell: Tell
    ending: Ending


@dataclass(frozen=True, slots=True)
class Job:
    """What there is to do, here or in children."""

    ledger: Ledger
    clock: Callable[[], datetime]
    in_doubt: Literal["resend", "hold"]
    ending: Ending
    sent: Callable[[int], None]
    work: Work = lambda shard: None
    opened: Callable[[Place], AbstractContextManager[Work]] = lambda place: nullcontext(lambda shard: None)
    """Opens what a child needs to work."""
    left: Callable[[Sequence[Key]], None] = lambda keys: None
    hands: int = 1
    """Processes that the work may be divided among."""
    engine: Engine | None = None
    """Where workers on other machines do it."""
    patience: timedelta | None = None
    """How long these are waited for; None: until they have done it."""
    tend: Callable[[], None] = lambda: None
    """Looks after what workers that died had in their hands, while others are waited for."""


@dataclass(slots=True)
class _Child:
    owner: str
    pipe: Connection
    process: BaseProcess
    shard: Shard | None = None


def work_off(shards: Iterable[Shard], job: Job) -> None:
    """Has every shard worked on. Raises what a child met with, once all of them have recorded what they had sent."""
    Crew(shards, job).run()


class Crew:
    """The children, and what is left for them."""

    def __init__(self, shards: Iterable[Shard], job: Job) -> None:
        self._job = job
        self._shards = iter(shards)
        self._back: list[Shard] = []
        self._children: list[_Child] = []
        self._forked = 0
        self._failure: NewsletterError | None = None
        self._end = RawValue(c_bool, False)

    def run(self) -> None:
        for _ in range(self._job.hands):
            self._fork()
        try:
            with self._job.ending.kept_back():
                while self._children:
                    self._heed()
        finally:
            for child in self._children:
                child.pipe.close()
        if self._failure is None and self._back:
            self._failure = Halt(
                "every process that sent was killed; is there too little memory? run again", passing=True
            )
        if self._failure is not None:
            raise self._failure

    def _fork(self) -> None:
        ours, theirs = multiprocessing.Pipe()
        self._forked += 1
        owner = f"{self._job.ledger.owner}/{self._forked}"
        inherited = [child.pipe for child in self._children] + [ours]
        process = multiprocessing.get_context("fork").Process(
            target=_live, args=(theirs, inherited, owner, self._job, self._end), daemon=True
        )
        process.start()
        theirs.close()
        self._children.append(_Child(owner, ours, process))

    def _heed(self) -> None:
        ready = wait([child.pipe for child in self._children], GLANCE)
        self._end.value = self._end.value or self._job.ending.asked
        for child in [one for one in self._children if one.pipe in ready]:
            try:
                self._answer(child, *child.pipe.recv())
            except (EOFError, ConnectionError):
                self._bury(child)

    def _answer(self, child: _Child, said: str, told: Any) -> None:
        match said:
            case "sent":
                self._job.sent(told)
            case "left":
                self._job.left(told)
            case "ready":
                child.shard = self._next()
                child.pipe.send(child.shard)
            case "broke":
                self._fail(_error(*told))

    def _next(self) -> Shard | None:
        if self._end.value:
            return None
        try:
            return self._back.pop() if self._back else next(self._shards, None)
        except NewsletterError as error:
            self._fail(error)
            return None

    def _fail(self, error: NewsletterError) -> None:
        """Nothing more is to be handed over."""
        self._failure = self._failure or error
        self._end.value = True

    def _bury(self, child: _Child) -> None:
        """A child that ended: as it should, or killed, and then what it had handed over is in doubt."""
        self._children.remove(child)
        child.pipe.close()
        child.process.join()
        if child.shard is None and child.process.exitcode == 0:
            return
        try:
            doubts = self._job.ledger.recover(self._job.clock(), self._job.in_doubt, of=child.owner)
        except NewsletterError as error:
            self._fail(error)
            return
        log.error("a process that sent was killed (%s); %d messages are in doubt", _how(child.process), doubts)
        if child.shard is not None:
            self._back.append(child.shard)
        if self._back and not self._end.value and self._forked < 2 * self._job.hands:
            self._fork()


def _error(kind: str, text: str, passing: bool) -> NewsletterError:
    return Halt(text, passing=passing) if kind == "Halt" else StoreError(text)


def _how(process: BaseProcess) -> str:
    code = process.exitcode or 0
    return signal.Signals(-code).name if code < 0 else f"exit {code}"


# -- in the child


def _live(pipe: Connection, inherited: Sequence[Connection], owner: str, job: Job, end: Any) -> None:
    """The life of a child. It ends with the pipe, whoever ends that."""
    for other in inherited:
        other.close()  # or a pipe would stay open when the parent dies
    for kind in (signal.SIGINT, signal.SIGTERM):  # the parent hears them too, and sees to the end
        signal.signal(kind, signal.SIG_IGN)

    tell = _Telling(pipe)
    ending = Ending(lambda: bool(end.value) or tell.alone)
    try:
        with job.opened(Place(owner, job.hands, tell, ending)) as work:
            for shard in _given(pipe):
                _try(work, shard, tell)
    except (EOFError, ConnectionError):
        os._exit(1)


class _Telling:
    """Tells the parent how it goes. Without a parent it is silent: what was in flight is recorded before the end."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.alone = False

    def __call__(self, what: str, told: Any) -> None:
        try:
            self._pipe.send((what, told))
        except ConnectionError:
            self.alone = True


def _given(pipe: Connection) -> Iterator[Shard]:
    """The shards that it is given, until there are no more."""
    pipe.send(("ready", None))
    while (shard := pipe.recv()) is not None:
        yield shard
        pipe.send(("ready", None))


def _try(work: Work, shard: Shard, tell: Tell) -> None:
    try:
        work(shard)
    except Interrupted:
        pass  # the parent says it
    except NewsletterError as error:
        passing = isinstance(error, Halt) and error.passing
        tell("broke", ("Halt" if isinstance(error, Halt) else "", str(error), passing))
