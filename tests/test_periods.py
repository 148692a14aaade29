"""When editions are due."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter import periods
from newsletter.models import Cadence, Schedule, Subscriber
from newsletter.periods import due, give_up_at, latest_day, moment, next_moment, period_on


def reader(**changes):
    return Subscriber(**{"key": "ada", "email": "ada@example.org", "timezone": "Europe/Paris"} | changes)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_nobody_is_due_before_their_hour():
    assert due(reader(), at("2026-03-03T06:59:59"), date(2026, 3, 2)) is None


def test_a_reader_is_due_at_their_local_hour():
    found = due(reader(), at("2026-03-03T07:00:00"), date(2026, 3, 2))
    assert ("2026-03-03", date(2026, 3, 3)) == (found.name, found.day)


def test_a_period_is_due_once():
    assert due(reader(), at("2026-03-03T22:00:00"), date(2026, 3, 3)) is None


def test_a_gap_is_one_edition():
    assert due(reader(), at("2026-03-09T12:00:00"), date(2026, 3, 3)).day == date(2026, 3, 9)


def test_the_date_is_the_readers_own():
    assert due(reader(timezone="Pacific/Auckland"), at("2026-03-02T20:00:00"), None).name == "2026-03-03"


def test_weekdays_skip_the_weekend():
    weekdays = reader(cadence=Cadence("weekdays"))
    assert due(weekdays, at("2026-03-07T12:00:00"), date(2026, 3, 6)) is None
    assert due(weekdays, at("2026-03-09T12:00:00"), date(2026, 3, 6)).day == date(2026, 3, 9)


def test_a_weekly_edition_is_named_by_its_iso_week():
    found = due(reader(cadence=Cadence("weekly", 0)), at("2026-03-05T12:00:00"), None)
    assert ("2026-W10", date(2026, 3, 2), date(2026, 2, 24)) == (found.name, found.day, found.since)


def test_a_monthly_edition_covers_a_month():
    found = due(reader(cadence=Cadence("monthly")), at("2026-03-01T12:00:00"), None)
    assert ("2026-03", date(2026, 3, 1), date(2026, 2, 2)) == (found.name, found.day, found.since)


def test_mondays_first_weekday_edition_starts_with_the_weekend():
    assert period_on(Cadence("weekdays"), date(2026, 3, 9)).since == date(2026, 3, 7)


@pytest.mark.parametrize(
    ("day", "send_at", "expected"),
    [
        (date(2026, 3, 29), time(2, 30), "2026-03-29T01:30:00"),  # skipped in spring: an hour later, 03:30
        (date(2026, 10, 25), time(2, 30), "2026-10-25T00:30:00"),  # shown twice in autumn: the first
    ],
)
def test_the_clocks_gaps_and_overlaps_make_exactly_one_moment(day, send_at, expected):
    assert at(expected) == moment(reader(send_at=send_at), day)


def test_where_the_clock_skips_the_end_of_a_day_nobody_is_due_before_their_moment():
    nuuk = reader(timezone="America/Nuuk", send_at=time(23, 45))  # on 28 March 2026 23:00 is made 00:00
    assert at("2026-03-29T01:45:00") == moment(nuuk, date(2026, 3, 28))
    assert due(nuuk, at("2026-03-29T01:44:00"), date(2026, 3, 27)) is None
    assert due(nuuk, at("2026-03-29T01:44:00"), None).day == date(2026, 3, 27)
    assert due(nuuk, at("2026-03-29T01:45:00"), date(2026, 3, 27)).day == date(2026, 3, 28)


def test_where_the_clock_goes_back_over_midnight_no_edition_is_due_a_second_time():
    newfoundland = reader(timezone="America/St_Johns", send_at=time(0))  # in 2010 a minute past midnight was made 23:01
    assert at("2010-11-07T02:30:00") == moment(newfoundland, date(2010, 11, 7))
    assert due(newfoundland, at("2010-11-07T02:30:00"), None).day == date(2010, 11, 7)
    assert due(newfoundland, at("2010-11-07T03:00:00"), None).day == date(2010, 11, 7), "23:30 for the second time"


CADENCES = [Cadence("daily"), Cadence("weekdays"), *(Cadence("weekly", n) for n in range(7)), Cadence("monthly")]


@st.composite
def schedules_and_moments(draw):
    """Any time of day in any zone, at any moment; every other one near a change of that zone's clock."""
    zone = draw(st.sampled_from(sorted(available_timezones() - {"localtime"})))
    schedule = Schedule(zone, time(*divmod(15 * draw(st.integers(0, 95)), 60)), draw(st.sampled_from(CADENCES)))
    noon = datetime(draw(st.integers(1971, 2036)), 1, 1, 12, tzinfo=UTC)
    year = [noon + timedelta(days=n) for n in range(366)]
    offsets = [one.astimezone(ZoneInfo(zone)).utcoffset() for one in year]
    changes = [one for one, before, after in zip(year, offsets, offsets[1:], strict=False) if before != after]
    start = draw(st.sampled_from(changes)) if changes and draw(st.booleans()) else draw(st.sampled_from(year))
    return schedule, start + timedelta(minutes=draw(st.integers(-2880, 2880)))


@given(schedules_and_moments())
@example((Schedule("America/Nuuk", time(23, 45), Cadence()), at("2026-03-29T01:44:00")))
@example((Schedule("America/St_Johns", time(0), Cadence()), at("2010-11-07T03:00:00")))
@example((Schedule("Pacific/Apia", time(8), Cadence("weekdays")), at("2011-12-30T17:59:00")))  # Friday was left out
@example((Schedule("Pacific/Apia", time(8), Cadence()), at("2011-12-30T17:59:00")))
def test_an_edition_is_the_latest_from_its_moment_until_the_next_ones(some):
    schedule, now = some
    day = latest_day(schedule, now)
    following, instant = next_moment(schedule, day), timedelta(microseconds=1)
    assert moment(schedule, day) <= now < following
    assert due(schedule, now, None) == due(schedule, following - instant, None) == period_on(schedule.cadence, day)
    assert day < due(schedule, following, None).day
    assert None is due(schedule, following - instant, day)


def test_a_zone_is_read_once_however_many_there_are(monkeypatch):
    asked, names = [], [f"Etc/GMT+{n}" for n in range(12)]
    monkeypatch.setattr(periods, "ZoneInfo", lambda name: asked.append(name) or ZoneInfo(name))
    periods._zone.cache_clear()
    for name in names * 2:
        moment(reader(timezone=name), date(2026, 3, 3))
    assert names == asked


def test_an_edition_is_retried_until_the_next_one():
    assert give_up_at(reader(), date(2026, 3, 3), at("2026-03-03T07:00:00")) == at("2026-03-04T07:00:00")


def test_an_edition_ordered_for_a_past_day_is_retried_for_a_day():
    now = at("2026-11-21T12:00:00")
    assert give_up_at(reader(), date(2026, 3, 3), now) == now + timedelta(days=1)


def test_a_weekly_edition_is_retried_for_five_days():
    weekly = reader(cadence=Cadence("weekly", 0))
    assert give_up_at(weekly, date(2026, 3, 2), at("2026-03-02T07:00:00")) == at("2026-03-07T07:00:00")
