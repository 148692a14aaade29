"""The book of deliveries."""

import random
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from newsletter.errors import StoreError
from newsletter.ledger import LEASE, Claim, History, Key, Ledger, Planned
from newsletter.models import STATES, Receipt, Refused, TryLater, Uncertain
from newsletter.readers.suppressions import Suppressions
from tests.stores import waiting

NOW = datetime(2026, 3, 3, 7, tzinfo=UTC)
DAY = date(2026, 3, 3)
NEXT_DAY = date(2026, 3, 4)
TOMORROW = NOW + timedelta(days=1)


def key(name="ada", period="2026-03-03", occasion="regular"):
    return Key(name, period, occasion)


def planned(name="ada", skip="", day=DAY, **changes):
    mine = changes.pop("key", key(name, day.isoformat()))
    values = {
        "period": mine.period,
        "occasion": mine.occasion,
        "day": day,
        "since": day,
        "digest": "d1",
        "cut_off": (day, NOW),
        "give_up_at": TOMORROW,
        "readers": [(mine.subscriber, changes.pop("address", f"{name}@example.org"), f"ref-{name}")],
        "skip": skip,
    }
    return Planned(**values | changes)


def claim(name="ada", content="{}", papers=("2611.90001",), day=DAY):
    return Claim(key(name, day.isoformat()), papers, content, name.title(), "en", "daily", "v1", NOW, f"<{name}@x>")


def send(ledger, outcome, name="ada", at=NOW, in_doubt="resend"):
    ledger.claim([claim(name)], "smtp", at)
    assert {key(name)} == ledger.step([], [key(name)], "b1", at)
    ledger.step([(key(name), outcome)], [], "", at, in_doubt)


def states(ledger):
    return {state: number for state, number in ledger.account("regular", DAY).counts.items() if number}


def test_planning_twice_plans_once(ledger):
    assert [2, 0] == [ledger.plan([planned("ada"), planned("bo")], NOW) for _ in range(2)]


def test_the_states_add_up_to_the_audience(ledger):
    ledger.plan([planned("ada"), planned("bo", skip="paused until 2026-04-01"), planned("cy")], NOW)
    send(ledger, Receipt("250 queued"))
    account = ledger.account("regular", DAY)
    assert (3, {"submitted": 1, "skipped": 1, "pending": 1}) == (account.audience, states(ledger))
    assert set(STATES) == set(account.counts)
    assert {"skipped: paused until 2026-04-01": 1} == account.reasons


def test_a_claim_is_won_once(database, ledger):
    ledger.plan([planned()], NOW)
    other = Ledger(database, "elsewhere")
    assert [{key()}, set()] == [one.claim([claim()], "smtp", NOW) for one in (ledger, other)]
    assert [] == waiting(other, NOW, "regular")


def after_the_lease(stores):
    """A moment when every lease has run out: on PostgreSQL, whose own clock it is, the leases are moved instead."""
    if stores.kind == "sqlite":
        return NOW + LEASE + timedelta(seconds=1)
    past = f"lease_until - interval '{LEASE.total_seconds() + 1} s'"
    stores.execute("newsletter", f"UPDATE deliveries SET lease_until = {past} WHERE lease_until IS NOT NULL")
    return NOW


def test_a_dead_owners_lease_runs_out(database, ledger, stores):
    ledger.plan([planned()], NOW)
    ledger.claim([claim()], "smtp", NOW)
    assert {key()} == Ledger(database, "elsewhere").claim([claim()], "smtp", after_the_lease(stores))


def test_what_was_taken_is_left_alone_by_others_until_its_lease_runs_out(database, ledger, stores):
    ledger.plan([planned("ada"), planned("bo")], NOW)
    other, keys = Ledger(database, "elsewhere"), [key("ada"), key("bo")]
    assert ["ada"] == [one.key.subscriber for one in ledger.take(NOW, "regular", keys[:1])]
    assert ["bo"] == [one.key.subscriber for one in other.take(NOW, "regular", keys)]
    assert [] == waiting(other, NOW, "regular")[1:]
    assert {key("bo")} == other.claim([claim("ada"), claim("bo")], "smtp", NOW)
    assert 2 == len(other.take(after_the_lease(stores), "regular", keys))


