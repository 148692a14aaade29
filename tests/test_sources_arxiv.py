"""arXiv, from a server on loopback that lists, pages, refuses and fails like the real one."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter import sources
from newsletter.app import introduction, shipped_counts
from newsletter.archive import Archive
from newsletter.collect import collect, follow_up, look_up_examples, unknown_examples
from newsletter.errors import NotYet, SettingsError, SourceError
from newsletter.models import Candidate, Fetched, Interest, Listing, Paper, Subscriber
from newsletter.ranking.index import index
from newsletter.ranking.model import dump, learn, load
from newsletter.settings import Settings
from newsletter.sources import arxiv
from newsletter.sources.arxiv_categories import CATEGORIES, categories
from newsletter.sources.arxiv_days import next_list, today, why_quiet, window
from newsletter.sources.fields import Unusable
from newsletter.sources.formats import arxiv_answer, arxiv_list, xml_feed
from tests.homes import make_home, readers, text_of
from tests.servers.arxiv import TUESDAY, Arxiv, atom, feed_error, packed, preprint, refusal, rss
from tests.servers.huggingface import Answer, HuggingFace, hangs, paper_json, says, truncated
from tests.stores import Stores

DAY = date(2026, 3, 3)
FRIDAY_BEFORE, SATURDAY, SUNDAY, MONDAY = (date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 2))
NAME = "cs.CL+cs.LG"
SOURCE = f"arxiv:{NAME}"


@pytest.fixture
def hub() -> Iterator[Arxiv]:
    with Arxiv([preprint(n) for n in range(1, 4)]) as server:
        yield server


@pytest.fixture
def archive(stores: Stores) -> Iterator[Archive]:
    archive = Archive(stores.url("archive"))
    yield archive
    archive.close()


def fetch(hub: Arxiv, *script: Answer, day: date = DAY, **how: Any) -> Fetched:
    hub.script.extend(script)
    return arxiv.fetch(NAME, day, hub.reach(**how))


def failure(hub: Arxiv, *script: Answer, day: date = DAY, **how: Any) -> str:
    with pytest.raises(SourceError) as caught:
        fetch(hub, *script, day=day, **how)
    assert not isinstance(caught.value, NotYet)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def numbers(fetched: Fetched) -> list[int]:
    return [int(found.paper.id.partition(".")[2]) for found in fetched.listings]


# -- names


def test_a_name_is_one_category_or_several_and_whole_archives() -> None:
    assert ("cs.CL", "cs.LG") == categories("cs.CL+cs.LG")
    assert ("cs", "hep-th", "cond-mat.mtrl-sci") == categories("CS+hep-th+cond-mat.MTRL-SCI")
    assert ("cs.CL",) == categories("cs.CL+cs.cl")
    assert 146 == len(CATEGORIES)


@pytest.mark.parametrize(
    ("argument", "cure"),
    [
        ("cs.CLL", "'cs.CLL' is not a category of arXiv; did you mean cs.CL?"),
        ("cs.CL+stat.MK", "did you mean stat.M"),
        ("cs-LG", "did you mean cs.LG?"),
        ("math.ml", "did you mean "),
        ("cs.CL,cs.LG", "write categories with + between them: arxiv:cs.CL+cs.LG"),
        ("cs.CL+", "a category is missing; write categories with +"),
        ("machine learning", "write categories with + between them"),
        ("cs.CL\r\n+x", "'arxiv:cs.CL +x'"),
    ],
)
def test_a_name_that_is_no_category_is_refused_with_the_cure(hub: Arxiv, argument: str, cure: str) -> None:
    for ask in (sources.check, sources.hosts, sources.reader):
        with pytest.raises(SettingsError) as caught:
            ask(f"arxiv:{argument}", hub.reach())
        assert cure in str(caught.value)
    assert [] == hub.asked


# -- which days


def test_the_list_of_a_day_holds_what_came_in_until_two_in_the_afternoon_before() -> None:
    def hours(day: date) -> tuple[str, str]:
        found = window(day)
        assert found is not None
        return f"{found.since:%a %d %H:%M}", f"{found.until:%a %d %H:%M}"

    assert ("Fri 27 19:00", "Mon 02 19:00") == hours(DAY), "Tuesday: over the weekend"
    assert ("Thu 26 19:00", "Fri 27 19:00") == hours(MONDAY), "Monday: announced on Sunday"
    assert ("Fri 06 19:00", "Mon 09 18:00") == hours(date(2026, 3, 10)), "clocks were put forward on 8 March"
    assert ("Wed 25 19:00", "Fri 27 19:00") == hours(date(2026, 11, 30)), "Thanksgiving is Thursday, 26 November"
    assert (None, None) == (window(SATURDAY), window(SUNDAY))


def test_every_moment_is_in_the_window_of_one_list() -> None:
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(1096)]
    windows = [found for day in days if (found := window(day))]
    assert 3 * 261 - 30 < len(windows) < 3 * 261
    assert all(before.until == after.since for before, after in pairwise(windows))


def test_a_day_without_a_list_says_why() -> None:
    assert "arXiv has no list on a Saturday: it announces from Sunday to Thursday, at 20:00 in New York" == why_quiet(
        SATURDAY
    )
    assert "arXiv announced nothing before 2026-11-27: it had a holiday" == why_quiet(date(2026, 11, 27))
    assert "" == why_quiet(date(2026, 11, 26)), "what was announced on Wednesday is listed on the holiday"
    assert date(2026, 11, 30) == next_list(date(2026, 11, 27))


def test_arxiv_s_day_begins_at_midnight_in_new_york() -> None:
    assert MONDAY == today(datetime(2026, 3, 3, 4, 59, tzinfo=UTC))
    assert DAY == today(datetime(2026, 3, 3, 5, tzinfo=UTC))
    assert date(2026, 7, 2) == today(datetime(2026, 7, 2, 4, tzinfo=UTC))


# -- the list of today


def test_a_paper_of_the_list_is_read_whole() -> None:
    paper = preprint(
        7,
        title="Adaptive  $\\beta$-Sampling &lt;b&gt; & more",
        abstract="It costs <5\\% of $n^2$.\nAnd a second line.",
        authors=("Ida Example (1, 2)", "Bo Sample (University of Nowhere, Berlin)", "J\\'er\\^ome Invented"),
        categories=("cs.LG", "cs.CL", "stat.ML"),
        doi="10.1234/ABC.5",
        version=1,
    )
    found = arxiv_list.parse(rss([paper], DAY))
    assert DAY == found.day
    assert (
        Fetched(
            (
                Listing(
                    Paper(
                        id="2603.00007",
                        title="Adaptive $\\beta$-Sampling &lt;b&gt; & more",
                        abstract="It costs <5\\% of $n^2$.\nAnd a second line.",
                        authors=("Ida Example", "Bo Sample", "J\\'er\\^ome Invented"),
                        categories=("cs.LG", "cs.CL", "stat.ML"),
                        also=("10.1234/abc.5",),
                        version=1,
                    ),
                    DAY,
                ),
            )
        )
        == found.fetched
    )


def test_the_list_of_today_is_asked_for_once_with_all_categories(hub: Arxiv) -> None:
    assert [1, 2, 3] == numbers(fetch(hub))
    assert ["/rss/cs.CL+cs.LG"] == hub.paths


def test_new_and_cross_listed_papers_are_listed_and_replaced_ones_are_revised(hub: Arxiv) -> None:
    kinds = ("new", "cross", "replace", "replace-cross")
    hub.announced = [preprint(n, kind=kind, version=1 + n // 3) for n, kind in enumerate(kinds, 1)]
    fetched = fetch(hub)
    assert [1, 2] == numbers(fetched)
    assert [("2603.00003", 2), ("2603.00004", 2)] == [(paper.id, paper.version) for paper in fetched.revised]


def test_a_paper_that_is_listed_twice_is_one_paper(hub: Arxiv) -> None:
    hub.announced = [preprint(1), preprint(1, kind="cross", title="The same"), preprint(2)]
    assert [1, 2] == numbers(fetch(hub))


def test_an_unchanged_list_is_not_sent_again(hub: Arxiv, archive: Archive) -> None:
    first, second = (fetch(hub, archive=archive) for _ in range(2))
    assert first == second
    assert [False, True] == ["if-none-match" in asked.headers for asked in hub.asked]


def test_the_list_of_yesterday_is_the_one_that_was_kept(hub: Arxiv, archive: Archive) -> None:
    first = fetch(hub, archive=archive)
    assert first == fetch(hub, archive=archive, now=TUESDAY + timedelta(days=1))
    assert 1 == len(hub.asked)


def test_a_kept_list_of_another_day_is_not_taken_for_yesterday_s(hub: Arxiv, archive: Archive) -> None:
    fetch(hub, archive=archive)
    assert [] == numbers(fetch(hub, archive=archive, day=date(2026, 3, 6), now=TUESDAY + timedelta(days=4)))
    assert ["/rss/cs.CL+cs.LG", "/api/query", "/api/query"] == hub.paths


def test_a_list_that_was_not_whole_is_made_whole_by_the_api_a_day_later(hub: Arxiv, archive: Archive) -> None:
    hub.announced = [preprint(1), preprint(2, title="")]
    assert [1] == numbers(fetch(hub, archive=archive))
    assert [1, 2, 3] == numbers(fetch(hub, archive=archive, now=TUESDAY + timedelta(days=1)))


def test_a_day_that_has_not_begun_in_new_york_is_not_yet(hub: Arxiv) -> None:
    with pytest.raises(NotYet, match="arXiv's list of 2026-03-04 is made at midnight in New York; ask again later"):
        fetch(hub, day=date(2026, 3, 4))
    assert [] == hub.asked


def test_an_old_list_is_not_yet_in_the_first_hours_and_broken_later(hub: Arxiv) -> None:
    hub.day = MONDAY
    with pytest.raises(NotYet, match="the list is that of 2026-03-02, not of 2026-03-03"):
        fetch(hub)
    told = failure(hub, now=datetime(2026, 3, 3, 15, tzinfo=UTC))
    assert f"{hub.place}/rss/cs.CL+cs.LG: the list is that of 2026-03-02, not of 2026-03-03; ask again later" in told


def test_a_list_of_a_day_to_come_is_broken(hub: Arxiv) -> None:
    hub.day = date(2027, 1, 4)
    assert "the list is that of 2027-01-04, not of 2026-03-03" in failure(hub)


def test_a_weekend_is_quiet_without_asking_and_says_why(hub: Arxiv) -> None:
    fetched = fetch(hub, day=SATURDAY)
    assert (0, []) == (len(fetched.listings), hub.asked)
    assert "arXiv has no list on a Saturday" in fetched.quiet


def test_a_holiday_is_asked_for_on_its_day_and_says_why_it_is_empty(hub: Arxiv) -> None:
    hub.day, hub.papers = date(2026, 11, 27), []
    fetched = fetch(hub, day=hub.day, now=datetime(2026, 11, 27, 8, tzinfo=UTC))
    assert ("arXiv announced nothing before 2026-11-27: it had a holiday", 1) == (fetched.quiet, len(hub.asked))
    assert fetched == fetch(hub, day=hub.day, now=datetime(2026, 12, 4, 8, tzinfo=UTC))
    assert 1 == len(hub.asked)


def test_an_empty_list_on_a_working_day_is_quiet_and_told_as_such(hub: Arxiv) -> None:
    hub.papers = []
    assert Fetched(quiet="arXiv announced nothing in cs.CL+cs.LG for 2026-03-03") == fetch(hub)


# -- past days


def past(number: int, **changes: Any) -> Any:
    """A paper of the list of Monday, submitted on Friday morning."""
    return preprint(number, **{"submitted": datetime(2026, 2, 27, 12, number % 60, tzinfo=UTC), **changes})


def test_a_past_day_is_what_was_submitted_for_its_list(hub: Arxiv) -> None:
    edge = [
        datetime(2026, 2, 26, 18, 59, tzinfo=UTC),
        datetime(2026, 2, 26, 19, tzinfo=UTC),
        datetime(2026, 2, 27, 18, 59, tzinfo=UTC),
        datetime(2026, 2, 27, 19, tzinfo=UTC),
    ]
    hub.papers = [past(n, submitted=at) for n, at in enumerate(edge, 1)]
    fetched = fetch(hub, day=MONDAY)
    assert [2, 3] == numbers(fetched)
    assert {MONDAY} == {found.day for found in fetched.listings}
    (asked,) = hub.asked
    assert {
        "search_query": "(cat:cs.CL OR cat:cs.LG) AND submittedDate:[202602261900 TO 202602271859]",
        "sortBy": "submittedDate",
        "sortOrder": "ascending",
        "start": "0",
        "max_results": "200",
    } == asked.query


def test_a_whole_archive_is_asked_for_with_all_its_categories(hub: Arxiv) -> None:
    hub.papers = [past(1, categories=("cs.RO",)), past(2, categories=("hep-th",)), past(3, categories=("math.AG",))]
    assert [1, 2] == numbers(arxiv.fetch("cs+hep-th", MONDAY, hub.reach()))
    assert hub.asked[0].query["search_query"].startswith("(cat:cs.* OR cat:hep-th) AND ")


def test_a_paper_of_the_api_is_read_whole() -> None:
    paper = past(7, categories=("cs.LG", "cs.CL"), version=3, doi="10.1234/ABC.5")
    page = arxiv_answer.parse(atom([paper], total=12), MONDAY)
    assert (12, 1, ()) == (page.total, page.entries, page.fetched.faults)
    assert (
        Listing(
            Paper(
                id="2603.00007",
                title="Invented preprint number 7",
                abstract="We invent number 7.",
                authors=("Ida Example", "Bo Sample"),
                published=date(2026, 2, 27),
                categories=("cs.LG", "cs.CL"),
                also=("10.1234/abc.5",),
                version=3,
            ),
            MONDAY,
        ),
    ) == page.fetched.listings


def test_all_pages_of_a_past_day_are_read(hub: Arxiv) -> None:
    hub.papers = [past(n) for n in range(1, 451)]
    assert list(range(1, 451)) == sorted(numbers(fetch(hub, day=MONDAY)))
    assert ["0", "200", "400"] == [asked.query["start"] for asked in hub.asked]


def test_yesterday_is_not_asked_for_twice_on_one_day_of_arxiv_s(hub: Arxiv, archive: Archive) -> None:
    hub.papers = [past(n) for n in range(1, 4)]
    first, again = (fetch(hub, day=MONDAY, archive=archive) for _ in range(2))
    assert (first, 1) == (again, len(hub.asked))
    fetch(hub, day=MONDAY, archive=archive, now=TUESDAY + timedelta(days=1))
    assert 2 == len(hub.asked)


def test_a_page_that_is_empty_although_there_is_more_is_asked_for_again(hub: Arxiv) -> None:
    hub.papers = [past(n) for n in range(1, 4)]
    assert [1, 2, 3] == numbers(fetch(hub, says(atom([], total=3)), day=MONDAY))


def test_a_first_page_that_stays_empty_although_there_is_more_is_broken(hub: Arxiv) -> None:
    told = failure(hub, *[says(atom([], total=3))] * 3, day=MONDAY)
    assert f"{hub.place}/api/query: no paper of a page of 2026-03-02 can be read: it is empty; ask again later" == told


def test_a_later_page_that_fails_costs_only_its_own_papers(hub: Arxiv) -> None:
    hub.papers = [past(n) for n in range(1, 451)]
    first = says(atom(sorted(hub.papers, key=lambda paper: paper.id)[:200], total=450))
    fetched = fetch(hub, first, *[says(b"Rate exceeded.", 429)] * 3, day=MONDAY)
    assert 200 == len(fetched.listings)
    assert "papers may be missing, page 2 of 2026-03-02 failed: " in fetched.faults[0]
    assert "429" in fetched.faults[0]


def test_a_past_day_without_a_paper_is_quiet_but_looked_at_twice(hub: Arxiv) -> None:
    hub.papers = []
    assert Fetched(quiet="arXiv announced nothing in cs.CL+cs.LG for 2026-03-02") == fetch(hub, day=MONDAY)
    assert 2 == len(hub.asked)


# -- what fails, and what is no list


@pytest.mark.parametrize("day", [DAY, MONDAY])
@pytest.mark.parametrize("fault", [says(b"Rate exceeded.", 429), says(b"", 503), says(b"", 404), truncated, hangs])
def test_a_passing_failure_costs_no_paper(hub: Arxiv, day: date, fault: Answer) -> None:
    hub.papers = [past(n) for n in range(1, 4)]
    assert [1, 2, 3] == numbers(fetch(hub, fault, day=day, read=0.3))


def test_after_a_refusal_we_wait_longer_than_elsewhere(hub: Arxiv) -> None:
    watch = hub.reach()
    fetch(hub, says(b"Rate exceeded.", 429), says(b"Rate exceeded.", 429))
    slept: list[float] = []
    patient = replace(watch, patience=replace(watch.patience, sleep=slept.append))
    hub.script.extend([says(b"Rate exceeded.", 429)] * 2)
    arxiv.fetch(NAME, DAY, patient)
    assert [2.5, 5.0] == slept, "with the least jitter"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_failure_that_stays_is_named(hub: Arxiv, status: int) -> None:
    told = failure(hub, *[says(b"", status)] * 3)
    assert told.startswith(f"{hub.place}/rss/cs.CL+cs.LG: HTTP {status} ")
    assert "(asked 3 times)" in told


def test_what_arxiv_refuses_is_told_in_its_words(hub: Arxiv) -> None:
    told = failure(hub, says(feed_error("Bad subject class 'XX'."), 400))
    assert (
        f"{hub.place}/rss/cs.CL+cs.LG: arXiv refuses it: Bad subject class 'XX'.; check the categories in `sources`"
        == told
    )
    told = failure(hub, says(refusal("max_results must be smaller"), 400), day=MONDAY)
    assert f"{hub.place}/api/query: arXiv refuses it: max_results must be smaller; " in told


BOMB = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<rss><channel><title>&b;</title></channel></rss>"""
OUTSIDE = (
    b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]><rss><channel>&x;</channel></rss>'
)


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"<!doctype html><title>Be right back</title>", "a web page, no feed: an error page, or one to log in"),
        (b"\n<html><body>Please log in</body></html>", "a web page, no feed"),
        (b"", "an empty answer"),
        (b"Rate exceeded.", "not well-formed XML: syntax error (line 1)"),
        (b'{"papers": []}', "not well-formed XML"),
        (b"\x1f\x8b\x08\x00garbage", "not well-formed XML"),
        (b"<rss><channel><title>broken", "not well-formed XML: no element found (line 1)"),
        (b"<OAI-PMH><error/></OAI-PMH>", "XML, but no feed: its root is <OAI-PMH>"),
        (BOMB, "it declares a document type, which no feed needs"),
        (OUTSIDE, "it declares a document type, which no feed needs"),
        (b"<rss><channel>&nope;</channel></rss>", "not well-formed XML: undefined entity (line 1)"),
        (b"<rss><channel>" + b"text<b/>" * 1_000_000, "more than 200,000 elements"),
        (b"<rss><channel><title>" + b"&#65;" * 1_000_000, "not well-formed XML: no element found"),
        (b"<a>" * 100_000, "more than 50 elements inside each other"),
        (b'<?xml version="1.0" encoding="klingon"?><rss/>', "unknown encoding"),
        (rss([preprint(1)], DAY).replace(b"pubDate", b"soonDate").replace(b"lastBuildDate", b"x"), "of which day"),
        (
            rss([preprint(1, kind="rumour")], DAY),
            "none of its papers can be read (item 1: its announcement is 'rumour'",
        ),
    ],
)
def test_an_answer_that_is_no_list_is_broken_not_quiet(hub: Arxiv, body: bytes, what: str) -> None:
    told = failure(hub, says(body))
    assert told.startswith(f"{hub.place}/rss/cs.CL+cs.LG: ")
    assert what in told


