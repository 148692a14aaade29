"""What a typed text means (a number, a choice, an address, a duration), or a sentence why it means nothing. No I/O.

Every reader takes the text and returns its value, or raises ValueError whose text says what is wrong and the cure.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Final

from email_validator import EmailNotValidError, validate_email

# Controls, and the invisible marks that turn the direction of what follows (Unicode TR 36, section 2.5).
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")
_UNITS: Final = {"w": 7 * 86400, "d": 86400, "h": 3600, "m": 60, "s": 1}
_DURATION = re.compile(
    r"(\d{1,6})\s*(weeks?|w|days?|d|hours?|h|minutes?|min|m|seconds?|sec|s)\b[\s,]*|(\d{1,6})([wdhms])", re.ASCII | re.I
)


def quoted(text: str) -> str:
    """`text` as it is shown in an error: one line, at most 60 characters, nothing unprintable."""
    return repr(text if len(text) <= 60 else text[:59] + "…")


def listed(words: Iterable[str]) -> str:
    """`a, b or c`."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def nearest(word: str, choices: Iterable[str]) -> str:
    """`; did you mean X?` with the choice that looks most like `word`, or nothing."""
    folded_choices = {choice.casefold(): choice for choice in choices}
    found = difflib.get_close_matches(word.casefold()[:80], folded_choices, n=1, cutoff=0.6)
    return f"; did you mean {folded_choices[found[0]]}?" if found else ""


def choice(*choices: str) -> Callable[[str], str]:
    """Reads one of `choices`, in whatever case."""
    known = {choice.casefold(): choice for choice in choices}

    def read(text: str) -> str:
        if text.casefold() not in known:
            raise ValueError(f"{quoted(text)} is not {listed(choices)}{nearest(text, choices)}")
        return known[text.casefold()]

    return read


def integer(least: int, most: int) -> Callable[[str], int]:
    """Reads a whole number from `least` to `most`."""

    def read(text: str) -> int:
        if not re.fullmatch(r"[+-]?[0-9]{1,9}", text):
            raise ValueError(f"{quoted(text)} is not a whole number; write {least} to {most}")
        if not least <= int(text) <= most:
            raise ValueError(f"{text} is out of range; write {least} to {most}")
        return int(text)

    return read


def positive(text: str) -> float:
    """Reads a number above zero, as `1.5`."""
    if re.fullmatch(r"[0-9]+,[0-9]+", text):
        raise ValueError(f"{quoted(text)} has a decimal comma; did you mean {text.replace(',', '.')}?")
    number = float(text) if re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)", text) and len(text) < 20 else math.nan
    if not 0 < number <= 1000:
        raise ValueError(f"{quoted(text)} is not a number above 0 and up to 1000, as 1.5")
    return number


def line(longest: int) -> Callable[[str], str]:
    """Reads a text of one line: white space (line ends too) becomes single spaces, other controls are refused."""

    def read(text: str) -> str:
        if len(text) > longest * 2:
            raise ValueError(f"{len(text):,} characters are too long; write {longest:,} at most")
        plain = " ".join(text.split())
        odd = _UNSEEN.search(plain)
        if odd:
            raise ValueError(f"{quoted(text)} holds an invisible character (U+{ord(odd[0]):04X}): remove it")
        if len(plain) > longest:
            raise ValueError(f"{len(plain):,} characters are too long; write {longest:,} at most")
        return plain

    return read


def duration(text: str) -> timedelta:
    """Reads `2 days`, `6 hours`, `90m`, `1h30m`."""
    rest, total = text.strip(), 0
    while found := _DURATION.match(rest):
        number, unit = (found[1], found[2]) if found[1] else (found[3], found[4])
        total += int(number) * _UNITS[unit[0].lower()]
        rest = rest[found.end() :]
    if rest or not text.strip():
        raise ValueError(f"{quoted(text)} is not a duration; write 2 days, 6 hours or 90m")
    if not 0 < total <= 366 * 86400:
        raise ValueError(f"{quoted(text)} is out of range; write more than 0 and at most 366 days")
    return timedelta(seconds=total)


_SPAN = re.compile(r"(\d{1,5})\s*(years?|months?|weeks?|days?)", re.ASCII | re.I)
_DAYS: Final = {"y": 365, "m": 30, "w": 7, "d": 1}


def span(least: timedelta) -> Callable[[str], timedelta | None]:
    """Reads how long something is kept: `2 years`, `18 months`, `90 days`; None for `everything`."""

    def read(text: str) -> timedelta | None:
        if text.strip().casefold() == "everything":
            return None
        found = _SPAN.fullmatch(text.strip())
        if not found:
            raise ValueError(f"{quoted(text)} is no length of time; write 2 years, 18 months, 90 days or everything")
        days = int(found[1]) * _DAYS[found[2][0].lower()]
        if not least.days <= days <= 36_500:
            raise ValueError(f"{quoted(text)} is out of range; write {least.days} days to 100 years, or everything")
        return timedelta(days=days)

    return read


def address(text: str) -> str:
    """Reads an email address alone. Its domain comes back in lower case and ASCII (UTS 46, `xn--`).

    Nothing is looked up. `localhost` is a domain here, for trying out; a local part must be ASCII, since
    few servers take others (SMTPUTF8, RFC 6531).
    """
    plain = text.strip(" ")
    local, at, domain = plain.rpartition("@")
    if re.search(r"[<>\s]", plain) or _UNSEEN.search(plain):
        raise ValueError(
            f"{quoted(text)} is not an address alone; write it as ada@example.org, without <, > and spaces"
        )
    if not at:
        raise ValueError(f"{quoted(text)} is not an address: it has no @")
    if not local.isascii():
        raise ValueError(
            f"{quoted(text)} has letters before the @ that most mail servers refuse (they lack SMTPUTF8); "
            "use an address that is ASCII there"
        )
    here = domain.casefold() == "localhost"
    try:
        checked = validate_email(
            f"{local}@example.org" if here else plain, check_deliverability=False, test_environment=True, strict=True
        )
    except EmailNotValidError as error:
        raise ValueError(f"{quoted(text)} is not an address: {str(error).rstrip('.')}") from error
    return f"{checked.local_part}@{'localhost' if here else checked.ascii_domain}"


LAST: Final = "\U0010ffff"
"""Comes after every other character: addresses that begin with `a` stand from `a` to `a` and this."""


def folded(email: str) -> str:
    """An address as it is compared: two spellings that reach one mailbox are one."""
    return email.strip().lower()


def mailbox(text: str) -> tuple[str, str]:
    """Reads `Daily Papers <papers@example.org>` or an address alone: the display name (may be empty), the address."""
    plain = line(500)(text)
    found = re.fullmatch(r'"?([^"<>]*)"? ?<([^<>]*)>', plain)
    if not found:
        return "", address(plain)
    return found[1].strip(), address(found[2])
