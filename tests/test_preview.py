"""The preview's page over a real HTTP server, and its files: what would be sent, and why, without sending it."""

import json
import os
import re
import shutil
import socket
import threading
import time
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime

import pytest
import uvicorn

from newsletter.app import open_app
from newsletter.audience import Order, plan, who_is_due
from newsletter.collect import collect
from newsletter.errors import SourceError
from newsletter.http import httpx
from newsletter.publish import publish
from newsletter.readers import signups
from newsletter.readers.signups import PAGE
from newsletter.render import default_templates
from newsletter.settings import ensure_secret, load
from newsletter.web.preview import preview_pages
from newsletter.web.preview.background import Background
from newsletter.web.preview.desk import Desk
from tests.homes import invented_day, make_home, readers
from tests.servers.huggingface import HuggingFace, paper_json
from tests.servers.languagemodel import LanguageModel
from tests.servers.zotero import Zotero, item
from tests.test_signups import LINK, confirmed, wish

DAY = date(2026, 3, 3)
NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)


@contextmanager
def previewed(home, order=None, now=NOW, **environment):
    """The preview of a home on loopback, with a clock that stands, and a client of it."""
    desk = Desk(
        lambda: ensure_secret(load(home.path, {**home.environment, **environment})),
        order or Order(),
        lambda settings: open_app(settings, lambda: now),
    )
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(preview_pages(desk, lambda: server.should_exit), log_config=None, lifespan="off")
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with closing(desk), httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    """A home whose archive has two days, and what ranking learns from them."""
    home = make_home(tmp_path_factory.mktemp("collected") / "home")
    home.day("2026-03-02", invented_day("2026-03-02", 10, 101))
    home.day("2026-03-03", invented_day("2026-03-03", 10))
    home.subscribers(readers(["ada", "ben", "cleo"], ["flow matching", "tool use", "whale song"]))
    with home.app(NOW) as app:
        collect([date(2026, 3, 2), DAY], app.settings.sources, app.archive, app.reach, NOW)
        app.learn()
    return home.path


@pytest.fixture
def home(collected, tmp_path):
    shutil.copytree(collected, tmp_path / "home")
    return make_home(tmp_path / "home")


def settled(client, address="/"):
    """The page when nothing is being asked any more."""
    for _ in range(100):
        page = client.get(address).text
        if "Asking" not in page and "Looking up" not in page:
            return page
        time.sleep(0.05)
    raise AssertionError(page)


def options(page, name):
    select = re.search(rf'<select id="{name}".*?</select>', page, re.DOTALL)[0]
    return re.findall(r"<option value=\"([^\"]*)\"( selected)?>([^<]*)<", select)


# -- choosing


def test_every_day_and_every_reader_can_be_chosen_and_who_has_nothing_is_marked(home):
    with previewed(home, now=datetime(2026, 3, 4, 12, tzinfo=UTC)) as client:
        page = settled(client)
    days = [(value, bool(selected)) for value, selected, _ in options(page, "day")]
    assert [("2026-03-04", False), ("2026-03-03", True), ("2026-03-02", False)] == days
    assert ["Wed, 4 March 2026", "Tue, 3 March 2026"] == [words for _, _, words in options(page, "day")][:2]
    marks = [(words, bool(selected)) for _, selected, words in options(page, "reader")]
    assert [
        ("ada@example.org · 4 papers", True),
        ("ben@example.org · 4 papers", False),
        ("cleo@example.org · quiet", False),
    ] == marks
    assert 'href="/?day=2026-03-02&amp;reader=ada%40example.org" rel="prev"' in page
    assert 'href="/?day=2026-03-04&amp;reader=ada%40example.org" rel="next"' in page


def test_an_address_carries_the_choice(home):
    with previewed(home) as client:
        page = settled(client, "/?day=2026-03-02&reader=ben%40example.org")
        text = client.get("/message.eml?day=2026-03-02&reader=ben%40example.org").text
    assert ["2026-03-02"] == [value for value, selected, _ in options(page, "day") if selected]
    assert ["ben@example.org"] == [value for value, selected, _ in options(page, "reader") if selected]
    assert "To: Ben <ben@example.org>" in text
    assert "case 102" in text


