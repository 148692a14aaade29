"""Editions of recorded days, signed, through a real Postfix into a Maildir: both verifiers say that they are ours.

`TEST_DAYS=all scripts/test tests/test_dkim_postfix.py` is the long form: a thousand and more of them.
"""

import os
from datetime import UTC, date, datetime

import pytest

from newsletter.audience import Order
from newsletter.dkim import Signer
from newsletter.dkimkeys import make
from newsletter.publish import publish
from tests import verifiers
from tests.homes import RECORDINGS, make_home
from tests.servers import postfix

RECORDED = RECORDINGS / "hf_daily"
DOMAIN = "news.example.org"
ALL = os.environ.get("TEST_DAYS") == "all"
WORDS = (
    "diffusion agent reasoning robot video speech retrieval benchmark attention reinforcement code image memory".split()
)
AT = datetime(2026, 5, 1, tzinfo=UTC)

pytestmark = [
    pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded days are not beside this checkout"),
    pytest.mark.skipif(bool(reason := postfix.missing()), reason=reason or "it is here"),
    pytest.mark.xdist_group("postfix"),
    pytest.mark.timeout(1800),
]


def subscribers() -> str:
    """A reader for each word; every second one in another design or language."""
    lines = ["defaults: {timezone: UTC, send_at: 08:00, cadence: daily, trending: 3}", "subscribers:"]
    for number, word in enumerate(WORDS):
        look = ("", ", design: plain", ", language: ar", ", language: de")[number % 4]
        interest = f"{{name: '{word.title()} — ключ {number}', keywords: [{word}], threshold: loose}}"
        lines.append(f"  - {{email: {word}@{postfix.DOMAIN}, name: 'Zoë {word}'{look}, interests: [{interest}]}}")
    return "\n".join(lines)


@pytest.fixture(scope="module")
def sent(tmp_path_factory):
    """The mails as they lie in the Maildir, and the records of the keys that signed them."""
    home = make_home(tmp_path_factory.mktemp("home"), sources=f"file:{RECORDED}")
    home.subscribers(subscribers())
    days = sorted(date.fromisoformat(path.stem) for path in RECORDED.glob("*.json"))[: None if ALL else 2]
    signers = [Signer(DOMAIN, kind, make(home.path, kind, kind)) for kind in ("rsa", "ed25519")]
    with postfix.running(everybody=True, kept=True) as server:
        set_to = {
            "NEWSLETTER_PROVIDER": f"smtp://{postfix.HOST}:{server.plain}?connections=4",
            "NEWSLETTER_FROM": f"Daily Papers — täglich <papers@{DOMAIN}>",
            "NEWSLETTER_BASE_URL": f"https://{DOMAIN}",
            "NEWSLETTER_DKIM": " ".join(f"{one.domain}/{one.selector}" for one in signers),
        }
        submitted = 0
        with home.app(AT, **set_to) as app:
            for day in days:
                submitted += publish(app, app.clock(), Order(day)).counts["submitted"]
        mails = [mail.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for mail in server.delivered("", submitted, 300)]
    return mails, {one.record.name: one.record.text for one in signers}


def test_dkimpy_says_that_every_edition_is_ours(sent):
    mails, records = sent
    assert len(mails) >= (1000 if ALL else len(WORDS))
    assert [] == [
        mail[:300] for mail, held in zip(mails, verifiers.dkimpy(mails, records), strict=True) if held != [True, True]
    ]


@pytest.mark.skipif(bool(verifiers.MISSING), reason=verifiers.MISSING or "it is here")
def test_mailauth_says_that_every_edition_is_ours(sent):
    mails, records = sent
    assert [] == [
        mail[:300] for mail, held in zip(mails, verifiers.mailauth(mails, records), strict=True) if held != [True, True]
    ]


def test_they_are_in_several_languages_and_offer_one_click(sent):
    mails, _ = sent
    heads = [mail.partition(b"\r\n\r\n")[0] for mail in mails]
    assert {b"en", b"de", b"ar"} == {head.partition(b"Content-Language: ")[2][:2] for head in heads}
    assert all(b"list-unsubscribe-post" in head and b"List-Unsubscribe-Post: " in head for head in heads)
