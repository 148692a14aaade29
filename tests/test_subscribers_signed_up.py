"""The commands on who signed up: an operator sees and changes them as they do who stands in the files."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta

import pytest

from newsletter.__main__ import run
from newsletter.models import Cadence
from newsletter.readers.consents import Circumstances
from newsletter.readers.signups import PAGE
from tests.homes import make_home
from tests.test_signups import FORM, LINK, confirmed, wish

NOW = datetime(2026, 3, 3, 9, 30, tzinfo=UTC)
FILE = """\
subscribers:
  - email: ada@example.org
    interests: [Robots]

  - {email: bo@example.org, id: bo, cadence: weekly friday, exclude: [survey]}
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    home = make_home(tmp_path / "home")
    home.subscribers(FILE)
    for name in ("NEWSLETTER_HOME", "NEWSLETTER_SECRET"):
        monkeypatch.setenv(name, home.environment[name])
    return home


@pytest.fixture
def app(home):
    with home.app(NOW) as app:
        yield app


@pytest.fixture
def cy(app):
    return confirmed(app.signups, "cy@example.net", NOW, timezone="Asia/Tokyo", cadence=Cadence("weekdays"))


@pytest.fixture
def say(home, capsys):
    def say(*words: str, code: int = 0) -> str:
        """What `newsletter subscribers ...` says, on both streams."""
        assert code == run(["subscribers", *words])
        said = capsys.readouterr()
        return said.out + said.err

    return say


def rows(told: str) -> list[list[str]]:
    """The columns of what `list` says."""
    return [[cell for cell in re.split(" {2,}", row) if cell] for row in told.splitlines()]


def test_everybody_is_listed_with_where_they_stand_and_how_it_stands_with_them(app, cy, say):
    app.signups.ask(wish("di@example.net"), NOW, FORM)
    confirmed(app.signups, "eve@example.net", NOW)
    app.signups.leave("eve@example.net", NOW, LINK)
    confirmed(app.signups, "fay@example.net", NOW, paused_until=date(2999, 1, 1))
    confirmed(app.signups, "gil@example.net", NOW)
    app.suppressions.add("gil@example.net", "bounced", NOW)
    app.suppressions.add("bo@example.org", "complained", NOW)
    told = rows(say("list"))
    assert [
        ["subscribers.yaml:2", "ada@example.org", "confirmed", "daily 08:00 UTC", "Robots"],
        ["subscribers.yaml:5", "bo@example.org", "complained", "weekly friday 08:00 UTC", "trending only"],
    ] == told[:2]
    assert [
        ["signed up", "cy@example.net", "confirmed", "weekdays 08:00 Asia/Tokyo", "rivers"],
        ["signed up", "di@example.net", "unconfirmed", "daily 08:00 UTC", "rivers"],
        ["signed up", "eve@example.net", "unsubscribed", "daily 08:00 UTC", "rivers"],
        ["signed up", "fay@example.net", "paused until 2999-01-01", "daily 08:00 UTC", "rivers"],
        ["signed up", "gil@example.net", "bounced", "daily 08:00 UTC", "rivers"],
    ] == sorted(told[2:], key=lambda row: row[1])


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("unconfirmed", ["di@example.net"]),
        ("unsubscribed", ["bo@example.org", "eve@example.net"]),
        ("confirmed", ["ada@example.org", "cy@example.net"]),
    ],
)
def test_those_of_one_status_can_be_listed(app, cy, say, status, expected):
    app.signups.ask(wish("di@example.net"), NOW, FORM)
    confirmed(app.signups, "eve@example.net", NOW)
    for address in ("eve@example.net", "bo@example.org"):
        app.signups.leave(address, NOW, LINK)
    assert expected == [row[1] for row in rows(say("list", "--status", status))]
    assert expected == [one["email"] for one in json.loads(say("list", "--status", status, "--json"))]


