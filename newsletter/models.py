"""The nouns: values that every other room passes around. No I/O."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Literal, NamedTuple, TypeAlias

Threshold: TypeAlias = Literal["loose", "normal", "strict"]
Verdict: TypeAlias = Literal["more", "less"]
Said: TypeAlias = Literal["more", "less", "saved"]
"""What readers say of papers; what they save they want more of."""
State: TypeAlias = Literal["pending", "submitting", "submitted", "failed", "uncertain", "skipped"]
SectionKind: TypeAlias = Literal["interest", "trending", "wildcard", "titles"]
SuppressedFor: TypeAlias = Literal["unsubscribed", "bounced", "complained", "operator"]
STATES: tuple[State, ...] = ("pending", "submitting", "submitted", "failed", "uncertain", "skipped")


class Phrase(NamedTuple):
    """A sentence of ours, to be said in the reader's language; as `str` it is English.

    A tuple, because an edition has dozens, and they are looked up all the time: a tuple is hashed in C.
    """

    text: str
    """With `{name}` where a value stands: `by {author}`."""
    plural: str = ""
    """The same for any other number than one; the number is the value `n`."""
    values: tuple[tuple[str, str | int | date], ...] = ()
    """In order of name."""

    def __str__(self) -> str:
        values = dict(self.values)
        text = self.plural if self.plural and values["n"] != 1 else self.text
        shown = {name: f"{v.day} {_MONTHS[v.month - 1]}" if isinstance(v, date) else v for name, v in values.items()}
        return text.format_map(shown)


Words: TypeAlias = str | Phrase
"""The reader's own words, which stay as they are, or ours."""


def said(text: str, **values: str | int | date) -> Phrase:
    """A phrase: `said("by {author}", author="Ada Brook")`."""
    return Phrase(text, "", tuple(sorted(values.items())))


def counted(text: str, plural: str, n: int, **values: str | int | date) -> Phrase:
    """A phrase whose form depends on a number: `counted("{n} paper", "{n} papers", 3)`."""
    return Phrase(text, plural, tuple(sorted({"n": n, **values}.items())))


_MONTHS = "January February March April May June July August September October November December".split()


@dataclass(frozen=True, slots=True)
class Paper:
    """One research paper, whichever source brought it; one id for all its versions and sources.

    Text fields are as the source wrote them, free of control characters but *not* of TeX or HTML:
    `text.readable` makes them fit to read, the templates escape them.
    """

    id: str
    """arXiv id without version, else a DOI in lower case, else `entry:` or `title:` and a hash (see `identity`)."""
    title: str
    abstract: str = ""
    authors: tuple[str, ...] = ()
    published: date | None = None
    summary: str = ""
    """A machine-made summary, a sentence or two; empty when there is none."""
    summary_by: str = ""
    """The language model of ours that wrote it; empty where it is Hugging Face's."""
    keywords: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    """arXiv categories, primary first: `cs.CL`."""
    organization: str = ""
    code: str = ""
    """URL of the code, http or https."""
    stars: int | None = None
    project: str = ""
    """URL of the project page, http or https."""
    thumbnail: str = ""
    """URL of a picture of it, https, about twice as wide as high."""
    url: str = ""
    """A page of the paper, when its id does not lead to one."""
    upvotes: int = 0
    comments: int = 0
    also: tuple[str, ...] = ()
    """Other ids that this paper was known by."""
    version: int | None = None
    """arXiv's number of it, from 1; None where no source says it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a paper stood at a moment."""

    upvotes: int
    code: str | None = None
    """URL of its code, empty when it had none; None if that was not written down."""
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """A paper stood on a source on a day."""

    paper: Paper
    day: date | None
    """The source's own day; None where the source has no days: then the day of first collection counts."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a source answered for a day."""

    listings: tuple[Listing, ...] = ()
    faults: tuple[str, ...] = ()
    """What was left out and why, one line each (a damaged file, a paper without title)."""
    revised: tuple[Paper, ...] = ()
    """Papers that are not listed on the day, but of which there is a newer version."""
    quiet: str = ""
    """Why nothing is listed, in words, where the source knows it."""


