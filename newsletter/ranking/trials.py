"""What papers would lose without a word or an example of the interest that they match. No I/O.

Most interests have one look, and leaving a wish out of it is a 0 in the matrix that adds up the wishes: all that is
tried for many readers is looked at together. The other interests are put together anew for each wish.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse

from newsletter.models import Phrase, Words, said
from newsletter.ranking.columns import Ints, Weights, Wish, joined
from newsletter.ranking.index import Index
from newsletter.ranking.looks import Groups, Look, Looks, gathered
from newsletter.ranking.meaning import Floats
from newsletter.ranking.profile import NAME, Profile
from newsletter.ranking.rank import (
    KEYWORDS,
    Scores,
    compressed,
    greatest,
    nearness_at,
    seen_at,
    standing,
    together,
    worth_of,
)

MOST = 3
COUNTS = 0.02  # what a score must lose without the word or example that is named
BLOCK = 512  # profiles whose matches are tried together
KEPT = 65_536  # reasons, the last that were given

Reals: TypeAlias = npt.NDArray[np.float64]


class Trials(NamedTuple):
    """Matches without a wish: arrays of the same length."""

    matches: Ints
    """By number."""
    names: Sequence[Words]
    """What is left out."""
    near: Floats
    """How near the paper's text is then."""
    worth: Reals
    """What its keywords are worth then."""
    whole: Reals
    """What they are worth otherwise."""


def named(scores: Scores, numbers: Ints, rows: Ints) -> list[tuple[Words, ...]]:
    """Per match what its score would be lower without, what it would lose most without first.

    A match is the number of a profile, and a row.
    """
    made = [*_trials(scores, numbers, rows)]
    names = [*chain(*(one.names for one in made))]
    of, near, worth, whole = (np.concatenate([one[n] for one in made] or [_NOTHING]) for n in (0, 2, 3, 4))
    lost = compressed(scores.near[numbers, rows])[of] + KEYWORDS * whole - compressed(near) - KEYWORDS * worth
    best = np.lexsort((-lost, of))
    best = best[lost[best] > COUNTS]
    best = best[standing(of[best]) < MOST]
    told, ends = [names[n] for n in best.tolist()], np.searchsorted(of[best], np.arange(len(rows) + 1)).tolist()
    return [tuple(told[start:end]) for start, end in pairwise(ends)]


_NOTHING: Ints = np.zeros(0, dtype=np.int64)


def _trials(scores: Scores, numbers: Ints, rows: Ints) -> Iterator[Trials]:
    """The trials of all matches: block by block of profiles, the simple ones of each together."""
    different, of = np.unique(numbers, return_inverse=True)
    simple = np.array([scores.profiles[number].simple for number in different.tolist()], dtype=bool)
    for start in range(0, len(different), BLOCK):
        for kind, tried in ((simple, _left_out), (~simple, _put_together_anew)):
            chosen = start + np.flatnonzero(kind[start : start + BLOCK])
            here = np.flatnonzero(np.isin(of, chosen))
            if len(here):
                some = [scores.profiles[number] for number in different[chosen].tolist()]
                made = tried(scores.index, some, np.searchsorted(chosen, of[here]), rows[here])
                yield made._replace(matches=here[made.matches])


# -- a wish left out of one look


class Keywords(NamedTuple):
    """The keywords of some profiles, one after the other."""

    names: list[str]
    phrases: list[str]
    owners: Ints
    """Per keyword its profile."""
    places: Ints
    """Per keyword its place among the wishes in words; -1 where it is none of them."""
    left: Floats
    """Per keyword what of it counts when it is left out: a name that is one is still the name."""
    numbers: Ints
    """Per profile its keywords, in a row as long as the longest that is filled with -1."""


