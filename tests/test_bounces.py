"""What a mail says that came back: bounces of eight systems, complaints, the reader's no; and what says nothing."""

import os
import random
from base64 import urlsafe_b64encode
from datetime import date, timedelta
from email.header import Header

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter import links
from newsletter.bounces import KINDS, read
from newsletter.bounces.opened import PARTS
from newsletter.bounces.weight import weight, worn_out
from newsletter.verp import is_of, pattern, return_path, tags
from tests.comeback import COMPLAINTS, DAY, GONE, OURS, PATTERN, SHAPES, Ours, letter, postfix, unsubscribing
from tests.homes import SECRET

CASES = int(os.environ.get("TEST_CASES", "100"))


def kind_of(mail):
    return read(mail, [SECRET]).kind


# -- the return path


def test_a_return_path_names_reader_day_and_address_and_no_mail_server_spoils_it():
    [tag] = tags(OURS.sender.upper())
    assert (OURS.reference, DAY) == (tag.reference, tag.day)
    assert is_of(["another secret of tests", SECRET], tag, "Ada@Example.org")
    assert not is_of([SECRET], tag, "eve@example.org")
    assert not is_of(["another secret of tests"], tag, "ada@example.org")


@given(st.binary(min_size=12, max_size=12), st.dates(date(2020, 1, 1), date(2190, 1, 1)), st.integers(0, 39))
@settings(max_examples=CASES)
def test_a_return_path_with_any_letter_changed_is_not_ours(raw, day, place):
    path = return_path(PATTERN, SECRET, urlsafe_b64encode(raw).decode(), day, "ada@example.org")
    local = path.partition("@")[0]
    assert len(local) <= 64 and local == local.lower()
    begin = path.index("+") + 1 + place
    other = "a" if path[begin] != "a" else "b"
    changed = list(tags(path[:begin] + other + path[begin + 1 :]))
    assert [False] == [is_of([SECRET], tag, "ada@example.org") for tag in changed]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("bounce@papers.example", "bounce+{token}@papers.example"),
        ("b-{token}@Papers.example", "b-{token}@papers.example"),
        ("{token}@papers.example", "{token}@papers.example"),
    ],
)
def test_where_the_token_goes(typed, meant):
    assert meant == pattern(typed)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("bounce", "not an address"),
        ("bounce{token}@papers.example", "needs a sign beside it"),
        ("a@{token}.example", "before the @"),
        ("{token}+{token}@papers.example", "stands once"),
        ("an-address-that-is-too-long@papers.example", "room for 24 characters"),
        ('"a b"@papers.example', "letters, digits"),
    ],
)
def test_a_pattern_that_cannot_be_is_refused(typed, said):
    with pytest.raises(ValueError, match=said):
        pattern(typed)


# -- bounces


@pytest.mark.parametrize("shape", SHAPES)
def test_a_mailbox_that_is_gone_is_known_in_every_shape(shape):
    told = read(SHAPES[shape](OURS, *GONE), [SECRET])
    assert ("bounced", OURS.to) == (told.kind, told.recipient)
    assert [OURS.sender] == [return_path(PATTERN, SECRET, one.reference, one.day, OURS.to) for one in told.clues.tags]
    assert (OURS.to, OURS.message_id, OURS.reference) == (
        told.clues.addresses[0],
        told.clues.messages[0],
        told.clues.references[0],
    )
    assert "User unknown" in told.reason


@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_the_same_however_lines_end(shape):
    mail = SHAPES[shape](OURS, *GONE)
    assert read(mail, [SECRET]) == read(mail.replace(b"\n", b"\r\n"), [SECRET])


def test_a_report_for_addresses_in_every_script_is_read_too():
    mail = postfix(OURS, *GONE).replace(b"message/delivery-status", b"message/global-delivery-status")
    assert ("bounced", OURS.to) == (read(mail, [SECRET]).kind, read(mail, [SECRET]).recipient)


