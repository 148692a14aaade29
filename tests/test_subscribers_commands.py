"""The commands that change the subscribers' files: what an operator types, and what every mistake says."""

import json
import os
import pty
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from newsletter.__main__ import run
from newsletter.cli.editing import command
from newsletter.subscribers import read, roster
from newsletter.subscribers.file import read_all
from tests.test_subscribers_schema import complaints

FILE = """\
# Our lab.
defaults: {timezone: Europe/Paris}

subscribers:
  - email: ada@example.org   # since March
    interests: [Robots]

  - email: bo@example.org
    id: bo
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("NEWSLETTER_HOME", str(tmp_path))
    (tmp_path / "subscribers.yaml").write_text(FILE)
    return tmp_path


@pytest.fixture
def say(home, capsys):
    def say(*words: str, code: int = 0) -> str:
        """What `newsletter subscribers ...` says, on both streams."""
        assert code == run(["subscribers", *words])
        said = capsys.readouterr()
        return said.out + said.err

    return say


def test_a_new_subscriber_is_written_below_the_others(home, say):
    words = [
        "--name",
        "Cy",
        "--interest",
        "Flows",
        "--keyword",
        "flow matching",
        "--keyword",
        "a: b",
        "--like",
        "2011.13456",
    ]
    when = ["--cadence", "Weekly  Friday", "--send-at", "8:30", "--timezone", "asia/tokyo"]
    told = say("add", "cy@Example.org", *words, *when)
    assert "subscribers.yaml:11: cy@example.org  weekly friday at 08:30 Asia/Tokyo: Flows\n" == told
    expected = """
  - email: cy@example.org
    name: Cy
    timezone: Asia/Tokyo
    cadence: weekly friday
    send_at: 08:30
    interests:
      - name: Flows
        keywords: [flow matching, "a: b"]
        like: [2011.13456]
