"""Ask a web address politely and patiently; the one module that knows which HTTP library we use."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from threading import Timer
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.request import getproxies, proxy_bypass

from newsletter import __version__, text
from newsletter.errors import SettingsError, SourceError
from newsletter.guard import Forbidden, Guard

if TYPE_CHECKING:
    import httpx
else:
    try:
        import httpx2 as httpx  # the maintained continuation of httpx, with the same names (2026-11)
    except ImportError:
        import httpx

__all__ = ["USER_AGENT", "Client", "Patience", "Response", "asked_to_wait", "get", "httpx", "open_client", "post"]

Client: TypeAlias = httpx.Client

USER_AGENT = f"newsletter/{__version__}"
MAX_BYTES = 50_000_000
"""A body larger than this, unpacked, is not read: the largest day seen was half a megabyte (2026-09-30)."""
_MAX_REDIRECTS = 5
_MOST_ADDRESSES = 4
"""Addresses of one host that are tried, where nobody answers at the first."""
_AGAIN = frozenset({404, 408, 425, 429})
"""Besides 5xx. A listing that is 404 now and there a minute later has been seen often enough."""


@dataclass(frozen=True)
class Patience:
    """How often, and for how long in all, an address is asked before we give up."""

    attempts: int
    """How often to ask, the first time included."""
    total: timedelta
    """For one address, waits and answers together; no wait begins that would end later."""
    sleep: Callable[[float], None]
    """Waits so many seconds."""
    jitter: Callable[[], float]
    """A random number from 0 to 1, so that many homes do not come back at the same moment."""
    clock: Callable[[], float] = time.monotonic
    """Seconds on a stopwatch."""
    first: float = 1
    """Seconds before an address is asked a second time, about; before each further time it is twice as many."""
    turn: Callable[[], AbstractContextManager[None]] = nullcontext
    """Held during each request: where a host wants one at a time, this waits until nobody else is asking it."""


@dataclass(frozen=True)
class Response:
    """What an address answered."""

    status: int
    headers: Mapping[str, str]
    """Names are case-insensitive."""
    body: bytes = field(repr=False)
    url: str = ""
    """Where it came from, after redirects."""


@dataclass(frozen=True)
class _Request:
    """What is asked."""

    url: str
    params: Mapping[str, str] | None = None
    headers: Mapping[str, str] | None = None
    answers: Collection[int] = (200,)
    """The statuses that the caller understands."""
    again: frozenset[int] = _AGAIN
    """The statuses below 500 that are asked again."""
    body: bytes | None = None
    """What is posted; None is a GET."""
    largest: int = field(default_factory=lambda: MAX_BYTES)
    """Bytes of an answer that are read, unpacked."""
    guard: Guard | None = None
    """Who may be asked, if somebody else decides where this leads."""


@dataclass(frozen=True)
class _Road:
    """One way to the host of a request: by its name, or by one of its addresses."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    extensions: dict[str, Any] = field(default_factory=dict)


class _Failed(Exception):
    """One attempt failed: what happened, what helps, and whether and when to ask again."""

    def __init__(self, what: str, cure: str, again: bool = True, wait: float | None = None) -> None:
        super().__init__(what)
        self.what, self.cure, self.again, self.wait = what, cure, again, wait


def open_client(
    user_agent: str = USER_AGENT, *, connect: float = 10, read: float = 30, connections: int = 10
) -> Client:
    """A client for all sources, to be closed by the caller.

    `connect` and `read` are seconds: to reach the host, and between two pieces of an answer. Redirects
    are left to `get`, which does not let one leave the host that the settings name.
    """
    try:
        return httpx.Client(
            # Only gzip: at most about 1,000 to 1, so a hostile body meets MAX_BYTES early.
            headers={"User-Agent": user_agent, "Accept-Encoding": "gzip"},
            timeout=httpx.Timeout(read, connect=connect),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            follow_redirects=False,
        )
    except OSError as error:  # faults of TLS are among them
        cure = "see SSL_CERT_FILE and SSL_CERT_DIR in the environment"
        raise SettingsError(f"the certificates to trust cannot be read ({error}); {cure}") from error


def get(
    client: Client,
    url: str,
    *,
    patience: Patience,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    answers: Collection[int] = (200,),
    largest: int | None = None,
    guard: Guard | None = None,
) -> Response:
    """Ask until an answer comes; `answers` are the statuses the caller understands.

    404, 429, 5xx, timeouts, broken connections and truncated bodies are asked again with growing
    spacing, or after as long as the server says. `params` replaces the query of `url`. Whatever finally
    fails is one SourceError that names host and path (never the query: it may hold a key).

    With a `guard` redirects may leave the host, as feeds' do; then each host is looked at before it is asked, its
    connection is its own, and the time that `patience` has in all is kept to the second.
    """
    request = _Request(url, params, headers, answers, largest=largest or MAX_BYTES, guard=guard)
    return _patiently(client, request, patience)


