"""Tells the operator of alarms: a line in the log when one begins and when it is over, and a mail a day meanwhile."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from newsletter import alarms, letters
from newsletter.alarms import Alarm
from newsletter.app import App
from newsletter.errors import NewsletterError
from newsletter.models import Letter

log = logging.getLogger("newsletter.watch")
A_DAY = timedelta(days=1)
AFTER_A_FAILURE = timedelta(hours=1)  # a provider that fails is not asked every minute


def standing(app: App, now: datetime) -> tuple[Alarm, ...]:
    """The alarms that stand now."""
    return alarms.raised(app.ledger.signs(app.occasion, now), now, app.settings.alarm_after)


class Watch:
    """Looks again and again; each alarm is one line in the log when it begins.

    It has begun when it stands at two looks in a row: after a start, or when the machine has slept, the first tick
    mends what the first look sees.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._seen: frozenset[str] = frozenset()
        self._known: frozenset[str] = frozenset()

    def look(self) -> None:
        """One look. Errors are one log line: the next look is the retry."""
        now = self._app.clock()
        try:
            found = standing(self._app, now)
            begun = [alarm for alarm in found if alarm.name in self._seen]
            self._seen = frozenset(alarm.name for alarm in found)
            self._note(begun)
            mail(self._app, begun, now)
        except NewsletterError as error:
            log.error("%s", error)

    def _note(self, found: Iterable[Alarm]) -> None:
        standing = {str(alarm.name): alarm for alarm in found}
        for name in standing.keys() - self._known:
            alarm = standing[name]
            log.error("alarm: %s: %s", name, alarm.text, extra={"alarm": name, "deliveries": alarm.number})
        for name in self._known - standing.keys():
            log.warning("alarm over: %s", name, extra={"alarm": name, "deliveries": 0})
        self._known = frozenset(standing)


def mail(app: App, found: Iterable[Alarm], now: datetime) -> None:
    """Mails each alarm to the operator, if one is set: once a day, whichever process sees it and however often.

    It is marked first, so that no crash makes a second mail; a mail that the provider does not take comes an hour
    later. It is in nobody's account.
    """
    for alarm in found if app.settings.operator else ():
        if app.ledger.tell(alarm.name, now, now + A_DAY):
            failure = letters.send(app, _letter(app, alarm), now)
            if failure:
                app.ledger.tell_again(alarm.name, now + AFTER_A_FAILURE)
                log.error("alarm: %s: could not be mailed: %s", alarm.name, failure)


def _letter(app: App, alarm: Alarm) -> Letter:
    said = f"{alarm.text[0].upper()}{alarm.text[1:]}."
    daily = "This mail comes once a day for as long as that is so; `newsletter status` says how it is now."
    return Letter(app.settings.operator, f"Alarm: {alarm.name} ({app.settings.name})", (said, daily))
