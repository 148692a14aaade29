"""Which of Hugging Face's lists a source's name means: a day's, a week's, what is trending or found. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches

from newsletter import text
from newsletter.errors import SettingsError
from newsletter.models import Listing
from newsletter.sources.fields import Fields

DAILY, SEARCH = "/api/daily_papers", "/api/papers/search"
LONGEST_SEARCH = 250
"""Characters (hub API, 2026-10); so is the most of a search's answer, 120 papers."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a list is asked for, and what its papers' days are."""

    ask: Callable[[str, date], dict[str, str]]
    day: Callable[[Listing, date], date | None]
    value: str = ""
    """What to write behind `=`, where something has to."""
    path: str = DAILY
    past: bool = True
    """Whether there are lists of past days; else there is only what it shows now."""
    whole: bool = False
    """Whether it is one page."""
    keeps: Callable[[str, Fields], bool] | None = None
    """Which papers of the list are meant, by the value."""


def _asked(listing: Listing, day: date) -> date:
    return day


def _week_of(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def _in_week(listing: Listing, day: date) -> date:
    """Its own day; where it does not say, as none did before 2025-03, the week's first."""
    year, week, _ = day.isocalendar()
    return listing.day or date.fromisocalendar(year, week, 1)


def _by(value: str, paper: Fields) -> bool:
    inner = paper.inner("paper") or paper
    people = [inner.inner("submittedOnDailyBy"), paper.inner("submittedBy")]
    return _among(value, [person.line(key) for person in people if person for key in ("user", "name", "fullname")])


def _of(value: str, paper: Fields) -> bool:
    inner = paper.inner("paper") or paper
    found = (holder.inner(key) for holder in (inner, paper) for key in ("organization", "submitterOrganization"))
    return _among(value, [one.line(key) for one in found if one for key in ("name", "fullname")])


def _among(value: str, names: list[str]) -> bool:
    return value.casefold() in map(str.casefold, names)


KINDS: dict[str, _Kind] = {
    "daily": _Kind(lambda _, day: {"date": day.isoformat()}, _asked),
    "weekly": _Kind(lambda _, day: {"week": _week_of(day)}, _in_week),
    "monthly": _Kind(lambda _, day: {"month": f"{day:%Y-%m}"}, lambda one, day: one.day or day.replace(day=1)),
    "trending": _Kind(lambda *_: {"sort": "trending"}, lambda *_: None, past=False, whole=True),
    "search": _Kind(
        lambda words, _: {"q": words, "limit": "120"},
        lambda one, _: one.day or one.paper.published,
        value="WORDS",
        path=SEARCH,
        past=False,
        whole=True,
    ),
    # Organisations are no parameter of the list (2026-10); a submitter is, but one that is not understood is ignored.
    "organization": _Kind(lambda _, day: {"date": day.isoformat()}, _asked, value="NAME", keeps=_of),
    "submitter": _Kind(lambda name, day: {"date": day.isoformat(), "submitter": name}, _asked, value="NAME", keeps=_by),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A list, by its kind and value: `search` and `flow matching`."""

    kind: str
    value: str = ""

    @property
    def _is(self) -> _Kind:
        return KINDS[self.kind]

    @property
    def path(self) -> str:
        return self._is.path

    @property
    def past(self) -> bool:
        return self._is.past

    @property
    def whole(self) -> bool:
        return self._is.whole

    def query(self, day: date) -> dict[str, str]:
        """What the list of a day, or of its week or month, is asked for with."""
        return self._is.ask(self.value, day)

    def day(self, listing: Listing, day: date) -> date | None:
        """The day that a paper of the list was listed on; None is the day that we saw it first."""
        return self._is.day(listing, day)

    def keeps(self, paper: object) -> bool:
        """Whether a paper of the list is meant; what is no paper is kept, to be named."""
        keeps = self._is.keeps
        return keeps is None or not isinstance(paper, dict) or keeps(self.value, Fields(paper))


def wanted(argument: str) -> Wanted:
    """The list that `huggingface:ARGUMENT` means. Raises SettingsError with the cure."""
    kind, _, value = argument.partition("=")
    value = text.line(value.replace("+", " "), limit=LONGEST_SEARCH)
    known = KINDS.get(kind or "daily")
    if known and bool(value) == bool(known.value):
        return Wanted(kind or "daily", value)
    shown = f"sources: {text.line('huggingface:' + argument, limit=100)!r} cannot be used"
    if known:
        raise SettingsError(f"{shown}; write {_usage(kind)}")
    close = get_close_matches(kind.lower(), KINDS, n=1)
    raise SettingsError(f"{shown}; " + (f"did you mean {_usage(close[0])}?" if close else f"known: {usages()}"))


def usages() -> str:
    """Every list, as a name of the settings."""
    return ", ".join(map(_usage, KINDS))


def _usage(kind: str) -> str:
    value = KINDS[kind].value
    return f"huggingface:{kind}={value}" if value else f"huggingface:{kind}"
