"""What the hosts of tests have in common: a server on loopback, as a context manager, and clients that end with it."""

from __future__ import annotations

import sys
import threading
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar, Self

from newsletter.http import Client, open_client


class QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that went away are what some tests are about; anything else is printed."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class Hub:
    """Answers by its `handler`, to which it is known as `hub`."""

    handler: ClassVar[type[BaseHTTPRequestHandler]]

    def __enter__(self) -> Self:
        self.over = threading.Event()
        self._clients = ExitStack()
        self._server = QuietServer(("127.0.0.1", 0), type("Handler", (self.handler,), {"hub": self}))
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._clients.close()
        self.over.set()
        self._server.shutdown()
        self._server.server_close()

    def client(self, read: float) -> Client:
        """A client with this read timeout in seconds, closed when the server is."""
        return self._clients.enter_context(open_client(read=read))

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def place(self) -> str:
        """Host and port, as errors name them."""
        return self.endpoint.removeprefix("http://")
