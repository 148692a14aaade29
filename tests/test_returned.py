"""Mail that comes back into a Maildir: who is not written to afterwards, who still is, and what is counted."""

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from newsletter import inbox, returned
from newsletter.bounces.weight import worn_out
from newsletter.cli.returning import findings
from newsletter.errors import InboxError, SettingsError, StoreError
from newsletter.inbox import imap
from newsletter.ledger import Claim, Key, Ledger, Planned
from newsletter.models import Stamp, Suppression
from newsletter.readers.bounces import Bounces, Returned
from newsletter.readers.consents import Circumstances
from newsletter.readers.suppressions import Suppressions
from newsletter.render.headers import unsubscribing as ways_out
from newsletter.returned import Reading
from tests.comeback import COMPLAINTS, DAY, GONE, SHAPES, Ours, letter, postfix, unsubscribing, yahoo
from tests.homes import make_home, readers
from tests.test_bounces import spoilt

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
NAMES = ("ada", "bo", "eve")
FORGED = int(os.environ.get("TEST_FORGED", "600"))
FULL = ("5.2.2", "552 5.2.2 <ada@example.org>: user is over quota")


@contextmanager
def opened(path, names=NAMES, days=(DAY,), now=NOW):
    """A home that has sent editions to some readers, with an empty Maildir."""
    home = make_home(path)
    home.subscribers(readers(names))
    for name in ("new", "cur", "tmp"):
        (path / "box" / name).mkdir(parents=True, exist_ok=True)
    with home.app(now, NEWSLETTER_BOUNCES_MAILBOX="box", NEWSLETTER_BOUNCES="bounce@papers.example") as app:
        for day in days:
            sent(app, day)
        yield app


def sent(app, day):
    """An edition of a day to everybody."""
    who = list(app.roster())
    keys = [Key(one.key, day.isoformat(), "rehearsal") for one in who]
    told = [(one.key, one.email, app.reference(one)) for one in who]
    late = NOW + timedelta(days=900)
    app.ledger.plan([Planned(day.isoformat(), "rehearsal", day, day, "d", (day, NOW), late, told)], NOW)
    claims = [Claim(k, (), "{}", "", "en", "daily", "v", NOW, message_id(k.subscriber, day)) for k in keys]
    assert set(keys) == app.ledger.claim(claims, "smtp", NOW)
    app.ledger.release(keys)


def message_id(subscriber, day):
    return f"<{subscriber.partition('@')[0]}-{day}@papers.example>"


def ours(app, name="ada", day=DAY, **changes):
    """The mail that was sent to a reader, as it comes back."""
    key = f"{name}@example.org"
    return replace(Ours(key, app.references([key])[key], day, message_id(key, day)), **changes)


def put(app, *mails):
    box = app.settings.home / "box" / "new"
    known = len([*box.parent.glob("*/*")])
    for number, mail in enumerate(mails):
        (box / f"17725{known + number:08}.M1P1.host").write_bytes(mail)


def read(app, *mails):
    """What reading these mails comes to, in their order."""
    put(app, *mails)
    return list(returned.read(app))


def suppressed(app):
    return [(one.address, one.reason) for one in app.suppressions.all()]


def left(app):
    """How many mails lie unread, are to be read by a person, and were put aside."""
    box = app.settings.home / "box"
    names = [path.name for path in (box / "cur").iterdir()]
    flagged = sum(name.endswith(":2,S") for name in names)
    return len([*(box / "new").iterdir()]), len(names) - flagged, flagged


@pytest.fixture
def app(tmp_path):
    with opened(tmp_path) as app:
        yield app


# -- bounces


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_mailbox_that_is_gone_is_not_written_to_any_more(app, shape, plain):
    [one] = read(app, SHAPES[shape](ours(app, plain=plain), *GONE))
    assert ("bounced", "ada@example.org", str(DAY)) == (one.kind, one.address, one.day)
    assert [("ada@example.org", "bounced")] == suppressed(app)
    assert "mail: " in app.suppressions.find("ada@example.org").detail
    assert (0, 0, 1) == left(app)


