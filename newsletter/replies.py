"""What a mail server's refusal means: one table of code, enhanced code and words. No I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, TypeAlias

from newsletter.errors import Halt
from newsletter.models import Outcome, Refused, TryLater

Stage: TypeAlias = Literal["mail", "rcpt", "data", "end"]
"""What was answered: MAIL (the sender), RCPT (the recipient), DATA, or the final dot of the message."""
Meaning: TypeAlias = Literal["address", "message", "later", "slow", "policy", "quota", "us"]
"""What to do: never write there again · give this edition up · try again · everybody slows down · try again much
later, and halt when they grow many · halt until there is more · halt, somebody has to mend it."""

MINUTE: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(hours=24)  # what a server may ask us to wait; more is not believed
AFTER_POLICY: Final = timedelta(hours=1)  # the same message is not offered again at once to who thinks it spam


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; the first that fits counts."""

    code: str
    """The whole three digits, as a pattern."""
    enhanced: str
    """Subject and detail of the enhanced code, as a pattern: `1.1` of 5.1.1; `-` is none, empty any or none."""
    words: str
    """What the text holds, as a pattern, in any case; empty: anything."""
    means: Meaning
    source: str
    stage: str = ""
    """Only in answer to this; empty: to anything."""
    wait: timedelta | None = None
    """How long at least, whatever the server says."""


_RATE = (
    r"rate.?limit|throttl|(sending|message|connection|unusual) rate|too (fast|much mail|many (messages|mails|connections|e-?mails"
    r"|requests|sessions|concurrent))|slow(ing)? down|limit(s)? (on|of|for) (messages|connections)"
)
_UNKNOWN = (
    r"(no such|unknown|invalid|non-?existent) (user|recipient|mailbox|address|account|person)|"
    r"(user|recipient|mailbox|account)( address)? (is )?(unknown|not found|invalid|does ?n.t exist|does not exist)|"
    r"does ?n.t have an? .{0,40}account|no mailbox (here )?by that name"
)
_SPAM = (
    r"\bspam|\bblock(ed|ing|list)|black.?list|\bdnsbl|\brbl\b|spamhaus|reputation|polic(y|ies)|unsolicited|\bdmarc"
    r"|\bspf\b|\bdkim|access denied|not (permitted|allowed|authori[sz]ed)|suspicious|virus|content rejected"
)
_FULL = r"quota|mailbox (is )?full|(over|exceeded|insufficient).{0,20}storage|out of space"

# Facts about servers: 2026-11. RFC 3463 says what subject and detail mean, RFC 5321 section 4.2.3 the bare codes.
TABLE: Final = (
    # The session: no reader is meant.
    Row("53[0458]", "", "", "us", "RFC 4954 section 6: login missing, too weak, wrong, or without encryption"),
    Row("521", "", "", "us", "RFC 7504: this host takes no mail"),
    Row("454", "", r"quota|daily", "quota", "Amazon SES, errors of sending quotas: daily quota"),
    Row("454", "", r"throttl|\brate\b", "slow", "Amazon SES, errors of sending quotas: wait, then retry", wait=MINUTE),
    Row("5..", "4.5", "", "quota", "Google, Gmail SMTP errors: 550 5.4.5, daily limit"),
    Row("...", "(7|2).\\d+|-", r"(daily|per day|24.hour).{0,60}(limit|quota|exceed)", "quota", "Google: relay limits"),
    # Somebody asks everybody to slow down.
    Row("4..", "7.28", "", "slow", "Google, prevent mail from being blocked: wait, then slowly more", wait=10 * MINUTE),
    Row("4..", "2.1", "", "later", "Google: this one mailbox gets too much, or is busy"),
    Row("4..", "", r"(on|in|per) (this|a|one|single) (connection|session)", "later", "Exim: a new connection cures it"),
    Row("4..", "", r"gr[ea]y.?list", "later", "RFC 6647 section 2: the second attempt is taken"),
    Row(
        "421", "7.0", r"unusual rate of unsolicited", "slow", "Google: our address is blocked for now", wait=10 * MINUTE
    ),
    Row("4..", "", _RATE, "slow", "Exim, Postfix and others: words for a rate", wait=MINUTE),
    Row("4..", "3.[12]", "", "slow", "RFC 3463: the server is full, or takes nothing now", wait=MINUTE),
    # Who we are, or seem to be, is refused: the same for every reader.
    Row("5..", "7.(2[0-7]|29|3\\d|40)", "", "us", "RFC 7372 and 7505, Google: DKIM, SPF, DMARC, DNS of the sender"),
    Row("4..", "7.(2[0-7]|29|3\\d|40)", "", "policy", "Google, sender guidelines: the same, still as a warning"),
    Row("5..", "7.(57|60|509|51[15]|6[0-4]\\d|708|750)", "", "us", "Microsoft, NDR codes: login, DMARC, banned sender"),
    Row(
        "5..", "", r"relay(ing)? (access )?(denied|not permitted)|unable to relay", "us", "Postfix: a login is missing"
    ),
    Row("5..", "", r"(client host|helo command|sender address)\b.{0,80}(reject|block|den)", "us", "Postfix: names us"),
    Row("5..", "", r"authentication (is )?required|not verified", "us", "Amazon SES: the sender is not verified"),
    Row("5..", "1.[78]", "", "us", "RFC 3463: the sender's address"),
    Row("5..", "3.4|2.3", "", "message", "RFC 3463: the message is too large; ours to make smaller"),
    Row("5..", "", "", "us", "RFC 5321 section 4.1.1.2: MAIL names nobody but the sender", stage="mail"),
    Row("4..", "", "", "slow", "RFC 5321 section 4.1.1.2: MAIL names no reader; the server is busy", "mail", MINUTE),
    # 5xx in name only.
    Row("5..", "", r"gr[ea]y.?list", "later", "RFC 6647: greylisting, with a wrong code"),
    Row("5..", "2.1", r"\brate\b|too (quickly|fast|many)", "later", "Google: this one mailbox gets too much"),
    Row("5..", "2.2|3.[12]", "", "later", "RFC 3463: a full mailbox, a full or closed server"),
    Row("552", "-", _FULL, "later", "RFC 5321 section 4.2.3: exceeded storage allocation"),
    Row("552", "-", "", "later", "RFC 5321 section 4.5.3.1.10: 552 to RCPT is 452", stage="rcpt"),
    # The address is wrong.
    Row("5..", "1.([1236]|10)|2.1", "", "address", "RFC 3463 and 7505: no such mailbox or domain, moved, disabled"),
    Row("556", "", "", "address", "RFC 7504: the domain takes no mail"),
    Row("55[013]", "-", _UNKNOWN, "address", "qmail, Exim and others: no enhanced codes", stage="rcpt"),
    # A policy: of this reader's server, or of everybody's towards us.
    Row("5..", "7.\\d+", "", "policy", "RFC 3463: security or policy"),
    Row("5..", "-", _SPAM, "policy", "qmail, Exim and others: no enhanced codes"),
    # The rest is what the first digit says.
    Row("4..", "", "", "later", "RFC 5321 section 4.2.1"),
    Row("5..", "", "", "message", "RFC 5321 section 4.2.1"),
)


