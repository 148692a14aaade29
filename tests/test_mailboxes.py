"""What `check` knows of mailboxes that people send from."""

import pytest

from newsletter.cli import setup
from newsletter.providers.mailboxes import advice
from newsletter.providers.smtp_spec import parse
from tests.homes import make_home, readers

LETTERS = "abcd efgh ijkl mnop"


def said(spec, password=LETTERS, number=3):
    return [(one.fine, one.text) for one in advice(parse(spec, "here"), password, number)]


def test_gmail_wants_an_app_password_and_takes_five_hundred_a_day():
    (password_is_fine, password), (number_is_fine, number) = said("smtp://me%40gmail.com@smtp.gmail.com:587")
    assert (True, True) == (password_is_fine, number_is_fine)
    assert "myaccount.google.com/apppasswords" in password
    assert "Gmail takes about 500 messages a day; 3 subscribers" == number


@pytest.mark.parametrize("password", ["my own password", "abcdefghijklmno1", "ABCDEFGHIJKLMNOP", "abcd"])
def test_a_password_that_is_no_app_password_is_said_but_not_shown(password):
    fine, text = said("smtp://me%40gmail.com@smtp.gmail.com:587", password)[0]
    assert (False, False) == (fine, password in text)
    assert "SMTP_PASSWORD does not look like one" in text


@pytest.mark.parametrize(
    ("spec", "limit"),
    [
        ("smtp://me%40gmail.com@smtp.gmail.com:587", 500),
        ("smtp://me%40lab.example.org@smtp.gmail.com:587", 2_000),
        ("smtp://me%40lab.example.org@smtp-relay.gmail.com:587", 10_000),
        ("smtp://me%40lab.example.org@smtp.office365.com:587", 10_000),
        ("smtp://me%40outlook.com@smtp-mail.outlook.com:587", 300),
    ],
)
def test_more_readers_than_a_mailbox_takes_in_a_day_are_a_warning_with_the_cure(spec, limit):
    assert said(spec, number=limit)[1][0]
    fine, text = said(spec, number=limit + 1)[1]
    assert (False, True) == (fine, f"about {limit:,} messages a day, and there are {limit + 1:,} subscribers" in text)
    assert "name a provider that is made for newsletters" in text


def test_outlook_com_takes_no_password_at_all():
    fine, text = said("smtp://me%40outlook.com@smtp-mail.outlook.com:587")[0]
    assert (False, True) == (fine, "send from another provider" in text)


@pytest.mark.parametrize(
    ("options", "slow_enough"),
    [
        ("", False),
        ("?rate=31/min&connections=3", False),
        ("?rate=1/s&connections=3", False),
        ("?rate=30/min", False),
        ("?rate=30/min&connections=3", True),
        ("?rate=20/min&connections=1", True),
    ],
)
def test_microsoft_365_refuses_who_is_faster_than_thirty_a_minute_on_three_connections(options, slow_enough):
    found = said(f"smtp://me%40lab.example.org@smtp.office365.com:587{options}")[2:]
    assert slow_enough == (not found)
    assert all("?rate=30/min&connections=3" in text for _, text in found)


def test_of_other_servers_nothing_is_said():
    assert [] == said("smtp://me@smtp.example.org:587")
    assert [] == said("smtp://me@gmail.com.example.org:587")


def test_check_says_it_in_words(tmp_path):
    home = make_home(tmp_path, provider="smtp://me%40outlook.com@smtp-mail.outlook.com:587")
    home.subscribers(readers([f"reader{n}" for n in range(301)]))
    with home.app(SMTP_PASSWORD="x") as app:
        password, number = setup.mailbox(app)
    assert ("mailbox", "warning") == password[:2] == number[:2]
    assert "Outlook.com takes no password since September 2024" in password[2]
    assert "Outlook.com takes about 300 messages a day, and there are 301 subscribers" in number[2]


def test_a_folder_is_no_mailbox(tmp_path):
    home = make_home(tmp_path)
    home.subscribers(readers(["ada"]))
    with home.app() as app:
        assert [] == list(setup.mailbox(app))
