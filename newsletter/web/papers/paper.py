"""Everything the archive knows of a paper: its text, where it stood, how its upvotes went, what came later, what is near."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from newsletter import identity
from newsletter.app import App
from newsletter.archive import Listed, Noted
from newsletter.models import Paper, Phrase, Words, said
from newsletter.ranking.near import nearest
from newsletter.render.card import card
from newsletter.text import line, readable, without_query
from newsletter.web.drawing import Drawing, draw
from newsletter.web.papers.cards import Shown, shown
from newsletter.web.refusals import not_found

LONGEST: Final = 500
"""Characters of an id that is looked for."""
AUTHORS, KEYWORDS, LISTINGS = 60, 30, 40
"""How many are shown."""
ABSTRACT: Final = 6_000
"""Characters."""
NEIGHBOURS: Final = timedelta(days=7)
"""How far from its first day near papers are looked for; the archive as a whole is what `/search` is for."""
COMPARED: Final = 200
"""Of the papers of those days, those with the most upvotes."""
NEAR: Final = 5
WIDTH, HEIGHT = 640, 120
"""Of the curve, in its own units."""
POINTS: Final = 100


class Step(NamedTuple):
    """How many upvotes it had from a day on."""

    day: date
    upvotes: int


@dataclass(frozen=True, slots=True)
class Curve:
    """Upvotes over time, as a line of steps."""

    steps: tuple[Step, ...]
    path: str
    """Of SVG (version 2, section 9.3), in a box of WIDTH to HEIGHT."""
    most: int
    width: int = WIDTH
    height: int = HEIGHT


def paper(request: Request) -> Response:
    """The page; an id that is only another name of the paper leads to it."""
    app: App = request.app.state.app
    asked = request.path_params["id"]
    found = _found(app, asked)
    if found is None:
        return not_found(request)
    if found.id != asked:
        drawing: Drawing = request.app.state.drawing
        return RedirectResponse(drawing.address(request, f"/paper/{found.id}"), 301)
    listings = app.archive.listings_of([found.id])
    history = app.archive.history([found.id]).get(found.id, [])
    return draw(
        request,
        "paper_page.html",
        paper=found,
        card=card(replace(found, abstract=found.abstract[:ABSTRACT])),
        authors=[line(readable(name), 100) for name in found.authors[:AUTHORS]],
        more_authors=max(len(found.authors) - AUTHORS, 0),
        abstract=readable(found.abstract)[:ABSTRACT],
        keywords=[line(readable(one), 60) for one in found.keywords[:KEYWORDS]],
        categories=[line(one, 30) for one in found.categories[:KEYWORDS]],
        listings=[(one.day, place(one.source)) for one in listings[:LISTINGS]],
        more_listings=max(len(listings) - LISTINGS, 0),
        curve=curve(history),
        later=later(history),
        near=_near(request, found, listings),
    )


def _found(app: App, asked: str) -> Paper | None:
    if len(asked) > LONGEST:
        return None
    known = app.archive.find([asked])
    if not known and (id_ := identity.paper_id(asked)):
        known = app.archive.find([id_])
    return next(iter(known.values()), None)


def place(source: str) -> Words:
    """A source as visitors may know it: no path of this machine, of a feed its host alone."""
    kind, _, argument = source.partition(":")
    match kind:
        case "huggingface":
            return "Hugging Face"
        case "arxiv":
            return line(f"arXiv {argument}", 80)
        case "rss":
            return line(urlsplit(argument).hostname or "RSS", 80)
        case "file":
            return said("a file")
        case _:
            return without_query(source)


def curve(history: list[Noted]) -> Curve | None:
    """The curve of its upvotes; None where they never changed."""
    changed = [one for n, one in enumerate(history) if not n or one.upvotes != history[n - 1].upvotes]
    if len(changed) < 2:
        return None
    every = -(-len(changed) // POINTS)
    taken = [*changed[:-1:every], changed[-1]]
    start, most = taken[0].at, max(one.upvotes for one in taken)
    length = max((taken[-1].at - start).total_seconds(), 1.0)
    path = ""
    for one in taken:
        x = round((one.at - start).total_seconds() / length * WIDTH, 1)
        y = round(HEIGHT - max(one.upvotes, 0) / max(most, 1) * HEIGHT, 1)
        path += f"H{x:g}V{y:g}" if path else f"M{x:g} {y:g}"
    return Curve(tuple(Step(one.at.date(), one.upvotes) for one in taken), path, most)


def later(history: list[Noted]) -> list[tuple[date, Phrase]]:
    """What it gained after it was first seen: code, new versions."""
    found: list[tuple[date, Phrase]] = []
    for before, one in pairwise(history):
        if one.code and before.code == "":
            found.append((one.at.date(), said("code: {place}", place=line(one.code.partition("://")[2], 80))))
        if one.version and before.version and one.version > before.version:
            found.append((one.at.date(), said("new version: v{version}", version=one.version)))
    return found[:LISTINGS]


def _near(request: Request, paper: Paper, listings: list[Listed]) -> list[Shown]:
    """The papers of those days that are nearest; none where what the archive teaches is not known yet."""
    app: App = request.app.state.app
    model = request.app.state.learned.known() if listings else None
    if model is None:
        return []
    day = listings[0].day
    ids = app.archive.best(day - NEIGHBOURS, day + NEIGHBOURS, COMPARED)
    others = [other for id_, other in app.archive.find(ids).items() if other.id != paper.id]
    return shown(nearest(paper, others, model, NEAR)) if others else []
