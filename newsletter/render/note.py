"""The editor's note: Markdown as safe HTML, and as text for people. No I/O."""

from __future__ import annotations

import re
from functools import lru_cache
from html.parser import HTMLParser

import markdown
import nh3

from newsletter.render.columns import fill
from newsletter.text import clean

_TAGS = {"p", "br", "strong", "em", "b", "i", "a", "ul", "ol", "li", "code", "blockquote"}
_NO_LINK = re.compile(r"<a>(.*?)</a>", re.DOTALL)
_HEADING = re.compile(r"<(/?)h[1-6][^>]*>")


@lru_cache(maxsize=256)
def as_html(note: str) -> str:
    """The note as HTML of a few tags. Headings become bold lines: the edition has its own; links are web or mail."""
    marked = markdown.markdown(clean(note))
    bold = _HEADING.sub(lambda tag: "</strong></p>" if tag[1] else "<p><strong>", marked)
    safe = nh3.clean(
        bold,
        tags=_TAGS,
        clean_content_tags={"script", "style"},
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
    )
    return _NO_LINK.sub(r"\1", safe).strip()


@lru_cache(maxsize=256)
def as_text(note: str) -> str:
    """The same words in paragraphs and lists, each address in brackets after the words that link to it."""
    reader = _Reader()
    reader.feed(as_html(note))
    reader.close()
    return reader.text()


class _Reader(HTMLParser):
    """Reads what `as_html` wrote: tags that nest and are closed."""

    def __init__(self) -> None:
        super().__init__()
        self._blocks: list[tuple[str, str]] = [("", "")]
        self._numbers: list[int] = []
        self._links: list[tuple[str, int]] = []

    def text(self) -> str:
        shown = [(mark, " ".join(words.split())) for mark, words in self._blocks if words.strip()]
        lines = [fill(words, indent=mark, hang=" " * len(mark)) for mark, words in shown]
        text = lines[0] if lines else ""
        for (before, _), (mark, _), after in zip(shown, shown[1:], lines[1:], strict=False):
            text += ("\n" if mark.strip() and before.strip() else "\n\n") + after
        return text

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("ul", "ol"):
            self._numbers.append(1 if tag == "ol" else 0)
        elif tag == "li":
            self._blocks.append((self._mark(), ""))
        elif tag == "a":
            self._links.append((dict(attrs).get("href") or "", len(self._words)))
        elif tag == "br" or (tag in ("p", "blockquote") and self._words.strip()):
            self._blocks.append(("", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("ul", "ol"):
            self._numbers.pop()
        if tag in ("ul", "ol", "li", "p", "blockquote"):
            self._blocks.append(("", ""))
        elif tag == "a":
            address, start = self._links.pop()
            if address and address.removeprefix("mailto:") != self._words[start:].strip():
                self._add(f" <{address}>")

    def handle_data(self, data: str) -> None:
        self._add(data)

    @property
    def _words(self) -> str:
        return self._blocks[-1][1]

    def _add(self, words: str) -> None:
        mark, before = self._blocks[-1]
        self._blocks[-1] = mark, before + words

    def _mark(self) -> str:
        inside = "  " * (len(self._numbers) - 1)
        if not self._numbers or not self._numbers[-1]:
            return inside + "- "
        self._numbers[-1] += 1
        return f"{inside}{self._numbers[-1] - 1}. "
