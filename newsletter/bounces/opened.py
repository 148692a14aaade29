"""Opens a mail that a stranger wrote: its fields, its parts, and the mail that it brings back. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser, HeaderParser
from email.policy import compat32
from typing import Any, Final, TypeAlias

Mail: TypeAlias = "Message[Any, Any]"

LARGEST: Final = 300_000
"""Bytes of a mail that are looked at: twice what comes back, and what is built to be slow takes three seconds (2026-11)."""
PARTS: Final = 40
"""Parts of a mail: the parser's work grows with their number and with how deep they lie in each other."""
FIELDS: Final = 500
"""Fields of a mail in which clues are looked for."""
LONGEST: Final = 2_000
"""Characters of a field that are looked at."""
FAULTS: Final = (
    MessageError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    RecursionError,
)
"""The standard library's parser is not proof against everything that can be written (3.11)."""
_RETURNED: Final = ("message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers")


def opened(mail: bytes) -> Mail | None:
    """The mail; None where it is none, or where it is built to be hard to unpack."""
    mail = mail[:LARGEST]
    if len(re.findall(rb"(?im)^content-type[ \t]*:", mail)) > PARTS:
        return None
    try:
        found = BytesParser(policy=compat32).parsebytes(mail)
    except FAULTS:
        return None
    return found if found.keys() else None


def fields(mail: Mail, *names: str) -> Iterator[str]:
    """Every field of these names, in the names' order, unfolded."""
    for name in names:
        for value in mail.get_all(name, []):
            yield " ".join(str(value)[:LONGEST].split())


def field(mail: Mail, name: str) -> str:
    """The first field of a name; empty where there is none."""
    return next(fields(mail, name), "")


def every(mail: Mail) -> Iterator[str]:
    """Every field, unfolded."""
    for value in mail.values()[:FIELDS]:
        yield " ".join(str(value)[:LONGEST].split())


def subject(mail: Mail) -> str:
    """The subject, decoded."""
    written = field(mail, "Subject")
    try:
        return str(make_header(decode_header(written)))
    except FAULTS:
        return written


def kind(mail: Mail) -> str:
    """`multipart/report`."""
    return str(mail.get_content_type()).lower()


def children(mail: Mail) -> list[Mail]:
    """The parts that a mail is made of, none of theirs."""
    payload = mail.get_payload()
    return [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []


def text(part: Mail) -> str:
    """What is written in a part, decoded as far as it can be."""
    if part.is_multipart():
        return ""
    try:
        raw = part.get_payload(decode=True)
    except FAULTS:
        return ""
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else ""


def written(mail: Mail) -> str:
    """The first text of a mail."""
    parts = [mail, *children(mail), *(two for one in children(mail) for two in children(one))]
    return next((found for one in parts if kind(one) == "text/plain" and (found := text(one))), "")


def groups(part: Mail) -> list[Mail]:
    """The groups of fields of a report (RFC 3464 section 2.1): what is said of the mail, then of each recipient.

    The parser knows that of `message/delivery-status` alone; of others it takes the first group for a mail's fields, and
    the rest for its text.
    """
    found = [one for child in children(part) for one in (child, *_groups(text(child)))]
    return [one for one in (found or _groups(text(part))) if one.keys()][:PARTS]


def _groups(written: str) -> Iterator[Mail]:
    for block in re.split(r"\n[ \t]*\r?\n", written.strip())[:PARTS]:
        found = headers(block)
        if found.keys():
            yield found


def headers(written: str) -> Mail:
    """The fields that a text begins with."""
    return HeaderParser(policy=compat32).parsestr(written.lstrip("\r\n"))


def returned(parts: Iterable[Mail]) -> Mail | None:
    """The mail that came back, or its fields, if one of these parts is that."""
    for one in parts:
        if kind(one) in _RETURNED:
            inner = children(one)
            found = inner[0] if inner else headers(text(one))
            if found.keys():
                return found
    return None