def _left_out(index: Index, profiles: Sequence[Profile], of: Ints, rows: Ints) -> Trials:
    """The trials of matches, which are a profile (by its place here) and a row."""
    keywords, liked = _keywords(profiles), [id_ for one in profiles for id_ in one.liked]
    match, keyword, worth, whole = _held(index, keywords, of, rows)
    alike, example = _most_alike(index, [[*one.liked.values()] for one in profiles], of, rows)
    matches = np.concatenate([match, alike])
    near = seen_at(index, *_ways(profiles, keywords, keyword, example), rows[matches])
    names = [keywords.names[n] for n in keyword.tolist()], [_like(liked[n]) for n in example.tolist()]
    return Trials(matches, [*chain(*names)], near, np.concatenate([worth, whole[alike]]), whole[matches])


def _keywords(profiles: Sequence[Profile]) -> Keywords:
    sizes = [len(one.phrases) for one in profiles]
    owners, places, left = np.repeat(np.arange(len(profiles)), sizes), list[int](), list[float]()
    for one in profiles:
        asked = {text: place for place, text in enumerate(one.asked)}
        places += [asked.get(keyword, -1) for keyword in one.phrases]
        left += [NAME if keyword == one.interest.name else 0.0 for keyword in one.phrases]
    numbers = np.full((len(profiles), max(sizes)), -1)
    numbers[owners, standing(owners)] = np.arange(len(owners))
    names, phrases = [*chain(*(one.phrases for one in profiles))], [*chain(*(one.phrases.values() for one in profiles))]
    return Keywords(names, phrases, owners, np.array(places), np.array(left, dtype=np.float32), numbers)


def _held(index: Index, keywords: Keywords, of: Ints, rows: Ints) -> tuple[Ints, Ints, Reals, Reals]:
    """The match and the keyword of each trial, what the others are worth, and what all are worth to each match."""
    phrases = {phrase: n for n, phrase in enumerate(dict.fromkeys(keywords.phrases))}
    table = np.vstack([index.held([*phrases]), np.zeros(len(index), dtype=np.int8)])  # a last row for -1
    numbers = keywords.numbers[of]
    held = table[np.array([*map(phrases.__getitem__, keywords.phrases), len(phrases)])[numbers], rows[:, None]]
    in_title, in_text = held == 2, held == 1
    titles, texts = in_title.sum(axis=1), in_text.sum(axis=1)
    match, nth = np.nonzero((held > 0) & (np.cumsum(held > 0, axis=1) <= MOST))
    others = worth_of(titles[match] - in_title[match, nth], texts[match] - in_text[match, nth])
    return match, numbers[match, nth], others, worth_of(titles, texts)


