"""Finds in an MJML file what mjml-python accepts without a word and what it refuses: where, what, and the cure. No I/O.

Jinja tags pass through: a value with one in it is not judged, and where one may stand is part of the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from newsletter.render.mjml.markup import JINJA, Attribute, Piece, Remark, Slip, Tag, Words, read
from newsletter.render.mjml.rules import (
    IGNORED,
    INCLUDING,
    NEEDED,
    NO_BLANKS,
    NO_COMMENTS,
    RULES,
    TAG_ALONE,
    UNDONE,
    UNDONE_VALUES,
    Holds,
    kinds_of,
    parents_of,
)
from newsletter.typed import listed, nearest, quoted

Include: TypeAlias = Callable[[str], str | None]
"""The text of an included file by its `path`, or None where there is none."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """What is wrong, and the cure. Line and column count from 1; `file` is the path of an include, or empty."""

    file: str
    line: int
    column: int
    what: str


def nothing(path: str) -> None:
    """Includes no file."""


def faults(source: str, include: Include = nothing) -> tuple[Fault, ...]:
    """Every fault of an MJML file and of those it includes, by line; none means that it does what it says."""
    sheet = _Sheet("", source)
    pieces = tuple(_whole(sheet, include, (), ()))
    known = _known(piece for _, piece in pieces if isinstance(piece, Tag))
    found = {_fault(part, slip) for part, piece in pieces for slip in _slips(piece, known)}
    found |= {_fault(sheet, slip) for slip in _document(piece for _, piece in pieces if isinstance(piece, Tag))}
    return tuple(sorted(found))


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A file that is read: its path and text."""

    file: str
    source: str


def _fault(sheet: _Sheet, slip: Slip) -> Fault:
    before = sheet.source[: slip.at]
    return Fault(sheet.file, before.count("\n") + 1, slip.at - before.rfind("\n"), slip.what)


def _whole(
    sheet: _Sheet, include: Include, around: tuple[str, ...], trail: tuple[str, ...]
) -> Iterator[tuple[_Sheet, Piece]]:
    """The pieces of a file, each include followed by those of its file, as if they stood there."""
    for found in read(sheet.source):
        if isinstance(found, Slip):
            yield sheet, found
            continue
        piece = replace(found, within=around + found.within)
        yield sheet, piece
        if isinstance(piece, Tag) and piece.name == "mj-include" and INCLUDING.intersection(piece.within[-1:]):
            yield from _included(sheet, piece, include, trail, at_top=bool(trail) and not found.within)


def _included(
    sheet: _Sheet, tag: Tag, include: Include, trail: tuple[str, ...], at_top: bool
) -> Iterator[tuple[_Sheet, Piece]]:
    path = next((attribute for attribute in tag.attributes if attribute.name == "path"), None)
    if path is None or path.value is None:
        yield sheet, Slip(tag.at, '<mj-include> names no file; write path="..."')
    elif path.jinja:
        yield sheet, Slip(path.at, f"{quoted(path.value)} is read before a Jinja tag is filled; write the path itself")
    elif at_top:
        yield sheet, Slip(tag.at, "an included file cannot include at its top; put this <mj-include> inside a tag")
    elif path.value in trail:
        yield sheet, Slip(tag.at, f"{quoted(path.value)} includes itself; take this <mj-include> out")
    elif (text := include(path.value)) is None:
        yield sheet, Slip(path.at, f"there is no file {quoted(path.value)} to include; mend the path")
    else:
        inside = {"css": ("mj-style",), "html": ("mj-raw",)}.get(tag.value("type") or "", ())
        yield from _whole(_Sheet(path.value, text), include, (*tag.within, *inside), (*trail, path.value))


@dataclass(frozen=True, slots=True)
class _Known:
    """What `mj-attributes` gives: the names of attributes by tag and by class."""

    tags: Mapping[str, frozenset[str]] = field(default_factory=dict)
    classes: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def given(self, tag: Tag) -> frozenset[str]:
        """The attributes that a tag has, its own and the given."""
        own = frozenset(attribute.name for attribute in tag.attributes)
        classes = (tag.value("mj-class") or "").split()
        return own.union(
            self.tags.get("mj-all", ()), self.tags.get(tag.name, ()), *(self.classes.get(name, ()) for name in classes)
        )


def _known(tags: Iterable[Tag]) -> _Known:
    known: dict[str, frozenset[str]] = {}
    classes: dict[str, frozenset[str]] = {}
    for tag in tags:
        if tag.within[-1:] == ("mj-attributes",):
            table, key = (classes, tag.value("name") or "") if tag.name == "mj-class" else (known, tag.name)
            table[key] = table.get(key, frozenset()).union(attribute.name for attribute in tag.attributes)
    return _Known(known, classes)


