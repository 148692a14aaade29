"""Feedback as examples: which interest a paper goes to, what wins over it, and what an edition makes of it."""

from datetime import UTC, date, datetime

import pytest

from newsletter.audience import Order
from newsletter.compose import Composer
from newsletter.models import Interest, Paper
from newsletter.publish import publish
from newsletter.ranking.feedback import assign, fits
from newsletter.ranking.model import learn
from newsletter.ranking.profile import profile
from tests.homes import SUBJECTS, invented_day, make_home
from tests.test_ranking import CANDIDATES, EXAMPLES, MODEL, ROW

BREAD, RIVERS = Interest("Bread", keywords=("sourdough",)), Interest("Rivers", about="how rivers meander")
PAPERS = {"2603.00001": Paper("2603.00001", "One"), "2603.00002": Paper("2603.00002", "Two", also=("10.1234/two",))}
PAPERS["10.1234/two"] = PAPERS["2603.00002"]


def near(**fit):
    """A nearness that is the same for every paper: by the interests' names."""
    return lambda interest, paper: fit[interest.name]


def likes(interests):
    return [(one.like, one.dislike) for one in interests]


# -- which interest


def test_a_paper_goes_to_the_interest_that_it_fits_best():
    said = {"2603.00001": "more", "2603.00002": "less"}
    taught = assign([BREAD, RIVERS], PAPERS, said, near(Bread=1.2, Rivers=2.5))
    assert [((), ()), (("2603.00001",), ("2603.00002",))] == likes(taught)


def test_where_it_fits_two_alike_it_goes_to_the_first():
    taught = assign([BREAD, RIVERS], PAPERS, {"2603.00001": "more"}, near(Bread=2.0, Rivers=2.0))
    assert [(("2603.00001",), ()), ((), ())] == likes(taught)


@pytest.mark.parametrize("verdict", ["more", "less"])
def test_a_paper_that_is_near_to_none_goes_to_none(verdict):
    assert (BREAD, RIVERS) == assign([BREAD, RIVERS], PAPERS, {"2603.00001": verdict}, near(Bread=0.9, Rivers=0.1))


def test_without_interests_there_is_nothing_to_teach():
    assert () == assign([], PAPERS, {"2603.00001": "more"}, near())


@pytest.mark.parametrize("written", [{"like": ("2603.00002",)}, {"dislike": ("10.1234/two",)}])
def test_what_the_file_says_wins_under_any_id_and_nothing_stands_twice(written):
    mine = [BREAD, Interest("Rivers", **written)]
    for said in ({"2603.00002": "less"}, {"10.1234/two": "more"}):
        assert tuple(mine) == assign(mine, PAPERS, said, near(Bread=2.0, Rivers=1.0))


def test_the_last_word_counts_when_one_paper_was_named_by_two_ids():
    said = {"10.1234/two": "more", "2603.00002": "less"}
    assert [((), ("2603.00002",))] == likes(assign([BREAD], PAPERS, said, near(Bread=2.0)))


def test_a_paper_whose_text_is_not_known_waits():
    assert (BREAD,) == assign([BREAD], {}, {"2603.00001": "more"}, near(Bread=2.0))


def test_an_example_does_not_narrow_an_interest_in_people_or_categories_alone():
    people = Interest("Friends", authors=("Ada Brook",), categories=("cs.LG",))
    said = {"2603.00001": "more", "2603.00002": "less"}
    assert [((), ("2603.00002",))] == likes(assign([people], PAPERS, said, near(Friends=2.0)))


def test_a_paper_fits_what_it_is_about_and_not_what_excludes_it():
    papers = [CANDIDATES[ROW[name]].paper for name in ("bread", "rivers")]
    cold = Interest("Cold", keywords=("sourdough",), exclude=("yeast",))
    fit = fits(papers, [profile(one, (), EXAMPLES, MODEL) for one in (BREAD, RIVERS, cold)], MODEL)
    assert [True, False, False, True] == [fit(one, paper) >= 1 for one in (BREAD, RIVERS) for paper in papers]
    assert 0 == fit(cold, papers[0])


def test_papers_or_interests_that_there_are_not_are_no_fault():
    assert callable(fits([], [profile(BREAD, (), {}, MODEL)], MODEL))
    assert callable(fits([CANDIDATES[0].paper], [], learn(())))


# -- in an edition

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
YAML = """
defaults: {timezone: UTC, trending: 0, max_papers: 6}
subscribers:
  - email: ada@example.org
    interests:
      - {name: Generation, keywords: [flow matching, sparse attention]}
  - email: bo@example.org
    interests:
      - {name: Generation, keywords: [flow matching, sparse attention]}
"""


@pytest.fixture
def home(tmp_path):
    home = make_home(tmp_path)
    home.subscribers(YAML)
    home.day("2026-03-03", invented_day("2026-03-03", 30))
    home.day("2026-03-04", invented_day("2026-03-04", 30, first=100))
    with home.app(NOW) as app:
        publish(app, NOW, Order(date(2026, 3, 3)))
    return home


def subjects(home, app, day):
    """Per reader how many papers of each subject they get on a day."""
    publish(app, NOW, Order(day))
    found = {}
    for name in ("ada", "bo"):
        delivery = app.ledger.latest(app.occasion, f"{name}@example.org", day)
        titles = [app.archive.find([id_])[id_].title for id_ in delivery.claim.papers]
        found[name] = {subject: n for subject in SUBJECTS if (n := sum(subject in title for title in titles))}
    return found


def test_who_wants_less_of_something_gets_less_of_it_and_nobody_else_does(home):
    with home.app(NOW) as app:
        for number in (1, 6, 11):  # papers on flow matching
            app.feedback.give("ada@example.org", f"2603.{number:05}", "less", NOW)
        found = subjects(home, app, date(2026, 3, 4))
    assert found["ada"].get("flow matching", 0) < found["bo"]["flow matching"]


def test_who_wants_more_of_something_is_told_so(home):
    with home.app(NOW) as app:
        app.feedback.give("ada@example.org", "2603.00005", "more", NOW)
        found = subjects(home, app, date(2026, 3, 4))
        made = app.ledger.latest(app.occasion, "ada@example.org", date(2026, 3, 4))
    assert found["ada"]["sparse attention"] > found["bo"]["sparse attention"]
    assert '"like {paper}","",{"paper":"2603.00005"}' in made.claim.content


def test_feedback_is_asked_for_all_readers_at_once_and_learned_once(home):
    with home.app(NOW) as app:
        app.feedback.give("ada@example.org", "2603.00005", "more", NOW)
        composer, roster = Composer(app), list(app.roster())
        first, second = (composer._taught(roster) for _ in range(2))
    assert [("2603.00005",), ()] == [one.interests[0].like for one in first]
    assert first[0] is second[0]
    assert first[1] is roster[1]
