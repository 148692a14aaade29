"""Sends through a provider's HTTP API: what all of them have in common. What differs is in a file for each.

What is never guessed: a request that was handed over and not answered in full is uncertain, also where the answer is
an error of the server's own (5xx), as some have taken the message by then.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import formataddr, parseaddr
from typing import Any, Final, NoReturn, Protocol

from newsletter import http
from newsletter.errors import Halt, SettingsError
from newsletter.http import httpx
from newsletter.models import Message, Outcome, Refused, TryLater, Uncertain
from newsletter.pace import Pace
from newsletter.providers.api_spec import Account, Kind, parse
from newsletter.settings import Settings
from newsletter.text import line

SILENT: Final = 3
"""Calls in a row of which nobody knows what became; then the run ends, or everybody would be in doubt."""
LONGEST_TURN: Final = 60.0
"""Seconds that a provider's count of requests may have us wait before the next one."""
OWN: Final = frozenset({"from", "to", "reply-to", "subject", "date", "message-id"})
"""Headers for which every API has a field, or which it makes itself."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked; without a body it is a GET."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, read to its end."""

    status: int
    headers: Mapping[str, str]
    """Names are case-insensitive."""
    body: bytes = field(repr=False)

    @property
    def told(self) -> Any:
        """Its JSON. Raises ValueError where it is none, as when half of it is missing."""
        return json.loads(self.body)

    @property
    def fields(self) -> dict[str, Any]:
        """The JSON object that it is, or nothing."""
        try:
            told = self.told
        except ValueError:
            return {}
        return told if isinstance(told, dict) else {}

    @property
    def wait(self) -> timedelta | None:
        """How long it asks us to wait, if it does."""
        seconds = http.asked_to_wait(http.Response(self.status, self.headers, b""))
        return None if seconds is None else timedelta(seconds=seconds)


class Api(Protocol):
    """What is different from provider to provider."""

    @property
    def batch(self) -> int:
        """Messages in one request."""

    @property
    def idempotent_for(self) -> timedelta:
        """How long a repeated key is recognised; zero: never."""

    def request(self, messages: Sequence[Message], key: str) -> Request:
        """Hands over these messages."""

    def outcomes(self, answer: Answer, messages: Sequence[Message]) -> list[Outcome]:
        """What a 2xx says. Raises ValueError, KeyError or TypeError where it is not the answer that was promised."""

    def refusal(self, answer: Answer) -> Outcome:
        """What a 4xx says of every message of its request: none was taken, or nobody knows. Raises `Halt`."""

    def probe(self) -> Request:
        """Asks what the key may do; changes nothing."""

    def probed(self, answer: Answer, sender: str) -> str:
        """What it says of that, in a sentence. Raises `Halt` with the cure."""


