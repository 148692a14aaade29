"""The interface's words in the reader's language: sentences from a catalogue of gettext's, dates as they are written there.

A language is one file, `locales/TAG.po` in a folder of templates. What a catalogue lacks, or has with other `{values}`
than the English sentence, stays English.
"""

from __future__ import annotations

import gettext
import hashlib
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from newsletter.models import Period, Words
from newsletter.text import line

ENGLISH: Final = "en"
_PLACE = re.compile(r"\{(\w*)\}")


@dataclass(frozen=True, eq=False)
class Language:
    """Says the interface's words. `say` and `count` are called as they are by designs."""

    tag: str
    """Of RFC 5646: `en`, `pt-BR`; goes into `lang` and `Content-Language`."""
    direction: str
    """`ltr` or `rtl`."""
    version: str
    """Changes with the catalogue."""
    _locale: Locale = field(repr=False)
    _catalogue: gettext.NullTranslations = field(repr=False)

    def say(self, text: str, /, **values: object) -> str:
        """A sentence with its values: `say("Preview of {name}", name=...)`."""
        return self._catalogue.gettext(text).format_map(values)

    def count(self, one: str, many: str, n: int, /, **values: object) -> str:
        """A sentence whose form depends on the number `n`."""
        return self._catalogue.ngettext(one, many, n).format_map({"n": n, **values})

    def told(self, words: Words) -> str:
        """A phrase in this language; the reader's own words as they are."""
        if isinstance(words, str):
            return words
        values = {name: self._value(value) for name, value in words.values}
        if words.plural:
            return self.count(words.text, words.plural, int(values.pop("n")), **values)
        return self.say(words.text, **values)

    def _value(self, value: str | int | date) -> str | int:
        return (
            self.date(value, "d MMMM") if isinstance(value, date) else line(value) if isinstance(value, str) else value
        )

    def date(self, day: date, pattern: str) -> str:
        """A date in a pattern of CLDR's (UTS 35), which the catalogue may replace: `EEEE, d MMMM y`."""
        return _dated(day, self._catalogue.gettext(pattern), self._locale)

    def period(self, period: Period) -> str:
        """`Tuesday, 3 March 2026`, `Week 10, 2026` or `March 2026`."""
        year, _, rest = period.name.partition("-")
        if rest.startswith("W"):
            return self.say("Week {week}, {year}", week=int(rest[1:]), year=year)
        if "-" not in rest:
            return self.date(date(int(year), int(rest), 1), "LLLL y")
        return self.date(date.fromisoformat(period.name), "EEEE, d MMMM y")


@lru_cache(maxsize=512)
def _dated(day: date, pattern: str, locale: Locale) -> str:
    return format_date(day, pattern, locale)


def find(places: Sequence[Path], tag: str) -> Language:
    """The language of that tag, of its first part (`pt` for `pt-BR`), or English where there is neither."""
    for shorter in dict.fromkeys((tag, tag.partition("-")[0])):
        for place in places:
            path = place / "locales" / f"{shorter}.po"
            if path.is_file() and (catalogue := _read(path)) and (locale := _locale(shorter)):
                direction = "rtl" if locale.character_order == "right-to-left" else "ltr"
                version = hashlib.sha256(path.read_bytes()).hexdigest()
                return Language(shorter, direction, version, locale, _translations(catalogue))
    return Language(ENGLISH, "ltr", ENGLISH, Locale(ENGLISH), gettext.NullTranslations())


def available(places: Sequence[Path]) -> tuple[str, ...]:
    """The tags of the languages that there are."""
    found = {path.stem for place in places for path in (place / "locales").glob("*.po")}
    return tuple(sorted(found | {ENGLISH}))


def faults(path: Path) -> Iterator[str]:
    """What is wrong with a catalogue, a line each: `de.po:12: ...`."""
    catalogue = _read(path)
    if catalogue is None:
        yield f"{path}: not a catalogue of gettext's, or damaged; write it anew with msgfmt or an editor for it"
        return
    if _locale(path.stem) is None:
        yield f"{path}: {path.stem!r} is no language; name the file after its tag, as pt-BR.po"
    for message in catalogue:
        if message.id and _is_translated(message) and not _fits(message):
            yield f"{path}:{message.lineno}: other {{values}} than in the English sentence, which is shown instead"


def _read(path: Path) -> Catalog | None:
    try:
        with path.open("rb") as file:
            return read_po(file, abort_invalid=True)
    except (OSError, PoFileError, UnicodeDecodeError, ValueError):
        return None


def _locale(tag: str) -> Locale | None:
    try:
        return Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return None


def _translations(catalogue: Catalog) -> gettext.GNUTranslations:
    for message in list(catalogue):
        if message.id and (not _is_translated(message) or not _fits(message)):
            catalogue.delete(message.id)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def _is_translated(message: Message) -> bool:
    return all(message.string) if isinstance(message.string, tuple | list) else bool(message.string)


def _fits(message: Message) -> bool:
    """Whether the translation has the values of the original; a form for one number may leave the number out."""
    ids = message.id if isinstance(message.id, tuple | list) else (message.id,)
    told = message.string if isinstance(message.string, tuple | list) else (message.string or "",)
    wanted = {name for text in ids for name in _PLACE.findall(text)}
    return all(wanted - {"n"} <= set(_PLACE.findall(text)) <= wanted and _is_format(text) for text in told)


def _is_format(text: str) -> bool:
    return not re.search(r"[{}]", _PLACE.sub("", text))