def test_the_command_line_chooses_what_is_shown_first(home):
    with previewed(home, Order(date(2026, 3, 2), "ben@example.org")) as client:
        page = settled(client)
    assert "<title>Mon, 2 March 2026, ben@example.org: preview of Daily Papers</title>" in page


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("day=yesterday", "the address names no date; write it as ?day=2026-03-03, or choose one above"),
        ("reader=zoe", "subscribers.yaml: there is no subscriber &#39;zoe&#39;; choose another"),
    ],
)
def test_a_choice_that_there_is_not_is_said_and_another_can_be_made(home, query, said):
    with previewed(home) as client:
        page = client.get(f"/?{query}").text
    assert said in page
    assert options(page, "day")


def test_many_readers_are_not_all_made_for_one_look(home, monkeypatch):
    monkeypatch.setattr("newsletter.web.preview.desk.MARKED", 2)
    with previewed(home) as client:
        page = settled(client, "/?reader=ben%40example.org")
        first = settled(client, "/")
    assert "There are many readers: the list has the first of them" in page
    assert ["ada@example.org", "ben@example.org · 4 papers", "cleo@example.org"] == [
        words for _, _, words in options(page, "reader")
    ]
    assert "ada@example.org · 4 papers" in [words for _, _, words in options(first, "reader")]


def test_of_many_readers_those_are_found_whose_address_begins_so(home, monkeypatch):
    monkeypatch.setattr("newsletter.web.preview.desk.MARKED", 2)
    monkeypatch.setattr("newsletter.web.preview.desk.OFFERED", 2)
    with home.app(NOW) as app:
        for name in ("bea", "bert", "Zoe"):
            confirmed(app.signups, f"{name}@example.net", NOW)
    with previewed(home) as client:
        found = {letters: settled(client, f"/?letters={letters}") for letters in ("b", "bert", "ZO", "q")}
        far = settled(client, "/?reader=zoe%40example.net")
        pane = client.get("/message.eml?day=2026-03-03&letters=b&reader=ben%40example.org")
        none = settled(client, "/?reader=nobody")
    assert {
        "b": ["ben@example.org · 4 papers", "bea@example.net"],
        "bert": ["bert@example.net · 3 papers"],
        "ZO": ["Zoe@example.net · 3 papers"],
        "q": ["nobody"],
    } == {letters: [words for _, _, words in options(page, "reader")] for letters, page in found.items()}
    assert "no subscriber&#39;s address begins with &#39;q&#39;; write other letters" in found["q"]
    assert ["Zoe@example.net · 3 papers", "ada@example.org", "ben@example.org"] == [
        words for _, _, words in options(far, "reader")
    ]
    assert (200, True) == (pane.status_code, b"ben@example.org" in pane.content)
    assert "there is no subscriber &#39;nobody&#39;; choose another" in none


def test_of_many_readers_no_more_are_read_than_are_shown(home, monkeypatch):
    read = []
    with home.app(NOW) as app:
        app.signups.take_in((wish(f"a{n}@example.net") for n in range(3 * PAGE)), NOW, LINK)
    whole = signups._subscribers
    monkeypatch.setattr(signups, "_subscribers", lambda rows: read.append(len(rows)) or whole(rows))
    with previewed(home) as client:
        assert "There are many readers" in settled(client)
    assert PAGE == max(read)
    assert sum(read) < 3 * PAGE * 2


# -- the truth


def test_what_is_shown_is_what_is_sent_to_the_byte(home):
    with previewed(home) as client:
        settled(client)
        shown = client.get("/message.eml?day=2026-03-03&reader=ada%40example.org").content
    with home.app(NOW) as app:
        publish(app, NOW, Order(DAY))
    [sent] = [path.read_bytes() for path in (home.path / "outbox").glob("*.eml") if "ada" in path.name]
    assert sent == shown


def test_what_was_sent_is_shown_as_it_was_whatever_the_files_say_now(home):
    with home.app(NOW) as app:
        publish(app, NOW, Order(DAY))
    [sent] = [path.read_bytes() for path in (home.path / "outbox").glob("*.eml") if "ada" in path.name]
    home.subscribers(readers(["ada", "ben", "cleo"], ["robot manipulation"]))
    (home.path / "note.md").write_text("A note of later.")
    with previewed(home, now=datetime(2026, 3, 9, tzinfo=UTC)) as client:
        page = settled(client, "/?day=2026-03-03&reader=ada%40example.org")
        assert sent == client.get("/message.eml?day=2026-03-03&reader=ada%40example.org").content
    assert "Sent already:" in page
    assert "ada@example.org · 4 papers, submitted" in page
    assert "cleo@example.org · skipped" in page


