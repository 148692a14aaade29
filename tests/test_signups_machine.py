"""Sign-ups under any order of what people, operators and mail servers do: nobody reads who did not say so last."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from newsletter.ledger import Ledger
from newsletter.readers.consents import Consents
from newsletter.readers.signups import DAY, LETTERS, Signups
from newsletter.readers.suppressions import THEIR_NO, Suppressions
from tests.homes import SECRET
from tests.test_ledger import NOW
from tests.test_signups import FORM, LINK, wish

ADDRESSES = ("ada@example.org", "bo@example.org")
WEEK = 7 * DAY
address = st.sampled_from(ADDRESSES)


class SignUps(RuleBasedStateMachine):
    """What each address said, kept beside the store in the plainest way."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.database = Ledger.open(f"sqlite:///{Path(self.folder.name) / 'newsletter.db'}")
        self.signups = Signups(self.database, [SECRET])
        self.suppressions = Suppressions(self.database)
        self.now = NOW
        self.keys: dict[str, str] = {}
        self.wanted: dict[str, object] = {}  # when it was asked for
        self.reads: set[str] = set()
        self.no: dict[str, str] = {}
        self.erased: set[str] = set()
        self.letters: dict[str, list[object]] = {}

    def teardown(self) -> None:
        self.database.close()
        self.folder.cleanup()

    @rule(hours=st.integers(1, 100))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(name=address)
    def somebody_asks(self, name: str) -> None:
        asked = self.signups.ask(wish(name), self.now, FORM)
        if self.no.get(name) not in (None, "unsubscribed"):
            assert ("", "") == (asked.key, asked.letter)
            return
        self.keys[name] = asked.key
        already = name in self.reads and name not in self.no
        if not already:
            self.wanted[name] = self.now
        sent = [at for at in self.letters.get(asked.key, ()) if at > self.now - DAY]
        expected = "" if len(sent) >= LETTERS else "already" if already else "confirm"
        assert expected == asked.letter
        if expected:
            self.letters[asked.key] = [*sent, self.now]

    @rule(name=address)
    def the_button_is_pressed(self, name: str) -> None:
        found = self.signups.confirm(self.keys.get(name, "signup-nobody"), self.now, LINK)
        if name not in self.keys:
            assert found is None
        elif name in self.wanted:
            del self.wanted[name]
            self.reads.add(name)
            self.erased.discard(name)
            if self.no.get(name) == "unsubscribed":
                del self.no[name]

    @rule(name=address)
    def they_unsubscribe(self, name: str) -> None:
        new = self.signups.leave(name, self.now, LINK)
        assert (self.no.get(name) not in THEIR_NO) == new
        if new:
            self.no[name] = "unsubscribed"

    @rule(name=address, reason=st.sampled_from(["bounced", "complained", "operator"]))
    def others_say_no(self, name: str, reason: str) -> None:
        self.suppressions.add(name, reason, self.now)
        strength = {one: number for number, one in enumerate(THEIR_NO, 1)}  # of what readers said; the stronger stays
        if name not in self.no or strength.get(reason, 0) > strength.get(self.no[name], 0):
            self.no[name] = reason

    @rule(name=address, asked=st.booleans())
    def the_operator_takes_it_back(self, name: str, asked: bool) -> None:
        if self.suppressions.remove(name, they_asked=asked):
            del self.no[name]

    @rule(name=address)
    def they_want_to_be_forgotten(self, name: str) -> None:
        gone = self.signups.erase(self.keys.get(name, "signup-nobody"), self.now, LINK)
        assert (name if name in self.keys else None) == gone
        if gone:
            self.erased.add(name)
            self.reads.discard(name)
            self.wanted.pop(name, None)
            del self.keys[name]
            if self.no.get(name) in THEIR_NO:
                del self.no[name]

    @rule()
    def an_import(self) -> None:
        taken = self.signups.take_in([wish(name) for name in ADDRESSES], self.now, LINK)
        new = {name for name in ADDRESSES if name not in self.keys and name not in self.erased}
        assert (len(new), len(self.erased)) == (taken.new, taken.erased)
        self.reads |= new
        self.keys |= {name: self.signups.at(name).key for name in new}

    @rule()
    def a_week_is_enough(self) -> None:
        late = {name for name, at in self.wanted.items() if at < self.now - WEEK}
        never = late - self.reads
        assert len(never) == self.signups.forget_unconfirmed(self.now - WEEK)
        for name in late:
            del self.wanted[name]
        for name in never:
            self.letters.pop(self.keys.pop(name), None)

    @invariant()
    def nobody_reads_who_did_not_say_so_last(self) -> None:
        expected = {name for name in self.reads if self.no.get(name) not in THEIR_NO}
        assert expected == {one.email for page in self.signups.pages() for one in page}
        assert len(expected) == self.signups.number()
        assert expected == {one.email for page in self.signups.since(0) for one in page}

    @invariant()
    def every_sign_up_is_known_and_no_other(self) -> None:
        assert self.keys == {one.subscriber.email: one.key for one in self.signups.each()}
        assert self.erased == self.signups.erased_among(ADDRESSES)
        assert self.no == {one.address: one.reason for one in self.suppressions.all()}

    @invariant()
    def what_was_said_is_of_somebody_who_is_there_or_was(self) -> None:
        unconfirmed = {one.key for one in self.signups.each() if one.status == "unconfirmed"}
        said: dict[str, set[str]] = {}
        for one in Consents(self.database).each():
            said.setdefault(one.subject, set()).add(one.what)
        assert all(
            {"confirmed", "imported"} & said[key] for key in said.keys() - unconfirmed if "erased" not in said[key]
        )


SignUps.TestCase.settings = settings(max_examples=25, stateful_step_count=25)
TestSignUps = SignUps.TestCase
