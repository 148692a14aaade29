"""A paper as every design shows it: titles and texts made readable, links named. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import urlsplit

from newsletter import identity
from newsletter.gist import gist
from newsletter.models import Paper, Words, counted, said
from newsletter.text import excerpt, line, readable, shorten_authors

SUMMARY = 420
"""Characters of a machine's summary that are shown; they have about 200."""
ABSTRACT = 320
"""Characters of the abstract that are shown where there is no summary."""
KEPT = 8_192
"""Cards."""
LONGEST_LINK = 2000
"""Characters of an address that is linked; a longer one is somebody's joke."""


_NAME = re.compile(r"(?!index$|home$|main$)[\w-][\w.+-]{2,}(?<!\.html)(?<!\.htm)")

_lately: dict[int, tuple[Paper, Card]] = {}


@dataclass(frozen=True, slots=True)
class Link:
    """A link that says where it goes; `name` and `of` together are unlike any other paper's."""

    name: Words
    """`PDF`, `Code`."""
    of: str
    """What it is the PDF or code of: `2603.01234`, `straight-paths`."""
    url: str
    note: Words = ""
    """`1.2k stars`; may be empty."""
    told: bool = True
    """Whether `of` has to be seen: among the links of one paper its id need not be repeated."""


@dataclass(frozen=True, slots=True, eq=False)
class Card:
    """A paper as it is shown; plain text, not escaped. There is one of each paper, which fragments are kept by."""

    id: str
    """By which the archive has it."""
    title: str
    url: str
    authors: str
    """`Ada One, Bo Two, Cy Three`; may be empty."""
    more_authors: int
    """How many are not named."""
    organization: str
    summary: str
    summary_from: Words
    """Who wrote the summary: `AI summary`, `AI summary by MODEL` or `From the abstract`; empty where there is none."""
    votes: Words
    """`87 upvotes`; may be empty."""
    thumbnail: str
    """The address of a picture, https; may be empty. Shown only where the newsletter wants pictures."""
    links: tuple[Link, ...]
    words: int
    """How many words there are to read."""


def card(paper: Paper) -> Card:
    """The card of a paper: made once for all readers of it."""
    found = _lately.get(id(paper))  # hashing a paper takes longer than all else here
    if found is None or found[0] is not paper:
        if len(_lately) >= KEPT:
            _lately.clear()
        found = _lately[id(paper)] = paper, _card(paper)
    return found[1]


@lru_cache(maxsize=KEPT)
def _card(paper: Paper) -> Card:
    title = line(readable(paper.title), 300) or line(paper.id, 300)
    paper = replace(paper, title=title)
    summary, summary_from = _summary(paper)
    authors, more = shorten_authors(paper.authors)
    links = {link.url: link for link in reversed([*_links(paper)]) if _usable(link.url)}  # of two the first stays
    return Card(
        id=line(paper.id),
        title=title,
        url=_usable(identity.page(paper)) or identity.page(Paper("", title[:60])),
        authors=line(readable(", ".join(authors)), 200),
        more_authors=more,
        organization=line(readable(paper.organization), 80),
        summary=summary,
        summary_from=summary_from,
        votes=counted("{n} upvote", "{n} upvotes", paper.upvotes) if paper.upvotes > 0 else "",
        thumbnail=_usable(paper.thumbnail) if paper.thumbnail.startswith("https://") else "",
        links=tuple(links.values())[::-1],
        words=len(title.split()) + len(summary.split()),
    )


def _summary(paper: Paper) -> tuple[str, Words]:
    abstract, written = readable(paper.abstract), readable(paper.summary)
    if written and written not in abstract:
        by = line(readable(paper.summary_by), 60)
        return excerpt(written, SUMMARY), said("AI summary by {model}", model=by) if by else said("AI summary")
    taken = gist(paper.title, abstract or written, ABSTRACT)
    return taken, said("From the abstract") if taken else ""


def _links(paper: Paper) -> Iterator[Link]:
    """The links in the order of use; those with an empty address are dropped later."""
    if identity.arxiv_id(paper.id):
        yield Link("arXiv", paper.id, identity.page(paper))
        yield Link("PDF", paper.id, identity.pdf(paper), told=False)
        yield Link("Hugging Face", paper.id, identity.discussion(paper), _comments(paper.comments), told=False)
    elif identity.doi(paper.id):
        yield Link("DOI", line(paper.id, 60), identity.page(paper))
    elif url := identity.web_link(paper.url):
        yield Link(said("Page"), _place(url), url)
    else:
        yield Link(said("Search for"), line(paper.title, 60), identity.page(paper))
    if code := identity.web_link(paper.code):
        yield Link(said("Code"), _place(code), code, _stars(paper.stars or 0))
    if project := identity.web_link(paper.project):
        yield Link(said("Project"), _place(project), project)


def _usable(url: str) -> str:
    return url if len(url) <= LONGEST_LINK else ""


def _place(url: str) -> str:
    """What tells an address from others, as a person would say it: the end of its path if that is a name, or the host."""
    parts = urlsplit(url)
    last = parts.path.rstrip("/").rpartition("/")[2]
    return line(last if _NAME.fullmatch(last) else (parts.hostname or "").removeprefix("www."), 40)


def _comments(number: int) -> Words:
    return counted("{shown} comment", "{shown} comments", number, shown=_short(number)) if number > 0 else ""


def _stars(number: int) -> Words:
    return counted("{shown} star", "{shown} stars", number, shown=_short(number)) if number > 0 else ""


def _short(number: int) -> str:
    """`87`, `1.2k`, `12k`."""
    return str(number) if number < 1000 else f"{number / 1000:.1f}k" if number < 9950 else f"{number // 1000}k"