def _document(tags: Iterable[Tag]) -> Iterator[Slip]:
    """What is wrong with the file as a whole."""
    seen: set[str] = set()
    for tag in tags:
        if tag.name in ("mjml", "mj-head", "mj-body") and len(tag.within) <= 1:
            if tag.name in seen:
                yield Slip(tag.at, f"there is a second <{tag.name}>; make one of the two")
            seen.add(tag.name)
    if "mjml" not in seen:
        yield Slip(0, "there is no <mjml>; write <mjml><mj-body> ... </mj-body></mjml> around the whole")
    elif "mj-body" not in seen:
        yield Slip(0, "there is no <mj-body>, and so no mail; write one in <mjml>")


def _slips(piece: Piece, known: _Known) -> Iterator[Slip]:
    match piece:
        case Slip():
            yield piece
        case Words():
            yield from _words(piece)
        case Remark():
            yield from _remark(piece)
        case Tag():
            yield from _tag(piece, known)


def _holder(within: tuple[str, ...]) -> tuple[str, Holds]:
    """The tag in which a piece stands and what that may hold: of HTML in a text, the tag of MJML around it."""
    for outer, name in zip(("", *within), within, strict=False):
        if outer == "mj-attributes":
            return name, "nothing"
        if name in RULES and RULES[name].holds != "tags":
            return name, RULES[name].holds
    return (within[-1], "tags") if within else ("", "tags")


def _words(words: Words) -> Iterator[Slip]:
    name, holds = _holder(words.within)
    said = words.text.lstrip("\ufeff" if words.at == 0 else "").strip(None if words.within else " \t\r\n")
    at = words.at + words.text.find(said[:1]) if said else words.at
    if said and holds == "nothing":
        yield Slip(at, f"<{name}> holds nothing; take {_shown(said)} out of it")
    elif said and holds == "tags" and (name in RULES or not name):
        yield Slip(at, _stray(said, name))
    elif holds == "tags" and name in NO_BLANKS and words.text and not words.text.startswith("\n") and not said:
        yield Slip(
            at, f"blanks between two tags in <{name}>; put each tag on a line of its own, without blanks after it"
        )


def _stray(said: str, name: str) -> str:
    """What to say of text or of a Jinja tag between the tags of MJML."""
    tag = JINJA.match(said)
    shown = _shown(tag[0] if tag else said)
    if not name:
        return f"{shown} stands outside <mjml>; put it into an <mj-raw>, first in <mj-body>"
    if tag and tag[0].startswith("{#"):
        return f"{shown} stands between tags; write it as <!-- -->, which is left out of the mail"
    if "mj-raw" in RULES[name].children:
        into = "<mj-raw>" if tag and tag[0].startswith("{%") else "<mj-text>" if name != "mj-head" else "<mj-title>"
        return f"{shown} stands between the tags of <{name}>; put it into {into}"
    return f"{shown} stands between the tags of <{name}>, which holds tags alone; put it into one of them"


def _shown(said: str) -> str:
    flat = " ".join(said.split())
    return flat if len(flat) <= 40 else f"{flat[:39]}…"


def _remark(remark: Remark) -> Iterator[Slip]:
    name, holds = _holder(remark.within)
    if remark.conditional and holds != "html" and holds != "nothing":
        where = f"in <{name}>" if name else "outside <mjml>"
        yield Slip(remark.at, f"a conditional comment cannot stand {where}; put it into <mj-raw> or <mj-text>")
    elif holds in ("words", "nothing") or name in NO_COMMENTS:
        yield Slip(remark.at, f"a comment cannot stand in <{name}>; put it before")
    elif "{%" in remark.text and not remark.conditional:
        yield Slip(remark.at, "a comment is left out of the mail, and the {% %} in it too; take it out of the comment")


def _tag(tag: Tag, known: _Known) -> Iterator[Slip]:
    name, holds = _holder(tag.within)
    if holds in ("html", "plain html"):
        yield from _in_text(tag, name)
    elif holds != "tags":
        content = "nothing" if holds == "nothing" else "text alone"
        yield Slip(tag.at, f"<{name}> holds {content}; take <{tag.name}> out of it")
    elif tag.name in UNDONE:
        yield Slip(tag.at, f"<{tag.name}> is not for use here: {UNDONE[tag.name]}")
    elif name == "mj-attributes":
        yield from _default(tag)
    elif tag.name not in RULES:
        yield Slip(tag.at, _no_tag(tag.name, name))
    else:
        yield from _place(tag, name)
        yield from _attributes(tag, known)


def _in_text(tag: Tag, name: str) -> Iterator[Slip]:
    if tag.name == "mj-include":
        yield Slip(tag.at, f"<mj-include> in <{name}> is left out; include a file with the whole <{name}>")
    elif tag.name in RULES:
        yield Slip(tag.at, f"<{tag.name}> in <{name}> stays as it is, for <{name}> holds HTML; put it beside <{name}>")


