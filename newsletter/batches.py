"""Which messages make one request, and which of them were one that nobody answered. No I/O."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final

from newsletter.compose import Composed

BROKEN: Final = "its request to the provider was not answered and cannot be repeated as it was"


def name_of(batch: Sequence[Composed]) -> str:
    """The same members in the same order make the same name, which is the provider's idempotency key."""
    members = "\n".join(one.message.message_id for one in batch)
    return hashlib.sha256(members.encode()).hexdigest()[:32]


def sorted_out(
    composed: Sequence[Composed], idempotent_for: timedelta, now: datetime
) -> tuple[list[Composed], list[Composed]]:
    """Those to hand over, what is repeated first and request by request; and those of whom only a person can find out.

    A request is repeated as it was, or not: without a member who has said no since, or after the time for which the
    provider knows it, it would be another, and the others might get a copy. A provider that knows no requests is
    handed everything anew.
    """
    if not idempotent_for:
        return list(composed), []
    known: dict[str, list[Composed]] = {}
    for one in composed:
        known.setdefault(one.batch, []).append(one)
    fresh = known.pop("", [])
    whole = {name for name, members in known.items() if _is_whole(name, members, now - idempotent_for)}
    again = [one for name in sorted(whole) for one in known[name]]
    return again + fresh, [one for name in sorted(known.keys() - whole) for one in known[name]]


def _is_whole(name: str, members: Sequence[Composed], since: datetime) -> bool:
    """Whether these are all who were in it, and it can only have been made since then."""
    return name == name_of(members) and all(one.claim.stamped_at > since for one in members)


def repeated(waiting: Sequence[Composed]) -> list[Composed]:
    """The request that is to be repeated next; empty where there is none."""
    name = waiting[0].batch
    return [*takewhile(lambda one: one.batch == name, waiting)] if name else []
