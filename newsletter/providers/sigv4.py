"""Signs a request to Amazon Web Services (Signature Version 4, for a POST or GET without a query). No I/O.

Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html (2026-11). By hand because
botocore, which does it too, is 25 MB of every service that Amazon has.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

KIND = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Credentials:
    """As the variables of Amazon's own tools name them."""

    key_id: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)
    """Of a role that is assumed for some hours; else empty."""


def signed(
    method: str, url: str, body: bytes, credentials: Credentials, region: str, service: str, now: datetime
) -> dict[str, str]:
    """The headers of the request, with its signature."""
    parts, at = urlsplit(url), now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = {"content-type": "application/json", "host": parts.netloc, "x-amz-date": at}
    if credentials.token:
        headers["x-amz-security-token"] = credentials.token
    names = ";".join(sorted(headers))
    canonical = _canonical(method, parts.path or "/", headers, names, body)
    scope = f"{at[:8]}/{region}/{service}/aws4_request"
    to_sign = "\n".join((KIND, at, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    signature = hmac.digest(_key(credentials.secret, scope), to_sign.encode(), "sha256").hex()
    told = f"{KIND} Credential={credentials.key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    return headers | {"authorization": told}


def _canonical(method: str, path: str, headers: Mapping[str, str], names: str, body: bytes) -> str:
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    return "\n".join((method, path, "", lines, names, hashlib.sha256(body).hexdigest()))


def _key(secret: str, scope: str) -> bytes:
    """Derived for a day, a region and a service."""
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
