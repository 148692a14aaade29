"""What the stores keep comes back as it was, and the same content is the same record."""

import json
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from newsletter.models import Interest, Subscriber, Words, counted, said
from newsletter.records import (
    Content,
    addressee,
    content_of,
    content_record,
    read_addressee,
    read_content,
    schedule_of,
    subscriber_record,
)
from tests.factories import candidate, edition, large_edition

WORDS: st.SearchStrategy[Words] = st.one_of(
    st.text(),
    st.builds(lambda one, day: said("{one} of {day}", one=one, day=day), st.text(), st.dates()),
    st.builds(lambda n: counted("{n} paper", "{n} papers", n), st.integers()),
)
SCORES = st.floats(allow_nan=False, allow_infinity=False)
MATCHES = st.tuples(st.text(), SCORES, st.lists(WORDS, max_size=3).map(tuple))
SECTIONS = st.tuples(st.just("interest"), st.text(), st.lists(MATCHES, max_size=3).map(tuple))
IDS = st.lists(st.text(), max_size=2).map(tuple)


def many(one: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(one, max_size=3).map(tuple)


@given(st.builds(Content, many(SECTIONS), many(WORDS), st.integers(), IDS, IDS))
def test_content_comes_back_as_it_was_and_its_record_is_in_order_of_name(content: Content):
    record = content_record(content)

    assert content == read_content(record)
    assert json.dumps(json.loads(record), ensure_ascii=False, separators=(",", ":"), sort_keys=True) == record


def test_a_record_says_what_an_edition_is():
    made = edition(notes=(said("listed on {day}", day=date(2026, 3, 3)),), missed=(candidate(),))

    assert (
        '{"considered":40,"later":[],"missed":["2603.01234"],"notes":[["listed on {day}","",{"day":{"day":"2026-03-03"}}]],'
        '"sections":[["interest","Diffusion models",[["2603.01234",0.6,["flow matching",["like {paper}","",{"paper":"2011.13456"}]]]]],'
        '["trending","Trending",[["2603.00002",0.6,["top 3 % of 3 March"]]]]]}'
    ) == content_record(content_of(made))


def test_the_papers_of_a_content_are_in_reading_order():
    made = large_edition(7)

    assert tuple(match.paper.id for match in made.matches) == content_of(made).papers


def test_what_planning_takes_of_a_record_is_what_it_takes_of_the_subscriber():
    interests = (Interest("Rivers", like=("2611.00001", "2611.00002"), dislike=("2611.00003",)), Interest("Stones"))
    paused = Subscriber("a", "ada@example.org", "Ada", "Asia/Tokyo", paused_until=date(2026, 4, 1), interests=interests)
    for one in (paused, Subscriber("b", "Bo@example.org")):
        assert addressee(one) == read_addressee(subscriber_record(one), schedule_of(one))
    assert ("2611.00001", "2611.00002", "2611.00003") == addressee(paused).examples
