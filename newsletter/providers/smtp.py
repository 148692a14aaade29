"""Sends over SMTP: a round of messages at a time, one on each of a few kept connections."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit

from newsletter.errors import Halt, SettingsError
from newsletter.models import Message, Outcome, Receipt, Refused, TryLater, Uncertain
from newsletter.settings import Settings

Tls: TypeAlias = Literal["starttls", "implicit", "none"]
CONNECT = 30.0  # seconds
COMMAND = 300.0  # RFC 5321 section 4.5.3.2: five minutes for MAIL and RCPT
DATA_END = 600.0  # RFC 5321 section 4.5.3.2.6: ten minutes, or the server sends a second copy
PER_CONNECTION = 100  # messages; many servers close a connection that sends more


@dataclass(frozen=True, slots=True)
class Server:
    """Where to send and how: `smtp://user@host:587?tls=starttls&connections=4`."""

    host: str
    port: int
    tls: Tls
    user: str
    connections: int
    ca_file: str
    """A file of certificates to trust beside the system's, for a server of one's own."""
    patience: float
    """Seconds to wait at most for any answer; 0 for the standard's own times."""

    def wait(self, standard: float) -> float:
        return min(standard, self.patience) if self.patience else standard


class SmtpProvider:
    """Keeps a few connections, and sends one message on each of them in a round."""

    idempotent_for = timedelta(0)

    def __init__(self, server: Server, password: str) -> None:
        self._lines = tuple(_Line(server, password) for _ in range(server.connections))
        self._server = server
        self._pool = ThreadPoolExecutor(server.connections, "smtp")

    @property
    def batch(self) -> int:
        return len(self._lines)

    def send(self, messages: Sequence[Message], key: str) -> list[Outcome]:
        """One message a connection. SMTP knows no keys: `key` is not used."""
        tried = list(self._pool.map(_try, self._lines, messages))
        outcomes = [_left_by(one) if isinstance(one, Halt) else one for one in tried]
        for one in tried:
            if isinstance(one, Halt):
                raise Halt(str(one), outcomes) from one
        return outcomes

    def check(self) -> str:
        self._lines[0].connect()
        self._lines[0].close()
        secured = {"starttls": "STARTTLS", "implicit": "TLS", "none": "no encryption"}[self._server.tls]
        login = f"logged in as {self._server.user}" if self._server.user else "no login"
        return f"{self._server.host}:{self._server.port} answers, {secured}, {login}"

    def hosts(self) -> tuple[str, ...]:
        return (self._server.host,)

    def close(self) -> None:
        for line in self._lines:
            line.close()
        self._pool.shutdown()


def open_provider(spec: str, settings: Settings) -> SmtpProvider:
    """`smtp://user@host:587?tls=starttls|implicit|none&connections=4`; the password is `SMTP_PASSWORD`."""
    server = parse(spec, settings.origin("provider"))
    password = settings.secret("SMTP_PASSWORD")
    if server.user and not password:
        raise SettingsError(
            f"{settings.origin('provider')}: {server.user} needs a password; "
            "put SMTP_PASSWORD=... into secrets.env or the environment"
        )
    return SmtpProvider(server, password)


