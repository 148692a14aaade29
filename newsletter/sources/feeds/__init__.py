"""Feeds of any kind, read into listings: RSS, Atom and JSON Feed, damaged or not. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from newsletter.models import Fetched, Listing
from newsletter.sources.feeds import entry, json_feed, webpage, xml
from newsletter.sources.feeds.entry import Entries
from newsletter.sources.fields import Unusable, first_faults, gather


def parse(body: bytes, address: str, content_type: str, today: date) -> Fetched:
    """The listings of a feed that was read from `address`, on their own days, the latest `today` (UTC).

    An entry without a date, or with one in the future, has no day. Raises Unusable for what is no feed.
    """
    if page := webpage.described(body, address):
        raise Unusable(page)
    read = json_feed.entries if json_feed.is_one(body) else xml.entries
    entries = read(body, address, content_type)
    if entries.damage and not entries.found:
        raise Unusable(f"{entries.damage}, and no entry of it can be read")
    told = (_damaged(entries), _left_out(entries), _not_yet(entries, today), entry.forget_shared(entries.found))
    places = ((f"entry {number}", values) for number, values in enumerate(entries.found, 1))
    found = gather(places, lambda fields: entry.read(fields, address, today))
    return Fetched(_once(found.listings), first_faults([*filter(None, told), *found.faults]))


def _damaged(entries: Entries) -> str:
    return f"{entries.damage}; what could be read of it is used" if entries.damage else ""


def _left_out(entries: Entries) -> str:
    more = entries.number - len(entries.found)
    return f"it has {entries.number:,} entries; the last {more:,} are left out" if more else ""


def _not_yet(entries: Entries, today: date) -> str:
    """Says that dates are ahead of us by more than a time zone may explain."""
    later = [
        day for one in entries.found if (day := str(one.get("date") or "")) > (today + timedelta(days=1)).isoformat()
    ]
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
