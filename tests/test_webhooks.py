"""Webhooks over a real HTTP server: who is believed, and what follows from it."""

import json
import os
import random
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.errors import SettingsError, StoreError
from newsletter.http import httpx
from newsletter.ledger import Planned
from newsletter.web import pages
from newsletter.webhooks import HOOKS, Posted, mailgun, ses
from newsletter.webhooks.event import bounce
from tests import hooks
from tests.homes import make_home, readers
from tests.hooks import FORGE, NOW, SECRETS, SIGN, told
from tests.test_web import served, suppressed

DAY = date(2026, 3, 3)
NAMES = ("ada", "bob", "eve")
CASES = int(os.environ.get("TEST_CASES", "100"))
EVENTS = int(os.environ.get("TEST_EVENTS", "300"))
FINAL = {"bounced": "bounced", "complained": "complained", "unsubscribed": "unsubscribed"}


class Amazon(httpx.BaseTransport):
    """SNS as it is asked: for certificates, and to confirm."""

    def __init__(self, certificate=None):
        self.asked, self.certificate = [], certificate or hooks.amazon()[1]

    def handle_request(self, request):
        self.asked.append(str(request.url))
        return httpx.Response(200, content=self.certificate)


@contextmanager
def opened(path, names=NAMES, **secrets):
    """A home that has written to some readers, with every provider's secret unless it says otherwise."""
    home = make_home(path)
    home.subscribers(readers(names))
    with home.app(NOW, **{**SECRETS, **secrets}) as app:
        who = [(one.key, one.email, app.reference(one)) for one in app.roster()]
        app.ledger.plan([Planned("2026-03-03", "rehearsal", DAY, DAY, "d", (DAY, NOW), NOW, who)], NOW)
        with httpx.Client(transport=Amazon()) as client:
            yield replace(app, reach=replace(app.reach, client=client))


@pytest.fixture
def app(tmp_path):
    with opened(tmp_path) as app:
        yield app


@pytest.fixture
def client(app):
    with served(pages(app)) as client:
        yield client


def asked(app):
    return app.reach.client._transport.asked


def post(client, provider, request):
    headers, body = request
    return client.post(f"/webhooks/{provider}", headers=headers, content=body).status_code


def says(client, provider, what, address="ada@example.org"):
    """The provider tells of an address what happened to it."""
    return post(client, provider, SIGN[provider](told(provider, what, address)))


# -- what follows


NONE_SUCH = {("resend", "unsubscribed")}  # Resend has no such event for single mails


@pytest.mark.parametrize(("provider", "what"), sorted({*product(HOOKS, FINAL)} - NONE_SUCH))
def test_what_is_final_suppresses_before_it_is_answered(app, client, provider, what):
    status = says(client, provider, what, "Ada <ADA@example.org>" if provider == "ses" else "ADA@example.org")
    assert (200, [("ada@example.org", FINAL[what])]) == (status, suppressed(app))


@pytest.mark.parametrize("provider", HOOKS)
@pytest.mark.parametrize("what", ["delivered", "later", "refused"])
def test_what_says_nothing_against_the_address_changes_nothing(app, client, provider, what):
    assert (200, []) == (says(client, provider, what), suppressed(app))


@pytest.mark.parametrize("provider", HOOKS)
def test_addresses_that_were_never_written_to_are_left_alone_and_counted(app, client, provider):
    def strangers():
        line = f'newsletter_webhook_events_total{{provider="{provider}",what="stranger"}} '
        text = client.get("/metrics").text
        return float(next((row.removeprefix(line) for row in text.splitlines() if row.startswith(line)), 0))

    before = strangers()
    assert (200, []) == (says(client, provider, "bounced", "mallory@example.com"), suppressed(app))
    assert 1 == strangers() - before


@pytest.mark.parametrize("provider", HOOKS)
def test_told_twice_is_told_once(app, client, provider):
    request = SIGN[provider](told(provider, "bounced", "ada@example.org"))
    assert [200, 200] == [post(client, provider, request) for _ in range(2)]
    assert 1 == len(suppressed(app))


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
def test_in_any_order_the_strongest_word_stays(app, client, order):
    for number in order:
        says(client, "brevo", ("bounced", "unsubscribed", "complained")[number])
    assert [("ada@example.org", "complained")] == suppressed(app)


