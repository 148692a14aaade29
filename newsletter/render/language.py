"""The interface's words in the reader's language: sentences from a catalogue of gettext's, dates as they are written there.

A language is one file, `locales/TAG.po` in a folder of templates. An operator's own file is asked first, and what it
lacks is taken from the one that comes with the program. What neither has, or has with a fault, stays English: a
catalogue never costs a mail.
"""

from __future__ import annotations

import gettext
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args
from unicodedata import bidirectional

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from newsletter.models import Period, Words
from newsletter.text import line

ENGLISH: Final = "en"
Pattern: TypeAlias = Literal["EEEE, d MMMM y", "EEEE, d MMMM", "d MMMM", "LLLL y"]
"""How English writes a date, in the letters of CLDR (UTS 35)."""
PATTERNS: Final[tuple[str, ...]] = get_args(Pattern)
"""They are messages too: for the first one German has `EEEE, d. MMMM y`."""

_NUMBER: Final = {"n", "shown"}
"""Values that a form for one number may leave out: `ورقتان` says that there are two."""
_PLACE = re.compile(r"\{(\w*)\}")
_APART: Final = "\u2068{}\u2069"
"""A first strong isolate (UAX 9): `C++` stays `C++` among words that are read from right to left."""
_TRIED: Final = 200
"""Numbers that a rule for plurals is tried with."""
_CURE: Final = "no words are taken from it; mend it with msgfmt or an editor for catalogues"


@dataclass(frozen=True, eq=False)
class Language:
    """Says the interface's words. `say`, `count`, `told` and `apart` are called as they are by designs."""

    tag: str
    """Of RFC 5646: `en`, `pt-BR`; goes into `lang` and `Content-Language`."""
    direction: str
    """`ltr` or `rtl`."""
    version: str
    """Changes with the catalogue."""
    _locale: Locale = field(repr=False)
    _catalogue: gettext.NullTranslations = field(repr=False)

    @property
    def name(self) -> str:
        """What the language calls itself: `Deutsch`."""
        return self._locale.get_display_name() or self.tag

    def say(self, text: str, /, **values: object) -> str:
        """A sentence with its values: `say("Preview of {name}", name=...)`."""
        return self._catalogue.gettext(text).format_map(self._placed(values))

    def count(self, one: str, many: str, n: int, /, **values: object) -> str:
        """A sentence whose form depends on the number `n`."""
        return self._catalogue.ngettext(one, many, n).format_map({"n": n, **self._placed(values)})

    def told(self, words: Words, limit: int = 1000) -> str:
        """A phrase in this language; the reader's own words as they are. What is not ours is cut to `limit` characters."""
        if isinstance(words, str):
            return line(words, limit)
        values = {name: self._value(value, limit) for name, value in words.values}
        if words.plural:
            return self.count(words.text, words.plural, int(values.pop("n")), **values)
        return self.say(words.text, **values)

    def _value(self, value: str | int | date, limit: int) -> str | int:
        if isinstance(value, date):
            return self.date(value, "d MMMM")
        return line(value, limit) if isinstance(value, str) else value

    def apart(self, text: str) -> str:
        """Text that is not ours, to stand among our words: it does not change their order where they go right to left.

        What has such a text in it already is ours.
        """
        if self.direction == "ltr" or _APART[0] in text or not any(bidirectional(c) == "L" for c in text):
            return text
        return _APART.format(text)

    def listed(self, parts: Iterable[str]) -> str:
        """Several things on a line: `flow matching · like 2011.13456`."""
        return " · ".join(map(self.apart, parts))

    def date(self, day: date, pattern: Pattern) -> str:
        """A date, in the catalogue's pattern for this one."""
        return _dated(day, self._catalogue.gettext(pattern), self._locale)

    def period(self, period: Period) -> str:
        """`Tuesday, 3 March 2026`, `Week 10, 2026` or `March 2026`."""
        year, _, rest = period.name.partition("-")
        if rest.startswith("W"):
            return self.say("Week {week}, {year}", week=int(rest[1:]), year=int(year))
        if "-" not in rest:
            return self.date(date(int(year), int(rest), 1), "LLLL y")
        return self.date(date.fromisoformat(period.name), "EEEE, d MMMM y")

    def _placed(self, values: dict[str, object]) -> dict[str, object]:
        if self.direction == "ltr":
            return values
        return {name: self.apart(value) if isinstance(value, str) else value for name, value in values.items()}


@lru_cache(maxsize=512)
def _dated(day: date, pattern: str, locale: Locale) -> str:
    return format_date(day, pattern, locale)


# -- which there are


def find(places: Sequence[Path], tag: str) -> Language:
    """The language of that tag, of its first part (`pt` for `pt-BR`), or English where there is neither."""
    for shorter in _tags(tag):
        locale = _locale(shorter)
        files = [found for path in _files(places, shorter) if (found := _usable(path))]
        if locale and files:
            direction = "rtl" if locale.character_order == "right-to-left" else "ltr"
            return Language(shorter, direction, _version(files), locale, _chained(files))
    return Language(ENGLISH, "ltr", ENGLISH, Locale(ENGLISH), gettext.NullTranslations())


