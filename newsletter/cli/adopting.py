"""What readers changed on the web beside what the subscribers' files say: as a difference, and written into them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from newsletter.errors import SubscriberError
from newsletter.models import Subscriber
from newsletter.subscribers.adopt import Chosen, adopted, as_chosen, differing
from newsletter.subscribers.file import files_of, parse, text_of
from newsletter.subscribers.splice import Unspliceable
from newsletter.subscribers.writing import rewrite


@dataclass(frozen=True, slots=True)
class Adoption:
    """A file, what becomes of it, and of whom in it."""

    file: Path
    before: str
    after: str
    readers: tuple[Subscriber, ...]
    """Who chose something else than it says, as it has them."""


def adoptions(path: Path, chosen: Chosen) -> Iterator[Adoption]:
    """The files that say something else than their readers chose. Raises SubscriberError."""
    for file in files_of(path):
        before = text_of(file)
        people = parse(before, str(file), file.parent)
        readers = tuple(one for one in people if differing(one, chosen))
        if readers:
            try:
                yield Adoption(file, before, _changed(before, file, chosen), readers)
            except Unspliceable as error:
                raise SubscriberError(f"{file}: {error}") from error


def adopt(path: Path, adoption: Adoption, chosen: Chosen) -> None:
    """Writes it into the file as it is now. Raises SubscriberError, and the file stays as it was."""
    rewrite(path, adoption.file, lambda text: _changed(text, adoption.file, chosen))


def _changed(text: str, file: Path, chosen: Chosen) -> str:
    people = parse(text, str(file), file.parent)
    after = adopted(text, people, chosen)
    for meant, found in zip(as_chosen(people, chosen), parse(after, str(file), file.parent), strict=True):
        if meant != found:
            cure = "take it out of `defaults:`, which has it for everybody"
            raise Unspliceable(f"{found.email}: what they chose cannot be written into the entry; {cure}")
    return after
