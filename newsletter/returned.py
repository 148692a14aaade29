"""Reads what comes back by mail, and does what follows: the same as when a provider tells it to a webhook.

A mail is put aside after what it says is durable. Read twice, it changes nothing the second time.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Final

from newsletter import bounces, inbox
from newsletter.app import App
from newsletter.bounces import KINDS, Kind, Told
from newsletter.bounces.weight import worn_out
from newsletter.errors import NewsletterError
from newsletter.inbox import Inbox
from newsletter.ledger import Sent
from newsletter.readers.bounces import Returned
from newsletter.readers.consents import Circumstances
from newsletter.typed import folded
from newsletter.verp import is_of
from newsletter.webhooks import Event, consequences

log = logging.getLogger("newsletter.returned")
TOGETHER: Final = 200  # mails whose consequences are one commit
_FOR_A_PERSON: Final[tuple[Kind, ...]] = ("answer", "stranger", "unreadable")
"""What stays unread in the mailbox."""


@dataclass(frozen=True, slots=True)
class Read:
    """A mail that was read."""

    kind: Kind
    address: str
    """Whom it is about, of our readers; empty where it is about nobody, or nobody can prove that."""
    day: str
    """Of the edition that it is about, where it is known."""
    said: str


class Reading:
    """Reads again and again; what fails is one log line, and said once."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._failed = ""

    def look(self) -> None:
        """Reads what is there. Errors are one log line: the next look is the retry."""
        if not self._app.settings.bounces_mailbox:
            return
        try:
            counts = Counter(one.kind for one in read(self._app))
        except NewsletterError as error:
            if str(error) != self._failed:
                log.error("%s", error)
            self._failed = str(error)
            return
        self._failed = ""
        if counts:
            log.info("mail read: %s", in_words(counts), extra={"mails": counts.total()})


def in_words(counts: Counter[Kind]) -> str:
    """`3 bounced, 1 answer`."""
    return ", ".join(f"{counts[kind]} {kind}" for kind in KINDS if counts[kind]) or "nothing"


def read(app: App) -> Iterator[Read]:
    """Reads the mailbox that the settings name; each mail is told when what follows from it is durable.

    Raises SettingsError or InboxError where the mailbox cannot be read.
    """
    with inbox.opened(app.settings) as opened:
        yield from read_all(app, opened)


def read_all(app: App, opened: Inbox) -> Iterator[Read]:
    """The same for any mailbox."""
    waiting = opened.waiting()
    while some := list(islice(waiting, TOGETHER)):
        judged = [_judged(app, mail) for _, mail in some]
        act(app, judged)
        for (name, _), one in zip(some, judged, strict=True):
            opened.done(name, seen=one.kind not in _FOR_A_PERSON)
        yield from judged


def _judged(app: App, mail: bytes) -> Read:
    """What a mail says, and whose it is."""
    told = bounces.read(mail, app.settings.secrets)
    if told.kind in ("automatic", "answer", "unreadable"):
        return Read(told.kind, "", "", told.reason)
    found = _delivery(app, told)
    address = found.address if found else _reader(app, told)
    if not address:
        named = ", ".join(told.clues.addresses) or "nobody"
        return Read("stranger", "", "", f"about {named}: {told.reason}".rstrip(": "))
    told = _elsewhere(told, address)
    return Read(told.kind, folded(address), found.day.isoformat() if found else "", told.reason)


def _delivery(app: App, told: Told) -> Sent | None:
    """The delivery that came back: by a sealed return path, else by its `Message-ID`, which only who has the mail knows."""
    for tag in told.clues.tags:
        if known := app.ledger.reader(tag.reference):
            sent = app.ledger.sent([known[0]], day=tag.day)
            if found := next((one for one in sent if is_of(app.settings.secrets, tag, one.address)), None):
                return found
    if not told.clues.messages:
        return None
    readers = [known[0] for one in told.clues.references if (known := app.ledger.reader(one))]
    keys = {*readers, *app.ledger.known_at(told.clues.addresses)}
    found_by_id = (app.ledger.sent(keys, message_id=one) for one in told.clues.messages) if keys else ()
    return next((sent[-1] for sent in found_by_id if sent), None)


def _reader(app: App, told: Told) -> str:
    """Who said no, by their own signed link. A bounce needs more: it is about the address that was written to."""
    if told.kind not in ("complained", "unsubscribed"):
        return ""
    known = (app.ledger.reader(one) for one in told.clues.references)
    return next((found[1] for found in known if found), "")


def _elsewhere(told: Told, address: str) -> Told:
    """A mailbox that is gone, but another one, to which the reader has mail passed on: soft, until it comes often.

    Another name in the same domain is the reader's own, under its alias.
    """
    domains = [one.rpartition("@")[2] for one in (told.recipient, folded(address))]
    passed_on = told.recipient and domains[0] != domains[1]
    return replace(told, kind="soft") if told.kind == "bounced" and passed_on else told


def act(app: App, read: Sequence[Read]) -> None:
    """Does what follows, durably, and counts what was read."""
    now = app.clock()
    for one in read:
        if one.kind == "unsubscribed":
            app.signups.leave(one.address, now, Circumstances("mail"), one.said)
    events = [Event(one.kind, one.address, "", None, one.said) for one in read if one.kind in ("bounced", "complained")]
    final = consequences("mail", events, {event.address for event in events}, now)
    app.bounces.record(final, _soft(read, now), Counter(one.kind for one in read), worn_out, now)


def _soft(read: Iterable[Read], now: datetime) -> list[Returned]:
    return [
        Returned(one.address, datetime.fromisoformat(one.day).date(), now, one.said)
        for one in read
        if one.kind == "soft" and one.day
    ]
