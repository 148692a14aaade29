"""RIS, as Zotero, Mendeley, EndNote and publishers export it: two letters, a dash and a value a line. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from newsletter.library.entries import Entry, Library, entry, ids_of, library

Tags: TypeAlias = dict[str, list[str]]

_LINE = re.compile(r"[ \t]*([A-Z][A-Z0-9]) {1,2}-(?: (.*))?")
_TITLE: Final = ("TI", "T1", "CT", "BT")
_ABSTRACT: Final = ("AB", "N2")
_YEAR: Final = ("PY", "Y1", "DA")
_IDS: Final = ("DO", "UR", "AN", "ID", "LK", "L1", "L2", "L3", "T2", "JO", "J2", "JF")
_REMARKS: Final = ("C1", "M1", "M3", "N1", "RN")


def parse(text: str) -> Library:
    """The entries of a RIS file; one without its end ends where the next begins."""
    return library("RIS", (_entry(tags) for tags in _records(text)))


def _records(text: str) -> Iterator[Tags]:
    tags: Tags = {}
    for line in text.split("\n"):
        found = _LINE.fullmatch(line)
        if found is None:
            _continue(tags, line)
        elif found[1] in ("TY", "ER"):
            if tags:
                yield tags
            tags = {"TY": []} if found[1] == "TY" else {}
        else:
            tags.setdefault(found[1], []).append((found[2] or "").strip())
    if tags:
        yield tags


def _continue(tags: Tags, line: str) -> None:
    """A line without a tag goes on with the value before it."""
    if tags and line.strip():
        tags[next(reversed(tags))].append(line.strip())


def _entry(tags: Mapping[str, Sequence[str]]) -> Entry:
    fields = {
        "title": _first(tags, _TITLE),
        "abstract": _first(tags, _ABSTRACT),
        "keywords": "\n".join(tags.get("KW", ())),
        "year": _first(tags, _YEAR),
    }
    return entry(fields, ids_of(*([value for tag in some for value in tags.get(tag, ())] for some in (_IDS, _REMARKS))))


def _first(tags: Mapping[str, Sequence[str]], names: Sequence[str]) -> str:
    return next((" ".join(tags[name]) for name in names if name in tags), "")
