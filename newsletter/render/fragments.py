"""A body in pieces: what many readers share is encoded once and kept, the rest for each of them. No I/O.

Quoted-printable knows nothing beyond a line, so whole lines that were encoded alone are encoded in any message.
"""

from __future__ import annotations

from binascii import a2b_qp
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from newsletter.render.mime import plain_line, printable, quoted_printable
from newsletter.render.place import MARK

BULK: Final = 40
"""Characters of fixed text that are worth keeping encoded."""


class Fragment(str):
    """Whole lines of a body as quoted-printable; already escaped.

    As a str it is empty; it is one because templates put out nothing else.
    """

    __slots__ = ("encoded",)
    encoded: bytes

    def __str__(self) -> str:  # a copy of type str would have lost what is encoded
        return self

    def __html__(self) -> str:
        return self


def _of(lines: bytes) -> Fragment:
    made = Fragment()
    made.encoded = lines
    return made


def fragment(text: str) -> Fragment:
    """Of whole lines."""
    return _of(encoded(text))


def encoded(text: str) -> bytes:
    """Whole lines, made printable, as quoted-printable; of an empty text an empty line."""
    lines = text if text[-1:] == "\n" else text + "\n"
    found = plain_line(lines)
    return quoted_printable(printable(lines)) if found is None else found


common = lru_cache(maxsize=2_048)(encoded)
"""The same, kept because what one reader gets between cards another often gets too; some 2 MB at most."""


Recipe = tuple[bytes, str, str, bytes]
"""What is shared of a card where one piece of the reader's own goes into it: whole encoded lines, what stands before
and after that piece on its own line, whole encoded lines."""


def recipe(text: str, hole: str) -> Recipe:
    """Shared text with a hole in it; or without one, where the reader's piece is left out."""
    if hole not in text:
        return encoded(text), "", "", b""
    before, _, after = text.partition(hole)
    start, end = before.rfind("\n") + 1, after.find("\n") + 1 or len(after)
    lines, rest = before[:start], after[end:]
    return encoded(lines) if lines else b"", before[start:], after[:end], encoded(rest) if rest else b""


def filled(recipe: Recipe, own: str) -> Fragment:
    """The recipe with the reader's piece, already escaped."""
    before, left, right, after = recipe
    line = left + own + right
    return _of(before + encoded(line) + after if line else before)


Bulk = Mapping[str, tuple[str, bytes, str]]
"""Long fixed texts of a template: the end of a line, whole encoded lines, the beginning of a line."""


@dataclass(frozen=True, slots=True)
class Body:
    """A rendered body; as `str` it is the text."""

    encoded: bytes = field(repr=False)
    """It as quoted-printable."""

    def __str__(self) -> str:
        return a2b_qp(self.encoded).decode().replace("\r\n", "\n")

    @property
    def size(self) -> int:
        """Bytes of UTF-8, with lines ended by CRLF as they are sent."""
        return len(a2b_qp(self.encoded))


def body(parts: Iterable[str], bulk: Bulk, token: str = "") -> Body:
    """The body of what a template puts out; what stands between its fragments is the reader's own.

    `token` is the reader's, for the links of shared cards.
    """
    made: list[bytes] = []
    own: list[str] = []

    def close() -> None:
        if text := "".join(own):
            made.append(common(text))
        own.clear()

    for part in parts:
        if type(part) is Fragment:
            if own:
                close()
            made.append(part.encoded)
        elif (found := bulk.get(part)) is not None:
            end, lines, beginning = found
            if own and own[-1][-1:] == "\n":
                close()
            own.append(end)
            close()
            made.append(lines)
            own.append(beginning)
        else:
            own.append(part)
    close()
    return Body(b"".join(made).replace(MARK, token.encode("ascii")))
