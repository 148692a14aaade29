"""Text as terms, and how telling each term is in the archive. No I/O.

The recipe: lower case, words of two characters or more, stop words out, plurals stemmed, hyphenated words kept
whole and split, pairs of neighbours; tf-idf with sublinear tf. It is the strongest that needs no training.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from newsletter.models import Paper

_WORD = re.compile(r"[^\W_](?:[\w\-]*[^\W_])?")
_LETTER = re.compile(r"[^\W\d_]")
STOP_WORDS = frozenset(
    """a about above across after again against all almost alone along also although always am among an and any are as
    at be became because become been before being below between both but by can cannot could did do does doing done
    down due during each either else enough even ever every few for from further had has have having he hence her here
    hers him his how however i if in into is it its itself just less made make many may me might more most much must my
    neither no nor not now of off often on once one only onto or other others our ours out over own per perhaps rather
    same several she should since so some such than that the their theirs them then there therefore these they this
    those though through throughout thus to together too toward towards under until up upon us very via was we well
    were what when where whether which while who whole whom whose why will with within without would yet you your
    yours""".split()
)


PAIR = 0.5  # what a pair of words counts in a wish beside the words themselves (docs/ranking.md)


@dataclass(frozen=True, slots=True)
class TermModel:
    """How many papers of the archive each term occurs in."""

    papers: int
    counts: Mapping[str, int]

    def idf(self, term: str) -> float:
        """Inverse document frequency, smoothed: 1 for a term in every paper, most for one in none."""
        return math.log((1 + self.papers) / (1 + self.counts.get(term, 0))) + 1

    def rarity(self, term: str) -> float:
        """Inverse document frequency as in BM25: near 0 for a term in every paper."""
        held = self.counts.get(term, 1)
        return math.log(1 + (max(self.papers, held) - held + 0.5) / (held + 0.5))


def stem(word: str) -> str:
    """The singular of an English plural, roughly: both sides of a comparison are stemmed alike."""
    if len(word) <= 3 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-2] if word.endswith(("sses", "xes", "ches", "shes")) else word[:-1]


def words(text: str) -> list[str]:
    """The words of a text, stemmed, in order; a hyphenated word is its parts."""
    return [stem(part) for word in _WORD.findall(text.lower()) for part in word.split("-") if part]


def terms(text: str) -> Iterator[str]:
    """The terms of a text: single words, hyphenated words whole, and pairs of neighbours."""
    before = ""
    for word in _WORD.findall(text.lower()):
        parts = [stem(part) for part in word.split("-") if part]
        if len(parts) > 1:
            yield stem(word)
        for part in parts:
            if part in STOP_WORDS or len(part) < 2 or not _LETTER.search(part):
                before = ""
                continue
            yield part
            if before:
                yield f"{before} {part}"
            before = part


def paper_text(paper: Paper) -> str:
    """What of a paper is compared: the title counts twice."""
    return f"{paper.title}. {paper.title}. {paper.abstract} {'. '.join(paper.keywords)}"


def vector(text: str, model: TermModel) -> dict[str, float]:
    """tf-idf of a text, of length 1; empty for a text without terms: how two papers are compared."""
    return scaled({term: (1 + math.log(count)) * model.idf(term) for term, count in Counter(terms(text)).items()})


def query(text: str, model: TermModel) -> dict[str, float]:
    """The terms of a wish with the weight each has in BM25: its rarity; a pair of words counts half."""
    return {
        term: count * model.rarity(term) * (PAIR if " " in term else 1.0)
        for term, count in Counter(terms(text)).items()
    }


def frequencies(texts: Sequence[str]) -> list[dict[str, float]]:
    """Per text each term's saturated frequency, as in BM25 (k1 1.2, b 0.75), lengths relative to these texts."""
    bags = [Counter(terms(text)) for text in texts]
    mean = sum(bag.total() for bag in bags) / max(len(bags), 1) or 1.0
    found = []
    for bag in bags:
        norm = 1.2 * (0.25 + 0.75 * bag.total() / mean)
        found.append({term: count * 2.2 / (count + norm) for term, count in bag.items()})
    return found


def scaled(weights: Mapping[str, float]) -> dict[str, float]:
    """The weights as a vector of length 1; empty if there are none."""
    norm = math.sqrt(sum(value * value for value in weights.values()))
    return {term: value / norm for term, value in weights.items()} if norm else {}


def learn(papers: Iterable[Paper]) -> TermModel:
    """Term statistics of the archive. Terms of a single paper are left out: they tell as much as unknown ones."""
    counts: Counter[str] = Counter()
    number = 0
    for paper in papers:
        counts.update(set(terms(paper_text(paper))))
        number += 1
    return TermModel(number, {term: count for term, count in counts.items() if count > 1})


def dump(model: TermModel) -> bytes:
    """The model as bytes."""
    return json.dumps({"papers": model.papers, "counts": dict(sorted(model.counts.items()))}).encode()


def load(content: bytes) -> TermModel:
    """The model of `dump`."""
    values = json.loads(content)
    return TermModel(values["papers"], values["counts"])
