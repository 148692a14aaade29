"""Subscribers out of tables of other programs: CSV and JSON, row by row, so that memory does not grow with the table.

A row that cannot be used is a value that says why, with its line, and costs only itself.
"""

from __future__ import annotations

import csv
import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeAlias

from newsletter.errors import SettingsError
from newsletter.models import Subscriber
from newsletter.subscribers.fields import INTEREST, SUBSCRIBER, Reading
from newsletter.subscribers.file import own_of, subscriber_of
from newsletter.subscribers.pen import Entry, Typed
from newsletter.typed import folded, listed, nearest, quoted
from newsletter.yamltext import Fields, Items, Text, Value

SEPARATOR: Final = ";"
"""Between several values in one cell."""
OF_INTEREST: Final = tuple(key for key in INTEREST if key not in ("name", *SUBSCRIBER))
"""The columns that describe the one interest of a row."""
COLUMNS: Final = (*SUBSCRIBER, *OF_INTEREST)
FORMULA: Final = ("=", "+", "-", "@")
"""A cell that begins so is run by spreadsheets; a ' before it says that it is text (OWASP, CSV injection, 2026-11)."""
# What the exports of other programs call them (2026-11).
_ALIASES: Final = {
    "address": "email",
    "e-mail": "email",
    "email address": "email",
    "full name": "name",
    "interest": "interests",
    "keyword": "keywords",
    "mail": "email",
    "time zone": "timezone",
    "tz": "timezone",
}
_MANY: Final = ("sources", "exclude", "keywords", "authors", "categories", "like", "dislike")
_LONGEST: Final = 20
"""Lines that one row may have, by line ends inside of quotes."""
_WIDEST: Final = 100_000
"""Characters of a row."""
_UNCLOSED: Final = "is not CSV: a quote is opened and never closed"