def post(
    client: Client,
    url: str,
    body: object,
    *,
    patience: Patience,
    headers: Mapping[str, str] | None = None,
    answers: Collection[int] = (200,),
    largest: int,
) -> Response:
    """Sends `body` as JSON and waits for the answer, if it takes as long as `patience` has in all.

    It is asked again as in `get`, but for 404; no redirect is followed. `largest` are the bytes of an answer.
    """
    told = {"Content-Type": "application/json", **(headers or {})}
    content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    request = _Request(url, None, told, answers, _AGAIN - {404}, content, largest)
    return _patiently(client, request, patience)


def _patiently(client: Client, request: _Request, patience: Patience) -> Response:
    deadline = patience.clock() + patience.total.total_seconds()
    attempt = 0
    while True:
        attempt += 1
        try:
            return _follow(client, request, lambda: deadline - patience.clock(), patience.turn)
        except _Failed as failed:
            wait = patience.first * _backoff(attempt, patience.jitter()) if failed.wait is None else failed.wait
            late = patience.clock() + wait > deadline
            if late or not failed.again or attempt >= patience.attempts:
                raise SourceError(_sentence(request.url, failed, attempt, patience, late)) from failed
            patience.sleep(wait)


def _backoff(attempt: int, jitter: float) -> float:
    """1, 2, 4 ... 60, of which the second half is left to chance."""
    return min(60.0, 2.0 ** (attempt - 1)) * (0.5 + jitter / 2)


def _sentence(url: str, failed: _Failed, attempt: int, patience: Patience, late: bool) -> str:
    times = "asked once" if attempt == 1 else f"asked {attempt} times"
    if failed.again and late and attempt < patience.attempts:
        times += f", and the next time would be later than the {patience.total.total_seconds():g} s we wait"
    return f"{_place(url)}: {failed.what} ({times}); {failed.cure}"


def _place(url: str) -> str:
    """Host and path, without password and query."""
    scheme, _, rest = url.partition("://")
    return text.line(re.split(r"[?#]", rest or scheme)[0].rpartition("@")[2], limit=200)


def _follow(
    client: Client, request: _Request, left: Callable[[], float], turn: Callable[[], AbstractContextManager[None]]
) -> Response:
    """One attempt, through redirects that stay on the host; `left` are the seconds that there are."""
    for _ in range(_MAX_REDIRECTS + 1):
        with turn():
            response = _ask(client, request, left)
        if response.status in request.answers:
            return replace(response, url=request.url)
        if response.status not in (301, 302, 303, 307, 308):
            raise _refusal(response, request.again)
        if request.body is not None:
            raise _Failed("it has moved", "name its new address in the settings", again=False)
        target = _target(request.url, response.headers.get("location", ""), leaves=request.guard is not None)
        request = replace(request, url=target, params=None)
    raise _Failed("it redirects in a circle", "check the address in the settings", again=False)


def _target(url: str, location: str, *, leaves: bool) -> str:
    """Where a redirect leads, if it does not give up encryption, and stays on the host unless it `leaves`."""
    cure = "if you trust the new address, name it in the settings"
    try:
        old, new = httpx.URL(url), httpx.URL(url).join(location)
    except httpx.InvalidURL as error:
        raise _Failed("it redirects to an address that is none", cure, again=False) from error
    shown = text.line(f"{new.scheme}://{new.host}{new.path}", limit=200)
    kept = (new.scheme, new.port) == (old.scheme, old.port)
    encrypted = (old.scheme, new.scheme, old.port, new.port) == ("http", "https", None, None)
    if leaves and (old.scheme, new.scheme) == ("https", "http"):
        raise _Failed(f"it has moved to {shown}, which is not encrypted", cure, again=False)
    if not leaves and (new.host != old.host or not (kept or encrypted)):
        raise _Failed(f"it has moved to {shown}, which is elsewhere", cure, again=False)
    return str(new)


def _ask(client: Client, request: _Request, left: Callable[[], float]) -> Response:
    with _named(left):
        if request.guard is None:
            return _send(client, request, _Road(request.url), left)
        *others, last = _roads(client, request.url, request.guard)
        for road in others:
            with suppress(httpx.ConnectError, httpx.ConnectTimeout), _watched(road, left()) as watched:
                return _send(client, request, watched, left)
        with _watched(last, left()) as watched:
            return _send(client, request, watched, left)


@contextmanager
def _named(left: Callable[[], float]) -> Iterator[None]:
    """Says in words what the library, or the network, ran into."""
    try:
        yield
    except httpx.TimeoutException as error:
        raise _Failed("no answer in time", "check the network, or ask again later") from error
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise _Failed("it is not an http or https address", "check it in the settings", again=False) from error
    except (httpx.LocalProtocolError, UnicodeEncodeError) as error:
        # The library's words would show the header, and with it the token.
        raise _Failed("the request cannot be sent", "check the address and the token", again=False) from error
    except (httpx.TransportError, httpx.DecodingError) as error:
        if left() <= 0:
            raise _trickles() from error
        what = text.line(str(error), limit=200) or type(error).__name__
        raise _Failed(what, "check the network and the address, or ask again later") from error


