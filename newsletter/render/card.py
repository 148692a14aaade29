"""A paper as every design shows it: titles and texts made readable, links named. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import urlsplit

from newsletter import identity
from newsletter.gist import gist
from newsletter.models import Paper
from newsletter.text import excerpt, line, readable, shorten_authors

SUMMARY = 420
"""Characters of a machine's summary that are shown; they have about 200."""
ABSTRACT = 320
"""Characters of the abstract that are shown where there is no summary."""
LONGEST_LINK = 2000
"""Characters of an address that is linked; a longer one is somebody's joke."""


_NAME = re.compile(r"(?!index$|home$|main$)[\w-][\w.+-]{2,}(?<!\.html)(?<!\.htm)")


@dataclass(frozen=True, slots=True)
class Link:
    """A link that says where it goes; `name` and `of` together are unlike any other paper's."""

    name: str
    """`PDF`, `Code`."""
    of: str
    """What it is the PDF or code of: `2603.01234`, `straight-paths`."""
    url: str
    note: str = ""
    """`1.2k stars`; may be empty."""


@dataclass(frozen=True, slots=True)
class Card:
    """A paper as it is shown; plain text, not escaped."""

    title: str
    url: str
    byline: str
    """`Ada One, Bo Two, Cy Three and 61 more · Northlight Lab`; may be empty."""
    summary: str
    summary_from: str
    """Who wrote the summary: `AI summary`, `AI summary by MODEL` or `From the abstract`; empty where there is none."""
    links: tuple[Link, ...]


@lru_cache(maxsize=8192)
def card(paper: Paper) -> Card:
    """The card of a paper: made once for all readers of it."""
    title = line(readable(paper.title), 300) or paper.id
    paper = replace(paper, title=title)
    summary, summary_from = _summary(paper)
    authors = line(readable(shorten_authors(paper.authors)), 200)
    links = {link.url: link for link in reversed([*_links(paper)]) if _usable(link.url)}  # of two the first stays
    return Card(
        title=title,
        url=_usable(identity.page(paper)) or identity.page(Paper("", title[:60])),
        byline=" · ".join(part for part in (authors, line(readable(paper.organization), 80)) if part),
        summary=summary,
        summary_from=summary_from,
        links=tuple(links.values())[::-1],
    )


def _summary(paper: Paper) -> tuple[str, str]:
    abstract, written = readable(paper.abstract), readable(paper.summary)
    by = line(readable(paper.summary_by), 60)
    if written and written not in abstract:
        return excerpt(written, SUMMARY), f"AI summary by {by}" if by else "AI summary"
    taken = gist(paper.title, abstract or written, ABSTRACT)
    return taken, "From the abstract" if taken else ""


def _links(paper: Paper) -> Iterator[Link]:
    """The links in the order of use; those with an empty address are dropped later."""
    if identity.arxiv_id(paper.id):
        yield Link("arXiv", paper.id, identity.page(paper))
        yield Link("PDF", paper.id, identity.pdf(paper))
        yield Link("Hugging Face", paper.id, identity.discussion(paper), _counted(paper.comments, "comment"))
    elif identity.doi(paper.id):
        yield Link("DOI", line(paper.id, 60), identity.page(paper))
    elif url := identity.web_link(paper.url):
        yield Link("Page", _place(url), url)
    else:
        yield Link("Search for", line(paper.title, 60), identity.page(paper))
    if code := identity.web_link(paper.code):
        yield Link("Code", _place(code), code, _counted(paper.stars or 0, "star"))
    if project := identity.web_link(paper.project):
        yield Link("Project", _place(project), project)


def _usable(url: str) -> str:
    return url if len(url) <= LONGEST_LINK else ""


def _place(url: str) -> str:
    """What tells an address from others, as a person would say it: the end of its path if that is a name, or the host."""
    parts = urlsplit(url)
    last = parts.path.rstrip("/").rpartition("/")[2]
    return line(last if _NAME.fullmatch(last) else (parts.hostname or "").removeprefix("www."), 40)


def _counted(number: int, noun: str) -> str:
    """`1 star`, `87 stars`, `1.2k stars`; nothing for none."""
    if number <= 0:
        return ""
    shown = str(number) if number < 1000 else f"{number / 1000:.1f}k" if number < 9950 else f"{number // 1000}k"
    return f"{shown} {noun}{'s' if number != 1 else ''}"
