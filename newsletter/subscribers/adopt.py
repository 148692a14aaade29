"""What readers changed on the web, written into the subscribers' file: so that it says again what they get. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, time
from difflib import unified_diff
from typing import Any, TypeAlias

from newsletter.models import Cadence, Subscriber
from newsletter.subscribers.change import changed
from newsletter.subscribers.pen import Typed
from newsletter.subscribers.words import cadence_text

Chosen: TypeAlias = Mapping[str, Mapping[str, Any]]
"""Per subscriber, by key, the fields of theirs that they chose, with their values as a Subscriber has them."""


def differing(one: Subscriber, chosen: Chosen) -> dict[str, Any]:
    """What this subscriber of the file chose otherwise than the file has it."""
    return {name: value for name, value in chosen.get(one.key, {}).items() if value != getattr(one, name)}


def adopted(text: str, people: Sequence[Subscriber], chosen: Chosen) -> str:
    """The text with what its subscribers, who are `people`, chose. Raises Unspliceable."""
    differences = {number: differing(one, chosen) for number, one in enumerate(people)}
    values = {number: {name: typed(value) for name, value in new.items()} for number, new in differences.items() if new}
    return changed(text, values) if values else text


def as_chosen(people: Sequence[Subscriber], chosen: Chosen) -> tuple[Subscriber, ...]:
    """The subscribers as they are when all that they chose is in the file."""
    return tuple(replace(one, **differing(one, chosen)) for one in people)


def told(one: Subscriber, chosen: Chosen) -> Iterator[str]:
    """What becomes of each field: `cadence: daily -> weekly friday`."""
    for name, value in differing(one, chosen).items():
        yield f"{name}: {_shown(getattr(one, name))} -> {_shown(value)}"


def difference(name: str, before: str, after: str) -> str:
    """The lines of the file that change, as a patch of it."""
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        for line in unified_diff(_lines(before), _lines(after), name, f"{name} (as readers chose)", n=2)
    )


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def typed(value: Any) -> Typed | None:
    """A value of a Subscriber as it is typed into the file; None for no value."""
    if isinstance(value, Cadence):
        return cadence_text(value)
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    return value if value is None or isinstance(value, tuple) else str(value)


def _shown(value: Any) -> str:
    written = typed(value)
    return ", ".join(map(str, written)) or "none" if isinstance(written, tuple) else str(written or "none")