def available(places: Sequence[Path]) -> tuple[str, ...]:
    """The tags of the languages that there are."""
    found = {path.stem for place in places for path in (place / "locales").glob("*.po")}
    return tuple(sorted(found | {ENGLISH}))


def check(places: Sequence[Path], tag: str) -> Iterator[str]:
    """What is wrong with the words in a language, a line each: there are none, or `de.po:12: ...`."""
    files = next(filter(None, (_files(places, shorter) for shorter in _tags(tag))), [])
    if not files and ENGLISH not in _tags(tag):
        yield f"no words in {tag!r}: the mails are in English; languages there: {', '.join(available(places))}"
    for path in files:
        yield from faults(path)


def _tags(tag: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((tag, tag.partition("-")[0])))


def _files(places: Sequence[Path], tag: str) -> list[Path]:
    paths = (place / "locales" / f"{tag}.po" for place in places)
    return [path for path in paths if path.is_file()]


def _locale(tag: str) -> Locale | None:
    try:
        return Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return None


# -- what one of them has


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    said: gettext.GNUTranslations


def _usable(path: Path) -> _File | None:
    try:
        return _File(path.read_bytes(), _compiled(_read(path), path))
    except (OSError, ValueError):
        return None


def _version(files: Sequence[_File]) -> str:
    return hashlib.sha256(b"\0".join(file.content for file in files)).hexdigest()


def _chained(files: Sequence[_File]) -> gettext.NullTranslations:
    first, *others = files
    for other in others:
        first.said.add_fallback(other.said)
    return first.said


def faults(path: Path) -> Iterator[str]:
    """What is wrong with a catalogue, a line each: `de.po:12: ...`."""
    if _locale(path.stem) is None:
        yield f"{path}: {path.stem!r} is no language; name the file after its tag, as pt-BR.po"
    try:
        catalogue = _read(path)
        yield from [f"{path}:{message.lineno}: {told}" for message in catalogue if (told := _fault(message))]
        left = [message.lineno for message in catalogue if message.id and not _is_translated(message)]
        _compiled(catalogue, path)
        if left:
            yield f"{path}:{left[0]}: {len(left)} of its sentences are not translated, the first of them here"
    except ValueError as error:
        yield str(error)


def _read(path: Path) -> Catalog:
    """Raises ValueError with the file, the line if it is known, and what is wrong."""
    try:
        with path.open("rb") as file:
            return read_po(file, _locale(path.stem), abort_invalid=True)
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror}") from error
    except PoFileError as error:
        told = str(error).rpartition(" on ")[0]
        raise ValueError(f"{path}:{error.lineno + 1}: {told}; {_CURE}") from error
    except (ValueError, LookupError, AttributeError, TypeError) as error:  # as Babel 2.18 answers to what is damaged
        raise ValueError(f"{path}: not a catalogue of gettext's, or damaged; {_CURE}") from error


def _compiled(catalogue: Catalog, path: Path) -> gettext.GNUTranslations:
    """What can be used of a catalogue. Raises ValueError, as `_read` does, where that is nothing."""
    for message in list(catalogue):
        if message.id and (not _is_translated(message) or _fault(message)):
            catalogue.delete(message.id, message.context)
    if not len(catalogue):
        raise ValueError(f"{path}: nothing is translated; the mails are in English")
    file = io.BytesIO()
    write_mo(file, catalogue)
    file.seek(0)
    try:
        said = gettext.GNUTranslations(file)
        for number in range(_TRIED):
            said.ngettext("", "", number)
    except (ValueError, ArithmeticError) as error:
        raise ValueError(f"{path}: the Plural-Forms of its header are no rule; {_CURE}") from error
    return said


def _is_translated(message: Message) -> bool:
    return all(_texts(message.string)) and not message.fuzzy


def _fault(message: Message) -> str:
    """What is wrong with a translation; empty if it can be used, or is not there yet."""
    if not message.id or not _is_translated(message):
        return ""
    if message.id in PATTERNS:
        return "" if all(map(_is_pattern, _texts(message.string))) else "a date cannot be written so"
    return "" if _fits(message) else "other {values} than in the English sentence, which is shown instead"


def _texts(text: str | Sequence[str] | None) -> tuple[str, ...]:
    return (text or "",) if isinstance(text, str | None) else tuple(text)


def _is_pattern(text: str) -> bool:
    try:
        return bool(format_date(date.min, text, Locale(ENGLISH)))
    except (ValueError, LookupError, AttributeError):  # a letter for hours, an unknown one, too many of one
        return False


def _fits(message: Message) -> bool:
    """Whether the translation has the values of the original, but for the number."""
    wanted = {name for text in _texts(message.id) for name in _PLACE.findall(text)}
    told = _texts(message.string)
    return all(wanted - _NUMBER <= set(_PLACE.findall(text)) <= wanted and _is_format(text) for text in told)


def _is_format(text: str) -> bool:
    return not re.search(r"[{}]", _PLACE.sub("", text))
