"""Feeds: RSS, Atom and JSON Feed of blogs, journals and lists, which have only what they have now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, timedelta
from functools import cache
from urllib.parse import SplitResult, urlsplit

from newsletter import http, text
from newsletter.errors import SettingsError, SourceError
from newsletter.identity import has_own_id
from newsletter.models import Fetched
from newsletter.sources import conditional, feeds
from newsletter.sources.fields import Unusable
from newsletter.sources.reach import Reach

MAX_BYTES = 6_000_000
"""A larger feed is not read. The 2,000 papers that arXiv puts into one at most are 4.4 MB (2026-11); reading damaged
XML takes up to seven seconds a megabyte."""
ATTEMPTS = 3
TIME = timedelta(minutes=1)
"""For one feed in all: there may be fifty, and each edition waits for the slowest."""
_ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"


def fetch(argument: str, day: date, reach: Reach) -> Fetched:
    """What the feed has now, up to `day`: each paper on the day (UTC) that its entry was published.

    A paper without a date, or with one that is still to come, has no day of its own. Raises SettingsError for an
    address that is none, SourceError when the feed cannot be read.
    """
    return reader(argument, reach)(day)


def reader(argument: str, reach: Reach) -> Callable[[date], Fetched]:
    """`fetch` for many days: the feed is asked once."""
    parts = _address(argument)

    @cache
    def read() -> Fetched:
        return _read(parts, reach)[0]

    def on(day: date) -> Fetched:
        found = read()
        return replace(found, listings=tuple(one for one in found.listings if one.day is None or one.day <= day))

    return on


def check(argument: str, reach: Reach) -> str:
    """How many papers the feed has, in a sentence, and where it has moved to."""
    found, at = _read(_address(argument), reach)
    days = [one.day for one in found.listings if one.day]
    papers = f"{len(found.listings)} papers" if len(found.listings) != 1 else "1 paper"
    latest = f", the latest of {max(days)}" if days else ""
    known = sum(has_own_id(one.paper) for one in found.listings)
    moved = f"; it has moved: write rss:{text.line(at, limit=200)}" if at != argument else ""
    faults = f"; {found.faults[0]}" if found.faults else ""
    return f"{_place(argument)}: {papers}{latest}, {known} with an arXiv id or DOI{moved}{faults}"


def hosts(argument: str, reach: Reach) -> tuple[str, ...]:
    """The one host that is asked, unless it sends us on."""
    return (_address(argument).netloc,)


def _read(address: SplitResult, reach: Reach) -> tuple[Fetched, str]:
    """What the feed has now, and the address where it was found."""
    url = address.geturl()
    answer = conditional.get(url, reach, lambda headers, answers: _ask(url, reach, dict(headers), set(answers)))
    try:
        kind, today = answer.headers.get("content-type", ""), reach.now().astimezone(UTC).date()
        found = feeds.parse(answer.body, answer.url or url, kind, today)
    except Unusable as error:
        raise SourceError(f"{_place(url)}: {error}; name the address of the feed itself") from error
    if found.faults and not found.listings:
        raise SourceError(f"{_place(url)}: no paper of it can be read ({found.faults[0]}); ask whoever publishes it")
    return found, answer.url or url


def _ask(url: str, reach: Reach, headers: dict[str, str], answers: set[int]) -> http.Response:
    patience = reach.patience
    return http.get(
        reach.client,
        url,
        headers={"Accept": _ACCEPT, **headers},
        answers=answers,
        patience=replace(patience, attempts=min(patience.attempts, ATTEMPTS), total=min(patience.total, TIME)),
        largest=MAX_BYTES,
        guard=reach.guard,
    )


def _address(argument: str) -> SplitResult:
    try:
        parts = urlsplit(argument)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    shown = repr(text.without_query(argument.rpartition("@")[2]))
    if not usable:
        raise SettingsError(f"sources: rss:{shown[1:-1]} is not an address; write rss:https://example.org/feed.xml")
    if "@" in parts.netloc:
        raise SettingsError(
            f"sources: the address of {shown} holds a user or password, which logs would show; take them out"
        )
    return parts._replace(fragment="")


def _place(url: str) -> str:
    return text.without_query(url).partition("://")[2]