def test_what_is_planned_is_shown_from_the_digest_that_was_frozen(home):
    with home.app(NOW) as app:
        plan(app, who_is_due(app, NOW, Order(DAY)), NOW, Order(DAY))
    home.day("2026-03-03", invented_day("2026-03-03", 40))
    home.run("fetch", "--date", "2026-03-03")
    with previewed(home) as client:
        page = settled(client)
    assert "Planned already:</strong> pending" in page
    assert "ada@example.org · 4 papers, pending" in page


@pytest.mark.parametrize(
    ("change", "mark", "said"),
    [
        ("pause", "paused", "paused until 2026-12-24"),
        ("suppress", "suppressed", "suppressed: unsubscribed"),
        ("few", "quiet", "quiet: 2 of 9 new papers"),
    ],
)
def test_who_gets_nothing_is_told_why_and_sees_what_it_would_be(home, change, mark, said):
    environment = {"NEWSLETTER_MIN_PAPERS": "9"} if change == "few" else {}
    if change == "pause":
        text = readers(["ada", "ben"], ["flow matching"])
        home.subscribers(text.replace("name: Ada\n", "name: Ada\n    paused_until: 2026-12-24\n"))
    with previewed(home, **environment) as client:
        if change == "suppress":
            with home.app(NOW) as app:
                app.suppressions.add("ada@example.org", "unsubscribed", NOW)
        page = settled(client, "/?reader=ada%40example.org")
    assert f"ada@example.org · {mark}<" in page
    assert f"Not to be sent:</strong> {said}." in page
    assert "/pane/desktop?day=2026-03-03&amp;reader=ada%40example.org" in page


def test_a_day_that_is_not_of_the_cadence_is_said(home):
    text = readers(["ada"], ["flow matching"]).replace("cadence: daily", "cadence: weekly friday")
    home.subscribers(text)
    with previewed(home) as client:
        assert "By ada@example.org&#39;s cadence (weekly) no edition falls on this day" in settled(client)


# -- what is seen


def test_each_paper_says_why_it_came_with_the_parts_of_its_score_and_what_just_missed(home):
    many = readers(["ada"], ["flow matching"]).replace("trending: 0", "trending: 0, max_papers: 1")
    home.subscribers(many)
    with previewed(home) as client:
        page = settled(client)
    why = page.partition('id="why"')[2].partition('id="checks"')[0]
    assert ["flow matching", "Just missed"] == re.findall(r"<h2>(.*?)</h2>", why)
    assert "Why: flow matching" in why
    assert re.search(r"<b>flow matching</b> [\d.]+, needs 1\.0:\s+.*?text [\d.]+.*?keywords [\d.]+", why, re.DOTALL)
    assert "(max_papers: 1)" in why


def test_headers_are_shown_as_they_are_sent_and_decoded(home):
    home.day("2026-03-04", [paper_json(900, "2026-03-04", title="Flow matching für alle, überall", upvotes=3)])
    with previewed(home, now=datetime(2026, 3, 4, 12, tzinfo=UTC)) as client:
        page = settled(client, "/?day=2026-03-04&reader=ada%40example.org")
        wire = client.get("/message.eml?day=2026-03-04&reader=ada%40example.org").text
    subject = re.search(r"Subject: .*?(?=\r\n\S)", wire, re.DOTALL)[0].replace("\r\n", "\n")
    assert subject.startswith("Subject: =?utf-8?")
    assert f"<pre>{subject}</pre>" in page
    assert "<td>Flow matching für alle, überall and" in page


def test_sizes_stand_beside_their_limits_and_checks_say_what_fails_first(home):
    with previewed(home) as client:
        page = settled(client)
    assert re.search(r"HTML <meter [^>]*max=\"92000\".*?kB of 92", page)
    assert re.search(r"as quoted-printable <meter [^>]*max=\"102000\".*?kB of 102", page)
    grades = re.findall(r'<li class="(fails|note|passes)">', page)
    assert sorted(grades) == grades
    assert f"{grades.count('passes')} of {len(grades)} checks pass" in page


