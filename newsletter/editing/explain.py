"""Every part of a paper's score for a subscriber, and the rule that let it in or dropped it. No I/O."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from newsletter.editing.edit import allowed_rows, eligible, examples, is_seen, places
from newsletter.models import Edition, Subscriber
from newsletter.ranking.index import Index
from newsletter.ranking.looks import gathered, look_at
from newsletter.ranking.profile import Profile, phrases
from newsletter.ranking.rank import PASSES, STRONG, Mask, Scores, evidence
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
            why = " · ".join(self.why[interest])
            lines.append(f"  {interest}: {said}" + (f"  [{why}]" if why else ""))
        return lines


def explain(edition: Edition, subscriber: Subscriber, scores: Scores, seen: Collection[str], row: int) -> Explanation:
    """Explains one row of the scores' index."""
    paper = scores.index.candidates[row].paper
    section = next((s.title for s in edition.sections if any(m.paper.id == paper.id for m in s.matches)), "")
    verdict = f"It is in the edition, under {section}." if section else _why_not(edition, subscriber, scores, seen, row)
    names = [interest.name for interest in subscriber.interests]
    parts = {name: _parts(scores, number, row) for number, name in enumerate(names)}
    told = reasons(scores, [(number, row) for number in range(len(names))])
    why = {name: tuple(map(str, one)) for name, one in zip(names, told, strict=True)}
    return Explanation(paper.id, paper.title, section, verdict, parts, why)


def _parts(scores: Scores, number: int, row: int) -> dict[str, float]:
    """What each thing says, in units of clearly near; then what that counts as evidence, its sum, and the need."""
    index, profile = scores.index, scores.profiles[number]
    near = scores.near[number : number + 1]
    found = evidence(index, [profile], near)
    parts = _near_parts(index, profile, float(near[0, row]), row)
    named = {"text": found.text, "keywords": found.keywords, "authors": found.authors, "categories": found.categories}
    parts |= {name: float(values[0, row]) for name, values in named.items()}
    parts |= {"sum": float(found.total[0, row]), "needed": PASSES[profile.interest.threshold]}
    return {name: round(value, 3) + 0.0 for name, value in parts.items()}  # no -0.0


def _near_parts(index: Index, profile: Profile, near: float, row: int) -> dict[str, float]:
    if not profile.looks:
        return {}
    sight = look_at(gathered(profile.looks), index.model, index.columns)
    best = int(sight.near[:, row].argmax())
    look, own = profile.looks[best], sight.told(best, row)
    asked = {"examples": look.near, "words": look.words, "dislikes": look.far}
    parts = {name: own[name] for name, wishes in asked.items() if wishes}
    parts["same authors"] = float(sight.near[best, row]) - sum(parts.values())
    return parts | {"like the nearest": near - sum(parts.values())}


def _may_come(scores: Scores, number: int, allowed: Mask) -> list[int]:
    ranked = scores.ranked[number]
    return [int(row) for row in ranked.rows[eligible(scores.index, ranked, allowed[ranked.rows])]]


def _are_twins(index: Index, paper_id: str, row: int) -> bool:
    other = index.row_of(paper_id)
    return other is not None and index.twins[other] == index.twins[row]


def _why_not(edition: Edition, subscriber: Subscriber, scores: Scores, seen: Collection[str], row: int) -> str:
    """The first rule that dropped the paper, in the order in which they are applied."""
    candidate = scores.index.candidates[row]
    if is_seen(candidate.paper, seen):
        gains = [str(gain) for later in edition.later if later.candidate == candidate for gain in later.gains]
        mention = f" It is mentioned again: {', '.join(gains)}." if gains else ""
        return f"Not in it: shown in an earlier edition; a paper is shown once.{mention}"
    if is_seen(candidate.paper, examples(subscriber)):
        return "Not in it: it is among your examples, so you have it."
    if subscriber.sources and not set(subscriber.sources) & set(candidate.sources):
        return f"Not in it: it came from {', '.join(candidate.sources)}, not from your sources."
    muted = [text for text, phrase in phrases(subscriber.exclude).items() if scores.index.holds(phrase, row)]
    if muted:
        return f"Not in it: you exclude '{muted[0]}'."
    return _below(edition, subscriber, scores, allowed_rows(subscriber, scores.index, seen), row)


def _below(edition: Edition, subscriber: Subscriber, scores: Scores, allowed: Mask, row: int) -> str:
    passed = [n for n, ranked in enumerate(scores.ranked) if row in ranked.rows.tolist()]
    if not passed:
        for profile in scores.profiles:
            muted = [text for text, phrase in profile.excluded.items() if scores.index.holds(phrase, row)]
            if muted:
                return f"Not in it: {profile.interest.name} excludes '{muted[0]}'."
        return "Not in it: no interest found enough in it, and it is no favourite of the community that day."
    if not any(row in _may_come(scores, n, allowed) for n in passed):
        return f"Not in it: it is from an earlier day, and only strong matches ({STRONG} or more) are carried over."
    twin = next((pick for pick in edition.matches if _are_twins(scores.index, pick.paper.id, row)), None)
    if twin is not None:
        return f"Not in it: it is about the same thing as {twin.paper.id}, which is."
    return f"Not in it: {places(subscriber)} better matches took the places (max_papers: {subscriber.max_papers})."
