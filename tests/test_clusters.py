"""Groups of papers and their names: found again whatever the order, and never a bad group for a stranger."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from newsletter.models import Paper
from newsletter.ranking.clusters import ALONE, clusters, nearness, shared
from newsletter.ranking.model import TermCounts, features, learn
from newsletter.ranking.names import names

SUBJECTS = {
    "yeast": ("wild yeast", "sourdough starters", "cold fermentation", "rye flour"),
    "rivers": ("sediment transport", "river deltas", "meandering channels", "flood plains"),
    "stars": ("dust discs", "young stars", "infrared spectra", "planet formation"),
}
SYLLABLES = "ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu".split()
EMPTY = TermCounts(0, {})


def library(per_subject, subjects=tuple(SUBJECTS)):
    """Invented papers: each has two phrases of its subject, and thirty of the hundred words that the subject uses."""
    chance = np.random.default_rng(5)
    papers = []
    for number in range(per_subject):
        for subject in subjects:
            first, second = chance.choice(SUBJECTS[subject], 2, replace=False)
            words = [f"{subject[0]}{a}{b}" for a in SYLLABLES[:10] for b in SYLLABLES[10:]]
            inside = ", ".join(chance.choice(words, 60, replace=False))
            abstract = f"In this paper we study {first}: {inside}. We show that {second} are as they are."
            papers.append(Paper(f"2603.{len(papers):05d}", f"{first.title()} in Case {number}", abstract))
    return papers


def rows(papers):
    return shared(features(papers, learn(papers, least=1)).vectors)


PAPERS = library(12)
LABELS = clusters(rows(PAPERS))


def test_subjects_are_found_as_groups():
    assert 3 == LABELS.max() + 1
    assert [1, 1, 1] == [len(set(LABELS[start::3].tolist())) for start in range(3)]


def test_the_same_papers_always_make_the_same_groups():
    assert LABELS.tolist() == clusters(rows(PAPERS)).tolist()


def test_the_order_of_the_papers_makes_no_difference():
    turned = clusters(rows(PAPERS[::-1]))[::-1]
    assert len({*zip(LABELS.tolist(), turned.tolist(), strict=True)}) == 3


def test_a_stranger_is_in_no_group():
    stranger = Paper("2603.99999", "Chess Engines That Explain", "A search tree is told in sentences to players.")
    assert [*LABELS, ALONE] == clusters(rows([*PAPERS, stranger])).tolist()


def test_papers_of_one_subject_are_one_group():
    assert {0} == set(clusters(rows(library(30, ("yeast",)))).tolist())


def test_a_few_papers_are_one_group_and_two_are_none():
    few = library(7, ("stars",))
    assert {0} == set(clusters(rows(few)).tolist())
    assert [ALONE, ALONE] == clusters(rows(few[:2])).tolist()


def test_no_more_groups_than_asked_for():
    assert 2 >= clusters(rows(PAPERS), most=2).max() + 1
    assert 1 == clusters(rows(PAPERS), most=1).max() + 1


def test_the_largest_group_comes_first():
    labels = clusters(rows([*library(12), *library(20, ("rivers",))]))
    sizes = np.bincount(labels[labels >= 0])
    assert sorted(sizes, reverse=True) == sizes.tolist()


def test_nearness_is_the_mean_cosine_to_the_others_of_the_group():
    found = rows(PAPERS[:3])
    cosines = (found @ found.T).toarray()
    expected = [(cosines[row].sum() - 1) / 2 for row in range(3)]
    np.testing.assert_allclose(expected, nearness(found, np.zeros(3, dtype=np.intp)))


@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (5, 0), (40, 1), (40, 3)])
def test_odd_matrices_are_no_trouble(shape):
    assert shape[0] == len(clusters(sparse.csr_matrix(np.ones(shape) / max(shape[1], 1) ** 0.5)))


@settings(max_examples=25)
@given(st.lists(st.dictionaries(st.sampled_from("abcdefgh"), st.floats(0.1, 1), max_size=4), max_size=40))
def test_every_label_is_a_group_of_three_or_alone(vectors):
    places = np.array([[one.get(letter, 0.0) for letter in "abcdefgh"] for one in vectors]).reshape(-1, 8)
    labels = clusters(shared(sparse.csr_matrix(places)))
    sizes = np.bincount(labels[labels >= 0]) if (labels >= 0).any() else np.array([3])
    assert len(vectors) == len(labels)
    assert sizes.min() >= 3


def test_groups_are_named_by_what_tells_them_as_their_papers_write_it():
    found = names(PAPERS, LABELS, EMPTY)
    for name, phrases in zip(found, SUBJECTS.values(), strict=True):
        assert name.name.lower() in phrases
        assert name.name[0].isupper()
        assert set(name.keywords) <= set(phrases)
        assert len(name.keywords) >= 3


def test_what_the_archive_is_full_of_names_nothing():
    model = TermCounts(1000, {"wild yeast": 900, "wild": 900, "yeast": 900})
    [name] = names(library(10, ("yeast",)), np.zeros(10, dtype=np.intp), model)
    assert not name.name.startswith("Wild")


def test_what_half_of_the_archive_says_is_no_keyword_although_it_may_be_the_name():
    papers = [Paper(f"2603.{n:05d}", "A Study", f"{n}. Here the wild yeast is.") for n in range(6)]
    model = TermCounts(1000, {"wild yeast": 400, "wild": 400, "yeast": 400})
    [name] = names(papers, np.zeros(6, dtype=np.intp), model)
    assert ("Wild yeast", ()) == (name.name, name.keywords)


def test_a_single_word_is_a_keyword_once_the_archive_can_tell_that_it_is_rare():
    papers = [Paper(f"2603.{n:05d}", "A Study", f"{n}. Here is yeast, and here it was.") for n in range(6)]
    told = [names(papers, np.zeros(6, dtype=np.intp), TermCounts(size, {}))[0] for size in (0, 1000)]
    assert [("Yeast", ()), ("Yeast", ("yeast",))] == [(one.name, one.keywords) for one in told]


def test_a_phrase_is_named_whole_and_without_stems():
    texts = [f"Case {n}. This is about large language models, and what they are." for n in range(6)]
    papers = [Paper(f"2603.{n:05d}", "A Study", text) for n, text in enumerate(texts)]
    [name] = names(papers, np.zeros(6, dtype=np.intp), EMPTY)
    assert ("Large language models", ("large language models",)) == (name.name, name.keywords)


def test_a_group_without_a_phrase_is_named_after_a_paper():
    papers = [Paper(f"2603.{n:05d}", "A Survey", "") for n in range(3)]
    assert [("Like A Survey", ())] == [
        (one.name, one.keywords) for one in names(papers, np.zeros(3, dtype=np.intp), EMPTY)
    ]


def test_two_groups_never_share_a_name():
    papers = [Paper(f"2603.{n:05d}", "Wild Yeast", "") for n in range(8)]
    first, second = names(papers, np.array([0, 0, 0, 0, 1, 1, 1, 1]), EMPTY)
    assert first.name != second.name
