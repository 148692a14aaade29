"""What a mail that came back says, as a value. No I/O."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, TypeVar

from newsletter.verp import Tag

Kind: TypeAlias = Literal[
    "bounced", "soft", "complained", "unsubscribed", "failed", "other", "automatic", "answer", "stranger", "unreadable"
]
KINDS: Final[dict[Kind, str]] = {
    "bounced": "there is no such mailbox",
    "complained": "the reader calls it spam",
    "unsubscribed": "the reader's no",
    "soft": "not delivered, and the address may be right: a full mailbox, a server that is away",
    "failed": "not delivered for what we are, or send: a policy, a message that is too large",
    "other": "delayed, delivered, passed on, not spam after all",
    "automatic": "nobody wrote it: away from the office, a receipt",
    "answer": "a person wrote it, and a person has to read it",
    "stranger": "a report of a mail that is not known to be ours",
    "unreadable": "no mail, or one that nobody should unpack",
}
"""What comes back, and what is counted."""
MOST: Final = 8
"""Clues of a kind that are looked at: whoever writes a thousand into a mail gets no more work out of us."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Clues:
    """By what a mail may be known as an answer to one of ours. Only what is signed, or was never public, proves that."""

    tags: tuple[Tag, ...] = ()
    """Of return paths; whether they are ours is not known yet."""
    references: tuple[str, ...] = ()
    """Readers whose signed link to unsubscribe is in the mail that came back."""
    messages: tuple[str, ...] = ()
    """The `Message-ID` of what came back, with its angle brackets."""
    addresses: tuple[str, ...] = ()
    """Whom the report names, as addresses are compared: proves nothing."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one mail says."""

    kind: Kind
    reason: str = ""
    """In one line."""
    clues: Clues = field(default_factory=Clues)
    recipient: str = ""
    """Whose mailbox it is that failed, as the far side calls it; empty where it does not say."""


def some(found: Iterable[T]) -> tuple[T, ...]:
    """The first of these, each once."""
    kept: dict[T, None] = {}
    for one in found:
        kept[one] = None
        if len(kept) == MOST:
            break
    return tuple(kept)
