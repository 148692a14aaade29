"""A YAML file as the text that was typed, each value with its line and column. No I/O.

Nothing is guessed from how a scalar looks: `2401.10020`, `18:30`, `010` and `NO` stay what was typed, an empty
scalar is the empty text. PyYAML as it comes would read them as a float, 1110, 8 and False (YAML 1.1).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias

import yaml

DEEPEST: Final = 32
"""Levels of nesting that are read."""
ALIASED: Final = 1_000_000
"""Values (or hundreds of characters) that `*aliases` may add to a file, against ten lines that mean a billion."""

# The wheels bring libyaml; a PyYAML built without it has only the slow parser (6.0.3, 2026-11).
_Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# What YAML 1.1 section 5.1 does not count as printable. libyaml names the byte but not the line.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_CURES: Final = (
    (
        "mapping values are not allowed",
        "a colon does not belong here: put text with ': ' in quotes, or mend the indent",
    ),
    ("entries are not allowed", "a dash does not belong here: start the list on the next line"),
    ("unknown escape", "an unknown \\ escape: use single quotes around text with backslashes"),
    ("end of stream", "a quote is opened here and never closed"),
    ("document indicator", "a quote is opened here and never closed"),
    ("',' or ']'", "a list opened with '[' here lacks a ',' or its ']'"),
    ("',' or '}'", "a mapping opened with '{' here lacks a ',' or its '}'"),
    ("expected ':'", "a key without its colon: write `key: value`"),
    ("expected key", "this line does not line up with the keys above it: mend the indent"),
    ("expected '-'", "this line does not line up with the list above it: mend the indent"),
    ("cannot start any token", "text that begins with this character needs quotes"),
    ("expected node content", "a value is missing here, or text that needs quotes"),
)
_OPENED = ("end of stream", "document indicator", "',' or ']'", "',' or '}'")


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar as it was typed; line and column count from 1."""

    text: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple[Value, ...]
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping: under each key the key as it was typed and its value."""

    fields: Mapping[str, tuple[Text, Value]]
    line: int
    column: int


Value: TypeAlias = Text | Items | Fields


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """What is wrong at a line and column (both from 1), with the cure; `report` adds the file."""

    line: int
    column: int
    what: str


@dataclass(frozen=True, slots=True)
class Document:
    """What a file holds. With a fault the rest is still there, so that all faults are told at once."""

    root: Value | None
    """None if the file is empty or not YAML at all."""
    faults: tuple[Fault, ...]


def report(name: str, faults: Iterable[Fault]) -> str:
    """The faults of the file `name` in reading order, one `name:line:column: what` a line."""
    return "\n".join(f"{name}:{fault.line}:{fault.column}: {fault.what}" for fault in sorted(set(faults)))


Take: TypeAlias = Callable[[Mapping[str, tuple[Text, "Value"]], "Value"], None]
"""Is handed an entry of a long list, and what the file says above that list."""


def read(text: str, under: str = "", take: Take | None = None) -> Document:
    """The one document in `text`. Never raises: what is not YAML is a fault with its cure.

    The entries of the list under the key `under` are handed to `take` one by one, as they are read, and are not in
    the document: so a list may be longer than memory. Where a fault ends the reading, some were handed over before.
    """
    odd = _UNPRINTABLE.search(text)
    if odd:
        line, column = text.count("\n", 0, odd.start()) + 1, odd.start() - text.rfind("\n", 0, odd.start())
        return Document(
            None, (Fault(line, column, f"a character YAML does not allow (U+{ord(odd[0]):04X}): remove it"),)
        )
    composer = _Composer(text, under, take)
    try:
        root = composer.document()
    except _Unreadable as error:
        return Document(None, (*composer.faults, error.fault))
    except yaml.YAMLError as error:
        return Document(None, (*composer.faults, _explained(error, text)))
    return Document(root, tuple(composer.faults))


class _Unreadable(Exception):
    """Reading stops at this fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


