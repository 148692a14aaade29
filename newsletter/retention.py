"""How long things are kept: removes papers that no edition can need any more, and what is known of people, as the operator wants."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from newsletter.app import App
from newsletter.archive import Old
from newsletter.readers.consents import Circumstances

log = logging.getLogger("newsletter.retention")


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How much was known of people, and is no more."""

    editions: int
    consents: int
    people: int


def day_of(keep: timedelta, now: datetime) -> date:
    """The first day whose papers are kept."""
    return (now.astimezone(UTC) - keep).date()


def prune(app: App, keep: timedelta, now: datetime, *, only_look: bool = False) -> Old:
    """Removes the papers that no source listed for so long, with all that is known of them; says how many.

    Examples and papers of feedback stay, for rankings depend on them. What a reader has seen is in the ledger, by id,
    and the archive remembers by which other ids a paper was known: so none is shown twice. Editions keep their papers in
    their digests, which go when they are as old.
    """
    spared: set[str] = set()
    for page in app.roster().pages():
        spared |= {id_ for one in page for interest in one.interests for id_ in (*interest.like, *interest.dislike)}
        spared |= app.feedback.papers([one.key for one in page])
    return (app.archive.old if only_look else app.archive.remove_old)(day_of(keep, now), spared)


def tidy(app: App, now: datetime) -> None:
    """Forgets the sign-ups that nobody confirmed, and what is known of people for longer than the operator wants."""
    if number := app.signups.forget_unconfirmed(now - app.settings.keep_unconfirmed):
        log.info("forgotten: %d sign-ups that nobody confirmed", number)
    if keep := app.settings.keep_personal:
        old = forget(app, keep, now)
        log.info("forgotten: %d editions, %d consents, %d people who left", old.editions, old.consents, old.people)


def forget(app: App, keep: timedelta, now: datetime) -> Forgotten:
    """Removes what is known of people from what is over for so long; says how much it was.

    Of an edition its address, its content and the server's answer; of a consent from where and with what it came; of who
    signed up and has said no, everything, as if they had asked for that: only a hash tells that they did; of who was taken
    out of the files what they said and changed. What stays is that an edition was sent and which papers it showed, what
    was agreed to, and who must not be written to.
    """
    people = 0
    while gone := app.signups.left_before(now - keep):
        for one in gone:
            app.erase(one, Circumstances("keep_personal"))
        people += len(gone)
    for key in _taken_out(app, day_of(keep, now)):
        app.forget(key)
        people += 1
    consents = app.consents.forget_circumstances(now - keep)
    return Forgotten(app.ledger.forget_before(day_of(keep, now)), consents, people)


def _taken_out(app: App, before: date) -> Iterator[str]:
    """By key who was a reader, is none any more, and whose last edition was planned before that day."""
    roster = app.roster()
    for page in app.ledger.readers_known():
        there = roster.find(page)
        gone = [key for key in page if key not in there]
        lately = app.ledger.planned_since(gone, before)
        yield from (key for key in gone if key not in lately)
