"""What a form says, how old it is, and from which network it came."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from threading import Lock
from typing import Final

from starlette.requests import Request

from newsletter import links
from newsletter.text import clean
from newsletter.web.trust import is_loopback

LARGEST: Final = 40_000
"""Bytes of a form."""
FIELDS: Final = 40
LONGEST: Final = 8_000
"""Characters of a field."""
SOONEST: Final = timedelta(seconds=2)
"""Nobody reads and fills in a form faster."""
LATEST: Final = timedelta(hours=12)
NETWORKS: Final = 50_000
"""Networks that are remembered; beyond that, those that came longest ago are forgotten."""


async def fields(request: Request) -> Mapping[str, str]:
    """The fields of a form, each once, without control characters; none where it is too large or no form at all."""
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > LARGEST:
        return {}
    try:
        async with request.form(max_files=0, max_fields=FIELDS) as form:
            return {name: clean(text)[:LONGEST] for name, text in form.items() if isinstance(text, str)}
    except (ValueError, AssertionError, KeyError):
        return {}


def ticket(secrets: Sequence[str], now: datetime) -> str:
    """Says when a form was shown, so that nobody else can say it."""
    return links.sign(secrets, "form", str(int(now.timestamp())))


def is_fresh(secrets: Sequence[str], given: str, now: datetime) -> bool:
    """Whether a form was shown by us, not too long ago, and was not sent back faster than people are."""
    shown = links.read(secrets, "form", given)
    if shown is None or not shown.isdecimal():
        return False
    return SOONEST <= now - datetime.fromtimestamp(int(shown), UTC) <= LATEST


def network(request: Request) -> str:
    """Where a request comes from: an address of IPv4, or the 64 bits of IPv6 that one household or firm has.

    A web server in front of the pages, on this machine, adds the visitor at the end of `X-Forwarded-For`; what stands
    before it the visitor may have written.
    """
    host = request.client.host if request.client else ""
    if is_loopback(host):
        host = request.headers.get("x-forwarded-for", host).rpartition(",")[2].strip()
    try:
        found = ip_address(host)
    except ValueError:
        return ""
    found = getattr(found, "ipv4_mapped", None) or found
    return str(ip_network((found, 64), strict=False)) if isinstance(found, IPv6Address) else str(found)


class Patience:
    """How often each network may do something. Kept in memory: who restarts the pages is patient anew."""

    def __init__(self, times: int, within: timedelta) -> None:
        self._times = times
        self._within = within
        self._came: dict[str, deque[datetime]] = {}
        self._lock = Lock()

    def allows(self, who: str, now: datetime) -> bool:
        """Whether it may be done once more; counts that it is."""
        with self._lock:
            came = self._came.pop(who, deque())
            self._came[who] = came  # the latest comes last
            if len(self._came) > NETWORKS:
                del self._came[next(iter(self._came))]
            while came and came[0] <= now - self._within:
                came.popleft()
            if len(came) >= self._times:
                return False
            came.append(now)
            return True
