"""A new sender begins slowly: nobody is lost, nobody is written to twice, and no day has more than the plan allows."""

import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from newsletter.audience import Order
from newsletter.ledger import Key, Ledger
from newsletter.limits.plans import plan, today
from newsletter.limits.shipped import published
from newsletter.models import Receipt, TryLater
from newsletter.publish import publish
from newsletter.warmup import standing
from tests.homes import Home, invented_day, make_home, readers
from tests.servers.smtp import running
from tests.stores import waiting
from tests.test_ledger import DAY, NEXT_DAY, NOW, claim, key, planned, states

PLAN = plan("days: [3, 5]\ngmail: [1, 2]\n", "mine.yaml", ["gmail"])
FIRST_DAY = today(PLAN, None, NOW)
TOMORROW = NOW + timedelta(days=1)
SECOND_DAY = today(PLAN, NOW, TOMORROW)
MIDNIGHT = datetime(2026, 3, 4, tzinfo=UTC)
WEEK = NOW + timedelta(days=7)


def plan_held(ledger, *names, day=DAY, at=NOW, until=MIDNIGHT, **changes):
    ledger.plan([planned(name, day=day, held_until=until, give_up_at=WEEK, **changes) for name in names], at)


def ration(ledger, day=FIRST_DAY, at=NOW):
    found = ledger.rations().ration(day, at, "regular", published())
    return found.used, found.released, found.held


def let_go(ledger, at=NOW):
    return [one.key.subscriber for one in waiting(ledger, at, "regular")]


def hand_over(ledger, names, outcome, at=NOW, day=DAY):
    keys = [key(name, day.isoformat()) for name in names]
    ledger.claim([claim(name, day=day) for name in names], "smtp", at)
    assert set(keys) == ledger.step([], keys, "b1", at)
    ledger.step([(one, outcome) for one in keys], [], "", at)


def test_who_is_over_the_days_number_waits_until_the_next_day_and_the_account_adds_up(ledger):
    plan_held(ledger, "ada", "bo", "cy", "di", "eve")
    assert [] == let_go(ledger), "as planned nobody goes, also where a process ends here"
    assert (3, 3, 2) == ration(ledger)
    assert (3, 0, 2) == ration(ledger), "asked again nobody else goes"
    assert ["ada", "bo", "cy"] == let_go(ledger)
    account = ledger.account("regular", DAY)
    assert (5, {"pending": 5}) == (account.audience, states(ledger))
    assert {"pending: held back by warm-up until 2026-03-04": 2} == account.reasons


def test_what_was_handed_over_today_counts_whatever_became_of_it(ledger):
    plan_held(ledger, "ada", "bo", "cy", "di", "eve")
    ration(ledger)
    hand_over(ledger, ["ada"], Receipt("250"))
    hand_over(ledger, ["bo"], TryLater("450", timedelta(hours=20)))
    assert (3, 0, 2) == ration(ledger)


def test_who_turned_out_to_get_nothing_makes_room_for_somebody_else(ledger):
    plan_held(ledger, "ada", "bo", "cy", "di", "eve")
    ration(ledger)
    ledger.skip({key("ada"): "quiet: nothing new"}, NOW)
    assert (3, 1, 1) == ration(ledger)
    assert ["bo", "cy", "di"] == let_go(ledger)


def test_the_next_day_has_room_for_its_own_number_and_who_was_tried_before_is_among_them(ledger):
    plan_held(ledger, *(f"r{n}" for n in range(9)))
    ration(ledger)
    hand_over(ledger, ["r0", "r1"], Receipt("250"))
    hand_over(ledger, ["r2"], TryLater("450", timedelta(hours=20)))
    assert [] == let_go(ledger, MIDNIGHT - timedelta(hours=1))
    assert ["r2"] == let_go(ledger, MIDNIGHT + timedelta(hours=4)), "held back is held back however late it is"
    assert (5, 4, 2) == ration(ledger, SECOND_DAY, TOMORROW)
    assert ["r2", "r3", "r4", "r5", "r6"] == let_go(ledger, TOMORROW)
    assert {"pending: held back by warm-up until 2026-03-05": 2}.items() <= ledger.account(
        "regular", DAY
    ).reasons.items()


def test_who_is_held_back_is_nobody_whom_a_run_should_have_sent_to(ledger):
    plan_held(ledger, "ada", "bo", "cy", "di")
    ration(ledger)
    hand_over(ledger, ["ada", "bo", "cy"], Receipt("250"))
    assert ledger.signs("regular", MIDNIGHT + timedelta(hours=7)).overdue is None
    ledger.rations().release_all(MIDNIGHT, "regular")
    assert (1, MIDNIGHT) == ledger.signs("regular", MIDNIGHT + timedelta(hours=7)).overdue


