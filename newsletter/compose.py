"""Makes editions and messages for the deliveries that wait: rank, edit, render. Nothing is sent or recorded."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from newsletter import embeddings
from newsletter.app import App
from newsletter.editing.edit import Reader, edit_all, quiet_reason
from newsletter.errors import NewsletterError, RenderError, SettingsError
from newsletter.ledger import Claim, Delivery, Key
from newsletter.models import Digest, Edition, Message, Paper, Period, Stamp, Subscriber, Verdict, Words, said
from newsletter.ranking.feedback import assign, fits
from newsletter.ranking.index import Index, index
from newsletter.ranking.meaning import whitened
from newsletter.ranking.model import ENOUGH, Model, with_meaning
from newsletter.ranking.profile import Profile, profile
from newsletter.ranking.rank import Scores, rank
from newsletter.records import content_of, content_record, read_content, restore
from newsletter.text import readable

log = logging.getLogger("newsletter.compose")
WHITENED_ON = 2_000  # papers, the most recently listed
TOGETHER = 200  # readers whose editions are made at once
KEPT = 10_000  # examples: when there are more a run begins to keep anew, so that its memory stays flat
HEARD = 3  # papers of which an edition says what became of what its reader said
POPULAR = 1_000  # profiles, for interests that many readers have in the same words; and lessons


@dataclass(frozen=True, slots=True)
class Composed:
    """A delivery with its message, ready to be claimed and sent."""

    claim: Claim
    message: Message
    batch: str = ""
    """The request that it was handed over with, while nobody knows what became of that; else empty."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """A delivery with nothing to send, and why."""

    key: Key
    reason: str


@dataclass(frozen=True, slots=True)
class Spoilt:
    """A delivery whose edition cannot be made, and why."""

    key: Key
    reason: str


class Composer:
    """Composes for one run: what the archive teaches, each digest's index and each profile are made once."""

    def __init__(self, app: App, model: Model | None = None) -> None:
        self._app = app
        self._model = model or model_of(app)
        self._digests: dict[str, Digest | None] = {}
        self._indexes: dict[str, Index] = {}
        self._papers: dict[str, Paper] = {}
        self._profiles: dict[object, Profile] = {}
        self._lessons: dict[object, Subscriber] = {}

    def index(self, digest: Digest) -> Index:
        if digest.id not in self._indexes:
            self._indexes[digest.id] = index(digest.candidates, self._model)
        return self._indexes[digest.id]

    def prepare(self, digests: Iterable[str], looks: Iterable[tuple[str, str]]) -> None:
        """Makes what deliveries share, indexes and designs in languages; processes forked from this one have it then."""
        for digest_id in digests:
            if (digest := self._digest(digest_id)) is not None:
                self.index(digest)
        for design, language in looks:
            with suppress(RenderError, SettingsError):  # it is said where it is needed
                self._app.renderer.version(design, language)

    def _digest(self, digest_id: str) -> Digest | None:
        if digest_id not in self._digests:
            self._digests[digest_id] = self._app.archive.digest(digest_id)
        return self._digests[digest_id]

    def scores(self, digest: Digest, subscribers: Sequence[Subscriber]) -> Scores:
        """The scores of the subscribers' interests, one subscriber after the other, all ranked at once."""
        taught = self._taught(subscribers)
        self._read(taught)
        return rank(self.index(digest), [one for subscriber in taught for one in self._compiled(subscriber)])

    def editions(
        self, digest: Digest, wanted: Sequence[tuple[Subscriber, Period]], seen: Mapping[str, frozenset[str]]
    ) -> Iterator[Edition]:
        """The editions of a digest for these subscribers, in their order."""
        for start in range(0, len(wanted), TOGETHER):
            some = wanted[start : start + TOGETHER]
            keys = [subscriber.key for subscriber, _ in some]
            unwanted = self._unwanted(keys) if digest.later else {}
            readers = [
                Reader(*one, seen.get(key, ()), unwanted.get(key, ())) for one, key in zip(some, keys, strict=True)
            ]
            heard = self._heard(some)
            for edition in edit_all(digest, self.scores(digest, [subscriber for subscriber, _ in some]), readers):
                told = heard.get(edition.subscriber.key)
                yield replace(edition, notes=(*told, *edition.notes)) if told else edition

    def _heard(self, wanted: Sequence[tuple[Subscriber, Period]]) -> dict[str, tuple[Words, ...]]:
        """What to say to who said something of papers since their last edition, a sentence a paper."""
        given = self._app.feedback.of([subscriber.key for subscriber, _ in wanted])
        days = {subscriber.key: period.day for subscriber, period in wanted if subscriber.key in given}
        last = self._app.ledger.histories(self._app.occasion, self._app.occasions, days) if days else []
        news = self._app.feedback.news({key: one.cut_off[1] for one, whose in last if one.cut_off for key in whose})
        papers = self._app.archive.find(sorted({id_ for said_ in news.values() for id_ in said_})) if news else {}
        taught = {one.key: one for one in self._taught([s for s, _ in wanted if s.key in news])} if news else {}
        return {key: tuple(_told(said_, papers, taught[key]))[:HEARD] for key, said_ in news.items()}

    def _unwanted(self, subscribers: Sequence[str]) -> dict[str, list[str]]:
        """Per subscriber the papers that they want less of."""
        given = self._app.feedback.of(subscribers)
        return {key: [id_ for id_, verdict in said.items() if verdict == "less"] for key, said in given.items()}

    def _read(self, subscribers: Sequence[Subscriber]) -> None:
        """Has the text of all their examples, as far as the archive knows them."""
        wanted = {
            id_ for one in subscribers for interest in one.interests for id_ in (*interest.like, *interest.dislike)
        }
        if len(self._papers) > KEPT:
            self._papers.clear()
        if missing := sorted(wanted - self._papers.keys()):
            found = self._app.archive.find(missing)
            self._model.examples(list(found.values()))
            self._papers |= found

    def _compiled(self, subscriber: Subscriber) -> list[Profile]:
        compiled = []
        for interest in subscriber.interests:
            known = tuple(id_ for id_ in (*interest.like, *interest.dislike) if id_ in self._papers)
            recipe = interest, subscriber.exclude, known
            found = self._profiles.get(recipe)
            if found is None:
                if len(self._profiles) >= POPULAR:
                    self._profiles.clear()
                found = profile(interest, subscriber.exclude, self._papers, self._model)
                self._profiles[recipe] = found
            compiled.append(found)
        return compiled

    def _taught(self, subscribers: Sequence[Subscriber]) -> list[Subscriber]:
        """The subscribers, their interests with what they gave feedback on among the examples."""
        given = self._app.feedback.of([subscriber.key for subscriber in subscribers])
        papers = self._app.archive.find(sorted({id_ for said in given.values() for id_ in said})) if given else {}
        return [self._with_feedback(one, given[one.key], papers) if one.key in given else one for one in subscribers]

    def _with_feedback(
        self, subscriber: Subscriber, said: Mapping[str, Verdict], papers: Mapping[str, Paper]
    ) -> Subscriber:
        recipe = (subscriber, tuple((id_, verdict) for id_, verdict in said.items() if id_ in papers))
        if recipe not in self._lessons:
            if len(self._lessons) >= POPULAR:
                self._lessons.clear()
            rated = {papers[id_].id: papers[id_] for id_, _ in recipe[1]}
            self._read([subscriber])
            near = fits(list(rated.values()), self._compiled(subscriber), self._model)
            interests = assign(subscriber.interests, papers, said, near)
            self._lessons[recipe] = replace(subscriber, interests=interests)
        return self._lessons[recipe]

    # -- for the ledger's deliveries

    def compose(
        self, deliveries: Sequence[Delivery], roster: Mapping[str, Subscriber], at: datetime
    ) -> Iterator[Composed | Quiet | Spoilt]:
        """A message for each delivery, or why there is none.

        A delivery that was claimed before is made again from what the ledger kept of it, to the byte.
        """
        fresh = [delivery for delivery in deliveries if delivery.claim is None]
        yield from self._repeat([delivery for delivery in deliveries if delivery.claim is not None])
        for digest_id in dict.fromkeys(delivery.digest for delivery in fresh):
            group = [delivery for delivery in fresh if delivery.digest == digest_id]
            yield from self._first(digest_id, group, roster, at)

    def _first(
        self, digest_id: str, group: Sequence[Delivery], roster: Mapping[str, Subscriber], at: datetime
    ) -> Iterator[Composed | Quiet | Spoilt]:
        digest = self._digest(digest_id)
        known = [d for d in group if d.key.subscriber in roster]
        gone = (d.key for d in group if d.key.subscriber not in roster)
        yield from (Quiet(key, "removed: no longer in the subscribers' file") for key in gone)
        if digest is None:
            yield from (Spoilt(d.key, _GONE) for d in known)
            return
        wanted = [(roster[d.key.subscriber], Period(d.key.period, d.day, d.since)) for d in known]
        seen = self._app.seen([subscriber.key for subscriber, _ in wanted])
        for delivery, edition in zip(known, self.editions(digest, wanted, seen), strict=True):
            quiet = quiet_reason(edition, self._app.settings.min_papers)
            stamp = Stamp(at.replace(microsecond=0), delivery.key.occasion, delivery.reference)
            yield Quiet(delivery.key, quiet) if quiet else self._message(delivery.key, edition, stamp)

    def _repeat(self, deliveries: Iterable[Delivery]) -> Iterator[Composed | Spoilt]:
        for delivery in deliveries:
            digest = self._digest(delivery.digest)
            if digest is None or delivery.claim is None:
                yield Spoilt(delivery.key, _GONE)
                continue
            edition = restored(delivery, digest)
            stamp = Stamp(delivery.claim.stamped_at, delivery.key.occasion, delivery.reference)
            yield self._message(delivery.key, edition, stamp, delivery.batch)

    def _message(self, key: Key, edition: Edition, stamp: Stamp, batch: str = "") -> Composed | Spoilt:
        try:
            edition, message = self._app.renderer.fitted(edition, stamp)
        except (RenderError, SettingsError) as error:  # a design that there is not concerns its reader alone
            return Spoilt(key, str(error))
        except (MemoryError, OSError, NewsletterError):  # of the machine, or of every edition
            raise
        except Exception as error:
            what = f"{type(error).__name__}: {error}".splitlines()[0]
            log.debug("%s %s", key.subscriber, key.period, exc_info=True)
            return Spoilt(key, f"a fault of newsletter itself: {what}; please report it")
        content = content_of(edition)
        subscriber = edition.subscriber
        claim = Claim(
            key=key,
            papers=content.papers,
            content=content_record(content),
            name=subscriber.name,
            language=subscriber.language,
            design=subscriber.design,
            template=self._app.renderer.version(subscriber.design, subscriber.language),
            stamped_at=stamp.at,
            message_id=message.message_id,
        )
        return Composed(claim, message, batch)


