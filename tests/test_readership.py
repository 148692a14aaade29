"""Everybody who reads: the file, its readers' own changes, and who signed up, answered for as one roster."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest

from newsletter.ledger import Planned
from newsletter.ledger.book import ERASED
from newsletter.models import STATES, Cadence
from newsletter.readers.consents import Circumstances
from newsletter.readers.overrides import Overrides
from newsletter.readers.signups import Signups
from newsletter.readership import Readership
from newsletter.records import addressee, schedule_of
from newsletter.subscribers import roster
from tests.homes import SECRET, invented_day, make_home
from tests.stores import in_folder
from tests.test_ledger import DAY, NOW
from tests.test_signups import FORM, LINK, confirmed, wish

FILE = """\
subscribers:
  - {email: Bo@Example.org, send_at: "07:00"}
  - {email: cy@example.org, id: "7", paused_until: 2026-12-24, exclude: [survey]}
"""


@pytest.fixture
def signups(database):
    return Signups(database, [SECRET])


@pytest.fixture
def overrides(database):
    return Overrides(database)


@pytest.fixture
def everybody(tmp_path, overrides, signups):
    path = tmp_path / "subscribers.yaml"
    path.write_text(FILE)
    return Readership(roster(path), overrides, signups)


def names(pages):
    return [one.email for page in pages for one in page]


def test_without_sign_ups_and_changes_it_is_the_file(everybody):
    assert list(everybody.file) == list(everybody)
    assert everybody.file.schedules() == everybody.schedules()
    assert (everybody.file.looks(), 2) == (everybody.looks(), len(everybody))


def test_the_file_comes_first_and_then_who_signed_up(everybody, signups):
    ada = confirmed(signups)
    signups.ask(wish("eve@example.org"), NOW, FORM)
    assert ["Bo@example.org", "cy@example.org", "ada@example.org"] == names(everybody.pages())
    assert 3 == len(everybody)
    assert {"7", ada.key} == everybody.find(["7", ada.key, "nobody"]).keys()
    assert [ada.key, ada.key, "7", None] == [
        found and found.key for found in map(everybody.named, (ada.key, "ADA@example.org", "7", "eve@example.org"))
    ]


def test_who_stands_in_the_file_and_signed_up_is_one_reader(everybody, signups):
    bo = confirmed(signups, "bo@example.org")
    assert ["Bo@example.org", "cy@example.org"] == names(everybody.pages())
    assert (2, ["bo@example.org"]) == (len(everybody), list(everybody.twins()))
    assert {} == everybody.find([bo.key])
    assert ["Bo@example.org"] == names(everybody.on(everybody.schedules()))[:1]
    assert "bo@example.org" == everybody.named("BO@example.org").key


def test_what_a_reader_changed_wins_over_the_file_until_it_is_forgotten(everybody, overrides):
    changed = {"paused_until": None, "exclude": ("review",), "send_at": time(9, 30), "cadence": Cadence("weekly", 4)}
    overrides.change("7", NOW, changed)
    overrides.change("7", NOW, {"timezone": "Asia/Tokyo"})
    cy = everybody.find(["7"])["7"]
    assert (None, ("review",), time(9, 30), Cadence("weekly", 4), "Asia/Tokyo") == (
        *(getattr(cy, name) for name in changed),
        cy.timezone,
    )
    assert cy == everybody.named("7") == list(everybody)[1]
    assert [("7", {**changed, "timezone": "Asia/Tokyo"})] == list(overrides.each())
    assert (1, 0) == (overrides.forget(["7"]), overrides.forget(["7"]))
    assert everybody.file.find(["7"]) == everybody.find(["7"])


def test_who_changed_when_they_read_is_found_then_and_not_as_the_file_has_it(everybody, overrides):
    [before] = [one for one in everybody.schedules() if '"08:00:00"' in one]
    overrides.change("7", NOW, {"send_at": time(7, 0)})
    seven = schedule_of(everybody.find(["7"])["7"])
    assert ([], ["Bo@example.org", "cy@example.org"]) == (names(everybody.on([before])), names(everybody.on([seven])))
    overrides.change("7", NOW, {"send_at": time(6, 15)})
    moved = schedule_of(everybody.find(["7"])["7"])
    assert time(6, 15) == everybody.schedules()[moved].send_at
    assert ["cy@example.org"] == names(everybody.on([moved]))


def test_the_version_changes_with_the_file_and_with_its_readers_own_changes(everybody, overrides, signups):
    versions = [everybody.version()]
    for change in (
        lambda: overrides.change("7", NOW, {"paused_until": date(2026, 12, 1)}),
        lambda: overrides.forget(["7"]),
    ):
        change()
        versions.append(everybody.version())
    assert 3 == len(set(versions))
    mark = everybody.mark()
    ada = confirmed(signups)
    assert (versions[-1], [[addressee(ada.subscriber)]]) == (everybody.version(), list(everybody.since(mark)))


def test_who_had_everything_erased_is_not_written_to_though_the_file_has_them(everybody, signups):
    bo = confirmed(signups, "bo@example.org")
    signups.erase(bo.key, NOW, LINK)
    assert ["cy@example.org"] == names(everybody.pages())
    assert ({}, None, ["bo@example.org"]) == (
        everybody.find(["bo@example.org"]),
        everybody.named("bo@example.org"),
        list(everybody.erased()),
    )


# -- in a home


def test_check_tells_of_sign_ups_and_of_whom_the_file_has_too(tmp_path):
    home = make_home(tmp_path / "home")
    home.subscribers("subscribers: [{email: bo@example.org}, {email: cy@example.org}]")
    with home.app() as app:
        for address in ("ada@example.org", "bo@example.org"):
            confirmed(app.signups, address)
        app.erase(confirmed(app.signups, "cy@example.org").subscriber, LINK)
    told = home.run("check", code=None)
    assert "ok      subscribers: 2 subscribers, 0 interests\nok      sign-ups: 2 read\n" in told
    assert "ok      sign-ups: bo@example.org signed up and is in the file: one reader, as the file has them\n" in told
    assert "warning subscribers: cy@example.org is in the file, but had everything about them erased" in told


def test_of_who_is_erased_no_delivery_says_whose_it_was_and_the_account_stays(tmp_path):
    home = make_home(tmp_path / "home")
    home.day("2026-11-21", invented_day("2026-11-21", 10))
    home.subscribers("subscribers: []")
    with home.app() as app:
        ada = confirmed(app.signups).subscriber
    home.run("send", "--date", "2026-11-21")
    with home.app() as app:
        app.feedback.give(ada.key, "2603.00001", "more", app.clock())
        assert (ada.key, ada.email) == app.ledger.reader(app.reference(ada))
        for _ in range(2):
            app.erase(ada, LINK)
        [person] = app.ledger.people("rehearsal", date(2026, 11, 21), STATES)
        assert ("", "submitted") == (person.address, person.state)
        assert (None, {}) == (app.ledger.reader(app.reference(ada)), app.feedback.of([ada.key]))
    stores = in_folder(home.path)
    for (table,) in stores.execute("newsletter", "SELECT name FROM sqlite_master WHERE type = 'table'"):
        assert "ada@" not in str(stores.execute("newsletter", f"SELECT * FROM {table}")).lower()


def test_what_is_planned_for_who_is_erased_is_not_sent(tmp_path):
    home = make_home(tmp_path / "home")
    home.subscribers("subscribers: []")
    with home.app(NOW) as app:
        ada = confirmed(app.signups).subscriber
        who = [(ada.key, ada.email, app.reference(ada))]
        app.ledger.plan([Planned("2026-03-03", "rehearsal", DAY, DAY, "d", (DAY, NOW), NOW, who)], NOW)
        app.erase(ada, LINK)
        [person] = app.ledger.people("rehearsal", DAY, STATES)
        assert ("skipped", ERASED) == (person.state, person.reason)


def test_who_signed_up_gets_the_next_edition_and_who_left_none(tmp_path):
    home = make_home(tmp_path / "home")
    home.day("2026-11-21", invented_day("2026-11-21", 10))
    home.subscribers("subscribers: []")
    with home.app() as app:
        now = app.clock()
        said = Circumstances("import", "said so")
        taken = app.signups.take_in([wish(f"r{n}@example.org", trending=3) for n in range(5)], now, said)
        app.signups.leave("r3@example.org", now + timedelta(seconds=1), LINK)
        assert 5 == taken.new
    home.run("send", "--date", "2026-11-21")
    mails = [one.read_text() for one in (tmp_path / "home" / "outbox").rglob("*.eml")]
    assert {f"To: r{n}@example.org" for n in (0, 1, 2, 4)} == {
        line for mail in mails for line in mail.splitlines() if line.startswith("To: ")
    }
    assert not any("signup-" in mail for mail in mails)
