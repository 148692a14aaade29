"""What a provider tells us afterwards of a message, and what its webhooks have in common. No I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from typing import Any, Final, Literal, TypeAlias

from newsletter.replies import row_of

What: TypeAlias = Literal["bounced", "complained", "unsubscribed", "failed", "delivered", "other"]
"""`bounced`: there is no such mailbox · `failed`: not delivered, or not yet, for any other reason."""

TOLERANCE: Final = timedelta(minutes=5)
"""How far our clock and the provider's may differ, and how long a request may be under way."""
LONGEST_ADDRESS: Final = 254  # RFC 5321, section 4.5.3.1.3, without its angle brackets


@dataclass(frozen=True, slots=True)
class Posted:
    """A request to a webhook."""

    headers: Mapping[str, str] = field(repr=False)
    """Names in small letters."""
    body: bytes = field(repr=False)
    certificate: bytes = field(default=b"", repr=False)
    """What stands where `Hook.certificate` says, as PEM."""


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to a message on its way to one address."""

    what: What
    address: str
    """As it is compared; empty where there is none to be read."""
    message: str
    """The provider's id of the message, as in the receipt."""
    at: datetime | None
    reason: str


def _nothing(body: bytes) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Hook:
    """How one provider's webhook is read."""

    variable: str
    """Where its secret is; several are separated by spaces, so that one can follow the other."""
    read: Callable[[str], str]
    """Looks at one secret. Raises ValueError with the cure."""
    verified: Callable[[Posted, Sequence[str], datetime], bool]
    """Whether the provider sent this, lately, by one of these secrets."""
    events: Callable[[bytes], list[Event]]
    """What a verified body says. Raises ValueError where it is no JSON."""
    certificate: Callable[[bytes, Sequence[str]], str] = lambda body, secrets: ""
    """The address of the certificate that the signature is of; empty where none is needed or that one is not trusted."""
    once: Callable[[bytes], str] = _nothing
    """What a verified body may not be accepted with a second time; empty where a repetition is only a repetition."""
    confirmation: Callable[[bytes, Sequence[str]], str] = lambda body, secrets: ""
    """The address that has to be asked once before the provider tells anything; empty if this body is not about that."""


# -- reading


def json_of(body: bytes) -> Any:
    """Raises ValueError where it is no JSON, also where it is nested so deeply that nobody could read it."""
    try:
        return json.loads(body)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def at(told: object, *path: str) -> Any:
    """What stands there; None where nothing does."""
    for name in path:
        told = told.get(name) if isinstance(told, dict) else None
    return told


def text(told: object, *path: str) -> str:
    """The text or number that stands there, else nothing."""
    found = at(told, *path)
    known = isinstance(found, str | int | float) and not isinstance(found, bool)
    return str(found)[:2000].encode("utf-8", "replace").decode() if known else ""


def rows(told: object) -> list[Any]:
    """A list as it is, an object as a list of one."""
    return told if isinstance(told, list) else [told] if isinstance(told, dict) else []


def address(written: str) -> str:
    """`Ada <ADA@example.org>` as addresses are compared; empty where that is none."""
    found = parseaddr(written[:1000])[1].strip().lower()
    plain = "@" in found and found.isprintable() and len(found) <= LONGEST_ADDRESS
    return found if plain else ""


def moment(written: str) -> datetime | None:
    """Seconds since 1970 or ISO 8601; in UTC where no zone is named; None where it is neither, or far from today."""
    try:
        if re.fullmatch(r"\d{9,11}(\.\d*)?", written, re.ASCII):
            return datetime.fromtimestamp(float(written), UTC)
        found = datetime.fromisoformat(written)
        found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return found if 2000 <= found.year < 2200 else None


# -- judging


def is_fresh(stamp: datetime | None, now: datetime, behind: timedelta = TOLERANCE) -> bool:
    """Whether what was signed then may still arrive now."""
    return stamp is not None and -behind <= stamp - now <= TOLERANCE


def bounce(said: str) -> What:
    """What a failure is that the provider calls permanent, by the mail server's reply that it quotes.

    A reply about us, about everybody or about a full mailbox (5.7.x, 5.2.2) says nothing against the address;
    without one the provider is believed.
    """
    found = re.search(r"\b([45]\d\d)[ -]+(?=\S)|(?<![\d.])(?=[45]\.\d{1,3}\.\d{1,3}\b)", said[:1000])
    if found is None:
        return "bounced"
    reply = said[found.end() : 1000]
    code = int(found[1] or f"{reply[0]}50")
    return "bounced" if row_of(code, reply).means in ("address", "message") else "failed"


def own_secret(written: str) -> str:
    """A secret that the operator chose, as no provider makes one. Raises ValueError where it could be guessed."""
    if len(written) < 20:
        raise ValueError("it is shorter than 20 characters; choose a longer one at random")
    if not (written.isascii() and written.isprintable()) or ":" in written or "/" in written or "@" in written:
        raise ValueError("it holds characters that cannot stand in an address (: / @); take letters and digits")
    return written
