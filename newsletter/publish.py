"""READ FIRST. The day as a story: who is due, what was listed, one edition each, sent and recorded.

    publish     serves whoever is due: collect, digest, plan, then shard by shard compose and deliver
    who_is_due  whose moment has come, and where their edition starts
    gather      asks the sources for the days that these editions cover
    plan        freezes the audience in the ledger
    send_batch  takes, composes, claims and delivers a shard; losing or repeating it costs only time

Running `publish` again is the retry: what was planned stays planned, what was submitted stays submitted.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby

from newsletter import periods, queues
from newsletter.alarms import NO_SOURCE
from newsletter.app import App
from newsletter.collect import Collected, can_look_up, collect, follow_up, look_up_examples
from newsletter.compose import Composed, Composer, Quiet, Spoilt
from newsletter.deliver import NAP, Run, deliver
from newsletter.digest import DAY, Due, digests_of
from newsletter.ending import Ending
from newsletter.errors import Halt, SettingsError, SourceError
from newsletter.ledger import Account, Key, LastEdition, Planned
from newsletter.ledger.remote import Ask
from newsletter.models import Digest, Period, Subscriber
from newsletter.pace import Refusals
from newsletter.providers import Provider

log = logging.getLogger("newsletter.publish")
LONGEST_GAP = 31 * DAY
AWAY = timedelta(minutes=1)  # before a provider that was away is asked again, when there is time to wait
SOON = timedelta(seconds=5)  # before somebody is looked at again whom another process may have

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a person asked for; by default nothing: whoever is due gets an edition."""

    date: date | None = None
    """An edition of this local date for everybody, whatever the hour and the cadence."""
    only: str | None = None
    """Only this subscriber, by key or address."""
    wait: timedelta = timedelta(0)
    """How long to stay and try again whom the provider refuses for the moment."""


def publish(app: App, now: datetime, order: Order | None = None, progress: Progress = lambda *_: None) -> Account:
    """Serves whoever is due, and whoever still waits from an earlier run; returns the day's account.

    Raises `SourceError` when no source answered (after sending what was planned before), `Halt` when the
    provider refuses us; either way, run again.
    """
    order = order or Order()
    with app.alone(), app.provider() as provider:
        app.ledger.recover(now, app.settings.in_doubt, alone=not app.settings.shared)
        if app.ledger.stopped() is None:
            app.ledger.give_up(now)  # before the next is planned, which takes up what theirs would have shown
            roster = app.roster()
            failure = _plan_who_is_due(app, roster, now, order, progress)
            _send_until(app, roster, provider, order, progress, now + order.wait)
            if failure is not None:
                raise failure
    return app.ledger.account(app.occasion, order.date)


def _plan_who_is_due(
    app: App, roster: Sequence[Subscriber], now: datetime, order: Order, progress: Progress
) -> SourceError | None:
    waiting = who_is_due(app, roster, now, order)
    if not waiting:
        return None
    progress("collect", 0, 1)
    collected = gather(app, waiting, now)
    progress("collect", 1, 1)
    if collected.all_broken and not app.archive.window(min(d.since for d in waiting), waiting[0].period.day):
        _give_up_on_late(app, waiting, now, order)
        return SourceError("no source answered: " + "; ".join(state.detail for state in collected.states))
    plan(app, waiting, now, order)
    return None


def _send_until(
    app: App, roster: Sequence[Subscriber], provider: Provider, order: Order, progress: Progress, until: datetime
) -> None:
    """Sends to who waits, again and again as their next attempts come due, until nobody waits or the time is over."""
    run, tried = Run(app.clock, app.settings.in_doubt, ending=app.ending), dict[Key, int]()
    while True:
        passing: Halt | None = None
        try:
            if _send_waiting(app, roster, provider, order, progress, run, tried):
                continue  # while they were sent to, others may have come due
        except Halt as halt:
            if not halt.passing:
                raise
            passing = halt
            tried.clear()  # who was not handed over has no attempt to show for it
        at = _next_attempt(app, order, bool(passing))
        if at is None or at > until or not _sleep_until(at, app, run):
            if passing:
                raise passing
            return


def _next_attempt(app: App, order: Order, away: bool) -> datetime | None:
    """When to try again; None when nobody waits."""
    soonest = app.clock() + (AWAY if away else SOON)
    at = app.ledger.next_attempt(app.occasion, order.only)
    return None if at is None else max(at, soonest)


def _sleep_until(at: datetime, app: App, run: Run) -> bool:
    """False when the operator stops it."""
    log.info("waiting until %s UTC for the next attempt", f"{at:%H:%M:%S}")
    while (left := (at - app.clock()).total_seconds()) > 0 and app.ledger.stopped() is None:
        run.sleep(min(NAP, left))
    return app.ledger.stopped() is None


