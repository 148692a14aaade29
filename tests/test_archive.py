"""What was collected, and what is the same paper."""

from datetime import UTC, date, datetime, timedelta

import pytest

from newsletter.archive import Archive
from newsletter.identity import title_id
from newsletter.models import Candidate, Digest, Later, Listing, Paper, Reading, SourceState, counted, said
from newsletter.records import sealed

NOW = datetime(2026, 3, 3, 7, tzinfo=UTC)
MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
TITLE = "Slow Rivers Remember Their Stones"


@pytest.fixture
def archive(stores):
    archive = Archive(stores.url("archive"))
    yield archive
    archive.close()


def listed(archive, *papers, source="huggingface", day=TUESDAY, at=NOW, dated=True):
    return archive.add(source, [Listing(paper, day if dated else None) for paper in papers], day, at)


def test_a_listing_is_kept_once(archive):
    paper = Paper("2611.90001", TITLE, upvotes=3)
    assert [1, 0] == [listed(archive, paper) for _ in range(2)]
    assert {"2611.90001": paper} == archive.find(["2611.90001", "2611.99999"])


def test_a_paper_has_a_listing_for_each_day_and_source(archive):
    paper = Paper("2611.90001", TITLE)
    listed(archive, paper, day=MONDAY)
    listed(archive, paper)
    listed(archive, paper, source="arxiv:cs.CL")
    window = [(one.day, one.source) for one in archive.window(MONDAY, TUESDAY)]
    assert [(MONDAY, "huggingface"), (TUESDAY, "arxiv:cs.CL"), (TUESDAY, "huggingface")] == window
    assert 1 == archive.count_listed(MONDAY, TUESDAY) == archive.size()


def test_votes_are_kept_as_they_rise(archive):
    listed(archive, Paper("2611.90001", TITLE, upvotes=3))
    listed(archive, Paper("2611.90001", TITLE, upvotes=9), at=NOW + timedelta(hours=8))
    assert 9 == archive.find(["2611.90001"])["2611.90001"].upvotes


def test_a_reading_is_how_a_paper_stood_at_a_moment(archive):
    at = [NOW + timedelta(days=days) for days in range(5)]
    code = "https://github.com/example/rivers"
    listed(archive, Paper("2611.90001", TITLE, upvotes=3), at=at[1])
    listed(archive, Paper("2611.90001", TITLE, upvotes=3), at=at[2])
    listed(archive, Paper("2611.90001", TITLE, upvotes=9, code=code, version=2), at=at[3])
    read = [archive.readings(["2611.90001", "2611.99999"], moment) for moment in at]
    early, late = {"2611.90001": Reading(3, "")}, {"2611.90001": Reading(9, code, 2)}
    assert [early, early, early, late, late] == read


def test_what_two_sources_say_at_one_moment_is_one_reading(archive):
    listed(archive, Paper("2611.90001", TITLE, upvotes=3))
    listed(archive, Paper("2611.90001", TITLE, version=1), source="arxiv:cs.CL")
    assert {"2611.90001": Reading(3, "", 1)} == archive.readings(["2611.90001"], NOW)


def test_the_history_has_a_row_for_each_change_and_none_for_what_stays(archive):
    at = [NOW + timedelta(hours=hours) for hours in range(10)]
    for moment, upvotes in zip(at, [3, 3, 3, 9, 9, 9, 9, 12, 12, 12], strict=True):
        listed(archive, Paper("2611.90001", TITLE, upvotes=upvotes), at=moment)
    found = archive.history(["2611.90001", "2611.99999"])
    assert {"2611.90001": [(at[0], 3), (at[3], 9), (at[7], 12)]} == {
        id_: [(one.at, one.upvotes) for one in noted] for id_, noted in found.items()
    }


def test_a_paper_that_gets_an_id_keeps_its_history(archive):
    listed(archive, Paper(title_id(TITLE), TITLE, upvotes=3), source="file:x")
    listed(archive, Paper("2611.90001", TITLE, upvotes=9), at=NOW + timedelta(days=1))
    assert [3, 9] == [noted.upvotes for noted in archive.history(["2611.90001"])["2611.90001"]]


def test_the_days_of_a_paper_and_when_a_source_told_of_them(archive):
    paper, later = Paper("2611.90001", TITLE), NOW + timedelta(days=6)
    listed(archive, paper)
    listed(archive, paper, source="arxiv:cs.CL", day=MONDAY)
    listed(archive, paper, source="arxiv:cs.CL")
    assert {"2611.90001": [MONDAY, TUESDAY]} == archive.listing_days(["2611.90001", "2611.99999"])
    for at, state in ((NOW, "ok"), (later, "ok"), (later + timedelta(days=1), "broken")):
        archive.note_collection(TUESDAY, at, [SourceState("a", state)])
    archive.note_collection(MONDAY, NOW, [SourceState("a", "quiet"), SourceState("b", "ok")])
    assert {TUESDAY: later} == archive.answered("a", MONDAY, TUESDAY)


