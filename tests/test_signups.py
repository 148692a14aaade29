"""Sign-ups: asked, confirmed, changed, gone; what was agreed to; and what no import or file can bring back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from newsletter.ledger import Ledger
from newsletter.links import reference
from newsletter.models import Cadence, Interest, Subscriber
from newsletter.readers.consents import Circumstances, Consents
from newsletter.readers.signups import LETTERS, PAGE, Signups
from newsletter.readers.suppressions import Suppressions
from newsletter.records import addressee
from tests.homes import SECRET
from tests.test_ledger import NOW

FORM = Circumstances("form", "I want a mail every day, and can unsubscribe whenever I like.")
LINK = Circumstances("link", "Yes, send it to me.")
DAY = timedelta(days=1)


def wish(address: str = "Ada@example.org", **changes: object) -> Subscriber:
    return replace(Subscriber("", address, interests=(Interest("rivers", keywords=("river",)),)), **changes)


@pytest.fixture
def signups(database):
    return Signups(database, [SECRET])


@pytest.fixture
def suppressions(database):
    return Suppressions(database)


@pytest.fixture
def consents(database):
    return Consents(database)


def confirmed(signups, address="ada@example.org", at=NOW, **changes):
    asked = signups.ask(wish(address, **changes), at, FORM)
    return signups.confirm(asked.key, at, LINK)


def readers(signups):
    return [one.email for page in signups.pages() for one in page]


def test_who_asks_reads_nothing_before_they_confirm(signups):
    asked = signups.ask(wish(), NOW, FORM)
    assert ("confirm", "unconfirmed", []) == (asked.letter, signups.get(asked.key).status, readers(signups))
    found = signups.confirm(asked.key, NOW, LINK)
    assert ("confirmed", ["Ada@example.org"]) == (found.status, readers(signups))
    assert wish(key=found.key) == found.subscriber == signups.at("ADA@example.org").subscriber


def test_a_key_tells_nobody_the_address(signups):
    assert "ada" not in signups.ask(wish(), NOW, FORM).key


def test_what_was_agreed_to_is_kept_with_its_words_in_order(signups, consents):
    ada = confirmed(signups)
    signups.leave("ada@example.org", NOW + DAY, LINK)
    said = [(one.what, one.at, one.circumstances.how, one.circumstances.wording) for one in consents.of(ada.key)]
    assert [
        ("asked", NOW, "form", FORM.wording),
        ("written", NOW, "form", ""),
        ("confirmed", NOW, "link", LINK.wording),
        ("withdrawn", NOW + DAY, "link", LINK.wording),
    ] == said
    assert 4 == len(list(consents.each()))
    assert 12 == len(next(consents.each()).version)


def test_asking_again_for_an_address_that_reads_changes_nothing_of_it(signups):
    ada = confirmed(signups)
    asked = signups.ask(wish(interests=(), send_at=time(3, 0)), NOW, FORM)
    assert ("already", ada.key) == (asked.letter, asked.key)
    assert ada == signups.confirm(ada.key, NOW + DAY, LINK)


def test_what_was_asked_for_last_is_what_is_confirmed(signups):
    first = signups.ask(wish(send_at=time(7, 0)), NOW, FORM)
    signups.ask(wish(send_at=time(9, 0)), NOW, FORM)
    assert time(9, 0) == signups.confirm(first.key, NOW, LINK).subscriber.send_at


def test_an_address_gets_a_few_letters_a_day_and_no_more(signups):
    letters = [signups.ask(wish(), NOW + timedelta(hours=n), FORM).letter for n in range(LETTERS + 2)]
    assert ["confirm"] * LETTERS + [""] * 2 == letters
    assert "confirm" == signups.ask(wish(), NOW + DAY, FORM).letter


def test_a_key_that_is_none_confirms_nobody(signups):
    assert None is signups.confirm("signup-nobody", NOW, LINK)


def test_who_unsubscribed_reads_again_only_by_their_own_confirmation(signups, suppressions):
    ada = confirmed(signups)
    assert [True, False] == [signups.leave("ADA@example.org", NOW, LINK) for _ in range(2)]
    assert ("unsubscribed", [], 0) == (signups.get(ada.key).status, readers(signups), signups.number())
    assert "unsubscribed" == signups.confirm(ada.key, NOW, LINK).status  # the first mail's button, pressed once more
    assert "confirm" == signups.ask(wish(), NOW, FORM).letter
    assert "unsubscribed" == suppressions.find("ada@example.org").reason
    assert ("confirmed", ada.key) == (signups.confirm(ada.key, NOW, LINK).status, ada.key)
    assert None is suppressions.find("ada@example.org")


@pytest.mark.parametrize("reason", ["bounced", "complained", "operator"])
def test_an_address_that_others_say_no_for_gets_no_letter_and_nothing_is_kept_of_it(signups, suppressions, reason):
    suppressions.add("ada@example.org", reason, NOW)
    assert ("", "") == (signups.ask(wish(), NOW, FORM).key, signups.ask(wish(), NOW, FORM).letter)
    assert [] == list(signups.each())


def test_a_bounce_since_the_asking_stays_after_the_confirmation(signups, suppressions):
    asked = signups.ask(wish(), NOW, FORM)
    suppressions.add("ada@example.org", "bounced", NOW)
    assert "bounced" == signups.confirm(asked.key, NOW, LINK).suppressed


def test_a_bounce_leaves_a_reader_in_the_account_and_a_complaint_does_not(signups, suppressions):
    confirmed(signups, "ada@example.org")
    confirmed(signups, "bo@example.org")
    suppressions.add("ada@example.org", "bounced", NOW)
    suppressions.add("bo@example.org", "complained", NOW)
    assert ["ada@example.org"] == readers(signups)


def test_what_nobody_confirms_is_forgotten_with_all_that_was_said(signups, consents):
    signups.ask(wish(), NOW, FORM)
    bo = confirmed(signups, "bo@example.org")
    assert [0, 1] == [signups.forget_unconfirmed(NOW), signups.forget_unconfirmed(NOW + DAY)]
    assert [bo.key] == [one.key for one in signups.each()]
    assert {bo.key} == {one.subject for one in consents.each()}


def test_a_change_is_kept_and_only_that_of_times_has_a_reader_planned_anew(signups):
    ada = confirmed(signups)
    mark = signups.mark()
    assert signups.change(replace(ada.subscriber, trending=1), NOW, LINK)
    assert [] == list(signups.since(mark))
    later = replace(ada.subscriber, send_at=time(18, 30), cadence=Cadence("weekly", 4))
    assert signups.change(later, NOW, LINK)
    assert [[addressee(later)]] == list(signups.since(mark))
    assert later == signups.find([ada.key])[ada.key]


def test_nobody_changes_what_they_do_not_read_or_whose_they_are(signups):
    asked = signups.ask(wish(), NOW, FORM)
    assert not signups.change(wish(key=asked.key), NOW, LINK)
    ada = confirmed(signups)
    assert not signups.change(replace(ada.subscriber, email="eve@example.org"), NOW, LINK)


# -- erased


def test_of_who_was_erased_nothing_stays_but_their_no(signups, suppressions, consents, stores):
    ada = confirmed(signups)
    signups.leave("ada@example.org", NOW, replace(LINK, network="198.51.100.7", agent="Browser 1"))
    assert "ada@example.org" == signups.erase(ada.key, NOW, LINK)
    assert (None, None) == (signups.get(ada.key), suppressions.find("ada@example.org"))
    assert {"ada@example.org"} == signups.erased_among(["ADA@example.org", "bo@example.org"])
    assert {"ada@example.org"} == Signups(signups._db, ["newer", SECRET]).erased_among(["ada@example.org"])
    assert "erased" == consents.of(ada.key)[-1].what
    for table in ("signups", "consents", "suppressions", "erased"):
        rows = str(stores.execute("newsletter", f"SELECT * FROM {table}")).lower()
        assert not any(trace in rows for trace in ("ada@", "198.51", "browser"))


def test_an_import_does_not_bring_back_who_was_erased_but_their_own_confirmation_does(signups):
    ada = confirmed(signups)
    signups.erase(ada.key, NOW, LINK)
    taken = signups.take_in([wish(), wish("bo@example.org")], NOW, Circumstances("import", "said so at the fair"))
    assert (1, 0, 1) == (taken.new, taken.known, taken.erased)
    again = confirmed(signups)
    assert (True, set()) == (again.key != ada.key, signups.erased_among(["ada@example.org"]))


def test_nobody_is_erased_twice(signups):
    assert None is signups.erase("signup-nobody", NOW, LINK)


# -- many


def test_the_links_of_who_is_imported_lead_to_them_before_any_edition(signups):
    ada = confirmed(signups)
    signups.take_in([wish(), wish("bo@example.org")], NOW, Circumstances("import", "said so at the fair"))
    bo = signups.at("bo@example.org")
    names = [reference(SECRET, one.key) for one in (ada, bo)]
    assert {names[1]: (bo.key, "bo@example.org")} == Ledger(signups._db, "here").readers_behind(names)


def many(number):
    return (wish(f"r{n}@example.org", send_at=time(n % 24, 0), design=("daily", "plain")[n % 2]) for n in range(number))


def test_an_import_is_taken_in_once_and_read_page_by_page(signups, suppressions):
    suppressions.add("r7@example.org", "unsubscribed", NOW)
    said = Circumstances("import", "They ticked a box at example.org, which the operator has kept.")
    assert (2500, 0) == ((taken := signups.take_in(many(2500), NOW, said)).new, taken.known)
    assert (0, 2500) == ((taken := signups.take_in(many(2500), NOW, said)).new, taken.known)
    assert 2499 == signups.number() == len(set(readers(signups)))
    assert all(len(page) <= PAGE for page in signups.pages())
    at_nine = '["UTC","09:00:00",{"kind":"daily","weekday":0}]'
    assert {f"r{n}@example.org" for n in range(9, 2500, 24)} == {s.email for page in signups.on(at_nine) for s in page}
    assert 2499 == sum(map(len, signups.since(0)))
    assert [] == list(signups.since(signups.mark()))


def test_schedules_and_looks_are_told_once_each(signups):
    assert ({}, []) == (signups.schedules(), signups.looks())
    signups.take_in(many(60), NOW, LINK)
    assert sorted(time(n, 0) for n in range(24)) == [one.send_at for one in signups.schedules().values()]
    assert [("daily", "en"), ("plain", "en")] == signups.looks()


def test_twice_the_same_address_in_one_import_is_one_reader(signups):
    taken = signups.take_in([wish("a@example.org"), wish("A@example.org"), wish("b@example.org")], NOW, LINK)
    assert (2, 1, 2) == (taken.new, taken.known, signups.number())


def test_a_pause_is_no_reason_to_plan_anew(signups):
    ada = confirmed(signups)
    mark = signups.mark()
    assert signups.change(replace(ada.subscriber, paused_until=date(2026, 12, 24)), NOW, LINK)
    assert mark == signups.mark()