@dataclass(frozen=True, slots=True)
class SourceState:
    """How a source did for a day, as said in the log, in `status` and in the edition's footer."""

    source: str
    state: Literal["ok", "quiet", "not yet", "broken"]
    detail: str = ""
    papers: int = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A paper that may come into an edition, as it stood when the digest was taken."""

    paper: Paper
    day: date
    """The latest day it was listed on."""
    new: bool
    """Newly listed since the cut-off; otherwise carried over from the seven days before it."""
    percentile: float
    """Share of that day's papers with fewer upvotes, 0 to 1; ties count half."""
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Later:
    """A paper of a week before that gained something since: *Since we wrote*."""

    candidate: Candidate
    """The paper as it is now, and the day it was listed on."""
    gains: tuple[Phrase, ...]
    """What it gained, the weightiest first: code, a new version, many upvotes."""

    @property
    def paper(self) -> Paper:
        return self.candidate.paper

    @property
    def day(self) -> date:
        return self.candidate.day


@dataclass(frozen=True, slots=True)
class Digest:
    """An immutable snapshot of candidate papers as shown, the same for all who get it."""

    id: str
    """Hash of the content: the same content is the same digest."""
    day: date
    """The last listing day in it."""
    since: date
    """The first listing day that counts as new."""
    until: datetime
    """The moment collection ran (UTC): the cut-off of every edition made from it."""
    candidates: tuple[Candidate, ...]
    sources: tuple[SourceState, ...] = ()
    note: str = ""
    """The editor's note, Markdown."""
    left_out: int = 0
    """Papers listed before the longest gap that one edition covers."""
    later: tuple[Later, ...] = ()
    """What became of the candidates that an earlier edition may have shown, the weightiest first."""
    first: bool = False
    """For readers who had no edition before."""


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often: `daily`, `weekdays`, `weekly` on a weekday, `monthly` on the first."""

    kind: Literal["daily", "weekdays", "weekly", "monthly"] = "daily"
    weekday: int = 0
    """0 is Monday; for `weekly` only."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When editions go out; many subscribers may have the same."""

    timezone: str
    send_at: time
    cadence: Cadence


@dataclass(frozen=True, slots=True)
class Interest:
    """One thing a subscriber wants to read about; it becomes a section."""

    name: str
    about: str = ""
    keywords: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    like: tuple[str, ...] = ()
    """Canonical ids of example papers."""
    dislike: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    threshold: Threshold = "normal"
    weight: float = 1.0
    max_papers: int | None = None


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Who reads: address, cadence, time, interests."""

    key: str
    """`id` of the file, else the normalised address: what the ledger and feedback belong to."""
    email: str
    name: str = ""
    timezone: str = "UTC"
    send_at: time = time(8, 0)
    cadence: Cadence = Cadence()
    max_papers: int = 12
    interests: tuple[Interest, ...] = ()
    trending: int = 3
    exclude: tuple[str, ...] = ()
    paused_until: date | None = None
    sources: tuple[str, ...] = ()
    """Only these sources; empty for all."""
    language: str = "en"
    design: str = "daily"
    quiet: Literal["skip", "send"] = "skip"

    @property
    def examples(self) -> tuple[str, ...]:
        """The ids of the papers that their interests name."""
        return tuple(id_ for one in self.interests for id_ in (*one.like, *one.dislike))


class Addressee(NamedTuple):
    """What planning an edition takes of a subscriber: of a million of them the rest is not even read."""

    key: str
    email: str
    schedule: str
    """Its name."""
    paused_until: date | None
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Period:
    """What an edition is for, named in the subscriber's own zone."""

    name: str
    """`2026-03-03`, `2026-W10` or `2026-03`."""
    day: date
    """The local date it is sent on."""
    since: date
    """The first local date of it: where a first edition starts to look for papers."""


@dataclass(frozen=True, slots=True)
class Match:
    """A paper that answers an interest (or is trending), with its score and the reasons for it."""

    candidate: Candidate
    score: float
    reasons: tuple[Words, ...]

    @property
    def paper(self) -> Paper:
        return self.candidate.paper


