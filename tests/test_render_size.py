"""No mail is longer than what Gmail shows, whatever the day and the reader; nothing is cut through."""

from __future__ import annotations

import re
from dataclasses import replace
from email import message_from_bytes
from email.policy import default

import pytest

from newsletter.models import Edition, Paper
from newsletter.render.size import LONGEST, LONGEST_ENCODED, TITLES
from tests.factories import edition, large_edition, match, numbered, section, stamp
from tests.homes import SUBJECTS, invented_day, make_home, readers, text_of
from tests.test_render import RENDERER, Page

LONG_TITLE = ("Learning to Compress Long Contexts for Retrieval with Sparse and Dense Memories " * 3)[:175].strip()
CHINESE = ("王小明", "李华", "张伟", "陳大文", "欧阳娜娜")


def wordy(number: int) -> Paper:
    """A paper with all that one may have, each at its longest."""
    return numbered(
        number,
        title=f"{LONG_TITLE} {number}",
        authors=CHINESE,
        organization="北京人工智能研究院",
        summary="深层网络在长上下文中的检索能力仍然有限。" * 12,
        code=f"https://github.com/northlight/{'long-name-' * 6}{number}",
        project=f"https://study-{number}.example.org/{'path/' * 10}",
        stars=123456,
        comments=99,
        upvotes=999,
    )


def of_wordy(papers: int, sections: int = 5, **changes: object) -> Edition:
    parts = [[match(wordy(n)) for n in range(start, papers, sections)] for start in range(sections)]
    return edition(*(section(*part, title=f"关于 {n} " + "x" * 100) for n, part in enumerate(parts)), **changes)


def sizes(html: str, mime: bytes) -> tuple[int, int]:
    part = mime.partition(b"Content-Type: text/html")[2].partition(b"\r\n\r\n")[2].rpartition(b"\r\n--")[0]
    return len(html.encode()), len(part)


@pytest.mark.parametrize(
    "of", [of_wordy(500), large_edition(500), of_wordy(500, 250), of_wordy(500, note="注 " * 9000)]
)
def test_no_mail_is_longer_than_what_gmail_shows(of: Edition):
    _, message = RENDERER.fitted(of, stamp())
    decoded, encoded = sizes(message.html, message.mime)

    assert decoded <= LONGEST
    assert encoded <= LONGEST_ENCODED
    assert "Unsubscribe" in Page(message.html).words
    assert message.html.rstrip().endswith("</html>")


def test_what_has_no_room_as_a_card_is_named_by_its_title_and_the_rest_is_counted():
    made, message = RENDERER.fitted(large_edition(500), stamp())
    cards, titles = Page(message.html).headings.count("h3"), len(made.sections[-1].matches)

    assert ("titles", TITLES) == (made.sections[-1].kind, titles)
    assert cards + titles == sum(1 for _ in made.matches)
    assert f"{500 - cards - titles} more papers did not fit into this mail." in message.text
    assert all(one.paper.title in message.text for one in made.sections[-1].matches)


def test_every_section_keeps_its_first_papers():
    whole = of_wordy(500)
    made, _ = RENDERER.fitted(whole, stamp())

    for before, after in zip(whole.sections, made.sections, strict=False):
        assert before.title == after.title
        assert before.matches[: len(after.matches)] == after.matches
    lengths = [len(one.matches) for one in made.sections[:-1]]
    assert max(lengths) - min(lengths) <= 1


def test_a_shortened_edition_fits_when_it_is_made_again():
    made, message = RENDERER.fitted(of_wordy(300), stamp())

    assert (made, message.mime) == (RENDERER.fitted(made, stamp())[0], RENDERER.render(made, stamp()).mime)


def test_what_fits_is_left_as_it_is():
    whole = large_edition(45)

    assert whole is RENDERER.fitted(whole, stamp())[0]


def test_a_long_note_loses_its_end_before_the_papers_do():
    note = "\n\n".join(["第一段。" * 200] * 40)
    made, message = RENDERER.fitted(replace(large_edition(3), note=note), stamp())

    assert 3 == Page(message.html).headings.count("h3")
    assert "[…]" in message.text
    assert re.match("第一段", made.note)


def test_a_day_of_a_thousand_papers_for_a_reader_of_five_hundred_fits(tmp_path):
    home = make_home(tmp_path)
    papers = invented_day("2026-03-03", 1000)
    for number, one in enumerate(papers):
        one["paper"] |= {
            "title": f"{LONG_TITLE[:160]} {SUBJECTS[number % 5]} {number}"[:175],
            "authors": [{"name": name, "hidden": False} for name in CHINESE],
            "githubRepo": f"https://github.com/northlight/case-{number}",
            "githubStars": number,
            "projectPage": f"https://case-{number}.example.org/",
        }
    home.day("2026-03-03", papers)
    home.subscribers(readers(["ada"], ["sparse attention"]).replace("trending: 0", "trending: 490, max_papers: 500"))
    home.run("send", "--date", "2026-03-03")
    [mail] = (home.path / "outbox").glob("*.eml")
    html = message_from_bytes(mail.read_bytes(), policy=default).get_body(("html",))
    decoded, encoded = sizes(html.get_content(), mail.read_bytes())

    assert LONGEST * 0.8 < decoded <= LONGEST
    assert encoded <= LONGEST_ENCODED
    assert "more papers did not fit" in text_of(mail.read_bytes())
    assert "王小明" in text_of(mail.read_bytes())
