"""The sources over what was really recorded; skipped where the recordings are not beside the checkout."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from newsletter.models import Fetched
from newsletter.sources import file, huggingface
from newsletter.sources.fields import day_in
from tests.servers.huggingface import HuggingFace, reach

DATA = Path(__file__).parents[2] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the recordings in ../shared/data are not here")

NO_DAY = date(2000, 1, 1)


def fetch(argument: str, day: date = NO_DAY) -> Fetched:
    return file.fetch(argument, day, reach(home=DATA))


def recorded(folder: str) -> dict[str, list[dict[str, Any]]]:
    return {path.stem: json.loads(path.read_bytes()) for path in sorted((DATA / folder).glob("*.json"))}


def test_the_four_captures_hold_510_papers_with_473_titles_and_no_day() -> None:
    fetched = fetch("seeds")
    assert (510, 473, {None}, ()) == (
        len(fetched.listings),
        len({found.paper.title for found in fetched.listings}),
        {found.day for found in fetched.listings},
        fetched.faults,
    )
    assert (19, 144) == (
        min(len(found.paper.title) for found in fetched.listings),
        max(len(found.paper.title) for found in fetched.listings),
    )
    assert (423, 1920) == (
        min(len(found.paper.abstract) for found in fetched.listings),
        max(len(found.paper.abstract) for found in fetched.listings),
    )


@pytest.mark.parametrize(
    ("name", "papers"),
    [
        ("000_1a06be1b5ee9baa1.txt", 83),
        ("001_1a537288d44381c5.txt", 89),
        ("002_5c4765d74a378717.txt", 273),
        ("003_01418b554a089407.txt", 65),
    ],
)
def test_each_capture_is_read_whole(name: str, papers: int) -> None:
    assert papers == len(fetch(f"seeds/{name}").listings)


def test_the_89_recorded_days_hold_1786_papers_each_on_its_day_without_a_fault() -> None:
    days = sorted(filter(None, (day_in(path.name) for path in (DATA / "hf_daily").iterdir())))
    fetched = [fetch("hf_daily", day) for day in days]
    assert (89, 1786, ()) == (
        len(days),
        sum(len(one.listings) for one in fetched),
        sum((one.faults for one in fetched), ()),
    )
    assert [{day} for day in days] == [{found.day for found in one.listings} for one in fetched]


def test_nothing_that_the_api_says_of_a_paper_is_lost() -> None:
    raw = [paper for day in recorded("hf_daily").values() for paper in day]
    read = [
        found.paper for day in recorded("hf_daily") for found in fetch("hf_daily", date.fromisoformat(day)).listings
    ]

    for ours, theirs in {
        "summary": "ai_summary", "code": "githubRepo", "project": "projectPage",
        "upvotes": "upvotes", "authors": "authors", "abstract": "summary", "published": "publishedAt",
    }.items():  # fmt: skip
        given = [bool(paper["paper"].get(theirs)) for paper in raw]
        assert (ours, given) == (ours, [bool(getattr(paper, ours)) for paper in read])
    # Four papers of 2026 have `[""]` for keywords.
    assert [any(paper["paper"].get("ai_keywords", ())) for paper in raw] == [bool(paper.keywords) for paper in read]
    assert [paper["paper"].get("githubStars") for paper in raw] == [paper.stars for paper in read]
    assert [paper["numComments"] for paper in raw] == [paper.comments for paper in read]
    assert [bool(paper.get("organization") or paper.get("submitterOrganization")) for paper in raw] == [
        bool(paper.organization) for paper in read
    ]


def test_recorded_days_come_the_same_over_http_in_pages() -> None:
    with HuggingFace(recorded("hf_daily"), today="2026-04-30") as hub:
        for day in (date(2025, 9, 29), date(2026, 3, 3), date(2026, 4, 30)):
            assert fetch("hf_daily", day) == huggingface.fetch("", day, reach(hub))


@pytest.mark.parametrize(
    ("name", "papers"),
    [
        ("2024-05-27.json", 13),
        ("2024-08-02.json", 16),
        ("2024-12-12.json", 18),
        ("2025-01-10.json", 9),
        ("2025-03-12.json", 23),
        ("2025-05-22.json", 27),
        ("2025-09-30.json", 50),
        ("paper_info_2410.24164_trimmed.json", 1),
        ("papers_search_q_kazakh.json", 9),
    ],
)
def test_every_older_shape_is_read_without_a_fault(name: str, papers: int) -> None:
    day = day_in(name)
    fetched = fetch(f"hf_shapes/{name}", day or NO_DAY)
    assert (papers, (), {day}) == (len(fetched.listings), fetched.faults, {found.day for found in fetched.listings})


def test_a_file_without_papers_among_them_is_named() -> None:
    (fault,) = fetch("hf_shapes").faults
    assert "http_errors.json: paper 1: no title; left out" in fault


def test_the_archive_of_501_days_is_read_whole() -> None:
    said = file.check("hf_archive.jsonl.gz", reach(home=DATA))
    assert "hf_archive.jsonl.gz: 7,876 papers in 1 file, listed 2024-05-27 to 2026-04-30" == said


def test_a_recorded_paper_is_looked_up() -> None:
    info = json.loads((DATA / "hf_shapes" / "paper_info_2410.24164_trimmed.json").read_bytes())
    with HuggingFace(papers={"2410.24164": info}) as hub:
        found = huggingface.lookup("2410.24164", reach(hub))
    assert found is not None
    assert ("2410.24164", 31, 2, date(2024, 10, 31)) == (found.id, found.upvotes, len(found.authors), found.published)