def test_who_stands_in_the_file_and_signed_up_is_listed_once(app, say):
    confirmed(app.signups, "Ada@example.org", NOW)
    assert ["ada@example.org", "bo@example.org"] == [row[1] for row in rows(say("list"))]
    assert "  signed up too (confirmed), and reads as the file says as long as they stand in it\n" in say(
        "show", "ada@example.org"
    )


def test_more_than_a_page_of_them_is_one_list_of_json(app, say):
    app.signups.take_in((wish(f"a{n}@example.net") for n in range(PAGE + 1)), NOW, Circumstances("import", "a box"))
    told = json.loads(say("list", "--json"))
    assert (PAGE + 3, "signed up", "confirmed") == (len(told), told[-1]["from"], told[-1]["status"])
    assert PAGE + 3 == len(say("list").splitlines())


def test_nobody_at_all_is_an_empty_list(home, say):
    home.subscribers("subscribers: []\n")
    assert "" == say("list")
    assert [] == json.loads(say("list", "--json"))


def test_a_sign_up_is_shown_with_what_they_agreed_to(app, cy, say):
    app.suppressions.add("cy@example.net", "bounced", NOW + timedelta(days=1), "550 no such user")
    assert """\
cy@example.net <cy@example.net>
  signed up, confirmed
  asked 2026-03-03 09:30 UTC, confirmed 2026-03-03 09:30 UTC
  not written to: bounced on 2026-03-04 09:30 UTC, 550 no such user
  weekdays at 08:00 Asia/Tokyo
  at most 12 papers, 3 of them trending
  rivers (normal, weight 1)
    keywords: river
  what they said:
    2026-03-03 09:30 UTC  asked (form: I want a mail every day, and can unsubscribe whenever I like.)
    2026-03-03 09:30 UTC  written (form)
    2026-03-03 09:30 UTC  confirmed (link: Yes, send it to me.)
""" == say("show", "CY@example.net")
    told = json.loads(say("show", cy.key, "--json"))
    assert ("signed up", "confirmed", "bounced") == (told["from"], told["status"], told["suppressed"]["reason"])
    assert ["asked", "written", "confirmed"] == [one["what"] for one in told["consents"]]


def test_who_has_not_confirmed_is_shown_with_what_they_asked_for(app, say):
    app.signups.ask(wish("di@example.net"), NOW, FORM)
    told = say("show", "di@example.net")
    assert "  signed up, unconfirmed\n  asked 2026-03-03 09:30 UTC, not confirmed\n" in told
    assert "  rivers (normal, weight 1)\n" in told


def test_what_a_reader_of_the_file_changed_on_the_web_is_marked(app, say):
    app.overrides.change("bo", NOW, {"paused_until": date(2999, 12, 24), "cadence": Cadence(), "exclude": ()})
    told = say("show", "bo")
    assert "  daily at 08:00 UTC, by the reader on the web (the file: weekly friday at 08:00 UTC)\n" in told
    assert "  paused until 2999-12-24, by the reader on the web (the file: not paused)\n" in told
    assert "  never: nothing, by the reader on the web (the file: survey)\n" in told
    assert {"paused_until": "2999-12-24", "cadence": "daily", "exclude": []} == json.loads(say("show", "bo", "--json"))[
        "changed"
    ]
    assert "subscribers.yaml:5  bo@example.org   paused until 2999-12-24  daily" in say("list")


def test_a_pause_that_is_over_is_said_to_be(app, say):
    confirmed(app.signups, "cy@example.net", NOW, paused_until=date(2026, 1, 1))
    assert "  paused until 2026-01-01 (over)\n" in say("show", "cy@example.net")
    assert "confirmed" == rows(say("list"))[-1][2]


