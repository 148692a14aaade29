"""The delivery's protocol as a machine: whatever happens in whatever order, nobody is lost, lied about or written twice.

The world outside the ledger is a model that knows nothing of it: what was handed over, what the far side took, who
said no. Processes die at any step; what they had not recorded is gone.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import timedelta

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from newsletter.ledger import Key, Ledger
from newsletter.ledger.protocol import MOVES
from newsletter.models import STATES, Outcome, Receipt, Refused, TryLater, Uncertain
from newsletter.readers.suppressions import Suppressions
from tests.stores import waiting
from tests.test_ledger import DAY, NOW, claim, key, planned

NAMES = ("ada", "bo", "cy", "dee", "eve", "fay")
CASES = int(os.environ.get("TEST_CASES", "30"))


@dataclass
class World:
    """What really happened."""

    taken: dict[Key, int] = field(default_factory=dict)
    """How often the far side took a message."""
    in_doubt: dict[Key, int] = field(default_factory=dict)
    """How often a message was handed over and nobody can know what became of it."""
    refused: set[Key] = field(default_factory=set)
    said_no: set[str] = field(default_factory=set)
    contents: dict[Key, str] = field(default_factory=dict)
    ordered_again: dict[Key, int] = field(default_factory=dict)
    """How often a person had a message sent again."""
    given_up: set[Key] = field(default_factory=set)


class Deliveries(RuleBasedStateMachine):
    """One home: a process at a time sends, dies, and another goes on."""

    in_doubt = "resend"

    def __init__(self) -> None:
        super().__init__()
        self.database = Ledger.open("sqlite://")
        self.suppressions = Suppressions(self.database)
        self.now, self.process, self.world = NOW, 0, World()
        self.audience: set[str] = set()
        self.ledger = Ledger(self.database, "process 0")
        self.claimed: list[Key] = []
        self.handed: list[Key] = []
        self.answers: list[tuple[Key, Outcome]] = []
        self.late: list[tuple[Ledger, Key, Outcome]] = []
        self.before: dict[Key, str] = {}

    def teardown(self) -> None:
        self.finish()
        self.database.close()

    # -- what may happen

    @initialize(names=st.sets(st.sampled_from(NAMES), min_size=1), skipped=st.sets(st.sampled_from(NAMES), max_size=2))
    def plan(self, names: set[str], skipped: set[str]) -> None:
        self.plan_more(names, skipped)

    @rule(names=st.sets(st.sampled_from(NAMES), min_size=1), skipped=st.sets(st.sampled_from(NAMES), max_size=1))
    def plan_more(self, names: set[str], skipped: set[str]) -> None:
        new = self.ledger.plan([planned(n, skip="paused" if n in skipped else "") for n in sorted(names)], self.now)
        assert len(names - self.audience) == new
        self.audience |= names

    @precondition(lambda self: not self.claimed and not self.handed)
    @rule(number=st.integers(1, 4))
    def claim(self, number: int) -> None:
        found = waiting(self.ledger, self.now, "regular")[:number]
        claims = [one.claim or claim(one.key.subscriber, content=f'{{"made": "{self.now}"}}') for one in found]
        won = self.ledger.claim(claims, "smtp", self.now)
        for one in claims:
            if one.key in won:
                assert one.content == self.world.contents.setdefault(one.key, one.content), "an edition has changed"
        self.claimed = [one.key for one in claims if one.key in won]

    @precondition(lambda self: self.claimed and not self.handed)
    @rule(number=st.integers(1, 3))
    def hand_over(self, number: int) -> None:
        batch, self.claimed = self.claimed[:number], self.claimed[number:]
        marked = self.ledger.step(self.answers, batch, "batch", self.now, self.in_doubt)
        self.answers = []
        assert not {f"{one.subscriber}@example.org" for one in marked} & self.world.said_no, "written to after a no"
        self.handed = [one for one in batch if one in marked]

    @precondition(lambda self: self.handed)
    @rule(data=st.data())
    def answered(self, data: st.DataObject) -> None:
        for one in self.handed:
            self.answers.append(
                (one, self.far_side(one, data.draw(st.sampled_from(("takes", "refuses", "later", "silent")))))
            )
        self.handed = []

    def far_side(self, one: Key, does: str) -> Outcome:
        if does == "takes":
            self.world.taken[one] = self.world.taken.get(one, 0) + 1
            return Receipt("250 queued")
        if does == "refuses":
            self.world.refused.add(one)
            return Refused("550 5.1.1 unknown", bad_address=one.subscriber in ("bo", "eve"))
        if does == "later":
            return TryLater("451 4.7.1 later", timedelta(minutes=1))
        self.doubt(one, taken=len(one.subscriber) % 2 == 0)
        return Uncertain("no answer after the final dot")

    def doubt(self, one: Key, *, taken: bool) -> None:
        self.world.in_doubt[one] = self.world.in_doubt.get(one, 0) + 1
        if taken:
            self.world.taken[one] = self.world.taken.get(one, 0) + 1

    @precondition(lambda self: self.answers and not self.handed)
    @rule()
    def record(self) -> None:
        self.ledger.step(self.answers, [], "", self.now, self.in_doubt)
        self.answers = []

    @precondition(lambda self: not self.handed and not self.answers)
    @rule()
    def release(self) -> None:
        self.ledger.release(self.claimed)
        self.claimed = []

    @rule(name=st.sampled_from(NAMES))
    def says_no(self, name: str) -> None:
        self.suppressions.add(f"{name}@example.org", "unsubscribed", self.now, "the reader")
        self.world.said_no.add(f"{name}@example.org")

    @rule(minutes=st.integers(1, 90))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @precondition(lambda self: self.late)
    @rule()
    def was_not_dead(self) -> None:
        """A process that was thought dead records what it had been told."""
        ledger, one, outcome = self.late.pop()
        ledger.step([(one, outcome)], [], "", self.now, self.in_doubt)

    @precondition(lambda self: self.in_doubt == "hold")
    @rule(finding=st.sampled_from(("again", "give up")))
    def a_person_decides(self, finding: str) -> None:
        """They see what arrived; of the rest they have it sent again, or give it up."""
        for doubt in self.ledger.doubts("regular"):
            found = "arrived" if self.world.taken.get(doubt.key) else finding
            assert {doubt.key} == self.ledger.resolve([doubt.key], found, self.now)
            if found == "again":
                self.world.ordered_again[doubt.key] = self.world.ordered_again.get(doubt.key, 0) + 1
            elif found == "give up":
                self.world.given_up.add(doubt.key)

    @rule(taken=st.booleans())
    def dies(self, taken: bool) -> None:
        """What was handed over may have been taken or not; answers that were not recorded are forgotten."""
        for one in self.handed:
            self.doubt(one, taken=taken)
        for one, outcome in self.answers:
            self.world.in_doubt[one] = self.world.in_doubt.get(one, 0) + 1
            self.late.append((self.ledger, one, outcome))
        self.handed, self.answers, self.claimed = [], [], []
        self.process += 1
        self.ledger = Ledger(self.database, f"process {self.process}")
        self.ledger.recover(self.now, self.in_doubt, alone=True)

    # -- what must hold at every moment

    @invariant()
    def the_account_is_exact(self) -> None:
        account = self.ledger.account("regular", DAY)
        assert len(self.audience) == account.audience == sum(account.counts.values())
        assert set(STATES) == set(account.counts)

    @invariant()
    def only_moves_of_the_protocol_are_made(self) -> None:
        now = {key(one.subscriber): one.state for one in self.ledger.people("regular", DAY, STATES)}
        made = {(self.before.get(one, "new"), state) for one, state in now.items()}
        self.before = now
        assert made <= {(move.before, move.after) for move in MOVES} | {(state, state) for state in STATES}

    @invariant()
    def accepts_are_what_the_far_side_took(self) -> None:
        for one in self.ledger.people("regular", DAY, STATES):
            assert one.accepts <= self.world.taken.get(key(one.subscriber), 0)

    @invariant()
    def nobody_is_lied_about(self) -> None:
        for one in self.ledger.people("regular", DAY, ["submitted"]):
            assert self.world.taken.get(key(one.subscriber)), f"{one.subscriber} was never taken"
        for one in self.ledger.people("regular", DAY, ["failed"]):
            known = key(one.subscriber) in self.world.refused | self.world.given_up or "superseded" in one.reason
            assert known, f"{one.subscriber} failed without a refusal"
        for one in self.ledger.people("regular", DAY, ["failed", "skipped"]):
            assert not self.world.taken.get(key(one.subscriber)), f"{one.subscriber} has it"
        for one in self.ledger.people("regular", DAY, ["uncertain"]):
            assert self.world.in_doubt.get(key(one.subscriber)), f"of {one.subscriber} everything is known"

    @invariant()
    def nobody_is_written_twice(self) -> None:
        for one, times in self.world.taken.items():
            repeated = self.world.in_doubt if self.in_doubt == "resend" else self.world.ordered_again
            doubts = repeated.get(one, 0)
            assert times <= 1 + doubts, f"{one.subscriber} has it {times} times after {doubts} doubts"

    # -- the end

    def finish(self) -> None:
        """The last process sends whatever waits to a far side that takes everything; then everybody is settled."""
        if not self.audience:
            return
        self.dies(taken=True)
        for _ in range(8):
            self.now += timedelta(minutes=90)
            self.claim(len(NAMES))
            while self.claimed:
                self.hand_over(len(NAMES))
                self.answers = [(one, self.far_side(one, "takes")) for one in self.handed]
                self.handed = []
            self.ledger.step(self.answers, [], "", self.now, self.in_doubt)
            self.answers = []
            self.claimed = []
        self.nobody_is_written_twice()
        account = self.ledger.account("regular", DAY)
        assert 0 == account.counts["pending"] + account.counts["submitting"], account


class HeldDeliveries(Deliveries):
    """The same where what is in doubt waits for a person: then only who they have it sent again gets it twice."""

    in_doubt = "hold"


HOW = settings(
    max_examples=CASES,
    stateful_step_count=40,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # making a finding shorter takes minutes
    suppress_health_check=[HealthCheck.too_slow],
)
TestDeliveries = Deliveries.TestCase
TestDeliveries.settings = HOW
TestHeldDeliveries = HeldDeliveries.TestCase
TestHeldDeliveries.settings = HOW