def test_what_comes_from_outside_fits_into_every_database(archive):
    """Numbers of eighteen digits, what is no text, and titles that are longer than an index takes."""
    rare = "".join(chr(0x4E00 + n * 7919 % 20000) for n in range(3000))
    paper = Paper(
        "2611.90001", f"{rare} end", "no\0thing \ud800", upvotes=10**18 - 1, comments=10**17, stars=10**18 - 1
    )
    assert 1 == listed(archive, paper)
    archive.note_collection(TUESDAY, NOW, [SourceState("a\0b", "broken", "what \udcff said\0")])
    assert [("ab", "what ? said")] == [(one.source, one.detail) for one in archive.collected(TUESDAY)]
    assert 10**18 - 1 == archive.find(["2611.90001"])["2611.90001"].upvotes


def test_rows_come_in_the_order_of_code_points(archive):
    listed(archive, *(Paper(f"10.1234/{name}", f"On {name} and nothing else") for name in ("b", "A", "a", "B", "é")))
    ids = [one.paper.rpartition("/")[2] for one in archive.window(TUESDAY, TUESDAY)]
    assert sorted(ids) == ids


def test_what_carries_no_date_is_listed_on_the_day_it_first_came(archive):
    paper = Paper(title_id(TITLE), TITLE)
    assert [1, 0] == [listed(archive, paper, source="file:x", day=day, dated=False) for day in (MONDAY, TUESDAY)]
    assert [MONDAY] == [one.day for one in archive.window(MONDAY, TUESDAY)]


@pytest.mark.parametrize("first_with_id", [True, False])
def test_a_capture_and_its_listed_paper_are_one(archive, first_with_id):
    capture, paper = Paper(title_id(TITLE), TITLE, abstract="Of rivers."), Paper("2611.90001", TITLE)
    for one in (paper, capture) if first_with_id else (capture, paper):
        listed(archive, one, source="file:x" if one is capture else "huggingface")
    found = archive.find([capture.id])[capture.id]
    assert ("2611.90001", "Of rivers.", (capture.id,)) == (found.id, found.abstract, found.also)
    assert {"2611.90001"} == {one.paper for one in archive.window(TUESDAY, TUESDAY)}
    assert 2 == len(archive.window(TUESDAY, TUESDAY))


def test_a_capture_that_becomes_known_within_one_batch_is_one(archive):
    listed(archive, Paper(title_id(TITLE), TITLE), Paper("2611.90001", TITLE), source="file:x")
    assert ["2611.90001"] == [one.paper for one in archive.window(TUESDAY, TUESDAY)]


def test_two_ids_with_one_title_are_two_papers(archive):
    listed(archive, Paper("2611.90001", TITLE), Paper("2611.90002", TITLE))
    assert 2 == archive.size()


def test_an_example_is_kept_without_being_listed(archive):
    archive.keep(Paper("2006.11239", "An Example of Old"), NOW)
    assert "2006.11239" in archive.find(["2006.11239"])
    assert [0, []] == [archive.size(), list(archive.listed_papers(10))]


def test_what_was_not_found_is_remembered(archive):
    archive.note_missing("2611.99999", NOW)
    archive.note_missing("2611.99999", NOW)
    assert {"2611.99999"} == archive.missing()


def test_a_day_is_complete_when_every_source_answered_after_its_end(archive):
    ok, broken = SourceState("a", "ok", papers=3), SourceState("b", "broken", "no route")
    archive.note_collection(TUESDAY, NOW, [ok, broken])
    assert not archive.is_complete(TUESDAY, ["a"])
    archive.note_collection(TUESDAY, NOW + timedelta(days=1), [ok, broken])
    assert archive.is_complete(TUESDAY, ["a"])
    assert not archive.is_complete(TUESDAY, ["a", "b"])
    assert (ok, broken) == archive.collected(TUESDAY)


def test_a_digest_comes_back_as_it_was(archive):
    paper = Paper("2611.90001", TITLE, authors=("Ada Example",), published=MONDAY, stars=0, also=("title:1",))
    candidate = Candidate(paper, TUESDAY, True, 0.75, ("huggingface",))
    gains = (said("code: {place}", place="example.org"), counted("{n} upvote", "{n} upvotes", 9, before=2))
    told = (candidate,), (SourceState("a", "quiet"),), "*note*", 4, (Later(candidate, gains),), True
    digest = sealed(Digest("", TUESDAY, MONDAY, NOW, *told))
    archive.save_digest(digest)
    archive.save_digest(digest)
    assert digest == archive.digest(digest.id)
    assert archive.digest("no such digest") is None


def test_a_damaged_model_is_learned_again(archive, stores):
    archive.save_model("terms", b"learned", 12, NOW)
    assert (b"learned", 12) == archive.model("terms")
    stores.execute("archive", "UPDATE models SET checksum = 'of other bytes'")
    assert archive.model("terms") is None
