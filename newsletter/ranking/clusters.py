"""Papers split into groups that are about the same, as many groups as the papers themselves suggest. No I/O.

The recipe: the papers' vectors in their 25 strongest directions (latent semantic analysis), spherical k-means there
for every number of groups, and the smallest number whose silhouette is nearly the best. Figures: docs/ranking.md.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse

Labels: TypeAlias = npt.NDArray[np.intp]
Reals: TypeAlias = npt.NDArray[np.float64]

MOST = 8
"""Groups at most: more sections than that nobody reads."""
LEAST = 3
"""Papers that make a group."""
ALONE = -1
"""The label of a paper that is in no group."""
DIRECTIONS, SPARE, SWEEPS = 25, 10, 4
STARTS, ROUNDS = 4, 50
SPLIT = 0.14  # a silhouette below this is what the papers of one subject have
NEARLY = 0.9  # of the best silhouette: fewer groups are easier to read
PER_GROUP = 5  # papers on average, before one more group is tried
FAR = 0.5  # of the group's median nearness: a paper below this is in no group


def clusters(papers: sparse.csr_matrix, most: int = MOST) -> Labels:
    """Per row the number of its group, from 0 (the largest), or ALONE. Rows have length 1, or are empty.

    The same matrix always gives the same groups.
    """
    labels = np.full(papers.shape[0], ALONE, dtype=np.intp)
    rows = np.flatnonzero(np.diff(papers.indptr))
    if len(rows) >= LEAST:
        inside = papers[rows]
        labels[rows] = _without_strangers(inside, _split(inside, most))
    return _by_size(labels)


def shared(papers: sparse.csr_matrix) -> sparse.csr_matrix:
    """The rows, of length 1 again, without the terms that only one of them has: those compare with nothing."""
    held = np.bincount(papers.indices, minlength=papers.shape[1])
    found = papers[:, np.flatnonzero(held > 1)]
    lengths = np.sqrt(np.asarray(found.multiply(found).sum(axis=1)).ravel())
    return sparse.csr_matrix(sparse.diags(1 / np.where(lengths > 0, lengths, 1)) @ found)


def nearness(papers: sparse.csr_matrix, labels: Labels) -> Reals:
    """Per row its mean cosine to the other papers of its group; 0 for a paper alone."""
    near = np.zeros(papers.shape[0])
    for group in range(labels.max(initial=ALONE) + 1):
        rows = np.flatnonzero(labels == group)
        total = np.asarray(papers[rows].sum(axis=0)).ravel()
        near[rows] = (papers[rows] @ total - 1) / max(len(rows) - 1, 1)
    return near


def _split(papers: sparse.csr_matrix, most: int) -> Labels:
    """A label for every row: one group unless several are clearly better."""
    number = papers.shape[0]
    if number < 2 * PER_GROUP or most < 2:
        return np.zeros(number, dtype=np.intp)
    points = _directions(papers)
    tried = [_k_means(points, k) for k in range(2, min(most, number // PER_GROUP) + 1)]
    worth = [_silhouette(points, labels) for labels in tried]
    if max(worth) < SPLIT:
        return np.zeros(number, dtype=np.intp)
    return next(labels for labels, one in zip(tried, worth, strict=True) if one >= NEARLY * max(worth))


def _directions(papers: sparse.csr_matrix) -> Reals:
    """The rows in their strongest directions, of length 1 again.

    Randomised subspace iteration (Halko, Martinsson, Tropp 2011, algorithm 4.4) with a fixed seed.
    """
    size = min(DIRECTIONS + SPARE, *papers.shape)
    spread = papers @ np.random.default_rng(0).standard_normal((papers.shape[1], size))
    for _ in range(SWEEPS):
        basis, _ = np.linalg.qr(spread)
        spread = papers @ (papers.T @ basis)
    basis, _ = np.linalg.qr(spread)
    across = papers.T @ basis
    strength, turned = np.linalg.eigh(across.T @ across)
    strongest = np.argsort(-strength)[:DIRECTIONS]
    return _unit(basis @ turned[:, strongest] * np.sqrt(np.maximum(strength[strongest], 0)))


def _k_means(points: Reals, k: int) -> Labels:
    """Spherical k-means, the best of some starts with fixed seeds."""
    found = [_from_start(points, _start(points, k, np.random.default_rng(seed))) for seed in range(STARTS)]
    best: tuple[float, Labels] = max(found, key=lambda pair: pair[0])
    return best[1]


def _start(points: Reals, k: int, chance: np.random.Generator) -> Reals:
    """Centres far from each other: each next one by its squared distance to those before (k-means++)."""
    chosen = [int(chance.integers(len(points)))]
    far = np.full(len(points), np.inf)
    while len(chosen) < k:
        far = np.minimum(far, np.maximum(1 - points @ points[chosen[-1]], 0) ** 2)
        odds = far / far.sum() if far.sum() > 0 else None
        chosen.append(int(chance.choice(len(points), p=odds)))
    return points[chosen]


def _from_start(points: Reals, centres: Reals) -> tuple[float, Labels]:
    """How near the points are to their centres in the end, and the labels."""
    labels = np.full(len(points), ALONE, dtype=np.intp)
    for _ in range(ROUNDS):
        near = points @ centres.T
        before, labels = labels, near.argmax(axis=1)
        if np.array_equal(before, labels):
            break
        centres = _unit(_sums(points, labels, len(centres)))
    return float((points @ centres.T).max(axis=1).sum()), labels


def _silhouette(points: Reals, labels: Labels) -> float:
    """The mean silhouette (Rousseeuw 1987) with cosine distances: 1 clearly apart, 0 not at all."""
    number = int(labels.max()) + 1
    sizes = np.bincount(labels, minlength=number)
    rows = np.arange(len(points))
    near = points @ _sums(points, labels, number).T
    own = 1 - (near[rows, labels] - 1) / np.maximum(sizes[labels] - 1, 1)
    others = 1 - near / np.maximum(sizes, 1)
    others[:, sizes == 0] = np.inf
    others[rows, labels] = np.inf
    nearest = np.minimum(others.min(axis=1), 2)  # where there is no other group: as far as cosines go
    apart = (nearest - own) / np.maximum(np.maximum(nearest, own), 1e-12)
    return float(np.where(sizes[labels] > 1, apart, 0).mean())


def _without_strangers(papers: sparse.csr_matrix, labels: Labels) -> Labels:
    """The labels without those of papers that are far from their group, and without groups that are too small."""
    near = nearness(papers, labels)
    kept = labels.copy()
    for group in range(labels.max() + 1):
        rows = labels == group
        if rows.any():
            kept[rows & ((near <= 0) | (near < FAR * np.median(near[rows])))] = ALONE
        if (kept == group).sum() < LEAST:
            kept[kept == group] = ALONE
    return kept


def _by_size(labels: Labels) -> Labels:
    """The labels with the groups numbered from the largest; of equals the one that comes first."""
    groups, first, sizes = np.unique(labels[labels != ALONE], return_index=True, return_counts=True)
    order = np.lexsort((first, -sizes))
    numbers = {int(groups[place]): number for number, place in enumerate(order)}
    return np.array([numbers.get(int(label), ALONE) for label in labels], dtype=np.intp)


def _sums(points: Reals, labels: Labels, number: int) -> Reals:
    """Per group the sum of its points."""
    inside = (labels == np.arange(number)[:, None]).astype(np.float64)
    return np.asarray(inside @ points)


def _unit(points: Any) -> Reals:
    """Rows of length 1; what has no length stays zero."""
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    return np.asarray(points / np.where(lengths > 1e-12, lengths, 1))
