"""Alarms: when they are raised, that they are said once, and mailed once a day."""

import logging
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from newsletter import watch
from newsletter.alarms import NAMES, STUCK, Alarm, Signs, measures, raised
from newsletter.app import open_app
from newsletter.ledger import Ledger
from newsletter.models import Receipt, Refused, TryLater, Uncertain
from newsletter.settings import ensure_secret, load
from tests.homes import invented_day, make_home, readers, text_of
from tests.servers.smtp import running
from tests.test_ledger import DAY, NOW, after_the_lease, claim, key, planned, send

THREE_DAYS = timedelta(days=3)
LATER = NOW + timedelta(hours=1)


def names(signs, now=NOW, alarm_after=THREE_DAYS):
    return [alarm.name for alarm in raised(signs, now, alarm_after)]


# -- the decision


def test_nothing_is_no_alarm():
    assert () == raised(Signs(), NOW, THREE_DAYS)
    assert dict.fromkeys(NAMES, 0) == measures(())


def test_what_was_accepted_twice_and_what_is_held_are_alarms_at_once():
    found = raised(Signs(twice=(2, DAY), doubtful=(1, NOW)), NOW, THREE_DAYS)
    assert ["accepted twice", "in doubt"] == [alarm.name for alarm in found]
    assert {"accepted twice": 2, "in doubt": 1, "no progress": 0, "no source": 0, "nothing sent": 0} == measures(found)
    assert all("newsletter " in alarm.text and "\n" not in alarm.text for alarm in found), "each names its cure"


@pytest.mark.parametrize(
    ("signs", "after", "expected"),
    [
        (Signs(overdue=(5, NOW)), STUCK, ["no progress"]),
        (Signs(overdue=(5, NOW)), STUCK - timedelta(seconds=1), []),
        (Signs(overdue=(5, NOW), settled_at=NOW + timedelta(minutes=20)), STUCK, []),
        (Signs(overdue=(5, NOW), settled_at=NOW + timedelta(minutes=20)), timedelta(minutes=50), ["no progress"]),
        (Signs(overdue=(5, NOW), stopped=True), timedelta(days=1), []),
    ],
)
def test_waiting_is_an_alarm_when_nobody_asked_for_it_and_nothing_moves(signs, after, expected):
    assert expected == names(signs, NOW + after)


@pytest.mark.parametrize(("now", "expected"), [("2026-03-05T23:59", []), ("2026-03-06T00:00", ["nothing sent"])])
def test_three_days_in_which_nobody_was_sent_what_was_due_are_an_alarm(now, expected):
    assert expected == names(Signs(unserved=(7, date(2026, 3, 3))), datetime.fromisoformat(now).replace(tzinfo=UTC))


# -- what the ledger says


def test_a_quiet_ledger_has_no_signs(ledger):
    assert Signs() == ledger.signs("regular", NOW)
    ledger.plan([planned(), planned("bo", skip="paused until 2026-04-01")], NOW)
    send(ledger, Receipt("250 ok"))
    assert Signs() == ledger.signs("regular", LATER)


def test_who_waits_is_overdue_from_their_next_attempt_on(ledger):
    ledger.plan([planned("ada"), planned("bo"), planned("cy")], NOW)
    send(ledger, TryLater("451 later", timedelta(minutes=40)), "ada")
    send(ledger, Receipt("250 ok"), "cy", at=NOW + timedelta(minutes=5))
    signs = ledger.signs("regular", NOW + timedelta(minutes=35))
    assert ((1, NOW), NOW + timedelta(minutes=5)) == (signs.overdue, signs.settled_at)
    assert (2, NOW) == ledger.signs("regular", LATER).overdue
    assert ["no progress"] == names(ledger.signs("regular", LATER), LATER)
    ledger.stop(LATER)
    assert [] == names(ledger.signs("regular", LATER), LATER)


def test_what_hangs_half_sent_is_overdue_too(ledger):
    ledger.plan([planned()], NOW)
    ledger.claim([claim()], "smtp", NOW)
    ledger.step([], [key()], "b1", NOW)
    assert ["no progress"] == names(ledger.signs("regular", LATER), LATER)


def test_what_is_held_is_doubtful_since_then(ledger):
    ledger.plan([planned()], NOW)
    send(ledger, Uncertain("no answer"), in_doubt="hold")
    assert (1, NOW) == ledger.signs("regular", LATER).doubtful
    assert Signs() == ledger.signs("rehearsal", LATER)


def test_editions_that_no_source_answered_for_are_an_alarm_for_a_day(ledger):
    ledger.plan([planned(skip="no source answered"), planned("bo", skip="quiet")], NOW)
    assert (1, DAY) == ledger.signs("regular", NOW).sourceless
    assert "no source" in names(ledger.signs("regular", NOW + timedelta(days=1)), NOW)
    assert ledger.signs("regular", NOW + timedelta(days=2)).sourceless is None


