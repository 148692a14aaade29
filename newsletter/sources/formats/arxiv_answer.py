"""Answers of arXiv's API: a page of papers, each as it is now. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial

from newsletter import identity, text
from newsletter.models import Fetched, Listing, Paper
from newsletter.sources.fields import Fields, Unusable, first_faults, gather, paper_id
from newsletter.sources.formats import xml_feed
from newsletter.sources.formats.xml_feed import Node


@dataclass(frozen=True, slots=True)
class Page:
    """A page of an answer."""

    fetched: Fetched
    entries: int
    """How many stand on it, readable or not."""
    total: int
    """How many papers the whole answer has."""


def parse(body: bytes, day: date | None = None) -> Page:
    """The papers of a page, all listed on `day` if it is given.

    Raises Unusable for what is no such answer, and with arXiv's own words where it is an error.
    """
    feed = xml_feed.read(body)
    if feed.kind != "feed":
        raise Unusable(f"not an answer of the API but <{feed.kind}>")
    for entry in feed.entries:
        if "/api/errors" in entry.first("id").text:
            raise Unusable("arXiv refuses it: " + text.line(entry.first("summary").text, limit=200))
    numbered = ((f"paper {number}", node) for number, node in enumerate(feed.entries, 1))
    found = gather(numbered, partial(_read, day=day), _opened)
    total = Fields({"total": feed.head.first("totalResults").text.strip()}).count("total")
    fetched = Fetched(found.listings, first_faults([*feed.faults, *found.faults]))
    return Page(fetched, len(feed.entries), len(feed.entries) if total is None else total)


def _read(fields: Fields, day: date | None) -> Listing:
    given = fields.line("id")
    found = identity.arxiv_id(given)
    if not found:
        raise Unusable(f"no arXiv id ({text.line(given, limit=60)})")
    return Listing(
        paper=Paper(
            id=paper_id(found, fields.line("title")),
            title=fields.line("title"),
            abstract=fields.text("summary"),
            authors=fields.names("authors"),
            published=fields.day("published"),
            categories=fields.names("categories"),
            also=tuple(filter(None, [identity.doi(fields.line("doi"))])),
            version=identity.arxiv_version(given),
        ),
        day=day,
    )


def _opened(entry: object) -> Fields:
    """The fields of an entry; its categories with the primary one first."""
    if not isinstance(entry, Node):
        raise Unusable("not an entry")
    categories = [node.attributes.get("term", "") for name in _CATEGORIES for node in entry.each(name)]
    return Fields(
        {
            **{name: entry.first(name).text.strip() for name in ("id", "title", "summary", "published", "doi")},
            "authors": [author.first("name").text for author in entry.each("author")],
            "categories": categories,
        }
    )


_CATEGORIES = ("primary_category", "category")
