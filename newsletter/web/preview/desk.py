"""What the preview shows of a day and a reader: the message as it would be sent, what it is made of, what can be judged.

Nothing is sent and nothing recorded; what was collected on the way stays in the archive.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from itertools import chain, islice
from typing import Final

from newsletter import periods, zotero
from newsletter.app import App, open_app
from newsletter.audience import Due, Order, asked_for, lacking, needs_of
from newsletter.collect import look_up_examples
from newsletter.compose import Composer
from newsletter.digest import DAY, Digests
from newsletter.editing.explain import Explanation
from newsletter.errors import NewsletterError, SourceError
from newsletter.look import Seen, explained_each, look_again, render, waiting
from newsletter.models import Match, Subscriber
from newsletter.proof.judge import Judgement, Opened, judge, opened
from newsletter.publish import gather
from newsletter.render.card import card
from newsletter.settings import Settings
from newsletter.typed import folded
from newsletter.web.preview.background import Background
from newsletter.web.preview.parts import Opener, Parts

MARKED: Final = 300
"""Readers whose editions are all made to say who has one; of more, only the chosen one's is."""
OFFERED: Final = 50
"""Of more readers, how many there are to choose from at once."""
PATIENCE: Final = 6.0
"""Seconds that a page waits; what takes longer is said, and shown when it is done."""
SOON: Final = 0.5
"""Seconds within which files answer: then the first look has what they say."""
KEPT: Final = 32
"""Looks that are kept for their panes."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody wants to see."""

    day: date
    reader: str
    """An address or id; empty for the first who has an edition."""
    letters: str = ""
    """With which the addresses begin that there are to choose from, where readers are many."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A subscriber to choose."""

    email: str
    name: str
    mark: str
    """`12 papers`, `quiet`, `paused`; empty where it is not known."""


@dataclass(frozen=True, slots=True)
class Came:
    """A paper of the edition, or one that just missed it, and why."""

    title: str
    url: str
    match: Match | None
    """None for one that is not in it."""
    told: Explanation | None


@dataclass(frozen=True, slots=True)
class Looked:
    """All that is shown of a choice."""

    choice: Choice
    days: tuple[date, ...]
    """To choose from, newest first."""
    readers: tuple[Reader, ...] = ()
    many: bool = False
    """Whether there are more readers than these, and it is not said who of them has an edition."""
    seen: Seen | None = None
    mail: Opened | None = None
    judgements: tuple[Judgement, ...] = ()
    came: tuple[Came, ...] = ()
    missed: tuple[Came, ...] = ()
    notes: tuple[str, ...] = ()
    """What is going on, one sentence each."""
    faults: tuple[str, ...] = ()
    """What is wrong, one line each, with file and line."""


