"""What one subscriber gets: shares, every paper once, reasons, and why not."""

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest

from newsletter.editing.edit import edit, new_papers, quiet_reason
from newsletter.editing.explain import explain
from newsletter.models import Candidate, Digest, Interest, Paper, Period, SourceState, Subscriber
from newsletter.ranking.index import index
from newsletter.ranking.model import learn
from newsletter.ranking.profile import profile
from newsletter.ranking.rank import rank

DAY = date(2026, 3, 3)
PERIOD = Period("2026-03-03", DAY, DAY)
MODEL = learn(())


def candidate(number, words, upvotes=0, **changes):
    paper = Paper(
        f"2611.9{number:04}", f"Paper {number} on {words}", f"It is about {words} and nothing else.", upvotes=upvotes
    )
    return replace(Candidate(paper, DAY, True, min(upvotes / 100, 1), ("huggingface",)), **changes)


def digest(*candidates, **changes):
    return replace(Digest("d", DAY, DAY, datetime(2026, 3, 3, 7, tzinfo=UTC), candidates), **changes)


def wants(*keywords, **changes):
    return Interest(keywords[0].title(), keywords=keywords, **changes)


def subscriber(*interests, **changes):
    return Subscriber("ada", "ada@example.org", interests=interests, **changes)


def scores_of(made_of, reader):
    return rank(index(made_of.candidates, MODEL), [profile(one, reader.exclude, {}, MODEL) for one in reader.interests])


def edition(made_of, reader, seen=()):
    return edit(made_of, reader, scores_of(made_of, reader), seen, PERIOD)


def ids(section):
    return [match.paper.id[-4:] for match in section.matches]


def titles(made):
    return [section.title for section in made.sections]


BREAD = [candidate(n, "sourdough", upvotes=n) for n in range(1, 21)]
GLASS = [candidate(n, "glassblowing") for n in range(21, 23)]


def test_each_interest_is_a_section_in_the_readers_order():
    made = edition(digest(*BREAD, *GLASS), subscriber(wants("glassblowing"), wants("sourdough"), trending=0))
    assert ["Glassblowing", "Sourdough"] == titles(made)


def test_a_small_interest_keeps_its_share_beside_a_large_one():
    reader = subscriber(wants("sourdough", weight=5.0), wants("glassblowing"), max_papers=6, trending=0)
    sourdough, glass = edition(digest(*BREAD, *GLASS), reader).sections
    assert (4, 2) == (len(sourdough.matches), len(glass.matches))


def test_what_a_reader_named_as_an_example_is_not_shown_to_them():
    reader = subscriber(
        wants("sourdough", like=("2611.90001", "2611.90002")),
        wants("glassblowing", dislike=("2611.90021",)),
        trending=2,
    )
    shown = [id_ for section in edition(digest(*BREAD[:3], *GLASS), reader).sections for id_ in ids(section)]
    assert ["0003", "0022"] == shown


def test_what_an_interest_does_not_fill_goes_to_the_others():
    reader = subscriber(wants("sourdough"), wants("basket weaving"), max_papers=6, trending=0)
    assert [6] == [len(section.matches) for section in edition(digest(*BREAD), reader).sections]


def test_an_interests_own_cap_holds():
    reader = subscriber(wants("sourdough", max_papers=2), max_papers=9, trending=0)
    assert [2] == [len(section.matches) for section in edition(digest(*BREAD), reader).sections]


def test_a_paper_that_two_interests_want_comes_once():
    both = candidate(30, "sourdough glassblowing")
    made = edition(digest(both), subscriber(wants("sourdough"), wants("glassblowing")))
    assert 1 == sum(1 for _ in made.matches)


def test_weight_wins_places_but_no_paper_that_fits_another_interest_better():
    glass = candidate(31, "glassblowing, and a little sourdough")
    reader = subscriber(wants("sourdough", weight=5.0), wants("glassblowing", "paper 31 on glassblowing"))
    made = edition(digest(glass, *BREAD[:3]), reader)
    assert ["0031"] == next(ids(section) for section in made.sections if section.title == "Glassblowing")


def test_an_edition_is_never_longer_than_asked_for():
    for most in (1, 2, 5, 12):
        reader = subscriber(wants("sourdough"), wants("glassblowing"), max_papers=most)
        assert most == sum(1 for _ in edition(digest(*BREAD, *GLASS), reader).matches)


