"""Where papers come from: one line each in a table: `huggingface`, `arxiv:cs.CL+cs.LG`, `biorxiv`, `rss:URL`, `file:PATH`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches

from newsletter import text
from newsletter.errors import SettingsError, SourceError
from newsletter.models import Fetched, Paper
from newsletter.sources import arxiv, biorxiv, file, huggingface, rss, semanticscholar
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
    apart: bool = False
    """Whether past days are asked of somebody else than today: one may fail without the other."""
    lookup: Callable[[Sequence[str], Reach], Iterator[tuple[str, Paper | None]]] | None = None
    """Each of these arXiv ids with its paper, or None where there is none, where it can be asked for papers by their
    ids. Raises SourceError; those that have not come by then were not looked up."""
    title: str = ""
    """What people call it, where it can be asked for papers by their ids."""


SOURCES: dict[str, Source] = {
    "arxiv": Source(
        arxiv.fetch,
        arxiv.check,
        arxiv.hosts,
        argument="CATEGORY+CATEGORY",
        reader=arxiv.reader,
        apart=True,
        lookup=arxiv.lookup,
        title="arXiv",
    ),
    "biorxiv": Source(biorxiv.BIORXIV.fetch, biorxiv.BIORXIV.check, biorxiv.BIORXIV.hosts, optional=True),
    "file": Source(file.fetch, file.check, file.hosts, argument="PATH", reader=file.reader),
    "huggingface": Source(
        huggingface.fetch,
        huggingface.check,
        huggingface.hosts,
        reader=huggingface.reader,
        past=huggingface.has_past,
        optional=True,
        lookup=huggingface.lookups,
        title="Hugging Face",
    ),
    "medrxiv": Source(biorxiv.MEDRXIV.fetch, biorxiv.MEDRXIV.check, biorxiv.MEDRXIV.hosts, optional=True),
    "rss": Source(rss.fetch, rss.check, rss.hosts, argument="URL", reader=rss.reader, past=lambda _: False),
    "semanticscholar": Source(
        semanticscholar.SEMANTIC_SCHOLAR.fetch,
        semanticscholar.SEMANTIC_SCHOLAR.check,
        semanticscholar.SEMANTIC_SCHOLAR.hosts,
        argument="like=ID+ID",
        reader=semanticscholar.SEMANTIC_SCHOLAR.reader,
        past=lambda _: False,
    ),
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


def is_apart(name: str) -> bool:
    """Whether the source with this name asks somebody else for past days than for today."""
    return find(name)[0].apart


def check(name: str, reach: Reach) -> str:
    """A sentence on whether a source answers and how many papers it has. Raises SettingsError, SourceError."""
    source, argument = find(name)
    return source.check(argument, reach)


def libraries(names: Iterable[str]) -> tuple[str, ...]:
    """What those of these sources are called that can be asked for papers by their ids, each once."""
    return tuple(source.title for source in _with_lookup(names))


def look_up(ids: Sequence[str], names: Iterable[str], reach: Reach) -> Iterator[tuple[str, Paper | None]]:
    """Each of these arXiv ids with its paper, or None where none of these sources knows it.

    What one does not know the next is asked for. Raises SourceError at the end when one did not answer; those that
    have not come by then were not looked up.
    """
    unknown, failure, asked = list(ids), None, _with_lookup(names)
    for source in asked:
        assert source.lookup is not None
        last_word = source is asked[-1] and failure is None
        left = dict.fromkeys(unknown)
        try:
            for id_, paper in source.lookup(unknown, reach):
                if paper is not None or last_word:
                    del left[id_]
                    yield id_, paper
        except SourceError as error:
            failure = error
        unknown = list(left)
    if failure is not None and unknown:
        raise failure


def _with_lookup(names: Iterable[str]) -> list[Source]:
    """Hugging Face before arXiv: it knows what the community made of a paper."""
    words = {name.partition(":")[0] for name in names}
    return [SOURCES[word] for word in ("huggingface", "arxiv") if word in words]


def hosts(name: str, reach: Reach) -> tuple[str, ...]:
    """The hosts that a source will talk to, `host` or `host:port`."""
    source, argument = find(name)
    return source.hosts(argument, reach)


def _usage(word: str) -> str:
    argument = SOURCES[word].argument
    return f"{word}:{argument}" if argument else word
