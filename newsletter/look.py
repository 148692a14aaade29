"""Looking without sending: editions as they were or would be, a test copy, and why a paper came or not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from newsletter.app import App
from newsletter.audience import Due, Order, asked_for, is_paused, needs_of, who_is_due
from newsletter.compose import Composer, restored
from newsletter.digest import Digests
from newsletter.editing.edit import quiet_reason
from newsletter.editing.explain import Explanation, explain
from newsletter.errors import SettingsError, SourceError
from newsletter.ledger import Claim, Delivery, Key
from newsletter.models import STATES, Digest, Edition, Message, Period, Receipt, Stamp, Subscriber, Suppression
from newsletter.publish import gather
from newsletter.typed import folded


@dataclass(frozen=True, slots=True)
class Seen:
    """An edition, the digest it is made of, and the stamp it has or would have."""

    edition: Edition
    digest: Digest
    stamp: Stamp
    fate: str = ""
    """What became of it, or why it would not be sent: `submitted`, `quiet: nothing new for these interests`,
    `paused until 2026-12-24`; empty when it would be."""


def look(app: App, now: datetime, order: Order) -> Iterator[Seen]:
    """The editions of a date as they were made or, if they were not, as they would be; nothing is recorded.

    Without a date it is today's, or the latest day that anything was listed on. Raises `SettingsError` for an
    unknown subscriber and `SourceError` when nothing is known of that date.
    """
    return look_at_due(app, now, _dated(app, now, order))


def look_again(app: App, now: datetime, dues: Sequence[Due], composer: Composer) -> Iterator[Seen]:
    """The same from what the archive has: no source is asked, no language model, and no date is unknown."""
    quiet = replace(app, summaries=app.summaries.known() if app.summaries else None)
    return _editions(quiet, now, [dues], composer)


def look_at_due(app: App, now: datetime, order: Order) -> Iterator[Seen]:
    """The editions that `publish` would make now. Everybody is gone through twice: they may be more than memory holds."""
    _collect(app, now, who_is_due(app, now, order))
    return _editions(app, now, who_is_due(app, now, order), Composer(app))


def waiting(app: App, now: datetime, order: Order) -> Iterator[list[Due]]:
    """Whose editions of a date are looked at, and where each starts; some hundreds at a time."""
    return who_is_due(app, now, _dated(app, now, order))


def _dated(app: App, now: datetime, order: Order) -> Order:
    """The order with the date that it is about."""
    days = app.archive.days()
    day = order.date or now.date()
    if order.date is None and day not in days and days:
        day = max((known for known in days if known <= day), default=day)
    return Order(day, order.only)


def _editions(app: App, now: datetime, pages: Iterable[Sequence[Due]], composer: Composer) -> Iterator[Seen]:
    digests = Digests(app, now)
    for page in pages:
        yield from _made_or_fresh(app, now, page, composer, digests)


def _made_or_fresh(
    app: App, now: datetime, dues: Sequence[Due], composer: Composer, digests: Digests
) -> Iterator[Seen]:
    wanted = {Key(key, due.start.period.name, app.occasion): due.start for due in dues for key in due.readers}
    planned = {key: found for key in wanted if (found := app.ledger.find(key))}
    fates = _fates(app, planned.values())
    fresh: dict[str, tuple[Digest, list[tuple[Key, Period]]]] = {}
    for key, start in wanted.items():
        delivery, fate = planned.get(key), fates.get(key, "")
        digest = app.archive.digest(delivery.digest) if delivery else None
        if delivery and digest and delivery.claim:
            yield _made(delivery, delivery.claim, digest, fate)
        else:
            digest = digest if digest and fate == "pending" else digests.at(start)
            fresh.setdefault(digest.id, (digest, []))[1].append((key, start.period))
    for digest, group in fresh.values():
        yield from _fresh(app, now, composer, digest, group, fates)


def _fresh(
    app: App,
    now: datetime,
    composer: Composer,
    digest: Digest,
    group: Sequence[tuple[Key, Period]],
    fates: Mapping[Key, str],
) -> Iterator[Seen]:
    """The editions of a digest that nobody has claimed yet."""
    found = app.roster().find([key.subscriber for key, _ in group])
    wanted = [(key, found[key.subscriber], period) for key, period in group if key.subscriber in found]
    no_mail = app.suppressions.among([folded(one.email) for _, one, _ in wanted])
    editions = composer.editions(digest, [(one, period) for _, one, period in wanted], app.seen(list(found)))
    for (key, one, _), edition in zip(wanted, editions, strict=True):
        stamp = Stamp(now.replace(microsecond=0), app.occasion, app.reference(one))
        yield Seen(edition, digest, stamp, fates.get(key) or _withheld(app, edition, no_mail))


def _fates(app: App, planned: Collection[Delivery]) -> dict[Key, str]:
    """What became of deliveries so far: `submitted`, `skipped: quiet: nothing new for these interests`."""
    days = sorted({delivery.day for delivery in planned})
    among = [delivery.key.subscriber for delivery in planned]
    people = (one for day in days for one in app.ledger.people(app.occasion, day, STATES, among))
    return {
        Key(one.subscriber, one.period, app.occasion): f"{one.state}: {one.reason}" if one.reason else one.state
        for one in people
    }


def _withheld(app: App, edition: Edition, no_mail: Mapping[str, Suppression]) -> str:
    """Why `send` would send nothing, in the ledger's words and order."""
    one = edition.subscriber
    if is_paused(one, edition.period.day):
        return f"paused until {one.paused_until}"
    if quiet := quiet_reason(edition, app.settings.min_papers):
        return quiet
    no = no_mail.get(folded(one.email))
    return f"suppressed: {no.reason}" if no else ""


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
    composer, dated = Composer(app), _dated(app, now, order)
    pages = list(who_is_due(app, now, dated))
    _collect(app, now, pages)
    [seen] = _editions(app, now, pages, composer)
    subscriber = asked_for(app.roster(), order.only or "")
    return next(explained_each(app, composer, seen, subscriber, [paper_id]), None)


def explained_each(
    app: App, composer: Composer, seen: Seen, subscriber: Subscriber, papers: Iterable[str]
) -> Iterator[Explanation]:
    """Why each of these papers (by id) is, or is not, in an edition; nothing of those that its days do not have.

    `subscriber` is as the file has them: of an edition that was made only their address is kept.
    """
    scores = composer.scores(seen.digest, [subscriber])
    shown = app.seen([subscriber.key]).get(subscriber.key, frozenset())
    shown -= {match.paper.id for match in seen.edition.matches}
    for paper in papers:
        row = scores.index.row_of(paper)
        if row is not None:
            yield explain(seen.edition, subscriber, scores, shown, row)


def _collect(app: App, now: datetime, pages: Iterable[Sequence[Due]]) -> None:
    """Asks the sources for what these editions take."""
    needs = needs_of(app, pages)
    if needs and gather(app, needs, now).all_broken and not app.archive.window(needs.since, needs.until):
        raise SourceError(f"no source answered and nothing is known of {needs.until}; choose another --date")


def _made(delivery: Delivery, claim: Claim, digest: Digest, fate: str) -> Seen:
    """The edition of a delivery that was claimed, as the ledger has it."""
    stamp = Stamp(claim.stamped_at, delivery.key.occasion, delivery.reference)
    return Seen(restored(delivery, digest), digest, stamp, fate)
