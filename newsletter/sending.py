"""Hands over what was planned: shard by shard, to the first provider that is there, until nobody waits.

send_until  sends to whoever waits, again as their next attempts come due
send_batch  takes, composes, claims and delivers a shard; losing or repeating it costs only time
"""

from __future__ import annotations

import gc
import itertools
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from newsletter import queues, warmup
from newsletter.app import App
from newsletter.audience import Order
from newsletter.compose import Composed, Composer, Quiet, Spoilt
from newsletter.deliver import NAP, Run, deliver
from newsletter.errors import Halt
from newsletter.ledger import Key
from newsletter.models import Subscriber
from newsletter.pace import Refusals
from newsletter.providers import Provider
from newsletter.queues import Place

log = logging.getLogger("newsletter.sending")
SELDOM = 50_000  # new objects between two looks for garbage; Python's usual are 700
MANY = 200  # editions: to look through all that is there once takes as long as fifty
AWAY = timedelta(minutes=1)  # before a provider that was away is asked again, when there is time to wait
SOON = timedelta(seconds=5)  # before somebody is looked at again whom another process may have

T = TypeVar("T")
Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True)
class Link:
    """One of the providers that the settings name; the others carry when it is away."""

    app: App
    """With this one in its settings."""
    provider: Provider
    run: Run
    elsewhere: frozenset[str]
    """The others that know a request by its key: what is in doubt there is theirs to find out."""


@contextmanager
def chain(app: App, share: int = 1) -> Iterator[list[Link]]:
    """The providers in their order, for one of `share` processes; nothing is connected yet."""
    with ExitStack() as stack:
        opened = [(one, stack.enter_context(one.provider(share))) for one in app.links()]
        knowing = {one.carrier for one, provider in opened if provider.idempotent_for}
        yield [Link(one, provider, _run(one, provider), frozenset(knowing - {one.carrier})) for one, provider in opened]


def _run(app: App, provider: Provider) -> Run:
    # Who knows a request by its key is asked again, so nothing is in doubt.
    return Run(app.clock, "resend" if provider.idempotent_for else app.settings.in_doubt, ending=app.ending)


def send_until(links: Sequence[Link], order: Order, progress: Progress, until: datetime) -> bool:
    """Sends to who waits, again and again as their next attempts come due, until nobody waits or the time is over.

    Whether there was anybody to send to.
    """
    app, run, left, sent = links[0].app, links[0].run, set[Key](), False
    while True:
        passing: Halt | None = None
        try:
            if _send_by_any(links, order, progress, left):
                sent = True
                continue  # while they were sent to, others may have come due
        except Halt as halt:
            if not halt.passing:
                raise
            passing = halt
        left.clear()  # whoever had them may have them no longer
        at = _next_attempt(app, order, bool(passing))
        if at is None or at > until or not _sleep_until(at, app, run):
            if passing:
                raise passing
            return sent


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


def _send_by_any(links: Sequence[Link], order: Order, progress: Progress, left: set[Key]) -> bool:
    """Sends by the first provider that is there, or has workers do it. False if there was nobody."""
    app = links[0].app
    warmup.ration(app, app.clock())
    if app.engine is not None:
        return _have_sent(links, order, progress)
    return by_the_first(links, lambda link: _send_waiting(link, order, progress, left))


def by_the_first(links: Sequence[Link], send: Callable[[Link], T]) -> T:
    """Sends by the first provider that is there. What one refuses no other is offered."""
    *others, last = links
    for link in others:
        try:
            return send(link)
        except Halt as halt:
            if not halt.passing:
                raise
            log.warning("%s: %s; the next provider carries meanwhile", link.app.carrier, halt)
    return send(last)


def _counting(progress: Progress, total: int) -> Callable[[int], None]:
    """Tells how many were sent to, as they are added up; who is repeated with others comes before their turn."""
    done = 0

    def sent(number: int) -> None:
        nonlocal done
        done = min(done + number, total)
        progress("send", done, total)

    return sent


def _send_waiting(link: Link, order: Order, progress: Progress, left: set[Key]) -> bool:
    """Sends to who can be sent to now, but for those `left` to others. False if there was nobody."""
    app, now = link.app, link.app.clock()
    agenda = app.ledger.agenda(now, app.occasion, order.only)
    total = sum(one.number for one in agenda)
    if total == 0 or app.ledger.stopped() is not None:
        return False
    given = 0

    def ours(keys: Iterator[Key]) -> Iterator[Key]:
        nonlocal given
        for key in keys:
            if key not in left:
                given += 1
                yield key

    composer, roster = Composer(app), app.roster()
    composer.prepare(dict.fromkeys(id_ for one in agenda for id_ in one.digests), roster.looks())
    sent = _counting(progress, total)
    sending = Sending(app, composer, link.provider, roster.find, link.run, sent, left.update, link.elsewhere)
    work_off, job = queues.queue(app.settings), sending.job()
    with _kept_apart() if total >= MANY else nullcontext():
        # Day by day: what an earlier edition shows has to be known before a later one is made.
        for one in agenda:
            work_off(ours(app.ledger.waiting(now, one.occasion, one.day, order.only)), job)
    return given > 0


