"""bioRxiv and medRxiv: what was posted on a day, in all subjects or some; and which older papers got a newer version.

Both answer at one address. What is known of it: its help page (api.biorxiv.org/details/medrxiv/help, read 2026-11), and
where that is silent what others measured, as said below.
"""

from __future__ import annotations

import re
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import date, timedelta
from difflib import get_close_matches
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from newsletter import http, text
from newsletter.errors import NotYet, SettingsError, SourceError
from newsletter.models import Fetched, Listing, Paper
from newsletter.sources.fields import (
    LONGEST_LINE,
    MOST_NAMES,
    Fields,
    Unusable,
    decode,
    fields_of,
    first_faults,
    from_json,
    gather,
    kind_of,
    numbered,
    once,
    paper_id,
)
from newsletter.sources.reach import Reach

MAX_BYTES = 5_000_000
"""A larger page is not read: the 100 papers that the help page promises are about 0.3 MB."""
MOST_PAGES = 60
"""Of a day. A busy day has about 300 records, in pages of 30: 5,906 in a month (bioRxiv, measured 2026-09)."""
MOST_RECORDS = 1_000
"""Of a page; 100 are promised, and 30 come (measured 2026-07)."""
TIME = timedelta(minutes=4)
"""For all pages of a day."""
PAUSE = timedelta(seconds=1)
"""Between two requests of ours. No limit is told; a second is what clients keep (rbiorxiv, 2021)."""
NEW_YORK: Final = ZoneInfo("America/New_York")
"""Where they are run; their days are taken to be that place's, which no page says (2026-11)."""

_NOTHING = re.compile(r"no (posts|articles|papers|results) found", re.IGNORECASE)
"""What it says with HTTP 200 of a day without papers (rbiorxiv issue 2, 2021; medrxivr issue 19, 2021)."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of an answer."""

    found: tuple[Listing, ...] = ()
    """Every version of a paper, each on its own day."""
    faults: tuple[str, ...] = ()
    records: int = 0
    """How many papers the page has, those that cannot be read too: the next page begins so much later."""
    total: int | None = None
    """How many there are on all pages, as far as it says so: it has said more than there were (2021)."""


def parse(body: bytes) -> Page:
    """The papers of an answer of `/details`. Raises Unusable for what is none, and for an error in its place."""
    answer = fields_of(from_json(decode(body)))
    told = next(iter(answer.each("messages")), Fields({}))
    status, collection = told.line("status"), answer.values.get("collection")
    if _NOTHING.fullmatch(status) and not collection:
        return Page()
    if status != "ok":
        raise Unusable(f"it says {status!r}" if status else "it does not say `ok`")
    if not isinstance(collection, list):
        raise Unusable(f"`collection` is not a list but {kind_of(collection)}")
    if len(collection) > MOST_RECORDS:
        raise Unusable(f"a page has {len(collection):,} papers")
    read = gather(numbered(collection), _listing)
    return Page(read.listings, read.faults, len(collection), told.count("total"))


