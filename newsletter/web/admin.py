"""How everything stands, for the operator: one page of numbers, none of which names a reader. Nothing acts on it.

It is for this machine and for who has the token, as `/metrics`; or by a link that runs out, which `newsletter status --page`
prints, for browsers send no token. Everybody else gets the answer of every page that is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from newsletter import links
from newsletter.app import App
from newsletter.models import STATES, State
from newsletter.overview import ANSWERS, Counting
from newsletter.text import without_query
from newsletter.web.drawing import draw, language_of
from newsletter.web.reader.embedded import snippet
from newsletter.web.refusals import not_found
from newsletter.web.trust import is_trusted

HOURS: Final = 12
"""How long a link is good for."""
HIGH: Final = 100
"""Units of the highest bar."""
WIDE: Final = 24
"""Units of a bar."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A day in the picture: its parts from the bottom, each with the class of its colour, place and height."""

    day: date
    left: int
    parts: tuple[tuple[str, float, float], ...]


def link(app: App, now: datetime) -> str:
    """Where the page is for some hours, for whoever has the address."""
    until = now + timedelta(hours=HOURS)
    token = links.sign(app.settings.secrets, "admin", str(int(until.timestamp())))
    return f"{app.settings.base_url or 'http://127.0.0.1:8080'}/admin/{token}"


async def page(request: Request) -> Response:
    """The page for who sends the token, or asks on this machine."""
    return await run_in_threadpool(_drawn if is_trusted(request) else not_found, request)


async def linked(request: Request) -> Response:
    """The page for who has a link that has not run out."""
    app: App = request.app.state.app
    until = links.read(app.settings.secrets, "admin", request.path_params["token"])
    good = until is not None and until.isdecimal() and app.clock() < datetime.fromtimestamp(int(until), UTC)
    return await run_in_threadpool(_drawn if good else not_found, request)


def _drawn(request: Request) -> Response:
    app: App = request.app.state.app
    counting: Counting = request.app.state.counting
    found = counting.overview()
    takes_sign_ups = bool(app.settings.base_url) and app.settings.sign_ups
    return draw(
        request,
        "admin.html",
        found=found,
        states=STATES,
        kinds=ANSWERS,
        sources=[(without_query(one.state.source), one) for one in found.sources],
        bars=bars(found.days),
        wide=WIDE,
        high=HIGH,
        form=snippet(app.settings.base_url, language_of(request)) if takes_sign_ups else "",
    )


def bars(days: Mapping[date, Mapping[State, int]]) -> list[Bar]:
    """The accounts as bars, the earliest first: submitted, skipped, and what is open or failed on top."""
    most = max((sum(counts.values()) for counts in days.values()), default=0)
    return [_bar(day, n * WIDE, days[day], most) for n, day in enumerate(sorted(days))] if most else []


def _bar(day: date, left: int, counts: Mapping[State, int], most: int) -> Bar:
    rest = sum(counts.values()) - counts["submitted"] - counts["skipped"]
    parts, top = [], float(HIGH)
    for name, number in (("submitted", counts["submitted"]), ("skipped", counts["skipped"]), ("rest", rest)):
        height = round(HIGH * number / most, 1)
        top = round(top - height, 1)
        parts.append((name, top, height))
    return Bar(day, left, tuple(parts))
