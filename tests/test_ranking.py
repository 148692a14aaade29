"""Relevance: what must hold whatever the scores are."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.models import Candidate, Interest, Paper
from newsletter.ranking.index import index
from newsletter.ranking.model import dump, features, learn, load
from newsletter.ranking.profile import profile
from newsletter.ranking.rank import evidence, nearness, rank, writes
from newsletter.ranking.reasons import reasons
from newsletter.ranking.terms import stem, terms, words

DAY = date(2026, 3, 3)
TEXTS = {
    "bread": (
        "Wild Yeast at Low Temperature",
        "Sourdough fermentation slows in the cold, and its starter keeps its taste.",
    ),
    "rivers": ("How Rivers Choose Their Bed", "Sediment transport shapes meandering channels over many years."),
    "robots": (
        "Robots That Fold Laundry",
        "A manipulation policy learns to fold shirts from demonstrations of people.",
    ),
    "chess": ("Chess Engines That Explain", "A search tree is told in sentences that players understand."),
    "birds": ("Counting Birds by Ear", "Microphones and a classifier of songs count the birds of a marsh at night."),
    "bridges": ("Old Bridges Under New Loads", "Strain gauges follow the fatigue of riveted steel in bridges."),
    "glass": ("Cracks in Thin Glass", "Crack growth in glass sheets is predicted from their surface flaws."),
    "tides": ("Tides in Narrow Bays", "A model of tides tells the height of water in narrow bays a week ahead."),
    "stars": ("Dust Around Young Stars", "Infrared spectra reveal the grain size of dust discs around young stars."),
}


def candidates(**extra):
    texts = TEXTS | extra
    papers = [
        Paper(f"2611.9{number:04}", title, abstract, (f"Ada {name.title()}",), categories=("cs.LG",))
        for number, (name, (title, abstract)) in enumerate(texts.items())
    ]
    return tuple(Candidate(paper, DAY, True, 0.5, ("huggingface",)) for paper in papers)


CANDIDATES = candidates()
ROW = {name: row for row, name in enumerate(TEXTS)}
MODEL = learn((candidate.paper for candidate in CANDIDATES), least=1)
INDEX = index(CANDIDATES, MODEL)
EXAMPLES = {candidate.paper.id: candidate.paper for candidate in CANDIDATES}


def found(interest, exclude=(), of=INDEX):
    """The rows that come for an interest, best first."""
    [ranked] = rank(of, [profile(interest, exclude, EXAMPLES, MODEL)]).ranked
    return ranked.rows.tolist()


def test_a_keyword_finds_its_paper_and_no_other():
    assert [ROW["bread"]] == found(Interest("Baking", keywords=("sourdough",)))


def test_plurals_and_case_make_no_difference():
    assert [ROW["bread"]] == found(Interest("Baking", keywords=("Starters",)))


def test_a_phrase_must_stand_as_a_whole():
    assert [ROW["rivers"]] == found(Interest("Mud", keywords=("sediment transport",)))
    assert (0, 1) == tuple(len(INDEX.find(phrase)[0]) for phrase in ("transport sediment", "sediment transport"))


def test_a_phrase_does_not_reach_from_the_title_into_the_abstract():
    assert 0 == len(INDEX.find("bed sediment")[0])


def test_a_free_text_finds_what_is_about_it():
    assert [ROW["robots"]] == found(Interest("Hands", about="policies that learn to fold shirts from people"))


def test_the_near_twin_of_an_example_comes_first():
    twin = candidates(twin=("Rivers and Their Beds", "Sediment transport and meandering channels, again over years."))
    assert len(TEXTS) == found(Interest("Mine", like=(CANDIDATES[ROW["rivers"]].paper.id,)), of=index(twin, MODEL))[1]


def test_an_author_brings_a_paper_whatever_it_is_about():
    assert [ROW["tides"]] == found(Interest("People", authors=("A. Tides",)))


@pytest.mark.parametrize(
    ("name", "author", "expected"),
    [
        ("Yang Example", "yang example", True),
        ("Y. Example", "yang example", True),
        ("Yang Example", "y example", True),
        ("Yi Example", "yang example", False),
        ("Example", "yang example", False),
        ("Yáng Example", "yang example", True),
    ],
)
def test_initials_stand_for_first_names(name, author, expected):
    assert expected == writes(name, frozenset({author}))


def test_a_category_alone_is_enough_when_it_is_all_that_is_wished_for():
    assert len(TEXTS) == len(found(Interest("All of it", categories=("cs.LG",))))


@given(st.sampled_from(sorted(TEXTS)), st.sampled_from(["sourdough", "search tree", "glass", "Infrared spectra"]))
def test_an_excluded_word_never_comes(name, word):
    everything = Interest("All of it", categories=("cs.LG",), like=(CANDIDATES[ROW[name]].paper.id,), exclude=(word,))
    phrase = " ".join(words(word))
    assert not any(INDEX.holds(phrase, row) for row in found(everything))
    assert found(everything) == found(Interest("All of it", categories=("cs.LG",), like=everything.like), (word,))


def test_a_dislike_lowers_what_is_like_it():
    wish = Interest("Nature", about="rivers, birds, tides and stars")
    less = Interest("Nature", about=wish.about, dislike=(CANDIDATES[ROW["birds"]].paper.id,))
    near = [nearness(INDEX, [profile(one, (), EXAMPLES, MODEL)])[0][ROW["birds"]] for one in (wish, less)]
    assert near[1] < near[0]


def test_a_stricter_threshold_lets_less_through():
    rows = [
        set(found(Interest("Water", about="water of bays and rivers", threshold=t)))
        for t in ("loose", "normal", "strict")
    ]
    assert rows[2] <= rows[1] <= rows[0]


def test_who_else_is_ranked_changes_nothing_to_the_last_bit():
    mine = profile(Interest("Water", about="sediment in rivers", keywords=("tides",)), (), EXAMPLES, MODEL)
    others = [profile(Interest(name, about=text), (), EXAMPLES, MODEL) for name, (_, text) in TEXTS.items()]
    [alone], together = rank(INDEX, [mine]).ranked, rank(INDEX, [*others, mine, *others]).ranked[len(others)]
    assert np.array_equal(alone.rows, together.rows)
    assert alone.scores.tobytes() == together.scores.tobytes()


def test_no_papers_teach_nothing():
    model = load(dump(learn(())))
    assert ({}, 0) == (model.columns, model.basis.size)


def test_an_empty_digest_ranks_nothing():
    [ranked] = rank(index((), MODEL), [profile(Interest("x"), (), {}, MODEL)]).ranked
    assert [] == ranked.rows.tolist()


def test_the_parts_add_up():
    one = profile(Interest("Water", about="rivers", keywords=("sediment",), authors=("Ada Rivers",)), (), {}, MODEL)
    parts = evidence(INDEX, [one], nearness(INDEX, [one]))
    row = 0, ROW["rivers"]
    assert parts.total[row] == parts.text[row] + parts.keywords[row] + parts.authors[row] + parts.categories[row]
    assert parts.keywords[row] > 0 < parts.authors[row]


def test_reasons_are_in_the_readers_own_words():
    like = CANDIDATES[ROW["rivers"]].paper.id
    one = profile(
        Interest("Water", keywords=("Sediment transport",), authors=("A. Rivers",), like=(like,)), (), EXAMPLES, MODEL
    )
    [told] = reasons(rank(INDEX, [one]), [(0, ROW["rivers"])])
    assert ("by A. Rivers", f"like {like}", "Sediment transport") == tuple(map(str, told))


def test_without_a_word_of_the_reader_the_shared_terms_are_the_reason():
    one = profile(Interest("Hands", about="a policy that folds shirts"), (), {}, MODEL)
    assert "fold shirt" in reasons(rank(INDEX, [one]), [(0, ROW["robots"])])[0]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("policies", "policy"),
        ("boxes", "box"),
        ("classes", "class"),
        ("glass", "glass"),
        ("bias", "bia"),
        ("gps", "gps"),
    ],
)
def test_plurals_are_stemmed(word, expected):
    assert expected == stem(word)


def test_terms_are_words_pairs_and_hyphenated_words_but_no_pair_reaches_over_a_stop_word():
    assert ["low-rank", "low", "rank", "low rank", "matrix"] == [*list(terms("Low-rank of matrices"))[:4], "matrix"]
    assert "rank matrix" not in set(terms("Low-rank of matrices"))


def test_a_vector_has_length_one_and_an_empty_text_none():
    made = features([Paper("1", "Rivers and tides"), Paper("2", "Of the")], MODEL).vectors
    assert [1, 0] == pytest.approx(made.multiply(made).sum(axis=1).ravel().tolist()[0])


def test_a_model_comes_back_as_it_was():
    assert dump(MODEL) == dump(load(dump(MODEL)))
    assert MODEL.columns == load(dump(MODEL)).columns


@pytest.mark.parametrize("abstract", ["", "The same words of a baker again and again.", "它 это τι"])
def test_papers_that_say_nothing_or_all_the_same_teach_no_wrong_topics(abstract):
    papers = [Paper(f"2611.{n:05}", f"Paper {n}", abstract) for n in range(250)]
    model = load(dump(learn(papers)))
    made = index([Candidate(paper, DAY, True, 0.5) for paper in papers[:20]], model)
    scores = rank(made, [profile(Interest("Baking", keywords=("baker",), like=(papers[0].id,)), (), {}, model)])
    assert np.isfinite(scores.ranked[0].scores).all()
    assert np.isfinite(made.features.dense).all()
