"""The subscribers as they are kept for looking up: always those of the file as it is, whatever happened to what was kept."""

import hashlib
import os
import sqlite3
from contextlib import closing

import pytest

from newsletter.errors import StoreError, SubscriberError
from newsletter.subscribers import read, roster
from tests.homes import make_home

FILE = """\
defaults: {timezone: Europe/Paris, max_papers: 20, cadence: weekly}
subscribers:
  - {email: Bo@Example.org, interests: [Flows, {name: Robots, like: [2006.11239], weight: 1.5, threshold: loose}]}
  - {email: ada@example.org, id: "7", send_at: "18:30", paused_until: 2026-12-24, language: de, design: plain}
  - {email: cy@example.org, cadence: daily, exclude: [survey], sources: [huggingface], quiet: send}
"""


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "subscribers.yaml"
    found.write_text(FILE)
    return found


def kept(path):
    return path.with_suffix(".db")


def test_what_is_kept_is_what_the_file_says_in_its_order(path):
    everybody = read(path)
    assert everybody == tuple(roster(path)) == tuple(roster(path))
    assert 3 == len(roster(path))
    assert [list(everybody)] == list(roster(path).pages())


def test_a_file_that_has_not_changed_is_not_read_again(path):
    roster(path)
    before = kept(path).stat()
    assert 3 == len(roster(path))
    assert (before.st_ino, before.st_mtime_ns) == (kept(path).stat().st_ino, kept(path).stat().st_mtime_ns)


def test_whoever_is_changed_is_changed_at_once(path):
    roster(path)
    path.write_text(FILE.replace("cy@", "di@"))
    assert ["Bo@example.org", "ada@example.org", "di@example.org"] == [one.email for one in roster(path)]


def test_a_bib_file_that_changes_changes_its_reader(path):
    library = path.parent / "mine.bib"
    library.write_text("@article{a, eprint={2006.11239}}")
    path.write_text("subscribers: [{email: ada@example.org, interests: [{name: Mine, like: mine.bib}]}]")
    [before] = roster(path)
    library.write_text("@article{a, eprint={2006.11239}}\n@article{b, eprint={2011.13456}}")
    [after] = roster(path)
    assert [("2006.11239",), ("2006.11239", "2011.13456")] == [one.interests[0].like for one in (before, after)]


def test_readers_are_found_by_key_and_by_address_in_any_case(path):
    found = roster(path).find(["7", "bo@example.org", "nobody@example.org"])
    assert {"7": "ada@example.org", "bo@example.org": "Bo@example.org"} == {k: one.email for k, one in found.items()}
    named = [roster(path).named(name) for name in ("7", "BO@example.ORG", "ada@example.org", "nobody@example.org")]
    assert ["7", "bo@example.org", "7", None] == [one and one.key for one in named]


def test_more_are_looked_up_than_one_query_takes(tmp_path):
    path = tmp_path / "subscribers.yaml"
    path.write_text("subscribers:\n" + "".join(f"  - email: r{n}@example.org\n" for n in range(1500)))
    found = roster(path).find([f"r{n}@example.org" for n in range(1500)])
    assert 1500 == len(found) == sum(map(len, roster(path).pages()))
    assert 1 < len(list(roster(path).pages()))


def test_each_pair_of_design_and_language_is_told_once(path):
    assert [("daily", "en"), ("plain", "de")] == roster(path).looks()


@pytest.mark.parametrize("harm", [b"", b"no database at all" * 500])
def test_what_was_kept_and_is_damaged_is_made_anew(path, harm):
    roster(path)
    kept(path).write_bytes(harm)
    assert 3 == len(roster(path))


@pytest.mark.parametrize("record", ["no JSON", '{"key": 1}'])
def test_a_record_that_is_damaged_is_said_in_one_line_with_the_cure(path, record):
    roster(path)
    with closing(sqlite3.connect(kept(path))) as connection:
        connection.execute("UPDATE subscribers SET record = ? WHERE key = '7'", (record.encode(),))
        connection.commit()
    for question in (list, lambda found: found.find(["7"])):
        with pytest.raises(StoreError, match=r"subscribers.db: is damaged \(.*\); remove it and run again"):
            question(roster(path))


def test_what_another_version_kept_is_made_anew(path):
    roster(path)
    with closing(sqlite3.connect(kept(path))) as connection:
        connection.execute("UPDATE files SET sum = 'another program ' || sum")
        connection.execute("DELETE FROM subscribers")
        connection.commit()
    assert 3 == len(roster(path))


def test_a_file_with_faults_leaves_nothing_behind(path):
    roster(path)
    path.write_text(FILE.replace("cadence: daily", "cadence: dayly"))
    with pytest.raises(SubscriberError, match=r"subscribers.yaml:5:\d+: subscribers\[2\].cadence"):
        roster(path)
    assert {"subscribers.yaml", "subscribers.db"} == {one.name for one in path.parent.iterdir()}
    path.write_text(FILE)
    assert 3 == len(roster(path))


def test_nobody_else_may_read_what_is_kept(path):
    roster(path)
    assert 0o600 == kept(path).stat().st_mode & 0o777


def test_a_folder_that_is_not_to_be_written_to_is_left_alone(path, monkeypatch):
    # Whoever runs as root may write anywhere.
    monkeypatch.setattr(os, "access", lambda where, mode: False)
    assert 3 == len(roster(path))
    assert ["subscribers.yaml"] == [one.name for one in path.parent.iterdir()]


def test_a_disk_that_is_full_is_said_in_one_line(path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        StoreError, match=r"subscribers.db: cannot be written \(.*No space left.*\); is the disk full\?"
    ):
        roster(path)
    assert ["subscribers.yaml"] == [one.name for one in path.parent.iterdir()]


def test_a_reader_who_leaves_the_file_gets_no_edition(tmp_path):
    home = make_home(tmp_path)
    home.subscribers("subscribers: [{email: ada@example.org}, {email: bo@example.org}]")
    assert "2 subscribers" in home.run("check", code=None)
    home.subscribers("subscribers: [{email: ada@example.org}]")
    assert "1 subscriber," in home.run("check", code=None)


def test_a_file_that_looks_as_it_did_is_not_read_through_again_unless_it_was_changed_just_now(path, monkeypatch):
    digested, digest = [], hashlib.file_digest
    monkeypatch.setattr(hashlib, "file_digest", lambda file, kind: digested.append(file.name) or digest(file, kind))
    for _ in range(3):
        roster(path)
    assert 3 == len(digested), "it was changed just now, and may change again and look the same"
    monkeypatch.setitem(roster.__globals__, "_SETTLED", -1)
    roster(path)
    digested.clear()
    roster(path)
    assert [] == digested


def test_a_file_that_is_as_long_and_as_old_as_the_one_before_is_told_from_it(path, monkeypatch):
    monkeypatch.setitem(roster.__globals__, "_SETTLED", -1)
    assert 3 == len(roster(path))
    before = path.stat()
    path.write_text(FILE.replace("cy@", "di@"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert ["di@example.org"] == [one.email for one in roster(path)][2:]
