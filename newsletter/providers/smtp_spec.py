"""Reads `smtp://user@host:587?tls=starttls&connections=4&rate=14/s`: where to send, and how. No I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from newsletter.buckets import Rate, parse_rate
from newsletter.errors import SettingsError

Tls: TypeAlias = Literal["starttls", "implicit", "none"]
PORTS = {"starttls": 587, "implicit": 465, "none": 25}
PUBLISHED = "published"
"""`domain_rate=published`: the limits of `newsletter/limits/domains.yaml`."""
DEFAULTS = {
    "tls": "",
    "connections": "4",  # known hosts take ten and more, an unknown one two to five
    "ca": "",
    "timeout": "0",
    "rate": "",
    "domain_rate": "",
    "recycle": "100",  # messages; many servers close a connection that sends more
    "idle": "60",  # seconds; servers close a silent connection after one to five minutes
}


@dataclass(frozen=True, slots=True)
class Server:
    """Where to send and how."""

    host: str
    port: int
    tls: Tls
    user: str
    connections: int
    ca_file: str
    """A file of certificates to trust beside the system's, for a server of one's own."""
    patience: float
    """Seconds to wait at most for any answer; 0 for the standard's own times."""
    rate: Rate | None
    """Messages a time, of all connections together."""
    domain_rate: Rate | None
    """Messages a time to each recipient domain."""
    published: bool
    """Whether each recipient domain is written to as its provider wants it, as far as that is published."""
    recycle: int
    """Messages, after which a connection is replaced."""
    idle: float
    """Seconds of silence, after which a connection is replaced."""

    def wait(self, standard: float) -> float:
        return min(standard, self.patience) if self.patience else standard


def parse(spec: str, origin: str) -> Server:
    """Reads the provider's address; `origin` says where it was written, for the error."""
    try:
        url = urlsplit(spec)
        host, port, user = url.hostname, url.port, unquote(url.username or "")
        given = dict(parse_qsl(url.query, keep_blank_values=True, strict_parsing=bool(url.query)))
    except ValueError as error:
        raise SettingsError(f"{origin}: {_masked(spec)}: {error}; write smtp://user@host:587") from error
    if not host:
        raise SettingsError(f"{origin}: {_masked(spec)} names no host; write smtp://user@host:587")
    if url.password is not None:
        raise SettingsError(f"{origin}: a password does not belong here; put SMTP_PASSWORD=... into secrets.env")
    if unknown := [name for name in given if name not in DEFAULTS]:
        raise SettingsError(f"{origin}: unknown option '{unknown[0]}' of smtp; there are {', '.join(DEFAULTS)}")
    asked = _Options(DEFAULTS | given, origin)
    tls = asked.tls("implicit" if port == 465 else "none" if _is_local(host) else "starttls")
    return Server(
        host=host,
        port=port or PORTS[tls],
        tls=tls,
        user=user,
        connections=asked.number("connections", 1, 50),
        ca_file=asked.given["ca"],
        patience=asked.number("timeout", 0, 3600, " of seconds"),
        rate=asked.rate("rate"),
        domain_rate=None if asked.given["domain_rate"] == PUBLISHED else asked.rate("domain_rate"),
        published=asked.given["domain_rate"] == PUBLISHED,
        recycle=asked.number("recycle", 1, 100_000),
        idle=asked.number("idle", 1, 3600, " of seconds"),
    )


@dataclass(frozen=True, slots=True)
class _Options:
    given: dict[str, str]
    origin: str

    def tls(self, usual: Tls) -> Tls:
        tls = self.given["tls"] or usual
        if tls not in PORTS:
            raise SettingsError(f"{self.origin}: tls={tls} is not starttls, implicit or none")
        return cast("Tls", tls)

    def number(self, name: str, least: int, most: int, unit: str = "") -> int:
        text = self.given[name]
        if not (text.isascii() and text.isdecimal() and len(text) < 9 and least <= int(text) <= most):
            raise SettingsError(f"{self.origin}: {name}={text} is not a number{unit} from {least} to {most}")
        return int(text)

    def rate(self, name: str) -> Rate | None:
        text = self.given[name]
        rate = parse_rate(text)
        if text and rate is None:
            raise SettingsError(f"{self.origin}: {name}={text} is not a rate; write 14/s, 600/min or 5000/h")
        return rate


def _masked(spec: str) -> str:
    return re.sub(r"://([^:@/]*):[^@/]*@", r"://\1:...@", spec)


def _is_local(host: str) -> bool:
    return host == "localhost" or host.startswith("127.") or host == "::1"
