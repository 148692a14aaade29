"""Summaries by the language model that an operator names, for new papers that came without one.

An edition never waits long for them, and goes out without when there are none: each paper is asked for once per model,
some papers in a request, only so many a day, and an endpoint that fails is left alone for a while.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from newsletter import http, retold
from newsletter.archive import Archive, Failures
from newsletter.errors import SettingsError, SourceError
from newsletter.models import Candidate, Paper
from newsletter.text import line
from newsletter.typed import integer, quoted

log = logging.getLogger("newsletter.summaries")

KEY: Final = "OPENAI_API_KEY"
LARGEST: Final = 1_000_000
"""Bytes of an answer; fifty summaries are a tenth of that, with the thoughts that some models add."""
ATTEMPTS: Final = 3
"""How often a request is made that the server asks to repeat (429, 5xx)."""
FAULTS: Final = 2
"""Answers in a row of which nothing can be used, after which a run asks no more."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=10), timedelta(hours=12)
"""How long an endpoint that failed is left alone; twice as long each time."""

_USAGE: Final = "write https://api.openai.com/v1?model=NAME, or http://localhost:11434/v1?model=NAME"
# A server that runs a model on this machine often reads no more than 4,096 tokens, and drops without a word what is
# beyond (Ollama, 2026-11); so five papers, not fifty, are in a request unless the operator says so.
_OPTIONS: Final = {"budget": (50, integer(1, 10_000)), "batch": (5, integer(1, 50)), "timeout": (60, integer(1, 600))}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Who is asked, and how much: `https://api.openai.com/v1?model=gpt-5-mini&budget=50&batch=5&timeout=60`."""

    url: str
    """Without a slash at its end; `/chat/completions` is put behind it."""
    model: str
    budget: int
    """Papers a day, in UTC."""
    batch: int
    """Papers in a request."""
    timeout: int
    """Seconds that a run waits for answers, all of them together."""
    key: str = field(default="", repr=False)

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    @property
    def mark(self) -> str:
        """Tells it from others in the archive: with a new address, model or key it is tried at once."""
        return hashlib.sha256("\n".join((self.url, self.model, self.key)).encode()).hexdigest()[:16]


def parse(spec: str, origin: str, key: str = "") -> Endpoint:
    """Reads the setting; `origin` says where it was written, for the error. Raises SettingsError."""
    try:
        url = urlsplit(spec)
        whole = url.scheme in ("http", "https") and bool(url.hostname) and (url.port or 1) > 0 and spec.isascii()
        options = dict(parse_qsl(url.query, keep_blank_values=True, strict_parsing=bool(url.query)))
    except ValueError as error:
        raise SettingsError(f"{origin}: summaries: {error}; {_USAGE}") from error
    if "@" in url.netloc:
        raise SettingsError(f"{origin}: summaries: a password does not belong here; put {KEY}=... into secrets.env")
    if not whole or url.fragment:
        raise SettingsError(f"{origin}: summaries: {quoted(spec)} is not the address of an endpoint; {_USAGE}")
    model = line(options.pop("model", ""), 100)
    if not model:
        raise SettingsError(f"{origin}: summaries: it names no model; {_USAGE}")
    unknown = next((name for name in options if name not in _OPTIONS), None)
    if unknown is not None:
        raise SettingsError(
            f"{origin}: summaries: unknown option {quoted(unknown)}; there are model, budget, batch, timeout"
        )
    base = f"{url.scheme}://{url.netloc}{url.path}".rstrip("/").removesuffix("/chat/completions")
    return Endpoint(base, model, **_numbers(options, origin), key=key.strip())


def _numbers(options: Mapping[str, str], origin: str) -> dict[str, int]:
    numbers = {}
    for name, (usual, read) in _OPTIONS.items():
        try:
            numbers[name] = read(options[name]) if name in options else usual
        except ValueError as error:
            raise SettingsError(f"{origin}: summaries: {name}: {error}") from error
    return numbers


class Summaries:
    """What a language model says of papers; each is asked for once, and then found in the archive."""

    def __init__(self, archive: Archive, endpoint: Endpoint, client: http.Client, patience: http.Patience) -> None:
        self.endpoint = endpoint
        self._archive, self._client, self._patience = archive, client, patience

    def run(self, now: datetime) -> Run:
        """One run, which may take `timeout` seconds in all."""
        return Run(self._archive, self.endpoint, self._client, self._patience, now)

    def known(self) -> Summaries:
        """The same, which asks for nothing more."""
        return Summaries(self._archive, replace(self.endpoint, budget=0), self._client, self._patience)

    def state(self, now: datetime) -> tuple[bool, str]:
        """Whether it works as far as the archive knows, and a sentence about it; nobody is asked."""
        asked, failures = self._archive.papers_asked(_day(now)), self._archive.summary_failures(self.endpoint.mark)
        with_key = f"{'with' if self.endpoint.key else 'without'} a key ({KEY})"
        said = f"{self.endpoint.model} at {self.endpoint.host}, {with_key}; "
        said += f"today {asked} of {self.endpoint.budget} papers were asked for"
        if not failures.number:
            return True, said
        again = _again(failures)
        when = f"from {again:%Y-%m-%d %H:%M} UTC on" if again and again > now else "with the next edition"
        times = "once" if failures.number == 1 else f"{failures.number} times"
        return False, f"{said}; it failed {times} since it last answered ({failures.fault}), and is asked again {when}"

    def hosts(self) -> tuple[str, ...]:
        """The one host that is asked."""
        return (self.endpoint.host,)


class Run:
    """The summaries of one run: all its digests share the time and the budget."""

    def __init__(
        self, archive: Archive, endpoint: Endpoint, client: http.Client, patience: http.Patience, now: datetime
    ) -> None:
        self._archive, self._endpoint, self._client, self._patience = archive, endpoint, client, patience
        self._now = now
        self._spent = 0.0
        self._faults = 0
        self._over = False
        self._warned = False

    def filled(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """The candidates in their order; those without a summary get the model's, as far as there is one.

        Only for new ones, and the most upvoted first, is it asked; what is known already is used for all.
        """
        lacking = [c.paper for c in candidates if retold.is_wanted(c.paper)]
        texts = {paper.id: retold.recipe(paper) for paper in lacking}
        known = self._archive.summaries(self._endpoint.model, texts)
        new = {c.paper.id for c in candidates if c.new}
        wanted = [paper for paper in lacking if paper.id in new and paper.id not in known]
        for papers in self._batches(sorted(wanted, key=lambda paper: (-paper.upvotes, paper.id))):
            known |= self._asked(papers, texts)
        return [self._with(candidate, known.get(candidate.paper.id, "")) for candidate in candidates]

    def _with(self, candidate: Candidate, summary: str) -> Candidate:
        if not summary:
            return candidate
        return replace(candidate, paper=replace(candidate.paper, summary=summary, summary_by=self._endpoint.model))

    def _batches(self, papers: Sequence[Paper]) -> Iterator[Sequence[Paper]]:
        """As many as budget and time allow, and as the endpoint answers."""
        if not papers or self._paused():
            return
        allowed = papers[: max(self._endpoint.budget - self._archive.papers_asked(_day(self._now)), 0)]
        if len(allowed) < len(papers):
            log.info("summaries: %d papers go without, the day's budget is spent", len(papers) - len(allowed))
        for start in range(0, len(allowed), self._endpoint.batch):
            if self._over or self._left() <= 0:
                log.info("summaries: %d papers go without in this run", len(allowed) - start)
                return
            yield allowed[start : start + self._endpoint.batch]

    def _paused(self) -> bool:
        again = _again(self._archive.summary_failures(self._endpoint.mark))
        if self._over or again is None or again <= self._now:
            return self._over
        log.info("summaries: %s failed; it is asked again from %s on", self._endpoint.host, f"{again:%H:%M} UTC")
        return True

    def _left(self) -> float:
        return self._endpoint.timeout - self._spent

    def _asked(self, papers: Sequence[Paper], texts: Mapping[str, str]) -> dict[str, str]:
        """What the model says of these; empty for what cannot be used, which is not asked for again."""
        request = self._archive.note_summary_request(self._endpoint.mark, len(papers), self._now)
        try:
            answer = retold.read_answer(self._answered(papers), papers)
        except (SourceError, retold.Unusable) as error:
            self._failed(request, error)
            return {}
        self._faults = 0
        for id_, fault in answer.refused.items():
            log.info("summaries: what %s says of %s is not used: %s", self._endpoint.model, id_, fault)
        made = {**dict.fromkeys(answer.refused, ""), **answer.summaries}
        self._archive.save_summaries(self._endpoint.model, texts, made, self._now)
        self._archive.note_summary_answer(request)
        return made

    def _failed(self, request: int, error: SourceError | retold.Unusable) -> None:
        """One line for the operator; an answer of no use may be one abstract's doing, so the next papers get a try."""
        self._faults += 1
        self._over = isinstance(error, SourceError) or self._faults >= FAULTS
        level, self._warned = logging.INFO if self._warned else logging.WARNING, True
        fault = str(error) if isinstance(error, SourceError) else f"{self._endpoint.host}: {error}"
        if self._left() <= 0:
            fault += f", or set more than timeout={self._endpoint.timeout} in `summaries`"
        self._archive.note_summary_answer(request, fault)
        log.log(level, "summaries: %s; the edition goes out without them", fault)

    def _answered(self, papers: Sequence[Paper]) -> bytes:
        started = self._patience.clock()
        try:
            return self._answer(papers)
        finally:
            self._spent += self._patience.clock() - started

    def _answer(self, papers: Sequence[Paper]) -> bytes:
        # Neither a limit of tokens nor a temperature nor a form of answer: each is refused by some of the servers that
        # speak this protocol (gpt-5 the first two, LM Studio and DeepSeek one form each, 2026-11).
        asked = {"model": self._endpoint.model, "messages": retold.question(papers)}
        response = http.post(
            self._client,
            f"{self._endpoint.url}/chat/completions",
            asked,
            headers={"Authorization": f"Bearer {self._endpoint.key}"} if self._endpoint.key else None,
            patience=replace(self._patience, attempts=ATTEMPTS, total=timedelta(seconds=self._left())),
            answers=(200, *_CURES),
            largest=LARGEST,
        )
        if response.status != 200:
            raise SourceError(
                f"{self._endpoint.host}: HTTP {response.status}{_said(response)}; {_CURES[response.status]}"
            )
        return response.body


_CURES: Final = {
    400: "check `summaries`",
    401: f"check {KEY} in secrets.env or the environment",
    402: "see to the account",
    403: f"check {KEY}, and what it may do",
    404: "check address and model in `summaries`",
    405: "check the address in `summaries`",
    413: "set a smaller batch in `summaries`",
    422: "check `summaries`",
}


def _said(response: http.Response) -> str:
    """What the server says is wrong; not of a key, of which some repeat parts."""
    said = "" if response.status in (401, 403) else retold.error_in(response.body)
    return f" ({said})" if said else ""


def _day(now: datetime) -> datetime:
    return datetime.combine(now.astimezone(UTC).date(), time(), UTC)


def _again(failures: Failures) -> datetime | None:
    """When an endpoint that failed is asked again."""
    if failures.last is None:
        return None
    return failures.last + min(FIRST_PAUSE * (1 << min(failures.number - 1, 10)), LONGEST_PAUSE)
