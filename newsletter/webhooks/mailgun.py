"""Mailgun's webhooks, of which only a timestamp and a token are signed. No I/O.

Facts: documentation.mailgun.com, user manual: securing webhooks, webhook retries, events (2026-11). As the signature
fits any body, it counts for five minutes, and once. Should an event be lost by that, as while we are away for longer:
Mailgun keeps a list of its own, and tells again when the address is next written to.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from newsletter.webhooks.event import Event, Hook, Posted, What, address, at, bounce, is_fresh, json_of, moment, text

WHAT: Final[dict[str, What]] = {
    "delivered": "delivered",
    "complained": "complained",
    "unsubscribed": "unsubscribed",
    "failed": "failed",
    "rejected": "failed",
}
LISTED: Final[dict[str, What]] = {
    "suppress-bounce": "bounced",
    "suppress-complaint": "complained",
    "suppress-unsubscribe": "unsubscribed",
}
"""Why Mailgun did not even try: the address is on a list of its own."""


def key(written: str) -> str:
    """The HTTP webhook signing key. Raises ValueError."""
    if len(written) < 16:
        raise ValueError("this is too short; copy the HTTP webhook signing key from the API keys' page")
    return written


def verified(posted: Posted, keys: Sequence[str], now: datetime) -> bool:
    try:
        signed = at(json_of(posted.body), "signature")
    except ValueError:
        return False
    stamp, token, given = (text(signed, name) for name in ("timestamp", "token", "signature"))
    # Exactly ten digits: else some of the token's could be counted to the time, and make it another token.
    if not re.fullmatch(r"\d{10}", stamp, re.ASCII) or not token or not is_fresh(moment(stamp), now):
        return False
    ours = [hmac.new(one.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest() for one in keys]
    return any(hmac.compare_digest(one.encode(), given.encode()) for one in ours)


def token(body: bytes) -> str:
    """What is never used twice."""
    return text(json_of(body), "signature", "token")


def events(body: bytes) -> list[Event]:
    told = at(json_of(body), "event-data")
    status = at(told, "delivery-status")
    reason = text(status, "message") or text(status, "description") or text(told, "reason") or text(told, "event")
    message = text(told, "message", "headers", "message-id")
    return [Event(_what(told), address(text(told, "recipient")), message, moment(text(told, "timestamp")), reason)]


def _what(told: Any) -> What:
    kind, why = text(told, "event"), text(told, "reason")
    if kind != "failed" or text(told, "severity") != "permanent":
        return WHAT.get(kind, "other")
    if why != "bounce":  # `old`: tried for hours in vain; `generic` and others: the message was not wanted
        return LISTED.get(why, "failed")
    status = at(told, "delivery-status")
    return bounce(" ".join(text(status, name) for name in ("code", "enhanced-code", "message")))


HOOK: Final = Hook("MAILGUN_WEBHOOK_SIGNING_KEY", key, verified, events, once=token)
