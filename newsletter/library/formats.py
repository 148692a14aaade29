"""Which format a library is in, and its entries. No I/O."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping
from typing import Final

from newsletter.library import bibtex, csl, listing, ris
from newsletter.library.entries import Library

FORMATS: Final[Mapping[str, Callable[[str], Library]]] = {
    "json": csl.parse,
    "ris": ris.parse,
    "bibtex": bibtex.parse,
    "listing": listing.parse,
}
_FIRST = re.compile(r"^[ \t]*(?:(?P<ris>TY {1,2}-)|(?P<bibtex>@[A-Za-z]+\s*[{(]))", re.MULTILINE)
_MARKS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def parse(body: bytes) -> Library:
    """The entries of a library in whichever format it is. What cannot be read is left out and counted."""
    text = decode(body)
    return FORMATS[recognised(text)](text)


def recognised(text: str) -> str:
    """The key in FORMATS of the format that a text is in."""
    if text.lstrip()[:1] in ("[", "{"):
        return "json"
    found = _FIRST.search(text)
    return found.lastgroup or "listing" if found else "listing"


def decode(body: bytes) -> str:
    """UTF-8, UTF-16 with its mark, else Windows' Latin: what old programs export. Line ends become newlines."""
    encoding = next((name for mark, name in _MARKS if body.startswith(mark)), "utf-8")
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError:
        text = body.decode("utf-16" if encoding == "utf-16" else "cp1252", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")