def _told(given: Mapping[str, Verdict], papers: Mapping[str, Paper], taught: Subscriber) -> Iterator[Words]:
    """What became of what a reader said, the latest first; nothing of a paper that there is no more."""
    counts = {id_ for one in taught.interests for id_ in (*one.like, *one.dislike)}
    for id_, verdict in reversed([*given.items()]):
        if (paper := papers.get(id_)) is not None:
            title = readable(paper.title)
            if paper.id not in counts:
                yield said("Your word on “{paper}” fits none of your interests, and changes nothing here.", paper=title)
            elif verdict == "more":
                yield said("As you asked, there is more here like “{paper}”, where there was any.", paper=title)
            else:
                yield said("As you asked, there is less here like “{paper}”.", paper=title)


def model_of(app: App) -> Model:
    """What the archive teaches, with the embedding that the settings name: whitened on the archive's papers."""
    model, embed = app.model(), app.vectors.of if app.vectors else None
    papers = list(app.archive.listed_papers(WHITENED_ON)) if embed else []
    if embed is None or len(papers) < ENOUGH:
        return model
    return with_meaning(model, whitened(embed, [embeddings.text_of(paper) for paper in papers]), papers)


_GONE = "its digest is gone from the archive; its papers come with the next edition"


def restored(delivery: Delivery, digest: Digest) -> Edition:
    """The edition that a claimed delivery is, from what the ledger kept and not from today's files."""
    claim = delivery.claim
    if claim is None:
        raise ValueError("only a claimed delivery says what its edition is")
    subscriber = Subscriber(
        delivery.key.subscriber, delivery.address, claim.name, language=claim.language, design=claim.design
    )
    period = Period(delivery.key.period, delivery.day, delivery.since)
    return restore(read_content(claim.content), digest, subscriber, period)
