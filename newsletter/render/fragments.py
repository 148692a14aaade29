"""A body in pieces: what many readers share is encoded once and kept, the rest for each of them. No I/O.

A design marks what is shared: `{% cached card %} ... {% endcached %}` is rendered and encoded once per `card` (and per
design and language, as each has an environment of its own). The tag stands on lines of its own. The design's fixed
text is shared without a mark.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from jinja2 import Environment, Template, nodes
from jinja2.exceptions import TemplateAssertionError
from jinja2.ext import Extension
from jinja2.parser import Parser

from newsletter.render.mime import printable, quoted_printable

KEPT: Final = 8_192
"""Fragments that one tag keeps: some 30 MB of cards."""
_BULK: Final = 100
"""Characters of fixed text that are worth keeping encoded."""


class Fragment(str):
    """Whole lines of a body, with their quoted-printable bytes; already escaped, so it goes into a page as it is."""

    __slots__ = ("encoded", "size")
    encoded: bytes
    size: int
    """Bytes of UTF-8."""

    def __str__(self) -> str:  # a copy of type str would have lost the bytes
        return self

    def __html__(self) -> str:
        return self


def fragment(text: str) -> Fragment:
    """Whole lines, printable and encoded."""
    lines = printable(_whole(text))
    return _fragment(lines, quoted_printable(lines))


def _fragment(lines: bytes, encoded: bytes) -> Fragment:
    made = Fragment(lines.decode())
    made.encoded, made.size = encoded, len(lines)
    return made


def _whole(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"


@dataclass(frozen=True, slots=True)
class Body:
    """A rendered body: its pieces, each of whole lines."""

    pieces: tuple[Fragment, ...]

    def __str__(self) -> str:
        return "".join(self.pieces)

    @property
    def encoded(self) -> list[bytes]:
        """The pieces as quoted-printable."""
        return [piece.encoded for piece in self.pieces]

    @property
    def size(self) -> int:
        """Bytes of UTF-8."""
        return sum([piece.size for piece in self.pieces])

    @property
    def encoded_size(self) -> int:
        """Bytes as quoted-printable."""
        return sum([len(piece.encoded) for piece in self.pieces])


class Cached(Extension):
    """The tag `{% cached KEY %} ... {% endcached %}`; all that differs inside must be told by the key."""

    tags = {"cached"}  # noqa: RUF012 (as the base class has it)

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._kept: list[dict[Any, Fragment]] = []

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """Reads the tag into: look for the fragment; where there is none make it, else put it out as it is.

        Looking is a filter, and the filter a dictionary's own method: a call costs ten times as much in Jinja.
        """
        line = next(parser.stream).lineno
        key = parser.parse_expression()
        body = parser.parse_statements(("name:endcached",), drop_needle=True)
        kept: dict[Any, Fragment] = {}
        place, found = len(self._kept), parser.free_identifier()
        self._kept.append(kept)
        self.environment.filters[f"fragment {place}"] = kept.get
        look = nodes.Assign(found, nodes.Filter(key, f"fragment {place}", [], [], None, None))
        make = nodes.CallBlock(self.call_method("_make", [nodes.Const(place), key]), [], [], body)
        none = nodes.Compare(found, [nodes.Operand("eq", nodes.Const(None))])
        return [one.set_lineno(line) for one in (look, nodes.If(none, [make], [], self._as_it_is(found)))]

    def _as_it_is(self, found: nodes.Expr) -> list[nodes.Node]:
        """Puts a fragment out without escaping, which would make a copy of type Markup."""
        put = nodes.Output([found])
        if self.environment.autoescape is False:
            return [put]
        off, on = (nodes.EvalContextModifier([nodes.Keyword("autoescape", nodes.Const(is_))]) for is_ in (False, True))
        return [off, put, on]

    def _make(self, place: int, key: Any, caller: Callable[[], str]) -> Fragment:
        kept = self._kept[place]
        if len(kept) >= KEPT:
            kept.clear()
        made = kept[key] = fragment(str(caller()))
        return made


def check_keys(tree: nodes.Template, known: Iterable[str]) -> None:
    """Raises TemplateSyntaxError where a cached block uses what its key does not have: one reader would get another's.

    `known` are the names that are the same for everybody: the environment's. What a design imports is as well.
    """
    imported = {name for found in tree.find_all(nodes.FromImport) for name in _imported(found)}
    for block in tree.find_all(nodes.CallBlock):
        if isinstance(block.call.node, nodes.ExtensionAttribute):
            _check_key(block, {*known, *imported})


def _imported(found: nodes.FromImport) -> Iterator[str]:
    return (name[1] if isinstance(name, tuple) else name for name in found.names if not found.with_context)


def _check_key(block: nodes.CallBlock, known: set[str]) -> None:
    used = [name for part in block.body for name in _names(part)]
    given = {name.name for name in _names(block.call.args[1])} | {name.name for name in used if name.ctx == "store"}
    for name in used:
        if name.name not in given | known | {"loop"}:
            told = f"a cached block uses {name.name!r}, which is not in its key: readers would get each other's"
            raise TemplateAssertionError(told, name.lineno)
    for part in block.body:
        if isinstance(part, nodes.Include) or part.find(nodes.Include):
            raise TemplateAssertionError("a cached block cannot include a file; import a macro from it", part.lineno)


def _names(node: nodes.Node) -> Iterator[nodes.Name]:
    if isinstance(node, nodes.Name):
        yield node
    yield from node.find_all(nodes.Name)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A compiled template that renders into a body."""

    template: Template
    bulk: Mapping[str, tuple[str, Fragment, str]]
    """Long fixed texts: the end of a line, whole lines, the beginning of a line."""

    def render(self, contents: Mapping[str, Any]) -> Body:
        """The body with these contents."""
        pieces: list[Fragment | None] = []  # None for the reader's own lines, which are in `runs`
        runs: list[str] = []
        run: list[str] = []
        for part in self.template.root_render_func(self.template.new_context(dict(contents))):
            if isinstance(part, Fragment):
                _close(run, runs, pieces)
                pieces.append(part)
                run = []
            elif len(part) > _BULK and part in self.bulk:
                before, shared, after = self.bulk[part]
                _close([*run, before], runs, pieces)
                pieces.append(shared)
                run = [after]
            else:
                run.append(part)
        _close(run, runs, pieces)
        own = iter(_encoded(runs))
        return Body(tuple([next(own) if piece is None else piece for piece in pieces]))


def _close(run: Sequence[str], runs: list[str], pieces: list[Fragment | None]) -> None:
    if text := "".join(run):
        runs.append(text)
        pieces.append(None)


def _encoded(runs: Sequence[str]) -> list[Fragment]:
    """The runs as fragments, encoded in one go: a control character, of which there are none, parts them."""
    lines = [printable(_whole(run)) for run in runs]
    encoded = quoted_printable(b"\x1f\n".join(lines)).split(b"=1F\r\n")
    return [*map(_fragment, lines, encoded)] if lines else []


def sheet(environment: Environment, source: str, known: Iterable[str]) -> Sheet:
    """Compiles a template. Raises TemplateSyntaxError with the line of a fault."""
    tree = environment.parse(source)
    check_keys(tree, known)
    texts = {data.data for data in tree.find_all(nodes.TemplateData) if len(data.data) > _BULK}
    return Sheet(environment.from_string(tree), dict(_bulk(texts)))


def _bulk(texts: Iterable[str]) -> Iterator[tuple[str, tuple[str, Fragment, str]]]:
    for text in texts:
        start, end = text.find("\n") + 1, text.rfind("\n") + 1
        if end - start > _BULK:
            yield text, (text[:start], fragment(text[start:end]), text[end:])