@pytest.mark.parametrize("body", [b"<html>", b"", b"no", BOMB, rss([preprint(1)], DAY)])
def test_an_answer_of_the_api_that_is_none_is_broken_too(hub: Arxiv, body: bytes) -> None:
    assert failure(hub, says(body), day=MONDAY).startswith(f"{hub.place}/api/query: ")


def test_a_gzip_bomb_is_not_unpacked(hub: Arxiv) -> None:
    assert "the answer is larger than 20 MB" in failure(hub, packed(b" " * 60_000_000))


def test_one_bad_paper_is_named_and_the_others_are_used(hub: Arxiv) -> None:
    hub.announced = [
        preprint(1),
        preprint(2, title=" "),
        preprint(3, id="not-an-id"),
        preprint(4, kind="withdrawn"),
        preprint(5, title="Invented\x7f preprint \u202e number 5"),
    ]
    fetched = fetch(hub)
    assert [1, 5] == numbers(fetched)
    assert "Invented preprint number 5" == fetched.listings[1].paper.title
    assert (
        "item 2: no title (2603.00002); left out",
        "item 3: no arXiv id (not-an-idv1); left out",
        "item 4: its announcement is 'withdrawn'; left out",
    ) == fetched.faults


def test_a_list_that_breaks_off_gives_the_papers_before_that(hub: Arxiv) -> None:
    body = rss([preprint(n) for n in range(1, 4)], DAY)
    cut = body[: body.index(b"Invented preprint number 3")]
    fetched = fetch(hub, says(cut))
    assert [1, 2] == numbers(fetched)
    assert "not well-formed after line " in fetched.faults[0]
    assert [1] == numbers(fetch(hub, says(body.replace(b"number 2</title>", b"number 2 & more</title>"))))


