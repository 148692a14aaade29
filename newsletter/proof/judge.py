"""What can be said of a mail without sending it: each thing that it should have, whether it has it, and the cost. No I/O.

It is judged by its bytes alone, read as any mail program reads them; so it is what goes out that is judged, whatever
made it.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from email.message import MIMEPart
from typing import Final, Literal, TypeAlias
from urllib.parse import urlsplit

from newsletter.proof.page import Page, read_page
from newsletter.render.columns import columns
from newsletter.render.size import LONGEST, LONGEST_ENCODED

Part: TypeAlias = "MIMEPart[str, str]"
Grade: TypeAlias = Literal["passes", "note", "fails"]

LONGEST_LINE: Final = 998
"""Characters of a line (RFC 5322 section 2.1.1)."""
LONGEST_SUBJECT: Final = 110
"""Characters, of which a mail program on a desk shows about 70 and one on a phone about 40."""
PREHEADER: Final = range(40, 131)
"""Characters after the subject: with fewer a list of mails goes on with what the page begins with."""
WIDEST: Final = 78
"""Columns of a line of the text part (RFC 5322 section 2.1.1 asks for 78 characters)."""
ONCE: Final = ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type")
"""Headers that there must be, once (RFC 5322 section 3.6; RFC 2045 section 4)."""

_TAGS = re.compile(r"\{\{.{0,30}|\{%.{0,30}|\{#.{0,30}|\}\}|%\}")
_NOTHING = re.compile(r"None|undefined|NaN|nan")
_ADDRESS = re.compile(r"https?://|mailto:")
_WAY_OUT = re.compile(r"mailto:\S+[?&]subject=unsubscribe|https?://\S+/unsubscribe/\S")


@dataclass(frozen=True, slots=True)
class Judgement:
    """One thing that a mail should have."""

    name: str
    """In plain words: `Both parts name the same papers`."""
    grade: Grade
    """`note` is for what is allowed and still costs something."""
    found: str
    """What there is, in words and figures."""
    costs: str
    """What it costs where it does not pass."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes of a mail."""

    html: int
    """The page, decoded."""
    encoded: int
    """The page as it is sent, as quoted-printable."""
    text: int
    whole: int


@dataclass(frozen=True, slots=True)
class Opened:
    """A mail as a mail program reads it."""

    wire: bytes
    head: str
    """The lines before the first empty one, as they are sent."""
    headers: tuple[tuple[str, str], ...]
    """The same, decoded."""
    kinds: tuple[str, ...]
    """The content types of its parts, in order."""
    text: str
    html: str
    page: Page
    sizes: Sizes

    def header(self, name: str) -> str:
        """The decoded header of that name; empty where there is none."""
        return next((value for found, value in self.headers if found.lower() == name.lower()), "")

    @property
    def preheader(self) -> str:
        """What a list of mails shows after the subject."""
        return self.page.beginning


def opened(wire: bytes) -> Opened:
    """Reads a mail's bytes."""
    mail = email.message_from_bytes(wire, policy=email.policy.default)
    parts: list[Part] = list(mail.iter_parts()) if mail.is_multipart() else [mail]
    text, html = (_content(parts, kind) for kind in ("text/plain", "text/html"))
    return Opened(
        wire=wire,
        head=wire.partition(b"\r\n\r\n")[0].decode("ascii", "replace"),
        headers=tuple((name, str(value)) for name, value in mail.items()),
        kinds=tuple(part.get_content_type() for part in parts),
        text=text,
        html=html,
        page=read_page(html),
        sizes=Sizes(len(html.encode()), _encoded(parts), len(text.encode()), len(wire)),
    )


def judge(mail: Opened, titles: Sequence[str]) -> tuple[Judgement, ...]:
    """Everything that can be said; `titles` are those of the papers that it should name."""
    return (
        _size(mail.sizes),
        _lines(mail.wire),
        _headers(mail),
        _order(mail.kinds),
        _papers(mail, titles),
        _way_out(mail),
        _list_headers(mail),
        _sender(mail),
        _subject(mail.header("Subject")),
        _preheader(mail.page),
        _pictures(mail.page),
        _fetched(mail.page),
        _addresses(mail.page),
        _names(mail.page),
        _language(mail),
        _columns(mail.text),
        _residue(mail),
    )


def _content(parts: Sequence[Part], kind: str) -> str:
    part = next((part for part in parts if part.get_content_type() == kind), None)
    return "" if part is None else str(part.get_content()).replace("\r\n", "\n")


