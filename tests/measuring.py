"""What benchmarks share: Postfix's sink, and how much of the processor's time each stage of sending takes."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from newsletter import compose, deliver
from newsletter.ledger import Ledger
from newsletter.providers import smtp
from newsletter.render import Renderer

STAGES: Final[Sequence[tuple[str, Any, str]]] = (
    ("rank", compose.Composer, "scores"),
    ("edit", compose, "edit_all"),
    ("compose", Renderer, "fitted"),
    ("record of the edition", compose, "content_record"),
    ("ledger: plan", Ledger, "plan"),
    ("ledger: take", Ledger, "take"),
    ("ledger: claim", Ledger, "claim"),
    ("ledger: step", Ledger, "step"),
    ("ledger: stopped", Ledger, "stopped"),
    ("send", deliver, "_send"),
)
"""Which functions count as which stage; none calls another."""


@contextmanager
def sink() -> Iterator[int]:
    """Postfix's `smtp-sink`, which takes every message and keeps none; its port on loopback."""
    for tool in ("smtp-sink", "smtp-source"):
        if shutil.which(tool) is None and not Path("/usr/sbin", tool).exists():
            sys.exit(f"{tool} is not installed; it comes with Debian's package postfix")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen(["/usr/sbin/smtp-sink", *user, f"127.0.0.1:{port}", "1000"])
    try:
        _await(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def _await(port: int) -> None:
    for _ in range(2000):  # on a busy machine it takes a while
        try:
            return socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
    sys.exit("the sink does not listen")


@contextmanager
def stages_timed(spent: MutableMapping[str, float]) -> Iterator[None]:
    """While it lasts, adds up seconds of processor time by stage; a process that is forked goes on with a copy."""
    with ExitStack() as stack:
        for name, owner, attribute in STAGES:
            put(stack, owner, attribute, _timed(name, getattr(owner, attribute), spent))
        put(stack, smtp, "_signing", _signing_timed(smtp._signing, spent))
        yield


def put(stack: ExitStack, owner: Any, name: str, value: object) -> None:
    """Puts a value in the place of another, until the stack ends."""
    stack.callback(setattr, owner, name, getattr(owner, name))
    setattr(owner, name, value)


def _timed(name: str, function: Callable[..., Any], spent: MutableMapping[str, float]) -> Callable[..., Any]:
    def timed(*arguments: Any, **named: Any) -> Any:
        start = time.process_time()
        try:
            return function(*arguments, **named)
        finally:
            spent[name] = spent.get(name, 0.0) + time.process_time() - start

    return timed


def _signing_timed(opening: Callable[..., smtp.Signing], spent: MutableMapping[str, float]) -> Callable[..., Any]:
    """Signing happens within `send`: its time is taken from there."""

    def opened(*arguments: Any) -> smtp.Signing:
        sign = opening(*arguments)

        def timed(mime: bytes) -> bytes:
            start = time.process_time()
            signed = sign(mime)
            took = time.process_time() - start
            spent["sign"] = spent.get("sign", 0.0) + took
            spent["send"] = spent.get("send", 0.0) - took
            return signed

        return sign if sign is smtp.unsigned else timed

    return opened
