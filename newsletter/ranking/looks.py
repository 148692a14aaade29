"""How near papers are to words and examples, for many ways to look at them at once. No I/O.

All that is asked of a paper is linear in the wishes, so a look is put together from columns that are worked out once
for each wish (`columns.py`). Each part is in standard deviations over papers of the archive (docs/ranking.md has the
measurement).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse

from newsletter.ranking.columns import Columns, Ints, Weights, Wish, joined
from newsletter.ranking.meaning import Floats
from newsletter.ranking.model import Model

TERMS, TOPICS, TYPICAL = 1.0, 0.7, -0.2  # of an example: its terms, its topics; less what every paper talks like
MEANING = 0.5  # of an example, or of the words, in an embedding, where there is one
WORDS, FADING = 1.3, 0.6  # of the words beside one example, and how that fades with more: number ** -FADING
DISLIKES = -0.4
WRITERS = 1.5  # per example of the same authors, by its logarithm
ECHO, WORDS_ECHO = 0.7, 1.5  # of being like the day's nearest papers: more where there are only words to go by
CLEARLY = 2.5  # standard deviations that are clearly near
FAR_OUT = 8  # usual deviations
FEW = 50  # papers that the usual figures count for, while an archive is young

Usual: TypeAlias = float | Floats
Wishes: TypeAlias = tuple[Wish, ...]


class Look(NamedTuple):
    """One way to look at papers: for an interest's words and one group of its examples."""

    words: Wishes
    meant: Wishes
    """The words together in an embedding, where there is one."""
    near: Wishes
    far: Wishes
    """What is not liked."""
    company: Wishes
    """All examples of the interest: what else their authors wrote counts."""


class Groups(NamedTuple):
    """Groups of the wishes of some looks."""

    held: sparse.csr_matrix
    """Which wishes each group has, shape (groups, wishes): 1 for each, added up in their order."""
    which: Ints
    """Per look its group."""

    def sums(self, rows: Floats) -> Floats:
        """What each group says, where `rows` is what each wish says."""
        return np.asarray(self.held @ rows)

    @property
    def sizes(self) -> Floats:
        """Per group how many wishes it has."""
        return self.sums(np.ones(self.held.shape[1], dtype=np.float32))

    @property
    def distinct(self) -> Groups:
        """The same without those that no look has; those without wishes are one."""
        empty = self.sizes == 0
        same = np.where(empty, empty.argmax(), np.arange(len(empty)))
        used, which = np.unique(same[self.which], return_inverse=True)
        return Groups(self.held[used], which)


class Looks(NamedTuple):
    """Ways to look at papers, ready to be taken together."""

    wishes: Sequence[Wish]
    words: Groups
    meant: Groups
    near: Groups
    far: Groups
    company: Groups

    @property
    def nothing(self) -> npt.NDArray[np.bool_]:
        """Which of them have neither words nor examples."""
        words, near = (groups.sizes[groups.which] for groups in (self.words, self.near))
        return np.asarray(words + near == 0)


class Part(NamedTuple):
    """One part of several looks."""

    values: Floats
    """A row for each group."""
    which: Ints
    """Per look its group."""
    weight: Floats
    """Per look, shape (looks, 1)."""

    def of(self, looks: slice) -> Floats:
        return np.asarray(self.values[self.which[looks]] * self.weight[looks])


@dataclass(frozen=True, slots=True)
class Sight:
    """What looks say of each paper by itself, in units of *clearly near*: 1 is what few papers of the archive reach."""

    near: Floats
    """Shape (looks, papers)."""
    scale: Floats
    """Per look, what turns a part into these units."""
    echo: Floats
    """Per look, what a standard deviation of likeness to the day's nearest papers counts."""
    parts: Mapping[str, Part]
    """`words`, `examples`, `dislikes`, before they are scaled, for the papers of the sample and then of the day."""
    deviations: Mapping[str, Floats]
    """Per look, of likeness in terms to `examples` and `dislikes`."""
    sample: int
    """How many papers of the sample come first in the parts."""

    def told(self, look: int, row: int) -> dict[str, float]:
        """What each part of a look says of a paper; the rest of what it says by itself is for the authors."""
        one = slice(look, look + 1)
        return {name: float(part.of(one)[0, self.sample + row] * self.scale[look]) for name, part in self.parts.items()}


class _Both:
    """The papers of the sample, which tell what is usual, and after them those of the day, as wishes see them."""

    def __init__(self, wishes: Sequence[Wish], model: Model, day: Columns) -> None:
        self._sample, self._day = model.sample_columns, day
        self.number = self._sample.number
        self._rows = [(columns, columns.hold(wishes)) for columns in (self._sample, day)]

    def sums(self, table: str, groups: Groups) -> Floats:
        """What each group says of each paper."""
        return np.hstack([columns.sums(table, groups.held, rows) for columns, rows in self._rows])

    def written(self, groups: Groups) -> Floats:
        """How many of each group's papers the authors of each paper of the day wrote."""
        day, rows = self._rows[-1]
        return day.sums("authors", groups.held, rows)

    def has(self, table: str) -> bool:
        return self._day.has(table)

    def standard(self, values: Floats, mean: Usual, deviation: Usual, least: Usual) -> tuple[Floats, Floats]:
        """The values in standard deviations over the sample (they are changed in place), and the deviations."""
        middle, spread = usual(values[:, : self.number], mean, deviation, least)
        values -= middle
        values *= 1 / spread
        return values, spread

    def typical(self) -> Floats:
        values = np.concatenate([self._sample.typical, self._day.typical])[None]
        return self.standard(values, 0.021, 0.0033, 0.002)[0]


