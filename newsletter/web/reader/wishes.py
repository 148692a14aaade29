"""What people type into forms about what they read and when, as interests, times and dates. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, time
from typing import Any, Final

from newsletter.identity import paper_id
from newsletter.models import Cadence, Interest
from newsletter.render.language import Language
from newsletter.subscribers import words
from newsletter.text import line
from newsletter.typed import address, integer, quoted

OFFERED: Final = tuple(word for word in words.CADENCES if word != "weekly")
"""The cadences that there are, each by one name."""
INTERESTS, EXAMPLES, MUTES = 12, 50, 50
"""How many are read."""
SHORT: Final = 4
"""Words, up to which a line is looked for as it is; a longer one is free text."""

READ: Final[Mapping[str, Callable[[str], Any]]] = {
    "email": address,
    "timezone": words.zone,
    "send_at": words.clock,
    "cadence": words.cadence,
    "paused_until": words.day,
    "language": words.language,
    "design": words.design,
    "max_papers": integer(1, 50),
}
"""Per field what a text in it means; each raises ValueError whose text says what is wrong."""


def read(typed: Mapping[str, str], wanted: Iterable[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """What these fields mean, of those that are not empty; and what is wrong with which."""
    found: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for name in wanted:
        if text := typed.get(name, "").strip():
            try:
                found[name] = READ[name](text)
            except ValueError as error:
                faults[name] = str(error)
    return found, faults


def interests(text: str, like: str, name: str, known: Iterable[Interest] = ()) -> tuple[Interest, ...]:
    """Interests as they are typed, one a line; and one more, of that name, for example papers.

    A short line is a keyword as well, and so is each part of `flow matching, score matching`. A line that says what a
    known interest says is that interest, with all that it has.
    """
    before = {as_line(one): one for one in known}
    lines = dict.fromkeys(one for part in text.splitlines() if (one := line(part, 300)))
    found = [before.get(one) or _interest(one) for one in list(lines)[:INTERESTS]]
    ids = dict.fromkeys(id_ for one in like.split()[: 4 * EXAMPLES] if (id_ := paper_id(one.strip(",;"))))
    if ids:
        found.append(Interest(name, like=tuple(ids)[:EXAMPLES]))
    return tuple({one.name.casefold(): one for one in found}.values())


def _interest(text: str) -> Interest:
    parts = tuple(dict.fromkeys(one for part in text.split(",") if (one := part.strip())))
    keywords = tuple(one for one in parts if len(one.split()) <= SHORT)
    return Interest(line(text, 80), about="" if len(keywords) == len(parts) else text, keywords=keywords)


def is_examples(interest: Interest) -> bool:
    """Whether it is made of example papers alone."""
    return bool(interest.like) and not (interest.about or interest.keywords or interest.authors or interest.categories)


def as_line(interest: Interest) -> str:
    """The interest as it would be typed."""
    return interest.about if interest.about and " ".join(interest.about.split()) == interest.about else interest.name


def mutes(text: str) -> tuple[str, ...]:
    """Words that keep papers out, one a line."""
    return tuple(dict.fromkeys(one for part in text.splitlines() if (one := line(part, 100))))[:MUTES]


def cadence_word(cadence: Cadence) -> str:
    """A cadence as it is typed: `weekly friday`."""
    return f"weekly {words.WEEKDAYS[cadence.weekday]}" if cadence.kind == "weekly" else cadence.kind


def said_cadence(language: Language, word: str) -> str:
    """A cadence in words."""
    say = language.say
    return {
        "daily": say("Every day"),
        "weekdays": say("Monday to Friday"),
        "weekly monday": say("Weekly, on Monday"),
        "weekly tuesday": say("Weekly, on Tuesday"),
        "weekly wednesday": say("Weekly, on Wednesday"),
        "weekly thursday": say("Weekly, on Thursday"),
        "weekly friday": say("Weekly, on Friday"),
        "weekly saturday": say("Weekly, on Saturday"),
        "weekly sunday": say("Weekly, on Sunday"),
        "monthly": say("Monthly"),
    }[word]


def as_typed(value: date | time | Cadence | str | int | None) -> str:
    """A value as its field shows it."""
    if value is None:
        return ""
    if isinstance(value, Cadence):
        return cadence_word(value)
    return f"{value:%H:%M}" if isinstance(value, time) else str(value)


def unreadable(text: str) -> str:
    """What is said of papers that cannot be recognised among examples; empty where all can."""
    odd = [one for one in text.split() if paper_id(one.strip(",;")) is None]
    return quoted(odd[0]) if odd else ""
