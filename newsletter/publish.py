"""READ FIRST. The day as a story: who is due, what was listed, one edition each, sent and recorded.

    publish  serves whoever is due: collect, digest, plan, then shard by shard compose and deliver (`sending.py`)
    gather   asks the sources for the days that these editions cover
    again    sends one edition once more, on purpose

Running `publish` again is the retry: what was planned stays planned, what was submitted stays submitted.
However many readers there are, no more than some pages and shards of them are in memory at once.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from tempfile import SpooledTemporaryFile, gettempdir
from typing import Final

from newsletter import periods, zotero
from newsletter.app import App
from newsletter.audience import Due, Needs, Order, Served, asked_for, give_up_on_late, needs_of, plan, who_is_due
from newsletter.collect import Collected, collect, follow_up, look_up_examples
from newsletter.compose import Composer
from newsletter.deliver import Run
from newsletter.digest import DAY
from newsletter.errors import SettingsError, SourceError, StoreError
from newsletter.ledger import Account, Key, Planned
from newsletter.sending import Progress, Sending, chain, send_batch, send_until

FEW: Final = 1_000_000
"""Bytes of an audience that are held in memory: some ten thousand readers."""


def publish(
    app: App,
    now: datetime,
    order: Order | None = None,
    progress: Progress = lambda *_: None,
) -> Account:
    """Serves whoever is due, and whoever still waits from an earlier run; returns the day's account.

    Raises `SourceError` when no source answered (after sending what was planned before), `Halt` when the provider
    refuses us; either way, run again.
    """
    order = order or Order()
    serve(app, now, order, progress)
    return app.ledger.account(app.occasion, order.date)


def serve(
    app: App, now: datetime, order: Order, progress: Progress = lambda *_: None, served: Served | None = None
) -> bool:
    """The same without the account, which takes the longer to count the more readers there are; whether it did anything.

    With what a scheduler remembers as `served`, only those are looked at whose moment has come.
    """
    with app.alone(), chain(app) as links:
        knows = [link.app.carrier for link in links if link.provider.idempotent_for]
        moved = app.ledger.recover(now, app.settings.in_doubt, alone=not app.settings.shared, knows=knows)
        if app.ledger.stopped() is None:
            moved += app.ledger.give_up(now)  # before the next is planned, which takes up what theirs would have shown
            planned, failure = plan_who_is_due(app, now, order, progress, served)
            sent = send_until(links, order, progress, now + order.wait)
            if failure is not None:
                raise failure
            return bool(moved or planned or sent)
    return bool(moved)


def plan_who_is_due(
    app: App, now: datetime, order: Order, progress: Progress = lambda *_: None, served: Served | None = None
) -> tuple[int, SourceError | None]:
    """Collects what their editions take, and freezes them; how many are new, and whether the sources failed."""
    roster = app.roster()
    mark, before = roster.mark(), served.mark if served else None
    schedules = served.waiting(roster, now) if served else None
    dues = who_is_due(app, now, order, roster, schedules, before)
    planned, failure = _gather_and_plan(app, now, order, progress, dues)
    if served and failure is None:
        served.note(schedules or {}, mark)
    return planned, failure


def _gather_and_plan(
    app: App, now: datetime, order: Order, progress: Progress, dues: Iterable[list[Due]]
) -> tuple[int, SourceError | None]:
    with _kept(dues) as pages:
        needs = needs_of(app, pages())
        if needs is None:
            return 0, None
        progress("collect", 0, 1)
        collected = gather(app, needs, now)
        progress("collect", 1, 1)
        if collected.all_broken and not app.archive.window(needs.since, needs.until):
            if order.date is None:
                give_up_on_late(app, pages(), now)
            return 0, SourceError("no source answered: " + "; ".join(state.detail for state in collected.states))
        return plan(app, pages(), now, order), None


@contextmanager
def _kept(pages: Iterable[list[Due]]) -> Iterator[Callable[[], Iterator[list[Due]]]]:
    """The same pages again and again, asked for once: where they are many, in a file that nobody else sees."""
    with SpooledTemporaryFile(max_size=FEW) as file:
        for page in pages:
            try:
                pickle.dump(page, file)
            except OSError as error:
                raise StoreError(f"{gettempdir()}: cannot be written ({error}); is the disk full?") from error
        size = file.tell()

        def again() -> Iterator[list[Due]]:
            file.seek(0)
            while file.tell() < size:
                yield pickle.load(file)

        yield again


# -- collect


def gather(app: App, needs: Needs, now: datetime) -> Collected:
    """Asks the sources for the days that editions cover, for those they look back on, and for new examples.

    Libraries are asked too: what they hold now counts already for these editions.
    """
    first = min(needs.since, needs.until - DAY)
    days = [first + n * DAY for n in range((needs.until - first).days + 1)]
    names = app.settings.sources
    # Yesterday is always asked again: lists grow until the day's end, and after it.
    asked = [day for day in days if day >= needs.until - DAY or not app.archive.is_complete(day, names)]
    collected = collect(asked, names, app.archive, app.reach, now)
    if needs.back:
        answering = [state.source for state in collected.states if state.state != "broken"]
        follow_up(needs.back, answering, app.archive, app.reach, now)
    renewed = zotero.renew(app.roster().libraries(), app.archive, app.reach, now, names)
    look_up_examples(needs.examples | renewed, app.archive, app.reach, now, names)
    return collected


# -- once more, on purpose


def again(app: App, now: datetime, order: Order) -> Account:
    """Sends one subscriber's last edition (of the date) once more: the same papers, recorded as a repetition."""
    app = app.links()[0]
    with app.alone(), app.provider() as provider:
        subscriber = asked_for(app.roster(), order.only or "")
        made = app.ledger.latest(app.occasion, subscriber.key, order.date)
        if made is None or made.claim is None:
            raise SettingsError(f"{subscriber.email} had no edition yet that could be sent again")
        key = Key(subscriber.key, made.key.period, app.ledger.next_again(subscriber.key, made.key.period))
        stamp = now.replace(microsecond=0)
        gone = periods.give_up_at(subscriber, made.day, now)
        who = (subscriber.key, made.address, made.reference)
        row = Planned(key.period, key.occasion, made.day, made.since, made.digest, None, gone, [who])
        app.ledger.plan([row], now)
        app.ledger.repeat(key, replace(made.claim, key=key, stamped_at=stamp), now)
        run = Run(app.clock, app.settings.in_doubt, ending=app.ending)
        send_batch(Sending(app, Composer(app), provider, lambda _: {subscriber.key: subscriber}, run), [key])
    return app.ledger.account(key.occasion, made.day)
