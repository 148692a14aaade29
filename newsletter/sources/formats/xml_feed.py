"""The entries of an XML feed, RSS or Atom, as trees; without entities, and as far as it is well-formed. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from newsletter import text
from newsletter.sources.fields import Unusable

DEEPEST = 50
"""Elements inside each other; an entry of arXiv's has three."""
MOST_ELEMENTS = 200_000
"""Elements in all; the longest list of arXiv has 40,000."""
_ENTRIES = frozenset({"item", "entry"})
_CONTROLS = bytes(sorted({*range(32)} - {9, 10, 13}))
_WEB_PAGE = re.compile(rb"\s*(<!doctype\s+html|<html|<head|<body)", re.IGNORECASE)
_ENCODING = re.compile(rb"""\s*<\?xml[^>]*\bencoding\s*=\s*["']([A-Za-z0-9._-]+)""")


@dataclass(slots=True)
class Node:
    """An element: its name without namespace, attributes, the pieces of its text, and its children."""

    name: str
    attributes: dict[str, str]
    pieces: list[str] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Its own text, without that of its children."""
        return "".join(self.pieces)

    def each(self, name: str) -> Iterator[Node]:
        """The children of that name."""
        return (child for child in self.children if child.name == name)

    def first(self, name: str) -> Node:
        """The first child of that name; an empty one where there is none."""
        return next(self.each(name), Node(name, {}))


@dataclass(frozen=True, slots=True)
class Feed:
    """What stands in a feed."""

    kind: str
    """The name of its root: `rss` or `feed`."""
    head: Node
    """What it says of itself: the channel, or the feed without its entries."""
    entries: tuple[Node, ...]
    faults: tuple[str, ...] = ()
    """Where it was not well-formed, or not in the charset that it names."""


def read(body: bytes) -> Feed:
    """Reads a feed; one that breaks off gives the entries before that, and a fault.

    Raises Unusable for what is no feed, for one that breaks off before its first entry, and for a document type: only
    there can entities be declared, which make gigabytes of a few lines.
    """
    if not body.strip():
        raise Unusable("an empty answer")
    if _WEB_PAGE.match(body):
        raise Unusable("a web page, no feed: an error page, or one to log in")
    content, faults = _in_its_charset(body)
    reader = _Reader()
    try:
        reader.parser.Parse(content, True)
    except expat.ExpatError as error:
        why = expat.ErrorString(error.code)
        if not reader.entries:
            raise Unusable(f"not well-formed XML: {why} (line {error.lineno})") from error
        faults = (*faults, f"not well-formed after line {error.lineno} ({why}): what comes behind it is missing")
    except (ValueError, LookupError) as error:  # a charset that nobody knows
        raise Unusable(f"no XML that can be read: {text.line(str(error), limit=100)}") from error
    return reader.feed(faults)


def _in_its_charset(body: bytes) -> tuple[bytes, tuple[str, ...]]:
    """UTF-8 is mended where it is damaged; another charset is left to the parser."""
    named = _ENCODING.match(body)
    if body[:2] in (b"\xff\xfe", b"\xfe\xff") or (named and named[1].lower() not in (b"utf-8", b"utf8", b"us-ascii")):
        return body, ()
    content = body.translate(None, _CONTROLS)
    try:
        content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return content.decode("utf-8", "replace").encode(), (f"not UTF-8 in line {line}: characters are lost",)
    return content, ()


class _Reader:
    """Builds the trees while the parser goes through the text."""

    def __init__(self) -> None:
        self.entries: list[Node] = []
        self._kind = ""
        self._head = Node("", {})
        self._open: list[Node] = []
        self._number = 0
        # `}` cannot stand in a name; what stands before it is the namespace.
        self.parser = expat.ParserCreate(None, "}")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text

    def feed(self, faults: tuple[str, ...]) -> Feed:
        if self._kind not in ("rss", "feed", "RDF"):
            raise Unusable(f"XML, but no feed: its root is <{text.line(self._kind, limit=40)}>")
        head = self._head
        return Feed(self._kind, head if self._kind == "feed" else head.first("channel"), tuple(self.entries), faults)

    def _doctype(self, *_: object) -> None:
        raise Unusable("it declares a document type, which no feed needs: entities could be hidden in it")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) == DEEPEST:
            raise Unusable(f"more than {DEEPEST} elements inside each other")
        self._number += 1
        if self._number > MOST_ELEMENTS:
            raise Unusable(f"more than {MOST_ELEMENTS:,} elements")
        node = Node(name.rpartition("}")[2], attributes)
        if not self._open:
            self._kind, self._head = node.name, node
        elif node.name not in _ENTRIES:
            self._open[-1].children.append(node)
        self._open.append(node)

    def _end(self, name: str) -> None:
        node = self._open.pop()
        if node.name in _ENTRIES:
            self.entries.append(node)

    def _text(self, piece: str) -> None:
        if self._open:
            self._open[-1].pieces.append(piece)