def _send(client: Client, request: _Request, road: _Road, left: Callable[[], float]) -> Response:
    method, how = ("GET", httpx.USE_CLIENT_DEFAULT) if request.body is None else ("POST", _until(client, left()))
    with client.stream(
        method,
        road.url,
        params=request.params,
        headers={**(request.headers or {}), **road.headers},
        content=request.body,
        timeout=how,
        extensions=road.extensions,
    ) as response:
        return Response(response.status_code, response.headers, _body(response, left, request.largest))


def _roads(client: Client, url: str, guard: Guard) -> list[_Road]:
    """The ways to a host that may be asked, the best first.

    It is addressed by the number that was looked at, and called by its name: in `Host`, and in its certificate. The
    connection is for this request only, as another host at the same number is not the one whose certificate was seen.
    """
    parts = httpx.URL(url)
    if parts.scheme not in ("http", "https") or not parts.host:
        raise httpx.UnsupportedProtocol("neither http nor https")
    try:
        addresses = guard.addresses(parts.host, parts.port or (443 if parts.scheme == "https" else 80))
    except Forbidden as error:
        raise _Failed(str(error), "if it is yours, add the host to `private_hosts`", again=False) from error
    except (OSError, UnicodeError) as error:
        if not _through_proxy(client, parts):
            raise _Failed(f"{parts.host} is not found", "check the address and the network") from error
        addresses = ()
    if _through_proxy(client, parts):  # which resolves the name by itself
        return [_Road(url)]
    named = {"Host": parts.netloc.decode("ascii"), "Connection": "close"}
    extensions = {"sni_hostname": parts.raw_host.decode("ascii")}
    return [_Road(str(parts.copy_with(host=one)), named, extensions) for one in addresses[:_MOST_ADDRESSES]]


def _through_proxy(client: Client, url: httpx.URL) -> bool:
    proxies = getproxies() if client.trust_env else {}
    return bool(proxies.get(url.scheme) or proxies.get("all")) and not proxy_bypass(url.host)


@contextmanager
def _watched(road: _Road, seconds: float) -> Iterator[_Road]:
    """The road, whose connection is cut when the time is over: a read timeout begins anew with each byte."""
    connections: list[socket.socket] = []

    def remember(event: str, info: Mapping[str, Any]) -> None:
        if event == "connection.connect_tcp.complete":
            connections.append(info["return_value"].get_extra_info("socket").dup())
            if timer.finished.is_set():
                cut()

    def cut() -> None:
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    timer = Timer(max(seconds, 0.0), cut)
    timer.daemon = True
    timer.start()
    try:
        yield replace(road, extensions={**road.extensions, "trace": remember})
    finally:
        timer.cancel()
        for connection in connections:
            connection.close()


def _until(client: Client, seconds: float) -> httpx.Timeout:
    """What is posted may take its time to answer: all that is left."""
    return httpx.Timeout(max(seconds, 0.1), connect=min(max(seconds, 0.1), client.timeout.connect or 10))


def _body(response: httpx.Response, left: Callable[[], float], largest: int) -> bytes:
    if "," in response.headers.get("content-encoding", ""):
        raise _Failed("the answer is packed several times over", "check the address", again=False)
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > largest:
            raise _Failed(f"the answer is larger than {largest / 1_000_000:g} MB", "check the address", again=False)
        if left() < 0:
            raise _trickles()
    if left() < 0:  # what is cut off looks whole where its length was not told
        raise _trickles()
    return bytes(body)


def _trickles() -> _Failed:
    return _Failed("the answer trickles in too slowly", "check the network, or ask again later")


def _refusal(response: Response, asked_again: Collection[int]) -> _Failed:
    status = response.status
    again = status in asked_again or status >= 500
    what = f"HTTP {status}{_phrase(status)}"
    return _Failed(what, _cure(status), again, asked_to_wait(response) if again else None)


def _phrase(status: int) -> str:
    try:
        return f" {HTTPStatus(status).phrase}"
    except ValueError:
        return ""


def _cure(status: int) -> str:
    if status == 429:
        return "ask less often; a token, or a larger plan where there is one, raises what we may ask"
    if status >= 500:
        return "the fault is on their side: ask again later"
    if status in (401, 403):
        return "check the token, and whether the source lets this machine in"
    return "check the address in the settings"


def asked_to_wait(response: Response) -> float | None:
    """Seconds the server asks us to wait, if it says so.

    `RateLimit: "api";r=0;t=55` of Hugging Face (hub-docs, rate-limits.md, 2026-10), to which its own
    client adds one second; else Retry-After (RFC 9110, 10.2.3), a date being measured from the answer's own, or
    Zotero's `Backoff: 30` (zotero.org/support/dev/web_api/v3/basics, 2026-11).
    """
    spent = re.findall(r"\br=0\s*;\s*t=(\d{1,6})\b", response.headers.get("ratelimit", ""))
    if response.status == 429 and spent:
        return max(map(float, spent)) + 1
    after = (response.headers.get("retry-after") or response.headers.get("backoff", "")).strip()
    if re.fullmatch(r"[0-9]{1,6}", after):
        return float(after)
    try:
        until, now = (parsedate_to_datetime(when) for when in (after, response.headers.get("date", "")))
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError):
        return None