@dataclass(frozen=True, slots=True)
class Section:
    """One interest's papers in an edition, or *Trending*, or one *wild card* between two interests; or what there is
    room for by its `titles` only."""

    kind: SectionKind
    title: str
    matches: tuple[Match, ...]


@dataclass(frozen=True, slots=True)
class Edition:
    """The digest as one subscriber gets it for one period."""

    subscriber: Subscriber
    period: Period
    digest: str
    """The digest's id."""
    sections: tuple[Section, ...]
    notes: tuple[Words, ...] = ()
    """What was quiet, broken or left out, one sentence each."""
    note: str = ""
    """The editor's note, Markdown."""
    considered: int = 0
    """How many candidates there were."""
    missed: tuple[Candidate, ...] = ()
    """*Just missed*: mentioned by their titles, not shown; they may come tomorrow."""
    later: tuple[Later, ...] = ()
    """*Since we wrote*: papers that this reader was shown and that gained something; mentioned, not shown again."""
    first: bool = False
    """The reader's first edition ever: it says welcome."""

    @property
    def matches(self) -> Iterator[Match]:
        """Every match in reading order."""
        return (match for section in self.sections for match in section.matches)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a claim fixes for good, so that a retry makes the same bytes."""

    at: datetime
    """The one timestamp for the Date header and tokens (UTC)."""
    occasion: str = "regular"
    """`regular`, `rehearsal`, `again-n`, or `test` for a copy outside the ledger."""
    reference: str = ""
    """The subscriber in links: opaque, without the address."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """An address that must not be written to."""

    address: str
    reason: SuppressedFor
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail about a subscription itself, as the one that asks to confirm it: no edition, to one person, at once."""

    recipient: str
    subject: Words
    paragraphs: tuple[Words, ...]
    action: Words = ""
    """What its button says; empty where there is none."""
    url: str = ""
    """Where the button leads."""
    name: str = ""
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Message:
    """A rendered edition: envelope, headers and both bodies."""

    sender: str
    """Of `From`: an address alone; also the envelope's sender, unless `return_path` is."""
    recipient: str
    """Envelope recipient: an address alone."""
    headers: tuple[tuple[str, str], ...]
    """In order, decoded, without CR, LF or NUL; Content-* are added by `mime`."""
    text_body: object = field(repr=False)
    """The text part, as `str`: made when a provider asks for it."""
    html_body: object = field(repr=False)
    message_id: str
    """With its angle brackets."""
    mime: bytes = field(repr=False)
    """The whole message as sent: RFC 5322 bytes, CRLF, 7-bit clean."""
    label: str = ""
    """Which edition it is, for people and file names: `2026-03-03`, `2026-W10-again-1`."""
    return_path: str = ""
    """Where bounces of this message alone go, for providers whose envelope is ours; empty: to the sender."""
    dotless: bool = False
    """No line of `mime` begins with a dot, so nothing has to be stuffed (RFC 5321 section 4.5.2)."""

    @property
    def text(self) -> str:
        return str(self.text_body)

    @property
    def html(self) -> str:
        return str(self.html_body)

    @property
    def subject(self) -> str:
        return next(value for name, value in self.headers if name == "Subject")


@dataclass(frozen=True, slots=True)
class Receipt:
    """The provider accepted the message."""

    id: str
    """The provider's own name for it, or the SMTP reply."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider refuses this message for good."""

    reason: str
    bad_address: bool = False
    """The address itself is wrong (SMTP 5.1.x): never write to it again."""


@dataclass(frozen=True, slots=True)
class TryLater:
    """The provider cannot take it now; nothing was accepted."""

    reason: str
    after: timedelta | None = None
    """How long the provider asks us to wait, when it says so; zero: it was not tried, at once."""
    why: Literal["", "policy", "slow"] = ""
    """`policy`: it was refused as spam or the like, and many such halt the run. `slow`: everybody has to wait."""


@dataclass(frozen=True, slots=True)
class Uncertain:
    """Handed over and not answered: the provider may or may not have accepted it."""

    reason: str


Outcome: TypeAlias = Receipt | Refused | TryLater | Uncertain
