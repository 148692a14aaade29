"""What a design shares among readers: the tag `{% cached %}`, and its fixed text without any tag. No I/O.

`{% cached card %} ... {% endcached %}` is rendered and encoded once per `card`, in each design and language; the tag
stands on lines of its own. One piece of the reader's own may stand inside: `{% cached card with why %}`, or
`{% cached card with line = why | fill %}`, where `line` is what the block calls it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from jinja2 import Environment, Template, nodes
from jinja2.exceptions import TemplateAssertionError
from jinja2.ext import Extension
from jinja2.parser import Parser
from markupsafe import escape

from newsletter.render.fragments import BULK, Body, Bulk, Filled, Fragment, Recipe, body, filled, fragment, recipe

KEPT: Final = 2_048
"""Cards that one tag keeps, some 10 MB of them."""
_HOLE: Final = "\x1e"

Made = Fragment | Filled


@lru_cache(maxsize=16_384)
def _escaped(text: str) -> str:
    return str(escape(text))


class _Kept:
    """What one tag has made."""

    def __init__(self, *, escapes: bool) -> None:
        self._escape = _escaped if escapes else str
        self._fragments: dict[Any, Fragment] = {}
        self._recipes: tuple[dict[Any, Recipe], dict[Any, Recipe]] = {}, {}  # with an empty piece, with any other

    def look(self, key: Any, *own: str) -> Made | None:
        """What was made for the key, with the reader's own piece, if there is one."""
        if not own:
            return self._fragments.get(key)
        found = self._recipes[bool(own[0])].get(key)
        return None if found is None else filled(found, self._escape(own[0]))

    def make(self, key: Any, own: tuple[str, ...], caller: Callable[..., str]) -> Made:
        """Makes it from what the block puts out."""
        kept: dict[Any, Any] = self._recipes[bool(own[0])] if own else self._fragments
        if len(kept) >= KEPT:
            kept.clear()
        if not own:
            made = kept[key] = fragment(str(caller()))
            return made
        kept[key] = recipe(str(caller(_HOLE if own[0] else "")), _HOLE)
        return filled(kept[key], self._escape(own[0]))


class Cached(Extension):
    """The tag. All that differs inside must be told by the key, or be the one piece of the reader's own."""

    tags = {"cached"}  # noqa: RUF012 (as the base class has it)

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._kept: list[_Kept] = []

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """Reads the tag into: look for what is kept; where there is nothing make it, else put it out as it is.

        Looking is a filter: a call costs ten times as much in Jinja.
        """
        line = next(parser.stream).lineno
        key = parser.parse_expression()
        names, values = _own(parser)
        inside = parser.parse_statements(("name:endcached",), drop_needle=True)
        place, found = len(self._kept), parser.free_identifier()
        self._kept.append(_Kept(escapes=self.environment.autoescape is True))
        self.environment.filters[f"cached {place}"] = self._kept[-1].look
        look = nodes.Assign(found, nodes.Filter(key, f"cached {place}", values, [], None, None))
        make = nodes.CallBlock(self.call_method("_make", [nodes.Const(place), key, *values]), names, [], inside)
        none = nodes.Compare(found, [nodes.Operand("eq", nodes.Const(None))])
        return [one.set_lineno(line) for one in (look, nodes.If(none, [make], [], self._as_it_is(found)))]

    def _as_it_is(self, found: nodes.Expr) -> list[nodes.Node]:
        """Puts it out without escaping, which would make a copy of type Markup."""
        put = nodes.Output([found])
        if self.environment.autoescape is False:
            return [put]
        off, on = (nodes.EvalContextModifier([nodes.Keyword("autoescape", nodes.Const(is_))]) for is_ in (False, True))
        return [off, put, on]

    def _make(self, place: int, key: Any, *own: str, caller: Callable[..., str]) -> Made:
        return self._kept[place].make(key, own, caller)


def _own(parser: Parser) -> tuple[list[nodes.Name], list[nodes.Expr]]:
    """The name of the reader's own piece, and what it is; neither where the tag has none."""
    if not parser.stream.skip_if("name:with"):
        return [], []
    name = parser.stream.expect("name")
    value = (
        parser.parse_expression()
        if parser.stream.skip_if("assign")
        else nodes.Name(name.value, "load", lineno=name.lineno)
    )
    return [nodes.Name(name.value, "param", lineno=name.lineno)], [value]


# -- what a block may use


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
    given = {name.name for name in (*_names(block.call.args[1]), *block.args)}
    given |= {name.name for name in used if name.ctx == "store"}
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


# -- whole templates


@dataclass(frozen=True, slots=True)
class Sheet:
    """A compiled template that renders into a body."""

    template: Template
    bulk: Bulk

    def render(self, contents: Mapping[str, Any]) -> Body:
        """The body with these contents."""
        return body(self.template.root_render_func(self.template.new_context(dict(contents))), self.bulk)


def sheet(environment: Environment, source: str, known: Iterable[str]) -> Sheet:
    """Compiles a template. Raises TemplateSyntaxError with the line of a fault."""
    tree = environment.parse(source)
    check_keys(tree, known)
    _import(environment, tree)
    texts = {data.data for data in tree.find_all(nodes.TemplateData) if len(data.data) > BULK}
    template = environment.from_string(tree)
    template.globals = dict(template.globals)  # a ChainMap, which every message would go through name by name
    return Sheet(template, dict(_bulk(texts)))


def _import(environment: Environment, tree: nodes.Template) -> None:
    """Imports macros once, where Jinja would for every message: without context they are always the same."""
    for found in [*tree.find_all(nodes.FromImport)]:
        if found in tree.body and isinstance(found.template, nodes.Const) and not found.with_context:
            module = environment.get_template(found.template.value).module
            pairs = [name if isinstance(name, tuple) else (name, name) for name in found.names]
            environment.globals |= {alias: getattr(module, name) for name, alias in pairs}
            tree.body.remove(found)


def _bulk(texts: Iterable[str]) -> Iterator[tuple[str, tuple[str, Fragment, str]]]:
    for text in texts:
        start, end = text.find("\n") + 1, text.rfind("\n") + 1
        if end - start > BULK:
            yield text, (text[:start], fragment(text[start:end]), text[end:])
