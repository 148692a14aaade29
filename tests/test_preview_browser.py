"""The preview in a real browser: choosing, seeing, editing files and watching it follow, with and without script."""

import re
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from itertools import pairwise

import pytest

from newsletter.collect import collect
from newsletter.render import default_templates
from tests.chromium import CHROMIUM
from tests.homes import invented_day, make_home, readers

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: scripts/test --install")
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
GOOD = readers(["ada", "ben", "cleo"], ["flow matching", "tool use", "whale song"])
SLOWLY = 60_000
"""Milliseconds: the machine may be busy."""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = make_home(tmp_path_factory.mktemp("home") / "home")
    for number, day in enumerate(("2026-03-02", "2026-03-03")):
        home.day(day, invented_day(day, 20, 1 + 100 * number))
    shutil.copytree(default_templates(), home.path / "templates")
    home.subscribers(GOOD)
    with home.app(NOW) as app:
        collect([date(2026, 3, 2), date(2026, 3, 3)], app.settings.sources, app.archive, app.reach, NOW)
        app.learn()
    return home


@pytest.fixture(scope="module")
def address(home):
    """The preview as a person starts it; Ctrl-C ends it at once, though a page waits for changes."""
    command = [sys.executable, "-m", "newsletter", "preview", "--serve", "--port", "0", "--date", "2026-03-03"]
    environment = {**home.environment, "NEWSLETTER_TEMPLATES": "templates"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        yield re.search(r"http://127\.0\.0\.1:\d+/", process.stdout.readline())[0]
        process.send_signal(signal.SIGINT)
        started = time.monotonic()
        _, said = process.communicate(timeout=60)
    assert "Traceback" not in said
    assert "newsletter: stopped; run the same command again to go on" == said.strip()
    assert time.monotonic() - started < 20


@pytest.fixture(scope="module")
def waiting_page(browser, address):
    """A page that stays open until the preview ends."""
    page = browser.new_page()
    page.goto(address)
    until(page, "On flow matching in case")
    page.get_by_text("Asking").wait_for(state="detached", timeout=SLOWLY)
    return page


@pytest.fixture(autouse=True)
def good_readers(home):
    """Whatever the test before this one has written."""
    home.subscribers(GOOD)


@pytest.fixture
def page(browser, address, waiting_page):
    page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light")
    page.set_default_timeout(SLOWLY)
    page.said, page.asked = [], []
    page.on("console", lambda message: page.said.append(message.text))
    page.on("request", lambda request: None if request.url.startswith(address) else page.asked.append(request))
    page.goto(address)
    yield page
    assert ([], []) == (page.said, page.asked), "nothing is refused, and nobody else is asked"
    page.close()


def pane(page, kind):
    return page.frame_locator(f"figure.{kind} iframe")


def until(page, words, kind="desktop"):
    pane(page, kind).get_by_text(words).locator("visible=true").first.wait_for(timeout=SLOWLY)


def test_a_day_and_a_reader_are_chosen_and_seen_at_every_width(page, address):
    page.get_by_label("Day", exact=True).select_option("2026-03-02")
    page.get_by_label("Subscriber").select_option("ben@example.org")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url(f"{address}?day=2026-03-02&reader=ben%40example.org")
    for kind, width in (("desktop", 680), ("phone", 375), ("dark", 680), ("plain", 375)):
        until(page, "On tool use by agents in case", kind)
        assert width == pane(page, kind).locator("html").evaluate("html => html.clientWidth")
    page.get_by_role("link", name="The day after").click()
    page.wait_for_url(f"{address}?day=2026-03-03&reader=ben%40example.org")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_dark_pane_is_dark_and_the_others_light_whatever_the_machine_is(browser, address, scheme):
    page = browser.new_page(color_scheme=scheme)
    page.goto(address)
    brightness = {}
    for kind in ("desktop", "phone", "dark", "plain"):
        until(page, "On flow matching in case", kind)
        colour = pane(page, kind).locator(".sheet").first.evaluate("sheet => getComputedStyle(sheet).backgroundColor")
        brightness[kind] = sum(map(int, re.findall(r"\d+", colour)[:3])) / 3
    page.close()
    assert brightness.pop("dark") < 60
    assert min(brightness.values()) > 200


def test_the_note_the_yaml_and_a_template_are_followed_by_themselves(page, home):
    until(page, "On flow matching in case")
    (home.path / "note.md").write_text("A **note** of this minute.")
    until(page, "A note of this minute.")
    home.subscribers(GOOD.replace("flow matching", "robot manipulation"))
    until(page, "On robot manipulation in case")
    design = home.path / "templates" / "base" / "foot.html"
    design.write_text(design.read_text().replace("Unsubscribe", "Leave this list"))
    until(page, "Leave this list")
    (home.path / "newsletter.yaml").write_text("name: Weekly Whales\n")
    until(page, "Weekly Whales")


def test_a_fault_is_shown_with_its_line_and_goes_when_it_is_mended(page, home):
    until(page, "On flow matching in case")
    home.subscribers(GOOD.replace("name: Ben", "nmae: Ben"))
    page.get_by_text("subscribers.yaml:8:5: subscribers[1]: 'nmae' is not a key here").wait_for()
    assert 0 == page.locator("iframe").count()
    home.subscribers(GOOD)
    until(page, "On flow matching in case")
    text = home.path / "templates" / "daily" / "edition.txt"
    good = text.read_text()
    text.write_text("{% if %}\n" + good)
    page.get_by_text("edition.txt:1: ").wait_for()
    text.write_text(good)
    until(page, "On flow matching in case")


def test_the_tab_that_was_chosen_stays_when_the_page_follows_an_edit(page, home):
    page.get_by_text("Headers", exact=True).click()
    page.get_by_role("cell", name="From: ").first.wait_for()
    with page.expect_navigation():
        (home.path / "note.md").write_text("Another note.")
    page.get_by_role("cell", name="From: ").first.wait_for()
    assert not page.locator("#why").is_visible()


def test_a_choice_that_is_being_made_is_not_lost_to_an_edit(page, home):
    page.get_by_label("Subscriber").select_option("ben@example.org")
    (home.path / "note.md").write_text("A note in between.")
    page.wait_for_timeout(3000)
    assert "ben@example.org" == page.get_by_label("Subscriber").input_value()
    page.get_by_label("Subscriber").select_option("ada@example.org")
    until(page, "A note in between.")


def test_tabs_are_reached_by_keyboard(page):
    page.get_by_role("radio", name="Why each came").focus()
    shown = []
    for _ in range(5):
        page.keyboard.press("ArrowRight")
        shown.append(page.locator(".panel:visible").get_attribute("id"))
    assert ["checks", "text", "headers", "source", "links"] == shown


def test_without_script_it_is_chosen_and_seen_all_the_same(browser, address, home):
    home.subscribers(GOOD)
    page = browser.new_page(java_script_enabled=False)
    page.set_default_timeout(SLOWLY)
    page.goto(address)
    page.get_by_label("Subscriber").select_option("ben@example.org")
    page.get_by_role("button", name="Show").click()
    page.locator("#why").get_by_text("Why: tool use").first.wait_for()
    page.get_by_text("Checks", exact=True).click()
    page.locator("#checks").get_by_text("Short enough for Gmail").wait_for()
    page.get_by_role("link", name="The day before").click()
    page.wait_for_url(re.compile(r"day=2026-03-02&reader=ben"))
    page.close()


def test_a_mail_cannot_act_in_its_frame(page, home):
    until(page, "On flow matching in case")
    page.locator("label[for=tab-checks]").click()
    design = home.path / "templates" / "daily" / "edition.mjml"
    good = design.read_text()
    hostile = "<script>top.location = 'https://evil.example/'</script><img src='https://evil.example/x.png' alt=''>"
    design.write_text(good.replace("{{ lede }}", "{{ lede }} " + hostile, 1))
    page.locator("#checks li.fails").get_by_text("https://evil.example/x.png").wait_for()
    until(page, "On flow matching in case")
    pane(page, "desktop").get_by_role("link").first.click()
    design.write_text(good)
    page.get_by_text("no remote pictures, fonts or styles").wait_for()
    assert page.url.startswith("http://127.0.0.1:")
    assert {"csp"} == {request.failure for request in page.asked}, "nothing left the browser"
    assert {"Blocked script execution", "Loading the image"} <= {" ".join(said.split()[:3]) for said in page.said}
    page.said.clear()
    page.asked.clear()


@pytest.mark.parametrize("width", [320, 375, 1280, 1920])
def test_the_page_never_scrolls_sideways(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    for tab in ("why", "checks", "text", "headers", "source", "links"):
        page.locator(f"label[for=tab-{tab}]").click()
        assert width == page.evaluate("document.documentElement.scrollWidth"), tab


def test_everything_that_can_be_used_has_a_name(page):
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("a, button, select, input, iframe, meter, [tabindex='0']")]
        .filter(one => !(one.getAttribute("aria-label") || one.title || one.textContent.trim() || one.labels?.length
                         || one.closest("[aria-label]")))
        .map(one => one.outerHTML)"""
    )
    assert [] == nameless
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map(one => Number(one.tagName[1]))")
    assert all(after <= before + 1 for before, after in pairwise(levels))
