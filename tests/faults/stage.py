"""Where a row of the matrix is played: a home, a far side that keeps books, children, and the checks of every row."""

from __future__ import annotations

import random
import signal
import socket
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

from newsletter.ledger import Person
from newsletter.models import STATES, State
from tests.faults.oracle import Verdict, judge
from tests.faults.starters import Child, Starter, typed
from tests.homes import Home, invented_day, make_home, readers
from tests.servers import mailapi, smtp

Mode = Literal["resend", "hold"]
DAY = "2026-03-03"
SEND = ("send", "--date", DAY)
CONNECTIONS = 4
API_KEYS = (
    "RESEND_API_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "POSTMARK_SERVER_TOKEN",
    "SENDGRID_API_KEY",
    "MAILGUN_API_KEY",
    "BREVO_API_KEY",
)
LATER = ("0", "120", "600", "1800", "7200", "18000")
"""Seconds by which the clock of each further run is ahead, until nobody waits."""


class Wrong(Exception):
    """A row did not end as it must; the text says how."""


@dataclass(frozen=True, slots=True)
class Done:
    """A child that ended."""

    code: int
    said: str
    seconds: float


@dataclass
class Stage:
    """One run of one row: its folder, its size, its chance."""

    folder: Path
    recipients: int
    mode: Mode
    chance: random.Random
    starter: Starter = typed
    url: str = ""
    """Of a PostgreSQL; empty: SQLite files in the home."""
    connections: int = CONNECTIONS
    copies: int = 0
    """How many messages were handed over, or may have been, when something fell: as many may come twice."""
    marked: int = 0
    """How many the ledger said were being handed over: as many may be uncertain, where doubt is held."""
    held: int = 0
    """How many of them may be uncertain even where what is in doubt is sent again."""
    kills: int = 0
    notes: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    home: Home = field(init=False)
    sink: smtp.Running = field(init=False)
    port: int = field(default=0)

    # -- setting up

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        self.home = make_home(self.folder / "home")
        self.names = [f"reader{number:05}" for number in range(self.recipients)]
        self.day(DAY)

    def day(self, day: str, first: int = 1) -> None:
        """Ten papers of that day."""
        self.home.day(day, invented_day(day, 10, first))

    def named(self, prefix: str, share: float) -> list[str]:
        """Gives that share of the readers names that the sink answers to; returns them."""
        chosen = sorted(self.chance.sample(range(self.recipients), max(1, int(self.recipients * share))))
        for number in chosen:
            self.names[number] = f"{prefix}+{number:05}"
        return [self.names[number] for number in chosen]

    @property
    def audience(self) -> list[str]:
        return [f"{name}@example.org" for name in self.names]

    @contextmanager
    def over_smtp(self, options: str = "", **behaviour: Any) -> Iterator[None]:
        """A sink, always on the same port and with the same books; its options, and those of the provider's URL."""
        with smtp.running(self.folder / "log", port=self.port, **behaviour) as self.sink:
            self.port = self.sink.port
            self.set(f"smtp://127.0.0.1:{self.port}?connections={self.connections}{options}")
            yield

    @contextmanager
    def over_http(self, provider: str, options: str = "", script: str = "") -> Iterator[None]:
        """The same over a provider's API, a child process beside this one; `script` as there."""
        with mailapi.running(self.folder / "log", port=self.port, script=script) as self.sink:
            self.port = self.sink.port
            keys = dict.fromkeys(API_KEYS, "a-key-for-tests")
            address = f"endpoint=http://127.0.0.1:{self.port}&timeout=2&connections={self.connections}"
            self.set(f"{provider}?{address}{options}", NEWSLETTER_BASE_URL="https://news.example.org", **keys)
            yield

    def set(self, provider: str, **environment: str) -> None:
        """Writes the readers, and what the environment says from now on."""
        self.write(self.names)
        given = {"NEWSLETTER_PROVIDER": provider, "NEWSLETTER_IN_DOUBT": self.mode, "NEWSLETTER_QUEUE": "inline:1"}
        given |= {"NEWSLETTER_DATABASE": self.url} if self.url else {}
        self.home = replace(self.home, environment={**self.home.environment, **given, **environment})

    def write(self, names: Sequence[str]) -> None:
        """The subscribers' file; readers are sent to in the order of their numbers."""
        lines = readers(names).splitlines()
        self.home.subscribers("\n".join(_with_id(line) for line in lines) + "\n")

    def doubt(self, copies: int, marked: int | None = None, *, held: int = 0) -> None:
        """So many messages more may come twice; so many (as many, without a number) may be uncertain.

        `held` of them may be uncertain even where it is sent again.
        """
        self.copies += copies
        self.held += held
        self.marked += copies if marked is None else marked

    @property
    def allowed(self) -> dict[str, int]:
        """How many copies and how many uncertain ones are no fault."""
        resend = self.mode == "resend"
        return {"dup": self.copies if resend else 0, "uncertain": self.held if resend else self.marked}

    # -- children

    def start(self, *tampering: str, command: Sequence[str] = SEND, home: Home | None = None) -> Child:
        """A child that runs a command of ours; without tampering it is the one that an operator types."""
        return self.starter(tampering, command, (home or self.home).environment)

    def run(self, *tampering: str, command: Sequence[str] = SEND, home: Home | None = None) -> Done:
        """The same until it ends. What it says is never a traceback."""
        began = time.monotonic()
        process = self.start(*tampering, command=command, home=home)
        said, _ = process.communicate(timeout=1200)
        if "Traceback" in said or "newsletter: a fault of newsletter itself" in said:
            raise Wrong(f"a fault of the product: {said[-600:]}")
        return Done(process.returncode, said, time.monotonic() - began)

    def kill_at(self, point: str, number: int, *tampering: str, command: Sequence[str] = SEND) -> None:
        """Runs a child to where it is killed."""
        done = self.run(f"--kill={point}:{number}", *tampering, command=command)
        if done.code != -signal.SIGKILL:
            raise Wrong(f"'{point}' was not reached {number} times: exit {done.code}: {done.said[-300:]}")
        self.kills += 1

    def kill_somewhere(self, *tampering: str, left: int = 1) -> bool:
        """Kills a child at a moment that chance chooses, with `left` kills to come; False if it was done before."""
        process = self.start(*tampering)
        if self.chance.random() < 0.25:
            time.sleep(self.chance.uniform(0, 1.5))
        else:
            share = (self.recipients - self.reached()) / left
            self.wait_for(self.reached() + self.chance.randint(1, max(1, int(1.5 * share))), process)
            time.sleep(self.chance.uniform(0, 0.02))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if process.returncode != -signal.SIGKILL:
            return False
        self.kills += 1
        return True

    def wait_for(self, number: int, *processes: Child) -> None:
        """Until so many messages were accepted, or all the processes have ended."""
        while self.reached() < number and any(process.poll() is None for process in processes):
            time.sleep(0.002)

    def reached(self) -> int:
        """How many messages were accepted so far."""
        log = self.folder / "log"
        return log.read_bytes().count(b"\n") if log.exists() else 0

    # -- the end

    def settle(self, *tampering: str, home: Home | None = None, pause: float = 0) -> Done:
        """The retry, until nobody waits: as typed first, then as if hours had passed."""
        for ahead in LATER:
            time.sleep(pause)
            done = self.run(*(tampering + (("--clock", ahead) if ahead != "0" else ())), home=home)
            if not self.in_states("pending", "submitting"):
                return done
        waits = self.in_states("pending", "submitting")
        raise Wrong(f"{len(waits)} still wait after hours: {waits[0].address}: {waits[0].reason}: {done.said[-300:]}")

    def people(self, day: str = DAY) -> list[Person]:
        """The ledger, whole."""
        with self.home.app() as app:
            return app.ledger.people(app.occasion, date.fromisoformat(day), STATES)

    def in_states(self, *states: State) -> list[Person]:
        return [one for one in self.people() if one.state in states]

    def received(self) -> list[smtp.Received]:
        return self.sink.received()

    def judged(
        self,
        *tampering: str,
        day: str = DAY,
        audience: Sequence[str] | None = None,
        command: Sequence[str] = SEND,
    ) -> Verdict:
        """The oracle's word, after the checks that every row must pass."""
        people, received = self.people(day), self.received()
        self._sums_up(people, day)
        ledger: Mapping[str, State] = {one.address: one.state for one in people}
        verdict = judge(self.audience if audience is None else audience, received, ledger)
        again = self.run(*tampering, command=command)
        if (people, received) != (self.people(day), self.received()):
            raise Wrong("a second restart was not a no-op")
        if (again.code == 0) != all(one.state in ("submitted", "failed", "skipped") for one in people):
            raise Wrong(f"exit {again.code} with {len(verdict.uncertain)} uncertain: {again.said[-300:]}")
        return verdict

    def _sums_up(self, people: Sequence[Person], day: str) -> None:
        with self.home.app() as app:
            account = app.ledger.account(app.occasion, date.fromisoformat(day))
        counted = Counter(one.state for one in people)
        if {state: counted[state] for state in STATES} != account.counts or account.audience != len(people):
            raise Wrong(f"the account does not sum up: {account}")


def _with_id(line: str) -> str:
    name = line.removeprefix("  - email: ")
    number = "".join(filter(str.isdigit, name.partition("@")[0]))
    return line if name == line else f"  - id: r{number}\n    email: {name}"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
