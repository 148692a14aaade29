"""Everybody as the operator sees them, of the files and signed up, whether they get editions or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from newsletter.models import Subscriber, Suppression
from newsletter.readers.overrides import Changed, Overrides, overridden
from newsletter.readers.signups import Signup, Signups, Status
from newsletter.readers.suppressions import THEIR_NO, Suppressions
from newsletter.subscribers import Entry, Roster
from newsletter.typed import folded


@dataclass(frozen=True, slots=True)
class Listed:
    """Somebody, and how it stands with them."""

    subscriber: Subscriber
    """With what they changed themselves."""
    status: Status
    suppressed: Suppression | None = None
    """Why they are not written to, if so."""
    entry: Entry | None = None
    """Where they stand in the files, and as those have them; None for who signed up alone."""
    signup: Signup | None = None
    """None for who stands in the files; of one by name also where they stand in both."""
    changed: Changed | None = None
    """What a reader of the files changed on the web."""
    erased: bool = False
    """A reader of the files who had everything about them erased."""


class Census:
    """Lists and finds them. Whoever stands in the files and signed up too is one, as the files have them."""

    def __init__(self, file: Roster, overrides: Overrides, signups: Signups, suppressions: Suppressions) -> None:
        self._file, self._overrides = file, overrides
        self._signups, self._suppressions = signups, suppressions

    def pages(self, status: Status | None = None) -> Iterator[list[Listed]]:
        """Everybody, or those of a status: the files in their order, then sign-ups by key; some hundreds at a time."""
        entered = (self._entered(page) for page in self._file.entries())
        signed_up = (self._signed_up(page) for page in self._signups.listed(status))
        for page in chain(entered, signed_up):
            if found := [one for one in page if status in (None, one.status)]:
                yield found

    def named(self, name: str) -> Listed | None:
        """Who has this key or this address."""
        if entry := self._file.entry(name):
            [found] = self._entered([entry])
            return replace(found, signup=self._signups.at(entry.subscriber.email))
        signup = self._signups.get(name) or self._signups.at(name)
        return next(iter(self._signed_up([signup])), None) if signup else None

    def _entered(self, page: Sequence[Entry]) -> list[Listed]:
        addresses = [folded(one.subscriber.email) for one in page]
        changed = self._overrides.of([one.subscriber.key for one in page])
        no, gone = self._suppressions.among(addresses), self._signups.erased_among(addresses)
        return [
            _of_the_files(entry, changed.get(entry.subscriber.key, {}), no.get(address), erased=address in gone)
            for entry, address in zip(page, addresses, strict=True)
        ]

    def _signed_up(self, page: Sequence[Signup]) -> list[Listed]:
        """Those who do not stand in the files too."""
        address = {one.key: folded(one.subscriber.email) for one in page}
        twins = self._file.known(list(address.values()))
        no: Mapping[str, Suppression] = self._suppressions.among([address[one.key] for one in page if one.suppressed])
        return [
            Listed(one.subscriber, one.status, no.get(address[one.key]), signup=one)
            for one in page
            if address[one.key] not in twins
        ]


def _of_the_files(entry: Entry, changed: Changed, no: Suppression | None, *, erased: bool) -> Listed:
    left = erased or (no is not None and no.reason in THEIR_NO)
    subscriber = overridden(entry.subscriber, changed)
    return Listed(subscriber, "unsubscribed" if left else "confirmed", no, entry, changed=changed, erased=erased)
