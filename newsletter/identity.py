"""When two papers are the same: canonical ids, title keys, merging. No I/O."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import quote, urlsplit

from newsletter.models import Paper

_ARXIV_NEW = r"\d{4}\.\d{4,5}"
_ARXIV_OLD = r"[a-z]+(?:-[a-z]+)?(?:\.[A-Z]{2})?/\d{7}"
_ARXIV_WHOLE = re.compile(
    rf"(?:arxiv:\s*|(?:https?://)?(?:www\.|export\.)?arxiv\.org/(?:abs|pdf|html)/"
    rf"|(?:https?://)?(?:www\.)?huggingface\.co/(?:api/)?papers/"
    rf"|(?:https?://(?:dx\.)?doi\.org/|doi:\s*)?10\.48550/arxiv\.)?"
    rf"({_ARXIV_NEW}|{_ARXIV_OLD})(?:v(\d+))?(?:\.pdf|\.md)?/?(?:[?#].*)?",
    re.IGNORECASE,
)
_DOI = re.compile(r"(?:https?://(?:dx\.)?doi\.org/|doi:\s*)?(10\.\d{4,9}/[^\s\"<>]+?)[.,;)]*", re.IGNORECASE)
_MADE = re.compile(r"(?:title|entry):[0-9a-f]{16}")

LONG_TITLE = 4
"""Words from which a title names one paper."""


def arxiv_id(text: str) -> str | None:
    """The arXiv id without its version, if `text` is one, or an arXiv or Hugging Face address of one."""
    found = _ARXIV_WHOLE.fullmatch(text.strip())
    if found is None:
        return None
    archive, slash, number = found[1].partition("/")
    # Old ids were written with and without a subject class (math.GT/0309136); arXiv resolves both.
    return f"{archive.partition('.')[0].lower()}/{number}" if slash else found[1]


def arxiv_version(text: str) -> int | None:
    """The version in an arXiv id (2 of `2603.00001v2`) or an address of one, if it has any."""
    found = _ARXIV_WHOLE.fullmatch(text.strip())
    return a_version(found[2]) if found and found[2] else None


def a_version(number: str) -> int | None:
    """A version's number, `2` or `v2`; None for what is none: they count from 1."""
    digits = number.strip().lower().removeprefix("v")
    return int(digits) if re.fullmatch("[1-9][0-9]{0,3}", digits) else None


def doi(text: str) -> str | None:
    """The DOI in lower case, if `text` is one or a doi.org address of one."""
    found = _DOI.fullmatch(text.strip())
    return found[1].lower() if found else None


def paper_id(text: str) -> str | None:
    """The canonical id that `text` names (an id, a DOI or an address), or None."""
    return arxiv_id(text) or doi(text)


def title_key(title: str) -> str:
    """A title as it is compared: letters and digits only, accents off, lower case, single spaces."""
    plain = unicodedata.normalize("NFKD", title).casefold()
    return " ".join(re.findall(r"[^\W_]+", "".join(c for c in plain if not unicodedata.combining(c))))


def title_id(title: str) -> str:
    """The id of a paper that has no other: `title:` and 16 hexadecimal digits."""
    return "title:" + hashlib.sha256(title_key(title).encode()).hexdigest()[:16]


def entry_id(given: str) -> str:
    """The id of a paper that only a feed has, by what the feed calls it: `entry:` and 16 hexadecimal digits."""
    return "entry:" + hashlib.sha256(given.encode("utf-8", "replace")).hexdigest()[:16]


def made_id(text: str) -> str | None:
    """The id, if `text` is one that `title_id` or `entry_id` made."""
    return text if _MADE.fullmatch(text) else None


def has_own_id(paper: Paper) -> bool:
    """Whether the paper is known by an arXiv id or a DOI rather than by its title, or by a feed's word."""
    return not paper.id.startswith(("title:", "entry:"))


def same_by_title(a: Paper, b: Paper) -> bool:
    """Whether two papers with equal title keys are one.

    Only if one side has no id of its own, the title has four words or more, and the authors, where both
    have them, overlap: "Technical Report" by two labs is two papers.
    """
    if has_own_id(a) and has_own_id(b):
        return a.id == b.id
    if len(title_key(a.title).split()) < LONG_TITLE:
        return a.id == b.id and not (a.authors and b.authors and not _share_author(a, b))
    return not (a.authors and b.authors) or _share_author(a, b)


def _share_author(a: Paper, b: Paper) -> bool:
    return bool({title_key(name) for name in a.authors} & {title_key(name) for name in b.authors})


def merge(known: Paper, other: Paper) -> Paper:
    """One paper out of two readings of it; `other` is the later one.

    The better id wins, text that is missing is filled in, and what changes with time (votes, stars, code)
    is taken from the later reading; the higher version stays.
    """
    first, second = (known, other) if has_own_id(known) or not has_own_id(other) else (other, known)
    return replace(
        first,
        abstract=first.abstract or second.abstract,
        authors=first.authors or second.authors,
        published=first.published or second.published,
        summary=other.summary or known.summary,
        keywords=other.keywords or known.keywords,
        categories=first.categories or second.categories,
        organization=other.organization or known.organization,
        code=other.code or known.code,
        stars=other.stars if other.stars is not None else known.stars,
        project=other.project or known.project,
        thumbnail=other.thumbnail or known.thumbnail,
        url=first.url or second.url,
        upvotes=max(known.upvotes, other.upvotes),
        comments=max(known.comments, other.comments),
        also=_others(first.id, (*known.also, known.id, *other.also, other.id)),
        version=max((paper.version for paper in (known, other) if paper.version), default=None),
    )


def _others(chosen: str, ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({i for i in ids if i != chosen}))


def web_link(text: str) -> str:
    """`text` if it is an http or https address without spaces or control characters, else nothing.

    Scheme and host are written small, as browsers do: `https://MuRF.github.io/A` is `https://murf.github.io/A`.
    """
    address = text.strip()
    if any(c.isspace() or ord(c) < 0x20 for c in address):
        return ""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    host = parts.netloc if "@" in parts.netloc else parts.netloc.lower()
    return f"{parts.scheme}://{host}{address[len(parts.scheme) + 3 + len(parts.netloc) :]}"


def page(paper: Paper) -> str:
    """The page a reader opens: arXiv abstract, DOI, the source's own page, else a search for the title."""
    if arxiv_id(paper.id):
        return f"https://arxiv.org/abs/{paper.id}"
    if doi(paper.id):
        return "https://doi.org/" + quote(paper.id, safe="/.:;()-_")
    return web_link(paper.url) or "https://huggingface.co/papers?q=" + quote(paper.title[:200], safe="")


def discussion(paper: Paper) -> str:
    """The paper's page on Hugging Face, for papers with an arXiv id; else nothing."""
    return f"https://huggingface.co/papers/{paper.id}" if arxiv_id(paper.id) else ""


def pdf(paper: Paper) -> str:
    """The PDF on arXiv, for papers with an arXiv id; else nothing."""
    return f"https://arxiv.org/pdf/{paper.id}" if arxiv_id(paper.id) else ""