def _encoded(parts: Sequence[Part]) -> int:
    pages = (part for part in parts if part.get_content_type() == "text/html")
    return sum(len(str(part.get_payload()).encode("utf-8", "replace")) for part in pages)


# -- the bytes


def _size(sizes: Sizes) -> Judgement:
    fits = sizes.html <= LONGEST and sizes.encoded <= LONGEST_ENCODED
    found = f"the page has {sizes.html:,} bytes of {LONGEST:,}, encoded {sizes.encoded:,} of {LONGEST_ENCODED:,}"
    return Judgement(
        "Short enough for Gmail",
        "passes" if fits else "fails",
        found,
        "Gmail hides what is longer behind a link, and with it the way to unsubscribe",
    )


def _lines(wire: bytes) -> Judgement:
    lines = wire.split(b"\r\n")
    longest = max(map(len, lines))
    faults = [f"one of {longest} characters"] if longest > LONGEST_LINE else []
    faults += ["one that ends with LF or CR alone"] if any(b"\n" in line or b"\r" in line for line in lines) else []
    faults += ["characters beyond ASCII"] if not wire.isascii() else []
    return Judgement(
        f"Lines of {LONGEST_LINE} characters at most",
        "fails" if faults else "passes",
        " and ".join(faults) or f"the longest has {longest}",
        "servers refuse such a mail, or break its lines where they like",
    )


def _headers(mail: Opened) -> Judgement:
    counts = Counter(name.title() for name, _ in mail.headers)
    faults = [f"{name} is there {number} times" for name, number in counts.items() if number > 1]
    faults += [f"{name} is missing" for name in ONCE if not counts[name.title()]]
    return Judgement(
        "Each header once",
        "fails" if faults else "passes",
        "; ".join(faults) or f"{len(counts)} headers",
        "mail programs disagree about which of two counts, and spam filters hold it against the sender",
    )


def _order(kinds: Sequence[str]) -> Judgement:
    return Judgement(
        "Text first, then the page",
        "passes" if tuple(kinds) == ("text/plain", "text/html") else "fails",
        ", ".join(kinds),
        "mail programs show the last part that they can show (RFC 2046 section 5.1.4)",
    )


# -- what is said in both parts


def _papers(mail: Opened, titles: Sequence[str]) -> Judgement:
    where = {"text": _squeezed(mail.text), "page": _squeezed(mail.page.text)}
    faults = [
        f"the {part} lacks “{title}”"
        for part, held in where.items()
        for title in titles
        if _squeezed(title) not in held
    ]
    return Judgement(
        "Both parts name the same papers",
        "fails" if faults else "passes",
        _few(faults) or f"{len(titles)} papers",
        "who reads the one part misses papers that count as shown",
    )


def _squeezed(text: str) -> str:
    """Without blanks: lines are filled differently in the two parts."""
    return "".join(text.split())


def _way_out(mail: Opened) -> Judgement:
    ways = [link.address for link in mail.page.links if _WAY_OUT.match(link.address)]
    faults = [] if ways else ["the page has no such link"]
    faults += [] if _WAY_OUT.search(mail.text) else ["the text has none"]
    return Judgement(
        "Unsubscribing in both parts",
        "fails" if faults else "passes",
        " and ".join(faults) or ways[0],
        "readers who cannot find it press the spam button, and laws demand it",
    )


def _list_headers(mail: Opened) -> Judgement:
    ways, post = mail.header("List-Unsubscribe"), mail.header("List-Unsubscribe-Post")
    grade: Grade = "fails"
    if "<https:" in ways and post == "List-Unsubscribe=One-Click":
        grade, found = "passes", "one click, and by mail" if "<mailto:" in ways else "one click"
    elif ways and not post:
        grade, found = "note", "by mail only, as there is no public base_url"
    else:
        found = "List-Unsubscribe-Post promises a page that List-Unsubscribe does not name" if post else "none"
    return Judgement(
        "Unsubscribing by the mail program's own button",
        grade,
        found,
        "Gmail and Yahoo want one click (RFC 8058) of whoever sends 5,000 mails a day to them; below that, nothing",
    )


# -- what a list of mails shows


def _sender(mail: Opened) -> Judgement:
    sender = mail.header("From")
    domain = sender.rpartition("@")[2].rstrip("> ")
    return Judgement(
        "The sender's address is a real one",
        "passes" if "." in domain else "note" if domain == "localhost" else "fails",
        sender,
        "servers refuse a sender whose domain does not exist; set `from` in newsletter.yaml before you send",
    )


