"""Who carries messages, against real SMTP servers and a real folder."""

import contextlib
import itertools
import select
import socket
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.buckets import Rate
from newsletter.errors import Halt, SettingsError
from newsletter.models import Message, Receipt, Refused, TryLater, Uncertain
from newsletter.providers import open_provider
from newsletter.providers.file import FileProvider
from newsletter.providers.smtp import CLEAN, SmtpProvider
from newsletter.providers.smtp_spec import parse
from newsletter.settings import Settings
from tests.servers.smtp import mailbox, running


def message(recipient="ada@example.org", number=1, body=b"Hello.\r\n.dot\r\n..two\r\n"):
    identity = f"<{number}.{recipient}>"
    head = f"Message-ID: {identity}\r\nSubject: x\r\n\r\n".encode()
    return Message("papers@example.org", recipient, (), "", "", identity, head + body, "2026-03-03")


def smtp(port, options="", password="", user="", tmp=Path(), connections=2):
    at = f"{user}@" if user else ""
    provider = f"smtp://{at}localhost:{port}?connections={connections}&timeout=2{options}"
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


@pytest.mark.parametrize("manner", [{}, {"one_by_one": True}, {"careless": True}])
def test_a_refusal_harms_nobody_else_however_the_server_takes_commands(log, manner):
    names = ["ada", "nouser", "bo", "busy", "full", "cleo", "spam+data", "dan"]
    with running(log, **manner) as sink:
        provider = smtp(sink.port, connections=1)
        outcomes = [provider.send([message(f"{name}@example.org")], "")[0] for name in names]
        provider.close()
        received = [one.recipient.partition("@")[0] for one in sink.received()]
    accepted = [name for name, outcome in zip(names, outcomes, strict=True) if isinstance(outcome, Receipt)]
    assert ["ada", "bo", "cleo", "dan"] == accepted == received


@pytest.mark.parametrize(("manner", "trips"), [({}, 2), ({"one_by_one": True}, 4)])
def test_a_message_waits_for_the_far_side_only_as_often_as_that_wants(log, manner, trips):
    with running(log, **manner) as sink, socket.create_server(("127.0.0.1", 0)) as listener:
        counted = []
        between = threading.Thread(target=_count_turns, args=(listener, sink.port, counted))
        between.start()
        provider, turns = smtp(listener.getsockname()[1], connections=1), []
        for number in range(4):
            assert isinstance(provider.send([message(number=number)], "")[0], Receipt)
            turns.append(len(counted))
        provider.close()
        between.join()
    assert [trips] * 3 == [later - before for before, later in itertools.pairwise(turns)]


def _count_turns(listener, port, counted):
    """Carries one conversation to a port, and adds to a list whenever the client speaks after the server has."""
    client, _ = listener.accept()
    with client, socket.create_connection(("127.0.0.1", port)) as server:
        last = server
        while True:
            for one in select.select([client, server], [], [])[0]:
                if not (said := one.recv(1 << 18)):
                    return
                counted += [said[:10]] if (one, last) == (client, server) else []
                last = one
                (server if one is client else client).sendall(said)


def test_an_address_that_smtp_cannot_carry_fails_alone(log):
    with running(log) as sink:
        refused, accepted = send(smtp(sink.port), message("adä@example.org"), message("bo@example.org"))
    assert ("the address is not ASCII", False, Receipt) == (refused.reason[:24], refused.bad_address, type(accepted))


@pytest.mark.parametrize("name", ["full", "busy", "grey", "full+data", "close"])
def test_a_temporary_refusal_is_tried_later(log, name):
    with running(log) as sink:
        outcomes = send(smtp(sink.port), message(f"{name}@example.org"), message("bo@example.org"))
    assert [TryLater, Receipt] == [type(outcome) for outcome in outcomes]


def test_a_policy_refusal_of_one_is_tried_much_later_and_marked(log):
    with running(log) as sink:
        refused, accepted = send(smtp(sink.port), message("spam@example.org"), message("bo@example.org"))
    assert TryLater("554 5.7.1 Message rejected as spam", timedelta(hours=1), "policy") == refused
    assert isinstance(accepted, Receipt)


