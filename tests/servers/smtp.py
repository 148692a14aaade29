"""Two SMTP servers on loopback: `running`, a sink of ours in another process, and `mailbox`, aiosmtpd in this one.

The sink keeps its books so that tests can kill the sender and still know what was accepted: one JSON line
per recipient of an accepted message, on the disk before the reply that follows the final dot. Who is written
to decides what it answers:

    nouser@  550 5.1.1      busy@  450 4.2.1      grey@   451 4.7.1 the first time, per address
    thrice@  451 4.7.1 the first three times, per address
    full@    452 4.2.2      spam@  554 5.7.1      close@  421 4.7.0 and the connection closes
    slow@    421 4.7.28       big@    552 5.3.4      quota@  550 5.4.5      soon@  450 4.7.1, "try again in 7 minutes"
    hang@    the final dot is never answered, and the message is not accepted
    late@    it is accepted and answered, three seconds late
    twice@   it is answered twice: 250, and 250 once more
    early@   a 250 that nobody asked for follows the 354, and the message is then refused

A tag makes as many of them as a test needs (`nouser+17@`); a tag that starts with `data` moves the reply from
RCPT to the final dot (`spam+data@`). Everybody else is accepted; with `well`, these names are names like others.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import binascii
import contextlib
import hashlib
import json
import os
import random
import re
import socket
import ssl
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NoReturn

HOST = "127.0.0.1"
SIZE = 20_480_000
"""Octets; what EHLO says and what is enforced (RFC 1870)."""

REPLIES = {
    "nouser": "550 5.1.1 User unknown",
    "full": "452 4.2.2 Mailbox over quota",
    "busy": "450 4.2.1 Mailbox busy",
    "grey": "451 4.7.1 Greylisted, try again later",
    "thrice": "451 4.7.1 Greylisted, try again later",
    "spam": "554 5.7.1 Message rejected as spam",
    "close": "421 4.7.0 Too many messages on this connection",
    "slow": "421 4.7.28 Unusual rate of mail from your network",
    "big": "552 5.3.4 Message too big",
    "quota": "550 5.4.5 Daily sending limit exceeded",
    "soon": "450 4.7.1 Please try again in 7 minutes",
}

PASSING = {"grey": 1, "thrice": 3}
"""How often these are refused before they are accepted."""


@dataclass(frozen=True, slots=True)
class Received:
    """One recipient of one message that the sink accepted."""

    recipient: str
    message_id: str
    """With its angle brackets; empty when the message has none."""
    sha256: str
    """Of the message as the client meant it: dots unstuffed, the CRLF before the final dot included."""
    at: float
    """Seconds since the epoch, just before the line was written."""
    connection: int = field(default=0, compare=False)
    """Which connection it came over, counted from 1."""


@dataclass(frozen=True, slots=True)
class Running:
    """A sink in another process."""

    host: str
    port: int
    log: Path
    process: subprocess.Popen[str] = field(repr=False)

    def received(self) -> list[Received]:
        """What was accepted so far, in order; a line that is still being written does not count."""
        whole, _, _ = self.log.read_bytes().rpartition(b"\n")
        return [Received(**json.loads(line)) for line in whole.splitlines()]

    def connections(self) -> int:
        """The last connection that a message came over."""
        return max((one.connection for one in self.received()), default=0)


@contextlib.contextmanager
def running(log: Path, **options: str | int | Path | bool) -> Iterator[Running]:
    """A sink that appends to `log`; options are those of the command line, as in `tls="starttls", ca=path`."""
    flags = [f"--{name.replace('_', '-')}" + ("" if value is True else f"={value}") for name, value in options.items()]
    command = [sys.executable, "-m", "tests.servers.smtp", f"--log={log}", *flags]
    errors = log.with_name(log.name + ".stderr")
    with (
        errors.open("w") as stderr,
        subprocess.Popen(
            command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, stderr=stderr, text=True
        ) as process,
    ):
        assert process.stdout is not None
        try:
            port = process.stdout.readline()
            if not port:
                raise RuntimeError(f"the SMTP sink did not start: {errors.read_text().strip()}")
            yield Running(HOST, int(port), log, process)
        finally:
            process.kill()


class HangUp(Exception):
    """The conversation is over; what was said is still sent."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the command line asked for."""

    delay: float = 0.0
    """Seconds between the line in the log and the reply."""
    drop_reply_after: int = 0
    close_after: int = 0
    goodbye_after: int = 0
    most: int = 0
    login: tuple[str, str] | None = None
    refuse_login: bool = False
    tls: Literal["none", "starttls", "implicit"] = "none"
    keep: Path | None = None
    well: bool = False
    """Names mean nothing."""
    one_by_one: bool = False
    """PIPELINING is not offered, and who says a second command before the answer to the first is turned away."""
    careless: bool = False
    """DATA is answered 354 though nobody may get the message."""
    reset: float = 0.0
    """At which share of the commands that begin a message the connection is reset."""

    @property
    def wants_login(self) -> bool:
        return self.refuse_login or self.login is not None

    def admits(self, name: str, password: str) -> bool:
        return not self.refuse_login and self.login == (name, password)


