"""What is near to a paper is about the same thing."""

from newsletter.models import Paper
from newsletter.ranking.model import learn
from newsletter.ranking.near import nearest

SUBJECTS = {
    "whales": "Humpback whales sing in the ocean, and their songs are recorded by hydrophones under water",
    "robots": "A robot arm grasps objects on a table, and learns its gripper's motion from demonstrations",
    "bread": "Sourdough bread rises by wild yeast, whose dough ferments longer in a cold kitchen",
}


def of(subject, number):
    return Paper(f"2603.{number:05}", f"{subject} in case {number}", abstract=SUBJECTS[subject])


PAPERS = [of(subject, 10 * n + m) for n, subject in enumerate(SUBJECTS) for m in range(4)]


def test_papers_about_the_same_thing_are_near_and_no_others():
    model = learn(PAPERS)
    first, *others = PAPERS
    found = [paper.id for paper in nearest(first, others, model, 5)]
    assert {"2603.00001", "2603.00002", "2603.00003"} == set(found[:3])
    assert found[:2] == [paper.id for paper in nearest(first, others, model, 2)]
    assert [] == nearest(first, [], model, 5)


def test_what_has_not_a_word_in_common_is_near_to_nothing():
    model = learn(PAPERS)
    assert [] == nearest(Paper("2603.00099", "Zzyzx qwrtp"), PAPERS, model, 5)
