"""Everybody who reads: the subscribers of the file as they changed themselves on the web, and who signed up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TypeVar

from newsletter.models import Addressee, Schedule, Subscriber
from newsletter.readers.overrides import Overrides, moves, overridden
from newsletter.readers.signups import Signups
from newsletter.records import addressee, on_schedule, schedule_of
from newsletter.subscribers import Roster
from newsletter.typed import folded

T = TypeVar("T", Subscriber, Addressee)


class Readership:
    """Answers what a `Roster` answers; a page at a time, for it may be more than memory holds.

    Whoever stands in the file and signed up too is one reader, as the file has them.
    """

    def __init__(self, file: Roster, overrides: Overrides, signups: Signups) -> None:
        self.file = file
        self._overrides = overrides
        self._signups = signups

    def __len__(self) -> int:
        return len(self.file) + self._signups.number() - sum(1 for _ in self.twins())

    def __iter__(self) -> Iterator[Subscriber]:
        """Everybody: the file in its order, then sign-ups by their keys."""
        for page in self.pages():
            yield from page

    def pages(self) -> Iterator[list[Subscriber]]:
        """Everybody in that order, some hundreds at a time."""
        return _filled(chain(map(self._changed, self.file.pages()), map(self._alone, self._signups.pages())))

    def addressees(self) -> Iterator[list[Addressee]]:
        """What planning takes of everybody in that order, some hundreds or thousands at a time."""
        of_file = ([addressee(one) for one in self._changed(page)] for page in self.file.pages())
        return _filled(chain(of_file, map(self._alone, self._signups.addressees())))

    def version(self) -> str:
        """Changes with the file, and with what its readers change of when they read.

        Not with sign-ups: of millions somebody signs up all the time. Those since a `mark` are told by `since`.
        """
        return f"{self.file.version()} {self._overrides.version()}"

    def mark(self) -> int:
        """Grows whenever a sign-up becomes a reader, or reads at other times."""
        return self._signups.mark()

    def since(self, mark: int) -> Iterator[list[Addressee]]:
        """The same of the sign-ups that did so since the mark was that."""
        return _filled(map(self._alone, self._signups.since(mark)))

    def schedules(self) -> dict[str, Schedule]:
        """Each time zone, hour and cadence that somebody has, by a name."""
        moved = {schedule_of(one) for page in self._moved() for one in page}
        return self._signups.schedules() | {name: on_schedule(name) for name in moved} | self.file.schedules()

    def on(self, schedules: Iterable[str]) -> Iterator[list[Addressee]]:
        """The same of who has one of these schedules."""
        names = list(schedules)
        wanted = set(names)

        def here(page: list[Subscriber]) -> list[Addressee]:
            return [one for one in map(addressee, page) if one.schedule in wanted]

        def stayed(page: list[Subscriber]) -> list[Addressee]:
            """Without who moved: they come by themselves."""
            changed = self._overrides.of([one.key for one in page])
            return [addressee(one) for one in self._changed(page) if not moves(changed.get(one.key, {}))]

        return _filled(
            chain(
                map(stayed, self.file.on(names)),
                map(here, self._moved()),
                (self._alone(page) for name in names for page in self._signups.on(name)),
            )
        )

    def find(self, keys: Sequence[str]) -> dict[str, Subscriber]:
        """Those of these keys who are there."""
        named = self.file.find(keys)
        found = {one.key: one for one in self._changed(list(named.values()))}
        if rest := [key for key in keys if key not in named]:
            found |= {one.key: one for one in self._alone(list(self._signups.find(rest).values()))}
        return found

    def named(self, name: str) -> Subscriber | None:
        """Who has this key or this address."""
        if (found := self.file.named(name)) is not None:
            return next(iter(self._changed([found])), None)
        signed_up = self._signups.get(name) or self._signups.at(name)
        return signed_up.subscriber if signed_up and signed_up.status != "unconfirmed" else None

    def beginning(self, letters: str, number: int) -> list[Subscriber]:
        """The first so many whose address begins with these letters: of the file, then sign-ups, each by address."""
        start = folded(letters)
        found = self._changed(self.file.beginning(start, number))
        return (found + self._alone(self._signups.beginning(start, number)))[:number]

    def looks(self) -> list[tuple[str, str]]:
        """The designs and languages that they read, each pair once."""
        return sorted({*self.file.looks(), *self._signups.looks()})

    def libraries(self) -> tuple[str, ...]:
        """The names of the libraries that examples in the file are in, in order."""
        return self.file.libraries()

    def twins(self) -> Iterator[str]:
        """The addresses of readers who signed up and stand in the file too."""
        for page in self.file.pages():
            yield from self._signups.among([folded(one.email) for one in page])

    def erased(self) -> Iterator[str]:
        """The addresses in the file whose owners had everything about them erased: they are not written to."""
        for page in self.file.pages():
            yield from self._signups.erased_among([one.email for one in page])

    def _changed(self, page: list[Subscriber]) -> list[Subscriber]:
        """Readers of the file as they changed themselves, but for those who said that they want to be forgotten."""
        changed = self._overrides.of([one.key for one in page])
        gone = self._signups.erased_among([one.email for one in page])
        return [overridden(one, changed.get(one.key, {})) for one in page if not gone or folded(one.email) not in gone]

    def _alone(self, page: list[T]) -> list[T]:
        """Sign-ups but for those who stand in the file too."""
        twins = self.file.known([folded(one.email) for one in page])
        return [one for one in page if folded(one.email) not in twins] if twins else page

    def _moved(self) -> Iterator[list[Subscriber]]:
        """Readers of the file who changed when they read."""
        for page in self._overrides.moved():
            yield self._changed(list(self.file.find([key for key, _ in page]).values()))


def _filled(pages: Iterator[list[T]]) -> Iterator[list[T]]:
    return (page for page in pages if page)
