"""A body in pieces: what many readers share is encoded once and kept, the rest for each of them. No I/O.

Quoted-printable knows nothing beyond a line, so whole lines that were encoded alone are encoded in any message.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from newsletter.render.mime import printable, quoted_printable

BULK: Final = 40
"""Characters of fixed text that are worth keeping encoded."""


class Fragment(str):
    """Whole lines of a body, with their quoted-printable bytes."""

    __slots__ = ("encoded",)
    encoded: bytes


def fragment(text: str) -> Fragment:
    """Whole lines, printable and encoded."""
    made = Fragment(printable(text if text[-1:] == "\n" else text + "\n"))
    made.encoded = quoted_printable(made)
    return made


@lru_cache(maxsize=8_192)
def common(text: str) -> Fragment:
    """The same for what one reader gets, kept because another often gets it too: a reason, a heading; some 4 MB."""
    return fragment(text)


class Block(str):
    """Fragments that a template puts out at once, already escaped. An empty str, for templates put out nothing else."""

    __slots__ = ("pieces",)
    pieces: tuple[Fragment, ...]

    def __new__(cls, *pieces: Fragment) -> Block:
        made = super().__new__(cls)
        made.pieces = pieces
        return made

    def __str__(self) -> str:  # a copy of type str would have lost the pieces
        return self

    def __html__(self) -> str:
        return self


Recipe = tuple[tuple[Fragment, ...], str, str, tuple[Fragment, ...]]
"""What is shared of a card where one piece of the reader's own goes into it: whole lines, what stands before and after
that piece on its own line, whole lines."""


def recipe(text: str, hole: str) -> Recipe:
    """Shared text with a hole in it; or without one, where the reader's piece is left out."""
    if hole not in text:
        return (fragment(text),), "", "", ()
    before, _, after = text.partition(hole)
    start, end = before.rfind("\n") + 1, after.find("\n") + 1 or len(after)
    lines, rest = before[:start], after[end:]
    return (fragment(lines),) if lines else (), before[start:], after[:end], (fragment(rest),) if rest else ()


def filled(recipe: Recipe, own: str) -> Block:
    """The recipe with the reader's piece, already escaped."""
    before, left, right, after = recipe
    line = left + own + right
    return Block(*before, common(line), *after) if line else Block(*before, *after)


Bulk = Mapping[str, tuple[str, Fragment | None, str]]
"""Long fixed texts of a template: the end of a line, whole lines, the beginning of a line."""


@dataclass(frozen=True, slots=True)
class Body:
    """A rendered body: its pieces, each of whole lines, and the same as quoted-printable."""

    pieces: tuple[Fragment, ...]
    encoded: list[bytes] = field(repr=False)

    def __str__(self) -> str:
        return "".join(self.pieces)

    @property
    def size(self) -> int:
        """Bytes of UTF-8, with lines ended by CRLF as they are sent."""
        return sum(len(piece.encode()) + piece.count("\n") for piece in self.pieces)

    @property
    def encoded_size(self) -> int:
        """Bytes as quoted-printable, which is never shorter."""
        return sum(map(len, self.encoded))


def body(parts: Iterable[str], bulk: Bulk) -> Body:
    """The body of what a template puts out; what stands between shared pieces is the reader's own."""
    pieces: list[Fragment] = []
    own: list[str] = []
    for part in parts:
        if type(part) is Block:
            _close(own, pieces)
            pieces += part.pieces
        elif len(part) > BULK and part in bulk:
            end, lines, beginning = bulk[part]
            if own and own[-1][-1:] == "\n":
                _close(own, pieces)
            own.append(end)
            _close(own, pieces)
            if lines is not None:
                pieces.append(lines)
            own.append(beginning)
        else:
            own.append(part)
    _close(own, pieces)
    return Body(tuple(pieces), [piece.encoded for piece in pieces])


def _close(own: list[str], pieces: list[Fragment]) -> None:
    """Makes a piece of the reader's own lines."""
    if text := "".join(own):
        pieces.append(common(text))
    own.clear()
