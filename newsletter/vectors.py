"""A vector for each text: made once per model, and then found in the archive."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from newsletter.archive import Archive
from newsletter.embeddings import Embedder, Floats, Model

log = logging.getLogger("newsletter.vectors")
BATCH = 256  # texts that are embedded and kept together: what is lost when the power goes


class Vectors:
    """What a model makes of texts; it is opened when a text comes that it has not seen."""

    def __init__(self, archive: Archive, model: Model, opened: Callable[[], Embedder], *, keeps: bool = True) -> None:
        self.model = model
        self._keeps = keeps
        self._archive = archive
        self._opened = opened

    def unkept(self) -> Vectors:
        """The same, of which nothing is kept: for texts of visitors."""
        return Vectors(self._archive, self.model, lambda: self._embedder, keeps=False)

    def of(self, texts: Sequence[str]) -> Floats:
        """Shape (texts, dimensions), in their order, rows of length 1; (0, 0) for none. Raises SettingsError.

        A row is the same to the last bit whether it was made now or kept.
        """
        if not texts:
            return np.zeros((0, 0), dtype=np.float32)
        kept = self._archive.vectors(self.model.key, texts)
        missing = [text for text in dict.fromkeys(texts) if text not in kept]
        for start in range(0, len(missing), BATCH):
            kept |= self._made(missing[start : start + BATCH])
            log.info("%s: embedded %d of %d texts", self.model.name, min(start + BATCH, len(missing)), len(missing))
        return _rows([kept[text] for text in texts])

    def check(self) -> str:
        """Embeds a text and says how it went. Raises SettingsError."""
        [row] = self._embedder(["A paper about nothing"])
        return f"{len(row)} numbers a text, from {self.model.folder or 'the Hugging Face hub'}"

    @cached_property
    def _embedder(self) -> Embedder:
        return self._opened()

    def _made(self, texts: Sequence[str]) -> dict[str, bytes]:
        rows = self._embedder(texts)
        made = {text: row.astype("<f2").tobytes() for text, row in zip(texts, rows, strict=True)}
        if self._keeps:
            self._archive.save_vectors(self.model.key, made)
        return made


def _rows(contents: Sequence[bytes]) -> Floats:
    """What was kept in half precision, in single precision and of length 1 again."""
    rows = np.stack([np.frombuffer(content, dtype="<f2") for content in contents]).astype(np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1), dtype=np.float32)
