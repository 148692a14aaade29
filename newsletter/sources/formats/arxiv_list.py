"""arXiv's list of a day, the RSS or Atom of rss.arxiv.org: papers, each with how it was announced. No I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import parsedate_to_datetime

from newsletter import identity, text
from newsletter.models import Fetched, Listing, Paper
from newsletter.sources.arxiv_days import NEW_YORK
from newsletter.sources.fields import Fields, Unusable, first_faults, gather, paper_id
from newsletter.sources.formats import xml_feed
from newsletter.sources.formats.xml_feed import Node

LISTED = ("new", "cross")
REPLACED = ("replace", "replace-cross")
MOST_ITEMS = 2_000
"""Where arXiv stops; from there on new papers may be missing (arxiv-feed, 2026-09)."""
_HEAD = re.compile(r"\s*arXiv:\S+\s+Announce Type:\s*([a-z-]+)\s*(?:Abstract:\s*)?", re.IGNORECASE)
_REFUSAL = "Feed error for query"


@dataclass(frozen=True, slots=True)
class Announced:
    """A day's list."""

    day: date
    """In New York: the day after the evening of the announcement, unless that was a Sunday's."""
    fetched: Fetched
    """New papers and those that are new in these categories are listed; replaced ones are only revised."""


def parse(body: bytes) -> Announced:
    """Reads the list, each paper once; what cannot be read of it is a fault.

    Raises Unusable for what is no such feed, and with arXiv's own words where it refused the categories.
    """
    feed = xml_feed.read(body)
    title = text.line(feed.head.first("title").text, limit=200)
    if title.startswith(_REFUSAL):
        raise Unusable("arXiv refuses it: " + text.line(feed.head.first("description").text, limit=300))
    day = _day(feed.head)
    found = gather(((f"item {number}", node) for number, node in enumerate(feed.entries, 1)), _Reader(day), _opened)
    cut = (f"arXiv stops at {MOST_ITEMS} papers: name fewer categories",) if len(feed.entries) >= MOST_ITEMS else ()
    if found.faults and not found.listings:
        raise Unusable(f"none of its papers can be read ({found.faults[0]})")
    listed: dict[str, Listing] = {}
    revised: dict[str, Paper] = {}
    for listing in found.listings:
        if listing.day is None:
            revised.setdefault(listing.paper.id, listing.paper)
        else:
            listed.setdefault(listing.paper.id, listing)
    faults = first_faults([*feed.faults, *cut, *found.faults])
    return Announced(day, Fetched(tuple(listed.values()), faults, tuple(revised.values())))


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one item: listed on the day, or on none where it only has a new version."""

    day: date

    def __call__(self, fields: Fields) -> Listing:
        given = fields.line("guid").removeprefix("oai:arXiv.org:")
        kind = fields.line("kind")
        if kind not in (*LISTED, *REPLACED):
            raise Unusable(f"its announcement is {kind!r}" if kind else "it does not say how it was announced")
        paper = Paper(
            id=_id(given, fields),
            title=fields.line("title"),
            abstract=fields.text("abstract"),
            authors=fields.names("authors"),
            categories=fields.names("categories"),
            also=tuple(filter(None, [identity.doi(fields.line("doi"))])),
            version=identity.arxiv_version(given),
        )
        return Listing(paper, self.day if kind in LISTED else None)


def _id(given: str, fields: Fields) -> str:
    found = identity.arxiv_id(given) or identity.arxiv_id(fields.line("link"))
    if not found:
        raise Unusable(f"no arXiv id ({text.line(given, limit=60)})")
    return paper_id(found, fields.line("title"))


def _opened(item: object) -> Fields:
    """The fields of an item."""
    if not isinstance(item, Node):
        raise Unusable("not an item")
    said = item.first("description").text or item.first("summary").text
    head = _HEAD.match(said)
    return Fields(
        {
            "guid": (item.first("guid").text or item.first("id").text).strip(),
            "link": item.first("link").text.strip() or item.first("link").attributes.get("href", ""),
            "title": item.first("title").text,
            "abstract": said[head.end() :] if head else said,
            "kind": (item.first("announce_type").text.strip() or (head[1] if head else "")).lower(),
            "authors": names(item.first("creator").text),
            "categories": [one.text.strip() or one.attributes.get("term", "") for one in item.each("category")],
            "doi": item.first("DOI").text.strip(),
        }
    )


def names(written: str) -> list[str]:
    """The authors of `A. Author (Some University, Berlin), B. Author`, without what stands in parentheses."""
    return [name.strip() for name in _without_asides(written).split(",")]


def _without_asides(written: str) -> str:
    kept, depth = [], 0
    for piece in re.split(r"([()])", written):
        if piece in ("(", ")"):
            depth = depth + 1 if piece == "(" else max(depth - 1, 0)
        elif not depth:
            kept.append(piece)
    return "".join(kept)


def _day(head: Node) -> date:
    """The day of the list: its `pubDate` is midnight in New York; Atom has only when it was made, soon after that."""
    for name in ("pubDate", "lastBuildDate", "updated"):
        found = _moment(head.first(name).text.strip())
        if found is not None:
            return found.astimezone(NEW_YORK).date()
    raise Unusable("it does not say of which day it is")


def _moment(written: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(written) if written[:4].isdigit() else parsedate_to_datetime(written)
        return found if found.tzinfo and 1990 < found.year < 2200 else None
    except (ValueError, TypeError, OverflowError):
        return None
