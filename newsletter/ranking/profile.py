"""An interest compiled once: how near a paper is to it, as a linear function of the paper's features. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from newsletter.identity import title_key
from newsletter.models import Interest, Paper
from newsletter.ranking.clusters import ALONE, clusters, shared
from newsletter.ranking.meaning import Floats
from newsletter.ranking.model import Features, Ints, Model, features
from newsletter.ranking.terms import wish_terms, words

# What speaks for a paper, each in standard deviations over papers of the archive (docs/ranking.md has the measurement).
TERMS, TOPICS, TYPICAL = 1.0, 0.7, -0.2  # of an example: its terms, its topics; less what every paper talks like
MEANING = 0.5  # of an example, or of the words, in an embedding, where there is one
WORDS, FADING = 1.3, 0.6  # of the words beside one example, and how that fades with more: number ** -FADING
DISLIKES = -0.4
WRITERS = 1.5  # per example of the same authors, by its logarithm
ECHO, WORDS_ECHO = 0.7, 1.5  # of being like the day's nearest papers: more where there are only words to go by

NAME, PAIR = 0.5, 0.5  # of a name among an interest's words; of a pair beside the words that it is made of
CLEARLY = 2.5  # standard deviations that are clearly near
MANY = 20  # examples, from which they may be of several subjects

Weights: TypeAlias = tuple[Ints, Floats]
"""Columns in order, and the weight of each."""
NOTHING: Weights = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32))


@dataclass(frozen=True, slots=True)
class Linear:
    """A sum over a paper's features."""

    dense: Floats
    """Weights of its topics, shape (topics,)."""
    vectors: Weights = NOTHING
    """Weights of its tf-idf vector."""
    frequencies: Weights = NOTHING
    """Weights of its saturated frequencies."""
    typical: float = 0.0
    """Weight of how typical it is."""
    constant: float = 0.0

    def __add__(self, other: Linear) -> Linear:
        return Linear(
            self.dense + other.dense,
            _joined(self.vectors, other.vectors),
            _joined(self.frequencies, other.frequencies),
            self.typical + other.typical,
            self.constant + other.constant,
        )

    def __mul__(self, by: float) -> Linear:
        scale = np.float32(by)
        vectors, frequencies = ((columns, values * scale) for columns, values in (self.vectors, self.frequencies))
        return Linear(self.dense * scale, vectors, frequencies, self.typical * by, self.constant * by)


def _joined(a: Weights, b: Weights) -> Weights:
    if not len(a[0]) or not len(b[0]):
        return a if len(a[0]) else b
    columns, places = np.unique(np.concatenate([a[0], b[0]]), return_inverse=True)
    return columns, np.bincount(places, np.concatenate([a[1], b[1]])).astype(np.float32)


