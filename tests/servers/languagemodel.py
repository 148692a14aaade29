"""A language model on loopback, behind OpenAI's chat completions: sums up what it is asked about, and fails as told."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from newsletter.text import sentences
from tests.servers.hub import Hub
from tests.servers.huggingface import Answer, says


@dataclass(frozen=True)
class Question:
    """One request as it came in."""

    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: Mapping[str, Any]

    @property
    def papers(self) -> list[dict[str, str]]:
        """The papers it is about, as the model reads them."""
        papers = json.loads(self.body["messages"][-1]["content"])
        assert isinstance(papers, list)
        return papers

    @property
    def titles(self) -> list[str]:
        return [paper["title"] for paper in self.papers]


def usual(paper: Mapping[str, str]) -> str:
    """A summary in the paper's words that is not the abstract's own sentence."""
    last = sentences(paper["abstract"])[-1]
    return f"About {paper['title']}, it turns out that {last[:1].lower()}{last[1:]}"


@dataclass
class LanguageModel(Hub):
    """A context manager; `script` answers the first requests, then `summary` does."""

    summary: Callable[[Mapping[str, str]], str] = usual
    script: deque[Answer] = field(default_factory=deque)
    asked: list[Question] = field(default_factory=list)

    def spec(self, **options: object) -> str:
        """What an operator writes to use it."""
        given = {"model": "tiny-1"} | options
        return f"http://{self.place}/v1?" + "&".join(f"{name}={value}" for name, value in given.items())


class _Handler(BaseHTTPRequestHandler):
    hub: LanguageModel
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        question = Question(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        self.hub.asked.append(question)
        if self.hub.script:
            self.hub.script.popleft()(self)
        elif self.path != "/v1/chat/completions":
            says({"error": {"message": f"no such path: {self.path}"}}, 404)(self)
        else:
            given = [{"id": paper["id"], "summary": self.hub.summary(paper)} for paper in question.papers]
            summed_up(given)(self)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: the tests look at `asked`."""


def completion(content: object, finished: str = "stop") -> Answer:
    """Answers a chat completion with that text."""
    message = {"role": "assistant", "content": content}
    choice = {"index": 0, "message": message, "finish_reason": finished}
    return says({"id": "c1", "object": "chat.completion", "model": "tiny-1", "choices": [choice]})


def summed_up(given: Sequence[object]) -> Answer:
    """Answers with these summaries."""
    return completion(json.dumps({"summaries": given}))


LanguageModel.handler = _Handler
