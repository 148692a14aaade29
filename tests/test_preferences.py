"""A reader's own pages over real HTTP: preferences, their data, erasing it, and feedback that the next edition tells of."""

from __future__ import annotations

import hashlib
import json
from contextlib import ExitStack
from datetime import UTC, date, datetime, time, timedelta

import pytest
from itsdangerous import Signer

from newsletter import links
from newsletter.app import open_app
from newsletter.models import Cadence
from newsletter.settings import ensure_secret, load
from newsletter.web import pages
from tests.homes import SECRET, invented_day, make_home, text_of
from tests.stores import in_folder
from tests.test_scheduler import Clock
from tests.test_signups import confirmed
from tests.test_web import served

FILE = """\
subscribers:
  - {email: bo@example.org, interests: [{name: rivers, keywords: [river]}], exclude: [survey]}
"""


class Site:
    """The pages of a home, with a reader who signed up and one whom the file has."""

    def __init__(self, stack: ExitStack, tmp_path) -> None:
        self.home = make_home(tmp_path / "home")
        self.home.subscribers(FILE)
        self.clock = Clock("2026-03-03T12:00:00")
        self.environment = {**self.home.environment, "NEWSLETTER_BASE_URL": "http://localhost:8080"}
        self.app = stack.enter_context(open_app(ensure_secret(load(self.home.path, self.environment)), self.clock))
        self.client = stack.enter_context(served(pages(self.app)))
        confirmed(self.app.signups, at=self.clock(), trending=3)
        for reader in self.app.roster():
            self.app.ledger.introduce(self.app.reference(reader), reader.key, reader.email)

    def reader(self, name: str):
        return self.app.roster().named(f"{name}@example.org")

    def link(self, name: str, purpose: str = "preferences") -> str:
        return f"/{purpose}/{links.sign([SECRET], purpose, self.app.reference(self.reader(name)))}"

    def save(self, name: str, **typed: str):
        return self.client.post(self.link(name), data={"do": "save", **typed})

    def send(self, day: str) -> str:
        """Sends the edition of a day; its text for Ada."""
        self.home.run("send", "--date", day, NEWSLETTER_BASE_URL="http://localhost:8080")
        return text_of((self.home.path / "outbox" / f"{day}-ada@example.org.eml").read_bytes())


@pytest.fixture
def site(tmp_path):
    with ExitStack() as stack:
        yield Site(stack, tmp_path)


def test_looking_changes_nothing_however_often(site):
    before = list(site.app.roster())
    for path in (site.link("ada"), site.link("ada") + "/data", site.link("ada", "feedback"), site.link("bo")):
        for method in ("GET", "HEAD", "OPTIONS"):
            for _ in range(5):
                site.client.request(method, path)
    assert before == list(site.app.roster())


def test_who_signed_up_changes_all_that_they_read_and_when(site):
    page = site.client.get(site.link("ada"))
    assert ">rivers</textarea>" in page.text
    answer = site.save(
        "ada",
        interests="rivers\nagents, tool use",
        like="2011.13456 https://arxiv.org/abs/2006.11239",
        exclude="survey\nreview",
        cadence="weekly friday",
        send_at="18:30",
        timezone="asia/tokyo",
        paused_until="2026-12-24",
        language="de",
        design="plain",
        max_papers="2",
    )
    ada = site.reader("ada")
    assert "Saved." in answer.text
    assert (("survey", "review"), Cadence("weekly", 4), time(18, 30), "Asia/Tokyo", date(2026, 12, 24)) == (
        ada.exclude,
        ada.cadence,
        ada.send_at,
        ada.timezone,
        ada.paused_until,
    )
    assert ("de", "plain", 2, 2) == (ada.language, ada.design, ada.max_papers, ada.trending)
    assert [("rivers", ("river",)), ("agents, tool use", ("agents", "tool use")), ("Like your examples", ())] == [
        (one.name, one.keywords) for one in ada.interests
    ]
    assert ("2011.13456", "2006.11239") == ada.interests[2].like
    site.save("ada", interests="rivers", like="", paused_until="")
    assert (None, ["rivers"]) == (site.reader("ada").paused_until, [one.name for one in site.reader("ada").interests])


def test_who_stands_in_the_file_changes_when_they_read_and_not_what(site):
    page = site.client.get(site.link("bo"))
    assert ('<textarea id="interests"' in page.text, "rivers" in page.text) == (False, True)
    site.save("bo", interests="robots", language="de", max_papers="1", send_at="06:15", exclude="")
    bo = site.reader("bo")
    assert (["rivers"], "en", 12) == ([one.name for one in bo.interests], bo.language, bo.max_papers)
    assert (time(6, 15), ()) == (bo.send_at, bo.exclude)
    assert {"send_at": time(6, 15), "exclude": ()} == site.app.overrides.of([bo.key])[bo.key]
    assert FILE == (site.home.path / "subscribers.yaml").read_text()


