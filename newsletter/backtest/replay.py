"""What subscribers would have been sent on past days, replayed from the archive alone.

No source is asked, the ledger is not read, and no edition is recorded. Every day's list is taken whole, as
`send --date` takes it; upvotes, feedback, and how telling a term is, are what is known now.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from newsletter import periods
from newsletter.app import App
from newsletter.audience import LONGEST_GAP, is_paused, start
from newsletter.compose import Composer
from newsletter.digest import DAY, Digests, Start
from newsletter.editing.edit import quiet_reason
from newsletter.errors import SettingsError
from newsletter.ledger import History
from newsletter.models import Edition, Period, SectionKind, Subscriber
from newsletter.sending import Progress

DIGESTS = 20  # a composer keeps what it made of each, some megabytes: after so many a new one begins


@dataclass(frozen=True, slots=True)
class Shown:
    """A paper in a replayed edition."""

    id: str
    title: str
    kind: SectionKind
    section: str
    score: float
    reasons: tuple[str, ...]
    listed: date


@dataclass(frozen=True, slots=True)
class Replayed:
    """An edition as it would have been; without abstracts, so that a year of them is small."""

    period: Period
    quiet: str
    """Why it would not have been sent; empty when it would."""
    papers: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Replay:
    """One subscriber's editions, oldest first."""

    subscriber: Subscriber
    editions: tuple[Replayed, ...]

    @property
    def sent(self) -> list[Replayed]:
        return [edition for edition in self.editions if not edition.quiet]

    @property
    def papers(self) -> Iterator[Shown]:
        """Every paper, in the order in which they came; each comes once."""
        return (paper for edition in self.editions for paper in edition.papers)


@dataclass(frozen=True, slots=True)
class Backtest:
    """What became of every subscriber in these days."""

    since: date
    until: date
    lacking: tuple[date, ...]
    """The days that the archive knows nothing of."""
    replays: dict[Subscriber, Replay]

    @property
    def days(self) -> int:
        """How many days were replayed."""
        return (self.until - self.since).days + 1 - len(self.lacking)


def replayed(
    app: App,
    since: date,
    until: date | None,
    subscribers: Iterable[Subscriber],
    progress: Progress = lambda *_: None,
) -> Backtest:
    """Replays the days from `since` to `until`: by default to today when it was listed already, else yesterday.

    Subscribers of several files may be given together: who is the same in both is replayed once. Raises
    `SettingsError` for days to come, and when nothing was listed on any of the days.
    """
    days = _span(app, since, until)
    known = _known(app, days)
    readers = {subscriber: _Reader() for subscriber in subscribers}
    _replay(app, readers, days, known, progress)
    lacking = tuple(day for day in days if day not in known)
    return Backtest(days[0], days[-1], lacking, {one: reader.replay(one) for one, reader in readers.items()})


# -- which days


def _span(app: App, since: date, until: date | None) -> list[date]:
    listed, today = app.archive.days(), app.clock().astimezone(UTC).date()
    last = until or (today if today in listed else max(today - DAY, since))
    for name, day in (("since", since), ("until", last)):
        if day > today:
            raise SettingsError(f"--{name} {day} is in the future; today is {today}")
    if since > last:
        raise SettingsError(f"--since {since} is after --until {last}; exchange the two")
    if not any(since <= day <= last for day in listed):
        cure = f"`newsletter fetch --since {since}` collects them"
        raise SettingsError(f"the archive has no paper listed from {since} to {last}; {cure}")
    return _days(since, last)


def _days(first: date, last: date) -> list[date]:
    return [first + n * DAY for n in range((last - first).days + 1)]


def _known(app: App, days: Sequence[date]) -> frozenset[date]:
    """Which days were listed, or asked for and found quiet; back to where a period of the first day may begin."""
    listed = frozenset(app.archive.days())
    return frozenset(day for day in _days(days[0] - LONGEST_GAP, days[-1]) if day in listed or _was_quiet(app, day))


def _was_quiet(app: App, day: date) -> bool:
    return any(state.state in ("ok", "quiet") for state in app.archive.collected(day))


# -- day by day


@dataclass
class _Reader:
    """What a subscriber has got so far."""

    history: History = field(default_factory=History)
    seen: frozenset[str] = frozenset()
    editions: list[Replayed] = field(default_factory=list)

    def get(self, edition: Edition, quiet: str, now: datetime) -> None:
        """After a quiet one everything stays as it was: what it would have shown is still to be shown."""
        period, papers = edition.period, () if quiet else tuple(_shown(edition))
        self.editions.append(Replayed(period, quiet, papers))
        if not quiet:
            self.history = History(period.day, (period.day, now))
            self.seen |= {paper.id for paper in papers}

    def replay(self, subscriber: Subscriber) -> Replay:
        return Replay(subscriber, tuple(self.editions))


def _shown(edition: Edition) -> Iterator[Shown]:
    for section in edition.sections:
        for match in section.matches:
            paper, listed = match.paper, match.candidate.day
            yield Shown(
                paper.id, paper.title, section.kind, section.title, match.score, tuple(map(str, match.reasons)), listed
            )


def _replay(
    app: App, readers: dict[Subscriber, _Reader], days: Sequence[date], known: Collection[date], progress: Progress
) -> None:
    app = replace(app, summaries=None)  # what is shown does not change what is chosen
    now, composer, made = app.clock(), Composer(app), 0
    for number, day in enumerate(days, 1):
        digests = Digests(app, now)
        for begin, group in _due(readers, day, known).items():
            for subscriber in group:
                reader, key = readers[subscriber], subscriber.key
                [edition] = composer.editions(digests.at(begin), [(subscriber, begin.period)], {key: reader.seen})
                reader.get(edition, quiet_reason(edition, app.settings.min_papers), now)
            made += 1
            composer = composer if made % DIGESTS else Composer(app)
        progress("replay", number, len(days))


def _due(readers: dict[Subscriber, _Reader], day: date, known: Collection[date]) -> dict[Start, list[Subscriber]]:
    """Where the editions of that day start, and whose they are: unless nothing is known of their period."""
    found: dict[Start, list[Subscriber]] = {}
    for subscriber, reader in readers.items():
        if periods.falls_on(subscriber.cadence, day) and not is_paused(subscriber, day):
            begin = start(subscriber, periods.period_on(subscriber.cadence, day), reader.history)
            found.setdefault(begin, []).append(subscriber)
    return {one: some for one, some in found.items() if any(d in known for d in _days(one.period.since, day))}
