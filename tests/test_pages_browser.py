"""The pages in a real browser without script: leafing, searching, trying interests; at every width, light and dark."""

from datetime import UTC, date, datetime
from itertools import pairwise

import pytest

from newsletter.collect import collect
from newsletter.web import pages
from tests.chromium import AXE, CHROMIUM
from tests.homes import invented_day, make_home
from tests.test_web import served

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: scripts/test --install")
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
LOOKS = [
    "/",
    "/papers",
    "/papers/2026-W10",
    "/papers/2026-03-01",
    "/paper/2603.00201",
    "/search?q=robots",
    "/today?interests=robots",
    "/nothing",
]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    home = make_home(tmp_path_factory.mktemp("home") / "home")
    days = [date(2026, 2, 27), date(2026, 3, 2), date(2026, 3, 3)]
    for number, day in enumerate(days):
        home.day(day.isoformat(), invented_day(day.isoformat(), 40, 1 + 100 * number))
    long = invented_day("2026-03-03", 40, 201)
    long[39]["paper"]["title"] = "Robots " + "supercalifragilistic" * 8
    home.day("2026-03-03", long)
    with home.app(NOW) as app:
        for at in (NOW.replace(hour=6), NOW.replace(hour=9)):
            collect(days, app.settings.sources, app.archive, app.reach, at)
            long[0]["paper"]["upvotes"] = 300
            home.day("2026-03-03", long)
        app.learn()
        with served(pages(app)) as client:
            yield str(client.base_url).rstrip("/")


@pytest.fixture
def page(browser, address):
    page = browser.new_page(java_script_enabled=False, base_url=address)
    page.set_default_timeout(60_000)
    asked, said = [], []
    page.on("request", lambda request: None if request.url.startswith(address) else asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    yield page
    assert ([], []) == (asked, said), "nothing comes from elsewhere, and nothing is refused"
    page.close()


def test_a_visitor_leafs_from_today_to_a_paper_and_to_the_day_before(page):
    page.goto("/")
    page.get_by_role("heading", name="Tuesday, 3 March 2026").wait_for()
    page.get_by_role("link", name="On flow matching in case 201").click()
    page.get_by_role("img", name="From 0 to 300 upvotes").wait_for()
    page.get_by_text("As a table").click()
    assert 2 == page.locator("tbody tr").count()
    page.locator("dd").get_by_role("link", name="Tuesday, 3 March 2026").click()
    page.get_by_role("link", name="Monday, 2 March 2026").click()
    page.get_by_role("heading", name="Monday, 2 March 2026", level=1).wait_for()
    page.get_by_role("link", name="Next page").click()
    page.get_by_text("Page 2 of 2").wait_for()


def test_a_visitor_searches(page):
    page.goto("/")
    page.get_by_role("searchbox", name="Search the papers").fill("speech recognition")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Search: speech recognition").wait_for()
    assert 20 == page.locator("article").count()
    page.get_by_role("link", name="Next page").click()
    page.get_by_text("Page 2 of 2").wait_for()


def test_a_visitor_sees_what_they_would_get_today(page):
    page.goto("/?lang=de")
    page.locator("#today textarea").fill("speech recognition\nrobot manipulation")
    page.locator("#today button").click()
    page.get_by_role("heading", name="Das käme heute").wait_for()
    sections = page.get_by_role("heading", level=2).all_inner_texts()
    assert ["speech recognition", "robot manipulation"] == sections[:2]
    assert "speech recognition\nrobot manipulation" == page.locator("#today textarea").input_value()


def test_the_keyboard_reaches_the_contents_first(page):
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.get_by_role("link", name="Skip to the contents").is_visible()
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")


@pytest.mark.parametrize("width", [320, 375, 768, 1280, 1920])
def test_no_page_scrolls_sideways(browser, address, width):
    page = browser.new_page(viewport={"width": width, "height": 900}, base_url=address)
    widths = {}
    for path in (*LOOKS, "/?lang=ar", "/paper/2603.00240", "/paper/2603.00240?lang=ar", "/search?q=supercali"):
        page.goto(path)
        widths[path] = page.evaluate("document.documentElement.scrollWidth")
    page.close()
    assert dict.fromkeys(widths, width) == widths


def test_headings_go_down_a_step_at_a_time(browser, address):
    page = browser.new_page(base_url=address)
    for path in LOOKS:
        page.goto(path)
        levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map(one => Number(one.tagName[1]))")
        assert 1 == levels[0]
        assert 1 == levels.count(1)
        assert all(after <= before + 1 for before, after in pairwise(levels)), path
    page.close()


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: scripts/test --install")
@pytest.mark.parametrize("lang", ["en", "ar"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_axe_finds_nothing(browser, address, scheme, width, lang):
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, base_url=address, bypass_csp=True
    )
    page, found = context.new_page(), {}
    for path in LOOKS:
        page.goto(f"{path}{'&' if '?' in path else '?'}lang={lang}")
        page.evaluate(AXE.read_text("utf-8"))
        violations = page.evaluate("axe.run({resultTypes: ['violations']}).then(result => result.violations)")
        found |= {f"{path}: {one['id']}: {one['nodes'][0]['html']}": one["help"] for one in violations}
    context.close()
    assert {} == found
