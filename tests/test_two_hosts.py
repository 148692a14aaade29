"""Two homes, as on two hosts, and one PostgreSQL: each reader gets one mail, also when one of them dies."""

import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from threading import Event

import pytest

from newsletter.errors import StoreError
from newsletter.ledger import LEASE, Ledger
from newsletter.ledger.heartbeat import beating
from tests.homes import Home, invented_day, make_home, readers
from tests.servers.smtp import running
from tests.stores import waiting
from tests.test_ledger import NOW, claim, key, planned

CONNECTIONS = 2
READERS = 300


def start(home: Home) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "newsletter", "send", "--date", "2026-03-03"],
        env=home.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def two_homes(tmp_path, url, sink):
    """The same subscribers and sources, the same settings, two folders."""
    for name in ("here", "there"):
        home = make_home(tmp_path / name, provider=f"smtp://127.0.0.1:{sink.port}?connections={CONNECTIONS}")
        home.day("2026-03-03", invented_day("2026-03-03", 10))
        home.subscribers(readers([f"reader{n:03}" for n in range(READERS)]))
        yield Home(home.path, {**home.environment, "NEWSLETTER_DATABASE": url, "NEWSLETTER_QUEUE": "inline:1"})


def wait_for(sink, number, *processes):
    while len(sink.received()) < number and any(process.poll() is None for process in processes):
        time.sleep(0.005)


def wait_until_both_work(postgresql, url, *processes):
    """Each holds deliveries: they are planned, and shared out."""
    holders = "SELECT DISTINCT split_part(lease_owner, ':', 2)::int FROM newsletter.deliveries WHERE lease_owner <> ''"
    there = "SELECT 1 FROM pg_tables WHERE schemaname = 'newsletter' AND tablename = 'deliveries'"
    while all(process.poll() is None for process in processes):
        if postgresql.execute(there, url) and len(postgresql.execute(holders, url)) == len(processes):
            return
        time.sleep(0.01)
    raise AssertionError("one of them was done before the other began")


def test_two_hosts_that_send_at_the_same_moment_send_once(tmp_path, postgresql):
    with running(tmp_path / "log", delay_ms=10) as sink:
        url = postgresql.fresh()
        homes = list(two_homes(tmp_path, url, sink))
        processes = [start(home) for home in homes]
        wait_until_both_work(postgresql, url, *processes)
        said = [process.communicate(timeout=200)[0] for process in processes]
        received = sink.received()
        status = homes[1].status("--date", "2026-03-03")
    assert {0, 1} >= {process.returncode for process in processes}, said
    assert 0 in {process.returncode for process in processes}, said
    assert {1} == set(Counter(one.recipient for one in received).values())
    assert READERS == len(received) == status["submitted"] == status["audience"]


def test_a_host_that_is_killed_is_taken_over_when_its_lease_has_run_out(tmp_path, postgresql):
    with running(tmp_path / "log", delay_ms=10) as sink:
        url = postgresql.fresh()
        here, there = two_homes(tmp_path, url, sink)
        first, second = start(here), start(there)
        wait_until_both_work(postgresql, url, first, second)
        wait_for(sink, len(sink.received()) + READERS // 10, first, second)
        first.send_signal(signal.SIGKILL)
        killed = time.monotonic()
        first.wait()
        left = second.communicate(timeout=200)[0]
        assert 1 == second.returncode, "what the dead one holds is left"
        assert len(sink.received()) < READERS, left
        while time.monotonic() < killed + LEASE.total_seconds() + 1:
            time.sleep(0.2)
        assert f"{READERS} submitted" in there.run("send", "--date", "2026-03-03")
        received = sink.received()
    counts = Counter(one.recipient for one in received)
    assert READERS == len(counts), "nobody is lost"
    assert len(received) - READERS <= CONNECTIONS, "twice is at most what was in flight"
    assert READERS == len({(one.message_id, one.sha256) for one in received}), "a repetition keeps its bytes"


def test_a_lease_is_renewed_while_its_owner_works(postgresql):
    url = postgresql.fresh()
    database = Ledger.open(url)
    ledger = Ledger(database, "here")
    ledger.plan([planned()], NOW)
    ledger.claim([claim()], "smtp", NOW)
    ledger.step([], [key()], "b1", NOW)
    postgresql.execute("UPDATE newsletter.deliveries SET lease_until = now() - interval '1 s'", url)
    ledger.renew()
    [[seconds]] = postgresql.execute("SELECT extract(epoch FROM lease_until - now()) FROM newsletter.deliveries", url)
    assert LEASE.total_seconds() - 5 < seconds <= LEASE.total_seconds()
    assert 0 == Ledger(database, "elsewhere").recover(NOW, "resend", alone=False)
    database.close()


def test_who_is_interrupted_leaves_what_was_not_handed_over_to_the_others_at_once(postgresql):
    database = Ledger.open(postgresql.fresh())
    ledger, other = Ledger(database, "here"), Ledger(database, "elsewhere")
    ledger.plan([planned("ada"), planned("bo")], NOW)
    with pytest.raises(KeyboardInterrupt), ledger.working():
        ledger.claim([claim("ada"), claim("bo")], "smtp", NOW)
        ledger.step([], [key("ada")], "b1", NOW)
        raise KeyboardInterrupt
    assert ["bo"] == [one.key.subscriber for one in waiting(other, NOW, "regular")]
    database.close()


def test_a_beat_that_fails_is_followed_by_the_next(caplog):
    beats, third = [], Event()

    def beat():
        beats.append(len(beats))
        if len(beats) == 3:
            third.set()
        raise StoreError("the connection was lost")

    with beating(beat, timedelta(milliseconds=5)):
        assert third.wait(10)
    after = len(beats)
    time.sleep(0.05)
    assert after == len(beats)
    assert "leases were not renewed: the connection was lost" in caplog.text


def test_a_connection_that_died_while_idle_is_made_again(postgresql):
    url = postgresql.fresh()
    database = Ledger.open(url)
    ledger = Ledger(database, "here")
    ledger.plan([planned()], NOW)
    postgresql.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'newsletter' "
        f"AND datname = '{url.rpartition('/')[2].partition('?')[0]}'"
    )
    assert 1 == len(waiting(ledger, NOW, "regular"))
    database.close()


