"""Who carries messages, against real SMTP servers and a real folder."""

import socket
import threading
from pathlib import Path

import pytest

from newsletter.errors import Halt, SettingsError
from newsletter.models import Message, Receipt, Refused, TryLater, Uncertain
from newsletter.providers import open_provider
from newsletter.providers.file import FileProvider
from newsletter.providers.smtp import classify, parse
from newsletter.settings import Settings
from tests.servers.smtp import mailbox, running


def message(recipient="ada@example.org", number=1, body=b"Hello.\r\n.dot\r\n..two\r\n"):
    identity = f"<{number}.{recipient}>"
    head = f"Message-ID: {identity}\r\nSubject: x\r\n\r\n".encode()
    return Message("papers@example.org", recipient, (), "", "", identity, head + body, "2026-03-03")


def smtp(port, options="", password="", user="", tmp=Path()):
    at = f"{user}@" if user else ""
    provider = f"smtp://{at}localhost:{port}?connections=2&timeout=2{options}"
    return open_provider(Settings(tmp, providers=(provider,), variables={"SMTP_PASSWORD": password}))


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log"


def send(provider, *messages):
    try:
        return provider.send(messages, "key")
    finally:
        provider.close()


def test_a_message_arrives_at_a_server_that_nobody_here_wrote():
    with mailbox() as box:
        [receipt] = send(smtp(box.port), message())
    assert isinstance(receipt, Receipt)
    [arrived] = box.arrived
    assert ("papers@example.org", ("ada@example.org",)) == (arrived.sender, arrived.recipients)
    assert message().mime == arrived.content


def test_connections_are_kept_over_many_rounds(log, tmp_path):
    kept = tmp_path / "kept"
    with running(log, keep=kept) as sink:
        provider = smtp(sink.port)
        for number in range(0, 10, 2):
            assert [Receipt, Receipt] == [
                type(outcome) for outcome in provider.send([message(number=number), message(number=number + 1)], "")
            ]
        provider.close()
        assert 10 == len({received.message_id for received in sink.received()})


def test_one_refused_reader_does_not_harm_the_other(log):
    with running(log) as sink:
        refused, accepted = send(smtp(sink.port), message("nouser@example.org"), message("bo@example.org"))
    assert Refused("550 5.1.1 User unknown", bad_address=True) == refused
    assert isinstance(accepted, Receipt)


@pytest.mark.parametrize("name", ["full", "busy", "grey", "full+data", "close"])
def test_a_temporary_refusal_is_tried_later(log, name):
    with running(log) as sink:
        outcomes = send(smtp(sink.port), message(f"{name}@example.org"), message("bo@example.org"))
    assert [TryLater, Receipt] == [type(outcome) for outcome in outcomes]


def test_a_policy_refusal_halts_and_says_what_became_of_the_others(log):
    with running(log) as sink, pytest.raises(Halt, match=r"refuses us, not a reader: 554 5\.7\.1") as caught:
        send(smtp(sink.port), message("spam@example.org"), message("bo@example.org"))
    assert [TryLater, Receipt] == [type(outcome) for outcome in caught.value.outcomes]


def test_an_unanswered_final_dot_is_uncertain(log):
    with running(log) as sink:
        [outcome] = send(smtp(sink.port), message("hang@example.org"))
    assert isinstance(outcome, Uncertain)


def test_a_dropped_reply_is_uncertain_and_was_accepted(log):
    with running(log, drop_reply_after=1) as sink:
        [outcome] = send(smtp(sink.port), message())
        assert isinstance(outcome, Uncertain)
        assert 1 == len(sink.received())


def test_a_server_that_closes_after_some_messages_loses_none(log):
    with running(log, close_after=3) as sink:
        provider = smtp(sink.port)
        outcomes = [provider.send([message(number=number)], "")[0] for number in range(10)]
        provider.close()
        assert [Receipt] * 10 == [type(outcome) for outcome in outcomes]
        assert 10 == len(sink.received())


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_tls_with_login(log, tmp_path, tls):
    ca = tmp_path / "ca.pem"
    with running(log, tls=tls, ca=ca, auth="ada:right") as sink:
        provider = smtp(sink.port, f"&tls={tls}&ca={ca}", "right", "ada")
        assert "logged in as ada" in provider.check()
        assert isinstance(send(provider, message())[0], Receipt)


def test_a_wrong_password_halts_with_the_cure(log, tmp_path):
    ca = tmp_path / "ca.pem"
    with running(log, tls="starttls", ca=ca, auth="ada:right") as sink:
        provider = smtp(sink.port, f"&tls=starttls&ca={ca}", "wrong", "ada")
        with pytest.raises(Halt, match=r"refuses the login of ada: 535.*SMTP_PASSWORD"):
            send(provider, message())
        assert [] == sink.received()


