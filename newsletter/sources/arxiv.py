"""arXiv: the list of a day, past days by the time of submission, and papers by their ids; asked as politely as it wants.

day          asked of
today        rss.arxiv.org: what was announced last evening, each new, cross-listed or replaced
yesterday    nobody, if today's list was kept then: it does not grow
before that  the API: what was submitted for that day's list, as it is now
a weekend    nobody: there is no list
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import date, datetime, timedelta
from urllib.parse import quote, urlencode, urlsplit

from newsletter import http
from newsletter.answers import Answer
from newsletter.errors import NotYet, SourceError
from newsletter.models import Fetched, Listing, Paper
from newsletter.sources import arxiv_days, conditional
from newsletter.sources.arxiv_categories import ARCHIVES, categories
from newsletter.sources.arxiv_days import Window
from newsletter.sources.fields import Unusable, first_faults
from newsletter.sources.formats import arxiv_answer, arxiv_list
from newsletter.sources.formats.arxiv_answer import Page
from newsletter.sources.formats.arxiv_list import Announced
from newsletter.sources.reach import Reach

HOST = "export.arxiv.org"
LISTS = "https://rss.arxiv.org"
PAUSE = timedelta(seconds=3)
"""Between two requests of ours, those for lists and to the API together (arXiv API terms of use, 2026-11)."""
FIRST_WAIT = 5
"""Seconds before a second attempt; 429 comes without Retry-After (2026-10)."""
MAX_BYTES = 20_000_000
"""A larger answer is not read: 2,000 papers, where a list ends, are 4 MB (2026-11)."""
PAGE = 200
"""Papers asked of the API at once. Up to 2,000 are allowed, but such answers often come too late (2026-10)."""
MOST_PAGES = 50
MOST_IDS = 50
"""Papers asked for by their ids at once."""
ATTEMPTS = 3
"""How often a page is asked for that comes empty although there should be more (a known fault of the API, 2026-04)."""
LATE = timedelta(hours=6)
"""After midnight in New York; until then an old list is one that was not made anew yet."""
KEPT_LISTS = 3
"""Lists that are kept, of as many days; a newer one takes the place of the oldest."""


def fetch(argument: str, day: date, reach: Reach) -> Fetched:
    """The papers that arXiv listed on a day in these categories, each once; an empty day says why, where that is known.

    Raises SettingsError for what is no category, NotYet for a day whose list is not made yet, SourceError when
    nothing of the day can be read. A later page of the API that cannot be read is a fault.
    """
    wanted = categories(argument)
    newest = arxiv_days.today(reach.now())
    if day > newest:
        raise NotYet(f"arXiv's list of {day} is made at midnight in New York; ask again later")
    why = arxiv_days.why_quiet(day)
    if why and (day.weekday() >= 5 or day < newest):  # holidays are as we know them: today's list is looked at
        return Fetched(quiet=why)
    if day == newest:
        fetched = _todays(wanted, day, reach).fetched
    else:
        kept = _kept(wanted, day, reach)
        fetched = kept.fetched if kept else _submitted(wanted, day, reach)
    if fetched.listings or fetched.faults:
        return fetched
    return replace(fetched, quiet=why or f"arXiv announced nothing in {'+'.join(wanted)} for {day}")


def reader(argument: str, reach: Reach) -> Callable[[date], Fetched]:
    """`fetch` for many days; the categories are looked at now."""
    categories(argument)
    return lambda day: fetch(argument, day, reach)


def lookup(ids: Sequence[str], reach: Reach) -> Iterator[tuple[str, Paper | None]]:
    """The papers with these arXiv ids, or that there is none, many asked for at once.

    Raises SourceError when arXiv does not answer.
    """
    for start in range(0, len(ids), MOST_IDS):
        some = list(ids[start : start + MOST_IDS])
        found = _by_id(some, reach)
        yield from ((id_, found.get(id_)) for id_ in some)


def check(argument: str, reach: Reach) -> str:
    """How many papers the newest list has, in a sentence; SourceError when arXiv does not answer."""
    wanted = categories(argument)
    day = arxiv_days.today(reach.now())
    announced = _list(wanted, day, reach)
    listed, replaced = len(announced.fetched.listings), len(announced.fetched.revised)
    why = arxiv_days.why_quiet(announced.day)
    told = f"{'+'.join(wanted)} has {_many(listed, 'paper')} and {_many(replaced, 'newer version')} on {announced.day}"
    if not listed:
        told = f"{'+'.join(wanted)} has no papers on {announced.day}" + (f": {why}" if why else "")
    nobody = (
        "; it likes to know whom to write to: set `from` to an address" if "mailto:" not in reach.introduction else ""
    )
    return f"{_host(_lists(reach))} answers: {told}{nobody}"


def hosts(argument: str, reach: Reach) -> tuple[str, ...]:
    """The host of the lists and that of the API."""
    categories(argument)
    return tuple(dict.fromkeys((_host(_lists(reach)), _host(reach.arxiv))))


# -- the list of today


def _todays(wanted: Sequence[str], day: date, reach: Reach) -> Announced:
    """Raises NotYet while yesterday's list still stands there, SourceError when it stands there for too long."""
    announced = _list(wanted, day, reach)
    if announced.day == day:
        return announced
    place = _place(_list_address(wanted, reach))
    told = f"{place}: the list is that of {announced.day}, not of {day}"
    now = reach.now()
    if announced.day < day and now - datetime.combine(day, datetime.min.time(), arxiv_days.NEW_YORK) < LATE:
        raise NotYet(f"{told}; ask again later")
    raise SourceError(f"{told}; ask again later, or check this machine's clock")


