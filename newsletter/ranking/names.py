"""Names for groups of papers: the phrases that tell a group from the others and from the archive. No I/O."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TypeAlias

from newsletter.models import Paper
from newsletter.ranking.clusters import ALONE, Labels
from newsletter.ranking.model import TermCounts
from newsletter.ranking.terms import terms, words

KEYWORDS = 5
"""Phrases of a name at most."""
_WEB = re.compile(r"https?://\S+")
_PARTS = re.compile(r"[^\w\s-]+|_+|--+")
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_EMPTY = frozenset(
    """abstract accuracy achieve achieving address addressing advance aim aiming allow approach article based better challenge
    challenging code compared comparison comprehensive conduct consider current demonstrate demonstrated demonstrating despite
    different effective effectively effectiveness empirical enable enabling enhance enhancing evaluate evaluating
    existing experiment experimental explore extensive finally finding first framework furthermore given however http https
    important improve improved improvement improving include including introduce introducing investigate key lack
    leverage leveraging like limitation limited method moreover multiple new novel outperform outperforming outperforms
    overall paper performance performing potential present previous prior problem promising propose proposed proposing
    provide providing recent recently remain remarkable require requiring respectively result scenario setting show showing shown
    significant significantly specifically state-of-the-art strong study superior survey task technique three two
    understanding use used using variety various via wide widely work""".split()
)
"""Words of every paper: none of them stands in a name."""
_LONGEST = 4  # words in a phrase
_HELD = 0.05  # of a group's papers have a phrase that tells it
_FEW = 0.01  # the share of all papers that a phrase which stands nowhere else is taken to have
_TELLING = (1.0, 2.2, 2.5, 2.5)  # how much more a phrase of one, two, three, four words tells
_INSIDE = 0.6  # a phrase that mostly stands inside a longer one: in this share of its papers
_NEARLY = 0.4  # of the best phrase's worth, from which a phrase may be the better name
_AS_GOOD = 0.25  # of the best keyword's worth, which the others must have
_ALMOST_ALL = 0.5  # of a group's papers have a single word that is a keyword
_CANDIDATES = 10  # for a name, so that no two groups share one
_COMMON = (0.02, 0.05)  # of all other papers: a word, or a phrase, that more of them have is no keyword
_ENOUGH = 500  # papers in the archive, before it can tell which single words are common
_IN_TITLE = 0.01  # what a spelling counts where every word may have a capital

Token: TypeAlias = tuple[str, str]
"""A word as it is written, and its key: as it is compared, empty where a phrase must end."""


@dataclass(frozen=True, slots=True)
class _Run:
    """Neighbouring words that a phrase may be made of."""

    tokens: tuple[Token, ...]
    in_title: bool
    """Every word may have a capital here."""
    opens: bool
    """It begins a sentence, or a part of one."""


@dataclass(frozen=True, slots=True)
class Name:
    """What to call a group."""

    name: str
    """Begins with a capital."""
    keywords: tuple[str, ...]
    """Its telling phrases, the best first, as its papers write them."""


@dataclass(frozen=True, slots=True)
class _Phrase:
    """A phrase that a group of papers has."""

    key: str
    held: float
    """The share of the group's papers that have it."""
    usual: float
    """The share of other papers that have it: of those that were grouped, or of the archive's."""
    is_common: bool
    """Whether it would bring many papers that are about something else."""

    @property
    def worth(self) -> float:
        """How well it tells the group from the rest."""
        return _TELLING[self.key.count(" ")] * self.held * math.log((self.held + _FEW) / (self.usual + _FEW))

    @property
    def is_several(self) -> bool:
        return " " in self.key


def names(papers: Sequence[Paper], labels: Labels, known: TermCounts) -> tuple[Name, ...]:
    """A name for each group, no two alike."""
    read = [tuple(_runs(paper)) for paper in papers]
    held = [{key for run in runs for key, _, _ in _phrases(run)} for runs in read]
    everywhere = Counter(key for keys in held for key in keys)
    found: list[Name] = []
    for group in range(labels.max(initial=ALONE) + 1):
        rows = [row for row, label in enumerate(labels) if label == group]
        phrases = _telling([held[row] for row in rows], everywhere, len(papers), known)
        named, chosen = _for_name(phrases), _keywords(phrases)
        forms = _forms((run for row in rows for run in read[row]), {phrase.key for phrase in (*named, *chosen)})
        called = [_capital(forms[phrase.key]) for phrase in named] or [f"Like {papers[rows[0]].title}"]
        keywords = tuple(forms[phrase.key] for phrase in chosen)
        found.append(Name(_first_new(called, [one.name for one in found]), keywords))
    return tuple(found)


def _runs(paper: Paper) -> Iterator[_Run]:
    """The runs of words in a paper, none of which reaches over punctuation, a stop word or an empty one."""
    for part in (paper.title, *paper.keywords):
        yield from _runs_of(part, in_title=True)
    yield from _runs_of(paper.abstract, in_title=False)


