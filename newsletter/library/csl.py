"""CSL-JSON, as reference managers export it, and the JSON of Zotero's own (Better BibTeX, its web API). No I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from newsletter.library.entries import Entry, Library, entry, ids_of, library

_SKIP = re.compile(r"[\s,]*")
_ABSTRACT: Final = ("abstract", "abstractNote")
_KEYWORDS: Final = ("keyword", "keywords", "tags")
_YEAR: Final = ("issued", "date", "year", "published")
_IDS: Final = (
    "DOI",
    "doi",
    "arxiv",
    "arxiv_id",
    "arxivId",
    "number",
    "archive_location",
    "archiveID",
    "URL",
    "url",
    "id",
)
_REMARKS: Final = ("note", "extra")
_SILENT: Final = ("attachment", "note", "annotation")
"""What Zotero keeps beside its papers."""


def parse(text: str) -> Library:
    """The entries of a list, or of the list under `items`; what comes after a damaged place is lost, and counted."""
    values, damaged = _values(text)
    objects = [value for value in values if isinstance(value, dict)]
    told = map(_told, objects)
    entries = [_entry(value) for value in told if value.get("itemType") not in _SILENT]
    return library("CSL-JSON", entries, damaged + len(values) - len(objects))


def _told(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """What an item says of itself: Zotero's web API has that in `data`, beside links and versions."""
    inner = value.get("data")
    return inner if isinstance(inner, dict) else value


def _values(text: str) -> tuple[list[Any], int]:
    try:
        whole = json.loads(text, strict=False, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return _one_by_one(text, 0) or _one_by_one(text, text.find("[") + 1) or ([], 1)
    if isinstance(whole, dict):
        whole = next((whole[key] for key in ("items", "references") if isinstance(whole.get(key), list)), [whole])
    return whole, 0


def _one_by_one(text: str, at: int) -> tuple[list[Any], int] | None:
    """The values one after another up to the place where no more can be read, and whether that is before the end."""
    reader, values = json.JSONDecoder(strict=False, parse_int=str, parse_float=str), []
    while (at := _after(text, at)) < len(text):
        try:
            value, at = reader.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        values.append(value)
    return (values, int(at < len(text))) if values else None


def _after(text: str, at: int) -> int:
    """Behind the white space and commas that stand there."""
    found = _SKIP.match(text, at)
    return found.end() if found else at


def _entry(value: Mapping[str, Any]) -> Entry:
    fields = {
        "title": _text(value.get("title")),
        "abstract": _first(value, _ABSTRACT),
        "keywords": _first(value, _KEYWORDS),
        "year": _first(value, _YEAR),
    }
    return entry(
        fields, ids_of(*([line for key in some for line in _lines(value.get(key))] for some in (_IDS, _REMARKS)))
    )


def _first(value: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    return next((text for key in keys if (text := _text(value.get(key)))), "")


def _text(value: object) -> str:
    """The text in a value, however deep: `{"date-parts": [["2020", "3"]]}`, `[{"tag": "robots"}]`."""
    return "\n".join(_leaves(value, 6))


def _leaves(value: object, deep: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif deep and isinstance(value, list | dict):
        named = value.items() if isinstance(value, dict) else (("", inner) for inner in value)
        for name, inner in named:
            if name != "type":  # Zotero has one beside tags that were not typed by hand
                yield from _leaves(inner, deep - 1)


def _lines(value: object) -> list[str]:
    return _text(value).split("\n")
