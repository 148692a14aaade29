"""What is asked of DNS, and what is said of the answers. No I/O."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["TXT", "MX", "A", "AAAA", "NS"]
Ask: TypeAlias = Callable[[str, Kind], tuple[str, ...]]
"""Asks for the records of a name: texts, `10 mx.example.org`, addresses; empty where there are none. Raises `Unanswered`."""

_SHOWN: Final = 300
"""Characters of a record that are repeated."""


class Unanswered(Exception):
    """DNS did not say whether there is such a record. `silent`: it says nothing at all."""

    def __init__(self, why: str, *, silent: bool) -> None:
        super().__init__(why)
        self.silent = silent


@dataclass(frozen=True, slots=True)
class Said:
    """What there is to say of one thing."""

    what: str
    """`MX`, `SPF`, `DKIM`, `DMARC` or `DNS`."""
    fine: bool
    text: str


def tags_of(text: str) -> Mapping[str, str]:
    """The tags of `v=DMARC1; p=none`, as DKIM and DMARC write them (RFC 6376 section 3.2); the first of each counts."""
    pairs = (part.partition("=") for part in text.split(";") if "=" in part)
    tags: dict[str, str] = {}
    for name, _, value in pairs:
        tags.setdefault(name.strip().lower(), value.strip())
    return tags


def shown(text: str) -> str:
    """A record in a line of ours: printable, and not too long."""
    plain = re.sub(r"[^ -~]+", "?", text)
    return f"'{plain}'" if len(plain) <= _SHOWN else f"'{plain[:_SHOWN]}' ..."
