"""Amazon SES by way of SNS, whose envelopes are signed with a certificate. No I/O.

Facts: docs.aws.amazon.com/sns (verifying the signatures of messages, HTTP JSON formats, delivery retries) and
docs.aws.amazon.com/ses (contents of notifications and of event publishing) (2026-11). A repetition keeps its time,
and is tried for an hour. The certificate is believed because of the host that it is fetched from.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from newsletter.webhooks.event import (
    TOLERANCE,
    Event,
    Hook,
    Posted,
    What,
    address,
    at,
    bounce,
    is_fresh,
    json_of,
    moment,
    text,
)

REPEATED_FOR: Final = timedelta(hours=1) + TOLERANCE
TOPIC: Final = r"arn:aws[a-z-]*:sns:([a-z0-9-]{1,40}):\d{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?"
CERTIFICATE: Final = r"/SimpleNotificationService-[0-9a-zA-Z]{1,100}\.pem"
SIGNED: Final = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        "Message",
        "MessageId",
        "SubscribeURL",
        "Timestamp",
        "Token",
        "TopicArn",
        "Type",
    ),
}
"""Which fields are signed, in this order; those that are not there are left out."""


def topic(written: str) -> str:
    """The ARN of the topic. Raises ValueError."""
    if not re.fullmatch(TOPIC, written, re.ASCII):
        raise ValueError("this is no topic; expected its ARN, as arn:aws:sns:eu-west-1:123456789012:bounces")
    return written


def certificate(body: bytes, topics: Sequence[str]) -> str:
    """Where the certificate of an envelope for one of our topics is; empty where Amazon would not have it."""
    told = _envelope(body)
    url = text(told, "SigningCertURL")
    ours = text(told, "TopicArn") in topics and text(told, "SignatureVersion") == "2"
    return url if ours and _is_amazons(url, told) and re.fullmatch(CERTIFICATE, urlsplit(url).path) else ""


def confirmation(body: bytes, topics: Sequence[str]) -> str:
    """Where a subscription to one of our topics is confirmed; empty if that is not asked for, or not by Amazon."""
    told = _envelope(body)
    url = text(told, "SubscribeURL")
    asked = text(told, "Type") == "SubscriptionConfirmation" and text(told, "TopicArn") in topics
    if not asked or not _is_amazons(url, told):
        return ""
    query = parse_qs(urlsplit(url).query)
    meant = query.get("Action") == ["ConfirmSubscription"] and query.get("TopicArn") == [text(told, "TopicArn")]
    return url if meant else ""


def _is_amazons(url: str, told: Any) -> bool:
    """Whether it is on SNS's own host in the topic's region, over https."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    region = re.fullmatch(TOPIC, text(told, "TopicArn"), re.ASCII)
    pinned = region is not None and parts.netloc == f"sns.{region[1]}.amazonaws.com"
    return pinned and parts.scheme == "https" and url.isascii() and url.isprintable() and " " not in url


def _envelope(body: bytes) -> Any:
    try:
        return json_of(body)
    except ValueError:
        return None


def verified(posted: Posted, topics: Sequence[str], now: datetime) -> bool:
    """By the certificate that `certificate` names; version 1 of the signature (SHA-1) is not believed."""
    told = _envelope(posted.body)
    if not certificate(posted.body, topics) or not is_fresh(moment(text(told, "Timestamp")), now, REPEATED_FOR):
        return False
    try:
        signature = base64.b64decode(text(told, "Signature"), validate=True)
        key = _key(posted.certificate, now.date().toordinal())
        key.verify(signature, _signed(told), padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def _signed(told: Any) -> bytes:
    """The fields that are signed, each on a line of its own after its name. Raises ValueError."""
    names = [name for name in SIGNED.get(text(told, "Type"), ()) if at(told, name) is not None]
    values = {name: at(told, name) for name in names}
    if not names or not all(isinstance(value, str) for value in values.values()):
        raise ValueError("not what is signed")
    return "".join(f"{name}\n{value}\n" for name, value in values.items()).encode()


@lru_cache(maxsize=8)
def _key(pem: bytes, day: int) -> rsa.RSAPublicKey:
    """The key of a certificate that is valid on this day. Raises ValueError."""
    found = x509.load_pem_x509_certificate(pem)
    key = found.public_key()
    since, until = (one.date().toordinal() for one in (found.not_valid_before_utc, found.not_valid_after_utc))
    if not since <= day <= until or not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("not a certificate that counts today")
    return key


def events(body: bytes) -> list[Event]:
    """What the notification or event in the envelope says, for each of its recipients."""
    envelope = json_of(body)
    message = at(envelope, "Message")
    if text(envelope, "Type") != "Notification" or not isinstance(message, str):
        return []
    try:
        told = json_of(message.encode("utf-8", "replace"))
    except ValueError:
        return []  # SES says in plain words that a topic was connected
    kind = text(told, "eventType") or text(told, "notificationType")
    reader = {"Bounce": _bounces, "Complaint": _complaints, "Subscription": _subscriptions}.get(kind)
    found = reader(told) if reader else [(_WHAT.get(kind, "other"), "", kind)]
    when = moment(text(told, kind.lower(), "timestamp")) or moment(text(told, "mail", "timestamp"))
    return [Event(what, address(who), text(told, "mail", "messageId"), when, why) for what, who, why in found]


_WHAT: Final[dict[str, What]] = {
    "Delivery": "delivered",
    "DeliveryDelay": "failed",
    "Reject": "failed",
    "Rendering Failure": "failed",
}


def _bounces(told: Any) -> list[tuple[What, str, str]]:
    permanent = text(told, "bounce", "bounceType") == "Permanent"
    return [
        (
            bounce(text(one, "diagnosticCode") or text(one, "status")) if permanent else "failed",
            text(one, "emailAddress"),
            text(one, "diagnosticCode") or text(told, "bounce", "bounceSubType"),
        )
        for one in _list(told, "bounce", "bouncedRecipients")
    ]


def _complaints(told: Any) -> list[tuple[What, str, str]]:
    kind = text(told, "complaint", "complaintFeedbackType")
    what: What = "other" if kind == "not-spam" else "complained"  # somebody took it out of the spam folder
    return [(what, text(one, "emailAddress"), kind) for one in _list(told, "complaint", "complainedRecipients")]


def _subscriptions(told: Any) -> list[tuple[What, str, str]]:
    left = at(told, "subscription", "newTopicPreferences", "unsubscribeAll") is True
    what: What = "unsubscribed" if left else "other"
    return [(what, str(one), "by Amazon SES's link") for one in _list(told, "mail", "destination")]


def _list(told: Any, *path: str) -> list[Any]:
    found = at(told, *path)
    return found if isinstance(found, list) else []


HOOK: Final = Hook("SES_WEBHOOK_TOPIC", topic, verified, events, certificate=certificate, confirmation=confirmation)
