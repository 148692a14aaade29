"""Looking without sending: editions as they were or would be, a test copy, and why a paper came or not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from newsletter.app import App
from newsletter.compose import Composer, restored
from newsletter.digest import Due, digests_of
from newsletter.editing.explain import Explanation, explain
from newsletter.errors import SettingsError, SourceError
from newsletter.ledger import Delivery, Key
from newsletter.models import Digest, Edition, Message, Receipt, Stamp
from newsletter.publish import Order, gather, who_is_due


@dataclass(frozen=True, slots=True)
class Seen:
    """An edition, the digest it is made of, and the stamp it has or would have."""

    edition: Edition
    digest: Digest
    stamp: Stamp


def look(app: App, now: datetime, order: Order) -> Iterator[Seen]:
    """The editions of a date as they were made or, if they were not, as they would be; nothing is recorded.

    Without a date it is today's, or the latest day that anything was listed on. Raises `SettingsError` for an
    unknown subscriber and `SourceError` when nothing is known of that date.
    """
    return _editions(app, now, _waiting(app, now, order))


def look_at_due(app: App, now: datetime, order: Order) -> Iterator[Seen]:
    """The editions that `publish` would make now."""
    return _editions(app, now, _collected(app, now, who_is_due(app, app.roster(), now, order)))


def _editions(app: App, now: datetime, waiting: Sequence[Due]) -> Iterator[Seen]:
    rest = []
    for due in waiting:
        made = _made(app, due)
        if made is None:
            rest.append(due)
        else:
            yield made
    composer = Composer(app)
    for digest, group in digests_of(app, rest, now):
        seen = app.seen([due.subscriber.key for due in group])
        wanted = [(due.subscriber, due.period) for due in group]
        for edition in composer.editions(digest, wanted, seen):
            stamp = Stamp(now.replace(microsecond=0), app.occasion, app.reference(edition.subscriber))
            yield Seen(edition, digest, stamp)


def render(app: App, seen: Seen) -> Message:
    """The message of an edition that was looked at: the same bytes that are sent."""
    return app.renderer.fitted(seen.edition, seen.stamp)[1]


def send_test(app: App, now: datetime, order: Order, address: str) -> str:
    """Sends a copy marked [Test] of one edition to an address, outside ledger and seen; says how it went."""
    seen = next((one for one in look(app, now, order) if any(one.edition.matches)), None)
    if seen is None:
        raise SettingsError("there is no edition with papers to test with; choose another --date or --subscriber")
    copy = replace(seen.edition, subscriber=replace(seen.edition.subscriber, email=address, name=""))
    _, message = app.renderer.fitted(copy, Stamp(now.replace(microsecond=0), "test", seen.stamp.reference))
    with app.provider() as provider:
        [outcome] = provider.send([message], message.message_id)
    if not isinstance(outcome, Receipt):
        raise SettingsError(f"{address}: the provider did not take the test: {outcome.reason}")
    return f"a copy of {seen.edition.subscriber.email}'s edition went to {address}: {outcome.id}"


def explained(app: App, now: datetime, order: Order, paper_id: str) -> Explanation | None:
    """Why a paper is, or is not, in a subscriber's edition; None when it was not listed in its days."""
    [due] = _waiting(app, now, order)
    made = _made(app, due)
    digest = made.digest if made else next(digests_of(app, [due], now))[0]
    composer = Composer(app)
    [scores] = composer.scores(digest, [due.subscriber])
    row = scores.index.row_of(paper_id)
    if row is None:
        return None
    seen = app.seen([due.subscriber.key]).get(due.subscriber.key, frozenset())
    if made:
        seen -= {match.paper.id for match in made.edition.matches}
    would_be = composer.editions(digest, [(due.subscriber, due.period)], {due.subscriber.key: seen})
    edition = made.edition if made else next(would_be)
    return explain(edition, due.subscriber, scores, seen, row)


def _waiting(app: App, now: datetime, order: Order) -> list[Due]:
    days = app.archive.days()
    day = order.date or now.date()
    if order.date is None and day not in days and days:
        day = max((known for known in days if known <= day), default=day)
    return _collected(app, now, who_is_due(app, app.roster(), now, Order(day, order.only)))


def _collected(app: App, now: datetime, waiting: list[Due]) -> list[Due]:
    if waiting and gather(app, waiting, now).all_broken:
        last = max(due.period.day for due in waiting)
        if not app.archive.window(min(due.since for due in waiting), last):
            raise SourceError(f"no source answered and nothing is known of {last}; choose another --date")
    return waiting


def _made(app: App, due: Due) -> Seen | None:
    delivery: Delivery | None = app.ledger.find(Key(due.subscriber.key, due.period.name, app.occasion))
    if delivery is None or delivery.claim is None:
        return None
    digest = app.archive.digest(delivery.digest)
    if digest is None:
        return None
    stamp = Stamp(delivery.claim.stamped_at, delivery.key.occasion, delivery.reference)
    return Seen(restored(delivery, digest), digest, stamp)
