"""A paper as one flat object, in the words of our Paper or of an archive of Daily Papers. No I/O."""

from __future__ import annotations

from datetime import date

from newsletter import identity
from newsletter.models import Listing, Paper
from newsletter.sources import huggingface
from newsletter.sources.fields import Fields, Unusable, paper_id


def read(fields: Fields, day: date | None) -> Listing:
    """The listing in an object, on its own `date` before `day`; one in Hugging Face's words is read as such."""
    return huggingface.read(fields, day) if _is_huggingface(fields) else _read_flat(fields, day)


def _is_huggingface(fields: Fields) -> bool:
    """Its `summary` is the abstract, ours is the summary that a machine made: the words must not be mixed."""
    return "abstract" not in fields.values and not {"paper", "publishedAt"}.isdisjoint(fields.values)


def _read_flat(fields: Fields, day: date | None) -> Listing:
    title, given = fields.line("title"), _first(fields, "id", "arxiv", "doi")
    return Listing(
        paper=Paper(
            id=_id(given, title),
            title=title,
            abstract=fields.text("abstract"),
            authors=fields.names("authors"),
            published=fields.day("published"),
            summary=fields.text("summary") or fields.text("ai_summary"),
            keywords=fields.names("keywords") or fields.names("ai_keywords"),
            categories=fields.names("categories"),
            organization=_first(fields, "organization", "org"),
            code=fields.link("code") or fields.link("github"),
            stars=fields.count("stars"),
            project=fields.link("project"),
            thumbnail=fields.link("thumbnail"),
            url=fields.link("url"),
            upvotes=fields.count("upvotes") or 0,
            comments=fields.count("comments") or 0,
            also=tuple(sorted(filter(None, map(_known_id, fields.names("also"))))),
            version=fields.version("version") or identity.arxiv_version(given),
        ),
        day=_day(fields) or day,
    )


def _id(given: str, title: str) -> str:
    """The canonical id; also one that this program made, as `archive export` writes it."""
    return (identity.made_id(given) if title else None) or paper_id(given, title)


def _known_id(text: str) -> str | None:
    return identity.made_id(text) or identity.paper_id(text)


def _first(fields: Fields, *keys: str) -> str:
    return next(filter(None, map(fields.line, keys)), "")


def _day(fields: Fields) -> date | None:
    """The day it was listed on, which decides whether it is shown: so a wrong one is not guessed."""
    day = fields.day("date")
    if "date" in fields.wrong:
        raise Unusable("its `date` is not YYYY-MM-DD")
    return day
