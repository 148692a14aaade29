"""Hugging Face's lists besides a day's: a week's, a month's, what is trending, found, of a lab or by a submitter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from newsletter import sources
from newsletter.archive import Archive
from newsletter.collect import collect
from newsletter.errors import NotYet, SourceError
from newsletter.models import Fetched
from tests.servers.huggingface import HuggingFace, paper_json, reach, says

MONDAY, TUESDAY, WEDNESDAY = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4)
OTHER_LAB = {"organization": {"_id": "o", "name": "other-lab", "fullname": "The Other Lab"}}


@pytest.fixture
def hub() -> Iterator[HuggingFace]:
    days = {
        "2026-02-28": [paper_json(1, "2026-02-28")],
        "2026-03-02": [paper_json(n, "2026-03-02") for n in (2, 3)],
        "2026-03-03": [paper_json(4, title="Flow matching on rivers"), {**paper_json(5), **OTHER_LAB}],
    }
    with HuggingFace(days, today="2026-03-03") as server:
        yield server


def fetch(hub: HuggingFace, argument: str, day: date = TUESDAY) -> Fetched:
    return sources.fetch(f"huggingface:{argument}", day, reach(hub))


def listed(fetched: Fetched) -> list[tuple[int, date | None]]:
    return [(int(found.paper.id.partition(".")[2]), found.day) for found in fetched.listings]


def test_the_day_is_the_list_that_is_meant_without_a_word(hub: HuggingFace) -> None:
    assert fetch(hub, "daily") == sources.fetch("huggingface", TUESDAY, reach(hub))


def test_a_week_has_its_papers_on_their_own_days_up_to_the_one_asked_for(hub: HuggingFace) -> None:
    assert [(5, TUESDAY), (4, TUESDAY), (3, MONDAY), (2, MONDAY)] == listed(fetch(hub, "weekly"))
    assert [(3, MONDAY), (2, MONDAY)] == listed(fetch(hub, "weekly", MONDAY))
    assert {"week": "2026-W10", "limit": "100", "p": "0"} == hub.asked[0].query


def test_a_week_is_asked_for_once_for_all_its_days(hub: HuggingFace) -> None:
    read = sources.reader("huggingface:weekly", reach(hub))
    assert [2, 4] == [len(read(day).listings) for day in (MONDAY, TUESDAY)]
    assert ["0", "1"] == [asked.query["p"] for asked in hub.asked]


def test_the_week_around_new_year_is_named_as_calendars_do(hub: HuggingFace) -> None:
    hub.today = "2027-01-02"
    fetch(hub, "weekly", date(2027, 1, 1))
    assert "2026-W53" == hub.asked[0].query["week"]


def test_a_paper_that_does_not_say_its_day_is_on_the_first_of_its_week_or_month(hub: HuggingFace) -> None:
    hub.days["2026-03-03"].append(paper_json(9, submittedOnDailyAt=None))  # type: ignore[attr-defined]
    assert (9, MONDAY) in listed(fetch(hub, "weekly"))
    assert (9, date(2026, 3, 1)) in listed(fetch(hub, "monthly"))


def test_a_month_has_its_papers_on_their_own_days(hub: HuggingFace) -> None:
    assert {2: MONDAY, 3: MONDAY, 4: TUESDAY, 5: TUESDAY} == dict(listed(fetch(hub, "monthly")))
    assert [(1, date(2026, 2, 28))] == listed(fetch(hub, "monthly", date(2026, 2, 28)))


def test_a_week_that_has_not_begun_is_not_yet(hub: HuggingFace) -> None:
    with pytest.raises(NotYet, match="has no 2026-W11 yet"):
        fetch(hub, "weekly", date(2026, 3, 9))


def test_what_is_trending_has_no_day_and_no_past(hub: HuggingFace) -> None:
    assert [(n, None) for n in (5, 4, 3, 2, 1)] == listed(fetch(hub, "trending"))
    assert 1 == len(hub.asked)
    assert not sources.has_past("huggingface:trending")
    assert sources.has_past("huggingface:weekly")


def test_what_is_trending_is_listed_on_the_day_it_was_first_seen(hub: HuggingFace, tmp_path: Path) -> None:
    archive = Archive(f"sqlite:///{tmp_path}/archive.db")
    now = datetime(2026, 3, 3, 8, tzinfo=UTC)
    new = [collect([day], ["huggingface:trending"], archive, reach(hub), now).new for day in (TUESDAY, WEDNESDAY)]
    assert ([5, 0], [TUESDAY]) == (new, archive.days())
    archive.close()


@pytest.mark.parametrize("words", ["flow matching", "flow+matching"])
def test_a_search_gives_papers_on_the_day_they_were_published(hub: HuggingFace, words: str) -> None:
    assert [(4, date(2026, 3, 1))] == listed(fetch(hub, f"search={words}"))
    assert ("/api/papers/search", {"q": "flow matching", "limit": "120"}) == (hub.asked[0].path, hub.asked[0].query)


@pytest.mark.parametrize("name", ["other-lab", "The Other Lab", "the other lab", "the+other+lab"])
def test_the_papers_of_an_organization(hub: HuggingFace, name: str) -> None:
    assert [(5, TUESDAY)] == listed(fetch(hub, f"organization={name}"))


def test_an_organization_is_looked_for_on_every_page() -> None:
    papers = [paper_json(n) for n in range(1, 150)] + [{**paper_json(150), **OTHER_LAB}]
    with HuggingFace({"2026-03-03": papers}) as hub:
        assert [(150, TUESDAY)] == listed(fetch(hub, "organization=other-lab"))


def test_the_papers_of_a_submitter(hub: HuggingFace) -> None:
    assert [(5, TUESDAY)] == listed(fetch(hub, "submitter=ida"))
    assert "ida" == hub.asked[0].query["submitter"]


def test_a_server_that_ignores_the_submitter_does_not_fool_us(hub: HuggingFace) -> None:
    hub.script.append(says([paper_json(n) for n in (4, 5)]))
    assert [(5, TUESDAY)] == listed(fetch(hub, "submitter=Ida"))


def test_nobodys_papers_are_a_quiet_day(hub: HuggingFace) -> None:
    assert Fetched() == fetch(hub, "organization=nobody")


def test_a_search_that_fails_names_its_address(hub: HuggingFace) -> None:
    hub.script.extend([says({"error": "q is too long"}, 400)])
    with pytest.raises(SourceError, match=r"/api/papers/search: HTTP 400 for flow: q is too long; check HF_ENDPOINT"):
        fetch(hub, "search=flow")


def test_check_says_how_many_papers_a_list_has(hub: HuggingFace) -> None:
    said = sources.check("huggingface:search=flow", reach(hub))
    assert f"{hub.place} answers: 1 paper in huggingface:search=flow now, without a token (HF_TOKEN)" == said


def test_a_list_that_grows_all_day_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    papers = [paper_json(n) for n in range(1, 31)]
    days: dict[str, list[object]] = {"2026-03-03": list(papers[:19])}
    archive = Archive(f"sqlite:///{tmp_path}/archive.db")
    with HuggingFace(days, today="2026-03-03") as hub:
        at_eight = collect([TUESDAY], ["huggingface"], archive, reach(hub), datetime(2026, 3, 3, 8, tzinfo=UTC))
        days["2026-03-03"] = list(reversed(papers))
        days["2026-03-04"] = [paper_json(31, "2026-03-04"), paper_json(7, "2026-03-04")]
        hub.today = "2026-03-04"
        later = datetime(2026, 3, 4, 8, tzinfo=UTC)
        next_day = collect([TUESDAY, WEDNESDAY], ["huggingface"], archive, reach(hub), later)
    assert (19, 13) == (at_eight.new, next_day.new)  # 11 that came later, one new one, and one that came back
    seen_later = {one.paper for one in archive.window(TUESDAY, TUESDAY) if one.seen_at == later}
    assert {f"2603.{n:05}" for n in range(20, 31)} == seen_later
    assert (30, 31) == (len(archive.window(TUESDAY, TUESDAY)), archive.size())
    archive.close()
