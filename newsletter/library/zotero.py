"""Which Zotero library a name means, and what a page of its items says. No I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from newsletter.library import csl
from newsletter.library.entries import Library

Item: TypeAlias = Mapping[str, Any]

_NAME = re.compile(r"zotero:(users|groups)/([1-9][0-9]{0,11}|0)(?:/collections/([A-Z0-9]{8}))?")
_WEB = re.compile(
    r"https?://(?:www\.)?zotero\.org/groups/([0-9]{1,12})(?:/[^/]+)?(?:/collections/([A-Z0-9]{8}))?(?:/.*)?",
    re.IGNORECASE,
)
_CURE: Final = (
    "write zotero:users/12345, zotero:groups/678, or either with /collections/ABCD2345 behind it, as a collection's "
    "address ends; your number stands on https://www.zotero.org/settings/keys"
)
_READ: Final = ("itemType", "title", "abstractNote", "DOI", "url", "extra", "archiveID", "date", "tags")
"""The fields that are looked at; notes and links to files are nobody's business."""


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a library, the items that were added last first."""

    items: tuple[Item, ...]
    number: int
    """How many items it came with: the next page begins so much later."""
    total: int | None
    """How many there are on all pages, if it says so."""


def is_name(text: str) -> bool:
    """Whether a text is a library's name as `name_in` writes it."""
    return text.startswith("zotero:")


def name_in(text: str) -> str:
    """`zotero:users/12345/collections/ABCD2345` for a library, or a group's address on the web; empty for what is none.

    Raises ValueError for what is meant as one and cannot be used.
    """
    typed = text.strip().rstrip("/")
    if found := _WEB.fullmatch(typed):
        collection = f"/collections/{found[2].upper()}" if found[2] else ""
        return f"zotero:groups/{found[1]}{collection}"
    if _NAME.fullmatch(typed):
        return typed
    if re.match(r"zotero:|https?://(www\.)?zotero\.org/", typed, re.IGNORECASE):
        raise ValueError(f"{typed[:100]!r} names no Zotero library; {_CURE}")
    return ""


def path_of(name: str) -> str:
    """`users/12345/collections/ABCD2345` of `zotero:users/12345/collections/ABCD2345`."""
    return name.removeprefix("zotero:")


def owner(name: str) -> str:
    """The number of the user or group."""
    return path_of(name).split("/")[1]


def page(body: bytes, total: int | None) -> Page:
    """What a page of `items/top?format=json` says. Raises ValueError for what is none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ValueError("what it answers is not JSON") from error
    if not isinstance(found, list):
        raise ValueError("what it answers is no list of items")
    told = [one["data"] for one in found if isinstance(one, dict) and isinstance(one.get("data"), dict)]
    return Page(tuple({key: one[key] for key in _READ if key in one} for one in told), len(found), total)


def as_json(page: Page) -> bytes:
    """A page as it is kept."""
    return json.dumps([page.items, page.number, page.total]).encode()


def from_json(body: bytes) -> Page:
    """A page that was kept."""
    items, number, total = json.loads(body)
    return Page(tuple(items), number, total)


def library(items: Iterable[Item]) -> Library:
    """The papers among the items; what is neither known by an id nor by a title is counted."""
    return replace(csl.parse(json.dumps(list(items))), format="Zotero")