@pytest.mark.parametrize(
    ("part", "other", "told"),
    [
        ("papers", "nothing", "there is no database of that name; make it with `createdb`"),
        ("postgres:", "stranger:", "refuses the login: it knows no such role"),
        ("?host=", "?host=/nowhere", "cannot be reached: no socket is there"),
        ("@/", "@127.0.0.1:1/", "cannot be reached: nobody listens there"),
    ],
)
def test_a_server_that_cannot_be_used_is_one_line_with_the_cure(postgresql, part, other, told):
    _, _, where = postgresql.fresh().partition("@")
    url = f"postgresql://postgres:hunter2@{where if other[0] != '@' else where.partition('?')[0]}".replace(part, other)
    with pytest.raises(StoreError) as raised:
        Ledger.open(url)
    said = str(raised.value)
    assert told in said
    assert (0, False) == (said.count("\n"), "hunter2" in said)


def test_a_role_that_may_not_make_tables_is_told_what_it_lacks(postgresql):
    url = postgresql.fresh()
    postgresql.execute("DROP ROLE IF EXISTS guest")
    postgresql.execute("CREATE ROLE guest LOGIN")
    with pytest.raises(StoreError, match="the role in the URL may not do that"):
        Ledger.open(url.replace("postgres@", "guest@"))


def test_a_server_that_can_only_be_read_says_so_before_anything_is_planned(postgresql):
    url = postgresql.fresh()
    Ledger.open(url).close()
    name = url.rpartition("/")[2].partition("?")[0]
    postgresql.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    database = Ledger.open(url)
    with pytest.raises(StoreError, match="can only be read, as a standby can; name the primary"):
        Ledger(database, "here").plan([planned()], NOW)
    database.close()


def test_a_row_that_somebody_has_locked_is_waited_for_ten_seconds_at_most(postgresql):
    import psycopg

    url = postgresql.fresh()
    database = Ledger.open(url)
    ledger = Ledger(database, "here")
    ledger.plan([planned()], NOW)
    with psycopg.connect(url) as other:
        other.execute("SELECT * FROM newsletter.deliveries FOR UPDATE")
        assert [] == ledger.take(NOW, "regular", [key()]), "what is being taken is skipped at once"
        with pytest.raises(StoreError, match="is locked by another process for more than ten seconds"):
            ledger.fail({key(): "a test"}, NOW)
    database.close()


def test_two_that_open_an_empty_database_at_once_both_find_their_tables(postgresql):
    from concurrent.futures import ThreadPoolExecutor

    url = postgresql.fresh()
    with ThreadPoolExecutor(8) as pool:
        for database in pool.map(lambda _: Ledger.open(url), range(8)):
            database.close()


def test_check_names_the_databases_and_the_machine_that_they_are_on(tmp_path, postgresql):
    home = make_home(tmp_path / "home")
    home.subscribers(readers(["ada"]))
    url = postgresql.fresh()
    said = home.run("check", code=None, NEWSLETTER_DATABASE=url)
    name = url.partition("?")[0]
    assert f"ok      database: {name}, schema 7" in said
    assert f"ok      archive: {name}, schema 3" in said
