"""Text from outside: what is kept, what is shown, how it is shortened."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter import text
from newsletter.tex import plain

PIECES = r"""
    \ { } {} $ $$ ^ _ ^{ _{ * ** ` `` ' '' " -- --- ~ < > | = + . , ! ( ) [ ] [a]( / @ # % & 0 1 10 0.5 a x R
    times sim approx pm leq infty cdot in to gg alpha pi Phi rho partial hat sqrt left( right) langle mathcal text
    \textbf{ \emph{ \frac{ \sqrt{ \hat{ \alpha \times \sim \url{ \eg \ours \cite{x} \' \" \c \i \{ \} \$ \% \(
    https://a.example/b https://a.example/c_d{ www.a.b a.example/b_c <think> {{7*7}} gpt_4 CO_2 e.g. word Word
    $\mu$m x2013 ''a" <a href="https://a.example">b</a> \not \binom{ \tilde{ \in \color{aB}
    sun2023rye ~sec:a eta/ /lambda
    π ² × – “ 🤗 ∈ → ⟨ =
""".split()
"""What is likely to be misread together."""
TEX = st.sampled_from(
    [*PIECES, " ", "  ", "\n", "\x00", "\u200b", "\u202e", "\ufdd0", "\ufdd00\ufdd1", "e\u0301", "\ud800"]
)
ANY_TEXT = st.one_of(
    st.text(st.characters(codec=None), max_size=60),
    st.lists(TEX, max_size=16).map("".join),
    st.lists(TEX, max_size=10).map(" ".join),
)
WORDS_AND_ADDRESSES = (
    "https://a.example/x_1~y/5times--z?q=sim10&r=x^2#alpha_1",
    "http://www.b.example/p_1.",
    "github.com/oven_lab/rye_1",
    "bit.ly/3aB_c",
    "(see",
    "https://c.example/w_(rye)",
    "bread",
    "and",
)


# -- what is kept


@given(ANY_TEXT)
@example("a" + "\u0344" * 40)
def test_cleaning_twice_is_cleaning_once(written: str) -> None:
    assert text.clean(written) == text.clean(text.clean(written))


@given(ANY_TEXT)
def test_what_is_kept_has_no_control_character_surrogate_or_direction_override(written: str) -> None:
    kept = text.clean(written)
    assert [] == [c for c in kept if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t"]
    assert set() == set(kept) & set("\u200b\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert unicodedata.is_normalized("NFC", kept)
    kept.encode()


def test_control_characters_go_and_line_breaks_of_every_kind_become_white_space() -> None:
    assert "ab c d e\nf\tg" == text.clean(" a\x00b\x0bc\u2028d\x85e\r\nf\tg\x7f\x9f ")


def test_letters_and_emoji_keep_the_joiners_they_need() -> None:
    written = "👩\u200d🔬 and می\u200cخواهم and \u200fعبرית"
    assert written == text.clean(written)


def test_accents_are_composed() -> None:
    assert "café" == text.clean("cafe\u0301")


def test_a_tower_of_accents_is_cut_to_thirty() -> None:
    assert 30 == sum(unicodedata.combining(c) > 0 for c in text.clean("x" + "\u0323\u0301" * 500))


def test_a_line_is_one_line_and_no_longer_than_its_limit() -> None:
    assert "one two three" == text.line(" one\n two\t\u2028three ")
    assert "one…" == text.line("one two", limit=5)
    assert "one t…" == text.line("one two", limit=6)
    assert "one two" == text.line("one two", limit=7)


@given(ANY_TEXT, st.integers(1, 40))
def test_no_line_is_longer_than_its_limit_or_holds_a_line_break(written: str, limit: int) -> None:
    line = text.line(written, limit)
    assert len(line) <= limit
    assert line == " ".join(line.split())


# -- what is shown


@given(ANY_TEXT)
def test_reading_twice_is_reading_once(written: str) -> None:
    shown = text.readable(written)
    assert shown == text.readable(shown)


@given(ANY_TEXT)
def test_what_is_shown_is_clean_and_on_one_line(written: str) -> None:
    shown = text.readable(written)
    assert shown == " ".join(text.clean(shown).split())


@given(st.lists(st.sampled_from("bread rises slowly in warm ovens over night".split()), max_size=20).map(" ".join))
def test_plain_words_are_shown_as_they_are(written: str) -> None:
    assert written == text.readable(written)


@given(st.lists(st.sampled_from(WORDS_AND_ADDRESSES), max_size=12))
def test_addresses_come_through_reading_whole(words: list[str]) -> None:
    written = " ".join(words)
    assert text.urls(written) == text.urls(text.readable(written))
    assert written == text.readable(written)


def test_a_text_that_is_nobodys_abstract_is_shown_as_it_was_written() -> None:
    written = "5times " * (text.LONGEST // 7 + 2)
    assert written.strip() == text.readable(written)


def test_a_text_that_no_number_of_readings_settles_is_shown_as_it_was_written() -> None:
    written = "\\emph{" * 30 + "x" + "}" * 30
    assert written == text.readable(written)
    assert written != plain(written)


# -- sentences


def test_sentences_end_at_stops_and_not_at_abbreviations_initials_decimals_or_addresses() -> None:
    first = "Rye, e.g. by F. Baker et al. (cf. Fig. 3 and i.e. vs. Eq. 2), gains 3.5 points."
    second = "See https://a.example/v1.5. It is U.S. made!"
    third = "(Is it?) “Yes.” 12 loaves remain…"
    assert (
        first,
        "See https://a.example/v1.5.",
        "It is U.S. made!",
        "(Is it?)",
        "“Yes.”",
        "12 loaves remain…",
    ) == text.sentences(f"{first} {second} {third}")


@given(ANY_TEXT)
def test_sentences_lose_nothing_but_white_space(written: str) -> None:
    assert "".join(written.split()) == "".join("".join(text.sentences(written)).split())


# -- excerpts


ABSTRACT = "Bread rises. It needs a warm place and time. Then it rests for a long while."


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (100, ABSTRACT),
        (50, "Bread rises. It needs a warm place and time."),
        (44, "Bread rises. It needs a warm place and time."),
        (43, "Bread rises."),
        (12, "Bread rises."),
        (11, "Bread…"),
        (4, "Bre…"),
    ],
)
def test_an_excerpt_is_whole_sentences_or_else_whole_words(limit: int, expected: str) -> None:
    assert expected == text.excerpt(ABSTRACT, limit)


@given(ANY_TEXT, st.integers(1, 80))
def test_no_excerpt_is_longer_than_its_limit(written: str, limit: int) -> None:
    assert len(text.excerpt(written, limit)) <= limit


# -- authors, addresses


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, ((), 0)),
        (1, (("A0",), 0)),
        (4, (("A0", "A1", "A2", "A3"), 0)),
        (5, (("A0", "A1", "A2"), 2)),
        (64, (("A0", "A1", "A2"), 61)),
    ],
)
def test_authors_beyond_three_are_counted_unless_only_one_would_be_left_out(
    count: int, expected: tuple[tuple[str, ...], int]
) -> None:
    assert expected == text.shorten_authors([f"A{n}" for n in range(count)])


def test_addresses_are_found_without_the_punctuation_or_braces_after_them() -> None:
    written = (
        "At https://a.example/x_1. Or (http://b.example/wiki_(bread)), https://c.example/d{here}; "
        "https://a.example/x_1, \\url{https://e.example/f}, ftp://no.example, https://... and 'https://g.example/h?i=j#k'!"
    )
    assert (
        "https://a.example/x_1",
        "http://b.example/wiki_(bread)",
        "https://c.example/d",
        "https://e.example/f",
        "https://g.example/h?i=j#k",
    ) == text.urls(written)


@given(ANY_TEXT)
def test_every_address_found_is_in_the_text(written: str) -> None:
    assert all(address in written for address in text.urls(written))


def test_an_address_is_shown_without_what_may_be_a_key():
    assert "rss:https://example.org/feed" == text.without_query("rss:https://example.org/feed?key=s3cret#x")
    assert "file:notes/what?.md" == text.without_query("file:notes/what?.md")
