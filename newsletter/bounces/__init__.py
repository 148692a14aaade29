"""What mails say that come back to us: bounces, complaints, the reader's no; or nothing. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from newsletter import links
from newsletter.bounces import arf, dsn, wordy
from newsletter.bounces.opened import (
    FAULTS,
    PARTS,
    Mail,
    children,
    every,
    field,
    fields,
    groups,
    kind,
    opened,
    returned,
    subject,
)
from newsletter.bounces.told import KINDS, Clues, Kind, Told, some
from newsletter.text import line
from newsletter.verp import tags
from newsletter.webhooks.event import address

__all__ = ["KINDS", "Clues", "Kind", "Told", "read"]

_TOKEN = re.compile(r"unsubscribe[\s:/]+([A-Za-z0-9_=-]{1,100}\.[A-Za-z0-9_-]{1,100})")
_LINK = re.compile(r"unsubscribe(?:%20|/)([A-Za-z0-9_=-]{1,100}\.[A-Za-z0-9_-]{1,100})")
_MESSAGE = re.compile(r"<[^<>\s]{1,250}>")
_WHOM: Final = ("X-HmXmrOriginalRecipient", "X-Original-To", "Delivered-To", "To")
"""Fields of a mail that came back which may still say to whom it went."""


def read(mail: bytes, secrets: Sequence[str]) -> Told:
    """What a mail says; whose it is can be found by its clues. Never raises, whatever the bytes are.

    `secrets` are those of the signed links.
    """
    found = opened(mail)
    if found is None:
        return Told("unreadable")
    try:
        told = _read(found, secrets)
    except FAULTS:
        return Told("unreadable")
    return replace(told, reason=line(told.reason, 300))


def _read(mail: Mail, secrets: Sequence[str]) -> Told:
    if dsn.is_one(mail):
        return replace(dsn.read(mail), clues=_clues(mail, returned(children(mail)), dsn.recipients(mail), secrets))
    if arf.is_one(mail):
        who = arf.recipients(mail)
        return replace(arf.read(mail), clues=_clues(mail, returned(children(mail)), who, secrets, arf.envelope(mail)))
    if wordy.is_one(mail):
        copy = wordy.copy(mail) or returned(children(mail))
        return replace(wordy.read(mail), clues=_clues(mail, copy, wordy.recipients(mail), secrets))
    if tokens := _signed(_TOKEN.findall(subject(mail)), secrets):
        return Told("unsubscribed", "by the reader's mail", Clues(references=tokens))
    if kind(mail) == "multipart/report" or _is_automatic(mail):
        return Told("automatic", subject(mail))
    return Told("answer", f"{field(mail, 'From')}: {subject(mail)}")


def _clues(mail: Mail, back: Mail | None, named: Sequence[str], secrets: Sequence[str], more: str = "") -> Clues:
    """The envelope that it came in is looked at first, then what the report and the mail say that came back."""
    inner = [one for part in children(mail) for one in children(part)[:PARTS]]
    texts = [*every(mail), *(text for one in inner for text in every(one))]
    texts += [more, *(every(back) if back else ())]
    written = list(fields(back, "List-Unsubscribe")) if back else []
    whom = [one for text in (fields(back, *_WHOM) if back else ()) if (one := address(text))]
    return Clues(
        tags=some(tag for text in texts for tag in tags(text)),
        references=_signed([token for text in written for token in _LINK.findall(text)], secrets),
        messages=some(one for text in _named(mail, back) for one in _MESSAGE.findall(text)),
        addresses=some([*named, *whom]),
    )


def _named(mail: Mail, back: Mail | None) -> Iterator[str]:
    """Where the `Message-ID` of what came back may stand; Gmail has it in fields of the report."""
    yield from fields(back, "Message-ID") if back else ()
    reports = (group for part in children(mail) if kind(part) in dsn.STATUS for group in groups(part))
    yield from (text for group in reports for text in fields(group, "X-Original-Message-ID", "Original-Message-ID"))
    yield from fields(mail, "In-Reply-To", "References")


def _signed(tokens: Sequence[str], secrets: Sequence[str]) -> tuple[str, ...]:
    found = (links.read(secrets, "unsubscribe", token) for token in some(tokens))
    return some(one for one in found if one)


def _is_automatic(mail: Mail) -> bool:
    """Whether a program wrote it (RFC 3834, and what was usual before it)."""
    return any(_signs(mail))


def _signs(mail: Mail) -> Iterator[bool]:
    yield field(mail, "Auto-Submitted").lower().partition(";")[0].strip() not in ("", "no")
    yield field(mail, "Precedence").lower() in ("auto_reply", "bulk", "junk")
    yield any(field(mail, name) for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Response-From"))
    yield field(mail, "Return-Path").replace(" ", "") == "<>"