@dataclass(frozen=True, slots=True)
class Server:
    """One of the two, as the address calls it and as people do, with its subjects."""

    name: str
    title: str
    subjects: frozenset[str]
    endpoint: str = "https://api.biorxiv.org"

    def fetch(self, argument: str, day: date, reach: Reach) -> Fetched:
        """What was posted on a day in these subjects: first versions are listed, later ones only revised.

        Never a paper of another day in its place: a day without papers is quiet. Raises SettingsError for what is no
        subject, NotYet for a day that has not begun in New York, SourceError when the first page cannot be read. A
        later page that cannot be read is a fault: the papers before it are used.
        """
        wanted = self._wanted(argument)
        if day > _today(reach):
            raise NotYet(f"{self.title} has no {day} yet: its days begin at midnight in New York; ask again later")
        ends = reach.patience.clock() + TIME.total_seconds()
        read = [self._all_pages(subject, day, ends, reach) for subject in wanted or ("",)]
        found = [one for some, _ in read for one in some if one.day and one.day <= day]
        listed = tuple(filter(_is_new, found))
        revised = tuple(one.paper for one in found if not _is_new(one))
        faults = [fault for _, told in read for fault in told]
        quiet = "" if any(one.day == day for one in listed) else self._quiet(wanted, day, reach)
        return Fetched(listed, first_faults(faults), revised, quiet)

    def check(self, argument: str, reach: Reach) -> str:
        """How many papers yesterday had, in a sentence; SourceError when nobody answers."""
        day = _today(reach) - timedelta(days=1)
        found = self.fetch(argument, day, reach)
        papers, newer = _many(len(found.listings), "paper"), _many(len(found.revised), "newer version")
        faults = f"; {found.faults[0]}" if found.faults else ""
        return f"{self._host} answers: {found.quiet or f'{self.title} posted {papers} and {newer} on {day}'}{faults}"

    def hosts(self, argument: str, reach: Reach) -> tuple[str, ...]:
        """The one host that is asked."""
        self._wanted(argument)
        return (self._host,)

    # -- subjects

    def _wanted(self, argument: str) -> tuple[str, ...]:
        """The subjects, each once: `cell-biology`; none is all of them. They may be typed as they are printed."""
        parts = argument.split("+") if argument else []
        return tuple(
            dict.fromkeys(_slug(part) if _slug(part) in self.subjects else self._refuse(part) for part in parts)
        )

    def _refuse(self, part: str) -> str:
        near = get_close_matches(_slug(part), sorted(self.subjects), n=1, cutoff=0.5)
        example = f"write subjects with + between them: {self.name}:{'+'.join(sorted(self.subjects)[:2])}"
        shown = text.line(part, limit=60)
        what = f"{shown!r} is not a subject of {self.title}" if shown else "a subject is missing"
        raise SettingsError(f"sources: {self.name}: {what}; {f'did you mean {near[0]}?' if near else example}")

    def _quiet(self, wanted: tuple[str, ...], day: date, reach: Reach) -> str:
        where = f" in {'+'.join(wanted)}" if wanted else ""
        return f"{self.title} posted no new papers{where} on {day}{' so far' if day == _today(reach) else ''}"

    # -- asking

    def _all_pages(self, subject: str, day: date, ends: float, reach: Reach) -> tuple[list[Listing], list[str]]:
        """The versions posted on a day in a subject, and what is missing of them."""
        found: dict[tuple[str, int | None], Listing] = {}
        faults: list[str] = []
        start, total, why = 0, None, ""
        for _ in range(MOST_PAGES):
            try:
                page = self._page(subject, day, start, ends, reach)
            except SourceError as error:
                if not start:
                    raise
                why = f": {error}"
                break
            new = _versions(page.found)
            if new.keys() <= found.keys():  # the end, or the same once more
                break
            found |= new
            faults += page.faults
            start, total = start + page.records, page.total
            if total is not None and start >= total:
                break
        else:
            why = f": it has more than {MOST_PAGES} pages"
        if why or (total is not None and start < total):
            faults.append(f"papers of {day} may be missing, {start} of {total or 'more'} came{why}")
        return [one for one in found.values() if _is_in(subject, one.paper)], faults

    def _page(self, subject: str, day: date, start: int, ends: float, reach: Reach) -> Page:
        """A page; SourceError when it has papers and not one of them can be read."""
        left = ends - reach.patience.clock()
        if left <= 0:
            raise SourceError(f"{self._place}: {day} took more than {TIME.total_seconds():g} s; ask again later")
        response = self._ask(f"{day}/{day}/{start}/json", subject, timedelta(seconds=left), reach)
        try:
            page = parse(response.body)
        except Unusable as error:
            raise SourceError(f"{self._place}: {day}: {error}; ask again later") from error
        if page.records and not page.found:
            raise SourceError(f"{self._place}: no paper of {day} can be read ({page.faults[0]}); ask again later")
        if page.total and not page.records and not start:
            raise SourceError(f"{self._place}: {day} has {page.total} papers, and none of them came; ask again later")
        return page

    def _ask(self, path: str, subject: str, left: timedelta, reach: Reach) -> http.Response:
        """Asks in our turn; a subject has underscores there (its help page)."""
        patience, turns = reach.patience, reach.turns

        def turn() -> AbstractContextManager[None]:
            return turns.of(self._host, PAUSE, patience.total) if turns else nullcontext()

        return http.get(
            reach.client,
            f"{self.endpoint}/details/{self.name}/{path}",
            params={"category": subject.replace("-", "_")} if subject else None,
            headers={"User-Agent": reach.introduction},
            patience=replace(patience, total=min(patience.total, left), turn=turn),
            largest=MAX_BYTES,
        )

    @property
    def _host(self) -> str:
        return urlsplit(self.endpoint).netloc

    @property
    def _place(self) -> str:
        return f"{self._host}/details/{self.name}"