def test_dark_and_light_are_in_the_page_itself(home):
    with previewed(home) as client:
        settled(client)
        panes = {
            kind: client.get(f"/pane/{kind}?day=2026-03-03").text for kind in ("desktop", "phone", "dark", "plain")
        }
    assert panes["desktop"] == panes["phone"]
    assert "@media (min-width:0)" in panes["dark"]
    assert "@media (max-width:0)" in panes["desktop"]
    assert "<style" not in panes["plain"]
    assert not [kind for kind, pane in panes.items() if "prefers-color-scheme" in pane]


def test_a_mail_is_shown_where_it_can_do_nothing(home):
    with previewed(home) as client:
        page, pane = client.get("/"), client.get("/pane/desktop?day=2026-03-03")
    assert 4 == page.text.count('<iframe sandbox="" src="/pane/')
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    policy = pane.headers["content-security-policy"]
    assert ("sandbox", " default-src 'none'") == tuple(policy.split(";")[:2])
    assert "script" not in policy
    assert "no-store" == pane.headers["cache-control"]


def test_what_papers_say_is_text_on_the_page(home):
    hostile = "Flow matching <script>alert(1)</script><img src=x onerror=alert(2)>\"'"
    home.day("2026-03-03", [paper_json(900, "2026-03-03", title=hostile, summary=hostile, upvotes=3)])
    home.run("fetch", "--date", "2026-03-03")
    with previewed(home) as client:
        page = settled(client)
    assert 1 == page.count("<script")
    assert "<img" not in page


# -- only here, only looking


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "192.0.2.1:8081"])
def test_a_page_elsewhere_whose_name_leads_here_is_refused(home, host):
    with previewed(home) as client:
        answers = [client.get(path, headers={"host": host}).status_code for path in ("/", "/message.eml", "/changes")]
    assert [400, 400, 400] == answers


def test_this_machine_may_ask_by_either_of_its_names(home):
    with previewed(home) as client:
        assert 200 == client.get("/", headers={"host": "localhost:8081"}).status_code


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_there_is_nothing_to_act_on(home, method):
    with previewed(home) as client:
        assert {405} == {client.request(method, path).status_code for path in ("/", "/message.eml", "/changes")}


def test_looking_records_nothing(home):
    with previewed(home) as client:
        settled(client)
        settled(client, "/?day=2026-03-02&reader=ben%40example.org")
    with home.app(NOW) as app:
        assert (0, []) == (app.ledger.account("rehearsal", DAY).audience, app.suppressions.all())
    assert not (home.path / "outbox").exists()


@pytest.mark.parametrize(
    "path", ["/pane/desktop?day=x", "/pane/other", "/pane/desktop?reader=zoe", "/message.eml?day=x"]
)
def test_what_there_is_not_is_said_in_a_line(home, path):
    with previewed(home) as client:
        answer = client.get(path)
    assert (404, 1) == (answer.status_code, answer.text.count("\n"))


# -- files that change


def faults(page):
    found = re.search(r'<section class="faults".*?</section>', page, re.DOTALL)
    return re.findall(r"<li>(.*?)</li>", found[0]) if found else []


def test_a_fault_in_the_subscribers_file_is_shown_with_its_line_until_it_is_mended(home):
    good = readers(["ada", "ben"], ["flow matching"])
    with previewed(home) as client:
        settled(client)
        home.subscribers(good.replace("name: Ada", "nmae: Ada"))
        page = client.get("/").text
        assert [
            f"{home.path}/subscribers.yaml:4:5: subscribers[0]: &#39;nmae&#39; is not a key here; did you mean name?"
        ] == faults(page)
        assert ["ada@example.org", "ben@example.org"] == [value for value, _, _ in options(page, "reader")][:2]
        home.subscribers(good)
        assert [] == faults(settled(client))


def test_a_fault_in_the_settings_is_shown_and_mended_and_settings_take_effect(home):
    settings = home.path / "newsletter.yaml"
    with previewed(home) as client:
        settled(client)
        settings.write_text("nmae: Weekly Whales\n")
        assert [f"{settings}:1:1: &#39;nmae&#39; is not a setting; did you mean name?"] == faults(client.get("/").text)
        settings.write_text("name: Weekly Whales\n")
        page = settled(client)
    assert [] == faults(page)
    assert "preview of Weekly Whales</title>" in page
    assert "Weekly Whales &lt;papers@localhost&gt;" in page


