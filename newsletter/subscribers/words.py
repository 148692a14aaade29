"""The words that only the subscribers' file has: a time, a cadence, a zone, a date, a category, a tag."""

from __future__ import annotations

import difflib
import re
from datetime import date, time
from functools import cache
from typing import Final
from zoneinfo import available_timezones

from newsletter.models import Cadence
from newsletter.typed import nearest, quoted

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
CADENCES: Final = ("daily", "weekdays", "weekly", *(f"weekly {day}" for day in WEEKDAYS), "monthly")

# https://arxiv.org/category_taxonomy as of 2026-11: archive, then the subjects in it; without any, the archive is one.
_TAXONOMY: Final = """
    cs AI AR CC CE CG CL CR CV CY DB DC DL DM DS ET FL GL GR GT HC IR IT LG LO MA MM MS NA NE NI OH OS PF PL RO SC SD
        SE SI SY
    econ EM GN TH
    eess AS IV SP SY
    math AC AG AP AT CA CO CT CV DG DS FA GM GN GR GT HO IT KT LO MG MP NA NT OA OC PR QA RA RT SG SP ST
    astro-ph CO EP GA HE IM SR
    cond-mat dis-nn mes-hall mtrl-sci other quant-gas soft stat-mech str-el supr-con
    nlin AO CD CG PS SI
    physics acc-ph ao-ph app-ph atm-clus atom-ph bio-ph chem-ph class-ph comp-ph data-an ed-ph flu-dyn gen-ph geo-ph
        hist-ph ins-det med-ph optics plasm-ph pop-ph soc-ph space-ph
    q-bio BM CB GN MN NC OT PE QM SC TO
    q-fin CP EC GN MF PM PR RM ST TR
    stat AP CO ME ML OT TH
"""
_ALONE: Final = "gr-qc hep-ex hep-lat hep-ph hep-th math-ph nucl-ex nucl-th quant-ph".split()


@cache
def _categories() -> dict[str, str]:
    """Every arXiv category by its lower case."""
    lines = re.sub(r"\n {8}", " ", _TAXONOMY).split("\n")
    dotted = [
        f"{archive}.{subject}"
        for archive, *subjects in map(str.split, filter(str.strip, lines))
        for subject in subjects
    ]
    return {name.lower(): name for name in (*dotted, *_ALONE)}


@cache
def _zones() -> dict[str, str]:
    """Every time zone by its lower case."""
    return {name.lower(): name for name in available_timezones()}


@cache
def zones() -> tuple[str, ...]:
    """Every time zone, in order; finding them reads hundreds of files."""
    return tuple(sorted(_zones().values()))


@cache
def zone(text: str) -> str:
    """Reads a time zone such as `Europe/Paris`, in whatever case."""
    known = _zones()
    if text.lower() not in known:
        raise ValueError(f"{quoted(text)} is not a time zone{_place(text) or '; write Area/City, as Europe/Paris'}")
    return known[text.lower()]


def _place(text: str) -> str:
    """The zone that was meant, by its city alone too. PST or UTC+2 has no neighbour worth naming."""
    if "/" in text:
        return nearest(text, _zones().values())
    city = text.lower().replace(" ", "_")
    cities = {key.rpartition("/")[2]: key for key in sorted(_zones(), reverse=True) if "/" in key}
    alike = difflib.get_close_matches(city, cities, n=1, cutoff=0.8) if city.isascii() and len(city) > 4 else []
    return f"; did you mean {_zones()[cities[alike[0]]]}?" if alike else ""


def clock(text: str) -> time:
    """Reads a time of day, `08:00` or `18:30`."""
    found = re.fullmatch(r"([0-9]{1,2}):([0-9]{2})", text)
    if not found or int(found[1]) > 23 or int(found[2]) > 59:
        raise ValueError(f"{quoted(text)} is not a time of day; write HH:MM from 00:00 to 23:59, as 08:00")
    return time(int(found[1]), int(found[2]))


def cadence(text: str) -> Cadence:
    """Reads `daily`, `weekdays`, `weekly [monday]` or `monthly`."""
    plain = " ".join(text.lower().split())
    if plain not in CADENCES:
        expected = "daily, weekdays, weekly, weekly friday (or another day) or monthly"
        raise ValueError(f"{quoted(text)} is not {expected}{_meant(plain)}")
    kind, _, weekday = plain.partition(" ")
    if kind == "weekly":
        return Cadence("weekly", WEEKDAYS.index(weekday or "monday"))
    return Cadence("daily" if kind == "daily" else "weekdays" if kind == "weekdays" else "monthly")


def cadence_text(what: Cadence) -> str:
    """A cadence as it is written in the file."""
    return f"weekly {WEEKDAYS[what.weekday]}" if what.kind == "weekly" else what.kind


def _meant(plain: str) -> str:
    """The cadence that was meant; a weekday that is cut short (`weekly fri`) decides."""
    cut = [day for day in WEEKDAYS for word in re.findall("[a-z]{2,}", plain) if day.startswith(word)]
    return f"; did you mean weekly {cut[0]}?" if len(set(cut)) == 1 else nearest(plain, CADENCES)


FOREVER: Final = date.max
"""`paused_until` of somebody who says when to go on."""


def day(text: str) -> date:
    """Reads a calendar date, `2026-12-24`."""
    try:
        # fromisoformat also takes 20261224 and 2026-W52-4.
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{quoted(text)} is not in the calendar: {error}") from error
    raise ValueError(f"{quoted(text)} is not a date; write YYYY-MM-DD, as 2026-12-24")


def category(text: str) -> str:
    """Reads an arXiv category such as `cs.CL`, in whatever case."""
    known = _categories()
    if text.lower() not in known:
        raise ValueError(f"{quoted(text)} is not an arXiv category{_within(text) or nearest(text, known.values())}")
    return known[text.lower()]


def _within(archive: str) -> str:
    inside = [name for name in _categories().values() if name.lower().startswith(archive.lower() + ".")]
    return f"; name the part of it that you read, as {inside[0]}" if inside else ""


def identifier(text: str) -> str:
    """Reads an `id`: what the ledger keeps for this subscriber, whatever the address becomes."""
    if not re.fullmatch(r"[A-Za-z0-9._@+-]{1,100}", text):
        raise ValueError(f"{quoted(text)} is not an id; write letters, digits and . _ @ + - only, 100 at most")
    return text


def design(text: str) -> str:
    """Reads the name of a design: one folder, so that no path leads out of the designs."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,49}", text):
        raise ValueError(f"{quoted(text)} is not the name of a design; write lower case letters, digits, - and _")
    return text


def language(text: str) -> str:
    """Reads a language tag, `en` or `pt-BR` (RFC 5646, the common shapes of it)."""
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", text):
        raise ValueError(f"{quoted(text)} is not a language; write its tag, as en or pt-BR")
    return text


def source(text: str) -> str:
    """Reads a source's name as the settings have it: `huggingface`, `arxiv:cs.CL+cs.LG`."""
    if not re.fullmatch(r"[^\x00-\x1f\x7f]{1,500}", text) or text != " ".join(text.split()):
        raise ValueError(f"{quoted(text)} is not a source; write it as in newsletter.yaml")
    return text
