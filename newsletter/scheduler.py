"""Once a minute: who is due now, and is anything wrong? Ticks of APScheduler; the ledger knows the rest."""

from __future__ import annotations

import logging
import zlib
from datetime import UTC, date, datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler

from newsletter.app import App
from newsletter.audience import Order, Served, needs_of, who_is_due
from newsletter.errors import Halt, Interrupted, NewsletterError, SourceError
from newsletter.heartbeat import Heartbeat
from newsletter.ledger import Account
from newsletter.models import STATES
from newsletter.publish import gather, serve
from newsletter.retention import prune, tidy
from newsletter.returned import Reading
from newsletter.watch import Watch

log = logging.getLogger("newsletter.scheduler")
AHEAD = timedelta(minutes=10)  # before an edition is due the sources are asked
QUIET = timedelta(minutes=15)  # nobody is due for so long
PATIENCE = timedelta(days=1)  # how long such a time is waited for; with readers everywhere it never comes
LATEST = 23  # the hour (UTC) at which it is not waited for any more
WORKERS = timedelta(seconds=45)  # that a tick waits for workers; who is due meanwhile is planned by the next
SPACING = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 20, 30))


class Ticker:
    """Publishes at each tick; after a failure of all sources, or a halt, it tries again with growing spacing.

    A provider that is asked every minute with a wrong password locks the account.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._served = Served()
        self._foreseen = Served()
        self._account: Account | None = None
        self._failures = 0
        self._pruned: date | None = None
        self._tidied: date | None = None
        self._outgrown: datetime | None = None
        self._not_before = datetime.min.replace(tzinfo=UTC)

    def tick(self) -> None:
        """One minute's work. Errors are one log line: the next tick is the retry."""
        now = self._app.clock()
        self._app.pulse.beat(now)
        if now < self._not_before:
            return
        try:
            if serve(self._app, now, Order(patience=WORKERS), self._alive, self._served) or self._account is None:
                self._note(self._app.ledger.account(self._app.occasion))
            self._collect_ahead(now)
            self._learn_when_quiet(now)
            self._prune_when_quiet(now)
            self._tidy(now)
        except (SourceError, Halt) as error:
            wait = SPACING[min(self._failures, len(SPACING) - 1)]
            self._failures += 1
            self._not_before = now + wait
            log.error("%s; trying again in %d minutes", error, wait.total_seconds() // 60)
        except Interrupted:
            log.info("ended by the operator; what was in flight is recorded, and the next start goes on")
        except NewsletterError as error:
            log.error("%s", error)
        else:
            self._failures = 0
        self._app.pulse.beat(self._app.clock())

    def _note(self, account: Account) -> None:
        """A line where this tick has changed the account."""
        if account.day and account != self._account:
            counts = {state: account.counts[state] for state in STATES if account.counts[state]}
            told = ", ".join(f"{number} {state}" for state, number in counts.items())
            fields = {"day": account.day, "occasion": account.occasion, "audience": account.audience} | counts
            log.info("%s: %d readers: %s", account.day, account.audience, told, extra=fields)
        self._account = account

    def _alive(self, *_: object) -> None:
        """Something was done: a long tick is not a dead one."""
        self._app.pulse.beat(self._app.clock(), at_work=True)

    def _collect_ahead(self, now: datetime) -> None:
        """Asks the sources a while before an edition is due: what they have then is there, should they fail at its hour.

        At its hour they are asked once more, for what came late and how many upvotes there are by then.
        """
        soon, roster = now + AHEAD, self._app.roster()
        coming, late = self._foreseen.waiting(roster, soon), self._served.waiting(roster, now)
        fresh = {name: day for name, day in coming.items() if name not in late}
        if fresh and (needs := needs_of(self._app, who_is_due(self._app, soon, Order(), roster, fresh))):
            self._alive()
            gather(self._app, needs, now)
        self._foreseen.note(coming)

    def _learn_when_quiet(self, now: datetime) -> None:
        """Learns from an archive that has grown, when nobody waits for an edition; after a day without such an hour, now."""
        if not self._app.outgrown():
            self._outgrown = None
            return
        self._outgrown = self._outgrown or now
        if now - self._outgrown >= PATIENCE or self._is_quiet(now):
            model = self._app.learn()
            log.info("learned from the archive: %d terms, %d topics", len(model.columns), model.basis.shape[1])

    def _prune_when_quiet(self, now: datetime) -> None:
        """Once a day removes what is older than the operator wants, if they want that and nobody waits."""
        keep = self._app.settings.keep
        if keep is None or self._pruned == now.date():
            return
        if now.hour == LATEST or self._is_quiet(now):
            self._pruned = now.date()
            old = prune(self._app, keep, now)
            log.info("removed from the archive: %d papers, %d digests", old.papers, old.digests)

    def _tidy(self, now: datetime) -> None:
        """Once a day forgets what is known of people for too long."""
        if self._tidied != now.date():
            self._tidied = now.date()
            tidy(self._app, now)

    def _is_quiet(self, now: datetime) -> bool:
        return self._served.nobody_before(self._app.roster(), now, now + QUIET)


def second_of(secret: str) -> int:
    """The second of the minute at which a home ticks: its own, so that all homes do not ask a source at once."""
    return zlib.crc32(secret.encode()) % 60


def start(app: App) -> BackgroundScheduler:
    """Starts ticking, in the background, until `shutdown`."""
    app.pulse.beat(app.clock())
    scheduler, second = BackgroundScheduler(timezone=UTC), second_of(app.settings.secrets[0])
    # A late tick still counts, several late ones count once, and two never run side by side. Double firing would
    # do no harm either: the ledger has one row per subscriber and period.
    scheduler.add_job(
        Ticker(app).tick,
        "cron",
        second=second,
        misfire_grace_time=None,
        coalesce=True,
        max_instances=1,
        next_run_time=datetime.now(UTC),
    )
    # Beside the ticks, so that one that hangs is noticed.
    for look, later in ((Reading(app).look, 15), (Watch(app).look, 30), (Heartbeat(app).look, 45)):
        scheduler.add_job(
            look, "cron", second=(second + later) % 60, misfire_grace_time=None, coalesce=True, max_instances=1
        )
    scheduler.start()
    return scheduler
