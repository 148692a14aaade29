"""Semantic Scholar: recommended papers are new when they are first seen, and one paper with the other sources' own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from newsletter import sources
from newsletter.archive import Archive
from newsletter.audience import Order
from newsletter.backfill import backfill
from newsletter.collect import collect
from newsletter.errors import SettingsError, SourceError
from newsletter.models import Fetched, Listing, Paper
from newsletter.publish import publish
from newsletter.sources.fields import Unusable
from newsletter.sources.semanticscholar import LIMIT, MAX_BYTES, MOST_EXAMPLES, PAUSE, parse
from tests.homes import invented_day, make_home, readers
from tests.servers.biorxiv import WEDNESDAY
from tests.servers.huggingface import Answer, says, truncated
from tests.servers.semanticscholar import KEY, SemanticScholar, recommended

TUESDAY, TODAY = date(2026, 3, 3), date(2026, 3, 4)
NAME = "semanticscholar:like=2011.13456+1706.03762"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[SemanticScholar]:
    with SemanticScholar() as hub:
        who = hub.recommender
        asked = {"fetch": who.fetch, "check": who.check, "hosts": who.hosts, "reader": who.reader}
        source = replace(sources.SOURCES["semanticscholar"], **asked)  # type: ignore[arg-type]
        monkeypatch.setitem(sources.SOURCES, "semanticscholar", source)
        yield hub


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    archive = Archive(f"sqlite:///{tmp_path}/archive.db")
    yield archive
    archive.close()


def fetch(hub: SemanticScholar, name: str = NAME, **reach: Any) -> Fetched:
    return sources.fetch(name, TODAY, hub.reach(**reach))


def body(*papers: object) -> bytes:
    return json.dumps({"recommendedPapers": list(papers)}).encode()


def only(**changes: Any) -> Paper:
    (found,) = parse(body(recommended(7, **changes))).listings
    return found.paper


def failure(hub: SemanticScholar, *answers: Answer, name: str = NAME, key: str = "") -> str:
    hub.script.extend(answers)
    with pytest.raises(SourceError) as caught:
        fetch(hub, name, key=key)
    assert "\n" not in str(caught.value)
    assert KEY not in str(caught.value)
    return str(caught.value)


# -- what a paper says


def test_a_paper_is_read_whole_and_has_no_day_of_its_own() -> None:
    paper = Paper(
        id="2603.00007",
        title="Invented recommendation number 7",
        abstract="We recommend number 7.",
        authors=("Ida Example", "Bo Sample"),
        published=date(2026, 3, 1),
        url=f"https://www.semanticscholar.org/paper/{7:040x}",
    )
    assert Fetched((Listing(paper, None),)) == parse(body(recommended(7)))


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        ({"ArXiv": "2603.00007", "DOI": "10.5555/ABC"}, ("2603.00007", ("10.5555/abc",))),
        ({"ArXiv": "2603.00007v2"}, ("2603.00007", ())),
        ({"DOI": "10.48550/arXiv.2603.00007"}, ("2603.00007", ())),
        ({"DOI": "10.1101/2026.03.01.000007"}, ("10.1101/2026.03.01.000007", ())),
        ({"ArXiv": "none", "DOI": 7, "CorpusId": 1}, ("title:", ())),
        ({}, ("title:", ())),
        (None, ("title:", ())),
    ],
)
def test_it_goes_by_its_arxiv_id_or_doi_and_else_by_its_title(
    ids: object, expected: tuple[str, tuple[str, ...]]
) -> None:
    paper = only(externalIds=ids)
    assert expected == (paper.id if paper.id[0].isdigit() else "title:", paper.also)


def test_what_is_missing_for_legal_reasons_is_missing() -> None:
    paper = only(abstract=None, publicationDate=None, authors=None, url="javascript:alert(1)")
    assert ("", None, (), "") == (paper.abstract, paper.published, paper.authors, paper.url)


def test_a_record_that_is_no_paper_is_named_and_the_others_are_used() -> None:
    found = parse(body(recommended(1), recommended(2, title=None), 7, recommended(4, publicationDate="soon")))
    assert ["2603.00001", "2603.00004"] == [one.paper.id for one in found.listings]
    assert (
        "paper 2: no title (2603.00002); left out",
        "paper 3: not an object but a number; left out",
        "paper 4 (2603.00004): cannot read publicationDate",
    ) == found.faults


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"<!DOCTYPE html><title>Just a moment...</title>", "not JSON"),
        (b"[" * 100_000, "nested too deep"),
        (b"[]", "not an object but a list"),
        (b"{}", "`recommendedPapers` is not a list but null"),
        (b'{"recommendedPapers": {"title": "One"}}', "`recommendedPapers` is not a list but an object"),
    ],
)
def test_what_is_no_answer_is_refused(answer: bytes, why: str) -> None:
    with pytest.raises(Unusable, match=why):
        parse(answer)


def test_more_than_was_asked_for_is_left() -> None:
    assert LIMIT == len(parse(body(*(recommended(n) for n in range(1, LIMIT + 20)))).listings)


# -- asking


def test_it_is_asked_as_its_documentation_wants_it(hub: SemanticScholar) -> None:
    hub.papers = [recommended(1)]
    fetch(
        hub, "semanticscholar:like=2011.13456v2+10.1101/2026.01.01.000001+math.GT/0309136&dislike=2401.10020", key=KEY
    )
    assert [
        {
            "positivePaperIds": ["ARXIV:2011.13456", "DOI:10.1101/2026.01.01.000001", "ARXIV:math/0309136"],
            "negativePaperIds": ["ARXIV:2401.10020"],
        }
    ] == hub.posted
    [asked] = hub.asked
    assert "/recommendations/v1/papers" == asked.path
    assert {"fields": "title,abstract,authors,externalIds,publicationDate,url", "limit": "100"} == asked.query
    assert (KEY, "newsletter/test (mailto:ada@example.org)") == (
        asked.headers["x-api-key"],
        asked.headers["user-agent"],
    )


def test_without_a_key_none_is_sent(hub: SemanticScholar) -> None:
    fetch(hub)
    assert "x-api-key" not in hub.asked[0].headers


def test_two_days_ask_once(hub: SemanticScholar, archive: Archive) -> None:
    hub.papers = [recommended(1), recommended(2)]
    collected = collect([TUESDAY, TODAY], [NAME], archive, hub.reach(), WEDNESDAY)
    assert (2, 1) == (collected.new, len(hub.asked))


def test_two_such_sources_wait_for_each_other(hub: SemanticScholar, archive: Archive) -> None:
    slept: list[float] = []
    now = [WEDNESDAY]

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += timedelta(seconds=seconds)

    turns = replace(archive.turns, clock=lambda: now[0], sleep=sleep)
    reach = replace(hub.reach(), turns=turns)
    for name in (NAME, "semanticscholar:like=2401.10020"):
        sources.fetch(name, TODAY, reach)
    assert [PAUSE.total_seconds()] == slept


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("semanticscholar", "write semanticscholar:like=ID+ID"),
        ("semanticscholar:", "write semanticscholar:like=ID+ID"),
        ("semanticscholar:2011.13456", "'2011.13456' is neither like nor dislike"),
        ("semanticscholar:dislike=2011.13456", "it says no `like`"),
        ("semanticscholar:like=", "an id is missing"),
        ("semanticscholar:like=2011.13456+", "an id is missing"),
        ("semanticscholar:like=attention", "'attention' is neither an arXiv id nor a DOI"),
        ("semanticscholar:like=2011.13456&like=2401.10020", "'like' is given twice"),
        ("semanticscholar:like=2011.13456&dislike=2011.13456", "ARXIV:2011.13456 is under both like and dislike"),
        (f"semanticscholar:like={'+'.join(f'2603.{n:05}' for n in range(101))}", f"more than {MOST_EXAMPLES} papers"),
        ("semantic-scholar", "did you mean semanticscholar:like=ID+ID?"),
    ],
)
def test_a_wrong_argument_is_refused_with_the_cure(hub: SemanticScholar, name: str, cure: str) -> None:
    for refused in (lambda: fetch(hub, name), lambda: sources.hosts(name, hub.reach())):
        with pytest.raises(SettingsError) as caught:
            refused()
        assert cure in str(caught.value)
        assert "semanticscholar:like=" in str(caught.value)
    assert [] == hub.asked


# -- quiet and broken


def test_nothing_recommended_is_quiet_and_said(hub: SemanticScholar) -> None:
    assert "Semantic Scholar recommends nothing near these papers" == fetch(hub).quiet


def test_a_server_that_fails_is_named(hub: SemanticScholar) -> None:
    place = f"{hub.place}/recommendations/v1/papers"
    assert f"{place}: HTTP 500" in failure(hub, *[says(b"no", 500)] * 3)
    assert f"{place}: HTTP 429 Too Many Requests (asked 3 times); ask less often" in failure(
        hub, *[says({"message": "Too Many Requests."}, 429)] * 3
    )
    assert f"{place}: not JSON" in failure(hub, says(b"<html>"))
    assert f"{place}: no paper can be read (paper 1: no title" in failure(hub, says({"recommendedPapers": [{}]}))
    assert "larger than 5 MB" in failure(hub, says(b" " * (MAX_BYTES + 1)))


def test_a_refusal_is_said_in_its_words_with_the_cure(hub: SemanticScholar) -> None:
    hub.unknown = frozenset({"ARXIV:1706.03762"})
    assert "HTTP 404: Input papers not found: ['ARXIV:1706.03762']; check the ids that the source names" in failure(hub)
    wrong = says({"error": "Unrecognized or unsupported fields: [garbage]\r\n\x1b[31m"}, 400)
    assert "HTTP 400: Unrecognized or unsupported fields: [garbage]" in failure(hub, wrong)
    forbidden = says({"message": "Forbidden"}, 403)
    assert "HTTP 403: Forbidden; check S2_API_KEY" in failure(hub, forbidden, key=KEY)
    assert "HTTP 403: Forbidden; ask again later, or with a key in S2_API_KEY" in failure(hub, forbidden)
    assert "HTTP 403: it does not say why" in failure(hub, says(b"<html>", 403))


def test_passing_faults_are_waited_out(hub: SemanticScholar) -> None:
    hub.papers = [recommended(1)]
    hub.script.extend([says(b"", 429, {"Retry-After": "2"}), truncated])
    assert 1 == len(fetch(hub).listings)


# -- the whole


def test_a_paper_is_new_on_the_day_it_is_first_recommended_and_never_again(
    hub: SemanticScholar, archive: Archive
) -> None:
    for days, papers in enumerate(([recommended(1)], [recommended(1)], [recommended(1), recommended(2)])):
        hub.papers = papers
        at = WEDNESDAY + timedelta(days=days)
        collect([at.date() - timedelta(days=1), at.date()], [NAME], archive, hub.reach(now=at), at)
    listed = [(one.paper, one.day.day) for one in archive.window(TUESDAY, TODAY + timedelta(days=9))]
    assert [("2603.00001", 4), ("2603.00002", 6)] == listed


def test_past_days_are_not_asked_for_one_by_one(hub: SemanticScholar, tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", sources=NAME)
    hub.papers = [recommended(1)]
    with home.app(WEDNESDAY) as app:
        done = backfill(replace(app, reach=hub.reach()), date(2026, 2, 1))
    assert (1, 1) == (done.new, len(hub.asked))


def test_a_paper_that_another_source_has_too_is_shown_once(hub: SemanticScholar, tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", sources=f"file:papers {NAME}")
    home.subscribers(readers(["ada"], ["flow matching"]))
    home.day("2026-03-04", invented_day("2026-03-04", 5))
    title = "On flow matching in case 1"
    hub.papers = [
        recommended(1, title=title),
        recommended(77, title="On flow matching in mice", externalIds={"DOI": "10.1101/2026.03.01.000077"}),
    ]
    at = datetime(2026, 3, 4, 9, tzinfo=UTC)
    with home.app(at) as app:
        publish(replace(app, reach=replace(hub.reach(now=at), home=home.path)), at, Order())
        made = app.ledger.latest(app.occasion, "ada@example.org", None)
    assert made and made.claim
    assert {"2603.00001", "10.1101/2026.03.01.000077"} == set(made.claim.papers)
    assert 2 == len(made.claim.papers)


def test_check_says_how_much_is_recommended_and_by_whom(hub: SemanticScholar) -> None:
    hub.papers = [recommended(1), recommended(2, title=None)]
    said = f"{hub.place} answers: 1 paper recommended; paper 2: no title (2603.00002); left out"
    assert said == sources.check(NAME, hub.reach(key=KEY))
    assert f"{said}; without S2_API_KEY it may refuse when others ask much" == sources.check(NAME, hub.reach())
    assert (hub.place,) == sources.hosts(NAME, hub.reach())


def test_nobody_else_is_asked() -> None:
    with SemanticScholar() as hub:
        assert ("api.semanticscholar.org",) == sources.hosts(NAME, hub.reach())
        assert not sources.has_past(NAME)
