"""What the preview's page says: days, readers, sizes and reasons as its template wants them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any, Final
from urllib.parse import urlencode

from newsletter.editing.explain import Explanation
from newsletter.proof.judge import Opened, Sizes
from newsletter.proof.panes import DESKTOP, PHONE
from newsletter.render.size import LONGEST, LONGEST_ENCODED
from newsletter.web.preview.desk import Came, Choice, Looked

WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS: Final = "January February March April May June July August September October November December".split()


@dataclass(frozen=True, slots=True)
class Frame:
    """A mail in a frame."""

    kind: str
    title: str
    told: str
    width: int


FRAMES: Final = (
    Frame("desktop", "Desktop", "light colours", DESKTOP),
    Frame("phone", "Phone", "light colours", PHONE),
    Frame("dark", "Dark", "as programs show it that ask the mail for dark colours", DESKTOP),
    Frame("plain", "Without style sheets", "as programs show it that drop them", PHONE),
)


def shown(looked: Looked) -> dict[str, Any]:
    """The names that the template uses."""
    choice, mail = looked.choice, looked.mail
    return {
        "chosen": choice,
        "day": in_words(choice.day),
        "days": [(day.isoformat(), in_words(day)) for day in looked.days],
        "before": next((address(day, choice) for day in looked.days if day < choice.day), ""),
        "after": next((address(day, choice) for day in reversed(looked.days) if day > choice.day), ""),
        "readers": looked.readers,
        "many": looked.many,
        "query": address(choice.day, choice).partition("?")[2],
        "fate": fate(looked.seen.fate) if looked.seen else (),
        "mail": mail,
        "frames": FRAMES,
        "source": mail.wire.decode("ascii", "replace") if mail else "",
        "fields": fields(mail) if mail else (),
        "sizes": sizes(mail.sizes) if mail else (),
        "judgements": looked.judgements,
        "verdict": verdict([one.grade for one in looked.judgements]),
        "sections": sections(looked.came),
        "missed": [why(came) for came in looked.missed],
        "notes": looked.notes,
        "faults": looked.faults,
        "working": False,
    }


def working(choice: Choice) -> dict[str, Any]:
    """The same while the editions are still being made."""
    note = "Making the editions: ranking learns from the archive first, which takes a while. The page shows them then."
    return {**shown(Looked(choice, (choice.day,), notes=(note,))), "working": True}


def fate(words: str) -> tuple[str, ...]:
    """What became of the edition, or why it stays here: what that means, and the ledger's words. Empty when it goes."""
    if not words:
        return ()
    state = words.partition(":")[0]
    if state == "submitted":
        return "Sent already", "this is what the ledger has of it, in the design as it is today"
    if state in ("pending", "submitting", "uncertain"):
        return "Planned already", words
    return "Not to be sent", words


def address(day: date, choice: Choice) -> str:
    """Where the same choice is shown for a day."""
    said = {"reader": choice.reader, "letters": choice.letters}
    return "/?" + urlencode({"day": day.isoformat()} | {name: value for name, value in said.items() if value})


def in_words(day: date) -> str:
    """`Tue, 3 March 2026`."""
    return f"{WEEKDAYS[day.weekday()]}, {day.day} {MONTHS[day.month - 1]} {day.year}"


@dataclass(frozen=True, slots=True)
class Size:
    """A size beside its limit."""

    name: str
    told: str
    bytes: int
    limit: int
    """0 where there is none."""


def sizes(of: Sizes) -> tuple[Size, ...]:
    """What may be too long, in words and figures."""
    return (
        _size("HTML", of.html, LONGEST),
        _size("as quoted-printable", of.encoded, LONGEST_ENCODED),
        _size("text", of.text, 0),
        _size("whole message", of.whole, 0),
    )


def _size(name: str, number: int, limit: int) -> Size:
    return Size(name, f"{number / 1000:.1f} kB" + (f" of {limit // 1000}" if limit else ""), number, limit)


def verdict(grades: Sequence[str]) -> str:
    """`15 of 17 pass, 1 costs something, 1 fails`."""
    if not grades:
        return ""
    number = {grade: grades.count(grade) for grade in ("passes", "note", "fails")}
    told = [f"{number['passes']} of {len(grades)} checks pass"]
    told += [f"{number['note']} cost{'s' if number['note'] == 1 else ''} something"] if number["note"] else []
    told += [f"{number['fails']} fail{'s' if number['fails'] == 1 else ''}"] if number["fails"] else []
    return ", ".join(told)


@dataclass(frozen=True, slots=True)
class Field:
    """A header on the wire and decoded."""

    name: str
    wire: str
    decoded: str


def fields(mail: Opened) -> tuple[Field, ...]:
    """The headers in their order."""
    wires = re.split(r"\r\n(?![ \t])", mail.head)
    names = [name for name, _ in mail.headers]
    decoded = [value for _, value in mail.headers]
    return tuple(
        Field(name, wire.replace("\r\n", "\n"), value) for name, wire, value in zip(names, wires, decoded, strict=False)
    )


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a score."""

    name: str
    value: str
    inner: bool
    """It is in the part `text` already."""


@dataclass(frozen=True, slots=True)
class Score:
    """What one interest finds in a paper."""

    interest: str
    total: str
    needed: str
    passes: bool
    parts: tuple[Part, ...]
    reasons: str
    here: bool
    """The paper stands in this interest's section."""


@dataclass(frozen=True, slots=True)
class Why:
    """Why a paper came, or just missed."""

    title: str
    url: str
    id: str
    facts: str
    """`87 upvotes · listed on Tue, 3 March 2026 · carried over`."""
    reasons: tuple[str, ...]
    verdict: str
    scores: tuple[Score, ...]


_INNER: Final = ("words", "same authors", "like the nearest", "meaning")


def sections(came: Sequence[Came]) -> list[tuple[str, list[Why]]]:
    """The papers by the section in which they stand."""
    named = [(one.told.section if one.told else "", one) for one in came]
    return [(name, [why(one) for _, one in group]) for name, group in groupby(named, lambda pair: pair[0])]


def why(came: Came) -> Why:
    """What speaks for a paper."""
    told, match = came.told, came.match
    facts = []
    if match:
        facts = [f"{match.paper.upvotes} upvotes", f"listed on {in_words(match.candidate.day)}"]
        facts += [] if match.candidate.new else ["carried over"]
    return Why(
        title=came.title,
        url=came.url,
        id=told.paper if told else "",
        facts=" · ".join(facts),
        reasons=tuple(map(str, match.reasons)) if match else (),
        verdict=told.verdict if told else "",
        scores=tuple(_score(told, name, parts) for name, parts in told.parts.items()) if told else (),
    )


def _score(told: Explanation, interest: str, parts: Mapping[str, float]) -> Score:
    total, needed = parts["sum"], parts["needed"]
    shown = [Part(name, f"{value:.2f}", name in _INNER) for name, value in parts.items() if value]
    return Score(
        interest=interest,
        total=f"{total:.2f}",
        needed=f"{needed:.1f}",
        passes=total >= needed,
        parts=tuple(part for part in shown if part.name not in ("sum", "needed")),
        reasons=" · ".join(told.why[interest]),
        here=interest == told.section,
    )
