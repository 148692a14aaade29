"""Reports of what became of a mail: RFC 3464, in the `multipart/report` of RFC 6522. No I/O."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from newsletter.bounces.opened import Mail, children, field, fields, groups, kind, written
from newsletter.bounces.told import Kind, Told
from newsletter.bounces.weight import weight
from newsletter.webhooks.event import address

STATUS: Final = ("message/delivery-status", "message/global-delivery-status")  # RFC 3464; RFC 6533
_GOOD: Final = ("delivered", "relayed", "expanded", "delayed")
_HARD_FIRST: Final[tuple[Kind, ...]] = ("failed", "soft", "bounced")


def is_one(mail: Mail) -> bool:
    """Whether a mail is such a report; also where what is around it is not labelled as the standard wants."""
    return any(kind(part) in STATUS for part in children(mail))


def read(mail: Mail) -> Told:
    """What it says. Of several recipients, as an alias has, the best counts: the mail reached somebody."""
    recipients = [
        one
        for part in children(mail)
        if kind(part) in STATUS
        for one in groups(part)
        if one.get("Action") or one.get("Final-Recipient")
    ]
    if not recipients:
        return Told("other", "a report that names no recipient")
    text = written(mail)
    told = [_of_one(one, text) for one in recipients]
    return next((one for one in told if one.kind == "other"), None) or _worst(told)


def recipients(mail: Mail) -> list[str]:
    """Whom it names, as addresses are compared."""
    named = ("Original-Recipient", "Final-Recipient", "X-Actual-Recipient", "X-Display-Name")
    found = [
        one
        for part in children(mail)
        if kind(part) in STATUS
        for group in groups(part)
        for one in fields(group, *named)
    ]
    return [who for one in found if (who := _address(one))]


def _of_one(group: Mail, text: str) -> Told:
    action = field(group, "Action").lower().partition(" ")[0]
    status, said = field(group, "Status"), field(group, "Diagnostic-Code")
    said = re.sub(r"^[\w.-]+ ?; ?", "", said)
    who = _address(field(group, "Final-Recipient"))
    reason = " ".join(part for part in (status[:20], said) if part)
    if action in _GOOD:
        return Told("other", f"{action}: {reason}".rstrip(": "), recipient=who)
    if action != "failed":
        return Told("other", f"an action that there is not: {action[:20]}", recipient=who)
    return Told(weight(status, said or _quoted(text)), reason, recipient=who)


def _quoted(text: str) -> str:
    """The reply in the words for people, where there is none in the fields."""
    found = re.search(r"^.*\b[45]\d\d[ -]#?[45]\.\d+\.\d+\b.*$", text[:20_000], re.MULTILINE)
    return found[0].strip() if found else ""


def _worst(told: Sequence[Told]) -> Told:
    return max(told, key=lambda one: _HARD_FIRST.index(one.kind))


def _address(written: str) -> str:
    """`rfc822; ada@example.org` without its type."""
    return address(written.rpartition(";")[2].strip(" <>"))
