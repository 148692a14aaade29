"""What is in a mail's page: its words, links and pictures, and what it would fetch. No I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Final

_UNSEEN: Final = frozenset(("head", "style", "script", "title", "template"))
_VOID: Final = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_HIDDEN = re.compile(r"display\s*:\s*none|max-height\s*:\s*0(?![.\d])|visibility\s*:\s*hidden")
_FILLERS: Final = {ord(one): " " for one in "\u00a0\u00ad\u034f\u2007\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"}
"""What is put behind a preheader so that nothing else follows it; seen by nobody."""
_FROM_ELSEWHERE = re.compile(r"(?:url\(\s*|@import\s+)[\"']?((?:https?:)?//[^\"')\s;]+)", re.IGNORECASE)
_LIST_SHOWS: Final = 200
"""Characters of the page that a list of mails could show."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link."""

    name: str
    """What a screen reader calls it: its label, else its words."""
    address: str


@dataclass(frozen=True, slots=True)
class Image:
    """A picture."""

    source: str
    alt: str | None
    """None where nothing is said; empty for an ornament."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it is read."""

    language: str
    direction: str
    words: tuple[str, ...]
    """Each piece of text between tags, also the hidden ones; never blank."""
    links: tuple[Link, ...]
    images: tuple[Image, ...]
    fetched: tuple[str, ...]
    """What a browser would fetch to show it: pictures, fonts, styles."""
    beginning: str
    """How its text begins: the preheader if it is hidden."""
    beginning_is_hidden: bool

    @property
    def text(self) -> str:
        """All its words."""
        return " ".join(self.words)


def read_page(html: str) -> Page:
    """Reads a page."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.page()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self._open: list[tuple[str, bool]] = []  # tags, and whether what is inside is hidden
        self._root: dict[str, str] = {}
        self._words: list[tuple[str, bool]] = []
        self._links: list[Link] = []
        self._link: tuple[str, str, list[str]] | None = None
        self._images: list[Image] = []
        self._fetched: list[str] = []

    def page(self) -> Page:
        beginning, hidden = self._beginning()
        return Page(
            language=self._root.get("lang", ""),
            direction=self._root.get("dir", ""),
            words=tuple(words for words, _ in self._words),
            links=tuple(self._links),
            images=tuple(self._images),
            fetched=tuple(dict.fromkeys(self._fetched)),
            beginning=beginning,
            beginning_is_hidden=hidden,
        )

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "html":
            self._root = given
        elif tag == "a" and "href" in given:
            self._link = given["href"], given.get("aria-label", ""), []
        elif tag == "img":
            self._picture(given)
        elif tag == "link" and "stylesheet" in given.get("rel", ""):
            self._fetched.append(given.get("href", ""))
        self._note_fetched(given.get("style", ""))
        if given.get("background"):
            self._fetched.append(given["background"])
        if tag not in _VOID:
            hidden = bool(_HIDDEN.search(given.get("style", ""))) or "hidden" in given
            self._open.append((tag, hidden or self._is_hidden))

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._link is not None:
            address, label, words = self._link
            self._links.append(Link(_line(label or " ".join(words)), address))
            self._link = None
        places = [place for place, (one, _) in enumerate(self._open) if one == tag]
        if places:
            del self._open[places[-1] :]

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1][0] == "style":
            self._note_fetched(data)
        if not data.strip() or any(tag in _UNSEEN for tag, _ in self._open):
            return
        self._words.append((data, self._is_hidden))
        if self._link is not None:
            self._link[2].append(data)

    @property
    def _is_hidden(self) -> bool:
        return bool(self._open) and self._open[-1][1]

    def _picture(self, given: dict[str, str]) -> None:
        source = given.get("src", "")
        self._images.append(Image(source, given.get("alt") if "alt" in given else None))
        if re.match(r"(?:https?:)?//", source, re.IGNORECASE):
            self._fetched.append(source)
        if self._link is not None:
            self._link[2].append(given.get("alt", ""))

    def _note_fetched(self, style: str) -> None:
        self._fetched += _FROM_ELSEWHERE.findall(style)

    def _beginning(self) -> tuple[str, bool]:
        shown = [(text, hidden) for words, hidden in self._words if (text := _line(words.translate(_FILLERS)))]
        if shown and shown[0][1]:
            run = " ".join(text for text, hidden in shown[: _first_seen(shown)])
            return _line(run)[:_LIST_SHOWS], True
        return _line(" ".join(text for text, _ in shown[:12]))[:_LIST_SHOWS], False


def _first_seen(shown: list[tuple[str, bool]]) -> int:
    return next((place for place, (_, hidden) in enumerate(shown) if not hidden), len(shown))


def _line(text: str) -> str:
    return " ".join(text.split())