def test_an_edition_waits_until_another_process_has_made_the_earlier_one_of_its_reader(database, ledger):
    ledger.plan([planned(), planned(day=NEXT_DAY), planned("bo", day=NEXT_DAY)], NOW)
    other, later = Ledger(database, "elsewhere"), [key("ada", "2026-03-04"), key("bo", "2026-03-04")]
    ledger.take(NOW, "regular", [key()])
    assert ["bo"] == [one.key.subscriber for one in other.take(NOW, "regular", later)]
    ledger.claim([claim()], "smtp", NOW)
    assert ["ada", "bo"] == [one.key.subscriber for one in other.take(NOW, "regular", later)]


def test_a_link_leads_to_the_address_that_its_reader_has_by_now(ledger):
    ledger.plan([planned()], NOW)
    ledger.plan([planned(day=NEXT_DAY, address="ada@elsewhere.example")], NOW)
    assert ("ada", "ada@elsewhere.example") == ledger.reader("ref-ada")


def in_doubt(ledger, *names, batch="b1"):
    """They were handed over in one request, which nobody answered."""
    ledger.plan([planned(name) for name in names], NOW)
    ledger.claim([claim(name) for name in names], "post", NOW)
    ledger.step([], [key(name) for name in names], batch, NOW)
    ledger.recover(NOW, "hold", alone=True, knows=["post"])


def test_what_a_provider_knows_by_its_key_is_no_doubt(ledger):
    in_doubt(ledger, "ada", "bo")
    assert {"pending": 2} == states(ledger)
    assert {"b1"} == {one.batch for one in ledger.take(NOW, "regular", [key("ada"), key("bo")])}


def test_an_unanswered_request_is_taken_with_all_its_members(ledger):
    in_doubt(ledger, "ada", "bo")
    in_doubt(ledger, "cy", batch="b2")
    assert ["ada", "bo"] == [one.key.subscriber for one in ledger.take(NOW, "regular", [key("bo")])]


def test_a_request_that_another_process_has_a_part_of_is_left_to_it(database, ledger):
    in_doubt(ledger, "ada", "bo")
    ledger.claim([claim("bo")], "post", NOW)
    assert [] == Ledger(database, "elsewhere").take(NOW, "regular", [key("ada")])
    assert ["ada", "bo"] == [one.key.subscriber for one in ledger.take(NOW, "regular", [key("ada")])]


def test_sent_again_by_a_persons_order_it_is_a_request_of_its_own(ledger):
    ledger.plan([planned()], NOW)
    ledger.claim([claim()], "smtp", NOW)
    ledger.step([], [key()], "b1", NOW)
    ledger.recover(NOW, "hold", alone=True)
    ledger.resolve([key()], "again", NOW)
    assert [""] == [one.batch for one in ledger.take(NOW, "regular", [key()])]


def test_who_lost_the_lease_neither_hands_over_nor_records(database, ledger, stores):
    ledger.plan([planned("ada"), planned("bo")], NOW)
    ledger.claim([claim("ada"), claim("bo")], "smtp", NOW)
    ledger.step([], [key("ada")], "b1", NOW)
    later, other = after_the_lease(stores), Ledger(database, "elsewhere")
    assert 1 == other.recover(later, "resend", alone=False)
    assert {key("ada"), key("bo")} == other.claim([claim("ada"), claim("bo")], "smtp", later)
    other.step([], [key("ada")], "b2", later)
    assert set() == ledger.step([(key("ada"), Refused("too late", bad_address=True))], [key("bo")], "b1", later)
    assert ({"submitting": 1, "pending": 1}, []) == (states(ledger), Suppressions(database).all())
    other.step([(key("ada"), Receipt("250 ok"))], [key("bo")], "b3", later)
    ledger.step([(key("ada"), TryLater("far too late"))], [], "", later)
    assert {"submitted": 1, "submitting": 1} == states(ledger)


def test_a_late_receipt_saves_a_reader_the_second_copy_that_nobody_has_sent_yet(database, ledger, stores):
    ledger.plan([planned()], NOW)
    ledger.claim([claim()], "smtp", NOW)
    ledger.step([], [key()], "b1", NOW)
    Ledger(database, "elsewhere").recover(after_the_lease(stores), "resend", alone=False)
    ledger.step([(key(), Receipt("250 ok"))], [], "", NOW)
    assert {"submitted": 1} == states(ledger)


def test_what_a_server_says_is_kept_without_what_no_database_takes(ledger):
    ledger.plan([planned()], NOW)
    send(ledger, Refused("550 no\0thing \udce9 here"))
    assert {"failed: 550 nothing ? here": 1} == ledger.account("regular", DAY).reasons


