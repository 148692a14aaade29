"""Domains whose mailboxes one provider has, and how it wants to be written to. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Final, TypeVar

from newsletter.buckets import Limit, Rate, parse_rate
from newsletter.limits.reading import fields_of, stop_at, texts_of
from newsletter.typed import integer, quoted
from newsletter.yamltext import Fault, Fields, Text, Value

OTHERS: Final = "others"
"""The family of every domain that is in no other."""
KEYS: Final = ("domains", "at_once", "per_connection", "rate", "source", "read")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Family:
    """Domains whose mailboxes one provider has, and how it wants to be written to."""

    name: str
    domains: tuple[str, ...]
    at_once: int
    """Messages on the way to it at the same time."""
    per_connection: int
    """Messages on one connection."""
    rate: Rate | None
    source: str
    read: date
    """When that was said there."""


@dataclass(frozen=True, slots=True)
class Families:
    """The families that there are, by name."""

    named: Mapping[str, Family]
    _by_domain: Mapping[str, Family] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found = {domain: family for family in self.named.values() for domain in family.domains}
        object.__setattr__(self, "_by_domain", found)

    def name_of(self, address: str) -> str:
        """The family of an address or a domain; `others` where it is in none."""
        family = self._by_domain.get(address.rpartition("@")[2].lower())
        return family.name if family else OTHERS

    def limit_of(self, domain: str) -> Limit:
        """How fast a domain may be written to; each one of `others` by itself."""
        family = self.named[self.name_of(domain)]
        return Limit(domain if family.name == OTHERS else family.name, family.at_once, family.rate)


def families(text: str, name: str) -> Families:
    """Reads the table of families. Raises SettingsError with every fault, one `name:line:column` a line."""
    faults: list[Fault] = []
    found = {key: _family(key, value, faults) for key, (_, value) in fields_of(text, faults).items()}
    if OTHERS not in found:
        faults.append(Fault(1, 1, f"there is no `{OTHERS}`, for the domains that are not named"))
    stop_at(faults, name)
    return Families({key: family for key, family in found.items() if family is not None})


def _family(name: str, value: Value, faults: list[Fault]) -> Family | None:
    if not isinstance(value, Fields):
        faults.append(Fault(value.line, value.column, f"{name}: expected `key: value` lines"))
        return None
    said = {key: one for key, (_, one) in value.fields.items()}
    faults += [
        Fault(value.line, value.column, f"{name}: there is no `{key}`")
        for key in KEYS
        if key not in said and key != "rate"
    ]
    faults += [Fault(said[key].line, 1, f"{name}: {quoted(key)} is not known") for key in said.keys() - {*KEYS}]
    asked = partial(_asked, said, faults)
    return Family(
        name=name,
        domains=tuple(one.text.lower() for one in texts_of(said.get("domains"))),
        at_once=asked("at_once", integer(1, 1000), 1),
        per_connection=asked("per_connection", integer(1, 100_000), 1),
        rate=asked("rate", _rate, None),
        source=asked("source", str, ""),
        read=asked("read", date.fromisoformat, date.min),
    )


def _asked(said: Mapping[str, Value], faults: list[Fault], key: str, read: Callable[[str], T], usual: T) -> T:
    value = said.get(key)
    if value is None:
        return usual
    try:
        return read(value.text if isinstance(value, Text) else "")
    except ValueError as error:
        faults.append(Fault(value.line, value.column, f"{key}: {error}"))
        return usual


def _rate(text: str) -> Rate:
    rate = parse_rate(text)
    if rate is None:
        raise ValueError(f"{quoted(text)} is not a rate; write 14/s, 600/min or 5000/h")
    return rate
