"""The table of moves is what the ledger does, and what the page draws."""

import re
from pathlib import Path

import pytest

from newsletter.ledger import Ledger
from newsletter.ledger.protocol import MOVES
from newsletter.models import Receipt, Refused, TryLater, Uncertain
from newsletter.readers.suppressions import Suppressions
from tests.test_ledger import DAY, NOW, claim, key, planned

PAGE = (Path(__file__).parents[1] / "docs" / "delivery.md").read_text("utf-8")


class Delivery:
    """One delivery, and two processes: `here`, which is thought dead at some time, and `there`."""

    def __init__(self, database):
        self.here, self.there = Ledger(database, "here"), Ledger(database, "there")
        self.suppressions = Suppressions(database)

    def plan(self, skip=""):
        self.here.plan([planned(skip=skip)], NOW)

    def claim(self, ledger=None):
        (ledger or self.here).claim([claim()], "smtp", NOW)

    def mark(self, ledger=None):
        self.claim(ledger)
        assert {key()} == (ledger or self.here).step([], [key()], "b", NOW)

    def answer(self, outcome, ledger=None, in_doubt="resend"):
        (ledger or self.here).step([(key(), outcome)], [], "", NOW, in_doubt)

    def taken_over(self):
        """Handed over, not recorded, and given to the other process."""
        self.mark()
        assert 1 == self.there.recover(NOW, "resend", alone=True)

    def say_no(self):
        self.suppressions.add("ada@example.org", "unsubscribed", NOW)

    def resolve(self, finding):
        assert {key()} == self.here.resolve([key()], finding, NOW)

    def state(self):
        states = {state for state, number in self.here.account("regular", DAY).counts.items() if number}
        return states.pop() if states else "new"


def doubt(one):
    one.answer(Uncertain("?"), in_doubt="hold")


BEFORE = {
    "new": [],
    "pending": [Delivery.plan],
    "submitting": [Delivery.plan, Delivery.mark],
    "uncertain": [Delivery.plan, Delivery.mark, doubt],
    "failed": [Delivery.plan, Delivery.mark, doubt, lambda one: one.resolve("give up")],
}
MAKE = {
    ("new", "pending"): Delivery.plan,
    ("new", "skipped"): lambda one: one.plan("paused until 2026-04-01"),
    ("pending", "pending"): Delivery.claim,
    ("pending", "skipped"): lambda one: one.here.skip({key(): "quiet"}, NOW),
    ("pending", "failed"): lambda one: one.here.fail({key(): "the template is at fault"}, NOW),
    ("pending", "uncertain"): lambda one: (one.taken_over(), one.say_no(), one.claim(one.there)),
    ("pending", "submitting"): Delivery.mark,
    ("submitting", "submitted"): lambda one: one.answer(Receipt("250 ok")),
    ("submitting", "failed"): lambda one: one.answer(Refused("550 no")),
    ("submitting", "pending"): lambda one: one.answer(TryLater("451 later")),
    ("submitting", "uncertain"): doubt,
    ("uncertain", "submitted"): lambda one: one.resolve("arrived"),
    ("uncertain", "pending"): lambda one: one.resolve("again"),
    ("uncertain", "failed"): lambda one: one.resolve("give up"),
    ("pending", "submitted"): lambda one: (one.taken_over(), one.answer(Receipt("250 ok"))),
    ("failed", "submitted"): lambda one: one.answer(Receipt("250 ok")),
}


@pytest.mark.parametrize("move", MOVES, ids=lambda move: f"{move.before} {move.word} {move.after}")
def test_every_move_is_made(move):
    """That no other is made is the stateful test's: `test_ledger_machine.py`."""
    database = Ledger.open("sqlite://")
    one = Delivery(database)
    for step in BEFORE[move.before]:
        step(one)
    assert move.before == one.state()
    MAKE[move.before, move.after](one)
    assert move.after == one.state()
    database.close()


def test_the_page_draws_the_table():
    drawn = re.findall(r"^ +(\S+) --> (\w+): (.+)$", PAGE, re.MULTILINE)
    assert [("[*]" if m.before == "new" else m.before, m.after, m.word) for m in MOVES] == drawn


def test_the_page_says_why():
    rows = re.findall(r"^\| (\w+) → (\w+) \| ([\w ]+) \| (.+) \|$", PAGE, re.MULTILINE)
    assert [(move.before, move.after, move.word, move.why) for move in MOVES] == rows
