"""Zotero libraries as examples: what they hold, asked for when it changed; faults cost no edition."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter import zotero
from newsletter.archive import Archive
from newsletter.audience import Order
from newsletter.errors import SourceError, SubscriberError
from newsletter.identity import title_id
from newsletter.library import parse as parse_library
from newsletter.library.zotero import name_in
from newsletter.models import Paper
from newsletter.publish import publish
from newsletter.retention import prune
from newsletter.sources.reach import Reach
from newsletter.subscribers import parse, read
from tests.homes import Home, invented_day, make_home
from tests.servers.huggingface import Answer, Asked, HuggingFace, Stopwatch, paper_json, resets, says
from tests.servers.zotero import KEY, Zotero, item

WHOLE, ROBOTS = "zotero:users/12345", "zotero:users/12345/collections/ABCD2345"
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
KNOWN = {"archiveID": "arXiv:2006.11239", "DOI": "", "url": ""}
LATER = NOW + timedelta(days=1)


@pytest.fixture
def hub() -> Iterator[Zotero]:
    with Zotero() as hub:
        yield hub


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    archive = Archive(f"sqlite:///{tmp_path}/archive.db")
    yield archive
    archive.close()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = make_home(tmp_path / "home")
    home.subscribers(wants(f"like: [{ROBOTS}]"))
    return home


def wants(like: str, name: str = "Robots") -> str:
    return (
        "defaults: {timezone: UTC, send_at: 08:00, cadence: daily, trending: 0}\n"
        f"subscribers: [{{email: ada@example.org, interests: [{{name: {name}, {like}}}]}}]\n"
    )


def journal(number: int, **changes: object) -> dict[str, object]:
    """An item that is on no server that is asked for papers."""
    there = {"itemType": "journalArticle", "archiveID": "", "url": "", "extra": "", "DOI": f"10.5555/{number}"}
    return item(number, **(there | changes))


def papers(name: str, archive: Archive) -> list[str]:
    found = zotero.known(name, archive.answers)
    return list(found.papers) if found else []


def failure(hub: Zotero, reach: Reach, *answers: Answer, name: str = WHOLE) -> str:
    hub.script.extend(answers)
    with pytest.raises(SourceError) as caught:
        zotero.read(name, reach)
    assert "\n" not in str(caught.value)
    assert KEY not in str(caught.value)
    return str(caught.value)


# -- names


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        (WHOLE, WHOLE),
        (f" {ROBOTS}/", ROBOTS),
        ("zotero:groups/678/collections/QRST6789", "zotero:groups/678/collections/QRST6789"),
        ("https://www.zotero.org/groups/678/some_lab/collections/QRST6789/items/ABCD2345/reader", None),
        ("https://www.zotero.org/groups/678/some_lab/library", "zotero:groups/678"),
        ("https://www.zotero.org/groups/678", "zotero:groups/678"),
        ("zotero:users/0", "zotero:users/0"),
        ("2006.11239", ""),
        ("zotero.bib", ""),
    ],
)
def test_a_library_is_named_by_its_path_or_a_groups_address(typed: str, name: str | None) -> None:
    assert ("zotero:groups/678/collections/QRST6789" if name is None else name) == name_in(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "zotero:",
        "zotero:ada",
        "zotero:users/ada",
        "zotero:users/1/collections/AB",
        "https://www.zotero.org/ada/library",
    ],
)
def test_what_names_no_library_is_refused_where_it_stands_with_the_forms(typed: str, tmp_path: Path) -> None:
    with pytest.raises(SubscriberError, match=r"s\.yaml:2:.*like.*names no Zotero library; write zotero:users/12345"):
        parse(wants(f"like: ['{typed}']"), "s.yaml", tmp_path)


def test_the_file_is_read_without_asking_anybody_and_says_what_it_said(home: Home) -> None:
    [ada] = read(home.path / "subscribers.yaml")
    assert (ROBOTS,) == ada.interests[0].like
    told = home.run("subscribers", "show", "ada@example.org", ZOTERO_ENDPOINT="http://127.0.0.1:9")
    assert ROBOTS in told


# -- what items say


def test_notes_and_files_are_no_papers_and_what_has_no_title_is_counted(hub: Zotero) -> None:
    silent = [item(n, itemType=kind) for n, kind in enumerate(("note", "attachment", "annotation"), 2)]
    hub.libraries["users/12345"] = [item(1), *silent, journal(5, title="", DOI=""), journal(6)]
    found = zotero.read(WHOLE, hub.reach())
    assert ("Zotero", 1) == (found.format, found.damaged)
    assert [("2601.00001",), ("10.5555/6",)] == [entry.ids for entry in found.entries]
    first = found.entries[0]
    assert ("We collect number 1.", ("Computer Science - Robotics",), 2026) == (
        first.abstract,
        first.keywords,
        first.year,
    )


def test_a_saved_answer_is_read_like_any_export() -> None:
    found = parse_library(json.dumps([item(1), item(2, itemType="note")]).encode())
    assert [("2601.00001",)] == [entry.ids for entry in found.entries]


@pytest.mark.parametrize(
    "changes",
    [
        {"archiveID": "arXiv:2601.00009", "DOI": "", "url": "", "extra": ""},
        {"archiveID": "", "DOI": "10.48550/arXiv.2601.00009", "url": "", "extra": ""},
        {"archiveID": "", "DOI": "", "url": "http://arxiv.org/abs/2601.00009v2", "extra": ""},
        {"archiveID": "", "DOI": "", "url": "", "extra": "Citation Key: example\narXiv: 2601.00009 [cs]"},
        {"archiveID": "", "DOI": 7, "url": None, "extra": ["arXiv:2601.00009"], "tags": {"a": 1}, "date": True},
    ],
)
def test_an_arxiv_id_is_found_wherever_zotero_has_it(hub: Zotero, changes: dict[str, object]) -> None:
    hub.libraries["users/12345"] = [item(9, **changes)]
    assert [("2601.00009",)] == [entry.ids for entry in zotero.read(WHOLE, hub.reach()).entries]


# -- asking


def test_it_is_asked_as_its_documentation_wants_it(hub: Zotero) -> None:
    hub.key, hub.libraries["users/12345/collections/ABCD2345"] = KEY, [item(1)]
    zotero.read(ROBOTS, hub.reach(key=KEY))
    [asked] = hub.asked
    assert "/users/12345/collections/ABCD2345/items/top" == asked.path
    assert {"format": "json", "limit": "100", "start": "0", "sort": "dateAdded", "direction": "desc"} == asked.query
    assert ("3", KEY) == (asked.headers["zotero-api-version"], asked.headers["zotero-api-key"])


def test_an_owner_may_have_a_key_of_their_own(hub: Zotero) -> None:
    hub.key, hub.libraries["users/12345"] = KEY, [item(1)]
    keys = {"ZOTERO_API_KEY": "another", "ZOTERO_API_KEY_12345": KEY}
    assert 1 == len(zotero.read(WHOLE, replace(hub.reach(), secret=lambda name: keys.get(name, ""))).entries)


def test_a_large_library_comes_in_pages_and_then_only_if_it_changed(hub: Zotero, archive: Archive) -> None:
    hub.libraries["users/12345"] = [item(n) for n in range(1, 451)]
    assert 450 == len(zotero.read(WHOLE, hub.reach(archive)).entries)
    assert [0, 100, 200, 300, 400] == [int(asked.query["start"]) for asked in hub.asked]
    hub.asked.clear()
    assert 450 == len(zotero.read(WHOLE, hub.reach(archive)).entries)
    [once] = hub.asked
    assert "7" == once.headers["if-modified-since-version"]
    hub.asked.clear()
    hub.libraries["users/12345"], hub.version = [item(n) for n in range(451)], 8
    assert 451 == len(zotero.read(WHOLE, hub.reach(archive)).entries)
    assert 5 == len(hub.asked)


def test_who_was_cut_off_goes_on_behind_what_came(hub: Zotero, archive: Archive) -> None:
    hub.libraries["users/12345"] = [item(n) for n in range(1, 351)]
    first_two = [hub.answer("/users/12345/items/top", _asked(start)) for start in (0, 100)]
    told = failure(hub, hub.reach(archive), *first_two, *[resets] * 3)
    assert "(200 items came, and are kept)" in told
    hub.asked.clear()
    assert 350 == len(zotero.read(WHOLE, hub.reach(archive)).entries)
    assert [0, 200, 300] == [int(asked.query["start"]) for asked in hub.asked]


def _asked(start: int) -> Asked:
    return Asked("", {"start": str(start), "limit": "100"}, {})


def test_a_library_that_changes_between_two_pages_is_read_again_the_next_time(hub: Zotero, archive: Archive) -> None:
    hub.libraries["users/12345"] = [item(n) for n in range(1, 151)]
    first = hub.answer("/users/12345/items/top", _asked(0))
    hub.version = 8
    hub.script.append(first)
    assert 150 == len(zotero.read(WHOLE, hub.reach(archive)).entries)
    hub.asked.clear()
    zotero.read(WHOLE, hub.reach(archive))
    assert [0] == [int(asked.query["start"]) for asked in hub.asked]  # the other page is of this version


def test_it_is_left_alone_for_as_long_as_it_asks(hub: Zotero) -> None:
    hub.libraries["users/12345"], hub.backoff = [item(n) for n in range(1, 251)], 5
    watch = Stopwatch()
    zotero.read(WHOLE, hub.reach(watch=watch))
    assert [5.0, 5.0] == watch.slept
    hub.backoff = 600
    assert "asks to be left alone for 600 s; ask again later (100 items came" in failure(hub, hub.reach())


def test_too_many_requests_are_waited_out_by_either_header(hub: Zotero) -> None:
    hub.libraries["users/12345"] = [item(1)]
    watch = Stopwatch()
    hub.script.extend([says(b"", 429, {"Backoff": "7"}), says(b"", 429, {"Retry-After": "9"})])
    assert 1 == len(zotero.read(WHOLE, hub.reach(watch=watch)).entries)
    assert [7.0, 9.0] == watch.slept


def test_faults_are_said_with_the_cure_and_never_with_the_key(hub: Zotero) -> None:
    place = f"{hub.place}/users/12345"
    assert f"{place}: HTTP 404; there is no such library" in failure(hub, hub.reach(key=KEY))
    hub.key = "another"
    assert f"{place}: HTTP 403; the key in ZOTERO_API_KEY may not read it" in failure(hub, hub.reach(key=KEY))
    assert f"{place}: HTTP 403; it is not public: make a key" in failure(hub, hub.reach())
    html = says(b"<!DOCTYPE html><title>Zotero</title>")
    assert f"{place}: what it answers is not JSON; check ZOTERO_ENDPOINT" in failure(hub, hub.reach(), html)
    assert f"{place}: what it answers is no list of items" in failure(hub, hub.reach(), says({"error": 1}))
    assert "HTTP 503" in failure(hub, hub.reach(), *[says(b"", 503)] * 3)
    elsewhere = says(b"", 302, {"Location": "http://127.0.0.2/users/12345/items/top"})
    assert "it has moved to http://127.0.0.2/users/12345/items/top, which is elsewhere" in failure(
        hub, hub.reach(key=KEY), elsewhere
    )


@pytest.mark.parametrize("number", [0, 7, 100, 250])
def test_who_sends_everything_whatever_was_asked_for_is_asked_no_more_than_twice(hub: Zotero, number: int) -> None:
    hub.script.extend([says([item(n) for n in range(1, number + 1)])] * 2)
    assert number == len(zotero.read(WHOLE, hub.reach()).entries)
    assert (2 if number == 100 else 1) == len(hub.asked)


def test_pages_that_never_end_end(hub: Zotero, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zotero, "MOST_PAGES", 3)
    hub.script.extend(says([item(n)], 200, {"Total-Results": "9" * 15}) for n in range(1, 9))
    assert 3 == len(zotero.read(WHOLE, hub.reach()).entries)


def test_what_this_machines_own_zotero_says_is_not_remembered(
    hub: Zotero, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zotero, "LOCAL", int(hub.place.partition(":")[2]))
    for name in ("first", "second"):
        hub.libraries["users/0"] = [item(1, title=f"A {name} invented title of four words")]
        [entry] = zotero.read("zotero:users/0", hub.reach(archive)).entries
        assert name in entry.title
    hub.key = KEY
    assert "HTTP 403; allow other applications to communicate with Zotero" in failure(hub, hub.reach())
    assert "write zotero:users/0" in failure(hub, hub.reach(), says(b"Only data for the logged-in user", 400))


# -- as examples


def test_what_was_added_last_are_the_examples(hub: Zotero, archive: Archive) -> None:
    hub.libraries["users/12345"] = [item(n) for n in range(1, 1001)]
    wanted = zotero.renew([WHOLE], archive, hub.reach(archive), NOW, ["huggingface"])
    expected = [f"2601.{n:05}" for n in range(1, zotero.MOST + 1)]
    assert expected == papers(WHOLE, archive)
    assert set(expected) == wanted
    assert 2 == len(hub.asked)
    known = zotero.known(WHOLE, archive.answers)
    assert known and (1000, NOW) == (known.items, known.at)


def test_what_no_source_can_be_asked_for_has_its_text_from_the_library(hub: Zotero, archive: Archive) -> None:
    archive.keep(Paper("10.5555/4", "Known already by its number", "A text."), NOW)
    archive.keep(Paper("2601.00099", "Known already by its title alone", "A text."), NOW)
    items = [
        journal(1),
        journal(2, DOI=""),
        journal(3, abstractNote=""),
        journal(4),
        journal(5, title="Known already by its title alone"),
        journal(6, title="Short title"),
        journal(7, title="Short", DOI=""),
    ]
    hub.libraries["users/12345"] = items
    assert frozenset() == zotero.renew([WHOLE], archive, hub.reach(archive), NOW, ["huggingface"])
    first, second = (title_id(f"Invented item number {n} of a library") for n in (1, 2))
    assert [first, second, "10.5555/3", "10.5555/4", "2601.00099", "10.5555/6"] == papers(WHOLE, archive)
    assert "We collect number 1." == archive.find([first])[first].abstract
    assert "A text." == archive.find(["10.5555/4"])["10.5555/4"].abstract


def test_without_a_source_that_knows_papers_the_librarys_text_is_taken(hub: Zotero, archive: Archive) -> None:
    hub.libraries["users/12345"] = [item(1)]
    assert frozenset() == zotero.renew([WHOLE], archive, hub.reach(archive), NOW, ["biorxiv"])
    [id_] = papers(WHOLE, archive)
    assert "We collect number 1." == archive.find([id_])[id_].abstract


def test_an_edition_asks_at_most_once_an_hour(hub: Zotero, archive: Archive) -> None:
    hub.libraries["users/12345"] = [item(1)]
    for minutes in (0, 59, 61):
        zotero.renew([WHOLE], archive, hub.reach(archive), NOW + timedelta(minutes=minutes))
    assert 2 == len(hub.asked)


def test_while_it_does_not_answer_what_it_told_is_used_and_that_is_said(
    hub: Zotero, archive: Archive, caplog: pytest.LogCaptureFixture
) -> None:
    hub.libraries |= {"users/12345": [item(1)], "users/12345/collections/ABCD2345": [item(2)]}
    zotero.renew([WHOLE], archive, hub.reach(archive), NOW, ["arxiv:cs.RO"])
    with caplog.at_level(logging.WARNING):
        hub.script.extend([says(b"", 503)] * 2)
        zotero.renew([WHOLE, ROBOTS], archive, hub.reach(archive), LATER, ["arxiv:cs.RO"])
    [said] = caplog.messages  # who waited once for a host does not wait for it again
    assert "the 1 papers that it told of on 2026-03-04 are used" in said
    assert (["2601.00001"], []) == (papers(WHOLE, archive), papers(ROBOTS, archive))


def test_a_library_that_is_not_for_us_keeps_no_other_from_being_asked(
    hub: Zotero, archive: Archive, caplog: pytest.LogCaptureFixture
) -> None:
    hub.libraries["users/12345/collections/ABCD2345"] = [item(2)]
    with caplog.at_level(logging.WARNING):
        zotero.renew([WHOLE, ROBOTS], archive, hub.reach(archive), NOW, ["arxiv:cs.RO"])
    assert "HTTP 404" in caplog.text
    assert "until it answers, interests go without its papers" in caplog.text
    assert ["2601.00002"] == papers(ROBOTS, archive)


# -- the whole


def publish_with(home: Home, hub: Zotero, at: datetime, sources: HuggingFace | None = None) -> list[str]:
    """Sends what is due; returns the papers of Ada's edition."""
    with home.app(at) as app:
        reach = replace(app.reach, zotero=hub.endpoint, patience=Stopwatch().patience())
        if sources:
            reach = replace(reach, endpoint=sources.endpoint)
        publish(replace(app, reach=reach), at, Order())
        [delivery] = [one for one in [app.ledger.latest(app.occasion, "ada@example.org", None)] if one]
        assert delivery.claim
        return list(delivery.claim.papers)


