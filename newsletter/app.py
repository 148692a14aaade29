"""The parts, opened once from settings; nothing else reads settings, environment or clock."""

from __future__ import annotations

import fcntl
import gzip
import os
import random
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from pathlib import Path

from newsletter import embeddings, http, zotero
from newsletter.archive import Archive
from newsletter.embeddings import Floats
from newsletter.ending import Ending
from newsletter.engine import Engine
from newsletter.errors import StoreError
from newsletter.guard import Guard
from newsletter.ledger import Ledger
from newsletter.links import reference
from newsletter.models import Paper, Subscriber
from newsletter.providers import Provider, called, is_rehearsal, links, open_provider
from newsletter.pulse import Pulse
from newsletter.ranking.model import Model, TermCounts, dump, learn, load, read_counts
from newsletter.readers.bounces import Bounces
from newsletter.readers.consents import Circumstances, Consents
from newsletter.readers.feedback import Feedback
from newsletter.readers.overrides import Overrides
from newsletter.readers.renewals import Renewals
from newsletter.readers.signups import Signups
from newsletter.readers.suppressions import Suppressions
from newsletter.readership import Readership
from newsletter.render import Imprint, Renderer, default_templates
from newsletter.settings import Settings
from newsletter.sources.reach import Reach
from newsletter.subscribers import roster
from newsletter.summaries import KEY, Summaries
from newsletter.summaries import parse as parse_endpoint
from newsletter.vectors import Vectors

LEARNED_FROM = 40_000  # papers, the most recently listed
MODEL = "ranking-1"  # with another recipe, another name: what an older one learned is not read
QUICKLY = 5_000  # papers that are learned from in seconds
GROWTH = 1.2  # learn again when the archive has grown by this factor


