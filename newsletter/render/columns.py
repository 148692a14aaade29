"""Text for people who read mail in a terminal: filled to columns. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from unicodedata import combining, east_asian_width

_RUN = re.compile(r"[^\u1100-\uffef\U00010000-\U0010ffff]+|.[\u3001\u3002\uff0c\u0300-\u036f\ufe0f]*")
"""What stays together in a long word: letters of an alphabet; each other character with the stops and accents after it."""
_URL = re.compile(r"\W*(?:https?://|mailto:)", re.IGNORECASE)


@lru_cache(maxsize=16384)
def fill(text: str, width: int = 74, indent: str = "", hang: str | None = None) -> str:
    """The text in lines of at most `width` columns; the first begins with `indent`, the others with `hang`.

    A web address is never broken; another word is, if a line cannot hold it. Chinese, Japanese and Korean
    characters are two columns wide, and a line may end after any of them.
    """
    rest = indent if hang is None else hang
    if len(indent) + len(text) <= width and text.isascii() and text.isprintable() and "  " not in text:
        return indent + text.strip()  # most are a line already
    lines, used = [indent], len(indent)
    for word in text.split():
        for number, piece in enumerate(_pieces(word, max(width - len(max(indent, rest, key=len)), 20))):
            wide = columns(piece)
            blank = number == 0 and used > len(rest if len(lines) > 1 else indent)
            if used + blank + wide > width and lines[-1].strip():
                lines.append(rest)
                used, blank = len(rest), False
            lines[-1] += " " * blank + piece
            used += blank + wide
    return "\n".join(lines)


def columns(text: str) -> int:
    """How many columns a terminal needs for the text."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def _pieces(word: str, width: int) -> Iterator[str]:
    """What may be put on different lines: the whole word as a rule."""
    if (word.isascii() and len(word) <= width) or _URL.match(word):
        yield word
        return
    for run in _RUN.findall(word):
        yield from (run[start : start + width] for start in range(0, len(run), width))
