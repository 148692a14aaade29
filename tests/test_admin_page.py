"""The operator's page: figures that are true and name nobody, for who may see them; and the form for other sites."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from newsletter import links, overview
from newsletter.audience import Order
from newsletter.collect import collect
from newsletter.ledger import Account
from newsletter.models import STATES
from newsletter.overview import Counting, Joined, Week, answers
from newsletter.publish import publish
from newsletter.readers.consents import Circumstances
from newsletter.web import admin, pages
from newsletter.web.admin import bars
from tests.chromium import AXE, CHROMIUM
from tests.homes import SECRET, invented_day, make_home, readers
from tests.test_signups import FORM, LINK, confirmed, wish
from tests.test_web import served

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
DAY = date(2026, 3, 3)
TOKEN = "a-token-for-tests-only"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
PUBLIC = {"NEWSLETTER_BASE_URL": "https://papers.example.org", "NEWSLETTER_METRICS_TOKEN": TOKEN}


def filled(app):
    """Sends a day's editions; and people sign up, leave and are not written to."""
    collect([DAY], app.settings.sources, app.archive, app.reach, NOW)
    publish(app, NOW, Order(DAY))
    week_ago = NOW - timedelta(days=7)
    for name, at in (("eve", NOW - timedelta(hours=1)), ("fay", week_ago), ("gil", week_ago)):
        confirmed(app.signups, f"{name}@example.net", at)
    app.signups.leave("gil@example.net", NOW - timedelta(hours=1), LINK)
    app.signups.ask(wish("hal@example.net"), NOW - timedelta(hours=1), FORM)
    app.suppressions.add("ida@example.net", "bounced", NOW)


@pytest.fixture
def home(tmp_path):
    home = make_home(tmp_path / "home")
    home.subscribers(readers(["ada", "bo", "cy"]))
    home.day("2026-03-03", invented_day("2026-03-03", 20))
    return home


@pytest.fixture
def app(home):
    with home.app(NOW) as app:
        filled(app)
        yield app


@pytest.fixture
def client(app):
    with served(pages(app)) as client:
        yield client


