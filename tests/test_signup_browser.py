"""The whole way of a reader in a real browser without script, with letters that a real SMTP server took."""

import email
import email.policy
import re
import socket
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from newsletter.app import open_app
from newsletter.settings import ensure_secret, load
from newsletter.web import pages
from tests.chromium import AXE, CHROMIUM
from tests.homes import invented_day, make_home
from tests.servers.smtp import mailbox
from tests.test_scheduler import Clock
from tests.test_web import served

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: scripts/test --install")
WIDTHS, SCHEMES = (375, 1280), ("light", "dark")


class Journey:
    """A site that sends, a mailbox, and a browser."""

    def __init__(self, stack: ExitStack, tmp_path, browser) -> None:
        self.mails = stack.enter_context(mailbox())
        listener = socket.create_server(("127.0.0.1", 0))
        self.base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.home = make_home(tmp_path / "home", provider=f"smtp://127.0.0.1:{self.mails.port}?tls=none")
        self.home.subscribers("subscribers: []")
        for n in (3, 4, 5):
            self.home.day(f"2026-03-0{n}", invented_day(f"2026-03-0{n}", 20, first=100 * n))
        self.clock = Clock("2026-03-03T08:00:00")
        self.own = {"NEWSLETTER_BASE_URL": self.base}
        settings = ensure_secret(load(self.home.path, {**self.home.environment, **self.own}))
        self.app = stack.enter_context(open_app(settings, self.clock))
        stack.enter_context(served(pages(self.app), listener))
        self.page = browser.new_page(java_script_enabled=False, base_url=self.base)
        self.page.set_default_timeout(60_000)
        stack.callback(self.page.close)

    def letter(self, number: int) -> str:
        """The words of the letter of that number, as soon as it is there."""
        deadline = time.monotonic() + 60
        while len(self.mails.arrived) < number and time.monotonic() < deadline:
            time.sleep(0.05)
        read = email.message_from_bytes(self.mails.arrived[number - 1].content, policy=email.policy.default)
        return read.get_body(("plain",)).get_content()

    def link(self, text: str, purpose: str) -> str:
        return re.search(rf"{self.base}/{purpose}/\S+", text)[0]

    def send(self, day: str) -> int:
        """Sends what is due on a day; how many mails there are by now."""
        self.home.run("send", "--date", day, **self.own)
        return len(self.mails.arrived)

    def would(self, day: str) -> list[str]:
        """The titles of the papers that would be sent on a day."""
        self.home.run("preview", "--date", day, **self.own)
        [page] = (self.home.path / "preview").glob(f"{day}-*.html")
        return re.findall(r"<h3[^>]*><a[^>]*>([^<]*)<", page.read_text("utf-8"))

    def sign_up(self) -> None:
        self.page.goto("/")
        form = self.page.locator("#subscribe")
        form.get_by_label("Your email address").fill("ada@example.org")
        form.get_by_role("button", name="Subscribe").click()
        self.page.get_by_label("What you want to read about").fill("flow matching")
        self.page.get_by_label("How often").select_option("daily")
        self.clock.now += timedelta(seconds=5)
        self.page.get_by_role("main").get_by_role("button", name="Subscribe").click()
        self.page.get_by_role("heading", name="Look into your mailbox.").wait_for()

    def confirm(self) -> None:
        self.page.goto(self.link(self.letter(1), "confirm"))
        self.page.get_by_role("button", name="Yes, send me Daily Papers.").click()
        self.page.get_by_role("heading", name="You are subscribed.").wait_for()


@pytest.fixture
def journey(tmp_path, browser):
    with ExitStack() as stack:
        yield Journey(stack, tmp_path, browser)


def test_a_reader_signs_up_changes_what_they_read_says_what_they_think_leaves_and_hears_no_more(journey):
    journey.sign_up()
    journey.confirm()
    page = journey.page
    page.get_by_role("link", name="Change what you read, and when").click()
    page.get_by_label("What you want to read about").fill("speech recognition")
    page.get_by_label("Papers in an edition, at most").fill("6")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()
    assert 2 == journey.send("2026-03-03")
    first = journey.letter(2)
    assert "On speech recognition in case" in first

    page.goto(journey.link(first, "f"))
    page.get_by_role("button", name="More like this").first.click()
    page.get_by_role("heading", name="You want more like this.").wait_for()
    title = page.locator("main h2").first.inner_text()
    journey.app.feedback.give(*_now(journey))
    assert 3 == journey.send("2026-03-04")
    assert f"there is more here like “{title}”" in " ".join(journey.letter(3).split())

    page.goto(journey.link(first, "unsubscribe"))
    page.get_by_role("button", name="Unsubscribe").click()
    page.get_by_role("heading", name="You are unsubscribed.").wait_for()
    assert 3 == journey.send("2026-03-05")


def _now(journey):
    """What was said, said after the edition that another process made by the real clock."""
    [ada] = journey.app.roster()
    [(paper, verdict)] = journey.app.feedback.words(ada.key).items()
    return ada.key, paper, verdict, datetime.now(UTC)


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: scripts/test --install")
def test_the_pages_of_a_reader_can_be_used_by_everybody_at_every_width(journey, browser, tmp_path):
    journey.sign_up()
    confirm = journey.link(journey.letter(1), "confirm")
    journey.confirm()
    journey.send("2026-03-03")
    mail = journey.letter(2)
    looks = {
        "subscribe": f"{journey.base}/subscribe",
        "confirm": confirm,
        "preferences": journey.link(mail, "preferences"),
        "feedback": journey.link(mail, "f"),
        "unsubscribe": journey.link(mail, "unsubscribe"),
    }
    found = {}
    for scheme in SCHEMES:
        for width in WIDTHS:
            page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
            for name, address in looks.items():
                page.goto(address)
                page.screenshot(path=str(tmp_path / f"{name}-{width}-{scheme}.png"), full_page=True)
                page.evaluate(AXE.read_text("utf-8"))
                seen = page.evaluate("axe.run()")["violations"]
                wide = page.evaluate("document.documentElement.scrollWidth")
                faults = [(one["id"], [node["html"][:150] for node in one["nodes"][:2]]) for one in seen]
                if faults or wide > width:
                    found[name, width, scheme] = faults, wide
            page.close()
    assert {} == found