def test_an_edition_is_ranked_by_what_the_library_holds(home: Home, hub: Zotero) -> None:
    home.subscribers(wants(f"like: [{ROBOTS}]", name='"Things I read"'))
    home.day("2026-03-04", invented_day("2026-03-04", 20))
    hub.libraries["users/12345/collections/ABCD2345"] = [
        journal(n, title=f"On robot manipulation in case {n}", abstractNote=f"We study robot manipulation in case {n}.")
        for n in range(90, 95)
    ]
    shown = publish_with(home, hub, NOW)
    robots = [str(one["paper"]["id"]) for one in invented_day("2026-03-04", 20)[2::5]]  # type: ignore[index]
    assert set(robots) == set(shown)


def test_a_broken_zotero_costs_no_edition(home: Home, hub: Zotero) -> None:
    home.subscribers(wants(f"keywords: [robot manipulation], like: [{ROBOTS}]"))
    home.day("2026-03-04", invented_day("2026-03-04", 20))
    hub.script.extend([says(b"<html>", 502)] * 9)
    assert publish_with(home, hub, NOW)


def test_arxiv_papers_of_a_library_are_looked_up_once_like_other_examples(tmp_path: Path, hub: Zotero) -> None:
    home = make_home(tmp_path / "home", sources="huggingface")
    home.subscribers(wants(f"like: [{ROBOTS}]"))
    hub.libraries["users/12345/collections/ABCD2345"] = [item(1)]
    looked_up = paper_json(1, title="A robot that was looked up", id="2601.00001")["paper"]
    with HuggingFace(days={"2026-03-04": invented_day("2026-03-04", 5)}, today="2026-03-04") as community:
        community.papers = {"2601.00001": looked_up}
        publish_with(home, hub, NOW, community)
        publish_with(home, hub, LATER, community)
        asked = [asked.path for asked in community.asked if asked.path.startswith("/api/papers/")]
    assert ["/api/papers/2601.00001"] == asked


