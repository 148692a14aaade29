"""The mail servers of the tests, asked by the standard library's client and by bare sockets."""

import contextlib
import hashlib
import select
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.servers.smtp import HOST, Received, Running, mailbox, running

SENDER = "papers@example.org"
ADA = "ada@example.org"
BODY = b"Message-ID: <one@example.org>\r\nSubject: Papers\r\n\r\nGood morning.\r\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "accepted.jsonl"


def written(sink: Running) -> list[Received]:
    """What was received, without the times."""
    return [replace(one, at=0.0) for one in sink.received()]


def receipt(recipient: str = ADA, content: bytes = BODY, message_id: str = "<one@example.org>") -> Received:
    return Received(recipient, message_id, hashlib.sha256(content).hexdigest(), 0.0)


@contextlib.contextmanager
def client(sink: Running, timeout: float = 5) -> Iterator[smtplib.SMTP]:
    connection = smtplib.SMTP(sink.host, sink.port, timeout=timeout)
    try:
        yield connection
    finally:
        connection.close()


def reply_at_rcpt(sink: Running, recipient: str) -> tuple[int, str]:
    with client(sink) as smtp, pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        smtp.sendmail(SENDER, recipient, BODY)
    code, text = refused.value.recipients[recipient]
    return code, text.decode().partition(" ")[0]


@contextlib.contextmanager
def bare(sink: Running) -> Iterator[socket.socket]:
    """A socket that has read the greeting."""
    with socket.create_connection((sink.host, sink.port), timeout=5) as connection:
        assert connection.recv(100).startswith(b"220 ")
        yield connection


def say(connection: socket.socket, words: bytes, replies: int) -> list[bytes]:
    """Send the words, and read so many final lines of replies; only their codes are returned."""
    connection.sendall(words)
    lines = connection.makefile("rb", buffering=0)
    codes: list[bytes] = []
    while len(codes) < replies:
        line = lines.readline()
        if line[3:4] != b"-":
            codes.append(line[:3])
    return codes


def test_an_accepted_message_is_on_record_with_recipient_id_and_hash(log: Path) -> None:
    before = time.time()
    with running(log) as sink, client(sink) as smtp:
        smtp.sendmail(SENDER, ADA, BODY)
        assert [receipt()] == written(sink)
        assert before <= sink.received()[0].at <= time.time()


def test_a_message_to_two_is_two_receipts(log: Path) -> None:
    with running(log) as sink, client(sink) as smtp:
        smtp.sendmail(SENDER, [ADA, "grace@example.org"], BODY)
        assert [receipt(), receipt("grace@example.org")] == written(sink)


def test_many_messages_go_over_one_connection(log: Path) -> None:
    with running(log) as sink, client(sink) as smtp:
        for number in range(50):
            smtp.sendmail(SENDER, f"reader{number}@example.org", BODY)
        assert [receipt(f"reader{number}@example.org") for number in range(50)] == written(sink)


def test_the_line_is_in_the_log_before_the_reply(log: Path) -> None:
    with running(log, delay_ms=300) as sink, bare(sink) as connection:
        say(connection, b"EHLO test\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<ada@example.org>\r\nDATA\r\n", 4)
        connection.sendall(BODY + b".\r\n")
        while not sink.received():
            time.sleep(0.001)
        assert ([], [], []) == select.select([connection], [], [], 0)
        assert connection.recv(100).startswith(b"250 ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk without room")
def test_what_cannot_be_recorded_is_not_accepted(log: Path) -> None:
    log.symlink_to("/dev/full")
    with running(log) as sink, client(sink) as smtp, pytest.raises(smtplib.SMTPServerDisconnected):
        smtp.sendmail(SENDER, ADA, BODY)


def test_what_was_accepted_outlives_a_killed_sink(log: Path) -> None:
    with running(log) as sink, client(sink) as smtp:
        smtp.sendmail(SENDER, ADA, BODY)
        sink.process.kill()
        sink.process.wait()
        assert [receipt()] == written(sink)


def test_a_line_that_is_half_written_does_not_count(log: Path) -> None:
    with running(log) as sink, client(sink) as smtp:
        smtp.sendmail(SENDER, ADA, BODY)
        with log.open("a") as torn:
            torn.write('{"recipient": "gra')
        assert [receipt()] == written(sink)


