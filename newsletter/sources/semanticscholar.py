"""Semantic Scholar: recent papers that it recommends to who likes some papers, and dislikes others.

Facts are from its description (api.semanticscholar.org/api-docs/recommendations, read 2026-11) unless another page is named.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from typing import Final
from urllib.parse import urlsplit

from newsletter import http, identity, text
from newsletter.errors import SettingsError, SourceError
from newsletter.models import Fetched, Listing, Paper
from newsletter.sources.fields import (
    Fields,
    Unusable,
    decode,
    fields_of,
    from_json,
    gather,
    kind_of,
    numbered,
    once,
    paper_id,
)
from newsletter.sources.reach import Reach

KEY: Final = "S2_API_KEY"
LIMIT: Final = 100
"""Papers of an answer, as it is without asking; 500 at most. It recommends recent ones, and is asked every day."""
MOST_EXAMPLES: Final = 100
"""No limit is told."""
MAX_BYTES: Final = 5_000_000
"""A larger answer is not read: 100 papers with their abstracts are about 0.2 MB."""
PAUSE: Final = timedelta(seconds=1)
"""Between two requests of ours: with a key one a second (semanticscholar.org/product/api, 2026-11)."""
_PATH: Final = "/recommendations/v1/papers"
_ASKED: Final = "title,abstract,authors,externalIds,publicationDate,url"
_USAGE: Final = "semanticscholar:like=2011.13456+1706.03762, perhaps with &dislike=2401.10020 behind it"


def parse(body: bytes) -> Fetched:
    """The papers of an answer; none has a day of its own. Raises Unusable for what is no answer.

    A paper is new when it is first recommended, whenever it was published.
    """
    answer = fields_of(from_json(decode(body)))
    papers = answer.values.get("recommendedPapers")
    if not isinstance(papers, list):
        raise Unusable(f"`recommendedPapers` is not a list but {kind_of(papers)}")
    return gather(numbered(papers[:LIMIT]), _listing)


def _listing(fields: Fields) -> Listing:
    """A paper. Abstracts may be missing for legal reasons, and so may each id."""
    title, ids = fields.line("title"), fields.inner("externalIds") or Fields({})
    known = [id_ for id_ in (identity.arxiv_id(ids.line("ArXiv")), identity.paper_id(ids.line("DOI"))) if id_]
    id_ = paper_id(known[0] if known else "", title)
    paper = Paper(
        id=id_,
        title=title,
        abstract=fields.text("abstract"),
        authors=once(author.line("name") for author in fields.each("authors")),
        published=fields.day("publicationDate"),
        url=fields.link("url"),
        also=tuple(dict.fromkeys(other for other in known[1:] if other != id_)),
    )
    return Listing(paper, None)


@dataclass(frozen=True, slots=True)
class Examples:
    """What recommendations follow: ids as Semantic Scholar writes them, `ARXIV:2011.13456` or `DOI:10.5555/1`."""

    like: tuple[str, ...]
    dislike: tuple[str, ...] = ()


def examples(argument: str) -> Examples:
    """The papers that `like=ID+ID&dislike=ID` names. Raises SettingsError with the cure."""
    given: dict[str, tuple[str, ...]] = {}
    for part in argument.split("&"):
        name, _, ids = part.partition("=")
        if name not in ("like", "dislike") or name in given:
            raise _refused(f"{name!r} is given twice" if name in given else f"{name!r} is neither like nor dislike")
        given[name] = tuple(dict.fromkeys(map(_id, ids.split("+"))))
    if "like" not in given:
        raise _refused("it says no `like`")
    if twice := {*given["like"]} & {*given.get("dislike", ())}:
        raise _refused(f"{sorted(twice)[0]} is under both like and dislike")
    if sum(map(len, given.values())) > MOST_EXAMPLES:
        raise _refused(f"it has more than {MOST_EXAMPLES} papers")
    return Examples(**given)


def _id(typed: str) -> str:
    if found := identity.arxiv_id(typed):
        return f"ARXIV:{found}"
    if found := identity.doi(typed):
        return f"DOI:{found}"
    raise _refused(f"{typed!r} is neither an arXiv id nor a DOI" if typed.strip() else "an id is missing")


def _refused(why: str) -> SettingsError:
    return SettingsError(f"sources: semanticscholar: {text.line(why, limit=150)}; write {_USAGE}")


@dataclass(frozen=True, slots=True)
class Recommender:
    """Who is asked."""

    endpoint: str = "https://api.semanticscholar.org"

    def fetch(self, argument: str, day: date, reach: Reach) -> Fetched:
        """What is recommended now, whatever the day. Raises SettingsError for an argument that names no papers, and
        SourceError when there is no answer."""
        return self.reader(argument, reach)(day)

    def reader(self, argument: str, reach: Reach) -> Callable[[date], Fetched]:
        """`fetch` for many days: it is asked once."""
        wanted = examples(argument)
        read = cache(lambda: self._read(wanted, reach))
        return lambda _: read()

    def check(self, argument: str, reach: Reach) -> str:
        """How much is recommended, in a sentence; SourceError when nobody answers."""
        found = self._read(examples(argument), reach)
        number = len(found.listings)
        said = found.quiet or f"{number} paper{'' if number == 1 else 's'} recommended"
        key = "" if reach.secret(KEY) else f"; without {KEY} it may refuse when others ask much"
        return f"{self._host} answers: {said}{f'; {found.faults[0]}' if found.faults else ''}{key}"

    def hosts(self, argument: str, reach: Reach) -> tuple[str, ...]:
        """The one host that is asked."""
        examples(argument)
        return (self._host,)

    def _read(self, wanted: Examples, reach: Reach) -> Fetched:
        response = self._ask(wanted, reach)
        try:
            if response.status != 200:
                raise Unusable(f"HTTP {response.status}: {_told(response.body)}")
            found = parse(response.body)
        except Unusable as error:
            raise SourceError(f"{self._place}: {error}; {_cure(response.status, bool(reach.secret(KEY)))}") from error
        if found.faults and not found.listings:
            raise SourceError(f"{self._place}: no paper can be read ({found.faults[0]}); ask again later")
        return (
            found if found.listings else replace(found, quiet="Semantic Scholar recommends nothing near these papers")
        )

    def _ask(self, wanted: Examples, reach: Reach) -> http.Response:
        """Asks in our turn. What it does not know (404) or not understand (400) it says in words."""
        patience, turns, key = reach.patience, reach.turns, reach.secret(KEY)

        def turn() -> AbstractContextManager[None]:
            return turns.of(self._host, PAUSE, patience.total) if turns else nullcontext()

        return http.post(
            reach.client,
            f"{self.endpoint}{_PATH}?fields={_ASKED}&limit={LIMIT}",
            {"positivePaperIds": wanted.like, "negativePaperIds": wanted.dislike},
            patience=replace(patience, turn=turn),
            headers={"User-Agent": reach.introduction} | ({"x-api-key": key} if key else {}),
            answers=(200, 400, 401, 403, 404),
            largest=MAX_BYTES,
        )

    @property
    def _host(self) -> str:
        return urlsplit(self.endpoint).netloc

    @property
    def _place(self) -> str:
        return f"{self._host}{_PATH}"


def _told(body: bytes) -> str:
    """`{"error": "..."}` of a refusal, or `{"message": "..."}` of the gate before it."""
    try:
        fields = fields_of(from_json(decode(body)))
    except Unusable:
        return "it does not say why"
    return fields.line("error") or fields.line("message") or "it does not say why"


def _cure(status: int, has_key: bool) -> str:
    if status in (401, 403):
        return f"check {KEY}" if has_key else f"ask again later, or with a key in {KEY}"
    return "ask again later" if status == 200 else "check the ids that the source names"


SEMANTIC_SCHOLAR: Final = Recommender()
