"""Work that no page waits for: each piece once, in a thread of its own, one after another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from newsletter.errors import NewsletterError

T = TypeVar("T")


@dataclass(eq=False)
class Job(Generic[T]):
    """A piece of work, and what came of it."""

    what: str
    """In words: `asking huggingface for 3 March`."""
    done: threading.Event = field(default_factory=threading.Event)
    result: T | None = None
    error: str = ""
    """One line, where it could not be done."""
    late: bool = False
    """Somebody stopped waiting for it."""

    def waited(self, seconds: float) -> bool:
        """Whether it is done after so many seconds at most."""
        if self.done.wait(seconds):
            return True
        self.late = True
        return self.done.is_set()


class Background(Generic[T]):
    """Does what it is told, each thing once; a new thing waits for the one before it."""

    def __init__(self) -> None:
        self._jobs: dict[Hashable, Job[T]] = {}
        self._turn = threading.Lock()
        self.late = 0
        """How many things were done after somebody had stopped waiting."""

    def start(self, key: Hashable, what: str, work: Callable[[], T]) -> Job[T]:
        """The job of that key; it is begun if it was not before."""
        job = self._jobs.get(key)
        if job is None:
            job = self._jobs[key] = Job(what)
            # A daemon, so that Ctrl-C need not wait for a source that does not answer.
            threading.Thread(target=self._do, args=(job, work), daemon=True).start()
        return job

    def forget(self, key: Hashable) -> None:
        """What was done once may be done again."""
        self._jobs.pop(key, None)

    def running(self) -> tuple[str, ...]:
        """What is being done, or waits for its turn, in words."""
        return tuple(job.what for job in list(self._jobs.values()) if not job.done.is_set())

    def failed(self) -> tuple[str, ...]:
        """What could not be done, one line each."""
        return tuple(job.error for job in list(self._jobs.values()) if job.error)

    def finished(self) -> int:
        """How many things are done."""
        return sum(job.done.is_set() for job in list(self._jobs.values()))

    def _do(self, job: Job[T], work: Callable[[], T]) -> None:
        with self._turn:
            try:
                job.result = work()
            except NewsletterError as error:
                job.error = str(error)
            except RuntimeError as error:  # the client was closed: the preview is ending, or has new settings
                job.error = f"{job.what}: {error}"
            finally:
                job.done.set()
                self.late += job.late
