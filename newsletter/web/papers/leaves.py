"""The archive to leaf through: today, a day, a week, a month, and all months."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from newsletter.app import App
from newsletter.archive import Archive
from newsletter.web.drawing import draw
from newsletter.web.papers.cards import Shown, shown
from newsletter.web.papers.spans import KINDS, Span, around, span
from newsletter.web.refusals import not_found

PAGE: Final = 30
"""Papers on a page."""
LAST: Final = 999
"""The last page that is asked for."""
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A page of the papers of some days."""

    span: Span
    papers: tuple[Shown, ...]
    number: int
    """How many papers the days have."""
    page: int
    before: Span | None
    after: Span | None

    @property
    def pages(self) -> int:
        return max(-(-self.number // PAGE), 1)

    @property
    def others(self) -> list[Span]:
        """The same days by day, week and month."""
        return [around(kind, self.span.first) for kind in KINDS if kind != self.span.kind]


def landing(request: Request) -> Response:
    """The latest day with papers, what one can ask for, and the form to subscribe."""
    app: App = request.app.state.app
    day = app.archive.day_until(app.clock().date())
    leaf = leaf_of(app.archive, around("day", day), 1) if day else None
    return draw(request, "landing.html", leaf=leaf, wishes="", examples="")


def papers(request: Request) -> Response:
    """A day, a week or a month; 404 for what is before or after all papers."""
    app: App = request.app.state.app
    days, page = span(request.path_params["span"]), page_of(request)
    leaf = leaf_of(app.archive, days, page) if days and page else None
    if leaf is None:
        return not_found(request)
    return draw(request, "leaf.html", leaf=leaf)


def months(request: Request) -> Response:
    """All months, year by year."""
    app: App = request.app.state.app
    by_year: dict[int, list[tuple[Span, date, int]]] = {}
    for first, number in app.archive.months():
        by_year.setdefault(first.year, []).append((around("month", first), first, number))
    return draw(request, "months.html", years=list(by_year.items()))


def leaf_of(archive: Archive, days: Span, page: int) -> Leaf | None:
    """A page of these days; None where there are no papers so early or late, or not so many pages."""
    number = archive.count_listed(days.first, days.last)
    before, after = archive.day_until(days.first - _DAY), archive.day_from(days.last + _DAY)
    if page > max(-(-number // PAGE), 1) or (not number and not (before and after)):
        return None
    ids = archive.best(days.first, days.last, PAGE, (page - 1) * PAGE)
    found = archive.find(ids)
    return Leaf(
        days,
        tuple(shown(found[id_] for id_ in ids if id_ in found)),
        number,
        page,
        around(days.kind, before) if before else None,
        around(days.kind, after) if after else None,
    )


def page_of(request: Request) -> int | None:
    """The number of the page that is asked for, from 1; None for what is no number."""
    text = request.query_params.get("page", "1")
    return int(text) if re.fullmatch("[1-9][0-9]{0,2}", text, re.ASCII) and int(text) <= LAST else None