def test_commands_know_the_papers_without_asking_and_an_own_no_counts_more(home: Home, hub: Zotero) -> None:
    home.subscribers(wants(f"like: [{ROBOTS}, 2006.11239], dislike: [2601.00002]"))
    hub.libraries["users/12345/collections/ABCD2345"] = [item(1), item(2), item(3, **KNOWN)]
    with home.app(NOW) as app:
        zotero.renew(app.roster().libraries(), app.archive, replace(hub.reach(app.archive)), NOW, ["arxiv:cs.RO"])
        hub.asked.clear()
        ada = app.roster().named("ada@example.org")
        assert ada and (("2601.00001", "2006.11239"), ("2601.00002",)) == (
            ada.interests[0].like,
            ada.interests[0].dislike,
        )
        assert [ada] == list(app.roster())
        assert [] == hub.asked


def test_examples_of_a_library_outlive_the_archives_time(home: Home, hub: Zotero) -> None:
    hub.libraries["users/12345/collections/ABCD2345"] = [item(1)]
    home.day("2025-03-04", [paper_json(1, "2025-03-04", id="2601.00001"), paper_json(2, "2025-03-04")])
    home.run("fetch", "--date", "2025-03-04")
    with home.app(NOW) as app:
        zotero.renew(app.roster().libraries(), app.archive, hub.reach(app.archive), NOW, ["arxiv:cs.RO"])
        prune(app, timedelta(days=90), NOW)
        assert ["2601.00001"] == sorted(app.archive.find(["2601.00001", "2603.00002"]))


