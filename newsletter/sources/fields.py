"""Read papers out of untrusted objects one by one, and name each that cannot be used. No I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias, TypeVar

from newsletter import identity, text
from newsletter.models import Fetched, Listing

LONGEST_TEXT = 20_000
"""Characters kept of an abstract; arXiv itself stops at 1,920."""
LONGEST_LINE = 500
"""Characters kept of a title or a name; the longest title seen has 175 (2026-08)."""
LONGEST_LINK = 2_000
MOST_NAMES = 2_000
"""Authors kept of a paper; the most seen are 664 (2026-08)."""
MOST_FAULTS = 20

_DAY = re.compile(r"(?<!\d)(\d{4}-\d{2}-\d{2})(?!\d)", re.ASCII)
_T = TypeVar("_T")


class Unusable(ValueError):
    """What holds no paper; the text says why, the caller says where."""


@dataclass(frozen=True, slots=True)
class Fields:
    """One object, read field by field: what has another type than promised is named in `wrong`, not believed.

    A field that is missing or null reads as empty.
    """

    values: Mapping[str, object]
    wrong: list[str] = field(default_factory=list)

    def line(self, key: str) -> str:
        """One line of text, without control characters."""
        return text.line(self._get(key, str) or "", limit=LONGEST_LINE)

    def text(self, key: str) -> str:
        """Text that may have several lines, without other control characters."""
        return text.clean((self._get(key, str) or "")[:LONGEST_TEXT])

    def link(self, key: str) -> str:
        """An http or https address; what is none (`javascript:`) reads as empty."""
        address = self._get(key, str) or ""
        return identity.web_link(address) if len(address) <= LONGEST_LINK else ""

    def count(self, key: str) -> int | None:
        """A whole number from 0, also where it is written as text."""
        value = self.values.get(key)
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value):
            return int(value)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        if value is not None:
            self._complain(key)
        return None

    def version(self, key: str) -> int | None:
        """A version's number: 2, `2` or `v2`."""
        value = self.values.get(key)
        found = identity.a_version(str(value))
        if value is not None and found is None:
            self._complain(key)
        return found

    def day(self, key: str) -> date | None:
        """The date at the start of `2026-03-03` or `2026-03-03T08:30:00.000Z`."""
        value = self._get(key, str)
        found = day_in(value[:11]) if value else None
        if value and not found:
            self._complain(key)
        return found

    def names(self, key: str) -> tuple[str, ...]:
        """A list of short texts, or one text with commas, each once whatever its case."""
        value = self.values.get(key)
        parts = value.split(",") if isinstance(value, str) else self._list(key, str)
        return once(text.line(part, limit=LONGEST_LINE) for part in parts[:MOST_NAMES])

    def inner(self, key: str) -> Fields | None:
        """The object in a field; what is wrong in it counts here too."""
        values = self._get(key, dict)
        return None if values is None else Fields(values, self.wrong)

    def each(self, key: str) -> list[Fields]:
        """The objects in a list."""
        return [Fields(values, self.wrong) for values in self._list(key, dict)[:MOST_NAMES]]

    def _list(self, key: str, kind: type[_T]) -> list[_T]:
        values = self._get(key, list) or []
        fitting = [value for value in values if isinstance(value, kind)]
        if len(fitting) < len(values):
            self._complain(key)
        return fitting

    def _get(self, key: str, kind: type[_T]) -> _T | None:
        value = self.values.get(key)
        if value is None or isinstance(value, kind):
            return value
        self._complain(key)
        return None

    def _complain(self, key: str) -> None:
        if key not in self.wrong:
            self.wrong.append(key)


Read: TypeAlias = Callable[[Fields], Listing]
Open: TypeAlias = Callable[[object], Fields]


def gather(objects: Iterable[tuple[str, object]], read: Read, opened: Open | None = None) -> Fetched:
    """The listings of all objects that can be read; each of the others is a fault that names it.

    Each object comes with its place (`paper 3`, `line 7`); `opened` makes fields of what is not a dict yet.
    """
    listings: list[Listing] = []
    faults: list[str] = []
    for place, value in objects:
        try:
            fields = (opened or fields_of)(value)
            listing = read(fields)
        except Unusable as error:
            faults.append(f"{place}: {error}; left out")
            continue
        listings.append(listing)
        if fields.wrong:
            faults.append(f"{place} ({text.line(listing.paper.id, limit=60)}): cannot read {', '.join(fields.wrong)}")
    return Fetched(tuple(listings), first_faults(faults))


def numbered(papers: Iterable[object]) -> Iterator[tuple[str, object]]:
    """The papers of a list, each with its place in it."""
    return ((f"paper {number}", paper) for number, paper in enumerate(papers, 1))


def fields_of(value: object) -> Fields:
    """The fields of an object that was decoded from JSON."""
    if not isinstance(value, dict):
        raise Unusable(f"not an object but {kind_of(value)}")
    return Fields(value)


def paper_id(given: str, title: str) -> str:
    """The canonical id of a paper that its source calls `given`; without a usable one, that of its title.

    Raises Unusable for a paper that nothing would tell from others.
    """
    if not title:
        raise Unusable(f"no title ({text.line(given, limit=60)})" if given else "no title")
    found = identity.paper_id(given)
    if found or identity.title_key(title):
        return found or identity.title_id(title)
    raise Unusable("neither an id nor a letter in the title")


def decode(body: bytes) -> str:
    """UTF-8 with or without a byte order mark, with any line ends."""
    try:
        return body.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise Unusable(f"not UTF-8 text (line {line}, byte {error.start})") from error


def from_json(written: str) -> object:
    """What JSON says; NaN and numbers beyond 18 digits stay text, so that no field takes them for a number."""
    try:
        # Not strict: a control character in one title is no reason to lose the day; `text.clean` drops it.
        return json.loads(written, parse_int=_whole, parse_constant=str, strict=False)
    except json.JSONDecodeError as error:
        raise Unusable(f"not JSON: {error.msg} (line {error.lineno}, column {error.colno})") from error
    except RecursionError as error:
        raise Unusable("not JSON of papers: nested too deep") from error


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) <= 18 else f"{digits[:18]}..."


def kind_of(value: object) -> str:
    """A word for the type of a decoded value."""
    words = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return words.get(type(value), "a number")


def day_in(written: str) -> date | None:
    """The first YYYY-MM-DD in a text that is a date in the life of anybody's papers."""
    for found in _DAY.findall(written):
        try:
            day = date.fromisoformat(found)
        except ValueError:
            continue
        if 1900 <= day.year < 2200:
            return day
    return None


def once(names: Iterable[str]) -> tuple[str, ...]:
    """The names that are not empty, each once whatever its case, in order."""
    kept: dict[str, str] = {}
    for name in filter(None, names):
        kept.setdefault(name.casefold(), name)
    return tuple(kept.values())


def first_faults(faults: list[str]) -> tuple[str, ...]:
    """At most MOST_FAULTS of them; the rest is counted."""
    more = len(faults) - MOST_FAULTS
    return tuple(faults) if more <= 1 else (*faults[:MOST_FAULTS], f"and {more} more such faults")