def test_many_events_of_one_request_are_one_change(app, client):
    events = [
        json.loads(told("sendgrid", what, f"{name}@example.org"))[0]
        for what, name in [("bounced", "ada"), ("complained", "ada"), ("unsubscribed", "bob"), ("delivered", "eve")]
    ]
    assert 200 == post(client, "sendgrid", hooks.sendgrid(hooks.as_json(events)))
    assert [("ada@example.org", "complained"), ("bob@example.org", "unsubscribed")] == suppressed(app)


class FullOnce:
    """Suppressions of which the first cannot be written."""

    def __init__(self, suppressions):
        self._suppressions, self._full = suppressions, True

    def add_all(self, found):
        if self._full:
            self._full = False
            raise StoreError("the disk is full")
        return self._suppressions.add_all(found)


@pytest.mark.parametrize("provider", HOOKS)
def test_what_could_not_be_kept_is_asked_for_again(app, provider):
    request = SIGN[provider](told(provider, "bounced", "ada@example.org"))
    with served(pages(replace(app, suppressions=FullOnce(app.suppressions)))) as client:
        assert (503, []) == (post(client, provider, request), suppressed(app))
        assert (200, [("ada@example.org", "bounced")]) == (post(client, provider, request), suppressed(app))


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("", "bounced"),
        ("smtp; 550 5.1.1 <ada@example.org>: no such user", "bounced"),
        ("550-5.7.26 unauthenticated", "failed"),
        ("5.7.515", "failed"),
        ("5.2.2 over quota", "failed"),
        ("smtp;421 4.7.0 try again", "failed"),
        ("the address does not exist", "bounced"),
        ("605 ", "bounced"),
    ],
)
def test_a_permanent_failure_is_the_addresss_unless_the_reply_says_otherwise(said, what):
    assert what == bounce(said)


def test_brevos_one_time_that_is_not_of_the_accounts_zone_counts():
    body = {"event": "delivered", "ts_event": 1773561600, "ts": 1773561600, "ts_epoch": 1773558000123}
    [one] = HOOKS["brevo"].events(json.dumps(body).encode())
    assert datetime(2026, 3, 15, 7, tzinfo=UTC) == one.at
    [one] = HOOKS["brevo"].events(json.dumps(body | {"ts_epoch": None}).encode())
    assert datetime(2026, 3, 15, 8, tzinfo=UTC) == one.at


LISTED = [
    ("resend", {"type": "email.suppressed", "data": {"suppressed": {"reason": "previous_complaint"}}}, "complained"),
    ("resend", {"type": "email.suppressed", "data": {"suppressed": {"reason": "previous_bounce"}}}, "bounced"),
    ("resend", {"type": "email.suppressed", "data": {}}, "failed"),
    ("sendgrid", {"event": "dropped", "reason": "Bounced Address"}, "bounced"),
    ("sendgrid", {"event": "dropped", "reason": "Spam Reporting Address"}, "complained"),
    ("sendgrid", {"event": "dropped", "reason": "Recipient List over Package Quota"}, "failed"),
    ("sendgrid", {"event": "bounce", "type": "blocked", "reason": hooks.GONE}, "failed"),
    ("mailgun", {"event": "failed", "severity": "permanent", "reason": "suppress-unsubscribe"}, "unsubscribed"),
    ("mailgun", {"event": "failed", "severity": "permanent", "reason": "old"}, "failed"),
    ("postmark", {"RecordType": "Bounce", "Type": "SpamNotification"}, "failed"),
    ("postmark", {"RecordType": "SubscriptionChange", "SuppressSending": False, "Origin": "Recipient"}, "other"),
    (
        "postmark",
        {"RecordType": "SubscriptionChange", "SuppressSending": True, "SuppressionReason": "HardBounce"},
        "bounced",
    ),
    ("brevo", {"event": "blocked"}, "failed"),
    ("brevo", {"event": "invalid_email"}, "bounced"),
    ("brevo", {"event": "unsubscribe"}, "unsubscribed"),
]
"""What providers remember of an address, or say of a message, in their own words."""


@pytest.mark.parametrize(("provider", "event", "what"), LISTED)
def test_what_a_provider_says_of_its_own_list_is_taken_as_it_is_meant(provider, event, what):
    if provider == "resend":
        event = {**event, "data": {**event["data"], "to": ["ada@example.org"]}}
    body = {"event-data": event} if provider == "mailgun" else event
    assert [what] == [one.what for one in HOOKS[provider].events(hooks.as_json(body))]


# -- who is believed


