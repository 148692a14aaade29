"""A scheduler lives through simulated weeks, is killed and away: each reader gets exactly what the calendar says.

The long forms: scripts/year, and scripts/year --end-to-end.
"""

import random
from datetime import UTC, date, datetime, time, timedelta

import pytest

from tests.simulation.almanac import Appointment, Reader, appointments, minutes, wall_times
from tests.simulation.oracle import Row, Taken, Tick, differences, misdelivered
from tests.simulation.weeks import CHANGES, invented, lived
from tests.simulation.year import Plan, simulated

PLAN = Plan(readers=150, kinds=20, first=date(2026, 3, 6), days=27, seed=1, kills=6, downtimes=4, beside=0.1)


def test_each_gets_exactly_the_editions_that_the_calendar_says_whatever_is_killed_and_away(tmp_path):
    told = simulated(PLAN, tmp_path)
    assert [] == told.wrong
    assert told.lives > 5, "it was killed"
    assert told.states["submitted"] > 2500


def test_a_week_in_which_clocks_are_changed_end_to_end(tmp_path):
    change = next(one for one in CHANGES if one.name == "EU, spring")
    some = {
        ("Europe/Paris", time(2, 30)),
        ("Atlantic/Azores", time(0)),
        ("America/Phoenix", time(8)),
        ("UTC", time(2, 30)),
    }
    readers = [one for one in invented(change, 300, random.Random(1)) if (one.zone, one.send_at) in some][:20]
    assert 4 == len({one.zone for one in readers})
    told = lived(change, readers, tmp_path)
    assert () == told.wrong
    assert told.states["submitted"] > 60


# -- the calendar of these tests


@pytest.mark.parametrize(
    ("zone", "day", "at", "expected"),
    [
        ("Europe/Paris", date(2026, 3, 29), time(2, 30), "2026-03-29T01:30"),  # skipped: half past three
        ("Europe/Paris", date(2026, 10, 25), time(2, 30), "2026-10-25T00:30"),  # shown twice: the first
        ("Australia/Lord_Howe", date(2026, 10, 4), time(2, 15), "2026-10-03T15:45"),  # skipped: a quarter to three
        ("America/Nuuk", date(2026, 3, 28), time(23, 45), "2026-03-29T01:45"),  # skipped: on the next day
        ("Africa/Cairo", date(2026, 4, 24), time(0, 0), "2026-04-23T22:00"),  # skipped: one o'clock
        ("America/Santiago", date(2026, 4, 4), time(23, 45), "2026-04-05T02:45"),  # shown twice: the first
        ("Asia/Kathmandu", date(2026, 7, 1), time(8, 0), "2026-07-01T02:15"),
    ],
)
def test_the_calendar_reads_the_clocks(zone, day, at, expected):
    found = wall_times(zone, [at], day - timedelta(days=2), day + timedelta(days=3))[at][day]
    assert minutes(datetime.fromisoformat(expected).replace(tzinfo=UTC)) == found


# -- the oracle can say no

ADA = Reader("ada@example.org", "UTC", time(8), "daily")
SAID = appointments([ADA], date(2026, 3, 2), 7)[ADA]
MONDAY = next(one for one in SAID if one.day == date(2026, 3, 2))


def row(one: Appointment, state: str = "submitted", late: int = 0, reason: str = "") -> Row:
    return Row(one.period, one.day, state, reason, one.at + late)


def day(number: int) -> Appointment:
    return SAID[SAID.index(MONDAY) + number]


def wrong(ticks, *rows):
    return list(differences(ADA, SAID, ticks, set(rows)))


def whole(*moments: int) -> list[Tick]:
    return [Tick(at, True) for at in moments]


def test_each_edition_at_its_moment_is_right():
    assert [] == wrong(whole(day(0).at, day(1).at), row(day(0)), row(day(1)))


