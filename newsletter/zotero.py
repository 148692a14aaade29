"""Zotero libraries as examples: asked for what changed in them, and known while Zotero does not answer.

Facts about Zotero are from zotero.org/support/dev/web_api/v3/basics and .../local_api, read 2026-11.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from newsletter import http, sources
from newsletter.answers import Answer, Answers
from newsletter.archive import Archive
from newsletter.errors import SourceError
from newsletter.identity import LONG_TITLE, arxiv_id, title_id, title_key
from newsletter.library import zotero
from newsletter.library.entries import Entry, Library
from newsletter.library.zotero import Item, Page
from newsletter.models import Paper
from newsletter.sources.reach import Reach

log = logging.getLogger("newsletter.zotero")

KEY: Final = "ZOTERO_API_KEY"
MOST: Final = 200
"""Papers of a library that are examples, those that were added last: what its reader reads now."""
FRESH_FOR = timedelta(hours=1)
"""A library that answered so lately is not asked again for an edition."""
HASTE = timedelta(minutes=1)
"""For all pages that examples take; an edition can do without."""
PAGE: Final = 100
"""Items; no answer has more."""
MOST_PAGES: Final = 500
"""Of a library that is read whole."""
LOCAL: Final = 23119
"""The port of Zotero's own program on this machine. It wants no key, may send all items whatever was asked for, and its
versions do not count what it has not uploaded yet (zotero/zotero issue 5011, 2026-11): what it says is not remembered."""
_REFUSALS: Final = (400, 403, 404)

Progress = Callable[[str, int, int], None]


class _Refused(SourceError):
    """This library is not for us, and that says nothing of others."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a library held when it last answered."""

    papers: tuple[str, ...]
    """Canonical ids, those that were added last first."""
    items: int
    """How many there are in it, of which papers are a part."""
    at: datetime
    """When it last said so (UTC)."""


def known(name: str, answers: Answers) -> Known | None:
    """What is known of a library; None where it never answered. Nobody is asked."""
    kept = answers.find(name)
    if kept is None:
        return None
    papers, items = json.loads(kept.body)
    return Known(tuple(papers), items, kept.fetched_at)


def renew(
    names: Iterable[str], archive: Archive, reach: Reach, at: datetime, asked: Sequence[str] = ()
) -> frozenset[str]:
    """Asks the libraries of these names what they hold now, and keeps that; returns the arXiv ids that are to be looked up.

    `asked` are the sources, of which some know papers by their ids. What does not answer is said in the log, and what it
    last told stays known: nothing depends on it.
    """
    hasty = replace(reach, patience=replace(reach.patience, attempts=2, total=HASTE))
    wanted: set[str] = set()
    for name in names:
        before = known(name, archive.answers)
        if before and before.at <= at < before.at + FRESH_FOR:
            continue
        try:
            wanted |= ask(name, archive, hasty, at, asked)
        except SourceError as error:
            log.warning("%s: %s; %s", name, error, _meanwhile(before))
            if not isinstance(error, _Refused):
                break  # the others would wait for the same host
    return frozenset(wanted)


def ask(name: str, archive: Archive, reach: Reach, at: datetime, asked: Sequence[str] = ()) -> set[str]:
    """The same for one library. Raises SourceError; what it told before stays known."""
    looked_up = bool(sources.libraries(asked))
    entries, items = _newest(name, reach)
    papers = tuple(dict.fromkeys(_examples(entries, archive, at, looked_up)))
    archive.answers.keep(name, Answer(json.dumps([papers, items]).encode(), "", "", at))
    if not papers:
        log.warning("%s: none of its %d items is known by an id or has an abstract, so it is no example", name, items)
    wanted = set(filter(arxiv_id, papers)) if looked_up else set()
    return wanted - set(archive.find(sorted(wanted))) - archive.missing()


