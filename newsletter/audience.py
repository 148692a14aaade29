"""Who gets an edition now, what theirs starts from, and the rows that freeze them in the ledger; a page at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from heapq import heappush, heapreplace
from itertools import chain

from newsletter import periods, warmup
from newsletter.alarms import NO_SOURCE
from newsletter.app import App
from newsletter.collect import can_look_up, unknown_examples
from newsletter.digest import DAY, Digests, Due
from newsletter.errors import SettingsError
from newsletter.ledger import Key, LastEdition, Planned
from newsletter.models import Digest, Period, Schedule, Subscriber
from newsletter.readership import Readership

LONGEST_GAP = 31 * DAY


@dataclass(frozen=True, slots=True)
class Order:
    """What a person asked for; by default nothing: whoever is due gets an edition."""

    date: date | None = None
    """An edition of this local date for everybody, whatever the hour and the cadence."""
    only: str | None = None
    """Only this subscriber, by key or address."""
    wait: timedelta = timedelta(0)
    """How long to stay and try again whom the provider refuses for the moment."""
    patience: timedelta | None = None
    """How long to wait for workers on other machines; None: until they are done."""


# -- who is due


class Served:
    """What a scheduler remembers from tick to tick: whose moment has come and not been served, and when the others' comes.

    With it a tick looks only at those whose moment has come, and at who signed up since; the others cost nothing.
    Forgetting it, a file that changed and a clock that was set back cost one look at everybody; the ledger alone knows
    who was planned.
    """

    def __init__(self) -> None:
        self._roster = ""
        self._now = datetime.min.replace(tzinfo=UTC)
        self._schedules: dict[str, Schedule] = {}
        self._known = 0  # the mark up to which the schedules of sign-ups are known
        self._coming: list[tuple[datetime, str]] = []  # a heap: the next moment of each schedule
        self._waiting: dict[str, date] = {}
        self.mark: int | None = None
        """Of the roster, when it was last looked at: later sign-ups have not been."""

    def waiting(self, roster: Readership, now: datetime) -> dict[str, date]:
        """The schedules whose moment has come since, and the day of their latest edition."""
        mark = roster.mark()
        if (version := roster.version()) != self._roster or now < self._now:
            self._roster, self._waiting, self._schedules, self._coming = version, {}, {}, []
            self._know(roster, mark)
        elif mark != self._known:
            self._know(roster, mark)
        self._now = now
        while self._coming and self._coming[0][0] <= now:
            name = self._coming[0][1]
            self._waiting[name] = day = periods.latest_day(self._schedules[name], now)
            heapreplace(self._coming, (periods.next_moment(self._schedules[name], day), name))
        return dict(self._waiting)

    def _know(self, roster: Readership, mark: int) -> None:
        """Learns of schedules that were not there; the first look at one is at everybody who has it."""
        self._known = mark
        for name, schedule in roster.schedules().items():
            if name not in self._schedules:
                self._schedules[name] = schedule
                heappush(self._coming, (datetime.min.replace(tzinfo=UTC), name))

    def note(self, planned: Mapping[str, date], mark: int | None = None) -> None:
        """Everybody of these schedules was planned up to that day, and every sign-up up to that mark."""
        self.mark = self.mark if mark is None else mark
        for name, day in planned.items():
            if self._waiting.get(name) == day:
                del self._waiting[name]

    def nobody_before(self, roster: Readership, now: datetime, until: datetime) -> bool:
        """Whether nobody's moment comes until then."""
        self.waiting(roster, now)
        return not self._coming or self._coming[0][0] > until


def who_is_due(
    app: App,
    now: datetime,
    order: Order,
    roster: Readership | None = None,
    schedules: Iterable[str] | None = None,
    mark: int | None = None,
) -> Iterator[list[Due]]:
    """The subscribers whose edition is to be planned now, some hundreds at a time.

    With schedules, only who has one of these, and who signed up since the mark.
    """
    roster = app.roster() if roster is None else roster  # whether anybody is in it would be asked of everybody
    pages = roster.pages() if schedules is None else roster.on(schedules)
    if mark is not None:
        pages = chain(pages, roster.since(mark))
    for page in pages if order.only is None else [[_asked_for(roster, order.only)]]:
        if found := due_among(app, page, now, order):
            yield found


def _asked_for(roster: Readership, name: str) -> Subscriber:
    found = roster.named(name)
    if found is None:
        raise SettingsError(f"no subscriber '{name}'; `newsletter subscribers list` shows them")
    return found


def due_among(app: App, some: Sequence[Subscriber], now: datetime, order: Order) -> list[Due]:
    """Those of these subscribers whose edition is to be planned now."""
    if order.date is not None:
        return starts(app, [(one, periods.period_on(one.cadence, order.date)) for one in some])
    planned = app.ledger.last_periods(app.occasion, [one.key for one in some])
    found = ((one, periods.due(one, now, planned.get(one.key))) for one in some)
    return starts(app, [(one, period) for one, period in found if period is not None])


def starts(app: App, found: Sequence[tuple[Subscriber, Period]]) -> list[Due]:
    """Where each edition starts: after the subscriber's last one, else with the first period that was tried."""
    days = {s.key: period.day for s, period in found}
    last = app.ledger.last_editions(app.occasions, days)
    tried = app.ledger.first_tries(app.occasions, {key: day for key, day in days.items() if key not in last})
    return [start(one, period, last.get(one.key), tried.get(one.key)) for one, period in found]


