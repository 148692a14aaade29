"""bioRxiv and medRxiv: days in pages, versions, subjects; quiet is told from broken, and no day repeats another."""

from __future__ import annotations

import json
import re
from collections import deque
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
from newsletter.errors import NotYet, SettingsError, SourceError
from newsletter.models import Fetched, Listing, Paper
from newsletter.publish import publish
from newsletter.sources.biorxiv import MAX_BYTES, MOST_PAGES, MOST_RECORDS, PAUSE, parse
from newsletter.sources.feeds.entry import paper_in
from newsletter.sources.fields import Unusable
from tests.homes import make_home, readers, text_of
from tests.servers.biorxiv import NOTHING, WEDNESDAY, Biorxiv, record
from tests.servers.huggingface import Answer, says, truncated

MONDAY, TUESDAY, TODAY, TOMORROW = (date(2026, 3, n) for n in (2, 3, 4, 5))


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Biorxiv]:
    with Biorxiv() as hub:
        for name, server in (("biorxiv", hub.biorxiv), ("medrxiv", hub.medrxiv)):
            source = replace(sources.SOURCES[name], fetch=server.fetch, check=server.check, hosts=server.hosts)
            monkeypatch.setitem(sources.SOURCES, name, source)
        yield hub


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    archive = Archive(f"sqlite:///{tmp_path}/archive.db")
    yield archive
    archive.close()


def fetch(hub: Biorxiv, name: str = "biorxiv", day: date = TUESDAY, **patience: Any) -> Fetched:
    return sources.fetch(name, day, hub.reach(**patience))


def numbers(fetched: Fetched) -> list[int]:
    return [int(found.paper.id.rpartition(".")[2]) for found in fetched.listings]


def body(*records: object, **message: object) -> bytes:
    return json.dumps({"messages": [{"status": "ok"} | message], "collection": list(records)}).encode()


def only(**changes: Any) -> Paper:
    (found,) = parse(body(record(7, **changes))).found
    return found.paper


def failure(hub: Biorxiv, *answers: Answer, name: str = "biorxiv") -> str:
    hub.script.extend(answers)
    with pytest.raises(SourceError) as caught:
        fetch(hub, name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# -- what a record says


def test_a_record_is_read_whole() -> None:
    paper = Paper(
        id="10.64898/2026.03.01.000007",
        title="Invented paper number 7 on mice",
        abstract="We invent number 7.",
        authors=("I. Example", "B. C. Sample", "The Invented Consortium"),
        published=TUESDAY,
        keywords=("neuroscience",),
        version=1,
    )
    assert (Listing(paper, TUESDAY),) == parse(body(record(7))).found


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("Example, I.", ("I. Example",)),
        ("Example, I.; ", ("I. Example",)),
        ("Example, I.; Example, I.", ("I. Example",)),
        ("van der Sample, B.; Consortium of\n Tests;", ("B. van der Sample", "Consortium of Tests")),
        ("Example, I., Jr.", ("Example, I., Jr.",)),
        (", I.;Example,", ("I.", "Example")),
        (None, ()),
    ],
)
def test_family_names_are_put_last(written: str | None, names: tuple[str, ...]) -> None:
    assert names == only(authors=written).authors


def test_the_doi_is_the_paper_and_its_versions_are_one() -> None:
    assert {"10.1101/2026.03.01.000007"} == {
        only(doi=doi).id for doi in ("10.1101/2026.03.01.000007", "https://doi.org/10.1101/2026.03.01.000007")
    }
    later = only(version="2", date="2026-03-20")
    assert (only().id, 2, None) == (later.id, later.version, later.published)


def test_an_entry_of_its_feed_is_the_same_paper() -> None:
    assert only().id == paper_in("https://www.biorxiv.org/content/10.64898/2026.03.01.000007v1.full?rss=1")


def test_a_record_that_is_no_paper_is_named_and_the_others_are_used() -> None:
    page = parse(body(record(1), record(2, title=""), record(3, date="soon"), 7, record(4, version={}), total="5"))
    assert (5, 5, [1, 4]) == (page.records, page.total, [int(one.paper.id[-1]) for one in page.found])
    assert (
        "paper 2: no title (10.64898/2026.03.01.000002); left out",
        "paper 3: no date; left out",
        "paper 4: not an object but a number; left out",
        "paper 5 (10.64898/2026.03.01.000004): cannot read version",
    ) == page.faults


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"Error : (2002) Connection refused", "not JSON"),
        (b"<!DOCTYPE html><title>Just a moment...</title>", "not JSON"),
        (b"[" * 100_000, "nested too deep"),
        (b"[]", "not an object but a list"),
        (b"{}", "it does not say `ok`"),
        (body(status="Error\r\nin database"), "it says 'Error in database'"),
        (b'{"messages": [{"status": "ok"}]}', "`collection` is not a list but null"),
        (b'{"messages": "ok", "collection": [{}]}', "it does not say `ok`"),
        (body(record(), status="no posts found"), "it says 'no posts found'"),
        (body(*[{}] * (MOST_RECORDS + 1)), "a page has 1,001 papers"),
    ],
)
def test_what_is_no_answer_is_not_a_quiet_day(answer: bytes, why: str) -> None:
    with pytest.raises(Unusable) as caught:
        parse(answer)
    assert why in str(caught.value)


