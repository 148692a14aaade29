"""Where providers tell what became of messages: `POST /webhooks/{provider}`, answered when it is durable.

A provider's webhook is there once its secret is. Whoever cannot be believed changes nothing, and is told nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from prometheus_client import Counter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from newsletter import http
from newsletter.app import App
from newsletter.errors import SettingsError, SourceError, StoreError
from newsletter.settings import Settings
from newsletter.webhooks import FINAL, HOOKS, Event, Hook, Posted, consequences

LARGEST: Final = 1_000_000
"""Bytes of a request. SNS carries 256 kB, in JSON that may be twice as much; SendGrid's batches are below 768 kB."""
LONGEST: Final = 20.0
"""Seconds in which a request has to be here."""
TOKENS: Final = 200_000
"""What may be used once, remembered: what is older was too old before that many could come."""
CERTIFICATES: Final = 8
UNASKED: Final = timedelta(seconds=10)
"""How long nobody is asked for a certificate after one could not be had."""

TOLD: Final = Counter(
    "newsletter_webhook_events",
    "What providers told by webhooks since the process began; strangers are addresses that we never wrote to",
    ("provider", "what"),
    registry=None,
)


class Postbox:
    """Takes what providers post. Raises SettingsError where a secret is none."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._secrets = {name: keys for name, hook in HOOKS.items() if (keys := _keys(hook, app.settings))}
        self._certificates = Certificates(app)
        self._used = Used()

    async def receive(self, request: Request) -> Response:
        """200 when what follows is durable; 401 for who cannot be believed; 503 asks to be told again."""
        name = request.path_params["provider"]
        if name not in self._secrets:
            raise HTTPException(404)
        try:
            async with asyncio.timeout(LONGEST):
                body = await _body(request)
        except (TimeoutError, ClientDisconnect):
            return PlainTextResponse("too slow\n", 408)
        if body is None:
            return PlainTextResponse("too much\n", 413)
        headers = dict(request.headers.items())
        return await run_in_threadpool(self._answer, name, Posted(headers, body))

    def _answer(self, name: str, posted: Posted) -> Response:
        hook, secrets, now = HOOKS[name], self._secrets[name], self._app.clock()
        try:
            if url := hook.certificate(posted.body, secrets):
                posted = replace(posted, certificate=self._certificates.at(url, now))
            if not hook.verified(posted, secrets, now):
                TOLD.labels(name, "forged").inc()
                return PlainTextResponse("not believed\n", 401, {"www-authenticate": 'Basic realm="webhooks"'})
            return self._believe(name, hook, posted, now)
        except ValueError:
            return PlainTextResponse("not readable\n", 400)
        except (StoreError, SourceError):
            return PlainTextResponse("tell it again later\n", 503)

    def _believe(self, name: str, hook: Hook, posted: Posted, now: datetime) -> Response:
        if url := hook.confirmation(posted.body, self._secrets[name]):
            _ask(self._app, url)
            return PlainTextResponse("confirmed\n")
        with self._used.once(hook.once(posted.body)) as new:
            if not new:
                return PlainTextResponse("known\n")
            self._act(name, hook.events(posted.body), now)
        return PlainTextResponse("done\n")

    def _act(self, name: str, events: Sequence[Event], now: datetime) -> None:
        final = {event.address for event in events if event.what in FINAL and event.address}
        ours = self._app.ledger.readers_among(final) if final else set()
        if found := consequences(name, events, ours, now):
            self._app.suppressions.add_all(found)
        for event in events:
            stranger = event.what in FINAL and event.address not in ours
            TOLD.labels(name, "stranger" if stranger else event.what).inc()


async def _body(request: Request) -> bytes | None:
    """What is posted; None where it is too much, of which no more is read."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            return None
    return bytes(body)


def _keys(hook: Hook, settings: Settings) -> tuple[str, ...]:
    try:
        return tuple(hook.read(one) for one in settings.secret(hook.variable).split())
    except ValueError as error:
        raise SettingsError(f"{hook.variable}: {error}") from error


def _ask(app: App, url: str) -> bytes:
    """Asks Amazon once, soon. Raises SourceError."""
    soon = http.Patience(attempts=1, total=timedelta(seconds=10), sleep=time.sleep, jitter=lambda: 0.0)
    return http.get(app.reach.client, url, patience=soon, largest=LARGEST).body


class Used:
    """What counts once: of two that come at the same moment one waits for the other, and a failure does not count."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    @contextmanager
    def once(self, token: str) -> Iterator[bool]:
        """Whether this has not been here; whatever has no token is always new."""
        if not token:
            yield True
            return
        with self._lock:
            yield token not in self._seen
            self._seen[token] = None
            while len(self._seen) > TOKENS:
                self._seen.popitem(last=False)


class Certificates:
    """Each fetched once. Whoever knows our topic could have us ask for many, so after a failure nobody is asked."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._known: OrderedDict[str, bytes] = OrderedDict()
        self._not_before: datetime | None = None
        self._lock = Lock()

    def at(self, url: str, now: datetime) -> bytes:
        """The certificate. Raises SourceError where it cannot be had now."""
        with self._lock:
            if url not in self._known:
                self._known[url] = self._fetched(url, now)
                while len(self._known) > CERTIFICATES:
                    self._known.popitem(last=False)
            self._known.move_to_end(url)
            return self._known[url]

    def _fetched(self, url: str, now: datetime) -> bytes:
        if self._not_before is not None and now < self._not_before:
            raise SourceError("no certificate could be had a moment ago; tell it again later")
        self._not_before = now + UNASKED
        found = _ask(self._app, url)
        self._not_before = None
        return found
