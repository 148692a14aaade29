"""What the community thinks of a paper beside the others of its day. No I/O."""

from __future__ import annotations

from collections.abc import Sequence


def percentile(mine: int, votes: Sequence[int]) -> float:
    """The share of a day's papers with fewer upvotes, 0 to 1, ties half; `votes` are of all of them."""
    if len(votes) < 2:
        return 0.5
    below = sum(other < mine for other in votes) + (votes.count(mine) - 1) / 2
    return round(below / (len(votes) - 1), 4)
