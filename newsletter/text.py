"""Text from outside made fit to keep, to show and to shorten. No I/O."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from newsletter.tex import plain, trimmed

_LINE_BREAKS = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069\ud800-\udfff\ue000-\uf8ff]"
)
_SPACE = re.compile(r"\s+")
_URL = re.compile(r"https?://[^\s<>\"{}|\\^`\[\]]+")
_END = re.compile(r"[.!?][\"'”’)\]]*\s+(?=[\"'“‘(\[]?[A-Z0-9\u0370-\u03ff])")
_NO_END = re.compile(
    r"(?:\b(?:e\.g|i\.e|et al|cf|vs|resp|Fig|Figs|Eq|Eqs|Sec|Tab|No|approx|w\.r\.t|Dr|Prof|St)|\b[A-Z])\.\s+$"
)


def clean(text: str) -> str:
    """Text as it is kept: without control characters, lone surrogates and invisible direction marks, NFC."""
    spaced = _LINE_BREAKS.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", spaced)).strip()


def line(text: str, limit: int = 1000) -> str:
    """Text as one line of at most `limit` characters: titles, names."""
    flat = _SPACE.sub(" ", clean(text)).strip()
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


@lru_cache(maxsize=8192)
def readable(text: str) -> str:
    """Text as it is shown: TeX, half-stripped TeX and Markdown as plain Unicode, on one line.

    What is already plain stays as it is: `readable(readable(x)) == readable(x)`.
    """
    shown = line(text, 100_000)
    for _ in range(4):
        before, shown = shown, _SPACE.sub(" ", plain(shown)).strip()
        if shown == before:
            break
    return unicodedata.normalize("NFC", shown)


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text; abbreviations, initials and decimals do not end one."""
    found, start = [], 0
    for end in _END.finditer(text):
        if not _NO_END.search(text, max(start, end.end() - 12), end.end()):
            found.append(text[start : end.end()].strip())
            start = end.end()
    return tuple(one for one in (*found, text[start:].strip()) if one)


def excerpt(text: str, limit: int) -> str:
    """The first whole sentences of a text, up to `limit` characters; a longer first one is cut at a word."""
    taken = ""
    for sentence in sentences(text):
        longer = f"{taken} {sentence}".strip()
        if len(longer) > limit:
            break
        taken = longer
    if taken or len(text) <= limit:
        return taken or text
    cut = text[:limit].rsplit(" ", 1)[0] if " " in text[:limit] else text[: limit - 1]
    return cut.rstrip(" ,;:.") + "…"


def shorten_authors(authors: Sequence[str], limit: int = 3) -> str:
    """`Ada One, Bo Two, Cy Three and 61 more`; all of them where only one would be left out."""
    if len(authors) <= limit + 1:
        return ", ".join(authors)
    return f"{', '.join(authors[:limit])} and {len(authors) - limit} more"


def urls(text: str) -> tuple[str, ...]:
    """The web addresses in a text, without the punctuation that follows them."""
    return tuple(dict.fromkeys(trimmed(found) for found in _URL.findall(text)))