def test_a_sign_up_is_paused_and_resumed(app, cy, say):
    assert "signed up: cy@example.net  paused until 2999-12-24\n" == say(
        "pause", "CY@example.net", "--until", "2999-12-24"
    )
    assert date(2999, 12, 24) == app.signups.get(cy.key).subscriber.paused_until
    assert "signed up: cy@example.net  paused until resumed\n" == say("pause", cy.key)
    assert "signed up: cy@example.net  gets editions again\n" == say("resume", "cy@example.net")
    assert None is app.signups.get(cy.key).subscriber.paused_until
    assert "signed up: cy@example.net  was not paused\n" == say("resume", "cy@example.net")
    said = [one.circumstances.how for one in app.consents.of(cy.key) if one.what == "changed"]
    assert ["command line"] * 3 == said
    told = {"email": "cy@example.net", "file": None, "line": None, "said": "paused until resumed"}
    assert told == json.loads(say("pause", "cy@example.net", "--json"))


def test_a_sign_up_that_is_removed_is_erased_and_comes_back_with_no_import(app, cy, home, say):
    app.feedback.give(cy.key, "2603.00001", "more", NOW)
    told = say("remove", "cy@example.net", "ada@example.org")
    assert "signed up: cy@example.net  erased; a hash that only this newsletter can compare keeps them out" in told
    assert "subscribers.yaml:2: ada@example.org  removed;" in told
    assert (None, {}) == (app.signups.get(cy.key), app.feedback.of([cy.key]))
    assert {"cy@example.net"} == app.signups.erased_among(["cy@example.net"])
    assert 1 == app.signups.take_in([wish("cy@example.net")], NOW, Circumstances("import", "a box")).erased


def test_who_is_taken_out_of_the_file_and_signed_up_reads_on_and_that_is_said(app, say):
    ada = confirmed(app.signups, "ada@example.org", NOW)
    assert "removed from the file; they signed up too, and read on as that: the same again erases it" in say(
        "remove", "ada@example.org"
    )
    assert "signed up: ada@example.org  erased" in say("remove", "ada@example.org")
    assert None is app.signups.get(ada.key)


def test_of_several_who_are_to_be_removed_nobody_goes_where_one_is_not_there(app, cy, say):
    assert "no subscriber 'nobody'" in say("remove", "cy@example.net", "ada@example.org", "nobody", code=2)
    assert None is not app.signups.get(cy.key)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["pause", "di@example.net"], "di@example.net has not confirmed and is sent nothing; `newsletter subscribers remove"),
        (["resume", "eve@example.net"], "eve@example.net said no and is sent nothing; only they take that back, by signing up"),
        (["edit", "cy@example.net"], "cy@example.net signed up, and changes themselves what they read: their page is behind"),
        (["edit", "zzz"], "no subscriber 'zzz'; `newsletter subscribers list`"),
        (["show", "aad@example.org"], "no subscriber 'aad@example.org'; did you mean ada@example.org?"),
        (["list", "--status", "confirmd"], "'confirmd' is not one of 'unconfirmed', 'confirmed', 'unsubscribed'"),
        (["pause", "bo"], "bo@example.org chose 'not paused' on the web, which wins over the file; `newsletter subscribers adopt"),
        (["resume", "bo"], "bo@example.org chose 'not paused' on the web"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_told_in_one_line_with_the_cure(app, cy, say, words, said):
    app.signups.ask(wish("di@example.net"), NOW, FORM)
    confirmed(app.signups, "eve@example.net", NOW)
    app.signups.leave("eve@example.net", NOW, LINK)
    app.overrides.change("bo", NOW, {"paused_until": None})
    told = say(*words, code=2)
    assert said in told
    assert 1 == len([line for line in told.splitlines() if line.strip() and not line.startswith(("Usage:", "Try "))])


def test_who_was_erased_by_themselves_and_stands_in_the_file_is_said_to_be(app, say):
    bo = confirmed(app.signups, "bo@example.org", NOW)
    app.signups.erase(bo.key, NOW, LINK)
    assert "erased" == rows(say("list"))[1][2]
    assert "  not written to: they had everything about them erased\n" in say("show", "bo")