def test_a_wrong_charset_costs_characters_and_no_paper(hub: Arxiv) -> None:
    body = rss([preprint(1, title="Études of Z\u00fcrich"), preprint(2)], DAY)
    latin = body.decode().encode("latin-1")
    fetched = fetch(hub, says(latin))
    assert [1, 2] == numbers(fetched)
    assert "not UTF-8 in line " in fetched.faults[0]
    named = fetch(hub, says(latin.replace(b"UTF-8", b"ISO-8859-1")))
    assert ("Études of Zürich", ()) == (named.listings[0].paper.title, named.faults)
    wide = fetch(hub, says(body.decode().replace("UTF-8", "UTF-16").encode("utf-16")))
    assert ("Études of Zürich", ()) == (wide.listings[0].paper.title, wide.faults)


def test_control_characters_cost_nothing(hub: Arxiv) -> None:
    body = rss([preprint(1)], DAY).replace(b"We invent", b"We\x0b in\x00vent\x1b")
    fetched = fetch(hub, says(body))
    assert ("We invent number 1.", ()) == (fetched.listings[0].paper.abstract, fetched.faults)


def test_a_list_at_its_limit_says_that_papers_may_be_missing() -> None:
    found = arxiv_list.parse(rss([preprint(n) for n in range(1, 2001)], DAY)).fetched
    assert (2000, ("arXiv stops at 2000 papers: name fewer categories",)) == (len(found.listings), found.faults)


