"""Signed links: a subscriber's opaque name, and tokens that only we can have made. No I/O."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from itsdangerous import Signer
from itsdangerous.encoding import base64_encode

Purpose: TypeAlias = Literal["unsubscribe", "confirm", "preferences", "feedback", "view", "form", "admin"]
"""What a link is for: one for another purpose is none."""
LONGEST: Final = 512
"""Characters of a token that is looked at; ours have 60 where a reference is signed."""


def reference(secret: str, key: str, renewal: int = 0) -> str:
    """The subscriber in links: 16 characters safe in URLs, the same until they are renewed, and without the address.

    HMAC-SHA256 cut to 96 bits: whoever lacks the secret cannot find the address by trying addresses.
    """
    text = f"reference:{key}:{renewal}" if renewal else f"reference:{key}"
    digest = hmac.digest(secret.encode(), text.encode("utf-8", "surrogatepass"), hashlib.sha256)
    return urlsafe_b64encode(digest[:12]).decode()


def sign(secrets: Sequence[str], purpose: str, reference: str) -> str:
    """A token for one purpose: the reference, a dot, 43 characters of signature. It never runs out.

    The first secret is the newest and signs. The last character is a letter or digit, so that no mail program
    takes it for punctuation after the link.
    """
    if not secrets:
        raise ValueError("a secret is needed to sign a link")
    return _signed(secrets[0], purpose, reference.encode("ascii")).decode()


def sign_edition(secrets: Sequence[str], reference: str, period: str, occasion: str) -> str:
    """A token for one edition in the browser: the reader's reference, the period and the occasion, signed."""
    return sign(secrets, "view", f"{reference}.{period}.{occasion}")


def read(secrets: Sequence[str], purpose: str, token: str) -> str | None:
    """The reference that was signed for this purpose with any of the secrets; None for every other text."""
    if len(token) > LONGEST or not token.isascii():
        return None
    given = token.encode("ascii")
    value, dot, _ = given.rpartition(b".")
    # Signing again and comparing whole tokens leaves each token one spelling: base64 has several for the same bytes.
    matches = [hmac.compare_digest(_signed(secret, purpose, value), given) for secret in secrets]
    return value.decode() if dot and any(matches) else None


def _signed(secret: str, purpose: str, value: bytes) -> bytes:
    """What `Signer.sign` makes with this key, in 3 microseconds instead of 8: a message has four of them."""
    return value + b"." + base64_encode(hmac.digest(_key(secret, purpose), value, "sha256"))


@lru_cache(maxsize=32)
def _key(secret: str, purpose: str) -> bytes:
    """Derived beforehand: that takes longer than signing."""
    return Signer(
        secret, salt=f"newsletter {purpose}", key_derivation="hmac", digest_method=hashlib.sha256
    ).derive_key()
