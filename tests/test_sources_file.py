"""Papers in files: every format and shape, and what is said of those that are damaged."""

from __future__ import annotations

import gzip
import json
import os
from datetime import date
from pathlib import Path

import pytest

from newsletter.errors import SourceError
from newsletter.models import Fetched, Listing, Paper
from newsletter.sources import file
from tests.servers.huggingface import paper_json, reach

DAY = date(2026, 3, 3)
ABSTRACT = "We invent an abstract that is long enough to be told from a title by its length alone. " * 4
HEADER = "Get trending papers in your email inbox!"


def write(home: Path, name: str, content: object) -> Path:
    path = home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def fetch(home: Path, argument: str = ".", day: date = DAY) -> Fetched:
    return file.fetch(argument, day, reach(home=home))


def titles(fetched: Fetched) -> list[str]:
    return [found.paper.title for found in fetched.listings]


def days(fetched: Fetched) -> list[date | None]:
    return [found.day for found in fetched.listings]


def failure(home: Path, argument: str = ".") -> str:
    with pytest.raises(SourceError) as caught:
        fetch(home, argument)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- JSON as the API writes it


@pytest.mark.parametrize(
    "content",
    [
        [paper_json(1)],
        [repr(paper_json(1))],
        {"status": "success", "date": "2026-03-03", "count": 1, "data": [repr(paper_json(1))]},
        {"data": [paper_json(1)]},
        [paper_json(1) | {"highlightedTitle": [{"type": "highlight", "text": "Invented"}], "upvoted": False}],
        paper_json(1),
        paper_json(1)["paper"],
        [paper_json(1)["paper"]],
    ],
    ids=["list", "python", "wrapped python", "wrapped", "search", "one", "one un-nested", "list un-nested"],
)
def test_every_shape_of_a_recording_is_the_same_paper(tmp_path: Path, content: object) -> None:
    write(tmp_path, "recorded.json", content)
    (found,) = fetch(tmp_path).listings
    assert ("2603.00001", "Invented paper number 1", "We invent the paper\nwith number 1.", 1, DAY) == (
        found.paper.id,
        found.paper.title,
        found.paper.abstract,
        found.paper.upvotes,
        found.day,
    )


def test_the_day_in_a_files_name_comes_before_the_days_inside(tmp_path: Path) -> None:
    write(tmp_path, "hf_2026-03-03_evening.json", [paper_json(1, day="2026-03-02")])
    assert [DAY] == days(fetch(tmp_path))


def test_a_recording_without_any_day_is_left_to_the_caller(tmp_path: Path) -> None:
    write(tmp_path, "recorded.json", [paper_json(1, submittedOnDailyAt=None)])
    assert [None] == days(fetch(tmp_path))


def test_a_recording_of_another_day_is_not_in_this_one(tmp_path: Path) -> None:
    write(tmp_path, "recorded.json", [paper_json(1), paper_json(2, day="2026-03-02")])
    assert ["Invented paper number 1"] == titles(fetch(tmp_path))


def test_a_file_named_for_another_day_is_not_even_opened(tmp_path: Path) -> None:
    write(tmp_path, "2026-03-02.json", b"damaged")
    write(tmp_path, "2026-03-03.json", [paper_json(1)])
    assert ((), ["Invented paper number 1"]) == (fetch(tmp_path).faults, titles(fetch(tmp_path)))


@pytest.mark.parametrize(
    "evil", ["__import__('os').system('true')", "[" * 9999, "-" * 9999 + "1", "1+" * 9999 + "1", "{"]
)
def test_python_text_is_read_as_data_or_named(tmp_path: Path, evil: str) -> None:
    write(tmp_path, "recorded.json", [evil, paper_json(2)])
    fetched = fetch(tmp_path)
    assert (["Invented paper number 2"], 1) == (titles(fetched), len(fetched.faults))
    assert "recorded.json: paper 1: text that is no paper; left out" in fetched.faults[0]


def test_a_raw_control_character_in_a_recording_costs_nothing_but_itself(tmp_path: Path) -> None:
    write(tmp_path, "recorded.json", b'[{"paper": {"title": "A title with\x0b a tab\nand\x00 a line"}}]')
    assert ["A title with a tab and a line"] == titles(fetch(tmp_path))


# --- JSON Lines


