"""A mail as a real SMTP server took it, opened in a real browser: what its links lead to, and what comes of them."""

import email
import email.policy
import re
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from tests.chromium import AXE, CHROMIUM
from tests.servers.huggingface import paper_json
from tests.test_signup_browser import Journey

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: scripts/test --install")
TARGET = 24
"""Pixels that a target is high, at least (WCAG 2.5.8)."""


def day(date: str, first: int) -> list[dict[str, object]]:
    """Papers on one subject of two kinds, of which the first is upvoted more."""
    return [
        paper_json(
            first + n,
            date,
            title=f"Flow matching for {kind} in case {first + n}",
            summary=f"We study flow matching, and {words}; case {first + n} is like no other.",
            ai_summary="",
            upvotes=votes,
        )
        for kind, words, votes, numbers in (
            ("proteins", "how molecules fold in the living cell", 90, range(12)),
            ("music", "how instruments sound in a concert hall", 5, range(12, 24)),
        )
        for n in numbers
    ]


@pytest.fixture
def journey(tmp_path, browser):
    with ExitStack() as stack:
        found = Journey(stack, tmp_path, browser)
        for number in (3, 4):
            found.home.day(f"2026-03-0{number}", day(f"2026-03-0{number}", 100 * number))
        yield found


@pytest.fixture
def mail(journey: Journey, tmp_path):
    """The address of the HTML of a first edition."""
    journey.sign_up()
    journey.confirm()
    assert 2 == journey.send("2026-03-03")
    return opened(journey, 2, tmp_path)


def opened(journey: Journey, number: int, folder) -> str:
    journey.letter(number)
    read = email.message_from_bytes(journey.mails.arrived[number - 1].content, policy=email.policy.default)
    path = folder / f"{number}.html"
    path.write_text(read.get_body(("html",)).get_content(), "utf-8")
    return path.as_uri()


def papers(page) -> list[str]:
    return page.locator("h3").all_inner_texts()


def test_less_like_this_asks_acts_on_a_press_changes_the_next_edition_and_is_told_of_there(journey, mail, tmp_path):
    page = journey.page
    page.goto(mail)
    unwanted = papers(page)[0]
    would = journey.would("2026-03-04")
    page.get_by_role("link", name="Less like this").first.click()
    page.get_by_role("heading", name="What do you think of it?").wait_for()
    assert unwanted == page.locator("main h2").first.inner_text()
    [ada] = journey.app.roster()
    assert {} == journey.app.feedback.words(ada.key), "a link changes nothing"
    journey.clock.now = datetime.now(UTC) + timedelta(hours=1)  # after the edition, which another process made
    page.locator("button:not(.plain)", has_text="Less like this").click()
    page.get_by_role("heading", name="You want less like this.").wait_for()

    assert 3 == journey.send("2026-03-04")
    page.goto(opened(journey, 3, tmp_path))
    told = f"As you asked, there is less here like “{unwanted}”."
    assert told in page.inner_text("body")
    assert told in " ".join(journey.letter(3).split())
    fewer = [sum("proteins" in title for title in titles) for titles in (papers(page), would)]
    assert fewer[0] < fewer[1], "those like it make room for others"


def test_the_mail_leads_to_its_own_page_where_its_papers_can_be_judged(journey, mail):
    page = journey.page
    page.goto(mail)
    shown = papers(page)
    page.get_by_role("link", name="View in browser").click()
    page.wait_for_url(f"{journey.base}/edition/**")
    assert (shown, 0) == (papers(page), page.get_by_role("link", name="View in browser").count())
    page.get_by_role("link", name="More like this").nth(1).click()
    page.get_by_role("heading", name="What do you think of it?").wait_for()
    page.locator("button:not(.plain)", has_text="More like this").click()
    page.get_by_role("heading", name="You want more like this.").wait_for()
    assert shown[1] == page.locator("main h2").first.inner_text()
    assert re.search(rf"View in browser: {journey.base}/edition/\S+", journey.letter(2))


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: scripts/test --install")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_quiet_links_can_be_read_and_touched(browser, mail, scheme):
    page = browser.new_page(viewport={"width": 375, "height": 800}, color_scheme=scheme)
    page.goto(mail)
    heights = [link.bounding_box()["height"] for link in page.locator(".quiet a").all()]
    page.evaluate(AXE.read_text("utf-8"))
    rules = {"runOnly": ["color-contrast", "target-size", "link-name", "link-in-text-block"]}
    faults = page.evaluate("rules => axe.run(rules)", rules)["violations"]
    page.close()
    assert [] == [(one["id"], one["nodes"][0]["html"]) for one in faults]
    assert min(heights) >= TARGET
