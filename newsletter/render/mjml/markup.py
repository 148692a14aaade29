"""Reads an MJML file with Jinja tags in it as mjml-python will: its tags and texts with their places, and its slips.
No I/O.

This is a scanner of our own because what counts is what mjml-python takes, and no parser at hand agrees with it: expat
stops at the first `&nbsp;`, `<br>` or `{% %}`, and `html.parser` forgives what mjml-python refuses (a bare `<`, a
value without quotes), differently in each Python. mjml-python itself names one fault at a time, mostly without its
place. That whatever it refuses is a slip or a fault here is tested with damaged files.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from newsletter.typed import nearest, quoted

VOID: Final = frozenset("area base br col embed hr img input link meta param source track wbr".split())
"""The tags of HTML that mjml-python does not want closed (1.4.2, 2026-11)."""

_STRING = r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
JINJA: Final = re.compile(
    rf"\{{#.*?#\}}|\{{\{{(?:{_STRING}|[^\"'])*?\}}\}}|\{{%(?:{_STRING}|[^\"'])*?%\}}",
    re.DOTALL,
)
"""A Jinja tag: comment, expression or statement."""

_HIDDEN = "\ue000"  # stands for each character of a Jinja tag while the tags of MJML are read
_NAME = r"[A-Za-z_][\w.-]*+(?::[A-Za-z_][\w.-]*+)?"
# A `<` in a value has its closing quote on the same line; otherwise a quote was forgotten, and the file goes on.
_VALUE = r"\"(?:[^\"<]++|<(?=[^\"\n]*+\"))*+\"|'(?:[^'<]++|<(?=[^'\n]*+'))*+'"
_ATTRIBUTE = rf"(?P<name>{_NAME})(?:\s*+=\s*+(?P<value>{_VALUE}))?"
_ATTRIBUTES = rf"(?:\s++{_NAME}(?:\s*+=\s*+(?:{_VALUE}))?)*+"
_ENDIF_TAIL = r"(?:>-->|><!-->|-->|>)"
_TOKEN = re.compile(
    rf"""(?P<text>[^<]++)
    |(?P<conditional><!(?:--)?\[if[^]]*+\]{_ENDIF_TAIL}|<!\[endif\]{_ENDIF_TAIL}|<!--<!\[endif[^]]*+\]{_ENDIF_TAIL})
    |(?P<comment><!--(?!\[if|<!\[endif).*?-->)
    |(?P<closing></(?P<closed>{_NAME})\s*+>)
    |(?P<opening><(?P<opened>{_NAME})(?P<attributes>{_ATTRIBUTES})\s*+(?P<empty>/?)>)
    |(?P<wrong><)""",
    re.DOTALL | re.VERBOSE | re.ASCII,
)
_BEGUN = re.compile(rf"</?+(?P<opened>{_NAME})(?P<attributes>{_ATTRIBUTES})\s*+", re.ASCII)
_LAST = re.compile(rf"({_NAME})\s*+$", re.ASCII)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of a tag; `value` is None where none was written."""

    name: str
    value: str | None
    jinja: bool
    at: int


@dataclass(frozen=True, slots=True)
class Tag:
    """An opening tag; `within` names the open ones around it, the outermost first."""

    name: str
    attributes: tuple[Attribute, ...]
    at: int
    within: tuple[str, ...]

    def value(self, name: str) -> str | None:
        """What an attribute says, or None."""
        return next((attribute.value for attribute in self.attributes if attribute.name == name), None)


@dataclass(frozen=True, slots=True)
class Words:
    """What stands between two tags, blanks and Jinja tags included."""

    text: str
    at: int
    within: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment, or the beginning or end of a conditional one (`<!--[if mso]>`)."""

    text: str
    conditional: bool
    at: int
    within: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Slip:
    """Something that mjml-python refuses, or spoils without a word."""

    at: int
    what: str


Piece: TypeAlias = Tag | Words | Remark | Slip


def read(source: str) -> Iterator[Piece]:
    """The pieces of a file in their order, all places as offsets in it; whatever stands in the file, it is read on."""
    hidden = JINJA.sub(lambda found: _HIDDEN * len(found[0]), source)
    for found in _NOT_XML.finditer(source):
        yield Slip(found.start(), f"the character U+{ord(found[0]):04X} is not allowed; delete it")
    opened: list[tuple[str, int]] = []
    at = 0
    while at < len(hidden):
        token = _TOKEN.match(hidden, at)
        assert token, "every character begins a token"
        at = token.end()
        within = tuple(name for name, _ in opened)
        match token.lastgroup:
            case "text":
                yield from _words(source, token.start(), at, within)
            case "comment" | "conditional":
                yield from _remark(source[token.start() : at], token.start(), token.lastgroup == "conditional", within)
            case "closing":
                yield from _close(token["closed"], token.start(), opened)
            case "opening":
                yield from _open(source, hidden, token, opened, bool(token["empty"]))
            case _:
                at = yield from _wrong(source, hidden, token.start(), opened)
    yield from (_unclosed(name, place) for name, place in opened)


def _words(source: str, start: int, end: int, within: tuple[str, ...]) -> Iterator[Piece]:
    yield Words(source[start:end], start, within)
    for tag in JINJA.finditer(source, start, end):
        if "<" in tag[0]:
            yield Slip(tag.start(), f"`<` in {_short(tag[0])} is read as a tag; {_without_less(tag[0])}")
    if (fall := _falls(source[start:end])) is not None:
        near = source[start : start + fall].rstrip()[-1:]
        yield Slip(start + fall, f"mjml-python breaks off at a `>` so close behind {near!r}; write &gt;")
    for found in re.finditer("]]>", source[start:end]):
        yield Slip(start + found.start(), "`]]>` is not allowed in text; write ]]&gt;")


def _falls(text: str) -> int | None:
    """Where a `>` makes mjml-python panic: it looks at the two bytes before the first one of a text, and does not
    bear half a character there (1.4.2, 2026-11)."""
    before, found, _ = text.partition(">")
    half = before.encode(errors="surrogatepass")[-2:-1]
    return len(before) if found and b"\x80" <= half <= b"\xbf" else None


def _without_less(tag: str) -> str:
    if tag.startswith("{#"):
        return "write such a comment as <!-- -->, without any `--` in it"
    return "turn the comparison round (`3 > a`), or write it as `a is lt 3`"


def _remark(text: str, at: int, conditional: bool, within: tuple[str, ...]) -> Iterator[Piece]:
    yield Remark(text, conditional, at, within)
    if not conditional and ("--" in text[4:-3] or text[4:-3].endswith("-")):
        yield Slip(at, "a comment cannot hold `--` or end in `-`; leave the dashes out")


def _close(name: str, at: int, opened: list[tuple[str, int]]) -> Iterator[Piece]:
    names = [open_name for open_name, _ in opened]
    if name in VOID:
        yield Slip(at, f"<{name}> is never closed; delete </{name}>")
    elif name in names:
        while opened[-1][0] != name:
            yield _unclosed(*opened.pop(), f" before </{name}>")
        opened.pop()
    elif names and nearest(name, names[-1:]):
        opened.pop()
        yield Slip(at, f"</{name}> does not close <{names[-1]}>; write the same name in both")
    else:
        yield Slip(at, f"</{name}> closes nothing; delete it, or open <{name}> before")


def _unclosed(name: str, at: int, where: str = "") -> Slip:
    return Slip(at, f"<{name}> is not closed; write </{name}>{where}")


def _open(
    source: str, hidden: str, token: re.Match[str], opened: list[tuple[str, int]], empty: bool
) -> Iterator[Piece]:
    name, at = token["opened"], token.start()
    attributes = tuple(_attributes(source, hidden, *token.span("attributes")))
    yield Tag(name, attributes, at, tuple(open_name for open_name, _ in opened))
    for number, attribute in enumerate(attributes):
        if attribute.name in (before.name for before in attributes[:number]):
            yield Slip(attribute.at, f"{attribute.name!r} stands twice in <{name}>; delete one")
        yield from _garbled(attribute)
    if not empty and name not in VOID:
        opened.append((name, at))


def _attributes(source: str, hidden: str, start: int, end: int) -> Iterator[Attribute]:
    for found in re.compile(_ATTRIBUTE, re.ASCII).finditer(hidden, start, end):
        first, last = found.span("value")
        value = source[first + 1 : last - 1] if found["value"] else None
        yield Attribute(found["name"], value, _HIDDEN in (found["value"] or ""), found.start())


def _garbled(attribute: Attribute) -> Iterator[Slip]:
    """mjml-python writes values as Rust's {:?} does: `"`, `\\` and what is invisible come out as escapes (2026-11)."""
    name, value = attribute.name, attribute.value or ""
    if '"' in value:
        yield Slip(
            attribute.at, f"a double quote in the value of {name!r} is spoilt; use single quotes in it, or &quot;"
        )
    elif "\\" in value:
        yield Slip(attribute.at, f"a backslash in the value of {name!r} is doubled; write &#92;, or do without")
    elif "\n" in value or "\t" in value:
        yield Slip(attribute.at, f"a line break or tab in the value of {name!r} is spoilt; write it on one line")
    elif unseen := next((c for c in value if not (c.isprintable() and unicodedata.category(c)[0] != "M")), ""):
        yield Slip(attribute.at, f"U+{ord(unseen):04X} in the value of {name!r} is spoilt; write &#{ord(unseen)};")


def _wrong(source: str, hidden: str, at: int, opened: list[tuple[str, int]]) -> Generator[Piece, None, int]:
    """What is wrong with the `<` at this place; the generator's result is where to read on."""
    begun = _BEGUN.match(hidden, at)
    if not begun:
        yield Slip(at, _no_tag(source[at : at + 9]))
        return at + (1 if not hidden.startswith("<!--", at) else 4)
    name, trouble = begun["opened"], begun.end()
    stop = re.compile(r"[<>]|\Z").search(hidden, trouble)
    assert stop, "at the latest the end"
    yield Slip(at if stop[0] == "<" or trouble == len(hidden) else trouble, _trouble(source, hidden, begun))
    end = stop.end() if stop[0] == ">" else stop.start()
    if not hidden.startswith("</", at):
        # Taken as open if it is closed somewhere, so that one slip does not become many.
        empty = hidden.endswith("/>", at, end) or f"</{name}" not in hidden[end:]
        yield from _open(source, hidden, begun, opened, empty)
    elif any(name == open_name for open_name, _ in opened):
        yield from _close(name, at, opened)
    return end


def _no_tag(begins: str) -> str:
    if begins.startswith(("<!--[if", "<![if", "<![endif", "<!--<![e")):
        return "the conditional comment is not finished; write <!--[if mso]> ... <![endif]-->"
    if begins.startswith("<!--"):
        return "the comment is not finished; write -->"
    if begins.startswith(("<!", "<?")):
        return f"{quoted(begins.split()[0])} has no place in MJML; delete it"
    return "a bare `<`; write &lt;"


def _trouble(source: str, hidden: str, begun: re.Match[str]) -> str:
    name, at = begun["opened"], begun.end()
    if at >= len(hidden) or hidden[at] == "<":
        return f"the tag <{name} is not finished; write its >"
    if hidden.startswith("</", begun.start()):
        return f"a closing tag holds its name alone; write </{name}>"
    if hidden[at] == _HIDDEN:
        tag = JINJA.match(source, at)
        return (
            f"{_short(tag[0] if tag else '{{')} stands between the attributes of <{name}>; put it inside a value, or "
            "write the tag twice, with the condition around it"
        )
    if hidden[at] == "=" and (before := _LAST.search(begun[0])):
        return f'the value of {before[1]!r} lacks its quotes, or one of them; write {before[1]}="..."'
    if follows := re.compile(_NAME, re.ASCII).match(hidden, at):
        return f"there is no blank before the attribute {quoted(follows[0])}; write one"
    return f'{quoted(source[at])} does not belong into <{name}>; write attributes as name="value"'


def _short(tag: str) -> str:
    """A Jinja tag as it is shown: on one line, not long."""
    flat = " ".join(tag.split())
    return flat if len(flat) <= 40 else f"{flat[:36]}…{flat[-2:]}"
