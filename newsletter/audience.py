"""Who gets an edition now, what theirs starts from, and the rows that freeze them in the ledger; a page at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from heapq import heappush, heapreplace
from itertools import chain

from newsletter import periods, warmup
from newsletter.alarms import NO_SOURCE
from newsletter.app import App
from newsletter.collect import can_look_up, unknown_examples
from newsletter.digest import DAY, Digests, Start
from newsletter.errors import SettingsError
from newsletter.ledger import History, Planned
from newsletter.models import Addressee, Digest, Period, Schedule, Subscriber
from newsletter.periods import Timed
from newsletter.readership import Readership
from newsletter.records import addressee, on_schedule

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


@dataclass(frozen=True, slots=True)
class Due:
    """Readers for whom it is time, and what the editions of all of them have in common."""

    schedule: Schedule
    start: Start
    paused_until: date | None
    readers: Mapping[str, str]
    """Their addresses, by their keys."""
    examples: frozenset[str]
    """The papers that they named as examples."""


def who_is_due(
    app: App,
    now: datetime,
    order: Order,
    roster: Readership | None = None,
    schedules: Iterable[str] | None = None,
    mark: int | None = None,
) -> Iterator[list[Due]]:
    """Who is to be planned for now, some hundreds or thousands at a time.

    With schedules, only who has one of these, and who signed up since the mark.
    """
    roster = app.roster() if roster is None else roster  # whether anybody is in it would be asked of everybody
    pages = roster.addressees() if schedules is None else roster.on(schedules)
    if mark is not None:
        pages = chain(pages, roster.since(mark))
    for page in pages if order.only is None else [[addressee(asked_for(roster, order.only))]]:
        if found := _due_among(app, page, now, order):
            yield found


def asked_for(roster: Readership, name: str) -> Subscriber:
    """Who has this key or address; SettingsError where nobody has."""
    found = roster.named(name)
    if found is None:
        raise SettingsError(f"no subscriber '{name}'; `newsletter subscribers list` shows them")
    return found


def _due_among(app: App, some: Sequence[Addressee], now: datetime, order: Order) -> list[Due]:
    """Those of these readers for whom it is time, together as far as they have schedule, history and pause in common."""
    schedules = {name: on_schedule(name) for name in {one.schedule for one in some}}
    days = {name: order.date or periods.latest_day(one, now) for name, one in schedules.items()}
    told = app.ledger.histories(app.occasion, app.occasions, {one.key: days[one.schedule] for one in some})
    number = {key: n for n, (_, whose) in enumerate(told) for key in whose}
    groups: dict[tuple[int, str, date | None], list[Addressee]] = {}
    for one in some:
        groups.setdefault((number[one.key], one.schedule, one.paused_until), []).append(one)
    found = []
    for (n, name, paused), readers in groups.items():
        history, schedule = told[n][0], schedules[name]
        if order.date is not None:
            period: Period | None = periods.period_on(schedule.cadence, order.date)
        else:
            period = periods.due(schedule, now, history.planned)
        if period is not None:
            examples = frozenset().union(*[one.examples for one in readers])
            addresses = {one.key: one.email for one in readers}
            found.append(Due(schedule, start(schedule, period, history), paused, addresses, examples))
    return found


def start(schedule: Timed, period: Period, history: History) -> Start:
    """Where an edition starts: after the last one that the reader got, else with the first that was tried.

    What those before the first would have shown that were skipped or failed is still to be shown. Where papers come
    after a reader's hour, as bioRxiv's do in Europe, each would be too quiet, and there would never be a first one.
    """
    earliest = period.day - LONGEST_GAP + DAY
    if history.cut_off is None:
        # Sources count days in UTC: at eight in Tokyo it is still the day before, and the list of today has not begun.
        since = min(period.since, periods.moment(schedule, period.day).date())
        return Start(period, min(since, max(history.tried, earliest)) if history.tried else since, None, None)
    day, at = history.cut_off
    since = day + DAY
    return Start(period, max(since, earliest), at, since if since < earliest else None)


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
    starts: set[Start] = set()
    examples: set[str] = set()
    for page in pages:
        starts |= {due.start for due in page}
        examples |= lacking(app, page)
    if not starts:
        return None
    spans = {span for start in starts if (span := start.followed_up) is not None}
    back = {first + n * DAY for first, last in spans for n in range((last - first).days + 1)}
    since, until = min(start.since for start in starts), max(start.period.day for start in starts)
    return Needs(since, until, tuple(sorted(back)), frozenset(examples))


def lacking(app: App, page: Sequence[Due]) -> frozenset[str]:
    """The papers among the readers' examples and feedback that the archive lacks and that can be looked up."""
    if not can_look_up(app.settings.sources):
        return frozenset()
    rated = app.feedback.papers([key for due in page for key in due.readers])
    return frozenset(unknown_examples(rated.union(*[due.examples for due in page]), app.archive))


# -- plan


def plan(app: App, pages: Iterable[Sequence[Due]], now: datetime, order: Order) -> int:
    """Freezes the audience: one row each, with the digest it will be made from; returns how many are new.

    Every page is one commit. Who was not planned before a crash is due still, and is planned by the next run.
    """
    digests, kept, number = Digests(app, now), set[str](), 0
    held = warmup.held_until(app, now)
    for page in pages:
        planned, names = list[Planned](), _references(app, page)
        for due in page:
            digest = digests.at(due.start)
            if digest.id not in kept:
                app.archive.save_digest(digest)
                kept.add(digest.id)
            planned.append(_planned(app, names, due, digest, now, _skip(app, due, now, order), held))
        number += app.ledger.plan(planned, now, app.engine.beside if app.engine else None)
    return number


def give_up_on_late(app: App, pages: Iterable[Sequence[Due]], now: datetime) -> None:
    """Editions that no source gave anything for, for too long, are given up; their papers come with the next."""
    patience = app.settings.give_up_after
    for page in pages:
        late = [due for due in page if now - periods.moment(due.schedule, due.start.period.day) > patience]
        names = _references(app, late)
        app.ledger.plan([_planned(app, names, due, None, now, NO_SOURCE) for due in late], now)


def _references(app: App, dues: Iterable[Due]) -> Mapping[str, str]:
    return app.references([key for due in dues for key in due.readers])


def _skip(app: App, due: Due, now: datetime, order: Order) -> str:
    """Why these readers get nothing this time; empty when they do."""
    day = due.start.period.day
    if is_paused(due, day):
        return f"paused until {due.paused_until}"
    if order.date is None and now - periods.moment(due.schedule, day) > app.settings.max_age:
        return f"too old: was due on {day}"
    return ""


def is_paused(one: Due | Subscriber, day: date) -> bool:
    """Whether nothing is wanted on that local day."""
    return one.paused_until is not None and day < one.paused_until


def _planned(
    app: App,
    names: Mapping[str, str],
    due: Due,
    digest: Digest | None,
    now: datetime,
    skip: str,
    held: datetime | None = None,
) -> Planned:
    """What is planned for them; held back, where a new sender begins slowly."""
    period = due.start.period
    over = periods.held_at_most_until if held and not skip else periods.give_up_at
    return Planned(
        period=period.name,
        occasion=app.occasion,
        day=period.day,
        since=period.since,
        digest=digest.id if digest else "",
        cut_off=(digest.day, digest.until) if digest else None,
        give_up_at=over(due.schedule, period.day, now),
        readers=[(key, address, names[key]) for key, address in due.readers.items()],
        skip=skip,
        held_until=None if skip else held,
    )
