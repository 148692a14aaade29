from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import Signer

from newsletter import links

NEW, OLD = "n" * 43, "o" * 43


def test_a_reference_is_short_opaque_and_always_the_same():
    name = links.reference(NEW, "ada@example.org")

    assert re.fullmatch(r"[A-Za-z0-9_-]{16}", name)
    assert name == links.reference(NEW, "ada@example.org")


def test_another_subscriber_or_another_secret_has_another_reference():
    names = {links.reference(secret, key) for secret in (NEW, OLD) for key in ("ada@example.org", "bo@example.org")}

    assert 4 == len(names)


def test_a_token_says_whose_it_is_in_thirty_five_characters():
    token = links.sign([NEW], "unsubscribe", links.reference(NEW, "ada@example.org"))

    assert links.reference(NEW, "ada@example.org") == links.read([NEW], "unsubscribe", token)
    assert re.fullmatch(r"[A-Za-z0-9._-]{35}", token)
    assert token[-1].isalpha()


def long(secret: str, purpose: str, value: str) -> str:
    """A token as mails had it until November 2026: what itsdangerous signs."""
    signer = Signer(secret, salt=f"newsletter {purpose}", key_derivation="hmac", digest_method=hashlib.sha256)
    return signer.sign(value).decode()


def test_a_token_begins_as_what_itsdangerous_signs():
    usual = long(NEW, "view", "reader.2026-03-03.regular")

    assert usual[:-26] == links.sign_edition([NEW], "reader", "2026-03-03", "regular")[:-1]


def test_the_longer_tokens_of_mails_before_go_on_working():
    for secrets in ([NEW], [OLD, NEW]):
        assert "reader" == links.read(secrets, "feedback", long(NEW, "feedback", "reader"))
        assert links.read(secrets, "view", long(NEW, "feedback", "reader")) is None
        assert links.read(secrets, "feedback", long("another", "feedback", "reader")) is None
        for cut in range(1, 43):
            short = long(NEW, "feedback", "reader")[:-cut]
            assert links.read(secrets, "feedback", short) is None, "each has one spelling"


def test_the_newest_secret_signs_and_the_old_one_still_verifies():
    before = links.sign([OLD], "unsubscribe", "reader")
    after = links.sign([NEW, OLD], "unsubscribe", "reader")

    assert "reader" == links.read([NEW, OLD], "unsubscribe", before)
    assert "reader" == links.read([NEW], "unsubscribe", after)
    assert links.read([OLD], "unsubscribe", after) is None


def test_a_token_of_another_purpose_opens_nothing():
    assert links.read([NEW], "preferences", links.sign([NEW], "unsubscribe", "reader")) is None


def test_without_a_secret_nothing_is_signed_and_nothing_verifies():
    with pytest.raises(ValueError, match="a secret is needed"):
        links.sign([], "unsubscribe", "reader")
    assert links.read([], "unsubscribe", "reader.x") is None


@pytest.mark.parametrize(
    "token", ["", ".", "reader", "reader.", ".reader", "réader.x", "x" * 100_000, "a\x00.b", "\ud800"]
)
def test_what_is_no_token_is_no_subscriber(token: str):
    assert links.read([NEW], "unsubscribe", token) is None


@given(st.integers(0, 34), st.characters(codec="utf-8"))
def test_a_token_with_one_other_character_is_refused(place: int, character: str):
    token = links.sign([NEW], "unsubscribe", "QmFzZTY0LW5hbWVk")
    forged = token[:place] + character + token[place + 1 :]

    assert links.read([NEW], "unsubscribe", forged) == ("QmFzZTY0LW5hbWVk" if forged == token else None)


@given(st.integers(0, 34), st.text(max_size=3))
def test_a_token_that_is_cut_or_lengthened_is_refused(kept: int, more: str):
    token = links.sign([NEW], "unsubscribe", "QmFzZTY0LW5hbWVk")

    assert links.read([NEW], "unsubscribe", token[:kept]) is None
    assert links.read([NEW], "unsubscribe", token + more) == (None if more else "QmFzZTY0LW5hbWVk")