def _runs_of(text: str, in_title: bool) -> Iterator[_Run]:
    for part in _PARTS.split(_WEB.sub(" . ", text)):
        tokens: list[Token] = []
        opens = True
        for token in (*map(_token, _WORD.findall(part)), ("", "")):
            if token[1]:
                tokens.append(token)
                continue
            if tokens:
                yield _Run(tuple(tokens), in_title, opens)
            tokens, opens = [], False


@lru_cache(maxsize=200_000)
def _token(word: str) -> Token:
    parts = words(word)
    telling = next(terms(word), None) and not _EMPTY.intersection((*parts, word.lower()))
    return word, "-".join(parts) if telling else ""


def _phrases(run: _Run) -> Iterator[tuple[str, int, int]]:
    """Each phrase of a run: its key, and from where to where in the run."""
    keys = [key for _, key in run.tokens]
    for start in range(len(keys)):
        for end in range(start + 1, min(start + _LONGEST, len(keys)) + 1):
            yield " ".join(keys[start:end]), start, end


def _telling(
    inside: Sequence[Collection[str]], everywhere: Mapping[str, int], papers: int, known: TermCounts
) -> list[_Phrase]:
    """The phrases that tell a group from the rest, best first; `inside` holds those of each of its papers."""
    counts = Counter(key for keys in inside for key in keys)
    nested = _nested(counts)
    size, others = len(inside), max(papers - len(inside), 1)
    found = []
    for key, count in counts.items():
        if count >= max(2, _HELD * size) and key not in nested:
            usual = max((everywhere[key] - count) / others, _share(key, known))
            common = usual > _COMMON[" " in key] or (" " not in key and known.papers < _ENOUGH)
            found.append(_Phrase(key, count / size, usual, common))
    return sorted(found, key=lambda phrase: (-phrase.worth, phrase.key))


def _nested(counts: Mapping[str, int]) -> set[str]:
    """The phrases that mostly stand inside one longer phrase: `large language` in `large language model`."""
    found: set[str] = set()
    for key, count in counts.items():
        if " " in key:
            parts = (key.partition(" ")[2], key.rpartition(" ")[0])
            found.update(part for part in parts if count >= _INSIDE * counts.get(part, count * 2))
    return found


def _share(key: str, known: TermCounts) -> float:
    """In which share of the archive's papers a phrase stands, as far as its pairs of words tell."""
    parts = _parts(key)
    pairs = [f"{a} {b}" for a, b in pairwise(parts)] or parts
    held = max(min(known.counts.get(pair, 0) for pair in pairs), known.counts.get("-".join(parts), 0))
    return held / max(known.papers, 1)


def _keywords(phrases: Sequence[_Phrase]) -> list[_Phrase]:
    """The most telling phrases that do not bring other papers; none has all the words of another."""
    telling = [phrase for phrase in phrases if not phrase.is_common]
    chosen: list[_Phrase] = []
    for phrase in telling:
        enough = phrase.worth >= _AS_GOOD * telling[0].worth and (phrase.is_several or phrase.held >= _ALMOST_ALL)
        if enough and not any(_overlap(phrase.key, other.key) for other in chosen):
            chosen.append(phrase)
    return chosen[:KEYWORDS]


def _for_name(phrases: Sequence[_Phrase]) -> list[_Phrase]:
    """The phrases as names, the best first: one word, or a common phrase, only where it is far better than the rest.

    A common word is none as long as there is anything else.
    """
    far = _NEARLY * max((phrase.worth for phrase in phrases), default=0)

    def order(one: _Phrase) -> tuple[bool, ...]:
        return one.is_common and not one.is_several, one.worth < far, one.is_common, not one.is_several

    return sorted(phrases, key=order)[:_CANDIDATES]


def _overlap(key: str, other: str) -> bool:
    """Whether one has all the words of the other."""
    a, b = set(_parts(key)), set(_parts(other))
    return a <= b or b <= a


def _parts(key: str) -> list[str]:
    return key.replace("-", " ").split(" ")


def _forms(runs: Iterable[_Run], keys: Collection[str]) -> dict[str, str]:
    """Each phrase as the papers mostly write it, in the middle of a sentence where it stands in one."""
    written: dict[str, dict[str, float]] = {key: {} for key in keys}
    for run in runs:
        for key, start, end in _phrases(run):
            if key in written:
                capitals = run.in_title or (run.opens and start == 0)
                form = " ".join(word for word, _ in run.tokens[start:end])
                written[key][form] = written[key].get(form, 0.0) + (_IN_TITLE if capitals else 1.0)
    return {key: max(sorted(forms), key=forms.__getitem__) for key, forms in written.items()}


def _first_new(called: Sequence[str], taken: Collection[str]) -> str:
    """The first of the names that no group has yet; numbered if they all have."""
    numbered = (f"{called[0]} ({number})" for number in range(2, len(taken) + 3))
    return next(name for name in (*called, *numbered) if name not in taken)


def _capital(text: str) -> str:
    """With a capital at the beginning, unless the word has one elsewhere: `mRNA`."""
    first = text.split()[0]
    return text[:1].upper() + text[1:] if first == first.lower() else text
