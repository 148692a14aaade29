"""What somebody would get today: the real rank and edit, for interests that are typed in and kept nowhere."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from newsletter.compose import Composer
from newsletter.digest import Start, digest_of
from newsletter.models import Digest, Edition, Period, Subscriber
from newsletter.render.contents import title
from newsletter.text import clean
from newsletter.web.drawing import draw, language_of
from newsletter.web.papers.cards import matched
from newsletter.web.papers.learned import KEPT, Learned
from newsletter.web.papers.spans import around
from newsletter.web.reader.wishes import interests

LONGEST: Final = 4_000
"""Characters of a field."""


class Tasting:
    """Editions of the latest day for whoever asks: its digest and index are made now and then, for all of them."""

    def __init__(self, learned: Learned) -> None:
        self._learned = learned
        self._one_at_a_time = threading.Lock()
        self._made: tuple[Digest, Composer, Period, datetime] | None = None

    def edition(self, subscriber: Subscriber) -> Edition | None:
        """What the subscriber would get; None where the archive is empty. Raises Busy."""
        with self._one_at_a_time:
            made = self._fresh()
            if made is None:
                return None
            digest, composer, period, _ = made
            return next(iter(composer.editions(digest, [(subscriber, period)], {})))

    def _fresh(self) -> tuple[Digest, Composer, Period, datetime] | None:
        app = self._learned.app
        now = app.clock()
        day = app.archive.day_until(now.date())
        if day is None:
            return None
        if self._made is None or self._made[2].day != day or now >= self._made[3]:
            period = around("day", day).period
            digest = digest_of(app, Start(period, day, None, None), now)
            self._made = digest, Composer(app, self._learned.model()), period, now + KEPT
        return self._made


def today(request: Request) -> Response:
    """The edition, or the form where nothing is asked for."""
    typed = {name: clean(request.query_params.get(name, ""))[:LONGEST] for name in ("interests", "like")}
    language = language_of(request)
    wanted = interests(typed["interests"], typed["like"], language.say("Like your examples"))
    edition = None
    if wanted:
        # Nobody has the empty key: no feedback, nothing seen.
        edition = request.app.state.tasting.edition(Subscriber("", "", interests=wanted))
    sections = edition.sections if edition else ()
    parts = [
        (
            title(part, language),
            part.kind,
            [matched(one, language, None if one.candidate.new else one.candidate.day) for one in part.matches],
        )
        for part in sections
    ]
    return draw(
        request,
        "today.html",
        wanted=wanted,
        wishes=typed["interests"],
        examples=typed["like"],
        edition=edition,
        parts=parts,
    )
