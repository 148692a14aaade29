"""Past days once more: what this file would have sent, summed up, and beside what another would have."""

from newsletter.backtest.compare import Changed, Difference, Shared, Sums, Tally, Wish, difference, sums
from newsletter.backtest.replay import Backtest, Replay, Replayed, Shown, replayed

__all__ = [
    "Backtest",
    "Changed",
    "Difference",
    "Replay",
    "Replayed",
    "Shared",
    "Shown",
    "Sums",
    "Tally",
    "Wish",
    "difference",
    "replayed",
    "sums",
]
