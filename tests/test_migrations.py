"""From the first schema to this one, with everything in it; a newer one, or an older one unasked, is left alone."""

import sqlite3
from datetime import date

import pytest

from newsletter.archive import Archive
from newsletter.errors import StoreError
from newsletter.ledger import Key, Ledger, upkeep
from newsletter.models import Reading
from newsletter.readers.feedback import Feedback
from newsletter.readers.signups import Signups
from newsletter.readers.suppressions import Suppressions
from tests.homes import SECRET, make_home
from tests.stores import SCHEMAS, in_folder
from tests.test_ledger import DAY, NOW
from tests.test_signups import confirmed

LEDGER_1 = """
CREATE TABLE suppressions (address TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL, at DATETIME NOT NULL,
    PRIMARY KEY (address));
CREATE TABLE schema (version INTEGER NOT NULL, PRIMARY KEY (version));
CREATE TABLE feedback (subscriber TEXT NOT NULL, paper TEXT NOT NULL, verdict TEXT NOT NULL, at DATETIME NOT NULL,
    PRIMARY KEY (subscriber, paper));
CREATE TABLE deliveries (subscriber TEXT NOT NULL, period TEXT NOT NULL, occasion TEXT NOT NULL, day DATE NOT NULL,
    since DATE NOT NULL, address TEXT NOT NULL, reference TEXT NOT NULL, digest TEXT NOT NULL, cut_off_day DATE,
    cut_off_at DATETIME, give_up_at DATETIME NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL,
    changed_at DATETIME NOT NULL, papers TEXT NOT NULL, content TEXT, name TEXT NOT NULL, language TEXT NOT NULL,
    design TEXT NOT NULL, template TEXT NOT NULL, stamped_at DATETIME, message_id TEXT NOT NULL,
    provider TEXT NOT NULL, batch TEXT NOT NULL, receipt TEXT NOT NULL, attempts INTEGER NOT NULL,
    next_attempt DATETIME, lease_owner TEXT, lease_until DATETIME, PRIMARY KEY (subscriber, period, occasion));
CREATE INDEX deliveries_by_day ON deliveries (day, occasion, state);
CREATE INDEX deliveries_by_state ON deliveries (state, next_attempt);
CREATE TABLE readers (reference TEXT NOT NULL, subscriber TEXT NOT NULL, address TEXT NOT NULL,
    PRIMARY KEY (reference));
CREATE TABLE switches (name TEXT NOT NULL, at DATETIME NOT NULL, PRIMARY KEY (name));
INSERT INTO schema VALUES (1);
INSERT INTO suppressions VALUES ('cy@example.org', 'unsubscribed', '', '2026-03-01 07:00:00.000000');
INSERT INTO feedback VALUES ('ada', '2603.00001', 'more', '2026-03-01 07:00:00.000000');
INSERT INTO readers VALUES ('ref-ada', 'ada', 'ada@example.org');
INSERT INTO deliveries VALUES ('ada', '2026-03-03', 'regular', '2026-03-03', '2026-03-03', 'ada@example.org', 'ref-ada',
    'd1', '2026-03-03', '2026-03-03 07:00:00.000000', '2026-03-04 07:00:00.000000', 'submitted', '',
    '2026-03-03 07:00:00.000000', '2603.00001 2603.00002', '{}', 'Ada', 'en', 'daily', 'v1',
    '2026-03-03 07:00:00.000000', '<ada@x>', 'smtp', 'b1', '250 ok', 1, NULL, NULL, NULL);
INSERT INTO deliveries VALUES ('bo', '2026-03-03', 'regular', '2026-03-03', '2026-03-03', 'bo@example.org', 'ref-bo',
    'd1', '2026-03-03', '2026-03-03 07:00:00.000000', '2026-03-04 07:00:00.000000', 'pending', '',
    '2026-03-03 07:00:00.000000', '', NULL, '', 'en', 'daily', '', NULL, '', '', '', '', 0, NULL, NULL, NULL)
"""