def test_a_daily_limit_halts_and_says_what_became_of_the_others(log):
    with running(log) as sink, pytest.raises(Halt, match=r"daily limit is reached: 550 5\.4\.5") as caught:
        send(smtp(sink.port), message("quota@example.org"), message("bo@example.org"))
    assert [TryLater, Receipt] == [type(outcome) for outcome in caught.value.outcomes]


def test_an_unanswered_final_dot_is_uncertain(log):
    with running(log) as sink:
        [outcome] = send(smtp(sink.port), message("hang@example.org"))
    assert isinstance(outcome, Uncertain)


def test_servers_that_never_answer_are_waited_for_together(log):
    """The time of each line runs from its final dot, not from when its answer is looked for: else lines add up."""
    with running(log) as sink:
        started = time.monotonic()
        hanging = [message(f"hang+{n}@example.org", number=n) for n in range(7)]
        outcomes = send(smtp(sink.port, connections=8), *hanging, message())
        took = time.monotonic() - started
    assert [Uncertain] * 7 + [Receipt] == [type(outcome) for outcome in outcomes]
    assert took < 7, "one after the other would be seven times two seconds"


def test_a_dropped_reply_is_uncertain_and_was_accepted(log):
    with running(log, drop_reply_after=1) as sink:
        [outcome] = send(smtp(sink.port), message())
        assert isinstance(outcome, Uncertain)
        assert 1 == len(sink.received())


def test_a_reply_that_comes_too_late_is_nobody_elses(log):
    with running(log) as sink:
        provider = smtp(sink.port)
        [late] = provider.send([message("late@example.org")], "")
        time.sleep(1.5)
        [refused] = send(provider, message("nouser@example.org"))
    assert (Uncertain, Refused) == (type(late), type(refused))


def test_a_message_that_is_answered_twice_is_uncertain(log):
    with running(log) as sink:
        provider = smtp(sink.port)
        [twice] = provider.send([message("twice@example.org")], "")
        [refused] = send(provider, message("nouser@example.org"))
    assert (Uncertain, Refused) == (type(twice), type(refused))


def test_a_yes_that_nobody_asked_for_accepts_no_message(log):
    with running(log) as sink:
        [early] = send(smtp(sink.port), message("early@example.org"))
        assert [] == sink.received()
    assert TryLater("the server said something that nobody asked for") == early


def test_a_goodbye_in_between_only_changes_the_connection(log):
    with running(log, goodbye_after=3) as sink:
        provider = smtp(sink.port)
        outcomes = [provider.send([message(number=number)], "")[0] for number in range(10)]
        provider.close()
        assert ([Receipt] * 10, 10) == ([type(outcome) for outcome in outcomes], len(sink.received()))


@pytest.mark.parametrize(
    ("options", "seconds", "replaced"),
    [
        ("idle=30", [29, 29, 31], [False, False, True]),
        ("recycle=2", [0, 0, 0], [False, True, False]),
        ("idle=3600", [200, 99, 2], [False, False, True]),
    ],
)
def test_a_connection_is_replaced_before_the_server_tires_of_it(log, options, seconds, replaced):
    now = [0.0]
    with running(log) as sink:
        provider = SmtpProvider(parse(f"smtp://localhost:{sink.port}?connections=1&{options}", ""), "", lambda: now[0])
        provider.send([message()], "")
        seen, before = [], sink.connections()
        for pause in seconds:
            now[0] += pause
            assert [Receipt] == [type(outcome) for outcome in provider.send([message()], "")]
            seen.append(sink.connections() > before)
            before = sink.connections()
        provider.close()
    assert replaced == seen


def test_who_asks_to_slow_down_gets_one_connection_and_then_slowly_more(log):
    with running(log) as sink:
        provider = smtp(sink.port)
        slow, other = provider.send([message("slow@example.org"), message("bo@example.org")], "")
        assert (timedelta(minutes=10), "slow", Receipt) == (slow.after, slow.why, type(other))
        widths = []
        for number in range(CLEAN + 1):
            widths.append(provider.batch)
            provider.send([message(number=number)], "")
        provider.close()
    assert [1] * CLEAN + [2] == widths