def parse(spec: str, origin: str) -> Server:
    """Reads the provider's address; `origin` says where it was written, for the error."""
    try:
        url = urlsplit(spec)
        port = url.port
        options = dict(parse_qsl(url.query, keep_blank_values=True, strict_parsing=bool(url.query)))
    except ValueError as error:
        raise SettingsError(f"{origin}: {_masked(spec)}: {error}; write smtp://user@host:587") from error
    if not url.hostname:
        raise SettingsError(f"{origin}: {_masked(spec)} names no host; write smtp://user@host:587")
    if url.password is not None:
        raise SettingsError(f"{origin}: a password does not belong here; put SMTP_PASSWORD=... into secrets.env")
    tls = options.pop("tls", "") or ("implicit" if port == 465 else "none" if _is_local(url.hostname) else "starttls")
    connections, patience = options.pop("connections", "4"), options.pop("timeout", "0")
    ca_file = options.pop("ca", "")
    if options:
        known = "tls, connections, timeout, ca"
        raise SettingsError(f"{origin}: unknown option '{next(iter(options))}' of smtp; there are {known}")
    if tls not in ("starttls", "implicit", "none"):
        raise SettingsError(f"{origin}: tls={tls} is not starttls, implicit or none")
    if not connections.isdecimal() or not 1 <= int(connections) <= 50:
        raise SettingsError(f"{origin}: connections={connections} is not a number from 1 to 50")
    if not patience.isdecimal():
        raise SettingsError(f"{origin}: timeout={patience} is not a number of seconds")
    standard = {"starttls": 587, "implicit": 465, "none": 25}[tls]
    user = unquote(url.username or "")
    # The literal is checked above; mypy cannot see it through the string.
    secured: Tls = "starttls" if tls == "starttls" else "implicit" if tls == "implicit" else "none"
    return Server(url.hostname, port or standard, secured, user, int(connections), ca_file, float(patience))


def _masked(spec: str) -> str:
    return re.sub(r"://([^:@/]*):[^@/]*@", r"://\1:...@", spec)


def _is_local(host: str) -> bool:
    return host == "localhost" or host.startswith("127.") or host == "::1"


def _left_by(halt: Halt) -> Outcome:
    """What a halt means for its message: try at once when it is mended, or, if it was the message's, later."""
    return halt.outcomes[0] if halt.outcomes else TryLater(str(halt))


def _try(line: _Line, message: Message) -> Outcome | Halt:
    try:
        return line.send(message)
    except Halt as halt:
        return halt


