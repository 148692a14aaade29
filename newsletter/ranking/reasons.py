"""Why papers match interests, in the interests' own words and examples. No I/O.

What is named is what counts: without the word or the example the paper's score would be lower, and that is tried
before it is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from newsletter.models import Candidate, Interest, Words, said
from newsletter.ranking.index import Index
from newsletter.ranking.looks import term_weights
from newsletter.ranking.rank import Scores, writes
from newsletter.ranking.terms import words
from newsletter.ranking.trials import KEPT, MOST, common_terms, named

CLOSE = 0.1  # of clearly near, from which there is something to say at all


def reasons(scores: Scores, matches: npt.ArrayLike) -> list[tuple[Words, ...]]:
    """What speaks for each paper, strongest first: `flow matching`, `like 2011.13456`, `by Ada Brook`.

    `matches` are pairs of the number of a profile and a row, shape (matches, 2); all are looked at together.
    """
    numbers, rows = np.asarray(matches, dtype=np.int64).reshape(-1, 2).T
    parts = named(scores, numbers, rows)
    peopled = np.array([bool(one.interest.authors or one.interest.categories) for one in scores.profiles], dtype=bool)
    for n in np.flatnonzero(peopled[numbers]).tolist():
        parts[n] = _with_people(scores.index, scores.profiles[numbers[n]].interest, rows[n], parts[n])
    close = scores.near[numbers, rows] > CLOSE
    silent = [n for n in np.flatnonzero(close).tolist() if not parts[n]]
    for n, told in zip(silent, _shared(scores, numbers[silent].tolist(), rows[silent].tolist()), strict=True):
        parts[n] = told
    return parts


def _with_people(index: Index, interest: Interest, row: int, named: Sequence[Words]) -> tuple[Words, ...]:
    found = [*_written_by(interest, index.authors[row]), *named, *_filed(interest, index.candidates[row])]
    return tuple(dict.fromkeys(found[:MOST]))


def _shared(scores: Scores, numbers: Sequence[int], rows: Sequence[int]) -> Iterator[tuple[Words, ...]]:
    """What papers have in common with the examples, in words that are not the interest's own."""
    index, profiles = scores.index, {number: scores.profiles[number] for number in numbers}
    taught = {number: one for number, one in profiles.items() if one.liked or one.far}
    weights = iter(term_weights([look for one in taught.values() for look in one.looks], index.model, index.columns))
    telling = {number: [next(weights) for _ in one.looks] for number, one in taught.items()}
    own = {number: _own_words(one.interest) for number, one in taught.items()}
    for number, row in zip(numbers, rows, strict=True):
        terms = common_terms(index, telling[number], index.features.vectors, row) if number in taught else ()
        told = [term for term in terms if own[number].isdisjoint(term.split(" "))]
        yield tuple(told[:MOST]) or _close_to(profiles[number].interest.name)


@lru_cache(KEPT)
def _close_to(interest: str) -> tuple[Words, ...]:
    return (said("close to {interest}", interest=interest),)


def _own_words(interest: Interest) -> set[str]:
    return set(words(" ".join((interest.name, interest.about, *interest.keywords))))


def _written_by(interest: Interest, authors: frozenset[str]) -> list[Words]:
    return [said("by {author}", author=name) for name in interest.authors if writes(name, authors)]


def _filed(interest: Interest, candidate: Candidate) -> list[str]:
    wanted = {category.lower() for category in interest.categories}
    return [category for category in candidate.paper.categories if category.lower() in wanted]
