"""Deliveries in pieces that are taken, composed and sent together. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from newsletter.ledger.values import Key

SHARD: Final = 200
"""Deliveries in a piece."""


def shards(keys: Iterable[Key]) -> Iterator[list[Key]]:
    """The keys in pieces, in their order."""
    rest = iter(keys)
    while shard := list(islice(rest, SHARD)):
        yield shard
