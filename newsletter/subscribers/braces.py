"""Values between brackets and braces: one more behind the last, or some of them taken out. No I/O."""

from __future__ import annotations

from newsletter.subscribers.lines import begin_of, end_of, eol, past
from newsletter.subscribers.nodes import Node


def put(text: str, there: Node, new: str) -> str:
    """The text with `new` behind the last value; on a line of its own, where the last has one."""
    close = there.end - 1
    if not there.items:
        return text[:close] + new + text[close:]
    last = there.items[-1] if there.kind == "list" else there.items[-2]
    end = there.items[-1].end
    begin = begin_of(text, last.start)
    if there.start >= begin or text[begin : last.start].strip(" \t"):
        return f"{text[:end]}, {new}{text[end:]}"
    comma = _comma(text, end, close)
    at = end_of(text, end if comma is None else comma)
    if at > close:  # the bracket is closed on the last value's line
        return f"{text[:end]},{eol(text)}{text[begin : last.start]}{new}{text[end:]}"
    line = eol(text) + text[begin : last.start] + new
    return f"{text[:end]},{text[end:at]}{line}{text[at:]}" if comma is None else f"{text[:at]}{line},{text[at:]}"


def cut(text: str, there: Node, first: int, end: int) -> str:
    """The text without the items from `first` to `end`, and without one comma; a line that is left bare goes too."""
    start, stop = there.items[first].start, there.items[end - 1].end
    above = _comma(text, there.items[first - 1].end, start) if first else None
    between = "#" if above is None else text[above + 1 : start]
    closed_here = there.end <= end_of(text, stop) and not between.strip()
    if closed_here or not between.strip(" "):
        return text[:above] + text[stop:]
    below = _comma(text, stop, there.items[end].start if end < len(there.items) else there.end - 1)
    rest = _without(text, start, stop if below is None else below + 1)
    return rest if below is not None or above is None else rest[:above] + rest[above + 1 :]


def _without(text: str, start: int, stop: int) -> str:
    """Without these characters: with their whole line, comment included, if nothing else stands on it."""
    begin, rest = begin_of(text, start), text[stop : end_of(text, stop)]
    if not text[begin:start].strip(" \t") and (not rest.strip() or rest.lstrip().startswith("#")):
        return text[:begin] + text[past(text, stop) :]
    return text[:start] + text[stop + len(rest) - len(rest.lstrip(" ")) :]


def _comma(text: str, start: int, end: int) -> int | None:
    """Where the comma between two values is; comments may stand between them."""
    while start < end:
        if text[start] == ",":
            return start
        start = end_of(text, start) if text[start] == "#" else start + 1
    return None