def row_of(code: int, said: str, stage: Stage = "rcpt") -> Row:
    """The first row of the table that fits. `said` is the reply's text in one line; `code` begins with 4 or 5."""
    found = re.match(r"([245])\.(\d{1,3}\.\d{1,3})\b", said)
    enhanced = found[2] if found else "-"
    # A 5xx that calls itself 4.x.x: the milder one is believed, for it can still be corrected.
    digits = f"4{code % 100:02}" if found and found[1] == "4" else str(code)
    return next(row for row in TABLE if _fits(row, digits, enhanced, said, stage))


def _fits(row: Row, code: str, enhanced: str, said: str, stage: Stage) -> bool:
    return (
        re.fullmatch(row.code, code) is not None
        and row.stage in ("", stage)
        and (not row.enhanced or re.fullmatch(row.enhanced, enhanced) is not None)
        and (not row.words or re.search(row.words, said, re.IGNORECASE) is not None)
    )


def outcome_of(code: int, said: str, stage: Stage = "rcpt") -> Outcome:
    """What a refusal means for its message. Raises `Halt` for what concerns us rather than a reader."""
    row = row_of(code, said, stage)
    reason = f"{code} {said}"
    asked = asked_to_wait(said)
    waits = [wait for wait in (row.wait, asked) if wait is not None]
    if row.means == "us":
        raise Halt(f"the server refuses us, not a reader: {reason}; mend that and run again")
    if row.means == "quota":
        text = f"the server's daily limit is reached: {reason}; who waits is sent to when it allows more"
        raise Halt(text, [TryLater(reason, asked or AFTER_POLICY)])
    if row.means in ("address", "message"):
        return Refused(reason, bad_address=row.means == "address")
    if row.means == "policy":
        return TryLater(reason, max([AFTER_POLICY, *waits]), "policy")
    return TryLater(reason, max(waits, default=None), "slow" if row.means == "slow" else "")


_AGAIN = r"(?:again|retry|retry-after|wait|resend|come back|delayed|postponed|gr[ea]y.?list\w*)\b[^0-9]{0,40}?"
_UNITS: Final = {"s": 1, "m": 60, "h": 3600}


def asked_to_wait(said: str) -> timedelta | None:
    """The wait in "try again in 5 minutes", "come back in 00:04:57" or "retry after 300"; None if there is none.

    A number without a unit is seconds, as in HTTP's Retry-After; nothing over a day is believed.
    """
    if clock := re.search(_AGAIN + r"(\d{1,2}):(\d\d)(?::(\d\d))?\b", said, re.IGNORECASE):
        hours, minutes, seconds = (clock[1], clock[2], clock[3]) if clock[3] else ("0", clock[1], clock[2])
        wait = timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds))
    elif amount := re.search(_AGAIN + r"\b(\d{1,6}) ?(s|m|h)[a-z]*\b", said, re.IGNORECASE):
        wait = timedelta(seconds=int(amount[1]) * _UNITS[amount[2].lower()])
    elif bare := re.search(r"retry.after:? (\d{1,6})\b(?!\.)", said, re.IGNORECASE):
        wait = timedelta(seconds=int(bare[1]))
    else:
        return None
    return wait if timedelta(0) < wait <= LONGEST else None
