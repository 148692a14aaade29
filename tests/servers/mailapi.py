"""The HTTP APIs of mail providers on loopback in another process: their shapes, idempotency keys, answers as scripted.

It keeps the same books as the SMTP sink: a JSON line per accepted message, on the disk before the answer. Each provider
is asked at its own path. A key that was seen is answered as before, and nothing more is accepted, where the provider
knows keys. What `--script 3:hang,7:429` names happens at those requests, counted from 1:

    429        refused, with Retry-After: 60          401        refused
    500        accepted, answered 500                 truncated  accepted, the answer's second half is missing
    hang       accepted, never answered               drop       accepted, closed without an answer
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import email
import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from tests.servers.smtp import HOST, Running, message_id


@contextlib.contextmanager
def running(log: Path, *, script: str = "", port: int = 0) -> Iterator[Running]:
    """A server that appends to `log`."""
    command = [sys.executable, "-m", "tests.servers.mailapi", f"--log={log}", f"--script={script}", f"--port={port}"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Running(HOST, int(process.stdout.readline()), log, process)
        finally:
            process.kill()


class Letter(NamedTuple):
    """One message of a request."""

    recipient: str
    id: str
    """Its Message-ID, where the API is told one; else what is as good: its way out."""
    content: bytes


class Told(NamedTuple):
    """What is answered when it was taken."""

    status: int
    body: object
    headers: Mapping[str, str] = {}


class Shape(NamedTuple):
    """What a provider's API is asked and answers."""

    path: str
    read: Callable[[bytes, Mapping[str, str]], list[Letter]]
    tell: Callable[[Sequence[str]], Told]
    key: Callable[[bytes, Mapping[str, str]], str | None] = lambda body, headers: None


def _address(mailbox: str) -> str:
    return email.utils.parseaddr(mailbox)[1]


def _resend(body: bytes, headers: Mapping[str, str]) -> list[Letter]:
    told = json.loads(body)
    return [Letter(_address(one["to"][0]), one["headers"]["List-Unsubscribe"], _canonical(one)) for one in told]


def _postmark(body: bytes, headers: Mapping[str, str]) -> list[Letter]:
    named = [{field["Name"]: field["Value"] for field in one["Headers"]} for one in json.loads(body)]
    return [
        Letter(_address(one["To"]), own["Message-ID"], _canonical(one))
        for one, own in zip(json.loads(body), named, strict=True)
    ]


def _sendgrid(body: bytes, headers: Mapping[str, str]) -> list[Letter]:
    told = json.loads(body)
    [[to]] = [one["to"] for one in told["personalizations"]]
    return [Letter(to["email"], told["headers"]["Message-ID"], _canonical(told))]


def _ses(body: bytes, headers: Mapping[str, str]) -> list[Letter]:
    told = json.loads(body)
    mime = base64.b64decode(told["Content"]["Raw"]["Data"])
    return [Letter(told["Destination"]["ToAddresses"][0], message_id(mime), mime)]


def _mailgun(body: bytes, headers: Mapping[str, str]) -> list[Letter]:
    form = email.message_from_bytes(b"Content-Type: " + headers["content-type"].encode() + b"\r\n\r\n" + body)
    parts = {part.get_param("name", header="content-disposition"): part for part in form.get_payload()}
    mime = body.partition(b"message/rfc822\r\n\r\n")[2].rpartition(b"\r\n--")[0]
    return [Letter(parts["to"].get_payload().strip(), message_id(mime), mime)]


def _brevo(body: bytes, headers: Mapping[str, str]) -> list[Letter]:
    told = json.loads(body)
    return [Letter(told["to"][0]["email"], told["headers"]["idempotencyKey"], _canonical(told))]


def _canonical(told: object) -> bytes:
    return json.dumps(told, sort_keys=True).encode()


SHAPES = (
    Shape(
        "/emails/batch",
        _resend,
        lambda ids: Told(200, {"data": [{"id": one} for one in ids]}),
        lambda body, headers: headers.get("idempotency-key"),
    ),
    Shape(
        "/email/batch",
        _postmark,
        lambda ids: Told(200, [{"ErrorCode": 0, "Message": "OK", "MessageID": one} for one in ids]),
    ),
    Shape("/v2/email/outbound-emails", _ses, lambda ids: Told(200, {"MessageId": ids[0]})),
    Shape("/v3/mail/send", _sendgrid, lambda ids: Told(202, None, {"X-Message-Id": ids[0]})),
    Shape(
        "/v3/news.example.org/messages.mime",
        _mailgun,
        lambda ids: Told(200, {"id": f"<{ids[0]}@news.example.org>", "message": "Queued. Thank you."}),
    ),
    Shape(
        "/smtp/email",
        _brevo,
        lambda ids: Told(201, {"messageId": f"<{ids[0]}@smtp-relay>"}),
        lambda body, headers: json.loads(body)["headers"]["idempotencyKey"],
    ),
)


class Books:
    """What was accepted, and under which keys."""

    def __init__(self, log: Path, script: Mapping[int, str]) -> None:
        self._file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._script = script
        self._answers: dict[str, Told] = {}
        self._lock = threading.Lock()
        self._requests = self._accepted = 0

    def take(self, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[Told, str]:
        """The answer, and what is to become of it."""
        shape = next((one for one in SHAPES if one.path == path), None)
        if shape is None:
            return Told(404, {"message": "no such place"}), ""
        with self._lock:
            self._requests += 1
            does = self._script.get(self._requests, "")
            if does in ("429", "401"):
                return Told(int(does), {"message": f"as scripted, {does}"}), does
            key = shape.key(body, headers)
            if key in self._answers:
                return self._answers[key], does
            answer = shape.tell(self._accept(shape.read(body, headers)))
            if key is not None:
                self._answers[key] = answer
            return answer, does

    def _accept(self, letters: Sequence[Letter]) -> list[str]:
        lines, ids = b"", []
        for one in letters:
            digest = hashlib.sha256(one.content).hexdigest()
            line = {"recipient": one.recipient, "message_id": one.id, "sha256": digest, "at": time.time()}
            lines += json.dumps(line).encode() + b"\n"
            self._accepted += 1
            ids.append(f"id-{self._accepted}")
        os.write(self._file, lines)
        os.fsync(self._file)
        return ids


class _Handler(BaseHTTPRequestHandler):
    books: ClassVar[Books]
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        body = self.rfile.read(size)
        if len(body) < size:  # who asked was killed: that is no request
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        told, does = self.books.take(self.path, body, headers)
        if does == "hang":
            time.sleep(3600)
        self.close_connection = does in ("hang", "drop", "truncated")
        if does in ("hang", "drop"):
            return
        answer = b"" if told.body is None else json.dumps(told.body).encode()
        self.send_response(500 if does == "500" else told.status)
        for name, value in told.headers.items():
            self.send_header(name, value)
        if does == "429":
            self.send_header("Retry-After", "60")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer[: len(answer) // 2] if does == "truncated" else answer)

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Who asks is killed in the middle of it, which is no fault here."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.servers.mailapi")
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--script", default="", metavar="N:WHAT,...")
    asked = parser.parse_args()
    script = {int(n): what for n, _, what in (one.partition(":") for one in asked.script.split(",") if one)}
    handler = type("Handler", (_Handler,), {"books": Books(asked.log, script)})
    server = _Server((HOST, asked.port), handler)
    print(server.server_port, flush=True)  # noqa: T201
    server.serve_forever()


if __name__ == "__main__":
    main()
