"""Papers as pages show them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from newsletter.models import Match, Paper
from newsletter.render.card import Card, card
from newsletter.render.contents import why
from newsletter.render.language import Language


class Shown(NamedTuple):
    """A paper, where its own page is, and why it stands here."""

    id: str
    card: Card
    upvotes: int
    why: str = ""


def shown(papers: Iterable[Paper]) -> list[Shown]:
    return [Shown(paper.id, card(paper), max(paper.upvotes, 0)) for paper in papers]


def matched(match: Match, language: Language, listed: date | None) -> Shown:
    """A paper that answers an interest, with the reasons, and the day it was listed on where that is to be said."""
    [one] = shown([match.paper])
    return one._replace(why=why(match.reasons, listed, language))
