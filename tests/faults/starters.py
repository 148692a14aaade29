"""How a child is started: as an operator types it, or, many times as fast, forked from a process that has it loaded."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol, TypeAlias

ROOT = Path(__file__).parents[2]


class Child(Protocol):
    """A process that runs a command of ours, as `subprocess.Popen` has it."""

    returncode: int

    def poll(self) -> int | None: ...
    def communicate(self, timeout: float | None = None) -> tuple[str, object]: ...
    def send_signal(self, sig: int, /) -> None: ...
    def kill(self) -> None: ...


PRELOADED: Final = [
    "tests.faults.child",
    "newsletter.cli.sending",
    "newsletter.cli.doors",
    "newsletter.cli.working",
    "newsletter.working",
    "tests.simulation.child",
]
"""A test process has one server that forks: what the children of all tests need is there, whoever comes first."""

Starter: TypeAlias = Callable[[Sequence[str], Sequence[str], Mapping[str, str]], Child]
"""Starts a child: how it is tampered with, the command, its environment."""


def typed(tampering: Sequence[str], command: Sequence[str], environment: Mapping[str, str]) -> Child:
    """Without tampering it is the command that an operator types."""
    mock = environment["NEWSLETTER_PROVIDER"].startswith("mock")  # which only tampered children know
    how = ["tests.faults.child", *tampering, "--"] if tampering or mock else ["newsletter"]
    return subprocess.Popen(  # type: ignore[return-value]
        [sys.executable, "-m", *how, *command],
        cwd=ROOT,
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def forked(tampering: Sequence[str], command: Sequence[str], environment: Mapping[str, str]) -> Child:
    """A process of its own all the same: it can be killed, and knows nothing of those before it."""
    return _Forked([*tampering, "--", *command], environment)


class _Forked:
    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(PRELOADED)
        self._said = tempfile.NamedTemporaryFile("r+")  # noqa: SIM115 - read when the child has ended
        self._process = context.Process(target=_run, args=(list(arguments), dict(environment), self._said.name))
        self._process.start()
        self.returncode = 0

    def poll(self) -> int | None:
        return self._process.exitcode

    def communicate(self, timeout: float | None = None) -> tuple[str, object]:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("newsletter", timeout or 0)
        self.returncode = self._process.exitcode
        said = Path(self._said.name).read_text()
        self._said.close()
        return said, None

    def send_signal(self, sig: int, /) -> None:
        if self._process.pid is not None and self.poll() is None:
            os.kill(self._process.pid, sig)

    def kill(self) -> None:
        self._process.kill()


def _run(arguments: list[str], environment: dict[str, str], said: str) -> None:
    """In the child."""
    from tests.faults import child

    os.environ.clear()
    os.environ.update(environment)
    out = os.open(said, os.O_WRONLY)
    os.dup2(out, 1)
    os.dup2(out, 2)
    sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", buffering=1, closefd=False)
    try:
        child.main(arguments)
    finally:
        sys.stdout.flush()