def check(name: str, archive: Archive, reach: Reach) -> str:
    """Whether a library answers and what it holds, in a sentence. Raises SourceError."""
    try:
        entries, items = _newest(name, reach)
    except SourceError as error:
        raise SourceError(f"{error}; {_meanwhile(known(name, archive.answers))}") from error
    some = "the papers" if len(entries) < MOST else f"the last {MOST} papers"
    return f"{host(reach)} answers: {items:,} items; {some} that were added, {len(entries)}, are examples"


def host(reach: Reach) -> str:
    """Who is asked."""
    return urlsplit(reach.zotero).netloc


def read(name: str, reach: Reach, progress: Progress = lambda *_: None) -> Library:
    """All papers of a library.

    Raises SourceError; what was read until then is kept, and the next time goes on behind it.
    """
    items: list[Item] = []
    came = 0
    try:
        for page in _pages(name, reach):
            items += page.items
            came += page.number
            progress("items read", came, max(came, page.total or 0))
    except SourceError as error:
        raise type(error)(f"{error} ({came:,} items came, and are kept)" if came else str(error)) from error
    return zotero.library(items)


def _newest(name: str, reach: Reach) -> tuple[list[Entry], int]:
    """The entries that can be examples, those that were added last first, and how many items the library has."""
    found: list[Entry] = []
    items = 0
    for page in _pages(name, reach):
        found += filter(_can_be_example, zotero.library(page.items).entries)
        items = page.total if page.total is not None else items + page.number
        if len(found) >= MOST:
            break
    return found[:MOST], items


def _can_be_example(entry: Entry) -> bool:
    return bool(entry.ids) or _tells_itself(entry)


def _tells_itself(entry: Entry) -> bool:
    return bool(entry.abstract) and len(title_key(entry.title).split()) >= LONG_TITLE


def _examples(entries: Sequence[Entry], archive: Archive, at: datetime, looked_up: bool) -> Iterator[str]:
    """The id of each as an example.

    What no source can be asked for has its text from the library, and goes by its title: should a source bring the
    paper one day, the source's word counts.
    """
    by_id = archive.find(sorted({id_ for entry in entries for id_ in entry.ids}))
    by_title = archive.find_titles(entry.title for entry in entries)
    for entry in entries:
        found = next((by_id[id_] for id_ in entry.ids if id_ in by_id), by_title.get(title_key(entry.title)))
        if found:
            yield found.id
        elif (entry.ids and (not entry.abstract or (looked_up and arxiv_id(entry.ids[0])))) or not _tells_itself(entry):
            yield from entry.ids[:1]
        else:
            paper = Paper(title_id(entry.title), entry.title, entry.abstract, keywords=entry.keywords)
            archive.keep(paper, at)
            yield paper.id


def _meanwhile(before: Known | None) -> str:
    if before is None:
        return "until it answers, interests go without its papers"
    return f"the {len(before.papers)} papers that it told of on {before.at:%Y-%m-%d} are used"


# -- asking


def _pages(name: str, reach: Reach) -> Iterator[Page]:
    """The pages of a library, the items that were added last first; who has enough asks for no more."""
    ends = reach.patience.clock() + reach.patience.total.total_seconds()
    start, version, wait, last = 0, "", 0.0, None
    for _ in range(MOST_PAGES):
        kept = _kept(name, start, reach)
        if kept is None or not version or kept.etag != version:
            _pause(wait, ends, reach)
            answer = _ask(name, start, kept, ends, reach)
            wait = _backoff(answer)
            kept = _keep(name, start, kept, answer, reach)
            version = version or kept.etag
        page = zotero.from_json(kept.body)
        if page == last:  # whoever cannot count pages begins again
            return
        yield page
        start += page.number
        if start >= page.total if page.total is not None else page.number != PAGE:
            return
        last = page
    log.warning("%s: has more than %d items; the others are left out", name, MOST_PAGES * PAGE)


def _address(name: str, start: int, reach: Reach) -> str:
    return f"{reach.zotero}/{zotero.path_of(name)}/items/top?start={start}"


