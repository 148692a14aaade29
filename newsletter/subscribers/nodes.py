"""The values of a YAML file with the characters that they stand on: what a splice needs to know. No I/O.

Unlike `yaml.compose` an alias keeps its own place, and a block ends where its last value does, not where the next
begins: so comments and blank lines between two values belong to neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import yaml

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BLOCK_TEXT: Final = ("|", ">")


@dataclass(frozen=True, slots=True)
class Node:
    """A value; it stands on `text[start:end]`, its anchor and quotes included."""

    kind: Literal["text", "list", "mapping", "alias"]
    start: int
    end: int
    column: int
    """From 0; of a list in block style the column of its dashes."""
    style: str = ""
    """Of a text `'`, `"`, `|`, `>` or nothing; of a list or mapping `flow` or nothing."""
    text: str = ""
    items: tuple[Node, ...] = ()
    """Of a mapping keys and values in turn."""

    @property
    def flow(self) -> bool:
        """Whether it is written in brackets."""
        return self.style == "flow"

    @property
    def pairs(self) -> tuple[tuple[Node, Node], ...]:
        """The keys of a mapping with their values."""
        return tuple(zip(self.items[::2], self.items[1::2], strict=True)) if self.kind == "mapping" else ()

    def value(self, key: str) -> Node | None:
        """What a mapping has under `key`."""
        return next((value for name, value in self.pairs if name.text == key), None)


def nodes(text: str) -> Node | None:
    """The one document of a file that was found to be YAML; None if it holds nothing."""
    events = yaml.parse(text, Loader=_Loader)
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            return _node(next(events), events, text)
    return None


def _node(event: Any, events: Iterator[Any], text: str) -> Node:
    start, end, column = event.start_mark.index, event.end_mark.index, event.start_mark.column
    if isinstance(event, yaml.AliasEvent):
        return Node("alias", start, end, column)
    if isinstance(event, yaml.ScalarEvent):
        style = event.style or ""
        return Node("text", start, _end(text, start, end, style), column, style, event.value)
    items: list[Node] = []
    while not _closes(inner := next(events)):
        items.append(_node(inner, events, text))
    if event.flow_style or items:
        end = int(inner.end_mark.index) if event.flow_style else items[-1].end
    kind: Literal["list", "mapping"] = "list" if isinstance(event, yaml.SequenceStartEvent) else "mapping"
    if kind == "list" and not event.flow_style and items:
        column = _dashes(text, event, items[0])
    return Node(kind, start, end, column, "flow" if event.flow_style else "", "", tuple(items))


def _closes(event: Any) -> bool:
    return isinstance(event, yaml.CollectionEndEvent)


def _end(text: str, start: int, end: int, style: str) -> int:
    """A text in block style is said to end where the next line begins; blank lines at its end say nothing here."""
    return start + len(text[start:end].rstrip()) if style in _BLOCK_TEXT else end


def _dashes(text: str, event: Any, first: Node) -> int:
    """The column of the dashes; the list itself begins at its anchor, where it has one."""
    if not event.anchor:
        return int(event.start_mark.column)
    dash = text.rindex("-", event.start_mark.index, first.start)
    return dash - 1 - max(text.rfind("\n", 0, dash), text.rfind("\r", 0, dash))
