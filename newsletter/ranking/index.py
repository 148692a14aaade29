"""A digest's papers as a matrix of terms and as phrases: made once, shared by all who get the digest. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

from newsletter.identity import title_key
from newsletter.models import Candidate, Paper
from newsletter.ranking.terms import TermModel, frequencies, paper_text, vector, words

Floats = npt.NDArray[np.float32]
IN_TITLE, IN_TEXT = 1.2, 0.8  # what a keyword is worth, as evidence, by where it stands


@dataclass(frozen=True)
class Index:
    """The candidates of a digest, one row each."""

    candidates: tuple[Candidate, ...]
    vectors: tuple[Mapping[str, float], ...]
    """Per row its terms' weights, of length 1."""
    columns: Mapping[str, int]
    """Per term its column in `matrix`."""
    matrix: sparse.csr_matrix
    """Shape (papers, terms), float32, rows of length 1: for comparing with papers."""
    frequencies: sparse.csr_matrix
    """Shape (papers, terms), float32, saturated frequencies: for asking with words."""
    titles: tuple[str, ...]
    """Per row the title's words, stemmed, between spaces."""
    texts: tuple[str, ...]
    """Per row all words, stemmed, between spaces."""
    _found: dict[str, Floats] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.candidates)

    def row_of(self, paper_id: str) -> int | None:
        """The row of a paper, by its id or any other id it is known by."""
        return self._rows.get(paper_id)

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {id_: row for row, c in enumerate(self.candidates) for id_ in (c.paper.id, *c.paper.also)}

    @cached_property
    def percentiles(self) -> Floats:
        return np.array([candidate.percentile for candidate in self.candidates], dtype=np.float32)

    @cached_property
    def authors(self) -> tuple[frozenset[str], ...]:
        """Per row the authors' names as they are compared."""
        return tuple(frozenset(map(title_key, candidate.paper.authors)) for candidate in self.candidates)

    def find(self, phrase: str) -> Floats:
        """Per row what the phrase is worth there: 0 where it does not stand. Looked for once, then kept."""
        found = self._found.get(phrase)
        if found is None:
            wanted = f" {phrase} "
            places = zip(self.titles, self.texts, strict=True)
            worth = [IN_TITLE if wanted in title else IN_TEXT if wanted in text else 0.0 for title, text in places]
            found = self._found[phrase] = np.array(worth, dtype=np.float32)
        return found


def index(candidates: Sequence[Candidate], model: TermModel) -> Index:
    """The index of a digest's candidates."""
    written = [paper_text(candidate.paper) for candidate in candidates]
    vectors = tuple(vector(text, model) for text in written)
    columns = {term: column for column, term in enumerate(sorted({term for one in vectors for term in one}))}
    titles = tuple(_spaced(candidate.paper.title) for candidate in candidates)
    texts = tuple(_text(candidate.paper) for candidate in candidates)
    compared, asked = rows_of(vectors, columns), rows_of(frequencies(written), columns)
    return Index(tuple(candidates), vectors, columns, compared, asked, titles, texts)


def rows_of(vectors: Sequence[Mapping[str, float]], columns: Mapping[str, int]) -> sparse.csr_matrix:
    """Vectors as the rows of a sparse matrix; terms without a column are left out.

    Terms go in by column, so that equal vectors make equal rows to the last bit.
    """
    data: list[float] = []
    places: list[int] = []
    ends = [0]
    for one in vectors:
        inside = sorted((columns[term], value) for term, value in one.items() if term in columns)
        places += [column for column, _ in inside]
        data += [value for _, value in inside]
        ends.append(len(places))
    shape = (len(vectors), len(columns))
    return sparse.csr_matrix((np.array(data, dtype=np.float32), places, ends), shape=shape)


def _spaced(text: str) -> str:
    return " " + " ".join(words(text)) + " "


def _text(paper: Paper) -> str:
    """All of a paper's words; no phrase reaches over a bar from one part into the next."""
    return "|".join(_spaced(part) for part in (paper.title, paper.abstract, paper.summary, *paper.keywords))
