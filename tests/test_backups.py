"""Copies of the ledger, and what happens where it cannot be written: nothing is sent that could not be recorded."""

import os
import shlex
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from newsletter import database as room
from newsletter.audience import Order
from newsletter.database.backups import copy
from newsletter.database.engines import network_file_system
from newsletter.errors import StoreError
from newsletter.publish import publish
from tests.homes import invented_day, make_home, readers
from tests.servers.smtp import running

DATE = "2026-03-03"


def home_for(tmp_path, sink, names):
    home = make_home(tmp_path / "home", provider=f"smtp://127.0.0.1:{sink.port}?connections=2")
    home.day(DATE, invented_day(DATE, 10))
    home.subscribers(readers(names))
    return home


def rows(path, query="SELECT count(*) FROM deliveries"):
    with closing(sqlite3.connect(path)) as copied:
        return copied.execute(query).fetchone()[0]


# -- a copy


def test_a_backup_is_made_while_mails_are_sent_and_is_whole(tmp_path):
    with running(tmp_path / "log", delay_ms=150) as sink:
        home = home_for(tmp_path, sink, [f"reader{n}" for n in range(60)])
        sending = subprocess.Popen([sys.executable, "-m", "newsletter", "send", "--date", DATE], env=home.environment)
        while len(sink.received()) < 6:
            assert sending.poll() is None
            time.sleep(0.01)
        told = home.run("backup", str(tmp_path / "kept.db"))
        assert sending.poll() is None, "the copy was made in the middle"
        assert 0 == sending.wait(timeout=60)
    assert "newsletter.db as it was just now" in told
    assert (60, 0o600) == (rows(tmp_path / "kept.db"), (tmp_path / "kept.db").stat().st_mode & 0o777)
    submitted = rows(tmp_path / "kept.db", "SELECT count(*) FROM deliveries WHERE state = 'submitted'")
    assert 4 <= submitted < 60
    assert {"kept.db"} == {path.name for path in tmp_path.glob("*kept*")}


def test_what_holds_addresses_is_for_its_owner_alone(tmp_path):
    home = make_home(tmp_path / "home")
    home.subscribers(readers(["ada"]))
    home.day("2026-03-03", invented_day("2026-03-03", 2))
    mask = os.umask(0o022)
    try:
        home.run("send", "--date", "2026-03-03")
        with home.app() as app:
            app.suppressions.add("eve@example.org", "bounced", app.clock())
            kept = [*home.path.glob("*.db*"), home.path / "outbox"]
            assert {"newsletter.db", "newsletter.db-wal", "archive.db"} <= {path.name for path in kept}
            assert [] == [path.name for path in kept if path.stat().st_mode & 0o077]
    finally:
        os.umask(mask)


def test_going_back_to_a_backup_is_putting_it_in_place(tmp_path):
    with running(tmp_path / "log") as sink:
        home = home_for(tmp_path, sink, ["ada"])
        home.run("send", "--date", DATE)
        home.run("backup", str(tmp_path / "kept.db"))
        for path in home.path.glob("newsletter.db*"):
            path.unlink()
        (tmp_path / "kept.db").rename(home.path / "newsletter.db")
        assert "1 submitted" in home.run("send", "--date", DATE)
        assert 1 == len(sink.received()), "what was submitted is not sent again"


def test_a_file_that_is_there_is_never_overwritten(tmp_path):
    home = make_home(tmp_path / "home")
    home.run("status")
    (tmp_path / "thesis.txt").write_text("ten years of work")
    assert "is there already and stays as it is" in home.run("backup", str(tmp_path / "thesis.txt"), code=1)
    assert "ten years of work" == (tmp_path / "thesis.txt").read_text()


@pytest.mark.parametrize(
    ("target", "told"),
    [("nowhere/kept.db", "cannot be written: No such file"), ("kept.db", "there is no database yet")],
)
def test_a_copy_that_cannot_be_made_is_one_line_and_leaves_nothing(tmp_path, target, told):
    home = make_home(tmp_path / "home")
    if "nowhere" in target:
        home.run("status")
    said = home.run("backup", str(tmp_path / target), code=1)
    assert told in said
    assert 1 == said.count("\n")
    assert not (tmp_path / target).exists()


def test_a_damaged_database_is_not_copied_as_if_it_were_whole(tmp_path):
    with closing(sqlite3.connect(tmp_path / "newsletter.db")) as made:
        made.execute("CREATE TABLE deliveries (subscriber TEXT PRIMARY KEY, papers TEXT)")
        made.executemany("INSERT INTO deliveries VALUES (?, ?)", [(f"reader{n}", "x" * 200) for n in range(500)])
        made.commit()
    content = bytearray((tmp_path / "newsletter.db").read_bytes())
    content[4096 * 5 : 4096 * 6] = b"\xff" * 4096
    (tmp_path / "newsletter.db").write_bytes(content)
    with pytest.raises(StoreError, match=r"is damaged|could not be copied"):
        copy(tmp_path / "newsletter.db", tmp_path / "kept.db")
    assert ["newsletter.db"] == [path.name for path in tmp_path.iterdir()]


