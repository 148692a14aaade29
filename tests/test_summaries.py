"""Summaries by a language model: asked for once, within budget and time, and never waited for in vain."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter import http
from newsletter.archive import Archive
from newsletter.errors import SettingsError
from newsletter.models import Candidate, Paper
from newsletter.summaries import Endpoint, Summaries, parse
from tests.factories import candidate, numbered
from tests.homes import Home, invented_day, make_home, readers, text_of
from tests.servers.huggingface import Answer, Stopwatch, hangs, resets, says, truncated
from tests.servers.languagemodel import LanguageModel, completion, summed_up, usual
from tests.stores import Stores

NOW = datetime(2026, 3, 3, 7, tzinfo=UTC)
ABSTRACT = (
    "Nobody knew how case {n} of carrying stones would end, and whoever tried it before needed a flood and a long summer. "
    "We tried case {n} in twelve rivers of different length. "
    "The stones of case {n} arrive in half the time, and the meadows beside the rivers stay dry all year."
)


@pytest.fixture
def model() -> Iterator[LanguageModel]:
    with LanguageModel() as server:
        yield server


class Desk:
    """An archive, and what it takes to ask a model."""

    def __init__(self, stores: Stores, model: LanguageModel) -> None:
        self.archive = Archive(stores.url("archive"))
        self.model = model
        self.watch = Stopwatch()
        self.client = http.open_client(read=0.2)

    def summaries(self, key: str = "", **options: object) -> Summaries:
        endpoint = parse(self.model.spec(**options), "here", key)
        return Summaries(self.archive, endpoint, self.client, self.watch.patience())

    def run(self, *papers: Paper | Candidate, now: datetime = NOW, **options: object) -> list[Paper]:
        """What is shown of these papers, in their order."""
        given = [one if isinstance(one, Candidate) else candidate(one) for one in papers]
        return [one.paper for one in self.summaries(**options).run(now).filled(given)]  # type: ignore[arg-type]

    def asked(self) -> list[list[str]]:
        """The titles in each request."""
        return [question.titles for question in self.model.asked]


@pytest.fixture
def desk(stores: Stores, model: LanguageModel) -> Iterator[Desk]:
    made = Desk(stores, model)
    yield made
    made.client.close()
    made.archive.close()


def case(number: int, **changes: object) -> Paper:
    """A paper without a summary; the higher its number, the more it is upvoted."""
    usual = {"title": f"Case {number}", "abstract": ABSTRACT.format(n=number), "summary": "", "upvotes": number}
    return numbered(number, **(usual | changes))


# -- what is asked


def test_a_paper_without_a_summary_gets_one_that_says_who_wrote_it(desk: Desk) -> None:
    [shown] = desk.run(case(1))
    assert ("tiny-1", "About Case 1, it turns out that the stones of case 1 arrive in half the time,") == (
        shown.summary_by,
        shown.summary[:77],
    )


def test_a_summary_of_hugging_face_is_left_as_it_is(desk: Desk) -> None:
    [shown] = desk.run(case(1, summary="Stones arrive sooner."))
    assert ("Stones arrive sooner.", "", []) == (shown.summary, shown.summary_by, desk.model.asked)


def test_several_papers_are_asked_for_in_one_request_the_most_upvoted_first(desk: Desk) -> None:
    shown = desk.run(*[case(n) for n in (1, 2, 3, 4, 5)], batch=2)
    assert [["Case 5", "Case 4"], ["Case 3", "Case 2"], ["Case 1"]] == desk.asked()
    assert [f"About Case {n}," for n in (1, 2, 3, 4, 5)] == [paper.summary[:13] for paper in shown]


def test_only_new_papers_are_asked_for_but_what_is_known_is_shown_again(desk: Desk) -> None:
    [before] = desk.run(case(1))
    shown = desk.run(candidate(case(1), new=False), candidate(case(2), new=False))
    assert [before.summary, ""] == [paper.summary for paper in shown]
    assert 1 == len(desk.model.asked)


def test_each_paper_is_asked_for_once(desk: Desk) -> None:
    first = desk.run(case(1), case(2))
    again = desk.run(case(2), case(1), case(3))
    assert [["Case 2", "Case 1"], ["Case 3"]] == desk.asked()
    assert {paper.summary for paper in first} <= {paper.summary for paper in again}


def test_another_model_and_another_abstract_are_asked_for_again(desk: Desk) -> None:
    desk.run(case(1))
    desk.run(case(1), model="tiny-2")
    [shown] = desk.run(case(1, abstract=ABSTRACT.format(n=1) + " The method works for sand as well."), model="tiny-2")
    assert ["tiny-1", "tiny-2", "tiny-2"] == [question.body["model"] for question in desk.model.asked]
    assert shown.summary.endswith("the method works for sand as well.")


def test_an_answer_of_no_use_is_not_asked_for_again(desk: Desk) -> None:
    desk.model.summary = lambda paper: f"Case 2 is carried: https://stones.example. {paper['title']}"
    for _ in range(3):
        assert ["", ""] == [paper.summary for paper in desk.run(case(1), case(2))]
    assert 1 == len(desk.model.asked)


def test_of_one_answer_the_good_summaries_are_used(desk: Desk) -> None:
    good = "In twelve rivers the stones arrive in half the time while the meadows stay dry."
    given = [{"id": "1", "summary": good}, {"id": "2", "summary": f"<i>{good}</i>"}, {"id": "9", "summary": good}]
    desk.model.script.append(summed_up(given))
    assert ["", "", good] == [paper.summary for paper in desk.run(case(1), case(2), case(3))]


def test_a_request_says_no_more_than_every_server_understands(desk: Desk) -> None:
    desk.run(case(1))
    [question] = desk.model.asked
    assert ("/v1/chat/completions", {"model", "messages"}) == (question.path, set(question.body))
    assert ["system", "user"] == [message["role"] for message in question.body["messages"]]
    assert "authorization" not in question.headers


def test_the_key_is_sent_and_never_shown(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.model.script.append(says({"error": {"message": "Incorrect API key provided: sk-secret"}}, 401))
    desk.run(case(1), key="sk-secret")
    assert "Bearer sk-secret" == desk.model.asked[0].headers["authorization"]
    assert "OPENAI_API_KEY" in caplog.text
    assert "sk-secret" not in caplog.text + repr(desk.summaries(key="sk-secret").endpoint)


# -- the budget


def test_no_more_papers_are_asked_for_in_a_day_than_the_budget_has(desk: Desk) -> None:
    papers = [case(n) for n in range(7)]
    for hour in (0, 5, 23):
        shown = desk.run(*papers, now=NOW.replace(hour=hour), budget=3, batch=2)
        assert [False] * 4 + [True] * 3 == [bool(paper.summary) for paper in shown]
    assert [["Case 6", "Case 5"], ["Case 4"]] == desk.asked()
    desk.run(*papers, now=NOW.replace(hour=0) + timedelta(days=1), budget=3, batch=2)
    assert [["Case 3", "Case 2"], ["Case 1"]] == desk.asked()[2:]


def test_requests_that_fail_count_too(desk: Desk) -> None:
    for hour in range(0, 24, 6):
        desk.model.script.extend([says({}, 500)] * 3)
        desk.run(*[case(n) for n in range(9)], now=NOW.replace(hour=hour), budget=7, batch=5)
    assert [5, 2] == [len(titles) for titles in desk.asked()[::3]]
    assert 7 == desk.archive.papers_asked(NOW.replace(hour=0))


def test_the_budget_is_one_for_all_models(desk: Desk) -> None:
    desk.run(case(1), case(2), budget=2)
    desk.run(case(1), case(2), budget=2, model="tiny-2")
    assert 1 == len(desk.model.asked)


# -- what fails

BROKEN: dict[str, tuple[Answer, str]] = {
    "401": (
        says({"error": {"message": "no"}}, 401),
        "HTTP 401; check OPENAI_API_KEY in secrets.env or the environment",
    ),
    "403": (says({}, 403), "HTTP 403; check OPENAI_API_KEY"),
    "404": (
        says({"error": {"message": "no model 'tiny-1'"}}, 404),
        "HTTP 404 (no model 'tiny-1'); check address and model",
    ),
    "400": (says({"error": "too long"}, 400), "HTTP 400 (too long); check `summaries`"),
    "429": (
        says({}, 429, {"Retry-After": "3600"}),
        "HTTP 429 Too Many Requests (asked once, and the next time would be",
    ),
    "418": (says({}, 418), "HTTP 418"),
    "moved": (
        says({}, 308, {"Location": "http://elsewhere.example/v1"}),
        "it has moved (asked once); name its new address",
    ),
    "html": (says(b"<html><body>Sign in</body></html>"), "its answer is not JSON; check the address"),
    "text": (completion("I would rather not."), "its answer is not JSON"),
    "cut": (completion('{"summaries": [{"id": "1", "summa'), "its answer is not JSON"),
    "short of tokens": (completion('{"summaries": [', "length"), "its answer was cut off; set a smaller batch"),
    "foreign ids": (summed_up([{"id": "2603.00002", "summary": "x"}]), "names none of the papers"),
    "no ids": (summed_up([]), "names none of the papers"),
    "huge": (says(b"[" + b" " * 1_100_000 + b"]"), "the answer is larger than 1 MB"),
    "no completion": (says([]), "its answer is no chat completion; check the address"),
}


@pytest.mark.parametrize("answer", BROKEN)
def test_what_fails_is_one_line_with_the_host_and_the_cure_and_the_papers_go_without(
    answer: str, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.model.script.append(BROKEN[answer][0])
    assert [""] == [paper.summary for paper in desk.run(case(1), batch=1)]
    [line] = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert f"summaries: {desk.model.place}" in line
    assert BROKEN[answer][1] in line
    assert line.endswith("; the edition goes out without them") and "\n" not in line
    assert 1 == len(desk.model.asked)


@pytest.mark.parametrize("answer", [says({}, 500), says({}, 503), says({}, 429), resets, truncated])
def test_what_may_pass_is_asked_again_within_the_time(answer: Answer, desk: Desk) -> None:
    desk.model.script.extend([answer, answer])
    [shown] = desk.run(case(1))
    assert (3, True) == (len(desk.model.asked), bool(shown.summary))


def test_a_server_that_says_when_is_asked_then(desk: Desk) -> None:
    desk.model.script.append(says({}, 429, {"Retry-After": "20"}))
    [shown] = desk.run(case(1), timeout=30)
    assert ([20.0], True) == (desk.watch.slept, bool(shown.summary))


def test_a_model_may_think_for_longer_than_a_source_may(desk: Desk) -> None:
    def slow(paper: Mapping[str, str]) -> str:
        time.sleep(0.5)
        return usual(paper)

    desk.model.summary = slow
    [shown] = desk.run(case(1))
    assert (True, 1) == (bool(shown.summary), len(desk.model.asked))


def test_a_run_waits_no_longer_than_its_time(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.model.script.extend([hangs] * 5)
    patience = http.Patience(3, timedelta(minutes=6), time.sleep, lambda: 0.0)
    endpoint = parse(desk.model.spec(timeout=1, batch=1), "here")
    started = time.monotonic()
    with http.open_client() as client:
        run = Summaries(desk.archive, endpoint, client, patience).run(NOW)
        for _ in range(3):  # the digests of one run share its time
            assert [""] * 3 == [one.paper.summary for one in run.filled([candidate(case(n)) for n in range(3)])]
    assert time.monotonic() - started < 4
    assert 1 == len(desk.model.asked)
    assert "no answer in time" in caplog.text
    assert "set more than timeout=1 in `summaries`" in caplog.text


def test_an_endpoint_that_is_not_there_is_one_line(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    with http.open_client() as client:
        endpoint = Endpoint("http://127.0.0.1:9/v1", "tiny-1", 50, 5, 60)
        [shown] = Summaries(desk.archive, endpoint, client, desk.watch.patience()).run(NOW).filled([candidate(case(1))])
    assert "" == shown.paper.summary
    assert 1 == len(caplog.records)
    assert "summaries: 127.0.0.1:9/v1/chat/completions: " in caplog.text


def test_a_failed_endpoint_is_left_alone_for_longer_and_longer(desk: Desk) -> None:
    refused = says({}, 401)
    at, waits = NOW, []
    for _ in range(9):
        desk.model.script.append(refused)
        desk.run(case(1), now=at, budget=10_000)
        failed_at, tried = at, len(desk.model.asked)
        while len(desk.model.asked) == tried:
            at += timedelta(minutes=10)
            desk.model.script.clear()
            desk.model.script.append(refused)
            desk.run(case(1), now=at, budget=10_000)
        waits.append(int((at - failed_at).total_seconds() // 600))
        desk.model.script.clear()
        at += timedelta(seconds=1)
    assert sorted(waits) == waits
    assert (1, 72) == (waits[0], waits[-1])


def test_with_another_key_it_is_tried_at_once_and_an_answer_ends_the_pause(desk: Desk) -> None:
    desk.model.script.append(says({}, 401))
    assert [""] == [paper.summary for paper in desk.run(case(1), key="old")]
    assert [""] == [paper.summary for paper in desk.run(case(1), key="old")]
    assert 1 == len(desk.model.asked)
    [shown] = desk.run(case(1), key="new")
    assert shown.summary
    assert (True, False) == tuple(desk.summaries(key=key).state(NOW)[0] for key in ("new", "old"))


def test_one_answer_of_no_use_does_not_cost_the_other_papers_theirs(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.model.script.append(completion("Forget the list; here is a poem."))
    shown = desk.run(case(1), case(2), case(3), batch=1)
    assert [True, True, False] == [bool(paper.summary) for paper in shown]
    assert 1 == len([record for record in caplog.records if record.levelno >= logging.WARNING])


def test_two_answers_of_no_use_end_the_run(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.model.script.extend([completion("No.")] * 9)
    desk.run(*[case(n) for n in range(9)], batch=1)
    assert 2 == len(desk.model.asked)
    assert 1 == len([record for record in caplog.records if record.levelno >= logging.WARNING])


def test_a_request_that_never_came_back_counts_as_failed(desk: Desk) -> None:
    desk.archive.note_summary_request(desk.summaries().endpoint.mark, 5, NOW)
    works, said = desk.summaries().state(NOW)
    assert not works
    assert "today 5 of 50 papers were asked for; it failed once since it last answered (it was not answered)" in said
    assert "and is asked again from 2026-03-03 07:10 UTC on" in said


# -- the setting


def test_an_endpoint_has_a_model_and_usual_limits():
    read = parse("http://localhost:11434/v1/?model=llama3.2:3b", "here", " sk-1\n")
    assert Endpoint("http://localhost:11434/v1", "llama3.2:3b", 50, 5, 60, "sk-1") == read
    assert "localhost:11434" == read.host


def test_the_address_may_be_the_whole_one_and_options_are_read():
    spec = "https://api.example.org/v1/chat/completions?model=meta/llama-3&budget=7&batch=3&timeout=20"
    assert Endpoint("https://api.example.org/v1", "meta/llama-3", 7, 3, 20) == parse(spec, "here")


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        ("gpt-5-mini", "is not the address of an endpoint; write https://"),
        ("ftp://host/v1?model=m", "is not the address"),
        ("https://:443/v1?model=m", "is not the address"),
        ("https://host:99999/v1?model=m", "write https://"),
        ("https://höst/v1?model=m", "is not the address"),
        ("https://host/v1?model=m#x", "is not the address"),
        ("https://host/v1", "names no model"),
        ("https://host/v1?model=", "names no model"),
        ("https://host/v1?model", "write https://"),
        ("https://me:secret@host/v1?model=m", "put OPENAI_API_KEY=... into secrets.env"),
        ("https://host/v1?model=m&bugdet=3", "unknown option 'bugdet'; there are model, budget, batch, timeout"),
        ("https://host/v1?model=m&batch=51", "batch: 51 is out of range; write 1 to 50"),
        ("https://host/v1?model=m&budget=many", "budget: 'many' is not a whole number"),
        ("https://host/v1?model=m&timeout=0", "timeout: 0 is out of range"),
    ],
)
def test_a_setting_that_means_nothing_is_named_with_its_place(spec, fault):
    with pytest.raises(SettingsError, match=r"newsletter.yaml:4: summaries: ") as caught:
        parse(spec, "newsletter.yaml:4")
    assert fault in str(caught.value)
    assert "secret@" not in str(caught.value)


# -- the whole day


def day_without_summaries() -> list[dict[str, object]]:
    papers = invented_day("2026-11-20", 10)
    for number, paper in enumerate(papers):
        inner = paper["paper"]
        assert isinstance(inner, dict)
        inner["summary"] = f"{inner['summary']} {ABSTRACT.format(n=number)}"
        inner.pop("ai_summary")
        paper["summary"] = inner["summary"]
    return papers


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = make_home(tmp_path / "home")
    made.day("2026-11-20", day_without_summaries())
    made.subscribers(readers(["ada", "bo"]))
    return made


def mails(home: Home) -> list[bytes]:
    return [path.read_bytes() for path in sorted((home.path / "outbox").rglob("*.eml"))]


def test_an_edition_goes_out_with_the_models_summaries_and_says_so(home: Home, model: LanguageModel) -> None:
    home.run("send", "--date", "2026-11-20", NEWSLETTER_SUMMARIES=model.spec())
    texts = [text_of(mail) for mail in mails(home)]
    assert 2 == len(texts)
    assert all("AI summary by tiny-1: About On " in text and "From the abstract" not in text for text in texts)
    assert [5, 5] == [len(question.papers) for question in model.asked]


def test_an_edition_goes_out_although_the_endpoint_is_dead(home: Home) -> None:
    said = home.run("send", "--date", "2026-11-20", NEWSLETTER_SUMMARIES="http://127.0.0.1:9/v1?model=m&timeout=5")
    assert "2 submitted" in said
    texts = [text_of(mail) for mail in mails(home)]
    assert all("From the abstract: " in text and "AI summary" not in text for text in texts)


def test_a_retry_makes_the_same_bytes_whatever_the_model_says_by_then(home: Home, model: LanguageModel) -> None:
    setting = {"NEWSLETTER_SUMMARIES": model.spec()}
    home.run("send", "--date", "2026-11-20", **setting)
    before = {text_of(mail) for mail in mails(home)}
    model.summary = lambda paper: (
        f"Another summary of {paper['title']}: the meadows beside the rivers stay dry all year."
    )
    home.run("send", "--again", "--subscriber", "ada@example.org", "--date", "2026-11-20", **setting)
    assert 3 == len(mails(home))
    after = {text_of(mail) for mail in mails(home)}
    assert all("Another summary" not in text for text in after)
    assert 2 == len(model.asked)
    assert before <= after


def test_a_preview_shows_what_is_sent_and_nothing_is_asked_twice(home: Home, model: LanguageModel) -> None:
    setting = {"NEWSLETTER_SUMMARIES": model.spec()}
    out = home.path / "looked-at"
    home.run("preview", "--date", "2026-11-20", "--out", str(out), **setting)
    looked_at = "".join(path.read_text("utf-8") for path in out.rglob("*.txt"))
    assert "AI summary by tiny-1" in looked_at
    home.run("send", "--date", "2026-11-20", **setting)
    assert 2 == len(model.asked)


def test_check_names_the_host_and_asks_nobody(home: Home, model: LanguageModel) -> None:
    found = json.loads(home.run("check", "--json", code=None, NEWSLETTER_SUMMARIES=model.spec()))
    said = {one["what"]: one["said"] for one in found}
    assert model.place in said["network"]
    assert (
        f"tiny-1 at {model.place}, without a key (OPENAI_API_KEY); today 0 of 50 papers were asked for"
        == said["summaries"]
    )
    assert [] == model.asked


def test_check_says_that_it_failed(home: Home, model: LanguageModel) -> None:
    setting = {"NEWSLETTER_SUMMARIES": model.spec(), "OPENAI_API_KEY": "sk-1"}
    model.script.append(says({}, 401))
    home.run("send", "--date", "2026-11-20", **setting)
    found = json.loads(home.run("check", "--json", code=None, **setting))
    [(state, said)] = [(one["state"], one["said"]) for one in found if one["what"] == "summaries"]
    assert "warning" == state
    assert "with a key (OPENAI_API_KEY)" in said
    assert "it failed once since it last answered" in said
    assert "HTTP 401; check OPENAI_API_KEY" in said


def test_a_backtest_asks_nobody(home: Home, model: LanguageModel) -> None:
    home.run("fetch", "--date", "2026-11-20")
    home.run("backtest", "--since", "2026-11-20", "--until", "2026-11-20", NEWSLETTER_SUMMARIES=model.spec())
    assert [] == model.asked


def test_off_takes_back_what_the_file_says_and_a_wrong_one_stops_at_start(home: Home) -> None:
    (home.path / "newsletter.yaml").write_text("summaries: gpt-5-mini\n")
    said = home.run("status", code=2)
    assert f"{home.path / 'newsletter.yaml'}:1: summaries: 'gpt-5-mini' is not the address of an endpoint" in said
    with home.app(NEWSLETTER_SUMMARIES="off") as app:
        assert app.summaries is None