def _send_waiting(
    app: App,
    roster: Sequence[Subscriber],
    provider: Provider,
    order: Order,
    progress: Progress,
    run: Run,
    tried: dict[Key, int],
) -> bool:
    """Sends to who can be sent to now; `tried` says at which attempt each was met before. False if there was nobody."""
    waiting = app.ledger.waiting(app.clock(), app.occasion)
    waiting = [d for d in waiting if order.only in (None, d.key.subscriber, d.address)]
    waiting = [d for d in waiting if tried.get(d.key, -1) < d.attempts]
    if not waiting or app.ledger.stopped() is not None:
        return False
    tried.update((d.key, d.attempts) for d in waiting)
    done = 0

    def sent(number: int) -> None:
        nonlocal done
        done += number
        progress("send", done, len(waiting))

    composer, by_key = Composer(app), {subscriber.key: subscriber for subscriber in roster}
    composer.prepare(waiting, by_key)
    sending = Sending(app, composer, provider, by_key, run, sent)
    work_off, job = queues.queue(app.settings), sending.job()
    with _kept_apart():
        # Day by day: what an earlier edition shows has to be known before a later one is made.
        for _, day in groupby(waiting, lambda delivery: delivery.day):
            work_off([delivery.key for delivery in day], job)
    return True


@contextmanager
def _kept_apart() -> Iterator[None]:
    """What is there already stays, so garbage is not looked for in it: a quarter of the time of ranking and editing."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@dataclass(frozen=True, slots=True)
class Sending:
    """All that sending a shard takes."""

    app: App
    composer: Composer
    provider: Provider
    roster: Mapping[str, Subscriber]
    run: Run
    sent: Callable[[int], None] = lambda number: None

    def job(self) -> queues.Job:
        """The same for a queue, which may have it done in several processes."""
        hands = min(queues.hands(self.app.settings), self.provider.hands)
        return queues.Job(
            lambda shard: send_batch(self, shard),
            self._in_child,
            self.app.ledger,
            self.run.clock,
            self.run.in_doubt,
            self.sent,
            self.run.ending,
            hands,
        )

    @contextmanager
    def _in_child(self, ask: Ask, sent: Callable[[int], None], share: int) -> Iterator[Callable[[Sequence[Key]], None]]:
        app = self.app.in_child(ask)
        with app.provider(share) as provider:
            own = replace(
                self, app=app, provider=provider, run=replace(self.run, refusals=Refusals(), ending=Ending()), sent=sent
            )
            yield lambda shard: send_batch(own, shard)


def send_batch(sending: Sending, shard: Sequence[Key]) -> None:
    """Takes, composes, claims and delivers a shard of planned deliveries; what another process took is left to it."""
    app, now = sending.app, sending.app.clock()
    deliveries = app.ledger.take(now, app.occasion, shard)
    composed = list(sending.composer.compose(deliveries, sending.roster, now))
    app.ledger.skip({one.key: one.reason for one in composed if isinstance(one, Quiet)}, now)
    app.ledger.fail({one.key: one.reason for one in composed if isinstance(one, Spoilt)}, now)
    for spoilt in (one for one in composed if isinstance(one, Spoilt)):
        log.error("%s %s: %s", spoilt.key.subscriber, spoilt.key.period, spoilt.reason)
    ready = [one for one in composed if isinstance(one, Composed)]
    won = app.ledger.claim([one.claim for one in ready], app.settings.providers[0].partition(":")[0], now)
    mine = [one for one in ready if one.claim.key in won]
    sending.sent(len(shard) - len(mine))
    deliver(mine, sending.provider, app.ledger, sending.run, sending.sent)


# -- who is due


def who_is_due(app: App, roster: Sequence[Subscriber], now: datetime, order: Order) -> list[Due]:
    """The subscribers whose edition is to be planned now."""
    asked = [s for s in roster if order.only in (None, s.key, s.email)]
    if order.only is not None and not asked:
        raise SettingsError(f"no subscriber '{order.only}'; `newsletter subscribers list` shows them")
    planned = app.ledger.last_periods(app.occasion, [s.key for s in asked])
    found = []
    for subscriber in asked:
        if order.date is not None:
            found.append((subscriber, periods.period_on(subscriber.cadence, order.date)))
        elif (period := periods.due(subscriber, now, planned.get(subscriber.key))) is not None:
            found.append((subscriber, period))
    return starts(app, found)


def starts(app: App, found: Sequence[tuple[Subscriber, Period]]) -> list[Due]:
    """Where each edition starts: after the subscriber's last one, else with its period."""
    last = app.ledger.last_editions(app.occasions, {s.key: period.day for s, period in found})
    return [start(subscriber, period, last.get(subscriber.key)) for subscriber, period in found]


