"""Changes in the text of the subscribers' file which leave every other character as it is. No I/O.

A file that people write has an order, comments and a style of its own, and no library that reads and writes YAML keeps
all of them. So the text is cut open at the marks that the parser gives, and what is new is written in the manner of
what stands beside it. Nothing here is to be believed without reading the result: `change` does that.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from newsletter.subscribers import lines
from newsletter.subscribers.braces import cut, put
from newsletter.subscribers.nodes import Node, nodes
from newsletter.subscribers.pen import INDENT, Entry, Pen, Typed, in_json, pen_of


class Unspliceable(ValueError):
    """The text cannot be cut where it would have to be; says the line, what stands there, and the cure."""


def with_entries(text: str, entries: Sequence[Entry]) -> str:
    """The text with these entries after its last one, written as that one is."""
    root = nodes(text)
    there = root.value("subscribers") if root else None
    if root is None or there is None:
        return _with_list(text, root, entries)
    if there.kind == "list" and there.items:
        return _behind_last(text, there, entries)
    if there.kind == "list":
        return _into_brackets(text, root, there, entries)
    if there.kind == "text" and there.start == there.end:
        return _below(text, there.end, root.column + INDENT, entries)
    raise _refusal(text, there, "is no list with dashes")


def without_entry(text: str, number: int) -> str:
    """The text without the entry `number` (from 0), and without the comments that are about it alone."""
    key, there = _list(text)
    if there.flow:
        return cut(text, there, number, number + 1)
    entry = there.items[number]
    begin = lines.begin_of(text, _dash(text, there, entry))
    end = lines.past(text, lines.with_comments(text, entry.end, there.column + 1, near=True))
    rest = lines.cut(text, lines.with_heading(text, begin, end), end, first=number == 0)
    if len(there.items) > 1:
        return rest
    colon = text.index(":", key.end) + 1
    return f"{rest[:colon]} []{rest[colon:]}"


def with_key(text: str, number: int, key: str, value: Typed) -> str:
    """The text with this value under `key` of the entry `number`, in place of what stood there."""
    entry = _entry(text, number)
    old = entry.value(key)
    if old is None:
        return _with_new_key(text, entry, key, value)
    if old.kind == "list" and isinstance(value, tuple) and {one.text for one in old.items} & {*value}:
        return _with_texts(text, number, key, [str(one) for one in value])
    begin = old.start
    if old.kind == "list" and not old.flow:
        name = next(name for name, _ in entry.pairs if name.text == key)
        begin = text.index(":", name.end) + 1
    space = " " if text[begin - 1] == ":" else ""
    style = old.style if old.style in ("'", '"') else ""
    return f"{text[:begin]}{space}{Pen(json=in_json(entry)).value(value, style)}{text[old.end :]}"


def without_key(text: str, number: int, key: str) -> str:
    """The text without `key` of the entry `number`."""
    entry = _entry(text, number)
    place = next((place for place, (name, _) in enumerate(entry.pairs) if name.text == key), None)
    if place is None:
        return text
    if entry.flow:
        return cut(text, entry, place * 2, place * 2 + 2)
    name, value = entry.pairs[place]
    if lines.is_alone(text, name.start):
        return text[: lines.begin_of(text, name.start)] + text[lines.past(text, value.end) :]
    if place + 1 == len(entry.pairs):
        raise _refusal(text, name, "is the only key of its entry")
    following = entry.pairs[place + 1][0].start
    if text[lines.past(text, value.end) : following].strip():  # a comment, which stays
        return text[: name.start].rstrip(" ") + text[lines.end_of(text, value.end) :]
    return text[: name.start] + text[following:]


def entry_line(text: str, number: int) -> int:
    """The line on which the entry `number` begins, from 1."""
    return lines.line_of(text, _list(text)[1].items[number].start)


def _with_list(text: str, root: Node | None, entries: Sequence[Entry]) -> str:
    """Where there is no key `subscribers` yet: in the end of the file."""
    if root and root.flow:
        return put(text, root, Pen(json=in_json(root)).pair("subscribers", tuple(entries)))
    column = root.column if root else 0
    written = [" " * column + "subscribers:", *Pen().entries(tuple(entries), column + INDENT)]
    end = lines.eol(text)
    return lines.closed(text) + end.join(written) + end


def _behind_last(text: str, there: Node, entries: Sequence[Entry]) -> str:
    pen, last = pen_of(text, there), there.items[-1]
    if there.flow:
        for entry in reversed(entries):
            text = put(text, there, pen.value(entry))
        return text
    _dash(text, there, last)
    at = lines.with_comments(text, last.end, max(there.column, 1))
    apart = len(there.items) > 1 and _is_apart(text, there.items[-2], last)
    return lines.inserted(text, at, pen.entries(tuple(entries), there.column, flow=last.flow, apart=apart))


def _is_apart(text: str, before: Node, after: Node) -> bool:
    """Whether there is a blank line between two entries."""
    between = lines.BREAK.split(text[lines.end_of(text, before.end) : after.start])
    return any(not line.strip() for line in between[1:-1])


def _into_brackets(text: str, root: Node, there: Node, entries: Sequence[Entry]) -> str:
    """In place of `[]`; between them, where they hold comments or the whole file is in brackets."""
    if root.flow or text[there.start : there.end].strip("[] "):
        pen = Pen(json=in_json(root))
        return text[: there.end - 1] + ", ".join(pen.value(one) for one in entries) + text[there.end - 1 :]
    before = text[: there.start].rstrip(" ")
    return _below(before + text[there.end :], len(before), root.column + INDENT, entries)


def _below(text: str, end: int, column: int, entries: Sequence[Entry]) -> str:
    """Under a key that ends here, and under the comments that are there."""
    at = lines.with_comments(text, end, 1)
    return lines.inserted(text, at, Pen(nested=INDENT).entries(tuple(entries), column))


def _with_new_key(text: str, entry: Node, key: str, value: Typed) -> str:
    """After the entry's first keys that hold a single text, so that it is seen."""
    single = list(takewhile(lambda pair: pair[1].kind == "text" and pair[1].style not in ("|", ">"), entry.pairs))
    after = single[-1][1] if single else entry.items[-1]
    pair = Pen(json=in_json(entry)).pair(key, value)
    if entry.flow:
        return f"{text[: after.end]}, {pair}{text[after.end :]}"
    return lines.inserted(text, lines.end_of(text, after.end), [" " * entry.items[0].column + pair])