class _Composer:
    """Builds the values of one document from the parser's events, each value with its expanded size."""

    def __init__(self, text: str, under: str, take: Take | None) -> None:
        self.parser = _Parser(text)
        self.under, self.take = under, take
        self.faults: list[Fault] = []
        self.anchors: dict[str, tuple[Value, int]] = {}
        self.aliased = 0

    def document(self) -> Value | None:
        self.parser.get_event()
        if self.parser.check_event(yaml.StreamEndEvent):
            return None
        self.parser.get_event()
        root, _ = self._value(0)
        self.parser.get_event()
        if not self.parser.check_event(yaml.StreamEndEvent):
            self._fault(self.parser.peek_event(), "a second document begins here: keep one, without `---` between")
        return root

    def _value(self, depth: int, take: Callable[[Value], None] | None = None) -> tuple[Value, int]:
        event = self.parser.get_event()
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if depth > DEEPEST:
            raise _Unreadable(_at(event, f"nested deeper than {DEEPEST} levels: write it flatter"))
        if event.tag:
            self._fault(event, f"tags such as {event.tag[:60]!r} are not read: remove it, or put the text in quotes")
        made: tuple[Value, int]
        if isinstance(event, yaml.ScalarEvent):
            made = Text(event.value, *_place(event)), 1 + len(event.value) // 100
        elif isinstance(event, yaml.SequenceStartEvent):
            made = self._items(event, depth, take)
        else:
            made = self._fields(event, depth)
        if event.anchor:
            self.anchors[event.anchor] = made
        return made

    def _alias(self, event: Any) -> tuple[Value, int]:
        if event.anchor not in self.anchors:
            cure = "put it in quotes if the text begins with a star"
            raise _Unreadable(_at(event, f"'*{event.anchor[:60]}' names no &anchor above it: {cure}"))
        value, size = self.anchors[event.anchor]
        self.aliased += size
        if self.aliased > ALIASED:
            raise _Unreadable(_at(event, f"aliases add more than {ALIASED:,} values to this file: use `defaults:`"))
        return value, size

    def _items(self, start: Any, depth: int, take: Callable[[Value], None] | None) -> tuple[Items, int]:
        items: list[Value] = []
        take = take or items.append
        total = 1
        while not self.parser.check_event(yaml.SequenceEndEvent):
            value, size = self._value(depth + 1)
            take(value)
            total += size
        self.parser.get_event()
        return Items(tuple(items), *_place(start)), total

    def _fields(self, start: Any, depth: int) -> tuple[Fields, int]:
        fields: dict[str, tuple[Text, Value]] = {}
        total = 1
        while not self.parser.check_event(yaml.MappingEndEvent):
            key, _ = self._value(depth + 1)
            value, size = self._value(depth + 1, self._taken(fields, key) if depth == 0 else None)
            total += 1 + size
            self._add(fields, key, value)
        self.parser.get_event()
        return Fields(fields, *_place(start)), total

    def _taken(self, fields: Mapping[str, tuple[Text, Value]], key: Value) -> Callable[[Value], None] | None:
        """Who is handed the entries of the list under this key of the file."""
        if self.take is None or not isinstance(key, Text) or key.text != self.under or key.text in fields:
            return None
        return partial(self.take, fields)

    def _add(self, fields: dict[str, tuple[Text, Value]], key: Value, value: Value) -> None:
        if not isinstance(key, Text):
            self.faults.append(Fault(key.line, key.column, "a key must be text: put text that has {braces} in quotes"))
        elif key.text in fields:
            first = fields[key.text][0].line
            what = f"{key.text[:60]!r} is given twice, first on line {first}: keep one"
            self.faults.append(Fault(key.line, key.column, what))
        else:
            fields[key.text] = key, value

    def _fault(self, event: Any, what: str) -> None:
        self.faults.append(_at(event, what))


def _place(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _at(event: Any, what: str) -> Fault:
    return Fault(*_place(event), what)


def _explained(error: yaml.YAMLError, text: str) -> Fault:
    """The parser's complaint in our words, where the reader should look."""
    problem = str(getattr(error, "problem", None) or "this is not YAML")
    mark = getattr(error, "problem_mark", None)
    if any(words in problem for words in _OPENED):
        mark = getattr(error, "context_mark", None) or mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    lines = text.splitlines()
    typed = lines[line - 1] if line <= len(lines) else ""
    if "\t" in typed[: len(typed) - len(typed.lstrip())]:
        return Fault(line, column, "a tab where spaces belong: indent with spaces")
    return Fault(line, column, next((cure for words, cure in _CURES if words in problem), problem))
