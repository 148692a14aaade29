"""A provider over HTTP for tests: batches, with or without idempotency keys, to `tests.servers.httpprovider`."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

from newsletter.errors import Halt
from newsletter.models import Message, Outcome, Receipt, TryLater, Uncertain
from newsletter.pace import Pace
from newsletter.settings import Settings

TIMEOUT = 2.0


class Post:
    """One request: written whole, then its answer read."""

    def __init__(self, host: str, port: int) -> None:
        self._connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)

    def write(self, body: bytes, headers: Mapping[str, str]) -> None:
        self._connection.request("POST", "/messages", body, dict(headers))

    def read(self) -> tuple[int, bytes, Mapping[str, str]]:
        answer = self._connection.getresponse()
        return answer.status, answer.read(), dict(answer.getheaders())

    def close(self) -> None:
        self._connection.close()


class MockProvider:
    """Carries a batch in a request. The answer counts only when it is whole."""

    hands = 1

    def __init__(self, host: str, port: int, batch: int, window: timedelta) -> None:
        self._where = host, port
        self.batch = batch
        self.idempotent_for = window
        self.pace = Pace()

    def send(self, messages: Sequence[Message], key: str) -> list[Outcome]:
        told = [{"to": m.recipient, "mime": base64.b64encode(m.mime).decode()} for m in messages]
        headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if self.idempotent_for else {})
        post = Post(*self._where)
        try:
            post.write(json.dumps(told).encode(), headers)
            status, body, head = post.read()
            return self._read(status, body, head, len(messages))
        except ConnectionRefusedError as error:
            raise Halt(f"{self._where[0]}:{self._where[1]}: nobody answers", passing=True) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            return [Uncertain(f"no whole answer: {type(error).__name__}")] * len(messages)
        finally:
            post.close()

    def _read(self, status: int, body: bytes, head: Mapping[str, str], number: int) -> list[Outcome]:
        if status == 401:
            raise Halt("401: the key is not valid", [TryLater("401", timedelta(0))] * number)
        if status == 429:
            return [TryLater("429", timedelta(seconds=int(head["Retry-After"])), "slow")] * number
        if status >= 500:
            return [Uncertain(f"{status} after the request was taken")] * number
        return [Receipt(id_) for id_ in json.loads(body)["ids"]]

    def check(self) -> str:
        return "a mock"

    def hosts(self) -> tuple[str, ...]:
        return (self._where[0],)

    def close(self) -> None:
        """Nothing is held open."""


def open_provider(spec: str, settings: Settings, share: int = 1) -> MockProvider:
    """`mock://127.0.0.1:PORT?batch=20&key=SECONDS`; without `key` it knows no idempotency."""
    url = urlsplit(spec)
    given = dict(parse_qsl(url.query))
    window = timedelta(seconds=int(given.get("key", "0")))
    return MockProvider(url.hostname or "", url.port or 0, int(given.get("batch", "1")), window)