def test_the_next_edition_is_skipped(app):
    read(app, postfix(ours(app), *GONE))
    key = Key("ada@example.org", "2026-03-05", "rehearsal")
    day, who = date(2026, 3, 5), [("ada@example.org", "ada@example.org", "r")]
    app.ledger.plan([Planned(key.period, key.occasion, day, day, "d", None, NOW + timedelta(days=1), who)], NOW)
    assert set() == app.ledger.claim([Claim(key, (), "{}", "", "en", "daily", "v", NOW, "<x>")], "smtp", NOW)
    assert ["suppressed"] == [one.reason for one in app.ledger.people("rehearsal", date(2026, 3, 5), ["skipped"])]


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [(*FULL, "soft"), ("5.7.1", "550 5.7.1 blocked", "failed"), ("4.4.7", "delivery time expired", "soft")],
)
def test_a_full_mailbox_or_a_policy_suppresses_nobody(app, status, said, kind):
    [one] = read(app, postfix(ours(app), status, said))
    assert (kind, []) == (one.kind, suppressed(app))


def test_who_has_another_address_by_now_loses_only_the_old_one(app):
    before = ours(app)
    app.ledger.introduce(before.reference, "ada@example.org", "ada@new.example")
    read(app, postfix(before, *GONE))
    assert [("ada@example.org", "bounced")] == suppressed(app)


def test_a_mailbox_to_which_a_reader_passes_mail_on_is_not_the_readers(app):
    passed_on, alias = (postfix(ours(app, who), *GONE, final=f"gone@{where}") for who, where in PASSED_ON)
    assert ["soft", "bounced"] == [one.kind for one in read(app, passed_on, alias)]
    assert [("bo@example.org", "bounced")] == suppressed(app)


PASSED_ON = (("ada", "elsewhere.example"), ("bo", "example.org"))


def test_the_same_report_again_changes_nothing_and_full_mailboxes_count_by_editions(tmp_path):
    days = [DAY + timedelta(days=3 * n) for n in range(5)]
    with opened(tmp_path, days=days) as app:
        for day in days[:4]:
            read(app, *[postfix(ours(app, day=day), *FULL)] * 7)
        assert ([], 4) == (suppressed(app), len(app.bounces.all()))
        read(app, postfix(ours(app, day=days[4]), *FULL))
        assert [("ada@example.org", "bounced")] == suppressed(app)
        assert "5 editions came back since 2026-03-03" in app.suppressions.find("ada@example.org").detail
        app.suppressions.remove("ada@example.org")
        read(app, postfix(ours(app, day=days[4]), *FULL))
        assert [] == suppressed(app)


def test_who_is_erased_leaves_no_edition_that_came_back(app):
    read(app, postfix(ours(app), *FULL))
    app.erase(next(one for one in app.roster() if one.email == "ada@example.org"), Circumstances("form"))
    assert [] == app.bounces.all()
    assert [] == suppressed(app)


# -- complaints and the reader's no


@pytest.mark.parametrize("shape", COMPLAINTS)
def test_a_complaint_is_for_good_though_the_address_is_hidden(app, shape):
    [one] = read(app, COMPLAINTS[shape](ours(app)))
    assert ("complained", "ada@example.org") == (one.kind, one.address)
    read(app, postfix(ours(app), *GONE), unsubscribing(ours(app)))
    assert [("ada@example.org", "complained")] == suppressed(app)
    assert not app.suppressions.remove("ada@example.org")


def test_a_complaint_without_a_return_path_is_known_by_the_link_that_is_in_the_mail(app):
    assert ["complained"] == [one.kind for one in read(app, yahoo(ours(app, plain=True)))]


def test_the_mail_of_our_own_mailto_unsubscribes_whoever_sends_it(app):
    stamp = Stamp(NOW, reference=ours(app).reference)
    link = urlsplit(ways_out(stamp, app.renderer._imprint).mail)
    subject = parse_qs(link.query)["subject"][0]
    assert ["unsubscribed"] == [one.kind for one in read(app, letter(subject))]
    assert [("ada@example.org", "unsubscribed")] == suppressed(app)


# -- what is not believed


def test_reports_without_proof_count_for_nothing_and_stay_for_a_person(app):
    known = ours(app)
    strangers = [
        postfix(replace(known, secret="another secret of tests", message_id="<guessed@papers.example>"), *GONE),
        postfix(replace(known, day=date(2026, 3, 2), message_id="<guessed@papers.example>"), *GONE),
        postfix(replace(known, plain=True, message_id=message_id("bo", DAY)), *GONE),
        postfix(replace(ours(app, "mallory"), message_id=message_id("ada", DAY)), *GONE),
        yahoo(replace(known, secret="another secret of tests")),
    ]
    assert ["stranger"] * 5 == [one.kind for one in read(app, *strangers)]
    assert ([], (0, 5, 0)) == (suppressed(app), left(app))
    assert all("ada@example.org" in one.said for one in read(app, *strangers[:3]))