def test_a_family_has_its_own_number_and_makes_room_for_others(ledger):
    plan_held(ledger, "ada", "bo", "cy", address="x@gmail.com")
    plan_held(ledger, "di", "eve", "flo")
    assert (3, 3, 3) == ration(ledger)
    assert ["ada", "di", "eve"] == let_go(ledger)
    assert {"gmail": 1, "others": 2} == ledger.rations().used(FIRST_DAY, "regular", published())


def test_who_has_waited_longest_for_an_edition_goes_first(ledger):
    plan_held(ledger, "ada", "bo", "cy", "di", "eve")
    ration(ledger)
    hand_over(ledger, ["ada", "bo", "cy"], Receipt("250"))
    ledger.skip({key(name): "quiet" for name in ("di", "eve")}, NOW)
    plan_held(ledger, "ada", "bo", "cy", "di", "eve", day=NEXT_DAY, at=TOMORROW, until=MIDNIGHT + timedelta(days=1))
    small = today(plan("days: [3, 3]", "p", []), NOW, TOMORROW)
    assert (3, 3, 2) == ration(ledger, small, TOMORROW)
    assert ["ada", "di", "eve"] == let_go(ledger, TOMORROW)


def test_of_two_editions_of_one_reader_the_earlier_goes_first(ledger):
    plan_held(ledger, "ada", day=NEXT_DAY)
    plan_held(ledger, "ada")
    one = today(plan("days: [1]", "p", []), None, NOW)
    assert (1, 1, 1) == ration(ledger, one)
    assert [key("ada")] == [found.key for found in waiting(ledger, NOW, "regular")]


def test_who_is_held_back_until_the_next_edition_is_due_is_superseded_and_it_says_why(ledger):
    plan_held(ledger, "ada", "bo", "cy", "di")
    ration(ledger)
    ledger.give_up(WEEK + timedelta(seconds=1))
    said = {
        "failed: superseded by the next edition": 3,
        "failed: superseded by the next edition; last: held back by warm-up": 1,
    }
    assert said == ledger.account("regular", DAY).reasons


def test_a_plan_that_is_made_while_many_wait_holds_back_those_nobody_works_on(database, ledger):
    ledger.plan([planned(f"r{n}") for n in range(6)], NOW)
    Ledger(database, "elsewhere").take(NOW, "regular", [key("r5")])
    assert (3, 0, 3) == ration(ledger)
    assert ["r0", "r1"] == let_go(ledger)
    assert 3 == ledger.rations().release_all(NOW, "regular")
    assert ["r0", "r1", "r2", "r3", "r4"] == let_go(ledger)
    assert 0 == ledger.rations().release_all(NOW, "regular")


def test_rehearsals_and_repetitions_on_purpose_are_not_held_back(ledger):
    ledger.plan([planned("ada", key=Key("ada", "2026-03-03", "again-1"))], NOW)
    plan_held(ledger, "bo", "cy", "di")
    assert (3, 2, 1) == ration(ledger)
    assert ["ada", "bo", "cy"] == let_go(ledger)


def test_the_warm_up_begins_with_the_first_message_from_the_senders_domain(ledger):
    plan_held(ledger, "ada", "bo")
    ration(ledger)
    assert ledger.rations().first("x") is None
    hand_over(ledger, ["ada"], Receipt("250"))
    hand_over(ledger, ["bo"], Receipt("250"), NOW + timedelta(hours=1))
    assert (NOW, None) == (ledger.rations().first("x"), ledger.rations().first("elsewhere.example"))


# -- whole runs


def warm_home(path, port, number, days, **environment):
    home = make_home(path, provider=f"smtp://127.0.0.1:{port}?connections=2")
    home.subscribers(readers([f"reader{n:03}" for n in range(number)]))
    for day in ("2026-03-03", "2026-03-04", "2026-03-05"):
        home.day(day, invented_day(day, 5, first=int(day[-2:]) * 100))
    (path / "plan.yaml").write_text(f"days: {days}\n")
    return Home(path, {**home.environment, "NEWSLETTER_WARM_UP": "plan.yaml", **environment})


