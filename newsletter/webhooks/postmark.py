"""Postmark's webhooks, which are not signed. No I/O.

Facts: postmarkapp.com/developer/webhooks (bounce, spam complaint, subscription change) and the bounce types of its
bounce API (2026-11).
"""

from __future__ import annotations

from typing import Any, Final

from newsletter.webhooks.event import Event, Hook, What, address, at, bounce, json_of, moment, own_secret, text
from newsletter.webhooks.own_secret import has_secret

BOUNCE: Final[dict[str, What]] = {
    "BadEmailAddress": "bounced",
    "SpamComplaint": "complained",
    "Unsubscribe": "unsubscribed",
}
"""Of the bounce types; the others but `HardBounce` are temporary, or about the message or us."""
WHY: Final[dict[str, What]] = {"HardBounce": "bounced", "SpamComplaint": "complained", "ManualSuppression": "other"}
"""Why Postmark suppresses an address."""


def events(body: bytes) -> list[Event]:
    told = json_of(body)
    when = next((text(told, f"{name}At") for name in ("Bounced", "Changed", "Delivered") if at(told, f"{name}At")), "")
    reason = text(told, "Details") or text(told, "Description") or text(told, "SuppressionReason")
    who = address(text(told, "Email") or text(told, "Recipient"))
    return [Event(_what(told), who, text(told, "MessageID"), moment(when), reason)]


def _what(told: Any) -> What:
    record = text(told, "RecordType")
    if record == "Bounce":
        kind = text(told, "Type")
        return bounce(text(told, "Details")) if kind == "HardBounce" else BOUNCE.get(kind, "failed")
    if record == "SubscriptionChange" and at(told, "SuppressSending") is True:
        why = text(told, "SuppressionReason")
        themselves = why == "ManualSuppression" and text(told, "Origin") == "Recipient"
        return "unsubscribed" if themselves else WHY.get(why, "other")
    return {"SpamComplaint": "complained", "Delivery": "delivered"}.get(record, "other")  # type: ignore[return-value]


HOOK: Final = Hook("POSTMARK_WEBHOOK_SECRET", own_secret, has_secret, events)