def test_a_server_that_takes_fewer_connections_gets_fewer(log):
    with running(log, most=1) as sink:
        provider = smtp(sink.port)
        outcomes = send(provider, message(number=1), message(number=2))
        assert ([Receipt, Receipt], 1) == ([type(one) for one in outcomes], provider.batch)
        assert 2 == len(sink.received())


def test_a_server_that_is_busy_from_the_first_word_halts_for_a_while(log):
    with running(log, most=1) as sink, socket.create_connection(("127.0.0.1", sink.port)) as other:
        other.recv(100)
        with pytest.raises(Halt, match=r"421 4\.7\.0 Too many connections; nothing was sent") as caught:
            send(smtp(sink.port), message())
    assert caught.value.passing


def test_a_server_that_is_not_there_may_be_back_soon_and_a_wrong_password_not(log, tmp_path):
    ca = tmp_path / "ca.pem"
    with running(log, tls="starttls", ca=ca, auth="ada:right") as sink, pytest.raises(Halt) as wrong:
        send(smtp(sink.port, f"&tls=starttls&ca={ca}", "wrong", "ada"), message())
    with pytest.raises(Halt) as away:
        send(smtp(sink.port), message())
    assert (False, True) == (wrong.value.passing, away.value.passing)


@pytest.mark.parametrize("drip", [b"220-a\r\n" * 200, b"220 " + b"a" * 10_000, b"what?\r\n", b"220-a\r\n250 b\r\n"])
def test_a_greeting_that_is_none_is_no_connection(drip):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_say, args=(listener, [drip], 0))
        thread.start()
        with pytest.raises(Halt, match="nothing was sent"):
            send(smtp(listener.getsockname()[1]), message())
        thread.join()


def test_an_answer_that_trickles_in_has_to_end_in_time():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_say, args=(listener, [b"2", b"2", b"0", b"-", b"a", b"b"] * 2, 0.2))
        thread.start()
        began = time.monotonic()
        with pytest.raises(Halt, match="timed out"):
            send(smtp(listener.getsockname()[1]), message())
        assert time.monotonic() - began < 4
        thread.join()


def _say(listener, pieces, pause):
    connection, _ = listener.accept()
    with connection, contextlib.suppress(OSError):
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause)
        connection.settimeout(3)
        while connection.recv(100):
            pass


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
    ("spec", "said"),
    [
        ("smtp://", "names no host"),
        ("smtp://h:99999", "Port out of range"),
        ("smtp://ada:hunter2@h", "a password does not belong here"),
        ("smtp://h?tls=maybe", "tls=maybe is not starttls, implicit or none"),
        ("smtp://h?connections=0", "connections=0 is not a number from 1 to 50"),
        ("smtp://h?conections=3", "unknown option 'conections'"),
        ("smtp://h?timeout=soon", "timeout=soon is not a number of seconds"),
        ("smtp://h?recycle=0", "recycle=0 is not a number from 1 to"),
        ("smtp://h?rate=fast", "rate=fast is not a rate; write 14/s, 600/min or 5000/h"),
        ("smtp://h?domain_rate=0/s", "domain_rate=0/s is not a rate"),
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


def test_rates_and_recycling_are_options():
    server = parse("smtp://h?rate=14/s&domain_rate=600/min&recycle=20&idle=5", "x")
    assert (Rate(14, 1), Rate(600, 60), 20, 5) == (server.rate, server.domain_rate, server.recycle, server.idle)


def test_the_published_limits_of_each_recipient_domain_are_one_word(tmp_path):
    provider = open_provider(Settings(tmp_path, providers=("smtp://h?domain_rate=published&connections=20",)))
    assert (20, 1) == (provider.batch, provider.hands), "one process keeps a limit"
    assert [*range(5), 8] == provider.pace.choose(["gmail.com"] * 8 + ["a.example"], 20, 0.0)
    provider.close()


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