def test_trending_is_what_the_community_likes_outside_the_interests():
    favourites = [candidate(n, "rope walking", upvotes=n) for n in (60, 90, 70, 10)]
    made = edition(digest(*favourites, *GLASS), subscriber(wants("glassblowing"), trending=2))
    assert ["0090", "0070"] == ids(made.sections[-1])
    assert ["top 10 % of 3 March"] == [*map(str, made.sections[-1].matches[0].reasons)]


def test_without_interests_the_whole_edition_is_trending():
    assert [12] == [len(section.matches) for section in edition(digest(*BREAD), subscriber()).sections]


def test_every_paper_has_a_reason_even_when_nobody_voted():
    quiet = [candidate(n, "rope walking") for n in range(60, 64)]
    made = edition(digest(*quiet, *BREAD), subscriber(max_papers=30))
    assert ["listed on 3 March"] == [*map(str, made.sections[0].matches[-1].reasons)]
    assert all(match.reasons for match in made.matches)


def test_a_seen_paper_does_not_come_again_under_any_of_its_ids():
    twice = replace(GLASS[1], paper=replace(GLASS[1].paper, also=("title:abc",)))
    made = edition(digest(GLASS[0], twice), subscriber(wants("glassblowing")), seen={GLASS[0].paper.id, "title:abc"})
    assert () == made.sections


def test_an_older_paper_comes_only_when_it_is_strong_and_after_the_news():
    old = [
        replace(candidate(40, "sourdough sourdough starters"), new=False),
        replace(candidate(41, "a sourdough"), new=False),
    ]
    strong = subscriber(wants("sourdough", "starter"), trending=0)
    made = edition(digest(*old, candidate(42, "sourdough")), strong)
    assert ids(made.sections[0])[0] == "0042"
    assert 1 == new_papers(made)


def test_the_readers_sources_are_the_only_ones():
    elsewhere = replace(GLASS[0], sources=("arxiv:cs.CL",))
    made = edition(digest(elsewhere, GLASS[1]), subscriber(wants("glassblowing"), sources=("huggingface",)))
    assert [[GLASS[1].paper.id[-4:]]] == [ids(section) for section in made.sections]


def test_the_readers_own_exclusions_hold_for_trending_too():
    made = edition(digest(candidate(50, "rope walking", upvotes=99)), subscriber(exclude=("rope",)))
    assert () == made.sections


def test_too_little_news_is_quiet_unless_the_reader_wants_it_anyway():
    reader = subscriber(wants("glassblowing"), trending=0)
    made = edition(digest(*GLASS), reader)
    assert ("", "quiet: 2 of 3 new papers") == (quiet_reason(made, 2), quiet_reason(made, 3))
    assert "" == quiet_reason(edition(digest(*GLASS), replace(reader, quiet="send")), 3)
    assert "quiet: nothing new for these interests" == quiet_reason(edition(digest(*BREAD), reader), 1)


def test_what_was_quiet_or_broken_is_said():
    states = (
        SourceState("huggingface", "ok"),
        SourceState("file:x", "broken", "gone"),
        SourceState("arxiv:cs.CL", "quiet"),
        SourceState("rss:https://example.org/feed?key=s3cret", "quiet"),
    )
    made = edition(digest(*GLASS, sources=states, left_out=7), subscriber(wants("glassblowing")))
    assert (
        "file:x could not be read today: its papers are missing here.",
        "arxiv:cs.CL listed nothing today.",
        "rss:https://example.org/feed listed nothing today.",
        "7 papers from before 3 March were left out.",
    ) == tuple(map(str, made.notes))


def test_the_same_digest_makes_the_same_edition():
    reader = subscriber(wants("sourdough"), wants("glassblowing"))
    assert edition(digest(*BREAD, *GLASS), reader) == edition(digest(*BREAD, *GLASS), reader)


