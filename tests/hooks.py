"""Providers as they post to webhooks: each signs as its documentation says, with keys made for the tests."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

NOW = datetime(2026, 3, 3, 8, tzinfo=UTC)
RESEND, ELSE = ("whsec_" + base64.b64encode(bytes([n]) * 24).decode() for n in (1, 2))
KEY = ec.derive_private_key(7, ec.SECP256R1())
SENDGRID = base64.b64encode(
    KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
).decode()
MAILGUN = "an-invented-signing-key"
OWN = "an-invented-secret-of-ours"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:bounces"
HOST = "https://sns.eu-west-1.amazonaws.com"
CERTIFICATE = f"{HOST}/SimpleNotificationService-0123456789abcdef.pem"
SECRETS = {
    "RESEND_WEBHOOK_SECRET": RESEND,
    "SES_WEBHOOK_TOPIC": TOPIC,
    "SENDGRID_WEBHOOK_VERIFICATION_KEY": SENDGRID,
    "MAILGUN_WEBHOOK_SIGNING_KEY": MAILGUN,
    "POSTMARK_WEBHOOK_SECRET": OWN,
    "BREVO_WEBHOOK_SECRET": OWN,
}
Request = tuple[dict[str, str], bytes]


def as_json(told: object) -> bytes:
    return json.dumps(told).encode()


# -- signing: what is posted, at a time


def resend(body: bytes, at: datetime = NOW, secret: str = RESEND, identity: str = "msg_1") -> Request:
    stamp = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = base64.b64encode(hmac.digest(key, f"{identity}.{stamp}.".encode() + body, "sha256")).decode()
    return {"svix-id": identity, "svix-timestamp": stamp, "svix-signature": f"v1,{signature}"}, body


def sendgrid(body: bytes, at: datetime = NOW, key: ec.EllipticCurvePrivateKey = KEY) -> Request:
    stamp = str(int(at.timestamp()))
    signature = base64.b64encode(key.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()
    start = "X-Twilio-Email-Event-Webhook-"
    return {f"{start}Signature": signature, f"{start}Timestamp": stamp}, body


_tokens = iter(range(10**9))


def mailgun(body: bytes, at: datetime = NOW, key: str = MAILGUN, token: str = "") -> Request:
    stamp, token = str(int(at.timestamp())), token or f"{next(_tokens):050x}"
    signature = hmac.new(key.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    return {}, as_json({"signature": {"timestamp": stamp, "token": token, "signature": signature}, **json.loads(body)})


def basic(body: bytes, at: datetime = NOW, secret: str = OWN) -> Request:
    return {"Authorization": "Basic " + base64.b64encode(f"newsletter:{secret}".encode()).decode()}, body


def bearer(body: bytes, at: datetime = NOW, secret: str = OWN) -> Request:
    return {"Authorization": f"Bearer {secret}"}, body


@cache
def amazon() -> tuple[rsa.RSAPrivateKey, bytes]:
    """A key and its certificate, valid in the month of the tests."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.example.org")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(NOW - timedelta(20)).not_valid_after(NOW + timedelta(20))
    return key, made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def ses(body: bytes, at: datetime = NOW, **fields: str) -> Request:
    """The body in an envelope of SNS; `fields` replace those of the envelope before it is signed."""
    told = {
        "Type": "Notification",
        "MessageId": "5d3e",
        "TopicArn": TOPIC,
        "Message": body.decode(),
        "Timestamp": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "SignatureVersion": "2",
        "SigningCertURL": CERTIFICATE,
        **fields,
    }
    names = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    content = "".join(f"{name}\n{told[name]}\n" for name in names if name in told).encode()
    told["Signature"] = base64.b64encode(amazon()[0].sign(content, padding.PKCS1v15(), hashes.SHA256())).decode()
    return {"x-amz-sns-message-type": told["Type"]}, as_json(told)


SIGN: Mapping[str, Callable[..., Request]] = {
    "resend": resend,
    "ses": ses,
    "postmark": basic,
    "sendgrid": sendgrid,
    "mailgun": mailgun,
    "brevo": bearer,
}
FORGE: Mapping[str, Callable[[bytes], Request]] = {
    "resend": lambda body: resend(body, secret=ELSE),
    "sendgrid": lambda body: sendgrid(body, key=ec.derive_private_key(8, ec.SECP256R1())),
    "mailgun": lambda body: mailgun(body, key="another-signing-key"),
    "postmark": lambda body: basic(body, secret="another-secret-of-somebody"),
    "brevo": lambda body: bearer(body, secret="another-secret-of-somebody"),
    "ses": lambda body: ({}, ses(body)[1].replace(b"ada@", b"bob@")),
}
"""The same, as somebody would have it who has not the secret."""


