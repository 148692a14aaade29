"""How a worker goes on after a fault, and what it keeps from shard to shard."""

from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from newsletter import working
from newsletter.ending import Ending
from newsletter.errors import Halt, OtherVersion, SettingsError, StoreError
from newsletter.ledger import Key
from newsletter.working import Bench, work

SHARD = [Key("ada", "2026-03-03", "regular")]


def failing(ending, *errors):
    """Opens nothing: each attempt fails in its own way, and the last asks for the end."""
    left = list(errors)

    @contextmanager
    def opened():
        error = left.pop(0)
        if not left:
            ending.want()
        raise error
        yield

    return opened, left


@pytest.mark.parametrize("error", [StoreError("the connection was lost"), Halt("the server refuses us")])
def test_a_fault_that_may_be_over_is_a_line_in_the_log_and_tried_again(error, monkeypatch, caplog):
    monkeypatch.setattr(working, "SPACING", (0,))
    monkeypatch.setattr(working, "AFTER_A_HALT", (0,))
    ending = Ending()
    opened, left = failing(ending, error, error, error)
    work(opened, 1, ending)
    assert ([], [f"{error}; trying again in 0:00:00"] * 3) == (left, [one.message for one in caplog.records])


@pytest.mark.parametrize("error", [SettingsError("wrong"), OtherVersion("schema 9 is not this program's")])
def test_what_somebody_has_to_mend_ends_a_worker(error):
    ending = Ending()
    opened, left = failing(ending, error, error)
    with pytest.raises(type(error), match=str(error)):
        work(opened, 1, ending)
    assert 1 == len(left)


class Book:
    """A ledger of our version."""

    def check(self):
        pass


@dataclass
class Parts:
    """As much of an App as a bench looks at."""

    carrier: str
    ledger: Book = field(default_factory=Book)

    def roster(self):
        return self

    def find(self, keys):
        return {}


@dataclass
class Joint:
    """A link of the chain."""

    app: Parts
    provider: None = None
    run: None = None
    elsewhere: frozenset[str] = frozenset()


def bench_of(monkeypatch, book, *answers):
    """A bench with a provider for each answer; and who was asked, in order."""
    asked, composers = [], []
    links = [Joint(Parts(f"provider {n}", book)) for n in range(len(answers))]

    def send_batch(sending, shard):
        asked.append(sending.app.carrier)
        if answer := answers[int(sending.app.carrier[-1])]:
            raise answer

    monkeypatch.setattr(working, "send_batch", send_batch)
    monkeypatch.setattr(working, "Composer", lambda app: composers.append(app) or object())
    return Bench(links[0].app, links), asked, composers


def test_the_next_provider_carries_what_the_first_cannot(monkeypatch):
    bench, asked, _ = bench_of(monkeypatch, Book(), Halt("is away", passing=True), None)
    bench(SHARD)
    assert ["provider 0", "provider 1"] == asked


@pytest.mark.parametrize("passing", [True, False])
def test_a_halt_ends_the_work_when_nobody_else_carries_or_somebody_has_to_mend_it(monkeypatch, passing):
    others = () if passing else (None,)
    bench, asked, _ = bench_of(monkeypatch, Book(), Halt("no", passing=passing), *others)
    with pytest.raises(Halt, match="no"):
        bench(SHARD)
    assert ["provider 0"] == asked


def test_what_was_learned_serves_many_shards_and_is_made_anew_now_and_then(monkeypatch):
    bench, asked, composers = bench_of(monkeypatch, Book(), None)
    for _ in range(3):
        bench(SHARD)
    assert (3, 1) == (len(asked), len(composers))
    monkeypatch.setattr(working, "AGE", -1.0)
    bench(SHARD)
    assert 2 == len(composers)