@pytest.mark.parametrize(
    ("reader", "row", "seen", "verdict"),
    [
        (subscriber(wants("sourdough")), 0, (), "It is in the edition, under Sourdough."),
        (subscriber(wants("sourdough")), 0, ("2611.90001",), "shown in an earlier edition"),
        (subscriber(wants("sourdough", like=("2611.90001",))), 0, (), "it is among your examples, so you have it"),
        (subscriber(wants("sourdough"), sources=("rss:x",)), 0, (), "came from huggingface"),
        (subscriber(wants("sourdough"), exclude=("nothing else",)), 0, (), "you exclude 'nothing else'"),
        (subscriber(wants("sourdough", exclude=("sourdough",))), 0, (), "Sourdough excludes 'sourdough'"),
        (subscriber(wants("glassblowing")), 0, (), "no interest found enough in it"),
        (subscriber(wants("sourdough"), max_papers=1), 1, (), "1 better matches took the places"),
    ],
)
def test_every_verdict_names_its_rule(reader, row, seen, verdict):
    made_of = digest(*BREAD[:2])
    scores = scores_of(made_of, reader)
    made = edit(made_of, reader, scores, seen, PERIOD)
    row = (
        next(n for n, c in enumerate(made_of.candidates) if (c.paper.id in [m.paper.id for m in made.matches]) != row)
        if row
        else row
    )
    assert verdict in explain(made, reader, scores, seen, row).verdict


def test_an_explanation_has_every_part_of_the_score():
    reader = subscriber(wants("sourdough"))
    made_of = digest(*BREAD[:2])
    scores = scores_of(made_of, reader)
    told = explain(edit(made_of, reader, scores, (), PERIOD), reader, scores, (), 0)
    parts = told.parts["Sourdough"]
    assert parts["sum"] == pytest.approx(
        sum(parts[n] for n in ("text", "keywords", "authors", "categories")), abs=0.002
    )
    assert "Sourdough: text" in told.sentences[2]


LONG = " ".join(f"word{n} of a long abstract" for n in range(60))


def long(number, extra, **changes):
    paper = Paper(f"2611.9{number:04}", f"Sourdough at Length {number}", f"{LONG} {extra}")
    return replace(candidate(number, "sourdough"), paper=paper, **changes)


def learned(made_of):
    return learn([one.paper for one in made_of.candidates], least=1)


def test_of_papers_that_are_about_the_same_thing_only_the_first_comes_and_explain_says_so():
    made_of = digest(long(1, "first"), long(2, "second"), candidate(3, "sourdough"))
    reader = subscriber(wants("sourdough"), trending=0)
    model = learned(made_of)
    scores = rank(index(made_of.candidates, model), [profile(one, (), {}, model) for one in reader.interests])
    made = edit(made_of, reader, scores, (), PERIOD)
    [other] = [row for row in (0, 1) if made_of.candidates[row].paper.id not in [m.paper.id for m in made.matches]]
    assert 2 == sum(1 for _ in made.matches)
    assert "about the same thing as" in explain(made, reader, scores, (), other).verdict


def test_what_found_no_place_is_just_missed_and_nothing_that_is_shown():
    made = edition(digest(*BREAD), subscriber(wants("sourdough"), max_papers=4, trending=0))
    shown = {match.paper.id for match in made.matches}
    assert 5 == len(made.missed)
    assert not shown & {one.paper.id for one in made.missed}


def test_what_the_excludes_hide_is_counted():
    loud = candidate(40, "sourdough and rope walking")
    made = edition(digest(*BREAD[:2], loud), subscriber(wants("sourdough", exclude=("rope walking",))))
    assert ["1 paper was hidden by your excludes."] == [*map(str, made.notes)]
    assert "0040" not in [id_ for section in made.sections for id_ in ids(section)]


def test_one_wild_card_stands_between_two_interests_where_a_place_is_left():
    made_of = digest(candidate(50, "rope walking"), candidate(51, "kite flying"), *GLASS)
    reader = subscriber(wants("glassblowing"), wants("welding"), trending=0)
    found = scores_of(made_of, reader)
    for half, places, expected in ((0.6, 12, ["0050"]), (0.4, 12, []), (0.6, 2, [])):
        shares = np.array([[half, 0, 1, 1], [half, 0.9, 0, 0]], dtype=np.float32)
        made = edit(made_of, replace(reader, max_papers=places), replace(found, shares=shares), (), PERIOD)
        cards = [section for section in made.sections if section.kind == "wildcard"]
        assert expected == [id_ for card in cards for id_ in ids(card)]
        assert all("between Glassblowing and Welding" == str(card.matches[0].reasons[0]) for card in cards)
