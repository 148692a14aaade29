"""A new sender begins slowly: how many may go today, and who waits for another day."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from newsletter.app import App
from newsletter.ledger import Rationed
from newsletter.limits.plans import Plan, Today, room, today
from newsletter.limits.shipped import plan_named, published

log = logging.getLogger("newsletter.warmup")


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the warm-up is."""

    plan: Plan
    since: datetime | None
    """When the first message from the sender's domain was taken; None if none ever was."""
    today: Today
    used: Mapping[str, int]
    """Messages of the day, of each family that the plan has a number for; empty when the plan is over."""

    @property
    def left(self) -> int | None:
        """How many more may go today; None: as many as there are."""
        return None if self.today.most is None else max(0, room(self.today, self.used)[0])

    def __str__(self) -> str:
        begun = f"since {self.since:%Y-%m-%d}" if self.since else "it begins with the first message"
        named = f"{self.plan.name}: day {self.today.day} of {len(self.plan.days)}, {begun}"
        if self.today.most is None:
            return f"{self.plan.name}: over, {begun}; there is no limit any more"
        own = "".join(f", {number:,} to {name}" for name, number in sorted(self.today.families.items()))
        return f"{named}: at most {self.today.most:,} messages today (UTC){own}; {self.left:,} are left"


def standing(app: App, now: datetime) -> Standing | None:
    """How far the warm-up is; None where there is none, or messages only go into files."""
    if not app.settings.warm_up:
        return None
    plan = plan_named(app.settings.warm_up, app.settings.home)  # also where nothing is sent: its faults are told
    if app.occasion != "regular":
        return None
    rations = app.ledger.rations()
    since = rations.first(app.settings.sender_address.rpartition("@")[2])
    day = today(plan, since, now)
    used = rations.used(day, app.occasion, published()) if day.most is not None else {}
    return Standing(plan, since, day, used)


def held_until(app: App, now: datetime) -> datetime | None:
    """Until when what is planned now is held back, unless the day has room for it; None where it is not."""
    found = standing(app, now)
    return found.today.until if found and found.today.most is not None else None


def ration(app: App, now: datetime) -> None:
    """Lets go who may be sent to today. Everybody, where there is no plan or it is over."""
    found = standing(app, now)
    if found is None or found.today.most is None:
        if number := app.ledger.rations().release_all(now, app.occasion):
            log.info("warm-up: it is over; %d who were held back go", number)
        return
    _told(found, app.ledger.rations().ration(found.today, now, app.occasion, published()))


def _told(found: Standing, rationed: Rationed) -> None:
    if rationed.released:
        said = "warm-up: day %d, at most %d messages: %d go now, %d wait until tomorrow"
        log.info(said, found.today.day, found.today.most, rationed.released, rationed.held)