def start(subscriber: Subscriber, period: Period, last: LastEdition | None, tried: date | None = None) -> Due:
    """Where an edition starts, for somebody whose last one ended there; None for a first edition.

    `tried` is where the first of those before it started that were skipped or failed: what they would have shown is
    still to be shown. Where papers come after a reader's hour, as bioRxiv's do in Europe, each would be too quiet, and
    there would never be a first one.
    """
    earliest = period.day - LONGEST_GAP + DAY
    if last is None:
        # Sources count days in UTC: at eight in Tokyo it is still the day before, and the list of today has not begun.
        since = min(period.since, periods.moment(subscriber, period.day).date())
        return Due(subscriber, period, min(since, max(tried, earliest)) if tried else since, None, None)
    since = last.cut_off_day + DAY
    return Due(subscriber, period, max(since, earliest), last.cut_off_at, since if since < earliest else None)


# -- what their editions take


@dataclass(frozen=True, slots=True)
class Needs:
    """What the editions of an audience take from the sources."""

    since: date
    """The first listing day that is new to somebody."""
    until: date
    """The last day of an edition."""
    back: tuple[date, ...]
    """The listing days that they follow up, in order."""
    examples: frozenset[str]
    """The papers among their examples that the archive lacks."""


def needs_of(app: App, pages: Iterable[Sequence[Due]]) -> Needs | None:
    """What these editions take; None where there is no edition."""
    since: set[date] = set()
    until: set[date] = set()
    spans: set[tuple[date, date]] = set()
    examples: set[str] = set()
    for page in pages:
        since |= {due.since for due in page}
        until |= {due.period.day for due in page}
        spans |= {span for due in page if (span := due.followed_up) is not None}
        examples |= lacking(app, [due.subscriber for due in page])
    if not until:
        return None
    back = {first + n * DAY for first, last in spans for n in range((last - first).days + 1)}
    return Needs(min(since), max(until), tuple(sorted(back)), frozenset(examples))


def lacking(app: App, readers: Sequence[Subscriber]) -> frozenset[str]:
    """The papers among the readers' examples and feedback that the archive lacks and that can be looked up."""
    if not can_look_up(app.settings.sources):
        return frozenset()
    return frozenset(unknown_examples(readers, app.archive, app.feedback.papers([reader.key for reader in readers])))


# -- plan


def plan(app: App, pages: Iterable[Sequence[Due]], now: datetime, order: Order) -> int:
    """Freezes the audience: one row each, with the digest it will be made from; returns how many are new.

    Every page is one commit. Who was not planned before a crash is due still, and is planned by the next run.
    """
    digests, kept, number = Digests(app, now), set[str](), 0
    held = warmup.held_until(app, now)
    for page in pages:
        rows, names = [], app.references([due.subscriber.key for due in page])
        for digest, group in digests.of(page):
            if digest.id not in kept:
                app.archive.save_digest(digest)
                kept.add(digest.id)
            rows += [
                _held(_planned(app, names, due, digest, now, _skip(app, due, now, order)), due, now, held)
                for due in group
            ]
        number += app.ledger.plan(rows, now, app.engine.beside if app.engine else None)
    return number


def _held(row: Planned, due: Due, now: datetime, until: datetime | None) -> Planned:
    """Held back, where a new sender begins slowly."""
    if until is None or row.skip:
        return row
    over = periods.held_at_most_until(due.subscriber, due.period.day, now)
    return replace(row, held_until=until, give_up_at=over)


def give_up_on_late(app: App, pages: Iterable[Sequence[Due]], now: datetime) -> None:
    """Editions that no source gave anything for, for too long, are given up; their papers come with the next."""
    patience = app.settings.give_up_after
    for page in pages:
        late = [due for due in page if now - periods.moment(due.subscriber, due.period.day) > patience]
        names = app.references([due.subscriber.key for due in late])
        app.ledger.plan([_planned(app, names, due, None, now, NO_SOURCE) for due in late], now)


def _skip(app: App, due: Due, now: datetime, order: Order) -> str:
    """Why this subscriber gets nothing this time; empty when they do."""
    if is_paused(due.subscriber, due.period.day):
        return f"paused until {due.subscriber.paused_until}"
    if order.date is None and now - periods.moment(due.subscriber, due.period.day) > app.settings.max_age:
        return f"too old: was due on {due.period.day}"
    return ""


def is_paused(subscriber: Subscriber, day: date) -> bool:
    """Whether the subscriber wants nothing on that local day."""
    return subscriber.paused_until is not None and day < subscriber.paused_until


def _planned(app: App, names: Mapping[str, str], due: Due, digest: Digest | None, now: datetime, skip: str) -> Planned:
    subscriber, period = due.subscriber, due.period
    return Planned(
        key=Key(subscriber.key, period.name, app.occasion),
        day=period.day,
        since=period.since,
        address=subscriber.email,
        reference=names[subscriber.key],
        digest=digest.id if digest else "",
        cut_off=(digest.day, digest.until) if digest else None,
        give_up_at=periods.give_up_at(subscriber, period.day, now),
        skip=skip,
    )
