"""A body in pieces: what many readers share is encoded once and kept, the rest for each of them. No I/O.

Quoted-printable knows nothing beyond a line, so whole lines that were encoded alone are encoded in any message.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from newsletter.render.mime import printable, quoted_printable

BULK: Final = 100
"""Characters of fixed text that are worth keeping encoded."""
_PARTED: Final = "\ufdd0\n"  # no character: Unicode keeps it for uses like this
_PARTED_ENCODED: Final = b"=EF=B7=90\r\n"
_PARTING: Final = len(_PARTED.encode()) + 1


class Fragment(str):
    """Whole lines of a body, with their quoted-printable bytes; already escaped, so it goes into a page as it is."""

    __slots__ = ("encoded", "size")
    encoded: bytes
    size: int
    """Bytes of UTF-8, with lines ended by CRLF as they are sent."""

    def __str__(self) -> str:  # a copy of type str would have lost the bytes
        return self

    def __html__(self) -> str:
        return self


def fragment(text: str) -> Fragment:
    """Whole lines, printable and encoded."""
    lines = printable(text if text.endswith("\n") else text + "\n")
    made = Fragment(lines.decode())
    made.encoded, made.size = quoted_printable(lines), _size(lines)
    return made


def _size(lines: bytes) -> int:
    return len(lines) + lines.count(b"\n")


Recipe = tuple[Fragment | None, str, str, Fragment | None]
"""What is shared of a card where one piece of the reader's own goes into it: whole lines, what stands before and after
that piece on its own line, whole lines."""


class Filled(str):
    """A recipe and the reader's own piece, already escaped. A str because templates put out nothing else."""

    __slots__ = ("own", "recipe")
    recipe: Recipe
    own: str

    def __str__(self) -> str:
        return self


def filled(recipe: Recipe, own: str) -> Filled:
    """The recipe with the reader's piece."""
    made = Filled()
    made.recipe = recipe
    made.own = own
    return made


def recipe(text: str, hole: str) -> Recipe:
    """Shared text with a hole in it; or without one, where the reader's piece is left out."""
    if hole not in text:
        return fragment(text), "", "", None
    before, _, after = text.partition(hole)
    start, end = before.rfind("\n") + 1, after.find("\n") + 1 or len(after)
    lines, rest = before[:start], after[end:]
    return fragment(lines) if lines else None, before[start:], after[:end], fragment(rest) if rest else None


Bulk = Mapping[str, tuple[str, Fragment, str]]
"""Long fixed texts of a template: the end of a line, whole lines, the beginning of a line."""


@dataclass(frozen=True, slots=True)
class Body:
    """A rendered body: its pieces, each of whole lines, and the same as quoted-printable."""

    pieces: tuple[str, ...]
    encoded: tuple[bytes, ...] = field(repr=False)
    size: int
    """Bytes of UTF-8, with lines ended by CRLF as they are sent."""

    def __str__(self) -> str:
        return "".join(self.pieces)

    @property
    def encoded_size(self) -> int:
        """Bytes as quoted-printable."""
        return sum(map(len, self.encoded))


def body(parts: Iterable[str], bulk: Bulk) -> Body:
    """The body of what a template puts out; the reader's own lines are encoded together, in one go."""
    runs: list[str] = []  # of the reader's own lines
    run: list[str] = []
    shared: list[Fragment | None] = []  # None for a run

    def share(lines: Fragment | None) -> None:
        if run and (text := "".join(run)):
            runs.append(text if text[-1] == "\n" else text + "\n")
            shared.append(None)
            run.clear()
        if lines is not None:
            shared.append(lines)

    for part in parts:
        kind = type(part)
        if kind is Filled:
            before, left, right, after = part.recipe  # type: ignore[attr-defined]
            if before is not None and after is not None:  # as cards are
                share(None)
                runs.append(f"{left}{part.own}{right}")  # type: ignore[attr-defined]
                shared += (before, None, after)
                continue
            if before is not None:
                share(before)
            run += (left, part.own, right)  # type: ignore[attr-defined]
            if after is not None:
                share(after)
        elif kind is Fragment:
            share(part)  # type: ignore[arg-type]
        elif len(part) > BULK and part in bulk:
            end, lines, beginning = bulk[part]
            run.append(end)
            share(lines)
            run.append(beginning)
        else:
            run.append(part)
    share(None)
    return _joined(shared, runs)


def _joined(shared: Sequence[Fragment | None], runs: Sequence[str]) -> Body:
    own = _PARTED.join(runs)
    lines = printable(own)
    if own.count(_PARTED[0]) >= len(runs) > 0:  # somebody wrote the character that parts them
        return _joined(shared, [run.replace(_PARTED[0], "") for run in runs])
    texts = iter(lines.decode().split(_PARTED))
    coded = iter(quoted_printable(lines).split(_PARTED_ENCODED))
    return Body(
        pieces=tuple([next(texts) if piece is None else piece for piece in shared]),
        encoded=tuple([next(coded) if piece is None else piece.encoded for piece in shared]),
        size=_size(lines) - _PARTING * max(len(runs) - 1, 0) + sum([one.size for one in shared if one is not None]),
    )
