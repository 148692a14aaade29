"""Who is told how things are inside: this machine itself, or who has the token."""

from __future__ import annotations

import hmac
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from starlette.requests import Request

from newsletter.app import App

_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-real-ip")


def is_trusted(request: Request) -> bool:
    """Whether the request has the token, or surely comes from this machine.

    Where the pages are public (`base_url`), a web server in front of them passes everybody on from this machine's own
    address, and not every one says so: nginx's `proxy_pass` alone changes Host and adds no header (2026-11). So then
    only the token counts. Without, `Host` must name this machine, for names of others may lead here (DNS rebinding).
    """
    app: App = request.app.state.app
    if has_token(request.headers.get("authorization", ""), app.settings.metrics_token):
        return True
    if _is_public(app.settings.base_url) or any(name in request.headers for name in _FORWARDED):
        return False
    return request.client is not None and is_loopback(request.client.host) and is_loopback(asked_host(request))


def has_token(authorization: str, token: str) -> bool:
    """Whether an `Authorization` header has the token (RFC 6750, section 2.1); no token is nobody's."""
    scheme, _, given = authorization.partition(" ")
    same = hmac.compare_digest(given.strip().encode(), token.encode())
    return bool(token) and scheme.lower() == "bearer" and same


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by name or number."""
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost"
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def asked_host(request: Request) -> str:
    """The machine that the request names, without its port."""
    try:
        return urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""


def _is_public(base_url: str) -> bool:
    return bool(base_url) and not is_loopback(urlsplit(base_url).hostname or "")