@pytest.mark.parametrize("provider", HOOKS)
def test_without_its_secret_a_webhook_is_not_there(tmp_path, provider):
    request = SIGN[provider](told(provider, "bounced", "ada@example.org"))
    with opened(tmp_path, **{HOOKS[provider].variable: ""}) as app, served(pages(app)) as client:
        nowhere = client.post("/webhooks/nobody", content=b"{}")
        answer = client.post(f"/webhooks/{provider}", headers=request[0], content=request[1])
        assert (404, nowhere.text, []) == (answer.status_code, answer.text, suppressed(app))


@pytest.mark.parametrize("provider", HOOKS)
def test_who_has_not_the_secret_changes_nothing(app, client, provider):
    body = told(provider, "bounced", "ada@example.org")
    headers, signed = SIGN[provider](body)
    tries = [FORGE[provider](body)]
    if provider not in ("ses", "mailgun"):  # whose signature stands in the body
        tries += [({}, signed), (dict.fromkeys(headers, ""), signed), (dict.fromkeys(headers, "ü".encode()), signed)]
    assert {401} == {post(client, provider, one) for one in tries}
    assert [] == suppressed(app)


@pytest.mark.parametrize("provider", ["resend", "sendgrid", "ses"])
def test_a_body_that_was_changed_is_not_believed(app, client, provider):
    headers, body = SIGN[provider](told(provider, "bounced", "ada@example.org"))
    assert 401 == post(client, provider, (headers, body.replace(b"ada@", b"eve@")))
    assert [] == suppressed(app)


@pytest.mark.parametrize(
    ("provider", "late"),
    [("resend", 6), ("mailgun", 6), ("ses", 70), ("sendgrid", 26 * 60)],
)
def test_what_was_signed_too_long_ago_or_in_the_future_is_not_believed(app, client, provider, late):
    body = told(provider, "bounced", "ada@example.org")
    for minutes in (-late, 6):
        assert 401 == post(client, provider, SIGN[provider](body, at=NOW + timedelta(minutes=minutes)))
    assert [] == suppressed(app)
    assert 200 == post(client, provider, SIGN[provider](body, at=NOW - timedelta(minutes=4)))


@pytest.mark.parametrize("provider", HOOKS)
def test_two_secrets_are_taken_while_one_follows_the_other(tmp_path, provider):
    other = {
        "RESEND_WEBHOOK_SECRET": hooks.ELSE,
        "SES_WEBHOOK_TOPIC": "arn:aws:sns:us-east-1:123456789012:other",
        "SENDGRID_WEBHOOK_VERIFICATION_KEY": hooks.SENDGRID,
        "MAILGUN_WEBHOOK_SIGNING_KEY": "another-signing-key",
    }
    variable = HOOKS[provider].variable
    both = f"{other.get(variable, 'another-secret-of-ours')} {SECRETS[variable]}"
    with opened(tmp_path, **{variable: both}) as app, served(pages(app)) as client:
        assert (200, 1) == (says(client, provider, "bounced"), len(suppressed(app)))


def test_several_signatures_may_stand_beside_each_other(client):
    headers, body = hooks.resend(told("resend", "bounced", "ada@example.org"))
    headers["svix-signature"] = f"v1a,AAAA v1,AAAA {headers['svix-signature']}"
    assert 200 == post(client, "resend", (headers, body))


def test_a_used_token_of_mailgun_carries_no_other_body(app, client):
    first = hooks.mailgun(told("mailgun", "delivered", "ada@example.org"), token="t" * 50)
    second = hooks.mailgun(told("mailgun", "bounced", "ada@example.org"), token="t" * 50)
    assert [200, 200] == [post(client, "mailgun", one) for one in (first, second)]
    assert [] == suppressed(app)


def test_a_digit_of_the_token_is_none_of_the_time():
    headers, body = hooks.mailgun(b"{}", token="7" + "a" * 49)
    moved = json.loads(body)
    moved["signature"] |= {"timestamp": moved["signature"]["timestamp"] + "7", "token": "a" * 49}
    assert not mailgun.verified(Posted(headers, hooks.as_json(moved)), [hooks.MAILGUN], NOW)


@pytest.mark.parametrize("variable", SECRETS)
def test_what_is_no_secret_is_named_before_anything_is_served(tmp_path, variable):
    with opened(tmp_path, **{variable: "short"}) as app, pytest.raises(SettingsError, match=f"^{variable}: "):
        pages(app)


