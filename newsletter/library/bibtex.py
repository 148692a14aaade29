"""BibTeX and BibLaTeX, as reference managers export them and as people break them. No I/O.

An entry begins with `@word{` at the beginning of a line and ends where the next one begins, so that a brace that was
never closed costs one entry and not the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Final

from newsletter.library.entries import Entry, Library, entry, ids_of, library

_ENTRY = re.compile(r"(?:^[ \t]*|(?<=\}))@([A-Za-z]+)[ \t]*[{(]", re.MULTILINE)
_SILENT: Final = ("comment", "preamble", "string")
_FIELD = re.compile(r"[\s,]*([A-Za-z][\w:.+/-]*)\s*=\s*")
_NEXT = re.compile(r"\n[ \t]*[A-Za-z][\w:.+/-]*[ \t]*=[ \t]*[{\"]")
_MOST_BROKEN: Final = 3
_BARE = re.compile(r"[^\s,{}\"#=]+")
_JOIN = re.compile(r"\s*#\s*")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_QUOTE = re.compile(r"\\.|[{}\"]", re.DOTALL)
# Where exports put an id, the surest first. Google Scholar writes `journal = {arXiv preprint arXiv:1234.56789}`.
_IDS: Final = ("eprint", "arxivid", "arxiv", "doi", "url", "journal", "journaltitle", "howpublished")
_REMARKS: Final = ("note", "annote", "annotation")
_URL = re.compile(r"\\(?:url|href)\s?\{([^{}]*)\}")
_ESCAPED = re.compile(r"\\([_&%#~])")


def parse(text: str) -> Library:
    """The entries of a .bib file; one without an id and a title is counted as damaged."""
    return library("BibTeX", (entry(_known(fields), _ids(fields)) if fields else Entry() for fields in _entries(text)))


def ids(text: str) -> Iterator[tuple[str, ...]]:
    """The canonical ids of every entry, in order, the surest first; empty where it has none."""
    return map(_ids, _entries(text))


def _ids(fields: Mapping[str, str]) -> tuple[str, ...]:
    return ids_of(*([_plain(fields[name]) for name in names if name in fields] for names in (_IDS, _REMARKS)))


def _known(fields: Mapping[str, str]) -> dict[str, str]:
    year = fields.get("year") or fields.get("date", "")
    return {**fields, "year": year, "keywords": fields.get("keywords") or fields.get("keyword", "")}


def _plain(value: str) -> str:
    """An id as it was before it was written for TeX."""
    return _ESCAPED.sub(r"\1", _URL.sub(r" \1 ", value)).replace("{", "").replace("}", "").strip()


def _entries(text: str) -> Iterator[dict[str, str]]:
    """The fields of each entry, names in lower case, values as they are written."""
    starts = [(found.start(), found.end(), found[1].lower()) for found in _ENTRY.finditer(text)]
    for (_, inside, kind), (end, _, _) in pairwise([*starts, (len(text), 0, "")]):
        if kind not in _SILENT:
            yield _fields(text[inside:end])


def _fields(inside: str) -> dict[str, str]:
    """The fields of an entry; of two of a name the first. A value is left out that never ends, or only behind the next field."""
    fields: dict[str, str] = {}
    at, broken = 0 if _FIELD.match(inside) else inside.find(","), 0  # after the entry's key, if it has one
    while at >= 0 and broken < _MOST_BROKEN and (name := _FIELD.match(inside, at)):
        value, at = _value(inside, name.end())
        swallowed = _NEXT.search(inside, name.end(), len(inside) if value is None else at)
        if value is None or swallowed:
            at, broken = swallowed.start() if swallowed else -1, broken + 1
        else:
            fields.setdefault(name[1].lower(), value)
    return fields


def _value(text: str, at: int) -> tuple[str | None, int]:
    """The value that begins there, its pieces joined, and where it ends; None if it never does."""
    pieces = []
    while True:
        piece, at = _piece(text, at)
        if piece is None:
            return None, at
        pieces.append(piece)
        join = _JOIN.match(text, at)
        if join is None:
            return "".join(pieces), at
        at = join.end()


def _piece(text: str, at: int) -> tuple[str | None, int]:
    """`{...}`, `"..."` or a bare word."""
    if text[at : at + 1] not in ("{", '"'):
        bare = _BARE.match(text, at)
        return (bare[0], bare.end()) if bare else ("", at)
    quoted, depth = text[at] == '"', 0
    for found in (_QUOTE if quoted else _BRACE).finditer(text, at + 1):
        if found[0] == ('"' if quoted else "}") and not depth:
            return text[at + 1 : found.start()], found.end()
        depth += (found[0] == "{") - (found[0] == "}")
    return None, len(text)