# -- what each tells of an address, before it is signed

GONE = "550 5.1.1 no such user here"
POLICY = "550 5.7.1 refused by our policy"


def told(provider: str, what: str, address: str) -> bytes:
    """What happened, in a provider's own words: `bounced`, `refused` (by policy), `later`, `complained`, `unsubscribed`
    or `delivered`; nothing for what it has no words for."""
    return as_json(TELL[provider](what, address))


def _resend(what: str, address: str) -> object:
    kinds = {"complained": "email.complained", "delivered": "email.delivered", "later": "email.delivery_delayed"}
    kind = kinds.get(what, "email.bounced" if what in ("bounced", "refused") else "email.opened")
    bounce = {"type": "Permanent", "subType": "General", "diagnosticCode": ["smtp; " + _reply(what)]}
    data = {"email_id": "4ef2", "to": [address], "bounce": bounce}
    return {"type": kind, "created_at": "2026-03-03T07:59:00.000Z", "data": data}


def _ses(what: str, address: str) -> object:
    mail = {"messageId": "0100", "destination": [address], "timestamp": "2026-03-03T07:58:00.000Z"}
    who = {"emailAddress": address, "diagnosticCode": f"smtp; {_reply(what)}"}
    if what in ("bounced", "refused", "later"):
        kind = "Transient" if what == "later" else "Permanent"
        return {"notificationType": "Bounce", "mail": mail, "bounce": {"bounceType": kind, "bouncedRecipients": [who]}}
    if what == "complained":
        return {"eventType": "Complaint", "mail": mail, "complaint": {"complainedRecipients": [who]}}
    if what == "unsubscribed":
        wishes = {"newTopicPreferences": {"unsubscribeAll": True}}
        return {"eventType": "Subscription", "mail": mail, "subscription": wishes}
    return {"eventType": "Delivery", "mail": mail, "delivery": {"recipients": [address]}}


def _postmark(what: str, address: str) -> object:
    start = {"MessageID": "8839", "Email": address, "Recipient": address}
    if what in ("bounced", "refused", "later"):
        kind = "Transient" if what == "later" else "HardBounce"
        return {**start, "RecordType": "Bounce", "Type": kind, "Details": f"smtp;{_reply(what)}"}
    if what == "unsubscribed":
        why = {"SuppressSending": True, "SuppressionReason": "ManualSuppression", "Origin": "Recipient"}
        return {**start, "RecordType": "SubscriptionChange", **why}
    return {**start, "RecordType": "SpamComplaint" if what == "complained" else "Delivery"}


def _sendgrid(what: str, address: str) -> object:
    words = {"complained": "spamreport", "unsubscribed": "unsubscribe", "delivered": "delivered", "later": "deferred"}
    event = {"email": address, "event": words.get(what, "bounce"), "sg_message_id": "14c5", "timestamp": 1772524740}
    return [{**event, "type": "bounce", "reason": _reply(what)}]


def _mailgun(what: str, address: str) -> object:
    event = {"event": "failed" if what in ("bounced", "refused", "later") else what, "recipient": address}
    severity = "temporary" if what == "later" else "permanent"
    status = {"code": int(_reply(what)[:3]), "message": _reply(what)[4:]}
    return {"event-data": {**event, "severity": severity, "reason": "bounce", "delivery-status": status}}


def _brevo(what: str, address: str) -> object:
    words = {"bounced": "hard_bounce", "refused": "hard_bounce", "later": "soft_bounce", "complained": "spam"}
    return {"event": words.get(what, what), "email": address, "message-id": "<1@x>", "ts": 1, "reason": _reply(what)}


def _reply(what: str) -> str:
    return {"refused": POLICY, "later": "452 4.2.2 mailbox full"}.get(what, GONE)


TELL: Mapping[str, Callable[[str, str], object]] = {
    "resend": _resend,
    "ses": _ses,
    "postmark": _postmark,
    "sendgrid": _sendgrid,
    "mailgun": _mailgun,
    "brevo": _brevo,
}
