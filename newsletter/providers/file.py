"""Writes each message as an `.eml` file: the rehearsal, and the tests' provider."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from newsletter.errors import Halt
from newsletter.models import Message, Outcome, Receipt
from newsletter.pace import Pace
from newsletter.settings import Settings


class FileProvider:
    """A folder of messages. The same message has the same name, so sending it again changes nothing."""

    batch = 20
    hands = 64
    idempotent_for = timedelta(days=3650)

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.pace = Pace()

    def send(self, messages: Sequence[Message], key: str) -> list[Outcome]:
        """Writes each message whole or not at all, durably."""
        outcomes: list[Outcome] = []
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # mails hold addresses and links
            for message in messages:
                path = self._folder / file_name(message)
                _write(path, message.mime)
                outcomes.append(Receipt(path.name))
            _settle(self._folder)
        except OSError as error:
            raise Halt(f"{self._folder}: cannot write: {error.strerror}; make room or choose another folder") from error
        return outcomes

    def check(self) -> str:
        parent = next(folder for folder in (self._folder, *self._folder.parents) if folder.exists())
        if not os.access(parent, os.W_OK):
            raise Halt(f"{self._folder}: cannot be written; check its owner and permissions")
        return f"messages are written into {self._folder}; nothing leaves this machine"

    def hosts(self) -> tuple[str, ...]:
        return ()

    def close(self) -> None:
        """Nothing is held open."""


def open_provider(spec: str, settings: Settings, share: int = 1, _: object = None) -> FileProvider:
    """`file:DIR`, relative to the home."""
    return FileProvider(settings.home / (spec.partition(":")[2] or "outbox"))


def file_name(message: Message) -> str:
    """A name that sorts by day, shows the reader, and is one per message."""
    reader = re.sub(r"[^A-Za-z0-9@._+-]", "_", message.recipient)[:100]
    if reader != message.recipient:  # two addresses could look alike now
        reader += "-" + hashlib.sha256(message.recipient.encode()).hexdigest()[:8]
    return f"{message.label}-{reader}.eml"


def _write(path: Path, content: bytes) -> None:
    draft = path.with_suffix(".part")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _settle(folder: Path) -> None:
    """Makes the names of new files as durable as the files."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
