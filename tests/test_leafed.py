"""Leafing through the archive, on both databases."""

from datetime import UTC, date, datetime, timedelta

import pytest

from newsletter.archive import Archive
from newsletter.models import Listing
from tests.factories import numbered

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
NOW = datetime(2026, 3, 3, 7, tzinfo=UTC)


@pytest.fixture
def archive(stores):
    archive = Archive(stores.url("archive"))
    for number, (day, votes) in enumerate([(MONDAY, 5), (MONDAY, 90), (TUESDAY, 7), (TUESDAY, 7)]):
        archive.add("huggingface", [Listing(numbered(number, upvotes=votes), day)], day, NOW + timedelta(hours=number))
    yield archive
    archive.close()


def test_papers_come_by_the_upvotes_they_have_now_and_each_once(archive):
    archive.add("arxiv:cs.CL", [Listing(numbered(0, upvotes=99), TUESDAY)], TUESDAY, NOW + timedelta(hours=9))
    assert ["2603.00001", "2603.00002", "2603.00004", "2603.00003"] == archive.best(MONDAY, TUESDAY, 10)
    assert ["2603.00002", "2603.00004"] == archive.best(MONDAY, TUESDAY, 2, 1)
    assert ["2603.00001", "2603.00002"] == archive.best(MONDAY, MONDAY, 10)
    assert [] == archive.best(date(2026, 3, 4), date(2026, 3, 9), 10)


def test_the_days_around_a_day_are_those_with_listings(archive):
    assert (MONDAY, TUESDAY) == (archive.day_until(MONDAY), archive.day_until(date(2030, 1, 1)))
    assert (MONDAY, TUESDAY) == (archive.day_from(date(1999, 1, 1)), archive.day_from(TUESDAY))
    assert (None, None) == (archive.day_until(date(2026, 3, 1)), archive.day_from(date(2026, 3, 4)))


def test_months_are_counted_newest_first(archive):
    archive.add("huggingface", [Listing(numbered(9), date(2026, 1, 31))], date(2026, 1, 31), NOW)
    assert [(date(2026, 3, 1), 4), (date(2026, 1, 1), 1)] == archive.months()


def test_when_a_paper_was_first_seen_since_a_day(archive):
    archive.add("arxiv:cs.CL", [Listing(numbered(0), TUESDAY)], TUESDAY, NOW + timedelta(hours=9))
    ids = ["2603.00001", "2603.00003", "2603.77777"]
    assert {"2603.00001": NOW, "2603.00003": NOW + timedelta(hours=2)} == archive.first_seen(ids, MONDAY)
    assert {"2603.00001": NOW + timedelta(hours=9)} == archive.first_seen(ids[:1], TUESDAY)
