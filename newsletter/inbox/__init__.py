"""The mailbox to which mails come back: a Maildir of this machine, or one that is read by IMAP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from newsletter.errors import SettingsError
from newsletter.inbox import imap, maildir
from newsletter.settings import Settings


class Inbox(Protocol):
    """Mails that were not read yet. What is not `done` is there the next time too."""

    def waiting(self) -> Iterator[tuple[str, bytes]]:
        """Each mail's name and its beginning. Raises InboxError."""

    def done(self, name: str, *, seen: bool) -> None:
        """Puts a mail aside; `seen` hides it from the person who looks through the rest."""

    def check(self) -> str:
        """Says how it is, in a sentence. Raises InboxError or SettingsError with the cure."""


def host(settings: Settings) -> str:
    """The machine that is talked to; empty where it is this one's disk. Raises SettingsError."""
    return _server(settings).host if imap.is_one(settings.bounces_mailbox) else ""


def _server(settings: Settings) -> imap.Server:
    try:
        return imap.parse(settings.bounces_mailbox)
    except ValueError as error:
        raise SettingsError(f"{settings.origin('bounces_mailbox')}: bounces_mailbox: {error}") from error


@contextmanager
def opened(settings: Settings) -> Iterator[Inbox]:
    """The mailbox that the settings name. Raises InboxError where it does not answer."""
    spec = settings.bounces_mailbox
    if not imap.is_one(spec):
        yield maildir.Maildir(settings.home / Path(spec).expanduser())
        return
    with imap.opened(_server(settings), settings.secret("IMAP_PASSWORD")) as inbox:
        yield inbox
