"""Copies of a database: of a SQLite file while it is written to; for PostgreSQL the command of its own tool."""

from __future__ import annotations

import os
import shlex
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from newsletter.database.engines import PATIENCE, bare
from newsletter.errors import StoreError


def copy(source: Path, target: Path) -> int:
    """Copies a SQLite database to a new file as it is at one moment, checks the copy, and returns its size in bytes.

    Senders go on meanwhile: with a write-ahead log a reader waits for nobody (sqlite.org/backup.html, 2026-11). Only
    its owner can read the copy. Raises `StoreError`; a copy that did not succeed is not left behind.
    """
    if not source.is_file():
        raise StoreError(f"{source}: there is no database yet, so there is nothing to copy")
    partial = target.with_name(f".{target.name}.partial")
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            os.close(os.open(partial, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600))
            _fill(source, partial)
            partial.replace(target)
        except BaseException:
            for rest in (partial, target):
                with suppress(OSError):
                    rest.unlink(missing_ok=True)
            raise
    except FileExistsError as error:
        raise StoreError(f"{target}: is there already and stays as it is; name another file") from error
    except OSError as error:
        raise StoreError(f"{target}: cannot be written: {error.strerror}; choose another file") from error
    except sqlite3.Error as error:
        raise StoreError(f"{source} could not be copied to {target}: {error}; check the disks of both") from error
    return target.stat().st_size


def _fill(source: Path, target: Path) -> None:
    with (
        closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True, timeout=PATIENCE)) as here,
        closing(sqlite3.connect(target, timeout=PATIENCE)) as there,
    ):
        here.backup(there)
        there.execute("PRAGMA journal_mode=DELETE")  # one file, not three
        [found] = there.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise StoreError(f"{source}: is damaged ({found}); move it away and put back an older backup")
    with target.open("rb+") as file:
        os.fsync(file.fileno())


def command(url: str, schema: str, target: Path | str) -> str:
    """The command that copies a store on PostgreSQL, as a person types it; the password is left to them."""
    return f"pg_dump --format=custom --schema={schema} --file={shlex.quote(str(target))} {shlex.quote(bare(url))}"
