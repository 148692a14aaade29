"""The keys of the subscribers' file in one table: what each means, how it is read, what an editor may offer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

from newsletter.library import zotero
from newsletter.subscribers import words
from newsletter.subscribers.examples import example, read_bibliography
from newsletter.typed import address, choice, integer, line, listed, nearest, positive, quoted
from newsletter.yamltext import Fault, Fields, Items, Text, Value

Shape: TypeAlias = Mapping[str, Any]
"""A piece of JSON Schema."""


@dataclass(slots=True)
class Reading:
    """One reading of a file: where its folder is, and every fault met so far."""

    folder: Path
    faults: list[Fault] = field(default_factory=list)
    bibliographies: dict[Path, tuple[str, ...]] = field(default_factory=dict)

    def fault(self, at: Value, where: str, what: str) -> None:
        self.faults.append(Fault(at.line, at.column, f"{where}: {what}"))


Reader: TypeAlias = Callable[[Value, str, Reading], Any]
"""Takes a value, where it stands (`subscribers[3].cadence`) and the reading; None where nothing usable was typed."""


@dataclass(frozen=True, slots=True)
class Field:
    """A key of the file."""

    read: Reader
    says: str
    shape: Shape


def fields_of(value: Value, table: Mapping[str, Field], where: str, reading: Reading) -> dict[str, Any]:
    """What a mapping says, by key; what is wrong with it goes to the reading's faults."""
    if not isinstance(value, Fields):
        first = next(iter(table))
        reading.fault(value, where, f"expected keys with values, beginning with `{first}: ...`")
        return {}
    found = {}
    for key, (typed, inner) in value.fields.items():
        if key not in table:
            reading.fault(typed, where, unknown(key, table))
        elif (got := table[key].read(inner, f"{where}.{key}", reading)) is not None:
            found[key] = got
    return found


def unknown(key: str, known: Iterable[str]) -> str:
    """What to say of a key that is not one."""
    if key == "<<":
        return "'<<' merges nothing here; put what subscribers share under `defaults:`"
    return f"{quoted(key)} is not a key here{nearest(key, known) or '; the keys are ' + listed(known)}"


def one(meaning: Callable[[str], Any]) -> Reader:
    """Reads a single text; an empty one counts as not typed."""

    def read(value: Value, where: str, reading: Reading) -> Any:
        if not isinstance(value, Text):
            reading.fault(value, where, "expected a single text, not a list or keys")
            return None
        return _meaning(value, where, reading, meaning) if value.text.strip() else None

    return read


def many(meaning: Callable[[str], Any]) -> Reader:
    """Reads a list of texts or a single one: a tuple in the order typed, each once."""

    def read(value: Value, where: str, reading: Reading) -> tuple[Any, ...]:
        found = (_meaning(text, place, reading, meaning) for text, place in _texts(value, where, reading))
        return tuple(dict.fromkeys(each for each in found if each is not None))

    return read


def _texts(value: Value, where: str, reading: Reading) -> Iterable[tuple[Text, str]]:
    """The texts of a list, or the one text, each with where it stands; empty ones are left out."""
    listing = isinstance(value, Items)
    for number, item in enumerate(value.items if isinstance(value, Items) else (value,)):
        place = f"{where}[{number}]" if listing else where
        if not isinstance(item, Text):
            reading.fault(item, place, "expected a text; put text that has a colon or brackets in quotes")
        elif item.text.strip():
            yield item, place


def _meaning(text: Text, where: str, reading: Reading, meaning: Callable[[str], Any]) -> Any:
    try:
        return meaning(text.text)
    except ValueError as error:
        reading.fault(text, where, str(error))
        return None


def _examples(value: Value, where: str, reading: Reading) -> tuple[str, ...]:
    """Reads example papers: ids, addresses, DOIs, `.bib` files in the folder of this one, and names of libraries.

    A library is not asked here: its name stands for what it holds.
    """

    def meaning(text: str) -> tuple[str, ...]:
        if library := zotero.name_in(text):
            return (library,)
        if not text.strip().lower().endswith(".bib"):
            return (example(text),)
        path = reading.folder / text.strip()
        if path not in reading.bibliographies:
            reading.bibliographies[path] = read_bibliography(path)
        return reading.bibliographies[path]

    found = (_meaning(text, place, reading, meaning) for text, place in _texts(value, where, reading))
    return tuple(dict.fromkeys(paper for papers in found for paper in papers or ()))


def interests(value: Value, where: str, reading: Reading) -> tuple[dict[str, Any], ...]:
    """Reads interests: a list of mappings, or of names alone."""
    if isinstance(value, Text) and not value.text.strip():
        return ()
    items = value.items if isinstance(value, Items) else (value,)
    found = [_interest(item, f"{where}[{number}]", reading) for number, item in enumerate(items)]
    first: dict[str, int] = {}
    for number, (item, interest) in enumerate(zip(items, found, strict=True)):
        name = interest.get("name", "").casefold()
        if name and first.setdefault(name, number) != number:
            earlier = items[first[name]].line
            what = f"the interest on line {earlier} is named {quoted(interest['name'])} too: rename one"
            reading.fault(item, f"{where}[{number}]", what)
    return tuple(found)


