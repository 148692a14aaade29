"""Values as the JSON that the stores keep, and back. No I/O.

A field that has its default is left out and an unknown field is passed over, so that records written by an
older or newer schema still read well.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any

import msgspec

from newsletter.models import (
    Addressee,
    Cadence,
    Candidate,
    Digest,
    Edition,
    Later,
    Match,
    Paper,
    Period,
    Phrase,
    Schedule,
    Section,
    SectionKind,
    SourceState,
    Subscriber,
    Words,
)

_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode
_quoted = json.encoder.encode_basestring  # what `_json` makes of a text, in a fifth of the time
_PAPER_DEFAULTS = {field.name: field.default for field in fields(Paper)}


def paper_record(paper: Paper) -> str:
    """The paper as JSON."""
    return _json(_paper_values(paper))


def read_paper(record: str) -> Paper:
    """The paper of `paper_record`."""
    return _paper(json.loads(record))


def _paper_values(paper: Paper) -> dict[str, Any]:
    said = ((name, default, getattr(paper, name)) for name, default in _PAPER_DEFAULTS.items())
    values = {name: value for name, default, value in said if value != default}
    if paper.published is not None:
        values["published"] = paper.published.isoformat()
    return values


def _paper(values: Mapping[str, Any]) -> Paper:
    known: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in values.items()
        if name in _PAPER_DEFAULTS
    }
    if "published" in known:
        known["published"] = date.fromisoformat(known["published"])
    return Paper(**known)


_encoded = msgspec.json.Encoder(order="deterministic").encode
_subscriber = msgspec.json.Decoder(Subscriber).decode
_schedule = msgspec.json.Decoder(tuple[str, time, Cadence]).decode


def subscriber_record(subscriber: Subscriber) -> str:
    """The subscriber as JSON."""
    return _encoded(subscriber).decode()


def read_subscriber(record: str | bytes) -> Subscriber:
    """The subscriber of `subscriber_record`. Raises msgspec.MsgspecError where it is damaged."""
    return _subscriber(record)


class _Interest(msgspec.Struct, gc=False):
    like: tuple[str, ...] = ()
    dislike: tuple[str, ...] = ()


class _Addressee(msgspec.Struct, gc=False):
    """Some fields of a subscriber's record; the others are passed over, which takes a fifth of the time."""

    key: str
    email: str
    paused_until: date | None = None
    interests: tuple[_Interest, ...] = ()


_addressee = msgspec.json.Decoder(_Addressee).decode


def read_addressee(record: str, schedule: str) -> Addressee:
    """What planning takes of `subscriber_record`. Raises msgspec.MsgspecError where it is damaged."""
    found = _addressee(record)
    examples = tuple([id_ for one in found.interests for id_ in (*one.like, *one.dislike)])
    return Addressee(found.key, found.email, schedule, found.paused_until, examples)


def addressee(subscriber: Subscriber) -> Addressee:
    """What planning takes of a subscriber."""
    one = subscriber
    return Addressee(one.key, one.email, schedule_of(one), one.paused_until, one.examples)


def schedule_of(subscriber: Subscriber) -> str:
    """A name for the time zone, hour and cadence that a subscriber has: the same for the same."""
    return _encoded((subscriber.timezone, subscriber.send_at, subscriber.cadence)).decode()


def on_schedule(name: str) -> Schedule:
    """The schedule of that name."""
    return Schedule(*_schedule(name))


def sealed(digest: Digest) -> Digest:
    """The digest with its id, a hash of all the rest: the same content is the same digest."""
    return replace(digest, id=hashlib.sha256(digest_record(digest).encode()).hexdigest()[:20])


def digest_record(digest: Digest) -> str:
    """The digest as JSON, without its id."""
    return _json(
        {
            "day": digest.day.isoformat(),
            "since": digest.since.isoformat(),
            "until": digest.until.isoformat(),
            "note": digest.note,
            "left_out": digest.left_out,
            "sources": [asdict(state) for state in digest.sources],
            "candidates": [_candidate_values(candidate) for candidate in digest.candidates],
            "later": [[one.paper.id, [*map(_words_values, one.gains)]] for one in digest.later],
            "first": digest.first,
        }
    )


def read_digest(digest_id: str, record: str) -> Digest:
    """The digest of `digest_record`."""
    values = json.loads(record)
    candidates = tuple(_candidate(candidate) for candidate in values["candidates"])
    by_id = {candidate.paper.id: candidate for candidate in candidates}
    later = (Later(by_id[id_], tuple(map(_phrase, gains))) for id_, gains in values.get("later", ()))
    return Digest(
        id=digest_id,
        day=date.fromisoformat(values["day"]),
        since=date.fromisoformat(values["since"]),
        until=datetime.fromisoformat(values["until"]),
        note=values["note"],
        left_out=values["left_out"],
        sources=tuple(SourceState(**state) for state in values["sources"]),
        candidates=candidates,
        later=tuple(later),
        first=values.get("first", False),
    )