# -- by the providers' own libraries, where they are installed


def test_svix_signs_and_reads_as_we_do():
    library = pytest.importorskip("svix.webhooks").Webhook(hooks.RESEND)
    now, body = datetime.now(UTC), told("resend", "bounced", "ada@exämple.org")
    signed = {"svix-id": "m", "svix-timestamp": str(int(now.timestamp()))}
    signed["svix-signature"] = library.sign("m", now, body.decode())
    assert HOOKS["resend"].verified(Posted(signed, body), [hooks.ELSE, hooks.RESEND], now)
    library.verify(body, hooks.resend(body, at=now)[0])  # raises where it is not believed


def test_sendgrid_reads_as_we_do():
    library = pytest.importorskip("sendgrid.helpers.eventwebhook").EventWebhook()
    key = library.convert_public_key_to_ecdsa(hooks.SENDGRID)
    headers, body = hooks.sendgrid(told("sendgrid", "bounced", "ada@example.org"))
    small = {name.lower(): value for name, value in headers.items()}
    for content in (body, body + b" "):
        theirs = library.verify_signature(content.decode(), *headers.values(), key)
        assert theirs == HOOKS["sendgrid"].verified(Posted(small, content), [hooks.SENDGRID], NOW)


# -- SNS


@pytest.mark.parametrize(
    "fields",
    [
        {"SignatureVersion": "1"},
        {"TopicArn": "arn:aws:sns:eu-west-1:999999999999:bounces"},
        {"SigningCertURL": hooks.CERTIFICATE.replace("https", "http")},
        {"SigningCertURL": "https://sns.eu-west-1.amazonaws.com.example.org/SimpleNotificationService-0.pem"},
        {"SigningCertURL": "https://sns.eu-west-1.amazonaws.com@example.org/SimpleNotificationService-0.pem"},
        {"SigningCertURL": "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0.pem"},
        {"SigningCertURL": "https://bucket.s3.amazonaws.com/SimpleNotificationService-0.pem"},
        {"SigningCertURL": f"{hooks.HOST}/SimpleNotificationService-0.pem\n"},
        {"SigningCertURL": f"{hooks.HOST}/other.pem"},
        {"SigningCertURL": f"{hooks.HOST}:8443/SimpleNotificationService-0.pem"},
        {"SigningCertURL": "https://[/SimpleNotificationService-0.pem"},
    ],
)
def test_whom_amazon_would_not_name_is_not_even_asked(app, client, fields):
    assert 401 == post(client, "ses", hooks.ses(told("ses", "bounced", "ada@example.org"), **fields))
    assert ([], []) == (suppressed(app), asked(app))


def test_a_certificate_is_fetched_once(app, client):
    assert [200, 200, 200] == [says(client, "ses", "bounced", f"{name}@example.org") for name in NAMES]
    assert [hooks.CERTIFICATE] == asked(app)


def test_a_certificate_that_is_none_changes_nothing(app, client):
    app.reach.client._transport.certificate = b"<html>"
    assert (401, []) == (says(client, "ses", "bounced"), suppressed(app))


def test_a_certificate_counts_while_it_is_valid(app):
    headers, body = hooks.ses(b"{}", at=NOW + timedelta(30))
    posted = Posted(headers, body, hooks.amazon()[1])
    assert not ses.verified(posted, [hooks.TOPIC], NOW + timedelta(30))


class Gone(httpx.BaseTransport):
    """Nobody answers."""

    def __init__(self):
        self.asked = []

    def handle_request(self, request):
        self.asked.append(str(request.url))
        raise httpx.ConnectError("nobody")


def test_where_no_certificate_can_be_had_it_is_told_again_later(app):
    with httpx.Client(transport=Gone()) as gone:
        app = replace(app, reach=replace(app.reach, client=gone))
        with served(pages(app)) as client:
            assert [503, 503, 503] == [says(client, "ses", "bounced") for _ in range(3)]
        assert (1, []) == (len(asked(app)), suppressed(app))


def confirmation(url):
    return hooks.ses(b"please", Type="SubscriptionConfirmation", Token="t", SubscribeURL=url)


def test_a_subscription_to_our_topic_is_confirmed(app, client):
    url = f"{hooks.HOST}/?Action=ConfirmSubscription&TopicArn={hooks.TOPIC}&Token=t"
    assert 200 == post(client, "ses", confirmation(url))
    assert [hooks.CERTIFICATE, url] == [one.replace("%3A", ":") for one in asked(app)]


