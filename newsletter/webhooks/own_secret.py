"""Where a provider signs nothing: whether a request has the secret that the operator entered there. No I/O."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from datetime import datetime

from newsletter.webhooks.event import Posted


def has_secret(posted: Posted, secrets: Sequence[str], now: datetime) -> bool:
    """Whether it is the password of `https://newsletter:SECRET@...` (RFC 7617), or the bearer token (RFC 6750).

    There is no time in it, and so no window; what such a request says is true however often it is said.
    """
    scheme, _, given = posted.headers.get("authorization", "").partition(" ")
    token = _password(given) if scheme.lower() == "basic" else given.strip() if scheme.lower() == "bearer" else ""
    return any(hmac.compare_digest(token.encode("utf-8", "replace"), one.encode()) for one in secrets)


def _password(given: str) -> str:
    try:
        return base64.b64decode(given.strip(), validate=True).decode().partition(":")[2]
    except ValueError:
        return ""
