"""A day of hostile papers, from the source's bytes to the mail's: nothing breaks, nothing gets through."""

import email
import email.policy
import json
import re
from html.parser import HTMLParser

import pytest

from tests.homes import invented_day, make_home
from tests.servers.huggingface import paper_json

NASTY = {
    "markup": {"title": "Robots </mj-raw></mj-text> and <script>alert(1)</script>"},
    "template": {"title": "Robots {{7*7}} {% raw %} ${7*7} #{7*7}"},
    "control": {"title": "Robots \x0b \x00 \x1c \x85 \u2028 \ud800 bell\x07"},
    "header": {
        "title": "Robots\r\nBcc: eve@example.org\r\n\r\nHello",
        "authors": [{"name": "Ada\r\nBcc: eve@example.org"}],
    },
    "link": {
        "title": "Robots with links",
        "githubRepo": "javascript:alert(1)",
        "projectPage": "data:text/html,<b>x</b>",
    },
    "attribute": {"title": 'Robots " onmouseover="alert(1)', "projectPage": 'https://example.org/"onclick="x'},
    "long": {"title": "Robots " + "long " * 400, "summary": "word " * 200_000},
    "wide": {"title": "Robots 机器学习 العربية 🤖 " + "W" * 300},
    "tex": {"title": r"Robots $\frac{a}{b}$ \textbf{bold \unknown{x} {{{"},
    "reversed": {"title": "Robots \u202egnp.exe\u202c and \u200b\ufeff invisible"},
    "numbers": {"title": "Robots with votes", "upvotes": "many", "githubStars": -5},
    "keywords": {
        "title": "Robots and keywords",
        "ai_keywords": [None, 7, "<b>", "x" * 5000],
        "ai_summary": "<img src=x onerror=alert(1)>",
    },
}
ALLOWED = {"html", "head", "title", "meta", "style", "body", "div", "table", "tbody", "tr", "td", "p", "h1", "h2", "h3", "a", "span", "br", "xml", "o:officedocumentsettings", "o:allowpng", "o:pixelsperinch", "ul", "ol", "li", "strong", "em", "hr"}  # fmt: skip


class Tags(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.seen, self.attributes, self.text = set(), [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def mail(tmp_path_factory):
    home = make_home(tmp_path_factory.mktemp("home"))
    papers = [
        paper_json(number, **{"summary": "About robots.", **changes})
        for number, changes in enumerate(NASTY.values(), 1)
    ]
    folder = home.path / "papers"
    folder.mkdir()
    (folder / "2026-03-03.json").write_text(
        json.dumps([*papers, {"paper": {"id": "2603.09999"}}, 7, None, {"paper": []}])
    )
    home.subscribers(
        'subscribers:\n  - {email: ada@example.org, name: "Ada <b>", timezone: UTC, max_papers: 40, interests: [{name: "R <i>", keywords: [robot]}]}\n'
    )
    (home.path / "note.md").write_text("Hello <script>alert(1)</script> [x](javascript:alert(1)) {{7*7}}\n\n# Big\n")
    assert "1 submitted" in home.run("send", "--date", "2026-03-03")
    return next((home.path / "outbox").glob("*.eml")).read_bytes()


@pytest.fixture(scope="module")
def message(mail):
    return email.message_from_bytes(mail, policy=email.policy.default)


@pytest.fixture(scope="module")
def html(message):
    return message.get_body(("html",)).get_content()


def test_every_paper_came(message):
    text = message.get_body(("plain",)).get_content()
    assert {f"2603.{n:05}" for n in range(1, len(NASTY) + 1)} <= set(re.findall(r"2603\.\d{5}", text))


def test_no_header_was_added(mail, message):
    assert [] == message.defects
    assert None is message["Bcc"]
    names = [name.lower() for name in message.keys()]  # noqa: SIM118 - a message is no dict
    assert len(names) == len(set(names))
    assert all(len(line) <= 998 for line in mail.split(b"\r\n"))
    assert b"\n" not in mail.replace(b"\r\n", b"")
    assert mail.isascii()


def test_no_tag_and_no_link_came_in(html):
    tags = Tags(html)
    assert set() == tags.seen - ALLOWED
    assert not [one for one in tags.attributes if one[1].startswith("on")]
    links = [value for _, name, value in tags.attributes if name in ("href", "src", "action")]
    assert links
    assert [] == [link for link in links if not link.startswith(("https://", "http://", "mailto:"))]


def test_templates_and_markup_in_titles_are_shown_as_they_are(html, message):
    shown = " ".join("".join(Tags(html).text).split())
    text = " ".join(message.get_body(("plain",)).get_content().split())
    for part in ("{{7*7}} {% raw %}", "<script>alert(1)</script>"):
        assert part in shown
        assert part in text
    assert "49" not in re.sub(r"[\w./:@-]*49[\w./:@-]*", "", shown) or "{{7*7}}" in shown
    assert "\u202e" not in shown + text


def test_nothing_is_too_large(html):
    assert len(html.encode()) < 92_000


def test_a_hostile_name_in_the_file_stays_a_name(message):
    assert "Ada <b>" == message["To"].addresses[0].display_name
    assert "ada@example.org" == message["To"].addresses[0].addr_spec


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[", b"<html>login</html>", b"\x00\xff" * 50, b"[" * 5000, b'"text"', b"[1,2]"]
)
def test_a_source_that_is_no_list_of_papers_is_named_and_nothing_is_sent(tmp_path, body):
    home = make_home(tmp_path)
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "2026-03-03.json").write_bytes(body)
    home.subscribers("subscribers: [{email: ada@example.org, timezone: UTC}]")
    told = home.run("send", "--date", "2026-03-03", code=3)
    assert "2026-03-03.json" in told
    assert 0 == home.status()["audience"]


def test_two_damaged_files_cost_only_their_papers(tmp_path):
    home = make_home(tmp_path)
    home.day("2026-03-03", invented_day("2026-03-03", 5))
    (tmp_path / "papers" / "b-2026-03-03.json").write_bytes(b"\xff\xfe")
    (tmp_path / "papers" / "c-2026-03-03.json").write_text("[" * 3000)
    home.subscribers("subscribers: [{email: ada@example.org, timezone: UTC}]")
    assert "1 submitted" in home.run("send", "--date", "2026-03-03")
