"""What an archive teaches: how rare each term is, which terms go together, and how near papers usually are. No I/O."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from newsletter.identity import title_key
from newsletter.models import Paper
from newsletter.ranking.columns import Columns, Features, Ints, Wish
from newsletter.ranking.meaning import Floats, Meaning, unit
from newsletter.ranking.terms import paper_text, terms, wish_terms

LEAST = 5  # papers that hold a term, for it to be compared by: rarer ones are chance (docs/ranking.md)
TOO_COMMON = 0.25  # share of papers that hold a term, above which it is of no topic
TOPICS = 128
PAPERS_PER_TOPIC = 8
ENOUGH = 200  # papers to learn topics from
SAMPLE = 512  # papers that nearness is measured against
K1, B = 1.2, 0.75  # of BM25
PAIR = 0.5  # of a pair among a wish's words, beside the words that it is made of
KEPT = 8_192  # wishes of each kind, the last that were asked for: an example takes about 4 kB


@dataclass(frozen=True, slots=True)
class TermCounts:
    """In how many papers each term stands."""

    papers: int
    counts: Mapping[str, int]


NOTHING = TermCounts(0, {})


@dataclass(frozen=True)
class Model:
    """What an archive teaches. A term is a column; terms that few papers hold have none."""

    papers: int
    """How many papers the counts are of."""
    columns: Mapping[str, int]
    counts: Ints
    """Per column, how many of the papers hold the term."""
    length: float
    """Mean number of terms of a paper."""
    topical: Ints
    """The columns that topics are made of."""
    basis: Floats
    """Shape (topical columns, topics)."""
    sample: Features
    """Papers of the archive: what a paper's nearness is compared with."""
    meaning: Meaning | None = None
    """An embedding beside the topics, where there is one."""

    @cached_property
    def idf(self) -> Floats:
        """Inverse document frequency by column, smoothed: 1 for a term in every paper."""
        return np.asarray(np.log((1 + self.papers) / (1 + self.counts)) + 1, dtype=np.float32)

    @cached_property
    def rarity(self) -> Floats:
        """Inverse document frequency by column as in BM25: near 0 for a term in every paper."""
        others = np.maximum(self.papers - self.counts, 0)
        return np.asarray(np.log(1 + (others + 0.5) / (self.counts + 0.5)), dtype=np.float32)

    @cached_property
    def typical(self) -> Floats:
        """The mean vector of the sample, by column: what every paper talks like."""
        mean = self.sample.vectors.sum(axis=0) / max(self.sample.vectors.shape[0], 1)
        return np.asarray(mean, dtype=np.float32).ravel()

    @cached_property
    def sample_columns(self) -> Columns:
        """What wishes say of the sample."""
        return Columns(self.sample, self.typical, self.topics, {})

    @property
    def topics(self) -> int:
        """How many there are."""
        return int(self.basis.shape[1])

    @cached_property
    def usual_dense(self) -> tuple[Floats, Floats]:
        """Mean, shape (topics,), and covariance, shape (topics, topics), of the sample's topics."""
        dense = self.sample.dense
        if not dense.size:
            return np.zeros(dense.shape[1], dtype=np.float32), np.zeros((dense.shape[1],) * 2, dtype=np.float32)
        centred = dense - dense.mean(axis=0)
        return dense.mean(axis=0), np.asarray(centred.T @ centred / len(dense), dtype=np.float32)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Per column its term."""
        return tuple(self.columns)

    @cached_property
    def words(self) -> Callable[[str, float], Wish]:
        """A wish in words, its terms weighed as BM25 does by how rare they are, all times a weight."""
        same = lru_cache(KEPT)(partial(_of_terms, self))
        return lru_cache(KEPT)(lambda text, weight: same(_terms_of(text, self.columns), weight))

    @cached_property
    def meant(self) -> Callable[[str], Wish]:
        """A wish in words, as the embedding understands it."""
        return lru_cache(KEPT)(partial(_meant, self))

    def examples(self, papers: Sequence[Paper]) -> list[Wish]:
        """Papers as examples: each is read once, as long as there is room; many at once are read faster."""
        kept = self._read
        new = {paper.id: paper for paper in papers if paper.id not in kept or kept[paper.id][0] is not paper}
        if len(kept) + len(new) > KEPT:
            kept.clear()
            new = {paper.id: paper for paper in papers}
        if new:
            kept |= zip(new, zip(new.values(), _examples(self, list(new.values())), strict=True), strict=True)
        return [kept[paper.id][1] for paper in papers]

    @cached_property
    def _read(self) -> dict[str, tuple[Paper, Wish]]:
        return {}

    @property
    def term_counts(self) -> TermCounts:
        """The counts by term, as another model may lean on them."""
        return TermCounts(self.papers, dict(zip(self.columns, self.counts.tolist(), strict=True)))

    def rarity_of(self, term: str) -> float:
        """How telling a term is; that of the rarest for one that is not known."""
        column = self.columns.get(term)
        return float(self.rarity[column]) if column is not None else float(np.log(1 + 2 * self.papers))


def features(papers: Sequence[Paper], model: Model) -> Features:
    """The features of papers under a model."""
    made = _features(_counted([_bag(paper_text(paper)) for paper in papers], model.columns), model)
    if model.meaning is None:
        return made
    meant = model.meaning.of([f"{paper.title}. {paper.abstract}".strip() for paper in papers])
    return replace(made, dense=np.hstack([made.dense, meant]))


# -- wishes


def _terms_of(text: str, columns: Mapping[str, int]) -> tuple[tuple[int, float], ...]:
    """The columns of a text's terms, in order, with how often each is asked for."""
    found = {columns[term]: (term, n) for term, n in wish_terms(text).items() if term in columns}
    return tuple((column, n * (PAIR if " " in term else 1.0)) for column, (term, n) in sorted(found.items()))