def _with_texts(text: str, number: int, key: str, wanted: Sequence[str]) -> str:
    """A list of texts: those that are not wanted any more go, new ones come behind the others."""

    def there() -> Node:
        return next(value for name, value in _entry(text, number).pairs if name.text == key)

    while gone := [place for place, one in enumerate(there().items) if one.text not in wanted]:
        text = _without_text(text, there(), gone[0])
    known = {one.text for one in there().items}
    for new in (one for one in wanted if one not in known):
        text = _with_text(text, there(), new)
    return text


def _with_text(text: str, there: Node, new: str) -> str:
    if there.flow:
        return put(text, there, Pen().scalar(new))
    line = f"{' ' * there.column}- {Pen().scalar(new)}"
    return lines.inserted(text, lines.end_of(text, there.end), [line])


def _without_text(text: str, there: Node, number: int) -> str:
    if there.flow:
        return cut(text, there, number, number + 1)
    one = there.items[number]
    return text[: lines.begin_of(text, _dash(text, there, one))] + text[lines.past(text, one.end) :]


def _dash(text: str, there: Node, entry: Node) -> int:
    """Where the dash of this entry of a list stands: on the entry's line, or above it."""
    begin = lines.begin_of(text, entry.start)
    while text[begin + there.column : begin + there.column + 1] != "-" or not lines.is_alone(
        text, begin + there.column
    ):
        if begin <= there.start:
            raise _refusal(text, entry, "does not begin with a dash on a line of its own")
        begin = lines.begin_of(text, lines.before(text, begin))
    return begin + there.column


def _list(text: str) -> tuple[Node, Node]:
    """The key `subscribers` and its list."""
    root = nodes(text)
    for key, there in root.pairs if root else ():
        if key.text == "subscribers" and there.kind == "list":
            return key, there
        if key.text == "subscribers":
            raise _refusal(text, there, "is no list with dashes")
    raise Unspliceable("there is no list `subscribers:`")


def _entry(text: str, number: int) -> Node:
    entry = _list(text)[1].items[number]
    if entry.kind != "mapping":
        raise _refusal(text, entry, "is an *alias")
    return entry


def _refusal(text: str, node: Node, what: str) -> Unspliceable:
    return Unspliceable(f"line {lines.line_of(text, node.start)}: what stands here {what}")
