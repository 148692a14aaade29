"""Papers scored for interests, many profiles in one matrix product. No I/O.

The evidence of a paper for an interest: how near its text is, which keywords it has, who wrote it, where it was
filed. Its sum decides whether the paper passes. The score is that sum with keywords counted less, times the
interest's weight, plus a little for what the community thinks.
Text counts in units of "clearly nearer than papers of the archive are", so that interests are comparable.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from newsletter.identity import title_key
from newsletter.models import Threshold
from newsletter.ranking.columns import Ints, product
from newsletter.ranking.index import IN_TEXT, IN_TITLE, NO_ROWS, Index
from newsletter.ranking.looks import Look, Looks, Sight, gathered, look_at
from newsletter.ranking.meaning import Floats
from newsletter.ranking.profile import Profile

BEST = 100
PASSES: Mapping[Threshold, float] = {"loose": 0.7, "normal": 1.0, "strict": 1.6}
STRONG = PASSES["strict"]  # what a paper needs to be carried over from an earlier day
AUTHOR = 2.0
CATEGORY = 0.3
COMMUNITY = 0.15
KEYWORDS = 0.1  # of a keyword's worth, in the order of those that pass: text tells more (docs/ranking.md)
NEAREST = 6  # papers of the day that are looked at once more, for others like them
BLOCK = 256  # looks that are put together at once
TOGETHER = 256  # profiles that are scored at once

Mask = npt.NDArray[np.bool_]
Reals = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Per profile and row of the index each part of the score, shape (profiles, papers) each."""

    text: Floats
    keywords: Floats
    authors: Floats
    categories: Floats
    excluded: tuple[Ints, ...]
    """Per profile the rows that must not come."""

    @property
    def total(self) -> Floats:
        """What decides whether a paper passes."""
        return self.text + self.keywords + self.authors + self.categories

    @property
    def order(self) -> Floats:
        """What decides which of those that pass comes first."""
        return self.text + np.float32(KEYWORDS) * self.keywords + self.authors + self.categories


class Best(NamedTuple):
    """The papers that pass an interest's threshold, interest by interest, the best first: arrays of the same length."""

    profiles: Ints
    """The number of the interest's profile."""
    rows: Ints
    scores: Floats
    strong: Mask
    """Which of them are good enough to be carried over from an earlier day."""

    def at(self, places: Ints | Mask | slice) -> Best:
        """Those at some places."""
        return Best(self.profiles[places], self.rows[places], self.scores[places], self.strong[places])


@dataclass(frozen=True, slots=True)
class Scores:
    """What `rank` found, in the order of the profiles."""

    index: Index
    profiles: tuple[Profile, ...]
    best: Best
    hidden: tuple[Ints, ...]
    """Per profile the rows that would have come but for what the interest excludes."""
    shares: Floats
    """What a paper has of what an interest needs, shape (profiles, papers); 0 where it must not come."""
    near: Floats
    """How near each paper's text is, shape (profiles, papers)."""

    @property
    def ranked(self) -> list[Best]:
        """The best of each profile."""
        ends = np.searchsorted(self.best.profiles, np.arange(len(self.profiles) + 1)).tolist()
        return [self.best.at(slice(start, end)) for start, end in pairwise(ends)]


def rank(index: Index, profiles: Sequence[Profile]) -> Scores:
    """Scores every paper of the index for every profile.

    A profile's scores do not depend on which others are in the batch, to the last bit.
    """
    near = nearness(index, profiles)
    starts = range(0, max(len(profiles), 1), TOGETHER)
    blocks = [_scored(index, profiles, near, slice(start, start + TOGETHER)) for start in starts]
    best, hidden, shares = zip(*blocks, strict=True)
    columns: Iterable[Any] = zip(*best, strict=True)
    joined = Best(*map(np.concatenate, columns))
    return Scores(index, tuple(profiles), joined, tuple(chain(*hidden)), np.concatenate(shares), near)


# -- how near