def test_a_message_without_an_id_has_an_empty_one(log: Path) -> None:
    content = b"Subject: none\r\n\r\nMessage-ID: <body@example.org>\r\n"
    with running(log) as sink, client(sink) as smtp:
        smtp.sendmail(SENDER, ADA, content)
        assert [receipt(content=content, message_id="")] == written(sink)


@pytest.mark.parametrize(
    ("local", "code", "enhanced"),
    [
        ("nouser", 550, "5.1.1"),
        ("full", 452, "4.2.2"),
        ("busy", 450, "4.2.1"),
        ("grey", 451, "4.7.1"),
        ("spam", 554, "5.7.1"),
        ("spam+17", 554, "5.7.1"),
    ],
)
def test_the_name_of_the_recipient_decides_the_reply(log: Path, local: str, code: int, enhanced: str) -> None:
    with running(log) as sink:
        assert (code, enhanced) == reply_at_rcpt(sink, f"{local}@example.org")
        assert [] == sink.received()


def test_a_greylisted_address_is_accepted_the_second_time_and_each_address_alone(log: Path) -> None:
    with running(log) as sink:
        assert (451, "4.7.1") == reply_at_rcpt(sink, "grey+1@example.org")
        assert (451, "4.7.1") == reply_at_rcpt(sink, "grey+2@example.org")
        with client(sink) as smtp:
            smtp.sendmail(SENDER, "grey+1@example.org", BODY)
        assert [receipt("grey+1@example.org")] == written(sink)


def test_a_refused_recipient_does_not_take_the_other_along(log: Path) -> None:
    with running(log) as sink, client(sink) as smtp:
        refused = smtp.sendmail(SENDER, ["nouser@example.org", ADA], BODY)
        assert ["nouser@example.org"] == list(refused)
        assert [receipt()] == written(sink)


def test_a_data_tag_moves_the_refusal_behind_the_final_dot(log: Path) -> None:
    with running(log) as sink, client(sink) as smtp:
        with pytest.raises(smtplib.SMTPDataError) as refused:
            smtp.sendmail(SENDER, "spam+data@example.org", BODY)
        assert 554 == refused.value.smtp_code
        smtp.sendmail(SENDER, ADA, BODY)
        assert [receipt()] == written(sink)


def test_close_says_421_and_closes(log: Path) -> None:
    with running(log) as sink, bare(sink) as connection:
        say(connection, b"EHLO test\r\nMAIL FROM:<a@example.org>\r\n", 2)
        assert [b"421"] == say(connection, b"RCPT TO:<close@example.org>\r\n", 1)
        assert b"" == connection.recv(1)


def test_hang_never_answers_the_final_dot(log: Path) -> None:
    with running(log) as sink, client(sink) as smtp:
        smtp.ehlo()
        smtp.mail(SENDER)
        smtp.rcpt("hang@example.org")
        assert smtp.sock is not None
        smtp.sock.settimeout(0.2)
        with pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"):
            smtp.data(BODY)
        assert [] == sink.received()


@pytest.mark.parametrize(
    "content",
    [
        b"Subject: dots\r\n\r\n.\r\n..\r\n...three\r\n.x\r\nend.\r\n.\r\n",
        b".first line\r\n",
        b".\r\n",
        b"\r\n",
        b"Subject: long\r\n\r\n" + b".0123456789\r\n" * 40_000,
    ],
)
def test_dots_come_through_as_they_were_meant(log: Path, tmp_path: Path, content: bytes) -> None:
    with running(log, keep=tmp_path / "kept") as sink, client(sink) as smtp:
        smtp.sendmail(SENDER, ADA, content)
        (one,) = sink.received()
        assert content == (tmp_path / "kept" / f"{one.sha256}.eml").read_bytes()
        assert hashlib.sha256(content).hexdigest() == one.sha256


def test_an_empty_message_ends_with_its_first_line(log: Path) -> None:
    with running(log) as sink, bare(sink) as connection:
        say(connection, b"EHLO test\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<ada@example.org>\r\nDATA\r\n", 4)
        assert [b"250", b"250"] == say(connection, b".\r\nNOOP\r\n", 2)
        assert [receipt(content=b"", message_id="")] == written(sink)


