"""Resend's webhooks, signed as Svix does. No I/O.

Facts: resend.com/docs/webhooks, docs.svix.com/receiving/verifying-payloads/how-manual (2026-11), and the events of
resend/resend-openapi (2026-08). Each attempt is signed anew, so five minutes are enough.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from newsletter.webhooks.event import Event, Hook, Posted, What, address, at, bounce, is_fresh, json_of, moment, text

WHAT: Final[dict[str, What]] = {
    "email.delivered": "delivered",
    "email.complained": "complained",
    "email.delivery_delayed": "failed",
    "email.failed": "failed",
}
LISTED: Final[dict[str, What]] = {"previous_bounce": "bounced", "previous_complaint": "complained"}
"""Why Resend did not even try: the address is on a list of its own."""


def secret(written: str) -> str:
    """`whsec_` and Base64. Raises ValueError."""
    try:
        key = base64.b64decode(written.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if len(key) < 16:
        raise ValueError("this is no signing secret; copy the one that begins with whsec_ from the webhook's page")
    return written


def verified(posted: Posted, secrets: Sequence[str], now: datetime) -> bool:
    """Several signatures may stand there, and each secret of ours is tried, so either side can change its own."""
    identity, stamp = posted.headers.get("svix-id", ""), posted.headers.get("svix-timestamp", "")
    if not identity or not is_fresh(moment(stamp), now):
        return False
    content = f"{identity}.{stamp}.".encode() + posted.body
    given = [one.encode() for one in posted.headers.get("svix-signature", "").split(" ")[:20]]
    ours = [_signature(one, content) for one in secrets]
    return any(hmac.compare_digest(one, other) for one in ours for other in given)


def _signature(written: str, content: bytes) -> bytes:
    key = base64.b64decode(written.removeprefix("whsec_"))
    return b"v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256))


def events(body: bytes) -> list[Event]:
    """One request tells one thing, of every address of its message."""
    told = json_of(body)
    to = at(told, "data", "to")
    what, reason = _what(told)
    when = moment(text(told, "created_at"))
    addresses = [one for one in to if isinstance(one, str)] if isinstance(to, list) else [text(told, "data", "to")]
    return [Event(what, address(one), text(told, "data", "email_id"), when, reason) for one in addresses]


def _what(told: Any) -> tuple[What, str]:
    kind = text(told, "type")
    if kind == "email.suppressed":
        why = text(told, "data", "suppressed", "reason")
        return LISTED.get(why, "failed"), why or kind
    if kind != "email.bounced":
        return WHAT.get(kind, "other"), kind
    codes = at(told, "data", "bounce", "diagnosticCode")
    quoted = " ".join(one for one in codes if isinstance(one, str)) if isinstance(codes, list) else ""
    reason = quoted or text(told, "data", "bounce", "message")
    permanent = text(told, "data", "bounce", "type") == "Permanent"
    return bounce(quoted) if permanent else "failed", reason


HOOK: Final = Hook("RESEND_WEBHOOK_SECRET", secret, verified, events)
