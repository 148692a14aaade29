"""Papers in files: recordings, archives, notes and captures, alone or in a folder of them."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import cache
from pathlib import Path

from newsletter import text
from newsletter.errors import SourceError
from newsletter.models import Fetched
from newsletter.sources.fields import Unusable, day_in, first_faults
from newsletter.sources.formats import FORMATS
from newsletter.sources.reach import Reach

MAX_BYTES = 50_000_000
"""A file larger than this, unpacked, is not read."""


def fetch(argument: str, day: date, reach: Reach) -> Fetched:
    """The papers in a file or folder that were listed on `day`, and those whose day nobody knows.

    A file whose name carries another day is not opened. What cannot be read is a fault; SourceError if
    that is all there is for the day, so that a damaged file never looks like a quiet day.
    """
    return reader(argument, reach)(day)


def reader(argument: str, reach: Reach) -> Callable[[date], Fetched]:
    """`fetch` for many days: a file whose name carries no day is opened for the first of them and kept."""
    files, load = cache(lambda: _files(argument, reach)), cache(_load)
    return lambda day: _on(day, *files(), load)


def _on(day: date, files: Sequence[Path], broken_off: Sequence[str], load: Callable[[Path], Fetched]) -> Fetched:
    faults = list(broken_off)
    wanted = [path for path in files if day_in(path.name) in (None, day)]
    loaded = [(path, _load(path) if day_in(path.name) else load(path)) for path in wanted]
    listings = [found for _, file in loaded for found in file.listings]
    faults += _named(loaded)
    broken = [path for path, file in loaded if file.faults and not file.listings]
    if broken and not listings and (wanted == files or any(day_in(path.name) for path in broken)):
        raise SourceError(f"no paper of {day} can be read: {faults[0]}; mend or remove the file")
    return Fetched(tuple(found for found in listings if found.day in (None, day)), first_faults(faults))


def check(argument: str, reach: Reach) -> str:
    """How many papers can be read and of which days, in a sentence; every file is opened."""
    files, faults = _files(argument, reach)
    loaded = [(path, _load(path)) for path in files]
    days = sorted({found.day for _, file in loaded for found in file.listings if found.day})
    papers = sum(len(file.listings) for _, file in loaded)
    faults += _named(loaded)
    span = f"listed {days[0]} to {days[-1]}" if days else "of no particular day"
    left_out = f"; {_many(len(faults), 'fault')}, the first: {faults[0]}" if faults else ""
    return f"{_shown(argument)}: {_many(papers, 'paper')} in {_many(len(files), 'file')}, {span}{left_out}"


def hosts(argument: str, reach: Reach) -> tuple[str, ...]:
    """None: files are on this machine."""
    return ()


def _files(argument: str, reach: Reach) -> tuple[list[Path], list[str]]:
    """The files that may hold papers, in order, and what could not be looked into."""
    root = reach.home / argument
    try:
        is_folder = root.is_dir()
        root.stat()
    except (OSError, ValueError) as error:
        what = error.strerror if isinstance(error, OSError) else str(error)
        raise SourceError(f"{_shown(argument)}: {what}; check the path after `file:` in the sources") from error
    faults: list[str] = []
    files = sorted(_walk(root, faults)) if is_folder else [root] if _suffix(root.name) in FORMATS else []
    if not files:
        cure = f"name a file or folder of {', '.join(FORMATS)} (or .gz of them)"
        raise SourceError(faults[0] if faults else f"{_shown(argument)}: no file with papers; {cure}")
    return files, faults


def _walk(root: Path, faults: list[str]) -> Iterable[Path]:
    """The files below a folder with a suffix we know; hidden ones and README (which describes the folder) not."""

    def cannot_open(error: OSError) -> None:
        faults.append(f"{_shown(error.filename)}: {error.strerror}")

    seen: set[Path] = set()
    for folder, subfolders, names in os.walk(root, onerror=cannot_open, followlinks=True):
        real = Path(folder).resolve()
        subfolders[:] = [] if real in seen else [name for name in subfolders if not name.startswith(".")]
        if real not in seen:
            yield from (Path(folder) / name for name in names if _may_hold_papers(name))
        seen.add(real)


def _may_hold_papers(name: str) -> bool:
    return not name.lower().startswith((".", "readme")) and _suffix(name) in FORMATS


def _suffix(name: str) -> str:
    return Path(name.lower().removesuffix(".gz")).suffix


def _load(path: Path) -> Fetched:
    """What a file holds; if it cannot be read at all, that is its only fault."""
    try:
        return FORMATS[_suffix(path.name)](_bytes(path), day_in(path.name))
    except Unusable as error:
        return Fetched(faults=(str(error),))


def _bytes(path: Path) -> bytes:
    try:
        if not path.is_file():  # a pipe would keep us waiting
            raise Unusable("not a regular file")
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as file:
            body = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Unusable(error.strerror or str(error)) from error
    except (EOFError, zlib.error) as error:
        raise Unusable("damaged gzip file") from error
    if len(body) > MAX_BYTES:
        raise Unusable(f"larger than {MAX_BYTES // 1_000_000} MB")
    return body


def _named(loaded: Iterable[tuple[Path, Fetched]]) -> list[str]:
    return [f"{_shown(path)}: {fault}" for path, file in loaded for fault in file.faults]


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _shown(path: object) -> str:
    """A path fit for a line of a log, whatever its characters."""
    return text.line(str(path), limit=200)
