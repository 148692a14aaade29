"""Entries of the subscribers' file written in the manner of those that are there. No I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from newsletter.subscribers.lines import is_alone
from newsletter.subscribers.nodes import Node

Typed: TypeAlias = "str | tuple[Typed, ...] | Mapping[str, Typed]"
"""A value as it is typed into the file."""
Entry: TypeAlias = Mapping[str, Typed]
"""A subscriber, or an interest, as the file has them: by key."""

INDENT: Final = 2
_WIDEST: Final = 120
"""Characters of a line up to which an entry in braces stays on one."""
_PLAIN = re.compile(r"[^\W_](?:[\w ./()+'’@-]*[\w.)+])?|[0-9]{1,2}:[0-9]{2}")
_NOTHING: Final = "null"  # for an editor it is no text
_STYLED: Final = ("send_at", "cadence", "timezone", "paused_until", "language")
"""Keys whose quotes are those that the file has around their values elsewhere."""


@dataclass(frozen=True, slots=True)
class Pen:
    """Writes in one manner."""

    json: bool = False
    """Whether every key and text is in double quotes, as in a file that is JSON too."""
    gap: int = 1
    """Spaces after a dash."""
    nested: int = INDENT
    """Columns from a key to the dashes of its list."""
    quotes: Mapping[str, str] = field(default_factory=dict)
    """The quotes around the value of a key."""

    def scalar(self, text: str, quotes: str = "") -> str:
        """A text on one line: in these quotes, or as it is where YAML allows that everywhere."""
        if not self.json and quotes == "'":
            return "'" + text.replace("'", "''") + "'"
        plain = _PLAIN.fullmatch(text) and text.casefold() != _NOTHING and not self.json and not quotes
        # YAML 1.2 section 5.7 has the escapes of JSON.
        return text if plain else json.dumps(text, ensure_ascii=False)

    def value(self, value: Typed, quotes: str = "") -> str:
        """A value on one line."""
        if isinstance(value, str):
            return self.scalar(value, quotes)
        if isinstance(value, Mapping):
            return "{" + ", ".join(self.pair(key, one) for key, one in value.items()) + "}"
        return "[" + ", ".join(self.value(one) for one in value) + "]"

    def pair(self, key: str, value: Typed) -> str:
        """A key with its value, on one line."""
        return f"{json.dumps(key) if self.json else key}: {self.value(value, self.quotes.get(key, ''))}"

    def entries(
        self, entries: Iterator[Entry] | tuple[Entry, ...], column: int, *, flow: bool = False, apart: bool = False
    ) -> Iterator[str]:
        """The lines of entries with their dashes in this column: in braces where they fit, with a blank line before."""
        for entry in entries:
            short = f"{' ' * column}-{' ' * self.gap}{self.value(entry)}"
            yield from [""] if apart else []
            yield from [short] if flow and len(short) <= _WIDEST else self.block(entry, column)

    def block(self, entry: Entry, column: int) -> list[str]:
        """The lines of one entry, its dash in this column."""
        inner = column + 1 + self.gap
        lines: list[str] = []
        for key, value in entry.items():
            if isinstance(value, tuple) and any(isinstance(one, Mapping) for one in value):
                lines.append(f"{' ' * inner}{key}:")
                named = (one if isinstance(one, Mapping) else {"name": one} for one in value)
                lines += [line for one in named for line in self.block(one, inner + self.nested)]
            else:
                lines.append(" " * inner + self.pair(key, value))
        return [f"{' ' * column}-{' ' * self.gap}{lines[0][inner:]}", *lines[1:]]


def pen_of(text: str, there: Node) -> Pen:
    """Writes as the entries of this list, which has some, are written."""
    last = there.items[-1]
    dashed = last.kind == "mapping" and not last.flow and not is_alone(text, last.start)
    return Pen(
        json=in_json(last),
        gap=max(last.column - there.column - 1, 1) if dashed else 1,
        nested=_nested(there),
        quotes=_quotes(there),
    )


def in_json(node: Node) -> bool:
    """Whether a mapping in braces has its keys in double quotes."""
    return node.flow and bool(node.pairs) and all(key.style == '"' for key, _ in node.pairs)


def _nested(there: Node) -> int:
    """How far lists inside entries are indented; as far as this one, where there is none."""
    for entry in reversed(there.items):
        for key, value in entry.pairs:
            if value.kind == "list" and value.items and not value.flow:
                return value.column - key.column
    return 0 if there.flow else there.column


def _quotes(there: Node) -> dict[str, str]:
    pairs = (pair for entry in there.items for pair in entry.pairs)
    return {
        key.text: value.style
        for key, value in pairs
        if value.kind == "text" and key.text in _STYLED and value.style in ("'", '"')
    }