WHOLE = rss([preprint(n, doi="10.1234/a") for n in range(1, 4)], DAY)
PAGE_OF_THREE = atom([preprint(n) for n in range(1, 4)])


@given(st.data())
def test_a_damaged_answer_is_read_in_part_or_refused_in_words(data: st.DataObject) -> None:
    for body, parse in ((WHOLE, arxiv_list.parse), (PAGE_OF_THREE, arxiv_answer.parse)):
        at = data.draw(st.integers(0, len(body)))
        cut = data.draw(st.integers(0, 200))
        put = data.draw(st.binary(max_size=20) | st.sampled_from([b"<", b"&", b"]]>", b"<![CDATA[", b"<!--", b"\xff"]))
        try:
            found = parse(body[:at] + put + body[at + cut :]).fetched
        except Unusable as error:
            assert "\n" not in str(error)
        else:
            assert len(found.listings) <= 3


def test_a_feed_of_others_is_read_as_trees() -> None:
    feed = xml_feed.read(b"<rss><channel><title>A</title><item><title>B</title><x><y>1</y></x></item></channel></rss>")
    assert ("rss", "A", ["B"]) == (
        feed.kind,
        feed.head.first("title").text,
        [e.first("title").text for e in feed.entries],
    )
    assert "1" == feed.entries[0].first("x").first("y").text
    with pytest.raises(Unusable, match="no feed"):
        xml_feed.read(b"<svg/>")


