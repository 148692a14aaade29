"""Lists of papers: an arXiv id, a DOI or an address of one on each line; `#` begins a comment. No I/O."""

from __future__ import annotations

import re

from newsletter.library.entries import Entry, Library, ids_in, library, sure_first

_COMMENT = re.compile(r"(?:^|\s)#.*")
_BETWEEN = re.compile(r"[\s,;|()\[\]<>\"]+")
_LONGEST = 10_000


def parse(text: str) -> Library:
    """An entry for each line that says anything; those without an id are counted as damaged."""
    lines = (_COMMENT.sub("", line[:_LONGEST]).strip() for line in text.split("\n"))
    return library("list of ids", (_entry(line) for line in lines if line))


def _entry(line: str) -> Entry:
    return Entry(ids=sure_first(found for word in (line, *_BETWEEN.split(line)) for found in ids_in(word)))
