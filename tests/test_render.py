from __future__ import annotations

import re
import shutil
from dataclasses import replace
from datetime import date, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter import links
from newsletter.errors import RenderError, SettingsError
from newsletter.models import Edition, Later, Message, counted, said
from newsletter.render import Imprint, Renderer, available, default_templates
from newsletter.render.card import card
from newsletter.sources import huggingface
from tests.factories import (
    candidate,
    edition,
    large_edition,
    match,
    numbered,
    paper,
    period,
    section,
    stamp,
    subscriber,
)

RECORDINGS = Path(__file__).parents[2] / "shared" / "data" / "hf_daily"
SECRETS = ("n" * 43, "o" * 43)
HOSTILE = st.text(
    st.one_of(st.characters(), st.sampled_from("\r\n\0\x0b\x0c\x1c\x85\u2028\u202e<>&\"'{}%#=?$\\^_` .")), max_size=120
)


def imprint(**changes: object) -> Imprint:
    usual = Imprint(
        name="Daily Papers",
        sender="Daily Papers",
        address="papers@news.example.org",
        reply_to="papers@news.example.org",
        postal_address="Northlight Lab\n1 Harbour Road, 12345 Port",
        base_url="https://news.example.org",
        secrets=SECRETS,
    )
    return replace(usual, **changes)  # type: ignore[arg-type]


def renderer(**changes: object) -> Renderer:
    return Renderer(imprint(**changes), default_templates())


RENDERER = renderer()


def render(of: Edition | None = None, **changes: object) -> Message:
    """A message; `changes` are the imprint's."""
    return (renderer(**changes) if changes else RENDERER).render(of or edition(), stamp())


def parsed(message: Message) -> EmailMessage:
    read = message_from_bytes(message.mime, policy=default)
    assert isinstance(read, EmailMessage)
    return read