def test_another_archive_is_opened_when_the_settings_say_so(home):
    with previewed(home) as client:
        settled(client)
        (home.path / "newsletter.yaml").write_text("archive: sqlite:///other.db\n")
        page = settled(client)
    assert (home.path / "other.db").exists()
    assert "2026-03-03" in page


def test_a_fault_in_a_template_is_shown_with_its_line_and_why_papers_came_all_the_same(home, tmp_path):
    templates = tmp_path / "templates"
    shutil.copytree(default_templates(), templates)
    design = templates / "daily" / "edition.txt"
    good = design.read_text()
    with previewed(home, NEWSLETTER_TEMPLATES=str(templates)) as client:
        settled(client)
        design.write_text("\n\n{% if %}\n" + good)
        page = client.get("/").text
        assert [True] == [fault.startswith(f"{design}:3: ") for fault in faults(page)]
        assert "Why: flow matching" in page
        design.write_text("{{ nobody_knows }}\n" + good)
        assert [f"{design}: &#39;nobody_knows&#39; is undefined"] == faults(client.get("/").text)
        design.write_text("A new beginning.\n" + good)
        page = settled(client)
    assert [] == faults(page)
    assert "A new beginning." in page


def news(client, seconds=20):
    """Waits until the page is told to show itself anew."""
    settled(client)
    version = re.search(r'data-version="([^"]+)"', settled(client))[1]
    lines, told = [], threading.Event()

    def listen():
        with client.stream("GET", f"/changes?since={version}", timeout=seconds) as answer:
            for line in answer.iter_lines():
                lines.append(line)
                told.set()

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    assert told.wait(seconds)
    return lines, thread


def newer(path):
    """A change that the disk's clock cannot hide."""
    found = path.stat()
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns + 1_000_000))


@pytest.mark.parametrize("what", ["subscribers", "note", "settings", "template", "new template", "day", "library"])
def test_whatever_an_edition_depends_on_is_watched(home, tmp_path, what):
    templates = tmp_path / "templates"
    shutil.copytree(default_templates(), templates)
    with previewed(home, NEWSLETTER_TEMPLATES=str(templates)) as client:
        lines, thread = news(client)
        assert thread.is_alive(), "nothing has changed yet"
        match what:
            case "subscribers":
                newer(home.path / "subscribers.yaml")
            case "note":
                (home.path / "note.md").write_text("Hello.")
            case "settings":
                (home.path / "newsletter.yaml").write_text("name: Whales\n")
            case "template":
                newer(templates / "base" / "paper.html")
            case "new template":
                (templates / "locales").mkdir(exist_ok=True)
                (templates / "locales" / "xx.po").write_text("")
            case "library":
                (home.path / "own.bib").write_text("@misc{a, eprint = {2403.00001}}")
            case "day":
                home.day("2026-03-01", invented_day("2026-03-01", 3, 201))
                home.run("fetch", "--date", "2026-03-01")
        thread.join(10)
        assert "event: changed" in lines


def test_a_note_is_in_the_next_look(home):
    with previewed(home) as client:
        settled(client)
        (home.path / "note.md").write_text("Read this **first**.")
        settled(client)
        assert "Read this <strong>first</strong>." in client.get("/pane/desktop?day=2026-03-03").text


# -- asking the sources


def test_sources_are_asked_once_for_a_day_however_often_it_is_looked_at(tmp_path):
    days = {"2026-03-02": invented_day("2026-03-02", 5, 101), "2026-03-03": invented_day("2026-03-03", 5)}
    home = make_home(tmp_path / "home", sources="huggingface")
    home.subscribers(readers(["ada"], ["flow matching"]))
    with HuggingFace(days) as hub, previewed(home, HF_ENDPOINT=hub.endpoint) as client:
        first = client.get("/").text
        page = settled(client)
        asked = len(hub.asked)
        for _ in range(3):
            (home.path / "note.md").write_text("Anew.")
            settled(client)
        assert asked == len(hub.asked)
    assert "Asking huggingface for 2026-03-03 …" in first or "On flow matching" in first
    assert "On flow matching in case 1" in page