def _most_alike(index: Index, liked: Sequence[Sequence[Wish]], of: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """The matches that have examples, and the one of them all that the paper is most like, by its place."""
    columns, wishes, sizes = index.columns, [*chain(*liked)], np.array([*map(len, liked)])
    if not wishes:
        return _NOTHING, _NOTHING
    match = np.repeat(np.arange(len(of)), sizes[of])
    place = (np.cumsum(sizes) - sizes)[of[match]] + standing(match)
    held = columns.hold(wishes)[place]
    near = columns.at("terms", held, rows[match])
    for table in ("topics", "meaning"):
        if columns.has(table):
            near += 0.1 * columns.at(table, held, rows[match])
    best = greatest(match, near)
    return match[best], place[best]


def _ways(profiles: Sequence[Profile], keywords: Keywords, keyword: Ints, example: Ints) -> tuple[Looks, Ints]:
    """The looks without some keywords, and then without some examples, each once; and per trial its look."""
    looks = gathered([one.looks[0] for one in profiles])
    told, way = np.unique(keyword, return_inverse=True)
    shown, other = np.unique(example, return_inverse=True)
    starts, asked = looks.near.held.indptr, keywords.owners[told]
    liked = np.searchsorted(starts, shown, side="right") - 1
    less_words = _less(looks.words, asked, keywords.places[told], keywords.left[told])
    less_near = _less(looks.near, liked, shown - starts[liked], np.zeros(len(shown), dtype=np.float32))
    words = Groups(less_words, np.concatenate([len(profiles) + np.arange(len(told)), liked])).distinct
    near = Groups(less_near, np.concatenate([asked, len(profiles) + np.arange(len(shown))]))
    same = np.concatenate([asked, liked])
    meant, far = looks.meant._replace(which=same), looks.far._replace(which=same)
    return Looks(looks.wishes, words, meant, near, far, company=near), np.concatenate([way, len(told) + other])


def _less(groups: Groups, owners: Ints, places: Ints, left: Floats) -> sparse.csr_matrix:
    """The groups, and after them those of some owners once more with only so much left of the wish at a place.

    At -1 all is left.
    """
    less = groups.held[owners]
    known = places >= 0
    less.data[(less.indptr[:-1] + places)[known]] = left[known]
    return sparse.vstack([groups.held, less], format="csr")


@lru_cache(KEPT)
def _like(paper_id: str) -> Phrase:
    return said("like {paper}", paper=paper_id)


# -- interests put together anew


def _put_together_anew(index: Index, profiles: Sequence[Profile], of: Ints, rows: Ints) -> Trials:
    ways: list[tuple[Look, ...]] = []
    made = [trial for n, one in enumerate(profiles) for trial in _each(index, one, np.flatnonzero(of == n), rows, ways)]
    matches, names, way, worth, whole = zip(*made, strict=True) if made else ((),) * 5
    at = np.array(matches, dtype=np.int64)
    return Trials(at, names, nearness_at(index, ways, way, rows[at].tolist()), np.array(worth), np.array(whole))


def _each(
    index: Index, profile: Profile, matches: Ints, rows: Ints, ways: list[tuple[Look, ...]]
) -> Iterator[tuple[int, Words, int, float, float]]:
    """The trials of a profile: match, name, way to look, and what the keywords are worth then and otherwise.

    Adds to `ways`.
    """
    keywords, known = [(one, index.find(phrase).worth) for one, phrase in profile.phrases.items()], dict[str, int]()
    liked, alike = [*profile.liked], _most_alike(index, [[*profile.liked.values()]], 0 * matches, rows[matches])[1]

    def way(wish: str, term: str = "") -> int:
        if wish not in known:
            known[wish] = len(ways)
            ways.append(profile.less(term) if term else profile.without(wish))
        return known[wish]

    for n, (match, row) in enumerate(zip(matches.tolist(), rows[matches].tolist(), strict=True)):
        held = [(keyword, worth[row]) for keyword, worth in keywords if row in worth]
        worth = tuple([value for _, value in held])
        whole = together(worth)
        for k, (keyword, _) in enumerate(held[:MOST]):
            yield match, keyword, way(keyword), together(worth[:k] + worth[k + 1 :]), whole
        if liked:
            example = liked[alike[n]]
            yield match, _like(example), way(example), whole, whole
        if not keywords:
            for term in _own_words(index, profile, row):
                yield match, term, way(f"less {term}", term), 0.0, whole


def _own_words(index: Index, profile: Profile, row: int) -> list[str]:
    """The words of the name and the free text that the paper has."""
    asked = [wish.frequencies for wish in profile.asked.values()]
    return common_terms(index, [joined(asked)], index.features.frequencies, row)[:MOST]


def common_terms(index: Index, weights: Iterable[Weights], rows: Any, row: int) -> list[str]:
    """The terms that bring an interest and a paper together, the most telling first."""
    start, end = rows.indptr[row], rows.indptr[row + 1]
    telling: dict[str, float] = {}
    for columns, values in weights:
        both, mine, theirs = np.intersect1d(columns, rows.indices[start:end], assume_unique=True, return_indices=True)
        worth = values[mine] * rows.data[start:end][theirs]
        telling |= {index.model.names[c]: one for c, one in zip(both.tolist(), worth.tolist(), strict=True) if one > 0}
    # A pair of words tells a person more than its parts.
    parts = {part for term in telling for part in term.split(" ") if " " in term}
    return sorted(telling.keys() - parts, key=lambda term: (-telling[term], term))