def start(subscriber: Subscriber, period: Period, last: LastEdition | None) -> Due:
    """Where an edition starts, for somebody whose last one ended there; None for a first edition."""
    if last is None:
        return Due(subscriber, period, period.since, None, None)
    since, earliest = last.cut_off_day + DAY, period.day - LONGEST_GAP + DAY
    return Due(subscriber, period, max(since, earliest), last.cut_off_at, since if since < earliest else None)


# -- collect


def gather(app: App, waiting: Sequence[Due], now: datetime) -> Collected:
    """Asks the sources for the days that these editions cover, for those they look back on, and for new examples."""
    last = max(due.period.day for due in waiting)
    first = min(min(due.since for due in waiting), last - DAY)
    days = [first + n * DAY for n in range((last - first).days + 1)]
    names = app.settings.sources
    # Yesterday is always asked again: lists grow until the day's end, and after it.
    asked = [day for day in days if day >= last - DAY or not app.archive.is_complete(day, names)]
    collected = collect(asked, names, app.archive, app.reach, now)
    answering = [state.source for state in collected.states if state.state != "broken"]
    if back := _looked_back_on(waiting):
        follow_up(back, answering, app.archive, app.reach, now)
    if can_look_up(names):
        readers = [due.subscriber for due in waiting]
        rated = app.feedback.papers([reader.key for reader in readers])
        look_up_examples(readers, app.archive, app.reach, now, names, rated)
    return collected


def _looked_back_on(waiting: Sequence[Due]) -> list[date]:
    """The listing days that these editions follow up, in order."""
    spans = {span for due in waiting if (span := due.followed_up) is not None}
    return sorted({first + n * DAY for first, last in spans for n in range((last - first).days + 1)})


def _give_up_on_late(app: App, waiting: Sequence[Due], now: datetime, order: Order) -> None:
    """Editions that no source gave anything for, for too long, are given up; their papers come with the next."""
    if order.date is not None:
        return
    patience = app.settings.give_up_after
    late = [due for due in waiting if now - periods.moment(due.subscriber, due.period.day) > patience]
    app.ledger.plan([_planned(app, due, None, now, NO_SOURCE) for due in late], now)


# -- plan


def plan(app: App, waiting: Sequence[Due], now: datetime, order: Order) -> int:
    """Freezes the audience: one row each, with the digest it will be made from; returns how many are new."""
    rows = []
    for digest, group in digests_of(app, waiting, now):
        app.archive.save_digest(digest)
        rows += [_planned(app, due, digest, now, _skip(app, due, now, order)) for due in group]
    return app.ledger.plan(rows, now)


def _skip(app: App, due: Due, now: datetime, order: Order) -> str:
    """Why this subscriber gets nothing this time; empty when they do."""
    if is_paused(due.subscriber, due.period.day):
        return f"paused until {due.subscriber.paused_until}"
    if order.date is None and now - periods.moment(due.subscriber, due.period.day) > app.settings.max_age:
        return f"too old: was due on {due.period.day}"
    return ""


def is_paused(subscriber: Subscriber, day: date) -> bool:
    """Whether the subscriber wants nothing on that local day."""
    return subscriber.paused_until is not None and day < subscriber.paused_until


def _planned(app: App, due: Due, digest: Digest | None, now: datetime, skip: str) -> Planned:
    subscriber, period = due.subscriber, due.period
    return Planned(
        key=Key(subscriber.key, period.name, app.occasion),
        day=period.day,
        since=period.since,
        address=subscriber.email,
        reference=app.reference(subscriber),
        digest=digest.id if digest else "",
        cut_off=(digest.day, digest.until) if digest else None,
        give_up_at=periods.give_up_at(subscriber, period.day, now),
        skip=skip,
    )


# -- once more, on purpose


def again(app: App, now: datetime, order: Order) -> Account:
    """Sends one subscriber's last edition (of the date) once more: the same papers, recorded as a repetition."""
    with app.alone(), app.provider() as provider:
        asked = Order(order.date or now.date(), order.only)
        [subscriber] = [due.subscriber for due in who_is_due(app, app.roster(), now, asked)]
        made = app.ledger.latest(app.occasion, subscriber.key, order.date)
        if made is None or made.claim is None:
            raise SettingsError(f"{subscriber.email} had no edition yet that could be sent again")
        key = Key(subscriber.key, made.key.period, app.ledger.next_again(subscriber.key, made.key.period))
        stamp = now.replace(microsecond=0)
        gone = periods.give_up_at(subscriber, made.day, now)
        row = Planned(key, made.day, made.since, made.address, made.reference, made.digest, None, gone)
        app.ledger.plan([row], now)
        app.ledger.repeat(key, replace(made.claim, key=key, stamped_at=stamp), now)
        run = Run(app.clock, app.settings.in_doubt, ending=app.ending)
        send_batch(Sending(app, Composer(app), provider, {subscriber.key: subscriber}, run), [key])
    return app.ledger.account(key.occasion, made.day)
