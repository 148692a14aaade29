"""What can be judged of a mail without sending it, and how it looks in one program or another."""

from dataclasses import replace

import pytest

from newsletter.proof.judge import judge, opened
from newsletter.proof.page import read_page
from newsletter.proof.panes import framed, in_scheme, unstyled
from newsletter.render import Imprint, Renderer, default_templates
from newsletter.render.card import card
from tests import factories

SENDER = Imprint(
    name="Daily Papers",
    sender="Daily Papers",
    address="papers@example.org",
    reply_to="papers@example.org",
    base_url="https://papers.example.org",
    secrets=("a-secret-for-tests-only",),
)
EDITION = factories.large_edition(8)
TITLES = [card(match.paper).title for match in EDITION.matches]


def wire(imprint=SENDER, edition=EDITION):
    return Renderer(imprint, default_templates()).render(edition, factories.stamp()).mime


def grades(content, titles=TITLES):
    return {one.name: one.grade for one in judge(opened(content), titles)}


def judged(name, content, titles=TITLES):
    return next(one for one in judge(opened(content), titles) if one.name == name)


def mail(html, text="Text.\n", head="Subject: A mail\r\n"):
    """A mail of two parts, with what a test needs and nothing else."""
    part = "--b\r\nContent-Type: text/{}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{}\r\n"
    head += 'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="b"\r\n\r\n'
    return (head + part.format("plain", text) + part.format("html", html) + "--b--\r\n").encode()


@pytest.mark.parametrize("design", ["daily", "weekly", "plain"])
def test_an_edition_of_ours_passes_everything(design):
    edition = replace(EDITION, subscriber=factories.subscriber(design=design))
    assert {"passes"} == set(grades(wire(edition=edition)).values())


def test_a_mail_is_opened_as_it_was_made():
    message = Renderer(SENDER, default_templates()).render(EDITION, factories.stamp())
    found = opened(message.mime)
    assert (message.html, message.text, message.subject) == (found.html, found.text, found.header("subject"))
    assert dict(message.headers).items() <= dict(found.headers).items(), "decoded by somebody else's code"
    assert (len(message.html.encode()), len(message.mime)) == (found.sizes.html, found.sizes.whole)


def test_a_home_that_was_not_set_up_yet_costs_something_and_fails_nothing():
    found = grades(wire(replace(SENDER, address="papers@localhost", reply_to="papers@localhost", base_url="")))
    assert {"passes", "note"} == set(found.values())
    noted = [name for name, grade in found.items() if grade == "note"]
    assert ["Unsubscribing by the mail program's own button", "The sender's address is a real one"] == noted


def test_a_paper_that_only_one_part_names_is_named():
    content = mail("<p>On flow matching</p><p>On tool use</p>", "On flow\nmatching\n")
    found = judged("Both parts name the same papers", content, ["On flow matching", "On tool use"])
    assert ("fails", "the text lacks “On tool use”") == (found.grade, found.found)


