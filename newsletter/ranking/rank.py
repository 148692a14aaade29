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
from scipy import sparse

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
LIKE_FLOOR, WORDS_FLOOR = 0.04, 0.65  # no text is near below this, however far the rest is
DEVIATIONS = 2.5
WORDS = 0.35  # of what an interest's words say, beside its examples (docs/ranking.md)

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
    near = nearness(index, profiles)
    ranked = tuple(_best(index, one.interest, evidence(index, one, near[n])) for n, one in enumerate(profiles))
    return Scores(index, tuple(profiles), ranked)


def nearness(index: Index, profiles: Sequence[Profile]) -> Floats:
    """How near each paper's text is, shape (profiles, papers): 1 is clearly nearer than the day's papers are."""
    by_words = _product([one.words for one in profiles], index, index.frequencies)
    by_example = _product([one.examples for one in profiles], index, index.matrix)
    return np.array(
        [_near(one, words, examples) for one, words, examples in zip(profiles, by_words, by_example, strict=True)],
        dtype=np.float32,
    ).reshape(len(profiles), len(index))


def _product(wishes: Sequence[Mapping[str, float]], index: Index, papers: sparse.csr_matrix) -> Floats:
    if not wishes or not len(index):
        return np.zeros((len(wishes), len(index)), dtype=np.float32)
    return np.asarray((rows_of(wishes, index.columns) @ papers.T).todense(), dtype=np.float32)


def _near(profile: Profile, words: Floats, examples: Floats) -> Floats:
    asked = words / _clearly_near(words, WORDS_FLOOR)
    if not profile.liked:
        return asked + np.minimum(examples, 0)  # dislikes alone only take away
    return np.asarray(examples / _clearly_near(examples, LIKE_FLOOR) + WORDS * asked, dtype=np.float32)


def evidence(index: Index, profile: Profile, near: Floats) -> Evidence:
    """What speaks for each paper; `near` is its row of `nearness`."""
    interest = profile.interest
    return Evidence(
        text=_compressed(near),
        keywords=_keywords(index, list(profile.phrases.values())),
        authors=_authors(index, interest.authors),
        categories=_categories(index, interest),
        excluded=_any(index, list(profile.excluded.values())),
    )


def _compressed(text: Floats) -> Floats:
    """As it is up to 1 (clearly near), then 1 more for each doubling: no interest drowns another."""
    return np.asarray(np.where(text > 1, 1 + np.log2(np.maximum(text, 1)), np.maximum(text, 0)), dtype=np.float32)


def _clearly_near(near: Floats, floor: float) -> float:
    """What only the day's clearly nearer papers reach: median and some robust deviations, at least the floor.

    Robust, because some of the day's papers are what the interest looks for.
    """
    if near.size < 8:
        return floor
    median = float(np.median(near))
    deviation = 1.4826 * float(np.median(np.abs(near - median)))
    return max(median + DEVIATIONS * deviation, floor)


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