"""
    assert FILE + expected == (home / "subscribers.yaml").read_text()


def test_an_example_may_be_a_library_or_a_file_of_papers(home, say):
    (home / "mine.bib").write_text("@article{a, eprint={2006.11239}}")
    say("add", "cy@example.org", "--interest", "Flows", "--like", "zotero:users/12345", "--like", "mine.bib")
    assert '        like: ["zotero:users/12345", mine.bib]\n' in (home / "subscribers.yaml").read_text()
    assert '"zotero:users/12345", "2006.11239"' in say("export", "--json")
    assert "names no Zotero library" in say(
        "add", "di@example.org", "--interest", "Flows", "--like", "zotero:x", code=2
    )


def test_several_are_added_at_once(home, say):
    told = say("add", "cy@example.org", "di@example.org", "--cadence", "weekly")
    assert 2 == len(told.splitlines())
    assert ["ada", "bo", "cy", "di"] == [one.email.split("@")[0] for one in read(home / "subscribers.yaml")]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ada@example.org"], "subscribers.yaml:5: ada@example.org is here already; `newsletter subscribers edit ada"),
        (["BO@example.org"], "subscribers.yaml:8: BO@example.org is here already"),
        (["Cy <cy@example.org>"], "is not an address alone"),
        (
            ["cy@example.org", "--timezone", "Pariss"],
            "--timezone: 'Pariss' is not a time zone; did you mean Europe/Paris?",
        ),
        (["cy@example.org", "--cadence", "dayly"], "--cadence: 'dayly' is not daily, weekdays"),
        (["cy@example.org", "--send-at", "25:00"], "--send-at: '25:00' is not a time of day"),
        (["cy@example.org", "--keyword", "flow"], "--keyword and --like describe one interest: give --interest once"),
        (["cy@example.org", "--interest", "Flows", "--like", "x"], "--like: 'x' is no paper"),
        (["cy@example.org", "--interest", "Flows", "--like", "x.bib"], "x.bib cannot be read"),
        (["cy@example.org", "di@example.org", "--name", "Cy"], "--name is one person's"),
        (["cy@example.org", "--file", "../x.yaml"], "--file: ../x.yaml is not read; name a file in subscribers/"),
    ],
)
def test_what_cannot_be_added_is_told_in_one_line_and_changes_nothing(home, say, words, said):
    told = say("add", *words, code=2)
    assert said in told
    assert 1 == len(told.splitlines())
    assert FILE == (home / "subscribers.yaml").read_text()


def test_where_there_is_no_file_nobody_is_added(home, say):
    (home / "subscribers.yaml").unlink()
    assert "there is no such file; `newsletter init` writes one" in say("add", "cy@example.org", code=2)
    assert [] == list(home.iterdir())


def test_a_file_that_is_broken_is_told_by_its_own_lines(home, say):
    (home / "subscribers.yaml").write_text(FILE.replace("id: bo", "idd: bo"))
    for words in (["add", "cy@example.org"], ["pause", "bo@example.org"], ["remove", "bo@example.org"]):
        assert "subscribers.yaml:9:5: subscribers[1]: 'idd' is not a key here; did you mean id?" in say(*words, code=2)
    (home / "subscribers.yaml").write_text("subscribers: [{email: ada@example.org}")
    assert "subscribers.yaml:1:14: a list opened with '[' here lacks" in say("add", "cy@example.org", code=2)


def test_a_pause_has_an_end_or_lasts_until_it_is_ended(home, say):
    assert "subscribers.yaml:8: bo@example.org  paused until 2999-12-24\n" == say(
        "pause", "bo", "--until", "2999-12-24"
    )
    assert FILE + "    paused_until: 2999-12-24\n" == (home / "subscribers.yaml").read_text()
    assert "bo@example.org  paused until resumed" in say("pause", "BO@example.org")
    assert "paused until resumed" in say("show", "bo")
    assert "bo@example.org  gets editions again" in say("resume", "bo")
    assert FILE == (home / "subscribers.yaml").read_text()
    assert "bo@example.org  was not paused" in say("resume", "bo")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["pause", "bo@exampel.org"], "no subscriber 'bo@exampel.org'; did you mean bo@example.org?; `newsletter"),
        (["pause", "bo", "--until", "2020-01-01"], "--until: 2020-01-01 is not in the future"),
        (["pause", "bo", "--until", "tomorrow"], "--until: 'tomorrow' is not a date; write YYYY-MM-DD"),
        (["remove", "nobody"], "no subscriber 'nobody'"),
    ],
)
def test_what_cannot_be_paused_or_removed_is_told_in_one_line(home, say, words, said):
    told = say(*words, code=2)
    assert said in told
    assert 1 == len(told.splitlines())


def test_who_is_paused_with_all_others_cannot_be_resumed_alone(home, say):
    (home / "subscribers.yaml").write_text(FILE.replace("{timezone", "{paused_until: 2999-01-01, timezone"))
    assert "bo is paused by `defaults:`; take `paused_until` out there" in say("resume", "bo", code=2)


def test_whoever_is_removed_is_told_what_is_remembered(home, say):
    assert "ada@example.org  removed; what they were sent" in say("remove", "ada@example.org")
    assert (
        FILE.replace("  - email: ada@example.org   # since March\n    interests: [Robots]\n\n", "")
        == (home / "subscribers.yaml").read_text()
    )
    say("remove", "bo")
    assert (
        "# Our lab.\ndefaults: {timezone: Europe/Paris}\n\nsubscribers: []\n" == (home / "subscribers.yaml").read_text()
    )


def test_programs_are_told_in_json(home, say):
    [told] = json.loads(say("add", "cy@example.org", "--json"))
    said = "daily at 08:00 Europe/Paris: what is trending"
    assert {"email": "cy@example.org", "file": "subscribers.yaml", "line": 11, "said": said} == told
    assert "paused until resumed" == json.loads(say("pause", "bo", "--json"))["said"]
    assert [8, 12] == [one["line"] for one in json.loads(say("remove", "bo", "cy@example.org", "--json"))]


def test_of_several_who_are_to_be_removed_all_are_there_or_nobody_goes(home, say):
    assert "no subscriber 'nobody'" in say("remove", "bo", "nobody", code=2)
    assert FILE == (home / "subscribers.yaml").read_text()


def test_mode_link_byte_order_mark_and_line_ends_stay(home, say):
    real = home / "repository" / "people.yaml"
    real.parent.mkdir()
    (home / "subscribers.yaml").unlink()
    real.write_bytes(b"\xef\xbb\xbf" + FILE.replace("\n", "\r\n").encode())
    real.chmod(0o640)
    (home / "subscribers.yaml").symlink_to(real)
    say("add", "cy@example.org")
    assert (home / "subscribers.yaml").is_symlink()
    assert 0o640 == real.stat().st_mode & 0o777
    assert (
        b"\xef\xbb\xbf" + (FILE + "\n  - email: cy@example.org\n").replace("\n", "\r\n").encode() == real.read_bytes()
    )
    assert ["people.yaml"] == [one.name for one in real.parent.iterdir()]


def test_all_who_are_added_at_once_are_there(home):
    def add(number: int) -> int:
        words = [sys.executable, "-m", "newsletter", "subscribers", "add", f"r{number}@example.org"]
        return subprocess.run(words, check=False, capture_output=True, timeout=120).returncode

    with ThreadPoolExecutor(6) as pool:
        assert [0] * 6 == list(pool.map(add, range(6)))
    assert {f"r{n}@example.org" for n in range(6)} < {one.email for one in read(home / "subscribers.yaml")}


def folder(home: Path, **files: str) -> None:
    (home / "subscribers").mkdir(exist_ok=True)
    for name, text in files.items():
        (home / "subscribers" / f"{name}.yaml").write_text(text)


def test_files_in_a_folder_are_read_too_each_with_its_own_defaults(home, say):
    folder(home, robots="defaults: {timezone: Asia/Tokyo}\nsubscribers: [{email: cy@example.org}]", b="subscribers: []")
    zones = {"ada@example.org": "Europe/Paris", "bo@example.org": "Europe/Paris", "cy@example.org": "Asia/Tokyo"}
    assert zones == {one.email: one.timezone for one in roster(home / "subscribers.yaml")}
    assert "subscribers.yaml, subscribers/b.yaml, subscribers/robots.yaml are fine: 3 subscribers, 1 interest" in say(
        "check"
    )
    (home / "subscribers.yaml").unlink()
    assert ["cy@example.org"] == [one.email for one in roster(home / "subscribers.yaml")]


def test_files_that_come_change_and_go_are_noticed(home):
    path = home / "subscribers.yaml"
    counts = [len(roster(path))]
    for text in (
        "subscribers: [{email: cy@example.org}]",
        "subscribers: [{email: cy@example.org}, {email: di@example.org}]",
    ):
        folder(home, more=text)
        counts.append(len(roster(path)))
    (home / "subscribers" / "more.yaml").unlink()
    assert [2, 3, 4, 2] == [*counts, len(roster(path))]


def test_nobody_is_in_two_files_and_the_fault_names_both(home, say):
    folder(home, more="subscribers:\n  - email: cy@example.org\n  - email: Ada@example.org\n")
    told = say("check", code=2)
    assert "subscribers/more.yaml:3:12: subscribers[1].email: Ada@example.org is in" in told
    assert "subscribers.yaml:5 already; keep one of the two" in told


def test_faults_of_all_files_are_told_at_once(home, say):
    (home / "subscribers.yaml").write_text(FILE.replace("id: bo", "idd: bo"))
    folder(home, more="subscribers: [{mail: cy@example.org}]")
    told = say("check", code=2)
    assert "subscribers.yaml:9:5" in told
    assert "more.yaml:1:15" in told


def test_who_is_added_goes_into_the_file_that_is_named(home, say):
    assert "subscribers/robots.yaml:2: cy@example.org" in say("add", "cy@example.org", "--file", "robots")
    assert "subscribers/robots.yaml:3: di@example.org" in say(
        "add", "di@example.org", "--file", "subscribers/robots.yaml"
    )
    assert "subscribers/robots.yaml:2: cy@example.org is here already" in say("add", "cy@example.org", code=2)
    assert "subscribers/robots.yaml:2: cy@example.org  paused" in say("pause", "cy@example.org")
    assert "subscribers/robots.yaml:2: cy@example.org  removed" in say("remove", "cy@example.org")
    assert FILE == (home / "subscribers.yaml").read_text()
    assert ["ada@example.org", "bo@example.org", "di@example.org"] == [
        one.email for one in read_all(home / "subscribers.yaml")
    ]


def test_editors_check_what_is_added_too_also_in_a_new_file(home, say):
    assert 0 == run(["init", "ada@example.org"])
    say(
        "add",
        "cy@example.org",
        "--name",
        "null",
        "--interest",
        "2024",
        "--keyword",
        "no",
        "--send-at",
        "18:30",
        "--file",
        "robots",
    )
    text = (home / "subscribers" / "robots.yaml").read_text()
    assert "# yaml-language-server: $schema=../subscribers.schema.json" == text.splitlines()[0]
    assert (home / "subscribers" / "../subscribers.schema.json").exists()
    assert [] == complaints(text)


# The editor is a program of the test's own.


@pytest.fixture
def editor(home, monkeypatch):
    def editor(does: str) -> None:
        """`does` is Python; `file` is the path, `text` what it holds, `line` what the editor was told."""
        program = home / "vi"
        program.write_text(
            f"#!{sys.executable}\nimport pathlib, sys\nfile, line = pathlib.Path(sys.argv[-1]), sys.argv[1]\n"
            f"text = file.read_text()\n{does}\n"
        )
        program.chmod(0o755)
        monkeypatch.setenv("VISUAL", str(program))

    return editor


def drafts(home: Path) -> list[Path]:
    return sorted(home.glob(".*.edit.yaml"))


def test_the_editor_opens_a_copy_at_the_entry_and_what_it_saves_is_there(home, say, editor):
    editor("assert line == '+8', line\nfile.write_text(text.replace('id: bo', 'id: bo2'))")
    assert "subscribers.yaml: saved" in say("edit", "bo@example.org")
    assert FILE.replace("id: bo", "id: bo2") == (home / "subscribers.yaml").read_text()
    assert [] == drafts(home)


def test_what_is_not_changed_stays(home, say, editor):
    editor("")
    assert "subscribers.yaml: nothing was changed" in say("edit")
    assert [] == drafts(home)


def test_a_broken_text_is_not_let_through_and_not_lost(home, say, editor):
    editor("file.write_text(text.replace('id: bo', 'idd: bo'))")
    told = say("edit", code=2)
    assert "subscribers.yaml:9:5: subscribers[1]: 'idd' is not a key here; did you mean id?" in told
    assert "is as it was; what you wrote is in" in told
    assert FILE == (home / "subscribers.yaml").read_text()
    assert "idd: bo" in drafts(home)[0].read_text()
    editor("assert 'idd' in text\nfile.write_text(text.replace('idd: bo', 'id: mended'))")
    assert "goes on with what was written before" in say("edit")
    assert "id: mended" in (home / "subscribers.yaml").read_text()
    assert [] == drafts(home)


def test_at_a_terminal_the_editor_opens_again_at_the_fault(home, editor):
    editor(
        "broken = 'idd: bo' in text\n"
        "assert line == ('+9' if broken else '+1'), line\n"
        "file.write_text(text.replace('idd: bo', 'id: two') if broken else text.replace('id: bo', 'idd: bo'))"
    )
    ours, theirs = pty.openpty()
    os.write(ours, b"y\n")
    words = [sys.executable, "-m", "newsletter", "subscribers", "edit"]
    done = subprocess.run(words, stdin=theirs, capture_output=True, text=True, timeout=120, check=False)
    os.close(ours)
    os.close(theirs)
    assert (0, "subscribers.yaml: saved\n") == (done.returncode, done.stdout)
    assert "Edit again? [Y/n]" in done.stderr
    assert FILE.replace("id: bo", "id: two") == (home / "subscribers.yaml").read_text()


def test_somebody_who_was_quicker_is_not_overwritten(home, say, editor):
    quicker = "pathlib.Path(__file__).with_name('subscribers.yaml').write_text('subscribers: []')"
    editor(f"{quicker}\nfile.write_text(text.replace('id: bo', 'id: mine'))")
    assert "the file was changed meanwhile; what you wrote is in" in say("edit", code=2)
    assert "subscribers: []" == (home / "subscribers.yaml").read_text()
    assert "id: mine" in drafts(home)[0].read_text()


def test_an_editor_that_fails_or_is_not_there_is_named(home, say, editor, monkeypatch):
    editor("raise SystemExit(1)")
    assert "vi ended with 1; nothing was changed" in say("edit", code=2)
    monkeypatch.setenv("VISUAL", "no-such-editor")
    assert "no-such-editor cannot be started (No such file or directory): set EDITOR" in say("edit", code=2)
    assert [] == drafts(home)


@pytest.mark.parametrize(
    ("editor", "expected"),
    [
        (["vim"], ["vim", "+7", "f.yaml"]),
        (["/usr/bin/nano", "-w"], ["/usr/bin/nano", "-w", "+7", "f.yaml"]),
        (["code"], ["code", "--wait", "--goto", "f.yaml:7"]),
        (["code", "--wait"], ["code", "--wait", "--goto", "f.yaml:7"]),
        (["hx"], ["hx", "f.yaml:7"]),
        (["ed"], ["ed", "f.yaml"]),
    ],
)
def test_editors_are_told_the_line_as_they_want_it(editor, expected):
    assert expected == command(editor, Path("f.yaml"), 7)


def test_the_owner_of_a_file_stays_where_root_changes_it(home, say):
    if os.getuid():
        pytest.skip("only root gives files away")
    os.chown(home / "subscribers.yaml", 1234, 1234)
    say("add", "cy@example.org")
    assert (1234, 1234) == ((home / "subscribers.yaml").stat().st_uid, (home / "subscribers.yaml").stat().st_gid)