def test_what_an_edition_is_never_changes_after_the_first_claim(ledger):
    ledger.plan([planned()], NOW)
    ledger.claim([claim(content="first")], "smtp", NOW)
    assert set() == ledger.claim([claim(content="second")], "smtp", NOW)
    [found] = waiting(ledger, NOW, "regular")
    assert "first" == found.claim.content


def test_what_was_submitted_is_seen_and_what_failed_is_not(ledger):
    ledger.plan([planned("ada"), planned("bo")], NOW)
    send(ledger, Receipt("ok"), "ada")
    send(ledger, Refused("552 5.3.4 too big"), "bo")
    assert {"ada": frozenset({"2611.90001"})} == ledger.seen(["regular"], ["ada", "bo"])


def test_a_wrong_address_is_suppressed_with_its_failure(database, ledger):
    ledger.plan([planned()], NOW)
    send(ledger, Refused("550 5.1.1 no such user", bad_address=True))
    assert {"failed": 1} == states(ledger)
    assert "bounced" == Suppressions(database).find("ADA@example.org").reason


def test_a_suppressed_address_is_skipped_at_the_claim(database, ledger):
    ledger.plan([planned()], NOW)
    Suppressions(database).add("Ada@Example.org", "unsubscribed", NOW)
    assert set() == ledger.claim([claim()], "smtp", NOW)
    assert {"skipped: suppressed": 1} == ledger.account("regular", DAY).reasons


def test_a_suppression_after_the_claim_still_stops_the_message(database, ledger):
    ledger.plan([planned()], NOW)
    ledger.claim([claim()], "smtp", NOW)
    Suppressions(database).add("ada@example.org", "unsubscribed", NOW)
    assert set() == ledger.step([], [key()], "b1", NOW)
    assert {"skipped": 1} == states(ledger)


