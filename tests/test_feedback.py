"""What readers say of papers: kept, looked up, and turned into examples of their interests."""

import json
from collections import deque
from datetime import UTC, datetime, timedelta

import pytest

from newsletter.archive import Archive
from newsletter.collect import look_up_examples, unknown_examples
from newsletter.ledger import Ledger
from newsletter.readers.feedback import Feedback
from newsletter.readers.suppressions import Suppressions
from tests.homes import invented_day, make_home, readers
from tests.servers.huggingface import HuggingFace, paper_json, reach, says

NOW = datetime(2026, 3, 3, 8, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def feedback(stores):
    database = Ledger.open(stores.url("newsletter"))
    yield Feedback(database)
    database.close()


@pytest.fixture
def home(tmp_path):
    home = make_home(tmp_path / "home")
    home.day("2026-03-03", invented_day("2026-03-03", 10))
    home.subscribers(readers(["ada", "bo"]))
    home.run("fetch", "--date", "2026-03-03")
    return home


# -- kept


def test_the_last_word_counts(feedback):
    feedback.give("ada", "2603.00001", "more", NOW)
    feedback.give("ada", "2603.00002", "less", NOW)
    feedback.give("ada", "2603.00001", "less", LATER)
    feedback.give("bo", "2603.00001", "more", NOW)
    assert {"ada": {"2603.00002": "less", "2603.00001": "less"}} == feedback.of(["ada", "cy"])
    assert ["2603.00002", "2603.00001"] == list(feedback.of(["ada"])["ada"]), "the last said last"


def test_feedback_can_be_taken_back_under_any_id(feedback):
    feedback.give("ada", "10.1234/x", "more", NOW)
    assert [True, False] == [feedback.clear("ada", "2603.00001", "10.1234/x") for _ in range(2)]
    assert {} == feedback.of(["ada"])


def test_the_papers_of_many_readers_are_found_at_once(feedback):
    names = [f"reader{n}" for n in range(1200)]
    for name in names[::100]:
        feedback.give(name, f"2603.{name[6:]:0>5}", "more", NOW)
    assert 12 == len(feedback.papers(names))


def test_a_database_from_before_there_was_feedback_goes_on_working(stores):
    old = Ledger.open(stores.url("newsletter"))
    Suppressions(old).add("bo@example.org", "bounced", NOW)
    old.close()
    stores.execute("newsletter", "DROP TABLE feedback")
    new = Ledger.open(stores.url("newsletter"))
    Feedback(new).give("ada", "2603.00001", "more", NOW)
    assert ({"ada": {"2603.00001": "more"}}, 1) == (Feedback(new).of(["ada"]), len(Suppressions(new).all()))
    new.close()


# -- said on the command line


def test_feedback_is_given_by_address_and_url_and_taken_back(home):
    said = home.run("feedback", "ADA@example.org", "https://arxiv.org/abs/2603.00001v2", "more")
    assert "ada@example.org: more like 2603.00001, On flow matching in case 1\n" == said
    assert "less like 2603.00001" in home.run("feedback", "ada@example.org", "2603.00001", "less")
    with home.app() as app:
        assert {"ada@example.org": {"2603.00001": "less"}} == app.feedback.of(["ada@example.org"])
    assert "taken back" in home.run("feedback", "ada@example.org", "2603.00001", "clear")
    assert "nothing to take back" in home.run("feedback", "ada@example.org", "2603.00001", "clear")


def test_feedback_belongs_to_the_key_and_outlives_a_change_of_address(home):
    home.subscribers("subscribers: [{id: ada, email: ada@example.org}]")
    assert "it counts when the reader has interests" in home.run("feedback", "ada", "2603.00001", "more")
    home.subscribers("subscribers: [{id: ada, email: ada@elsewhere.example}]")
    assert "taken back" in home.run("feedback", "ada@elsewhere.example", "2603.00001", "clear")


def test_feedback_can_be_read_by_programs(home):
    told = json.loads(home.run("feedback", "bo@example.org", "2603.00002", "less", "--json"))
    title = "On tool use by agents in case 2"
    expected = {"subscriber": "bo@example.org", "paper": "2603.00002", "title": title}
    assert expected | {"verdict": "less", "in_archive": True} == told
    assert json.loads(home.run("feedback", "bo@example.org", "2603.00002", "clear", "--json"))["verdict"] is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["eve@example.org", "2603.00001", "more"], "no subscriber 'eve@example.org'"),
        (["ada@example.org", "that one", "more"], "'that one' is no paper that can be recognised; write it as"),
        (["ada@example.org", "2603.00001", "much"], "'much' is not one of 'more', 'less', 'clear'"),
    ],
)
def test_feedback_that_cannot_be_kept_is_said_with_its_cure(home, arguments, said):
    assert said in home.run("feedback", *arguments, code=2)


# -- looked up


def test_a_paper_that_no_source_listed_is_looked_up_with_the_next_collection(tmp_path):
    home = make_home(tmp_path, sources="huggingface")
    home.subscribers(readers(["ada"]))
    known = {"2006.11239": paper_json(1, id="2006.11239", title="An Old Favourite")["paper"]}
    with HuggingFace({"2026-03-03": invented_day("2026-03-03", 3)}, known) as hub:
        where = {"HF_ENDPOINT": hub.endpoint}
        assert "the next collection looks up" in home.run("feedback", "ada@example.org", "2006.11239", "more", **where)
        assert [] == hub.asked
        home.run("feedback", "ada@example.org", "2611.99999", "less", **where)
        home.run("feedback", "ada@example.org", "10.1234/doi", "less", **where)
        assert "2 example papers will be looked up" in home.run("check", **where)
        home.run("send", "--date", "2026-03-03", **where)
        assert "2006.11239, An Old Favourite" in home.run("feedback", "ada@example.org", "2006.11239", "more")
        assert "could not be found" in home.run("feedback", "ada@example.org", "2611.99999", "less")
        assert "example paper 2611.99999 was not found" in home.run("check", **where)


def test_papers_that_cannot_be_looked_up_now_are_no_error_and_wait(tmp_path):
    archive, rated = Archive(f"sqlite:///{tmp_path}/archive.db"), {"2006.11239"}
    with HuggingFace(script=deque([says(b"no", 503)] * 3)) as hub:
        look_up_examples(rated, archive, reach(hub), NOW, ["huggingface"])
    assert rated == unknown_examples(rated, archive)
    archive.close()


def test_feedback_on_what_nothing_can_look_up_says_so(home):
    assert "counts when a source brings the paper" in home.run("feedback", "ada@example.org", "10.1234/doi", "more")
