"""The links of a mail that only its reader has: its page in the browser, and what to say of each paper."""

from __future__ import annotations

import quopri
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter import links
from newsletter.models import Message, Stamp
from newsletter.render import Renderer, default_templates
from newsletter.render.mime import quoted_printable
from newsletter.render.place import MARK, PLACE
from tests.factories import edition, large_edition, match, numbered, paper, section, stamp, subscriber
from tests.test_render import RENDERER, SECRETS, Page, imprint, parsed, render

DESIGNS = ("daily", "weekly", "plain")
ADA, BO = "QWRhLUFkYS1BZGEt", "Qm8tQm8tQm8tQm8t"
TOKEN = links.sign(SECRETS, "feedback", ADA)
TEXT = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from("\n\n=. \té?")), max_size=90)


def of(reference: str) -> Message:
    return RENDERER.render(large_edition(12), replace(stamp(), reference=reference))


def test_a_token_is_as_long_as_the_place_that_is_kept_for_it():
    assert len(PLACE) == len(TOKEN)


@given(st.lists(TEXT, min_size=2, max_size=5))
def test_wherever_the_place_stands_the_token_comes_whole_on_lines_that_are_short_enough(texts: list[str]):
    encoded = quoted_printable(PLACE.join(texts) + "\n").replace(MARK, TOKEN.encode())
    lines = encoded.split(b"\r\n")

    assert TOKEN.join(texts) + "\n" == quopri.decodestring(encoded).decode().replace("\r\n", "\n")
    assert len(texts) - 1 == lines.count(TOKEN.encode() + b"=")
    assert max(map(len, lines)) <= 76
    assert not [line for line in lines if line.startswith((b".", b"From "))]


def test_in_the_cards_that_readers_share_each_has_links_of_their_own():
    ada, bo = of(ADA), of(BO)

    for message, mine, others in ((ada, ADA, BO), (bo, BO, ADA)):
        read = parsed(message)
        for body in (read.get_body(("plain",)).get_content(), read.get_body(("html",)).get_content()):
            tokens = set(re.findall(r"/(?:f|preferences|unsubscribe)/([\w.-]+)", body))
            assert {mine} == {links.read(SECRETS, purpose_of(body, token), token) for token in tokens}
            assert 25 == body.count(f"https://news.example.org/f/{links.sign(SECRETS, 'feedback', mine)}")
            assert not [one for one in (PLACE, others, MARK.decode()) if one in body]
        assert read.get_body(("html",)).get_content().split() == message.html.split()
        assert read.get_body(("plain",)).get_content().split() == message.text.split()


def purpose_of(body: str, token: str) -> str:
    page = re.search(rf"/(\w+)/{re.escape(token)}", body)[1]
    return "feedback" if page == "f" else page


@pytest.mark.parametrize("language", ["en", "de", "ar"])
@pytest.mark.parametrize("design", DESIGNS)
def test_below_each_card_one_can_ask_for_more_or_less_like_it(design: str, language: str):
    ids = ["2603.01234", "10.1101/2026.03.01.123456", "title:0 1&ü"]
    reader = subscriber(design=design, language=language)
    message = render(edition(section(*(match(numbered(n, id=id_)) for n, id_ in enumerate(ids))), subscriber=reader))
    own = f"https://news.example.org/f/{links.sign(SECRETS, 'feedback', stamp().reference)}"
    named = ("2603.01234", "10.1101/2026.03.01.123456", "title%3A0%201%26%C3%BC")
    wanted = [f"{own}?{verdict}={id_}" for id_ in named for verdict in ("more", "less")]

    assert wanted == [address for address, _ in Page(message.html).links if f"{own}?" in address]
    assert wanted == [one for one in message.text.split() if f"{own}?" in one]


@pytest.mark.parametrize("design", DESIGNS)
def test_each_part_begins_with_the_way_to_its_page_in_the_browser(design: str):
    message = render(edition(subscriber=subscriber(design=design)))
    name, address = Page(message.html).links[0][::-1]
    token = address.removeprefix("https://news.example.org/edition/")

    assert "View in browser" == name
    assert f"{stamp().reference}.2026-03-03.regular" == links.read(SECRETS, "view", token)
    assert f"\nView in browser: {address}\n" in message.text
    assert message.text.index(address) < 300


def test_a_copy_outside_the_ledger_has_no_page_to_lead_to():
    message = RENDERER.render(edition(), replace(stamp(), occasion="test"))

    assert "/edition/" not in message.html + message.text
    assert "?more=" in message.html


@pytest.mark.parametrize("design", DESIGNS)
def test_without_web_pages_there_are_no_such_links(design: str):
    message = render(edition(subscriber=subscriber(design=design)), base_url="")

    for body in (message.html, message.text):
        assert not [one for one in ("View in browser", "More like this", "Less like this", PLACE) if one in body]


def test_what_is_shown_by_its_title_alone_is_not_judged():
    titles = replace(section(match()), kind="titles")

    assert "Less like this" not in render(edition(titles)).html


def test_a_design_that_knows_nothing_of_such_links_goes_on_working(tmp_path: Path):
    own = tmp_path / "own"
    own.mkdir()
    (own / "edition.mjml").write_text(
        "<mjml><mj-body><mj-section><mj-column><mj-text>\n{% for part in parts %}\n{% for card, why in part.shown %}\n"
        "{% cached card with why %}\n<h3>{{ card.title }}</h3>\n{{ why }}\n{% endcached %}\n{% endfor %}\n{% endfor %}\n"
        '<a href="{{ unsubscribe | href }}">out</a></mj-text></mj-column></mj-section></mj-body></mjml>'
    )
    (own / "edition.txt").write_text("{{ name }}\n{{ unsubscribe }}\n")
    (own / "subject.txt").write_text("{{ name }}")
    made = Renderer(imprint(), tmp_path)
    message = made.render(edition(section(match(paper())), subscriber=subscriber(design="own")), stamp())

    assert () == made.faults("own")
    assert "like this" not in message.html + message.text
    assert paper().title in message.html


def test_a_design_may_say_it_in_its_own_words_and_outside_of_what_is_shared(tmp_path: Path):
    shutil.copytree(default_templates() / "daily", tmp_path / "daily")
    page = tmp_path / "daily" / "edition.mjml"
    link = '<a href="{{ own_feedback }}?less={{ parts[0].shown[0].card.id }}">No more of this</a>'
    page.write_text(page.read_text("utf-8").replace("{{ lede }}", link), "utf-8")
    message = Renderer(imprint(), tmp_path).render(edition(), Stamp(stamp().at, "regular", ADA))

    assert f'<a href="https://news.example.org/f/{TOKEN}?less=2603.01234">No more of this</a>' in message.html
    assert PLACE.encode() not in quopri.decodestring(message.mime)