def test_the_next_envelope_may_ride_on_the_last_body(log: Path) -> None:
    envelope = b"MAIL FROM:<a@example.org>\r\nRCPT TO:<%s@example.org>\r\nDATA\r\n"
    with running(log) as sink, bare(sink) as connection:
        assert [b"250"] * 3 + [b"354"] == say(connection, b"EHLO test\r\n" + envelope % b"one", 4)
        codes = say(connection, BODY + b".\r\n" + envelope % b"nouser", 4)
        assert [b"250", b"250", b"550", b"554"] == codes
        assert [b"250", b"250", b"250", b"354"] == say(connection, b"RSET\r\n" + envelope % b"two", 4)
        assert [b"250", b"221"] == say(connection, BODY + b".\r\nQUIT\r\n", 2)
        assert [receipt("one@example.org"), receipt("two@example.org")] == written(sink)


def test_a_body_may_arrive_byte_by_byte(log: Path) -> None:
    with running(log) as sink, bare(sink) as connection:
        say(connection, b"EHLO test\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<ada@example.org>\r\nDATA\r\n", 4)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in BODY + b".\r\n":
            connection.sendall(bytes([byte]))
        assert connection.recv(100).startswith(b"250 ")
        assert [receipt()] == written(sink)


def test_reset_forgets_the_recipients(log: Path) -> None:
    with running(log) as sink, client(sink) as smtp:
        smtp.ehlo()
        smtp.mail(SENDER)
        smtp.rcpt("forgotten@example.org")
        smtp.rset()
        smtp.sendmail(SENDER, ADA, BODY)
        assert [receipt()] == written(sink)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (b"MAIL FROM:<a@example.org>\r\n", b"503"),
        (b"EHLO test\r\nRCPT TO:<ada@example.org>\r\n", b"503"),
        (b"EHLO test\r\nDATA\r\n", b"503"),
        (b"EHLO test\r\nMAIL FROM:<a@example.org>\r\nMAIL FROM:<b@example.org>\r\n", b"503"),
        (b"EHLO test\r\nMAIL FROM:<a@example.org>\r\nDATA\r\n", b"554"),
        (b"EHLO test\r\nMAIL FROM a@example.org\r\n", b"501"),
        (b"EHLO test\r\nMAIL FROM:<a@example.org> BODY=8BITMIME SIZE=99999999\r\n", b"552"),
        (b"SING\r\n", b"500"),
        (b"EHLO test\r\nSTARTTLS\r\n", b"503"),
    ],
)
def test_what_is_out_of_order_is_refused(log: Path, words: bytes, code: bytes) -> None:
    with running(log) as sink, bare(sink) as connection:
        assert code == say(connection, words, words.count(b"\r\n"))[-1]


def test_a_dropped_reply_is_accepted_and_not_answered_once(log: Path) -> None:
    with running(log, drop_reply_after=2) as sink:
        with client(sink) as smtp:
            smtp.sendmail(SENDER, "one@example.org", BODY)
            with pytest.raises(smtplib.SMTPServerDisconnected):
                smtp.sendmail(SENDER, "two@example.org", BODY)
        with client(sink) as smtp:
            smtp.sendmail(SENDER, "three@example.org", BODY)
            smtp.sendmail(SENDER, "four@example.org", BODY)
        assert [receipt(f"{name}@example.org") for name in ("one", "two", "three", "four")] == written(sink)


def test_a_connection_closes_in_silence_after_its_messages(log: Path) -> None:
    with running(log, close_after=2) as sink:
        for _ in range(2):
            with client(sink) as smtp:
                smtp.sendmail(SENDER, ADA, BODY)
                smtp.sendmail(SENDER, ADA, BODY)
                with pytest.raises(smtplib.SMTPServerDisconnected):
                    smtp.mail(SENDER)
        assert [receipt()] * 4 == written(sink)


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_the_right_login_is_let_in(log: Path, mechanism: str) -> None:
    with running(log, auth="ada:pass:word") as sink, client(sink) as smtp:
        smtp.ehlo()
        smtp.user, smtp.password = "ada", "pass:word"
        answer = {"PLAIN": smtp.auth_plain, "LOGIN": smtp.auth_login}[mechanism]
        assert 235 == smtp.auth(mechanism, answer)[0]
        smtp.sendmail(SENDER, ADA, BODY)
        assert [receipt()] == written(sink)


@pytest.mark.parametrize("options", [{"auth": "ada:secret"}, {"refuse_login": True}])
def test_a_wrong_login_is_535_and_nothing_can_be_sent(log: Path, options: dict[str, str]) -> None:
    with running(log, **options) as sink, client(sink) as smtp:
        with pytest.raises(smtplib.SMTPAuthenticationError, match=r"535, b'5\.7\.8 "):
            smtp.login("ada", "wrong")
        assert 530 == smtp.mail(SENDER)[0]


