"""Scores put together from what is kept of each wish are those of the plain definition, whatever else is kept."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from newsletter.editing.edit import Reader, edit, edit_all
from newsletter.identity import title_key
from newsletter.models import Interest, Subscriber
from newsletter.ranking import columns
from newsletter.ranking.index import index
from newsletter.ranking.meaning import whitened
from newsletter.ranking.model import features, with_meaning
from newsletter.ranking.profile import profile
from newsletter.ranking.rank import nearness, nearness_at, rank
from newsletter.ranking.terms import wish_terms
from tests.test_reasons import ARCHIVE, CANDIDATES, DIGEST, EXAMPLES, MODEL, PERIOD, SUBJECTS

INDEX = index(CANDIDATES[:120], MODEL)


def interests():
    """Of every kind; the last two are of several subjects, in many examples."""
    for n in range(16):
        subject, like = SUBJECTS[n], tuple(ARCHIVE[n + 16 * k].id for k in range(n % 5))
        words = (subject[n], f"{subject[n + 1]} {subject[n + 2]}", SUBJECTS[(n + 5) % 16][3])[: n % 4]
        about = " ".join(subject[3:9]) if n % 3 == 0 else ""
        dislike = tuple(ARCHIVE[(n + 3) % 16 + 16 * k].id for k in range(n % 3))
        yield Interest(f"{subject[0]} {n}", about, words, like=like, dislike=dislike)
    yield Interest("Friends", authors=("Ada Brook",), keywords=(SUBJECTS[0][1],))
    for number in (22, 40):
        yield Interest("Many", keywords=(SUBJECTS[1][1],), like=tuple(paper.id for paper in ARCHIVE[:number]))


# -- the definition, paper by paper and part by part (docs/ranking.md)


def standard(sample, values, mean, deviation, least):
    """Values in the deviations of those of the sample."""
    kept = np.minimum(sample, mean + 8 * deviation)
    share = len(sample) / (len(sample) + 50)
    spread = (share * kept.var() + (1 - share) * deviation**2) ** 0.5
    return (values - (share * kept.mean() + (1 - share) * mean)) / max(spread, least)


def plain_part(wish_of, mean, deviation, least):
    sample, day = (wish_of(made) for made in (MODEL.sample, INDEX.features))
    return standard(sample, np.concatenate([sample, day]), mean, deviation, least)


def plain_likeness(ids):
    made = features([EXAMPLES[id_] for id_ in ids], MODEL)
    terms, topics = np.asarray(made.vectors.mean(axis=0)).ravel(), made.dense.mean(axis=0)
    found = plain_part(lambda papers: papers.vectors @ terms, 0.021, 0.009, 0.004)
    found = found + 0.7 * plain_part(lambda papers: papers.dense @ topics, 0.0, 0.07, 0.02)
    return found - 0.2 * plain_part(lambda papers: papers.vectors @ MODEL.typical, 0.021, 0.0033, 0.002)


def plain_words(interest):
    wish = np.zeros(len(MODEL.columns))
    for text, weight in ({interest.name: 0.5} | dict.fromkeys((*interest.keywords, interest.about), 1.0)).items():
        for term, number in wish_terms(text).items():
            if term in MODEL.columns:
                column = MODEL.columns[term]
                wish[column] += number * weight * (0.5 if " " in term else 1) * MODEL.rarity[column]
    usual = (0.065 * wish.sum(), 0.1 * wish.sum(), 0.06 * wish.sum())
    return plain_part(lambda papers: papers.frequencies @ wish, *usual) if wish.any() else 0


def plain_nearness(interest):
    """How near every paper is to an interest whose examples are of one subject."""
    number, like = len(MODEL.sample.dense), interest.like
    found = plain_words(interest) * (1.3 * len(like) ** -0.6 if like else 1)
    found = found + (plain_likeness(like) if like else 0)
    found = found - (0.4 * plain_likeness(interest.dislike) if interest.dislike else 0)
    scale = 1 / (2.5 * np.maximum(standard_deviation(found[:number]), 0.6))
    wrote = [title_key(name) for id_ in like for name in EXAMPLES[id_].authors]
    same = np.array([sum(wrote.count(name) for name in names) for names in INDEX.authors])
    near = scale * (found[number:] + 1.5 * np.log1p(same))
    return near + plain_echo(near, scale * (0.7 if like else 1.5))


def standard_deviation(sample):
    share = len(sample) / (len(sample) + 50)
    return (share * np.minimum(sample, 8 * 1.2).var() + (1 - share) * 1.2**2) ** 0.5


def plain_echo(near, weight):
    nearest = [row for row in np.argsort(-near, kind="stable")[:6] if near[row] >= 1]
    if not nearest:
        return 0
    sample, day = MODEL.sample.dense, INDEX.features.dense
    wish = day[nearest].mean(axis=0)
    return weight * (day @ wish - (sample @ wish).mean()) / (sample @ wish).std()


# -- properties


@pytest.mark.parametrize("interest", [one for one in interests() if len(one.like) < 20 and not one.authors])
def test_nearness_is_what_the_definition_says(interest):
    found = nearness(INDEX, [profile(interest, (), EXAMPLES, MODEL)])[0]
    np.testing.assert_allclose(plain_nearness(interest), found, atol=3e-5)


@pytest.mark.parametrize("interest", list(interests())[::2])
def test_without_a_wish_a_profile_looks_as_if_it_had_never_been_wished_for(interest):
    one = profile(interest, (), EXAMPLES, MODEL)
    everywhere = [0] * len(INDEX), range(len(INDEX))
    for wish in (*interest.keywords, *interest.like[:3]):
        keywords = tuple(keyword for keyword in interest.keywords if keyword != wish)
        like = tuple(id_ for id_ in interest.like if id_ != wish)
        less = profile(replace(interest, keywords=keywords, like=like), (), EXAMPLES, MODEL)
        expected, found = nearness(INDEX, [less])[0], nearness_at(INDEX, [one.without(wish)], *everywhere)
        np.testing.assert_allclose(expected, found, atol=2e-5)


def test_what_was_kept_before_and_how_much_changes_no_bit(monkeypatch):
    compiled = [profile(one, (), EXAMPLES, MODEL) for one in interests()]
    expected = nearness(index(CANDIDATES[:120], MODEL), compiled)
    monkeypatch.setattr(columns, "KEPT", 0)
    made = index(CANDIDATES[:120], MODEL)
    for number in (len(compiled), 1, 5):
        for start in range(0, len(compiled), number):
            some = slice(start, start + number)
            assert expected[some].tobytes() == nearness(made, compiled[some]).tobytes()


def test_a_wish_that_two_texts_make_counts_twice():
    one, two = (profile(Interest("x", keywords=words), (), {}, MODEL) for words in (("babans",), ("babans", "Baban")))
    assert 2 * sum(wish.potential for wish in one.asked.values()) == sum(wish.potential for wish in two.asked.values())


def test_an_embedding_understands_words_as_they_are_written():
    def embed(texts):
        rows = [np.bincount([sum(map(ord, word)) % 31 for word in text.split()], minlength=31) for text in texts]
        return np.array([row / max(np.linalg.norm(row), 1) for row in rows], dtype=np.float32)

    model = with_meaning(MODEL, whitened(embed, [paper.title for paper in ARCHIVE]), ARCHIVE)
    made, word = index(CANDIDATES[:120], model), SUBJECTS[0][0]
    compiled = [profile(Interest("x", keywords=(text,)), (), {}, model) for text in (word, word.upper())]
    alone = [nearness(made, [one])[0] for one in compiled]
    assert not np.array_equal(*alone)
    assert np.array_equal(alone, nearness(made, compiled))


def test_editions_made_together_are_those_made_one_by_one():
    every = list(interests())
    people = [Subscriber(f"r{n}", f"r{n}@example.org", interests=tuple(every[n : n + 3])) for n in range(0, 18, 3)]
    profiles = [[profile(one, (), EXAMPLES, MODEL) for one in who.interests] for who in people]
    made = index(CANDIDATES, MODEL)
    together = rank(made, [one for several in profiles for one in several])
    alone = [edit(DIGEST, who, rank(made, several), (), PERIOD) for who, several in zip(people, profiles, strict=True)]
    assert alone == edit_all(DIGEST, together, [Reader(who, PERIOD, ()) for who in people])


def test_features_of_examples_do_not_depend_on_their_company():
    alone = sparse.vstack([features([paper], MODEL).vectors for paper in ARCHIVE[:20]])
    assert np.array_equal(alone.data, features(ARCHIVE[:20], MODEL).vectors.data)
