"""Why a paper matches an interest, in the interest's own words. No I/O."""

from __future__ import annotations

from collections.abc import Mapping

from newsletter.models import Candidate
from newsletter.ranking.index import Index
from newsletter.ranking.profile import Profile
from newsletter.ranking.rank import writes

LIKE = 0.12  # a cosine from which two papers are visibly about the same
MOST = 3


def reasons(index: Index, profile: Profile, row: int) -> tuple[str, ...]:
    """What speaks for the paper, strongest first: `flow matching`, `like 2011.13456`, `87 upvotes`."""
    candidate = index.candidates[row]
    parts = [*_written_by(profile, index.authors[row]), *_keywords(index, profile, row)]
    parts += _like(profile, index.vectors[row]) + _filed(profile, candidate)
    return tuple((parts or _shared(profile, index.vectors[row]))[:MOST] + community(candidate))


def community(candidate: Candidate) -> list[str]:
    """What the community thinks, when it thinks something."""
    votes = candidate.paper.upvotes
    return [f"{votes} upvote{'s' if votes != 1 else ''}"] if votes > 0 else []


def _written_by(profile: Profile, authors: frozenset[str]) -> list[str]:
    return [f"by {name}" for name in profile.interest.authors if writes(name, authors)]


def _keywords(index: Index, profile: Profile, row: int) -> list[str]:
    found = [(float(index.find(phrase)[row]), keyword) for keyword, phrase in profile.phrases.items()]
    return [keyword for worth, keyword in sorted(found, key=lambda pair: -pair[0]) if worth > 0]


def _like(profile: Profile, vector: Mapping[str, float]) -> list[str]:
    near = [(cosine(example, vector), id_) for id_, example in profile.liked.items()]
    best = max(near, default=(0.0, ""))
    return [f"like {best[1]}"] if best[0] >= LIKE else []


def _filed(profile: Profile, candidate: Candidate) -> list[str]:
    wanted = {category.lower() for category in profile.interest.categories}
    return [category for category in candidate.paper.categories if category.lower() in wanted]


def _shared(profile: Profile, vector: Mapping[str, float]) -> list[str]:
    """The terms that bring the two together, when nothing that was asked for by name does."""
    wished = profile.words or profile.examples
    weights = {term: wished[term] * vector[term] for term in vector if wished.get(term, 0) > 0}
    # A pair of words tells a person more than its parts.
    parts = {part for term in weights for part in term.split(" ") if " " in term}
    return sorted(weights.keys() - parts, key=lambda term: (-weights[term], term))[:MOST]


def cosine(a: Mapping[str, float], b: Mapping[str, float]) -> float:
    """The cosine of two vectors of length 1."""
    small, large = (a, b) if len(a) <= len(b) else (b, a)
    return sum(value * large[term] for term, value in small.items() if term in large)
