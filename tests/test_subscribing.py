"""Signing up over real HTTP and real SMTP: a form, a letter, a button; and nothing that tells who reads."""

from __future__ import annotations

import email
import email.policy
import logging
import re
import socket
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from newsletter import links
from newsletter.app import open_app
from newsletter.settings import ensure_secret, load
from newsletter.web import pages
from newsletter.web.reader import forms
from newsletter.web.reader.subscribing import subscribe
from tests.homes import SECRET, make_home
from tests.servers.smtp import mailbox
from tests.test_scheduler import Clock
from tests.test_signups import LINK, confirmed, wish
from tests.test_web import served

FORM = {"email": "ada@example.org", "cadence": "weekly friday", "timezone": "europe/paris"}
AFTER = timedelta(seconds=5)


class Site:
    """The pages of a home that sends to a mailbox; its clock stands."""

    def __init__(self, stack: ExitStack, tmp_path, **settings: str) -> None:
        self.mails = stack.enter_context(mailbox())
        home = make_home(tmp_path / "home", provider=f"smtp://127.0.0.1:{self.mails.port}?tls=none")
        home.subscribers("subscribers:\n  - {email: bo@example.org, interests: [rivers]}\n")
        self.home, self.clock = home, Clock("2026-03-03T08:00:00")
        given = {**home.environment, "NEWSLETTER_BASE_URL": "http://localhost:8080", **settings}
        self.app = stack.enter_context(open_app(ensure_secret(load(home.path, given)), self.clock))
        self.client = stack.enter_context(served(pages(self.app)))

    def ask(self, **form: str):
        """Opens the form, waits as people do, and sends it."""
        shown = self.client.post("/subscribe", data={"email": "x@example.org"})
        ticket = re.search(r'name="ticket" value="([^"]+)"', shown.text)[1]
        self.clock.now += AFTER
        return self.client.post("/subscribe", data={**FORM, "ticket": ticket, **form})

    def letters(self, number: int) -> list[email.message.EmailMessage]:
        """The letters, as soon as there are so many."""
        deadline = time.monotonic() + 20
        while len(self.mails.arrived) < number and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.05)  # should there be more
        assert number == len(self.mails.arrived)
        return [email.message_from_bytes(one.content, policy=email.policy.default) for one in self.mails.arrived]

    def readers(self) -> list[str]:
        return [one.email for one in self.app.roster()]


def link(letter) -> str:
    """Where a letter's button leads, as a path."""
    found = re.search(r"http://localhost:8080/\S+", letter.get_body(("plain",)).get_content())[0]
    return urlsplit(found).path


@pytest.fixture
def stack():
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def site(stack, tmp_path):
    return Site(stack, tmp_path)


def test_signing_up_takes_a_letter_and_a_press_and_the_first_edition_is_planned(site):
    answer = site.ask(interests="rivers\nhow deltas grow when the sea rises and falls", like="2011.13456")
    assert (200, ["bo@example.org"]) == (answer.status_code, site.readers())
    [letter] = site.letters(1)
    assert ("ada@example.org", "Please confirm your subscription to Daily Papers") == (letter["To"], letter["Subject"])
    assert None is letter["List-Unsubscribe"]
    asked = site.client.get(link(letter))
    assert ("<button" in asked.text, ["bo@example.org"]) == (True, site.readers())
    done = site.client.post(link(letter), data={"confirm": "subscribe"})
    assert "You are subscribed." in done.text
    [_, ada] = site.app.roster()
    assert ("ada@example.org", "Europe/Paris", "weekly", 4) == (
        ada.email,
        ada.timezone,
        ada.cadence.kind,
        ada.cadence.weekday,
    )
    assert ["rivers", "how deltas grow when the sea rises and falls", "Like your examples"] == [
        one.name for one in ada.interests
    ]
    said = [(one.what, one.circumstances.how, one.circumstances.network) for one in site.app.consents.of(ada.key)]
    assert [("asked", "form", ""), ("written", "form", ""), ("confirmed", "link", "")] == said
    assert "can unsubscribe with one press" in site.app.consents.of(ada.key)[0].circumstances.wording
    assert (ada.key, ada.email) == site.app.ledger.reader(site.app.reference(ada))


