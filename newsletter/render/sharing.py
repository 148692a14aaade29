"""What a design shares among readers: the tag `{% cached %}`, and its fixed text without any tag. No I/O.

`{% cached card %} ... {% endcached %}` is rendered and encoded once per `card`, in each design and language; the tag
stands on lines of its own. One piece of the reader's own may stand inside: `{% cached card with why %}`, or
`{% cached card with line = why | fill %}`, where `line` is what the block calls it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MethodType
from typing import Any, Final, TypeVar

from jinja2 import Environment, Template, nodes, pass_context
from jinja2.exceptions import TemplateAssertionError
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.visitor import NodeTransformer
from markupsafe import escape

from newsletter.render.fragments import BULK, Body, Bulk, Fragment, Recipe, body, encoded, filled, fragment, recipe

KEPT: Final = 2_048
"""Keys that one tag keeps something for, some 10 MB of cards."""
KEPT_OWN: Final = 8_192
"""Pairs of a key and a reader's own piece, some 5 MB: what is said to one reader is often said to another."""
_HOLE: Final = "\x1e"
_SPECIAL: Final = re.compile("[&<>\"']")


def _escaped(text: str) -> str:
    # Of type Markup it would escape what it is joined with; and most texts have nothing to escape.
    return str(escape(text)) if _SPECIAL.search(text) else text


_Kept = TypeVar("_Kept", bound=dict[Any, Any] | set[str])


def _with_room(kept: _Kept, most: int) -> _Kept:
    """With room for one more."""
    if len(kept) >= most:
        kept.clear()
    return kept


class _Whole:
    """What a tag without a piece of the reader's own has made, by its key."""

    def __init__(self) -> None:
        self._made: dict[Any, Fragment] = {}

    @pass_context  # or Jinja would look for a constant key once, when it compiles
    def look(self, _: Context, key: Any) -> Fragment | None:
        """What was made for the key, if there is something."""
        return self._made.get(key)

    def make(self, caller: Callable[..., str], key: Any) -> Fragment:
        """Makes it from what the block puts out."""
        made = _with_room(self._made, KEPT)[key] = fragment(str(caller()))
        return made


class _Filled(dict[tuple[Any, str], Fragment | None]):
    """What a tag with one has made, by its key and that piece."""

    def __init__(self, escaped: Callable[[str], str]) -> None:
        self._escaped = escaped
        self._recipes: dict[tuple[Any, bool], Recipe] = {}  # an empty piece is left out with what is around it
        self._said = set[str]()
        self.look = self.__getitem__  # of what is there no Python function is called

    def __missing__(self, pair: tuple[Any, str]) -> Fragment | None:
        key, own = pair
        found = self._recipes.get((key, bool(own)))
        if found is None:
            return None
        made = filled(found, self._escaped(own))
        if own in self._said:  # what is said to one reader alone is not kept
            _with_room(self, KEPT_OWN)[pair] = made
        else:
            _with_room(self._said, KEPT_OWN).add(own)
        return made

    def make(self, caller: Callable[..., str], key: Any, own: str) -> Fragment | None:
        """Makes it from what the block puts out."""
        if len(self._recipes) >= KEPT:
            self._recipes.clear()
            self.clear()  # or it would keep their cards
        self._recipes[key, bool(own)] = recipe(str(caller(_HOLE if own else "")), _HOLE)
        return self[key, own]


class Cached(Extension):
    """The tag. All that differs inside must be told by the key, or be the one piece of the reader's own."""

    tags = {"cached"}  # noqa: RUF012 (as the base class has it)

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._kept: list[_Whole | _Filled] = []

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """Reads the tag into: look for what is kept; where there is nothing make it, else put it out as it is.

        Looking is a filter: a call costs ten times as much in Jinja.
        """
        line = next(parser.stream).lineno
        key = parser.parse_expression()
        names, values = _own(parser)
        inside = parser.parse_statements(("name:endcached",), drop_needle=True)
        place, found = len(self._kept), parser.free_identifier()
        whole = nodes.Tuple([key, *values], "load") if values else key
        self._kept.append(_Filled(_escaped if self.environment.autoescape else str) if values else _Whole())
        self.environment.filters[f"cached {place}"] = self._kept[-1].look
        look = nodes.Assign(found, nodes.Filter(whole, f"cached {place}", [], [], None, None))
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

    def _make(self, place: int, key: Any, *own: str, caller: Callable[..., str]) -> Fragment | None:
        return self._kept[place].make(caller, key, *own)


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
    imports = (found for found in tree.find_all(nodes.FromImport) if not found.with_context)
    imported = {alias for found in imports for alias in _aliases(found)}
    for block in tree.find_all(nodes.CallBlock):
        if isinstance(block.call.node, nodes.ExtensionAttribute):
            _check_key(block, {*known, *imported})


def _aliases(found: nodes.FromImport) -> Iterator[str]:
    return (name[1] if isinstance(name, tuple) else name for name in found.names)


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

    def render(self, contents: Mapping[str, Any], token: str = "") -> Body:
        """The body with these contents, and with the reader's token in the links of shared cards."""
        return body(self.template.root_render_func(self.template.new_context(dict(contents))), self.bulk, token)


def sheet(environment: Environment, source: str, known: Iterable[str]) -> Sheet:
    """Compiles a template. Raises TemplateSyntaxError with the line of a fault."""
    tree = environment.parse(source)
    check_keys(tree, known)
    _import(environment, tree)
    _Filters(environment, tree).visit(tree)
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


class _Filters(NodeTransformer):
    """Makes `name | apart` of `apart(name)`: the same, but Jinja takes a tenth of the time for it."""

    def __init__(self, environment: Environment, tree: nodes.Template) -> None:
        own = {name.name for name in tree.find_all(nodes.Name) if name.ctx != "load"}
        own |= {macro.name for macro in tree.find_all(nodes.Macro)}
        own |= {alias for found in tree.find_all(nodes.FromImport) for alias in _aliases(found)}
        self._names = {name for name, made in environment.globals.items() if isinstance(made, MethodType)} - own
        environment.filters |= {name: environment.globals[name] for name in self._names}

    def visit_Call(self, node: nodes.Call) -> nodes.Expr:  # noqa: N802 (as the base class wants it)
        self.generic_visit(node)
        name = node.node.name if isinstance(node.node, nodes.Name) else ""
        if name not in self._names or not node.args or node.dyn_args or node.dyn_kwargs:
            return node
        return nodes.Filter(node.args[0], name, node.args[1:], node.kwargs, None, None, lineno=node.lineno)


def _bulk(texts: Iterable[str]) -> Iterator[tuple[str, tuple[str, bytes, str]]]:
    for text in texts:
        start, end = text.find("\n") + 1, text.rfind("\n") + 1
        if start:
            yield text, (text[:start], encoded(text[start:end]) if start < end else b"", text[end:])
