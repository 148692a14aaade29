"""Changes of the subscribers' file that say what was meant and nothing else, or are refused. No I/O.

Each change is spliced into the text, the text is read again, and every value of it is compared with what was meant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from newsletter.subscribers.pen import Entry, Typed
from newsletter.subscribers.splice import Unspliceable, with_entries, with_key, without_entry, without_key
from newsletter.yamltext import Items, Text, Value, read, report

_CURE: Final = "this file is written so that it cannot be changed without touching more; change it by hand"


def added(text: str, entries: Sequence[Entry]) -> str:
    """The text with these entries behind the others. Raises Unspliceable."""
    meant = dict(_said(text))
    meant["subscribers"] = (*(meant.get("subscribers") or ()), *entries)
    return _read_again(with_entries(text, entries), meant)


def removed(text: str, number: int) -> str:
    """The text without the entry `number`, from 0. Raises Unspliceable."""
    said = _said(text)
    entries = _entries(said)
    meant = {**said, "subscribers": (*entries[:number], *entries[number + 1 :])}
    return _read_again(without_entry(text, number), meant)


def changed(text: str, values: Mapping[int, Mapping[str, Typed | None]]) -> str:
    """The text with these values, by key, in the entries of these numbers; None takes a key away. Raises Unspliceable."""
    said = _said(text)
    entries = list(_entries(said))
    for number, new in values.items():
        entry = entries[number]
        after = {**(entry if isinstance(entry, Mapping) else {}), **new}
        entries[number] = {key: value for key, value in after.items() if value is not None}
        for key, value in new.items():
            text = without_key(text, number, key) if value is None else with_key(text, number, key, value)
    return _read_again(text, {**said, "subscribers": tuple(entries)})


def _entries(said: Mapping[str, Typed]) -> tuple[Typed, ...]:
    entries = said.get("subscribers")
    return entries if isinstance(entries, tuple) else ()


def _read_again(text: str, meant: Mapping[str, Typed]) -> str:
    """The text, if that is what it says."""
    if _said(text) != meant:
        raise Unspliceable(_CURE)
    return text


def _said(text: str) -> Mapping[str, Typed]:
    """What a text says, value for value; of the places nothing."""
    document = read(text)
    if document.faults:
        raise Unspliceable(f"{_CURE} ({report('it would read', document.faults[:1])})")
    said = _plain(document.root) if document.root else {}
    if not isinstance(said, Mapping):
        raise Unspliceable("the file has no `subscribers:` with a list under it; write it by hand")
    return said


def _plain(value: Value) -> Typed:
    if isinstance(value, Text):
        return value.text.rstrip("\n")  # a text in block style has as many as its file, and nobody reads them
    if isinstance(value, Items):
        return tuple(map(_plain, value.items))
    return {key: _plain(inner) for key, (_, inner) in value.fields.items()}
