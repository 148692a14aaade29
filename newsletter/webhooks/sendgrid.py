"""SendGrid's Event Webhook, signed with ECDSA P-256. No I/O.

Facts: twilio.com/docs/sendgrid, Event Webhook Reference and Getting Started with the Event Webhook Security Features
(2026-11). A request is repeated for 24 hours, and whether it is then signed anew is not said; its body is signed, so
an old one is true still.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from newsletter.webhooks.event import Event, Hook, Posted, What, address, bounce, is_fresh, json_of, moment, rows, text

REPEATED_FOR: Final = timedelta(hours=25)
HEADER: Final = "x-twilio-email-event-webhook-"
WHAT: Final[dict[str, What]] = {
    "delivered": "delivered",
    "deferred": "failed",
    "spamreport": "complained",
    "unsubscribe": "unsubscribed",
    "group_unsubscribe": "unsubscribed",
}
DROPPED: Final[dict[str, What]] = {
    "bounced address": "bounced",
    "invalid": "bounced",
    "spam reporting address": "complained",
    "unsubscribed address": "unsubscribed",
}
"""Why SendGrid did not even try: what it remembers of an address."""


def key(written: str) -> str:
    """The verification key. Raises ValueError."""
    _public(written)
    return written


@lru_cache(maxsize=16)
def _public(written: str) -> ec.EllipticCurvePublicKey:
    try:
        found = load_der_public_key(base64.b64decode(written, validate=True))
    except ValueError as error:
        raise ValueError("this is no public key; copy the Verification Key from the webhook's settings") from error
    if not isinstance(found, ec.EllipticCurvePublicKey) or not isinstance(found.curve, ec.SECP256R1):
        raise ValueError("this key is of another kind than ECDSA P-256; copy the Verification Key again")
    return found


def verified(posted: Posted, keys: Sequence[str], now: datetime) -> bool:
    """Over the timestamp and the body as it came."""
    stamp = posted.headers.get(f"{HEADER}timestamp", "")
    if not is_fresh(moment(stamp), now, REPEATED_FOR):
        return False
    try:
        signature = base64.b64decode(posted.headers.get(f"{HEADER}signature", ""), validate=True)
    except ValueError:
        return False
    return any(_signed(one, signature, stamp.encode() + posted.body) for one in keys)


def _signed(written: str, signature: bytes, content: bytes) -> bool:
    try:
        _public(written).verify(signature, content, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def events(body: bytes) -> list[Event]:
    """One request tells many things."""
    return [
        Event(
            _what(one),
            address(text(one, "email")),
            text(one, "sg_message_id"),
            moment(text(one, "timestamp")),
            text(one, "reason") or text(one, "event"),
        )
        for one in rows(json_of(body))
    ]


def _what(told: Any) -> What:
    kind, reason = text(told, "event"), text(told, "reason")
    if kind == "dropped":
        return DROPPED.get(reason.strip().lower(), "failed")
    if kind == "bounce":  # with the type `blocked` a mail server did not want this message
        return bounce(f"{reason} {text(told, 'status')}") if text(told, "type") in ("", "bounce") else "failed"
    return WHAT.get(kind, "other")


HOOK: Final = Hook("SENDGRID_WEBHOOK_VERIFICATION_KEY", key, verified, events)
