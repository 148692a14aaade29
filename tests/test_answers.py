"""What addresses answered last, and asking only whether it has changed."""

from collections import deque
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from newsletter import http
from newsletter.answers import FORGOTTEN_AFTER, Answer
from newsletter.archive import Archive
from newsletter.errors import SourceError
from newsletter.sources import conditional
from tests.servers.huggingface import HuggingFace, reach, says

NOW = datetime(2026, 3, 3, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)
LONG_AGO = NOW - FORGOTTEN_AFTER - HOUR
ADDRESS = "https://example.org/feed?key=secret"


@pytest.fixture
def archive(stores):
    archive = Archive(stores.url("archive"))
    yield archive
    archive.close()


def answer(body=b"a body", at=NOW):
    return Answer(body, '"tag"', "Mon, 02 Mar 2026 07:00:00 GMT", at)


def test_the_last_answer_of_an_address_is_kept(archive):
    archive.answers.keep(ADDRESS, answer(b"the first"))
    archive.answers.keep(ADDRESS, answer(b"the second\x00\xff"))
    assert answer(b"the second\x00\xff") == archive.answers.find(ADDRESS)
    assert archive.answers.find("https://example.org/other") is None


def test_an_address_is_not_written_down_as_it_may_hold_a_key(archive, stores):
    archive.answers.keep(ADDRESS, answer())
    assert "secret" not in str(stores.execute("archive", "SELECT * FROM answers"))


def test_an_address_that_nobody_asks_any_more_is_forgotten(archive):
    archive.answers.keep(ADDRESS, answer(at=LONG_AGO))
    archive.answers.keep("https://example.org/other", answer())
    assert archive.answers.find(ADDRESS) is None


def test_a_damaged_answer_is_none(archive, stores):
    archive.answers.keep(ADDRESS, answer())
    zero = "x'00'" if stores.kind == "sqlite" else "'\\x00'"
    stores.execute("archive", f"UPDATE answers SET content = {zero}")
    assert archive.answers.find(ADDRESS) is None


class Asking:
    """An address that gives the answers of a script, asked through a server on loopback."""

    def __init__(self, hub, archive):
        self.hub, self.now = hub, NOW
        self.reach = replace(reach(hub), answers=archive.answers, now=lambda: self.now)

    def get(self, *script, **how):
        self.hub.script = deque(script)
        url = f"{self.hub.endpoint}/feed"
        return conditional.get(url, self.reach, lambda headers, answers: self.ask(url, headers, answers), **how)

    def ask(self, url, headers, answers):
        return http.get(self.reach.client, url, patience=self.reach.patience, headers=headers, answers={*answers, 400})

    @property
    def conditions(self):
        """What the last request made conditions of."""
        said = self.hub.asked[-1].headers
        return said.get("if-none-match"), said.get("if-modified-since")


@pytest.fixture
def asking(archive):
    with HuggingFace() as hub:
        yield Asking(hub, archive)


TAGGED = {"ETag": '"one"', "Last-Modified": "Mon, 02 Mar 2026 07:00:00 GMT"}


def test_what_has_not_changed_is_not_sent_again(asking):
    assert b"a feed" == asking.get(says(b"a feed", 200, TAGGED)).body
    assert (None, None) == asking.conditions
    unchanged = asking.get(says(b"", 304))
    assert (200, b"a feed") == (unchanged.status, unchanged.body)
    assert ('"one"', "Mon, 02 Mar 2026 07:00:00 GMT") == asking.conditions


def test_what_has_changed_is_kept_in_its_place(asking):
    asking.get(says(b"a feed", 200, TAGGED))
    assert b"a newer feed" == asking.get(says(b"a newer feed", 200, {"ETag": 'W/"two"'})).body
    assert b"a newer feed" == asking.get(says(b"", 304)).body
    assert ('W/"two"', None) == asking.conditions


def test_an_answer_that_says_nothing_of_itself_is_asked_for_whole_each_time(asking):
    for _ in range(2):
        assert b"a feed" == asking.get(says(b"a feed")).body
        assert (None, None) == asking.conditions


def test_within_its_time_an_address_is_not_asked_again(asking):
    asking.get(says(b"a feed"), fresh_for=HOUR)
    asking.now = NOW + HOUR / 2
    assert b"a feed" == asking.get(fresh_for=HOUR).body
    assert 1 == len(asking.hub.asked)
    asking.now = NOW + HOUR
    assert b"a newer feed" == asking.get(says(b"a newer feed"), fresh_for=HOUR).body


def test_a_clock_that_went_back_asks(asking):
    asking.get(says(b"a feed"), fresh_for=HOUR)
    asking.now = NOW - timedelta(days=400)
    assert b"a newer feed" == asking.get(says(b"a newer feed"), fresh_for=HOUR).body


def test_another_status_that_is_understood_comes_back_and_is_not_kept(asking):
    refused = asking.get(says(b"no", 400, TAGGED))
    assert (400, b"no") == (refused.status, refused.body)
    asking.get(says(b"a feed"))
    assert (None, None) == asking.conditions


def test_a_failure_leaves_what_is_known(asking):
    asking.get(says(b"a feed", 200, TAGGED))
    with pytest.raises(SourceError, match="HTTP 403"):
        asking.get(says(b"no", 403))
    assert b"a feed" == asking.get(says(b"", 304)).body


def test_an_unheard_of_not_modified_is_a_failure(asking):
    with pytest.raises(SourceError, match="HTTP 304"):
        asking.get(says(b"", 304))


def test_a_validator_that_could_not_be_sent_back_is_ignored(asking):
    asking.get(says(b"a feed", 200, {"ETag": '"' + "x" * 2000 + '"'}))
    asking.get(says(b"a feed"))
    assert (None, None) == asking.conditions


def test_without_a_memory_everything_is_asked_for():
    with HuggingFace() as hub:
        hub.script.append(says(b"a feed", 200, TAGGED))
        where = reach(hub)
        got = conditional.get(
            hub.endpoint, where, lambda headers, _: http.get(where.client, hub.endpoint, patience=where.patience)
        )
    assert b"a feed" == got.body
