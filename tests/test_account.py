"""The account adds up at every moment: also in the middle of a run, seen from another process."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from newsletter.ledger import Account, Ledger
from newsletter.models import Receipt, Refused, TryLater, Uncertain
from tests.homes import Home, invented_day, make_home, readers
from tests.servers.smtp import running
from tests.test_ledger import DAY, NOW, claim, key, planned

READERS = 60


@contextmanager
def accounts(stores) -> Iterator[list[Account]]:
    """Reads the account again and again until it is over, with a connection of its own."""
    database = Ledger.open(stores.url("newsletter"))
    ledger, seen, over = Ledger(database, "who looks"), [], Event()

    def look() -> None:
        while not over.is_set():
            seen.append(ledger.account("regular", DAY))
        seen.append(ledger.account("regular", DAY))

    thread = Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()
        database.close()


def is_exact(account: Account, audience: int) -> bool:
    return account.audience in (0, audience) and account.audience == sum(account.counts.values())


def test_the_account_adds_up_between_any_two_steps_of_a_run(stores):
    database = Ledger.open(stores.url("newsletter"))
    names = [f"reader{n:02}" for n in range(READERS)]
    answers = [Receipt("250 ok"), Refused("550 no"), TryLater("451 later"), Uncertain("?")]
    with accounts(stores) as seen:
        ledger = Ledger(database, "who sends")
        ledger.plan([planned(name, skip="paused" if name.endswith("9") else "") for name in names], NOW)
        ledger.claim([claim(name) for name in names], "smtp", NOW)
        last = []
        for n, name in enumerate(names):
            marked = ledger.step(last, [key(name)], "b", NOW, "hold")
            last = [(one, answers[n % 4]) for one in marked]
        ledger.step(last, [], "", NOW, "hold")
    database.close()
    assert [] == [account for account in seen if not is_exact(account, READERS)]
    assert 3 < len({tuple(account.counts.values()) for account in seen}), "it was seen at work"
    assert {"submitted": 15, "skipped": 6} == {name: seen[-1].counts[name] for name in ("submitted", "skipped")}


def test_the_audience_never_changes_while_mails_are_sent(tmp_path, stores):
    with running(tmp_path / "log", delay_ms=5) as sink:
        home = make_home(tmp_path / "home", provider=f"smtp://127.0.0.1:{sink.port}?connections=2")
        home = Home(home.path, {**home.environment, "NEWSLETTER_DATABASE": stores.url("newsletter")})
        home.day("2026-03-03", invented_day("2026-03-03", 10))
        home.subscribers(readers([f"reader{n:02}" for n in range(READERS)]))
        with accounts(stores) as seen:
            command = [sys.executable, "-m", "newsletter", "send", "--date", "2026-03-03"]
            assert 0 == subprocess.run(command, env=home.environment, capture_output=True, check=False).returncode
    assert [] == [account for account in seen if not is_exact(account, READERS)]
    assert {0, READERS} == {account.audience for account in seen}
    assert READERS == seen[-1].counts["submitted"] == len(sink.received())


def test_who_only_looks_waits_for_nobody_and_nobody_waits_for_them(stores):
    database = Ledger.open(stores.url("newsletter"))
    ledger = Ledger(database, "here")
    ledger.plan([planned()], NOW)
    with database.write(), database.read(), database.read():
        assert 1 == ledger.account("regular", DAY).counts["pending"]
    with database.read():
        assert {key()} == ledger.claim([claim()], "smtp", NOW)
    database.close()


@pytest.mark.parametrize("day", [None, DAY])
def test_an_account_of_nothing_is_nothing(stores, day):
    database = Ledger.open(stores.url("newsletter"))
    assert (0, day) == ((account := Ledger(database, "here").account("regular", day)).audience, account.day)
    database.close()