def test_days_that_the_archive_has_for_good_are_not_asked_again(tmp_path):
    days = {f"2026-03-0{n}": invented_day(f"2026-03-0{n}", 5, 100 * n) for n in (1, 2, 3)}
    home = make_home(tmp_path / "home", sources="huggingface")
    home.subscribers(readers(["ada"], ["flow matching"]))
    with HuggingFace(days, today="2026-03-09") as hub:
        for day in days:
            home.run("fetch", "--date", day, HF_ENDPOINT=hub.endpoint)
        asked = len(hub.asked)
        with previewed(home, now=datetime(2026, 3, 9, tzinfo=UTC), HF_ENDPOINT=hub.endpoint) as client:
            page = settled(client, "/?day=2026-03-03")
        assert asked == len(hub.asked)
    assert "On flow matching in case 300" in page


def test_an_example_that_is_written_while_looking_is_looked_up_once(tmp_path):
    days = {f"2026-03-0{n}": invented_day(f"2026-03-0{n}", 5, 100 * n) for n in (2, 3)}
    home = make_home(tmp_path / "home", sources="huggingface")
    home.subscribers(readers(["ada"], ["flow matching"]))
    with HuggingFace(days, today="2026-03-09") as hub:
        for day in days:
            home.run("fetch", "--date", day, HF_ENDPOINT=hub.endpoint)
        with previewed(home, now=datetime(2026, 3, 9, tzinfo=UTC), HF_ENDPOINT=hub.endpoint) as client:
            settled(client, "/?day=2026-03-03")
            text = readers(["ada"], ["flow matching"])
            home.subscribers(text.replace("keywords: [flow matching]", "like: [2011.13456]"))
            for _ in range(3):
                settled(client, "/?day=2026-03-03")
        assert 1 == sum("2011.13456" in one.path for one in hub.asked)


def test_a_library_that_is_written_while_looking_is_asked_once_and_its_fault_is_said(tmp_path):
    home = make_home(tmp_path / "home")
    home.subscribers(readers(["ada"], ["tool use by agents"]))
    home.day("2026-03-03", invented_day("2026-03-03", 20))
    name = "zotero:users/12345"
    with Zotero() as hub, previewed(home, ZOTERO_ENDPOINT=hub.endpoint) as client:
        settled(client)
        assert [] == hub.asked
        text = readers(["ada"], ["tool use by agents"])
        home.subscribers(text.replace("keywords: [tool use by agents]", f"like: [{name}]"))
        assert f"{name}: HTTP 404" in settled(client).replace(f"{hub.place}/users/12345", name)
        settled(client)
        assert 1 == len(hub.asked)
    hub = Zotero({"users/12345": [item(n, title=f"On sparse attention in case {n}") for n in range(3)]})
    home.subscribers(text.replace("keywords: [tool use by agents]", "keywords: [sailing]"))
    with hub, previewed(home, ZOTERO_ENDPOINT=hub.endpoint) as client:
        settled(client)
        home.subscribers(text.replace("keywords: [tool use by agents]", f"like: [{name}]"))
        for _ in range(3):
            settled(client)
        assert 1 == len(hub.asked)
    with home.app() as app:
        assert 3 == len(app.papers_in(name))


def test_a_language_model_is_asked_once_for_a_day_and_not_at_all_for_days_that_are_over(tmp_path):
    long = " ".join(f"We carry stones by way number {n}, and they arrive in half the time." for n in range(9))
    days = {
        f"2026-03-0{n}": [
            paper_json(100 * n, f"2026-03-0{n}", title=f"On flow matching {n}", summary=long, ai_summary=None)
        ]
        for n in (1, 2, 3, 8, 9)
    }
    home = make_home(tmp_path / "home", sources="huggingface")
    home.subscribers(readers(["ada"], ["flow matching"]))
    with HuggingFace(days, today="2026-03-09") as hub, LanguageModel() as model:
        environment = {"HF_ENDPOINT": hub.endpoint}
        for day in ("2026-03-01", "2026-03-02", "2026-03-03"):
            home.run("fetch", "--date", day, **environment)
        now = datetime(2026, 3, 9, 12, tzinfo=UTC)
        with previewed(home, now=now, NEWSLETTER_SUMMARIES=model.spec(), **environment) as client:
            settled(client, "/?day=2026-03-03")
            assert [] == model.asked
            settled(client, "/?day=2026-03-09")
            asked = len(model.asked)
            settled(client, "/?day=2026-03-09")
            assert asked == len(model.asked)
    assert asked