class Journal:
    """Appends lines, and returns once they are on the disk; who comes in one turn of the loop shares one fsync."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._lines: list[bytes] = []
        self._written: asyncio.Future[None] | None = None

    async def append(self, lines: bytes) -> None:
        if self._written is None:
            loop = asyncio.get_running_loop()
            self._written = loop.create_future()
            loop.call_soon(self._write, self._written)
        self._lines.append(lines)
        await self._written

    def _write(self, written: asyncio.Future[None]) -> None:
        together, self._lines, self._written = b"".join(self._lines), [], None
        try:
            os.write(self._descriptor, together)
            os.fsync(self._descriptor)
        except OSError as error:
            written.set_exception(error)
        else:
            written.set_result(None)


class Sink:
    """What all conversations share: the behaviour, the journal, the count, and who was greylisted."""

    def __init__(self, behaviour: Behaviour, journal: Journal, context: ssl.SSLContext | None) -> None:
        self.behaviour = behaviour
        self.context = context
        self._journal = journal
        self._accepted = 0
        self._talking = self._greeted = 0
        self._chance = random.Random(20261121)
        self._offered: Counter[str] = Counter()

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._talking += 1
        self._greeted += 1
        try:
            await Conversation(self, reader, writer, self._greeted).run(0 < self.behaviour.most < self._talking)
        finally:
            self._talking -= 1

    def refusal(self, recipient: str, stage: Literal["rcpt", "data"]) -> str | None:
        """The reply that this recipient's name asks for at this stage, if any."""
        local, _, tag = recipient.partition("@")[0].partition("+")
        if self.behaviour.well or tag.startswith("data") != (stage == "data"):
            return None
        self._offered[recipient] += local in PASSING
        return None if self._offered[recipient] > PASSING.get(local, 0) > 0 else REPLIES.get(local)

    def resets(self) -> bool:
        """Whether the connection is to be reset now."""
        return self._chance.random() < self.behaviour.reset

    async def accept(self, recipients: Sequence[str], content: bytes, connection: int) -> str:
        """Put the message on record, then the reply to say; raises HangUp if it is the one without a reply."""
        digest = hashlib.sha256(content).hexdigest()
        if self.behaviour.keep is not None:
            (self.behaviour.keep / f"{digest}.eml").write_bytes(content)
        line = {"message_id": message_id(content), "sha256": digest, "at": time.time(), "connection": connection}
        await self._journal.append(b"".join(json.dumps({"recipient": r} | line).encode() + b"\n" for r in recipients))
        self._accepted += 1
        if self._accepted == self.behaviour.drop_reply_after:
            raise HangUp
        if self.behaviour.delay:
            await asyncio.sleep(self.behaviour.delay)
        return f"250 2.0.0 Ok: {self._accepted}"


