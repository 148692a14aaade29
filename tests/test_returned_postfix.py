"""A mail of ours through a real Postfix comes back as its own report, into a Maildir, and is read there and by Dovecot's IMAP."""

import imaplib
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from newsletter import returned
from newsletter.models import Message, Stamp
from newsletter.providers.smtp import SmtpProvider
from newsletter.providers.smtp_spec import parse
from newsletter.verp import tags
from tests.comeback import letter
from tests.factories import edition
from tests.homes import invented_day, make_home, readers
from tests.servers import postfix
from tests.servers.postfix import DOMAIN, HOST, PASSWORD

pytestmark = [
    pytest.mark.skipif(bool(reason := postfix.missing()), reason=reason or "it is here"),
    pytest.mark.xdist_group("postfix"),
]
NAMES = ["ada", "gone", "stuffed"]


@pytest.fixture(scope="module")
def server():
    with postfix.running() as served:
        yield served


@pytest.fixture
def home(server, tmp_path):
    """A home that sends to one reader who is there, and to two whose mail comes back; its mailbox is empty."""
    shutil.rmtree(server.home / "mail" / "bounce", ignore_errors=True)
    home = make_home(tmp_path / "home", provider=f"smtp://{HOST}:{server.plain}?connections=2&timeout=20")
    for day in ("2026-03-03", "2026-03-04"):
        home.day(day, invented_day(day, 10, first=1 if day.endswith("3") else 11))
    home.subscribers(readers(NAMES))
    home.environment["NEWSLETTER_FROM"] = f"papers@{DOMAIN}"
    home.environment["NEWSLETTER_BOUNCES"] = f"bounce@{DOMAIN}"
    return home


def by_imap(server, folder="INBOX"):
    return {"NEWSLETTER_BOUNCES_MAILBOX": f"imap://bounce@{HOST}:{server.imap}/{folder}", "IMAP_PASSWORD": PASSWORD}


def by_imaps(server):
    where = f"imaps://bounce@localhost:{server.imaps}/INBOX"
    return {"NEWSLETTER_BOUNCES_MAILBOX": where, "IMAP_PASSWORD": PASSWORD, "SSL_CERT_FILE": str(server.ca)}


def by_maildir(server):
    return {"NEWSLETTER_BOUNCES_MAILBOX": str(server.home / "mail" / "bounce")}


@pytest.mark.parametrize("reading", [by_maildir, by_imap, by_imaps])
def test_a_mailbox_that_bounces_after_it_took_the_mail_gets_no_other(server, home, reading):
    where = reading(server)
    assert "3 readers: 3 submitted" in home.run("send", "--date", "2026-03-03", **where)
    reports = server.delivered("bounce", 2)
    assert all(re.search(rb"(?m)^Delivered-To: bounce\+[a-z2-7]{40}@example\.org", one) for one in reports)
    told = home.run("bounces", "read", **where)
    assert "bounced  gone@example.org  2026-03-03  5.1.1" in told
    assert "soft  stuffed@example.org  2026-03-03  5.2.2" in told
    assert "2 read: 1 bounced, 1 soft" in told
    assert "0 read: nothing" in home.run("bounces", "read", **where)
    assert "gone@example.org  bounced" in home.run("suppressions", "list")
    told = home.run("send", "--date", "2026-03-04", **where)
    assert "3 readers: 2 submitted, 1 skipped" in told
    assert "1 skipped: suppressed" in told
    server.delivered("bounce", 3)
    assert "1 read: 1 soft" in home.run("bounces", "read", **where)


def test_every_mail_has_a_return_path_of_its_own_and_the_same_bytes_as_without(home):
    stamp = Stamp(datetime(2026, 3, 3, 8, tzinfo=UTC), reference="AbCdEfGhIjKlMn_-")
    with home.app() as app:
        own = app.renderer.render(edition(), stamp)
        assert "" == app.renderer.render(edition(), replace(stamp, occasion="test")).return_path
    with home.app(NEWSLETTER_BOUNCES="") as app:
        usual = app.renderer.render(edition(), stamp)
    assert (usual.mime, usual.sender, "") == (own.mime, own.sender, usual.return_path)
    [tag] = tags(own.return_path)
    assert (stamp.reference, edition().period.day) == (tag.reference, tag.day)


def test_the_readers_mailto_unsubscribes_by_a_real_mail(server, home):
    where = by_maildir(server) | {"NEWSLETTER_REPLY_TO": f"bounce@{DOMAIN}", "NEWSLETTER_BOUNCES": ""}
    home.run("send", "--date", "2026-03-03", **where)
    mail = server.delivered("ada")[-1].decode()
    subject = re.search(r"mailto:bounce@example\.org\?subject=unsubscribe%20([^>\s]+)>", mail)[1]
    answer = f"From: ada@{DOMAIN}\r\nTo: bounce@{DOMAIN}\r\nSubject: unsubscribe {subject}\r\n\r\n\r\n"
    provider = SmtpProvider(parse(f"smtp://localhost:{server.plain}?tls=none", ""), "")
    provider.send([Message(f"ada@{DOMAIN}", f"bounce@{DOMAIN}", (), (), (), "<m>", answer.encode())], "")
    provider.close()
    server.delivered("bounce", 1)
    assert "unsubscribed  ada@example.org" in home.run("bounces", "read", **where)
    assert "ada@example.org  unsubscribed" in home.run("suppressions", "list")


def test_letters_stay_unseen_for_who_reads_the_same_mailbox_by_imap(server, home):
    with imaplib.IMAP4(HOST, server.imap) as box:
        box.login("bounce", PASSWORD)
        box.append("INBOX", None, None, letter().replace(b"\n", b"\r\n"))
        box.append("INBOX", None, None, letter(more="Auto-Submitted: auto-replied\n").replace(b"\n", b"\r\n"))
        with home.app(**by_imap(server)) as app:
            assert ["answer", "automatic"] == [one.kind for one in returned.read(app)]
            assert [] == list(returned.read(app))
        box.select()
        assert [b"1"] == box.search(None, "UNSEEN")[1]


def test_a_wrong_password_and_a_folder_that_is_not_there_are_named(server, home):
    wrong = by_imap(server) | {"IMAP_PASSWORD": "wrong"}
    assert "127.0.0.1 refuses bounce: " in home.run("bounces", "read", code=1, **wrong)
    assert "has no folder Nowhere" in home.run("bounces", "read", code=1, **by_imap(server, "Nowhere"))
    assert "ok      bounces_mailbox: bounce at 127.0.0.1" in home.run("check", code=None, **by_imap(server))
    assert "127.0.0.1" in re.search(r"network: (.*)", home.run("check", code=None, **by_imap(server)))[1]


def test_an_encrypted_mailbox_of_somebody_else_hears_no_password(server, home):
    unknown = {name: value for name, value in by_imaps(server).items() if name != "SSL_CERT_FILE"}
    told = home.run("bounces", "read", code=1, **unknown)
    assert "TLS failed (CERTIFICATE_VERIFY_FAILED); nothing was said in plain text" in told
    assert PASSWORD not in told
