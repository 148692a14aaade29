"""Subscribers written out as CSV and JSON, for other programs and other homes."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping

from newsletter.models import Interest, Subscriber
from newsletter.subscribers.fields import INTEREST
from newsletter.subscribers.pen import Entry, Typed
from newsletter.subscribers.table import COLUMNS, FORMULA, OF_INTEREST, SEPARATOR
from newsletter.subscribers.words import cadence_text
from newsletter.typed import folded


def said_of(one: Subscriber) -> Entry:
    """A subscriber as an entry that says everything, defaults too: it means the same in any file."""
    said: dict[str, Typed] = {"email": one.email}
    if one.key != folded(one.email):
        said["id"] = one.key
    said |= {"name": one.name} if one.name else {}
    said |= {"timezone": one.timezone, "send_at": f"{one.send_at:%H:%M}", "cadence": cadence_text(one.cadence)}
    said |= {"max_papers": str(one.max_papers), "trending": str(one.trending)}
    said |= {"language": one.language, "design": one.design, "quiet": one.quiet}
    said |= {"paused_until": one.paused_until.isoformat()} if one.paused_until else {}
    interests = tuple(_interest_said(interest) for interest in one.interests)
    return {**said, "exclude": one.exclude, "sources": one.sources, "interests": interests}


def _interest_said(interest: Interest) -> Entry:
    said: dict[str, Typed] = {}
    for key in INTEREST:
        value = getattr(interest, key)
        if value and (key, value) not in (("threshold", "normal"), ("weight", 1.0)):
            said[key] = value if isinstance(value, str | tuple) else f"{value:g}" if key == "weight" else str(value)
    return said


def json_lines(people: Iterable[Subscriber]) -> Iterator[str]:
    """A list of objects with one on each line."""
    yield "["
    before = ""
    for one in people:
        yield f"{before}\n{json.dumps(said_of(one), ensure_ascii=False)}"
        before = ","
    yield "\n]\n"


def csv_lines(people: Iterable[Subscriber]) -> Iterator[str]:
    """A header and a row for each; of interests only the names, and the rest where there is a single one."""
    writer = csv.writer(_Line(), lineterminator="\n")
    yield str(writer.writerow(COLUMNS))
    for one in people:
        said = dict(said_of(one))
        interests = said.pop("interests", ())
        cells: dict[str, Typed] = dict(said)
        if isinstance(interests, tuple):
            cells["interests"] = tuple(str(each["name"]) for each in interests if isinstance(each, Mapping))
            if len(interests) == 1 and isinstance(interests[0], Mapping):
                cells |= {key: value for key, value in interests[0].items() if key in OF_INTEREST}
        yield str(writer.writerow([_cell(cells.get(key, "")) for key in COLUMNS]))


def _cell(value: Typed) -> str:
    text = value if isinstance(value, str) else f"{SEPARATOR} ".join(map(str, value))
    return f"'{text}" if text.startswith(FORMULA) else text


class _Line:
    """What the csv module writes to: it hands each line back."""

    def write(self, text: str) -> str:
        return text