class Conversation:
    """One connection. Replies are gathered and sent when there is nothing left to read (RFC 2920 section 3.2)."""

    def __init__(self, sink: Sink, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        self._sink = sink
        self._number = number
        self._reader = reader
        self._writer = writer
        self._unread = bytearray()
        self._unsent = bytearray()
        self._secure = sink.behaviour.tls == "implicit"
        self._known = not sink.behaviour.wants_login
        self._greeted = False
        self._accepted = 0
        self._sender: str | None = None
        self._recipients: list[str] = []
        self._commands: dict[str, Callable[[str], Awaitable[None]]] = {
            "EHLO": self._ehlo,
            "HELO": self._helo,
            "STARTTLS": self._starttls,
            "AUTH": self._auth,
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": self._data,
            "RSET": self._rset,
            "NOOP": self._noop,
            "QUIT": self._quit,
        }

    async def run(self, crowded: bool) -> None:
        with contextlib.suppress(OSError, HangUp):
            if crowded:
                self._refuse("421 4.7.0 Too many connections")
            self._say("220 sink.test ESMTP")
            while True:
                verb, _, argument = (await self._line()).partition(" ")
                if self._sink.behaviour.one_by_one and self._unread:
                    self._refuse("421 5.5.0 SMTP protocol synchronization error")
                if verb.upper() in ("MAIL", "RCPT", "DATA") and self._sink.resets():
                    self._reset()
                command = self._commands.get(verb.upper())
                await (command(argument.strip()) if command else self._unknown(verb))
        with contextlib.suppress(OSError):
            await self._flush()
            self._writer.close()
            await self._writer.wait_closed()

    def _reset(self) -> NoReturn:
        """RST instead of FIN: what was not sent yet is thrown away."""
        self._unsent.clear()
        connected = self._writer.get_extra_info("socket")
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise HangUp

    def _say(self, reply: str) -> None:
        self._unsent += reply.encode() + b"\r\n"

    async def _flush(self) -> None:
        self._writer.write(bytes(self._unsent))
        self._unsent.clear()
        await self._writer.drain()

    async def _line(self) -> str:
        return (await self._until(b"\r\n")).decode("utf-8", "replace").strip()

    async def _until(self, mark: bytes) -> bytes:
        """What the client sends up to and including `mark`."""
        searched = 0
        while (found := self._unread.find(mark, searched)) < 0:
            searched = max(0, len(self._unread) - len(mark) + 1)
            await self._read()
        end = found + len(mark)
        taken = bytes(self._unread[:end])
        del self._unread[:end]
        return taken

    async def _read(self) -> None:
        await self._flush()
        more = await self._reader.read(1 << 18)
        if not more or len(self._unread) > 2 * SIZE:
            raise HangUp
        self._unread += more

    async def _unknown(self, verb: str) -> None:
        self._say(f"500 5.5.2 Unknown command {verb[:20]!a}")

    async def _noop(self, argument: str) -> None:
        self._say("250 2.0.0 Ok")

    async def _quit(self, argument: str) -> None:
        self._say("221 2.0.0 Bye")
        raise HangUp

    async def _rset(self, argument: str) -> None:
        self._forget()
        self._say("250 2.0.0 Ok")

    def _forget(self) -> None:
        self._sender, self._recipients = None, []

    async def _helo(self, argument: str) -> None:
        self._forget()
        self._greeted = True
        self._say("250 sink.test")

    async def _ehlo(self, argument: str) -> None:
        self._forget()
        self._greeted = True
        words = ["sink.test", f"SIZE {SIZE}", "8BITMIME", "ENHANCEDSTATUSCODES", *self._offers()]
        for word in words[:-1]:
            self._say(f"250-{word}")
        self._say(f"250 {words[-1]}")

    def _offers(self) -> Iterator[str]:
        if not self._sink.behaviour.one_by_one:
            yield "PIPELINING"
        if self._must_secure():
            yield "STARTTLS"
        elif self._sink.behaviour.wants_login:
            yield "AUTH PLAIN LOGIN"

    def _must_secure(self) -> bool:
        return self._sink.behaviour.tls == "starttls" and not self._secure

    async def _starttls(self, argument: str) -> None:
        if not self._must_secure() or self._sink.context is None:
            self._say("503 5.5.1 TLS is not offered now")
            return
        self._say("220 2.0.0 Ready to start TLS")
        await self._flush()
        self._unread.clear()  # What came in the clear behind STARTTLS must not count (RFC 3207 section 4.2).
        self._forget()
        self._greeted = False
        await self._writer.start_tls(self._sink.context)
        self._secure = True

    async def _auth(self, argument: str) -> None:
        if self._must_secure() or not self._sink.behaviour.wants_login or self._known:
            self._say("503 5.5.1 AUTH is not offered now")
            return
        mechanism, _, initial = argument.partition(" ")
        try:
            name, password = await self._credentials(mechanism.upper(), initial)
        except (ValueError, binascii.Error):
            self._say("501 5.5.2 Cannot read these credentials")
            return
        self._known = self._sink.behaviour.admits(name, password)
        self._say("235 2.7.0 Welcome" if self._known else "535 5.7.8 Wrong name or password")

    async def _credentials(self, mechanism: str, initial: str) -> tuple[str, str]:
        """Name and password; ValueError when they cannot be read."""
        if mechanism == "PLAIN":
            _, name, password = _decoded(initial or await self._asked("")).split("\0")
            return name, password
        if mechanism == "LOGIN":
            name = _decoded(initial or await self._asked("Username:"))
            return name, _decoded(await self._asked("Password:"))
        raise ValueError(mechanism)

    async def _asked(self, question: str) -> str:
        self._say(f"334 {base64.b64encode(question.encode()).decode()}")
        return await self._line()

    async def _mail(self, argument: str) -> None:
        found = re.match(r"FROM:\s*<([^>]*)>(?:.*\sSIZE=(\d+))?", argument, re.IGNORECASE)
        if reason := self._not_yet():
            self._say(reason)
        elif not found:
            self._say("501 5.5.4 Syntax: MAIL FROM:<address>")
        elif int(found[2] or 0) > SIZE:
            self._say("552 5.3.4 Message too big")
        else:
            self._sender = found[1]
            self._say("250 2.1.0 Ok")

    def _not_yet(self) -> str | None:
        """Why a message cannot begin now."""
        if self._must_secure():
            return "530 5.7.0 Must issue a STARTTLS command first"
        if not self._known:
            return "530 5.7.0 Authentication required"
        if not self._greeted or self._sender is not None:
            return "503 5.5.1 Not in this order"
        return None

    async def _rcpt(self, argument: str) -> None:
        found = re.match(r"TO:\s*<([^>]+)>", argument, re.IGNORECASE)
        if 0 < self._sink.behaviour.goodbye_after <= self._accepted:
            self._refuse("421 4.7.0 Closing after so many messages")
        elif self._sender is None:
            self._say("503 5.5.1 MAIL comes first")
        elif not found:
            self._say("501 5.5.4 Syntax: RCPT TO:<address>")
        elif reply := self._sink.refusal(found[1], "rcpt"):
            self._refuse(reply)
        else:
            self._recipients.append(found[1])
            self._say("250 2.1.5 Ok")

    def _refuse(self, reply: str) -> None:
        self._say(reply)
        if reply.startswith("421"):
            raise HangUp

    async def _data(self, argument: str) -> None:
        if self._sender is None:
            self._say("503 5.5.1 MAIL comes first")
        elif not self._recipients and not self._sink.behaviour.careless:
            self._say("554-5.5.1 There is nobody who may get this")
            self._say("554 5.5.1 No valid recipients")
        else:
            self._say("354 End data with <CR><LF>.<CR><LF>")
            if self._named("early"):
                self._say("250 2.0.0 Ok")
            await self._take(await self._content())

    async def _content(self) -> bytes:
        self._unread[:0] = b"\r\n"  # The CRLF of DATA may begin the end of an empty message (RFC 5321 section 4.1.1.4).
        raw = await self._until(b"\r\n.\r\n")
        return raw[:-3].replace(b"\r\n.", b"\r\n")[2:]

    def _named(self, name: str) -> bool:
        return not self._sink.behaviour.well and any(
            recipient.startswith((f"{name}@", f"{name}+")) for recipient in self._recipients
        )

    async def _take(self, content: bytes) -> None:
        if self._named("hang"):
            await self._ignore()
        if self._named("late"):
            await asyncio.sleep(3)
        if self._named("twice"):
            self._say("250 2.0.0 Ok")
        early, recipients = self._named("early"), self._recipients
        self._forget()
        if early:
            self._say("550 5.1.1 User unknown")
        elif len(content) > SIZE:
            self._say("552 5.3.4 Message too big")
        elif reply := next(filter(None, (self._sink.refusal(recipient, "data") for recipient in recipients)), None):
            self._refuse(reply)
        else:
            self._say(await self._sink.accept(recipients, content, self._number))
            self._accepted += 1
            if self._accepted == self._sink.behaviour.close_after:
                raise HangUp

    async def _ignore(self) -> NoReturn:
        """Say nothing more until the client goes away."""
        while True:
            self._unread.clear()
            await self._read()


def _decoded(text: str) -> str:
    return base64.b64decode(text, validate=True).decode()


def message_id(content: bytes) -> str:
    """The Message-ID with its angle brackets; empty when there is none."""
    found = re.search(rb"^Message-ID:\s*(\S+)", content.partition(b"\r\n\r\n")[0], re.IGNORECASE | re.MULTILINE)
    return found[1].decode("ascii", "replace") if found else ""


@dataclass(frozen=True, slots=True)
class Arrived:
    """One message that aiosmtpd accepted."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An aiosmtpd server in this process: an SMTP server that nobody here wrote."""

    host: str
    port: int
    arrived: list[Arrived]
    """In the order of acceptance."""


@contextlib.contextmanager
def mailbox() -> Iterator[Mailbox]:
    """aiosmtpd on loopback, collecting what it accepts."""
    from aiosmtpd.controller import Controller  # Here, because the sink's process has no use for it.
    from aiosmtpd.smtp import SMTP, Envelope, Session

    arrived: list[Arrived] = []
    listener = socket.create_server((HOST, 0))

    class Collector:
        async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
            content = envelope.original_content or b""
            arrived.append(Arrived(envelope.mail_from or "", tuple(envelope.rcpt_tos), content))
            return "250 2.0.0 Ok"

    class OnListener(Controller):
        def _create_server(self) -> Awaitable[asyncio.AbstractServer]:
            return self.loop.create_server(self._factory_invoker, sock=listener)

    controller = OnListener(Collector(), hostname=HOST, port=listener.getsockname()[1])
    controller.start()
    try:
        yield Mailbox(HOST, controller.port, arrived)
    finally:
        controller.stop()


def tls_context(ca: Path | None) -> ssl.SSLContext:
    """A server's context with a fresh certificate for localhost; the authority's certificate is written to `ca`."""
    import trustme  # Here, because most sinks have no TLS and it costs a tenth of a second.

    authority = trustme.CA()
    if ca is not None:
        authority.cert_pem.write_to_path(str(ca))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost", HOST).configure_cert(context)
    return context


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.servers.smtp", description="An SMTP server that keeps books."
    )
    add = parser.add_argument
    add("--log", type=Path, required=True, help="where to append one JSON line per recipient of an accepted message")
    add("--port", type=int, default=0, help="0 for any; the port is printed as the first line")
    add("--delay-ms", type=int, default=0, help="wait this long between the line in the log and the reply")
    add("--drop-reply-after", type=int, default=0, metavar="N", help="accept message N, then close without a reply")
    add("--close-after", type=int, default=0, metavar="N", help="close each connection in silence after N messages")
    add("--goodbye-after", type=int, default=0, metavar="N", help="say 421 on a connection that has sent N messages")
    add("--most", type=int, default=0, metavar="N", help="greet the connection after N with 421")
    add("--auth", metavar="NAME:PASSWORD", help="ask for this login (PLAIN or LOGIN)")
    add("--refuse-login", action="store_true", help="answer every login with 535")
    add("--tls", choices=("none", "starttls", "implicit"), default="none")
    add("--ca", type=Path, help="where to write the certificate that a client should trust")
    add("--one-by-one", action="store_true", help="do not offer PIPELINING, and end who says two commands at once")
    add("--careless", action="store_true", help="answer DATA with 354 though no recipient was accepted")
    add("--well", action="store_true", help="no name means anything")
    add(
        "--reset", type=float, default=0, metavar="SHARE", help="reset the connection at this share of MAIL, RCPT, DATA"
    )
    add("--keep", type=Path, metavar="DIR", help="keep each message there as SHA256.eml")
    return parser


def _behaviour(asked: argparse.Namespace) -> Behaviour:
    name, _, password = (asked.auth or "").partition(":")
    return Behaviour(
        delay=asked.delay_ms / 1000,
        drop_reply_after=asked.drop_reply_after,
        close_after=asked.close_after,
        goodbye_after=asked.goodbye_after,
        most=asked.most,
        login=(name, password) if asked.auth else None,
        refuse_login=asked.refuse_login,
        tls=asked.tls,
        keep=asked.keep,
        one_by_one=asked.one_by_one,
        careless=asked.careless,
        well=asked.well,
        reset=asked.reset,
    )


async def _serve(asked: argparse.Namespace) -> None:
    if asked.keep is not None:
        asked.keep.mkdir(parents=True, exist_ok=True)
    context = tls_context(asked.ca) if asked.tls != "none" else None
    sink = Sink(_behaviour(asked), Journal(asked.log), context)
    implicit = context if asked.tls == "implicit" else None
    server = await asyncio.start_server(sink.converse, HOST, asked.port, ssl=implicit, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(_arguments().parse_args()))
