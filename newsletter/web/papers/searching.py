"""Searching the archive: ranked as an edition is."""

from __future__ import annotations

import re
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from newsletter.search import MOST, Found, Query, search
from newsletter.text import clean, line
from newsletter.web.drawing import draw, language_of
from newsletter.web.papers.cards import matched
from newsletter.web.papers.learned import Learned
from newsletter.web.papers.leaves import page_of
from newsletter.web.refusals import not_found

LONGEST: Final = 200
"""Characters of what is searched for."""
PAGE: Final = 20
ANSWERS: Final = 50
KEPT: Final = timedelta(minutes=5)
_WORD = re.compile(r'"([^"]*)"|([^\s"]+)')


class Answers:
    """The last answers, for some minutes: who turns the page does not have it all ranked again."""

    def __init__(self, learned: Learned) -> None:
        self._learned = learned
        self._lately: OrderedDict[Query, tuple[Found, datetime]] = OrderedDict()

    def of(self, query: Query) -> Found:
        """What answers the words. Raises Busy."""
        app = self._learned.app
        now = app.clock()
        known = self._lately.get(query)
        if known is None or now >= known[1]:
            known = search(app, query, now, self._learned.model()), now + KEPT
            self._lately[query] = known
            if len(self._lately) > ANSWERS:
                self._lately.popitem(last=False)
        return known[0]


def found(request: Request) -> Response:
    """What answers the words, best first; without words only the form."""
    asked, page = line(clean(request.query_params.get("q", "")), LONGEST), page_of(request)
    query = Query(tuple(quoted or word for quoted, word in _WORD.findall(asked) if (quoted or word).strip()))
    if page is None:
        return not_found(request)
    if not query.text:
        return draw(request, "search.html", sought="", hits=(), number=0, most=MOST, page=1, pages=1)
    answers: Answers = request.app.state.answers
    answer = answers.of(query)
    pages = max(-(-len(answer.hits) // PAGE), 1)
    if page > pages:
        return not_found(request)
    language = language_of(request)
    some = answer.hits[(page - 1) * PAGE : page * PAGE]
    hits = [matched(hit, language, hit.candidate.day) for hit in some]
    return draw(
        request,
        "search.html",
        sought=asked,
        hits=hits,
        number=len(answer.hits),
        most=MOST,
        page=page,
        pages=pages,
    )
