"""Which of very many papers are worth ranking for some words: a look at their raw text, microseconds each. No I/O."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from newsletter.ranking.model import K1, PAIR, B, Model
from newsletter.ranking.terms import wish_terms, words

SHORT = 4  # letters, up to which a word stands inside many others
MOST = 20  # words that are looked for, and pairs of them: who pastes a whole text is answered too
LEAST = 0.1  # what a term counts that every paper has
USUAL = 2_000  # characters of a record


class Needle(NamedTuple):
    """A term that is looked for."""

    text: str
    """As it stands in a text in lower case: with the space before it where it is short, with more behind it anywhere."""
    worth: float

    @property
    def is_pair(self) -> bool:
        return " " in self.text.strip()


def needles(text: str, model: Model) -> tuple[Needle, ...]:
    """What to look for: the words and pairs of words of what is searched, the rarest of them, which are worth most."""
    found = wish_terms(text) or dict.fromkeys(words(text), 1)
    all_of_them = [_needle(term, LEAST + model.rarity_of(term)) for term in found]
    pairs = [Needle(needle.text, PAIR * needle.worth) for needle in all_of_them if needle.is_pair]
    return (*_rarest(needle for needle in all_of_them if not needle.is_pair), *_rarest(pairs))


def telling(sought: Sequence[Needle]) -> tuple[str, ...]:
    """The words alone: a paper that has none of them need not be looked at."""
    return tuple(needle.text.strip() for needle in sought if not needle.is_pair)


def _rarest(found: Iterable[Needle]) -> list[Needle]:
    return heapq.nlargest(MOST, found, key=lambda one: one.worth)


def _needle(term: str, worth: float) -> Needle:
    if len(term) <= SHORT:
        return Needle(f" {term}", worth)
    return Needle(term[:-1] if term.endswith("y") else term, worth)  # studies


def shortlist(rows: Iterable[tuple[str, str]], sought: Sequence[Needle], most: int) -> list[str]:
    """Of papers as (title key, record) the records of those that say most of what is sought, the most telling first.

    Of equals the first are taken. No more than `most` are held at a time.
    """
    return [record for _, record in heapq.nlargest(most, _weighed(rows, sought), key=lambda one: one[0])]


def _weighed(rows: Iterable[tuple[str, str]], sought: Sequence[Needle]) -> Iterator[tuple[float, str]]:
    """Those that have any of it, each with what that is worth: as BM25 does, but by where letters stand."""
    for title, record in rows:
        head, text = f" {title}", record.lower()
        norm = K1 * (1 - B + B * len(text) / USUAL)
        worth = 0.0
        for needle, counts in sought:
            if number := text.count(needle) + (needle in head):  # the title counts twice
                worth += counts * number * (1 + K1) / (number + norm)
        if worth:
            yield worth, record