@pytest.mark.parametrize(
    "typed",
    [
        {"timezone": "Paris/Europe"},
        {"send_at": "25:00"},
        {"paused_until": "soon"},
        {"design": "none"},
        {"max_papers": "0"},
    ],
)
def test_what_cannot_be_read_is_marked_and_nothing_is_changed(site, typed):
    before = site.reader("ada")
    answer = site.save("ada", **typed, exclude="survey")
    assert (422, before, True) == (answer.status_code, site.reader("ada"), ">survey</textarea>" in answer.text)


def test_any_other_post_changes_nothing(site):
    before = site.reader("ada")
    for form in ({}, {"do": "erase"}, {"do": "erase", "sure": "no"}, {"send_at": "07:00"}, {"x": "y" * 50_000}):
        assert 200 == site.client.post(site.link("ada"), data=form).status_code
    assert before == site.reader("ada")


def test_links_for_something_else_are_answered_alike(site):
    own = site.link("ada")
    reference = site.app.reference(site.reader("ada"))
    wrong = [
        own[:-1] + ("A" if own[-1] != "A" else "B"),
        "/preferences/" + links.sign([SECRET], "unsubscribe", reference),
        "/preferences/" + links.sign([SECRET], "preferences", "AAAAAAAAAAAAAAAA"),
        site.link("ada", "feedback").replace("/feedback/", "/preferences/"),
        own.replace("/preferences/", "/feedback/"),
    ]
    answers = [site.client.request(method, path) for path in wrong for method in ("GET", "POST")]
    assert ({404}, 1) == ({one.status_code for one in answers}, len({one.text for one in answers}))


def test_a_reader_keeps_a_copy_of_everything_that_is_known_of_them(site):
    site.app.feedback.give(site.reader("ada").key, "2603.00001", "saved", site.clock())
    answer = site.client.get(site.link("ada") + "/data")
    assert 'attachment; filename="newsletter.json"' == answer.headers["content-disposition"]
    known = json.loads(answer.text)
    assert ("ada@example.org", ["asked", "written", "confirmed"], {"2603.00001": "saved"}) == (
        known["reader"]["email"],
        [one["what"] for one in known["said"]],
        known["feedback"],
    )


def test_a_reader_has_everything_erased(site):
    link = site.link("ada")
    answer = site.client.post(link, data={"do": "erase", "sure": "yes"})
    assert "Everything about you is erased." in answer.text
    assert ([404, 404], ["bo@example.org"]) == (
        [site.client.get(path).status_code for path in (link, link + "/data")],
        [one.email for one in site.app.roster()],
    )
    stores = in_folder(site.home.path)
    for (table,) in stores.execute("newsletter", "SELECT name FROM sqlite_master WHERE type = 'table'"):
        assert "ada@" not in str(stores.execute("newsletter", f"SELECT * FROM {table}")).lower()


def test_who_stands_in_the_file_is_written_to_no_more_and_told_who_keeps_their_address(site):
    site.save("bo", send_at="06:15")
    bo = site.reader("bo")
    site.app.feedback.give(bo.key, "2603.00001", "less", site.clock())
    answer = site.client.post(site.link("bo"), data={"do": "erase", "sure": "yes"})
    assert "keeps your address in a file" in answer.text
    assert "unsubscribed" == site.app.suppressions.find("bo@example.org").reason
    assert ({}, {}) == (site.app.overrides.of([bo.key]), site.app.feedback.of([bo.key]))


def test_who_unsubscribed_is_told_so(site):
    site.client.post(site.link("ada", "unsubscribe"), data={"List-Unsubscribe": "One-Click"})
    signup = site.app.signups.at("ada@example.org")
    assert "unsubscribed" == signup.status
    reference = site.app.reference(signup.subscriber)
    page = site.client.get("/preferences/" + links.sign([SECRET], "preferences", reference))
    assert "You are unsubscribed" in page.text