def _have_sent(links: Sequence[Link], order: Order, progress: Progress) -> bool:
    """Has workers send to who can be sent to now. False if there was nobody, if it moved nobody, or if it took too long."""
    app, now, began = links[0].app, links[0].app.clock(), links[0].run.monotonic()
    agenda = app.ledger.agenda(now, app.occasion, order.only)
    total = sum(one.number for one in agenda)
    if app.ledger.stopped() is not None:
        return False
    work_off, job = queues.queue(app.settings), _awaiting(links, order, progress, total)
    keys = (app.ledger.waiting(now, one.occasion, one.day, order.only) for one in agenda)
    work_off(itertools.chain.from_iterable(keys), job)
    left = sum(one.number for one in app.ledger.agenda(app.clock(), app.occasion, order.only))
    late = order.patience is not None and links[0].run.monotonic() - began > order.patience.total_seconds()
    return left != total and not late


def _awaiting(links: Sequence[Link], order: Order, progress: Progress, total: int) -> queues.Job:
    """What there is to do for who waits for workers: it looks after what those had in their hands who died."""
    app, run = links[0].app, links[0].run
    knows = [link.app.carrier for link in links if link.provider.idempotent_for]

    def tend() -> None:
        app.ledger.recover(app.clock(), app.settings.in_doubt, knows=knows)

    return queues.Job(
        ledger=app.ledger,
        clock=app.clock,
        in_doubt=run.in_doubt,
        ending=run.ending,
        sent=_counting(progress, total),
        engine=app.engine,
        patience=order.patience,
        tend=tend,
    )


@contextmanager
def _kept_apart() -> Iterator[None]:
    """What is there already stays, so garbage is not looked for in it: a quarter of the time of ranking and editing.

    Nor is it looked for all the time in what is new, which seldom is garbage of the kind that has to be looked for.
    """
    usual = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(SELDOM, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


@dataclass(frozen=True, slots=True)
class Sending:
    """All that sending a shard takes."""

    app: App
    composer: Composer
    provider: Provider
    find: Callable[[Sequence[str]], Mapping[str, Subscriber]]
    """Looks subscribers up by their keys."""
    run: Run
    sent: Callable[[int], None] = lambda number: None
    """Told of how many deliveries it is known what became of them."""
    left: Callable[[Sequence[Key]], None] = lambda keys: None
    """Told which were left to another process."""
    elsewhere: frozenset[str] = frozenset()
    """The providers that are left what is in doubt at them."""

    def job(self) -> queues.Job:
        """The same for a queue, which may have it done in several processes."""
        hands = min(queues.hands(self.app.settings), self.provider.hands)
        return queues.Job(
            work=lambda shard: send_batch(self, shard),
            opened=self._in_child,
            ledger=self.app.ledger,
            clock=self.run.clock,
            in_doubt=self.run.in_doubt,
            sent=self.sent,
            left=self.left,
            ending=self.run.ending,
            hands=hands,
        )

    @contextmanager
    def _in_child(self, place: Place) -> Iterator[Callable[[Sequence[Key]], None]]:
        app = self.app.in_child(place.owner, place.ending)
        run = replace(self.run, refusals=Refusals(), ending=place.ending)
        sent, left = partial(place.tell, "sent"), partial(place.tell, "left")
        with app.provider(place.share) as provider, app.ledger.working():
            own = replace(self, app=app, provider=provider, run=run, sent=sent, left=left)
            yield lambda shard: send_batch(own, shard)


def send_batch(sending: Sending, shard: Sequence[Key]) -> None:
    """Takes, composes, claims and delivers a shard of planned deliveries; what another process took is left to it.

    Once the operator has it stopped, nothing is composed that could not be handed over.
    """
    app, now = sending.app, sending.app.clock()
    if app.ledger.stopped() is not None:
        return
    deliveries = app.ledger.take(now, app.occasion, shard, sending.elsewhere)
    people = sending.find([delivery.key.subscriber for delivery in deliveries])
    composed = list(sending.composer.compose(deliveries, people, now))
    app.ledger.skip({one.key: one.reason for one in composed if isinstance(one, Quiet)}, now)
    app.ledger.fail({one.key: one.reason for one in composed if isinstance(one, Spoilt)}, now)
    for spoilt in (one for one in composed if isinstance(one, Spoilt)):
        why = spoilt.reason.replace(spoilt.key.subscriber, "a reader")  # no log names an address; the ledger says whose
        log.error("an edition of %s could not be made: %s", spoilt.key.period, why)
    ready = [one for one in composed if isinstance(one, Composed)]
    won = app.ledger.claim([one.claim for one in ready], app.carrier, now)
    mine = [one for one in ready if one.claim.key in won]
    settled = {one.key for one in composed if not isinstance(one, Composed)} | won
    sending.left([key for key in shard if key not in settled])
    sending.sent(max(len(shard) - len(mine), 0))
    deliver(mine, sending.provider, app.ledger, sending.run, sending.sent)
