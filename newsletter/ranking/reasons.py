"""Why papers match interests, in the interests' own words and examples. No I/O.

What is named is what counts: without the word or the example the paper's score would be lower, and that is tried
before it is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from newsletter.models import Candidate, Phrase, Words, said
from newsletter.ranking.columns import Weights, joined
from newsletter.ranking.index import Index
from newsletter.ranking.looks import Look, term_weights
from newsletter.ranking.profile import Profile
from newsletter.ranking.rank import KEYWORDS, Scores, compressed, nearness_at, together, writes
from newsletter.ranking.terms import words

MOST = 3
CLOSE = 0.1  # of clearly near, from which there is something to say at all
COUNTS = 0.02  # what a score must lose without the word or example that is named

Match: TypeAlias = tuple[int, int]
"""The number of a profile, and a row."""
Trial: TypeAlias = tuple[Words, tuple[Look, ...], float]
"""What may be named, the looks without it, and what the keywords are worth without it."""


def reasons(scores: Scores, matches: Sequence[Match]) -> list[tuple[Words, ...]]:
    """What speaks for each paper, strongest first: `flow matching`, `like 2011.13456`, `by Ada Brook`.

    All matches are looked at together.
    """
    tried = list(_tried(scores, matches))
    named = _named(scores, matches, tried)
    parts = [_parts(scores, match, one) for match, one in zip(matches, named, strict=True)]
    silent = [n for n, match in enumerate(matches) if not parts[n] and scores.near[match] > CLOSE]
    for n, told in zip(silent, _shared(scores, [matches[n] for n in silent]), strict=True):
        parts[n] = told
    return [tuple(dict.fromkeys(one[:MOST])) for one in parts]


def _named(scores: Scores, matches: Sequence[Match], tried: Sequence[Sequence[Trial]]) -> Iterator[list[Words]]:
    """Per match what its score would be lower without, what it would lose most without first."""
    places = [(looks, row) for (_, row), trials in zip(matches, tried, strict=True) for _, looks, _ in trials]
    near = iter(nearness_at(scores.index, places).tolist())
    for (number, row), trials in zip(matches, tried, strict=True):
        whole = compressed(float(scores.near[number, row])) + KEYWORDS * _worth(scores, number, row)
        lost = [(whole - compressed(next(near)) - KEYWORDS * worth, name) for name, _, worth in trials]
        yield [name for one, name in sorted(lost, key=lambda pair: -pair[0]) if one > COUNTS]


def _parts(scores: Scores, match: Match, named: Sequence[Words]) -> list[Words]:
    number, row = match
    profile, index = scores.profiles[number], scores.index
    return [*_written_by(profile, index.authors[row]), *named, *_filed(profile, index.candidates[row])]


# -- what may be named


def _tried(scores: Scores, matches: Sequence[Match]) -> Iterator[list[Trial]]:
    """Per match what is tried."""
    index, profiles = scores.index, scores.profiles
    alike = _most_alike(scores, matches)
    for n, (number, row) in enumerate(matches):
        profile, found = profiles[number], list[Trial]()
        worth = {
            keyword: value
            for keyword, phrase in profile.phrases.items()
            if (value := index.find(phrase).worth.get(row)) is not None
        }
        for keyword in list(worth)[:MOST]:
            less = together([value for other, value in worth.items() if other != keyword])
            found.append((keyword, profile.without(keyword), less))
        if profile.liked:
            found.append((_like(alike[n]), profile.without(alike[n]), together(list(worth.values()))))
        if not profile.phrases:
            found += [(term, profile.less(term), 0.0) for term in _own_words(index, profile, row)]
        yield found


def _worth(scores: Scores, number: int, row: int) -> float:
    found = (scores.index.find(phrase).worth.get(row) for phrase in scores.profiles[number].phrases.values())
    return together([value for value in found if value is not None])


@lru_cache(65_536)
def _like(paper_id: str) -> Phrase:
    return said("like {paper}", paper=paper_id)


def _most_alike(scores: Scores, matches: Sequence[Match]) -> Mapping[int, str]:
    """Per match with examples the one that the paper is most like, by its number among the matches."""
    by_profile: dict[int, list[int]] = {}
    for n, (number, _) in enumerate(matches):
        if scores.profiles[number].liked:
            by_profile.setdefault(number, []).append(n)
    columns, found = scores.index.columns, dict[int, str]()
    columns.hold([wish for number in by_profile for wish in scores.profiles[number].liked.values()])
    for number, several in by_profile.items():
        liked = scores.profiles[number].liked
        ids, rows = list(liked), [matches[n][1] for n in several]
        near = columns.rows("terms", list(liked.values()))[:, rows]
        for table in ("topics", "meaning"):
            if columns.has(table):
                near += 0.1 * columns.rows(table, list(liked.values()))[:, rows]
        found |= {n: ids[best] for n, best in zip(several, near.argmax(axis=0).tolist(), strict=True)}
    return found


def _own_words(index: Index, profile: Profile, row: int) -> list[str]:
    """The words of the name and the free text that the paper has."""
    asked = [wish.frequencies for wish in profile.words]
    return common_terms(index, [joined(asked)], index.features.frequencies, row)[:MOST]


def _shared(scores: Scores, matches: Sequence[Match]) -> Iterator[list[Words]]:
    """What papers have in common with the examples, in words that are not the interest's own."""
    index, profiles = scores.index, {number: scores.profiles[number] for number, _ in matches}
    weights = iter(term_weights([look for one in profiles.values() for look in one.looks], index.model, index.columns))
    telling = {number: [next(weights) for _ in one.looks] for number, one in profiles.items()}
    for number, row in matches:
        interest = profiles[number].interest
        own = set(words(" ".join((interest.name, interest.about, *interest.keywords))))
        terms = common_terms(index, telling[number], index.features.vectors, row)
        told = [term for term in terms if not own.intersection(term.split(" "))]
        yield [*told] or [said("close to {interest}", interest=interest.name)]


def _written_by(profile: Profile, authors: frozenset[str]) -> list[Words]:
    return [said("by {author}", author=name) for name in profile.interest.authors if writes(name, authors)]


def _filed(profile: Profile, candidate: Candidate) -> list[str]:
    wanted = {category.lower() for category in profile.interest.categories}
    return [category for category in candidate.paper.categories if category.lower() in wanted] if wanted else []


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