class Desk:
    """Looks at editions, and knows when something has changed."""

    def __init__(self, settings: Callable[[], Settings], order: Order, opener: Opener = open_app) -> None:
        self._parts = Parts(settings, opener)
        self._order = order
        self._asking: Background[Hashable, None] = Background()
        self._looking: Background[tuple[Choice, str], Looked] = Background()
        self._readers: tuple[Reader, ...] = ()
        self._kept: dict[Choice, Looked] = {}

    def close(self) -> None:
        """Closes what was opened."""
        self._parts.close()

    @property
    def name(self) -> str:
        """What the newsletter is called."""
        return self._parts.app.settings.name

    def version(self) -> str:
        """Changes when there is something else to see: a file, the archive's days, or what took long is done."""
        return f"{self._state()}-{self._looking.late}"

    def _state(self) -> str:
        known = (self._parts.files(), self._parts.app.archive.days(), self._asking.finished())
        return hashlib.sha256(repr(known).encode()).hexdigest()[:16]

    def days(self, chosen: date) -> tuple[date, ...]:
        """The days that can be looked at: those of the archive, today and the chosen one, newest first."""
        app = self._parts.app
        return tuple(sorted({*app.archive.days(), app.clock().date(), chosen}, reverse=True))

    def usual(self) -> Choice:
        """What is shown to whoever chose nothing: the latest day that has papers."""
        app = self._parts.app
        past = [day for day in app.archive.days() if day <= app.clock().date()]
        return Choice(self._order.date or (past[-1] if past else app.clock().date()), self._order.only or "")

    def look(self, choice: Choice) -> Looked | None:
        """What there is to see now; None if it takes long: then `version` changes when it is done."""
        key = choice, (state := self._state())
        self._looking.forget(lambda old: old[1] != state)  # nobody came back for it
        job = self._looking.start(key, "making the editions", lambda: self._looked(choice))
        if not job.waited(PATIENCE):
            return None
        self._looking.forget(lambda old: old == key)
        if job.result is None:
            return Looked(choice, self.days(choice.day), faults=(job.error,))
        if len(self._kept) >= KEPT:
            self._kept.clear()
        self._kept[choice] = self._kept[job.result.choice] = job.result
        return job.result

    def kept(self, choice: Choice) -> Looked | None:
        """The same as it was last looked at, for the panes of a page."""
        return self._kept.get(choice) or self.look(choice)

    def _looked(self, choice: Choice) -> Looked:
        looked = Looked(choice, self.days(choice.day))
        try:
            app = self._parts.fresh()
            looked = self._made(app, looked, offer := offered(app, choice))
            self._readers = offer.readers()
        except NewsletterError as error:
            looked = replace(looked, faults=tuple(str(error).splitlines()), readers=looked.readers or self._readers)
        return replace(looked, notes=(*looked.notes, *self._going_on()), days=self.days(choice.day))

    def _going_on(self) -> tuple[str, ...]:
        running = (f"{what[:1].upper()}{what[1:]} …" for what in self._asking.running())
        return (*running, *self._asking.failed())

    # -- one look

    def _made(self, app: App, looked: Looked, offer: Offer) -> Looked:
        choice, now = looked.choice, app.clock()
        looked = replace(looked, readers=offer.readers(), many=offer.many)
        if offer.many and offer.chosen is None:
            return replace(looked, faults=(_nobody(choice),))
        composer = Composer(app)
        dues = list(chain.from_iterable(waiting(app, now, offer.order(choice.day))))
        found = {seen.edition.subscriber.key: seen for seen in look_again(app, now, dues, composer)}
        looked = replace(looked, readers=offer.readers(found))
        chosen = offer.seen(choice.reader, found)
        if chosen is None:
            return replace(looked, faults=(_nobody(choice),))
        subscriber = asked_for(app.roster(), chosen.edition.subscriber.key)
        looked = replace(
            looked,
            choice=replace(choice, reader=subscriber.email),
            seen=chosen,
            came=_came(app, composer, chosen, subscriber),
            missed=_missed(app, composer, chosen, subscriber),
            notes=_cadence(subscriber, choice.day),
        )
        return _rendered(app, looked, chosen)

    # -- asking the sources

    def ask(self, choice: Choice) -> None:
        """Has the sources asked for what the archive lacks of a day, once; what answers at once is waited for."""
        try:
            app = self._parts.fresh()
            now = app.clock()
            offer = offered(app, choice)
            if offer.many and offer.chosen is None:
                return
            dues = list(chain.from_iterable(waiting(app, now, offer.order(choice.day))))
            libraries = app.roster().libraries()
        except NewsletterError:
            return  # looking says it
        names, job = app.settings.sources, None
        wanted = lacking(app, dues)
        if dues and not _is_known(app, dues):
            model = [app.summaries.endpoint.model] if app.summaries else []
            what = f"asking {', '.join([*names, *model])} for {choice.day}"
            job = self._asking.start((choice.day, names), what, lambda: _gather(app, dues, now))
        for name in (one for one in libraries if zotero.known(one, app.archive.answers) is None):
            if not self._asking.running():
                job = self._asking.start(name, f"asking for {name}", partial(_ask, app, name, now))
        if wanted and not self._asking.running():
            what = "looking up example papers"
            job = self._asking.start(wanted, what, lambda: look_up_examples(wanted, app.archive, app.reach, now, names))
        if job is not None:
            job.done.wait(SOON)


# -- who there is to choose from


@dataclass(frozen=True, slots=True)
class Offer:
    """The readers to choose from: everybody, or the first of many."""

    people: tuple[Subscriber, ...]
    many: bool
    chosen: Subscriber | None
    """Whose edition is shown of many; None where nobody is found."""

    def order(self, day: date) -> Order:
        """Whose editions are made."""
        return Order(day, self.chosen.key if self.many and self.chosen else None)

    def readers(self, found: Mapping[str, Seen] | None = None) -> tuple[Reader, ...]:
        """Them with what is known of their editions."""
        return tuple(Reader(one.email, one.name, _mark((found or {}).get(one.key))) for one in self.people)

    def seen(self, reader: str, found: Mapping[str, Seen]) -> Seen | None:
        """The edition that is shown."""
        if self.chosen:
            return found.get(self.chosen.key)
        if not reader:
            going = (seen for one in self.people if (seen := found.get(one.key)) and not seen.fate)
            return next(going, next(iter(found.values()), None))
        return next((found.get(one.key) for one in self.people if reader in (one.key, one.email)), None)


