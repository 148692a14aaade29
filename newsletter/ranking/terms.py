"""Text as terms: words, hyphenated words and pairs of neighbours. No I/O.

The recipe: lower case, words of two characters or more, stop words out, plurals stemmed, hyphenated words kept
whole and split, pairs of neighbours; the title counts twice. It is the strongest that needs no training.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from newsletter.models import Paper

_WORD = re.compile(r"[^\W_](?:[\w\-]*[^\W_])?")
_LETTER = re.compile(r"[^\W\d_]")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
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
        parts = _parts(word)
        if len(parts) > 1:
            yield stem(word)
        for part in parts:
            if part:
                yield part
                if before:
                    yield f"{before} {part}"
            before = part


@lru_cache(65_536)
def _parts(word: str) -> tuple[str, ...]:
    """The parts of a hyphenated word, stemmed; empty ones for what is no term. Kept: most words are said often."""
    parts = (stem(part) for part in word.split("-") if part)
    return tuple(p if p not in STOP_WORDS and len(p) >= 2 and _LETTER.search(p) else "" for p in parts)


def paper_text(paper: Paper) -> str:
    """What of a paper is compared: the title counts twice."""
    return f"{paper.title}. {paper.title}. {paper.abstract} {'. '.join(paper.keywords)}"


def wish_terms(text: str) -> Counter[str]:
    """The terms of an interest's words, with those that hide in a word with humps: `SocialAgent`, `RAGBench`."""
    found = Counter(terms(text))
    for parts in filter(None, map(_humps, text.split())):
        found.update(terms(parts))
    return found


def _humps(word: str) -> str:
    """The parts of a word with humps; nothing where a part is too short to be a word, as in `LoRA`."""
    parts = _HUMP.split(word)
    return " ".join(parts) if len(parts) > 1 and all(len(part) >= 3 for part in parts) else ""
