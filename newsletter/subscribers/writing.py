"""The subscribers' files rewritten: by one process at a time, whole, and only if all of them can be read afterwards."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import yaml

from newsletter.errors import SubscriberError
from newsletter.files.alone import alone
from newsletter.files.whole import replacing
from newsletter.models import Subscriber
from newsletter.subscribers.file import Entered, files_of, hand_over_all, parse, text_of
from newsletter.subscribers.splice import Unspliceable, entry_line
from newsletter.typed import folded


@dataclass(frozen=True, slots=True)
class Place:
    """Where a subscriber is listed."""

    file: Path
    number: int
    """Of the entry in its file, from 0."""
    line: int
    """From 1."""
    subscriber: Subscriber


def place(files: tuple[Path, ...], name: str) -> Place | None:
    """Where the subscriber with this key or address is listed. Raises SubscriberError for a file that cannot be read."""
    return next((found for file in files if (found := place_in(text_of(file), file, name))), None)


def place_in(text: str, file: Path, name: str) -> Place | None:
    """The same in the text of one file."""
    for number, one in enumerate(parse(text, str(file), file.parent)):
        if is_named(one, name):
            return Place(file, number, entry_line(text, number), one)
    return None


def placed(path: Path, name: str) -> Place:
    """The same of whoever must be there. Raises SubscriberError with a guess at who was meant."""
    found = place(files_of(path), name)
    if found is None:
        raise SubscriberError(nobody(path, name))
    return found


def nobody(path: Path, name: str) -> str:
    """Says that there is no such subscriber, with a guess at who of the files was meant."""
    return f"no subscriber '{name}'{_meant(files_of(path), name)}; `newsletter subscribers list` shows them"


def is_named(one: Subscriber, name: str) -> bool:
    """Whether this is the key or the address of that subscriber."""
    return name == one.key or folded(name) in (folded(one.key), folded(one.email))


def _meant(files: tuple[Path, ...], name: str) -> str:
    known: dict[str, str] = {}
    hand_over_all(files, lambda one, _: known.update({folded(one.email): one.email, one.key: one.key}))
    near = get_close_matches(folded(name), known, n=1)
    return f"; did you mean {known[near[0]]}?" if near else ""


def rewrite(path: Path, file: Path, change: Callable[[str], str]) -> str:
    """Puts what `change` makes of the text of `file` in its place, and returns it; a missing file is an empty text.

    `path` is the subscribers' file of the home, of which `file` may be a part. Raises SubscriberError, and the file
    stays as it was, if the change cannot be made or the subscribers could not be read any more.
    """
    try:
        with _alone(path, file):
            text = text_of(file) if file.exists() else ""
            new = _tried(path, file, text, change)
            if new != text:
                file.parent.mkdir(parents=True, exist_ok=True)
                bom = codecs.BOM_UTF8 if file.exists() and file.read_bytes().startswith(codecs.BOM_UTF8) else b""
                with replacing(file) as out:
                    out.write(bom + new.encode())
            return new
    except OSError as error:
        raise SubscriberError(f"{file}: cannot be written ({error.strerror}); let this program write there") from error


@contextmanager
def _alone(path: Path, file: Path) -> Iterator[None]:
    """Nobody else changes the files of this home meanwhile, nor this one through another home's link to it."""
    home, folder = path.parent.resolve(), file.resolve().parent
    with alone(home):
        if folder == home or not folder.exists():
            yield
            return
        with alone(folder):
            yield


def _tried(path: Path, file: Path, text: str, change: Callable[[str], str]) -> str:
    """The changed text, if everybody can be read with it; else what is wrong with the files as they are, or with it."""
    try:
        new = change(text)
    except (Unspliceable, yaml.YAMLError) as error:
        if text:
            check(path, {file: text})
        raise SubscriberError(f"{file}: {error}") from error
    try:
        check(path, {file: new})
    except SubscriberError as error:
        raise SubscriberError(_first_of_all(path, str(error))) from error
    return new


def _first_of_all(path: Path, faults: str) -> str:
    """What has to be mended first: a file that had one of these faults before, as it is."""
    try:
        check(path, {})
    except SubscriberError as error:
        if {*str(error).splitlines()} & {*faults.splitlines()}:
            return str(error)
    return faults


def check(path: Path, instead: Mapping[Path, str]) -> None:
    """Reads all subscribers, with these texts in place of files. Raises SubscriberError."""
    files = files_of(path)
    hand_over_all(
        (*(one for one in files if one.exists()), *(one for one in instead if one not in files)), _pass, instead
    )


def _pass(one: Subscriber, where: Entered) -> None:
    """Nothing is kept of whom is only checked."""
