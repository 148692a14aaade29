"""Providers beside servers that nobody here wrote: Prism, by the providers' own descriptions, and moto for Amazon."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from newsletter.errors import Halt
from newsletter.http import httpx
from newsletter.models import Receipt
from newsletter.providers.api import ApiProvider, as_json
from tests.test_provider_apis import SPECS, messages, provider

VENV = Path(__file__).parents[1] / ".venv"
PRISM = Path(os.environ.get("PRISM_HOME") or VENV / "prism") / "node_modules" / "@stoplight" / "prism-cli"
MOTO = Path(os.environ.get("MOTO_HOME") or VENV / "moto") / "bin" / "moto_server"
NODE = shutil.which("node") or shutil.which("nodejs")
PATIENCE = 120.0  # seconds until a server listens, on a busy machine
needs_prism = pytest.mark.skipif(
    NODE is None or not PRISM.is_dir(), reason="Node.js or Prism is not installed: scripts/test --install"
)
needs_moto = pytest.mark.skipif(not MOTO.is_file(), reason="moto is not installed: scripts/test --install")
DESCRIBED = {
    "resend": "resend.yaml",
    "postmark": "postmark_server_official_swagger2.yml",
    "sendgrid": "sendgrid_tsg_mail_v3.json",
    "mailgun:news.example.org": "mailgun_messages_patched_for_prism.yaml",
    "brevo": "brevo_swagger_definition.yml",
}


@contextmanager
def listening(*command: object) -> Iterator[int]:
    """A server in a process of its own, on a port of this machine that stands where `PORT` does."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    words = [str(word).replace("PORT", str(port)) for word in command]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            until = time.monotonic() + PATIENCE
            while process.poll() is None and time.monotonic() < until:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    time.sleep(0.2)
            assert process.poll() is None, "it ended"
            yield port
        finally:
            process.kill()


@contextmanager
def opened(word: str, port: int) -> Iterator[ApiProvider]:
    made = provider(f"{word}?connections=4", port, timeout=30)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def prism(word: str) -> Iterator[int]:
    """Answers as a provider's description says, and refuses what that does not allow."""
    path = SPECS / DESCRIBED[word]
    if not path.exists():
        pytest.skip(f"{path.name} is not in ../shared/specs")
    with listening(
        NODE, PRISM / "dist" / "index.js", "mock", "-h", "127.0.0.1", "-p", "PORT", "--errors", path
    ) as port:
        yield port


@needs_prism
@pytest.mark.timeout(300)
@pytest.mark.parametrize("word", DESCRIBED)
def test_what_a_provider_is_asked_is_allowed_by_its_description_and_its_answer_is_understood(word):
    with prism(word) as port, opened(word, port) as made:
        [outcome] = made.send(messages("ada"), "key-1")
        assert isinstance(outcome, Receipt), outcome
        names = ["ada", "bo", "cy"][: made._api.batch]
        request = made._api.request(messages(*names), "key-2")
        answer = httpx.post(request.url, headers=dict(request.headers), content=request.body, timeout=30)
        assert answer.status_code in (200, 201, 202), answer.text
        bare = httpx.post(
            request.url, headers={"Content-Type": request.headers["Content-Type"]}, content=b"{}", timeout=30
        )
        assert 400 <= bare.status_code < 500, "it refuses what is not allowed"


@needs_moto
@pytest.mark.timeout(300)
def test_amazon_is_handed_the_very_bytes_of_each_message():
    made = messages(*(f"reader{n}" for n in range(100)))
    with listening(MOTO, "-H", "127.0.0.1", "-p", "PORT") as port, opened("ses:eu-west-1", port) as ses:
        with pytest.raises(Halt, match="Did not have authority to send"):
            ses.send(made[:1], "key")  # nobody is verified yet
        identity = ses._api._signed("POST", "identities", as_json({"EmailIdentity": "papers@news.example.org"}))  # type: ignore[attr-defined]
        assert httpx.post(identity.url, headers=dict(identity.headers), content=identity.body).is_success
        size = ses.batch
        outcomes = [one for n in range(0, 100, size) for one in ses.send(made[n : n + size], f"key-{n}")]
        kept = httpx.get(f"http://127.0.0.1:{port}/moto-api/data.json").json()["ses"]["RawMessage"]
    receipts = {one.id: message for one, message in zip(outcomes, made, strict=True) if isinstance(one, Receipt)}
    assert 100 == len(receipts) == len(kept)
    for one in kept:
        message = receipts[one["id"]]
        assert message.mime == one["raw_data"].encode()
        # moto adds the addresses of the header (5.2.5).
        assert (message.sender, message.recipient) == (one["source"], one["destinations"][0])
