"""Searching the archive: ranked as an edition is."""

from __future__ import annotations

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from newsletter.app import App
from newsletter.search import Query, search
from newsletter.text import clean, line
from newsletter.web.cards import matched
from newsletter.web.drawing import draw, language_of
from newsletter.web.leaves import page_of
from newsletter.web.refusals import not_found

LONGEST: Final = 200
"""Characters of what is searched for."""
PAGE: Final = 20
_WORD = re.compile(r'"([^"]*)"|([^\s"]+)')


def found(request: Request) -> Response:
    """What answers the words, best first; without words only the form."""
    asked, page = line(clean(request.query_params.get("q", "")), LONGEST), page_of(request)
    query = Query(tuple(quoted or word for quoted, word in _WORD.findall(asked) if (quoted or word).strip()))
    if page is None:
        return not_found(request)
    if not query.text:
        return draw(request, "search.html", sought="", hits=(), number=0, searched=0, page=1, pages=1)
    app: App = request.app.state.learned.app
    answer = search(app, query, app.clock(), request.app.state.learned.model())
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
        searched=answer.searched,
        page=page,
        pages=pages,
    )
