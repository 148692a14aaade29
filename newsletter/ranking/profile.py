"""An interest compiled once: what it looks for, ready to be compared with many papers. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from newsletter.models import Interest, Paper
from newsletter.ranking.terms import TermModel, paper_text, query, scaled, vector, words

# How much each part of an interest says of it (docs/ranking.md).
NAME, ABOUT, KEYWORDS = 0.5, 1.0, 1.0
DISLIKES = -0.4

Vector = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Profile:
    """What an interest looks for. Vectors map terms to weights and have length 1 (or are empty)."""

    interest: Interest
    words: Vector
    """Its own words: name, about, keywords."""
    examples: Vector
    """The mean of its example papers, less its dislikes."""
    liked: Mapping[str, Vector]
    """Per example paper's id, its own vector: which of them a match is like."""
    phrases: Mapping[str, str]
    """Per keyword as written, the words to look for, stemmed and joined by spaces."""
    excluded: Mapping[str, str]
    """The same for what must not come."""


def profile(interest: Interest, exclude: Sequence[str], examples: Mapping[str, Paper], model: TermModel) -> Profile:
    """Compiles an interest; `exclude` are the subscriber's own, `examples` the papers known by their ids."""
    liked = {id_: vector(paper_text(examples[id_]), model) for id_ in interest.like if id_ in examples}
    disliked = [vector(paper_text(examples[id_]), model) for id_ in interest.dislike if id_ in examples]
    asked = _sum(
        [
            (NAME, query(_telling_name(interest), model)),
            (ABOUT, query(interest.about, model)),
            (KEYWORDS, query(". ".join(interest.keywords), model)),
        ]
    )
    mean = _sum([(1.0, _mean(list(liked.values()))), (DISLIKES, _mean(disliked))])
    return Profile(interest, asked, mean, liked, phrases(interest.keywords), phrases((*interest.exclude, *exclude)))


def _telling_name(interest: Interest) -> str:
    """The name, unless it only labels a wish for people or categories: "Friends" is no subject."""
    only_a_label = (interest.authors or interest.categories) and not (
        interest.about or interest.keywords or interest.like
    )
    return "" if only_a_label else interest.name


def phrases(texts: Sequence[str]) -> dict[str, str]:
    """Per text, the phrase to look for in the words of a paper."""
    return {text: joined for text in texts if (joined := " ".join(words(text)))}


def _mean(vectors: Sequence[Vector]) -> Vector:
    return _sum([(1.0, one) for one in vectors])


def _sum(parts: Sequence[tuple[float, Vector]]) -> Vector:
    """The weighted sum, of length 1."""
    total: dict[str, float] = {}
    for weight, part in parts:
        for term, value in part.items():
            total[term] = total.get(term, 0.0) + weight * value
    return scaled(total)
