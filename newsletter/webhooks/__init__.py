"""What providers tell us afterwards: whether it is they who say it, and what follows from it. No I/O."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from newsletter.models import SuppressedFor, Suppression
from newsletter.text import line
from newsletter.webhooks import brevo, mailgun, postmark, resend, sendgrid, ses
from newsletter.webhooks.event import Event, Hook, Posted

__all__ = ["FINAL", "HOOKS", "Event", "Hook", "Posted", "consequences"]

HOOKS: Final[Mapping[str, Hook]] = {
    "resend": resend.HOOK,
    "ses": ses.HOOK,
    "postmark": postmark.HOOK,
    "sendgrid": sendgrid.HOOK,
    "mailgun": mailgun.HOOK,
    "brevo": brevo.HOOK,
}
FINAL: Final[Mapping[str, SuppressedFor]] = {
    "bounced": "bounced",
    "unsubscribed": "unsubscribed",
    "complained": "complained",
}
"""What ends a subscription, the weakest first."""


def consequences(provider: str, events: Sequence[Event], ours: Collection[str], now: datetime) -> list[Suppression]:
    """Who must not be written to from now on: of our own readers those who said so, or whose mailbox is gone.

    One line for an address, the strongest that is told of it, in whatever order it is.
    """
    ranks = list(FINAL)
    final = [one for one in events if one.what in FINAL and one.address in ours]
    strongest: dict[str, Event] = {}
    for one in sorted(final, key=lambda one: (ranks.index(one.what), one.at or now, one.reason)):
        strongest[one.address] = one
    return [_suppression(provider, one, now) for _, one in sorted(strongest.items())]


def _suppression(provider: str, event: Event, now: datetime) -> Suppression:
    return Suppression(
        event.address, FINAL[event.what], line(f"{provider}: {event.reason}", 300), min(event.at or now, now)
    )
