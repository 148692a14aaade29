"""Collecting: one broken source is named and the day goes on; examples are looked up once."""

from collections import deque
from datetime import UTC, date, datetime, timedelta

import pytest

from newsletter.archive import Archive
from newsletter.collect import collect, look_up_examples, unknown_examples
from newsletter.models import Interest, Subscriber
from tests.homes import invented_day, make_home
from tests.servers.huggingface import HuggingFace, paper_json, reach, says, truncated

NOW = datetime(2026, 3, 3, 8, tzinfo=UTC)
MONDAY, TUESDAY, WEDNESDAY = (date(2026, 3, n) for n in (2, 3, 4))
DAYS = {"2026-03-02": invented_day("2026-03-02", 4), "2026-03-03": invented_day("2026-03-03", 6, first=10)}


@pytest.fixture
def archive(stores):
    archive = Archive(stores.url("archive"))
    yield archive
    archive.close()


def test_the_days_are_asked_by_name_and_kept(archive):
    with HuggingFace(DAYS) as hub:
        collected = collect([MONDAY, TUESDAY], ["huggingface"], archive, reach(hub), NOW)
        assert [{"2026-03-02"}, {"2026-03-03"}] == [
            {asked.query["date"] for asked in hub.asked if asked.query["date"] == day} for day in sorted(DAYS)
        ]
    assert (10, "ok", 6) == (collected.new, collected.states[0].state, collected.states[0].papers)


def test_a_quiet_day_and_a_day_that_is_not_yet_are_not_broken(archive):
    with HuggingFace({}, today="2026-03-03") as hub:
        quiet = collect([TUESDAY], ["huggingface"], archive, reach(hub), NOW)
        early = collect([WEDNESDAY], ["huggingface"], archive, reach(hub), NOW)
    assert ["quiet", "not yet"] == [quiet.states[0].state, early.states[0].state]
    assert [False, False] == [quiet.all_broken, early.all_broken]


def test_a_broken_source_is_asked_for_one_day_only_and_named(archive, tmp_path):
    with HuggingFace(DAYS, script=deque([says(b"no", 500)] * 3)) as hub:
        collected = collect([MONDAY, TUESDAY], ["huggingface", "file:nowhere"], archive, reach(hub, tmp_path), NOW)
        assert 3 == len(hub.asked)
    assert collected.all_broken
    assert "500" in collected.states[0].detail
    assert "nowhere" in collected.states[1].detail
    assert ["broken", "broken"] == [state.state for state in archive.collected(TUESDAY)]


def test_passing_faults_are_waited_out(archive):
    faults = deque([says(b"", 429, {"RateLimit": '"api";r=0;t=1'}), truncated])
    with HuggingFace(DAYS, script=faults) as hub:
        assert 6 == collect([TUESDAY], ["huggingface"], archive, reach(hub), NOW).new


def subscriber(*like):
    return Subscriber("ada", "ada@example.org", interests=(Interest("x", like=like),))


def test_an_example_is_looked_up_once_and_a_missing_one_remembered(archive):
    ada = subscriber("2006.11239", "2611.99999", "10.1234/doi").examples
    known = {"2006.11239": paper_json(1, id="2006.11239")["paper"]}
    with HuggingFace(papers=known) as hub:
        for _ in range(2):
            look_up_examples(unknown_examples(ada, archive), archive, reach(hub), NOW, ["huggingface"])
        assert 2 == len(hub.asked)
    assert "2006.11239" in archive.find(["2006.11239"])
    assert {"2611.99999"} == archive.missing()
    assert set() == unknown_examples(ada, archive)
    assert 0 == archive.size(), "an example is not listed"


def test_examples_wait_when_the_far_side_fails(archive):
    ada = subscriber("2006.11239", "2006.11240").examples
    with HuggingFace(script=deque([says(b"no", 503)] * 10)) as hub:
        look_up_examples(unknown_examples(ada, archive), archive, reach(hub), NOW, ["huggingface"])
        assert 3 == len(hub.asked), "the second example is not even asked for"
    assert {"2006.11239", "2006.11240"} == unknown_examples(ada, archive)


def test_a_day_comes_from_hugging_face_to_the_outbox_and_check_names_missing_examples(tmp_path):
    yaml = "subscribers: [{email: ada@example.org, timezone: UTC, interests: [{name: Flow, keywords: [flow matching], like: 2611.99999}]}]"
    with HuggingFace(DAYS, today="2026-03-03") as hub:
        home = make_home(tmp_path, sources="huggingface")
        home.subscribers(yaml)
        assert "1 submitted" in home.run("send", "--date", "2026-03-03", HF_ENDPOINT=hub.endpoint, HF_TOKEN="hf_x")
        assert {"Bearer hf_x"} == {asked.headers["authorization"] for asked in hub.asked}
        told = home.run("check", HF_ENDPOINT=hub.endpoint)
    assert "example paper 2611.99999 was not found" in told
    assert "hf_x" not in told
    assert f"talks to {hub.place}" in told


def test_a_day_that_was_collected_after_its_end_is_not_asked_again(tmp_path):
    week = {f"2026-03-{n:02}": invented_day(f"2026-03-{n:02}", 3, first=n * 10) for n in range(1, 10)}
    with HuggingFace(week, today="2026-03-09") as hub:
        home = make_home(tmp_path, sources="huggingface")
        home.subscribers("subscribers: [{email: ada@example.org, timezone: UTC, cadence: weekly monday}]")
        home.run("send", "--date", "2026-03-08", HF_ENDPOINT=hub.endpoint)
        first = {asked.query["date"] for asked in hub.asked}
        hub.asked.clear()
        home.run("preview", "--date", "2026-03-08", HF_ENDPOINT=hub.endpoint)
        again = {asked.query["date"] for asked in hub.asked}
    assert {f"2026-03-{n:02}" for n in range(2, 9)} == first
    assert {"2026-03-07", "2026-03-08"} == again


def test_the_window_of_a_long_gap_is_said(tmp_path):
    home = make_home(tmp_path)
    home.subscribers("subscribers: [{email: ada@example.org, timezone: UTC, max_papers: 5}]")
    start = date(2026, 1, 1)
    for n in range(0, 60, 2):
        day = (start + timedelta(days=n)).isoformat()
        home.day(day, invented_day(day, 2, first=100 + 10 * n))
    home.run("send", "--date", "2026-01-01")
    for n in range(0, 60, 2):
        home.run("fetch", "--date", (start + timedelta(days=n)).isoformat()) if n % 10 == 0 else None
    home.run("send", "--date", "2026-02-28")
    [_, late] = sorted((tmp_path / "outbox").glob("*.eml"))
    from tests.homes import text_of

    assert "papers from before 29 January were left out" in " ".join(text_of(late.read_bytes()).split())