class ApiProvider:
    """Hands over a batch in one request, or several messages in as many requests at the same time."""

    def __init__(
        self,
        api: Api,
        account: Account,
        sender: str,
        share: int = 1,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api, self._account, self._sender = api, account, sender
        self._width = 1 if api.batch > 1 else max(1, account.connections // share)
        self._client = http.open_client(read=account.timeout, connections=self._width)
        self._pool = ThreadPoolExecutor(self._width, account.name)
        self._sleep, self._clock = sleep, clock
        self._turn = self._silent = 0.0
        self.pace = Pace(account.rate)

    @property
    def batch(self) -> int:
        return max(self._api.batch, self._width)

    @property
    def hands(self) -> int:
        """A rate holds for all messages, so one process has to keep it."""
        return 1 if self._account.rate else self._account.connections

    @property
    def idempotent_for(self) -> timedelta:
        return self._api.idempotent_for

    def send(self, messages: Sequence[Message], key: str) -> list[Outcome]:
        self._await_turn()
        size = self._api.batch
        some = [messages[start : start + size] for start in range(0, len(messages), size)]
        found = list(self._pool.map(lambda one: self._hand_over(one, key), some))
        outcomes = [outcome for one, part in zip(found, some, strict=True) for outcome in _left_by(one, len(part))]
        for halt in sorted((one for one in found if isinstance(one, Halt)), key=lambda halt: halt.passing):
            raise Halt(str(halt), outcomes, passing=halt.passing) from halt
        self._listen(outcomes)
        return outcomes

    def _listen(self, outcomes: Sequence[Outcome]) -> None:
        unknown = [one.reason for one in outcomes if isinstance(one, Uncertain)]
        self._silent = self._silent + 1 if outcomes and len(unknown) == len(outcomes) else 0
        if self._silent >= SILENT:
            raise Halt(f"{self._account.host} gives no answers: {unknown[-1]}; run again later", outcomes, passing=True)

    def _hand_over(self, messages: Sequence[Message], key: str) -> list[Outcome] | Halt:
        try:
            answer = self._ask(self._api.request(messages, key))
            return self._meaning(answer, messages)
        except httpx.TransportError as error:
            return [Uncertain(f"no whole answer: {_why(error)}")] * len(messages)
        except Halt as halt:
            return halt

    def _meaning(self, answer: Answer, messages: Sequence[Message]) -> list[Outcome]:
        if answer.status >= 500 or answer.status in (408, 425):
            return [Uncertain(reply(answer))] * len(messages)
        if answer.status >= 300:
            return [self._api.refusal(answer)] * len(messages)
        try:
            outcomes = self._api.outcomes(answer, messages)
        except (ValueError, KeyError, TypeError, IndexError):
            outcomes = []
        if len(outcomes) == len(messages):
            return outcomes
        return [Uncertain(f"HTTP {answer.status}, but not the answer that was promised")] * len(messages)

    def _ask(self, request: Request) -> Answer:
        """Raises what the library does when the answer is not whole, and `Halt` when nothing was handed over."""
        method = "GET" if request.body is None else "POST"
        try:
            response = self._client.request(method, request.url, headers=dict(request.headers), content=request.body)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Halt(f"{self._account.host}: {_why(error)}; check the network", passing=True) from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, UnicodeEncodeError) as error:
            # The library's words would show the header, and with it the key.
            raise Halt(f"{self._account.host}: the request cannot be sent; check the address and the key") from error
        answer = Answer(response.status_code, response.headers, response.content)
        self._turn = max(self._turn, self._clock() + _used_up(answer.headers))
        return answer

    def _await_turn(self) -> None:
        """Where the provider said that we have asked as often as we may, waits until we may again."""
        if (wait := self._turn - self._clock()) > 0:
            self._sleep(min(wait, LONGEST_TURN))

    def check(self) -> str:
        try:
            answer = self._ask(self._api.probe())
        except httpx.TransportError as error:
            raise Halt(f"{self._account.host}: {_why(error)}; check the network", passing=True) from error
        if answer.status >= 500:
            raise Halt(f"{self._account.host}: {reply(answer)}; ask again later", passing=True)
        try:
            told = self._api.probed(answer, self._sender)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise Halt(f"{self._account.host}: not the answer that was promised; is this its address?") from error
        return f"{self._account.host} answers: {told}"

    def hosts(self) -> tuple[str, ...]:
        return (self._account.host,)

    def close(self) -> None:
        self._pool.shutdown()
        self._client.close()


# -- what an answer means, unless a provider says otherwise


def reply(answer: Answer, *names: str) -> str:
    """`429 Too many requests`: the status and the first of these fields that there is, or the first words."""
    found = next((str(answer.fields[name]) for name in names if answer.fields.get(name)), "")
    return line(f"HTTP {answer.status} {found or answer.body[:200].decode('utf-8', 'replace')}", 300)


def refusal(answer: Answer, reason: str, account: Account) -> Outcome:
    """By the status alone (RFC 9110, section 15.5): who we are is refused, everybody has to wait, or this message."""
    if answer.status in (401, 402, 403):
        halt(f"{reason}; check {account.secret} and what that key may do")
    if answer.status in (404, 405, 410) or answer.status < 400:
        halt(f"{reason}; check the provider's address in the settings")
    if answer.status == 429:
        return TryLater(reason, answer.wait, "slow")
    return Refused(reason)


def halt(text: str, outcomes: Sequence[Outcome] = ()) -> NoReturn:
    """Stops the run for what concerns us rather than a reader; without outcomes nobody of that request was written to."""
    raise Halt(text, outcomes)


def header(message: Message, name: str) -> str:
    """A header's value, decoded; empty where there is none."""
    return next((value for field, value in message.headers if field == name), "")


def others(message: Message) -> dict[str, str]:
    """The headers for which APIs have no field: those of lists, and what tells machines from people. ASCII alone."""
    found = ((name, value) for name, value in message.headers if name.lower() not in OWN)
    return {name: value if value.isascii() else formataddr(parseaddr(value)) for name, value in found}


def person(mailbox: str) -> dict[str, str]:
    """A mailbox in two fields."""
    name, address = parseaddr(mailbox)
    return {"email": address, "name": name} if name else {"email": address}


def as_json(told: object) -> bytes:
    """Compact UTF-8."""
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def _left_by(one: list[Outcome] | Halt, number: int) -> list[Outcome]:
    """What a halt means for its messages: what it says, else that they are tried at once when it is mended."""
    if isinstance(one, Halt):
        return list(one.outcomes) or [TryLater(str(one), timedelta(0))] * number
    return one


def _why(error: Exception) -> str:
    words: Mapping[type[Exception], str] = {
        httpx.ConnectTimeout: "nobody answers in time",
        httpx.ReadTimeout: "no answer in time",
    }
    return words.get(type(error)) or line(str(error), 200) or type(error).__name__


def _used_up(headers: Mapping[str, str]) -> float:
    """Seconds until we may ask again, where the last request was the last one allowed.

    `ratelimit-remaining` and `-reset` as in the sixth draft of the IETF, also with `x-` or `x-sib-` before them.
    """
    for start in ("", "x-", "x-sib-"):
        left, reset = (headers.get(f"{start}ratelimit-{name}", "") for name in ("remaining", "reset"))
        if left.strip() == "0" and reset.strip().isdecimal() and len(reset.strip()) < 5:
            return float(reset)
    return 0.0


def opened(
    kind: Kind, make: Callable[[Account, str], Api], spec: str, settings: Settings, share: int = 1
) -> ApiProvider:
    """The provider that a word in the settings means, made of its account and its key; for one of `share` processes."""
    account = parse(spec, settings.origin("provider"), kind)
    return ApiProvider(make(account, key_of(account, settings, kind.secret)), account, settings.sender_address, share)


def key_of(account: Account, settings: Settings, name: str) -> str:
    """A secret by its variable, or a SettingsError that says where it goes."""
    secret = settings.secret(name)
    if not secret:
        cure = f"put {name}=... into secrets.env"
        raise SettingsError(f"{settings.origin('provider')}: {account.name} needs a key; {cure}")
    if not (secret.isascii() and secret.isprintable()) or " " in secret:
        raise SettingsError(f"{name}: it holds spaces or characters that no key has; copy it again")
    return secret
