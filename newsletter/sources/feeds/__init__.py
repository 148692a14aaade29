"""Feeds of any kind, read into listings: RSS, Atom and JSON Feed, damaged or not. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import TypeAlias

from newsletter.models import Fetched, Listing
from newsletter.sources.feeds import entry, json_feed, webpage, xml
from newsletter.sources.fields import Unusable, first_faults, gather

MOST_ENTRIES = 2_000
"""Entries read of a feed; arXiv's own end there (2026-11), a blog's hold tens."""

_Raw: TypeAlias = dict[str, object]


def parse(body: bytes, address: str, content_type: str, today: date) -> Fetched:
    """The listings of a feed that was read from `address`, on their own days, the latest `today` (UTC).

    An entry without a date, or with one in the future, has no day. Raises Unusable for what is no feed.
    """
    if page := webpage.described(body, address):
        raise Unusable(page)
    read = json_feed.entries if json_feed.is_one(body) else xml.entries
    entries, damage = read(body, address, content_type)
    if damage and not entries:
        raise Unusable(f"{damage}, and no entry of it can be read")
    kept = entries[:MOST_ENTRIES]
    faults = [f"{damage}; what could be read of it is used" if damage else "", _left_out(entries)]
    faults += [_not_yet(kept, today), entry.forget_shared(kept)]
    places = ((f"entry {number}", values) for number, values in enumerate(kept, 1))
    found = gather(places, lambda fields: entry.read(fields, address, today))
    listings = _once(found.listings)
    return Fetched(listings, first_faults([*filter(None, faults), *found.faults]))


def _left_out(entries: Sequence[_Raw]) -> str:
    more = len(entries) - MOST_ENTRIES
    return f"it has {len(entries):,} entries; the last {more:,} are left out" if more > 0 else ""


def _not_yet(entries: Sequence[_Raw], today: date) -> str:
    """Says that dates are ahead of us by more than a time zone may explain."""
    later = [day for one in entries if (day := str(one.get("date") or "")) > (today + timedelta(days=1)).isoformat()]
    if not later:
        return ""
    return f"entries are dated up to {max(later)[:10]} ({len(later)}): each is listed on the day it was first seen"


def _once(listings: Sequence[Listing]) -> tuple[Listing, ...]:
    """Each paper once, as its first entry has it, on the first day that an entry has for it."""
    papers: dict[str, Listing] = {}
    for one in listings:
        known = papers.setdefault(one.paper.id, one)
        if known.day and one.day and one.day < known.day:
            papers[one.paper.id] = replace(known, day=one.day)
    return tuple(papers.values())