def test_letters_stay_unread_and_programs_are_put_aside(app):
    mails = [letter(), letter(more="Auto-Submitted: auto-replied\n"), b"", letter("unsubscribe")]
    assert ["answer", "automatic", "unreadable", "answer"] == [one.kind for one in read(app, *mails)]
    assert ([], (0, 3, 1)) == (suppressed(app), left(app))


def test_of_thousands_of_forged_spoilt_and_shuffled_mails_none_suppresses_who_did_not_bounce(tmp_path):
    """`TEST_FORGED=10000` is the long form. The first ten mailboxes are really gone; nobody else may suffer."""
    chance = random.Random(7)
    with opened(tmp_path, tuple(f"reader{number}" for number in range(40))) as app:
        known = [ours(app, f"reader{number}") for number in range(40)]
        gone, there = known[:10], known[10:]
        mails = [_forged(chance, gone, there, number) for number in range(FORGED)]
        kinds = Counter(one.kind for one in read(app, *mails))
        assert FORGED == kinds.total()
        assert {"bounced", "stranger", "failed"} <= kinds.keys()
        assert {address for address, _ in suppressed(app)} <= {one.to for one in gone}
        read(app, *[postfix(one, *GONE) for one in gone])
        assert sorted((one.to, "bounced") for one in gone) == suppressed(app)


def _forged(chance, gone, there, number):
    victim, other = chance.sample(there, 2)
    shape = chance.choice([*SHAPES.values()])
    wrong = replace(victim, secret=f"a guess of the secret {number}", message_id=f"<{number}@papers.example>")
    kind = chance.randrange(7)
    if kind == 0:  # everything is right but what proves it
        return shape(wrong, *GONE)
    if kind == 1:  # one's own return path under another's address
        return shape(replace(wrong, plain=True), *GONE).replace(
            b"papers@papers.example", chance.choice(gone).sender.encode()
        )
    if kind == 2:  # another's Message-ID
        return shape(replace(wrong, plain=True, message_id=other.message_id), *GONE)
    if kind == 3:
        return spoilt(chance.choice([*COMPLAINTS.values()])(wrong), chance)
    if kind == 4:  # true, and not about the address
        return spoilt(shape(victim, "5.7.1", "550 5.7.1 Blocked by a policy"), chance)
    if kind == 5:
        return spoilt(unsubscribing(wrong), chance)
    return spoilt(shape(chance.choice(gone), *GONE), chance)


# -- crashes, faults, and the account


def test_killed_before_a_mail_is_put_aside_it_is_read_again_and_that_is_harmless(app, monkeypatch):
    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(inbox.maildir.Maildir, "done", killed)
        with pytest.raises(KeyboardInterrupt):
            read(app, postfix(ours(app), *GONE), postfix(ours(app, "bo"), *FULL), unsubscribing(ours(app, "eve")))
    expected = [("ada@example.org", "bounced"), ("eve@example.org", "unsubscribed")]
    assert (expected, (3, 0, 0)) == (suppressed(app), left(app))
    list(returned.read(app))
    assert (expected, 1, (0, 0, 3)) == (suppressed(app), len(app.bounces.all()), left(app))


def test_a_reader_that_is_killed_again_and_again_has_read_everything_in_the_end(tmp_path):
    names = tuple(f"reader{number}" for number in range(300))
    now = datetime.now(UTC)
    with opened(tmp_path, names, [now.date()], now) as app:
        half = [ours(app, name, now.date()) for name in names[:150]]
        rest = [ours(app, name, now.date()) for name in names[150:]]
        put(app, *[postfix(one, *GONE) for one in half], *[postfix(one, *FULL) for one in rest])
    environment = make_home(tmp_path).environment | {"NEWSLETTER_BOUNCES_MAILBOX": "box"}
    for aside in (1, 60, 201):
        child = subprocess.Popen([sys.executable, "-m", "newsletter", "bounces", "read"], env=environment, stdout=-3)
        while child.poll() is None and len([*(tmp_path / "box" / "cur").iterdir()]) < aside:
            time.sleep(0.001)
        child.kill()
        child.wait()
    make_home(tmp_path).run("bounces", "read", NEWSLETTER_BOUNCES_MAILBOX="box")
    with opened(tmp_path, names, (), now) as app:
        assert sorted((one.to, "bounced") for one in half) == suppressed(app)
        assert sorted(one.to for one in rest) == [one.address for one in app.bounces.all()]
        assert (0, 0, 300) == left(app)