def _kept(name: str, start: int, reach: Reach) -> Answer | None:
    return reach.answers.find(_address(name, start, reach)) if reach.answers and not _is_local(reach) else None


def _ask(name: str, start: int, kept: Answer | None, ends: float, reach: Reach) -> http.Response:
    """Asks for a page, unless the library is as it was: of that tells its version, one number for all of it."""
    variable = _variable(name, reach)
    headers = {"Zotero-API-Version": "3", "User-Agent": reach.introduction}
    headers |= {"Zotero-API-Key": reach.secret(variable)} if variable else {}
    headers |= {"If-Modified-Since-Version": kept.etag} if kept and kept.etag else {}
    wanted = {"format": "json", "limit": str(PAGE), "start": str(start), "sort": "dateAdded", "direction": "desc"}
    left = timedelta(seconds=max(0.0, ends - reach.patience.clock()))
    answer = http.get(
        reach.client,
        f"{reach.zotero}/{zotero.path_of(name)}/items/top",
        params=wanted,
        headers=headers,
        patience=replace(reach.patience, total=left),
        answers=(200, 304, *_REFUSALS) if "If-Modified-Since-Version" in headers else (200, *_REFUSALS),
    )
    if answer.status in _REFUSALS:
        cure = _cure(answer.status, variable, reach)
        raise _Refused(f"{host(reach)}/{zotero.path_of(name)}: HTTP {answer.status}; {cure}")
    return answer


def _keep(name: str, start: int, kept: Answer | None, answer: http.Response, reach: Reach) -> Answer:
    """The page that was answered, as it is kept, with the library's version."""
    if kept and answer.status == 304:
        now = replace(kept, fetched_at=reach.now())
    else:
        try:
            page = zotero.page(answer.body, _whole(answer, "total-results"))
        except ValueError as error:
            cure = "check ZOTERO_ENDPOINT, or ask again later"
            raise SourceError(f"{host(reach)}/{zotero.path_of(name)}: {error}; {cure}") from error
        version = _whole(answer, "last-modified-version")
        now = Answer(zotero.as_json(page), "" if version is None else str(version), "", reach.now())
    if reach.answers and now.etag and not _is_local(reach):
        reach.answers.keep(_address(name, start, reach), now)
    return now


def _variable(name: str, reach: Reach) -> str:
    """Which variable has the key for a library: its owner's own, else the one for all; empty where there is none."""
    return next((one for one in (f"{KEY}_{zotero.owner(name)}", KEY) if reach.secret(one)), "")


def _cure(status: int, variable: str, reach: Reach) -> str:
    if status == 404:
        return "there is no such library or collection: check its number and its key"
    if status == 400:
        return "it does not understand that; of this machine's own Zotero write zotero:users/0"
    if _is_local(reach):
        return "allow other applications to communicate with Zotero: Settings, Advanced"
    page = "https://www.zotero.org/settings/keys"
    if variable:
        return f"the key in {variable} may not read it: give it leave on {page}"
    return f"it is not public: make a key that may read it on {page}, and put it into secrets.env as {KEY}=..."


def _is_local(reach: Reach) -> bool:
    return urlsplit(reach.zotero).port == LOCAL


def _backoff(answer: http.Response) -> float:
    """Seconds to wait before the next request; servers under load say so with any answer."""
    return float(_whole(answer, "backoff") or 0)


def _pause(seconds: float, ends: float, reach: Reach) -> None:
    if seconds and reach.patience.clock() + seconds > ends:
        raise SourceError(f"{host(reach)}: asks to be left alone for {seconds:g} s; ask again later")
    if seconds:
        reach.patience.sleep(seconds)


def _whole(answer: http.Response, header: str) -> int | None:
    written = answer.headers.get(header, "").strip()
    return int(written) if re.fullmatch(r"[0-9]{1,15}", written) else None
