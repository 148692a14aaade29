"""Every part of a paper's score for a subscriber, and the rule that let it in or dropped it. No I/O."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from newsletter.editing.edit import allowed_rows, eligible, is_seen, places
from newsletter.models import Edition, Subscriber
from newsletter.ranking.profile import phrases
from newsletter.ranking.rank import PASSES, STRONG, Scores, evidence, nearness
from newsletter.ranking.reasons import reasons


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a paper is, or is not, in an edition."""

    paper: str
    title: str
    section: str
    """Where it stands in the edition; empty when it is not there."""
    verdict: str
    parts: Mapping[str, Mapping[str, float]]
    """Per interest each part of the score, their sum, and what was needed."""
    why: Mapping[str, tuple[str, ...]]
    """Per interest what speaks for the paper."""

    @property
    def sentences(self) -> list[str]:
        """The same for people."""
        lines = [f"{self.title} ({self.paper})", self.verdict]
        for interest, parts in self.parts.items():
            said = ", ".join(f"{name} {value:.2f}" for name, value in parts.items())
            lines.append(f"  {interest}: {said}" + (f"  [{' · '.join(self.why[interest])}]"))
        return lines


def explain(edition: Edition, subscriber: Subscriber, scores: Scores, seen: Collection[str], row: int) -> Explanation:
    """Explains one row of the scores' index."""
    paper = scores.index.candidates[row].paper
    section = next((s.title for s in edition.sections if any(m.paper.id == paper.id for m in s.matches)), "")
    verdict = f"It is in the edition, under {section}." if section else _why_not(subscriber, scores, seen, row)
    names = [interest.name for interest in subscriber.interests]
    parts = {name: _parts(scores, number, row) for number, name in enumerate(names)}
    why = {name: reasons(scores.index, scores.profiles[n], row) for n, name in enumerate(names)}
    return Explanation(paper.id, paper.title, section, verdict, parts, why)


def _parts(scores: Scores, number: int, row: int) -> dict[str, float]:
    profile = scores.profiles[number]
    found = evidence(scores.index, profile, nearness(scores.index, [profile])[0])
    named = {"text": found.text, "keywords": found.keywords, "authors": found.authors, "categories": found.categories}
    parts = {name: round(float(values[row]), 3) for name, values in named.items()}
    return parts | {"sum": round(float(found.total[row]), 3), "needed": PASSES[profile.interest.threshold]}


def _why_not(subscriber: Subscriber, scores: Scores, seen: Collection[str], row: int) -> str:
    """The first rule that dropped the paper, in the order in which they are applied."""
    candidate = scores.index.candidates[row]
    if is_seen(candidate, seen):
        return "Not in it: shown in an earlier edition; a paper is shown once."
    if subscriber.sources and not set(subscriber.sources) & set(candidate.sources):
        return f"Not in it: it came from {', '.join(candidate.sources)}, not from your sources."
    muted = [text for text, phrase in phrases(subscriber.exclude).items() if scores.index.find(phrase)[row] > 0]
    if muted:
        return f"Not in it: you exclude '{muted[0]}'."
    return _below(subscriber, scores, allowed_rows(subscriber, scores, seen), row)


def _below(subscriber: Subscriber, scores: Scores, allowed: set[int], row: int) -> str:
    passed = [n for n, ranked in enumerate(scores.ranked) if row in ranked.rows.tolist()]
    if not passed:
        for profile in scores.profiles:
            muted = [text for text, phrase in profile.excluded.items() if scores.index.find(phrase)[row] > 0]
            if muted:
                return f"Not in it: {profile.interest.name} excludes '{muted[0]}'."
        return "Not in it: no interest found enough in it, and it is no favourite of the community that day."
    if not any(row == found for n in passed for found, _ in eligible(scores, scores.ranked[n], allowed)):
        return f"Not in it: it is from an earlier day, and only strong matches ({STRONG} or more) are carried over."
    return f"Not in it: {places(subscriber)} better matches took the places (max_papers: {subscriber.max_papers})."