def test_a_line_may_use_the_words_of_our_paper(tmp_path: Path) -> None:
    line = {
        "date": "2026-03-03", "id": "2603.00005v3", "title": "A flat invention", "abstract": "Its abstract.",
        "authors": ["Ida Example", "Bo Sample"], "published": "2026-03-01T00:00:00.000Z", "summary": "In short.",
        "keywords": ["flat"], "categories": ["cs.CL"], "organization": "Example Lab", "code": "https://c.example/1",
        "stars": 3, "project": "https://p.example/1", "url": "https://u.example/1", "upvotes": 4, "comments": 5,
        "also": ["10.1234/ABC"],
    }  # fmt: skip
    write(tmp_path, "papers.jsonl", json.dumps(line))
    paper = Paper(
        id="2603.00005", title="A flat invention", abstract="Its abstract.", authors=("Ida Example", "Bo Sample"),
        published=date(2026, 3, 1), summary="In short.", keywords=("flat",), categories=("cs.CL",),
        organization="Example Lab", code="https://c.example/1", stars=3, project="https://p.example/1",
        url="https://u.example/1", upvotes=4, comments=5, also=("10.1234/abc",), version=3,
    )  # fmt: skip
    assert Fetched((Listing(paper, DAY),)) == fetch(tmp_path)


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ({"id": "2603.00005"}, None),
        ({"id": "2603.00005", "version": 2}, 2),
        ({"id": "2603.00005v1", "version": "v2"}, 2),
        ({"arxiv": "https://arxiv.org/abs/2603.00005v4"}, 4),
    ],
)
def test_the_version_is_said_or_stands_in_the_id(tmp_path: Path, said: dict[str, object], version: int | None) -> None:
    write(tmp_path, "papers.jsonl", json.dumps({"title": "A flat invention", **said}))
    assert [version] == [found.paper.version for found in fetch(tmp_path).listings]


def test_a_version_that_is_none_is_named(tmp_path: Path) -> None:
    write(tmp_path, "papers.jsonl", json.dumps({"title": "A flat invention", "version": "final"}))
    assert ["cannot read version"] == [fault.rpartition(": ")[2] for fault in fetch(tmp_path).faults]


def test_a_line_may_use_the_words_of_an_archive_of_daily_papers(tmp_path: Path) -> None:
    line = {
        "date": "2026-03-03", "captured": "2026-03-03T09:00:00Z", "rank": 1, "id": "2603.00006", "title": "Archived",
        "abstract": "A.", "ai_summary": "Short.", "ai_keywords": ["k"], "github": "https://g.example/1", "stars": 9,
        "org": "Example Lab", "project": " https://p.example/1",
    }  # fmt: skip
    write(tmp_path, "archive.jsonl.gz", gzip.compress(json.dumps(line).encode()))
    (found,) = fetch(tmp_path).listings
    assert ("Short.", ("k",), "https://g.example/1", 9, "Example Lab", "https://p.example/1") == (
        found.paper.summary,
        found.paper.keywords,
        found.paper.code,
        found.paper.stars,
        found.paper.organization,
        found.paper.project,
    )


def test_a_line_may_be_a_paper_as_the_api_writes_it(tmp_path: Path) -> None:
    write(tmp_path, "papers.ndjson", json.dumps(paper_json(1)) + "\n\n" + json.dumps(paper_json(2)) + "\n")
    assert ["Invented paper number 1", "Invented paper number 2"] == titles(fetch(tmp_path))


def test_lines_of_other_days_are_left_alone_and_lines_without_a_day_are_kept(tmp_path: Path) -> None:
    lines = [{"title": "Of today", "date": "2026-03-03"}, {"title": "Old", "date": "2026-03-02"}, {"title": "Any"}]
    write(tmp_path, "papers.jsonl", "\r\n".join(map(json.dumps, lines)))
    assert [("Of today", DAY), ("Any", None)] == list(zip(titles(got := fetch(tmp_path)), days(got), strict=True))


def test_a_damaged_line_is_named_by_its_number_and_the_others_are_used(tmp_path: Path) -> None:
    lines = ['{"title": "First of all"}', '{"title": ', "", "[1]", '{"title": "No such day", "date": "3 March"}', "{}"]
    path = write(tmp_path, "papers.jsonl", "\n".join(lines))
    fetched = fetch(tmp_path)
    assert ["First of all"] == titles(fetched)
    assert (
        f"{path}: line 2: not JSON: Expecting value (column 11); left out",
        f"{path}: line 4: not an object but a list; left out",
        f"{path}: line 5: its `date` is not YYYY-MM-DD; left out",
        f"{path}: line 6: no title; left out",
    ) == fetched.faults


