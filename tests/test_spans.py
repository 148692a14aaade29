"""Days, weeks and months as addresses name them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.web.papers.spans import KINDS, around, span


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("2026-03-03", date(2026, 3, 3), date(2026, 3, 3)),
        ("2026-W10", date(2026, 3, 2), date(2026, 3, 8)),
        ("2026-W01", date(2025, 12, 29), date(2026, 1, 4)),
        ("2020-W53", date(2020, 12, 28), date(2021, 1, 3)),
        ("2026-02", date(2026, 2, 1), date(2026, 2, 28)),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31)),
    ],
)
def test_a_name_has_its_days(name, first, last):
    found = span(name)
    assert (first, last, name) == (found.first, found.last, found.name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "2026",
        "2026-13",
        "2026-02-30",
        "2026-W54",
        "2026-W00",
        "2025-W53",
        "0001-01-01",
        "9999-12-31",
        "２０２６-03",
    ],
)
def test_what_names_no_days_is_none(name):
    assert None is span(name)


@given(st.dates(date(1900, 1, 8), date(2199, 12, 20)), st.sampled_from(KINDS))
def test_every_day_is_in_the_span_around_it_and_the_name_leads_back(day, kind):
    found = around(kind, day)
    assert found.first <= day <= found.last
    assert found == span(found.name)


@given(st.text())
def test_any_text_is_a_span_or_none(text):
    found = span(text)
    assert found is None or text == found.name
