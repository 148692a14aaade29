"""A home folder for tests: invented days in Hugging Face's shape, subscribers, and the command line on it."""

from __future__ import annotations

import email
import email.policy
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from newsletter.app import App, open_app
from newsletter.settings import ensure_secret, load
from tests.servers.huggingface import paper_json

SECRET = "a-secret-for-tests-only"
RECORDINGS = Path(__file__).parents[2] / "shared" / "data"
SUBJECTS = ("flow matching", "tool use by agents", "robot manipulation", "speech recognition", "sparse attention")


@dataclass(frozen=True)
class Home:
    """A home, and what its environment says."""

    path: Path
    environment: Mapping[str, str]

    def run(self, *arguments: str, code: int | None = 0, **environment: str) -> str:
        """Runs a command in a process of its own and returns what it printed; `code` is what it must exit with."""
        done = subprocess.run(
            [sys.executable, "-m", "newsletter", *arguments],
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert code in (None, done.returncode), f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout if done.returncode == 0 else done.stdout + done.stderr

    def status(self, *arguments: str, **environment: str) -> dict[str, object]:
        status = json.loads(self.run("status", "--json", *arguments, code=None, **environment))
        assert isinstance(status, dict)
        return status

    @contextmanager
    def app(self, now: datetime | None = None, **environment: str) -> Iterator[App]:
        """The opened parts, with a clock that stands."""
        at = now or datetime(2026, 11, 21, 12, tzinfo=UTC)
        settings = ensure_secret(load(self.path, {**self.environment, **environment}))
        with open_app(settings, lambda: at) as app:
            yield app

    def day(self, day: str, papers: Sequence[Mapping[str, object]]) -> None:
        """Writes a day of papers, in the shape of Hugging Face's answer."""
        folder = self.path / "papers"
        folder.mkdir(exist_ok=True)
        (folder / f"{day}.json").write_text(json.dumps(list(papers)))

    def subscribers(self, text: str) -> None:
        (self.path / "subscribers.yaml").write_text(text)


def make_home(path: Path, *, provider: str = "file:outbox", sources: str = "file:papers") -> Home:
    """An empty home whose only source is a folder of its own."""
    path.mkdir(exist_ok=True)
    environment = {
        "PATH": "/usr/bin:/bin",
        "NEWSLETTER_HOME": str(path),
        "NEWSLETTER_SOURCES": sources,
        "NEWSLETTER_PROVIDER": provider,
        "NEWSLETTER_SECRET": SECRET,
    }
    return Home(path, environment)


def invented_day(day: str, number: int, first: int = 1) -> list[dict[str, object]]:
    """Papers of that day on five subjects in turn, each with an id of its own."""
    return [
        paper_json(
            first + n,
            day,
            title=f"On {SUBJECTS[n % 5]} in case {first + n}",
            summary=f"We study {SUBJECTS[n % 5]} and find that case {first + n} is like no other.",
            ai_summary=f"Case {first + n} of {SUBJECTS[n % 5]}.",
            upvotes=n,
        )
        for n in range(number)
    ]


def text_of(mail: bytes) -> str:
    """The text part of a mail."""
    body = email.message_from_bytes(mail, policy=email.policy.default).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def readers(names: Sequence[str], keywords: Sequence[str] = SUBJECTS) -> str:
    """A subscribers' file: each reader wants one subject and nothing that is trending."""
    lines = ["defaults: {timezone: UTC, send_at: 08:00, cadence: daily, trending: 0}", "subscribers:"]
    for number, name in enumerate(names):
        subject = keywords[number % len(keywords)]
        lines += [f"  - email: {name}@example.org", f"    name: {name.title()}", "    interests:"]
        lines += [f"      - {{name: {subject}, keywords: [{subject}]}}"]
    return "\n".join(lines) + "\n"
