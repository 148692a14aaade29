"""The Hugging Face hub on loopback: lends a folder as the model of one name, as the real one does (2026-11)."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "5" * 40


@dataclass
class ModelHub:
    """A context manager; `asked` are the paths of the requests."""

    name: str
    folder: Path
    asked: list[str] = field(default_factory=list)

    def __enter__(self) -> ModelHub:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": self}))
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"


class _Handler(BaseHTTPRequestHandler):
    hub: ModelHub

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.hub.asked.append(self.path)
        path = self.path.partition("?")[0]
        file = re.fullmatch(rf"/{self.hub.name}/resolve/(?:main|{COMMIT})/(?:\./)?(.+)", path)
        if path == f"/api/models/{self.hub.name}":
            self._answer(json.dumps({"id": self.hub.name, "sha": COMMIT, "siblings": []}).encode())
        elif file and (self.hub.folder / file[1]).is_file():
            self._answer((self.hub.folder / file[1]).read_bytes())
        else:
            known = path.startswith((f"/{self.hub.name}/", f"/api/models/{self.hub.name}/"))
            self._answer(b"", 404, {"X-Error-Code": "EntryNotFound" if known else "RepoNotFound"})

    def _answer(self, body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        told = {
            "Content-Length": str(len(body)),
            "ETag": f'"{hashlib.sha1(body).hexdigest()}"',
            "X-Repo-Commit": COMMIT,
        }
        self.send_response(status)
        for name, value in {**told, **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Quiet."""