def _list(wanted: Sequence[str], day: date, reach: Reach) -> Announced:
    address = _list_address(wanted, reach)
    ask = _asking(address, None, reach)
    response = conditional.get(_kept_as(address, day), reach, lambda headers, answers: ask(headers, {*answers, 400}))
    try:
        return arxiv_list.parse(response.body)
    except Unusable as error:
        cure = "check the categories in `sources`" if response.status == 400 else "ask again later"
        raise SourceError(f"{_place(address)}: {error}; {cure}") from error


def _kept(wanted: Sequence[str], day: date, reach: Reach) -> Announced | None:
    """The list of a day as it was when it was today's, if it was kept and is whole."""
    known = reach.answers.find(_kept_as(_list_address(wanted, reach), day)) if reach.answers else None
    if known is None or arxiv_days.today(reach.now()) - day > timedelta(days=1):
        return None
    try:
        announced = arxiv_list.parse(known.body)
    except Unusable:
        return None
    return announced if announced.day == day and not announced.fetched.faults else None


def _kept_as(address: str, day: date) -> str:
    return f"{address}#{day.toordinal() % KEPT_LISTS}"


# -- past days


def _submitted(wanted: Sequence[str], day: date, reach: Reach) -> Fetched:
    """What was submitted for the list of a day, as it is now, from all pages."""
    window = arxiv_days.window(day)
    if window is None:
        return Fetched()
    asked = _query(wanted, window)
    listings: dict[str, Listing] = {}
    faults: list[str] = []
    start = 0
    for number in range(MOST_PAGES):
        try:
            page = _page(asked, start, day, reach)
        except SourceError as error:
            if number == 0:
                raise
            faults.append(f"papers may be missing, page {number + 1} of {day} failed: {error}")
            break
        listings = {found.paper.id: found for found in page.fetched.listings} | listings
        faults += page.fetched.faults
        start += page.entries
        if start >= page.total:
            break
    else:
        faults.append(f"papers may be missing, {day} has more than {MOST_PAGES} pages")
    return Fetched(tuple(listings.values()), first_faults(faults))


def _page(asked: Mapping[str, str], start: int, day: date, reach: Reach) -> Page:
    """A page of the API's answer; SourceError when it stays empty although there is more."""
    params = {**asked, "start": str(start), "max_results": str(PAGE)}
    for attempt in range(ATTEMPTS):
        page = _answer(params, day, reach, again=attempt > 0)
        if page.entries or (attempt and page.total <= start):
            break
    if page.total > start and not page.fetched.listings:
        what = page.fetched.faults[0] if page.entries else "it is empty"
        raise SourceError(f"{_place(_api(reach))}: no paper of a page of {day} can be read: {what}; ask again later")
    return page


