"""The subscribers as they are looked up: read from their files once for each change of them, and kept beside them.

Reading YAML takes a hundred times as long as reading what was kept, and a run may know of more readers than its memory
holds. What is kept is worth nothing by itself: it is made anew whenever it is not of these very files.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

import msgspec

from newsletter.errors import StoreError
from newsletter.models import Schedule, Subscriber
from newsletter.records import on_schedule, read_subscriber, schedule_of, subscriber_record
from newsletter.subscribers.examples import filled, libraries
from newsletter.subscribers.file import Entered, files_of, hand_over_all
from newsletter.typed import LAST, folded

T = TypeVar("T")

_SCHEMA: Final = """
CREATE TABLE subscribers (
    number INTEGER PRIMARY KEY, key TEXT UNIQUE, email TEXT UNIQUE, design TEXT, language TEXT, schedule TEXT,
    file TEXT, line INTEGER, record BLOB
);
CREATE INDEX by_schedule ON subscribers (schedule, number);
CREATE TABLE libraries (name TEXT PRIMARY KEY);
CREATE TABLE looks (design TEXT, language TEXT);
CREATE TABLE files (path TEXT PRIMARY KEY, sum TEXT NOT NULL);
"""
_PAGE: Final = 500
_TOGETHER: Final = 500
"""Keys asked for in one query; SQLite takes 32,766 values (3.32)."""
_NAMES: Final = 10_000
"""Schedules asked for in one query."""

_LIBRARY: Final = b'"zotero:'
"""Stands in the record of who has a library among their examples; and of few others, whom it costs a look."""
Papers: TypeAlias = Callable[[str], tuple[str, ...]]
"""The papers in a library, by its name."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A subscriber, and where they stand."""

    subscriber: Subscriber
    file: Path
    line: int
    """From 1."""


class Roster:
    """Who reads what and when. What it holds is on the disk; each question opens it."""

    def __init__(self, kept: Path, papers: Papers) -> None:
        self._kept, self._papers = kept, papers

    def _read(self, record: bytes) -> Subscriber:
        found = read_subscriber(record)
        return filled(found, self._papers) if _LIBRARY in record else found

    def _entry(self, record: bytes, file: str, line: int) -> Entry:
        return Entry(self._read(record), Path(file), line)

    def __len__(self) -> int:
        with _opened(self._kept) as connection:
            return int(connection.execute("SELECT count(*) FROM subscribers").fetchone()[0])

    def __iter__(self) -> Iterator[Subscriber]:
        """Everybody, in the file's order."""
        for page in self.pages():
            yield from page

    def pages(self) -> Iterator[list[Subscriber]]:
        """Everybody in the file's order, some hundreds at a time."""
        return self._pages("SELECT record FROM subscribers ORDER BY number")

    def entries(self) -> Iterator[list[Entry]]:
        """Everybody in that order, each with where they stand, some hundreds at a time."""
        return self._rows("SELECT record, file, line FROM subscribers ORDER BY number", self._entry)

    def version(self) -> str:
        """Changes with what it holds."""
        with _opened(self._kept) as connection:
            return str(connection.execute("SELECT path, sum FROM files ORDER BY path").fetchall())

    def schedules(self) -> dict[str, Schedule]:
        """Each time zone, hour and cadence that somebody has, by a name."""
        with _opened(self._kept) as connection:
            names = connection.execute("SELECT DISTINCT schedule FROM subscribers ORDER BY 1").fetchall()
            return {name: on_schedule(name) for (name,) in names}

    def on(self, schedules: Iterable[str]) -> Iterator[list[Subscriber]]:
        """Who has one of these schedules, some hundreds at a time."""
        names = list(schedules)
        for start in range(0, len(names), _NAMES):
            some = names[start : start + _NAMES]
            wanted = ",".join("?" * len(some))
            yield from self._pages(
                f"SELECT record FROM subscribers WHERE schedule IN ({wanted}) ORDER BY number", *some
            )

    def _pages(self, query: str, *values: str) -> Iterator[list[Subscriber]]:
        return self._rows(query, self._read, *values)

    def _rows(self, query: str, read: Callable[..., T], *values: str) -> Iterator[list[T]]:
        with _opened(self._kept) as connection:
            rows = connection.execute(query, values)
            while page := rows.fetchmany(_PAGE):
                yield [read(*row) for row in page]

    def find(self, keys: Sequence[str]) -> dict[str, Subscriber]:
        """Those of these keys who are there."""
        found: dict[str, Subscriber] = {}
        with _opened(self._kept) as connection:
            for start in range(0, len(keys), _TOGETHER):
                some = keys[start : start + _TOGETHER]
                query = f"SELECT key, record FROM subscribers WHERE key IN ({','.join('?' * len(some))})"
                found |= {key: self._read(record) for key, record in connection.execute(query, some)}
        return found

    def known(self, addresses: Sequence[str]) -> set[str]:
        """Those of these addresses (folded) that somebody here has."""
        found: set[str] = set()
        with _opened(self._kept) as connection:
            for start in range(0, len(addresses), _TOGETHER):
                some = addresses[start : start + _TOGETHER]
                query = f"SELECT email FROM subscribers WHERE email IN ({','.join('?' * len(some))})"
                found |= {email for (email,) in connection.execute(query, some)}
        return found

    def named(self, name: str) -> Subscriber | None:
        """Who has this key or this address."""
        found = self.entry(name)
        return found.subscriber if found else None

    def entry(self, name: str) -> Entry | None:
        """The same with where they stand."""
        wanted = "WHERE key IN (?1, ?2) OR email = ?2 ORDER BY key != ?1, number LIMIT 1"
        with _opened(self._kept) as connection:
            query = f"SELECT record, file, line FROM subscribers {wanted}"
            row = connection.execute(query, (name, folded(name))).fetchone()
            return self._entry(*row) if row else None

    def beginning(self, letters: str, number: int) -> list[Subscriber]:
        """The first so many, in order of address, whose address (folded) begins with these letters."""
        with _opened(self._kept) as connection:
            query = "SELECT record FROM subscribers WHERE email >= ? AND email < ? ORDER BY email LIMIT ?"
            rows = connection.execute(query, (letters, letters + LAST, number))
            return [self._read(record) for (record,) in rows]

    def libraries(self) -> tuple[str, ...]:
        """The names of the libraries that somebody's examples are in, in order."""
        with _opened(self._kept) as connection:
            return tuple(name for (name,) in connection.execute("SELECT name FROM libraries ORDER BY name"))

    def looks(self) -> list[tuple[str, str]]:
        """The designs and languages that they read, each pair once."""
        with _opened(self._kept) as connection:
            return connection.execute("SELECT design, language FROM looks ORDER BY 1, 2").fetchall()


