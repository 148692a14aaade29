"""Sends over SMTP: a round of messages at a time, one on each of a few kept connections."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

from newsletter.buckets import Limit
from newsletter.errors import Halt, SettingsError
from newsletter.limits.shipped import published
from newsletter.models import Message, Outcome, Receipt, TryLater
from newsletter.pace import Pace
from newsletter.providers.smtp_line import Line, NoConnection, Sending, Signing, trust, unsigned
from newsletter.providers.smtp_spec import Server, parse
from newsletter.settings import Settings

CLEAN = 25  # messages in a row that were accepted, after which one connection more is dared


class SmtpProvider:
    """Keeps a few connections, and sends one message on each of them in a round.

    Who asks to slow down gets one connection, and one more after every so many messages without a refusal.
    """

    idempotent_for = timedelta(0)

    def __init__(
        self,
        server: Server,
        password: str,
        clock: Callable[[], float] = time.monotonic,
        sign: Signing = unsigned,
        limit_of: Callable[[str], Limit] | None = None,
    ) -> None:
        trusted = trust(server)
        self._lines = tuple(Line(server, password, clock, trusted, sign) for _ in range(server.connections))
        self._server = server
        self._pool = ThreadPoolExecutor(server.connections, "smtp")
        self._width = server.connections
        self._clean = 0
        self._limited = bool(server.rate or server.domain_rate or limit_of)
        self.pace = Pace(server.rate, server.domain_rate, limit_of)

    @property
    def batch(self) -> int:
        return self._width

    @property
    def hands(self) -> int:
        """A rate holds for all messages, so one process has to keep it."""
        return 1 if self._limited else self._server.connections

    def send(self, messages: Sequence[Message], key: str) -> list[Outcome]:
        """One message a connection. SMTP knows no keys: `key` is not used."""
        tried = self._try(messages)
        tried = [self._on_another(message, one) for message, one in zip(messages, tried, strict=True)]
        outcomes = [_left_by(one) if isinstance(one, Halt) else one for one in tried]
        self._adapt(outcomes)
        for halt in sorted((one for one in tried if isinstance(one, Halt)), key=lambda halt: halt.passing):
            raise Halt(str(halt), outcomes, passing=halt.passing) from halt
        return outcomes

    def _try(self, messages: Sequence[Message]) -> list[Outcome | Halt]:
        """What becomes of each message on its line; all lines are at the same step of it."""
        lines = self._lines[: len(messages)]
        failed = self._make_ready([line for line in lines if not line.is_ready])
        sending = [line.sending(message) for line, message in zip(lines, messages, strict=True) if line not in failed]
        outcomes = iter(_together(sending))
        return [failed[line] if line in failed else next(outcomes) for line in lines]

    def _make_ready(self, lines: Sequence[Line]) -> dict[Line, Halt]:
        """Connects them at the same time; says why those that failed did."""
        return {line: halt for line, halt in zip(lines, self._pool.map(_connect, lines), strict=True) if halt}

    def _on_another(self, message: Message, one: Outcome | Halt) -> Outcome | Halt:
        """Some servers take fewer connections than we would have; those that there are carry the rest."""
        spare = next((line for line in self._lines if line.is_open), None)
        if not isinstance(one, NoConnection) or not one.passing or spare is None:
            return one
        self._width = max(1, sum(line.is_open for line in self._lines))
        self._clean = 0
        return _together([spare.sending(message)])[0]

    def _adapt(self, outcomes: Sequence[Outcome]) -> None:
        self._clean = self._clean + len(outcomes) if all(isinstance(one, Receipt) for one in outcomes) else 0
        if any(isinstance(one, TryLater) and one.why == "slow" for one in outcomes):
            self._width = 1
            self._close_lines()
        elif self._clean >= CLEAN and self._width < len(self._lines):
            self._width += 1
            self._clean = 0

    def check(self) -> str:
        self._lines[0].connect()
        self._lines[0].close()
        secured = {"starttls": "STARTTLS", "implicit": "TLS", "none": "no encryption"}[self._server.tls]
        login = f"logged in as {self._server.user}" if self._server.user else "no login"
        return f"{self._server.host}:{self._server.port} answers, {secured}, {login}"

    def hosts(self) -> tuple[str, ...]:
        return (self._server.host,)

    def close(self) -> None:
        self._close_lines()
        self._pool.shutdown()

    def _close_lines(self) -> None:
        for line in self._lines:
            line.close()


def open_provider(spec: str, settings: Settings, share: int = 1, _: object = None) -> SmtpProvider:
    """`smtp://user@host:587?tls=starttls|implicit|none&connections=4&rate=14/s`; the password is `SMTP_PASSWORD`."""
    server = parse(spec, settings.origin("provider"))
    password = settings.secret("SMTP_PASSWORD")
    if server.user and not password:
        raise SettingsError(
            f"{settings.origin('provider')}: {server.user} needs a password; "
            "put SMTP_PASSWORD=... into secrets.env or the environment"
        )
    server = replace(server, connections=max(1, server.connections // share))
    limit_of = published().limit_of if server.published else None
    return SmtpProvider(server, password, sign=_signing(settings), limit_of=limit_of)


def _signing(settings: Settings) -> Signing:
    if not settings.dkim:
        return unsigned
    from newsletter import dkimkeys  # here, because `cryptography` takes 50 ms to load

    return dkimkeys.signing(settings)


def _left_by(halt: Halt) -> Outcome:
    """What a halt means for its message: try at once when it is mended, or, if it was the message's, later."""
    return halt.outcomes[0] if halt.outcomes else TryLater(str(halt))


def _connect(line: Line) -> Halt | None:
    try:
        line.make_ready()
    except Halt as halt:
        return halt
    return None


def _together(sending: Sequence[Sending]) -> list[Outcome | Halt]:
    """Takes all of them step by step, so that each one's answer is on its way while the others are asked.

    In one thread: as many threads as lines take twice the processor's time for it (measured 2026-11).
    """
    found: dict[int, Outcome | Halt] = {}
    while len(found) < len(sending):
        for number, one in enumerate(sending):
            if number not in found:
                try:
                    next(one)
                except StopIteration as end:
                    found[number] = end.value
                except Halt as halt:
                    found[number] = halt
    return [found[number] for number in range(len(sending))]
