"""What each wish says of each of some papers: worked out once, for all readers who share the wish. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse

from newsletter.ranking.meaning import Floats

Ints = npt.NDArray[np.int64]
Places = npt.NDArray[np.int32]
"""Numbers as sparse matrices have them: no other kind is taken without a look at each."""
Weights: TypeAlias = tuple[Ints, Floats]
"""Columns in order, and the weight of each."""
NOTHING: Weights = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32))

KEPT = 48_000_000
"""Bytes of what wishes say that are kept for a digest; then it is begun anew. Four thousand wishes of a thousand papers:
as many as two hundred readers may have who share none."""
BLOCK = 16  # rows that are multiplied at once: always as many, so that nobody's company changes a digit


@dataclass(frozen=True, slots=True)
class Features:
    """Texts as numbers, one row each."""

    vectors: sparse.csr_matrix
    """tf-idf, shape (texts, terms), rows of length 1: for comparing with papers."""
    frequencies: sparse.csr_matrix
    """Saturated frequencies as in BM25, shape (texts, terms): for asking with words."""
    dense: Floats
    """Latent topics, shape (texts, topics), rows of length 1; after them, where there is one, an embedding."""


@dataclass(frozen=True, slots=True, eq=False)
class Wish:
    """What a paper may be compared with. The same wish is one object as long as it is in use: it is its own key."""

    frequencies: Weights = NOTHING
    """Of words: what each term counts, by the saturated frequencies of a paper."""
    vectors: Weights = NOTHING
    """Of an example: its tf-idf vector."""
    dense: Floats | None = None
    """Of an example, or of words in an embedding: topics and meaning, shape (dimensions,)."""
    authors: tuple[str, ...] = ()
    """Of an example, as names are compared."""
    potential: float = 0.0
    """Of words: the sum of what the terms count."""


class Columns:
    """What wishes say of the papers of some features: a row a wish, kept while there is room.

    `written_by` has the papers of each author, where the authors count.
    """

    def __init__(self, features: Features, typical: Floats, topics: int, written_by: Mapping[str, Ints]) -> None:
        self.typical = np.asarray(features.vectors @ typical, dtype=np.float32)
        """How much each paper talks like every paper."""
        self.number = len(features.dense)
        self._dense = features.dense
        self._topics = topics
        self._written_by = written_by
        both = sparse.hstack([features.vectors, features.frequencies], format="csr")
        self._postings = both.T.tocsr()
        self._terms = features.vectors.shape[1]
        self._begin()
        self._most = KEPT // (4 * max(self.number, 1) * len(self._tables))

    def hold(self, wishes: Sequence[Wish]) -> Places:
        """The rows of these wishes, worked out where they are not there yet; they are so until the next call."""
        new = [wish for wish in dict.fromkeys(wishes) if wish not in self._slots]
        if new and len(self._slots) + len(new) > self._most:
            self._begin()
            new = [*dict.fromkeys(wishes)]
        if new:
            self._add(new)
        return np.array([*map(self._slots.__getitem__, wishes)], dtype=np.int32)

    def has(self, table: str) -> bool:
        """There are `terms`; `topics`, `meaning` and `authors` (how many of them wrote a paper) not always."""
        return table in self._tables

    def sums(self, table: str, groups: sparse.csr_matrix, rows: Places) -> Floats:
        """What groups of wishes say together, shape (groups, papers); `groups` has a column for each of the rows."""
        kept, places = self._tables[table], rows[groups.indices]
        held = sparse.csr_matrix((groups.data, places, groups.indptr), shape=(groups.shape[0], len(kept)))
        return np.asarray(held @ kept)

    def at(self, table: str, rows: Places, papers: Ints) -> Floats:
        """What single wishes say of single papers, for pairs of a row and a paper."""
        return np.asarray(self._tables[table][rows, papers])

    # -- working out

    def _begin(self) -> None:
        self._slots: dict[Wish, int] = {}
        names = ["terms", "authors"] if self._written_by else ["terms"]
        names += ["topics"] if self._topics else []
        names += ["meaning"] if self._dense.shape[1] > self._topics else []
        self._tables = {name: np.zeros((0, self.number), dtype=np.float32) for name in names}

    def _add(self, wishes: Sequence[Wish]) -> None:
        first = len(self._slots)
        self._make_room(first + len(wishes))
        here = slice(first, first + len(wishes))
        self._tables["terms"][here] = (self._wanted_terms(wishes) @ self._postings).toarray()
        wanted = np.zeros((len(wishes), self._dense.shape[1]), dtype=np.float32)
        for row, wish in enumerate(wishes):
            if wish.dense is not None:
                wanted[row] = wish.dense
        for name, part in (("topics", slice(0, self._topics)), ("meaning", slice(self._topics, None))):
            if name in self._tables:
                self._tables[name][here] = product(wanted[:, part], self._dense[:, part].T)
        if "authors" in self._tables:
            self._tables["authors"][here] = [self._by_authors(wish) for wish in wishes]
        self._slots |= {wish: first + n for n, wish in enumerate(wishes)}

    def _make_room(self, number: int) -> None:
        for name, table in self._tables.items():
            if number > len(table):
                more = np.zeros((max(number, min(2 * len(table), self._most)), self.number), dtype=np.float32)
                more[: len(table)] = table
                self._tables[name] = more

    def _wanted_terms(self, wishes: Sequence[Wish]) -> sparse.csr_matrix:
        """The weights of terms, one row each, first by vector and then by frequency."""
        vectors = rows_of([wish.vectors for wish in wishes], self._terms)
        return sparse.hstack([vectors, rows_of([wish.frequencies for wish in wishes], self._terms)], format="csr")

    def _by_authors(self, wish: Wish) -> Floats:
        counts = np.zeros(self.number, dtype=np.float32)
        for name in wish.authors:
            if name in self._written_by:
                counts[self._written_by[name]] += 1
        return counts


def rows_of(weights: Sequence[Weights], columns: int) -> sparse.csr_matrix:
    """Sparse rows, one for each of the weights."""
    ends = np.cumsum([0, *(len(places) for places, _ in weights)])
    places, values = (np.concatenate([one[n] for one in weights]) for n in range(2))
    return sparse.csr_matrix((values, places, ends), shape=(len(weights), columns))


def joined(weights: Sequence[Weights]) -> Weights:
    """The sum of some weights."""
    if len(weights) < 2:
        return weights[0] if weights else NOTHING
    columns, places = np.unique(np.concatenate([one for one, _ in weights]), return_inverse=True)
    return columns, np.bincount(places, np.concatenate([values for _, values in weights])).astype(np.float32)


def product(rows: Floats, matrix: Floats) -> Floats:
    """The matrix product, in blocks that are always as large."""
    number = -(-len(rows) // BLOCK)
    whole = np.zeros((number * BLOCK, rows.shape[1]), dtype=np.float32)
    whole[: len(rows)] = rows
    found = whole.reshape(number, BLOCK, rows.shape[1]) @ matrix
    return np.asarray(found.reshape(len(whole), matrix.shape[1])[: len(rows)])