@pytest.mark.parametrize("shape", SHAPES)
def test_without_a_return_path_of_its_own_what_came_back_says_whose_it_was(shape):
    clues = read(SHAPES[shape](Ours(plain=True), *GONE), [SECRET]).clues
    assert ((), (OURS.message_id,), (OURS.reference,)) == (clues.tags, clues.messages, clues.references)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        ("5.2.2", "552 5.2.2 <ada@example.org>: user is over quota", "soft"),
        ("5.7.1", "550 5.7.1 Our system has detected that this message is likely unsolicited mail", "failed"),
        ("5.7.26", "550 5.7.26 This mail has been blocked because the sender is unauthenticated", "failed"),
        ("5.3.4", "552 5.3.4 message size exceeds fixed maximum message size", "failed"),
    ],
)
def test_what_is_not_the_addresss_fault_is_not_held_against_it(shape, status, said, kind):
    assert kind == kind_of(SHAPES[shape](OURS, status, said))


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [
        ("5.1.1", 'unknown user: "ada"', "bounced"),
        ("5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", "bounced"),
        ("5.1.1", "550-5.1.1 The email account that you tried to reach does not exist.", "bounced"),
        ("5.0.0", "550 5.1.1 no such user", "bounced"),
        ("5.0.0", "550 No such user here", "bounced"),
        ("", "Sorry, no mailbox here by that name. (#5.1.1)", "bounced"),
        ("5.2.1", "550 5.2.1 The email account that you tried to reach is disabled", "bounced"),
        ("5.1.2", "Host or domain name not found", "bounced"),
        ("5.1.6", "551 5.1.6 moved", "bounced"),
        ("4.4.1", "connect to mx.example.org[192.0.2.1]:25: Connection timed out", "soft"),
        ("4.2.2", "452 4.2.2 The email account that you tried to reach is over quota", "soft"),
        ("4.1.1", "450 4.1.1 <ada@example.org>: Recipient address rejected: unverified address", "soft"),
        ("5.4.4", "Host or domain name not found. Name service error for name=example.org type=AAAA", "soft"),
        ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied", "soft"),
        ("5.0.0", "550 Requested action not taken", "soft"),
        ("5.1.1", "552 5.2.2 Mailbox full", "soft"),
        ("5.1.1", "550 5.7.1 Service unavailable, client host blocked using a blocklist", "failed"),
        ("5.1.1", "550 Blocked, see the policy of spamhaus", "failed"),
        ("5.7.1", "550 5.1.1 User unknown", "failed"),
        ("5.0.0", "553 sorry, that domain may not be relayed (#5.7.1)", "failed"),
        ("5.7.515", "550 5.7.515 Access denied, sending domain does not meet the required level", "failed"),
        ("4.7.28", "421 4.7.28 Unusual rate of unsolicited mail", "failed"),
        ("5.4.5", "550 5.4.5 Daily user sending limit exceeded", "failed"),
        ("5.1.8", "550 5.1.8 Access denied, bad outbound sender", "failed"),
        ("5.6.0", "554 5.6.0 message content rejected", "failed"),
        ("", "", "failed"),
        ("", "it did not work", "failed"),
    ],
)
def test_the_weight_of_a_failure_is_that_of_the_table_of_replies(status, said, expected):
    assert expected == weight(status, said)


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded", "DELAYED", "unheard-of", ""])
def test_only_failed_is_a_failure(action):
    assert "other" == kind_of(postfix(OURS, "4.4.1" if action == "delayed" else "5.1.1", GONE[1], action=action))


def test_of_an_alias_that_reached_somebody_nobody_says_that_it_is_gone():
    good = b"Final-Recipient: rfc822; bo@example.org\nAction: delivered\nStatus: 2.0.0\n\nFinal-Recipient: rfc822; ada@"
    mail = postfix(OURS, *GONE)
    assert "other" == kind_of(mail.replace(b"Final-Recipient: rfc822; ada@", good))


def test_editions_that_come_back_for_weeks_give_the_address_up_and_a_bad_week_does_not():
    daily = [DAY + timedelta(days=n) for n in range(10)]
    assert [False, True, False] == [worn_out(daily), worn_out([*daily, DAY + timedelta(days=10)]), worn_out([])]
    assert worn_out([DAY + timedelta(weeks=n) for n in range(5)])
    assert not worn_out([DAY + timedelta(weeks=2 * n) for n in range(5)])
    assert not worn_out([DAY, *[DAY + timedelta(days=60 + n) for n in range(5)]])


# -- complaints


@pytest.mark.parametrize("shape", COMPLAINTS)
def test_a_complaint_is_known_though_the_address_is_hidden(shape):
    told = read(COMPLAINTS[shape](OURS), [SECRET])
    assert "complained" == told.kind
    assert told.clues.messages == (OURS.message_id,)
    assert OURS.reference in told.clues.references or OURS.to in told.clues.addresses


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("abuse", "complained"),
        ("Fraud", "complained"),
        ("not-spam", "other"),
        ("auth-failure", "other"),
        ("other", "other"),
        ("opt-out", "unsubscribed"),
        ("", "other"),
    ],
)
@pytest.mark.parametrize("shape", COMPLAINTS)
def test_which_reports_are_complaints(shape, kind, expected):
    assert expected == kind_of(COMPLAINTS[shape](OURS, kind))


# -- unsubscribing, people, and nothing


@pytest.mark.parametrize("before", ["", "Re: ", "AW: Fwd: "])
def test_the_mail_that_our_own_mailto_makes_is_the_readers_no(before):
    told = read(unsubscribing(OURS, before=before), [SECRET])
    assert ("unsubscribed", (OURS.reference,)) == (told.kind, told.clues.references)


