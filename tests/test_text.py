"""Text from outside made fit to keep, to show and to shorten."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.text import clean, excerpt, line, sentences, shorten_authors, urls


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\x00b\x07c\x7f", "abc"),
        ("a\x0bb\x1cc\x85d\u2028e", "a b c d e"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("\ufeffa\u202eb\u2066c\u200bd", "abcd"),
        ("\ud800lone", "lone"),
        ("e\u0301", "é"),
        ("机器 🤗 ‍", "机器 🤗"),
        ("  x  ", "x"),
    ],
)
def test_what_no_mail_may_carry_is_taken_out(text, expected):
    assert expected == clean(text).rstrip("‍ ")


@given(st.text(st.characters(codec=None)))
def test_a_line_is_one_line_and_can_be_encoded(text):
    one = line(text, 80)
    assert len(one) <= 80
    assert len(one.splitlines()) <= 1
    assert one.encode("utf-8") is not None


def test_a_long_line_ends_in_an_ellipsis():
    assert "abcd…" == line("abcdefgh", 5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ("One.", "Two!", "Three?")),
        ("Boats, e.g. Dinghies, sail. They do.", ("Boats, e.g. Dinghies, sail.", "They do.")),
        ("As Brook et al. Showed, v1.5 works. Yes.", ("As Brook et al. Showed, v1.5 works.", "Yes.")),
        ("J. R. Example wrote it. See Fig. 3 for more.", ("J. R. Example wrote it.", "See Fig. 3 for more.")),
        ("See https://example.org/a.b. The end.", ("See https://example.org/a.b.", "The end.")),
        ("", ()),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text, expected):
    assert expected == sentences(text)


def test_an_excerpt_is_whole_sentences():
    assert "One is short." == excerpt("One is short. Two is a little longer.", 30)


def test_an_excerpt_of_one_long_sentence_is_cut_at_a_word():
    assert "It goes on and…" == excerpt("It goes on and on without an end in sight", 16)


@given(st.text(max_size=200), st.integers(20, 100))
def test_an_excerpt_is_never_longer(text, limit):
    assert len(excerpt(text, limit)) <= limit + 1


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0, ""), (1, "A0"), (4, "A0, A1, A2, A3"), (5, "A0, A1, A2 and 2 more"), (64, "A0, A1, A2 and 61 more")],
)
def test_authors_are_shortened_with_their_count(number, expected):
    assert expected == shorten_authors([f"A{n}" for n in range(number)])


def test_addresses_end_before_the_sentence_does():
    text = "At https://a.example/x. Also (https://b.example/y_(z)), and https://c.example/{text}!"
    assert ("https://a.example/x", "https://b.example/y_(z)", "https://c.example/") == urls(text)