def test_sizes_are_those_of_the_page_before_and_after_encoding():
    found = judged("Short enough for Gmail", mail("<p>" + "a" * 92_100))
    assert ("fails", True) == (found.grade, "92,103 bytes of 92,000" in found.found)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("Each header once", mail("<p>", head="Subject: One\r\nSubject: Two\r\n"), "Subject is there 2 times"),
        ("Each header once", mail("<p>"), "Date is missing"),
        ("Lines of 998 characters at most", mail("<p>", head=f"Subject: {'a' * 1000}\r\n"), "one of 1009 characters"),
        ("Lines of 998 characters at most", mail("<p>ä"), "characters beyond ASCII"),
        ("Text first, then the page", b"Content-Type: text/html\r\n\r\n<p>", "text/html"),
        (
            "Unsubscribing in both parts",
            mail('<a href="https://x.example/unsubscribe/t">Leave</a>'),
            "the text has none",
        ),
        ("Unsubscribing in both parts", mail("<p>", "https://x.example/unsubscribe/t"), "the page has no such link"),
        ("Unsubscribing by the mail program's own button", mail("<p>"), "none"),
        (
            "Unsubscribing by the mail program's own button",
            mail("<p>", head="List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"),
            "promises a page",
        ),
        ("The sender's address is a real one", mail("<p>", head="From: Papers <papers@intern>\r\n"), "papers@intern"),
        ("A subject that can be read", mail("<p>", head=""), "0 characters"),
        ("Every picture is described", mail('<img src="cid:a"><img src="cid:b" alt="">'), "without alt: cid:a"),
        ("Nothing is fetched from elsewhere", mail('<img alt="" src="https://x.example/p">'), "https://x.example/p"),
        ("Nothing is fetched from elsewhere", mail('<p style="background:url(//x.example/p)">'), "//x.example/p"),
        ("Nothing is fetched from elsewhere", mail("<style>@import 'https://x.example/c'</style>"), "x.example/c"),
        ("Nothing is fetched from elsewhere", mail('<td background="https://x.example/b">'), "x.example/b"),
        ("Links are https", mail('<a href="http://x.example/">X</a>'), "“X” to http://x.example/"),
        ("Links are https", mail('<a href="#">X</a>'), "“X” to #"),
        ("Links are https", mail('<a href="https://[x">X</a>'), "https://[x"),
        ("Language and direction are said", mail('<html lang="en">'), "missing: dir, Content-Language"),
    ],
)
def test_what_is_wrong_fails_and_is_said(name, content, said):
    found = judged(name, content)
    assert "fails" == found.grade
    assert said in found.found
    assert found.costs


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "A subject that can be read",
            mail("<p>", head=f"Subject: {' '.join(['word'] * 30)}\r\n"),
            "149 characters; a phone",
        ),
        ("A preheader of 40 to 130 characters", mail("<p>Hello"), "none; the list goes on with how the page begins"),
        ("A preheader of 40 to 130 characters", mail('<div style="display:none">Short</div>'), "5 characters: “Short"),
        ("Lines of the text of 78 columns at most", mail("<p>", "汉" * 40), "1 wider, up to 80"),
        ("Nothing is left of the template", mail("<p>{{ papers }}</p>"), "“{{ papers }}” on the page"),
        ("Nothing is left of the template", mail("<p>", "None\n"), "“None” in the text"),
        ("Nothing is left of the template", mail("<p>", head="Subject: {% if %}\r\n"), "in the subject"),
    ],
)
def test_what_may_be_and_costs_something_is_noted(name, content, said):
    found = judged(name, content)
    assert "note" == found.grade
    assert said in found.found


def test_addresses_may_be_wider_than_a_terminal_and_none_of_a_sentence_is_no_residue():
    text = f"https://x.example/{'a' * 100}\nmailto:a@x.example?subject={'a' * 100}\nNone of the above\n"
    found = grades(mail("<p>None of them</p>", text))
    assert "passes" == found["Lines of the text of 78 columns at most"]
    assert "passes" == found["Nothing is left of the template"]


def test_a_preheader_is_the_hidden_beginning_without_what_fills_it_up():
    page = read_page('<body><div style="display:none;max-height:0">First &amp; second&#8199;&#847;&#8199;</div><p>Seen')
    assert ("First & second", True) == (page.beginning, page.beginning_is_hidden)


def test_a_page_is_read_as_a_screen_reader_does():
    page = read_page(
        "<title>Not this</title><style>p{}</style><p>Words <a href='https://x.example/' aria-label='The PDF of A'>PDF</a>"
        "<a href='https://x.example/i'><img alt='A picture' src='cid:1'></a>"
    )
    assert ("Words ", "PDF") == page.words
    assert ["The PDF of A", "A picture"] == [link.name for link in page.links]


@pytest.mark.parametrize("torn", ["<a href='x", "</p></div>", "<![if", "<a href=x><a href=y>z", "<style>", "\x00<p"])
def test_a_torn_page_is_read_as_far_as_it_goes(torn):
    judge(opened(mail(torn)), ["A title"])


# -- panes


STYLED = (
    '<html><head><meta name="color-scheme" content="light dark" /><style>:root{color-scheme:light dark}'
    "@media (prefers-color-scheme: dark){p{color:#fff}}@media (Prefers-Color-Scheme:light){b{}}</style></head>"
    "<body><p style='color:red'>(prefers-color-scheme: dark)</p></body></html>"
)


def test_a_pane_is_dark_or_light_whatever_the_machine_is():
    dark, light = in_scheme(STYLED, "dark"), in_scheme(STYLED, "light")
    assert "@media (min-width:0){p{color:#fff}}@media (max-width:0){b{}}" in dark
    assert "@media (max-width:0){p{color:#fff}}@media (min-width:0){b{}}" in light
    assert '<meta name="color-scheme" content="dark" /><style>:root{color-scheme:dark}' in dark
    assert "<p style='color:red'>(prefers-color-scheme: dark)</p>" in dark, "what is not style stays"


def test_a_page_that_knows_no_dark_colours_stays_as_it_is():
    page = '<meta name="color-scheme" content="light"><style>:root{color-scheme:only light}</style>'
    assert page == in_scheme(page, "dark")


def test_without_style_sheets_only_what_stands_in_the_elements_is_left():
    assert "<style" not in unstyled(STYLED)
    assert "style='color:red'" in unstyled(STYLED)


def test_a_frames_links_open_nothing_in_the_frame():
    assert '<head><base target="_blank">' in framed(STYLED)
