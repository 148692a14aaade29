"""Where papers come from: one line each in a table. A source is named `huggingface`, `file:PATH` or `rss:URL`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches

from newsletter import text
from newsletter.errors import SettingsError
from newsletter.models import Fetched
from newsletter.sources import file, huggingface, rss
from newsletter.sources.reach import Reach


@dataclass(frozen=True, slots=True)
class Source:
    """What a source can do; each gets the argument, the part of its name after the colon."""

    fetch: Callable[[str, date, Reach], Fetched]
    """The papers of a day. Raises NotYet, SourceError."""
    check: Callable[[str, Reach], str]
    """Whether it answers, in a sentence. Raises SourceError."""
    hosts: Callable[[str, Reach], tuple[str, ...]]
    """The hosts it talks to."""
    argument: str = ""
    """What to write after the colon, where something has to."""
    reader: Callable[[str, Reach], Callable[[date], Fetched]] | None = None
    """`fetch` for many days one after another, where that saves something."""
    past: Callable[[str], bool] = lambda _: True
    """Whether it can be asked for past days; else there is only what it has now."""
    optional: bool = False
    """Whether something may stand after the colon; the source itself says what."""


SOURCES: dict[str, Source] = {
    "file": Source(file.fetch, file.check, file.hosts, argument="PATH", reader=file.reader),
    "huggingface": Source(
        huggingface.fetch,
        huggingface.check,
        huggingface.hosts,
        reader=huggingface.reader,
        past=huggingface.has_past,
        optional=True,
    ),
    "rss": Source(rss.fetch, rss.check, rss.hosts, argument="URL", reader=rss.reader, past=lambda _: False),
}


def find(name: str) -> tuple[Source, str]:
    """The source that a name of the settings means, and its argument; SettingsError if there is none."""
    word, _, argument = name.partition(":")
    source = SOURCES.get(word)
    shown = text.line(name, limit=100)
    if source is None:
        close = get_close_matches(word.lower(), SOURCES, n=1)
        cure = f"did you mean {_usage(close[0])}?" if close else f"known: {', '.join(map(_usage, SOURCES))}"
        raise SettingsError(f"sources: {shown!r} is not a source; {cure}")
    if bool(argument) != bool(source.argument) and not (argument and source.optional):
        raise SettingsError(f"sources: {shown!r} cannot be used; write {_usage(word)}")
    return source, argument


def fetch(name: str, day: date, reach: Reach) -> Fetched:
    """The papers of a day from the source with this name. Raises SettingsError, NotYet, SourceError."""
    source, argument = find(name)
    return source.fetch(argument, day, reach)


def reader(name: str, reach: Reach) -> Callable[[date], Fetched]:
    """`fetch` for many days one after another: what they share is read once."""
    source, argument = find(name)
    if source.reader:
        return source.reader(argument, reach)
    return lambda day: source.fetch(argument, day, reach)


def has_past(name: str) -> bool:
    """Whether the source with this name can be asked for past days."""
    source, argument = find(name)
    return source.past(argument)


def check(name: str, reach: Reach) -> str:
    """A sentence on whether a source answers and how many papers it has. Raises SettingsError, SourceError."""
    source, argument = find(name)
    return source.check(argument, reach)


def hosts(name: str, reach: Reach) -> tuple[str, ...]:
    """The hosts that a source will talk to, `host` or `host:port`."""
    source, argument = find(name)
    return source.hosts(argument, reach)


def _usage(word: str) -> str:
    argument = SOURCES[word].argument
    return f"{word}:{argument}" if argument else word