def test_what_could_not_be_recorded_stays_to_be_read(app, monkeypatch):
    def full(*_):
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(app.bounces, "record", full)
        with pytest.raises(StoreError):
            read(app, postfix(ours(app), *GONE))
    assert (1, 0, 0) == left(app)


def test_only_files_are_mails(app, tmp_path):
    (tmp_path / "box" / "new" / "link").symlink_to("/etc/passwd")
    (tmp_path / "box" / "new" / "folder").mkdir()
    os.mkfifo(tmp_path / "box" / "new" / "pipe")
    assert [] == read(app)


@pytest.mark.parametrize("missing", ["new", "cur"])
def test_what_is_no_maildir_is_named(app, tmp_path, missing):
    for path in (tmp_path / "box" / missing).iterdir():
        path.unlink()
    (tmp_path / "box" / missing).rmdir()
    [found] = [one for one in findings(app, ask) if one[0] == "bounces_mailbox"]
    assert "broken" == found[1]
    assert str(tmp_path / "box") in found[2]


def ask(name, kind):
    return {
        ("papers.example", "MX"): ("10 mx.papers.example",),
        ("papers.example", "TXT"): ("v=spf1 ip4:192.0.2.1 -all",),
    }.get((name, kind), ())


def test_check_says_what_comes_back_where(app):
    put(app, letter())
    found = {what: (state, said) for what, state, said in findings(app, ask)}
    assert ["bounces_mailbox", "bounces", "bounces MX", "bounces SPF"] == [*found]
    assert "1 mail to be read" in found["bounces_mailbox"][1]
    assert ("warning", "only `smtp` uses it; an API tells of bounces by webhook") == found["bounces"]
    assert {"ok"} == {found[one][0] for one in ("bounces_mailbox", "bounces MX", "bounces SPF")}


def test_run_reads_each_minute_and_says_one_line_of_a_fault_that_stays(app, tmp_path, caplog):
    caplog.set_level("INFO", "newsletter.returned")
    reading = Reading(app)
    put(app, postfix(ours(app), *GONE))
    reading.look()
    reading.look()
    (tmp_path / "box").rename(tmp_path / "away")
    reading.look()
    reading.look()
    (tmp_path / "away").rename(tmp_path / "box")
    reading.look()
    said = [record.getMessage() for record in caplog.records]
    assert ["mail read: 1 bounced", "bounces_mailbox"] == [line.partition(": /")[0] for line in said]
    assert "ada@example.org" not in "".join(said)


def test_the_command_and_the_status_count_what_was_read(tmp_path):
    with opened(tmp_path, now=datetime.now(UTC)) as app:
        put(app, postfix(ours(app), *GONE), postfix(ours(app, "bo"), *FULL), letter(), postfix(Ours(), *GONE))
    home = make_home(tmp_path)
    environment = {"NEWSLETTER_BOUNCES_MAILBOX": "box"}
    told = home.run("bounces", "read", **environment).splitlines()
    assert "bounced  ada@example.org  2026-03-03  5.1.1 550 5.1.1" in told[0]
    assert "4 read: 1 bounced, 1 soft, 1 answer, 1 stranger" == told[-1]
    assert [] == json.loads(home.run("bounces", "read", "--json", **environment))
    assert "bo@example.org  2026-03-03  5.2.2 552 5.2.2" in home.run("bounces", "list")
    status = home.run("status", code=None, **environment)
    assert "mail read in the last 7 days: 1 bounced, 1 soft, 1 answer, 1 stranger" in status
    expected = {"bounced": 1, "soft": 1, "answer": 1, "stranger": 1}
    assert expected == home.status(**environment)["mail_read"]
    assert "bounces_mailbox is not set" in home.run("bounces", "read", code=2)


def test_figures_and_editions_are_forgotten_after_two_months(tmp_path):
    with opened(tmp_path) as app:
        read(app, postfix(ours(app), *FULL))
        assert {"soft": 1} == app.bounces.read_since(NOW.date())
    with opened(tmp_path, days=(), now=NOW + timedelta(days=70)) as app:
        read(app, letter())
        assert ({"answer": 1}, []) == (app.bounces.read_since(date(2026, 1, 1)), app.bounces.all())