@pytest.mark.parametrize("late", [-1, 1])
def test_an_edition_at_another_moment_is_wrong(late):
    assert wrong(whole(day(0).at - 1, day(0).at, day(0).at + 1), row(day(-1), late=1439), row(day(0), late=late))


def test_an_edition_that_is_missing_or_never_meant_is_wrong():
    assert wrong(whole(day(0).at, day(1).at), row(day(0)))
    assert wrong(whole(day(0).at, day(1).at), row(day(0)), row(day(1)), row(day(2)))


def test_a_gap_is_one_edition_and_what_is_too_old_is_skipped():
    weekly = Reader("ada@example.org", "UTC", time(8), "weekly monday")
    said = appointments([weekly], date(2026, 3, 2), 7)[weekly]
    late = next(one for one in said if one.day == date(2026, 3, 2))
    three_days = whole(day(0).at, day(3).at + 60)
    assert [] == wrong(three_days, row(day(0)), row(day(3), late=60))
    skipped = row(late, "skipped", 3 * 1440, "too old: was due on 2026-03-02")
    assert [] == list(differences(weekly, said, whole(late.at + 3 * 1440), {skipped}))


def test_of_a_minute_in_which_it_was_killed_everything_is_possible_and_of_no_other():
    killed = [Tick(day(0).at, False), Tick(day(1).at + 60, True)]
    tuesday = row(day(1), late=60)
    assert [] == wrong(killed, row(day(0)), tuesday), "sent and recorded"
    assert [] == wrong(killed, tuesday), "not planned: a gap"
    assert [] == wrong(killed, row(day(0), "failed", 1500), tuesday), "planned, and superseded when it was back"
    assert [] == wrong(killed, row(day(0), "uncertain", 1500), tuesday), "handed over, and superseded"
    assert wrong(killed, row(day(0), "submitted", 1500), tuesday), "superseded, and sent all the same"
    assert wrong(whole(day(0).at, day(1).at + 60), tuesday)


def test_who_waits_when_the_simulation_is_cut_off_is_no_difference_and_at_its_end_one():
    pending = row(day(1), "pending")
    assert [] == wrong([Tick(day(0).at, True), Tick(day(1).at, False)], row(day(0)), pending)
    assert wrong(whole(day(0).at, day(1).at), row(day(0)), pending)
    assert wrong([Tick(day(0).at, True), Tick(day(1).at, False)], row(day(0)), row(day(2), "pending"))


def taken(one: Appointment, message_id: str = "<a>", life: int = 1, number: int = 1, late: int = 0) -> Taken:
    return Taken(ADA.email, one.period, message_id, one.at + late, life, number)


def delivered(state: str, *log: Taken, killed: tuple[int, ...] = (), late: int = 0) -> tuple[list[str], int]:
    rows = {(ADA.email, day(0).period): (row(day(0), state, late), "<a>")}
    return misdelivered(rows, log, killed)


def test_a_second_copy_is_allowed_of_what_was_in_flight_at_a_kill():
    twice = taken(day(0)), taken(day(0), life=2, late=5)
    assert ([], 1) == delivered("submitted", *twice, killed=(1,), late=5)
    assert delivered("submitted", *twice, late=5)[0], "nobody was killed"
    assert delivered("submitted", taken(day(0)), taken(day(1), number=2), *twice[1:], killed=(1,), late=5)[0]
    assert delivered("submitted", twice[0], taken(day(0), "<b>", 2, 1, 5), killed=(1,), late=5)[0], "another name"


@pytest.mark.parametrize("state", ["failed", "skipped", "uncertain"])
def test_what_was_taken_is_denied_by_no_state(state):
    assert delivered(state, taken(day(0)))[0]
    assert ([], 0) == delivered(state)


def test_what_was_never_taken_or_is_not_in_the_ledger_is_wrong():
    assert delivered("submitted")[0]
    assert delivered("submitted", taken(day(0)), taken(day(1)))[0]
