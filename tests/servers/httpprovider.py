"""An HTTP mail API on loopback in another process: batches, idempotency keys, and answers as scripted.

It keeps the same books as the SMTP sink: a JSON line per accepted message, on the disk before the answer. A request
is a JSON list of `{"to": ADDRESS, "mime": BASE64}`; its answer `{"ids": [...]}`. A key that was seen is answered as
before, and nothing more is accepted, when `--keys` says that they are honoured. What `--script 3:hang,7:429` names
happens at those requests, counted from 1:

    429        refused, with Retry-After: 60          401        refused
    500        accepted, answered 500                 truncated  accepted, the answer's second half is missing
    hang       accepted, never answered               drop       accepted, closed without an answer
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

from tests.servers.smtp import HOST, Running, message_id


@contextlib.contextmanager
def running(log: Path, *, keys: bool = False, script: str = "", port: int = 0) -> Iterator[Running]:
    """A server that appends to `log`."""
    command = [sys.executable, "-m", "tests.servers.httpprovider", f"--log={log}", f"--script={script}"]
    command += [f"--port={port}", *(["--keys"] if keys else [])]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Running(HOST, int(process.stdout.readline()), log, process)
        finally:
            process.kill()


class Books:
    """What was accepted, and under which keys."""

    def __init__(self, log: Path, script: Mapping[int, str], *, keys: bool) -> None:
        self._file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._script = script
        self._honours = keys
        self._answers: dict[str, bytes] = {}
        self._lock = threading.Lock()
        self._requests = self._accepted = 0

    def take(self, body: bytes, key: str | None) -> tuple[bytes, str]:
        """The answer, and what is to become of it."""
        with self._lock:
            self._requests += 1
            does = self._script.get(self._requests, "")
            if does in ("429", "401"):
                return b"{}", does
            if self._honours and key in self._answers:
                return self._answers[key], does
            answer = self._accept(json.loads(body))
            if key is not None:
                self._answers[key] = answer
            return answer, does

    def _accept(self, messages: list[dict[str, str]]) -> bytes:
        lines, ids = b"", []
        for one in messages:
            content = base64.b64decode(one["mime"])
            digest = hashlib.sha256(content).hexdigest()
            line = {"recipient": one["to"], "message_id": message_id(content), "sha256": digest, "at": time.time()}
            lines += json.dumps(line).encode() + b"\n"
            self._accepted += 1
            ids.append(f"id-{self._accepted}")
        os.write(self._file, lines)
        os.fsync(self._file)
        return json.dumps({"ids": ids}).encode()


class _Handler(BaseHTTPRequestHandler):
    books: ClassVar[Books]
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer, does = self.books.take(body, self.headers.get("Idempotency-Key"))
        self.close_connection = True
        if does == "hang":
            time.sleep(3600)
        if does in ("hang", "drop"):
            return
        self.send_response({"429": 429, "401": 401, "500": 500}.get(does, 200))
        self.send_header("Retry-After", "60")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer[: len(answer) // 2] if does == "truncated" else answer)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.servers.httpprovider")
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--script", default="", metavar="N:WHAT,...")
    parser.add_argument("--keys", action="store_true", help="honour idempotency keys")
    asked = parser.parse_args()
    script = {int(n): what for n, _, what in (one.partition(":") for one in asked.script.split(",") if one)}
    handler = type("Handler", (_Handler,), {"books": Books(asked.log, script, keys=asked.keys)})
    server = ThreadingHTTPServer((HOST, asked.port), handler)
    server.daemon_threads = True
    print(server.server_port, flush=True)  # noqa: T201
    server.serve_forever()


if __name__ == "__main__":
    main()
