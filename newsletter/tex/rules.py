"""A rule of reading, and how rules are followed. No I/O."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """What `pattern` finds becomes `put`, in texts that have one of `clues`.

    Most texts have no clue, and looking for one costs a hundredth of looking for the pattern.
    """

    clues: tuple[str, ...]
    pattern: re.Pattern[str]
    put: str | Callable[[re.Match[str]], str]


def rule(clues: str | tuple[str, ...], pattern: str, put: str | Callable[[re.Match[str]], str]) -> Rule:
    """A rule; more than one clue are a tuple.

    Patterns must read any text in linear time, and are quickest where they begin with plain letters:
    `times(?<=\\dtimes)` rather than `(?<=\\d)times`.
    """
    return Rule((clues,) if isinstance(clues, str) else clues, re.compile(pattern), put)


def follow(rules: Iterable[Rule], text: str) -> str:
    """The text after every rule had its turn, in order."""
    for one in rules:
        for clue in one.clues:
            if clue in text:
                text = one.pattern.sub(one.put, text)
                break
    return text
