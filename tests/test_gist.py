"""The best sentences of an abstract: what the paper does and found."""

import time

import pytest

from newsletter.gist import gist
from newsletter.render.card import card
from tests.factories import paper

TITLE = "Slow Rivers: Carrying Stones without Floods"
USUAL = "Rivers have attracted much attention in recent years."
GAP = "However, most of what was tried needs far too much water, which remains a challenge."
DOES = "we introduce Slow Rivers, a bed that carries stones without floods by turning them once a day"
FOUND = "Experiments on twelve rivers show that Slow Rivers carry twice as many stones as a flood does."
CODE = "The code is available at https://example.org/rivers."


def made_of(*sentences: str, title: str = TITLE, limit: int = 320) -> str:
    return gist(title, " ".join(sentences), limit)


def test_what_the_paper_does_and_found_comes_before_what_others_lack():
    assert f"In this paper, {DOES}. {FOUND}" == made_of(USUAL, GAP, f"In this paper, {DOES}.", FOUND, CODE)


@pytest.mark.parametrize(
    "tie",
    [
        "To address this gap, ",
        "To systematically overcome these limits, ",
        "However, ",
        "Motivated by this, ",
        "Second, ",
        "Then ",
        "In light of this, ",
    ],
)
def test_an_opening_that_only_ties_it_to_the_one_before_is_left_out(tie):
    assert f"W{DOES[1:]}." == made_of(USUAL, GAP, f"{tie}{DOES}.", limit=160)


@pytest.mark.parametrize(
    "opening", ["It also", "These", "This", "They", "Its bed", "However, this", "Such a river", "(ii) It"]
)
def test_a_sentence_that_leans_on_the_one_before_does_not_come_alone(opening):
    leaning = f"{opening} {DOES.removeprefix('we ')}."
    assert FOUND == made_of(FOUND, "Stones wait on the bank.", leaning, limit=115)


def test_a_sentence_that_leans_may_follow_the_one_it_leans_on():
    leaning = "It shows that no flood is needed to carry stones in slow rivers."
    shown = made_of(USUAL, f"In this paper, {DOES}.", leaning)
    assert f"In this paper, {DOES}. {leaning}" == shown


def test_where_to_get_the_code_is_no_news():
    assert "" == made_of(USUAL, FOUND, CODE, "Our models are publicly available.").partition(FOUND)[2]


def test_a_sentence_of_the_paper_is_not_taken_for_what_others_did():
    assert f"This paper presents {TITLE}." == made_of(USUAL, f"This paper presents {TITLE}.", limit=80)


def test_the_sentences_stay_in_their_order_and_within_the_limit():
    sentences = [FOUND, f"In this paper, {DOES}.", USUAL, GAP]
    shown = made_of(*sentences)
    assert f"{FOUND} In this paper, {DOES}." == shown
    assert all(len(made_of(*sentences, limit=limit)) <= limit for limit in range(20, 400, 7))


def test_the_best_sentence_is_cut_where_it_is_too_long():
    shown = made_of(f"In this paper, {DOES}, {'and so on, ' * 40}until evening.", limit=120)
    assert shown.startswith(f"In this paper, {DOES[:60]}") and shown.endswith("…") and len(shown) <= 120


@pytest.mark.parametrize(
    "abstract", ["", "Stones.", "深層学習は石を運ぶ。", "!? ...", "We. We. We.", "These. It. They."]
)
def test_what_is_no_abstract_is_shown_as_it_begins(abstract):
    assert abstract.startswith(made_of(abstract, title=""))
    assert bool(abstract) == bool(made_of(abstract, title=""))


def test_an_endless_text_is_read_in_no_time():
    start = time.perf_counter()
    for text in ("We show this. " * 3000, "to " * 15_000, "this " * 10_000 + ".", "(" * 40_000):
        assert len(gist("to this", text, 320)) <= 320
    assert time.perf_counter() - start < 2


def test_a_card_shows_them_as_from_the_abstract():
    shown = card(paper(title=TITLE, summary="", abstract=f"{USUAL} {GAP} To this end, {DOES}. {FOUND} {CODE}"))
    assert (f"W{DOES[1:]}. {FOUND}", "From the abstract") == (shown.summary, str(shown.summary_from))


def test_an_abstract_never_poses_as_a_summary():
    abstract = f"{USUAL} {GAP} To this end, {DOES}. {FOUND}"
    shown = card(paper(title=TITLE, summary=f"{USUAL} {GAP}", abstract=abstract))
    assert (f"W{DOES[1:]}. {FOUND}", "From the abstract") == (shown.summary, str(shown.summary_from))
    assert "From the abstract" == str(card(paper(title=TITLE, summary=abstract, abstract=abstract)).summary_from)