def _of_terms(model: Model, found: Sequence[tuple[int, float]], weight: float) -> Wish:
    columns = np.array([column for column, _ in found], dtype=np.int64)
    weights = np.array([n * weight for _, n in found], dtype=np.float32) * model.rarity[columns]
    return Wish(frequencies=(columns, weights), potential=float(weights.sum()))


def _meant(model: Model, text: str) -> Wish:
    assert model.meaning is not None
    [meant] = model.meaning.of([text])
    return Wish(dense=np.concatenate([np.zeros(model.topics, dtype=np.float32), meant]))


def _examples(model: Model, papers: Sequence[Paper]) -> Iterator[Wish]:
    made = features(papers, model)
    places, data, ends = made.vectors.indices.astype(np.int64), made.vectors.data, made.vectors.indptr.tolist()
    for paper, dense, (start, end) in zip(papers, made.dense, pairwise(ends), strict=True):
        vector = places[start:end].copy(), data[start:end].copy()  # not to keep all for one
        yield Wish(vectors=vector, dense=dense.copy(), authors=tuple(map(title_key, paper.authors)))


def with_meaning(model: Model, meaning: Meaning, papers: Sequence[Paper]) -> Model:
    """The model with an embedding; `papers` of the archive are its new sample."""
    meant = replace(model, meaning=meaning)
    return replace(meant, sample=features(papers[:: max(len(papers) // SAMPLE, 1)][:SAMPLE], meant))


@lru_cache(maxsize=2048)
def _bag(text: str) -> Counter[str]:
    """The terms of a text: kept for a while, as a paper stands in the digests of several days."""
    return Counter(terms(text))


def _features(bags: tuple[sparse.csr_matrix, Floats], model: Model) -> Features:
    counted, lengths = bags
    vectors = _weighted(counted, model.idf)
    norm = K1 * (1 - B + B * lengths / model.length)
    frequencies = counted.copy()
    frequencies.data = counted.data * (K1 + 1) / (counted.data + np.repeat(norm, np.diff(counted.indptr)))
    return Features(vectors, frequencies, unit(vectors[:, model.topical] @ model.basis))


def _counted(bags: Sequence[Counter[str]], columns: Mapping[str, int]) -> tuple[sparse.csr_matrix, Floats]:
    """Per text how often each known term stands in it, and how many terms it has in all."""
    places: list[int] = []
    data: list[int] = []
    ends = [0]
    for bag in bags:
        # By column, so that equal texts make equal rows to the last bit.
        inside = sorted((columns[term], count) for term, count in bag.items() if term in columns)
        places += [column for column, _ in inside]
        data += [count for _, count in inside]
        ends.append(len(places))
    shape = (len(bags), len(columns))
    counted = sparse.csr_matrix((np.array(data, dtype=np.float32), np.array(places, dtype=np.int32), ends), shape=shape)
    return counted, np.array([bag.total() for bag in bags], dtype=np.float32)


def _weighted(counted: sparse.csr_matrix, idf: Floats) -> sparse.csr_matrix:
    """tf-idf with sublinear tf, rows of length 1."""
    found = counted.copy()
    found.data = ((1 + np.log(counted.data)) * idf[counted.indices]).astype(np.float32)
    squares = np.asarray(found.multiply(found).sum(axis=1)).ravel()
    lengths = np.sqrt(np.where(squares > 0, squares, 1)).astype(np.float32)
    found.data /= np.repeat(lengths, np.diff(found.indptr))
    return found


# -- learning


def learn(papers: Iterable[Paper], before: TermCounts = NOTHING, least: int = LEAST) -> Model:
    """Learns from papers; `before` are counts of other papers, which a young archive leans on.

    Terms in fewer papers than `least` have no column.

    Rareness comes from counting, topics from a singular value decomposition of the papers' terms (latent semantic
    analysis, Deerwester et al. 1990). The same papers always give the same model.
    """
    bags = [Counter(terms(paper_text(paper))) for paper in papers]
    held = count(bags)
    model = _without_topics(bags, held, before, least)
    counted, lengths = _counted(bags, model.columns)
    topical, basis = _topics(counted, held, model)
    chosen = np.arange(len(bags))[:: max(len(bags) // SAMPLE, 1)][:SAMPLE]
    model = replace(model, topical=topical, basis=basis)
    return replace(model, sample=_features((counted[chosen], lengths[chosen]), model))


def count(bags: Iterable[Counter[str]]) -> TermCounts:
    """In how many of the bags each term stands."""
    counts: Counter[str] = Counter()
    number = 0
    for bag in bags:
        counts.update(bag.keys())
        number += 1
    return TermCounts(number, counts)


def _without_topics(bags: Sequence[Counter[str]], held: TermCounts, before: TermCounts, least: int) -> Model:
    both = {term: n for term in held.counts.keys() | before.counts.keys() if (n := _both(term, held, before)) >= least}
    known = sorted(both)
    counts = np.array([both[term] for term in known], dtype=np.int64)
    length = sum(bag.total() for bag in bags) / len(bags) if bags else 150.0
    columns = {term: column for column, term in enumerate(known)}
    nothing = np.zeros(0, dtype=np.int64)
    basis = np.zeros((0, 0), dtype=np.float32)
    return Model(held.papers + before.papers, columns, counts, max(length, 1.0), nothing, basis, _NO_FEATURES)


def _both(term: str, held: TermCounts, before: TermCounts) -> int:
    return held.counts.get(term, 0) + before.counts.get(term, 0)


def _topics(counted: sparse.csr_matrix, held: TermCounts, model: Model) -> tuple[Ints, Floats]:
    """The columns and directions of the latent topics: none from too few papers, or too few words."""
    names = model.names
    own = np.array([held.counts.get(term, 0) for term in names], dtype=np.int64)
    single = np.array([" " not in term for term in names], dtype=bool)
    topical = np.flatnonzero(single & (own >= 3) & (model.counts <= TOO_COMMON * model.papers))
    dimensions = min(TOPICS, held.papers // PAPERS_PER_TOPIC, len(topical) - 1)
    if held.papers < ENOUGH or dimensions < 2:
        return np.zeros(0, dtype=np.int64), np.zeros((0, 0), dtype=np.float32)
    from scipy.sparse.linalg import svds

    rows = _weighted(counted, model.idf)[:, topical]
    _, strength, directions = svds(rows, k=dimensions, random_state=0)
    # Half as exact as it is kept, so that a model just learned and the same model read again are alike.
    basis = directions[np.argsort(-strength)].T.astype(np.float16)
    return topical, np.ascontiguousarray(basis, dtype=np.float32)


_NO_FEATURES = Features(sparse.csr_matrix((0, 0)), sparse.csr_matrix((0, 0)), np.zeros((0, 0), dtype=np.float32))


# -- keeping


def read_counts(text: str) -> TermCounts:
    """The table of `scripts/count_terms`: how many papers it is of, then a term a line after its number of papers."""
    papers, *rows = text.split("\n")
    pairs = (row.split(" ", 1) for row in rows)
    return TermCounts(int(papers), {term: int(number) for number, term in pairs})


def dump(model: Model) -> bytes:
    """The model as bytes: a NumPy archive of plain arrays."""
    kept: dict[str, Any] = {
        "papers": model.papers,
        "terms": np.frombuffer("\n".join(model.columns).encode(), dtype=np.uint8),
        "counts": model.counts,
        "length": model.length,
        "topical": model.topical,
        "basis": model.basis.astype(np.float16),
        "dense": model.sample.dense,
    }
    for name, rows in (("vectors", model.sample.vectors), ("frequencies", model.sample.frequencies)):
        kept |= {f"{name}_data": rows.data, f"{name}_places": rows.indices, f"{name}_ends": rows.indptr}
    file = io.BytesIO()
    np.savez_compressed(file, **kept)
    return file.getvalue()


def load(content: bytes) -> Model:
    """The model of `dump`. Raises ValueError or KeyError for other bytes."""
    with np.load(io.BytesIO(content), allow_pickle=False) as kept:
        text = kept["terms"].tobytes().decode()
        columns = {term: column for column, term in enumerate(text.split("\n"))} if text else {}
        rows = [_rows(kept, name, len(columns)) for name in ("vectors", "frequencies")]
        return Model(
            papers=int(kept["papers"]),
            columns=columns,
            counts=kept["counts"],
            length=float(kept["length"]),
            topical=kept["topical"],
            basis=kept["basis"].astype(np.float32),
            sample=Features(rows[0], rows[1], kept["dense"]),
        )


def _rows(kept: Mapping[str, npt.NDArray[np.float32]], name: str, columns: int) -> sparse.csr_matrix:
    data, places, ends = (kept[f"{name}_{part}"] for part in ("data", "places", "ends"))
    return sparse.csr_matrix((data, places, ends), shape=(len(ends) - 1, columns))