def table(page: str, section: str) -> list[list[str]]:
    """The rows of the table in the section with this heading's id, its head first."""
    inside = page.split(f'aria-labelledby="{section}"', 1)[1].split("</table>", 1)[0]
    rows = re.findall(r"<tr>(.*?)</tr>", inside, re.S)
    return [[re.sub("<[^>]+>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)] for row in rows]


# -- what it says


def test_the_page_has_the_account_of_the_latest_day_and_of_those_before(client):
    page = client.get("/admin").text
    account = [["Deliveries", "Number"], ["audience", "3"], ["pending", "0"], ["submitting", "0"], ["submitted", "3"]]
    assert account == table(page, "account")[:5]
    assert [["3 March", "3", "0", "0", "3", "0", "0", "0"]] == table(page, "days")[1:]
    assert ["accepted", "3"] == table(page, "answers")[1]
    assert ["file:papers", "ok", "20", "4 March, 12:00 UTC"] == table(page, "sources")[1]


def test_the_page_has_who_came_and_went_and_who_is_not_written_to(client):
    page = client.get("/admin").text
    assert [["2 March", "2", "1", "0", "1"], ["23 February", "2", "2", "0", "0"]] == table(page, "joined")[1:3]
    assert "3 in the files, 2 signed up and read." in page
    assert [["unsubscribed", "1"], ["bounced", "1"], ["complained", "0"]] == table(page, "suppressed")[1:4]


def test_the_page_names_no_reader(client):
    page = client.get("/admin").text
    assert [] == re.findall(r"\w+@\w+", page)
    assert [] == [name for name in ("ada", "eve", "signup-") if re.search(rf"\b{name}", page)]


def test_an_alarm_is_on_the_page_and_so_is_that_sending_is_stopped(app, client):
    assert "No alarm stands." in client.get("/admin").text
    app.ledger.stop(NOW)
    with served(pages(app)) as client:
        assert "Sending is stopped since 4 March, 12:00 UTC." in client.get("/admin").text


def test_a_home_that_never_sent_has_a_page_too(tmp_path):
    home = make_home(tmp_path / "empty")
    home.subscribers("subscribers: []\n")
    with home.app(NOW) as app, served(pages(app)) as client:
        page = client.get("/admin").text
    assert "Nothing was planned yet." in page
    assert "<svg" not in page


# -- for whom


def test_where_the_pages_are_public_only_the_token_and_a_link_show_it(home):
    with home.app(NOW, **PUBLIC) as app, served(pages(app)) as client:
        wrong = {"Authorization": "Bearer wrong"}
        late = links.sign([SECRET], "admin", str(int(NOW.timestamp())))
        foreign = links.sign(["x" * 20], "admin", str(int(NOW.timestamp()) + 60))
        other = links.sign([SECRET], "form", str(int(NOW.timestamp()) + 60))
        odd = links.sign([SECRET], "admin", "soon")
        refused = [client.get("/admin"), client.get("/admin", headers=wrong)]
        refused += [client.get(f"/admin/{token}") for token in (late, foreign, other, odd, "x", "x" * 600)]
        nothing = client.get("/nothing")
        allowed = client.get("/admin", headers=BEARER)
        linked = client.get(admin.link(app, NOW).removeprefix("https://papers.example.org"))
        posted = client.post("/admin", headers=BEARER)
    assert {(404, nothing.text)} == {(one.status_code, one.text) for one in refused}
    assert [200, 200, 405] == [allowed.status_code, linked.status_code, posted.status_code]
    assert ("no-store", "noindex") == (linked.headers["cache-control"], linked.headers["x-robots-tag"])


def test_the_command_prints_a_link_that_opens_it(home):
    told = home.run("status", "--page", **PUBLIC).strip()
    assert told.startswith("https://papers.example.org/admin/")
    with home.app(datetime.now(UTC), **PUBLIC) as app, served(pages(app)) as client:
        assert 200 == client.get(told.removeprefix("https://papers.example.org")).status_code


# -- what it costs


def test_who_looks_again_is_shown_what_was_counted(app, monkeypatch):
    counting = Counting(app)
    first = counting.overview()
    app.suppressions.add("jo@example.net", "bounced", NOW)
    assert first is counting.overview()
    monkeypatch.setattr(overview, "KEPT_FOR", 0.0)
    monkeypatch.setattr(overview, "SHARE", 0)
    assert 2 == Counting(app).overview().suppressed["bounced"]


def test_a_day_that_is_over_is_not_counted_again_and_what_was_said_only_once(app, monkeypatch):
    monkeypatch.setattr(overview, "KEPT_FOR", 0.0)
    monkeypatch.setattr(overview, "SHARE", 0)
    publish(app, NOW + timedelta(days=1), Order(date(2026, 3, 4)))
    asked, said = [], []
    tally, counts = type(app.ledger).tally, type(app.consents).counts
    monkeypatch.setattr(type(app.ledger), "tally", lambda *args: asked.append(args[2]) or tally(*args))
    monkeypatch.setattr(type(app.consents), "counts", lambda *args: said.append(args[1:3]) or counts(*args))
    counting = Counting(app)
    days = [dict(counting.overview().days) for _ in range(3)]
    assert days[0] == days[1] == days[2]
    assert [DAY] == asked
    assert 1 == len(said)


def test_weeks_are_counted_on_from_where_the_last_count_ended(app):
    joined = Joined(app)
    before = joined.weeks(NOW)
    app.signups.take_in([wish(f"a{n}@example.net") for n in range(5)], NOW, Circumstances("import", "a box"))
    assert before == joined.weeks(NOW)
    assert Week(date(2026, 3, 2), 2, 1, 5, 1) == joined.weeks(NOW + timedelta(minutes=2))[0]
    later = joined.weeks(NOW + timedelta(days=7))
    assert [Week(date(2026, 3, 9)), Week(date(2026, 3, 2), 2, 1, 5, 1)] == list(later[:2])


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("failed: 550 5.1.1 no such user", "refused"),
        ("failed: 422 the address is none", "refused"),
        ("failed: superseded by the next edition; last: 451 4.7.1 later", "later"),
        ("pending: 421 4.7.0 slow down", "later"),
        ("pending: in doubt: the connection broke", "silent"),
        ("uncertain: in doubt: the connection broke; then 550 no", "silent"),
        ("failed: the design is at fault", "other"),
        ("skipped: quiet: nothing new in 500 papers", None),
    ],
)
def test_what_a_provider_said_is_of_one_kind(reason, kind):
    found = answers(Account(DAY, "regular", dict.fromkeys(STATES, 0) | {"submitted": 7}, {reason: 2}))
    expected = dict.fromkeys(found, 0) | {"accepted": 7} | ({kind: 2} if kind else {})
    assert expected == found


def test_bars_are_as_high_as_their_days_and_end_at_the_ground():
    none = dict.fromkeys(STATES, 0)
    first, second = bars({DAY: none | {"submitted": 3, "failed": 1}, date(2026, 3, 2): none | {"skipped": 2}})
    assert (date(2026, 3, 2), [0.0, 50.0, 0.0]) == (first.day, [height for _, _, height in first.parts])
    assert [("submitted", 25.0, 75.0), ("skipped", 25.0, 0.0), ("rest", 0.0, 25.0)] == list(second.parts)
    assert [] == bars({DAY: none})


# -- the form for other sites


def test_a_form_on_another_site_changes_nothing_and_leads_to_ours_filled_in(home):
    with home.app(NOW, **PUBLIC) as app, served(pages(app)) as client:
        page = client.get("/admin?lang=de", headers=BEARER).text
        snippet = re.search(r"<pre.*?<code>(.*?)</code>", page, re.S)[1]
        typed = {"email": "eve@example.net", "interests": "whales & <songs>"}
        elsewhere = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
        shown = client.post("/subscribe?lang=de", data={**typed, "website": ""}, headers=elsewhere)
        machine = client.post("/subscribe", data={**typed, "website": "https://spam.example"}, headers=elsewhere)
        assert [] == list(app.signups.each())
    assert "action=&#34;https://papers.example.org/subscribe?lang=de&#34;" in snippet
    assert "name=&#34;email&#34;" in snippet
    assert "Noch wird nichts gesendet" in shown.text
    assert 'value="eve@example.net"' in shown.text
    assert "whales &amp; &lt;songs&gt;</textarea>" in shown.text
    assert (200, False) == (machine.status_code, "ticket" in machine.text)


def test_without_public_pages_there_is_no_form_to_paste(client):
    assert "<pre" not in client.get("/admin").text


# -- in a browser


@pytest.fixture
def address(home):
    with home.app(NOW, NEWSLETTER_BASE_URL="http://localhost:8080", NEWSLETTER_METRICS_TOKEN=TOKEN) as app:
        filled(app)
        with served(pages(app)) as client:
            yield f"{str(client.base_url).rstrip('/')}/admin/{admin.link(app, NOW).rpartition('/')[2]}"


@pytest.mark.skipif(CHROMIUM is None or not AXE.is_file(), reason="Chromium or axe is not installed")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_axe_finds_nothing_and_the_page_does_not_scroll_sideways(browser, address, width, scheme):
    view = {"width": width, "height": 900}
    context = browser.new_context(viewport=view, color_scheme=scheme, bypass_csp=True)
    page, found, widths = context.new_page(), {}, {}
    for lang in ("en", "de", "ar"):
        page.goto(f"{address}?lang={lang}")
        page.evaluate(AXE.read_text("utf-8"))
        violations = page.evaluate("axe.run({resultTypes: ['violations']}).then(result => result.violations)")
        found |= {f"{lang}: {one['id']}: {one['nodes'][0]['html']}": one["help"] for one in violations}
        widths[lang] = page.evaluate("document.documentElement.scrollWidth")
    context.close()
    assert {} == found
    assert dict.fromkeys(widths, width) == widths
