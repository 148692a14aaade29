"""What a failure to deliver says of the address: everything, a little, or nothing. No I/O.

The table is that of the replies to our own SMTP: `newsletter/replies.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final, Literal, TypeAlias

from newsletter.replies import Meaning, row_of

Weight: TypeAlias = Literal["bounced", "soft", "failed"]
EDITIONS: Final = 5
"""So many editions of different days come back, over `SPAN` at least, all within `WINDOW`: nobody reads there."""
SPAN: Final = timedelta(days=10)
WINDOW: Final = timedelta(days=45)

_ENHANCED = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?!\.?\d)")
# A reply stands at the beginning, after "said:", on a line of its own, or before an enhanced code.
_REPLY = re.compile(r"(?:^|said: ?|\n[ \t]*)([45]\d\d)[ -]+(?=\S)|\b([45]\d\d)[ -]+(?=#?\(?[45]\.\d{1,3}\.\d{1,3}\b)")
_OURS = re.compile(r"[45]\.(6\.\d+|3\.4|2\.3|7\.\d+)\b")
"""The content, the size (RFC 3463 sections 3.3, 3.4 and 3.7), and whatever is policy: nothing that a reader could mend."""
_VETO: Final[frozenset[Meaning]] = frozenset({"policy", "us", "quota", "slow"})


def weight(status: str, said: str) -> Weight:
    """What `Status` and `Diagnostic-Code` of RFC 3464 come to, or as much of them as there is.

    Where they contradict each other the milder one is believed: a wrong suppression loses a reader, a late one costs a
    few mails. A status of 4.x.x that failed in the end is soft (section 2.3.4).
    """
    found = _ENHANCED.search(status)
    code = found[0] if found else ""
    stage: Literal["mail", "rcpt"] = "mail" if "MAIL FROM" in said else "rcpt"
    rows = list(_rows(code, said))
    means = {row_of(number, text, stage).means for number, text in rows}
    if not means or means & _VETO or _OURS.match(code) or any(_OURS.match(text) for _, text in rows):
        return "failed"
    firm = not code.startswith("4") and all(number >= 500 for number, _ in rows)
    return "bounced" if "address" in means and "later" not in means and firm else "soft"


def _rows(status: str, said: str) -> Iterator[tuple[int, str]]:
    """The replies that are told, as the table asks for them: a number of three digits, and the rest."""
    found = _REPLY.search(said)
    rest = said[found.end() :].lstrip("#(- ") if found else ""
    named = _ENHANCED.match(rest)
    bare = None if named else _ENHANCED.search(said)  # some have it at the end, in brackets: (#5.1.1)
    inner = bare[0] if bare and bare[0][0] in "45" else ""
    if found:
        number = int(found[1] or found[2])
        yield from ((number, text) for text in (rest, f"{inner} {rest}") if text == rest or inner)
    elif inner:
        yield int(f"{inner[0]}50"), f"{inner} {said}"
    if status[:1] in ("4", "5"):
        number = int(f"{status[0]}50")
        if not (named or inner):
            yield number, f"{status} {rest or said}"
        elif row_of(number, status).means in _VETO:
            yield number, status


def worn_out(days: Sequence[date]) -> bool:
    """Whether so many editions, of these days, came back that the address is given up."""
    last = max(days, default=date.min)
    lately = {one for one in days if last - one <= WINDOW}
    return len(lately) >= EDITIONS and last - min(lately) >= SPAN
