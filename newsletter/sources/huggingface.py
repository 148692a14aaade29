"""Hugging Face's Daily Papers: the papers its community put forward on a day, with upvotes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date
from functools import lru_cache
from urllib.parse import SplitResult, quote, urlsplit

from newsletter import http, identity, text
from newsletter.errors import NotYet, SettingsError, SourceError
from newsletter.models import Fetched, Listing, Paper
from newsletter.sources.fields import (
    Fields,
    Unusable,
    decode,
    fields_of,
    first_faults,
    from_json,
    gather,
    kind_of,
    numbered,
    once,
    paper_id,
)
from newsletter.sources.hf_lists import DAILY, Wanted, wanted
from newsletter.sources.reach import Reach

PAGE = 100
"""The most that a page may hold (hub API, 2026-10); without a limit it holds 50 and truncates busy days."""
MOST_PAGES = 20
"""The busiest day seen had 92 papers (2026-09-30)."""


def fetch(argument: str, day: date, reach: Reach) -> Fetched:
    """The papers of the list that `argument` names, up to a day: all pages of it, each once; none is a quiet day.

    Raises NotYet for a day that has not begun in UTC, SourceError when the first page cannot be read.
    A later page that cannot be read is a fault: the papers before it are used.
    """
    return reader(argument, reach)(day)


def reader(argument: str, reach: Reach) -> Callable[[date], Fetched]:
    """`fetch` for many days: a list that several of them share, as a week's, is asked for once."""
    lists = wanted(argument)
    read = lru_cache(maxsize=1)(lambda query: _all_pages(lists, dict(query), reach))

    def on(day: date) -> Fetched:
        found = read(tuple(lists.query(day).items()))
        dated = (replace(one, day=lists.day(one, day)) for one in found.listings)
        return replace(found, listings=tuple(one for one in dated if one.day is None or one.day <= day))

    return on


def has_past(argument: str) -> bool:
    """Whether the list can be asked for past days."""
    return wanted(argument).past


def _all_pages(lists: Wanted, query: dict[str, str], reach: Reach) -> Fetched:
    known: set[str] = set()
    listings: dict[str, Listing] = {}
    faults: list[str] = []
    label = _label(query)
    for number in range(1 if lists.whole else MOST_PAGES):
        try:
            everything, page = _page(lists, query, number, reach)
        except SourceError as error:
            if number == 0:
                raise
            faults.append(f"papers may be missing, page {number + 1} of {label} failed: {error}")
            break
        before = len(known)
        known |= {found.paper.id for found in everything.listings}
        if len(known) == before:  # empty, or the same again: `Link: next` stands on the last page too (2026-08)
            break
        listings |= {found.paper.id: found for found in page.listings if found.paper.id not in listings}
        faults += page.faults
    else:
        if not lists.whole:
            faults.append(f"papers may be missing, {label} has more than {MOST_PAGES} pages")
    return Fetched(tuple(listings.values()), first_faults(faults))


def parse(body: bytes, day: date | None, keeps: Callable[[object], bool] = lambda _: True) -> Fetched:
    """The listings in an answer of `/api/daily_papers` or `/api/papers/search`, all of them on `day` if it is given.

    Raises SourceError when the answer as a whole is not a JSON list.
    """
    try:
        papers = from_json(decode(body))
    except Unusable as error:
        raise SourceError(str(error)) from error
    if not isinstance(papers, list):
        raise SourceError(f"not a list of papers but {kind_of(papers)}")
    kept = ((place, paper) for place, paper in numbered(papers) if keeps(paper))
    return gather(kept, lambda fields: read(fields, day))


def read(outer: Fields, day: date | None) -> Listing:
    """One paper as the API writes it: nested in `paper`, or with its fields un-nested (`/api/papers/ID`).

    The nested fields are the true ones: the `publishedAt` beside them is the same moment in New York
    time, not the day of the listing (2025-03), and what is missing beside them is not missing inside.
    """
    paper = outer.inner("paper") if "paper" in outer.values else outer
    if paper is None:
        raise Unusable("its `paper` is not an object")
    title = paper.line("title") or outer.line("title")
    return Listing(
        paper=Paper(
            id=paper_id(paper.line("id"), title),
            title=title,
            abstract=paper.text("summary") or outer.text("summary"),
            authors=_authors(paper),
            published=paper.day("publishedAt"),
            summary=paper.text("ai_summary"),
            keywords=paper.names("ai_keywords"),
            organization=_organization(paper) or _organization(outer),
            code=paper.link("githubRepo"),
            stars=paper.count("githubStars"),
            project=paper.link("projectPage"),
            thumbnail=outer.link("thumbnail"),
            upvotes=paper.count("upvotes") or 0,
            comments=outer.count("numComments") or 0,
            version=identity.arxiv_version(paper.line("id")),  # its own ids have none (2026-11), copies of it may
        ),
        day=day or paper.day("submittedOnDailyAt"),
    )