@dataclass(frozen=True)
class App:
    """The parts."""

    settings: Settings
    archive: Archive
    ledger: Ledger
    suppressions: Suppressions
    bounces: Bounces
    feedback: Feedback
    signups: Signups
    overrides: Overrides
    consents: Consents
    renewals: Renewals
    reach: Reach
    renderer: Renderer
    clock: Callable[[], datetime]
    vectors: Vectors | None = None
    """None unless the settings name a model."""
    summaries: Summaries | None = None
    """None unless the settings name an endpoint."""
    engine: Engine | None = None
    """None unless the settings have workers send."""
    ending: Ending = field(default_factory=Ending)
    """Whether the operator wants a run to end."""
    pulse: Pulse = field(default_factory=Pulse)
    """Whether the scheduler lives, where one runs in this process."""
    keeps: bool = True
    """Whether what is learned and embedded on the way is kept."""

    @property
    def occasion(self) -> str:
        """What deliveries are called here: `rehearsal` as long as messages only go into files."""
        return "rehearsal" if is_rehearsal(self.settings) else "regular"

    @property
    def occasions(self) -> tuple[str, ...]:
        """The deliveries whose papers count as seen here."""
        return ("regular",) if self.occasion == "regular" else ("regular", "rehearsal")

    def links(self) -> list[App]:
        """These parts with each of the providers alone, in their order: the next carries when one is away."""
        return [replace(self, settings=one) for one in links(self.settings)]

    @property
    def carrier(self) -> str:
        """The provider's name in the ledger: `smtp`."""
        return called(self.settings.providers[0])

    def roster(self) -> Readership:
        """Everybody who reads: the subscribers of the file as it is now, with their own changes, and the sign-ups."""
        file = roster(self.settings.home / "subscribers.yaml", cache(self.papers_in))
        return Readership(file, self.overrides, self.signups)

    def papers_in(self, library: str) -> tuple[str, ...]:
        """The papers of a library, by its name, as far as it ever told."""
        found = zotero.known(library, self.archive.answers)
        return found.papers if found else ()

    def seen(self, subscribers: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """Per subscriber the ids of the papers that were shown."""
        return self.ledger.seen(self.occasions, subscribers)

    def reference(self, subscriber: Subscriber) -> str:
        """The subscriber's opaque name in links."""
        return self.references([subscriber.key])[subscriber.key]

    def references(self, subscribers: Sequence[str]) -> dict[str, str]:
        """The opaque names of these subscribers (by key) in links."""
        renewed, secret = self.renewals.of(subscribers), self.settings.secrets[0]
        return {key: reference(secret, key, renewed.get(key, 0)) for key in subscribers}

    def opens(self, name: str, subscriber: str) -> bool:
        """Whether an opaque name still opens the pages of a subscriber (by key): one of before a renewal does not."""
        renewal = self.renewals.of([subscriber]).get(subscriber, 0)
        return name in {reference(secret, subscriber, renewal) for secret in self.settings.secrets}

    def _names(self, subscriber: str) -> list[str]:
        """Every opaque name that a subscriber ever had, as far as it can be known."""
        last = self.renewals.of([subscriber]).get(subscriber, 0)
        return [reference(secret, subscriber, n) for secret in self.settings.secrets for n in range(last + 1)]

    def erase(self, subscriber: Subscriber, said: Circumstances) -> None:
        """Removes everything about somebody who signed up, but for a hash by which their no is known again.

        The ledger comes last too: an edition may just have been planned. Breaking off in between, and doing it again, does
        no harm.
        """
        names = self._names(subscriber.key)
        self.forget(subscriber.key)
        self.bounces.forget(subscriber.email)
        self.signups.erase(subscriber.key, self.clock(), said)
        self.ledger.forget(subscriber.key, names, self.clock())

    def forget(self, subscriber: str) -> None:
        """Removes what a subscriber (by key) said and changed, and from the account of deliveries whose they were."""
        self.ledger.forget(subscriber, self._names(subscriber), self.clock())
        self.feedback.forget(subscriber)
        self.overrides.forget([subscriber])
        self.renewals.forget(subscriber)

    def note(self) -> str:
        """The editor's note, Markdown: `note.md` in the home, if there is one."""
        path = self.settings.home / "note.md"
        return path.read_text("utf-8", "replace")[:20_000] if path.is_file() else ""

    def model(self) -> Model:
        """What this archive teaches, as it was last learned; now, where that is a matter of seconds."""
        kept = self.archive.model(MODEL)
        if kept is None or (self.outgrown() and self.archive.size() <= QUICKLY):
            return self.learn()
        return load(kept[0])

    def learns_long(self) -> bool:
        """Whether `model` has to learn first, from so many papers that it takes a minute."""
        return self.archive.model(MODEL) is None and self.archive.size() > QUICKLY

    def outgrown(self) -> bool:
        """Whether the archive has grown so much that it would teach more."""
        kept = self.archive.model(MODEL)
        size = min(self.archive.size(), LEARNED_FROM)
        return kept is None or size >= max(kept[1] * GROWTH, kept[1] + 1)

    def learn(self) -> Model:
        """Learns from the archive as it is now, and keeps what was learned unless these parts are only to look with."""
        papers = list(self.archive.listed_papers(LEARNED_FROM))
        content = dump(learn(papers, shipped_counts()))
        if self.keeps:
            self.archive.save_model(MODEL, content, len(papers), self.clock())
        return load(content)

    def looking(self) -> App:
        """The parts for who only looks: no source or language model is asked, and nothing is kept."""
        summaries = self.summaries.known() if self.summaries else None
        return replace(self, summaries=summaries, vectors=self.vectors.unkept() if self.vectors else None, keeps=False)

    def embed(self, papers: Sequence[Paper]) -> Floats | None:
        """A vector of length 1 for each paper, shape (papers, dimensions); None where no model is set."""
        return self.embed_texts([embeddings.text_of(paper) for paper in papers])

    def embed_texts(self, texts: Sequence[str]) -> Floats | None:
        """The same for texts, as the words of an interest."""
        return self.vectors.of(texts) if self.vectors else None

    def in_child(self, owner: str, ending: Ending) -> App:
        """The parts in a child process, which has a name of its own in the ledger."""
        self.archive.forked()
        return replace(self, ledger=self.ledger.forked(owner), ending=ending)

    @contextmanager
    def provider(self, share: int = 1) -> Iterator[Provider]:
        """The provider, of several the first, for one run; where `share` processes have one each, a part of what it may do."""
        provider = open_provider(self.settings, share, self.clock)
        try:
            yield provider
        finally:
            provider.close()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Holds the home: one process of it sends at a time, and only where it can be recorded.

        Other homes may send from the same PostgreSQL: the leases of the ledger keep them apart.
        """
        if risk := self.ledger.risk():
            raise StoreError(risk)
        with locked(self.settings.home), self.ledger.working():
            yield


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Holds a home by a lock that dies with its process; a StoreError where another process has it."""
    path = home / "newsletter.lock"
    try:
        file = path.open("a+")
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror}; check the folder's permissions") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read(20).strip() or "another process"
            raise StoreError(f"{path.name}: process {holder} is sending from this home; wait for it") from error
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        yield


