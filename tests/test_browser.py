"""What a real browser shows: editions at every width, and unsubscribing with a click."""

import pytest

from tests.chromium import CHROMIUM
from tests.homes import invented_day, make_home, readers
from tests.test_web import DAY, NOW, served

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: scripts/test --install")


@pytest.fixture(scope="module")
def edition(tmp_path_factory):
    home = make_home(tmp_path_factory.mktemp("home"))
    papers = invented_day("2026-03-03", 10)
    papers[0]["paper"]["title"] = "Flow matching " + "supercalifragilistic" * 8
    papers[0]["paper"]["projectPage"] = "https://example.org/" + "very-long-path/" * 20
    home.day("2026-03-03", papers)
    home.subscribers(readers(["ada"], ["flow matching"]))
    home.run("preview", "--date", "2026-03-03")
    return next((home.path / "preview").glob("*.html")).as_uri()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 375, 600, 1024])
def test_an_edition_never_scrolls_sideways(browser, edition, width, scheme):
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=False)
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(edition)
    box = page.locator("h1").bounding_box()
    widest = max(
        element.bounding_box()["width"] for element in page.locator("h3, p, table").all() if element.bounding_box()
    )
    page.close()
    assert box["x"] >= 0
    assert widest <= width
    assert [edition] == requests, "nothing is fetched"


def test_a_reader_unsubscribes_with_one_click_and_no_script(browser, tmp_path):
    from newsletter import links
    from newsletter.ledger import Planned
    from newsletter.web import pages
    from tests.homes import SECRET

    home = make_home(tmp_path)
    home.subscribers(readers(["ada"]))
    with home.app(NOW) as app:
        [ada] = app.roster()
        who = [(ada.key, ada.email, app.reference(ada))]
        planned = Planned("2026-03-03", "rehearsal", DAY, DAY, "d", (DAY, NOW), NOW, who)
        app.ledger.plan([planned], NOW)
        with served(pages(app)) as client:
            page = browser.new_page(java_script_enabled=False)
            page.goto(f"{client.base_url}/unsubscribe/{links.sign([SECRET], 'unsubscribe', app.reference(ada))}")
            assert [] == app.suppressions.all()
            page.get_by_role("button", name="Unsubscribe").click()
            assert "You are unsubscribed." in page.locator("h1").inner_text()
            page.close()
        assert ["ada@example.org"] == [one.address for one in app.suppressions.all()]