# -- versions, and other sources


def test_a_replaced_paper_is_a_new_version_and_no_new_listing(hub: Arxiv, archive: Archive) -> None:
    hub.announced = [preprint(1)]
    collect([DAY], [SOURCE], archive, hub.reach(archive=archive), TUESDAY)
    hub.day, hub.announced = (
        date(2026, 3, 4),
        [preprint(1, version=2, kind="replace"), preprint(9, version=2, kind="replace")],
    )
    later = TUESDAY + timedelta(days=1)
    collected = collect([hub.day], [SOURCE], archive, hub.reach(later, archive=archive), later)
    assert (0, "quiet") == (collected.new, collected.states[0].state)
    assert {"2603.00001"} == set(archive.find(["2603.00001", "2603.00009"])), "nobody listed the other one"
    assert 2 == archive.find(["2603.00001"])["2603.00001"].version
    assert [1, 2] == [archive.readings(["2603.00001"], at)["2603.00001"].version for at in (TUESDAY, later)]


def test_a_paper_of_both_sources_is_one_paper(hub: Arxiv, archive: Archive) -> None:
    hub.announced = [preprint(1, categories=("cs.LG", "cs.CL"))]
    with HuggingFace({"2026-03-03": [paper_json(1)]}) as face:
        both = replace(hub.reach(archive=archive), endpoint=face.endpoint)
        collected = collect([DAY], ["huggingface", SOURCE], archive, both, TUESDAY)
    assert (2, 1) == (collected.new, archive.size())
    paper = archive.find(["2603.00001"])["2603.00001"]
    assert (("cs.LG", "cs.CL"), 1, 1) == (paper.categories, paper.version, paper.upvotes)
    assert {"huggingface", SOURCE} == {one.source for one in archive.window(DAY, DAY)}


