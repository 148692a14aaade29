"""The archive as a file: whole or not at all, and the source `file` reads the same papers from it."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from newsletter.archive import Archive
from newsletter.files.whole import replacing
from newsletter.identity import entry_id, title_id
from newsletter.models import Listing, Paper
from newsletter.sources import file as file_source
from tests.factories import numbered, paper
from tests.homes import make_home
from tests.servers.huggingface import reach

NOW = datetime(2026, 3, 3, 7, tzinfo=UTC)
MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
ODD = "A title with a long \u2014 dash, \u05e9\u05dc\u05d5\u05dd and 北京"


def odd_papers():
    """Papers with every field, with none, without an id of their own, known by others, and not fit for one line."""
    bare = Paper("10.1234/x.5", "Bare")
    captured = Paper(title_id(ODD), ODD, abstract="Lines\nand\ttabs, “quotes” and \\commands{}")
    entry = Paper(entry_id("https://example.org/1"), "A post on nothing at all", url="https://example.org/1")
    known = paper(id="math/0309136", title="Known by other names", also=(title_id("Known by other names"),), version=3)
    return [paper(), bare, captured, entry, known, *(numbered(n) for n in range(700))]


@pytest.fixture
def home(tmp_path):
    home = make_home(tmp_path / "home")
    with home.app() as app:
        app.archive.add("huggingface", [Listing(one, MONDAY) for one in odd_papers()], MONDAY, NOW)
        app.archive.add("rss:x", [Listing(paper(upvotes=300), TUESDAY)], TUESDAY, NOW + timedelta(days=1))
        app.archive.keep(Paper("2006.11239", "An Example of Old"), NOW)
    return home


def all_papers(home):
    with home.app() as app:
        return {id_: found for ids in app.archive.ids() for id_, found in app.archive.find(ids).items()}


def test_the_source_file_reads_back_the_same_papers(home, tmp_path):
    assert "706 papers in " in home.run("archive", "export", str(tmp_path / "all.jsonl"))
    fetched = file_source.fetch(f"file:{tmp_path / 'all.jsonl'}".removeprefix("file:"), MONDAY, reach_of(tmp_path))
    assert () == fetched.faults
    assert all_papers(home) == {found.paper.id: found.paper for found in fetched.listings}
    days = {found.paper.id: found.day for found in fetched.listings}
    assert (MONDAY, None) == (days["2603.01234"], days["2006.11239"])


def reach_of(folder):
    from tests.servers.huggingface import HuggingFace

    with HuggingFace({}) as hub:
        return reach(hub, folder)


def test_a_line_has_the_listings_and_the_history(home):
    lines = [json.loads(line) for line in home.run("archive", "export", "-").split("\n")[:-1]]
    [line] = [line for line in lines if line["id"] == "2603.01234"]
    assert [("2026-03-02", "huggingface"), ("2026-03-03", "rss:x")] == [
        (one["day"], one["source"]) for one in line["listings"]
    ]
    assert [("2026-03-03T07:00:00+00:00", 87), ("2026-03-04T07:00:00+00:00", 300)] == [
        (one["at"], one["upvotes"]) for one in line["history"]
    ]
    assert ("2026-03-02", 300) == (line["date"], line["upvotes"])
    assert sorted(one["id"] for one in lines) == [one["id"] for one in lines]


def test_a_span_of_days_can_be_exported(home):
    with home.app() as app:
        app.archive.add("rss:x", [Listing(numbered(0, id="2603.08000"), TUESDAY)], TUESDAY, NOW)

    def ids(*limits):
        return [json.loads(line)["id"] for line in home.run("archive", "export", "-", *limits).split("\n")[:-1]]

    assert ["2603.08000"] == ids("--since", "2026-03-03") == ids("--since", "2026-03-03", "--until", "2026-03-03")
    assert 705 == len(ids("--until", "2026-03-02"))


def test_on_both_databases_every_id_comes_once_and_in_order(stores):
    archive = Archive(stores.url("archive"))
    archive.add("a", [Listing(numbered(n), MONDAY) for n in range(1100)], MONDAY, NOW)
    ids = [id_ for some in archive.ids() for id_ in some]
    assert [f"2603.{n + 1:05d}" for n in range(1100)] == ids
    archive.close()


def test_an_export_that_fails_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "all.jsonl"
    path.write_text("before")
    with pytest.raises(ZeroDivisionError), replacing(path) as draft:
        draft.write(b"half")
        raise ZeroDivisionError
    assert ("before", [path]) == (path.read_text(), [*tmp_path.iterdir()])
    path.chmod(0o640)
    with replacing(path) as draft:
        draft.write(b"whole")
    assert ("whole", 0o640) == (path.read_text(), path.stat().st_mode & 0o777)


def test_a_file_that_cannot_be_written_is_named(home, tmp_path):
    told = home.run("archive", "export", str(tmp_path / "nowhere" / "all.jsonl"), code=2)
    assert "all.jsonl: cannot be written: No such file or directory; name another file" in told


def test_show_tells_days_upvotes_and_later_life(home):
    with home.app() as app:
        code = paper(id="2603.01234", upvotes=301)
        app.archive.add("rss:x", [Listing(code, TUESDAY)], TUESDAY, NOW + timedelta(days=2))
    told = home.run("archive", "show", "https://arxiv.org/abs/2603.01234v1").splitlines()
    assert [
        "Straight Paths: Flow Matching in Four Steps",
        "  2603.01234 · Ada Brook, Ben Castell, Chika Dorn, Dev Ellis · https://arxiv.org/abs/2603.01234",
        "listed   2026-03-02 huggingface",
        "listed   2026-03-03 rss:x",
        "upvotes  2026-03-03 07:00 UTC  87",
        "upvotes  2026-03-04 07:00 UTC  300",
        "upvotes  2026-03-05 07:00 UTC  301",
        "later    2026-03-04 300 upvotes, up from 87",
    ] == told
    found = json.loads(home.run("archive", "show", "2603.01234", "--json"))
    assert [87, 300, 301] == [one["upvotes"] for one in found["upvotes"]]
    assert [{"day": "2026-03-04", "what": "300 upvotes, up from 87"}] == found["later"]


def test_a_paper_that_is_not_there_is_named_with_the_cure(home):
    told = home.run("archive", "show", "2603.99999", code=2)
    assert "'2603.99999' is not in the archive; `newsletter search WORDS` finds papers by their words" in told