def test_a_mail_program_may_write_it_by_itself_and_encode_it():
    subject = Header(f"unsubscribe {OURS.token}", "utf-8", maxlinelen=60).encode(linesep="\n")
    mail = f"Auto-Submitted: auto-generated\nFrom: ada@example.org\nSubject: {subject}\n\n".encode()
    assert "unsubscribed" == kind_of(mail)


@pytest.mark.parametrize(
    "token",
    [
        links.sign(["another secret of tests"], "unsubscribe", OURS.reference),
        links.sign([SECRET], "preferences", OURS.reference),
        OURS.token[:-1],
        "",
    ],
)
def test_without_our_token_a_person_has_to_read_it(token):
    assert "answer" == kind_of(letter(f"unsubscribe {token}"))


@pytest.mark.parametrize(
    "more",
    [
        "Auto-Submitted: auto-replied\n",
        "Auto-Submitted: auto-generated; owner=x\n",
        "Precedence: auto_reply\n",
        "X-Autoreply: yes\n",
    ],
)
def test_a_program_that_answers_says_nothing(more):
    assert "automatic" == kind_of(letter("Out of office: 550 5.1.1 User unknown", more))


def test_a_mail_without_a_sender_says_nothing():
    assert "automatic" == kind_of(letter().replace(b"<eve@example.org>", b"<>", 1))


def test_a_receipt_of_a_mail_that_was_read_says_nothing():
    mail = (
        b"From: eve@example.org\nContent-Type: multipart/report; report-type=disposition-notification; boundary=x\n\n"
    )
    part = b"--x\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822;eve@example.org\nDisposition: manual-action; displayed\n--x--\n"
    assert "automatic" == kind_of(mail + part)


def test_an_answer_is_left_to_people():
    assert ("answer", "Eve <eve@example.org>: Re: Straight paths") == (
        kind_of(letter(more="Auto-Submitted: no\n")),
        read(letter(), [SECRET]).reason,
    )


def test_a_bounce_that_somebody_passes_on_as_an_attachment_is_a_letter():
    inner = postfix(OURS, *GONE).decode()
    head = "From: eve@example.org\nSubject: Look\nContent-Type: multipart/mixed; boundary=out\n\n--out\nContent-Type: message/rfc822\n\n"
    assert "answer" == kind_of(f"{head}{inner}\n--out--\n".encode())


# -- hostile


@pytest.mark.parametrize("mail", [b"", b"\n", b"\0\0\0", b"no mail at all", b"Content-Type: x\n" * (PARTS + 1) + b"\n"])
def test_what_is_no_mail_is_said_to_be_none(mail):
    assert "unreadable" == kind_of(mail)


def test_parts_within_parts_within_parts_are_not_unpacked():
    deep = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(5_000))
    assert "unreadable" == kind_of(b"From: a@example.org\n" + deep)


@given(st.binary(max_size=2_000))
@settings(max_examples=CASES, suppress_health_check=[HealthCheck.too_slow])
def test_no_bytes_raise(mail):
    assert kind_of(mail) in KINDS


@given(st.sampled_from([*SHAPES, *COMPLAINTS, "letter"]), st.randoms(use_true_random=False))
@settings(max_examples=CASES, suppress_health_check=[HealthCheck.too_slow])
def test_no_mail_that_was_spoilt_raises(name, chance):
    good = letter() if name == "letter" else SHAPES[name](OURS, *GONE) if name in SHAPES else COMPLAINTS[name](OURS)
    assert kind_of(spoilt(good, chance)) in KINDS


def spoilt(mail: bytes, chance: random.Random) -> bytes:
    """With a few changes of the kinds that mail systems and attackers make."""
    lines = mail.split(b"\n")
    for _ in range(chance.randint(1, 12)):
        at, what = chance.randrange(len(lines)), chance.randrange(6)
        if what == 0:
            lines[at] = lines[at][: chance.randint(0, len(lines[at]))]
        elif what == 1:
            lines.insert(at, chance.choice(lines))
        elif what == 2:
            lines[at] = bytes(chance.randrange(256) for _ in range(chance.randint(0, 30)))
        elif what == 3:
            lines[at] += chance.choice(
                [b"=?utf-8?b?/w==?=", b"\0", b"\xff\xfe", b";" * 50, b"charset=nonsense", b"\r", b'boundary="']
            )
        elif what == 4:
            lines[at] = b"Content-Transfer-Encoding: " + chance.choice([b"base64", b"uuencode", b"8bit", b"nonsense"])
        else:
            chance.shuffle(lines)
    return b"\n".join(lines)