def nearness(index: Index, profiles: Sequence[Profile]) -> Floats:
    """How near each paper's text is, shape (profiles, papers): 1 is what few papers of the archive reach."""
    found = np.full((len(profiles), len(index)), -np.inf, dtype=np.float32)
    owners = np.repeat(np.arange(len(profiles)), np.array([len(one.looks) for one in profiles], dtype=np.int64))
    for start, looks in _blocks(index, [look for one in profiles for look in one.looks]):
        near, echo = _looked(index, looks)
        if index.features.dense.shape[1]:
            near += echo.all(index.features.dense)
        of = owners[start : start + len(near)]
        first = np.flatnonzero(standing(of) == 0)
        found[of[first]] = np.maximum(found[of[first]], np.maximum.reduceat(near, first))
    found[np.isneginf(found)] = 0
    return np.round(found, 5)


def nearness_at(index: Index, ways: Sequence[tuple[Look, ...]], of: Sequence[int], rows: Sequence[int]) -> Floats:
    """How near single papers' texts are: `of` and `rows` are pairs of a way to look, as a profile has, and a row."""
    way, sizes = np.array(of, dtype=np.int64), np.array([len(one) for one in ways], dtype=np.int64)
    places = np.repeat(np.arange(len(way)), sizes[way])  # a place for each look of each way
    nth = np.arange(len(places)) - np.repeat(np.cumsum(sizes[way]) - sizes[way], sizes[way])
    looks = (np.cumsum(sizes) - sizes)[way[places]] + nth
    order = np.argsort(looks, kind="stable")
    looks, places = looks[order], places[order]
    at = np.array(rows, dtype=np.int64)[places]
    found = np.full(len(way), -np.inf, dtype=np.float32)
    for first, some in _blocks(index, [look for one in ways for look in one]):
        here = slice(*np.searchsorted(looks, (first, first + BLOCK)))
        np.maximum.at(found, places[here], seen_at(index, some, looks[here] - first, at[here]))
    found[np.isneginf(found)] = 0
    return found


def seen_at(index: Index, looks: Looks, which: Ints, rows: Ints) -> Floats:
    """What looks say of single papers, for pairs of a look and a row; 0 of those with nothing to look for."""
    near, echo = _looked(index, looks)
    found = near[which, rows] + echo.at(index.features.dense, which, rows)
    found[looks.nothing[which]] = 0
    return np.asarray(np.round(found, 5))


@dataclass(frozen=True, slots=True)
class Echo:
    """What papers have in common with the nearest of the day, where some are clearly near.

    Feedback from the papers that were found first (pseudo-relevance feedback, Rocchio 1971), in the space of topics.
    """

    wishes: Floats
    """Per look, shape (looks, topics)."""
    usual: Floats
    """What a wish says of a usual paper."""
    scale: Floats

    def all(self, dense: Floats) -> Floats:
        """Per look and paper, shape (looks, papers)."""
        return np.asarray(self.scale[:, None] * (product(self.wishes, dense.T) - self.usual[:, None]))

    def at(self, dense: Floats, looks: Ints, rows: Ints) -> Floats:
        """For pairs of a look and a row."""
        likeness = np.einsum("nd,nd->n", self.wishes[looks], dense[rows])
        return np.asarray(self.scale[looks] * (likeness - self.usual[looks]))


def _blocks(index: Index, looks: Sequence[Look]) -> Iterator[tuple[int, Looks]]:
    """Looks that are taken together, with the number of the first; none where there is nothing to look at."""
    for start in range(0, len(looks) if len(index) else 0, BLOCK):
        yield start, gathered(looks[start : start + BLOCK])


def _looked(index: Index, looks: Looks) -> tuple[Floats, Echo]:
    """What looks say of each paper by itself, and the echo, still to be added."""
    sight = look_at(looks, index.model, index.columns)
    return sight.near, _echo(index, sight)


