"""Brevo's webhooks for transactional mail, which are not signed. No I/O.

Facts: developers.brevo.com/docs/transactional-webhooks and how-to-use-webhooks (2026-11). Where batching is on, a
request holds a list.
"""

from __future__ import annotations

from typing import Any, Final

from newsletter.webhooks.event import Event, Hook, What, address, bounce, json_of, moment, own_secret, rows, text
from newsletter.webhooks.own_secret import has_secret

WHAT: Final[dict[str, What]] = {
    "delivered": "delivered",
    "spam": "complained",
    "complaint": "complained",
    "unsubscribed": "unsubscribed",
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
            moment(text(one, "ts_event") or text(one, "ts")),
            text(one, "reason") or text(one, "event"),
        )
        for one in rows(json_of(body))
    ]


def _what(told: Any) -> What:
    kind = text(told, "event")
    return bounce(text(told, "reason")) if kind == "hard_bounce" else WHAT.get(kind, "other")


HOOK: Final = Hook("BREVO_WEBHOOK_SECRET", own_secret, has_secret, events)
