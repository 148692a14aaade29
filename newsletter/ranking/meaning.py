"""What an embedding says of texts, made to tell the papers of a feed apart. No I/O.

Papers of one feed are all alike to a general model. Whitening on the feed (Su et al. 2021) takes away what they
share, shrunk so that rare directions do not become loud.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Embed = Callable[[Sequence[str]], Floats]
"""A row of length 1 for each text."""
SHRINK = 0.5  # of the mean variance is added to that of each direction


@dataclass(frozen=True)
class Meaning:
    """An embedding, whitened."""

    embed: Embed
    mean: Floats
    matrix: Floats

    def of(self, texts: Sequence[str]) -> Floats:
        """Shape (texts, dimensions), rows of length 1."""
        if not texts:
            return np.zeros((0, len(self.mean)), dtype=np.float32)
        return unit((self.embed(texts) - self.mean) @ self.matrix)


def whitened(embed: Embed, texts: Sequence[str]) -> Meaning:
    """The embedding, whitened on these texts."""
    rows = embed(texts)
    mean = rows.mean(axis=0)
    centred = rows - mean
    variances, directions = np.linalg.eigh(centred.T @ centred / len(rows))
    scale = (np.maximum(variances, 0) + SHRINK * variances.mean()) ** -0.5
    return Meaning(embed, mean, np.asarray((directions * scale) @ directions.T, dtype=np.float32))


def unit(rows: npt.ArrayLike) -> Floats:
    """Rows scaled to length 1; those without length stay."""
    found = np.asarray(rows, dtype=np.float32)
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    return np.asarray(found / np.where(lengths > 0, lengths, 1), dtype=np.float32)
