"""Why a paper is shown: what is named is what counted, tried on a thousand matches."""

from datetime import UTC, date, datetime

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.editing.edit import edit
from newsletter.models import Candidate, Digest, Interest, Paper, Period, Subscriber
from newsletter.ranking.index import index
from newsletter.ranking.model import learn
from newsletter.ranking.profile import Profile, profile
from newsletter.ranking.rank import evidence, nearness, rank
from newsletter.ranking.reasons import reasons

DAY = date(2026, 3, 3)
PERIOD = Period("2026-03-03", DAY, DAY)
SYLLABLES = "ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu".split()
WORDS = [f"{a}{b}n" for a in SYLLABLES for b in SYLLABLES]
SUBJECTS = [WORDS[start : start + 25] for start in range(0, 400, 25)]
FILLING = "study model result paper approach data method show improve propose compare large small new".split()


def papers(number, seed):
    """Invented papers of sixteen subjects with words of their own, some of two subjects."""
    chance = np.random.default_rng(seed)
    made = []
    for n in range(number):
        own = [*SUBJECTS[n % 16], *(SUBJECTS[int(chance.integers(16))] if n % 3 == 0 else ())]
        title, text = chance.choice(own, 4), chance.choice([*own, *FILLING], 60)
        authors = (f"Ada {WORDS[int(chance.integers(60))].title()}", f"Bo {WORDS[int(chance.integers(60))].title()}")
        made.append(Paper(f"26{seed:02}.{n:05}", " ".join(title).title(), " ".join(text) + ".", authors))
    return made


ARCHIVE, TODAY = papers(400, 1), papers(240, 3)
MODEL = learn(ARCHIVE)
EXAMPLES = {paper.id: paper for paper in ARCHIVE}
CANDIDATES = tuple(Candidate(paper, DAY, True, 0.5) for paper in TODAY)
INDEX = index(CANDIDATES, MODEL)
DIGEST = Digest("d", DAY, DAY, datetime(2026, 3, 3, tzinfo=UTC), CANDIDATES)


def interests():
    """Interests of every kind: in words, by examples, of both, by a single example and a text."""
    for n in range(60):
        subject, like = SUBJECTS[n % 16], tuple(ARCHIVE[n % 16 + 16 * k].id for k in range(1 + n % 5))
        words = (subject[n % 20], subject[n % 20 + 1], SUBJECTS[(n + 5) % 16][3])
        yield Interest(f"Interest {n}", keywords=words)
        yield Interest(f"Interest {n}", like=like)
        yield Interest(f"Interest {n}", keywords=words[:2], like=like)
        yield Interest(f"Interest {n}", about=" ".join(words), like=like[:1])


def order(interest, row):
    one = profile(interest, (), EXAMPLES, MODEL)
    return float(evidence(INDEX, [one], nearness(INDEX, [one])).order[0, row])


def without(interest, reason):
    """The interest without what the reason names; None where the reason names no word or example of it."""
    if reason.startswith("like "):
        like = tuple(id_ for id_ in interest.like if id_ != reason.removeprefix("like "))
        return Interest(interest.name, interest.about, interest.keywords, like=like)
    if reason in interest.keywords:
        keywords = tuple(keyword for keyword in interest.keywords if keyword != reason)
        return Interest(interest.name, interest.about, keywords, like=interest.like)
    parts = set(reason.split())
    if parts & set(interest.about.split()):
        about = " ".join(word for word in interest.about.split() if word not in parts)
        return Interest(interest.name, about, interest.keywords, like=interest.like)
    return None


def test_without_the_word_or_example_that_is_named_a_paper_scores_lower():
    tried = matches = 0
    for interest in interests():
        reader = Subscriber("ada", "ada@example.org", interests=(interest,), trending=0)
        scores = rank(INDEX, [profile(interest, (), EXAMPLES, MODEL)])
        for match in edit(DIGEST, reader, scores, (), PERIOD).matches:
            matches += 1
            assert match.reasons
            row = INDEX.row_of(match.paper.id)
            for less in filter(None, (without(interest, str(reason)) for reason in match.reasons)):
                tried += 1
                assert order(less, row) < order(interest, row)
    assert matches >= 1000 <= tried


class PutTogetherAnew(Profile):
    """A profile of which nothing is known that would make trials cheaper."""

    simple = False


def some(values, most):
    return st.lists(st.sampled_from(values), max_size=most).map(tuple)


@st.composite
def asked_for(draw):
    """An interest of any kind; its name or its text may be one of its keywords."""
    keywords = draw(some([*SUBJECTS[0], "nowhere", f"{SUBJECTS[1][0]} {SUBJECTS[1][1]}"], 4))
    name, about = (
        draw(st.sampled_from([*keywords, *others])) for others in ((SUBJECTS[2][0], "Friends"), ("", "bafon"))
    )
    like, dislike = (draw(some([*EXAMPLES][:64:4], most)) for most in (3, 1))
    return Interest(name, about, keywords, draw(some(["Ada Bacen"], 1)), like=like, dislike=dislike)


@settings(deadline=None, max_examples=50)
@given(st.lists(asked_for(), min_size=1, max_size=3))
def test_what_is_tried_for_many_at_once_is_what_each_put_together_anew_says(wanted):
    profiles = [profile(interest, (), EXAMPLES, MODEL) for interest in wanted]
    matches = [(number, row) for number in range(len(profiles)) for row in range(0, len(INDEX), 12)]
    anew = reasons(rank(INDEX, [PutTogetherAnew(*one) for one in profiles]), matches)
    assert anew == reasons(rank(INDEX, profiles), matches)
