"""Text for people who read mail in a terminal: filled to columns. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from unicodedata import category, combining, east_asian_width

_WIDE = (  # Korean, Chinese and Japanese with their punctuation, and pictures (Unicode 16, blocks)
    r"\u1100-\u11ff\u2e80-\ua4cf\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef"
    r"\U0001f000-\U0001faff\U00020000-\U0003ffff"
)
_RUN = re.compile(rf"[^{_WIDE}]+|.[\u3001\u3002\uff0c\u0300-\u036f\ufe0f]*")
"""What stays together in a long word: letters of an alphabet; each wide character with the stops and accents after it."""
_NARROW = "!-~\u00a1-\u00ac\u00ae-\u02ff\u2013\u2014\u2018-\u201d\u2022\u2026"
_LINE = re.compile(f"[{_NARROW}]+(?: [{_NARROW}]+)*")
_URL = re.compile(r"\W*(?:https?://|mailto:)", re.IGNORECASE)


@lru_cache(maxsize=16384)
def fill(text: str, width: int = 74, indent: str = "", hang: str | None = None) -> str:
    """The text in lines of at most `width` columns; the first begins with `indent`, the others with `hang`.

    A web address is never broken; another word is, if a line cannot hold it. Chinese, Japanese and Korean
    characters are two columns wide, and a line may end after any of them.
    """
    rest = indent if hang is None else hang
    if text and _is_narrow(text):
        if len(indent) + len(text) <= width:
            return indent + text  # most are a line already
        room = width - len(indent)
        if len(rest) == len(indent) and max(map(len, text.split())) <= room:
            return indent + f"\n{rest}".join(_in_lines(room).findall(text))
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


def _is_narrow(text: str) -> bool:
    """Whether it is words of letters one column wide, a blank between them."""
    if text.isascii():
        return text.isprintable() and text == " ".join(text.split())
    return _LINE.fullmatch(text) is not None


@lru_cache(maxsize=64)
def _in_lines(room: int) -> re.Pattern[str]:
    """Finds as many words as a line has room for."""
    return re.compile(f"(.{{1,{room}}})(?: |$)")


def columns(text: str) -> int:
    """How many columns a terminal needs for the text."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(c) or category(c) == "Cf" else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def _pieces(word: str, width: int) -> Iterator[str]:
    """What may be put on different lines: the whole word as a rule."""
    if (word.isascii() and len(word) <= width) or _URL.match(word):
        yield word
        return
    for run in _RUN.findall(word):
        yield from (run[start : start + width] for start in range(0, len(run), width))
