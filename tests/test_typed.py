"""Typed texts mean a value, or a sentence says why not."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.typed import (
    address,
    choice,
    duration,
    folded,
    integer,
    line,
    listed,
    mailbox,
    nearest,
    positive,
    quoted,
    span,
)


def refusal(read, text: str) -> str:
    with pytest.raises(ValueError) as caught:
        read(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("ada@example.org", "ada@example.org"),
        ("Ada.L+papers@EXAMPLE.org", "Ada.L+papers@example.org"),
        ("  ada@example.org ", "ada@example.org"),
        ("ada@müller.example", "ada@xn--mller-kva.example"),
        ("ada@MÜLLER.example", "ada@xn--mller-kva.example"),
        ("ada@xn--mller-kva.example", "ada@xn--mller-kva.example"),
        ("ada@ｅxample.org", "ada@example.org"),
        ("ada@localhost", "ada@localhost"),
        ("ada@LocalHost", "ada@localhost"),
        ("ada@papers.test", "ada@papers.test"),
    ],
)
def test_an_address_comes_back_with_an_ascii_domain_in_lower_case(typed: str, expected: str):
    assert expected == address(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "ada",
        "ada@",
        "@example.org",
        "ada@example",
        "a..b@example.org",
        "ada@exa_mple.org",
        "ada@[127.0.0.1]",
        "ada@example.org,bob@example.org",
        "x" * 65 + "@example.org",
        "ada@1.2.3.4",
        "ada@foo.onion",
        "",
    ],
)
def test_what_is_not_an_address_is_refused(typed: str):
    assert f"{quoted(typed)} is not an address" in refusal(address, typed)


@pytest.mark.parametrize("odd", ["\r\n", "\n", "\0", "<", ">", " ", "\t", "\u202e", "\x7f"])
def test_an_address_never_carries_what_would_end_a_header(odd: str):
    assert "is not an address alone" in refusal(address, f"ada{odd}@example.org")
    assert "is not an address alone" in refusal(address, f"ada@example.org{odd}x")


def test_a_local_part_beyond_ascii_is_refused_with_the_reason():
    assert "(they lack SMTPUTF8)" in refusal(address, "zoë@example.org")


@given(st.text(max_size=40).map(lambda text: f"{text}@example.org") | st.text(max_size=40))
def test_whatever_is_read_as_an_address_is_fit_for_a_header(text: str):
    try:
        made = address(text)
    except ValueError as error:
        assert str(error).isprintable()
    else:
        assert made.isascii() and made.isprintable() and not set(made) & set("<> ,")


def test_spellings_that_reach_one_mailbox_compare_equal():
    assert folded(address("Ada@Example.ORG")) == folded(address("ada@example.org"))


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("Daily Papers <papers@example.org>", ("Daily Papers", "papers@example.org")),
        ('"Papers, Daily" <papers@example.org>', ("Papers, Daily", "papers@example.org")),
        ("papers@example.org", ("", "papers@example.org")),
        ("<papers@example.org>", ("", "papers@example.org")),
        ("Papers\r\nBcc: all <papers@example.org>", ("Papers Bcc: all", "papers@example.org")),
    ],
)
def test_a_mailbox_is_a_display_name_and_an_address(typed: str, expected: tuple[str, str]):
    assert expected == mailbox(typed)


@pytest.mark.parametrize("typed", ["Papers <papers@example.org", "A <a@example.org> <b@example.org>", "Papers"])
def test_a_mailbox_without_one_clear_address_is_refused(typed: str):
    assert "is not an address" in refusal(mailbox, typed)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("2 days", timedelta(days=2)),
        ("6 hours", timedelta(hours=6)),
        ("6h", timedelta(hours=6)),
        ("90m", timedelta(minutes=90)),
        ("1h30m", timedelta(minutes=90)),
        ("1 day, 12 hours", timedelta(hours=36)),
        ("1 Week", timedelta(weeks=1)),
        ("45 sec", timedelta(seconds=45)),
    ],
)
def test_durations_are_read_as_people_write_them(typed: str, expected: timedelta):
    assert expected == duration(typed)


@pytest.mark.parametrize("typed", ["90", "2 moths", "6 hourse", "-1h", "1.5h", "h", "", "9999999d", "6 hours 6"])
def test_what_is_not_a_duration_is_refused(typed: str):
    assert f"{typed!r} is not a duration; write 2 days, 6 hours or 90m" == refusal(duration, typed)


@pytest.mark.parametrize("typed", ["0h", "400 days"])
def test_a_duration_has_bounds(typed: str):
    assert "is out of range" in refusal(duration, typed)


def test_a_choice_is_read_in_any_case_and_a_slip_gets_the_nearest():
    read = choice("loose", "normal", "strict")
    assert "strict" == read("STRICT")
    assert "'striict' is not loose, normal or strict; did you mean strict?" == refusal(read, "striict")
    assert "'7' is not loose, normal or strict" == refusal(read, "7")


@pytest.mark.parametrize("typed", ["0", "501", "12.0", "twelve", "", "٣", "1_0", "9" * 5000, "1e2"])
def test_an_integer_is_whole_and_in_range(typed: str):
    assert refusal(integer(1, 500), typed).endswith("; write 1 to 500")


def test_an_integer_may_have_leading_zeros():
    assert 10 == integer(1, 500)("010")


@pytest.mark.parametrize(("typed", "expected"), [("1.5", 1.5), ("2", 2.0), (".5", 0.5)])
def test_a_positive_number_is_read(typed: str, expected: float):
    assert expected == positive(typed)


@pytest.mark.parametrize("typed", ["0", "-1", "inf", "nan", "1e5", "1_0", "x", "1001", "9" * 5000])
def test_a_number_that_is_not_positive_and_finite_is_refused(typed: str):
    assert "is not a number above 0" in refusal(positive, typed)


def test_a_decimal_comma_is_understood():
    assert "'1,5' has a decimal comma; did you mean 1.5?" == refusal(positive, "1,5")


def test_a_line_has_single_spaces_and_no_line_ends():
    assert "Ada Lovelace Countess" == line(50)("  Ada\r\nLovelace\t \u2028 Countess\n")


@pytest.mark.parametrize("odd", ["\0", "\x1b", "\u202e", "\u2066", "\x7f", "\ufeff"])
def test_a_line_with_an_invisible_character_is_refused(odd: str):
    assert f"holds an invisible character (U+{ord(odd):04X})" in refusal(line(50), f"Ada{odd}Lovelace")


@pytest.mark.parametrize("name", ["می‌خواهم", "👩‍🔬", "Þóra", "李"])
def test_names_of_all_scripts_are_kept(name: str):
    assert name == line(50)(name)


@pytest.mark.parametrize("length", [51, 1_000_000])
def test_a_line_has_a_longest_length(length: int):
    assert f"{length:,} characters are too long; write 50 at most" == refusal(line(50), "x" * length)


def test_a_quoted_text_is_short_and_on_one_line():
    assert r"'a\r\nb\x1b'" == quoted("a\r\nb\x1b")
    assert 62 == len(quoted("x" * 5000))


def test_words_are_listed_as_people_say_them():
    assert ["a", "a or b", "a, b or c"] == [listed("a"), listed("ab"), listed("abc")]


def test_nothing_is_suggested_where_nothing_is_near():
    assert ("; did you mean interests?", "") == (nearest("intrests", ["interests"]), nearest("zzz", ["interests"]))


@pytest.mark.parametrize(
    ("typed", "days"),
    [("2 years", 730), ("1 year", 365), ("18 Months", 540), ("90days", 90), (" 9 weeks ", 63), ("Everything", None)],
)
def test_how_long_something_is_kept_is_read_as_people_write_it(typed: str, days: int | None):
    assert (None if days is None else timedelta(days=days)) == span(timedelta(days=60))(typed)


@pytest.mark.parametrize("typed", ["2", "years", "2 hours", "1.5 years", "-2 years", "² years", ""])
def test_what_is_no_length_of_time_is_refused(typed: str):
    assert "is no length of time; write 2 years, 18 months" in refusal(span(timedelta(days=60)), typed)


@pytest.mark.parametrize("typed", ["59 days", "0 years", "101 years"])
def test_a_length_of_time_has_bounds(typed: str):
    assert "is out of range; write 60 days to 100 years" in refusal(span(timedelta(days=60)), typed)
