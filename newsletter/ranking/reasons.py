"""Why papers match interests, in the interests' own words and examples. No I/O.

What is named is what counts: without the word or the example the paper's score would be lower, and that is tried
before it is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from newsletter.models import Candidate, Words, said
from newsletter.ranking.index import Index
from newsletter.ranking.meaning import Floats
from newsletter.ranking.profile import Linear, Look, Profile, Weights, of_columns
from newsletter.ranking.rank import KEYWORDS, compressed, keyword_worth, nearness, writes
from newsletter.ranking.terms import words

MOST = 3
CLOSE = 0.1  # of clearly near, from which there is something to say at all
COUNTS = 0.02  # what a score must lose without the word or example that is named

Wishes = Mapping[Words, Profile]
"""What may be named, and the profile without it."""


def reasons(index: Index, matches: Sequence[tuple[Profile, int]]) -> list[tuple[Words, ...]]:
    """What speaks for each paper, strongest first: `flow matching`, `like 2011.13456`, `by Ada Brook`.

    A match is a profile and a row; all are looked at together.
    """
    wishes = [_wishes(index, profile, row) for profile, row in matches]
    near = _near(index, [profile for profile, _ in matches], wishes)
    return [_told(index, match, one, near) for match, one in zip(matches, wishes, strict=True)]


def _near(index: Index, profiles: Sequence[Profile], wishes: Sequence[Wishes]) -> Mapping[int, Floats]:
    """How near every paper is to each profile, with and without what may be named; by the profile's identity."""
    every = {id(one): one for one in (*profiles, *(less for one in wishes for less in one.values()))}
    return dict(zip(every, nearness(index, list(every.values())), strict=True))


def _told(index: Index, match: tuple[Profile, int], wishes: Wishes, near: Mapping[int, Floats]) -> tuple[Words, ...]:
    profile, row = match
    whole = _order(index, profile, row, near)
    lost = {name: whole - _order(index, less, row, near) for name, less in wishes.items()}
    named = sorted((name for name in lost if lost[name] > COUNTS), key=lambda name: -lost[name])
    parts: list[Words] = [*_written_by(profile, index.authors[row]), *named]
    parts += _filed(profile, index.candidates[row])
    if not parts and near[id(profile)][row] > CLOSE:
        parts += _shared(index, profile, row) or [said("close to {interest}", interest=profile.interest.name)]
    return tuple(dict.fromkeys(parts[:MOST]))


def _order(index: Index, profile: Profile, row: int, near: Mapping[int, Floats]) -> float:
    text = compressed(float(near[id(profile)][row]))
    return text + KEYWORDS * keyword_worth(index, profile.phrases.values(), row)


# -- what may be named


def _wishes(index: Index, profile: Profile, row: int) -> Wishes:
    held = [keyword for keyword, phrase in profile.phrases.items() if index.holds(phrase, row)][:MOST]
    found: dict[Words, Profile] = {keyword: profile.without(keyword) for keyword in held}
    if profile.examples.ids:
        best = _most_alike(index, profile, row)
        found[said("like {paper}", paper=best)] = profile.without(best)
    if not profile.phrases:
        found |= {term: profile.less(term) for term in _own_words(index, profile, row)}
    return found


def _most_alike(index: Index, profile: Profile, row: int) -> str:
    """The example that the paper is most like."""
    examples, features = profile.examples, index.features
    start, end = features.vectors.indptr[row], features.vectors.indptr[row + 1]
    mine = features.vectors.indices[start:end], features.vectors.data[start:end]
    near = of_columns(examples.features.vectors, mine) + 0.1 * (examples.features.dense @ features.dense[row])
    return examples.ids[int(near.argmax())]


def _own_words(index: Index, profile: Profile, row: int) -> list[str]:
    """The words of the name and the free text that the paper has."""
    weights = [look.sum.frequencies for look in profile.looks]
    return common_terms(index, weights, index.features.frequencies, row)[:MOST]


def _shared(index: Index, profile: Profile, row: int) -> list[str]:
    """What the paper has in common with the examples, in words that are not the interest's own."""
    interest = profile.interest
    own = set(words(" ".join((interest.name, interest.about, *interest.keywords))))
    terms = common_terms(index, [look.sum.vectors for look in profile.looks], index.features.vectors, row)
    return [term for term in terms if not own.intersection(term.split(" "))]


def _written_by(profile: Profile, authors: frozenset[str]) -> list[Words]:
    return [said("by {author}", author=name) for name in profile.interest.authors if writes(name, authors)]


def _filed(profile: Profile, candidate: Candidate) -> list[str]:
    wanted = {category.lower() for category in profile.interest.categories}
    return [category for category in candidate.paper.categories if category.lower() in wanted]


def common_terms(index: Index, weights: Iterable[Weights], rows: Any, row: int) -> list[str]:
    """The terms that bring an interest and a paper together, the most telling first."""
    start, end = rows.indptr[row], rows.indptr[row + 1]
    telling: dict[str, float] = {}
    for columns, values in weights:
        both, mine, theirs = np.intersect1d(columns, rows.indices[start:end], return_indices=True)
        worth = values[mine] * rows.data[start:end][theirs]
        telling |= {index.model.names[c]: one for c, one in zip(both.tolist(), worth.tolist(), strict=True) if one > 0}
    # A pair of words tells a person more than its parts.
    parts = {part for term in telling for part in term.split(" ") if " " in term}
    return sorted(telling.keys() - parts, key=lambda term: (-telling[term], term))


# -- one paper, part by part


def own_value(index: Index, profile: Profile, look: Look, row: int) -> float:
    """How near one look says that a paper is, but for what it shares with the day's other papers."""
    examples = sum(profile.writers.get(name, 0) for name in index.authors[row])
    return value(look.sum, index, row) + look.writers * float(np.log1p(examples))


def value(linear: Linear, index: Index, row: int) -> float:
    """The linear function at one paper."""
    features = index.features
    found = of_columns(features.vectors[row], linear.vectors)[0]
    found += of_columns(features.frequencies[row], linear.frequencies)[0]
    return float(found + linear.dense @ features.dense[row] + linear.typical * index.typical[row] + linear.constant)