def test_looking_at_the_confirmation_confirms_nobody_however_often(site):
    site.ask()
    path = link(site.letters(1)[0])
    for method in ("GET", "HEAD", "OPTIONS"):
        for _ in range(10):
            site.client.request(method, path)
    site.client.post(path, data={})
    site.client.post(path, data={"confirm": "no"})
    assert ["bo@example.org"] == site.readers()


def test_a_second_press_is_fine(site):
    site.ask()
    path = link(site.letters(1)[0])
    answers = [site.client.post(path, data={"confirm": "subscribe"}) for _ in range(2)]
    assert ([200, 200], 2) == ([one.status_code for one in answers], len(site.readers()))


def test_the_answer_is_the_same_for_every_address_and_only_its_owner_learns_more(site):
    confirmed(site.app.signups, "reads@example.org")
    for address, reason in (("gone@example.org", "unsubscribed"), ("dead@example.org", "bounced")):
        site.app.suppressions.add(address, reason, site.clock())
    addresses = ["new@example.org", "reads@example.org", "bo@example.org", "gone@example.org", "dead@example.org"]
    answers = [site.ask(email=address) for address in addresses]
    assert 1 == len({(one.status_code, one.text) for one in answers})
    subjects = {one["To"]: one["Subject"] for one in site.letters(4)}
    confirm, already = "Please confirm your subscription to Daily Papers", "You already read Daily Papers"
    assert {
        "new@example.org": confirm,
        "reads@example.org": already,
        "bo@example.org": already,
        "gone@example.org": confirm,
    } == subjects


def test_who_unsubscribed_subscribes_again_and_the_old_link_does_nothing_by_itself(site):
    site.ask()
    path = link(site.letters(1)[0])
    site.client.post(path, data={"confirm": "subscribe"})
    site.app.signups.leave("ada@example.org", site.clock(), LINK)
    assert 404 == site.client.post(path, data={"confirm": "subscribe"}).status_code
    assert ["bo@example.org"] == site.readers()
    site.ask()
    path = link(site.letters(2)[1])
    assert "You are subscribed." in site.client.post(path, data={"confirm": "subscribe"}).text
    assert ["bo@example.org", "ada@example.org"] == site.readers()


def test_links_for_something_else_forged_or_forgotten_are_answered_alike(site):
    site.ask()
    path = link(site.letters(1)[0])
    key = next(site.app.signups.each()).key
    forged = [
        path[:-1] + ("A" if path[-1] != "A" else "B"),
        "/confirm/" + links.sign(["another-secret-entirely"], "confirm", key),
        "/confirm/" + links.sign([SECRET], "preferences", key),
        "/confirm/" + links.sign([SECRET], "confirm", "signup-nobody"),
        "/confirm/x",
    ]
    site.app.signups.forget_unconfirmed(site.clock() + timedelta(days=8))
    answers = [site.client.get(one) for one in (*forged, path)]
    answers += [site.client.post(one, data={"confirm": "subscribe"}) for one in (*forged, path)]
    assert [404] * 12 == [one.status_code for one in answers]
    assert 1 == len({one.text for one in answers})


def test_a_form_that_was_not_shown_here_or_comes_too_soon_is_shown_again(site):
    first = site.client.post("/subscribe", data=FORM)
    assert (200, True) == (first.status_code, 'value="ada@example.org"' in first.text)
    now = site.clock()
    old = [
        forms.ticket([SECRET], now),
        forms.ticket([SECRET], now - timedelta(days=1)),
        "x",
        forms.ticket(["y" * 20], now),
    ]
    for ticket in old:
        assert "press the button once more" in site.client.post("/subscribe", data={**FORM, "ticket": ticket}).text
    assert [] == list(site.app.signups.each())


def test_who_fills_in_the_field_that_nobody_sees_is_thanked_and_forgotten(site):
    human, machine = site.ask(), site.ask(email="eve@example.org", website="https://spam.example")
    assert human.text == machine.text
    assert ["ada@example.org"] == [one["To"] for one in site.letters(1)]


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("email", "no address", "This is no email address"),
        ("email", "ada@example.org\r\nBcc: eve@example.org", "This is no email address"),
        ("email", "Ada <ada@example.org>", "This is no email address"),
        ("timezone", "Paris/Europe", "This is no time zone"),
    ],
)
def test_what_cannot_be_read_is_marked_and_nothing_is_lost_of_the_rest(site, field, text, said):
    answer = site.ask(**{"interests": "rivers", field: text})
    assert (422, True, True) == (answer.status_code, said in answer.text, ">rivers</textarea>" in answer.text)
    assert [] == list(site.app.signups.each())


