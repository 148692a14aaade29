"""Workers on any number of machines: what they send, and that the ledger alone holds the truth."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.audience import Order
from newsletter.buckets import Draw, Rate
from newsletter.engine import Engine, jobs, tables
from newsletter.errors import OtherVersion, SettingsError
from newsletter.ledger import Key, Ledger
from newsletter.ledger import shards as pieces
from newsletter.ledger.schema import rates
from newsletter.publish import serve
from tests.faults.starters import forked
from tests.homes import Home, invented_day, make_home, readers
from tests.servers.smtp import running
from tests.test_children import children_of
from tests.test_ledger import NOW, planned

pytest.importorskip("procrastinate", reason="it is in the development requirements: scripts/setup")
DAY = date(2026, 3, 3)
READERS = 300


def home_on(url, folder, sink, number=READERS):
    home = make_home(folder, provider=f"smtp://127.0.0.1:{sink.port}?connections=4")
    home.day(f"{DAY}", invented_day(f"{DAY}", 10))
    home.subscribers(readers([f"reader{n:03}" for n in range(number)]))
    return Home(home.path, {**home.environment, "NEWSLETTER_DATABASE": url, "NEWSLETTER_QUEUE": "procrastinate"})


@contextmanager
def workers(*homes, tampering=()):
    """One process each; they end politely."""
    started = [forked(tampering, ("worker", "--hands", "1"), home.environment) for home in homes]
    try:
        yield started
    finally:
        for one in started:
            one.send_signal(signal.SIGTERM)
        said = [one.communicate(60)[0] for one in started]
    assert [0] * len(started) == [one.returncode for one in started], said
    assert "Traceback" not in "".join(said)


def tick(app, seconds=1.0):
    """What the scheduler does once a minute."""
    serve(app, app.clock(), Order(DAY, patience=timedelta(seconds=seconds)))


def until(true, seconds=150, do=lambda: time.sleep(0.1)):
    over = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < over, "it never was"
        do()


HERE = f"SET search_path TO {tables.PLACE};"
JOBS = "procrastinate_jobs"
COPY = f"{HERE} INSERT INTO {JOBS} (queue_name, task_name, priority, args) SELECT queue_name, task_name"


def test_losing_repeating_and_reordering_all_jobs_changes_nothing_but_time(tmp_path, postgresql, monkeypatch):
    monkeypatch.setattr(pieces, "SHARD", 20)
    url = postgresql.fresh()
    with running(tmp_path / "log", delay_ms=5) as sink:
        here, there = (home_on(url, tmp_path / name, sink) for name in ("here", "there"))
        with here.app() as app:
            tick(app, 0)
            assert (READERS, 15) == (app.ledger.account("regular").counts["pending"], app.engine.look().waiting)
            # Each five times, in any order; and some that make no sense.
            postgresql.execute(f"{COPY}, (random() * 9)::int, args FROM {JOBS}, generate_series(1, 4)", url)
            for args in ('{"shard": [["2031-01-01", "regular", ["nobody", "reader001"]]]}', '{"shard": "x"}', "{}"):
                postgresql.execute(f"{COPY}, 9, '{args}' FROM {JOBS} LIMIT 1", url)
            with workers(here, there) as (_, second):
                until(lambda: len(sink.received()) >= READERS // 3)
                postgresql.execute(f"{HERE} DELETE FROM {JOBS}", url)  # also those that are being worked on
                until(lambda: app.engine.look().working == 0)
                until(lambda: len({one.recipient for one in sink.received()}) == READERS, do=lambda: tick(app))
                assert second.poll() is None
                # A plan that is finished, once more and backwards.
                keys = [one.key for one in planned_of(app)]
                with app.ledger._db.write() as connection:
                    app.engine.beside(connection, keys)
                postgresql.execute(f"{COPY}, id::int, args FROM {JOBS} WHERE status = 'todo'", url)
                until(lambda: app.engine.look().waiting + app.engine.look().working == 0)
            account = app.ledger.account("regular")
    assert {1} == set(Counter(one.recipient for one in sink.received()).values())
    assert (READERS, READERS, READERS) == (len(sink.received()), account.audience, account.counts["submitted"])
    assert account.audience == sum(account.counts.values())


def test_a_new_sender_begins_slowly_also_where_workers_send(tmp_path, postgresql):
    with running(tmp_path / "log") as sink:
        home = home_on(postgresql.fresh(), tmp_path / "home", sink, 10)
        (home.path / "plan.yaml").write_text("days: [4, 10]\n")
        with home.app(NEWSLETTER_WARM_UP="plan.yaml") as app, workers(home):
            tick(app)
            until(lambda: app.ledger.account("regular").counts["submitted"] == 4, do=lambda: tick(app))
            tick(app)
            assert 6 == app.ledger.rations().held("regular")
    assert 4 == len(sink.received())


def planned_of(app):
    return [app.ledger.find(Key(f"reader{n:03}@example.org", f"{DAY}", "regular")) for n in range(READERS)]


def test_a_worker_that_is_told_to_end_leaves_the_rest_to_the_others(tmp_path, postgresql):
    url = postgresql.fresh()
    with running(tmp_path / "log", delay_ms=200) as sink:
        home = home_on(url, tmp_path / "home", sink, 60)
        with home.app() as app:
            with workers(home):
                until(lambda: len(sink.received()) >= 8, do=lambda: tick(app, 0.1))
            account = app.ledger.account("regular")
            assert 0 == account.counts["submitting"], "what was in flight is recorded"
            assert len(sink.received()) == account.counts["submitted"] < 60
            with workers(home):
                until(lambda: app.ledger.account("regular").counts["submitted"] == 60, do=lambda: tick(app))
    assert {1} == set(Counter(one.recipient for one in sink.received()).values())


def test_sending_by_hand_waits_for_workers_and_tells_the_account(tmp_path, postgresql):
    url = postgresql.fresh()
    with running(tmp_path / "log") as sink:
        home = home_on(url, tmp_path / "home", sink, 30)
        assert "warning workers: 0 alive; 0 shards wait, 0 at work; start `newsletter worker`" in home.run("check")
        with workers(home):
            assert "30 submitted" in home.run("send", "--date", f"{DAY}")
            assert "ok      workers: 1 alive; 0 shards wait, 0 at work" in home.run("check")
            told = home.status()
            assert "workers: 1 alive; 0 shards wait, 0 at work, 1 done in a day" in home.run("status")
    assert {"waiting": 0, "working": 0, "elsewhere": 0, "workers": 1, "done": 1} == told["engine"]
    assert 30 == len(sink.received())


def test_who_waits_for_workers_is_told_when_there_are_none(tmp_path, postgresql, monkeypatch):
    from newsletter.queues import procrastinate

    monkeypatch.setattr(procrastinate, "PATIENCE", 0.5)
    with running(tmp_path / "log") as sink:
        home = home_on(postgresql.fresh(), tmp_path / "home", sink, 3)
        with (
            home.app() as app,
            pytest.raises(procrastinate.Halt, match="no worker is alive: start `newsletter worker`"),
        ):
            serve(app, app.clock(), Order(DAY))


def test_the_processes_of_a_machine_are_replaced_when_they_are_killed_and_end_together(tmp_path, postgresql):
    with running(tmp_path / "log") as sink:
        home = home_on(postgresql.fresh(), tmp_path / "home", sink, 3)
        with home.app() as app:
            command = [sys.executable, "-m", "newsletter", "worker", "--hands", "2"]
            parent = subprocess.Popen(command, env=home.environment, stderr=subprocess.PIPE, text=True)
            until(lambda: app.engine.look().workers == 2)
            first = children_of(parent)
            os.kill(first[0], signal.SIGKILL)
            until(lambda: len(set(children_of(parent)) - set(first)) == 1)
            until(lambda: app.engine.look().workers == 3)  # the dead one is missed after half a minute
            tick(app, 30)
            last = children_of(parent)
            parent.send_signal(signal.SIGTERM)
            _, said = parent.communicate(timeout=60)
    assert (0, 3) == (parent.returncode, len(sink.received()))
    assert "a process that sent was killed (SIGKILL); another takes its place" in said
    assert [] == [pid for pid in {*first, *last} if alive(pid)]


def test_the_processes_of_a_machine_end_with_their_parent(tmp_path, postgresql):
    with running(tmp_path / "log") as sink:
        home = home_on(postgresql.fresh(), tmp_path / "home", sink, 3)
        with home.app() as app:
            command = [sys.executable, "-m", "newsletter", "worker", "--hands", "2"]
            parent = subprocess.Popen(command, env=home.environment, stderr=subprocess.DEVNULL)
            until(lambda: app.engine.look().workers == 2)
            children = children_of(parent)
            parent.kill()
            parent.wait()
            until(lambda: not any(alive(pid) for pid in children))


def alive(pid):
    """Whether it runs still, and is not only left for somebody to bury."""
    path = Path(f"/proc/{pid}/stat")
    return path.exists() and path.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_worker_under_which_the_schema_changed_ends_in_words_before_it_sends(tmp_path, postgresql):
    url = postgresql.fresh()
    with running(tmp_path / "log") as sink:
        home = home_on(url, tmp_path / "home", sink, 3)
        with home.app() as app:
            worker = forked((), ("worker", "--hands", "1"), home.environment)
            until(lambda: app.engine.look().workers == 1)
            tick(app, 0)
            postgresql.execute("UPDATE newsletter.schema SET version = 99", url)
            with app.ledger._db.write() as connection:
                app.engine.beside(connection, [Key("reader001@example.org", f"{DAY}", "regular")])
            said, _ = worker.communicate(60)
    assert (1, True) == (worker.returncode, "schema 99 is not this program's" in said), said


# -- jobs


@pytest.fixture
def book(postgresql):
    database = Ledger.open(postgresql.fresh())
    yield Ledger(database, "here"), Engine.open(database, "here"), database
    database.close()


def many(number):
    return [planned(f"r{n:05}") for n in range(number)]


def test_a_plan_and_its_jobs_are_one_transaction(book, monkeypatch):
    ledger, engine, _ = book
    broken = many(2)

    def beside(connection, keys):
        engine.beside(connection, keys)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ledger.plan(broken, NOW, beside)
    assert (0, None) == (engine.look().waiting, ledger.find(next(broken[0].keys)))
    ledger.plan(broken, NOW, engine.beside)
    assert ({key for one in broken for key in one.keys}, 1) == (engine.named(), engine.look().waiting)


def test_planning_the_same_again_puts_no_second_job(book):
    ledger, engine, database = book
    ledger.plan(many(3), NOW, engine.beside)
    assert 0 == Ledger(database, "elsewhere").plan(many(3), NOW, engine.beside)
    assert 1 == engine.look().waiting


def test_only_so_many_jobs_wait_ahead(book, monkeypatch):
    ledger, engine, _ = book
    monkeypatch.setattr(pieces, "SHARD", 2)
    monkeypatch.setattr(jobs, "AHEAD", 3)
    plan = many(20)
    ledger.plan(plan, NOW, engine.beside)
    assert (3, 6) == (engine.look().waiting, len(engine.named()))
    waiting = pieces.shards([key for one in plan for key in one.keys])
    assert engine.top_up(waiting)
    assert 3 == engine.look().waiting, "enough wait"


def test_two_that_feed_the_same_day_see_each_others_jobs(book, monkeypatch):
    ledger, engine, database = book
    monkeypatch.setattr(pieces, "SHARD", 2)
    ledger.plan(plan := many(10), NOW)
    for one in (engine, Engine.open(database, "there")):
        assert not one.top_up(pieces.shards([key for each in plan for key in each.keys]))
    assert 5 == engine.look().waiting


def test_jobs_of_another_version_are_told_apart_and_put_anew(book):
    ledger, engine, database = book
    other = Engine.open(database, "there")
    other.queue = "newsletter 99/9"
    ledger.plan(plan := many(3), NOW, other.beside)
    assert (0, 1) == (engine.look().waiting, engine.look().elsewhere)
    assert "1 wait for workers of another version" in engine.look().said()
    engine.top_up(pieces.shards([key for one in plan for key in one.keys]))
    assert (1, 0) == (engine.look().waiting, engine.look().elsewhere)


@pytest.mark.parametrize("said", [None, 3, "x", [["a", "b"]], [["a", "b", 3]], {"a": 1}])
def test_a_job_that_makes_no_sense_names_nobody(said):
    assert [] == jobs.keys_of(said)


def test_a_job_names_the_keys_that_it_was_told():
    keys = [Key("ada", "2026-03-03", "regular"), Key("bo", "2026-W10", "regular"), Key("cy", "2026-03-03", "again-1")]
    assert set(keys) == set(jobs.keys_of(jobs.told(keys)))


# -- rates


def test_workers_together_get_no_more_tokens_than_the_rate_has(book, postgresql):
    ledger, _, database = book
    others = [ledger, Ledger(database, "there")]
    rate = Rate(10, 1)
    granted = [others[n % 2].draw([Draw("smtp", rate, 4)])["smtp"] for n in range(4)]
    assert [4, 4, 2] == [one.number for one in granted[:3]]
    assert (granted[3].number, granted[3].left < 1) in ((0, True), (1, True), (2, True))
    postgresql.execute("UPDATE newsletter.rates SET at = at - interval '500 ms', tokens = 0", database.conninfo)
    assert 5 <= ledger.draw([Draw("smtp", rate, 100)])["smtp"].number <= 10
    both = ledger.draw([Draw("smtp", rate, 1), Draw("smtp/example.org", Rate(1, 60), 5)])
    assert ({"smtp", "smtp/example.org"}, 1) == (both.keys(), both["smtp/example.org"].number)


def test_two_workers_together_keep_the_rate(tmp_path, postgresql, monkeypatch):
    monkeypatch.setattr(pieces, "SHARD", 20)
    url = postgresql.fresh()
    with running(tmp_path / "log") as sink:
        homes = [home_on(url, tmp_path / name, sink, 120) for name in ("here", "there")]
        homes = [
            Home(home.path, home.environment | {"NEWSLETTER_PROVIDER": f"{provider_of(home)}&rate=30/s"})
            for home in homes
        ]
        with workers(*homes), homes[0].app() as app:
            until(lambda: len(sink.received()) == 120, do=lambda: tick(app))
            with app.engine._db.read() as connection:
                assert ["smtp"] == list(connection.execute(sa.select(rates.c.name)).scalars())
    at = sorted(one.at for one in sink.received())
    held = 2 * 30 // 4  # what both may have drawn before they use it
    assert at[-1] - at[0] >= (120 - 30 - held) / 30


def provider_of(home):
    return home.environment["NEWSLETTER_PROVIDER"]


# -- the engine's tables


def test_tables_that_lack_steps_are_left_alone_until_they_are_brought_up(book, postgresql, monkeypatch):
    _, _, database = book
    url, *_, last = database.conninfo, *tables.steps()
    postgresql.execute(f"DELETE FROM {tables.PLACE}.applied WHERE name = '{last}'", url)
    with pytest.raises(OtherVersion, match=f"lack 1 steps up to {last}; .* run `newsletter db upgrade`"):
        Engine.open(database, "here")
    assert "1 steps up" in Engine.upgrade(url, "here")
    assert "nothing to do" in Engine.upgrade(url, "here")
    Engine.open(database, "here")


def test_every_step_since_the_first_leads_to_working_tables(book, postgresql):
    ledger, engine, database = book
    url, [first, *_] = database.conninfo, tables.steps().items()
    postgresql.execute(f"DROP SCHEMA {tables.PLACE} CASCADE", url)
    postgresql.execute(
        f"CREATE SCHEMA {tables.PLACE}; CREATE TABLE {tables.PLACE}.applied (name text PRIMARY KEY)", url
    )
    with database.write() as connection, tables.within(connection):
        tables._run(connection, first[1].read_text())
        connection.execute(sa.text(f"INSERT INTO {tables.PLACE}.applied VALUES ('{first[0]}')"))
    Engine.upgrade(url, "here")
    ledger.plan(many(3), NOW, engine.beside)
    assert 1 == engine.look().waiting


def test_tables_of_a_newer_engine_are_refused_in_words(book, postgresql):
    _, _, database = book
    postgresql.execute(f"INSERT INTO {tables.PLACE}.applied VALUES ('99.00.00_01_x.sql')", database.conninfo)
    with pytest.raises(OtherVersion, match=r"newer than the installed procrastinate \(99.00.00_01_x.sql\)"):
        Engine.open(database, "here")


def test_a_sqlite_home_cannot_have_workers(tmp_path):
    home = make_home(tmp_path / "home")
    home.subscribers(readers(["ada"]))
    said = home.run("status", code=2, NEWSLETTER_QUEUE="procrastinate")
    assert "NEWSLETTER_QUEUE: procrastinate works on PostgreSQL; set `database`, or leave `queue` out" in said
    assert "workers need `queue: procrastinate`, here it is inline" in home.run("worker", code=2)


def test_an_engine_that_is_not_installed_is_one_line_with_the_cure(book, monkeypatch):
    monkeypatch.setitem(sys.modules, "procrastinate.schema", None)
    with pytest.raises(SettingsError, match=r"not installed here; pip install 'newsletter\[cluster\]'"):
        Engine.open(book[2], "here")
