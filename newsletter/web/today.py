"""What somebody would get today: the real rank and edit, for interests that are typed in and kept nowhere."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from newsletter.compose import Composer
from newsletter.digest import Due, digest_of
from newsletter.identity import paper_id
from newsletter.models import Digest, Edition, Interest, Period, Subscriber
from newsletter.render.contents import title
from newsletter.text import clean, line
from newsletter.web.cards import matched
from newsletter.web.drawing import draw, language_of
from newsletter.web.learned import KEPT, Learned
from newsletter.web.spans import around

INTERESTS, EXAMPLES = 12, 50
"""How many are read."""
LONGEST: Final = 4_000
"""Characters of a field."""
SHORT: Final = 4
"""Words, up to which a line is looked for as it is; a longer one is free text."""


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
            digest = digest_of(app, Due(Subscriber("", ""), period, day, None, None), now)
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


def interests(text: str, like: str, name: str) -> tuple[Interest, ...]:
    """Interests as they are typed, one a line; and one more, of that name, for example papers.

    A short line is a keyword as well, and so is each part of `flow matching, score matching`.
    """
    lines = dict.fromkeys(one for part in text.splitlines() if (one := line(part, 200)))
    found = [_interest(one) for one in list(lines)[:INTERESTS]]
    ids = dict.fromkeys(id_ for one in like.split()[: 4 * EXAMPLES] if (id_ := paper_id(one.strip(",;"))))
    if ids:
        found.append(Interest(name, like=tuple(ids)[:EXAMPLES]))
    return tuple(found)


def _interest(text: str) -> Interest:
    parts = tuple(dict.fromkeys(one for part in text.split(",") if (one := part.strip())))
    keywords = tuple(one for one in parts if len(one.split()) <= SHORT)
    return Interest(line(text, 80), about="" if len(keywords) == len(parts) else text, keywords=keywords)
