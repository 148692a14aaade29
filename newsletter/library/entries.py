"""What every format becomes: entries, and how many could not be used. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from html import unescape
from itertools import islice
from typing import Final

from newsletter.identity import arxiv_id, paper_id, title_id, title_key
from newsletter.models import Paper
from newsletter.text import line, readable

LONGEST: Final = 20_000
"""Characters kept of an abstract."""
_LONGEST_TITLE: Final = 1_000
_MOST_KEYWORDS: Final = 50
_IN_WORDS = re.compile(r"arxiv:\s?\S+|https?://\S+|10\.\d{4,9}/\S+", re.IGNORECASE)
_YEAR = re.compile(r"(?<!\d)(1[89]\d\d|20\d\d)(?!\d)")
_TAG = re.compile(r"</?[A-Za-z][\w:-]{0,30}(?:\s[^<>]{0,200})?/?>")
_TEX = re.compile(r"[\\{}$~]")
_BRACED = re.compile(r"\{\\([uvHckrdb]) ([A-Za-z])\}")  # `{\H o}` is `\H{o}`
_BRACES = str.maketrans("", "", "{}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a library. It is not a Paper yet: it may have only an id, or only a title."""

    title: str = ""
    abstract: str = ""
    keywords: tuple[str, ...] = ()
    year: int | None = None
    ids: tuple[str, ...] = ()
    """Canonical ids, each once, the surest first: arXiv ids before DOIs."""

    @property
    def usable(self) -> bool:
        """Whether anything would tell it from others."""
        return bool(self.ids or title_key(self.title))

    def paper(self) -> Paper:
        """The entry as a paper; its title is its id where it has no other."""
        first, *others = self.ids or (title_id(self.title),)
        published = date(self.year, 1, 1) if self.year else None
        return Paper(first, self.title, self.abstract, published=published, keywords=self.keywords, also=tuple(others))


@dataclass(frozen=True, slots=True)
class Library:
    """What a file holds."""

    format: str
    """`BibTeX`, `RIS`, `CSL-JSON` or `list of ids`."""
    entries: tuple[Entry, ...]
    damaged: int = 0
    """Entries that cannot be read, or have neither an id nor a title."""


def library(format_: str, entries: Iterable[Entry], damaged: int = 0) -> Library:
    """The usable ones among the entries; the others are counted."""
    found = tuple(entries)
    usable = tuple(entry for entry in found if entry.usable)
    return Library(format_, usable, damaged + len(found) - len(usable))


def entry(fields: Mapping[str, str], ids: tuple[str, ...]) -> Entry:
    """An entry of a format's fields `title`, `abstract`, `keywords`, `year`, as they are written there."""
    return Entry(
        title=shown(fields.get("title", ""))[:_LONGEST_TITLE],
        abstract=shown(fields.get("abstract", "")),
        keywords=_keywords(fields.get("keywords", "")),
        year=_year(fields.get("year", "")),
        ids=ids,
    )


def shown(text: str) -> str:
    """Text on one line, without markup, TeX and the braces that keep capitals."""
    if not text:
        return ""
    plain = line(_TAG.sub(" ", unescape(text[: LONGEST * 2])), limit=LONGEST)
    return readable(_BRACED.sub(r"\\\1{\2}", plain)).translate(_BRACES) if _TEX.search(plain) else plain


def _keywords(text: str) -> tuple[str, ...]:
    parts = re.split(r"[;\n]" if ";" in text or "\n" in text else ",", text)
    words = (line(shown(part), limit=100) for part in parts[:_MOST_KEYWORDS])
    return tuple(dict.fromkeys(word for word in words if word))


def _year(text: str) -> int | None:
    found = _YEAR.search(text)
    return int(found[1]) if found else None


def sure_first(ids: Iterable[str]) -> tuple[str, ...]:
    """Each id once, arXiv ids before the others."""
    return tuple(sorted(dict.fromkeys(ids), key=lambda one: arxiv_id(one) is None))


def ids_of(own: Iterable[str], remarks: Iterable[str]) -> tuple[str, ...]:
    """The ids that an entry's own fields name, and where no arXiv id is among them, the first in its remarks.

    Only the first: remarks name other papers too.
    """
    found = [id_ for value in own for id_ in ids_in(value)]
    mentioned = (id_ for value in remarks for id_ in ids_in(value))
    return sure_first(found if any(map(arxiv_id, found)) else (*found, *islice(mentioned, 1)))


def ids_in(value: str) -> Iterator[str]:
    """The canonical ids that a field names: itself, its part before a comma, else what looks like one in its words."""
    words = (value, value.partition(",")[0], *(word.rstrip(".,;)]}>") for word in _IN_WORDS.findall(value)))
    return (found for word in words if (found := paper_id(word.strip())))
