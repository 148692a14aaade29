"""Whatever a source says, no header, part, tag, attribute or script comes in that is not ours.

`TEST_CASES=10000 scripts/test tests/test_render_hostile.py` is the long form.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import cache

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.errors import RenderError
from newsletter.models import Edition, Later, Message, Paper, counted, said
from newsletter.render import Renderer, default_templates
from newsletter.render.size import LONGEST, LONGEST_ENCODED
from tests.factories import candidate, edition, match, numbered, paper, section, stamp, subscriber
from tests.test_render import Page, imprint

CASES = int(os.environ.get("TEST_CASES", "150"))
LINES = "\r\n\0\x0b\x0c\x1c\x1d\x1e\x1f\x85\u2028\u2029"
SPELLS = (
    "{{ 7*7 }}", "{% endfor %}", "{#", "{{", "}}", "{name}", "{n}", "{0}", "%(x)s", "</mj-raw>", "<mj-text>", "]]>", "-->", "<!--", "<![endif]-->",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</style>", "</title>", "</a>", "</h3></div></td></tr></table>", "<svg onload=x>",
    "' onclick='x", '" style="x', "&#60;", "&lt;b&gt;", "&", "=?utf-8?q?x?=", "?==?", "\r\nBcc: eve@example.org", "\n.\n", "\r\n\r\n", "\nFrom eve",
    "--=_", "Content-Type: text/html", "=3D", "=0A", "\u202e", "\u200b", "\ufeff", "\ud800", "e\u0301" * 20, "𝒳", "🧪", "机器学习", "مرحبا", "$x^2$", "\\textbf{x}",
    "**b**", "[x](javascript:alert(1))", "`c`", "# h", "<a href='javascript:x'>", "http://", "None", "a" * 200, " " * 9,
)  # fmt: skip
TEXT = st.lists(st.one_of(st.sampled_from(SPELLS), st.sampled_from(LINES), st.text(max_size=12)), max_size=6).map(
    "".join
)
ADDRESS = st.one_of(
    st.sampled_from(["javascript:alert(1)", "data:text/html,x", "vbscript:x", "//example.org", "https://", "mailto:eve@example.org"]),
    TEXT.map(lambda text: f"https://example.org/{text}"),
    TEXT,
)  # fmt: skip
PAPERS = st.builds(
    Paper,
    id=st.one_of(st.just("2603.01234"), st.just("10.1234/a<b>"), TEXT.map(lambda text: f"title:{text}")),
    title=TEXT, abstract=TEXT, summary=TEXT, organization=TEXT, authors=st.lists(TEXT, max_size=6).map(tuple),
    code=ADDRESS, project=ADDRESS, thumbnail=ADDRESS, url=ADDRESS,
    stars=st.one_of(st.none(), st.integers(-1, 10**18)), upvotes=st.integers(-1, 10**18), comments=st.integers(-1, 10**18),
)  # fmt: skip
WORDS = st.one_of(TEXT, st.builds(lambda text: said("like {paper}", paper=text), TEXT))
MATCHES = st.builds(
    lambda one, why, new: match(one, reasons=tuple(why), new=new), PAPERS, st.lists(WORDS, max_size=3), st.booleans()
)
EDITIONS = st.builds(
    lambda parts, notes, note, missed, later, name, design, first: edition(
        *(section(*found, title=title) for title, found in parts),
        notes=tuple(notes),
        note=note,
        missed=tuple(candidate(one) for one in missed),
        later=tuple(Later(candidate(one), (counted("{n} upvote", "{n} upvotes", 9),)) for one in later),
        subscriber=subscriber(name=name, design=design),
        first=first,
    ),
    st.lists(st.tuples(TEXT, st.lists(MATCHES, min_size=1, max_size=3)), max_size=3),
    st.lists(WORDS, max_size=2), TEXT, st.lists(PAPERS, max_size=2), st.lists(PAPERS, max_size=1), TEXT,
    st.sampled_from(["daily", "weekly", "plain"]), st.booleans(),
)  # fmt: skip

RENDERER = Renderer(imprint(thumbnails=True), default_templates())
ONE_EACH = {
    "from", "to", "subject", "date", "message-id", "list-id", "list-unsubscribe", "list-unsubscribe-post",
    "feedback-id", "auto-submitted", "mime-version", "content-type", "content-language",
}  # fmt: skip


@cache
def ours(design: str) -> frozenset[tuple[str, str]]:
    """Every tag with every attribute that a design and a plain note make of friendly papers."""
    friendly = paper(thumbnail="https://pictures.example.org/x.png")
    full = edition(
        section(match(friendly), match(numbered(1), new=False), match(numbered(2))),
        section(match(numbered(3)), kind="titles"),
        notes=("a note",),
        note="*a* **b** `c` [d](https://example.org)\n\n> q\n\n- e\n\n1. f\n\ng  \nh",
        missed=(candidate(numbered(4)),),
        later=(Later(candidate(numbered(5)), (said("new version: v{version}", version=2),)),),
        subscriber=subscriber(design=design),
        first=True,
    )
    return frozenset(tags(RENDERER.render(full, stamp()))) | {("ol", ""), ("pre", "")}


def tags(message: Message) -> set[tuple[str, str]]:
    found = Page(message.html).tags
    return {(tag, name) for tag, attributes in found for name in ("", *attributes)}


def read(message: Message) -> EmailMessage:
    found = message_from_bytes(message.mime, policy=default)
    assert isinstance(found, EmailMessage)
    return found


def made(of: Edition) -> Message:
    return RENDERER.fitted(of, stamp())[1]


@settings(max_examples=CASES, suppress_health_check=list(HealthCheck))
@given(EDITIONS)
def test_nothing_comes_in_that_is_not_ours(of: Edition):
    message = made(of)
    headers_are_ours(message)
    parts_are_ours(message)
    page_is_ours(message, of)


def headers_are_ours(message: Message) -> None:
    raw, _, _ = message.mime.partition(b"\r\n\r\n")
    names = [line.partition(b":")[0].lower().decode() for line in raw.split(b"\r\n") if not line.startswith(b" ")]
    found = read(message)

    assert ONE_EACH >= set(names) and len(names) == len(set(names))  # H1, H14
    assert {"from", "to", "subject", "date", "message-id"} <= set(names)
    assert "papers@news.example.org" == found["From"].addresses[0].addr_spec and 1 == len(found["From"].addresses)  # H2
    assert ["ada@example.org"] == [address.addr_spec for address in found["To"].addresses]
    assert re.fullmatch(r"<[0-9a-f]{32}@news\.example\.org>", message.message_id)  # H3
    assert re.search(rb"\r\nList-Unsubscribe: <https://[!-~]+>,\r\n <mailto:[!-~]+>\r\n", raw)  # H4
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw  # H5
    assert b"ada" not in re.sub(rb"(?m)^To:.*\r\n( .*\r\n)*", b"", raw).lower()  # H6, H9
    assert len(raw) < 16_000 and all(len(line) <= 998 for line in message.mime.split(b"\r\n"))  # H11
    assert not re.search(rb"[^\r]\n|\r[^\n]|\0", message.mime)
    assert message.dotless and b"\n." not in message.mime
    assert b"?==?" not in raw and not found.defects  # H13
    assert not re.match(r"(?i)(re|fwd?):", message.subject)


def parts_are_ours(message: Message) -> None:
    parts = [part for part in read(message).walk() if not part.is_multipart()]

    assert ["text/plain", "text/html"] == [part.get_content_type() for part in parts]  # H12, M1
    assert not any(part.defects for part in parts)
    text, html = (part.get_content().replace("\r\n", "\n") for part in parts)
    assert (message.text, message.html) == (text, html)
    assert all(len(line) <= 76 for line in message.mime.partition(b"\r\n\r\n")[2].split(b"\r\n"))


def page_is_ours(message: Message, of: Edition) -> None:
    page = Page(message.html)
    size = len(message.html.replace("\n", "\r\n").encode())

    assert tags(message) <= ours(of.subscriber.design)  # M6
    assert 1 == message.html.count("<title>") == message.html.count("</html>") == message.html.count("<body")
    assert all(re.match(r"https?://|mailto:", address) for address, _ in page.links)
    assert all(a["src"].startswith("https://") for tag, a in page.tags if tag == "img")
    assert size <= LONGEST and len(message.mime) <= LONGEST_ENCODED + 40_000  # M3
    assert "Unsubscribe" in page.words and "Unsubscribe" in message.text  # M2
    hidden = re.findall(r"display:none[^>]*>\n?(.*?)\n", message.html)
    assert 1 == len(hidden) and len(hidden[0]) <= 900  # M7: with everything escaped
    assert ids(message.text) == ids(message.html)  # M1


def ids(body: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r"https://arxiv\.org/abs/([\w.]+)", body)))


@given(st.text(max_size=60))
def test_an_address_that_is_none_costs_its_own_message_only(address: str):
    of = replace(edition(), subscriber=subscriber(email=address))
    try:
        message = RENDERER.render(of, stamp())
    except RenderError as error:
        assert 1 == len(str(error).splitlines())
    else:
        assert [address] == [one.addr_spec for one in read(message)["To"].addresses]