def of_columns(rows: Any, weights: Weights) -> Floats:
    """Sparse rows times a sparse vector, one value a row."""
    wish = np.zeros(rows.shape[1], dtype=np.float32)
    wish[weights[0]] = weights[1]
    return np.asarray(rows @ wish, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Look:
    """One way to look at papers: for an interest's words and one group of its examples.

    Values are in units of *clearly near*: 1 is what few papers of the archive reach.
    """

    parts: Mapping[str, Linear]
    """`words`, `examples`, `dislikes`."""
    sum: Linear
    echo: float
    """What a standard deviation of likeness to the day's nearest papers counts."""
    writers: float
    """What the logarithm of the number of examples by the same authors counts."""


@dataclass(frozen=True, slots=True)
class Examples:
    """The papers that an interest likes and that are known."""

    ids: tuple[str, ...]
    features: Features
    """A row each."""
    authors: tuple[tuple[str, ...], ...]
    """Of each, as names are compared."""

    @property
    def writers(self) -> Mapping[str, int]:
        return Counter(name for names in self.authors for name in names)

    def only(self, ids: Collection[str]) -> Examples:
        kept = [row for row, id_ in enumerate(self.ids) if id_ in ids]
        if len(kept) == len(self.ids):
            return self
        ids, authors = tuple(self.ids[row] for row in kept), tuple(self.authors[row] for row in kept)
        made = self.features
        return Examples(ids, Features(made.vectors[kept], made.frequencies[kept], made.dense[kept]), authors)


@dataclass(frozen=True, slots=True)
class Profile:
    """What an interest looks for."""

    interest: Interest
    model: Model
    looks: tuple[Look, ...]
    """A paper is as near as the best of them says; none where nothing is looked for in the text."""
    asked: Mapping[str, Weights]
    """Per wish in words, as written, the weights of its terms."""
    examples: Examples
    far: Features
    """The papers that are not liked."""
    phrases: Mapping[str, str]
    """Per keyword as written, the words to look for, stemmed and joined by spaces."""
    excluded: Mapping[str, str]
    """The same for what must not come."""
    _without: dict[str, Profile] = field(default_factory=dict, repr=False, compare=False)

    @property
    def writers(self) -> Mapping[str, int]:
        """Per author of the examples, how many of them they wrote."""
        return self.examples.writers

    def without(self, wish: str) -> Profile:
        """As it would be without a keyword, or without an example (by its id)."""
        if wish not in self._without:
            interest = self.interest
            keywords = tuple(keyword for keyword in interest.keywords if keyword != wish)
            like = tuple(id_ for id_ in interest.like if id_ != wish)
            self._without[wish] = self._of(replace(interest, keywords=keywords, like=like))
        return self._without[wish]

    def less(self, term: str) -> Profile:
        """As it would be if the name and the free text did not have the words of a term."""
        key = f"less {term}"
        if key not in self._without:
            parts = set(term.split(" "))
            name, about = (_less(text, parts) for text in (self.interest.name, self.interest.about))
            self._without[key] = self._of(replace(self.interest, name=name, about=about))
        return self._without[key]

    def _of(self, interest: Interest) -> Profile:
        asked, kept = _asked(interest, self.model), self.examples.only(interest.like)
        looks = _looks(asked, kept, self.far, self.model)
        return replace(
            self,
            interest=interest,
            looks=looks,
            asked=asked,
            examples=kept,
            phrases=phrases(interest.keywords),
            _without={},
        )


def profile(interest: Interest, exclude: Sequence[str], examples: Mapping[str, Paper], model: Model) -> Profile:
    """Compiles an interest; `exclude` are the subscriber's own, `examples` the papers known by their ids."""
    liked = examples_of([id_ for id_ in interest.like if id_ in examples], examples, model)
    disliked = [examples[id_] for id_ in interest.dislike if id_ in examples]
    far = features(disliked, model)
    asked = _asked(interest, model)
    looks = _looks(asked, liked, far, model)
    muted = phrases((*interest.exclude, *exclude))
    return Profile(interest, model, looks, asked, liked, far, phrases(interest.keywords), muted)


def examples_of(ids: Sequence[str], papers: Mapping[str, Paper], model: Model) -> Examples:
    """The examples of these ids."""
    made = features([papers[id_] for id_ in ids], model)
    return Examples(tuple(ids), made, tuple(tuple(map(title_key, papers[id_].authors)) for id_ in ids))


def phrases(texts: Sequence[str]) -> dict[str, str]:
    """Per text, the phrase to look for in the words of a paper."""
    return {text: joined for text in texts if (joined := " ".join(words(text)))}


# -- words


def _asked(interest: Interest, model: Model) -> dict[str, Weights]:
    """What the interest asks for in words, with the weight of BM25: how rare each term is."""
    wishes = {_telling_name(interest): NAME} | dict.fromkeys((*interest.keywords, interest.about), 1.0)
    return {text: found for text, weight in wishes.items() if len((found := _weights(text, weight, model))[0])}


def _less(text: str, parts: Set[str]) -> str:
    return " ".join(word for word in text.split() if not parts & set(words(word)))


def _telling_name(interest: Interest) -> str:
    """The name, unless it only labels a wish for people or categories: "Friends" is no subject."""
    only_a_label = (interest.authors or interest.categories) and not (
        interest.about or interest.keywords or interest.like
    )
    return "" if only_a_label else interest.name


def _weights(text: str, weight: float, model: Model) -> Weights:
    found = {model.columns[term]: (term, n) for term, n in wish_terms(text).items() if term in model.columns}
    columns = np.array(sorted(found), dtype=np.int64)
    counts = [found[c][1] * (PAIR if " " in found[c][0] else 1.0) * weight for c in columns.tolist()]
    return columns, np.array(counts, dtype=np.float32) * model.rarity[columns]


# -- looks


def _looks(asked: Mapping[str, Weights], examples: Examples, far: Features, model: Model) -> tuple[Look, ...]:
    near = examples.features
    return tuple(_look(asked, near, group, far, model) for group in _groups(near, asked))


def _groups(near: Features, asked: Mapping[str, object]) -> list[Ints]:
    """The examples by subject: all together, unless they are many and of several."""
    number = near.vectors.shape[0]
    if not number:
        return [np.zeros(0, dtype=np.int64)] if asked else []
    if number < MANY:
        return [np.arange(number)]
    labels = clusters(shared(near.vectors))
    together = [np.flatnonzero(labels == label) for label in range(labels.max() + 1)]
    return together + [np.array([row]) for row in np.flatnonzero(labels == ALONE).tolist()]


def _look(asked: Mapping[str, Weights], near: Features, group: Ints, far: Features, model: Model) -> Look:
    parts: dict[str, Linear] = {}
    if len(group):
        parts["examples"] = _like(near.vectors[group], near.dense[group], model)
    if asked:
        parts["words"] = _words(asked, model) * (WORDS * len(group) ** -FADING if len(group) else 1.0)
    if far.vectors.shape[0]:
        parts["dislikes"] = _like(far.vectors, far.dense, model) * DISLIKES
    total = _total(list(parts.values()))
    _, deviation = _usual(_of_sample(total, model), 0.0, 1.2, 0.6)
    scale = 1 / (CLEARLY * deviation)
    echo = (ECHO if len(group) else WORDS_ECHO) * scale
    return Look({name: part * scale for name, part in parts.items()}, total * scale, echo, WRITERS * scale)


def _total(parts: Sequence[Linear]) -> Linear:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _words(asked: Mapping[str, Weights], model: Model) -> Linear:
    wish = NOTHING
    for weights in asked.values():
        wish = _joined(wish, weights)
    potential = max(float(wish[1].sum()), 1e-3)
    # A paper that shares only common words with a long wish is not near, however rare that is: hence the least.
    values = of_columns(model.sample.frequencies, wish)
    mean, deviation = _usual(values, 0.065 * potential, 0.1 * potential, 0.06 * potential)
    found = Linear(_no_topics(model), frequencies=wish, constant=-mean) * (1 / deviation)
    if model.meaning is None:
        return found
    [meant] = model.meaning.of([". ".join(asked)])
    topics = model.basis.shape[1]
    return found + _dense(np.concatenate([np.zeros(topics), meant]), slice(topics, None), MEANING, model)


def _like(vectors: Any, dense: Floats, model: Model) -> Linear:
    """Likeness to the mean of some papers."""
    columns, places = np.unique(vectors.indices, return_inverse=True)
    terms = columns, (np.bincount(places, vectors.data) / vectors.shape[0]).astype(np.float32)
    mean, deviation = _usual(of_columns(model.sample.vectors, terms), 0.021, 0.009, 0.004)
    found = Linear(_no_topics(model), vectors=terms, constant=-mean) * (TERMS / deviation)
    topics = model.basis.shape[1]
    found += _dense(dense.mean(axis=0), slice(0, topics), TOPICS, model)
    found += _dense(dense.mean(axis=0), slice(topics, None), MEANING, model)
    mean, deviation = _usual(model.usual_typicality, 0.021, 0.0033, 0.002)
    return found + Linear(_no_topics(model), typical=1.0, constant=-mean) * (TYPICAL / deviation)


def _dense(wish: npt.ArrayLike, part: slice, weight: float, model: Model) -> Linear:
    """Likeness in one part of the dense features: the topics, or an embedding."""
    only = _no_topics(model)
    only[part] = np.asarray(wish, dtype=np.float32)[part]
    if not only.any():
        return Linear(only)
    mean, deviation = _usual(model.sample.dense @ only, 0.0, 0.07, 0.02)
    return Linear(only, constant=-mean) * (weight / deviation)


def _of_sample(one: Linear, model: Model) -> Floats:
    sample = model.sample
    found = of_columns(sample.vectors, one.vectors) if len(one.vectors[0]) else np.zeros(len(sample.dense))
    if len(one.frequencies[0]):
        found = found + of_columns(sample.frequencies, one.frequencies)
    found = found + sample.dense @ one.dense + one.typical * model.usual_typicality + one.constant
    return np.asarray(found, dtype=np.float32)


FAR_OUT = 8  # usual deviations
FEW = 50  # papers that the usual figures count for, while an archive is young


def _usual(values: Floats, mean: float, deviation: float, least: float) -> tuple[float, float]:
    """Mean and standard deviation over the sample; few papers lean on what is usual elsewhere.

    No paper counts as far out: an example that is in the sample is as near to itself as can be.
    """
    share = len(values) / (len(values) + FEW)
    values = np.minimum(values, mean + FAR_OUT * deviation)
    own = (float(values.mean()), float(values.std())) if len(values) else (mean, deviation)
    middle = share * own[0] + (1 - share) * mean
    spread = (share * own[1] ** 2 + (1 - share) * deviation**2) ** 0.5
    return middle, max(spread, least)


def _no_topics(model: Model) -> Floats:
    return np.zeros(model.sample.dense.shape[1], dtype=np.float32)