def lookup(id_: str, reach: Reach) -> Paper | None:
    """The paper with this id, if Hugging Face knows it; SourceError when it does not answer."""
    answer = _get(f"/api/papers/{quote(id_, safe='/')}", {}, reach, answers=(200, 404))
    if answer.status == 404:
        return None
    try:
        return read(fields_of(from_json(decode(answer.body))), None).paper
    except Unusable as error:
        raise SourceError(f"{_host(reach)}/api/papers: {id_} cannot be read: {error}; ask again later") from error


def lookups(ids: Sequence[str], reach: Reach) -> Iterator[tuple[str, Paper | None]]:
    """`lookup` for many papers, one after another."""
    return ((id_, lookup(id_, reach)) for id_ in ids)


def check(argument: str, reach: Reach) -> str:
    """How many papers the latest day has, in a sentence; SourceError when Hugging Face does not answer."""
    lists = wanted(argument)
    token = f"{'with' if reach.token else 'without'} a token (HF_TOKEN)"
    if lists.kind != "daily":
        today = reach.now().astimezone(UTC).date()
        found = len(reader(argument, reach)(today).listings)
        return f"{_host(reach)} answers: {found} {'paper' if found == 1 else 'papers'} in huggingface:{argument} now, {token}"
    answer = _get(DAILY, {"limit": str(PAGE)}, reach)
    listings = _parse(answer.body, DAILY, reach).listings
    latest = max((found.day for found in listings if found.day), default=None)
    papers = f"{sum(found.day == latest for found in listings)} papers on {latest}" if latest else "no papers today"
    return f"{_host(reach)} answers: {papers}, {token}"


def hosts(argument: str, reach: Reach) -> tuple[str, ...]:
    """The one host that is asked."""
    return (_host(reach),)


def _page(lists: Wanted, query: dict[str, str], number: int, reach: Reach) -> tuple[Fetched, Fetched]:
    """All papers of a page, and those of them that are wanted."""
    asked = query if "limit" in query else {**query, "limit": str(PAGE), "p": str(number)}
    answer = _get(lists.path, asked, reach, answers=(200, 400))
    if answer.status == 200:
        everything = _parse(answer.body, lists.path, reach)
        return everything, parse(answer.body, None, lists.keeps)
    said = _error(answer.body)
    if "must be less than or equal" in said:
        raise NotYet(f"{_host(reach)} has no {_label(query)} yet: its days begin at midnight UTC; ask again later")
    raise SourceError(f"{_host(reach)}{lists.path}: HTTP 400 for {_label(query)}: {said}; check HF_ENDPOINT")


def _label(query: dict[str, str]) -> str:
    """The list as errors name it: its day, its week, what was searched for."""
    return next(iter(query.values()))


def _parse(body: bytes, path: str, reach: Reach) -> Fetched:
    """The listings of a page; SourceError when it has papers and not one of them can be read."""
    place, cure = f"{_host(reach)}{path}", "ask again later, or check HF_ENDPOINT"
    try:
        page = parse(body, None)
    except SourceError as error:
        raise SourceError(f"{place}: {error}; {cure}") from error
    if page.faults and not page.listings:
        raise SourceError(f"{place}: none of its papers can be read ({page.faults[0]}); {cure}")
    return page


def _get(path: str, params: dict[str, str], reach: Reach, answers: tuple[int, ...] = (200,)) -> http.Response:
    return http.get(
        reach.client,
        _endpoint(reach).geturl() + path,
        params=params or None,
        headers={"Authorization": f"Bearer {reach.token}"} if reach.token else None,
        patience=reach.patience,
        answers=answers,
    )


def _error(body: bytes) -> str:
    """What an error answer says, in one line: `{"error": "..."}`."""
    try:
        said = fields_of(from_json(decode(body))).line("error")
    except Unusable:
        said = ""
    return said or "no reason given"


def _host(reach: Reach) -> str:
    return _endpoint(reach).netloc.rpartition("@")[2]


def _endpoint(reach: Reach) -> SplitResult:
    try:
        parts = urlsplit(reach.endpoint.rstrip("/"))
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = None
    if not usable:
        raise SettingsError(f"HF_ENDPOINT: {text.line(reach.endpoint, limit=100)!r} is not an http or https address")
    return parts


def _authors(paper: Fields) -> tuple[str, ...]:
    """The names in order, each once; Hugging Face hides some, so do we."""
    return once(author.line("name") for author in paper.each("authors") if not author.values.get("hidden"))


def _organization(holder: Fields) -> str:
    """Its full name; the field was `submitterOrganization` from 2025-09-29 to 10-02."""
    found = holder.inner("organization") or holder.inner("submitterOrganization")
    return (found.line("fullname") or found.line("name")) if found else ""