class Page(HTMLParser):
    """What a reader of the HTML gets: links with their names, headings, tags, and the words of it all."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[tuple[str, str]] = []
        self.headings: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self._start = 0
        self.feed(re.sub(r"<!--.*?-->|<style.*?</style>", "", html, flags=re.DOTALL))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._start = len(self.words) if tag == "a" else self._start
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            attributes = next(attributes for name, attributes in reversed(self.tags) if name == "a")
            self.links.append((attributes["href"] or "", attributes.get("aria-label") or self.words[self._start :]))

    def handle_data(self, data: str) -> None:
        self.words += data


# -- the message


def test_the_parts_come_out_of_the_bytes_as_they_went_in():
    message = render(edition(section(match(paper(title="Schrödinger’s 拡散モデル & <b>more</b>")))))
    read = parsed(message)
    text, html = read.iter_parts()

    assert not read.defects
    assert ["text/plain", "text/html"] == [text.get_content_type(), html.get_content_type()]
    assert [message.text, message.html] == [
        part.get_content().replace("\r\n", "\n").removesuffix("\n" * (not body.endswith("\n")))
        for part, body in ((text, message.text), (html, message.html))
    ]
    assert message.subject == read["Subject"]


def test_the_same_edition_and_stamp_make_the_same_bytes():
    assert render().mime == renderer().render(edition(), stamp()).mime


def test_only_what_the_ledger_keeps_of_a_subscriber_matters():
    kept = replace(edition().subscriber, interests=(), timezone="UTC", max_papers=3, trending=0)

    assert render().mime == render(replace(edition(), subscriber=kept)).mime


@pytest.mark.parametrize(
    ("of", "other"),
    [
        (edition(), stamp(reference="b3RoZXItcmVhZGVy")),
        (edition(period=period(name="2026-03-04", day=date(2026, 3, 4))), stamp()),
        (edition(), stamp(occasion="again-1")),
    ],
)
def test_another_delivery_has_another_message_id(of: Edition, other):  # type: ignore[no-untyped-def]
    assert render().message_id != RENDERER.render(of, other).message_id
    assert re.fullmatch(r"<[0-9a-f]{32}@news\.example\.org>", render().message_id)


def test_each_test_copy_is_marked_and_has_its_own_message_id():
    first = RENDERER.render(edition(), stamp(occasion="test"))
    second = RENDERER.render(edition(), stamp(occasion="test", at=stamp().at + timedelta(minutes=1)))

    assert first.subject.startswith("[Test] Straight Paths")
    assert first.message_id != second.message_id


def test_every_header_of_a_list_is_there_once():
    read = parsed(render(reply_to="hello@news.example.org"))
    names = [name.lower() for name in read.keys()]  # noqa: SIM118 - a message repeats names

    assert len(names) == len(set(names))
    assert "Daily Papers <papers@news.example.org>" == read["From"]
    assert "Ada <ada@example.org>" == read["To"]
    assert "hello@news.example.org" == read["Reply-To"]
    assert "Tue, 03 Mar 2026 07:00:00 +0000" == read["Date"]
    assert "Daily Papers <daily-papers.news.example.org>" == read["List-Id"]
    assert "auto-generated" == read["Auto-Submitted"]
    assert "List-Unsubscribe=One-Click" == read["List-Unsubscribe-Post"]
    assert "2026-03-03:daily:edition:daily-papers" == read["Feedback-ID"]
    assert "en" == read["Content-Language"]
    assert not {"bcc", "return-path", "reply-to"} & {name.lower() for name, _ in render().headers}


def test_with_web_pages_there_is_one_click_a_mailto_and_a_visible_link():
    message = render()
    web, mail = re.findall(r"<([^>]*)>", dict(message.headers)["List-Unsubscribe"])
    token = web.removeprefix("https://news.example.org/unsubscribe/")

    assert stamp().reference == links.read(SECRETS, "unsubscribe", token)
    assert f"mailto:papers@news.example.org?subject=unsubscribe%20{token}" == mail
    assert (web, "Unsubscribe") in Page(message.html).links
    assert web in message.text
    assert f"List-Unsubscribe: <{web}>,\r\n <{mail}>\r\n".encode() in message.mime
    assert "ada@example.org" not in web + mail + message.text + message.html


def test_without_web_pages_no_web_link_of_ours_is_printed():
    message = render(base_url="", reply_to="hello+list@news.example.org")
    [mail] = re.findall(r"<([^>]*)>", dict(message.headers)["List-Unsubscribe"])

    assert mail.startswith("mailto:hello+list@news.example.org?subject=unsubscribe%20QmFz")
    assert "List-Unsubscribe-Post" not in dict(message.headers)
    assert (mail, "Unsubscribe") in Page(message.html).links
    assert mail in message.text
    assert "news.example.org/unsubscribe/" not in message.text + message.html


@pytest.mark.parametrize(
    ("name", "sender"), [("AI", "ai-mail"), ("Daily Papers of the Harbour", "daily-papers-of"), ("論文", "newsletter")]
)
def test_the_sender_of_feedback_is_five_to_fifteen_plain_characters(name: str, sender: str):
    message = render(name=name)

    assert sender == dict(message.headers)["Feedback-ID"].rpartition(":")[2]
    assert re.search(r"<[a-z0-9-]+\.news\.example\.org>$", dict(message.headers)["List-Id"])


@pytest.mark.parametrize("email", ["ada@example.org\r\nBcc: x@example.org", "a@b>", "no address", "ä@example.org", ""])
def test_what_is_no_address_never_reaches_a_header(email: str):
    with pytest.raises(RenderError, match="is not an address"):
        render(edition(subscriber=subscriber(email=email)))


def test_a_stamp_that_names_nobody_is_refused():
    with pytest.raises(RenderError, match="the stamp has no reference"):
        RENDERER.render(edition(), stamp(reference=""))


# -- what is said


def test_the_subject_names_the_best_paper_and_counts_the_others():
    assert "Straight Paths: Flow Matching in Four Steps and 1 more" == render().subject
    assert "Straight Paths: Flow Matching in Four Steps" == render(edition(section())).subject


def test_a_long_title_is_cut_between_words_in_the_subject():
    subject = render(edition(section(match(paper(title="many words " * 30)), match(numbered(1))))).subject

    assert subject.endswith("many words… and 1 more")
    assert len(subject) <= 110


@pytest.mark.parametrize("title", ["Re: Thinking", "FWD: re: Thinking", "Re[2]: Thinking", "fw : Thinking"])
def test_a_subject_is_never_dressed_up_as_an_answer(title: str):
    assert "Thinking" == render(edition(section(match(paper(title=title))))).subject


def test_an_edition_without_papers_says_so():
    message = render(replace(edition(), sections=(), notes=("huggingface listed nothing today.",)))

    assert "Daily Papers: nothing new, Tuesday, 3 March 2026" == message.subject
    for body in (message.text, Page(message.html).words):
        assert "There are no papers in this edition." in body
        assert "huggingface listed nothing today." in body


@pytest.mark.parametrize(
    ("name", "words"),
    [("2026-03-03", "Tuesday, 3 March 2026"), ("2026-W10", "Week 10, 2026"), ("2026-03", "March 2026")],
)
def test_the_period_is_said_in_words(name: str, words: str):
    message = render(edition(period=period(name=name)))

    assert words in message.text
    assert words in Page(message.html).words


def test_both_parts_say_the_same_papers_in_the_same_order_with_the_same_links():
    message = render(large_edition(12))
    page = Page(message.html)
    ids = [f"2603.{number + 1:05d}" for number in range(12)]

    assert ids == list(dict.fromkeys(re.findall(r"arxiv\.org/abs/([\d.]+)", message.text)))
    assert ids == list(dict.fromkeys(re.findall(r"arxiv\.org/abs/([\d.]+)", message.html)))
    assert not [address for address, _ in page.links if address not in message.text]


def test_a_paper_comes_with_everything_that_is_known_of_it():
    message = render(edition(section(match())))

    for body in (message.text, Page(message.html).words):
        plain = " ".join(body.split())
        assert "Ada Brook, Ben Castell, Chika Dorn, Dev Ellis · Northlight Lab" in plain
        assert "Why: flow matching · like 2011.13456" in plain
        assert "AI summary: Paths that were straightened once let a diffusion model draw" in plain
        assert "1.2k stars" in plain
        assert "4 comments" in plain
    assert [
        "https://arxiv.org/abs/2603.01234",
        "https://arxiv.org/abs/2603.01234",
        "https://arxiv.org/pdf/2603.01234",
        "https://huggingface.co/papers/2603.01234",
        "https://github.com/northlight/straight-paths",
        "https://straight-paths.example.org/",
    ] == [address for address, _ in Page(message.html).links if "news.example.org" not in address]


def test_without_a_summary_the_abstract_is_quoted_and_labelled():
    text = " ".join(render(edition(section(match(paper(summary=""))))).text.split())

    assert "From the abstract: Samplers of diffusion models take many small steps." in text
    assert "AI summary:" not in text


def test_addresses_are_written_as_browsers_write_them():
    links = [link.url for link in card(paper(project="HTTPS://Straight-Paths.GitHub.io/Code?A=B")).links]

    assert "https://straight-paths.github.io/Code?A=B" == links[-1]


def test_a_paper_that_is_carried_over_says_from_which_day():
    message = render(edition(section(match(new=False, day=date(2026, 3, 1)))))

    assert "listed on Sunday, 1 March" in message.text
    assert "listed on Sunday, 1 March" in Page(message.html).words
    assert "isted on" not in render(edition(section(match()))).text


@pytest.mark.parametrize("design", ["daily", "weekly", "plain"])
def test_what_became_of_earlier_papers_is_said_behind_their_titles(design: str):
    gains = (said("code: {place}", place="github.com/x/y"), counted("{n} upvote", "{n} upvotes", 99))
    of = edition(later=(Later(candidate(numbered(7)), gains),), subscriber=subscriber(design=design))
    message = render(of)

    for body in (message.text, Page(message.html).words):
        after = " ".join(body.partition("Since we wrote")[2].split())
        assert numbered(7).title in after
        assert "code: github.com/x/y · 99 upvotes" in after
    assert "Since we wrote" not in render().text


@pytest.mark.parametrize("design", ["daily", "weekly", "plain"])
def test_a_first_edition_says_welcome(design: str):
    message = render(edition(first=True, subscriber=subscriber(design=design)))

    for body in (message.text, Page(message.html).words):
        assert "Welcome! This is your first edition." in " ".join(body.split())
    assert "Welcome" not in render().text + render().html


def test_links_say_where_they_go_and_no_two_say_the_same():
    page = Page(render(large_edition(30)).html)
    words = [words for _, words in page.links]

    assert len(words) == len(set(words))
    assert min(len(said) for said in words) > 8


def test_a_paper_without_an_arxiv_id_links_to_what_there_is():
    other = paper(id="10.1234/abc", url="https://journal.example.org/x", code="", project="javascript:alert(1)")
    bare = paper(
        id="title:0123456789abcdef", url="data:text/html,x", code="ftp://example.org/x", project="", title="Untold"
    )

    assert ["https://doi.org/10.1234/abc"] == [link.url for link in card(other).links]
    assert ["https://huggingface.co/papers?q=Untold"] == [link.url for link in card(bare).links]


def test_an_endless_address_is_not_linked():
    endless = paper(
        id="title:0123456789abcdef", url="https://example.org/" + "x" * 3000, code="", project="", title="Untold"
    )

    assert "https://huggingface.co/papers?q=Untold" == card(endless).url
    assert () == card(endless).links


def test_the_editors_note_is_markdown_in_html_and_readable_in_text():
    note = "# Today\n\nRead **this** [talk](https://example.org/talk).\n\n- one\n- two\n\n<script>alert(1)</script>[x](javascript:y)"
    message = render(edition(note=note))

    assert '<strong>this</strong> <a href="https://example.org/talk">talk</a>' in message.html
    assert "Today\n\nRead this talk <https://example.org/talk>.\n\n- one\n- two\n" in message.text
    assert "script" not in Page(message.html).words + message.text
    assert "javascript" not in message.html + message.text


def test_pictures_are_shown_only_where_the_newsletter_wants_them_and_only_over_https():
    url = "https://pictures.example.org/2603.01234.png"
    of = edition(section(match(paper(thumbnail=url)), match(numbered(1, thumbnail="http://plain.example.org/x.png"))))
    pictures = [attributes for tag, attributes in Page(render(of, thumbnails=True).html).tags if tag == "img"]

    assert [(url, "", "576")] == [(one["src"], one["alt"], one["width"]) for one in pictures]
    assert "<img" not in render(of).html


def test_the_footer_names_the_publisher():
    message = render(postal_address="Northlight Lab\n1 Harbour Road")

    assert "Northlight Lab\n1 Harbour Road\n" in message.text
    assert "Northlight Lab, 1 Harbour Road" in Page(message.html).words
    for body in (message.text, Page(message.html).words):
        assert "You get this because you subscribed to Daily Papers." in body


def test_text_is_seventy_eight_columns_wide_but_for_addresses():
    wide = edition(
        section(match(paper(title="深層学習" * 60, abstract="word" * 200, summary="", authors=("Ω" * 300,))))
    )
    lines = [line for of in (wide, large_edition(12)) for line in render(of).text.splitlines() if "://" not in line]

    assert max(sum(2 if c > "ᄀ" else 1 for c in line) for line in lines) <= 78
    assert not [line for line in lines if line != line.rstrip()]


# -- the page


def test_every_section_is_as_wide_as_the_mail_included_ones_too(tmp_path: Path):
    section = "<mj-section><mj-column><mj-text>\n{}\n</mj-text></mj-column></mj-section>"
    shutil.copytree(default_templates() / "daily", tmp_path / "own")
    (tmp_path / "own" / "end.mjml").write_text(section.format("The end."))
    page = tmp_path / "own" / "edition.mjml"
    page.write_text(
        page.read_text("utf-8").replace("</mj-body>", '<mj-include path="own/end.mjml" /></mj-body>'), "utf-8"
    )
    html = Renderer(imprint(), tmp_path).render(edition(subscriber=subscriber(design="own")), stamp()).html
    outer = re.findall(r"<div (?:class=\"sheet\" )?style=\"[^\"]*margin:0px auto;[^\"]*\"", html)

    assert "The end." in html
    assert [True, True] == ["max-width:640px" in div for div in outer]


def test_the_page_says_its_language_its_title_and_its_headings():
    page = Page(render(large_edition(12)).html)
    body = [tag for tag, _ in page.tags].index("body")

    assert ("html", "en", "ltr") == ("html", page.tags[0][1]["lang"], page.tags[0][1]["dir"])
    assert {"role": "article", "lang": "en", "dir": "ltr"}.items() <= page.tags[body + 1][1].items()
    assert "h1" == page.headings[0] and 1 == page.headings.count("h1")
    assert (3, 12) == (page.headings.count("h2"), page.headings.count("h3"))
    assert all(attributes.get("role") == "presentation" for tag, attributes in page.tags if tag == "table")
    assert not {"img", "script", "form", "iframe", "object"} & {tag for tag, _ in page.tags}
    assert not [a for _, attributes in page.tags for a in attributes if a.startswith("on")]


def test_only_the_next_titles_are_hidden_before_the_page():
    html = render(edition(section(match(), match(numbered(1)), match(numbered(2)), match(numbered(3))))).html
    [hidden] = re.findall(r"display:none[^>]*>(.*?)</div>", html, re.DOTALL)

    assert (
        "Tool Use without Labels: A Study of 3 Cases · Video Diffusion at the Edge: A Study of 4 Cases"
        == hidden.partition("&#")[0].strip()
    )


def test_every_address_is_web_or_mail():
    strange = paper(code="javascript:alert(1)", project="https://example.org/a?b=c&d=%C3%A9#e'\"", url="vbscript:x")
    addresses = [address for address, _ in Page(render(edition(section(match(strange)))).html).links]

    assert all(address.startswith(("https://", "mailto:")) for address in addresses)
    assert "https://example.org/a?b=c&d=%C3%A9#e'\"" in addresses


@pytest.mark.parametrize(
    "title",
    [
        "{{7*7}} Ways",
        "{% raw %} Ways",
        "{# Ways #}",
        "</mj-raw> Ways",
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "]]> Ways",
        "A < B & C > D \"quoted\" 'too'",
        "&lt;b&gt; Ways &amp; Means",
        "None of the Above",
    ],
)
def test_a_hostile_title_is_shown_to_the_letter(title: str):
    message = render(edition(section(match(paper(title=title)))))
    shown = card(paper(title=title)).title

    assert ("https://arxiv.org/abs/2603.01234", shown) in Page(message.html).links
    assert f"\n{shown}\n" in message.text
    assert "<script" not in message.html
    assert "<img" not in message.html


@settings(max_examples=60)
@given(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
def test_hostile_words_make_no_header_no_part_and_no_tag(title: str, words: str, name: str, reason: str):
    hostile = paper(
        title=title, abstract=words, summary=words, authors=(name,), organization=name, project=words, code=title
    )
    of = edition(
        section(match(hostile, reasons=(reason,)), title=name),
        subscriber=subscriber(name=name),
        notes=(words,),
    )
    message = render(of)
    read, usual = parsed(message), parsed(render(edition(section())))

    assert usual.keys() == read.keys()
    assert not read.defects
    assert 2 == len(list(read.iter_parts()))
    assert "ada@example.org" == read["To"].addresses[0].addr_spec
    assert message.mime.isascii() and b"\0" not in message.mime
    assert all(len(line) <= 998 for line in message.mime.split(b"\r\n"))
    assert all(
        name and value and not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", value) for name, value in message.headers
    )
    allowed = {tag for tag, _ in Page(render(edition(note="- *a*")).html).tags} | {"em", "p"}
    assert {tag for tag, _ in Page(message.html).tags} <= allowed


def test_forty_five_papers_stay_below_what_gmail_cuts():
    assert len(render(large_edition(30)).html.encode()) < 62_000
    assert len(render(large_edition(45)).html.encode()) < 92_000
    assert len(render(large_edition(60), base_url="").html.encode()) < 92_000


# -- designs


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    shutil.copytree(default_templates() / "daily", tmp_path / "daily")
    return tmp_path


def test_the_designs_are_the_folders_with_a_page():
    assert "daily" in available(default_templates())
    assert "web" not in available(default_templates())


@pytest.mark.parametrize("design", ["fortnightly", "../daily", "", "/"])
def test_an_unknown_design_is_named_with_those_there_are(design: str, templates: Path):
    with pytest.raises(SettingsError, match=r"there is no design .* in .*; designs there: daily"):
        Renderer(imprint(), templates).render(edition(subscriber=subscriber(design=design)), stamp())


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("edition.mjml", "</mj-body>", "", r"edition\.mjml: not MJML: "),
        ("edition.mjml", "{% endfor %}\n          {% endif %}", "{% endif %}", r"edition\.mjml:\d+: "),
        ("edition.mjml", "{{ lede }}", "{{ leed }}", r"edition\.mjml: 'leed' is undefined"),
        ("edition.txt", "{{ date }}", "{{ date.x.y }}", r"edition\.txt: .* has no attribute 'x'"),
        ("edition.txt", "{{ lede", "{{ 1 // 0 }}{{ lede", r"edition\.txt: .*by zero"),
        ("subject.txt", "{% endif %}", "{% endfi %}", r"subject\.txt:\d+: "),
    ],
)
def test_a_fault_in_a_design_is_named_with_its_file(file: str, old: str, new: str, said: str, templates: Path):
    path = templates / "daily" / file
    source = path.read_text("utf-8")
    path.write_text(source.replace(old, new), "utf-8")

    assert old in source
    with pytest.raises(RenderError, match=said) as raised:
        Renderer(imprint(), templates).render(edition(), stamp())
    assert 1 == len(str(raised.value).splitlines())


def test_a_design_without_a_text_is_named(templates: Path):
    (templates / "daily" / "edition.txt").unlink()

    with pytest.raises(RenderError, match=r"edition\.txt: cannot be read"):
        Renderer(imprint(), templates).version("daily")


def test_the_version_changes_with_every_file_of_a_design(templates: Path):
    versions = {Renderer(imprint(), templates).version("daily")}
    for file in ("edition.mjml", "edition.txt", "subject.txt"):
        path = templates / "daily" / file
        path.write_text(path.read_text("utf-8") + "\n", "utf-8")
        versions.add(Renderer(imprint(), templates).version("daily"))

    assert 4 == len(versions)
    assert all(re.fullmatch("[0-9a-f]{12}", version) for version in versions)


def test_secrets_are_not_in_what_is_printed_of_an_imprint():
    assert SECRETS[0] not in repr(imprint())


# -- recorded days


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="no recorded days of Hugging Face beside the checkout")
def test_recorded_days_come_out_whole():
    for path in sorted(RECORDINGS.glob("*.json"))[::12]:
        listed = huggingface.parse(path.read_bytes(), date.fromisoformat(path.stem)).listings[:20]
        message = render(edition(section(*(match(listing.paper) for listing in listed))))
        page, read = Page(message.html), parsed(message)

        assert not read.defects, path.name
        assert message.subject == read["Subject"], path.name
        assert len(listed) == page.headings.count("h3"), path.name
        assert not [address for address, _ in page.links if address not in message.text], path.name
        assert not re.search(r"\{\{|\{%|&amp;(?:amp|lt|gt|quot|#39);", message.html), path.name