def _interest(value: Value, where: str, reading: Reading) -> dict[str, Any]:
    """Reads one interest; a text alone is its name."""
    if isinstance(value, Text):
        value = Fields({"name": (value, value)}, value.line, value.column)
    found = fields_of(value, INTEREST, where, reading)
    if not isinstance(value, Fields):
        return found
    if is_blank(value, "name"):
        reading.fault(value, where, "has no name; it becomes the heading of a section, so add `name: ...`")
    elif "name" in found and not any(map(str.isalnum, found["name"])) and not found.keys() & _MATCHING:
        reading.fault(value, where, f"has nothing to match papers with; add {listed(_MATCHING)}")
    for paper in sorted({*found.get("like", ())} & {*found.get("dislike", ())}):
        what = f"{paper} is under `like` too; keep it in one of them"
        reading.fault(value.fields["dislike"][1], f"{where}.dislike", what)
    return found


def is_blank(value: Fields, key: str) -> bool:
    """Whether nothing is typed under `key`."""
    _, typed = value.fields.get(key, (None, None))
    return typed is None or (isinstance(typed, Text) and not typed.text.strip())


_NAME: Final = line(200)
_TYPES: Final = ["string", "number", "boolean"]  # an editor types 2401.10020 as a number and NO as a boolean
_MATCHING: Final = ("about", "keywords", "authors", "categories", "like")


def _text(**more: Any) -> Shape:
    return {"type": _TYPES, **more}


def _texts_shape(**more: Any) -> Shape:
    return {"anyOf": [_text(**more), {"type": "array", "items": _text(**more)}]}


def _whole(least: int, most: int) -> Shape:
    return {"type": ["integer", "string"], "minimum": least, "maximum": most, "pattern": "^[0-9]+$"}


def _words(says: str, *examples: str) -> Field:
    return Field(many(line(300)), says, _texts_shape(examples=list(examples)))


_PAPERS = (
    "An arXiv id, an address or DOI of a paper, a .bib file beside this one, or zotero:users/12345/collections/KEY."
)

INTEREST: Final[Mapping[str, Field]] = {
    "name": Field(one(_NAME), "The heading of its section.", _text(examples=["Diffusion models"])),
    "about": Field(one(line(10_000)), "What it is about, in your own words. Counts like an abstract.", _text()),
    "keywords": _words("Words or phrases that such papers use.", "flow matching"),
    "authors": _words("Authors to follow.", "Ada Lovelace"),
    "categories": Field(many(words.category), "arXiv categories.", _texts_shape(examples=["cs.LG", "cs.CL"])),
    "like": Field(_examples, f"Papers as you want them. {_PAPERS}", _texts_shape(examples=["2006.11239"])),
    "dislike": Field(_examples, f"Papers as you do not want them. {_PAPERS}", _texts_shape(examples=["2006.11239"])),
    "exclude": _words("Words or phrases that keep a paper out of this interest.", "medical"),
    "threshold": Field(
        one(choice("loose", "normal", "strict")),
        "How well a paper must match: loose shows more, strict less. Default: normal.",
        {"enum": ["loose", "normal", "strict"]},
    ),
    "weight": Field(
        one(positive),
        "How much it counts beside the other interests. Default: 1.",
        {"type": ["number", "string"], "exclusiveMinimum": 0, "maximum": 1000, "examples": [1.5]},
    ),
    "max_papers": Field(one(integer(1, 500)), "At most this many papers in its section.", _whole(1, 500)),
}

SUBSCRIBER: Final[Mapping[str, Field]] = {
    "email": Field(one(address), "The address that the editions go to.", _text(examples=["ada@example.org"])),
    "id": Field(
        one(words.identifier),
        "A name that stays when the address changes, so that no paper comes again. Default: the address.",
        _text(pattern="^[A-Za-z0-9._@+-]{1,100}$"),
    ),
    "name": Field(one(_NAME), "How the edition greets its reader.", _text(examples=["Ada"])),
    "timezone": Field(
        one(words.zone), "Where the reader's days begin and end.", _text(examples=["Europe/Paris", "UTC"])
    ),
    "send_at": Field(
        one(words.clock), "When it is sent, in that time zone. Default: 08:00.", _text(examples=["08:00"])
    ),
    "cadence": Field(
        one(words.cadence), "How often; `weekly` alone means Monday. Default: daily.", {"enum": list(words.CADENCES)}
    ),
    "max_papers": Field(one(integer(1, 500)), "At most this many papers in an edition. Default: 12.", _whole(1, 500)),
    "interests": Field(
        interests,
        "What the reader wants to read about. Without any, the edition is what is trending.",
        {"anyOf": [_text(), {"type": "array", "items": {"anyOf": [_text(), {"$ref": "#/$defs/interest"}]}}]},
    ),
    "trending": Field(
        one(integer(0, 500)),
        "How many community favourites from outside the interests. Default: 3.",
        _whole(0, 500),
    ),
    "exclude": _words("Words or phrases that keep a paper out of every section.", "survey"),
    "paused_until": Field(one(words.day), "No editions before this date.", _text(examples=["2026-12-24"])),
    "sources": Field(many(words.source), "Only papers from these sources.", _texts_shape(examples=["huggingface"])),
    "language": Field(one(words.language), "The language of the edition's own words. Default: en.", _text()),
    "design": Field(one(words.design), "The email design. Default: daily.", _text()),
    "quiet": Field(
        one(choice("skip", "send")),
        "On a day without papers for this reader: send nothing (skip, the default) or say so (send).",
        {"enum": ["skip", "send"]},
    ),
}

OWN: Final = ("email", "id", "name")
"""What no two subscribers share, and `defaults:` therefore cannot hold."""
DEFAULTS: Final[Mapping[str, Field]] = {key: field for key, field in SUBSCRIBER.items() if key not in OWN}
