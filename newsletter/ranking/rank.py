"""Papers scored for interests, many profiles in one matrix product. No I/O.

The evidence of a paper for an interest: how near its text is, which keywords it has, who wrote it, where it was
filed. Its sum decides whether the paper passes. The score is that sum with keywords counted less, times the
interest's weight, plus a little for what the community thinks.
Text counts in units of "clearly nearer than papers of the archive are", so that interests are comparable.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from newsletter.identity import title_key
from newsletter.models import Interest, Threshold
from newsletter.ranking.index import NONE, Found, Index
from newsletter.ranking.meaning import Floats
from newsletter.ranking.model import Ints
from newsletter.ranking.profile import Linear, Look, Profile

BEST = 100
PASSES: Mapping[Threshold, float] = {"loose": 0.7, "normal": 1.0, "strict": 1.6}
STRONG = PASSES["strict"]  # what a paper needs to be carried over from an earlier day
AUTHOR = 2.0
CATEGORY = 0.3
COMMUNITY = 0.15
KEYWORDS = 0.1  # of a keyword's worth, in the order of those that pass: text tells more (docs/ranking.md)
NEAREST = 6  # papers of the day that are looked at once more, for others like them
BLOCK = 16  # looks that are multiplied at once: always as many, so that nobody's company changes a digit

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Per row of the index, each part of the score of one interest. Shape (papers,) each."""

    text: Floats
    keywords: Floats
    authors: Floats
    categories: Floats
    excluded: Ints
    """The rows that must not come."""

    @property
    def total(self) -> Floats:
        """What decides whether a paper passes."""
        return self.text + self.keywords + self.authors + self.categories

    @property
    def order(self) -> Floats:
        """What decides which of those that pass comes first."""
        return self.text + np.float32(KEYWORDS) * self.keywords + self.authors + self.categories


@dataclass(frozen=True, slots=True)
class Ranked:
    """The best papers for one interest, best first: only those that pass its threshold."""

    rows: Rows
    scores: Floats
    strong: npt.NDArray[np.bool_]
    """Which of them are good enough to be carried over from an earlier day."""
    hidden: Ints
    """The rows that would have come but for what the interest excludes."""
    shares: Floats
    """Per row of the index, what it has of what the interest needs; 0 where it must not come."""


@dataclass(frozen=True, slots=True)
class Scores:
    """What `rank` found: one `Ranked` a profile, in the order of the profiles."""

    index: Index
    profiles: tuple[Profile, ...]
    ranked: tuple[Ranked, ...]

    def of(self, start: int, stop: int) -> Scores:
        """The part of some neighbouring profiles, as one subscriber's are."""
        return Scores(self.index, self.profiles[start:stop], self.ranked[start:stop])


def rank(index: Index, profiles: Sequence[Profile]) -> Scores:
    """Scores every paper of the index for every profile.

    A profile's scores do not depend on which others are in the batch, to the last bit.
    """
    near = nearness(index, profiles)
    ranked = tuple(_best(index, one.interest, evidence(index, one, near[n])) for n, one in enumerate(profiles))
    return Scores(index, tuple(profiles), ranked)


# -- how near


def nearness(index: Index, profiles: Sequence[Profile]) -> Floats:
    """How near each paper's text is, shape (profiles, papers): 1 is what few papers of the archive reach."""
    found = np.zeros((len(profiles), len(index)), dtype=np.float32)
    if not len(index):
        return found
    looks = [(n, look) for n, one in enumerate(profiles) for look in one.looks]
    for start in range(0, len(looks), BLOCK):
        block = looks[start : start + BLOCK]
        near = _looked(index, [look for _, look in block])
        for (n, look), values in zip(block, near, strict=False):
            values += look.writers * _writers(index, profiles[n].writers)
        _echo(index, [look for _, look in block], near)
        for (n, look), values in zip(block, near, strict=False):
            first = look is profiles[n].looks[0]
            found[n] = values if first else np.maximum(found[n], values)
    return np.round(found, 5)


def _looked(index: Index, looks: Sequence[Look]) -> Floats:
    """What a block of looks says of each paper by itself, shape (BLOCK, papers)."""
    sums = [look.sum for look in looks]
    near = np.zeros((BLOCK, len(index)), dtype=np.float32)
    near[: len(sums)] = (_terms(sums, index) @ index.postings).toarray()
    dense = np.zeros((BLOCK, index.features.dense.shape[1]), dtype=np.float32)
    typical, constant = np.zeros((2, BLOCK, 1), dtype=np.float32)
    for n, one in enumerate(sums):
        dense[n], typical[n], constant[n] = one.dense, one.typical, one.constant
    near += dense @ index.features.dense.T
    near += typical * index.typical + constant
    return near


def _terms(sums: Sequence[Linear], index: Index) -> sparse.csr_matrix:
    """The weights of terms, one row each, first by vector and then by frequency."""
    columns = len(index.model.columns)
    places = [part for one in sums for part in (one.vectors[0], one.frequencies[0] + columns)]
    values = [part for one in sums for part in (one.vectors[1], one.frequencies[1])]
    ends = np.cumsum([0, *(len(one.vectors[0]) + len(one.frequencies[0]) for one in sums)])
    shape = (len(sums), 2 * columns)
    return sparse.csr_matrix((np.concatenate(values), np.concatenate(places), ends), shape=shape)


def _writers(index: Index, writers: Mapping[str, int]) -> Floats:
    """Per paper the logarithm of how many examples its authors wrote."""
    counts = np.zeros(len(index), dtype=np.float32)
    for name in writers.keys() & index.written_by.keys():
        counts[index.written_by[name]] += writers[name]
    return np.log1p(counts)