def test_try_later_waits_longer_each_time_and_keeps_its_content(ledger):
    ledger.plan([planned()], NOW)
    waits, at = [], NOW
    for _ in range(3):
        send(ledger, TryLater("451 greylisted"), at=at)
        assert [] == waiting(ledger, at, "regular")
        start = at
        while not waiting(ledger, at, "regular"):
            at += timedelta(minutes=1)
        waits.append((at - start) // timedelta(minutes=1))
    assert [1, 5, 15] == waits
    assert "{}" == waiting(ledger, at, "regular")[0].claim.content


def test_the_servers_own_wait_is_kept(ledger):
    ledger.plan([planned()], NOW)
    send(ledger, TryLater("450 busy", timedelta(minutes=42)))
    assert [] == waiting(ledger, NOW + timedelta(minutes=41), "regular")
    assert 1 == len(waiting(ledger, NOW + timedelta(minutes=42), "regular"))


def test_an_edition_that_the_next_one_overtakes_has_failed(ledger):
    ledger.plan([planned(give_up_at=NOW + timedelta(seconds=30))], NOW)
    send(ledger, TryLater("451 greylisted"))
    assert {"failed: superseded by the next edition; last: 451 greylisted": 1} == ledger.account("regular", DAY).reasons


@pytest.mark.parametrize(("in_doubt", "state"), [("resend", "pending"), ("hold", "uncertain")])
def test_an_unanswered_message_is_sent_again_or_held(ledger, in_doubt, state):
    ledger.plan([planned()], NOW)
    send(ledger, Uncertain("no answer after the final dot"), in_doubt=in_doubt)
    assert {state: 1} == states(ledger)


@pytest.mark.parametrize(("in_doubt", "state"), [("resend", "pending"), ("hold", "uncertain")])
def test_what_a_dead_process_handed_over_is_in_doubt(database, ledger, in_doubt, state):
    ledger.plan([planned("ada"), planned("bo")], NOW)
    ledger.claim([claim("ada"), claim("bo")], "smtp", NOW)
    ledger.step([], [key("ada")], "b1", NOW)
    after = Ledger(database, "restarted")
    assert 1 == after.recover(NOW, in_doubt, alone=True)
    assert ({"pending": 2} if state == "pending" else {"pending": 1, "uncertain": 1}) == states(after)
    assert "bo" in [one.key.subscriber for one in waiting(after, NOW, "regular")]


def test_a_living_process_is_not_recovered(database, ledger):
    ledger.plan([planned()], NOW)
    ledger.claim([claim()], "smtp", NOW)
    ledger.step([], [key()], "b1", NOW)
    assert 0 == Ledger(database, "other host").recover(NOW, "resend", alone=False)
    assert {"submitting": 1} == states(ledger)


def histories(ledger, before, occasion="regular", counted=("regular",)):
    return {name: found for found, whose in ledger.histories(occasion, counted, before) for name in whose}


def test_the_last_edition_is_the_last_one_that_showed_something(ledger):
    monday, tuesday, wednesday = (date(2026, 3, n) for n in (2, 3, 4))
    ledger.plan([planned(day=monday), planned(day=tuesday, skip="quiet")], NOW)
    assert (monday, NOW) == histories(ledger, {"ada": wednesday})["ada"].cut_off
    assert {"ada": History(tuesday)} == histories(ledger, {"ada": monday})


def test_the_first_try_is_the_earliest_edition_that_showed_nothing(ledger):
    monday, tuesday, wednesday = (date(2026, 3, n) for n in (2, 3, 4))
    unheard = planned(day=monday, skip="no source answered", digest="", cut_off=None)
    ledger.plan([unheard, planned(day=tuesday, skip="quiet"), planned("bo", day=monday)], NOW)
    found = histories(ledger, {"ada": wednesday, "bo": wednesday})
    assert (monday, None) == (found["ada"].tried, found["bo"].tried)
    assert histories(ledger, {"ada": monday})["ada"].tried is None


def who(row):
    return row.readers[0][0]


def test_where_an_edition_starts_is_what_reading_the_whole_history_says(ledger):
    chance, names = random.Random(1), ["ada", "bo", "cy", "nobody", "o'neill \N{SNOWMAN}"]
    rows = [
        planned(
            name,
            skip=chance.choice(["", "", "quiet"]),
            day=day,
            key=Key(name, chance.choice([f"{day}", f"{day:%G-W%V}", f"{day:%Y-%m}"]), occasion),
            since=day - timedelta(days=chance.randrange(9)),
            cut_off=None if chance.random() < 0.2 else (day, NOW + timedelta(days=(day - DAY).days)),
        )
        for name in names
        for occasion in ("regular", "rehearsal")
        for day in [DAY + timedelta(days=chance.randrange(40)) for _ in range(9)]
        if name != "nobody"
    ]
    rows = list({(who(row), row.period, row.occasion): row for row in rows}.values())
    ledger.plan(rows, NOW)
    for occasions in (["regular"], ["regular", "rehearsal"]):
        before = {name: DAY + timedelta(days=chance.randrange(42)) for name in names}
        told = [row for row in rows if row.occasion in occasions and row.day < before[who(row)]]
        shown = [row for row in told if not row.skip and row.cut_off]
        last = {who(row): row.day for row in sorted(shown, key=lambda row: row.day)}
        found = histories(ledger, before, occasions[-1], occasions)
        assert last == {name: one.cut_off[0] for name, one in found.items() if one.cut_off}
        tried = [row for row in told if row.skip and who(row) not in last]
        first = {who(row): row.day for row in sorted(tried, key=lambda row: row.day, reverse=True)}
        begun = {name: one.tried for name, one in found.items() if one.tried}
        assert first.keys() == begun.keys()
        since = {(who(row), row.day, row.since) for row in tried}
        assert {(name, first[name], day) for name, day in begun.items()} <= since
        ours = sorted((row for row in rows if row.occasion == occasions[-1]), key=lambda row: row.day)
        planned_last = {who(row): row.day for row in ours}
        assert {name: planned_last.get(name) for name in names} == {name: one.planned for name, one in found.items()}


def test_of_a_long_history_one_row_is_read(tmp_path):
    asked = []
    database = Ledger.open(f"sqlite:///{tmp_path}/newsletter.db")
    ledger = Ledger(database, "here")

    def note(_connection, _cursor, statement, parameters, _context, _many):
        asked.append((statement, parameters))

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        ledger.histories("regular", ["regular"], {"ada": DAY})
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    with closing(sqlite3.connect(tmp_path / "newsletter.db")) as connection:
        plans = [
            plan[3]
            for statement, told in asked
            if "json_each" in statement
            for plan in connection.execute(f"EXPLAIN QUERY PLAN {statement}", told)
        ]
    database.close()
    looks = [plan for plan in plans if "one USING" in plan]
    assert looks
    assert all("one USING INDEX deliveries_by_subscriber" in plan for plan in looks)
    assert ["USE TEMP B-TREE FOR GROUP BY"] == [plan for plan in plans if "B-TREE" in plan or "SCAN deliveries" in plan]


def test_stopping_lasts_until_it_is_taken_back(ledger):
    ledger.stop(NOW)
    assert [NOW, True, None, False] == [ledger.stopped(), ledger.resume(), ledger.stopped(), ledger.resume()]


def test_a_round_after_the_stop_records_the_answers_and_marks_nobody(ledger):
    ledger.plan([planned("ada"), planned("bo")], NOW)
    ledger.claim([claim("ada"), claim("bo")], "smtp", NOW)
    ledger.step([], [key("ada")], "b1", NOW)
    ledger.stop(NOW)
    assert set() == ledger.step([(key("ada"), Receipt("250"))], [key("bo")], "b2", NOW)
    assert {"submitted": 1, "pending": 1} == states(ledger)
    ledger.resume()
    assert {key("bo")} == ledger.step([], [key("bo")], "b2", NOW)


def test_a_reader_is_known_by_the_reference_in_links(ledger):
    ledger.plan([planned()], NOW)
    assert [("ada", "ada@example.org"), None] == [ledger.reader("ref-ada"), ledger.reader("ref-bo")]


def test_a_damaged_database_is_named(tmp_path):
    (tmp_path / "newsletter.db").write_bytes(b"this is no database at all" * 100)
    with pytest.raises(StoreError, match=r"newsletter.db: is damaged or not a database; move it away"):
        Ledger.open(f"sqlite:///{tmp_path}/newsletter.db")


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(StoreError, match=r"newsletter.db: cannot be opened"):
        Ledger.open(f"sqlite:///{tmp_path}/nowhere/newsletter.db")


def test_every_row_of_a_round_is_looked_up_by_its_key(tmp_path):
    """SQLite would rather read all that are pending, which makes a million readers take a million times as long."""
    url = f"sqlite:///{tmp_path}/newsletter.db"
    database = Ledger.open(url)
    ledger, names = Ledger(database, "here"), ["ada", "bo", "cy"]
    ledger.plan([planned(name) for name in names], NOW)
    asked = []

    def listen(connection, *_):
        connection.set_trace_callback(asked.append)

    sa.event.listen(sa.pool.Pool, "checkout", listen)
    try:
        ledger.take(NOW, "regular", [key(name) for name in names])
        ledger.claim([claim(name) for name in names], "smtp", NOW)
        ledger.step([], [key("ada"), key("bo")], "b1", NOW)
        ledger.step([(key("ada"), Receipt("250")), (key("bo"), TryLater("450"))], [key("cy")], "b2", NOW)
    finally:
        sa.event.remove(sa.pool.Pool, "checkout", listen)
        database.close()
    asked = [statement for statement in asked if statement.startswith(("SELECT", "UPDATE"))]
    with closing(sqlite3.connect(tmp_path / "newsletter.db")) as connection:
        plans = [
            (statement, plan[3])
            for statement in asked
            for plan in connection.execute(f"EXPLAIN QUERY PLAN {statement}")
        ]
    assert 9 < len(asked)
    assert any("USING INDEX deliveries_pending" in plan for _, plan in plans), "an earlier edition still to be made"
    assert [] == [one for one in plans if "SCAN deliveries" in one[1] or "deliveries_by" in one[1]]


def test_who_still_waits_when_the_next_edition_is_due_is_given_up(ledger):
    ledger.plan([planned("ada"), planned("bo", give_up_at=TOMORROW + timedelta(hours=1))], NOW)
    assert (0, 1) == (ledger.give_up(TOMORROW), ledger.give_up(TOMORROW + timedelta(seconds=1)))
    assert {"failed": 1, "pending": 1} == states(ledger)
    assert {"failed: superseded by the next edition": 1} == ledger.account("regular", DAY).reasons


def test_who_was_in_doubt_is_never_said_to_have_nothing(ledger, database):
    ledger.plan([planned("ada"), planned("bo"), planned("cy")], NOW)
    for name in ("ada", "bo", "cy"):
        send(ledger, Uncertain("no answer"), name)
    later, much_later = NOW + timedelta(minutes=2), NOW + timedelta(hours=1)
    Suppressions(database).add("ada@example.org", "unsubscribed", later)
    assert set() == ledger.claim([claim("ada")], "smtp", later)
    send(ledger, TryLater("451 greylisted"), "bo", later)
    send(ledger, Refused("550 5.1.1 unknown"), "bo", much_later)
    send(ledger, Receipt("250"), "cy", later)
    assert {"uncertain": 2, "submitted": 1} == states(ledger)
    assert {
        "uncertain: in doubt; then suppressed": 1,
        "uncertain: in doubt; then 550 5.1.1 unknown": 1,
    } == ledger.account("regular", DAY).reasons