# -- days


def test_a_day_is_what_was_posted_on_it(hub: Biorxiv) -> None:
    days = ["2026-03-02", "2026-03-03", "2026-03-04"]
    hub.records = [record(n, date=day) for n, day in enumerate(days, 1)] + [record(9, server="medRxiv")]
    assert [[1], [2], [3]] == [numbers(fetch(hub, day=day)) for day in (MONDAY, TUESDAY, TODAY)]
    assert [9] == numbers(fetch(hub, "medrxiv"))
    assert ["/details/biorxiv/2026-03-03/2026-03-03/0/json", "/details/medrxiv/2026-03-03/2026-03-03/0/json"] == [
        hub.asked[1].path,
        hub.asked[3].path,
    ]
    assert {"newsletter/test (mailto:ada@example.org)"} == {asked.headers["user-agent"] for asked in hub.asked}


def test_a_day_without_papers_is_quiet_and_does_not_repeat_the_day_before(hub: Biorxiv, archive: Archive) -> None:
    hub.records = [record(n, date="2026-03-03") for n in (1, 2)]
    collected = [
        collect([day - timedelta(days=1), day], ["biorxiv"], archive, hub.reach(archive), WEDNESDAY + later)
        for day, later in ((TUESDAY, timedelta()), (TODAY, timedelta(hours=1)), (TODAY, timedelta(hours=9)))
    ]
    assert [2, 0, 0] == [one.new for one in collected]
    assert ["ok", "quiet", "quiet"] == [one.states[0].state for one in collected]
    assert "bioRxiv posted no new papers on 2026-03-04 so far" == collected[1].states[0].detail
    assert [TUESDAY] == archive.days()


def test_a_server_that_answers_with_other_days_brings_nothing_anew(hub: Biorxiv, archive: Archive) -> None:
    hub.records = [record(1, date="2026-03-03")]
    collect([TUESDAY], ["biorxiv"], archive, hub.reach(), WEDNESDAY)
    hub.script.extend([says(json.loads(body(record(1), record(2, date="2026-03-05"), total=2)))])
    collected = collect([TODAY], ["biorxiv"], archive, hub.reach(), WEDNESDAY)
    assert (0, "quiet", [TUESDAY]) == (collected.new, collected.states[0].state, archive.days())


def test_a_day_to_come_is_not_yet_and_begins_in_new_york(hub: Biorxiv) -> None:
    evening = datetime(2026, 3, 5, 4, 59, tzinfo=UTC)
    with pytest.raises(NotYet, match="bioRxiv has no 2026-03-05 yet: its days begin at midnight in New York"):
        sources.fetch("biorxiv", TOMORROW, hub.reach(now=evening))
    assert [] == hub.asked
    assert "so far" in sources.fetch("biorxiv", TOMORROW, hub.reach(now=evening + timedelta(minutes=1))).quiet


def test_a_newer_version_is_later_life_and_no_new_listing(hub: Biorxiv, archive: Archive) -> None:
    hub.records = [record(1, date="2026-03-02"), record(1, version="2", abstract="Better."), record(2, version="2")]
    collected = collect([MONDAY, TUESDAY], ["biorxiv"], archive, hub.reach(), WEDNESDAY)
    assert (1, "quiet", 1) == (collected.new, collected.states[0].state, archive.size())
    known = archive.find(["10.64898/2026.03.01.000001"])["10.64898/2026.03.01.000001"]
    assert (2, MONDAY, [MONDAY]) == (known.version, known.published, archive.days())


def test_a_paper_and_its_second_version_of_the_same_day_are_one_listing(hub: Biorxiv) -> None:
    hub.records = [record(1), record(1, version="2")]
    fetched = fetch(hub)
    assert ([1], [2]) == (numbers(fetched), [paper.version for paper in fetched.revised])


def test_past_days_are_filled_in(hub: Biorxiv, tmp_path: Path) -> None:
    hub.records = [record(1, date="2026-03-01"), record(2, date="2026-03-03")]
    with make_home(tmp_path, sources="biorxiv").app(WEDNESDAY) as app:
        done = backfill(replace(app, reach=hub.reach()), date(2026, 3, 1))
        again = backfill(replace(app, reach=hub.reach()), date(2026, 3, 1))
    assert (4, 2, 2, ()) == (done.days, done.new, done.quiet, done.gaps)
    assert 1 == again.asked  # today alone


