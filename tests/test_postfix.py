"""Through a real Postfix into a real mailbox: every kind of refusal, STARTTLS, a login, and the bytes that arrive."""

import re
from collections import Counter
from datetime import timedelta

import pytest

from newsletter.errors import Halt
from newsletter.models import Message, Receipt, Refused, TryLater
from newsletter.providers.smtp import SmtpProvider
from newsletter.providers.smtp_spec import parse
from tests.homes import invented_day, make_home, readers, text_of
from tests.servers import postfix
from tests.servers.postfix import DOMAIN, HOST, PASSWORD, RATE, SIZE

TRACE = {"Return-Path", "X-Original-To", "Delivered-To", "Received"}

pytestmark = [
    pytest.mark.skipif(bool(reason := postfix.missing()), reason=reason or "it is here"),
    pytest.mark.xdist_group("postfix"),
]


@pytest.fixture(scope="module")
def server():
    with postfix.running() as served:
        yield served


def message(name, number=1, subject="Papers", body=b"Hello.\r\n.\r\n.dot\r\n..two\r\n\r\n \r\nFrom here\r\n"):
    recipient = name if "@" in name else f"{name}@{DOMAIN}"
    head = f"Message-ID: <{number}.{name}>\r\nFrom: papers@{DOMAIN}\r\nTo: {recipient}\r\n"
    mime = f"{head}Date: Tue, 03 Mar 2026 08:00:00 +0000\r\nSubject: {subject}\r\n\r\n".encode() + body
    return Message(f"papers@{DOMAIN}", recipient, (), (), (), f"<{number}.{name}>", mime)


def send(port, *messages, options="tls=none&connections=1", user="", password=""):
    at = f"{user}@" if user else ""
    provider = SmtpProvider(parse(f"smtp://{at}localhost:{port}?timeout=20&{options}", ""), password)
    try:
        return [provider.send([one], "")[0] for one in messages]
    finally:
        provider.close()


def without_trace(mail):
    """The mail as it was sent: with CRLF, and without the lines that mail servers put before it."""
    mail = mail.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    while (line := re.match(rb"([A-Za-z-]+):[^\r]*\r\n(?:[ \t][^\r]*\r\n)*", mail)) and line[1].decode() in TRACE:
        mail = mail[line.end() :]
    return mail


def test_what_arrives_is_what_was_sent_to_the_byte(server):
    sent = [message("eve", number) for number in range(5)]
    assert [Receipt] * 5 == [type(outcome) for outcome in send(server.plain, *sent)]
    arrived = [without_trace(mail) for mail in server.delivered("eve", 5)]
    assert sorted(one.mime for one in sent) == sorted(arrived)
    assert sorted(arrived) == sorted(without_trace(mail) for mail in server.read("eve"))


def test_starttls_with_a_login_is_let_in_and_a_wrong_password_is_not(server):
    options = f"tls=starttls&connections=1&ca={server.ca}"
    [receipt] = send(server.submission, message("lou"), options=options, user="papers", password=PASSWORD)
    assert isinstance(receipt, Receipt)
    assert message("lou").mime == without_trace(server.delivered("lou")[0])
    with pytest.raises(Halt, match=r"refuses the login of papers: 535 5\.7\.8"):
        send(server.submission, message("lou"), options=options, user="papers", password="wrong")
    with pytest.raises(Halt, match=r"refuses us, not a reader: 554 5\.7\.1 .*Client host rejected"):
        send(server.submission, message("lou"), options=options)


@pytest.mark.parametrize(
    ("name", "kind", "bad_address"),
    [("nobody-of-that-name", Refused, True), ("disabled", Refused, True), ("moved", Refused, True)],
)
def test_a_wrong_address_is_known_as_one(server, name, kind, bad_address):
    refused, accepted = send(server.plain, message(name), message("cy"))
    assert (kind, bad_address, Receipt) == (type(refused), refused.bad_address, type(accepted))


def test_a_message_that_is_too_large_is_nobodys_wrong_address(server):
    [refused] = send(server.plain, message("ada", body=b"a line of a mail\r\n" * (SIZE // 10)))
    assert ("552 5.3.4", False) == (refused.reason[:9], refused.bad_address)


@pytest.mark.parametrize(
    ("name", "after"),
    [
        ("full", None),
        ("overfull", None),
        ("busy", None),
        ("close", None),
        ("grey", timedelta(seconds=60)),
        ("grey450", timedelta(minutes=5)),
    ],
)
def test_what_passes_is_tried_later(server, name, after):
    later, accepted = send(server.plain, message(name), message("cy"))
    assert (TryLater, after, "", Receipt) == (type(later), later.after, later.why, type(accepted))


@pytest.mark.parametrize("one", [message("spam"), message("ada", subject="Papers from the casino")])
def test_a_policy_before_or_after_the_message_is_not_held_against_the_reader(server, one):
    refused, accepted = send(server.plain, one, message("cy"))
    assert (TryLater, "policy", Receipt) == (type(refused), refused.why, type(accepted))


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("unsigned", "refuses us, not a reader: 550 5.7.26"),
        ("ada@another.example", "refuses us, not a reader: 554 5.7.1 .*Relay access denied"),
        ("limit", "daily limit is reached: 550 5.4.5"),
    ],
)
def test_what_concerns_us_halts(server, to, said):
    with pytest.raises(Halt, match=said):
        send(server.plain, message(to))


def test_who_asks_to_slow_down_is_heard(server):
    [slow] = send(server.plain, message("fast"))
    assert (timedelta(minutes=10), "slow") == (slow.after, slow.why)
    outcomes = send(server.hurried, *[message("cy", number) for number in range(RATE + 1)])
    assert [Receipt] * RATE == [type(outcome) for outcome in outcomes[:RATE]]
    assert "slow" == outcomes[RATE].why, outcomes[RATE].reason


def test_a_day_is_sent_to_those_who_can_be_reached_and_the_others_are_told(server, tmp_path):
    home = make_home(tmp_path / "home", provider=f"smtp://{HOST}:{server.plain}?connections=2&timeout=20")
    home.day("2026-03-03", invented_day("2026-03-03", 10))
    home.subscribers(readers(["ada", "bo", "cy", "full", "grey", "nobody-of-that-name", "spam"]))
    before = Counter({name: len(server.read(name)) for name in ("ada", "bo", "cy")})
    told = home.run("send", "--date", "2026-03-03", code=1)
    assert "7 readers: 3 pending, 3 submitted, 1 failed" in told
    assert "1 failed: 550 5.1.1" in told
    for name, number in before.items():
        server.delivered(name, number + 1)
        assert "case" in text_of(server.read(name)[-1])
