"""An entry of a feed, in whichever format, as a listing; and which paper it is. No I/O."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import unquote

from newsletter import identity, text
from newsletter.models import Listing, Paper
from newsletter.sources.fields import Fields, Unusable, once

MOST = 2_000
"""Entries read of a feed; arXiv's own end there (2026-11), a blog's hold tens."""
FIRST_YEAR = 1995
"""Dates before it are no dates: feeds are younger, and 1970 is what a computer says that does not know."""
ABOUT_IT = 4
"""Months that an arXiv paper may be older than an entry that links to it alone, to be what the entry is about."""
_TITLE_FROM_TEXT = 120
_COMPANIONS = ("", "github.com", "gitlab.com", "huggingface.co")
"""Where a paper's code and models are."""

_AT_THE_END = re.compile(r"[/:](\d{2}(?:0[1-9]|1[0-2])\.\d{5})(?:v\d{1,3})?(?:\.pdf)?/?(?:[?#].*)?$", re.ASCII)
_DOI = re.compile(r"\b(10\.\d{4,9}/[^\s?#&\"<>]+)", re.ASCII)
_BEHIND_DOI = re.compile(
    r"(?:/(?:abstract|full|fulltext|pdf|epdf|html|meta|summary|references))+$|\.(?:pdf|full|abstract|short|html)$", re.I
)
_PREPRINT_VERSION = re.compile(r"^(10\.(?:1101|64898)/[\d.]+)v\d+.*$")
"""bioRxiv and medRxiv put a version behind the DOI in their links (2026-11)."""
_ANNOUNCED = re.compile(r"^arXiv:\S+\s+Announce Type:\s*\S+\s+Abstract:\s*", re.I)
_CATEGORY = re.compile(r"(?:astro-ph|cond-mat|cs|econ|eess|math|nlin|physics|q-bio|q-fin|stat)\.[A-Za-z-]{2,}|"
                       r"gr-qc|hep-(?:ex|lat|ph|th)|math-ph|nucl-(?:ex|th)|quant-ph")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entries:
    """What was found in a feed, as plain objects."""

    found: list[dict[str, object]]
    """The first of them, at most MOST, in order."""
    number: int
    """How many there are."""
    damage: str = ""
    """What is wrong with the feed as a whole."""


def read(fields: Fields, address: str, today: date) -> Listing:
    """The listing in an entry, as `xml.entries` and `json_feed.entries` write it. Raises Unusable."""
    day = _day(fields, today)
    body = _ANNOUNCED.sub("", fields.text("text"))
    title = fields.line("title") or text.line(text.excerpt(body, _TITLE_FROM_TEXT))
    tags = fields.names("tags")
    known = _named(fields) or _about(fields, address, day or today)
    return Listing(
        paper=Paper(
            id=known or _own_id(fields, address, title),
            title=title,
            abstract=body,
            authors=_authors(fields.names("authors")),
            published=None if known else day,
            keywords=tuple(tag for tag in tags if not _CATEGORY.fullmatch(tag)),
            categories=tuple(tag for tag in tags if _CATEGORY.fullmatch(tag)),
            url=fields.link("link"),
            version=next(filter(None, map(identity.arxiv_version, _names(fields))), None),
        ),
        day=day,
    )


def forget_shared(entries: Sequence[dict[str, object]]) -> str:
    """Takes away the ids and links that entries with different titles share, as they tell nobody apart; says so."""
    named = _of_several(entries, lambda one: [key for key in (one.get("id"), one.get("link")) if key])
    cited = _of_several(entries, lambda one: _linked(Fields(one)))
    for one in entries:
        if one.get("id") in named:
            one["id"] = ""
        if one.get("link") in named:
            one["shared_link"] = True
        if not cited.keys().isdisjoint(_linked(Fields(one))):
            one["addresses"] = []
    if not named:
        return ""
    first = text.line(str(next(iter(named))), limit=100)
    return f"different entries share an id or link ({first}): they are told apart by what else they have"


