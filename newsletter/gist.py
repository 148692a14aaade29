"""The sentences of an abstract that say what a paper does and found, rather than what others lack. No I/O.

A sentence is weighed by what it shares with the title and with the other sentences, by the words of a contribution or a
result, by its place and its length. Figures: `scripts/bench_summaries`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

from newsletter.ranking.terms import STOP_WORDS, words
from newsletter.text import excerpt, sentences

MOST = 3
"""Sentences that are taken at most."""
LONGEST = 40
"""Sentences that are weighed; a longer text is no abstract, and begins with what it is about."""
TRIED = 8
"""The weightiest, of which every choice of `MOST` is compared."""

# Fitted to how much of Hugging Face's summaries a sentence shares (scripts/bench_summaries), rounded, and where that
# made no difference, set by eye.
_TITLE = 0.25  # has all words of the title
_NAME = 0.05  # has what the title calls it: `Name: What It Is`
_CENTRAL = 0.8  # all its words are in every other sentence
_LENGTH = 0.1  # fills the room: a short one says little
_DOES = 0.06
_FOUND = 0.02
_LATE = -0.08  # stands last
_AHEAD = -0.12  # stands before the first that says what is done here
_OTHERS = -0.08  # speaks of what others did, or did not
_POINTS_BACK = -0.04  # `these models`
_CUT = -0.1  # is longer than there is room
_NO_NEWS = -1.0  # says where to get it
# Of a choice of them.
_SAYS_WHAT = 0.15
_SAYS_RESULT = 0.08
_REPEATED = -0.3  # for each sentence, if all words are said twice
_MORE = -0.1  # for each sentence but one

_TIES = re.compile(
    r"(?:however|moreover|furthermore|further|additionally|in addition|besides|also|thus|therefore|hence|consequently|"
    r"accordingly|finally|specifically|in particular|concretely|notably|importantly|remarkably|crucially|overall|"
    r"instead|nevertheless|meanwhile|to this end|to that end|as a result|in response|in light of this|in summary|"
    r"in short|in conclusion|(?:(?:in order )?to (?:[a-z]+ ){0,2}[a-z]+|motivated by|inspired by|based on|given|"
    r"building on|leveraging|using|with) (?:this|these|those|such|both|it|them|the above|the aforementioned)\b[^,.;:]*|"
    r"(?:first|second|third|next|then)(?=,? we\b)),? ",
    re.IGNORECASE,
)
# These read lower case.
_OURS = re.compile(r"\b(?:we|our|this (?:paper|work|study|report|article|survey))\b")
_DOING = re.compile(
    r"\b(?:propos|introduc|present|develop|design|devis|describ|formulat|construct|buil[dt]|unveil|creat|"
    r"investigat|stud(?:y|ies)|explor|examin|analy[sz]e|conduct|revisit|argue|reframe|perform\b)"
)
_NOVEL = re.compile(r"\b(?:is|are) an? (?:new|novel|open)\b")
_TRIAL = re.compile(r"\b(?:experiments?|results?|evaluations?|analys[ei]s|findings?)\b")
_FINDING = re.compile(
    r"\b(?:show|find|found|demonstrat|reveal|observ|discover|identif|prov[ei]|outperform|surpass|achiev|improv|exceed)"
)
_ABOUT_OTHERS = frozenset(
    "recent recently existing prior previous current traditional conventional typically remain however despite "
    "struggle suffer lack limited limitation challenging underexplored attracted increasingly".split()
)
_LEANS = re.compile(
    r"(?!this (?:paper|work|study|report|article|survey)\b)(?:this|these|those|such|they|it|its|their|he|she|there|"
    r"here(?!,? we\b)|however|yet|but|and|or|so|also|then|thus|first|firstly|second|secondly|third|thirdly|fourth|next|"
    r"both|for example|for instance|as such|in contrast|in this way|(?:in|by) doing so|the (?:former|latter)|another|"
    r"others?|\(?(?:[ivx]+|[a-e\d])[).])(?!\w)"
)
_POINTS = re.compile(
    r"\b(?:this|these|those|such)\b(?! (?:paper|work|study|report|article|survey|as)\b)|"
    r"\bwe (?:also|then|further|therefore)\b"
)
_WHERE_TO_GET_IT = re.compile(
    r"https?://|\bgithub\b|\bavailable (?:at|on|from|here)\b|\b(?:are|is|be|been|made)(?: [a-z]+ly)? "
    r"(?:available|released|open-?sourced|public|accessible)\b|"
    r"\bwe (?:[a-z]+ )?(?:release|open-?source|publish|share)\b|\bwe (?:hope|believe)\b|\bproject page\b"
)


@dataclass(frozen=True, slots=True)
class _Sentence:
    place: int
    text: str
    """Without an opening that only ties it to the one before."""
    leans: bool
    """Nobody understands it without the one before."""
    terms: frozenset[str]
    does: bool
    found: bool
    weight: float


def gist(title: str, abstract: str, limit: int) -> str:
    """The one to three best sentences of an abstract in their order, at most `limit` characters; both are readable.

    An opening like "To address this gap," is left out, and a sentence that leans on the one before it comes only
    behind it. Where no sentence will do, it is how the abstract begins.
    """
    weighed = _weighed(title, sentences(abstract)[:LONGEST], limit)
    best = sorted(sorted(weighed, key=lambda one: -one.weight)[:TRIED], key=lambda one: one.place)
    choices = (choice for number in range(1, MOST + 1) for choice in combinations(best, number))
    chosen = max((choice for choice in choices if _stands(choice, limit)), key=_worth, default=())
    return _joined(chosen) or excerpt(abstract, limit)


def _joined(choice: Iterable[_Sentence]) -> str:
    return " ".join(one.text for one in choice)


def _stands(choice: Sequence[_Sentence], limit: int) -> bool:
    """Whether there is room for these sentences, and each has what it leans on."""
    if sum(len(one.text) + 1 for one in choice) > limit + 1 or (choice[0].leans and choice[0].place):
        return False
    return all(not one.leans or before.place == one.place - 1 for before, one in pairwise(choice))


def _worth(choice: Sequence[_Sentence]) -> float:
    said = sum(len(one.terms) for one in choice)
    repeated = said - len(choice[0].terms.union(*(one.terms for one in choice)))
    return (
        sum(one.weight for one in choice)
        + _SAYS_WHAT * any(one.does for one in choice)
        + _SAYS_RESULT * any(one.found for one in choice)
        + _REPEATED * len(choice) * repeated / max(said, 1)
        + _MORE * (len(choice) - 1)
    )


def _weighed(title: str, written: Sequence[str], limit: int) -> list[_Sentence]:
    terms = [frozenset(words(sentence)) - STOP_WORDS for sentence in written]
    shared, others = Counter(term for of_one in terms for term in of_one), max(len(written) - 1, 1)
    named = frozenset(words(title)) - STOP_WORDS
    name = title.partition(":")[0].strip() if ":" in title else ""
    found = []
    for place, (sentence, own) in enumerate(zip(written, terms, strict=True)):
        weight = (
            _TITLE * len(own & named) / max(len(named), 1)
            + _NAME * (bool(name) and name in sentence)
            + _CENTRAL * sum(shared[term] - 1 for term in own) / max(len(own) * others, 1)
            + _OTHERS * (not own.isdisjoint(_ABOUT_OTHERS))
            + _LATE * place / others
        )
        found.append(_read(place, sentence, own, weight, limit))
    first = next((one.place for one in found if one.does), 0)
    return [replace(one, weight=one.weight + _AHEAD) if one.place < first else one for one in found]


def _read(place: int, sentence: str, terms: frozenset[str], weight: float, limit: int) -> _Sentence:
    """Weighs the wording of a sentence."""
    tie = _TIES.match(sentence)
    rest = sentence[tie.end() :] if tie else sentence
    lower = rest.lower()
    text = rest if len(rest) <= limit else excerpt(rest, limit)
    ours = bool(_OURS.search(lower))
    does = (ours and bool(_DOING.search(lower))) or bool(_NOVEL.search(lower))
    found = (ours or bool(_TRIAL.search(lower))) and bool(_FINDING.search(lower))
    weight += (
        _LENGTH * len(text) / limit
        + _DOES * does
        + _FOUND * found
        + _CUT * (len(rest) > limit)
        + _POINTS_BACK * bool(_POINTS.search(lower))
        + _NO_NEWS * (not does and bool(_WHERE_TO_GET_IT.search(lower)))
    )
    return _Sentence(place, text[:1].upper() + text[1:], bool(_LEANS.match(lower)), terms, does, found, weight)