# -- pages


@pytest.mark.parametrize("size", [30, 100])
def test_pages_are_followed_by_what_came_whatever_their_size(hub: Biorxiv, size: int) -> None:
    hub.records, hub.page = [record(n) for n in range(1, 72)], size
    assert list(range(1, 72)) == numbers(fetch(hub))
    assert list(range(0, 71, size)) == [int(asked.path.split("/")[-2]) for asked in hub.asked]


def test_records_that_cannot_be_read_do_not_shift_the_pages(hub: Biorxiv) -> None:
    hub.records = [record(n, **({"title": ""} if n % 3 == 0 else {})) for n in range(1, 62)]
    fetched = fetch(hub)
    assert [n for n in range(1, 62) if n % 3] == numbers(fetched)
    assert (20, 3) == (len(fetched.faults), len(hub.asked))


def test_more_promised_than_there_is_is_said(hub: Biorxiv) -> None:
    hub.records, hub.promised = [record(n) for n in range(1, 32)], 12
    fetched = fetch(hub)
    assert (31, 3) == (len(fetched.listings), len(hub.asked))
    assert ("papers of 2026-03-03 may be missing, 31 of 43 came",) == fetched.faults


def test_a_later_page_that_fails_costs_only_itself(hub: Biorxiv) -> None:
    hub.records = [record(n) for n in range(1, 62)]
    first = says(hub.answer("/details/biorxiv/2026-03-03/2026-03-03/0/json", {}))
    hub.script.extend([first, *[says(b"no", 500)] * 3])
    fetched = fetch(hub)
    assert list(range(1, 31)) == numbers(fetched)
    assert fetched.faults[0].startswith("papers of 2026-03-03 may be missing, 30 of 61 came: ")
    assert "HTTP 500" in fetched.faults[0]


def test_a_server_without_end_is_left(hub: Biorxiv) -> None:
    hub.records, hub.endless, hub.promised = [record(n) for n in range(1, 5)], True, 1_000
    assert 4 == len(fetch(hub).listings)
    assert 2 == len(hub.asked)
    hub.endless, hub.page, hub.records = False, 1, [record(n) for n in range(1, 200)]
    fetched = fetch(hub)
    assert MOST_PAGES == len(fetched.listings)
    assert f"{MOST_PAGES} of 1199 came: it has more than {MOST_PAGES} pages" in fetched.faults[0]


def test_a_day_has_four_minutes_however_many_pages_it_has(hub: Biorxiv) -> None:
    hub.page, hub.records = 1, [record(n) for n in range(1, 50)]
    fetched = fetch(hub, a_look=5)
    assert 0 < len(fetched.listings) < 20
    assert "2026-03-03 took more than 240 s; ask again later" in fetched.faults[0]


# -- subjects


def test_a_subject_is_asked_for_by_its_name(hub: Biorxiv) -> None:
    hub.records = [record(1), record(2, category="cell biology"), record(3, category="zoology")]
    assert [2] == numbers(fetch(hub, "biorxiv:cell-biology"))
    assert {"category": "cell_biology"} == hub.asked[0].query
    assert [1, 2] == numbers(fetch(hub, "biorxiv:neuroscience+cell-biology"))
    assert [2] == numbers(fetch(hub, "biorxiv:Cell Biology+cell_biology"))
    assert (
        "bioRxiv posted no new papers in ecology+genetics on 2026-03-03" == fetch(hub, "biorxiv:ecology+genetics").quiet
    )


def test_a_server_that_ignores_the_subject_does_not_fool_us(hub: Biorxiv) -> None:
    hub.records, hub.knows_subjects = [record(1), record(2, category="cell biology"), record(3, category=None)], False
    assert [2, 3] == numbers(fetch(hub, "biorxiv:cell-biology"))


def test_a_subject_may_be_written_as_it_is_printed(hub: Biorxiv) -> None:
    hub.records = [record(1, server="medRxiv", category="hiv aids")]
    assert [1] == numbers(fetch(hub, "medrxiv:HIV/AIDS"))


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("biorxiv:neurosience", "'neurosience' is not a subject of bioRxiv; did you mean neuroscience?"),
        ("biorxiv:neuroscience+cels-biology", "did you mean cell-biology?"),
        ("medrxiv:public-health", "did you mean public-and-global-health?"),
        ("medrxiv:zoology+", "'zoology' is not a subject of medRxiv"),
        ("biorxiv:zoology+", "a subject is missing; write subjects with + between them: biorxiv:"),
        ("biorxiv:7", "write subjects with + between them: biorxiv:animal-behavior-and-cognition+biochemistry"),
        ("bioarxiv", "did you mean biorxiv?"),
        ("medarxiv:surgery", "did you mean medrxiv?"),
    ],
)
def test_a_misspelt_subject_is_refused_with_the_cure(hub: Biorxiv, name: str, cure: str) -> None:
    for refused in (lambda: fetch(hub, name), lambda: sources.hosts(name, hub.reach())):
        with pytest.raises(SettingsError) as caught:
            refused()
        assert cure in str(caught.value)
    assert [] == hub.asked