def _echo(index: Index, sight: Sight) -> Echo:
    wishes = np.asarray(_common(index.features.dense, sight.near) * sight.echo[:, None], dtype=np.float32)
    mean, spread = index.model.usual_dense
    found = product(wishes, np.column_stack([spread, mean]))
    deviations = np.sqrt(np.maximum(np.einsum("nd,nd->n", found[:, :-1], wishes), 1e-12))
    scale = sight.echo / np.where(deviations > 1e-5, deviations, np.inf)
    return Echo(wishes, found[:, -1], np.asarray(scale, dtype=np.float32))


def _common(dense: Floats, near: Floats) -> Floats:
    """Per look the mean of the nearest papers, of those that are clearly near."""
    if not dense.shape[1]:
        return np.zeros((len(near), 0), dtype=np.float32)
    top = np.argpartition(-near, NEAREST, axis=1)[:, :NEAREST] if near.shape[1] > NEAREST else _every(near)
    top = np.sort(top, axis=1)
    clear = (np.take_along_axis(near, top, axis=1) >= 1).astype(np.float32)
    number = np.maximum(clear.sum(axis=1, keepdims=True), 1)
    return np.asarray((dense[top] * clear[:, :, None]).sum(axis=1) / number)


def _every(near: Floats) -> Ints:
    return np.tile(np.arange(near.shape[1]), (len(near), 1))


# -- what else speaks for a paper


def evidence(index: Index, profiles: Sequence[Profile], near: Floats) -> Evidence:
    """What speaks for each paper; `near` is of `nearness`."""
    return Evidence(
        text=compressed(near),
        keywords=_keywords(index, profiles),
        authors=_authors(index, profiles),
        categories=_categories(index, profiles),
        excluded=tuple(found_any(index, one.excluded.values()) for one in profiles),
    )


def compressed(near: Floats) -> Floats:
    """As it is up to 1 (clearly near), then 1 more for each doubling: no interest drowns another."""
    found = np.maximum(near, 0)
    far = found > 1
    found[far] = 1 + np.log2(found[far])
    return found


def _keywords(index: Index, profiles: Sequence[Profile]) -> Floats:
    phrases = [*chain.from_iterable(one.phrases.values() for one in profiles)]
    numbers = {phrase: number for number, phrase in enumerate(dict.fromkeys(phrases))}
    ends = np.cumsum([0, *(len(one.phrases) for one in profiles)], dtype=np.int32)
    ones, places = np.ones(len(phrases), dtype=np.int64), np.array([*map(numbers.__getitem__, phrases)], dtype=np.int32)
    asked = sparse.csr_matrix((ones, places, ends), shape=(len(profiles), len(numbers)))
    held = index.held([*numbers])
    return worth_of(asked @ (held == 2), asked @ (held == 1)).astype(np.float32)


@lru_cache
def together(worth: tuple[float, ...]) -> float:
    """The best keyword counts whole, the second best and third a third each."""
    best = sorted(worth, reverse=True)
    return best[0] + sum(best[1:3]) / 3 if best else 0.0


COUNTED = 3  # keywords of a paper
_WORTH = np.array(
    [[together((IN_TITLE,) * n + (IN_TEXT,) * m) for m in range(COUNTED + 1)] for n in range(COUNTED + 1)]
)


def worth_of(titles: Ints, texts: Ints) -> Reals:
    """What keywords are worth, by how many of them stand in the title and how many elsewhere."""
    return np.asarray(_WORTH[np.minimum(titles, COUNTED), np.minimum(texts, COUNTED)])


def _authors(index: Index, profiles: Sequence[Profile]) -> Floats:
    worth = np.zeros((len(profiles), len(index)), dtype=np.float32)
    for n, name in ((n, name) for n, one in enumerate(profiles) for name in one.interest.authors):
        surname = title_key(name).split()[-1:]
        for row in index.surnames.get(surname[0], NO_ROWS).tolist() if surname else ():
            if writes(name, index.authors[row]):
                worth[n, row] = AUTHOR
    return worth


