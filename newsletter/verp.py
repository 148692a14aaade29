"""The envelope's sender of one delivery: an address of ours that says, signed, what came back. No I/O."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b32decode, b32encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from newsletter.typed import address, folded

LENGTH: Final = 40
"""Letters and digits of a token."""
MARK: Final = "{token}"
LONGEST: Final = 64  # octets of what stands before the @ (RFC 5321 section 4.5.3.1.1)
_BEGINNING: Final = date(2020, 1, 1)
_TOKEN = re.compile(rf"(?<![A-Za-z0-9])[A-Za-z2-7]{{{LENGTH}}}(?![A-Za-z0-9])")
_LOCAL = re.compile(r"[a-z0-9._=+-]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Tag:
    """What a token says; whether it is true, `is_of` says."""

    reference: str
    """The reader in our links."""
    day: date
    """Of the edition."""
    seal: bytes


def pattern(text: str) -> str:
    """Where the token goes: `bounce+{token}@papers.example` of `bounce@papers.example`.

    Raises ValueError where there is no room for it, with the cure.
    """
    local, _, domain = text.rpartition("@")
    if text.count(MARK) > 1 or MARK in domain:
        raise ValueError(f"{MARK} stands once, before the @, as in bounce+{MARK}@papers.example")
    local = local if MARK in local else f"{local}+{MARK}"
    bare = local.replace(MARK, "")
    if not _LOCAL.fullmatch(bare) or ".." in bare:
        raise ValueError(f"before the @ are letters, digits and . _ = + - only, as in bounce+{MARK}@papers.example")
    if re.search(r"[a-z0-9]\{|\}[a-z0-9]", local, re.IGNORECASE):
        raise ValueError(f"{MARK} needs a sign beside it, as in bounce+{MARK}@papers.example")
    if len(bare) + LENGTH > LONGEST:
        most = LONGEST - LENGTH
        raise ValueError(f"beside the token there is room for {most} characters before the @; write a shorter address")
    return f"{local}@{address(text.replace(MARK, 'token')).rpartition('@')[2]}"


def return_path(pattern: str, secret: str, reference: str, day: date, recipient: str) -> str:
    """Where to send back what was written to an address: 96 bits name the reader, 16 the day, 88 seal both and the address.

    In letters and digits of one case, as mail servers may change the case. The same for every attempt.
    """
    head = urlsafe_b64decode(reference) + (day - _BEGINNING).days.to_bytes(2, "big")
    if len(head) != 14:
        raise ValueError("a reference has 16 characters; take links.reference")
    token = b32encode(head + _seal(secret, head, recipient)).decode().lower()
    return pattern.replace(MARK, token)


def tags(text: str) -> Iterator[Tag]:
    """What may be tokens of ours in a text."""
    for found in _TOKEN.finditer(text):
        raw = b32decode(found[0].upper())
        day = _BEGINNING + timedelta(days=int.from_bytes(raw[12:14], "big"))
        yield Tag(urlsafe_b64encode(raw[:12]).decode(), day, raw[14:])


def is_of(secrets: Sequence[str], tag: Tag, recipient: str) -> bool:
    """Whether we made it, for a mail to this address."""
    head = urlsafe_b64decode(tag.reference) + (tag.day - _BEGINNING).days.to_bytes(2, "big")
    matches = [hmac.compare_digest(_seal(secret, head, recipient), tag.seal) for secret in secrets]
    return any(matches)


def _seal(secret: str, head: bytes, recipient: str) -> bytes:
    told = head + folded(recipient).encode("utf-8", "surrogatepass")
    return hmac.digest(_key(secret), told, hashlib.sha256)[:11]


@lru_cache(maxsize=32)
def _key(secret: str) -> bytes:
    """Of its own, so that no other signature of ours is one of these."""
    return hmac.digest(secret.encode(), b"newsletter bounce", hashlib.sha256)
