"""Pings a dead man's switch after each complete day: it raises the alarm when the pings stay away, whatever died here."""

from __future__ import annotations

import logging
import socket
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from urllib.parse import urlsplit

from newsletter import http, periods
from newsletter.alarms import NO_SOURCE
from newsletter.app import App
from newsletter.audience import Order, who_is_due
from newsletter.errors import NewsletterError, SettingsError, SourceError
from newsletter.ledger import Account
from newsletter.readership import Readership

log = logging.getLogger("newsletter.heartbeat")
NAME: Final = "heartbeat"
AFTER_A_FAILURE: Final = timedelta(minutes=15)
HASTE: Final = timedelta(seconds=20)
LARGEST: Final = 100_000  # bytes of an answer, which nobody reads


class Heartbeat:
    """Looks again and again; whichever process sees first that a day is complete pings, once for that day."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._not_before = datetime.min.replace(tzinfo=UTC)

    def look(self) -> None:
        """One look. Whatever fails is one log line, and harms no sending: a later look is the retry."""
        now = self._app.clock()
        if not self._app.settings.heartbeat or now < self._not_before:
            return
        try:
            roster = self._app.roster()
            day = complete_day(self._app, roster, now)
            if day is not None:
                next_day = periods.all_due_at(roster.schedules().values(), day + periods.DAY)
                self._not_before = self._ping(day, now) or next_day
        except NewsletterError as error:
            log.error("heartbeat: %s", error)

    def _ping(self, day: date, now: datetime) -> datetime | None:
        """Pings unless that was done for this day; says when to try again if it failed.

        It is marked first, in the ledger that all processes share, and by the day: a mark holds until the next day's.
        """
        began, over = (datetime.combine(day + n * periods.DAY, time(), UTC) for n in (0, 1))
        if not self._app.ledger.tell(NAME, began, over):
            return None
        try:
            ping(self._app)
        except SourceError as error:
            self._app.ledger.tell_again(NAME, began)
            log.warning("heartbeat: %s; trying again in 15 minutes", error, extra={"day": day})
            return now + AFTER_A_FAILURE
        log.info(
            "heartbeat: %s is complete, and %s was told", day, host(self._app.settings.heartbeat), extra={"day": day}
        )
        return None


def complete_day(app: App, roster: Readership, now: datetime) -> date | None:
    """The latest day that is over for everybody, if who was due was written to or skipped; None while that is not so.

    A day on which nobody was due is complete too, at the usual time: a switch knows no weekends.
    """
    day = periods.all_due(roster.schedules().values(), now)
    if day is None or not is_complete(app.ledger.account(app.occasion, day)):
        return None
    return None if any(who_is_due(app, now, Order(), roster)) else day


def is_complete(account: Account) -> bool:
    """Whether a day went as it should: nobody is left, not all that was tried failed, and a source answered."""
    tried_in_vain = account.counts["failed"] and not account.counts["submitted"]
    return not account.left and not tried_in_vain and f"skipped: {NO_SOURCE}" not in account.reasons


def ping(app: App) -> None:
    """One GET. Raises SourceError, which names the host alone: who knows the path can ping."""
    url = app.settings.heartbeat
    hasty = replace(app.reach.patience, attempts=2, total=HASTE)
    try:
        http.get(app.reach.client, url, patience=hasty, answers=range(200, 300), largest=LARGEST)
    except SourceError as error:
        said = str(error).partition(": ")[2]
        path = urlsplit(url).path
        raise SourceError(f"{host(url)}: {said.replace(path, '/...') if len(path) > 1 else said}") from error


def host(url: str) -> str:
    """Who is asked; empty where nobody is."""
    return urlsplit(url).hostname or ""


def check(url: str) -> str:
    """Looks its host up, without a ping, and says so in a sentence. Raises SettingsError."""
    if not url:
        return "not set, so nobody notices when this machine is off; name a dead man's switch's address"
    try:
        socket.getaddrinfo(host(url), None)
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"{host(url)} is not found; check the address and the network") from error
    return f"{host(url)} is told of each complete day; let it expect that daily, with some hours of grace"