def test_a_quiet_day_is_kept_with_its_reason(hub: Arxiv, archive: Archive) -> None:
    collect([SATURDAY, SUNDAY], [SOURCE], archive, hub.reach(archive=archive), TUESDAY)
    (state,) = archive.collected(SATURDAY)
    assert ("quiet", "arXiv has no list on a Saturday: it announces from Sunday to Thursday, at 20:00 in New York") == (
        state.state,
        state.detail,
    )


def test_today_is_collected_though_the_api_for_past_days_fails(hub: Arxiv, archive: Archive) -> None:
    hub.script.extend([says(b"Rate exceeded.", 429)] * 3)
    days = [FRIDAY_BEFORE, SATURDAY, SUNDAY, MONDAY, DAY]
    collected = collect(days, [SOURCE], archive, hub.reach(archive=archive), TUESDAY)
    assert (3, "ok") == (collected.new, collected.states[0].state)
    assert ["/api/query"] * 3 + ["/rss/cs.CL+cs.LG"] == hub.paths
    (fault,) = collected.faults
    assert f"{SOURCE}: papers of 2026-02-27 are missing: {hub.place}/api/query: HTTP 429 " in fault
    assert ["broken", "ok"] == [archive.collected(day)[0].state for day in (FRIDAY_BEFORE, DAY)]