def test_both_databases_keep_what_came_back(database):
    bounces, suppressions = Bounces(database), Suppressions(database)

    def soft(day):
        return Returned("Ada@Example.org", day, NOW, "552 5.2.2 full")

    days = [DAY + timedelta(days=3 * n) for n in range(5)]
    for day in days[:4]:
        for _ in range(2):
            assert [] == bounces.record([], [soft(day)], {"soft": 1}, worn_out, NOW)
    final = Suppression("bo@example.org", "bounced", "mail: 5.1.1", NOW)
    expected = ["bo@example.org", "ada@example.org"]
    assert expected == bounces.record([final], [soft(days[4])], {"soft": 1, "bounced": 1}, worn_out, NOW)
    assert [] == bounces.record([final], [], {}, worn_out, NOW)
    assert ({"soft": 9, "bounced": 1}, []) == (bounces.read_since(NOW.date()), bounces.all())
    assert sorted(expected) == [one.address for one in suppressions.all()]


def test_a_ledger_that_never_heard_of_mail_learns_it_by_itself(stores):
    Ledger.open(stores.url("newsletter")).close()
    stores.execute("newsletter", "DROP TABLE returned", "DROP TABLE mail_read")
    database = Ledger.open(stores.url("newsletter"))
    assert {} == Bounces(database).read_since(DAY)
    database.close()


# -- settings


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("imaps://user:hush@imap.papers.example/INBOX", "a password does not belong here"),
        ("imap://user@imap.papers.example/INBOX", "not encrypted"),
        ("imaps://imap.papers.example", "not a mailbox"),
        ("imaps://user@imap.papers.example:port/", "write imaps://"),
        ("imaps://user@imap.papers.example/a%22b", "ASCII"),
    ],
)
def test_an_imap_mailbox_that_cannot_be_is_refused_with_the_cure(tmp_path, spec, said):
    with make_home(tmp_path).app(NOW, NEWSLETTER_BOUNCES_MAILBOX=spec, IMAP_PASSWORD="x") as app:
        with pytest.raises(SettingsError, match=said) as error:
            list(returned.read(app))
        assert "hush" not in str(error.value)


AWAY = "imap://b@localhost:1/"


class Keyless:
    """An IMAP server that keeps no keywords, as imaplib shows it."""

    def __init__(self):
        self.flags = {"1": set(), "2": set()}

    def select(self, folder):
        return "OK", [b"2"]

    def response(self, code):
        return code, [b"(\\Seen \\Flagged)"]

    def uid(self, command, *told):
        if command == "SEARCH":
            assert ("UNSEEN",) == told
            return "OK", [" ".join(n for n, flags in self.flags.items() if "\\Seen" not in flags).encode()]
        if command == "STORE":
            self.flags[told[0]] |= set(told[2].strip("()").split())
            return "OK", [None]
        return "OK", [(b"1 (BODY[] {5}", letter(more="" if told[0] == "1" else "Auto-Submitted: yes\n")), b")"]


def test_where_no_keywords_are_kept_all_is_marked_as_seen_and_letters_are_flagged(app):
    client = Keyless()
    box = imap.Imap(client, imap.parse(AWAY))
    assert ["answer", "automatic"] == [one.kind for one in returned.read_all(app, box)]
    assert {"1": {"\\Seen", "\\Flagged"}, "2": {"\\Seen"}} == client.flags
    assert [] == list(returned.read_all(app, box))


def test_where_an_imap_mailbox_is():
    assert imap.Server("imap.papers.example", 993, "bounce@papers.example", "INBOX", True) == imap.parse(
        "imaps://bounce%40papers.example@imap.papers.example"
    )
    assert imap.Server("localhost", 2143, "b", "Bounces", False) == imap.parse("imap://b@localhost:2143/Bounces")


def test_a_password_that_is_missing_is_named(tmp_path):
    home = make_home(tmp_path)
    with home.app(NOW, NEWSLETTER_BOUNCES_MAILBOX=AWAY) as app, pytest.raises(SettingsError, match="IMAP_PASSWORD"):
        list(returned.read(app))


def test_an_imap_server_that_is_away_is_named(tmp_path):
    with make_home(tmp_path).app(NOW, NEWSLETTER_BOUNCES_MAILBOX=AWAY, IMAP_PASSWORD="x") as app:
        reading = returned.read(app)
        with pytest.raises(InboxError, match="localhost:1 cannot be reached"):
            next(reading)


def test_the_mailbox_may_be_anywhere(tmp_path):
    home = make_home(tmp_path / "home")
    with home.app(NOW, NEWSLETTER_BOUNCES_MAILBOX=str(tmp_path / "far")) as app, inbox.opened(app.settings) as found:
        assert Path(tmp_path / "far") == found._path