def test_renewed_links_make_older_ones_worthless_but_for_unsubscribing(site):
    before = [site.link("ada", purpose) for purpose in ("preferences", "feedback", "unsubscribe")]
    answer = site.client.post(before[0], data={"do": "renew"})
    assert site.link("ada") in answer.text
    assert [404, 404, 200] == [site.client.get(path).status_code for path in before]
    assert [200, 200] == [
        site.client.get(site.link("ada", purpose)).status_code for purpose in ("preferences", "feedback")
    ]
    assert 200 == site.client.get(site.link("bo")).status_code
    site.client.post(site.link("ada"), data={"do": "erase", "sure": "yes"})
    assert 404 == site.client.get(before[2]).status_code


def test_links_work_on_when_the_secret_is_changed_as_long_as_the_old_one_stands_behind_it(site, tmp_path):
    before = [site.link("ada", purpose) for purpose in ("preferences", "feedback", "unsubscribe")]
    for secrets, expected in ((f"another-secret-for-tests {SECRET}", 200), ("another-secret-for-tests", 404)):
        settings = load(site.home.path, {**site.environment, "NEWSLETTER_SECRET": secrets})
        with open_app(settings, site.clock) as app, served(pages(app)) as client:
            assert [expected] * 3 == [client.get(path).status_code for path in before]


# -- feedback


@pytest.fixture
def day(site):
    for n in (3, 4):
        site.home.day(f"2026-03-0{n}", invented_day(f"2026-03-0{n}", 10, first=10 * n))
    site.save("ada", interests="flow matching\ntool use by agents")
    return site.send("2026-03-03")


def test_an_edition_leads_to_preferences_and_feedback(site, day):
    assert f"http://localhost:8080{site.link('ada')}" in day
    assert f"http://localhost:8080{site.link('ada', 'feedback').replace('/feedback/', '/f/')}" in day
    assert "answer this mail" not in day


def test_feedback_is_asked_for_by_get_given_by_post_and_told_of_by_the_next_edition(site, day):
    link = site.link("ada", "feedback")
    shown = site.client.get(link)
    assert "On flow matching in case 30" in shown.text
    asked = site.client.get(link, params={"more": "2603.00030"})
    assert ("<button" in asked.text, {}) == (True, site.app.feedback.words(site.reader("ada").key))
    site.clock.now = datetime.now(UTC) + timedelta(hours=1)  # after the edition, which another process has just made
    for _ in range(2):
        answer = site.client.post(link, data={"paper": "2603.00030", "said": "more"})
    assert "You want more like this." in answer.text
    assert {"2603.00030": "more"} == site.app.feedback.words(site.reader("ada").key)
    following = " ".join(site.send("2026-03-04").split())
    assert "As you asked, there is more here like “On flow matching in case 30”" in following


def test_links_of_mails_before_go_on_working_beside_the_shorter_ones(site, day):
    short = site.link("ada", "feedback").replace("/feedback/", "/f/")
    reference = site.app.reference(site.reader("ada"))
    signer = Signer(SECRET, salt="newsletter feedback", key_derivation="hmac", digest_method=hashlib.sha256)
    before = f"/feedback/{signer.sign(reference).decode()}"
    asked = [site.client.get(link, params={"less": "2603.00030"}).text for link in (short, before)]
    assert "What do you think of it?" in asked[0]
    assert asked[0] == asked[1]
    for link, said in ((short, "less"), (before, "more")):
        assert 200 == site.client.post(link, data={"paper": "2603.00030", "said": said}).status_code
        assert {"2603.00030": said} == site.app.feedback.words(site.reader("ada").key)


def test_what_is_saved_counts_as_more_stays_saved_and_is_listed(site, day):
    link, key = site.link("ada", "feedback"), site.reader("ada").key
    site.client.post(link, data={"paper": "2603.00032", "said": "saved"})
    site.client.post(link, data={"paper": "2603.00032", "said": "more"})
    assert ({"2603.00032": "saved"}, {key: {"2603.00032": "more"}}) == (
        site.app.feedback.words(key),
        site.app.feedback.of([key]),
    )
    assert "On robot manipulation in case 32" in site.client.get(link).text
    site.client.post(link, data={"paper": "2603.00032", "said": "clear"})
    assert {} == site.app.feedback.words(key)


def test_feedback_on_what_is_no_paper_is_not_found_and_other_posts_ask(site, day):
    link = site.link("ada", "feedback")
    for paper in ("2603.99999", "x" * 300, "<script>", ""):
        assert 404 == site.client.post(link, data={"paper": paper, "said": "more"}).status_code
    assert 404 == site.client.get(link, params={"less": "2603.99999"}).status_code
    assert 200 == site.client.post(link, data={"paper": "2603.00030", "said": "drop table"}).status_code
    assert 200 == site.client.post(link, data={}).status_code
    assert {} == site.app.feedback.words(site.reader("ada").key)