class _Line:
    """One kept connection."""

    def __init__(self, server: Server, password: str) -> None:
        self._server = server
        self._password = password
        self._smtp: smtplib.SMTP | None = None
        self._sent = 0

    # -- connecting

    def connect(self) -> smtplib.SMTP:
        """Opens the connection, secures it and logs in. Whatever fails here is ours to mend: `Halt`."""
        where = f"{self._server.host}:{self._server.port}"
        try:
            self._smtp = self._open()
        except (smtplib.SMTPException, OSError) as error:
            text = f"{where}{self._cure(error)}"
            raise Halt(text, [TryLater(text, timedelta(0))]) from error
        self._sent = 0
        return self._smtp

    def _cure(self, error: Exception) -> str:
        if isinstance(error, smtplib.SMTPAuthenticationError):
            said = f"{error.smtp_code} {_text(error.smtp_error)}"
            return f" refuses the login of {self._server.user}: {said}; {_LOGIN}"
        if isinstance(error, ssl.SSLError):
            return f": TLS failed ({error.reason or error}); nothing was sent in plain text"
        if isinstance(error, smtplib.SMTPException):
            return f": {_text(error)}; nothing was sent"
        return f" cannot be reached: {error}; nothing was sent, run again later"

    def _open(self) -> smtplib.SMTP:
        server = self._server
        context = ssl.create_default_context()
        if server.ca_file:
            context.load_verify_locations(server.ca_file)
        # getfqdn() of smtplib's default asks the DNS, slowly; the name only greets.
        name, wait = socket.gethostname() or "localhost", server.wait(CONNECT)
        if server.tls == "implicit":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, name, timeout=wait, context=context)
        else:
            smtp = smtplib.SMTP(server.host, server.port, name, timeout=wait)
        try:
            # Without it a kept TLS connection stalls 40 ms a message: Nagle against delayed ACK (measured 2026-11).
            _socket(smtp).setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if server.tls == "starttls":
                smtp.starttls(context=context)
            if server.user:
                smtp.login(server.user, self._password)
            smtp.ehlo_or_helo_if_needed()
        except BaseException:
            smtp.close()
            raise
        return smtp

    def close(self) -> None:
        if self._smtp is not None:
            try:
                _socket(self._smtp).settimeout(2)
                self._smtp.quit()
            except (smtplib.SMTPException, OSError):
                self._smtp.close()
        self._smtp = None

    # -- sending

    def send(self, message: Message) -> Outcome:
        """Sends one message; on a kept connection that turns out dead before DATA, once more on a new one."""
        kept = self._smtp is not None and self._sent < PER_CONNECTION
        if not kept:
            self.close()
        smtp = self._smtp if kept and self._smtp is not None else self.connect()
        outcome = self._transaction(smtp, message)
        if isinstance(outcome, _Dead):
            self.close()
            outcome = self._transaction(self.connect(), message) if kept else outcome
        self._sent += 1
        if isinstance(outcome, _Dead):
            self.close()
            return TryLater(outcome.reason)
        return outcome

    def _transaction(self, smtp: smtplib.SMTP, message: Message) -> Outcome | _Dead:
        try:
            _socket(smtp).settimeout(self._server.wait(COMMAND))
            for command in (f"MAIL FROM:<{message.sender}>", f"RCPT TO:<{message.recipient}>", "DATA"):
                code, said = smtp.docmd(command)
                if code not in (250, 251, 252, 354):
                    return self._refused(smtp, code, said)
            # Dot-stuffing (RFC 5321 section 4.5.2); our messages have CRLF only and do not start with a dot.
            smtp.send(message.mime.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        except (smtplib.SMTPException, OSError) as error:
            return _Dead(f"the connection broke before the message was handed over: {_text(error)}")
        return self._answer(smtp)

    def _answer(self, smtp: smtplib.SMTP) -> Outcome:
        """The reply to the final dot. Without one nobody knows: RFC 5321 section 6.1."""
        try:
            _socket(smtp).settimeout(self._server.wait(DATA_END))
            code, said = smtp.getreply()
        except (smtplib.SMTPException, OSError) as error:
            self._smtp = None
            smtp.close()
            return Uncertain(f"no answer after the final dot: {_text(error)}")
        if code == 250:
            return Receipt(_text(said))
        refused = self._refused(smtp, code, said)
        return TryLater(refused.reason) if isinstance(refused, _Dead) else refused

    def _refused(self, smtp: smtplib.SMTP, code: int, said: bytes) -> Outcome | _Dead:
        """A reply that is no yes. 421 says that the connection is closing (RFC 5321 section 3.8)."""
        if code in (421, -1):
            return _Dead(f"{code} {_text(said)}")
        try:
            smtp.rset()
        except (smtplib.SMTPException, OSError):
            self._smtp = None
            smtp.close()
        return classify(code, _text(said))


def classify(code: int, said: str) -> Outcome:
    """What a refusal means. Raises `Halt` for what concerns us rather than the reader.

    Codes: RFC 5321 section 4.2; enhanced codes: RFC 3463, at the start of the text.
    """
    found = re.match(r"([245])\.(\d{1,3})\.(\d{1,3})\b", said)
    subject, detail = (int(found[2]), int(found[3])) if found else (0, 0)
    reason = f"{code} {said}"
    if code in (530, 534, 535, 538) or (code >= 500 and subject == 7):
        raise Halt(f"the server refuses us, not a reader: {reason}; mend that and run again")
    if code < 500:
        return TryLater(reason)
    if (subject, detail) in ((1, 1), (1, 2), (1, 3), (1, 10), (2, 1)):
        return Refused(reason, bad_address=True)
    if (subject, detail) in ((2, 2), (4, 5), (3, 1)):
        return TryLater(reason)  # full mailbox, daily limit, full server: 5xx in name only
    return Refused(reason)


@dataclass(frozen=True, slots=True)
class _Dead:
    """The connection was closed before the message was handed over."""

    reason: str


_LOGIN = "check the user name and SMTP_PASSWORD (Gmail and Outlook want an app password)"


def _socket(smtp: smtplib.SMTP) -> socket.socket:
    """The connection's socket; smtplib has none once it noticed that the far side is gone."""
    if smtp.sock is None:
        raise smtplib.SMTPServerDisconnected("the connection is closed")
    return smtp.sock


def _text(said: object) -> str:
    raw = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return " ".join(raw.split())[:300]
