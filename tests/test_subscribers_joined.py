"""The subscribers' files and the database: imports of people who agreed, exports of both, and what readers chose."""

import json
from datetime import UTC, date, datetime

import pytest

from newsletter.__main__ import run
from newsletter.app import open_app
from newsletter.models import Cadence, Subscriber
from newsletter.readers.consents import Circumstances
from newsletter.settings import load
from newsletter.subscribers import read
from tests.homes import SECRET

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
FILE = """\
subscribers:
  - email: ada@example.org   # since March
    cadence: daily
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("NEWSLETTER_HOME", str(tmp_path))
    monkeypatch.setenv("NEWSLETTER_SECRET", SECRET)
    (tmp_path / "subscribers.yaml").write_text(FILE)
    return tmp_path


@pytest.fixture
def say(home, capsys):
    def say(*words: str, code: int = 0) -> str:
        """What `newsletter subscribers ...` says, on both streams."""
        assert code == run(["subscribers", *words])
        said = capsys.readouterr()
        return said.out + said.err

    return say


def opened(home):
    return open_app(load(home, {"NEWSLETTER_SECRET": SECRET}), lambda: AT)


def test_people_who_agreed_elsewhere_are_taken_into_the_database_with_how_they_did(home, say):
    table = home / "people.csv"
    table.write_text(
        "email,timezone,interests\nbo@example.org,Asia/Tokyo,Flows\nbroken,,\nBO@example.org,,\ncy@example.org,,\n"
    )
    told = say("import", str(table), "--consent", "a box at the stand, May 2026", code=1)
    assert f"{table}:3: email: 'broken' is not an address: it has no @\n" in told
    assert f"{table}:4: BO@example.org is on line 2 already\n" in told
    assert "sign-ups: 2 new, 0 known before, 2 left out\n" in told
    assert {"new": 0, "known": 2, "erased": 0, "left_out": 2} == json.loads(
        say("import", str(table), "--json", "--consent", "again", code=1).split(f"{table}")[0]
    )
    with opened(home) as app:
        bo = app.roster().named("bo@example.org")
        assert ("Asia/Tokyo", ["Flows"]) == (bo.timezone, [one.name for one in bo.interests])
    assert FILE == (home / "subscribers.yaml").read_text()
    assert "--consent: say how they agreed" in say("import", str(table), "--consent", " ", code=2)


def test_an_export_has_both_the_file_and_the_sign_ups(home, say):
    with opened(home) as app:
        app.signups.take_in([Subscriber("", "bo@example.org")], AT, Circumstances("import", "agreed"))
    exported = json.loads(say("export", "--json"))
    assert ["ada@example.org", "bo@example.org"] == [one["email"] for one in exported]


def test_what_a_reader_chose_is_shown_adopted_and_then_in_the_file_alone(home, say):
    with opened(home) as app:
        app.overrides.change("ada@example.org", AT, {"cadence": Cadence("weekly", 4), "paused_until": date(2999, 1, 1)})
        app.overrides.change("who@left.org", AT, {"timezone": "UTC"})
    assert "+    cadence: weekly friday\n" in say("diff", code=1)
    [told] = json.loads(say("diff", "--json", code=1))
    assert {"file": "daily", "chosen": "weekly friday"} == told["changed"]["cadence"]
    said = "cadence: daily -> weekly friday; paused_until: none -> 2999-01-01"
    assert said in "; ".join(sorted(say("adopt", "ada@example.org").split("  ")[1].strip().split("; ")))
    assert (Cadence("weekly", 4), date(2999, 1, 1)) == (
        read(home / "subscribers.yaml")[0].cadence,
        read(home / "subscribers.yaml")[0].paused_until,
    )
    assert "ada@example.org   # since March" in (home / "subscribers.yaml").read_text()
    with opened(home) as app:
        assert {"who@left.org"} == {key for key, _ in app.overrides.each()}
    assert "" == say("diff")
    assert "nobody changed anything that is not in the file" in say("adopt")


def test_only_who_is_named_is_adopted(home, say):
    (home / "subscribers.yaml").write_text(FILE + "  - email: bo@example.org\n")
    with opened(home) as app:
        for key in ("ada@example.org", "bo@example.org"):
            app.overrides.change(key, AT, {"timezone": "Asia/Tokyo"})
    say("adopt", "bo@example.org")
    assert ["UTC", "Asia/Tokyo"] == [one.timezone for one in read(home / "subscribers.yaml")]
    assert "no subscriber 'cy@example.org'" in say("adopt", "cy@example.org", code=2)