def test_a_network_that_asks_too_often_is_asked_to_come_later(site):
    answers = [site.ask(email=f"r{n}@example.org").status_code for n in range(12)]
    assert [200] * 10 + [429] * 2 == answers
    site.clock.now += timedelta(hours=1)
    assert 200 == site.ask().status_code


def test_an_address_gets_three_letters_a_day_whoever_asks(site):
    for _ in range(5):
        assert 200 == site.ask().status_code
    site.letters(3)


def test_the_log_has_no_address_and_no_token(site, caplog):
    with caplog.at_level(logging.INFO):
        site.ask()
        path = link(site.letters(1)[0])
        site.client.post(path, data={"confirm": "subscribe"})
    ours = "\n".join(one.getMessage() for one in caplog.records if one.name.startswith("newsletter"))
    assert "a sign-up was confirmed" in ours
    assert not any(secret in ours for secret in ("ada@", "signup-", path.rpartition("/")[2]))


def test_network_and_program_are_kept_only_where_the_operator_wants_it(stack, tmp_path):
    site = Site(stack, tmp_path, NEWSLETTER_RECORD_NETWORK="on")
    site.client.headers |= {"x-forwarded-for": "203.0.113.9, 198.51.100.7", "user-agent": "Browser 1"}
    site.ask()
    site.letters(1)
    asked = next(site.app.consents.each())
    assert ("198.51.100.7", "Browser 1") == (asked.circumstances.network, asked.circumstances.agent)


def test_a_provider_that_refuses_harms_nobody_and_the_reader_can_ask_again(stack, tmp_path, caplog):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    site = Site(stack, tmp_path, NEWSLETTER_PROVIDER=f"smtp://127.0.0.1:{port}?tls=none")
    assert 200 == site.ask().status_code
    deadline = time.monotonic() + 20
    while "could not be sent" not in caplog.text and time.monotonic() < deadline:
        time.sleep(0.02)
    assert "a letter to who signed up could not be sent" in caplog.text
    assert 200 == site.ask().status_code


def test_where_a_provider_is_away_the_next_one_takes_the_letter(stack, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    site = Site(stack, tmp_path)
    chain = f"smtp://127.0.0.1:{port}?tls=none smtp://127.0.0.1:{site.mails.port}?tls=none"
    given = {**site.home.environment, "NEWSLETTER_BASE_URL": "http://localhost:8080", "NEWSLETTER_PROVIDER": chain}
    with open_app(ensure_secret(load(site.home.path, given)), site.clock) as app:
        subscribe(app, wish(), LINK)
    assert "Please confirm your subscription to Daily Papers" == site.letters(1)[0]["Subject"]


@pytest.mark.parametrize("setting", [{"NEWSLETTER_SIGN_UPS": "off"}, {"NEWSLETTER_BASE_URL": ""}])
def test_without_public_pages_or_where_the_operator_wants_none_nobody_signs_up(stack, tmp_path, setting):
    site = Site(stack, tmp_path, **setting)
    assert [404, 404] == [
        site.client.get("/subscribe").status_code,
        site.client.post("/subscribe", data=FORM).status_code,
    ]


# -- networks


class Request:
    """What a request says of where it comes from."""

    def __init__(self, host: str, **headers: str) -> None:
        self.client = type("Client", (), {"host": host})()
        self.headers = headers


@pytest.mark.parametrize(
    ("host", "forwarded", "expected"),
    [
        ("198.51.100.7", "203.0.113.9", "198.51.100.7"),
        ("127.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        ("::1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:198.51.100.7", "", "198.51.100.7"),
        ("testclient", "", ""),
        ("127.0.0.1", "nonsense", ""),
    ],
)
def test_a_network_is_an_address_or_the_first_half_of_one(host, forwarded, expected):
    headers = {"x-forwarded-for": forwarded} if forwarded else {}
    assert expected == forms.network(Request(host, **headers))


def test_networks_are_forgotten_before_they_fill_the_memory(monkeypatch):
    monkeypatch.setattr(forms, "NETWORKS", 3)
    patience, now = forms.Patience(1, timedelta(hours=1)), datetime(2026, 3, 3, tzinfo=UTC)
    assert [True, False] == [patience.allows("a", now) for _ in range(2)]
    assert all(patience.allows(who, now) for who in "bcd")
    assert patience.allows("a", now)
