"""Reads `resend`, `ses:eu-west-1?connections=10&rate=14/s`: which API, and how fast. No I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from newsletter.buckets import Rate, parse_rate
from newsletter.errors import SettingsError
from newsletter.typed import integer, nearest

OPTIONS: Final[Mapping[str, str]] = {
    "batch": "messages in a request, where it may have several",
    "connections": "requests at the same time",
    "rate": "messages a time: 14/s, 600/min or 5000/h",
    "timeout": "seconds to wait for an answer",
    "endpoint": "another address of the API, for a region or a test",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """What a provider's word in the settings may say."""

    endpoint: str
    """Its usual address, in which `{}` stands for the argument."""
    secret: str
    """The variable that holds the key, by the name that the provider's own documentation uses."""
    usual: int = 1
    """Messages in a request, unless somebody wants another number."""
    most: int = 1
    argument: str = ""
    """What stands after the colon, as a pattern; may be empty where the empty text fits."""
    what: str = ""
    """What that is: `region`."""
    example: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """Where an API is, and how fast it may be asked."""

    name: str
    argument: str
    """What stands after the colon: a region, a stream, a domain; may be empty."""
    endpoint: str
    """Its address without a slash at the end."""
    secret: str
    """The variable that holds the key."""
    batch: int = 1
    """Messages in a request."""
    connections: int = 4
    rate: Rate | None = None
    timeout: int = 60

    @property
    def host(self) -> str:
        return urlsplit(self.endpoint).hostname or self.endpoint


def parse(spec: str, origin: str, kind: Kind) -> Account:
    """Reads a provider's word; `origin` says where it was written, for the error."""
    word, _, query = spec.partition("?")
    name, _, argument = word.partition(":")
    given = dict(parse_qsl(query, keep_blank_values=True))
    if unknown := [option for option in given if option not in OPTIONS]:
        hint = nearest(unknown[0], OPTIONS) or f"; there are {', '.join(OPTIONS)}"
        raise SettingsError(f"{origin}: unknown option '{unknown[0]}' of {name}{hint}")
    if not re.fullmatch(kind.argument, argument):
        cure = f"names no {kind.what}; write {kind.example}" if kind.what else f"is more than a name; write {name}"
        raise SettingsError(f"{origin}: '{word}' {cure}")
    where = given.get("endpoint", kind.endpoint.format(argument)).rstrip("/")
    if not _is_safe(where):
        raise SettingsError(f"{origin}: endpoint={where} is no https address; the key would be read on the way")
    return Account(
        name=name,
        argument=argument,
        endpoint=where,
        secret=kind.secret,
        batch=_number(given, "batch", kind.usual, kind.most, origin),
        connections=_number(given, "connections", 4, 50, origin),
        rate=_rate(given.get("rate", ""), origin),
        timeout=_number(given, "timeout", 60, 600, origin),
    )


def _is_safe(url: str) -> bool:
    """Encrypted, or on this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost"))


def _number(given: Mapping[str, str], name: str, usual: int, most: int, origin: str) -> int:
    try:
        return integer(1, most)(given.get(name, str(usual)))
    except ValueError as error:
        raise SettingsError(f"{origin}: {name}: {error}") from error


def _rate(text: str, origin: str) -> Rate | None:
    rate = parse_rate(text)
    if text and rate is None:
        raise SettingsError(f"{origin}: rate={text} is not a rate; write 14/s, 600/min or 5000/h")
    return rate