def test_check_asks_each_library_and_names_the_host(home: Home, hub: Zotero) -> None:
    hub.key, hub.libraries["users/12345/collections/ABCD2345"] = KEY, [item(1), item(2, itemType="note")]
    there = {"ZOTERO_ENDPOINT": hub.endpoint, "ZOTERO_API_KEY": KEY}
    told = home.run("check", code=None, **there)
    assert (
        f"ok      library {ROBOTS}: {hub.place} answers: 2 items; the papers that were added, 1, are examples" in told
    )
    assert f"talks to {hub.place}" in told
    assert KEY not in told
    told = home.run("check", code=1, **(there | {"ZOTERO_API_KEY": "wrong"}))
    assert f"BROKEN  library {ROBOTS}: {hub.place}/users/12345/collections/ABCD2345: HTTP 403" in told
    home.subscribers(wants("keywords: [robots]"))
    assert hub.place not in home.run("check", code=None, **there)


def test_interests_are_proposed_from_a_whole_library(home: Home, hub: Zotero) -> None:
    home.subscribers(wants("keywords: [sailing]", name="Boats"))
    subjects = ("robot manipulation", "speech recognition", "sparse attention")
    hub.libraries["users/12345"] = [
        item(
            n,
            title=f"Case {n} of {subjects[n % 3]}",
            abstractNote=f"We study {subjects[n % 3]} again, and {subjects[n % 3]} in case {n} is like no other.",
        )
        for n in range(1, 121)
    ]
    there = {"ZOTERO_ENDPOINT": hub.endpoint}
    told = home.run("subscribers", "learn", "ada@example.org", WHOLE, "--json", **there)
    proposal = json.loads(told)
    assert ("Zotero", 120) == (proposal["format"], proposal["entries"])
    assert {40} == {one["papers"] for one in proposal["interests"]}
    assert 2 == len(hub.asked)


def test_learning_from_a_library_that_cannot_be_read_is_said_in_a_line(home: Home, hub: Zotero) -> None:
    there = {"ZOTERO_ENDPOINT": hub.endpoint}
    assert "HTTP 404" in home.run("subscribers", "learn", "ada@example.org", WHOLE, code=3, **there)
    assert "names no Zotero library" in home.run("subscribers", "learn", "ada@example.org", "zotero:ada", code=2)
    hub.libraries["users/12345"] = []
    told = home.run("subscribers", "learn", "ada@example.org", WHOLE, code=2, **there)
    assert f"{WHOLE}: no paper is named in it" in told
