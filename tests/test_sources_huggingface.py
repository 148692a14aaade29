"""Hugging Face's Daily Papers, from a server on loopback that pages, limits and fails like the real one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from newsletter.errors import NotYet, SettingsError, SourceError
from newsletter.models import Fetched, Listing, Paper
from newsletter.sources import huggingface
from newsletter.sources.reach import Reach
from tests.servers.huggingface import Answer, HuggingFace, hangs, paper_json, reach, says, truncated

DAY = date(2026, 3, 3)


@pytest.fixture
def hub() -> Iterator[HuggingFace]:
    with HuggingFace({"2026-03-03": [paper_json(n) for n in range(1, 4)]}) as server:
        yield server


def fetch(hub: HuggingFace, *script: Answer, day: date = DAY, **how: Any) -> Fetched:
    hub.script.extend(script)
    return huggingface.fetch("", day, reach(hub, **how))


def failure(hub: HuggingFace, *script: Answer, **how: Any) -> str:
    with pytest.raises(SourceError) as caught:
        fetch(hub, *script, **how)
    assert not isinstance(caught.value, NotYet)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def parsed(*papers: object, day: date | None = DAY) -> Fetched:
    return huggingface.parse(json.dumps(papers).encode(), day)


def only(*papers: object, day: date | None = DAY) -> Paper:
    (found,) = parsed(*papers, day=day).listings
    return found.paper


def numbers(fetched: Fetched) -> list[int]:
    return [int(found.paper.id.partition(".")[2]) for found in fetched.listings]


def test_a_paper_is_read_whole() -> None:
    assert Fetched(
        (
            Listing(
                Paper(
                    id="2603.00007",
                    title="Invented paper number 7",
                    abstract="We invent the paper\nwith number 7.",
                    authors=("Ida Example 7", "Bo Sample"),
                    published=date(2026, 3, 1),
                    summary="The invention of number 7.",
                    keywords=("invention", "numbers"),
                    organization="Example Lab",
                    code="https://github.com/example/7",
                    stars=70,
                    project="https://example.org/7",
                    thumbnail="https://example.org/7.png",
                    upvotes=7,
                    comments=2,
                ),
                DAY,
            ),
        )
    ) == parsed(paper_json(7))


def test_a_day_is_asked_for_by_its_date_with_the_largest_page(hub: HuggingFace) -> None:
    fetch(hub)
    assert ("/api/daily_papers", {"date": "2026-03-03", "limit": "100", "p": "0"}) == (
        hub.asked[0].path,
        hub.asked[0].query,
    )


def test_a_token_is_sent_but_never_printed(hub: HuggingFace) -> None:
    with_token = reach(hub, token="hf_s3cret")
    huggingface.fetch("", DAY, with_token)
    assert "Bearer hf_s3cret" == hub.asked[0].headers["authorization"]
    assert "s3cret" not in repr(with_token)


def test_without_a_token_none_is_sent(hub: HuggingFace) -> None:
    fetch(hub)
    assert "authorization" not in hub.asked[0].headers


def test_all_pages_are_read_although_every_one_promises_another() -> None:
    with HuggingFace({"2026-03-03": [paper_json(n) for n in range(1, 251)]}) as hub:
        assert list(range(1, 251)) == numbers(fetch(hub))
        assert ["0", "1", "2", "3"] == [asked.query["p"] for asked in hub.asked]


def test_a_short_page_is_not_the_end(hub: HuggingFace) -> None:
    fetched = fetch(hub, says([paper_json(8)]), says([paper_json(9)]), says([]))
    assert [8, 9] == numbers(fetched)


def test_a_server_that_repeats_a_page_forever_is_left(hub: HuggingFace) -> None:
    hub.endless = True
    assert [1, 2, 3] == numbers(fetch(hub))
    assert 2 == len(hub.asked)


def test_a_server_with_pages_without_end_is_left_and_named(hub: HuggingFace) -> None:
    fetched = fetch(hub, *[says([paper_json(n)]) for n in range(1, 30)])
    assert (huggingface.MOST_PAGES, huggingface.MOST_PAGES) == (len(fetched.listings), len(hub.asked))
    assert ("papers may be missing, 2026-03-03 has more than 20 pages",) == fetched.faults


def test_a_paper_that_slips_to_the_next_page_is_taken_once(hub: HuggingFace) -> None:
    fetched = fetch(hub, says([paper_json(1), paper_json(2)]), says([paper_json(2), paper_json(3)]), says([]))
    assert [1, 2, 3] == numbers(fetched)


def test_a_later_page_that_fails_costs_only_its_own_papers(hub: HuggingFace) -> None:
    fetched = fetch(hub, says([paper_json(1)]), *[says({}, 500)] * 3)
    assert [1] == numbers(fetched)
    assert "papers may be missing, page 2 of 2026-03-03 failed: " in fetched.faults[0]


def test_a_day_without_papers_is_quiet(hub: HuggingFace) -> None:
    assert Fetched() == fetch(hub, day=date(2026, 3, 1))


def test_a_future_date_is_not_yet(hub: HuggingFace) -> None:
    with pytest.raises(NotYet, match="has no 2026-03-04 yet: its days begin at midnight UTC"):
        fetch(hub, day=date(2026, 3, 4))
    assert 1 == len(hub.asked)


def test_another_400_is_broken_and_says_what_the_server_said(hub: HuggingFace) -> None:
    message = failure(hub, says({"error": "✖ Invalid\r\n  → at date"}, 400))
    assert f"{hub.place}/api/daily_papers: HTTP 400 for 2026-03-03: ✖ Invalid → at date; check HF_ENDPOINT" == message


@pytest.mark.parametrize(
    "fault", [says({}, 429, {"RateLimit": '"api";r=0;t=1'}), says({}, 500), says({}, 404), truncated, hangs]
)
def test_a_passing_failure_costs_no_paper(hub: HuggingFace, fault: Answer) -> None:
    assert [1, 2, 3] == numbers(fetch(hub, fault, read=0.3))


@pytest.mark.parametrize("status", [404, 429, 500])
def test_a_failure_that_stays_is_named(hub: HuggingFace, status: int) -> None:
    message = failure(hub, *[says({}, status)] * 3)
    assert message.startswith(f"{hub.place}/api/daily_papers: HTTP {status} ")
    assert "(asked 3 times)" in message


def test_a_host_that_is_not_there_is_named() -> None:
    with pytest.raises(SourceError, match=r"127\.0\.0\.1:9/api/daily_papers: .*asked 3 times"):
        huggingface.fetch("", DAY, reach())


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"<!doctype html><title>Be right back</title>", "not JSON: Expecting value (line 1, column 1)"),
        (b"", "not JSON"),
        (b'[{"paper": ', "not JSON"),
        (b"\xff\xfe\x00", "not UTF-8 text (line 1, byte 0)"),
        (b'{"error": "maintenance"}', "not a list of papers but an object"),
        (b"null", "not a list of papers but null"),
        (b"NaN", "not a list of papers but text"),
        (b"[" * 200_000, "nested too deep"),
        (b'{"a":' * 200_000, "nested too deep"),
        (b'[{"paper": {"id": "2603.00001"}}]', "none of its papers can be read (paper 1: no title"),
        (b"[1, null]", "none of its papers can be read (paper 1: not an object but a number"),
    ],
)
def test_an_answer_that_is_no_list_of_papers_is_broken_not_quiet(hub: HuggingFace, body: bytes, what: str) -> None:
    message = failure(hub, says(body))
    assert message.startswith(f"{hub.place}/api/daily_papers: ")
    assert what in message


def test_one_bad_paper_is_named_and_the_others_are_used() -> None:
    fetched = parsed(
        paper_json(1),
        paper_json(2, title=None) | {"title": None},
        paper_json(3, title=["no", "text"]) | {"title": " "},
        "a text",
        {"paper": None, "title": "A title without its paper"},
        paper_json(6, title="???", id=None),
        paper_json(7),
    )
    assert [1, 7] == numbers(fetched)
    assert (
        "paper 2: no title (2603.00002); left out",
        "paper 3: no title (2603.00003); left out",
        "paper 4: not an object but text; left out",
        "paper 5: its `paper` is not an object; left out",
        "paper 6: neither an id nor a letter in the title; left out",
    ) == fetched.faults


def test_a_field_of_a_wrong_type_is_named_and_the_paper_is_used() -> None:
    wrong: dict[str, Any] = {
        "upvotes": "many",
        "githubStars": -1,
        "ai_summary": 7,
        "ai_keywords": [1, "kept"],
        "publishedAt": "soon",
    }
    (found,), (fault,) = (fetched := parsed(paper_json(1, **wrong))).listings, fetched.faults
    assert (0, None, "", ("kept",), None) == (
        found.paper.upvotes,
        found.paper.stars,
        found.paper.summary,
        found.paper.keywords,
        found.paper.published,
    )
    assert "paper 1 (2603.00001): cannot read publishedAt, ai_summary, ai_keywords, githubStars, upvotes" == fault


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "-0.5", "9" * 5000, "true", '"x"', "[]", "{}"])
def test_a_number_that_is_none_counts_nothing(number: str) -> None:
    body = json.dumps([paper_json(1, upvotes="HERE")]).replace('"HERE"', number).encode()
    (found,) = (fetched := huggingface.parse(body, DAY)).listings
    assert (0, ("paper 1 (2603.00001): cannot read upvotes",)) == (found.paper.upvotes, fetched.faults)


def test_no_upvotes_are_no_upvotes() -> None:
    assert Fetched((replace(parsed(paper_json(1)).listings[0], paper=only(paper_json(1, upvotes=0))),)) == parsed(
        paper_json(1, upvotes=0)
    )
    assert 0 == only(paper_json(1, upvotes=0)).upvotes


def test_hidden_authors_stay_hidden_and_a_name_that_repeats_is_kept_once() -> None:
    authors = [
        {"name": "Ida Example", "hidden": False},
        {"name": "Hidden Person", "hidden": True},
        {"name": "Bo Sample"},
        {"name": "ida example", "hidden": False},
        {"name": "\r\n", "hidden": False},
    ]
    assert ("Ida Example", "Bo Sample") == only(paper_json(1, authors=authors)).authors


def test_keywords_that_differ_only_in_case_are_kept_once() -> None:
    assert ("LoRA", "ray tracing") == only(paper_json(1, ai_keywords=["LoRA", "lora", "ray tracing", ""])).keywords


def test_the_organization_is_found_inside_and_beside_the_paper_by_its_full_name() -> None:
    beside = {key: value for key, value in paper_json(1).items() if key != "organization"}
    assert "Example Lab" == only(paper_json(1)).organization
    assert "Inner Lab" == only(paper_json(1, organization={"name": "inner", "fullname": "Inner Lab"})).organization
    assert "inner" == only(paper_json(1, organization={"name": "inner"})).organization
    assert "Old Lab" == only(beside | {"submitterOrganization": {"fullname": "Old Lab"}}).organization
    assert "" == only(beside).organization


def test_the_time_beside_the_paper_is_neither_its_day_nor_its_publication() -> None:
    (found,) = parsed(paper_json(1, day="2026-03-03"), day=None).listings
    assert (date(2026, 3, 3), date(2026, 3, 1)) == (found.day, found.paper.published)


def test_a_paper_that_does_not_say_its_day_has_none() -> None:
    (found,) = parsed(paper_json(1, submittedOnDailyAt=None), day=None).listings
    assert None is found.day


@pytest.mark.parametrize("given", ["2603.00001v2", "https://arxiv.org/abs/2603.00001v1", " 2603.00001 "])
def test_ids_are_canonical(given: str) -> None:
    assert "2603.00001" == only(paper_json(1, id=given)).id


@pytest.mark.parametrize("given", [None, "", "not-an-id", "../../etc", 5])
def test_a_paper_without_a_usable_id_is_known_by_its_title(given: object) -> None:
    assert only(paper_json(1, id=given)).id.startswith("title:")


def test_hostile_text_loses_its_control_characters_and_keeps_its_words() -> None:
    found = only(
        paper_json(
            1,
            title="A title\r\nBcc: eve@example.org\x0b\x00 <script>alert(1)</script>",
            summary="One\x0b two\x1b[31m\nthree \u202e four",
            authors=[{"name": "Ida\r\nExample\x07"}],
            ai_summary="A\nB",
        )
    )
    assert "A title Bcc: eve@example.org <script>alert(1)</script>" == found.title
    assert not set("\x0b\x1b\x00\r") & set(found.abstract)
    assert ("Ida Example",) == found.authors


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:text/html,x", "https://a b.example/", "//x", "", "x" * 9999]
)
def test_only_web_links_are_kept(link: str) -> None:
    found = only(paper_json(1, githubRepo=link, projectPage=link))
    assert ("", "") == (found.code, found.project)


def test_a_text_of_a_megabyte_is_cut() -> None:
    found = only(paper_json(1, summary="word " * 200_000, title="word " * 200_000, ai_summary="x" * 1_000_000))
    assert [True] * 3 == [
        0 < len(found.abstract) <= 20_000,
        0 < len(found.title) <= 500,
        0 < len(found.summary) <= 20_000,
    ]


def test_lone_surrogates_do_not_survive() -> None:
    body = json.dumps([paper_json(1, title="A title with \ud800 half a pair")]).encode()
    (found,) = huggingface.parse(body, DAY).listings
    assert found.paper.title.encode().decode() == found.paper.title


def test_many_faults_are_counted_rather_than_listed() -> None:
    fetched = parsed(paper_json(1), *range(1000))
    assert (21, "and 980 more such faults") == (len(fetched.faults), fetched.faults[-1])


def test_an_example_paper_is_looked_up_by_its_id(hub: HuggingFace) -> None:
    hub.papers = {"2603.00009": paper_json(9)["paper"]}
    found = huggingface.lookup("2603.00009", reach(hub))
    assert found is not None
    assert ("2603.00009", "Invented paper number 9", 9) == (found.id, found.title, found.upvotes)


def test_a_paper_that_hugging_face_does_not_know_is_none(hub: HuggingFace) -> None:
    assert None is huggingface.lookup("2603.09999", reach(hub))
    assert 1 == len(hub.asked)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"id": "2603.00009"}'])
def test_a_look_up_that_brings_no_paper_is_broken(hub: HuggingFace, body: bytes) -> None:
    hub.script.append(says(body))
    with pytest.raises(SourceError, match=r"/api/papers: 2603\.00009 cannot be read: .*; ask again later"):
        huggingface.lookup("2603.00009", reach(hub))


def test_a_look_up_is_patient_too(hub: HuggingFace) -> None:
    hub.papers = {"2603.00009": paper_json(9)["paper"]}
    hub.script.append(says({}, 503))
    assert None is not huggingface.lookup("2603.00009", reach(hub))


def with_endpoint(hub: HuggingFace, endpoint: str) -> Reach:
    return replace(reach(hub), endpoint=endpoint)


def test_the_endpoint_may_end_in_a_slash(hub: HuggingFace) -> None:
    huggingface.fetch("", DAY, with_endpoint(hub, hub.endpoint + "/"))
    assert "/api/daily_papers" == hub.asked[0].path


@pytest.mark.parametrize("endpoint", ["huggingface.co", "ftp://huggingface.co", "", "http://[", "http://x:y"])
def test_an_endpoint_that_is_no_address_is_a_wrong_setting(hub: HuggingFace, endpoint: str) -> None:
    with pytest.raises(SettingsError, match="HF_ENDPOINT"):
        huggingface.fetch("", DAY, with_endpoint(hub, endpoint))
    with pytest.raises(SettingsError, match="HF_ENDPOINT"):
        huggingface.hosts("", with_endpoint(hub, endpoint))
