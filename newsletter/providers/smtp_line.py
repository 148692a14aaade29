"""One kept SMTP connection: a time limit for each phase, and no reply ever counted for another message.

smtplib greets, secures and logs in. What introduces a message and the message itself are ours: each one write, where the
server takes commands together (RFC 2920), and nothing done to the message but dots doubled.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Final, TypeAlias

from newsletter.errors import Halt
from newsletter.models import Message, Outcome, Receipt, Refused, TryLater, Uncertain
from newsletter.providers.smtp_spec import Server
from newsletter.replies import Stage, outcome_of, row_of

# Seconds. RFC 5321 section 4.5.3.2, but for the first; who waits less at the end makes a second copy.
CONNECT: Final = 30.0
GREETING: Final = 300.0
COMMAND: Final = 300.0
DATA_START: Final = 120.0
DATA_BLOCK: Final = 180.0
DATA_END: Final = 600.0
GOODBYE: Final = 2.0
GO_AHEAD: Final = 354  # the yes to DATA: from here on every line is the message's
GLANCE: Final = 0.1  # at an answer whose time ran out while another line was waited for: it may be there
BUFFER: Final = 262_144  # octets
LIFETIME: Final = 300.0  # of a connection, as Postfix has it (smtp_connection_reuse_time_limit, 2026-11)


Trust: TypeAlias = Callable[[], ssl.SSLContext]
"""Whose certificates are trusted; a function, as reading them takes 20 ms and not every connection is encrypted."""


def trust(server: Server) -> Trust:
    """The system's certificates and the server's own, read once for all connections that share it."""

    @cache
    def read() -> ssl.SSLContext:
        context = ssl.create_default_context()
        if server.ca_file:
            context.load_verify_locations(server.ca_file)
        return context

    return read


Sending: TypeAlias = Generator[None, None, Outcome]
Signing: TypeAlias = Callable[[bytes], bytes]
"""The header fields that sign a message, to be put in front of it; the same for the same bytes, none where nobody signs."""


def unsigned(mime: bytes) -> bytes:
    """Signs nothing."""
    return b""


class NoConnection(Halt):
    """No connection, so nothing was handed over."""


class Line:
    """A connection that is opened when it is needed, and replaced before the far side tires of it."""

    def __init__(self, server: Server, password: str, clock: Callable[[], float], trust: Trust, sign: Signing) -> None:
        self._server = server
        self._trust = trust
        self._sign = sign
        self._password = password
        self._clock = clock
        self._client: _Client | None = None
        self._sent = 0
        self._opened = self._used = 0.0

    @property
    def is_open(self) -> bool:
        return self._client is not None

    # -- connecting

    def connect(self) -> _Client:
        """Opens the connection, secures it and logs in. Raises `NoConnection`."""
        where = f"{self._server.host}:{self._server.port}"
        try:
            self._client = self._open()
        except (smtplib.SMTPException, OSError) as error:
            text = f"{where}{self._cure(error)}"
            raise NoConnection(text, [TryLater(text, timedelta(0))], passing=_is_passing(error)) from error
        self._sent = 0
        self._opened = self._used = self._clock()
        return self._client

    def _cure(self, error: Exception) -> str:
        if isinstance(error, smtplib.SMTPAuthenticationError):
            said = f"{error.smtp_code} {text_of(error.smtp_error)}"
            return f" refuses the login of {self._server.user}: {said}; {_LOGIN}"
        if isinstance(error, ssl.SSLError):
            return f": TLS failed ({error.reason or error}); nothing was sent in plain text"
        if isinstance(error, smtplib.SMTPResponseException):
            return f": {error.smtp_code} {text_of(error.smtp_error)}; nothing was sent"
        if isinstance(error, smtplib.SMTPException):
            return f": {text_of(error)}; nothing was sent"
        return f" cannot be reached: {error}; nothing was sent, run again later"

    def _open(self) -> _Client:
        server = self._server
        client = _Client(server, self._trust, self._clock)
        try:
            if server.tls == "starttls":
                client.secure(self._trust())
            if server.user:
                client.login(server.user, self._password)
            client.ehlo_or_helo_if_needed()
        except BaseException:
            client.close()
            raise
        return client

    def close(self) -> None:
        if self._client is not None:
            try:
                self._client.ask("QUIT", GOODBYE)
                self._client.close()
            except (smtplib.SMTPException, OSError):
                self._client.close()
        self._client = None

    def _drop(self) -> None:
        """Ends the connection without another word: whatever still comes over it belongs to nobody."""
        if self._client is not None:
            self._client.close()
        self._client = None

    # -- sending

    def make_ready(self) -> None:
        """Has a connection that is not worn. Raises `NoConnection`."""
        if self._is_worn():
            self.close()
        if self._client is None:
            self.connect()

    @property
    def is_ready(self) -> bool:
        """Whether `make_ready` would have nothing to do."""
        return self._client is not None and not self._is_worn()

    def sending(self, message: Message) -> Sending:
        """Sends one message, step by step; on a kept connection that is closed before the message is accepted, once
        more on a new one.

        It yields whenever an answer is awaited, so that one thread can send on many lines, and returns the outcome.
        Raises `Halt` for what concerns us rather than this reader.
        """
        if not f"{message.sender}{message.return_path}{message.recipient}".isascii():
            return Refused("the address is not ASCII; SMTPUTF8 (RFC 6531) is not spoken here")
        kept = self._client is not None and self._sent > 0
        outcome = yield from self._transaction(self._client or self.connect(), message)
        if isinstance(outcome, _Gone) and outcome.again and kept:
            outcome = yield from self._transaction(self.connect(), message)
        self._sent += 1
        self._used = self._clock()
        return outcome.outcome if isinstance(outcome, _Gone) else outcome

    def _is_worn(self) -> bool:
        now = self._clock()
        old = now - self._opened > LIFETIME or now - self._used > self._server.idle
        return self._client is not None and (old or self._sent >= self._server.recycle)

    def _transaction(self, client: _Client, message: Message) -> Generator[None, None, Outcome | _Gone]:
        stage: Stage = "mail"
        try:
            if client.unasked():
                return self._gone("the server said something that nobody asked for")
            for group in _groups(message, together=client.pipelines):
                client.say([one.text for one in group], COMMAND)
                yield
                for number, one in enumerate(group, 1):
                    stage = one.stage
                    code, said = client.answer(one.patience)
                    if code not in one.yes:
                        return self._refused(client, code, said, stage, group[number:])
            if client.unasked():
                return self._gone("the server said something that nobody asked for")
            client.hand_over(self._sign(message.mime), message.mime if message.dotless else stuffed(message.mime))
        except (smtplib.SMTPException, OSError) as error:
            return self._broken(client, error, stage)
        yield
        return self._answer(client)

    def _broken(self, client: _Client, error: Exception, stage: Stage) -> Outcome | _Gone:
        """The message was not handed over; perhaps the server still said why, before it hung up."""
        code, said = client.last_word() if stage == "data" else (0, b"")
        if 400 <= code <= 599:
            return self._refused(client, code, said, stage)
        return self._gone(f"the connection broke before the message was handed over: {text_of(error)}")

    def _answer(self, client: _Client) -> Outcome | _Gone:
        """The reply to the final dot. Without one nobody knows: RFC 5321 section 6.1."""
        try:
            code, said = client.answer(DATA_END)
            more = client.unasked()
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            return Uncertain(f"no answer after the final dot: {text_of(error)}")
        if more:
            self._drop()
            if not more.startswith(b"421"):  # that is a goodbye, and often follows at once
                return Uncertain(f"two answers after the final dot: {code} {text_of(said)}; {text_of(more)}")
        if 200 <= code <= 299:
            return Receipt(text_of(said))
        if not 400 <= code <= 599:
            self._drop()
            return Uncertain(f"no answer after the final dot: {code} {text_of(said)}")
        return self._refused(client, code, said, "end")

    def _refused(
        self, client: _Client, code: int, said: bytes, stage: Stage, unanswered: Sequence[_Command] = ()
    ) -> Outcome | _Gone:
        """A reply that is no yes. 421 says that the connection is closing (RFC 5321 section 3.8)."""
        text = text_of(said)
        if not 400 <= code <= 599:
            return self._gone(f"an answer that does not belong here: {code} {text}")
        if code == 421:
            self._drop()
            return _Gone(outcome_of(code, text, stage), again=row_of(code, text, stage).means != "slow")
        if stage != "end":  # which has ended the transaction already
            self._reset(client, unanswered)
        return outcome_of(code, text, stage)

    def _reset(self, client: _Client, unanswered: Sequence[_Command]) -> None:
        """Ends the transaction; what was said together with what is refused is answered, too, and means nothing now."""
        try:
            answers = [client.answer(one.patience)[0] for one in unanswered]
            # Who waits for a message gets none, not even an empty one.
            if GO_AHEAD in answers or client.ask("RSET", COMMAND)[0] != 250:
                self._drop()
        except (smtplib.SMTPException, OSError):
            self._drop()

    def _gone(self, reason: str) -> _Gone:
        self._drop()
        return _Gone(TryLater(reason), again=True)


@dataclass(frozen=True, slots=True)
class _Gone:
    """The connection ended, and the message was not accepted."""

    outcome: Outcome
    again: bool
    """Whether a new connection may be all that it takes."""


@dataclass(frozen=True, slots=True)
class _Command:
    """One of those that introduce a message."""

    stage: Stage
    text: str
    patience: float
    """Seconds that an answer may take."""
    yes: tuple[int, ...]


def _groups(message: Message, *, together: bool) -> tuple[tuple[_Command, ...], ...]:
    """The commands in front of a message: in one go where the server takes that (RFC 2920), else one by one."""
    commands = (
        _Command("mail", f"MAIL FROM:<{message.return_path or message.sender}>", COMMAND, (250,)),
        _Command("rcpt", f"RCPT TO:<{message.recipient}>", COMMAND, (250, 251, 252)),
        _Command("data", "DATA", DATA_START, (GO_AHEAD,)),
    )
    return (commands,) if together else tuple((one,) for one in commands)


class _Client(smtplib.SMTP):
    """smtplib with a deadline for each answer, however slowly it trickles in, and an eye for what was not asked for."""

    def __init__(self, server: Server, trust: Trust, clock: Callable[[], float]) -> None:
        self._limits = server
        self._wrap = trust() if server.tls == "implicit" else None
        self._clock = clock
        self._unread = bytearray()
        self._patience = server.wait(GREETING)
        self._said_at = clock()
        # getfqdn() of smtplib's default asks the DNS, slowly; the name only greets.
        super().__init__(server.host, server.port, socket.gethostname() or "localhost", timeout=self._patience)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connected = socket.create_connection((host, port), self._limits.wait(CONNECT))
        # Without it a kept TLS connection stalls 40 ms a message: Nagle against delayed ACK (measured 2026-11).
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # A whole message goes out at once, so that no line waits for another one's far side to read.
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
        connected.settimeout(timeout)
        return self._wrap.wrap_socket(connected, server_hostname=host) if self._wrap else connected

    def secure(self, context: ssl.SSLContext) -> None:
        """STARTTLS. Raises if the server does not offer it, or its certificate is not trusted."""
        self.starttls(context=context)
        self._unread.clear()  # what came in the clear behind the answer must not count (RFC 3207 section 6)

    @property
    def pipelines(self) -> bool:
        """Whether the server takes several commands at once: over a distance that is most of the time."""
        return self.has_extn("pipelining")

    def say(self, commands: Sequence[str], patience: float) -> None:
        """Says commands with one write, so many seconds at most. Raises ValueError if one is no single line."""
        lines = "".join([f"{command}\r\n" for command in commands])
        if lines.count("\r") + lines.count("\n") != 2 * len(commands):
            raise ValueError("a command is a line of its own")
        _open(self).settimeout(self._limits.wait(patience))
        self.send(lines)
        self._said_at = self._clock()

    def putcmd(self, cmd: str, args: str = "") -> None:
        super().putcmd(cmd, args)
        self._said_at = self._clock()

    def ask(self, command: str, patience: float) -> tuple[int, bytes]:
        """Says a command and waits for its answer, so many seconds at most."""
        self.say([command], patience)
        return self.answer(patience)

    def hand_over(self, signatures: bytes, mime: bytes) -> None:
        """Writes the message and the final dot, at once. Raises OSError if the dot was not written."""
        connected = _open(self)
        connected.settimeout(self._limits.wait(DATA_BLOCK))
        connected.sendall(b"".join((signatures, mime, b".\r\n")))
        self._said_at = self._clock()

    def answer(self, patience: float) -> tuple[int, bytes]:
        """The next answer, within so many seconds of what it answers, whenever it is looked for."""
        self._patience = self._limits.wait(patience)
        return self.getreply()

    def last_word(self) -> tuple[int, bytes]:
        """What the server said before it hung up; 0 if nothing."""
        self._said_at = self._clock()
        try:
            return self.answer(GOODBYE)
        except (smtplib.SMTPException, OSError):
            return 0, b""

    def unasked(self) -> bytes:
        """What the server said that nobody waits for; empty when it is silent, as it should be."""
        if not self._unread and self.sock is not None:
            try:
                self.sock.settimeout(0)
                self._unread += self.sock.recv(4096) or self._hung_up()
            except (BlockingIOError, ssl.SSLWantReadError):
                pass
            except OSError:
                self.close()
        return bytes(self._unread)

    def _hung_up(self) -> bytes:
        self.close()
        return b""

    def getreply(self) -> tuple[int, bytes]:
        """A whole reply; its code is -1 when it is none, so that it is never taken for a yes."""
        until = max(self._said_at + self._patience, self._clock() + GLANCE)
        lines = [self._line(until)]
        while lines[-1][3:4] == b"-" and len(lines) < LINES:
            lines.append(self._line(until))
        self._said_at = self._clock()  # what was said together with it is answered from here on
        codes = {line[:3] for line in lines}
        said = b"\n".join(line[4:].strip() for line in lines)
        good = len(codes) == 1 and re.fullmatch(rb"[2-5]\d\d[ ]?", lines[-1][:4]) is not None
        return (int(lines[0][:3]), said) if good else (-1, b" ".join(lines))

    def _line(self, until: float) -> bytes:
        while (end := self._unread.find(b"\n")) < 0:
            left = until - self._clock()
            if left <= 0 or len(self._unread) > LONGEST_LINE:
                raise TimeoutError("timed out" if left <= 0 else "the answer does not end")
            connected = _open(self)
            connected.settimeout(left)
            more = connected.recv(4096)
            if not more:
                self.close()
                raise smtplib.SMTPServerDisconnected("the connection was closed")
            self._unread += more
        line = bytes(self._unread[:end]).rstrip(b"\r")
        del self._unread[: end + 1]
        return line


LINES: Final = 100  # of one reply
LONGEST_LINE: Final = 8192  # octets; the standard allows 512

_LOGIN = "check the user name and SMTP_PASSWORD (Gmail and Outlook want an app password)"


def _is_passing(error: Exception) -> bool:
    """Whether it may be over in a while, without anybody's doing."""
    if isinstance(error, smtplib.SMTPResponseException):
        return 400 <= error.smtp_code <= 499
    return isinstance(error, (OSError, smtplib.SMTPServerDisconnected)) and not isinstance(
        error, (ssl.SSLError, smtplib.SMTPNotSupportedError)
    )


def stuffed(mime: bytes) -> bytes:
    """The message with a second dot where a line begins with one (RFC 5321 section 4.5.2); it has CRLF only."""
    return mime.replace(b"\r\n.", b"\r\n..")


def _open(client: smtplib.SMTP) -> socket.socket:
    """The connection's socket; smtplib has none once it noticed that the far side is gone."""
    if client.sock is None:
        raise smtplib.SMTPServerDisconnected("the connection is closed")
    return client.sock


def text_of(said: object) -> str:
    """What was said, in one line of 300 characters at most."""
    raw = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return " ".join(raw.split())[:300]
