"""A mail's page as one mail program or another shows it: in light or dark colours, or without style sheets. No I/O.

Nothing is asked of the machine: what is chosen is written into the page's style sheets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias

Scheme: TypeAlias = Literal["light", "dark"]

DESKTOP: Final = 680
"""Pixels: the 640 of a design and a little around it."""
PHONE: Final = 375
"""Pixels: most phones of 2026 have 360 to 430."""

_SHEET = re.compile(r"<style\b[^>]*>.*?</style\s*>", re.DOTALL | re.IGNORECASE)
_PREFERS = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)", re.IGNORECASE)
_SCHEME = re.compile(r"(?<![\w-])(color-scheme\s*:)([^;}]*)", re.IGNORECASE)
_META = re.compile(r"(<meta\s+name=[\"']color-scheme[\"']\s+content=[\"'])([^\"']*)", re.IGNORECASE)
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)


def in_scheme(page: str, scheme: Scheme) -> str:
    """The page where the reader prefers these colours, whatever this machine prefers.

    A page that says nothing of dark colours stays as it is: programs that turn colours around do so by rules of
    their own.
    """

    def sheet(found: re.Match[str]) -> str:
        asked = _PREFERS.sub(lambda one: "(min-width:0)" if one[1].lower() == scheme else "(max-width:0)", found[0])
        return _SCHEME.sub(settled, asked)

    def settled(found: re.Match[str]) -> str:
        both = {"light", "dark"} <= set(found[2].lower().split())
        return found[1] + (scheme if both else found[2])

    return _META.sub(settled, _SHEET.sub(sheet, page))


def unstyled(page: str) -> str:
    """The page without its style sheets, as programs show it that drop them; what stands in `style` stays."""
    return _SHEET.sub("", in_scheme(page, "light"))


def framed(page: str) -> str:
    """The page for a frame, with links that lead nowhere: they would open in windows that the frame may not open."""
    return _HEAD.sub(lambda head: f'{head[0]}<base target="_blank">', page, count=1)


PANES: Final[Mapping[str, Callable[[str], str]]] = {
    "desktop": lambda page: in_scheme(page, "light"),
    "phone": lambda page: in_scheme(page, "light"),
    "dark": lambda page: in_scheme(page, "dark"),
    "plain": unstyled,
}
"""What is shown side by side, and how the page is made for it."""

DRAWN: Final[Mapping[str, int]] = {"desktop": DESKTOP, "dark": DESKTOP, "phone": PHONE}
"""What pictures are made of, and how wide."""