@pytest.mark.parametrize("name", ["doi", "arxiv", "id"])
def test_the_id_may_be_called_by_its_kind(tmp_path: Path, name: str) -> None:
    given = "https://doi.org/10.1234/ABC" if name == "doi" else "arXiv:2603.00001v2"
    write(tmp_path, "papers.jsonl", json.dumps({"title": "By its id", name: given}))
    (found,) = fetch(tmp_path).listings
    assert ("10.1234/abc" if name == "doi" else "2603.00001") == found.paper.id


# --- Markdown


def test_a_note_is_its_front_matter_and_its_body(tmp_path: Path) -> None:
    note = """---
title: "A note: on inventing"
date: 2026-03-03
id: 2603.00010
authors: [Ida Example, Bo Sample]
keywords: notes, inventing
upvotes: 12
---

The **abstract** of the note.

In two paragraphs.
"""
    write(tmp_path, "note.md", note)
    paper = Paper(
        id="2603.00010",
        title="A note: on inventing",
        abstract="The **abstract** of the note.\n\nIn two paragraphs.",
        authors=("Ida Example", "Bo Sample"),
        keywords=("notes", "inventing"),
        upvotes=12,
    )
    assert Fetched((Listing(paper, DAY),)) == fetch(tmp_path)


@pytest.mark.parametrize(
    "note",
    [
        "# An invented heading\n\nText.",
        "\n\n## An invented heading ##\n\nText.\n",
        "---\ntitle: An invented heading\n---\n# An invented heading\nText.",
        "---\r\ntitle: An invented heading\r\n---\r\nText.\r\n",
        "---\ntitle:\n---\n# An invented heading\nText.",
        "---\n---\n# An invented heading\nText.",
        "\ufeff---\ntitle: An invented heading\n...\nText.",
    ],
)
def test_a_note_finds_its_title_and_the_rest_is_its_abstract(tmp_path: Path, note: str) -> None:
    write(tmp_path, "note.md", note.encode())
    (found,) = fetch(tmp_path).listings
    assert ("An invented heading", "Text.", None) == (found.paper.title, found.paper.abstract, found.day)


def test_an_id_in_front_matter_is_text_not_a_number(tmp_path: Path) -> None:
    write(tmp_path, "note.md", "---\ntitle: An id that ends in zero\nid: 2401.10020\n---\nText.")
    assert ["2401.10020"] == [found.paper.id for found in fetch(tmp_path).listings]


@pytest.mark.parametrize(
    ("note", "what"),
    [
        ("Text alone.", "no title, neither in front matter nor as a heading"),
        ("", "no title"),
        ("---\ntitle: [unclosed\n---\nText.", "front matter, line "),
        ("---\ntitle: One: two\n---\nText.", "front matter, line 2: "),
        ("---\n- a\n- list\n---\nText.", "front matter is not `key: value` but a list"),
        ("---\ntitle: A title\ndate: yesterday\n---\nText.", "its `date` is not YYYY-MM-DD"),
        ("---\ntitle: {a: b}\n---\nText.", "no title"),
        ("---\nx: " + "[" * 9_000 + "\n---\n# Title", "front matter, line 2: nested deeper"),
        ("---\nx: " + "y" * 100_000 + "\n---\n# Title", "front matter of more than 100,000 characters"),
    ],
)
def test_a_note_that_is_no_paper_is_named_with_what_it_lacks(tmp_path: Path, note: str, what: str) -> None:
    path = write(tmp_path, "note.md", note)
    write(tmp_path, "good.md", "# A good title beside it\n\nText.")
    fetched = fetch(tmp_path)
    assert ["A good title beside it"] == titles(fetched)
    assert fetched.faults[0].startswith(f"{path}: ")
    assert what in fetched.faults[0]


# --- captures of the page

SPACED = f"new\n\n{HEADER}\n\nSubscribe\n\nDaily Papers\n\nbyAK and the research community\n\nSep 4\n\n"
DENSE = f"Get trending papers in your email inbox once a day!\n{HEADER}\nSubscribe"


