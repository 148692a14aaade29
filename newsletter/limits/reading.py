"""What the files of limits hold, read with their places for errors. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from newsletter import yamltext
from newsletter.errors import SettingsError
from newsletter.yamltext import Fault, Fields, Items, Text, Value


def fields_of(text: str, faults: list[Fault]) -> Mapping[str, tuple[Text, Value]]:
    """The fields of a file; its faults are added to `faults`."""
    document = yamltext.read(text)
    faults += document.faults
    if isinstance(document.root, Fields):
        return document.root.fields
    faults += [] if document.faults else [Fault(1, 1, "expected `key: value` lines")]
    return {}


def texts_of(value: Value | None) -> tuple[Text, ...]:
    """The texts of a list; nothing where it is none."""
    items = value.items if isinstance(value, Items) else ()
    return tuple(one for one in items if isinstance(one, Text))


def stop_at(faults: Iterable[Fault], name: str) -> None:
    """Raises SettingsError if there are any, one `name:line:column: what` a line."""
    if faults := sorted(set(faults)):
        raise SettingsError(yamltext.report(name, faults))