def _query(wanted: Sequence[str], window: Window) -> dict[str, str]:
    """The first and the last minute are both included (arXiv API user's manual, 2026-04)."""
    anywhere = " OR ".join(f"cat:{one}.*" if ARCHIVES.get(one) else f"cat:{one}" for one in wanted)
    last = window.until - timedelta(minutes=1)
    submitted = f"submittedDate:[{window.since:%Y%m%d%H%M} TO {last:%Y%m%d%H%M}]"
    return {"search_query": f"({anywhere}) AND {submitted}", "sortBy": "submittedDate", "sortOrder": "ascending"}


# -- papers by their ids


def _by_id(ids: Sequence[str], reach: Reach) -> dict[str, Paper]:
    """The papers of these ids. For one that is none it refuses them all, so they are then asked for by halves."""
    try:
        page = _answer({"id_list": ",".join(ids), "max_results": str(len(ids))}, None, reach)
    except _Refused:
        if len(ids) == 1:
            return {}
        middle = len(ids) // 2
        return _by_id(ids[:middle], reach) | _by_id(ids[middle:], reach)
    return {found.paper.id: found.paper for found in page.fetched.listings}


# -- asking


class _Refused(SourceError):
    """The API does not take the question."""


def _answer(asked: Mapping[str, str], day: date | None, reach: Reach, *, again: bool = False) -> Page:
    """What the API answers; for yesterday, which every run asks for, what it answered earlier today in New York.

    It changes once a day, so a question is not to be repeated before that (arXiv API user's manual, 2026-04).
    """
    place, newest = _place(_api(reach)), arxiv_days.today(reach.now())
    name = f"{_api(reach)}?{urlencode(asked)}" if day and newest - day == timedelta(days=1) else ""
    known = reach.answers.find(name) if reach.answers and name and not again else None
    if known and arxiv_days.today(known.fetched_at) == newest:
        return arxiv_answer.parse(known.body, day)
    response = _asking(_api(reach), asked, reach)({}, (200, 400))
    try:
        page = arxiv_answer.parse(response.body, day)
    except Unusable as error:
        kind = _Refused if response.status == 400 else SourceError
        raise kind(f"{place}: {error}; ask again later, or check ARXIV_ENDPOINT") from error
    if reach.answers and name and not page.fetched.faults and page.entries:
        reach.answers.keep(name, Answer(response.body, "", "", reach.now()))
    return page


def _asking(address: str, params: Mapping[str, str] | None, reach: Reach) -> conditional.Ask:
    """Asks one at a time and with a pause, whoever of us it is; and says who we are."""
    host = HOST if reach.arxiv == f"https://{HOST}" else _host(reach.arxiv)

    def turn() -> AbstractContextManager[None]:
        return reach.turns.of(host, PAUSE, reach.patience.total) if reach.turns else nullcontext()

    def ask(headers: Mapping[str, str], answers: Collection[int]) -> http.Response:
        return http.get(
            reach.client,
            address,
            params=params,
            headers={"User-Agent": reach.introduction, **headers},
            patience=replace(reach.patience, first=FIRST_WAIT, turn=turn),
            answers=answers,
            largest=MAX_BYTES,
        )

    return ask


def _list_address(wanted: Sequence[str], reach: Reach) -> str:
    return f"{_lists(reach)}/rss/{quote('+'.join(wanted), safe='+')}"


def _lists(reach: Reach) -> str:
    return LISTS if reach.arxiv == f"https://{HOST}" else reach.arxiv


def _api(reach: Reach) -> str:
    return f"{reach.arxiv}/api/query"


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _host(address: str) -> str:
    return urlsplit(address).netloc.rpartition("@")[2]


def _place(address: str) -> str:
    return _host(address) + urlsplit(address).path
