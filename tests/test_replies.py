"""What refusals mean."""

import re
from datetime import timedelta

import pytest

from newsletter.errors import Halt
from newsletter.models import Refused, TryLater
from newsletter.replies import TABLE, asked_to_wait, outcome_of, row_of


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("550 5.1.1 no such user", "address"),
        ("550 5.1.10 null MX", "address"),
        ("550 5.2.1 disabled", "address"),
        ("556 5.1.10 takes no mail", "address"),
        ("550 no such user here", "address"),
        ("550 sorry, no mailbox here by that name", "address"),
        ("552 5.3.4 too big", "message"),
        ("552 5.2.3 too long for this mailbox", "message"),
        ("550 no", "message"),
        ("550 5.5.0 what", "message"),
        ("450 4.2.1 busy", "later"),
        ("451 4.7.1 greylisted", "later"),
        ("451 4.2.0 Greylisted for 300 seconds", "later"),
        ("451 temporary", "later"),
        ("452 4.2.2 mailbox over quota", "later"),
        ("552 5.2.2 mailbox full", "later"),
        ("552 mailbox full", "later"),
        ("452 4.5.3 too many recipients", "later"),
        ("450 4.2.1 this user gets mail too quickly", "later"),
        ("550 5.2.1 this user gets mail at a rate that is too high", "later"),
        ("421 4.7.0 Too many messages on this connection", "later"),
        ("421 too many messages in this connection", "later"),
        ("421 4.7.28 unusual rate", "slow"),
        ("450 4.7.28 unusual rate", "slow"),
        ("451 4.7.0 rate limited: 40.6/1m max 40", "slow"),
        ("454 Throttling failure: Maximum sending rate exceeded", "slow"),
        ("452 4.3.1 disk full", "slow"),
        ("450 4.2.2 over quota", "later"),
        ("454 4.7.0 try later", "later"),
        ("454 Throttling failure: Daily message quota exceeded", "quota"),
        ("550 5.4.5 daily limit", "quota"),
        ("550 5.7.1 Daily SMTP relay limit exceeded for customer", "quota"),
        ("554 5.7.1 rejected as spam", "policy"),
        ("550 5.7.1 violates the policy of example.org", "policy"),
        ("554 blocked using a blocklist", "policy"),
        ("421 4.7.26 not authenticated", "policy"),
        ("530 5.7.0 login first", "us"),
        ("535 5.7.8 wrong password", "us"),
        ("550 5.7.26 no SPF, no DKIM", "us"),
        ("550 5.7.515 does not meet the required level", "us"),
        ("554 5.7.1 <ada@example.org>: Relay access denied", "us"),
        ("554 5.7.1 <host[192.0.2.1]>: Client host rejected: Access denied", "us"),
        ("450 4.7.1 Error: too much mail from 192.0.2.1", "slow"),
        ("554 Message rejected: Email address is not verified.", "us"),
        ("550 5.1.8 sender's domain", "us"),
    ],
)
def test_each_refusal_has_its_meaning(reply, expected):
    code, _, said = reply.partition(" ")
    assert expected == row_of(int(code), said).means


@pytest.mark.parametrize("code", [*range(400, 600)])
@pytest.mark.parametrize("stage", ["mail", "rcpt", "data", "end"])
def test_every_code_has_a_meaning_and_no_4xx_is_for_good(code, stage):
    for said in ("", "5.1.1 nobody", "4.7.1 later", "9.9.9 what", "\x00" * 300):
        row = row_of(code, said, stage)
        assert code >= 500 or row.means in ("later", "slow", "policy", "quota")


@pytest.mark.parametrize("said", ["5.1.1 unknown", "no such user", "5.7.1 not you"])
def test_who_sends_is_never_held_against_who_reads(said):
    assert "us" == row_of(550, said, "mail").means
    assert "slow" == row_of(451, "later", "mail").means


def test_words_of_an_unknown_user_only_count_where_the_user_was_named():
    assert ("address", "message") == (row_of(550, "unknown user").means, row_of(550, "unknown user", "end").means)


def test_every_row_says_where_it_is_from_and_can_be_read():
    for row in TABLE:
        assert row.source
        for pattern in (row.code, row.enhanced, row.words):
            re.compile(pattern)


@pytest.mark.parametrize(
    ("code", "said", "expected"),
    [
        (550, "5.1.1 no such user", Refused("550 5.1.1 no such user", bad_address=True)),
        (552, "5.3.4 too big", Refused("552 5.3.4 too big")),
        (450, "4.7.1 try again in 7 minutes", TryLater("450 4.7.1 try again in 7 minutes", timedelta(minutes=7))),
        (452, "4.2.2 full", TryLater("452 4.2.2 full")),
        (550, "5.7.1 spam", TryLater("550 5.7.1 spam", timedelta(hours=1), "policy")),
        (421, "4.7.28 wait", TryLater("421 4.7.28 wait", timedelta(minutes=10), "slow")),
        (421, "4.7.28 wait 2 hours", TryLater("421 4.7.28 wait 2 hours", timedelta(hours=2), "slow")),
        (421, "4.7.28 wait 2 minutes", TryLater("421 4.7.28 wait 2 minutes", timedelta(minutes=10), "slow")),
    ],
)
def test_what_becomes_of_the_message(code, said, expected):
    assert expected == outcome_of(code, said)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("4.2.0 Greylisted, please try again in 5 minutes", 300),
        ("Greylisted for 300 seconds", 300),
        ("please come back in 00:04:57", 297),
        ("retry in 2 hours", 7200),
        ("Retry after 30s", 30),
        ("retry-after: 120", 120),
        ("Please wait 10 min.", 600),
        ("try again later", None),
        ("try again in 0 seconds", None),
        ("try again in 99999 hours", None),
        ("try again in " + "9" * 200 + " minutes", None),
        ("see https://example.org/300 seconds", None),
        ("", None),
    ],
)
def test_a_wait_is_read_from_words(said, seconds):
    assert seconds == (None if (wait := asked_to_wait(said)) is None else wait.total_seconds())


def test_a_halt_for_the_daily_limit_keeps_its_message_for_later():
    with pytest.raises(Halt) as caught:
        outcome_of(550, "5.4.5 daily limit")
    assert (TryLater("550 5.4.5 daily limit", timedelta(hours=1)),) == caught.value.outcomes