def test_a_week_later_the_api_tells_of_new_versions(hub: Arxiv, archive: Archive) -> None:
    collect([DAY], [SOURCE], archive, hub.reach(archive=archive), TUESDAY)
    hub.papers = [preprint(1), preprint(2, version=3), preprint(3)]
    later = TUESDAY + timedelta(days=7)
    follow_up([DAY], [SOURCE], archive, hub.reach(later, archive=archive), later)
    found = archive.find([f"2603.{n:05}" for n in (1, 2, 3)])
    assert [1, 3, 1] == [paper.version for paper in found.values()]
    assert [(DAY, TUESDAY)] * 3 == [(one.day, one.seen_at) for one in archive.window(MONDAY, later.date())]


def test_a_day_of_a_thousand_papers_is_collected_and_indexed_in_less_than_five_seconds(tmp_path: Path) -> None:
    words = " ".join(f"word{n % 997} of case {n}," for n in range(80))
    papers = [
        preprint(n, abstract=f"{n} {words}", authors=tuple(f"Author {n * m}" for m in range(8))) for n in range(1, 1001)
    ]
    archive = Archive(f"sqlite:///{tmp_path}/archive.db")
    with Arxiv(papers) as hub:
        here = hub.reach(archive=archive)
        began = time.process_time()
        collected = collect([DAY], [SOURCE], archive, here, TUESDAY)
        found = archive.find([paper.id for paper in papers])
        made = index(
            [Candidate(paper, DAY, True, 0.5) for paper in found.values()], load(dump(learn([], shipped_counts())))
        )
        spent = time.process_time() - began
    archive.close()
    assert (1000, 1000) == (collected.new, len(made.candidates))
    assert spent < 5


# -- papers by their ids


def subscriber(*like: str) -> Subscriber:
    return Subscriber("ada", "ada@example.org", interests=(Interest("x", like=like),))


def test_many_papers_are_looked_up_with_one_request(hub: Arxiv) -> None:
    hub.papers = [preprint(n) for n in range(1, 61)] + [preprint(id="hep-th/9901001")]
    ids = [f"2603.{n:05}" for n in range(1, 62)] + ["hep-th/9901001"]
    found = dict(arxiv.lookup(ids, hub.reach()))
    assert (ids, None) == (list(found), found["2603.00061"])
    assert {id_ for id_ in ids if id_ != "2603.00061"} == {paper.id for paper in found.values() if paper}
    assert ["50", "12"] == [asked.query["max_results"] for asked in hub.asked]


def test_an_id_that_is_none_costs_only_itself(hub: Arxiv) -> None:
    found = dict(arxiv.lookup(["2603.00001", "2699.00001", "2603.00002"], hub.reach()))
    assert [True, False, True] == [paper is not None for paper in found.values()]


def test_what_hugging_face_does_not_know_arxiv_is_asked_for(hub: Arxiv, archive: Archive) -> None:
    ada = subscriber("2603.00001", "2603.00002", "2603.99999").examples
    with HuggingFace(papers={"2603.00001": paper_json(1)["paper"]}) as face:
        both = replace(hub.reach(archive=archive), endpoint=face.endpoint)
        look_up_examples(unknown_examples(ada, archive), archive, both, TUESDAY, ["huggingface", SOURCE])
    assert ["2603.00002,2603.99999"] == [asked.query["id_list"] for asked in hub.asked]
    assert {"2603.00001", "2603.00002"} == set(archive.find(["2603.00001", "2603.00002", "2603.99999"]))
    assert {"2603.99999"} == archive.missing()


def test_when_hugging_face_fails_arxiv_is_asked_and_what_it_does_not_know_waits(hub: Arxiv, archive: Archive) -> None:
    with HuggingFace() as face:
        face.script.extend([says({}, 503)] * 3)
        both = replace(hub.reach(archive=archive), endpoint=face.endpoint)
        look_up_examples({"2603.00001", "2603.99999"}, archive, both, TUESDAY, ["huggingface", SOURCE])
    assert {"2603.00001"} == set(archive.find(["2603.00001"]))
    assert frozenset() == archive.missing()