@pytest.mark.parametrize(
    "capture",
    [
        SPACED + f"First invention\n\n{ABSTRACT}1\n\nSecond invention\n\n{ABSTRACT}2",
        DENSE + f"First invention\n{ABSTRACT}1\nSecond invention\n{ABSTRACT}2",
        ("\ufeff" + DENSE + f"First invention\n{ABSTRACT}1\nSecond invention\n{ABSTRACT}2\n").replace("\n", "\r\n"),
    ],
    ids=["spaced", "dense", "dense from Windows"],
)
def test_both_variants_of_a_capture_are_read_and_their_papers_have_no_day(tmp_path: Path, capture: str) -> None:
    write(tmp_path, "capture.txt", capture.encode())
    assert [("First invention", f"{ABSTRACT}1", None), ("Second invention", f"{ABSTRACT}2", None)] == [
        (found.paper.title, found.paper.abstract, found.day) for found in fetch(tmp_path).listings
    ]


def test_a_capture_that_lost_a_title_loses_one_paper(tmp_path: Path) -> None:
    path = write(tmp_path, "capture.txt", f"{DENSE}First\n{ABSTRACT}\n{ABSTRACT}\nThird\n{ABSTRACT}")
    fetched = fetch(tmp_path)
    assert (["First", "Third"], (f"{path}: line 5: no title; left out",)) == (titles(fetched), fetched.faults)


def test_a_capture_that_lost_an_abstract_keeps_the_title(tmp_path: Path) -> None:
    write(tmp_path, "capture.txt", f"{DENSE}First\nSecond\n{ABSTRACT}\nThird")
    assert [("First", ""), ("Second", ABSTRACT.strip()), ("Third", "")] == [
        (found.paper.title, found.paper.abstract) for found in fetch(tmp_path).listings
    ]


def test_a_capture_without_papers_is_quiet(tmp_path: Path) -> None:
    write(tmp_path, "capture.txt", SPACED)
    assert Fetched() == fetch(tmp_path)


def test_a_text_that_is_no_capture_is_named(tmp_path: Path) -> None:
    write(tmp_path, "notes.txt", "Buy milk.\nSubscribe to nothing.\n")
    assert "notes.txt: not a capture of the Daily Papers page; mend or remove the file" in failure(tmp_path)


# --- folders, and what goes wrong in them


def test_a_folder_is_read_with_its_subfolders_in_order(tmp_path: Path) -> None:
    for name in ("b/second.md", "a/first.MD", "third.md"):
        write(tmp_path, name, f"# A title from {name}")
    assert ["A title from a/first.MD", "A title from b/second.md", "A title from third.md"] == titles(fetch(tmp_path))


def test_hidden_files_readmes_and_other_suffixes_are_left_alone(tmp_path: Path) -> None:
    for name in (".draft.md", ".git/note.md", "README.md", "readme.txt", "picture.png", "archive.tar.gz"):
        write(tmp_path, name, "# Not a paper")
    write(tmp_path, "paper.md", "# A paper among other files")
    assert (["A paper among other files"], ()) == (titles(got := fetch(tmp_path)), got.faults)


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    write(tmp_path, "deep/paper.md", "# A paper in a loop")
    (tmp_path / "deep" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "self.md").symlink_to(tmp_path / "self.md")
    fetched = fetch(tmp_path)
    assert (["A paper in a loop"], 1) == (titles(fetched), len(fetched.faults))
    assert "self.md: not a regular file" in fetched.faults[0]


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    assert "pipe.json: not a regular file" in failure(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("a.json", b'[{"paper": {', "not JSON: "),
        ("a.json", b'[\n{"title": nothing}]', "not JSON: Expecting value (line 2, column 11)"),
        ("a.json", b"\n\n\xff", "not UTF-8 text (line 3, byte 2)"),
        ("a.json", b"[" * 100_000, "nested too deep"),
        ("a.json", b'"text"', "neither a paper nor a list of papers but text"),
        ("a.json", b'{"future_date": {"status": 400}}', "paper 1: no title; left out"),
        ("a.jsonl", b"\x00\x01\x02", "line 1: not JSON"),
        ("a.jsonl.gz", b"not gzip", "Not a gzipped file"),
        ("a.jsonl.gz", gzip.compress(b'{"title": "x"}' * 99, mtime=0)[:-9], "damaged gzip file"),
        ("a.md", b"\xe9t\xe9", "not UTF-8 text (line 1, byte 0)"),
        ("a.txt", b"", "not a capture of the Daily Papers page"),
    ],
)
def test_a_damaged_file_is_named_and_the_others_are_used(tmp_path: Path, name: str, content: bytes, what: str) -> None:
    path = write(tmp_path, name, content)
    write(tmp_path, "good.md", "# A good title beside it\n\nText.")
    fetched = fetch(tmp_path)
    assert ["A good title beside it"] == titles(fetched)
    assert fetched.faults[0].startswith(f"{path}: ")
    assert what in fetched.faults[0]


