"""How near papers are to words and examples, for many ways to look at them at once. No I/O.

All that is asked of a paper is linear in the wishes, so a look is put together from columns that are worked out once
for each wish (`columns.py`). Each part is in standard deviations over papers of the archive (docs/ranking.md has the
measurement).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias, TypeVar

import numpy as np

from newsletter.ranking.columns import Columns, Groups, Ints, Weights, Wish, joined
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

T = TypeVar("T")
Usual: TypeAlias = float | Floats
Wishes: TypeAlias = tuple[Wish, ...]


class Look(NamedTuple):
    """One way to look at papers: for an interest's words and one group of its examples."""

    words: Wishes
    meant: Wish | None
    """The words together in an embedding, where there is one."""
    near: Wishes
    far: Wishes
    """What is not liked."""
    company: Wishes
    """All examples of the interest: what else their authors wrote counts."""


class Part(NamedTuple):
    """One part of several looks."""

    values: Floats
    """A row for each different one, and a last one of zeros."""
    which: Ints
    """Per look its row."""
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
    """The papers of the sample, which tell what is usual, and after them those of the day."""

    def __init__(self, model: Model, day: Columns) -> None:
        self.model, self._sample, self._day = model, model.sample_columns, day
        self.number = len(model.sample.dense)

    def hold(self, wishes: Collection[Wish]) -> None:
        self._sample.hold(wishes)
        self._day.hold(wishes)

    def sums(self, table: str, groups: Groups) -> Floats:
        found = np.empty((len(groups.order), self.number + self._day.number), dtype=np.float32)
        found[groups.order, : self.number] = self._sample.sums(table, groups)
        found[groups.order, self.number :] = self._day.sums(table, groups)
        return found

    def has(self, table: str) -> bool:
        return self._day.has(table)

    def standard(self, values: Floats, mean: Usual, deviation: Usual, least: Usual) -> tuple[Floats, Floats]:
        """The values in standard deviations over the sample, and the deviations."""
        middle, spread = usual(values[:, : self.number], mean, deviation, least)
        return (values - middle) * (1 / spread).astype(np.float32), spread

    def typical(self) -> Floats:
        values = np.concatenate([self._sample.typical, self._day.typical])[None]
        return self.standard(values, 0.021, 0.0033, 0.002)[0]


def look_at(looks: Sequence[Look], model: Model, day: Columns) -> Sight:
    """Looks at all papers of the day."""
    both = _Both(model, day)
    both.hold(_wishes(looks))
    examples, terms = _like([look.near for look in looks], 1.0, both)
    parts, deviations = {"examples": examples, "words": _words(looks, both)}, {"examples": terms}
    if any(look.far for look in looks):
        parts["dislikes"], deviations["dislikes"] = _like([look.far for look in looks], DISLIKES, both)
    total = _total(parts.values(), slice(0, len(looks)))
    _, deviation = usual(total[:, : both.number], 0.0, 1.2, 0.6)
    scale = (1 / (CLEARLY * deviation)).astype(np.float32)
    near = total[:, both.number :] * scale
    if day.has("authors"):
        near += np.float32(WRITERS) * scale * _writers([look.company for look in looks], day)
    echo = scale[:, 0] * np.array([ECHO if look.near else WORDS_ECHO for look in looks], dtype=np.float32)
    return Sight(near, scale[:, 0], echo, parts, deviations, both.number)


def _wishes(looks: Sequence[Look]) -> set[Wish]:
    groups = [group for look in looks for group in (look.words, look.near, look.far, look.company)]
    return set().union(*groups, (look.meant for look in looks if look.meant))


def term_weights(looks: Sequence[Look], model: Model, day: Columns) -> list[Weights]:
    """Per look what each term of a paper's tf-idf vector counts."""
    if not looks:
        return []
    sight = look_at(looks, model, day)
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


def _distinct(groups: Sequence[T]) -> tuple[list[T], Ints]:
    """Each group once, and per group which it is: the one after the last for a group of nothing."""
    numbers: dict[T, int] = {}
    which = [numbers.setdefault(group, len(numbers)) if group else -1 for group in groups]
    return list(numbers), np.array(which, dtype=np.int64)


def _words(looks: Sequence[Look], both: _Both) -> Part:
    asked, which = _distinct([(look.words, look.meant) if look.words else None for look in looks])
    groups = [*(words for words, _ in filter(None, asked)), ()]
    potential = np.array([sum([wish.potential for wish in group]) for group in groups], dtype=np.float32)[:, None]
    potential = np.maximum(potential, np.float32(1e-3))
    # A paper that shares only common words with a long wish is not near, however rare that is: hence the least.
    values, _ = both.standard(both.sums("terms", Groups(groups)), 0.065 * potential, 0.1 * potential, 0.06 * potential)
    if both.has("meaning"):
        meant = Groups([*((one,) for _, one in filter(None, asked) if one), ()])
        values += MEANING * both.standard(both.sums("meaning", meant), 0.0, 0.07, 0.02)[0]
    values[-1] = 0
    weight = [WORDS * len(look.near) ** -FADING if look.near else 1.0 for look in looks]
    return Part(values, which, np.array(weight, dtype=np.float32)[:, None])


def _like(groups: Sequence[Wishes], weight: float, both: _Both) -> tuple[Part, Floats]:
    """Likeness to the mean of the papers of each group, and per group the deviation of its likeness in terms."""
    found, which = _distinct(groups)
    found.append(())
    number, together = np.array([max(len(group), 1) for group in found], dtype=np.float32)[:, None], Groups(found)
    values, deviation = both.standard(both.sums("terms", together) / number, 0.021, 0.009, 0.004)
    for table, counts in (("topics", TOPICS), ("meaning", MEANING)):
        if both.has(table):
            values += counts * both.standard(both.sums(table, together) / number, 0.0, 0.07, 0.02)[0]
    values += TYPICAL * both.typical()
    values[-1] = 0
    return Part(values, which, np.full((len(groups), 1), weight, dtype=np.float32)), deviation[which, 0]


def _writers(groups: Sequence[Wishes], day: Columns) -> Floats:
    """Per paper the logarithm of how many of the examples its authors wrote."""
    found, which = _distinct(groups)
    together = Groups([*found, ()])
    return np.asarray(np.log1p(day.sums("authors", together))[np.argsort(together.order)[which]])


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
    middle = share * values.mean(axis=1, keepdims=True) + (1 - share) * mean
    spread = (share * values.var(axis=1, keepdims=True) + (1 - share) * deviation**2) ** 0.5
    return middle, np.maximum(spread, least)
