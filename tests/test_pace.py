"""How fast, when again, and when to stop."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.models import Receipt, Refused, TryLater
from newsletter.pace import IN_A_ROW, PAUSES, SPACING, Pace, Rate, Refusals, parse_rate, retry_at

NOW = datetime(2026, 3, 3, 8, tzinfo=UTC)
OK, BAD = Receipt("ok"), Refused("550 5.1.1 unknown", bad_address=True)
POLICY, SLOW = TryLater("550 5.7.1 no", why="policy"), TryLater("421 4.7.28", timedelta(minutes=10), "slow")


def test_attempts_are_spaced_wider_and_wider_until_the_next_edition_is_due():
    at, moments = NOW, []
    attempts = 1
    while (following := retry_at(attempts, None, at, NOW + timedelta(days=1))) is not None:
        moments.append(following)
        at, attempts = following, attempts + 1
    waits = [later - earlier for earlier, later in zip([NOW, *moments], moments, strict=False)]
    assert sorted(waits) == waits
    assert tuple(waits[: len(SPACING)]) == SPACING
    assert 8 < attempts < 15


@pytest.mark.parametrize(
    ("attempts", "asked", "minutes"), [(1, 7, 7), (3, 7, 15), (1, 0, 0), (9, 0, 0), (0, 10, 10), (99, None, 240)]
)
def test_a_wait_that_is_asked_for_is_kept_and_shortens_nothing(attempts, asked, minutes):
    wait = None if asked is None else timedelta(minutes=asked)
    assert NOW + timedelta(minutes=minutes) == retry_at(attempts, wait, NOW, NOW + timedelta(days=1))


@pytest.mark.parametrize(
    ("text", "rate"),
    [("14/s", Rate(14, 1)), ("600/min", Rate(600, 60)), ("5000/h", Rate(5000, 3600)), ("0/s", None), ("", None)]
    + [(text, None) for text in ("5", "5/d", "-1/s", "1.5/s", "99999999/s", "5/s ")],
)
def test_a_rate_is_written_as_a_number_in_a_time(text, rate):
    assert rate == parse_rate(text)


def sent(pace, domains, seconds, most=4):
    """How many are chosen when asked as often as the pace allows, on a clock of our own."""
    now, number = 0.0, 0
    while now < seconds:
        chosen = pace.choose(domains, most, now)
        number += len(chosen)
        now += pace.wait(domains, now) if not chosen else 0.001
    return number


@given(st.integers(1, 50), st.sampled_from([1, 60]))
def test_a_rate_is_reached_and_never_passed(count, seconds):
    rate = Rate(count, seconds)
    number = sent(Pace(rate), ["a"] * 10, seconds * 3)
    assert count * 3 - 1 <= number <= count * 3 + max(1, rate.a_second)


def test_a_slow_domain_does_not_hold_up_the_others():
    pace = Pace(domain_rate=Rate(1, 60))
    domains = ["a", "a", "b", "a", "c"]
    assert [0, 2, 4] == pace.choose(domains, 4, 0.0)
    assert [] == pace.choose(["a", "b"], 4, 1.0)
    assert 59 == pytest.approx(pace.wait(["a", "b"], 1.0))
    assert 0 == pace.wait(["a", "d"], 1.0)


def test_a_clock_that_stands_or_goes_back_gives_no_tokens():
    pace = Pace(Rate(1, 1))
    assert [[0], [], []] == [pace.choose(["a"], 4, now) for now in (100.0, 100.0, 50.0)]


def test_without_a_rate_everybody_goes():
    assert [0, 1, 2] == Pace().choose(["a"] * 5, 3, 0.0)


def test_who_asks_to_slow_down_is_left_alone_for_longer_each_time():
    pace = Pace()
    assert None is pace.heed([OK, BAD], 0.0)
    assert timedelta(minutes=10) == pace.heed([OK, SLOW, SLOW], 0.0)
    assert ([], 600.0, []) == (pace.choose(["a"], 1, 0.0), pace.wait(["a"], 0.0), pace.choose(["a"], 1, 599.0))
    assert [0] == pace.choose(["a"], 1, 600.0)
    assert timedelta(minutes=20) == pace.heed([SLOW], 600.0)
    pace.heed([OK], 2000.0)
    assert timedelta(minutes=10) == pace.heed([SLOW], 2000.0)


def test_pauses_that_do_not_help_are_hopeless():
    pace = Pace()
    for number in range(PAUSES):
        assert (number < PAUSES, False) == (True, pace.hopeless)
        pace.heed([SLOW], number)
    assert pace.hopeless


def seen(*outcomes):
    refusals = Refusals()
    refusals.note(outcomes)
    return refusals.unusual()


def test_one_strict_server_among_hundreds_is_nothing_unusual():
    assert "" == seen(*[OK] * 300, POLICY, *[OK] * 300)
    assert "" == seen(*([OK] * 60 + [POLICY]) * 20)


def test_a_few_old_addresses_are_nothing_unusual():
    assert "" == seen(*[BAD] * 19)
    assert "" == seen(*([OK] * 9 + [BAD]) * 50)


@pytest.mark.parametrize("before", [0, 4, 3000])
def test_a_refusal_of_everybody_is_seen_after_a_few(before):
    refusals = Refusals()
    refusals.note([OK] * before)
    refused = 0
    while not refusals.unusual():
        refusals.note([POLICY])
        refused += 1
    assert IN_A_ROW == refused
    assert "5 were refusals for policy" in refusals.unusual()


def test_a_share_of_policy_refusals_is_seen():
    assert "of the last 100 answers 13 were refusals for policy" in seen(*([OK] * 7 + [POLICY]) * 50)


def test_a_server_that_knows_nobody_is_seen():
    assert "20 were refusals, which is more than any list" in seen(*[BAD] * 20)


def test_what_is_refused_for_the_moment_counts_for_nothing():
    assert "" == seen(*[TryLater("451 greylisted")] * 500)
