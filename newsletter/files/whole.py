"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file to write that takes the place of `path` at the end; after a fault what was there before stays.

    It is written beside it, so that one rename is enough. A link stays one, and the mode and, where this process may
    give files away, the owner stay as they were. Raises OSError.
    """
    target = path.resolve()
    handle, draft = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _give_away(Path(draft), target)
        Path(draft).chmod(_mode(target))
        Path(draft).replace(target)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def _mode(target: Path) -> int:
    """As the file was; else as this process makes files."""
    if target.exists():
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _give_away(draft: Path, target: Path) -> None:
    if target.exists():
        was = target.stat()
        with suppress(OSError):  # only root may, elsewhere the new file is this process's own
            os.chown(draft, was.st_uid, was.st_gid)