def test_days_without_any_edition_are_counted_from_the_first_that_was_due(ledger):
    for days in range(4):
        day = DAY + timedelta(days=days)
        ledger.plan(
            [planned("ada", day=day, skip="quiet"), planned("bo", day=day, skip="paused until 2026-04-01")], NOW
        )
    assert (4, DAY) == ledger.signs("regular", NOW).unserved
    served = DAY + timedelta(days=1)
    ledger.plan([planned("cy", day=served)], NOW)
    claimed = claim("cy", day=served)
    ledger.claim([claimed], "smtp", NOW)
    ledger.step([], [claimed.key], "b", NOW)
    ledger.step([(claimed.key, Receipt("ok"))], [], "", NOW)
    assert (2, DAY + timedelta(days=2)) == ledger.signs("regular", NOW).unserved


def taken_over(database, ledger, stores):
    """A second process that hands over the message which the first one has handed over already."""
    ledger.plan([planned()], NOW)
    ledger.claim([claim()], "smtp", NOW)
    ledger.step([], [key()], "b1", NOW)
    later, other = after_the_lease(stores), Ledger(database, "elsewhere")
    other.recover(later, "resend", alone=False)
    other.claim([claim()], "smtp", later)
    other.step([], [key()], "b2", later)
    return other, later


@pytest.mark.parametrize("first_to_hear", ["here", "elsewhere"])
def test_two_processes_that_were_both_told_so_are_two_accepts(database, ledger, stores, first_to_hear):
    other, later = taken_over(database, ledger, stores)
    for one in (ledger, other) if first_to_hear == "here" else (other, ledger):
        one.step([(key(), Receipt("250 ok"))], [], "", later)
    [person] = ledger.people("regular", DAY, ["submitted"])
    assert 2 == person.accepts
    assert (1, DAY) == ledger.signs("regular", NOW).twice
    assert ledger.signs("regular", NOW + timedelta(days=7)).twice is None, "after a week nothing can be done about it"


@pytest.mark.parametrize("outcome", [Refused("550 5.1.1 unknown", bad_address=True), TryLater("451"), Uncertain("?")])
def test_what_one_process_was_told_stays_true_whatever_the_other_hears(database, ledger, stores, outcome):
    other, later = taken_over(database, ledger, stores)
    ledger.step([(key(), Receipt("250 ok"))], [], "", later)
    other.step([(key(), outcome)], [], "", later)
    [person] = ledger.people("regular", DAY, ["submitted"])
    assert ("250 ok", 1) == (person.receipt, person.accepts)


def test_what_one_process_was_told_survives_the_others_death(database, ledger, stores):
    _, later = taken_over(database, ledger, stores)
    ledger.step([(key(), Receipt("250 ok"))], [], "", later)
    assert 0 == Ledger(database, "third").recover(after_the_lease(stores) + timedelta(hours=1), "resend", alone=True)
    assert 1 == ledger.account("regular", DAY).counts["submitted"]


def test_an_answer_that_comes_after_the_second_attempt_was_refused_is_true_all_the_same(database, ledger, stores):
    other, later = taken_over(database, ledger, stores)
    other.step([(key(), Refused("554 5.6.0 no"))], [], "", later)
    ledger.step([(key(), Receipt("250 ok"))], [], "", later)
    assert 1 == ledger.account("regular", DAY).counts["submitted"]


# -- telling the operator


def test_an_alarm_is_told_by_one_process_once_a_day(database, ledger):
    other, day = Ledger(database, "elsewhere"), timedelta(days=1)
    said = [one.tell("in doubt", NOW, NOW + day) for one in (ledger, other, ledger)]
    assert [True, False, False] == said
    assert [True, False] == [other.tell("in doubt", NOW + day, NOW + 2 * day) for _ in range(2)]
    ledger.tell_again("in doubt", NOW + day)
    assert ledger.tell("in doubt", NOW + day, NOW + 2 * day)
    assert ledger.tell("no progress", NOW, NOW + day)


class Clock:
    def __init__(self):
        self.now = datetime(2026, 3, 7, 12, tzinfo=UTC)

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def opened(tmp_path, clock, provider="file:outbox"):
    home = make_home(tmp_path / "home", provider=provider)
    (home.path / "subscribers.yaml").write_text(readers(["ada"]))
    settings = load(home.path, {**home.environment, "NEWSLETTER_OPERATOR": "ops@example.org"})
    return open_app(ensure_secret(settings), clock)