def _subject(subject: str) -> Judgement:
    length = len(subject)
    phone = f"; a phone shows “{subject[:40].rstrip()}…”" if length > 40 else ""
    return Judgement(
        "A subject that can be read",
        "fails" if not subject.strip() else "note" if length > LONGEST_SUBJECT else "passes",
        f"{length} characters{phone}",
        "lists of mails show its beginning, and without one spam filters take offence",
    )


def _preheader(page: Page) -> Judgement:
    length = len(page.beginning)
    passes = page.beginning_is_hidden and length in PREHEADER
    told = f"{length} characters" if page.beginning_is_hidden else "none; the list goes on with how the page begins"
    return Judgement(
        "A preheader of 40 to 130 characters",
        "passes" if passes else "note",
        f"{told}: “{page.beginning[:60].rstrip()}…”" if page.beginning else told,
        "what a list of mails shows after the subject is left to chance",
    )


# -- pictures and links


def _pictures(page: Page) -> Judgement:
    bare = [image.source for image in page.images if image.alt is None]
    return Judgement(
        "Every picture is described",
        "fails" if bare else "passes",
        f"without alt: {_few(bare)}" if bare else f"{len(page.images)} pictures" if page.images else "no pictures",
        "whoever does not see pictures, or has them off, gets nothing or a file's name",
    )


def _fetched(page: Page) -> Judgement:
    return Judgement(
        "Nothing is fetched from elsewhere",
        "fails" if page.fetched else "passes",
        _few(page.fetched) or "no remote pictures, fonts or styles",
        "opening the mail tells another server who reads; many programs show a gap instead",
    )


def _addresses(page: Page) -> Judgement:
    bad = [f"“{link.name}” to {link.address or 'nowhere'}" for link in page.links if not _is_safe(link.address)]
    return Judgement(
        "Links are https",
        "fails" if bad else "passes",
        _few(bad) or f"{len(page.links)} links",
        "browsers warn of http, a link to nowhere disappoints, and spam filters count both",
    )


def _is_safe(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return (parts.scheme == "https" and bool(parts.hostname)) or (parts.scheme == "mailto" and "@" in parts.path)


def _names(page: Page) -> Judgement:
    leads: dict[str, set[str]] = {}
    for link in page.links:
        leads.setdefault(link.name.casefold(), set()).add(link.address)
    faults = [f"“{name}” leads to {len(to)} addresses" for name, to in leads.items() if name and len(to) > 1]
    faults += ["a link without words"] if "" in leads else []
    return Judgement(
        "Each link says where it goes",
        "note" if faults else "passes",
        _few(faults) or f"{len(leads)} names",
        "a screen reader lists links by their words alone: five times “PDF” helps nobody (WCAG 2.4.4)",
    )


# -- words


def _language(mail: Opened) -> Judgement:
    page = mail.page
    found = {"lang": page.language, "dir": page.direction, "Content-Language": mail.header("Content-Language")}
    missing = [name for name, value in found.items() if not value]
    return Judgement(
        "Language and direction are said",
        "fails" if missing else "passes",
        f"missing: {', '.join(missing)}" if missing else f"{page.language}, {page.direction}",
        "screen readers speak with the wrong voice, and translation is offered where it is not wanted",
    )


def _columns(text: str) -> Judgement:
    lines = (line for line in text.splitlines() if not _ADDRESS.search(line))
    wide = [width for line in lines if (width := columns(line)) > WIDEST]
    return Judgement(
        f"Lines of the text of {WIDEST} columns at most",
        "note" if wide else "passes",
        f"{len(wide)} wider, up to {max(wide)}" if wide else "but for addresses, which are never broken",
        "mail programs in a terminal break them in the middle of a word",
    )


def _residue(mail: Opened) -> Judgement:
    faults = [f"“{found}” {where}" for where, text in _said(mail) for found in _left_over(text)]
    return Judgement(
        "Nothing is left of the template",
        "note" if faults else "passes",
        _few(faults) or "no {{ }}, no None",
        "readers see how the mail was made (unless a paper really says so)",
    )


def _said(mail: Opened) -> Iterator[tuple[str, str]]:
    yield "in the subject", mail.header("Subject")
    yield from (("in the text", line.strip()) for line in mail.text.splitlines())
    yield from (("on the page", words.strip()) for words in mail.page.words)
    yield from (("in a link", link.address) for link in mail.page.links)


def _left_over(text: str) -> Iterable[str]:
    yield from _TAGS.findall(text)
    if _NOTHING.fullmatch(text):
        yield text


def _few(faults: Sequence[str]) -> str:
    """The first faults, and how many more."""
    left = len(faults) - 3
    return "; ".join(faults[:3]) + (f"; and {left} more" if left > 0 else "")