def _echo(index: Index, looks: Sequence[Look], near: Floats) -> None:
    """Adds what papers have in common with the nearest of the day, where some are clearly near.

    Feedback from the papers that were found first (pseudo-relevance feedback, Rocchio 1971), in the space of topics.
    """
    dense = index.features.dense
    wishes = np.zeros((BLOCK, dense.shape[1]), dtype=np.float32)
    for n, look in enumerate(looks):
        wishes[n] = _common(dense, near[n]) * look.echo
    mean, spread = index.model.usual_dense
    deviations = np.sqrt(np.maximum(np.einsum("nd,de,ne->n", wishes, spread, wishes, optimize=True), 1e-12))
    weights = np.array([look.echo for look in looks] + [0.0] * (BLOCK - len(looks)), dtype=np.float32)
    scale = (weights / np.where(deviations > 1e-5, deviations, np.inf))[:, None]
    near += scale * (wishes @ dense.T - (wishes @ mean)[:, None])


def _common(dense: Floats, near: Floats) -> Floats:
    """The mean of the nearest papers, of those that are clearly near."""
    top = np.argpartition(-near, NEAREST)[:NEAREST] if len(near) > NEAREST else np.arange(len(near))
    top = np.sort(top[near[top] >= 1])
    return np.asarray(dense[top].mean(axis=0) if len(top) else np.zeros(dense.shape[1]), dtype=np.float32)


# -- what else speaks for a paper


def evidence(index: Index, profile: Profile, near: Floats) -> Evidence:
    """What speaks for each paper; `near` is its row of `nearness`."""
    interest = profile.interest
    return Evidence(
        text=_compressed(near),
        keywords=_keywords(index, profile.phrases.values()),
        authors=_authors(index, interest.authors),
        categories=_categories(index, interest),
        excluded=found_any(index, profile.excluded.values()),
    )


def compressed(near: float) -> float:
    """As it is up to 1 (clearly near), then 1 more for each doubling: no interest drowns another."""
    return 1 + math.log2(near) if near > 1 else max(near, 0.0)


def _compressed(text: Floats) -> Floats:
    found = np.maximum(text, 0)
    far = found > 1
    found[far] = 1 + np.log2(found[far])
    return found


def _keywords(index: Index, phrases: Iterable[str]) -> Floats:
    worth = np.zeros(len(index), dtype=np.float32)
    found = [one for phrase in phrases if len((one := index.find(phrase))[0])]
    for row, several in _by_row(found).items():
        worth[row] = _together(several)
    return worth


def keyword_worth(index: Index, phrases: Iterable[str], row: int) -> float:
    """What the keywords that stand in one paper are worth."""
    found = (index.find(phrase) for phrase in phrases if index.holds(phrase, row))
    return _together([float(values[np.searchsorted(rows, row)]) for rows, values in found])


def _together(worth: Sequence[float]) -> float:
    """The best keyword counts whole, the second best and third a third each."""
    best = sorted(worth, reverse=True)
    return best[0] + sum(best[1:3]) / 3 if best else 0.0


def _by_row(found: Iterable[Found]) -> Mapping[int, list[float]]:
    by_row: dict[int, list[float]] = {}
    for rows, values in found:
        for row, value in zip(rows.tolist(), values.tolist(), strict=True):
            by_row.setdefault(row, []).append(value)
    return by_row


def _authors(index: Index, names: Iterable[str]) -> Floats:
    worth = np.zeros(len(index), dtype=np.float32)
    for name in names:
        surname = title_key(name).split()[-1:]
        for row in index.surnames.get(surname[0], NONE[0]).tolist() if surname else ():
            if writes(name, index.authors[row]):
                worth[row] = AUTHOR
    return worth


def writes(name: str, authors: frozenset[str]) -> bool:
    """Whether a person is among the authors; initials stand for first names on either side."""
    wanted = title_key(name)
    return wanted in authors or any(_same_person(wanted.split(), author.split()) for author in authors)


def _same_person(a: list[str], b: list[str]) -> bool:
    if len(a) < 2 or len(b) < 2 or a[-1] != b[-1]:
        return False
    return a[0][0] == b[0][0] and (len(a[0]) == 1 or len(b[0]) == 1)


def _categories(index: Index, interest: Interest) -> Floats:
    """A category says little beside other wishes, and is enough where it is the only one."""
    only = not (interest.keywords or interest.authors or interest.like or interest.about)
    worth = np.zeros(len(index), dtype=np.float32)
    for category in interest.categories:
        worth[index.filed_under.get(category.lower(), NONE[0])] = STRONG if only else CATEGORY
    return worth


def found_any(index: Index, phrases: Iterable[str]) -> Ints:
    """The rows where any of the phrases stands, in order."""
    rows = [index.find(phrase)[0] for phrase in phrases]
    return np.unique(np.concatenate(rows)) if rows else NONE[0]


# -- the best


def _best(index: Index, interest: Interest, found: Evidence) -> Ranked:
    total = found.total
    passing = np.flatnonzero(total >= PASSES[interest.threshold])
    hidden = np.intersect1d(passing, found.excluded) if len(found.excluded) else NONE[0]
    if len(hidden):
        passing = np.setdiff1d(passing, hidden)
    scores = found.order[passing] * np.float32(interest.weight) + np.float32(COMMUNITY) * index.percentiles[passing]
    # Ties go to the earlier row: candidates are in a fixed order, so the same digest always ranks alike.
    order = np.argsort(-scores, kind="stable")[:BEST]
    rows = passing[order]
    shares = total / np.float32(PASSES[interest.threshold])
    shares[found.excluded] = 0
    return Ranked(rows, scores[order], total[rows] >= STRONG, hidden, shares)
