"""Papers scored for interests, many profiles in one matrix product. No I/O.

The evidence of a paper for an interest: how near its text is, which keywords it has, who wrote it, where it was
filed. Its sum decides whether the paper passes. The score is that sum with keywords counted less, times the
interest's weight, plus a little for what the community thinks.
Text counts in units of "clearly nearer than the day's papers are", so that interests are comparable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from newsletter.identity import title_key
from newsletter.models import Interest, Threshold
from newsletter.ranking.index import Floats, Index, rows_of
from newsletter.ranking.profile import Profile

BEST = 100
PASSES: Mapping[Threshold, float] = {"loose": 0.7, "normal": 1.0, "strict": 1.6}
STRONG = PASSES["strict"]  # what a paper needs to be carried over from an earlier day
AUTHOR = 2.0
CATEGORY = 0.3
COMMUNITY = 0.15
KEYWORDS = 0.3  # of a keyword's worth, in the order of those that pass: text tells more (docs/ranking.md)
FLOOR = 0.04  # no text is near whose cosine is below this, however far the rest is

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Per row of the index, each part of the score of one interest. Shape (papers,) each."""

    text: Floats
    keywords: Floats
    authors: Floats
    categories: Floats
    excluded: npt.NDArray[np.bool_]

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
    near = similarities(index, profiles)
    ranked = tuple(_best(index, one.interest, evidence(index, one, near[n])) for n, one in enumerate(profiles))
    return Scores(index, tuple(profiles), ranked)


def similarities(index: Index, profiles: Sequence[Profile]) -> Floats:
    """Cosines, shape (profiles, papers)."""
    if not profiles or not len(index):
        return np.zeros((len(profiles), len(index)), dtype=np.float32)
    product = rows_of([one.vector for one in profiles], index.columns) @ index.matrix.T
    return np.asarray(product.todense(), dtype=np.float32)


def evidence(index: Index, profile: Profile, near: Floats) -> Evidence:
    """What speaks for each paper; `near` are its cosines with the profile."""
    interest = profile.interest
    return Evidence(
        text=_compressed(near / _clearly_near(near)),
        keywords=_keywords(index, list(profile.phrases.values())),
        authors=_authors(index, interest.authors),
        categories=_categories(index, interest),
        excluded=_any(index, list(profile.excluded.values())),
    )


def _compressed(text: Floats) -> Floats:
    """As it is up to 1 (clearly near), then 1 more for each doubling: no interest drowns another."""
    return np.asarray(np.where(text > 1, 1 + np.log2(np.maximum(text, 1)), np.maximum(text, 0)), dtype=np.float32)


def _clearly_near(near: Floats) -> float:
    """The cosine that only the day's clearly nearer papers reach: median and three robust deviations.

    Robust, because some of the day's papers are what the interest looks for.
    """
    if near.size < 8:
        return FLOOR * 1.5
    median = float(np.median(near))
    deviation = 1.4826 * float(np.median(np.abs(near - median)))
    return max(median + 3 * deviation, FLOOR)


def _keywords(index: Index, phrases: Sequence[str]) -> Floats:
    """The best keyword counts whole, the second best and third a third each."""
    if not phrases:
        return np.zeros(len(index), dtype=np.float32)
    found = np.sort(np.stack([index.find(phrase) for phrase in phrases]), axis=0)[::-1]
    return np.asarray(found[0] + found[1:3].sum(axis=0) / 3, dtype=np.float32)


def _authors(index: Index, names: Sequence[str]) -> Floats:
    if not names:
        return np.zeros(len(index), dtype=np.float32)
    return np.array(
        [AUTHOR if any(writes(name, authors) for name in names) else 0.0 for authors in index.authors],
        dtype=np.float32,
    )


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
    wanted = {category.lower() for category in interest.categories}
    only = wanted and not (interest.keywords or interest.authors or interest.like or interest.about)
    worth = PASSES["strict"] if only else CATEGORY
    filed = ({category.lower() for category in c.paper.categories} & wanted for c in index.candidates)
    return np.array([worth if found else 0.0 for found in filed], dtype=np.float32)


def _any(index: Index, phrases: Sequence[str]) -> npt.NDArray[np.bool_]:
    found = np.zeros(len(index), dtype=bool)
    for phrase in phrases:
        found |= index.find(phrase) > 0
    return found


def _best(index: Index, interest: Interest, found: Evidence) -> Ranked:
    total = found.total
    passing = np.flatnonzero((total >= PASSES[interest.threshold]) & ~found.excluded)
    scores = found.order[passing] * np.float32(interest.weight) + np.float32(COMMUNITY) * index.percentiles[passing]
    # Ties go to the earlier row: candidates are in a fixed order, so the same digest always ranks alike.
    order = np.argsort(-scores, kind="stable")[:BEST]
    rows = passing[order]
    return Ranked(rows, scores[order], total[rows] >= STRONG)