@dataclass(frozen=True, slots=True)
class Row:
    """A subscriber, and what of them was said, by key as in subscribers.yaml."""

    line: int
    said: Entry
    subscriber: Subscriber


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be used."""

    line: int
    said: str


Rows: TypeAlias = Iterator[Row | BadRow]


@dataclass(frozen=True, slots=True)
class Header:
    """What the first line says: the columns that are read, in order ("" for one that is not), and how cells are apart."""

    columns: tuple[str, ...]
    delimiter: str
    unread: tuple[str, ...]


def header_of(line: str) -> Header:
    """The columns by their names, in any order and case. Raises SettingsError if something would be lost."""
    delimiter = max(",;\t", key=line.count)
    names = [
        cell.strip().strip("\ufeff").lower().replace("_", " ")
        for cell in next(csv.reader([line], delimiter=delimiter), [])
    ]
    columns, unread = [], []
    for name in names:
        key = _ALIASES.get(name, name.replace(" ", "_"))
        if key not in COLUMNS and nearest(key, COLUMNS) and key:
            raise SettingsError(f"1: column {quoted(name)} is none that is known{nearest(key, COLUMNS)}")
        if key in columns:
            raise SettingsError(f"1: there are two columns for {key}: keep one")
        columns.append(key if key in COLUMNS else "")
        unread += [name] if key not in COLUMNS and name else []
    if "email" not in columns:
        raise SettingsError(f"1: the first line names no column `email`; it may name {listed(COLUMNS)}")
    return Header(tuple(columns), delimiter, tuple(unread))


def csv_rows(lines: Iterable[str], header: Header, shared: Mapping[str, Any], folder: Path, first: int = 2) -> Rows:
    """The rows below the header. `shared` is what holds for who does not say else; `.bib` files are in `folder`."""
    for line, cells in _cells(lines, header.delimiter, first):
        if isinstance(cells, str):
            yield BadRow(line, cells)
        elif any(cell.strip() for cell in cells):
            yield _row(line, header, cells, shared, folder)


def _cells(lines: Iterable[str], delimiter: str, first: int) -> Iterator[tuple[int, list[str] | str]]:
    """Each row with its line; a text says what is wrong with it. A quote that is never closed costs only its line."""
    rest, ahead, number = iter(lines), deque[str](), first
    while line := ahead.popleft() if ahead else next(rest, ""):
        cells, taken = _parsed(line, delimiter), 1
        if cells is None and '"' in line:
            ahead.extend(islice(rest, max(_LONGEST - len(ahead), 0)))
            cells, taken = _parsed_with(line, ahead, delimiter)
        for _ in range(taken - 1):
            ahead.popleft()
        yield number, _UNCLOSED if cells is None else cells
        number += taken


def _parsed_with(line: str, ahead: Iterable[str], delimiter: str) -> tuple[list[str] | None, int]:
    """A row that goes on below, and its number of lines; nothing and 1 if it is none."""
    whole = line
    for taken, more in enumerate(islice(ahead, _LONGEST), 2):
        whole += more
        cells = _parsed(whole, delimiter)
        if cells is not None:
            return cells, taken
    return None, 1


def _parsed(text: str, delimiter: str) -> list[str] | None:
    if len(text) > _WIDEST:
        return None
    try:
        rows = list(csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else [] if not rows else None


def _row(line: int, header: Header, cells: list[str], shared: Mapping[str, Any], folder: Path) -> Row | BadRow:
    if len(cells) > len(header.columns):
        more = f"{len(cells)} cells, and the header names {len(header.columns)} columns"
        return BadRow(line, f"has {more}: put a cell with {quoted(header.delimiter)} in quotes")
    if any("\ufffd" in cell for cell in cells):
        return BadRow(line, "is not UTF-8: save the file as UTF-8")
    given = {key: _plain(cell) for key, cell in zip(header.columns, cells, strict=False) if key and cell.strip()}
    names = [name.strip() for name in given.pop("interests", "").split(SEPARATOR) if name.strip()]
    said: dict[str, Typed] = {key: _several(key, cell) for key, cell in given.items() if key in SUBSCRIBER}
    of_one = {key: _several(key, cell) for key, cell in given.items() if key not in SUBSCRIBER}
    if of_one and len(names) > 1:
        return BadRow(line, f"{listed(of_one)}: of which of the {len(names)} interests? Write a single one, or JSON")
    if of_one and not names:
        names = [given.get("keywords", "").split(SEPARATOR)[0].strip() or "Papers"]
    if names:
        said["interests"] = tuple({"name": name, **of_one} for name in names)
    return row_of(line, said, shared, folder)


def _plain(cell: str) -> str:
    text = " ".join(cell.split())
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


def _several(key: str, cell: str) -> Typed:
    return tuple(one.strip() for one in cell.split(SEPARATOR) if one.strip()) if key in _MANY else cell


def row_of(line: int, said: Typed, shared: Mapping[str, Any], folder: Path) -> Row | BadRow:
    """The subscriber of whom this is said, as an entry of subscribers.yaml would say it."""
    reading = Reading(folder)
    own = own_of(_value(said, line), shared, "", reading)
    if reading.faults or not isinstance(said, Mapping):
        return BadRow(line, "; ".join(fault.what.removeprefix(": ").removeprefix(".") for fault in reading.faults))
    return Row(line, said, subscriber_of(own, shared))


def _value(said: Typed, line: int) -> Value:
    if isinstance(said, str):
        return Text(said, line, 1)
    if isinstance(said, Mapping):
        return Fields({key: (Text(key, line, 1), _value(one, line)) for key, one in said.items()}, line, 1)
    return Items(tuple(_value(one, line) for one in said), line, 1)


def json_rows(lines: Iterable[str], shared: Mapping[str, Any], folder: Path) -> Rows:
    """The objects of a list or of JSON Lines, one on each line, as `json_lines` writes them.

    Raises SettingsError if already the first is not on one line.
    """
    read = False
    for number, line in enumerate(lines, 1):
        text = line.strip().removesuffix(",")
        if text in ("", "[", "]"):
            continue
        try:
            said = _typed(json.loads(_bare(text)))
        except (ValueError, RecursionError) as error:
            what = f"is no JSON object on one line ({error})"
            if not read:
                raise SettingsError(
                    f"{number}: {what}; write each subscriber on one, as `export --json` does"
                ) from error
            yield BadRow(number, what)
        else:
            yield row_of(number, said, shared, folder)
        read = True


def _bare(text: str) -> str:
    """An object without the brackets of the list that begins or ends on its line."""
    return text.removeprefix("[").removesuffix("]") if text.startswith(("[", "{")) else text


def _typed(value: Any) -> Typed:
    """What JSON says, as it would be typed."""
    if isinstance(value, Mapping):
        return {str(key): _typed(one) for key, one in value.items() if one is not None}
    if isinstance(value, list):
        return tuple(map(_typed, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def once(rows: Rows) -> Rows:
    """The rows without those whose address or key stood on a line before."""
    lines: dict[bytes, int] = {}
    for row in rows:
        if isinstance(row, Row):
            email, key = folded(row.subscriber.email), row.subscriber.key
            before = {lines.setdefault(one.encode(), row.line) for one in {email, key}} - {row.line}
            if before:
                yield BadRow(row.line, f"{row.subscriber.email} is on line {min(before)} already")
                continue
        yield row
