"""Invented papers, digests and editions in real shapes: name only what the test is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from newsletter.models import (
    Candidate,
    Digest,
    Edition,
    Interest,
    Listing,
    Match,
    Paper,
    Period,
    Section,
    SourceState,
    Stamp,
    Subscriber,
    said,
)

DAY = date(2026, 3, 3)
"""A Tuesday."""

_SUBJECTS = ("Flow Matching", "Tool Use", "Video Diffusion", "Sparse Attention", "Speech Tokens", "Robot Grasping")
_CLAIMS = ("in Four Steps", "without Labels", "at the Edge", "Beyond One Metre", "under a Fixed Budget")


def paper(**changes: Any) -> Paper:
    """A paper with everything that Hugging Face tells of one."""
    usual = Paper(
        id="2603.01234",
        title="Straight Paths: Flow Matching in Four Steps",
        abstract=(
            "Samplers of diffusion models take many small steps. We show that paths which were straightened once can be "
            "walked in four steps, at the quality of fifty. The method needs no teacher and half a day on one machine. "
            "On three invented benchmarks it halves the error of the best known sampler of the same cost."
        ),
        authors=("Ada Brook", "Ben Castell", "Chika Dorn", "Dev Ellis"),
        published=date(2026, 3, 2),
        summary="Paths that were straightened once let a diffusion model draw in four steps, without a teacher.",
        keywords=("flow matching", "diffusion models", "fast sampling"),
        categories=("cs.LG", "cs.CV"),
        organization="Northlight Lab",
        code="https://github.com/northlight/straight-paths",
        stars=1204,
        project="https://straight-paths.example.org/",
        upvotes=87,
        comments=4,
    )
    return replace(usual, **changes)


def numbered(number: int, **changes: Any) -> Paper:
    """One of many papers that differ: id, title, authors and votes follow from the number."""
    title = f"{_SUBJECTS[number % 6]} {_CLAIMS[number % 5]}: A Study of {number + 2} Cases"
    usual = paper(
        id=f"2603.{number + 1:05d}",
        title=title,
        authors=(f"Nora Author{number}", f"Omar Writer{number}"),
        summary=""
        if number % 3 == 1
        else f"In {number + 2} cases the simple way to do it does as well as the costly one.",
        organization="" if number % 2 else "Northlight Lab",
        code="" if number % 4 == 3 else f"https://github.com/northlight/study-{number}",
        project="" if number % 5 else f"https://study-{number}.example.org/",
        stars=number * 37 or None,
        upvotes=(number * 53) % 131,
    )
    return replace(usual, **changes)


def listing(day: date | None = DAY, **changes: Any) -> Listing:
    """A paper that stood on a source on a day; `changes` are the paper's."""
    return Listing(paper(**changes), day)


def candidate(of: Paper | None = None, **changes: Any) -> Candidate:
    """A new paper of DAY in the upper half."""
    usual = Candidate(paper=of or paper(), day=DAY, new=True, percentile=0.75, sources=("huggingface",))
    return replace(usual, **changes)


def match(of: Paper | None = None, **changes: Any) -> Match:
    """A paper in an edition; `new` and `day` are its candidate's."""
    chosen = candidate(of, **{name: changes.pop(name) for name in ("new", "day") if name in changes})
    usual = Match(chosen, score=0.6, reasons=("flow matching", said("like {paper}", paper="2011.13456")))
    return replace(usual, **changes)


def interest(**changes: Any) -> Interest:
    """An interest with a little of everything."""
    usual = Interest(
        name="Diffusion models",
        about="how to draw samples in fewer steps",
        keywords=("diffusion", "flow matching"),
        authors=("Ada Brook",),
        categories=("cs.LG",),
        like=("2011.13456",),
        exclude=("medical",),
    )
    return replace(usual, **changes)


def subscriber(**changes: Any) -> Subscriber:
    """Ada, who reads daily in Paris."""
    usual = Subscriber(
        key="ada@example.org",
        email="ada@example.org",
        name="Ada",
        timezone="Europe/Paris",
        interests=(interest(),),
    )
    return replace(usual, **changes)


def period(**changes: Any) -> Period:
    return replace(Period(name="2026-03-03", day=DAY, since=DAY), **changes)


def section(*matches: Match, **changes: Any) -> Section:
    """An interest's section; one paper if none is given."""
    return replace(Section("interest", "Diffusion models", matches or (match(),)), **changes)


def edition(*sections: Section, **changes: Any) -> Edition:
    """Ada's edition of DAY; two sections with two papers if none is given."""
    usual = Edition(
        subscriber=subscriber(),
        period=period(),
        digest="d1",
        sections=sections
        or (
            section(match()),
            section(match(numbered(1), reasons=("top 3 % of 3 March",)), kind="trending", title="Trending"),
        ),
        considered=40,
    )
    return replace(usual, **changes)


def large_edition(papers: int, **changes: Any) -> Edition:
    """An edition of that many papers that all differ, in sections of about five; every seventh is carried over."""
    matches = [match(numbered(n), new=n % 7 != 6, day=date(2026, 3, 2) if n % 7 == 6 else DAY) for n in range(papers)]
    parts = [tuple(matches[start : start + 5]) for start in range(0, papers, 5)]
    return edition(*(section(*part, title=f"Interest {n + 1}") for n, part in enumerate(parts)), **changes)


def digest(*candidates: Candidate, **changes: Any) -> Digest:
    """The digest of DAY; one candidate if none is given."""
    usual = Digest(
        id="d1",
        day=DAY,
        since=DAY,
        until=datetime(2026, 3, 3, 6, 0, tzinfo=UTC),
        candidates=candidates or (candidate(),),
        sources=(SourceState("huggingface", "ok", papers=40),),
    )
    return replace(usual, **changes)


def stamp(**changes: Any) -> Stamp:
    """Eight in the morning in Paris, and an opaque reference."""
    return replace(Stamp(at=datetime(2026, 3, 3, 7, 0, tzinfo=UTC), reference="QmFzZTY0LW5hbWVk"), **changes)
