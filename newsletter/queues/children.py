"""Works off shards in a few processes of this machine, while this one writes the ledger and nothing else.

A child is a fork: what was learned and indexed before is there at once. It composes and sends, and asks its parent for
every change of the ledger, over a pipe. A child that dies leaves in doubt what it had handed over, as any process does;
when the parent dies, the pipes end, and with them the children.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Literal, TypeAlias

from newsletter.ending import Ending
from newsletter.errors import Halt, NewsletterError, StoreError
from newsletter.ledger import Key, Ledger
from newsletter.ledger.remote import Ask
from newsletter.models import Outcome, TryLater, Uncertain

log = logging.getLogger("newsletter.queues")

Shard: TypeAlias = Sequence[Key]
Work: TypeAlias = Callable[[Shard], None]
Opened: TypeAlias = Callable[[Ask, Callable[[int], None], int], AbstractContextManager[Work]]
"""Opens what a child needs to work: how it asks for the ledger, how it tells progress, and of how many it is one."""


@dataclass(frozen=True, slots=True)
class Job:
    """What there is to do, here or in children."""

    work: Work
    opened: Opened
    ledger: Ledger
    clock: Callable[[], datetime]
    in_doubt: Literal["resend", "hold"]
    sent: Callable[[int], None]
    ending: Ending
    hands: int = 1
    """Processes that the work may be divided among."""


@dataclass(slots=True)
class _Child:
    pipe: Connection
    process: BaseProcess
    shard: Shard | None = None
    handed_over: set[Key] = field(default_factory=set)
    """Marked in the ledger and not answered yet."""


def work_off(shards: Sequence[Shard], job: Job) -> None:
    """Has every shard worked on. Raises what a child met with, once all of them have recorded what they had sent."""
    Crew(shards, job).run()


class Crew:
    """The children, and what is left for them."""

    def __init__(self, shards: Sequence[Shard], job: Job) -> None:
        self._job = job
        self._left = deque(shards)
        self._children: list[_Child] = []
        self._failure: NewsletterError | None = None
        self._deaths = 0

    def run(self) -> None:
        for _ in range(min(self._job.hands, len(self._left))):
            self._children.append(self._fork())
        try:
            with self._job.ending.kept_back():
                while self._children:
                    self._heed()
        finally:
            for child in self._children:
                child.pipe.close()
        if self._failure is None and self._left:
            self._failure = Halt(
                "every process that sent was killed; is there too little memory? run again", passing=True
            )
        if self._failure is not None:
            raise self._failure

    @property
    def _over(self) -> bool:
        """Whether nothing more is to be handed over."""
        return self._failure is not None or self._job.ending.asked

    def _fork(self) -> _Child:
        ours, theirs = multiprocessing.Pipe()
        inherited = [child.pipe for child in self._children] + [ours]
        process = multiprocessing.get_context("fork").Process(
            target=_live, args=(theirs, inherited, self._job.opened, self._job.hands), daemon=True
        )
        process.start()
        theirs.close()
        return _Child(ours, process)

    def _heed(self) -> None:
        ready = wait([child.pipe for child in self._children])
        for child in [one for one in self._children if one.pipe in ready]:
            try:
                self._answer(child, *child.pipe.recv())
            except (EOFError, ConnectionError):
                self._bury(child)

    def _answer(self, child: _Child, said: str, *told: Any) -> None:
        match said:
            case "ask":
                child.pipe.send(self._asked(child, *told))
            case "sent":
                self._job.sent(*told)
            case "ready":
                child.shard = self._left.popleft() if self._left and not self._over else None
                child.pipe.send(child.shard)
            case "broke":
                self._failure = self._failure or _error(*told)

    def _asked(self, child: _Child, method: str, arguments: Sequence[Any]) -> tuple[bool, Any]:
        if method == "stopped" and self._over:
            return True, self._job.clock()
        try:
            answer = getattr(self._job.ledger, method)(*arguments)
        except NewsletterError as error:
            self._failure = self._failure or error
            return False, str(error)
        if method == "step":
            child.handed_over -= {key for key, _ in arguments[0]}
            child.handed_over |= answer
        return True, answer

    def _bury(self, child: _Child) -> None:
        """A child that ended: as it should, or killed, and then what it had handed over is in doubt."""
        self._children.remove(child)
        child.pipe.close()
        child.process.join()
        if child.shard is None and not child.handed_over:
            return
        log.error(
            "a process that sent was killed (%s); %d messages are in doubt", _how(child.process), len(child.handed_over)
        )
        doubt: Outcome = Uncertain("the process that sent it was killed")
        if self._job.in_doubt == "resend":
            doubt = TryLater("in doubt: the process that sent it was killed", timedelta(0))
        answered = [(key, doubt) for key in sorted(child.handed_over)]
        self._job.ledger.step(answered, [], "", self._job.clock(), self._job.in_doubt)
        if child.shard is not None:
            self._left.append(child.shard)
        self._deaths += 1
        if self._left and not self._over and self._deaths <= self._job.hands:
            self._children.append(self._fork())


def _error(kind: str, text: str, passing: bool) -> NewsletterError:
    return Halt(text, passing=passing) if kind == "Halt" else StoreError(text)


def _how(process: BaseProcess) -> str:
    code = process.exitcode or 0
    return signal.Signals(-code).name if code < 0 else f"exit {code}"


# -- in the child


def _live(pipe: Connection, inherited: Sequence[Connection], opened: Opened, hands: int) -> None:
    """The life of a child. It ends with the pipe, whoever ends that."""
    for other in inherited:
        other.close()  # or a pipe would stay open when the parent dies
    for kind in (signal.SIGINT, signal.SIGTERM):  # the parent hears them too, and sees to the end
        signal.signal(kind, signal.SIG_IGN)
    try:
        with opened(_asking(pipe), lambda number: pipe.send(("sent", number)), hands) as work:
            while (shard := _next(pipe)) is not None:
                _try(work, shard, pipe)
    except (EOFError, ConnectionError):
        os._exit(1)


def _next(pipe: Connection) -> Shard | None:
    pipe.send(("ready",))
    shard: Shard | None = pipe.recv()
    return shard


def _try(work: Work, shard: Shard, pipe: Connection) -> None:
    try:
        work(shard)
    except NewsletterError as error:
        passing = isinstance(error, Halt) and error.passing
        pipe.send(("broke", "Halt" if isinstance(error, Halt) else "", str(error), passing))


def _asking(pipe: Connection) -> Ask:
    def ask(method: str, *arguments: Any) -> Any:
        pipe.send(("ask", method, arguments))
        fine, answer = pipe.recv()
        if not fine:
            raise StoreError(answer)
        return answer

    return ask