def hold(app):
    """A delivery that waits for a person."""
    row = key(occasion=app.occasion)
    app.ledger.plan([planned(key=row, day=clock_day(app), give_up_at=app.clock() + timedelta(days=1))], app.clock())
    held = claim()
    object.__setattr__(held, "key", row)
    app.ledger.claim([held], "smtp", app.clock())
    app.ledger.step([], [row], "b", app.clock())
    app.ledger.step([(row, Uncertain("no answer"))], [], "", app.clock(), "hold")


def clock_day(app):
    return app.clock().date()


def look_twice(app):
    watching = watch.Watch(app)
    watching.look()
    watching.look()


def test_what_is_over_by_the_second_look_was_no_alarm(tmp_path, clock, caplog):
    with opened(tmp_path, clock) as app:
        hold(app)
        watching = watch.Watch(app)
        watching.look()
        app.ledger.resolve([key(occasion=app.occasion)], "arrived", clock())
        watching.look()
        assert not (app.settings.home / "outbox").exists()
    assert "alarm" not in caplog.text


def test_an_alarm_is_one_line_in_the_log_when_it_begins_and_one_when_it_is_over(tmp_path, clock, caplog):
    caplog.set_level(logging.WARNING)
    with opened(tmp_path, clock) as app:
        hold(app)
        watching = watch.Watch(app)
        for _ in range(4):
            watching.look()
        app.ledger.resolve([key(occasion=app.occasion)], "arrived", clock())
        watching.look()
    said = [record.getMessage().partition(" held")[0] for record in caplog.records]
    assert ["alarm: in doubt: 1 edition", "alarm over: in doubt"] == said


def test_an_alarm_is_mailed_once_a_day_across_restarts_and_is_in_nobodys_account(tmp_path, clock):
    with running(tmp_path / "log") as sink:
        for _ in range(3):
            with opened(tmp_path, clock, f"smtp://127.0.0.1:{sink.port}") as app:
                if not sink.received():
                    hold(app)
                look_twice(app)
                assert 1 == app.ledger.account(app.occasion).audience
        assert ["ops@example.org"] == [one.recipient for one in sink.received()]
        clock.now += timedelta(days=1)
        with opened(tmp_path, clock, f"smtp://127.0.0.1:{sink.port}") as app:
            look_twice(app)
        assert 2 == len(sink.received())


def test_a_mail_to_the_operator_says_what_is_wrong_and_the_cure(tmp_path, clock):
    with opened(tmp_path, clock) as app:
        hold(app)
        look_twice(app)
        [mail] = (app.settings.home / "outbox").glob("*.eml")
    text = " ".join(text_of(mail.read_bytes()).split())
    assert "Subject: Alarm: in doubt (Daily Papers)" in mail.read_text()
    assert "1 edition held for a person since 2026-03-07 12:00 UTC; `newsletter resolve`" in text
    assert "Auto-Submitted: auto-generated" in mail.read_text()


def test_a_provider_that_does_not_take_the_mail_is_asked_again_an_hour_later(tmp_path, clock, caplog):
    with opened(tmp_path, clock) as app:
        hold(app)
        outbox = app.settings.home / "outbox"
        outbox.write_text("a file stands where the folder should be")
        watching, failures = watch.Watch(app), []
        for _ in range(80):
            caplog.clear()
            watching.look()
            if "could not be mailed" in caplog.text:
                failures.append(clock.now)
            clock.now += timedelta(minutes=1)
        assert [timedelta(hours=1)] == [after - before for before, after in pairwise(failures)]
        outbox.unlink()
        clock.now += timedelta(hours=1)
        watching.look()
        assert 1 == len(list(outbox.iterdir()))


def test_nobody_is_mailed_where_no_operator_is_set(tmp_path, clock):
    home = make_home(tmp_path / "home")
    with open_app(ensure_secret(load(home.path, home.environment)), clock) as app:
        hold(app)
        look_twice(app)
        assert not (app.settings.home / "outbox").exists()


def test_status_says_alarms_and_exits_with_one(tmp_path):
    home = make_home(tmp_path / "home")
    home.day("2026-03-03", invented_day("2026-03-03", 5))
    home.subscribers(readers(["ada"], ["a subject that no paper has"]))
    home.run("send", "--date", "2026-03-03")
    told = home.run("status", code=1)
    assert "alarm: nothing sent: nobody was sent an edition since 2026-03-03, though 1 was due; " in told
    [alarm] = home.status()["alarms"]
    assert ("nothing sent", 1, "2026-03-03") == (alarm["name"], alarm["number"], alarm["since"])
    assert "alarm" not in home.run("status", NEWSLETTER_ALARM_AFTER="366 days")


def test_an_alarm_can_be_read_by_programs():
    assert {"name", "number", "since", "text"} == set(Alarm.__slots__)
