"""Where the lines of a text begin and end, and which comments belong to what stands above or below them. No I/O.

Lines end with LF, CRLF or CR, as the file has them. Places are characters of the text, from 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import takewhile

BREAK = re.compile(r"\r\n|\n|\r")
_LEADING = re.compile(r"\A(?:[ \t]*(?:\r\n|\n|\r))+")
_TRAILING = re.compile(r"(?:(?<=[\r\n])[ \t]*(?:\r\n|\n|\r))+\Z")


def line_of(text: str, place: int) -> int:
    """The line on which this character stands, from 1."""
    return len(BREAK.findall(text, 0, place)) + 1


def begin_of(text: str, place: int) -> int:
    """Where the line of this character begins."""
    return max(text.rfind("\n", 0, place), text.rfind("\r", 0, place)) + 1


def end_of(text: str, place: int) -> int:
    """Where the line of this character ends, its break not included."""
    found = BREAK.search(text, place)
    return found.start() if found else len(text)


def past(text: str, place: int) -> int:
    """Where the line after the one of this character begins."""
    found = BREAK.search(text, place)
    return found.end() if found else len(text)


def before(text: str, begin: int) -> int:
    """Where the line ends that stands before the one beginning here."""
    return begin - 2 if text[begin - 2 : begin] == "\r\n" else begin - 1


def is_alone(text: str, place: int) -> bool:
    """Whether only spaces stand before this character on its line."""
    return not text[begin_of(text, place) : place].strip(" ")


def eol(text: str) -> str:
    """How the lines of this text end."""
    found = BREAK.search(text)
    return found[0] if found else "\n"


def closed(text: str) -> str:
    """The text with its last line ended."""
    return text if not text or text.endswith(("\n", "\r")) else text + eol(text)


def inserted(text: str, at: int, lines: Iterable[str]) -> str:
    """The text with these lines below the line that ends at `at`."""
    return text[:at] + "".join(eol(text) + line for line in lines) + text[at:]


def with_comments(text: str, end: int, column: int, *, near: bool = False) -> int:
    """The end of the last line that belongs to what ends here: its own, and comments below that are indented as much.

    With `near` only those up to the first blank line.
    """
    at = best = end_of(text, end)
    while at < len(text):
        begin = past(text, at)
        at = end_of(text, begin)
        line = text[begin:at]
        if not line.strip():
            if near or begin == len(text):
                break
        elif line.lstrip(" ").startswith("#") and len(line) - len(line.lstrip(" ")) >= column:
            best = at
        else:
            break
    return best


def with_heading(text: str, begin: int, end: int) -> int:
    """Where the comments directly above `text[begin:end]` begin, if they are about it alone.

    They are if nothing else stands in their paragraph; else they may be the heading of a group.
    """
    if BREAK.split(text[end:], maxsplit=1)[0].strip():
        return begin
    lines = BREAK.split(text[:begin])[:-1]
    comments = list(takewhile(lambda line: line.lstrip().startswith("#"), reversed(lines)))
    above = lines[len(lines) - len(comments) - 1] if len(comments) < len(lines) else ""
    if above.strip() and not above.rstrip().endswith(":"):
        return begin
    for _ in comments:
        begin = begin_of(text, before(text, begin))
    return begin


def cut(text: str, begin: int, end: int, *, first: bool) -> str:
    """The text without these whole lines; of blank lines on both sides those below go, at its end those above.

    Those below go too where the first of a list was cut out.
    """
    head, tail = text[:begin], text[end:]
    if tail.strip():
        return head + (_LEADING.sub("", tail) if first or _ends_blank(head) else tail)
    return _TRAILING.sub("", head) + tail


def _ends_blank(text: str) -> bool:
    """Whether the last line is blank, or there is none."""
    lines = BREAK.split(text)
    return len(lines) < 2 or not lines[-2].strip()