def test_when_no_source_answers_the_archive_is_shown_and_that_is_said(home):
    with previewed(home, NEWSLETTER_SOURCES="file:nowhere") as client:
        page = settled(client)
    assert "2026-03-03: no source answered, so this is what the archive has" in page
    assert "On flow matching in case 1" in page


def test_what_takes_long_is_said_and_shown_when_it_is_done(home, monkeypatch):
    monkeypatch.setattr("newsletter.web.preview.desk.PATIENCE", 0.0)
    with previewed(home) as client:
        page = client.get("/").text
        assert "Making the editions" in page
        assert '<noscript><meta http-equiv="refresh"' in page
        for _ in range(200):
            if "On flow matching" in (page := client.get("/").text):
                break
            time.sleep(0.05)
    assert "On flow matching" in page


def test_work_in_the_background_is_done_once_and_its_faults_are_kept():
    background, done = Background(), []

    def fail():
        raise SourceError("nowhere: no answer")

    jobs = [background.start("a", "counting", lambda: done.append(1)) for _ in range(3)]
    jobs.append(background.start("b", "failing", fail))
    assert all(job.waited(5) for job in jobs)
    assert ([1], ("nowhere: no answer",), 2, 0) == (done, background.failed(), background.finished(), background.late)


def test_what_somebody_gave_up_waiting_for_is_counted():
    background, gate = Background(), threading.Event()
    job = background.start("a", "waiting", gate.wait)
    assert ((), ("waiting",)) == (background.failed(), background.running())
    assert not job.waited(0.01)
    gate.set()
    assert job.waited(5)
    for _ in range(100):
        if background.late:
            break
        time.sleep(0.01)
    assert 1 == background.late


# -- files


def test_files_of_an_edition_are_written_and_told_to_programs(home, tmp_path):
    told = json.loads(
        home.run("preview", "--date", "2026-03-03", "--out", str(tmp_path / "out"), "--json", PATH="/none")
    )
    assert (str(tmp_path / "out"), None) == (told["folder"], told["browser"])
    ada, _, cleo = told["editions"]
    assert ("ada@example.org", "2026-03-03", "", 4) == (ada["email"], ada["period"], ada["fate"], len(ada["papers"]))
    assert {"html", "txt", "eml"} == {name.rpartition(".")[2] for name in ada["files"]}
    assert {"passes", "note"} == {check["grade"] for check in ada["checks"]}
    assert ada["sizes"]["whole"] == (tmp_path / "out" / "2026-03-03-ada@example.org.eml").stat().st_size
    assert ("quiet: nothing new for these interests", []) == (cleo["fate"], cleo["files"])


def test_without_a_chromium_that_is_said_in_a_line(home, tmp_path):
    said = home.run("preview", "--date", "2026-03-03", "--out", str(tmp_path / "out"), PATH="/none")
    assert said.splitlines()[-1].startswith("no pictures: no Chromium on the PATH (chromium, ")


def test_a_design_at_fault_concerns_its_readers_alone(home, tmp_path):
    templates = tmp_path / "templates"
    shutil.copytree(default_templates() / "daily", templates / "broken")
    (templates / "broken" / "subject.txt").write_text("{% if %}")
    text = readers(["ada", "ben"], ["flow matching"])
    home.subscribers(text.replace("name: Ada\n", "name: Ada\n    design: broken\n"))
    said = home.run("preview", "--date", "2026-03-03", code=1, NEWSLETTER_TEMPLATES=str(templates))
    assert f"ada@example.org: {templates}/broken/subject.txt:1: " in said
    assert "2026-03-03-ben@example.org.html  4 papers" in said


def test_a_port_that_is_taken_is_one_line(home):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = home.run("preview", "--serve", "--port", str(port), code=2)
    assert [
        f"newsletter: port {port} of 127.0.0.1: Address already in use; end what listens there, or choose another with --port (0 takes a free one)"
    ] == said.splitlines()


@pytest.mark.parametrize("other", ["--json", "--out=x"])
def test_serving_and_writing_exclude_each_other(home, other):
    assert "exclude each other" in home.run("preview", "--serve", other, code=2)