def _listing(fields: Fields) -> Listing:
    """One version of a paper: `date` is the day on which this version was posted, `authors` are `Last, F.; Last, F.`"""
    title, day, version = fields.line("title"), fields.day("date"), fields.version("version")
    if day is None:
        raise Unusable("no date")
    return Listing(
        Paper(
            id=paper_id(fields.line("doi"), title),
            title=title,
            abstract=fields.text("abstract"),
            authors=once(map(_name, fields.text("authors").split(";")[:MOST_NAMES])),
            published=day if version in (None, 1) else None,
            keywords=fields.names("category"),
            version=version,
        ),
        day,
    )


def _name(written: str) -> str:
    """`I. Example` of `Example, I.`; a group's name as it is."""
    family, comma, given = text.line(written, limit=LONGEST_LINE).partition(",")
    return f"{given.strip()} {family.strip()}".strip() if comma and "," not in given else " ".join(written.split())


def _versions(found: tuple[Listing, ...]) -> dict[tuple[str, int | None], Listing]:
    return {(one.paper.id, one.paper.version): one for one in found}


def _is_new(listing: Listing) -> bool:
    return listing.paper.version in (None, 1)


def _is_in(subject: str, paper: Paper) -> bool:
    return not subject or not paper.keywords or _slug(paper.keywords[0]) == subject


def _slug(written: str) -> str:
    """`cell-biology` of `Cell Biology`, `hiv-aids` of `HIV/AIDS`."""
    return "-".join(re.findall("[a-z]+", written.lower()))


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _today(reach: Reach) -> date:
    return reach.now().astimezone(NEW_YORK).date()


BIORXIV: Final = Server(
    "biorxiv",
    "bioRxiv",
    frozenset(
        "animal-behavior-and-cognition biochemistry bioengineering bioinformatics biophysics cancer-biology cell-biology"
        " clinical-trials developmental-biology ecology epidemiology evolutionary-biology genetics genomics immunology"
        " microbiology molecular-biology neuroscience paleontology pathology pharmacology-and-toxicology physiology"
        " plant-biology scientific-communication-and-education synthetic-biology systems-biology zoology".split()
    ),
)
MEDRXIV: Final = Server(
    "medrxiv",
    "medRxiv",
    frozenset(
        "addiction-medicine allergy-and-immunology anesthesia cardiovascular-medicine dentistry-and-oral-medicine"
        " dermatology emergency-medicine endocrinology epidemiology forensic-medicine gastroenterology"
        " genetic-and-genomic-medicine geriatric-medicine health-economics health-informatics health-policy"
        " health-systems-and-quality-improvement hematology hiv-aids infectious-diseases"
        " intensive-care-and-critical-care-medicine medical-education medical-ethics nephrology neurology nursing"
        " nutrition obstetrics-and-gynecology occupational-and-environmental-health oncology ophthalmology orthopedics"
        " otolaryngology pain-medicine palliative-medicine pathology pediatrics pharmacology-and-therapeutics"
        " primary-care-research psychiatry-and-clinical-psychology public-and-global-health radiology-and-imaging"
        " rehabilitation-medicine-and-physical-therapy respiratory-medicine rheumatology"
        " sexual-and-reproductive-health sports-medicine surgery toxicology transplantation urology".split()
    ),
)
"""The subjects have no address of their own; these are what the servers' front pages list, as copied by
github.com/cyanheads/biorxiv-mcp-server (src/services/biorxiv, 2026-07)."""
