"""How fast, when again, and when to stop."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.buckets import Draw, Grant, Rate, parse_rate
from newsletter.models import Receipt, Refused, TryLater
from newsletter.pace import AT_ONCE, IN_A_ROW, PAUSES, SPACING, Pace, Refusals, retry_at

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


# -- shared by processes


class Row:
    """A bucket that all share, on the same clock as they."""

    def __init__(self):
        self.tokens, self.at = None, 0.0

    def draw(self, draw, now):
        size = max(1.0, draw.rate.a_second)
        self.tokens = size if self.tokens is None else min(size, self.tokens + (now - self.at) * draw.rate.a_second)
        self.at = now
        number = min(int(self.tokens + 1e-6), draw.number)
        self.tokens -= number
        return Grant(number, self.tokens)


@given(st.integers(1, 50), st.integers(1, 5), st.integers(1, 12))
def test_a_rate_is_kept_by_all_who_share_it_and_reached(count, workers, most):
    rate, rows, number = Rate(count, 1), {}, 0
    paces = [Pace(rate) for _ in range(workers)]
    for pace in paces:
        pace.share("smtp")
    for step in range(500):
        now = step / 100
        for pace in paces:
            wanted = pace.wanted(["a"] * 50, most, now)
            pace.granted({one.name: rows.setdefault(one.name, Row()).draw(one, now) for one in wanted}, now)
            number += len(pace.choose(["a"] * 50, most, now))
    held = workers * max(most, rate.a_second / AT_ONCE)
    assert 5 * count - held - 1 <= number <= 6 * count


def test_some_tokens_are_drawn_at_once():
    pace = Pace(Rate(100, 1))
    pace.share("smtp")
    assert [Draw("smtp", Rate(100, 1), 25)] == pace.wanted(["a"] * 50, 4, 0.0)
    pace.granted({"smtp": Grant(25, 75.0)}, 0.0)
    assert [] == pace.wanted(["a"] * 4, 4, 0.0)
    assert [0, 1, 2, 3] == pace.choose(["a"] * 50, 4, 0.0)


def test_a_domain_that_is_dry_is_passed_over_until_there_may_be_more():
    pace = Pace(domain_rate=Rate(1, 1))
    pace.share("smtp")
    assert ["smtp/a", "smtp/b"] == [one.name for one in pace.wanted(["a", "b"], 2, 0.0)]
    pace.granted({"smtp/a": Grant(0, 0.5), "smtp/b": Grant(1, 0.0)}, 0.0)
    assert [1] == pace.choose(["a", "b"], 2, 0.0)
    assert [] == pace.wanted(["a"], 2, 0.4)
    assert 0.5 == pace.wait(["a"], 0.0)
    assert ["smtp/a"] == [one.name for one in pace.wanted(["a"], 2, 0.6)]


def test_nothing_is_drawn_where_nothing_is_shared_or_asked_to_be_kept():
    assert [] == Pace(Rate(1, 1)).wanted(["a"], 4, 0.0)
    unlimited = Pace()
    unlimited.share("smtp")
    assert ([], [0]) == (unlimited.wanted(["a"], 4, 0.0), unlimited.choose(["a"], 4, 0.0))
