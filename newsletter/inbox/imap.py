"""A mailbox that is read by IMAP (RFC 9051), with the standard library's imaplib."""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from newsletter.bounces.opened import LARGEST
from newsletter.errors import InboxError, SettingsError

PATIENCE: Final = 30.0  # seconds for each answer
READ: Final = "NewsletterRead"
"""The keyword of a mail that was read; where a server keeps no keywords, \\Seen has to say it."""
AT_ONCE: Final = 500
"""Mails of one reading; the rest waits for the next."""
_FORM: Final = "imaps://user%40papers.example@imap.papers.example/INBOX"
_LOCAL: Final = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Server:
    """Where the mailbox is."""

    host: str
    port: int
    user: str
    folder: str
    encrypted: bool


def is_one(spec: str) -> bool:
    """Whether a text is meant as such a mailbox."""
    return spec.startswith(("imap:", "imaps:"))


def parse(spec: str) -> Server:
    """Reads `imaps://user@host:993/FOLDER`; without encryption only on this machine. Raises ValueError with the cure."""
    try:
        url = urlsplit(spec)
        port = url.port
    except ValueError as error:
        raise ValueError(f"{error}; write {_FORM}") from error
    if url.password is not None:
        raise ValueError("a password does not belong here; put IMAP_PASSWORD=... into secrets.env")
    if not url.hostname or not url.username or url.query or url.fragment:
        raise ValueError(f"it is not a mailbox; write {_FORM}")
    if url.scheme == "imap" and url.hostname not in _LOCAL:
        raise ValueError(f"imap: is not encrypted; write {_FORM}")
    folder = unquote(url.path.strip("/")) or "INBOX"
    if re.search(r'[\x00-\x1f"\\]', folder) or not folder.isascii():
        raise ValueError("the folder's name has to be ASCII, as the server writes it")
    return Server(
        url.hostname,
        port or 993 if url.scheme == "imaps" else port or 143,
        unquote(url.username),
        folder,
        url.scheme == "imaps",
    )


@contextmanager
def opened(server: Server, password: str) -> Iterator[Imap]:
    """The mailbox, logged in. Raises InboxError for whatever goes wrong, also later."""
    where = f"bounces_mailbox: {server.host}:{server.port}"
    if not password:
        raise SettingsError(f"bounces_mailbox: {server.user} needs a password; put IMAP_PASSWORD=... into secrets.env")
    try:
        client = _connect(server)
        try:
            _login(client, server, password)
            yield Imap(client, server)
        finally:
            with suppress(imaplib.IMAP4.error, OSError):
                client.logout()
    except ssl.SSLError as error:
        raise InboxError(f"{where}: TLS failed ({error.reason or error}); nothing was said in plain text") from error
    except imaplib.IMAP4.error as error:
        raise InboxError(f"{where}: {_said(error)}") from error
    except OSError as error:
        raise InboxError(f"{where} cannot be reached: {error}; it is tried again") from error


def _connect(server: Server) -> imaplib.IMAP4:
    if server.encrypted:
        context = ssl.create_default_context()
        return imaplib.IMAP4_SSL(server.host, server.port, ssl_context=context, timeout=PATIENCE)
    return imaplib.IMAP4(server.host, server.port, timeout=PATIENCE)


def _login(client: imaplib.IMAP4, server: Server, password: str) -> None:
    try:
        client.login(server.user, password)
    except imaplib.IMAP4.error as error:
        cure = "check the user and IMAP_PASSWORD (Gmail wants an app password)"
        raise InboxError(f"bounces_mailbox: {server.host} refuses {server.user}: {_said(error)}; {cure}") from error


class Imap:
    """Mails get a keyword when what they say is durable."""

    def __init__(self, client: imaplib.IMAP4, server: Server) -> None:
        self._client, self._server = client, server
        answer, said = client.select(f'"{server.folder}"')
        if answer != "OK":
            cure = "write its name as the server does"
            raise InboxError(f"bounces_mailbox: {server.host} has no folder {server.folder} ({_said(said)}); {cure}")
        lasting = b" ".join(one for one in client.response("PERMANENTFLAGS")[1] or () if isinstance(one, bytes))
        self._keywords = b"\\*" in lasting

    def waiting(self) -> Iterator[tuple[str, bytes]]:
        """In the order of arrival, some hundreds at most."""
        for name in self._names()[:AT_ONCE]:
            found = self._ask("FETCH", name, f"(BODY.PEEK[]<0.{LARGEST}>)")
            mail = next((one[1] for one in found if isinstance(one, tuple)), None)
            if mail is not None:  # else it was removed meanwhile
                yield name, mail

    def _names(self) -> list[str]:
        found = self._ask("SEARCH", *(("UNKEYWORD", READ) if self._keywords else ("UNSEEN",)))
        return [one.decode() for part in found if isinstance(part, bytes) for one in part.split()]

    def _ask(self, *command: str) -> list[Any]:
        answer, found = self._client.uid(*command)
        if answer != "OK":
            raise InboxError(f"bounces_mailbox: {self._server.host} refuses {command[0]}: {_said(found)}")
        return found

    def done(self, name: str, *, seen: bool) -> None:
        """Marks it. What a person has to read is flagged where only \\Seen can say that it was read."""
        flags = [READ] if self._keywords else ["\\Seen"]
        flags += ["\\Seen"] if seen and self._keywords else [] if seen or self._keywords else ["\\Flagged"]
        self._ask("STORE", name, "+FLAGS.SILENT", f"({' '.join(flags)})")

    def check(self) -> str:
        """Says what waits there."""
        number, server = len(self._names()), self._server
        return f"{server.user} at {server.host}, folder {server.folder}, {number} {'mail' if number == 1 else 'mails'} to be read"


def _said(said: object) -> str:
    """What a server said, in a line."""
    parts = said if isinstance(said, list) else list(said.args) if isinstance(said, Exception) else [said]
    words = (one.decode("utf-8", "replace") if isinstance(one, bytes) else str(one) for one in parts)
    return " ".join(" ".join(words).split())[:300]
