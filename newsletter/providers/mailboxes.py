"""What is known of mailboxes that people send from: which password they take, and how much a day. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from newsletter.buckets import Rate
from newsletter.providers.smtp_spec import Server

_GMAIL = ("gmail.com", "googlemail.com")


@dataclass(frozen=True, slots=True)
class Advice:
    """What `check` says of a mailbox."""

    fine: bool
    text: str


@dataclass(frozen=True, slots=True)
class _Mailbox:
    name: str
    password: str
    """Which one it takes, and where to get it."""
    daily: int
    """Messages in 24 hours, to one recipient each."""
    rate: Rate | None = None
    connections: int = 50
    takes_passwords: bool = True


# Google Workspace Help, "Gmail sending limits": 500 a day, 2,000 in Workspace; who is over it is blocked for up to 24
# hours. Passwords other than app passwords ended on 2025-05-01 ("Transition from less secure apps"). (2026-11)
_APP_PASSWORD = "an app password of 16 letters: turn on 2-Step Verification, then myaccount.google.com/apppasswords"
_PERSONAL = _Mailbox("Gmail", _APP_PASSWORD, 500)
_WORKSPACE = _Mailbox("Google Workspace", _APP_PASSWORD, 2_000)
# Google Workspace Admin Help, "Route outgoing SMTP relay messages through Google": 10,000 a user in 24 hours. (2026-11)
_RELAY = _Mailbox(
    "Google Workspace's relay", f"{_APP_PASSWORD}; or none where its administrator allows your address", 10_000
)
# Exchange Online limits: 10,000 recipients a day, 30 messages a minute; three connections a mailbox (Exchange Team
# Blog, 607825). Passwords: unchanged until the end of December 2026, then off by default, and an administrator can turn
# them on again; the end is to be announced in the second half of 2027 (Exchange Team Blog, 4489835, of 2026-01-27).
_MICROSOFT_365 = _Mailbox(
    "Microsoft 365",
    "the mailbox's password (an app password where it has two steps) only where the administrator has turned on "
    "Authenticated SMTP for it; from the end of December 2026 that is off unless it is turned on again",
    10_000,
    Rate(30, 60),
    3,
)
# Microsoft Support: no passwords, app passwords included, since 2024-09-16, only OAuth; "Sending limits in Outlook.com":
# 5,000 a day for subscribers of Microsoft 365, fewer for others, about 300 as people find. (2026-11)
_OUTLOOK = _Mailbox(
    "Outlook.com",
    "no password since September 2024, app passwords included, but OAuth, which this program does not speak: "
    "send from another provider",
    300,
    takes_passwords=False,
)
_HOSTS = {
    "smtp.gmail.com": _PERSONAL,
    "smtp.googlemail.com": _PERSONAL,
    "smtp-relay.gmail.com": _RELAY,
    "smtp.office365.com": _MICROSOFT_365,
    "smtp-legacy.office365.com": _MICROSOFT_365,
    "smtp-mail.outlook.com": _OUTLOOK,
}


def advice(server: Server, password: str, readers: int) -> Iterator[Advice]:
    """What to know of the mailbox behind a server, for so many readers a day; nothing where it is none of these."""
    mailbox = _HOSTS.get(server.host.lower().rstrip("."))
    if mailbox is _PERSONAL and server.user and not server.user.lower().endswith(_GMAIL):
        mailbox = _WORKSPACE
    if mailbox is not None:
        yield _of_password(mailbox, password)
        yield _of_number(mailbox, readers)
        yield from _of_pace(mailbox, server)


def _of_password(mailbox: _Mailbox, password: str) -> Advice:
    said = f"{mailbox.name} takes {mailbox.password}"
    wants_letters = mailbox in (_PERSONAL, _WORKSPACE)
    if wants_letters and password and not re.fullmatch(r"[a-z]{16}", re.sub(r"\s", "", password)):
        return Advice(False, f"{said}; SMTP_PASSWORD does not look like one")
    return Advice(mailbox.takes_passwords, said)


def _of_number(mailbox: _Mailbox, readers: int) -> Advice:
    limit = f"{mailbox.name} takes about {mailbox.daily:,} messages a day"
    if readers <= mailbox.daily:
        return Advice(True, f"{limit}; {readers:,} {'subscriber' if readers == 1 else 'subscribers'}")
    cure = "those who have no room get theirs later or not at all: name a provider that is made for newsletters"
    return Advice(False, f"{limit}, and there are {readers:,} subscribers; {cure}")


def _of_pace(mailbox: _Mailbox, server: Server) -> Iterator[Advice]:
    if mailbox.rate is None:
        return
    too_fast = server.rate is None or server.rate.a_second > mailbox.rate.a_second
    if too_fast or server.connections > mailbox.connections:
        wants = f"rate={mailbox.rate.count}/min&connections={mailbox.connections}"
        yield Advice(False, f"{mailbox.name} refuses who is faster; put ?{wants} behind the provider's address")
