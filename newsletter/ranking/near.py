"""Which papers are about the same thing as one of them. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from newsletter.models import Paper
from newsletter.ranking.model import Model, features

TOPICS: Final = 0.5
"""What likeness in topics counts beside likeness in terms."""
LEAST: Final = 0.19
"""What a near paper has at least. Of a week's 106 recorded papers two have 0.06 in the middle, the nearest to each 0.22."""


def nearest(paper: Paper, others: Sequence[Paper], model: Model, number: int) -> list[Paper]:
    """Those of the other papers that are nearest to this one by their words, the nearest first; none that is far from it."""
    made = features([paper, *others], replace(model, meaning=None))
    terms = (made.vectors[1:] @ made.vectors[0].T).toarray()[:, 0]
    near = (terms + TOPICS * (made.dense[1:] @ made.dense[0])) / (1 + TOPICS)
    order = np.argsort(-near, kind="stable")[:number]
    return [others[row] for row in order.tolist() if near[row] >= LEAST]