def test_arxiv_alone_can_be_asked_for_examples(hub: Arxiv, archive: Archive) -> None:
    look_up_examples({"2603.00001", "2603.00002"}, archive, hub.reach(archive=archive), TUESDAY, [SOURCE])
    assert 2 == len(archive.find(["2603.00001", "2603.00002"]))
    assert ("arXiv",) == sources.libraries([SOURCE, "file:papers"])


# -- manners


def test_we_say_who_we_are_and_whom_to_write_to(hub: Arxiv, tmp_path: Path) -> None:
    public = Settings(tmp_path, reply_to="papers@example.org", base_url="https://papers.example.org")
    told = introduction(public)
    assert told.endswith(" (+https://papers.example.org; mailto:papers@example.org)")
    assert told.startswith("newsletter/")
    arxiv.fetch(NAME, DAY, replace(hub.reach(), introduction=told))
    assert told == hub.asked[0].headers["user-agent"]
    assert "(" not in introduction(Settings(tmp_path)), "nobody can write to localhost"


def test_of_all_our_processes_one_asks_at_a_time_with_a_pause(
    hub: Arxiv, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arxiv, "PAUSE", timedelta(seconds=0.1))
    monkeypatch.setattr("newsletter.turns.GLANCE", 0.02)
    hub.papers = [past(n) for n in range(1, 451)]

    def ask() -> None:
        arxiv.fetch(NAME, MONDAY, replace(hub.reach(), turns=archive.turns))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 9 == len(hub.at)
    assert [] == [(before, after) for before, after in pairwise(sorted(hub.at)) if after - before < 0.1]


def test_the_pause_is_three_seconds_and_attempts_count_too(hub: Arxiv, archive: Archive) -> None:
    slept: list[float] = []
    now = [TUESDAY]

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += timedelta(seconds=seconds)

    turns = replace(archive.turns, clock=lambda: now[0], sleep=sleep)
    hub.script.extend([says(b"", 503)] * 2)
    arxiv.fetch(NAME, DAY, replace(hub.reach(), turns=turns))
    assert (3, 6) == (len(hub.asked), pytest.approx(sum(slept)))


# -- from the command line


def test_the_hosts_are_those_of_the_lists_and_of_the_api(hub: Arxiv) -> None:
    assert (hub.place,) == sources.hosts(SOURCE, hub.reach())
    usual = replace(hub.reach(), arxiv="https://export.arxiv.org")
    assert ("rss.arxiv.org", "export.arxiv.org") == sources.hosts(SOURCE, usual)


def test_check_says_what_the_newest_list_has(hub: Arxiv) -> None:
    def told(now: datetime = TUESDAY) -> str:
        return sources.check(SOURCE, replace(hub.reach(now), introduction="newsletter (mailto:papers@example.org)"))

    hub.announced = [preprint(1), preprint(2, kind="replace")]
    assert f"{hub.place} answers: cs.CL+cs.LG has 1 paper and 1 newer version on 2026-03-03" == told()
    assert sources.check(SOURCE, hub.reach()).endswith("; it likes to know whom to write to: set `from` to an address")
    hub.day, hub.announced = SATURDAY, []
    saturday = told(datetime(2026, 2, 28, 12, tzinfo=UTC))
    assert f"{hub.place} answers: cs.CL+cs.LG has no papers on 2026-02-28: arXiv has no list on a Saturday" in saturday


def test_a_day_goes_from_arxiv_to_the_outbox(tmp_path: Path) -> None:
    today_ = today(datetime.now(UTC))
    day = next_list(today_ - timedelta(days=4))
    found = window(day)
    assert found is not None
    papers = [
        preprint(n, title=f"On flow matching in case {n}", submitted=found.since + timedelta(minutes=n))
        for n in range(1, 6)
    ]
    with Arxiv(papers, day=today_, announced=[]) as hub:
        home = make_home(tmp_path, sources=SOURCE)
        home.subscribers(readers(["ada"], ["flow matching"]))
        assert "1 submitted" in home.run("send", "--date", day.isoformat(), ARXIV_ENDPOINT=hub.endpoint)
        assert f"{hub.place} answers: cs.CL+cs.LG has no papers on" in home.run(
            "check", ARXIV_ENDPOINT=hub.endpoint, code=None
        )
    (mail,) = (tmp_path / "outbox").glob("*.eml")
    assert "On flow matching in case 3" in text_of(mail.read_bytes())
    assert all("newsletter/" in asked.headers["user-agent"] for asked in hub.asked)


def test_a_wrong_category_stops_with_the_cure(tmp_path: Path) -> None:
    home = make_home(tmp_path, sources="arxiv:cs.CLL")
    home.subscribers(readers(["ada"]))
    assert "did you mean cs.CL?" in home.run("fetch", code=2)
