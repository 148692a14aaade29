"""What mailbox providers take, and how a new sender begins: the data that is shipped, and what follows from it."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.buckets import Limit, Rate
from newsletter.errors import SettingsError
from newsletter.limits.families import families
from newsletter.limits.plans import Plan, chosen, plan, room, today
from newsletter.limits.shipped import plan_named, published
from newsletter.pace import Pace

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
STANDARD = plan_named("standard", None)


def test_the_data_that_is_shipped_says_where_each_number_is_from_and_when_it_was_read():
    for family in published().named.values():
        assert family.source.startswith("https://"), family.name
        assert date(2026, 1, 1) < family.read < date(2027, 1, 1), family.name
    domains = [domain for family in published().named.values() for domain in family.domains]
    assert sorted(set(domains)) == sorted(domains), "a domain is in one family"


@pytest.mark.parametrize(
    ("address", "family"),
    [
        ("Ada@Googlemail.com", "gmail"),
        ("bo@hotmail.co.uk", "outlook"),
        ("cy@aol.com", "yahoo"),
        ("me.com", "icloud"),
        ("di@web.de", "gmx"),
        ("eve@example.org", "others"),
        ("", "others"),
    ],
)
def test_a_family_is_known_by_its_domains(address, family):
    assert family == published().name_of(address)


def test_domains_of_one_family_share_its_limit_and_others_have_one_each():
    found = [published().limit_of(domain) for domain in ("gmail.com", "googlemail.com", "a.example", "b.example")]
    assert [Limit("gmail", 5, None)] * 2 == found[:2]
    assert [Limit("a.example", 10, Rate(100, 1)), Limit("b.example", 10, Rate(100, 1))] == found[2:]


def test_no_more_messages_are_on_the_way_to_a_family_than_it_takes():
    pace = Pace(limit_of=published().limit_of)
    mixed = ["gmail.com", "googlemail.com"] * 4 + ["a.example"] * 2
    assert [0, 1, 2, 3, 4, 8, 9] == pace.choose(mixed, 50, 0.0)
    assert [0, 1, 2] == pace.choose(mixed[5:8], 50, 0.0), "the next round is another"


def test_a_domain_in_no_family_is_written_to_no_faster_than_the_others():
    pace, number, now = Pace(limit_of=published().limit_of), 0, 0.0
    while now < 3:
        number += len(pace.choose(["a.example"] * 50, 50, now))
        now += 0.01
    assert 300 <= number <= 400


def test_the_standard_plan_never_more_than_doubles_and_begins_as_published():
    assert (50, 100, 200, 400) == STANDARD.days[:4]
    assert all(before < after <= 2 * before for before, after in zip(STANDARD.days, STANDARD.days[1:], strict=False))
    assert 30 == len(STANDARD.days)


@pytest.mark.parametrize(
    ("first", "now", "day", "most"),
    [
        (None, NOON, 1, 50),
        (NOON, NOON, 1, 50),
        (datetime(2026, 3, 2, 23, 59, tzinfo=UTC), datetime(2026, 3, 3, 0, 1, tzinfo=UTC), 2, 100),
        (datetime(2026, 2, 2, 8, tzinfo=UTC), NOON, 30, 175_000),
        (datetime(2026, 2, 1, 8, tzinfo=UTC), NOON, 31, None),
        (datetime(2026, 4, 1, 8, tzinfo=UTC), NOON, 1, 50),  # a clock was put back
    ],
)
def test_a_day_of_the_plan_begins_at_midnight_in_utc(first, now, day, most):
    found = today(STANDARD, first, now)
    assert (day, most, datetime(2026, 3, 4, tzinfo=UTC)) == (found.day, found.most, found.until)


def test_a_family_has_its_own_limit_for_as_long_as_its_list():
    own = plan("days: [50, 100, 200]\ngmail: [20, 40]\n", "p.yaml", ["gmail"])
    assert [{"gmail": 20}, {"gmail": 40}, {}] == [
        today(own, NOON, datetime(2026, 3, day, 12, tzinfo=UTC)).families for day in (3, 4, 5)
    ]


def test_there_is_room_for_what_is_left_of_the_day_and_of_each_family():
    one = today(plan("days: [50]\ngmail: [20]\n", "p.yaml", ["gmail"]), None, NOON)
    assert (25, {"gmail": 5}) == room(one, {"gmail": 15, "others": 10})
    assert (-10, {"gmail": -40}) == room(one, {"gmail": 60})


@given(st.lists(st.sampled_from(["gmail", "yahoo", "others"])), st.integers(-3, 30), st.integers(-3, 10))
def test_who_goes_is_the_first_for_whom_there_is_room_and_never_more(waiting, left, gmail):
    found = chosen(enumerate(waiting), left, {"gmail": gmail})
    assert sorted(found) == found
    assert len(found) <= max(left, 0)
    of_gmail = [one for one in found if waiting[one] == "gmail"]
    assert len(of_gmail) <= max(gmail, 0)
    passed_over = [one for one in range(len(waiting)) if one not in found and found and one < found[-1]]
    assert {"gmail"} >= {waiting[one] for one in passed_over}, "only who has no room of their own is passed over"
    if len(found) < min(left, len(waiting)):
        assert all(waiting[one] == "gmail" for one in range(len(waiting)) if one not in found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "p.yaml:1:1: expected `key: value` lines"),
        ("gmail: [1]", "p.yaml:1:1: it has no `days`"),
        ("days: 50", "p.yaml:1:7: days: expected a list of 1 to 366 numbers"),
        ("days: [50, many]", "p.yaml:1:12: days: 'many' is not a whole number"),
        ("days: [0]", "p.yaml:1:8: days: 0 is out of range"),
        ("days: [1]\ngoogle: [1]", "p.yaml:2:1: 'google' is not days or gmail"),
        ("days: [1", "p.yaml:1:7: a list opened with '['"),
    ],
)
def test_a_fault_in_a_plan_is_named_with_its_place(text, said):
    with pytest.raises(SettingsError) as error:
        plan(text, "p.yaml", ["gmail"])
    assert said in str(error.value)


def test_a_fault_in_the_table_of_families_is_named_with_its_place():
    text = "gmail:\n  domains: [gmail.com]\n  at_once: 0\n  rate: fast\n  read: today\n  colour: red\nyahoo: 5\n"
    with pytest.raises(SettingsError) as error:
        families(text, "d.yaml")
    said = str(error.value)
    for what in ("d.yaml:3:12: at_once", "d.yaml:4:9: rate", "d.yaml:5:9: read", "'colour' is not known"):
        assert what in said
    for what in ("yahoo: expected", "there is no `others`", "there is no `source`", "there is no `per_connection`"):
        assert what in said


def test_a_plan_of_ones_own_is_a_file_of_the_home(tmp_path):
    (tmp_path / "mine.yaml").write_text("days: [10, 20]\n")
    assert Plan(str(tmp_path / "mine.yaml"), (10, 20)) == plan_named("mine.yaml", tmp_path)
    with pytest.raises(SettingsError, match=r"not\.yaml: No such file or directory; write off, standard"):
        plan_named("not.yaml", tmp_path)