ARCHIVE_1 = """
CREATE TABLE schema (version INTEGER NOT NULL, PRIMARY KEY (version));
CREATE TABLE readings (paper TEXT NOT NULL, at DATETIME NOT NULL, upvotes INTEGER NOT NULL, comments INTEGER NOT NULL,
    stars INTEGER, PRIMARY KEY (paper, at));
CREATE TABLE listings (day DATE NOT NULL, source TEXT NOT NULL, paper TEXT NOT NULL, seen_at DATETIME NOT NULL,
    PRIMARY KEY (day, source, paper));
CREATE INDEX listings_by_paper ON listings (paper, source);
CREATE TABLE digests (id TEXT NOT NULL, day DATE NOT NULL, content BLOB NOT NULL, PRIMARY KEY (id));
INSERT INTO readings VALUES ('2603.00001', '2026-03-03 07:00:00+00:00', 3, 0, NULL);
INSERT INTO listings VALUES ('2026-03-03', 'huggingface', '2603.00001', '2026-03-03 07:00:00+00:00');
INSERT INTO schema VALUES (1)
"""


def test_a_ledger_of_the_first_schema_is_refused_until_it_is_upgraded_and_keeps_everything(stores):
    stores.of_first_schema("newsletter", LEDGER_1)
    with pytest.raises(StoreError, match=r"schema version 1 is older than this program's 7.*`newsletter db upgrade`"):
        Ledger.open(stores.url("newsletter"))
    assert [(1,)] == stores.execute("newsletter", "SELECT version FROM schema")
    assert "schema 1 became 7" in upkeep.upgrade(stores.url("newsletter"), backed_up=True)
    assert "nothing to do" in upkeep.upgrade(stores.url("newsletter"))
    database = Ledger.open(stores.url("newsletter"))
    ledger = Ledger(database, "here")
    assert {"ada": frozenset({"2603.00001", "2603.00002"})} == ledger.seen(["regular"], ["ada", "bo"])
    assert (1, 1) == tuple(ledger.account("regular", DAY).counts[state] for state in ("submitted", "pending"))
    assert [Key("bo", "2026-03-03", "regular")] == [one.key for one in ledger.take(NOW, "regular", [*keys()])]
    assert ("ada", "ada@example.org") == ledger.reader("ref-ada")
    assert ["cy@example.org"] == [one.address for one in Suppressions(database).all()]
    assert {"ada": {"2603.00001": "more"}} == Feedback(database).of(["ada"])
    database.close()


def keys():
    return [Key(name, "2026-03-03", "regular") for name in ("ada", "bo")]


def indexes(stores, name="newsletter"):
    if stores.kind == "sqlite":
        names = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    else:
        place = f"schemaname = '{SCHEMAS[name]}'"
        names = f"SELECT indexname FROM pg_indexes WHERE {place} AND indexname NOT LIKE '%_pkey'"
    return sorted(stores.execute(name, names))


def test_an_upgraded_ledger_has_the_indexes_of_a_new_one(stores, tmp_path_factory):
    stores.of_first_schema("newsletter", LEDGER_1)
    upkeep.upgrade(stores.url("newsletter"), backed_up=True)
    new = in_folder(tmp_path_factory.mktemp("new"))
    Ledger.open(new.url("newsletter")).close()
    assert indexes(new) == indexes(stores)


def test_a_ledger_of_schema_4_learns_of_sign_ups_and_keeps_what_it_had(stores):
    database = Ledger.open(stores.url("newsletter"))
    Suppressions(database).add("cy@example.org", "unsubscribed", NOW)
    database.close()
    new = ("changes", "consents", "wordings", "overrides", "renewals", "signups", "erased")
    later = (
        "deliveries_by_batch",
        "deliveries_by_subscriber",
        "deliveries_pending",
        "readers_by_address",
        "deliveries_uncertain",
    )
    gone = (*(f"DROP TABLE {name}" for name in new), *(f"DROP INDEX {name}" for name in later))
    gone = (*gone, "CREATE INDEX deliveries_by_state ON deliveries (state, next_attempt)")
    stores.execute("newsletter", *gone, "UPDATE schema SET version = 4")
    with pytest.raises(StoreError, match=r"schema version 4 is older than this program's 7.*`newsletter db upgrade`"):
        Ledger.open(stores.url("newsletter"))
    assert "schema 4 became 7" in upkeep.upgrade(stores.url("newsletter"), backed_up=True)
    database = Ledger.open(stores.url("newsletter"))
    ada = confirmed(Signups(database, [SECRET]))
    assert [[ada.subscriber]] == list(Signups(database, [SECRET]).pages())
    assert ["cy@example.org"] == [one.address for one in Suppressions(database).all()]
    database.close()


