"""Once a minute: who is due now, and is anything wrong? Ticks of APScheduler; the ledger knows the rest."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler

from newsletter.app import App
from newsletter.errors import Halt, NewsletterError, SourceError
from newsletter.publish import Order, publish, who_is_due
from newsletter.retention import prune
from newsletter.watch import Watch

log = logging.getLogger("newsletter.scheduler")
QUIET = timedelta(minutes=15)  # nobody is due for so long
SPACING = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 20, 30))


class Ticker:
    """Publishes at each tick; after a failure of all sources, or a halt, it tries again with growing spacing.

    A provider that is asked every minute with a wrong password locks the account.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._failures = 0
        self._pruned: date | None = None
        self._not_before = datetime.min.replace(tzinfo=UTC)

    def tick(self) -> None:
        """One minute's work. Errors are one log line: the next tick is the retry."""
        now = self._app.clock()
        if now < self._not_before:
            return
        try:
            publish(self._app, now)
            self._learn_when_quiet(now)
            self._prune_when_quiet(now)
        except (SourceError, Halt) as error:
            wait = SPACING[min(self._failures, len(SPACING) - 1)]
            self._failures += 1
            self._not_before = now + wait
            log.error("%s; trying again in %d minutes", error, wait.total_seconds() // 60)
        except NewsletterError as error:
            log.error("%s", error)
        else:
            self._failures = 0

    def _learn_when_quiet(self, now: datetime) -> None:
        """Learns from an archive that has grown, when nobody waits for an edition."""
        if self._app.outgrown() and not who_is_due(self._app, self._app.roster(), now + QUIET, Order()):
            model = self._app.learn()
            log.info("learned from the archive: %d terms, %d topics", len(model.columns), model.basis.shape[1])

    def _prune_when_quiet(self, now: datetime) -> None:
        """Once a day removes what is older than the operator wants, if they want that and nobody waits."""
        keep = self._app.settings.keep
        if keep is None or self._pruned == now.date():
            return
        if not who_is_due(self._app, self._app.roster(), now + QUIET, Order()):
            self._pruned = now.date()
            old = prune(self._app, keep, now)
            log.info("removed from the archive: %d papers, %d digests", old.papers, old.digests)


def start(app: App) -> BackgroundScheduler:
    """Starts ticking, in the background, until `shutdown`."""
    scheduler = BackgroundScheduler(timezone=UTC)
    # A late tick still counts, several late ones count once, and two never run side by side. Double firing would
    # do no harm either: the ledger has one row per subscriber and period.
    scheduler.add_job(
        Ticker(app).tick,
        "cron",
        second=0,
        misfire_grace_time=None,
        coalesce=True,
        max_instances=1,
        next_run_time=datetime.now(UTC),
    )
    # Beside the ticks, so that one that hangs is noticed.
    scheduler.add_job(Watch(app).look, "cron", second=30, misfire_grace_time=None, coalesce=True, max_instances=1)
    scheduler.start()
    return scheduler
