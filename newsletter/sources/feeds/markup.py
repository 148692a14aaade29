"""The text of HTML, and the addresses in it. No I/O."""

from __future__ import annotations

import html
import re

import nh3

from newsletter import text

LONGEST = 200_000
"""Characters read of an entry's HTML; a whole long article has half of that."""
_BLOCKS = set(
    "p br div li ul ol dl dt dd tr table blockquote pre h1 h2 h3 h4 h5 h6 hr section article header footer".split()
)
_UNREAD = {"script", "style", "template", "noscript", "iframe", "svg", "select", "button"}
_TAG = re.compile(r"<[^<>]*>")
_BREAK = re.compile(r"[^\S\n]*\n\s*")
_HREF = re.compile(r"""\bhref\s*=\s*["']?([^"'\s<>]{1,2000})""", re.I)


def to_text(written: str) -> str:
    """The text of HTML, a line each paragraph; scripts and pictures are left out."""
    if "<" not in written and "&" not in written:
        return written
    blocks = nh3.clean(written[:LONGEST], tags=_BLOCKS, clean_content_tags=_UNREAD, attributes={}, link_rel=None)
    return _BREAK.sub("\n", html.unescape(_TAG.sub("\n", blocks))).strip()


def addresses(written: str) -> tuple[str, ...]:
    """The addresses that HTML links to or shows, each once."""
    linked = map(html.unescape, _HREF.findall(written[:LONGEST]))
    return tuple(dict.fromkeys((*linked, *text.urls(to_text(written)))))