# -- broken


def test_a_server_that_fails_is_named(hub: Biorxiv) -> None:
    place = f"{hub.place}/details/biorxiv"
    assert f"{place}/2026-03-03/2026-03-03/0/json: HTTP 500" in failure(hub, *[says(b"no", 500)] * 3)
    assert f"{place}: 2026-03-03: not JSON" in failure(hub, says(b"Error : (2002) Connection refused"))
    hub.records = [record(1, title="")]
    assert f"{place}: no paper of 2026-03-03 can be read (paper 1: no title" in failure(hub)
    assert "2026-03-03 has 7 papers, and none of them came" in failure(hub, says(json.loads(body(total="7"))))
    assert "larger than 5 MB" in failure(hub, says(b" " * (MAX_BYTES + 1)))


def test_passing_faults_are_waited_out(hub: Biorxiv) -> None:
    hub.records = [record(1)]
    hub.script = deque([says(b"", 429, {"Retry-After": "2"}), truncated])
    assert [1] == numbers(fetch(hub))


def test_nothing_found_later_is_the_end_where_no_total_is_told(hub: Biorxiv) -> None:
    hub.script.extend([says(json.loads(body(record(1)))), says(NOTHING)])
    assert Fetched(
        (
            Listing(
                only(
                    doi="10.64898/2026.03.01.000001",
                    title="Invented paper number 1 on mice",
                    abstract="We invent number 1.",
                ),
                TUESDAY,
            ),
        )
    ) == fetch(hub)


# -- the whole


def test_pages_are_asked_for_in_our_turn(hub: Biorxiv, archive: Archive) -> None:
    slept: list[float] = []
    now = [WEDNESDAY]

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += timedelta(seconds=seconds)

    hub.records = [record(n) for n in range(1, 72)]
    turns = replace(archive.turns, clock=lambda: now[0], sleep=sleep)
    sources.fetch("biorxiv", TUESDAY, replace(hub.reach(), turns=turns))
    assert [PAUSE.total_seconds()] * 2 == slept


def test_what_is_posted_after_a_readers_hour_comes_the_next_day_and_once(hub: Biorxiv, tmp_path: Path) -> None:
    posted = {2: [1], 3: [2, 3], 4: [4], 6: [5]}  # nothing on the fifth
    home = make_home(tmp_path, sources="biorxiv")
    home.subscribers(readers(["ada"], ["flow matching"]))
    sent = []
    for today in range(3, 8):
        hub.records = [
            record(n, title=f"On flow matching in mice, case {n}", date=f"2026-03-{day:02}")
            for day in range(2, today)
            for n in posted.get(day, [])
        ]
        at = datetime(2026, 3, today, 9, tzinfo=UTC)
        with home.app(at) as app:
            account = publish(replace(app, reach=hub.reach(now=at)), at, Order())
        sent.append(account.counts["submitted"])
    assert [0, 1, 1, 0, 1] == sent
    mails = [text_of(path.read_bytes()) for path in sorted((tmp_path / "outbox").glob("*.eml"))]
    shown = [re.findall(r"https://doi\.org/10\.64898/2026\.03\.01\.0+(\d)", mail) for mail in mails]
    assert [{"2", "3"}, {"4"}, {"5"}] == [set(one) - {"1"} for one in shown]


def test_check_says_what_yesterday_had(hub: Biorxiv) -> None:
    hub.records = [record(1), record(2), record(1, version="2")]
    said = f"{hub.place} answers: bioRxiv posted 2 papers and 1 newer version on 2026-03-03"
    assert said == sources.check("biorxiv", hub.reach())
    assert f"{hub.place} answers: medRxiv posted no new papers on 2026-03-03" == sources.check("medrxiv", hub.reach())
    assert (hub.place,) == sources.hosts("biorxiv:ecology", hub.reach())


def test_nobody_else_is_asked() -> None:
    with Biorxiv() as hub:
        for name in ("biorxiv", "medrxiv"):
            assert ("api.biorxiv.org",) == sources.hosts(name, hub.reach())
            assert sources.has_past(name)


def test_a_wrong_subject_stops_with_the_cure(tmp_path: Path) -> None:
    home = make_home(tmp_path, sources="medrxiv:oncologie")
    home.subscribers(readers(["ada"]))
    assert "did you mean oncology?" in home.run("fetch", code=2)
    assert "did you mean oncology?" in home.run("check", code=None)