def test_on_postgresql_backup_says_the_command_without_the_password(tmp_path):
    url = "postgresql://papers:hunter2@db.example.org/papers?sslmode=require"
    said = make_home(tmp_path / "home").run("backup", "kept file", code=1, NEWSLETTER_DATABASE=url)
    command = "pg_dump --format=custom --schema=newsletter --file='kept file' postgresql://papers@db.example.org/papers"
    assert said.endswith(f"{command}\n")
    assert "--file=kept file" in shlex.split(command)


# -- a ledger that cannot be written


def damage(home: Path) -> None:
    (home / "newsletter.db").write_bytes(b"no database at all" * 500)


def make_newer(home: Path) -> None:
    with closing(sqlite3.connect(home / "newsletter.db")) as raw:
        raw.execute("UPDATE schema SET version = 99")
        raw.commit()


@pytest.mark.parametrize(("harm", "told"), [(damage, "is damaged or not a database"), (make_newer, "is newer than")])
def test_nothing_is_sent_from_a_ledger_that_cannot_be_used(tmp_path, harm, told):
    with running(tmp_path / "log") as sink:
        home = home_for(tmp_path, sink, ["ada", "bo"])
        home.run("status")
        harm(home.path)
        said = home.run("send", "--date", DATE, code=1)
        assert told in said
        assert (1, []) == (said.count("\n"), sink.received())


def test_nothing_is_sent_while_another_program_has_locked_the_ledger(tmp_path):
    with running(tmp_path / "log") as sink:
        home = home_for(tmp_path, sink, ["ada", "bo"])
        home.run("status")
        with closing(sqlite3.connect(home.path / "newsletter.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            said = home.run("send", "--date", DATE, code=1)
        assert "newsletter.db: is locked by another process for more than ten seconds" in said
        assert [] == sink.received()
        assert "2 submitted" in home.run("send", "--date", DATE)


def test_nothing_is_sent_that_a_full_disk_could_not_record(tmp_path):
    """No file may grow beyond 300 KB, which is not enough for all pages of the plan."""
    with running(tmp_path / "log") as sink:
        home = home_for(tmp_path, sink, [f"reader{n}" for n in range(1500)])
        home.run("fetch", "--date", DATE)
        home.run("learn")
        home.run("check", code=None)  # so that the subscribers' file was read
        command = f"ulimit -f 300; exec {sys.executable} -m newsletter send --date {DATE}"
        done = subprocess.run(
            ["bash", "-c", command], env=home.environment, capture_output=True, text=True, check=False
        )
        assert (1, []) == (done.returncode, sink.received()), done.stderr
        assert "newsletter.db: the disk" in done.stderr
        assert 1 == done.stderr.count("\n")
        status = home.status("--date", DATE)
        assert status["audience"] == status["pending"] < 1500, "who was planned waits, and who was not is due still"
        assert "1500 submitted" in home.run("send", "--date", DATE)


# -- network file systems

MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:30 / /home rw,relatime shared:2 - nfs4 server:/home rw,vers=4.2
31 30 8:2 / /home/ada/local rw shared:3 - xfs /dev/sdb rw
32 22 0:31 / /mnt/two\\040words rw - cifs //server/share rw
a line that is none
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/newsletter.db", ""),
        ("/home/ada/newsletter.db", "nfs4"),
        ("/home/ada/local/newsletter.db", ""),
        ("/homework/newsletter.db", ""),
        ("/mnt/two words/newsletter.db", "cifs"),
    ],
)
def test_a_network_file_system_is_known_by_its_mount(path, kind):
    assert kind == network_file_system(Path(path), MOUNTS)


def test_nothing_is_sent_from_a_network_file_system_and_check_says_so(tmp_path, monkeypatch):
    table = tmp_path / "mountinfo"
    table.write_text(f"{MOUNTS}40 22 0:40 / {os.path.realpath(tmp_path)} rw - nfs server:/home rw\n")
    with running(tmp_path / "log") as sink:
        home = home_for(tmp_path, sink, ["ada"])
        monkeypatch.setattr(room, "_MOUNTS", table)
        with home.app() as app:
            with pytest.raises(
                StoreError, match=r"is on a network file system \(nfs\).*a file on a local disk.*PostgreSQL"
            ):
                publish(app, app.clock(), Order())
            assert "(nfs)" in app.ledger.risk()
        assert [] == sink.received()
