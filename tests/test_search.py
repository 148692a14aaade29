"""The archive is searched as an edition is ranked; who finds nothing is told how to find more."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from newsletter.archive import Archive
from newsletter.models import Listing, Paper
from newsletter.ranking.model import learn
from newsletter.ranking.shortlist import needles, shortlist, telling
from newsletter.records import paper_record
from newsletter.search import Query, search
from tests.factories import numbered, paper
from tests.homes import invented_day, make_home
from tests.servers.huggingface import paper_json

NOW = datetime(2026, 3, 3, 7, tzinfo=UTC)
MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)


@pytest.fixture
def home(tmp_path):
    """Two days of forty invented papers on five subjects."""
    home = make_home(tmp_path / "home")
    for number, day in enumerate(("2026-03-02", "2026-03-03")):
        home.day(day, invented_day(day, 40, first=1 + 100 * number))
        home.run("fetch", "--date", day)
    return home


def hits(home, *words, **limits):
    with home.app() as app:
        return search(app, Query(words, **limits), app.clock()).hits


def titles(found):
    return [match.paper.title for match in found]


# -- on the command line


def test_a_hit_says_what_it_is_why_it_is_one_and_where(home):
    home.day("2026-03-03", [paper_json(907, "2026-03-03", title="A Tale of Zebrafish", upvotes=12, githubRepo=CODE)])
    home.run("fetch", "--date", "2026-03-03")
    told = home.run("search", "zebrafish").splitlines()
    assert "A Tale of Zebrafish" == told[0]
    assert told[1].endswith(f" · listed 2026-03-03 · 12 upvotes · code: {CODE}")
    assert ["  why: zebrafish", "  https://arxiv.org/abs/2603.00907"] == told[2:4]
    assert "1 of 1 hit among 81 papers" == told[-1]


CODE = "https://github.com/northlight/zebrafish"


def test_the_number_of_hits_is_limited_and_it_is_said_that_there_are_more(home):
    told = home.run("search", "speech recognition", "--number", "2")
    assert 2 == told.count("  why: ")
    assert "2 of 16 hits among 80 papers; --number 4 shows more" in told


def test_as_json_it_is_one_object(home):
    told = json.loads(home.run("search", "speech", "recognition", "--number", "1", "--since", "2026-03-03", "--json"))
    assert ("speech recognition", 40, 8) == (told["query"], told["searched"], told["found"])
    [hit] = told["hits"]
    assert {"id", "title", "authors", "listed", "upvotes", "code", "url", "sources", "score", "why"} == set(hit)
    assert ("2026-03-03", ["file:papers"]) == (hit["listed"], hit["sources"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["zebrafish"], "none of 80 papers answers 'zebrafish'; try other words"),
        (["old", "zebrafish"], "none of 80 papers answers 'old zebrafish'; try other words, or fewer"),
        (["the"], "none of 80 papers answers 'the'; try other words"),
        (
            ["zebrafish", "--since", "2026-03-03"],
            "none of 40 papers answers 'zebrafish'; try other words, or leave out --since",
        ),
        (
            ["speech", "--until", "2026-01-01", "--source", "file:papers"],
            "nothing was listed then; leave out --until and --source, or collect past days with "
            "`newsletter fetch --since D`",
        ),
        (["speech", "--source", "huggingface"], "the archive has nothing of huggingface; it has file:papers"),
    ],
)
def test_who_finds_nothing_is_told_how_to_find_more(home, arguments, said):
    assert f"{said}\n" == home.run("search", *arguments)


def test_an_empty_archive_says_how_to_fill_it(tmp_path):
    home = make_home(tmp_path / "home")
    assert home.run("search", "rivers").startswith("the archive is empty: `newsletter fetch` collects today's papers")
    assert [] == json.loads(home.run("search", "rivers", "--json"))["hits"]


@pytest.mark.parametrize("arguments", [["rivers", "--since", "2026-03-03", "--until", "2026-03-02"], [" "], []])
def test_what_makes_no_sense_is_refused(tmp_path, arguments):
    assert "Error: " in make_home(tmp_path / "home").run("search", *arguments, code=2)


# -- what is found


def test_papers_are_ranked_as_for_an_interest_and_of_equals_the_newer_comes_first(home):
    found = hits(home, "speech", "recognition")
    assert 16 == len(found)
    assert all("speech recognition" in title for title in titles(found))
    assert found[0].score >= found[-1].score
    with home.app() as app:
        same = replace(paper(id="2603.09001"), title="Seven Rivers of Quiet Stone", upvotes=0, also=())
        for id_, day in (("2603.09001", MONDAY), ("2603.09002", TUESDAY)):
            app.archive.add("rss:x", [Listing(replace(same, id=id_), day)], day, NOW)
    assert ["2603.09002", "2603.09001"] == [match.paper.id for match in hits(home, "quiet stone")]


def test_the_upvotes_count_by_what_others_of_the_day_have(home):
    found = {match.paper.id: match.candidate.percentile for match in hits(home, "speech", since=TUESDAY)}
    assert [n / 39 for n in range(3, 40, 5)] == pytest.approx([found[id_] for id_ in sorted(found)], abs=1e-4)


def test_the_name_of_an_author_finds_what_they_wrote(home):
    with home.app() as app:
        wrote = [numbered(n, id=f"2603.0900{n}", authors=("Song Rivers", f"Nora Author{n}")) for n in range(2)]
        about = numbered(7, id="2603.09009", title="Of song, and of rivers", authors=("Ada Brook",))
        app.archive.add("rss:x", [Listing(one, TUESDAY) for one in (*wrote, about)], TUESDAY, NOW)
    found = hits(home, "Song", "Rivers")
    assert {"2603.09000", "2603.09001"} == {match.paper.id for match in found}
    assert {("by Song Rivers",)} == {tuple(map(str, match.reasons)) for match in found}


def test_a_paper_counts_for_the_day_it_was_listed_first(home):
    home.day("2026-03-03", invented_day("2026-03-02", 40))
    with home.app() as app:
        first = hits(home, "speech", until=MONDAY)[0]
        app.archive.add("rss:x", [Listing(first.paper, TUESDAY)], TUESDAY, NOW)
    again = next(match for match in hits(home, "speech") if match.paper.id == first.paper.id)
    assert (MONDAY, ("file:papers", "rss:x")) == (again.candidate.day, again.candidate.sources)
    assert again.paper.id not in {match.paper.id for match in hits(home, "speech", since=TUESDAY)}
    assert [first.paper.id] == [match.paper.id for match in hits(home, "speech", source="rss:x")]


def test_examples_that_no_source_listed_are_not_searched(home):
    with home.app() as app:
        app.archive.keep(Paper("2006.11239", "A Tale of Zebrafish and Other Fish"), NOW)
    assert () == hits(home, "zebrafish")


# -- the look at raw text


def look(text, *papers, most=10):
    model = learn([])
    rows = [(one.title.lower(), paper_record(one)) for one in papers]
    return [json.loads(record)["id"] for record in shortlist(rows, needles(text, model), most)]


def test_more_of_the_words_come_first_and_of_equals_the_first():
    papers = [Paper(str(n), title) for n, title in enumerate(["of fish", "of stone fish", "of fish", "of stone"])]
    assert ["1", "0", "2", "3"] == look("stone fish", *papers)
    assert ["1", "0"] == look("stone fish", *papers, most=2)
    assert [] == look("rivers", *papers)


@pytest.mark.parametrize("said", ["study", "studies", "Studies", "a case-study"])
def test_plurals_and_parts_of_words_are_found_in_either_form(said):
    assert ["1"] == look("study", Paper("1", f"On {said} of rivers")) == look("studies", Paper("1", f"On {said}"))


def test_of_a_long_text_the_rarest_words_are_looked_for():
    sought = needles(" ".join(f"river{n} stone" for n in range(500)), learn([paper(abstract="stone")] * 9))
    assert (20, 20) == (sum(not one.is_pair for one in sought), sum(one.is_pair for one in sought))
    assert "stone" not in telling(sought)


def test_a_short_word_is_not_found_inside_others():
    assert ["1"] == look("LoRA", Paper("1", "With LoRA"), Paper("2", "An exploration of flora"))


# -- on both databases


def test_the_archive_tells_first_days_texts_and_votes(stores):
    archive = Archive(stores.url("archive"))
    papers = [Paper(f"2611.9000{n}", f"Slow Rivers and their Stones {n}", upvotes=n) for n in range(3)]
    records = [paper_record(one) for one in papers]
    archive.add("a", [Listing(papers[0], MONDAY), Listing(papers[1], TUESDAY)], TUESDAY, NOW)
    archive.add("b", [Listing(papers[0], TUESDAY), Listing(papers[2], TUESDAY)], TUESDAY, NOW)
    later = replace(papers[1], upvotes=40)
    archive.add("a", [Listing(later, TUESDAY)], TUESDAY, NOW + timedelta(hours=1))
    first, second, third = (one.id for one in papers)
    assert [(third, TUESDAY), (second, TUESDAY), (first, MONDAY)] == archive.first_days(None, None, None)
    assert [(first, MONDAY)] == archive.first_days(None, MONDAY, None) == archive.first_days(None, MONDAY, "a")
    assert [(third, TUESDAY), (first, TUESDAY)] == archive.first_days(TUESDAY, None, "b")
    assert [records[2], records[0]] == [record for _, record in archive.texts([third, "no such", first], ["RIVER"])]
    assert [] == [*archive.texts([first], ["river%"])] == [*archive.texts([first], [])]
    assert {first: 0, third: 2} == archive.votes_of_days([TUESDAY])["b", TUESDAY]
    assert {second: 40} == archive.votes_of_days([TUESDAY])["a", TUESDAY]
    assert ["a", "b"] == archive.sources()
    assert [(MONDAY, "a"), (TUESDAY, "b")] == [(one.day, one.source) for one in archive.listings_of([first])]
    archive.close()


def test_capitals_of_any_language_are_found(stores):
    archive = Archive(stores.url("archive"))
    papers = [
        Paper(f"2611.9000{n}", f"On {word} and more of them") for n, word in enumerate(["ÉTALE", "Étale", "étale"])
    ]
    archive.add("a", [Listing(one, MONDAY) for one in papers], MONDAY, NOW)
    assert 3 == len([*archive.texts([one.id for one in papers], ["étale"])])
    archive.close()