def test_an_older_archive_has_the_indexes_of_a_new_one(stores, tmp_path_factory):
    stores.of_first_schema("archive", ARCHIVE_1)
    new = in_folder(tmp_path_factory.mktemp("new"))
    for each in (stores, new):
        Archive(each.url("archive")).close()
    assert indexes(new, "archive") == indexes(stores, "archive")


def test_a_step_that_fails_leaves_everything_as_it_was(stores):
    stores.of_first_schema("newsletter", LEDGER_1 + "; CREATE TABLE deliveries_by_lease (taken INTEGER)")
    with pytest.raises(StoreError, match="deliveries_by_lease"):
        upkeep.upgrade(stores.url("newsletter"), backed_up=True)
    assert [(1,)] == stores.execute("newsletter", "SELECT version FROM schema")


def test_an_archive_of_the_first_schema_is_read_on_and_keeps_what_it_held(stores):
    stores.of_first_schema("archive", ARCHIVE_1.replace("+00:00", "" if stores.kind == "sqlite" else "+00:00"))
    for _ in range(2):
        archive = Archive(stores.url("archive"))
        assert {"2603.00001": Reading(3, None)} == archive.readings(["2603.00001"], NOW)
        assert [("2603.00001", date(2026, 3, 3))] == archive.first_days(None, None, "huggingface")
        archive.close()
    assert [(3,)] == stores.execute("archive", "SELECT version FROM schema")


@pytest.mark.parametrize(
    ("name", "opened", "table", "ours"), [("newsletter", Ledger.open, "readers", 7), ("archive", Archive, "vectors", 3)]
)
def test_a_newer_schema_is_refused_in_words_and_nothing_is_touched(stores, name, opened, table, ours):
    opened(stores.url(name)).close()
    stores.execute(name, "UPDATE schema SET version = 99", f"DROP TABLE {table}")
    for attempt in (opened, upkeep.upgrade) if name == "newsletter" else (opened,):
        with pytest.raises(StoreError, match=f"99 is newer than this program's {ours}; nothing was touched: "):
            attempt(stores.url(name))
    with pytest.raises(Exception, match=table):
        stores.execute(name, f"SELECT * FROM {table}")


# -- on the command line


def test_db_upgrade_makes_a_backup_first_and_no_other_command_touches_an_older_ledger(tmp_path):
    home = make_home(tmp_path / "home")
    home.subscribers("subscribers: [{email: ada@example.org, interests: [rivers]}]\n")
    in_folder(home.path).of_first_schema("newsletter", LEDGER_1)
    for command in ("send", "status", "check"):
        told = home.run(command, code=1)
        assert [
            "newsletter: newsletter.db: schema version 1 is older than this program's 7; nothing was touched: run "
        ] == [line.partition("`")[0] for line in told.splitlines()]
    told = home.run("db", "upgrade")
    assert "newsletter.db: schema 1 became 7; the backup is newsletter.db.backup-schema1\n" in told
    with sqlite3.connect(home.path / "newsletter.db.backup-schema1") as kept:
        assert [(1,), (2,)] == [
            kept.execute(f"SELECT {what}").fetchone() for what in ("max(version) FROM schema", ROWS)
        ]
    assert "nothing to do" in home.run("db", "upgrade")
    sent = {"NEWSLETTER_PROVIDER": "smtp://127.0.0.1"}  # with the provider `file` only rehearsals are in the account
    assert "audience           2" in home.run("status", "--date", "2026-03-03", code=1, **sent)
    assert "ok      database: newsletter.db, schema 7" in home.run("check", code=None)


ROWS = "count(*) FROM deliveries"


def test_db_upgrade_before_there_is_anything_does_nothing(tmp_path):
    home = make_home(tmp_path / "home")
    assert "newsletter.db: not there yet" in home.run("db", "upgrade")
    assert not (home.path / "newsletter.db").exists()


def test_on_postgresql_db_upgrade_asks_for_a_copy_by_its_own_tool(postgresql, tmp_path):
    from tests.stores import in_database

    stores = in_database(postgresql.fresh())
    stores.of_first_schema("newsletter", LEDGER_1)
    home = make_home(tmp_path / "home")
    environment = {"NEWSLETTER_DATABASE": stores.url("newsletter")}
    told = home.run("db", "upgrade", code=1, **environment)
    assert "make a copy with `pg_dump --format=custom --schema=newsletter --file=newsletter.backup-schema1 " in told
    assert "schema 1 became 7" in home.run("db", "upgrade", "--backed-up", **environment)