def gathered(looks: Sequence[Look]) -> Looks:
    """Looks made ready."""
    kinds = [[look[kind] for look in looks] for kind in range(len(Look._fields))]
    asked = [[*chain.from_iterable(groups)] for groups in kinds]
    numbers = {wish: number for number, wish in enumerate(dict.fromkeys(chain.from_iterable(asked)))}
    places = [[*map(numbers.__getitem__, wishes)] for wishes in asked]
    made = (grouped(one, [*map(len, groups)], len(numbers)) for one, groups in zip(places, kinds, strict=True))
    return Looks(list(numbers), *made)


def grouped(places: Sequence[int], sizes: Sequence[int], wishes: int) -> Groups:
    """Groups of so many wishes, a group a look."""
    ends = np.cumsum([0, *sizes], dtype=np.int32)
    ones = np.ones(len(places), dtype=np.float32)
    return Groups(
        sparse.csr_matrix((ones, np.array(places, dtype=np.int32), ends), shape=(len(sizes), wishes)),
        np.arange(len(sizes)),
    )


def look_at(looks: Looks, model: Model, day: Columns) -> Sight:
    """Looks at all papers of the day."""
    both = _Both(looks.wishes, model, day)
    looks = looks._replace(near=looks.near.distinct)
    examples, terms = _like(looks.near, 1.0, both)
    parts, deviations = {"examples": examples, "words": _words(looks, both)}, {"examples": terms}
    if looks.far.held.nnz:
        parts["dislikes"], deviations["dislikes"] = _like(looks.far, DISLIKES, both)
    total = _total(parts.values(), slice(None))
    _, deviation = usual(total[:, : both.number], 0.0, 1.2, 0.6)
    scale = (1 / (CLEARLY * deviation)).astype(np.float32)
    near = total[:, both.number :] * scale
    if day.has("authors"):
        near += np.float32(WRITERS) * scale * _writers(looks, both)
    echo = scale[:, 0] * np.where(looks.near.sizes > 0, ECHO, WORDS_ECHO)[looks.near.which].astype(np.float32)
    return Sight(near, scale[:, 0], echo, parts, deviations, both.number)


def term_weights(looks: Sequence[Look], model: Model, day: Columns) -> list[Weights]:
    """Per look what each term of a paper's tf-idf vector counts."""
    if not looks:
        return []
    sight = look_at(gathered(looks), model, day)
    found = []
    for n, look in enumerate(looks):
        groups = (look.near, 1.0, "examples"), (look.far, DISLIKES, "dislikes")
        several = [
            (
                wish.vectors[0],
                wish.vectors[1] * np.float32(weight * TERMS * sight.scale[n] / sight.deviations[part][n] / len(group)),
            )
            for group, weight, part in groups
            for wish in group
        ]
        found.append(joined(several))
    return found


def _total(parts: Iterable[Part], looks: slice) -> Floats:
    first, *others = (part.of(looks) for part in parts)
    for other in others:
        first += other
    return first


def _words(looks: Looks, both: _Both) -> Part:
    potential = looks.words.sums(np.array([wish.potential for wish in looks.wishes]))[:, None].astype(np.float32)
    silent = potential[:, 0] == 0
    potential = np.maximum(potential, np.float32(1e-3))
    # A paper that shares only common words with a long wish is not near, however rare that is: hence the least.
    usual = 0.065 * potential, 0.1 * potential, 0.06 * potential
    values, _ = both.standard(both.sums("terms", looks.words), *usual)
    if both.has("meaning"):
        values += MEANING * both.standard(both.sums("meaning", looks.meant), 0.0, 0.07, 0.02)[0]
    values[silent] = 0
    number = looks.near.sizes[looks.near.which].astype(np.int64)
    weight = [1.0, *(WORDS * n**-FADING for n in range(1, max(number, default=0) + 1))]
    return Part(values, looks.words.which, np.array(weight, dtype=np.float32)[number, None])


def _like(groups: Groups, weight: float, both: _Both) -> tuple[Part, Floats]:
    """Likeness to the mean of the papers of each group, and per look the deviation of its likeness in terms."""
    sizes = groups.sizes[:, None]
    number = np.array(np.maximum(sizes, 1), dtype=np.float32)
    values, deviation = both.standard(both.sums("terms", groups) / number, 0.021, 0.009, 0.004)
    for table, counts in (("topics", TOPICS), ("meaning", MEANING)):
        if both.has(table):
            values += counts * both.standard(both.sums(table, groups) / number, 0.0, 0.07, 0.02)[0]
    values += TYPICAL * both.typical()
    values[sizes[:, 0] == 0] = 0
    which = groups.which
    return Part(values, which, np.full((len(which), 1), weight, dtype=np.float32)), deviation[which, 0]


def _writers(looks: Looks, both: _Both) -> Floats:
    """Per paper the logarithm of how many of the examples its authors wrote."""
    return np.asarray(np.log1p(both.written(looks.company))[looks.company.which])


def usual(values: Floats, mean: Usual, deviation: Usual, least: Usual) -> tuple[Floats, Floats]:
    """Means and standard deviations over the sample, shape (rows, 1); few papers lean on what is usual elsewhere.

    No paper counts as far out: an example that is in the sample is as near to itself as can be.
    """
    number = values.shape[1]
    if not number:
        nothing = np.zeros((len(values), 1), dtype=np.float32)
        return nothing + mean, nothing + np.maximum(deviation, least)
    share = number / (number + FEW)
    values = np.minimum(values, mean + FAR_OUT * deviation)
    own = values.mean(axis=1, keepdims=True)
    middle = share * own + (1 - share) * mean
    variance = np.square(values - own).mean(axis=1, keepdims=True)
    spread = (share * variance + (1 - share) * deviation**2) ** 0.5
    return middle, np.maximum(spread, least)