def test_an_unknown_certificate_halts_and_nothing_is_sent_in_plain_text(log, tmp_path):
    with (
        running(log, tls="starttls", ca=tmp_path / "ca.pem") as sink,
        pytest.raises(Halt, match=r"TLS failed.*nothing was sent in plain text"),
    ):
        send(smtp(sink.port, "&tls=starttls"), message())
    assert b"" == log.read_bytes()


def test_a_server_without_tls_is_not_spoken_to_in_plain_text(log):
    with running(log) as sink, pytest.raises(Halt, match=r"STARTTLS.*nothing was sent"):
        send(smtp(sink.port, "&tls=starttls"), message())


def test_a_server_that_is_not_there_halts():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Halt, match=rf"localhost:{port} cannot be reached: .*run again later"):
        send(smtp(port), message())


def test_a_server_that_never_greets_halts_when_patience_ends():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        done = threading.Event()
        thread = threading.Thread(target=lambda: (listener.accept(), done.wait(5)))
        thread.start()
        with pytest.raises(Halt, match="timed out; nothing was sent"):
            send(smtp(listener.getsockname()[1]), message())
        done.set()
        thread.join()


@pytest.mark.parametrize(
    ("code", "said", "expected"),
    [
        (550, "5.1.1 no such user", Refused("550 5.1.1 no such user", bad_address=True)),
        (550, "5.2.1 disabled", Refused("550 5.2.1 disabled", bad_address=True)),
        (552, "5.3.4 too big", Refused("552 5.3.4 too big")),
        (552, "5.2.2 mailbox full", TryLater("552 5.2.2 mailbox full")),
        (550, "5.4.5 daily limit", TryLater("550 5.4.5 daily limit")),
        (550, "no", Refused("550 no")),
        (452, "4.3.1 disk full", TryLater("452 4.3.1 disk full")),
    ],
)
def test_refusals_are_told_apart_by_their_codes(code, said, expected):
    assert expected == classify(code, said)


@pytest.mark.parametrize("code", [530, 535])
def test_login_refusals_concern_us(code):
    with pytest.raises(Halt):
        classify(code, "5.7.8 authenticate first")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("smtp://", "names no host"),
        ("smtp://h:99999", "Port out of range"),
        ("smtp://ada:hunter2@h", "a password does not belong here"),
        ("smtp://h?tls=maybe", "tls=maybe is not starttls, implicit or none"),
        ("smtp://h?connections=0", "connections=0 is not a number from 1 to 50"),
        ("smtp://h?conections=3", "unknown option 'conections'"),
        ("smtp://h?timeout=soon", "timeout=soon is not a number of seconds"),
    ],
)
def test_a_wrong_address_is_a_settings_error_without_the_password(spec, said):
    with pytest.raises(SettingsError, match=r"newsletter\.yaml:4: ") as caught:
        parse(spec, "newsletter.yaml:4")
    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [("smtp://h", ("starttls", 587)), ("smtp://h:465", ("implicit", 465)), ("smtp://localhost", ("none", 25))],
)
def test_encryption_is_the_default_everywhere_but_here(spec, expected):
    server = parse(spec, "x")
    assert expected == (server.tls, server.port)


def test_a_user_name_may_hold_an_at_sign():
    assert (
        "ada@example.org"
        == parse("smtp://ada%40example.org@h", "x").user
        == parse("smtp://ada@example.org@h", "x").user
    )


def test_a_message_is_written_once_however_often_it_is_sent(tmp_path):
    provider = FileProvider(tmp_path / "outbox")
    for _ in range(2):
        assert [Receipt("2026-03-03-ada@example.org.eml")] == provider.send([message()], "")
    assert [message().mime] == [path.read_bytes() for path in (tmp_path / "outbox").iterdir()]


def test_addresses_that_look_alike_in_a_file_name_stay_apart(tmp_path):
    FileProvider(tmp_path).send(
        [message("a!b@example.org"), message("a#b@example.org"), message("../x@example.org")], ""
    )
    assert 3 == len(list(tmp_path.iterdir()))


def test_a_folder_that_cannot_be_written_halts(tmp_path):
    (tmp_path / "outbox").write_text("a file stands where the folder should be")
    with pytest.raises(Halt, match="outbox: cannot write"):
        FileProvider(tmp_path / "outbox").send([message()], "")


def test_an_unknown_provider_suggests_the_near_one(tmp_path):
    with pytest.raises(SettingsError, match=r"unknown provider 'smpt'; did you mean smtp\?"):
        open_provider(Settings(tmp_path, providers=("smpt://h",)))
