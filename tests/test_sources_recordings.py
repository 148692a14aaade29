"""The sources over what was really recorded; skipped where the recordings are not beside the checkout."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from newsletter.models import Fetched
from newsletter.sources import file, huggingface
from newsletter.sources.fields import Unusable, day_in
from newsletter.sources.formats import arxiv_answer, arxiv_list
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


# -- arXiv


def arxiv_recording(name: str) -> bytes:
    return (DATA / "arxiv" / name).read_bytes()


@pytest.mark.parametrize("path", sorted((DATA / "arxiv" / "api").glob("q_*.xml")), ids=lambda path: path.stem)
def test_every_recorded_page_of_arxiv_s_api_is_read_whole_without_a_fault(path: Path) -> None:
    asked = int(path.stem.split("_m")[1].split("_")[0])
    page = arxiv_answer.parse(path.read_bytes())
    papers = [found.paper for found in page.fetched.listings]
    assert (asked, asked, 214_881, ()) == (len(papers), page.entries, page.total, page.fetched.faults)
    assert all(
        paper.title and paper.abstract and paper.authors and paper.categories and paper.published and paper.version
        for paper in papers
    )


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("id_0000.0000_s0_m100_8b51d9633a68.xml", []),
        ("id_0808.05394_s0_m100_7b0c7d0a7cdd.xml", []),
        ("id_0808.05394_1707.08567_s0_m100_42e5aa0ec3af.xml", ["1707.08567"]),
        ("id_1605.08386_s0_m100_199195aa31ad.xml", ["1605.08386"]),
        ("id_2104.12255v1_s0_m100_6ae69987ffe1.xml", ["2104.12255"]),
        ("id_astro-ph_0601001_s0_m100_3150dca9dc76.xml", ["astro-ph/0601001"]),
        ("id_quant-ph_0201082v1_s0_m100_86989fe779ef.xml", ["quant-ph/0201082"]),
    ],
)
def test_recorded_papers_of_arxiv_are_found_by_their_ids(name: str, ids: list[str]) -> None:
    page = arxiv_answer.parse(arxiv_recording(f"api/{name}"))
    assert (ids, len(ids)) == ([found.paper.id for found in page.fetched.listings], page.total)


def test_the_recorded_refusal_of_an_id_is_told() -> None:
    with pytest.raises(Unusable, match="arXiv refuses it: incorrect id format for abc"):
        arxiv_answer.parse(arxiv_recording("api/id_abc_s0_m100_b79c8dcf6bc3.xml"))


@pytest.mark.parametrize("category", ["ai", "cl", "lg"])
def test_the_recorded_lists_of_arxiv_hold_three_new_papers_each(category: str) -> None:
    found = arxiv_list.parse(arxiv_recording(f"rss/arxiv_cs_{category}.xml"))
    papers = [listing.paper for listing in found.fetched.listings]
    assert (date(2026, 4, 27), 3, ()) == (found.day, len(papers), found.fetched.faults)
    assert {(1, True, True)} == {(paper.version, bool(paper.authors), bool(paper.abstract)) for paper in papers}
    assert all(f"cs.{category.upper()}" in paper.categories for paper in papers)
    assert not any("Announce Type" in paper.abstract for paper in papers)


def test_the_reconstructed_lists_have_80_items_of_all_four_kinds_alike_in_rss_and_atom() -> None:
    rss, atom = (
        arxiv_list.parse(arxiv_recording(f"reconstructed/{kind}_cs.LG_80items.xml")) for kind in ("rss", "atom")
    )
    assert (date(2026, 4, 14), 35 + 3, 36 + 6, ()) == (
        rss.day,
        len(rss.fetched.listings),
        len(rss.fetched.revised),
        rss.fetched.faults,
    )
    assert rss == atom


@pytest.mark.parametrize("kind", ["rss", "atom"])
def test_the_reconstructed_list_of_a_weekend_is_empty(kind: str) -> None:
    found = arxiv_list.parse(arxiv_recording(f"reconstructed/{kind}_weekend_empty.xml"))
    assert (date(2026, 4, 18), 0, ()) == (found.day, len(found.fetched.listings), found.fetched.faults)


def test_the_reconstructed_refusal_of_a_category_is_told() -> None:
    with pytest.raises(Unusable, match="arXiv refuses it: Bad subject class 'XX'"):
        arxiv_list.parse(arxiv_recording("reconstructed/rss_error_http400_bad_archive.xml"))


@pytest.mark.parametrize(
    "path", sorted((DATA / "arxiv" / "reconstructed").glob("oai_*.xml")), ids=lambda path: path.stem
)
def test_what_is_no_list_is_told_as_such(path: Path) -> None:
    with pytest.raises(Unusable, match="XML, but no feed: its root is <OAI-PMH>"):
        arxiv_list.parse(path.read_bytes())


def test_no_feed_of_others_makes_the_reader_of_lists_stumble() -> None:
    paths = [path for path in (DATA / "feeds").rglob("*") if path.is_file()]
    assert paths
    for path in paths:
        with pytest.raises(Unusable):
            arxiv_list.parse(path.read_bytes())