def test_a_refused_login_does_not_care_about_the_password(log: Path) -> None:
    asked = running(log, auth="ada:secret", refuse_login=True)
    with asked as sink, client(sink) as smtp, pytest.raises(smtplib.SMTPAuthenticationError):
        smtp.login("ada", "secret")


def test_starttls_secures_the_connection_before_login_and_mail(log: Path, tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    content = BODY + b".line\r\n" * 100_000
    with running(log, tls="starttls", ca=ca, auth="ada:secret") as sink, client(sink) as smtp:
        smtp.ehlo()
        assert not smtp.has_extn("auth")
        assert (530, b"5.7.0 Must issue a STARTTLS command first") == smtp.mail(SENDER)
        smtp.starttls(context=ssl.create_default_context(cafile=str(ca)))
        smtp.login("ada", "secret")
        smtp.sendmail(SENDER, ADA, content)
        smtp.sendmail(SENDER, ADA, content)
        assert [receipt(content=content)] * 2 == written(sink)


def test_words_in_the_clear_behind_starttls_do_not_count(log: Path, tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    with running(log, tls="starttls", ca=ca) as sink, bare(sink) as connection:
        assert [b"250", b"220"] == say(connection, b"EHLO test\r\nSTARTTLS\r\nEHLO test\r\n", 2)
        context = ssl.create_default_context(cafile=str(ca))
        with context.wrap_socket(connection, server_hostname="localhost") as secured:
            assert [b"503"] == say(secured, b"MAIL FROM:<a@example.org>\r\n", 1)


def test_implicit_tls_speaks_tls_from_the_first_byte(log: Path, tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    with running(log, tls="implicit", ca=ca) as sink:
        context = ssl.create_default_context(cafile=str(ca))
        with smtplib.SMTP_SSL("localhost", sink.port, timeout=5, context=context) as smtp:
            smtp.sendmail(SENDER, ADA, BODY)
        assert [receipt()] == written(sink)


def test_a_client_that_does_not_know_the_authority_does_not_trust_the_sink(log: Path) -> None:
    with running(log, tls="starttls") as sink, client(sink) as smtp, pytest.raises(ssl.SSLCertVerificationError):
        smtp.starttls(context=ssl.create_default_context())


def test_a_sink_that_cannot_start_says_why(log: Path) -> None:
    with pytest.raises(RuntimeError, match="unrecognized arguments: --frobnicate"), running(log, frobnicate=True):
        pass


def test_the_mailbox_keeps_the_bytes_as_sent() -> None:
    content = b"Subject: dots\r\n\r\n.\r\n.two\r\n"
    with mailbox() as box, smtplib.SMTP(box.host, box.port, timeout=5) as smtp:
        smtp.sendmail(SENDER, [ADA, "grace@example.org"], content)
        (arrived,) = box.arrived
        assert (HOST, SENDER, (ADA, "grace@example.org")) == (box.host, arrived.sender, arrived.recipients)
        assert content == arrived.content


def test_two_mailboxes_stand_beside_each_other() -> None:
    with mailbox() as one, mailbox() as two, smtplib.SMTP(two.host, two.port, timeout=5) as smtp:
        smtp.sendmail(SENDER, ADA, BODY)
        assert ([], [BODY]) == (one.arrived, [arrived.content for arrived in two.arrived])


def test_who_is_refused_three_times_is_taken_the_fourth(log: Path) -> None:
    with running(log) as sink, client(sink) as connection:
        for _ in range(3):
            with pytest.raises(smtplib.SMTPRecipientsRefused, match="451"):
                connection.sendmail(SENDER, "thrice@example.org", BODY)
        connection.sendmail(SENDER, "thrice@example.org", BODY)
        assert [receipt("thrice@example.org")] == written(sink)


def test_where_all_is_well_a_name_is_only_a_name(log: Path) -> None:
    with running(log, well=True) as sink, client(sink) as connection:
        for name in ("nouser", "hang", "spam+data"):
            connection.sendmail(SENDER, f"{name}@example.org", BODY)
        assert 3 == len(sink.received())


def test_a_connection_can_be_reset(log: Path) -> None:
    with running(log, reset=1) as sink, client(sink) as connection, pytest.raises(OSError):
        connection.sendmail(SENDER, ADA, BODY)