def test_a_file_that_is_too_large_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "MAX_BYTES", 2_000_000)
    write(tmp_path, "bomb.json.gz", gzip.compress(b" " * 9_000_000))
    assert "bomb.json.gz: larger than 2 MB" in failure(tmp_path)


def test_a_folder_that_may_not_be_opened_is_named(commoner: Path) -> None:
    write(commoner, "good.md", "# A good title beside it")
    write(commoner, "closed/paper.md", "# Unseen").parent.chmod(0)
    assert "closed: Permission denied" in fetch(commoner).faults[0]


@pytest.mark.parametrize("argument", ["nowhere", "note.md/x", "nul\0byte"])
def test_a_path_that_is_not_there_is_named_with_the_cure(tmp_path: Path, argument: str) -> None:
    write(tmp_path, "note.md", "# A title")
    message = failure(tmp_path, argument)
    assert message.startswith(argument.partition("\0")[0])
    assert message.endswith("check the path after `file:` in the sources")


@pytest.mark.parametrize("name", ["picture.png", ".hidden.md", "README.md"])
def test_a_folder_without_any_file_of_papers_is_named(tmp_path: Path, name: str) -> None:
    write(tmp_path, f"papers/{name}", "x")
    assert failure(tmp_path, "papers").startswith("papers: no file with papers; name a file or folder of .json, ")


def test_a_file_of_an_unknown_kind_is_named(tmp_path: Path) -> None:
    write(tmp_path, "papers.pdf", "x")
    assert failure(tmp_path, "papers.pdf").startswith("papers.pdf: no file with papers; ")


def test_when_nothing_at_all_can_be_read_the_source_is_broken(tmp_path: Path) -> None:
    path = write(tmp_path, "papers.json", "{")
    assert f"no paper of 2026-03-03 can be read: {path}: not JSON: " in failure(tmp_path)


def test_a_damaged_file_of_this_very_day_is_broken_not_quiet(tmp_path: Path) -> None:
    write(tmp_path, "2026-03-02.json", [paper_json(1)])
    write(tmp_path, "2026-03-03.json", b"[{")
    assert "2026-03-03.json: not JSON" in failure(tmp_path)


def test_a_day_without_a_file_is_quiet_whatever_else_lies_there(tmp_path: Path) -> None:
    write(tmp_path, "2026-03-02.json", [paper_json(1)])
    path = write(tmp_path, "errors.json", {"future_date": {}})
    assert Fetched((), (f"{path}: paper 1: no title; left out",)) == fetch(tmp_path)


def test_a_name_with_line_breaks_makes_one_line_of_a_fault(tmp_path: Path) -> None:
    write(tmp_path, "two\nlines.json", "{")
    assert "two lines.json" in failure(tmp_path)


@pytest.mark.parametrize("name", ["2026-02-30.md", "12026-03-022.md", "0001-01-01.md"])
def test_what_looks_like_a_day_in_a_name_but_is_none_does_not_count(tmp_path: Path, name: str) -> None:
    write(tmp_path, name, "# A title in a file with an odd name")
    assert [None] == days(fetch(tmp_path))


def test_check_tells_how_many_papers_of_which_days_and_the_first_fault(tmp_path: Path) -> None:
    write(tmp_path, "papers/2026-03-02.json", [paper_json(1)])
    write(tmp_path, "papers/2026-03-04.json", [paper_json(2), {}])
    assert (
        f"papers: 2 papers in 2 files, listed 2026-03-02 to 2026-03-04; 1 fault, the first: "
        f"{tmp_path}/papers/2026-03-04.json: paper 2: no title; left out"
    ) == file.check("papers", reach(home=tmp_path))