def clock() -> datetime:
    """This moment (UTC)."""
    return datetime.now(UTC)


@contextmanager
def open_app(settings: Settings, clock: Callable[[], datetime] = clock) -> Iterator[App]:
    """Opens the stores and what reaches the outside; closes them at the end."""
    with ExitStack() as stack:
        archive = Archive(settings.archive)
        stack.callback(archive.close)
        database = Ledger.open(settings.database)
        stack.callback(database.close)
        engine = Engine.open(database, settings.origin("queue")) if settings.queue == "procrastinate" else None
        client = stack.enter_context(http.open_client())
        owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        yield App(
            settings=settings,
            archive=archive,
            ledger=Ledger(database, owner),
            suppressions=Suppressions(database),
            bounces=Bounces(database),
            feedback=Feedback(database),
            signups=Signups(database, settings.secrets),
            overrides=Overrides(database),
            consents=Consents(database),
            renewals=Renewals(database),
            reach=_reach(settings, client, archive, clock),
            renderer=Renderer(imprint(settings), settings.templates or default_templates()),
            clock=clock,
            vectors=_vectors(settings, archive) if settings.embeddings else None,
            summaries=_summaries(settings, archive, client) if settings.summaries else None,
            engine=engine,
        )


def shipped_counts() -> TermCounts:
    """In how many papers of a large feed each term stands: what a young archive leans on."""
    table = resources.files("newsletter.ranking") / "terms.txt.gz"
    return read_counts(gzip.decompress(table.read_bytes()).decode())


def imprint(settings: Settings) -> Imprint:
    """What a mail says of its publisher."""
    return Imprint(
        name=settings.name,
        sender=settings.sender_name,
        address=settings.sender_address,
        reply_to=settings.reply_to,
        postal_address=settings.postal_address,
        base_url=settings.base_url,
        bounces=settings.bounces,
        thumbnails=settings.thumbnails,
        secrets=settings.secrets,
    )


def _patience() -> http.Patience:
    return http.Patience(attempts=5, total=timedelta(minutes=6), sleep=time.sleep, jitter=random.random)


def _reach(settings: Settings, client: http.Client, archive: Archive, clock: Callable[[], datetime]) -> Reach:
    return Reach(
        client,
        settings.home,
        _patience(),
        settings.hf_endpoint,
        settings.hf_token,
        answers=archive.answers,
        now=clock,
        guard=Guard(frozenset(settings.private_hosts)),
        arxiv=settings.arxiv_endpoint,
        turns=archive.turns,
        introduction=introduction(settings),
        zotero=settings.zotero_endpoint,
        secret=settings.secret,
    )


def introduction(settings: Settings) -> str:
    """`newsletter/1.0 (+https://papers.example.org; mailto:papers@example.org)`, as far as there is an address."""
    local = settings.reply_to.endswith("@localhost")
    reached = [
        *([f"+{settings.base_url}"] if settings.base_url else []),
        *([] if local else [f"mailto:{settings.reply_to}"]),
    ]
    return f"{http.USER_AGENT} ({'; '.join(reached)})" if reached else http.USER_AGENT


def _vectors(settings: Settings, archive: Archive) -> Vectors:
    model = embeddings.find(settings.embeddings, settings.home)
    return Vectors(archive, model, lambda: embeddings.open_embedder(model, settings.hf_endpoint, settings.hf_token))


def _summaries(settings: Settings, archive: Archive, client: http.Client) -> Summaries:
    endpoint = parse_endpoint(settings.summaries, settings.origin("summaries"), settings.secret(KEY))
    return Summaries(archive, endpoint, client, _patience())
