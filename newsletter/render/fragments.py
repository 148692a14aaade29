"""A body in pieces: what many readers share is encoded once and kept, the rest for each of them. No I/O.

Quoted-printable knows nothing beyond a line, so whole lines that were encoded alone are encoded in any message.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from newsletter.render.mime import plain_line, printable, quoted_printable
from newsletter.render.place import MARK, PLACE

BULK: Final = 40
"""Characters of fixed text that are worth keeping encoded."""


class Fragment(str):
    """Whole lines of a body, in pieces, and the same as quoted-printable; already escaped.

    As a str it is empty; it is one because templates put out nothing else.
    """

    __slots__ = ("encoded", "pieces")
    pieces: tuple[str, ...]
    encoded: tuple[bytes, ...]

    def __str__(self) -> str:  # a copy of type str would have lost the pieces
        return self

    def __html__(self) -> str:
        return self


def _of(pieces: tuple[str, ...], encoded: tuple[bytes, ...]) -> Fragment:
    made = Fragment()
    made.pieces, made.encoded = pieces, encoded
    return made


NOTHING: Final = _of((), ())


def fragment(text: str) -> Fragment:
    """Whole lines in one piece, printable and encoded; of an empty text an empty line."""
    lines, encoded = _encoded(text)
    return _of((lines,), (encoded,))


def _encoded(text: str) -> tuple[str, bytes]:
    """Whole printable lines, and the same as quoted-printable."""
    lines = text if text[-1:] == "\n" else text + "\n"
    found = plain_line(lines)
    if found is None:
        lines = printable(lines)
        found = quoted_printable(lines)
    return lines, found


@lru_cache(maxsize=2_048)
def common(text: str) -> Fragment:
    """The same, kept because what one reader gets between cards another often gets too; some 2 MB at most."""
    return fragment(text)


Recipe = tuple[Fragment, str, str, Fragment]
"""What is shared of a card where one piece of the reader's own goes into it: whole lines, what stands before and after
that piece on its own line, whole lines."""


def recipe(text: str, hole: str) -> Recipe:
    """Shared text with a hole in it; or without one, where the reader's piece is left out."""
    if hole not in text:
        return fragment(text), "", "", NOTHING
    before, _, after = text.partition(hole)
    start, end = before.rfind("\n") + 1, after.find("\n") + 1 or len(after)
    lines, rest = before[:start], after[end:]
    return fragment(lines) if lines else NOTHING, before[start:], after[:end], fragment(rest) if rest else NOTHING


def filled(recipe: Recipe, own: str) -> Fragment:
    """The recipe with the reader's piece, already escaped."""
    before, left, right, after = recipe
    line = left + own + right
    if not line:
        return before
    lines, encoded = _encoded(line)
    return _of((*before.pieces, lines, *after.pieces), (*before.encoded, encoded, *after.encoded))


Bulk = Mapping[str, tuple[str, Fragment, str]]
"""Long fixed texts of a template: the end of a line, whole lines, the beginning of a line."""


@dataclass(frozen=True, slots=True)
class Body:
    """A rendered body."""

    fragments: list[Fragment]
    encoded: bytes = field(repr=False)
    """It as quoted-printable."""
    token: str = field(default="", repr=False)
    """Of the reader, for the links of shared cards."""

    def __iter__(self) -> Iterator[str]:
        """Its pieces."""
        return (piece.replace(PLACE, self.token) for one in self.fragments for piece in one.pieces)

    def __str__(self) -> str:
        return "".join(self)

    @property
    def size(self) -> int:
        """Bytes of UTF-8, with lines ended by CRLF as they are sent."""
        return sum(len(piece.encode()) + piece.count("\n") for piece in self)


def body(parts: Iterable[str], bulk: Bulk, token: str = "") -> Body:
    """The body of what a template puts out; what stands between its fragments is the reader's own.

    `token` is the reader's, for the links of shared cards.
    """
    fragments: list[Fragment] = []
    own: list[str] = []

    def close() -> None:
        if text := "".join(own):
            fragments.append(common(text))
        own.clear()

    for part in parts:
        if type(part) is Fragment:
            if own:
                close()
            fragments.append(part)
        elif len(part) > BULK and part in bulk:
            end, lines, beginning = bulk[part]
            if own and own[-1][-1:] == "\n":
                close()
            own.append(end)
            close()
            fragments.append(lines)
            own.append(beginning)
        else:
            own.append(part)
    close()
    encoded = b"".join([line for one in fragments for line in one.encoded])
    return Body(fragments, encoded.replace(MARK, token.encode("ascii")), token)
