"""A Maildir: a folder in which each mail is a file (cr.yp.to/proto/maildir.html)."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from newsletter.bounces.opened import LARGEST
from newsletter.errors import InboxError


class Maildir:
    """Mails are read in `new`, and moved into `cur` when what they say is durable."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def waiting(self) -> Iterator[tuple[str, bytes]]:
        """In the order of their names, which begin with the time of delivery."""
        for name in self._names():
            if (mail := self._read(name)) is not None:
                yield name, mail

    def _names(self) -> list[str]:
        try:
            return sorted(one.name for one in os.scandir(self._path / "new") if not one.name.startswith("."))
        except OSError as error:
            raise InboxError(self._unreadable(error)) from error

    def _unreadable(self, error: OSError) -> str:
        cure = "name a Maildir that this program may read and write, with its folders new and cur"
        return f"bounces_mailbox: {self._path} cannot be read: {error.strerror}; {cure}"

    def _read(self, name: str) -> bytes | None:
        """A mail's beginning; None of what is no file, or was read by somebody else meanwhile."""
        path = self._path / "new" / name
        try:
            if not stat.S_ISREG(path.lstat().st_mode):
                return None
            with path.open("rb") as file:
                return file.read(LARGEST)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InboxError(self._unreadable(error)) from error

    def done(self, name: str, *, seen: bool) -> None:
        """Moves it. A crash before that makes it read once more."""
        flags = "S" if seen else ""
        try:
            (self._path / "new" / name).rename(self._path / "cur" / f"{name.partition(':')[0]}:2,{flags}")
        except FileNotFoundError:
            if not (self._path / "cur").is_dir():
                raise InboxError(f"bounces_mailbox: {self._path} has no folder cur; make it a Maildir") from None
        except OSError as error:
            raise InboxError(self._unreadable(error)) from error

    def check(self) -> str:
        """Looks whether it can be read and written."""
        waiting = len(self._names())
        for name in ("new", "cur"):
            if not os.access(self._path / name, os.R_OK | os.W_OK | os.X_OK):
                missing = "is not there" if not (self._path / name).is_dir() else "cannot be written to"
                raise InboxError(
                    f"bounces_mailbox: {self._path / name} {missing}; let this program read and write the Maildir"
                )
        return f"{self._path}, {waiting} {'mail' if waiting == 1 else 'mails'} to be read"