def writes(name: str, authors: frozenset[str]) -> bool:
    """Whether a person is among the authors; initials stand for first names on either side."""
    wanted = title_key(name)
    return wanted in authors or any(_same_person(wanted.split(), author.split()) for author in authors)


def _same_person(a: list[str], b: list[str]) -> bool:
    if len(a) < 2 or len(b) < 2 or a[-1] != b[-1]:
        return False
    return a[0][0] == b[0][0] and (len(a[0]) == 1 or len(b[0]) == 1)


def _categories(index: Index, profiles: Sequence[Profile]) -> Floats:
    """A category says little beside other wishes, and is enough where it is the only one."""
    worth = np.zeros((len(profiles), len(index)), dtype=np.float32)
    for n, category in ((n, name) for n, one in enumerate(profiles) for name in one.interest.categories):
        interest = profiles[n].interest
        only = not (interest.keywords or interest.authors or interest.like or interest.about)
        worth[n, index.filed_under.get(category.lower(), NO_ROWS)] = STRONG if only else CATEGORY
    return worth


def found_any(index: Index, phrases: Iterable[str]) -> Ints:
    """The rows where any of the phrases stands, in order."""
    rows = [index.find(phrase).rows for phrase in phrases]
    return np.unique(np.concatenate(rows)) if rows else NO_ROWS


# -- the best


def _scored(
    index: Index, profiles: Sequence[Profile], near: Floats, some: slice
) -> tuple[Best, Sequence[Ints], Floats]:
    """For some of the profiles the best, what is hidden, and the shares."""
    profiles = profiles[some]
    found = evidence(index, profiles, near[some])
    total = found.total
    needed, weight = _per_profile([(PASSES[one.interest.threshold], one.interest.weight) for one in profiles])
    passing = total >= needed
    shares = total / needed
    hidden = [NO_ROWS] * len(profiles)
    for n, excluded in enumerate(found.excluded):
        if len(excluded):
            hidden[n] = excluded[passing[n, excluded]]
            passing[n, excluded], shares[n, excluded] = False, 0
    scores = found.order * weight + np.float32(COMMUNITY) * index.percentiles
    # Ties go to the earlier row: candidates are in a fixed order, so the same digest always ranks alike.
    places = np.where(passing, (falling(scores) << 31) + np.arange(len(index)), np.iinfo(np.int64).max)
    places = np.sort(places, axis=1)[:, :BEST]
    owners, nth = np.nonzero(np.arange(places.shape[1]) < passing.sum(axis=1)[:, None])
    rows = places[owners, nth] & (2**31 - 1)
    best = Best(some.start + owners, rows, scores[owners, rows], total[owners, rows] >= STRONG)
    return best, hidden, shares


def falling(values: Floats) -> Ints:
    """Whole numbers of 32 bits that are in the order of the values, the greatest first: sorted much sooner with others.

    A float's bits are in the order of its size (IEEE 754); below 0 they are turned round.
    """
    bits = (0 - values).view(np.int32)
    return np.asarray(bits ^ (bits >> 31 & 0x7FFFFFFF), dtype=np.int64)


def standing(owners: Ints) -> Ints:
    """For each of some things that are in order of their owners: how many of the same owner stand before it."""
    numbers = np.bincount(owners)
    return np.arange(len(owners)) - np.repeat(np.cumsum(numbers) - numbers, numbers)


def greatest(keys: Ints, values: Floats | Reals) -> Ints:
    """Per key the place of its greatest value, of equals the first; in the order of the keys."""
    size = int(keys.max(initial=-1)) + 1
    most, places = np.full(size, -np.inf), np.full(size, -1)
    np.maximum.at(most, keys, values)
    among = np.flatnonzero(values == most[keys])[::-1]
    places[keys[among]] = among
    return places[places >= 0]


def _per_profile(values: Sequence[tuple[float, float]]) -> Floats:
    """Columns that stand beside a row for each profile."""
    return np.array(values, dtype=np.float32).reshape(-1, 2).T[:, :, None]
