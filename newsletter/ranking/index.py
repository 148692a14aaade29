"""A digest's papers as numbers and as phrases: made once, shared by all who get the digest. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from newsletter.identity import title_key
from newsletter.models import Candidate, Paper
from newsletter.ranking.columns import Columns, Features, Ints
from newsletter.ranking.meaning import Floats
from newsletter.ranking.model import Model, features
from newsletter.ranking.terms import words

IN_TITLE, IN_TEXT = (
    float(np.float32(worth)) for worth in (1.2, 0.8)
)  # what a keyword is worth, as evidence, by where it stands
FAVOURITE = 0.5  # a community favourite has more upvotes than this share of its day
TWINS = 0.6  # the cosine from which two papers are about the same thing
TOO_SHORT = 40  # terms, below which a text does not tell so much

FEW = 2_000  # papers, whose likeness to each other takes 16 MB
NO_ROWS: Ints = np.zeros(0, dtype=np.int64)
KEPT = 65_536  # phrases whose places are kept, the last that were asked for


class Found(NamedTuple):
    """Where a phrase stands."""

    rows: Ints
    titles: Ints
    """1 for each row where it stands in the title, 0 for the others."""
    worth: Mapping[int, float]
    """Per row what it is worth there, as evidence."""


@dataclass(frozen=True)
class Index:
    """The candidates of a digest, one row each."""

    candidates: tuple[Candidate, ...]
    model: Model
    features: Features
    titles: tuple[str, ...]
    """Per row the title's words, stemmed, between spaces."""
    texts: tuple[str, ...]
    """Per row all words, stemmed, between spaces."""

    def __len__(self) -> int:
        return len(self.candidates)

    def row_of(self, paper_id: str) -> int | None:
        """The row of a paper, by its id or any other id it is known by."""
        return self.rows.get(paper_id)

    @cached_property
    def rows(self) -> dict[str, int]:
        """The row of every id."""
        return {id_: row for row, c in enumerate(self.candidates) for id_ in (c.paper.id, *c.paper.also)}

    # -- per row

    @cached_property
    def percentiles(self) -> Floats:
        return np.array([candidate.percentile for candidate in self.candidates], dtype=np.float32)

    @cached_property
    def new(self) -> npt.NDArray[np.bool_]:
        return np.array([candidate.new for candidate in self.candidates], dtype=bool)

    @cached_property
    def by_votes(self) -> list[int]:
        """The rows of new papers, the community's favourites first."""
        key = [(-c.percentile, -c.paper.upvotes) for c in self.candidates]
        return sorted((row for row, c in enumerate(self.candidates) if c.new), key=key.__getitem__)

    @cached_property
    def favourites(self) -> list[int]:
        """Those of them that stand in the upper half of their day."""
        return [row for row in self.by_votes if self.candidates[row].percentile >= FAVOURITE]

    @cached_property
    def columns(self) -> Columns:
        """What wishes say of each paper."""
        return Columns(self.features, self.model.typical, self.model.topics, self.written_by)

    @cached_property
    def authors(self) -> tuple[frozenset[str], ...]:
        """The authors' names as they are compared."""
        return tuple(frozenset(map(title_key, candidate.paper.authors)) for candidate in self.candidates)

    @cached_property
    def written_by(self) -> Mapping[str, Ints]:
        """The rows of each author."""
        return _rows_by([sorted(names) for names in self.authors])

    @cached_property
    def surnames(self) -> Mapping[str, Ints]:
        """The rows of each last part of a name."""
        return _rows_by([sorted({name.split()[-1] for name in names if name}) for names in self.authors])

    @cached_property
    def filed_under(self) -> Mapping[str, Ints]:
        """The rows of each category, in lower case."""
        return _rows_by([sorted({name.lower() for name in c.paper.categories}) for c in self.candidates])

    @cached_property
    def twins(self) -> Ints:
        """Per row its group of near-duplicates: papers with the same number are about the same thing."""
        vectors = self.features.vectors
        near = (vectors @ vectors.T).tocoo()
        told = np.diff(vectors.indptr) >= TOO_SHORT
        near.data[(near.data < TWINS) | ~told[near.row] | ~told[near.col]] = 0
        near.eliminate_zeros()
        _, labels = sparse.csgraph.connected_components(near, directed=False)
        return np.asarray(labels, dtype=np.int64)

    def alike(self, rows: Ints) -> Floats:
        """The cosines of some papers in topics, shape (rows, rows)."""
        if self._likeness is not None:
            return np.asarray(self._likeness[rows[:, None], rows])
        dense = self.features.dense[rows]
        return np.asarray(dense @ dense.T)

    @cached_property
    def _likeness(self) -> Floats | None:
        """The same for all papers, unless they are too many to be worth it."""
        dense = self.features.dense
        return dense @ dense.T if len(dense) <= FEW else None

    # -- phrases

    @cached_property
    def find(self) -> Callable[[str], Found]:
        """Where a phrase stands, and what it is worth there. Looked for once, then kept."""
        return lru_cache(KEPT)(self._look_for)

    def held(self, phrases: Sequence[str]) -> npt.NDArray[np.int8]:
        """Where phrases stand, shape (phrases, papers): 2 in the title, 1 elsewhere, 0 not at all."""
        table = np.zeros((len(phrases), len(self)), dtype=np.int8)
        for number, found in enumerate(map(self.find, phrases)):
            if found.worth:  # most stand nowhere
                table[number, found.rows] = 1 + found.titles
        return table

    def holds(self, phrase: str, row: int) -> bool:
        """Whether the phrase stands in a paper."""
        return f" {phrase} " in self.texts[row]

    def _look_for(self, phrase: str) -> Found:
        wanted = f" {phrase} "
        held = [self._holding.get(word, NO_ROWS) for word in phrase.split(" ")]
        rows = [row for row in min(held, key=len).tolist() if wanted in self.texts[row]]
        titles = [int(wanted in self.titles[row]) for row in rows]
        worth = {row: IN_TITLE if in_title else IN_TEXT for row, in_title in zip(rows, titles, strict=True)}
        return Found(np.array(rows, dtype=np.int64), np.array(titles, dtype=np.int64), worth)

    @cached_property
    def _holding(self) -> Mapping[str, Ints]:
        return _rows_by([sorted(set(text.replace("|", " ").split())) for text in self.texts])


def index(candidates: Sequence[Candidate], model: Model) -> Index:
    """The index of a digest's candidates."""
    made = features([candidate.paper for candidate in candidates], model)
    titles = tuple(_spaced(candidate.paper.title) for candidate in candidates)
    return Index(tuple(candidates), model, made, titles, tuple(_text(candidate.paper) for candidate in candidates))


def _rows_by(names: Sequence[Sequence[str]]) -> dict[str, Ints]:
    rows: dict[str, list[int]] = {}
    for row, of_row in enumerate(names):
        for name in of_row:
            rows.setdefault(name, []).append(row)
    return {name: np.array(of_name, dtype=np.int64) for name, of_name in rows.items()}


def _spaced(text: str) -> str:
    return " " + " ".join(words(text)) + " "


def _text(paper: Paper) -> str:
    """All of a paper's words; no phrase reaches over a bar from one part into the next."""
    return "|".join(_spaced(part) for part in (paper.title, paper.abstract, paper.summary, *paper.keywords))
