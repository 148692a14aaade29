"""What is in doubt waits for a person, who says what became of it."""

import json

import pytest

from newsletter.ledger import Ledger
from newsletter.models import Receipt, Uncertain
from newsletter.readers.suppressions import Suppressions
from tests.homes import Home, invented_day, make_home, readers
from tests.servers.smtp import running
from tests.stores import waiting
from tests.test_ledger import DAY, NOW, claim, key, planned, send, states


@pytest.fixture
def ledger(stores):
    database = Ledger.open(stores.url("newsletter"))
    ledger = Ledger(database, "here")
    ledger.plan([planned("ada"), planned("bo")], NOW)
    send(ledger, Uncertain("no answer after the final dot"), in_doubt="hold")
    yield ledger
    database.close()


@pytest.mark.parametrize(
    ("finding", "state", "seen"),
    [("arrived", "submitted", True), ("again", "pending", True), ("give up", "failed", False)],
)
def test_a_person_settles_what_is_in_doubt_once(ledger, finding, state, seen):
    assert [{key()}, set()] == [ledger.resolve([key()], finding, NOW) for _ in range(2)]
    assert {"pending": 2} == states(ledger) if state == "pending" else {state: 1, "pending": 1} == states(ledger)
    assert seen == bool(ledger.seen(["regular"], ["ada"]).get("ada"))


def test_only_what_is_in_doubt_can_be_resolved(ledger):
    assert set() == ledger.resolve([key("bo"), key("nobody")], "arrived", NOW)
    assert {"pending": 1, "uncertain": 1} == states(ledger)


def test_a_doubt_says_who_when_where_and_what_was_last_said(ledger):
    [one] = ledger.doubts("regular")
    assert (key(), "ada@example.org", NOW) == (one.key, one.address, one.since)
    assert ("smtp", "<ada@x>", "no answer after the final dot") == (one.provider, one.message_id, one.reason)
    assert [] == ledger.doubts("rehearsal")
    assert [one] == ledger.doubts("regular", DAY)


def test_sent_again_it_is_the_same_edition_and_not_for_who_has_said_no(ledger):
    ledger.resolve([key()], "again", NOW)
    [ada, _] = waiting(ledger, NOW, "regular")
    assert ada.claim == claim()
    Suppressions(ledger._db).add("ada@example.org", "unsubscribed", NOW)
    assert set() == ledger.claim([ada.claim], "smtp", NOW)
    assert {"uncertain": 1, "pending": 1} == states(ledger)


def test_an_answer_that_comes_after_a_person_gave_up_is_true_all_the_same(ledger):
    ledger.resolve([key()], "give up", NOW)
    ledger.step([(key(), Receipt("250 ok"))], [], "", NOW)
    assert {"submitted": 1, "pending": 1} == states(ledger)


# -- on the command line


@pytest.fixture
def held(tmp_path):
    """A home with three deliveries in doubt, and the server."""
    with running(tmp_path / "log") as sink:
        home = make_home(tmp_path / "home", provider=f"smtp://127.0.0.1:{sink.port}?connections=4&timeout=2")
        home = Home(home.path, {**home.environment, "NEWSLETTER_IN_DOUBT": "hold"})
        home.day("2026-03-03", invented_day("2026-03-03", 10))
        home.subscribers(readers(["ada", "hang", "hang+1", "hang+2"]))
        home.run("send", "--date", "2026-03-03", code=1)
        yield home


def test_resolve_lists_until_nothing_is_left(held):
    told = held.run("resolve", code=1)
    assert "hang@example.org  2026-03-03  since 20" in told
    assert "  no answer after the final dot: timed out\n" in told
    assert "3 in doubt: did they arrive?" in told
    listed = json.loads(held.run("resolve", "--json", code=1))
    assert {"hang@example.org", "hang+1@example.org", "hang+2@example.org"} == {one["address"] for one in listed}
    assert all(one["message_id"] in told and one["provider"] == "smtp" for one in listed)

    told = held.run("resolve", "--arrived", "HANG@example.org", code=1)
    assert "hang@example.org  2026-03-03  counts as submitted\n2 still in doubt" in told
    assert "nothing is in doubt for hang@example.org" in held.run(
        "resolve", "--give-up", "hang+1@example.org", "hang@example.org", code=2
    )
    assert "1 still in doubt" in held.run("resolve", "--again", "hang+1@example.org", code=1)
    assert "nothing is in doubt" in held.run("resolve", "--give-up", "--all")
    assert "nothing is in doubt" in held.run("resolve")
    status = held.status()
    assert (4, 2, 1, 1) == tuple(status[name] for name in ("audience", "submitted", "pending", "failed"))


@pytest.mark.parametrize(
    "arguments",
    [["--all"], ["ada@example.org"], ["--arrived"], ["--arrived", "--all", "ada@example.org"]],
    ids=" ".join,
)
def test_a_finding_and_whom_it_is_about_belong_together(tmp_path, arguments):
    assert "name what you found" in make_home(tmp_path / "home").run("resolve", *arguments, code=2)
