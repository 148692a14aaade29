"""Why papers match interests, in the interests' own words and examples. No I/O.

What is named is what counts: without the word or the example the paper's score would be lower, and that is tried
before it is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from newsletter.models import Candidate, Interest, Phrase, Words, said
from newsletter.ranking.columns import Weights, joined
from newsletter.ranking.index import Index
from newsletter.ranking.looks import Look, term_weights
from newsletter.ranking.profile import Profile
from newsletter.ranking.rank import KEYWORDS, Scores, compressed, nearness_at, together, writes
from newsletter.ranking.terms import words

MOST = 3
CLOSE = 0.1  # of clearly near, from which there is something to say at all
KEPT = 65_536  # names of examples
COUNTS = 0.02  # what a score must lose without the word or example that is named

Pair: TypeAlias = tuple[int, int]
"""The number of a profile, and a row."""
Trial: TypeAlias = tuple[int, int, Words, int, float]
"""The match, the row, what may be named, the way to look without it, and what the keywords are worth without it."""


def reasons(scores: Scores, pairs: npt.ArrayLike) -> list[tuple[Words, ...]]:
    """What speaks for each paper, strongest first: `flow matching`, `like 2011.13456`, `by Ada Brook`.

    The matches are pairs of the number of a profile and a row; all are looked at together.
    """
    matches = [(int(number), int(row)) for number, row in np.asarray(pairs)]
    parts = [_parts(scores, match, named) for match, named in zip(matches, _named(scores, matches), strict=True)]
    silent = [n for n, match in enumerate(matches) if not parts[n] and scores.near[match] > CLOSE]
    for n, told in zip(silent, _shared(scores, [matches[n] for n in silent]), strict=True):
        parts[n] = tuple(dict.fromkeys(told[:MOST]))
    return parts


def _parts(scores: Scores, match: Pair, named: list[Words]) -> tuple[Words, ...]:
    number, row = match
    interest, index = scores.profiles[number].interest, scores.index
    if interest.authors or interest.categories:
        named = [*_written_by(interest, index.authors[row]), *named, *_filed(interest, index.candidates[row])]
        return tuple(dict.fromkeys(named[:MOST]))
    return tuple(named[:MOST])


def _named(scores: Scores, matches: Sequence[Pair]) -> list[list[Words]]:
    """Per match what its score would be lower without, what it would lose most without first."""
    whole, trials, ways = [0.0] * len(matches), list[Trial](), list[tuple[Look, ...]]()
    for number, places in _by_profile(matches).items():
        trials += _trials(scores, number, [(place, matches[place][1]) for place in places], whole, ways)
    found: list[list[Words]] = [[] for _ in matches]
    if trials:
        of, rows, names, way, worth = zip(*trials, strict=True)
        numbers, at = np.array(matches).T
        order = compressed(scores.near[numbers, at]) + KEYWORDS * np.array(whole)
        lost = order[list(of)] - compressed(nearness_at(scores.index, ways, way, rows)) - KEYWORDS * np.array(worth)
        for n in np.lexsort((-lost, of)).tolist():
            if lost[n] > COUNTS:
                found[of[n]].append(names[n])
    return found


def _by_profile(matches: Sequence[Pair]) -> Mapping[int, list[int]]:
    found: dict[int, list[int]] = {}
    for place, (number, _) in enumerate(matches):
        found.setdefault(number, []).append(place)
    return found


# -- what may be named


def _trials(
    scores: Scores, number: int, places: Sequence[Pair], whole: list[float], ways: list[tuple[Look, ...]]
) -> Iterator[Trial]:
    """What is tried for the matches of a profile, each with its row.

    Writes to `whole` what their keywords are worth, and adds to `ways`.
    """
    index, profile, known = scores.index, scores.profiles[number], dict[str, int]()
    keywords = [(keyword, index.find(phrase).worth) for keyword, phrase in profile.phrases.items()]
    alike = _most_alike(index, profile, [row for _, row in places])

    def way(wish: str, term: str = "") -> int:
        if wish not in known:
            known[wish] = len(ways)
            ways.append(profile.less(term) if term else profile.without(wish))
        return known[wish]

    for n, (match, row) in enumerate(places):
        held = [(keyword, worth[row]) for keyword, worth in keywords if row in worth]
        worth = tuple([value for _, value in held])
        whole[match] = together(worth)
        for k, (keyword, _) in enumerate(held[:MOST]):
            yield match, row, keyword, way(keyword), together(worth[:k] + worth[k + 1 :])
        if alike:
            yield match, row, _like(alike[n]), way(alike[n]), whole[match]
        if not keywords:
            for term in _own_words(index, profile, row):
                yield match, row, term, way(f"less {term}", term), 0.0


@lru_cache(KEPT)
def _like(paper_id: str) -> Phrase:
    return said("like {paper}", paper=paper_id)


def _most_alike(index: Index, profile: Profile, rows: Sequence[int]) -> list[str]:
    """Per row the example that the paper is most like; nothing where there are no examples."""
    ids, liked = list(profile.liked), list(profile.liked.values())
    if len(liked) < 2:
        return ids * len(rows)
    columns = index.columns
    columns.hold(liked)
    near = columns.rows("terms", liked)[:, rows]
    for table in ("topics", "meaning"):
        if columns.has(table):
            near += 0.1 * columns.rows(table, liked)[:, rows]
    return [ids[best] for best in near.argmax(axis=0).tolist()]


def _own_words(index: Index, profile: Profile, row: int) -> list[str]:
    """The words of the name and the free text that the paper has."""
    asked = [wish.frequencies for wish in profile.asked.values()]
    return common_terms(index, [joined(asked)], index.features.frequencies, row)[:MOST]


def _shared(scores: Scores, matches: Sequence[Pair]) -> Iterator[list[Words]]:
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


def _written_by(interest: Interest, authors: frozenset[str]) -> list[Words]:
    return [said("by {author}", author=name) for name in interest.authors if writes(name, authors)]


def _filed(interest: Interest, candidate: Candidate) -> list[str]:
    wanted = {category.lower() for category in interest.categories}
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