def _of_several(
    entries: Sequence[dict[str, object]], keys: Callable[[dict[str, object]], Iterable[object]]
) -> dict[object, set[object]]:
    """The keys that entries with different titles have, with the titles."""
    owners: dict[object, set[object]] = {}
    for one in entries:
        for key in keys(one):
            owners.setdefault(key, set()).add(one.get("title"))
    return {key: titles for key, titles in owners.items() if len(titles) > 1}


def paper_in(written: str) -> str | None:
    """The paper that an address or identifier names, also where it is somebody else's page of it."""
    found = identity.paper_id(written)
    if found:
        return _bare(found)
    if at_end := _AT_THE_END.search(written):
        return at_end[1]
    inside = _DOI.search(unquote(written))
    return identity.paper_id(_bare(inside[1])) if inside else None


def _bare(doi: str) -> str:
    return _PREPRINT_VERSION.sub(r"\1", _BEHIND_DOI.sub("", doi)) if doi.startswith("10.") else doi


def _named(fields: Fields) -> str | None:
    """The paper that the entry is, by its id, its link or what the publisher says of it; better on arXiv."""
    found = [paper for name in _names(fields) if (paper := paper_in(name))]
    return next(filter(identity.arxiv_id, found), next(iter(found), None))


def _names(fields: Fields) -> Iterator[str]:
    names = [fields.line("id"), fields.line("link"), *fields.names("names")]
    link = fields.line("link")
    return (name for name in names if name and not (name == link and fields.values.get("shared_link")))


def _about(fields: Fields, address: str, day: date) -> str | None:
    """The one paper that an entry leads to, if that and its code are all that it links to outside its own site.

    A post that links to more cites the paper, or one that is much older, and is a text of its own.
    """
    sites = {_site(address), _site(fields.line("link")), *_COMPANIONS}
    elsewhere = any(_site(name) not in sites and not paper_in(name) for name in fields.names("addresses"))
    linked = _linked(fields)
    only = linked.pop() if len(linked) == 1 and not elsewhere else None
    month = re.fullmatch(r"(\d{2})(\d{2})\.\d{4,5}", only or "")
    if not month:
        return only
    age = (day.year - 2000 - int(month[1])) * 12 + day.month - int(month[2])
    return only if -1 <= age <= ABOUT_IT else None


def _linked(fields: Fields) -> set[str]:
    """The papers that its text links to."""
    return set(filter(None, map(paper_in, fields.names("addresses"))))


def _site(address: str) -> str:
    """`example.org` of `https://blog.example.org/post`."""
    host = re.split(r"[/?#:]", address.partition("://")[2].rpartition("@")[2])[0]
    return ".".join(host.lower().split(".")[-2:])


def _own_id(fields: Fields, address: str, title: str) -> str:
    """The id that the feed gives it; an id that is no address is one only within its feed."""
    if not title:
        raise Unusable("neither a title nor a text")
    given = fields.line("id")
    if given:
        return identity.entry_id(given if ":" in given else f"{address.partition('?')[0]}#{given}")
    link = "" if fields.values.get("shared_link") else fields.link("link")
    if link:
        return identity.entry_id(link)
    if not identity.title_key(title):
        raise Unusable("neither an id nor a letter in the title")
    return identity.title_id(title)


def _day(fields: Fields, today: date) -> date | None:
    day = fields.day("date")
    return day if day and day.year >= FIRST_YEAR and day <= today else None


def _authors(given: Iterable[str]) -> tuple[str, ...]:
    """The names, apart where a feed puts them into one field; mail addresses are nobody's business."""
    names = (name for one in given for name in _apart(one))
    return once(name for name in names if name and "@" not in name)


def _apart(written: str) -> list[str]:
    """`A. Brook, B. Sample and C. Test` is three names; `Brook, Ada` is one."""
    parts = [part.strip() for part in re.split(r",\s*(?:and\s+)?|;\s*|\s+and\s+", written)]
    return parts if len(parts) > 1 and all(" " in part for part in parts) else [written]