@pytest.mark.parametrize(
    "url",
    [
        f"https://example.org/?Action=ConfirmSubscription&TopicArn={hooks.TOPIC}",
        f"http://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={hooks.TOPIC}",
        f"{hooks.HOST}/?Action=DeleteTopic&TopicArn={hooks.TOPIC}",
        f"{hooks.HOST}/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-west-1:999999999999:else",
    ],
)
def test_nothing_else_is_asked_in_its_name(app, client, url):
    assert 200 == post(client, "ses", confirmation(url))
    assert [hooks.CERTIFICATE] == asked(app)


# -- hostile bodies


def test_a_body_that_is_too_large_is_not_read_to_its_end(app, client):
    headers, _ = hooks.basic(b"")
    assert 413 == client.post("/webhooks/postmark", headers=headers, content=b" " * 1_000_001).status_code
    assert [] == suppressed(app)


@pytest.mark.parametrize("body", [b"", b"\xff", b"[" * 100_000, b"nul", b'{"a":' * 50_000, b"9" * 5000, b'"\\ud800"'])
@pytest.mark.parametrize("provider", ["postmark", "brevo", "sendgrid", "resend"])
def test_what_is_no_json_is_no_fault_of_ours(app, client, provider, body):
    assert post(client, provider, SIGN[provider](body)) in (200, 400)
    assert [] == suppressed(app)


WORDS = st.sampled_from(
    "email event Email RecordType Bounce Type HardBounce SpamComplaint ada@example.org data to type bounce email.bounced"
    " Permanent diagnosticCode event-data failed severity permanent recipient reason delivery-status Message mail bouncedRecipients"
    " emailAddress complaint complainedRecipients notificationType spamreport hard_bounce dropped \ud800 \x00 a\nb@c ts".split(
        " "
    )
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=8),
    max_leaves=30,
)


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("busy")) as app, served(pages(app)) as client:
        yield client


@settings(max_examples=CASES, suppress_health_check=[HealthCheck.too_slow])
@given(provider=st.sampled_from(sorted(HOOKS)), value=VALUES, raw=st.binary(max_size=200), headers=st.booleans())
def test_nothing_that_is_posted_is_a_fault_of_ours(busy, provider, value, raw, headers):
    body = hooks.as_json(value if provider != "mailgun" or isinstance(value, dict) else {"event-data": value})
    assert post(busy, provider, SIGN[provider](body)) < 500
    assert post(busy, provider, (SIGN["resend"](raw)[0] if headers else {}, raw)) < 500


@settings(max_examples=CASES)
@given(provider=st.sampled_from(sorted(HOOKS)), value=VALUES)
def test_events_are_read_or_refused_and_never_more(provider, value):
    for event in HOOKS[provider].events(hooks.as_json({"event-data": value, "Type": "Notification", "data": value})):
        event.address.encode()
        event.reason.encode()


# -- many


def shuffled(number, names):
    """So many requests, a third each true, repeated and forged, in one order; and who must be suppressed by them."""
    chance = random.Random(4)
    requests, expected = [], {}
    ranks = ("bounced", "unsubscribed", "complained")
    while len(requests) < number:
        provider = chance.choice([name for name in HOOKS if name != "ses"])
        what = chance.choice([*ranks, "delivered", "later", "refused"])
        address = f"{chance.choice(names)}@example.org"
        if (provider, what) == ("resend", "unsubscribed"):
            continue
        body = told(provider, what, address)
        good = SIGN[provider](body)
        lies = told(provider, "bounced", f"{chance.choice(names)}@example.org")
        requests += [(provider, good, 200), (provider, good, 200), (provider, FORGE[provider](lies), 401)]
        if what in ranks:
            expected[address] = max(expected.get(address, "bounced"), what, key=ranks.index)
    chance.shuffle(requests)
    return requests, sorted(expected.items())


@pytest.mark.timeout(300 + EVENTS // 10)
def test_forged_shuffled_and_repeated_events_end_as_the_true_ones_say(tmp_path):
    names = [f"reader{n}" for n in range(EVENTS // 10)]
    requests, expected = shuffled(EVENTS, names)
    with opened(tmp_path, names) as app, served(pages(app)) as client:
        wrong = [(provider, code) for provider, one, code in requests if post(client, provider, one) != code]
        assert ([], expected) == (wrong, suppressed(app))