def roster(path: Path, papers: Papers = lambda _: ()) -> Roster:
    """The subscribers of the file at `path` and of the folder beside it, as they are now.

    `papers` knows what is in the libraries that they name. Raises SubscriberError, whose text is one
    `file:line:column: where: what` a line.
    """
    kept = _place(path)
    if not _is_of(kept, path):
        _keep(path, kept)
    return Roster(kept, papers)


def _place(path: Path) -> Path:
    """Where it is kept: beside the file, or where that folder is not to be written to, as long as this process lives."""
    beside = path.with_suffix(".db")
    writable = os.access(path.parent, os.W_OK) and (not beside.exists() or os.access(beside, os.W_OK))
    return beside if writable else Path(_own_folder().name) / f"{hashlib.sha256(bytes(path.absolute())).hexdigest()}.db"


@cache
def _own_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="newsletter-")


def _is_of(kept: Path, path: Path) -> bool:
    """Whether what is kept was made of these files as they are, by this version of the program."""
    if not kept.exists():
        return False
    try:
        with _opened(kept) as connection:
            made_of = connection.execute("SELECT path, sum FROM files").fetchall()
    except StoreError:
        return False
    names = {one for one, _ in made_of}
    return names.issuperset(map(str, files_of(path))) and all(_sum(Path(one)) == known for one, known in made_of)


@contextmanager
def _opened(kept: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(f"{kept.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            yield connection
    except (sqlite3.Error, msgspec.MsgspecError) as error:
        raise StoreError(f"{kept}: is damaged ({error}); remove it and run again, it is made anew") from error


def _sum(path: Path) -> str:
    """Changes with the file, and with the program that reads it."""
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            looks = found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
            if (known := _SUMS.get(path)) and known[0] == looks:
                return known[1]
            told = f"{_program()} {hashlib.file_digest(file, 'sha256').hexdigest()}"
            if time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns) > _SETTLED:
                _SUMS[path] = looks, told
            return told
    except OSError:
        return ""


_SUMS: dict[Path, tuple[tuple[int, ...], str]] = {}
"""What files looked like, and their sums: reading a long one each minute takes longer than a minute's work."""
_SETTLED: Final = 3_000_000_000
"""Nanoseconds. A file that was changed just now may change once more and look the same: the clock of FAT ticks every
two seconds, that of ext4 every four milliseconds (2026-11)."""


@cache
def _program() -> str:
    """Changes with what decides how a file is read."""
    here = Path(__file__).parent
    code = [
        *sorted(here.glob("*.py")),
        *(here.parent / f"{name}.py" for name in ("models", "records", "typed", "yamltext")),
    ]
    return hashlib.sha256(b"".join(one.read_bytes() for one in code)).hexdigest()


def _keep(path: Path, kept: Path) -> None:
    """Reads the files, and puts what they say in place of what was kept: all of it, or nothing."""
    made = kept.with_name(f".{kept.name}-{os.getpid()}-{threading.get_ident()}")
    try:
        with closing(sqlite3.connect(made, isolation_level=None)) as connection:
            made.chmod(0o600)
            connection.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {_SCHEMA} BEGIN")
            connection.executemany("INSERT INTO files VALUES (?, ?)", _written(path, connection))
            connection.execute("INSERT INTO looks SELECT DISTINCT design, language FROM subscribers")
            connection.execute("COMMIT")
        with made.open("rb") as file:
            os.fsync(file.fileno())
        made.replace(kept)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{kept}: cannot be written ({error}); is the disk full?") from error
    finally:
        made.unlink(missing_ok=True)


def _written(path: Path, connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Writes what the files say; returns those that this is made of, and their sums before they were read."""
    columns = "key, email, design, language, schedule, file, line, record"
    insert = f"INSERT INTO subscribers ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"

    def keep(one: Subscriber, where: Entered) -> None:
        record = subscriber_record(one).encode()
        file, _, line = where
        values = (one.key, folded(one.email), one.design, one.language, schedule_of(one), file, line, record)
        connection.execute(insert, values)
        for name in libraries(one):
            connection.execute("INSERT OR IGNORE INTO libraries VALUES (?)", (name,))

    files = files_of(path)
    made_of = [(str(one), _sum(one)) for one in files]
    besides = hand_over_all(files, keep)
    return made_of + [(str(one), _sum(one)) for one in besides]
