"""Brevo's webhooks for transactional mail, which are not signed. No I/O.

Facts: developers.brevo.com/docs/transactional-webhooks and how-to-use-webhooks (2026-11), compared with what
django-anymail 15.2 knows of them. Where batching is on, a request holds a list.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from newsletter.webhooks.event import Event, Hook, What, address, bounce, json_of, moment, own_secret, rows, text
from newsletter.webhooks.own_secret import has_secret

WHAT: Final[dict[str, What]] = {
    "delivered": "delivered",
    "spam": "complained",
    "complaint": "complained",
    "unsubscribed": "unsubscribed",
    "unsubscribe": "unsubscribed",  # as django-anymail has it; whichever it is, the reader's no counts
    "invalid_email": "bounced",
    "soft_bounce": "failed",
    "deferred": "failed",
    "blocked": "failed",  # on a list of Brevo's, of which it does not say why
    "error": "failed",
}


def events(body: bytes) -> list[Event]:
    return [
        Event(
            _what(one),
            address(text(one, "email")),
            text(one, "message-id"),
            _moment(one),
            text(one, "reason") or text(one, "event"),
        )
        for one in rows(json_of(body))
    ]


def _moment(told: Any) -> datetime | None:
    """`ts_epoch`, which is in milliseconds; the others are counted in the account's zone, as if that were UTC."""
    exact = text(told, "ts_epoch")
    return moment(exact[:-3] if exact.isdecimal() else text(told, "ts_event") or text(told, "ts"))


def _what(told: Any) -> What:
    kind = text(told, "event")
    return bounce(text(told, "reason")) if kind == "hard_bounce" else WHAT.get(kind, "other")


HOOK: Final = Hook("BREVO_WEBHOOK_SECRET", own_secret, has_secret, events)