def test_over_the_days_nobody_is_lost_and_no_day_has_more_than_the_plan_allows(tmp_path):
    received, accounts = [], []
    with running(tmp_path / "log") as sink:
        home = warm_home(tmp_path / "home", sink.port, 40, [5, 10])
        for now in (datetime(2026, 3, day, 8, 1, tzinfo=UTC) for day in (3, 4, 5)):
            with home.app(now) as app:
                for _ in range(2):  # the same command again is the retry
                    accounts.append(publish(app, now))
            received.append([one.recipient for one in sink.received()][sum(map(len, received)) :])
    assert [5, 10, 40] == [len(some) for some in received]
    assert all(1 == times for some in received for times in Counter(some).values())
    assert not set(received[0]) & set(received[1]), "who waited longest goes first"
    assert [40] * 6 == [account.audience for account in accounts]
    assert [5, 5, 10, 10, 40, 40] == [account.counts["submitted"] for account in accounts]
    with home.app(now) as app:
        first = app.ledger.account("regular", date(2026, 3, 3))
    assert (5, 35) == (first.counts["submitted"], first.counts["failed"])
    assert {"failed: superseded by the next edition; last: held back by warm-up": 35} == first.reasons


def test_check_status_and_a_dry_run_say_how_far_it_is(tmp_path):
    with running(tmp_path / "log") as sink:
        home = warm_home(tmp_path / "home", sink.port, 20, [5, 10], NEWSLETTER_FROM="papers@localhost")
        said = home.run("send", "--dry-run", "--date", "2026-03-03")
        assert "warm-up: " in said
        assert "day 1 of 2, it begins with the first message: at most 5 messages today (UTC); 5 are left" in said
        assert "warm-up: 15 of them would be held back until tomorrow" in said
        assert "15 pending: held back by warm-up until " in home.run("send", "--date", "2026-03-03", code=1)
        assert "15 pending: held back by warm-up until " in home.run("status", "--date", "2026-03-03", code=1)
        found = json.loads(home.run("check", "--json", code=None))
        [[state, words]] = [[one["state"], one["said"]] for one in found if one["what"] == "warm-up"]
        assert [] == [one for one in found if one["what"] == "limits"]
        assert "ok" == state
        assert "0 are left" in words
        assert 5 == len(sink.received())
        assert "35 submitted" not in home.run("send", "--date", "2026-03-03", code=1)
        home.run("send", "--date", "2026-03-03", NEWSLETTER_WARM_UP="off")
        assert [1] * 20 == list(Counter(one.recipient for one in sink.received()).values())


def test_check_says_which_limits_of_mailbox_providers_are_kept(tmp_path):
    home = warm_home(tmp_path / "home", 9, 3, [5], NEWSLETTER_PROVIDER="smtp://127.0.0.1:9?domain_rate=published")
    [said] = [one["said"] for one in json.loads(home.run("check", "--json", code=None)) if one["what"] == "limits"]
    assert "gmail 5 at once and 50 a connection" in said


def test_a_plan_that_cannot_be_read_stops_a_run_before_anything_is_planned(tmp_path):
    home = warm_home(tmp_path / "home", 9, 3, "[5, soon]")
    assert "plan.yaml:1:11: days: 'soon' is not a whole number" in home.run("send", "--date", "2026-03-03", code=2)
    said = json.loads(home.run("check", "--json", code=2))
    assert ["broken"] == [one["state"] for one in said if one["what"] == "warm-up"]
    assert 0 == home.status("--date", "2026-03-03")["audience"]


def test_messages_into_files_warm_up_nothing(tmp_path):
    home = warm_home(tmp_path / "home", 9, 12, [5], NEWSLETTER_PROVIDER="file:outbox")
    now = datetime(2026, 3, 3, 9, tzinfo=UTC)
    with home.app(now) as app:
        assert standing(app, now) is None
        assert 12 == publish(app, now, Order(date(2026, 3, 3))).counts["submitted"]


@pytest.mark.parametrize("hosts", [2])
def test_several_hosts_share_the_days_number(tmp_path, postgresql, hosts):
    url = postgresql.fresh()
    with running(tmp_path / "log", delay_ms=5) as sink:
        shared = {"NEWSLETTER_DATABASE": url, "NEWSLETTER_QUEUE": "inline:1"}
        homes = [warm_home(tmp_path / f"host{n}", sink.port, 300, [60, 120], **shared) for n in range(hosts)]
        sending = [
            subprocess.Popen(
                [sys.executable, "-m", "newsletter", "send", "--date", "2026-03-03"],
                env=home.environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for home in homes
        ]
        said = [one.communicate(timeout=200)[0] for one in sending]
        received = Counter(one.recipient for one in sink.received())
        status = homes[0].status("--date", "2026-03-03")
    assert (60, {1}) == (len(received), set(received.values())), said
    assert (300, 60, 240) == (status["audience"], status["submitted"], status["pending"])
