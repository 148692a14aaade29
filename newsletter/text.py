"""Text from outside made fit to keep, to show and to shorten. No I/O."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from newsletter.tex import plain
from newsletter.tex.asides import WEB, trimmed

LONGEST = 50_000
"""Characters up to which a text is read for TeX; a longer one is nobody's abstract."""
_READINGS = 8
"""How often a text is read at most: formulas inside formulas need one reading more each."""
_ODD = re.compile("[^\n\t -~]")
_LINE_BREAKS = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\xad\u200b\u2060-\u2064\u202a-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e007f]"
)
_PILE = re.compile("[^\x00-\u02ff]{31,}")
"""Combining marks are all above U+02FF, so every long pile of them is in one of these."""
_END = re.compile(r"(?:[.!?]|(?<=[a-z\d)])…)[\"'”’)\]]*\s+(?=[\"'“‘(\[]?[A-Z\d\u0370-\u03ff])")
_NO_END = re.compile(
    r"(?<![A-Za-z])(?:e\.g|i\.e|a\.k\.a|w\.r\.t|et al|cf|vs|resp|approx|ca|Nos?|Figs?|Eqs?|Secs?|Tab|Refs?|Dr|Mrs?|Ms|"
    r"Prof|St|[A-Z])\.\s+$"
)


def clean(text: str) -> str:
    """Text as it is kept: no control characters, lone surrogates or invisible direction marks; NFC; stripped.

    Newlines and tabs stay; other line breaks (VT, FF, FS, NEL, LS, PS) become spaces. Joiners stay, which emoji,
    Arabic and Indic scripts need.
    """
    if not _ODD.search(text):
        return text.strip()
    spaced = _LINE_BREAKS.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _unpiled(unicodedata.normalize("NFC", _unpiled(_INVISIBLE.sub("", spaced)))).strip()


def _unpiled(text: str) -> str:
    """No more than 30 combining marks in a row (UAX 15, stream-safe text): sorting them takes quadratic time."""
    return _PILE.sub(_stream_safe, text)


def _stream_safe(found: re.Match[str]) -> str:
    kept, marks = [], 0
    for character in found[0]:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= 30:
            kept.append(character)
    return "".join(kept)


def _flat(text: str) -> str:
    return " ".join(clean(text).split())


def line(text: str, limit: int = 1000) -> str:
    """Text as one line of at most `limit` characters, the last an ellipsis where it was cut: titles, names."""
    if len(text) <= limit and text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()  # as most are
    flat = _flat(text)
    return flat if len(flat) <= limit else flat[: max(limit - 1, 0)].rstrip() + "…"


@lru_cache(maxsize=2048)
def readable(text: str) -> str:
    """Text as it is shown: TeX, half-stripped TeX and Markdown as plain Unicode, on one line.

    What is plain already stays as it is, so `readable(readable(x)) == readable(x)`. A text that is longer than
    `LONGEST`, or that no number of readings settles, is shown as it was written.
    """
    shown = written = _flat(text)
    if len(written) > LONGEST:
        return written
    for _ in range(_READINGS):
        before, shown = shown, plain(shown)
        if shown == before or (shown := _flat(shown)) == before:
            return before
    return written


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text; abbreviations, initials, decimals and addresses do not end one."""
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
            return taken or _cut(sentence, limit)
        taken = longer
    return taken


def _cut(text: str, limit: int) -> str:
    """The first words of a text that is longer than `limit`, and an ellipsis; one long word is cut through."""
    head = text[: max(limit - 1, 0)]
    if not text[len(head)].isspace() and " " in head:
        head = head.rsplit(" ", 1)[0]
    return head.rstrip(" ,;:.–—(") + "…"


def shorten_authors(authors: Sequence[str], limit: int = 3) -> tuple[tuple[str, ...], int]:
    """The first authors and how many more there are; all of them where only one would be left out."""
    named = tuple(authors) if len(authors) <= limit + 1 else tuple(authors[:limit])
    return named, len(authors) - len(named)


def urls(text: str) -> tuple[str, ...]:
    """The http and https addresses in a text, each once, without the punctuation or `{...}` that follows them."""
    found = map(trimmed, WEB.findall(text))
    return tuple(dict.fromkeys(address for address in found if not address.endswith("://")))


def without_query(name: str) -> str:
    """A source's name as it may be shown: an address in it ends before `?` and `#`, where keys stand."""
    return line(re.split(r"[?#]", name)[0] if "://" in name else name, limit=200)