def _no_tag(name: str, parent: str) -> str:
    if close := nearest(name, RULES):
        return f"there is no tag <{name}>{close}"
    where = f"in <{parent}>" if parent else "outside <mjml>"
    return f"<{name}> is no tag of MJML; HTML {where} has to stand in <mj-text> or <mj-raw>"


def _place(tag: Tag, parent: str) -> Iterator[Slip]:
    """Whether a tag may stand where it does; in what is no tag itself, anything may."""
    if parent and parent not in RULES:
        return
    allowed = INCLUDING if tag.name == "mj-include" else parents_of(tag.name)
    if tag.name == "mjml" and parent:
        yield Slip(tag.at, f"<mjml> cannot stand in <{parent}>; of an included file write what is in it, not the whole")
    elif parent not in allowed and tag.name != "mjml":
        where = f"in <{parent}>" if parent else "outside <mjml>"
        homes = listed(f"<{home}>" for home in sorted(allowed))
        yield Slip(tag.at, f"<{tag.name}> cannot stand {where}; it belongs into {homes}")


def _attributes(tag: Tag, known: _Known) -> Iterator[Slip]:
    for attribute in tag.attributes:
        yield from _attribute(attribute, tag.name, (tag.name,))
        if attribute.name in IGNORED.get(tag.name, ()):
            instead = IGNORED[tag.name][attribute.name]
            cure = f"write {instead}" if instead else "leave it out"
            yield Slip(attribute.at, f"mjml-python leaves {attribute.name!r} of <{tag.name}> out; {cure}")
        if attribute.name == "mj-class":
            yield from _classes(attribute, known)
    lacking = [name for name in NEEDED.get(tag.name, ()) if name not in known.given(tag)]
    if lacking:
        cure = " ".join(f'{name}="{_SUCH[name]}"' for name in lacking)
        yield Slip(tag.at, f"<{tag.name}> has no {listed(lacking)}; write {cure}")


_SUCH: Final = {"alt": "what it shows, or nothing", "width": "600px", "height": "200px"}


def _classes(attribute: Attribute, known: _Known) -> Iterator[Slip]:
    if attribute.jinja:
        yield Slip(attribute.at, "'mj-class' is read before a Jinja tag is filled; write the name itself, or css-class")
        return
    for name in (attribute.value or "").split():
        if name not in known.classes:
            cure = nearest(name, known.classes) or f"; write <mj-class name={name!r} /> into <mj-attributes>"
            yield Slip(attribute.at, f"there is no <mj-class> {quoted(name)}{cure}")


def _attribute(attribute: Attribute, tag: str, like: Iterable[str]) -> Iterator[Slip]:
    """Whether an attribute has a name and a value of some tag in `like`."""
    like = tuple(like)
    kinds, name = kinds_of(like, attribute.name), attribute.name
    if not kinds:
        names = dict.fromkeys(known for one in like for known in RULES[one].attributes)
        close = nearest(name, names) or (f"; it has {listed(names)}" if 0 < len(names) <= 6 else "; leave it out")
        yield Slip(attribute.at, f"<{tag}> has no attribute {quoted(name)}{close}")
    elif attribute.value is None:
        yield Slip(attribute.at, f'{name!r} of <{tag}> has no value; write {name}="..."')
    elif attribute.jinja:
        return
    elif cure := UNDONE_VALUES.get((tag, name, attribute.value)):
        yield Slip(attribute.at, f'mjml-python does not do {name}="{attribute.value}" of <{tag}>; {cure}')
    elif all(wrong := [kind.fault(attribute.value) for kind in kinds]):
        yield Slip(attribute.at, f"{name!r} of <{tag}> is {wrong[0]}")


def _default(tag: Tag) -> Iterator[Slip]:
    """A tag in `mj-attributes`: what every tag of its name, of any name or of a class has."""
    if tag.name == "mj-include":
        return
    own = {"mj-all": RULES, "mj-class": RULES}.get(tag.name, (tag.name,) if tag.name in RULES else ())
    if not own:
        cure = (
            nearest(tag.name, [*RULES, "mj-all", "mj-class"])
            or "; <mj-attributes> holds tags of MJML, mj-all and mj-class"
        )
        yield Slip(tag.at, f"there is no tag <{tag.name}>{cure}")
        return
    if tag.name == "mj-class" and not tag.value("name"):
        yield Slip(tag.at, '<mj-class> has no name; write name="..."')
    for attribute in tag.attributes:
        yield from _attribute(attribute, tag.name, own)
        if attribute.name in TAG_ALONE.get(tag.name, ()) and attribute.name in RULES[tag.name].attributes:
            yield Slip(
                attribute.at,
                f"mjml-python does not take {attribute.name!r} of <{tag.name}> from <mj-attributes>; write it on the tag",
            )