def _candidate_values(candidate: Candidate) -> dict[str, Any]:
    values = {"paper": _paper_values(candidate.paper), "day": candidate.day.isoformat(), "new": candidate.new}
    return values | {"percentile": candidate.percentile, "sources": list(candidate.sources)}


def _candidate(values: Mapping[str, Any]) -> Candidate:
    day = date.fromisoformat(values["day"])
    return Candidate(_paper(values["paper"]), day, values["new"], values["percentile"], tuple(values["sources"]))


@dataclass(frozen=True, slots=True)
class Content:
    """What an edition is, apart from its digest and subscriber: what the ledger keeps of it."""

    sections: tuple[tuple[SectionKind, str, tuple[tuple[str, float, tuple[Words, ...]], ...]], ...]
    """Per section: kind, title, and per match the paper's id, score and reasons."""
    notes: tuple[Words, ...]
    considered: int
    missed: tuple[str, ...] = ()
    """The ids of the papers that are only mentioned."""
    later: tuple[str, ...] = ()
    """The ids of the papers that gained something; what they gained is in the digest."""

    @property
    def papers(self) -> tuple[str, ...]:
        """The ids of the papers, in reading order."""
        return tuple(match[0] for section in self.sections for match in section[2])


def content_of(edition: Edition) -> Content:
    """What the ledger keeps of an edition."""
    sections = tuple(
        (section.kind, section.title, tuple((m.paper.id, m.score, m.reasons) for m in section.matches))
        for section in edition.sections
    )
    missed = tuple(candidate.paper.id for candidate in edition.missed)
    later = tuple(one.paper.id for one in edition.later)
    return Content(sections, edition.notes, edition.considered, missed, later)


def restore(content: Content, digest: Digest, subscriber: Subscriber, period: Period) -> Edition:
    """The edition that `content_of` was taken from, given its digest."""
    by_id = {candidate.paper.id: candidate for candidate in digest.candidates}
    sections = tuple(
        Section(kind, title, tuple(Match(by_id[id_], score, reasons) for id_, score, reasons in matches))
        for kind, title, matches in content.sections
    )
    gained = {one.paper.id: one for one in digest.later}
    return Edition(
        subscriber,
        period,
        digest.id,
        sections,
        content.notes,
        digest.note,
        content.considered,
        missed=tuple(by_id[id_] for id_ in content.missed),
        later=tuple(gained[id_] for id_ in content.later),
        first=digest.first,
    )


def content_record(content: Content) -> str:
    """The content as JSON."""
    mentioned = {"missed": content.missed, "later": content.later}
    notes = [*map(_words_values, content.notes)]
    rest = _json({"notes": notes, "considered": content.considered} | mentioned)
    sections = ",".join([_section_record(*section) for section in content.sections])
    return f'{rest[:-1]},"sections":[{sections}]}}'  # the last in order of name


def _section_record(kind: str, title: str, matches: tuple[tuple[str, float, tuple[Words, ...]], ...]) -> str:
    told = ",".join([f"[{_quoted(id_)},{score!r},{_reasons_record(why)}]" for id_, score, why in matches])
    return f"[{_quoted(kind)},{_quoted(title)},[{told}]]"


@lru_cache(maxsize=8_192)
def _reasons_record(why: tuple[Words, ...]) -> str:
    """Kept, because many readers are told the same."""
    return _json([*map(_words_values, why)])


def read_content(record: str) -> Content:
    """The content of `content_record`."""
    values = json.loads(record)
    sections = tuple(
        (kind, title, tuple((id_, score, tuple(map(_words, why))) for id_, score, why in matches))
        for kind, title, matches in values["sections"]
    )
    notes = tuple(map(_words, values["notes"]))
    missed, later = (tuple(values.get(name, ())) for name in ("missed", "later"))
    return Content(sections, notes, values["considered"], missed, later)


def _words_values(words: Words) -> object:
    """Our phrases as a list: text, plural, values."""
    if isinstance(words, str):
        return words
    values = {name: {"day": v.isoformat()} if isinstance(v, date) else v for name, v in words.values}
    return [words.text, words.plural, values]


def _words(kept: Any) -> Words:
    return kept if isinstance(kept, str) else _phrase(kept)


def _phrase(kept: Any) -> Phrase:
    text, plural, values = kept
    told = ((name, date.fromisoformat(v["day"]) if isinstance(v, dict) else v) for name, v in values.items())
    return Phrase(text, plural, tuple(told))