def offered(app: App, choice: Choice) -> Offer:
    """Who there is to choose from. Of many no more are read than are shown."""
    roster = app.roster()
    first = tuple(islice(roster, MARKED + 1))
    if len(first) <= MARKED:
        return Offer(first, many=False, chosen=None)
    letters = folded(choice.letters)
    people = tuple(roster.beginning(letters, OFFERED)) if letters else first[:OFFERED]
    named = roster.named(choice.reader) if choice.reader else None
    if named is None or not folded(named.email).startswith(letters):
        named = None if choice.reader and not letters else next(iter(people), None)
    if named and named not in people:
        people = (named, *people)
    return Offer(people, many=True, chosen=named)


def _ask(app: App, library: str, now: datetime) -> None:
    """Asks a library that the file names since this preview began."""
    zotero.ask(library, app.archive, app.reach, now, app.settings.sources)


def _gather(app: App, dues: Sequence[Due], now: datetime) -> None:
    """Asks the sources and, where one is set, the language model; what they say is kept in the archive."""
    needs = needs_of(app, [dues])
    if needs is None:
        return
    collected = gather(app, needs, now)
    if app.summaries:
        digests = Digests(app, now)
        for due in dues:
            digests.at(due.start)
    if collected.all_broken:
        told, day = collected.states[0].detail, dues[0].start.period.day
        raise SourceError(
            f"{day}: no source answered, so this is what the archive has; start again to ask again: {told}"
        )


def _is_known(app: App, dues: Sequence[Due]) -> bool:
    """Whether the archive has all that these editions cover for good; files on this machine are always asked."""
    names, last = app.settings.sources, max(due.start.period.day for due in dues)
    first = min(min(due.start.since for due in dues), last - DAY)
    days = (first + n * DAY for n in range((last - first).days + 1))
    here = any(name.startswith("file:") for name in names)
    return not here and all(app.archive.is_complete(day, names) for day in days)


# -- what is said of an edition


def _nobody(choice: Choice) -> str:
    if choice.letters:
        return f"no subscriber's address begins with '{choice.letters}'; write other letters"
    if choice.reader:
        return f"subscribers.yaml: there is no subscriber '{choice.reader}'; choose another"
    return "subscribers.yaml: nobody is listed; add `- email: ...` under `subscribers:`"


def _mark(seen: Seen | None) -> str:
    if seen is None:
        return ""
    state = re.split(r"[: ]", seen.fate)[0]
    papers = len(list(seen.edition.matches))
    number = f"{papers} paper{'s' if papers != 1 else ''}"
    if not state or state in ("quiet", "paused", "suppressed", "skipped"):
        return state or number
    return f"{number}, {state}"


def _cadence(subscriber: Subscriber, day: date) -> tuple[str, ...]:
    if periods.falls_on(subscriber.cadence, day):
        return ()
    told = f"By {subscriber.email}'s cadence ({subscriber.cadence.kind}) no edition falls on this day"
    return (f"{told}; `send --date` sends one all the same.",)


def _came(app: App, composer: Composer, seen: Seen, reader: Subscriber) -> tuple[Came, ...]:
    matches = list(seen.edition.matches)
    ids = [match.paper.id for match in matches]
    told = {one.paper: one for one in explained_each(app, composer, seen, reader, ids)}
    return tuple(
        Came(card(match.paper).title, card(match.paper).url, match, told.get(match.paper.id)) for match in matches
    )


def _missed(app: App, composer: Composer, seen: Seen, reader: Subscriber) -> tuple[Came, ...]:
    papers = [candidate.paper for candidate in seen.edition.missed]
    told = {one.paper: one for one in explained_each(app, composer, seen, reader, [paper.id for paper in papers])}
    return tuple(Came(card(paper).title, card(paper).url, None, told.get(paper.id)) for paper in papers)


def _rendered(app: App, looked: Looked, seen: Seen) -> Looked:
    try:
        mail = opened(render(app, seen).mime)
    except NewsletterError as error:  # why papers came can be said even so
        return replace(looked, faults=tuple(str(error).splitlines()))
    titles = [came.title for came in (*looked.came, *looked.missed)]
    return replace(looked, mail=mail, judgements=judge(mail, titles))
