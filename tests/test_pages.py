"""The pages for everybody, over a real HTTP server: today, the archive, papers, search, feeds, a past edition."""

import asyncio
import email
import email.policy
import json
import re
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from urllib.parse import quote

import feedparser
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.concurrency import run_in_threadpool

from newsletter import links
from newsletter.archive import Noted
from newsletter.collect import collect
from newsletter.models import Listing
from newsletter.search import Query
from newsletter.web import pages
from newsletter.web.papers.paper import curve, later, place
from newsletter.web.reader.wishes import interests
from newsletter.web.turn import SEATS, STANDING, WAITING, Busy, Hall, Turn
from tests.factories import numbered, paper
from tests.homes import SECRET, invented_day, make_home, readers
from tests.servers.huggingface import paper_json
from tests.test_web import served

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
MONDAY, TUESDAY, FRIDAY = date(2026, 3, 2), date(2026, 3, 3), date(2026, 2, 27)
HOSTILE = '<script>alert("1")</script> & \x07\x1b \u202e'
DOI = "10.1101/2026.03.01.123456"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A Friday, a Monday and a Tuesday; one paper that gained upvotes and code, a hostile one, and one with a DOI."""
    home = make_home(tmp_path_factory.mktemp("home") / "home")
    for number, day in enumerate(("2026-02-27", "2026-03-02", "2026-03-03")):
        home.day(day, invented_day(day, 40, 1 + 100 * number))
    strange = paper_json(777, "2026-03-03", title=f"Strange {HOSTILE}", summary=HOSTILE, ai_summary=HOSTILE, upvotes=3)
    home.day("2026-03-03", [*invented_day("2026-03-03", 40, 201), strange])
    with home.app(NOW) as app:
        collect([FRIDAY, MONDAY, TUESDAY], app.settings.sources, app.archive, app.reach, NOW - timedelta(hours=9))
        first = paper(id="2603.09999", title="Whale Song as a Language", upvotes=3, code="", version=1)
        now = paper(id="2603.09999", title="Whale Song as a Language", upvotes=500, version=2, also=("10.5555/whale",))
        for at, one in ((NOW - timedelta(hours=8), first), (NOW - timedelta(hours=1), now)):
            app.archive.add("arxiv:cs.SD", [Listing(one, TUESDAY)], TUESDAY, at)
        by_doi = numbered(3, id=DOI, title="Cells in a Dish <b>Grow</b>")
        app.archive.add("biorxiv", [Listing(by_doi, MONDAY)], MONDAY, NOW - timedelta(hours=8))
        app.learn()
    return home


@pytest.fixture(scope="module")
def site(home):
    with home.app(NOW) as app:
        yield pages(app)


@pytest.fixture(scope="module")
def client(site):
    with served(site) as client:
        yield client


def titles(answer):
    return re.findall(r"<h[23]><a [^>]*>([^<]*)<", answer.text)


# -- today, days, weeks, months


def test_the_landing_page_shows_the_latest_day_best_first(client):
    answer = client.get("/")
    assert "Tuesday, 3 March 2026" in answer.text
    assert "42 papers" in answer.text
    assert ["Whale Song as a Language", "On sparse attention in case 240"] == titles(answer)[:2]
    assert 30 == len(titles(answer))
    assert 'href="/papers/2026-03-03?page=2"' in answer.text
    assert 'href="/paper/2603.09999"' in answer.text


def test_a_day_leads_to_the_days_around_it_that_have_papers(client):
    told = client.get("/papers/2026-03-02").text
    assert ["2026-02-27", "2026-03-03", "2026-W10", "2026-03"] == re.findall(r'href="/papers/([^"?]+)">(?!Arch)', told)[
        :4
    ]


def test_a_day_between_without_papers_says_so(client):
    answer = client.get("/papers/2026-03-01")
    assert (200, True) == (answer.status_code, "Nothing was listed then." in answer.text)


def test_weeks_and_months_have_pages_of_thirty(client):
    pages_of_week = [client.get("/papers/2026-W10", params={"page": page}) for page in (1, 2, 3)]
    assert [30, 30, 23] == [len(titles(page)) for page in pages_of_week]
    assert 83 == len({title for page in pages_of_week for title in titles(page)})
    assert "Page 2 of 3" in pages_of_week[1].text
    assert "83 papers" in client.get("/papers/2026-03").text


def test_all_months_are_named_with_how_many_papers_they_have(client):
    told = client.get("/papers").text
    assert ["2026-03", "2026-02"] == re.findall(r'<li><a href="/papers/([^"]+)">', told)
    assert "83 papers" in told


UNKNOWN = [
    "/papers/2026-13",
    "/papers/2026-03-32",
    "/papers/2020-01-01",
    "/papers/2199-01-01",
    "/papers/2026-03-03?page=4",
    "/papers/2026-03-03?page=0",
    "/papers/2026-03-03?page=x",
    "/papers/x/y",
    "/papers/",
    "/paper/",
    "/paper/2603.77777",
    "/paper/" + "9" * 5000,
    "/paper/%00",
    "/search?q=sparse&page=99",
    "/edition/x",
    "/static/nothing.css",
    "/static/%2e%2e%2fpreview.js",
    "/nothing",
]


def test_whatever_there_is_not_is_answered_alike(client):
    answers = [client.get(path) for path in UNKNOWN]
    assert {404} == {answer.status_code for answer in answers}
    assert 1 == len({answer.text for answer in answers})
    assert {("no-store", "noindex")} == {(a.headers["cache-control"], a.headers["x-robots-tag"]) for a in answers}


# -- a paper


def test_a_paper_tells_where_it_stood_how_it_went_and_what_came_later(client):
    told = client.get("/paper/2603.09999").text
    assert "From 3 to 500 upvotes" in told
    assert "code: github.com/northlight/straight-paths" in told
    assert "new version: v2" in told
    assert "arXiv cs.SD" in told
    assert 'href="/papers/2026-03-03">Tuesday, 3 March 2026</a>' in told
    assert 'href="/search?q=Ada+Brook"' in told


def test_a_paper_shows_what_is_near(client):
    told = client.get("/paper/2603.00201").text
    near = told.partition('id="near"')[2]
    assert 5 == len(re.findall("On flow matching in case", near))


def test_an_id_with_slashes_and_another_name_of_a_paper_lead_to_it(client):
    assert "Cells in a Dish" in client.get(f"/paper/{DOI}").text
    for other in ("10.5555/whale", "2603.09999v2", "https://arxiv.org/abs/2603.09999"):
        answer = client.get(f"/paper/{other}")
        assert (301, "/paper/2603.09999") == (answer.status_code, answer.headers["location"])


def test_what_others_wrote_is_text_and_nothing_else(client):
    for path in ("/paper/2603.00777", "/papers/2026-03-03?page=2", "/search?q=strange", "/feed.atom"):
        told = client.get(path).text
        assert "Strange" in told
        assert "<script" not in told
        assert not {"\x07", "\x1b", "\u202e"} & set(told)


def noted(day, upvotes, code="", version=1):
    return Noted(datetime(2026, 3, day, tzinfo=UTC), upvotes, 0, None, code, version)


def test_a_curve_goes_in_steps_from_the_first_to_the_last_change():
    made = curve([noted(1, 0), noted(2, 0, "https://x.example/y"), noted(3, 10), noted(5, 20)])
    assert ("M0 120H320V60H640V0", 20, [0, 10, 20]) == (made.path, made.most, [step.upvotes for step in made.steps])
    assert None is curve([noted(1, 7), noted(2, 7)])
    assert 101 >= len(curve([noted(1 + n % 27, n) for n in range(1000)]).steps)


def test_only_what_was_not_there_before_came_later():
    unknown = Noted(datetime(2026, 3, 1, tzinfo=UTC), 1, 0, None, None, None)
    history = [unknown, noted(2, 1, "https://x.example/y", 1), noted(3, 1, "https://x.example/y", 3)]
    assert [(date(2026, 3, 3), "new version: v3")] == [(day, str(gain)) for day, gain in later(history)]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("huggingface", "Hugging Face"),
        ("arxiv:cs.CL+cs.LG", "arXiv cs.CL+cs.LG"),
        ("rss:https://user:word@blog.example.org/feed?key=1", "blog.example.org"),
        ("file:/home/ida/private", "a file"),
    ],
)
def test_a_source_is_named_without_paths_and_keys_of_the_operators(source, said):
    assert said == str(place(source))


# -- search, and what one would get


def test_search_ranks_as_the_command_does_and_says_why(client, home):
    answer = client.get("/search", params={"q": "speech recognition"})
    told = json.loads(home.run("search", "speech", "recognition", "--number", "20", "--json"))
    assert [hit["title"] for hit in told["hits"]] == titles(answer)
    assert "Why: " in answer.text
    assert "noindex" == answer.headers["x-robots-tag"]


def test_search_has_pages_and_keeps_the_words(client):
    second = client.get("/search", params={"q": "speech recognition", "page": 2})
    assert 'href="/search?q=speech+recognition"' in second.text
    assert 'value="speech recognition"' in second.text


def test_the_next_page_of_a_search_is_not_ranked_again(site, client):
    client.get("/search", params={"q": "video robots"})
    [(kept, _)] = [answer for query, answer in site.state.answers._lately.items() if query.text == "video robots"]
    client.get("/search", params={"q": "video robots", "lang": "de"})
    assert kept is site.state.answers.of(Query(("video", "robots")))


def test_search_without_an_answer_or_a_question_says_what_to_do(client):
    assert "No paper answers this" in client.get("/search", params={"q": "zebrafish"}).text
    assert "Words in quotes" in client.get("/search", params={"q": ' "" '}).text


def test_today_is_the_edition_that_such_a_reader_would_get(client, home):
    answer = client.get("/today", params={"interests": "tool use by agents\nwhale song"})
    assert ["tool use by agents", "whale song", "Trending"] == re.findall(
        r'<h2 class="ruled"[^>]*>([^<]*)<', answer.text
    )
    home.subscribers(
        "subscribers: [{email: ada@example.org, interests: "
        "[{name: tool use by agents, keywords: [tool use by agents]}, {name: whale song, keywords: [whale song]}]}]\n"
    )
    home.run("preview", "--date", "2026-03-03")
    [mail] = (home.path / "preview").glob("*.html")
    assert re.findall(r"<h3[^>]*><a[^>]*>([^<]*)<", mail.read_text())[:8] == titles(answer)[:8]


def test_what_somebody_wants_to_read_is_kept_by_nobody_on_the_way(client):
    headers = client.get("/today", params={"interests": "whales"}).headers
    assert ("no-store", "noindex") == (headers["cache-control"], headers["x-robots-tag"])


def test_today_without_interests_asks_for_them(client):
    assert "One interest a line" in client.get("/today", params={"interests": " \n "}).text


def test_interests_are_read_as_they_are_typed():
    typed = interests(
        "flow matching, score matching\n\nhow to sample faster from models of all kinds", "2011.13456 x", "Mine"
    )
    assert [
        ("flow matching, score matching", "", ("flow matching", "score matching"), ()),
        (
            "how to sample faster from models of all kinds",
            "how to sample faster from models of all kinds",
            (),
            (),
        ),
        ("Mine", "", (), ("2011.13456",)),
    ] == [(one.name, one.about, one.keywords, one.like) for one in typed]


@given(st.text(), st.text())
def test_any_text_is_read_as_few_short_interests(text, like):
    typed = interests(text, like, "Mine")
    assert len(typed) <= 13
    assert all(one.name and len(one.name) <= 80 for one in typed)


# -- feeds


def test_the_atom_feed_is_one_that_feedparser_has_no_complaint_about(client):
    answer = client.get("/feed.atom")
    feed = feedparser.parse(answer.content, response_headers={"content-type": answer.headers["content-type"]})
    assert (False, "atom10", "Daily Papers") == (feed.bozo, feed.version, feed.feed.title)
    assert 100 == len(feed.entries)
    assert 100 == len({entry.id for entry in feed.entries})
    newest = next(entry for entry in feed.entries if entry.title == "Whale Song as a Language")
    assert newest.link.endswith("/paper/2603.09999")
    assert "Ada Brook" == newest.authors[0]["name"]
    assert newest.summary.startswith("AI summary: ")
    assert all(one.published_parsed for one in feed.entries)


def test_the_json_feed_keeps_the_rules_of_its_version(client):
    answer = client.get("/feed.json")
    assert answer.headers["content-type"].startswith("application/feed+json")
    feed = answer.json()
    assert "https://jsonfeed.org/version/1.1" == feed["version"]
    assert feed["feed_url"] == str(answer.request.url)
    assert {str} == {type(feed[name]) for name in ("title", "home_page_url", "language")}
    for item in feed["items"]:
        assert {str} == {type(item[name]) for name in ("id", "url", "title", "content_text", "date_published")}
        assert None is not datetime.fromisoformat(item["date_published"]).tzinfo
        assert all(author["name"] for author in item["authors"])
    assert len(feed["items"]) == len({item["id"] for item in feed["items"]})


def test_feeds_name_the_public_address_whatever_the_visitor_used(home):
    with home.app(NOW, NEWSLETTER_BASE_URL="https://papers.example.org/list") as app, served(pages(app)) as client:
        assert "https://papers.example.org/list/paper/2603.09999" in client.get("/feed.atom").text
        assert {"https://papers.example.org/list"} == {
            item["url"].partition("/paper/")[0] for item in client.get("/feed.json").json()["items"]
        }
        assert 'href="/list/papers/2026-03-02"' in client.get("/").text


# -- what is kept, and by whom


@pytest.mark.parametrize("path", ["/", "/papers/2026-W10", "/paper/2603.09999", "/feed.atom", "/feed.json", "/papers"])
def test_a_page_that_is_known_already_is_not_sent_again(client, path):
    first = client.get(path)
    assert ("public, max-age=300", "accept-language", "all") == tuple(
        first.headers[name] for name in ("cache-control", "vary", "x-robots-tag")
    )
    again = client.get(path, headers={"if-none-match": f'"x", W/{first.headers["etag"]}'})
    assert (304, b"", first.headers["etag"]) == (again.status_code, again.content, again.headers["etag"])
    assert 200 == client.get(path, headers={"if-none-match": '"other"'}).status_code


def test_a_feed_that_has_not_changed_since_is_not_sent_again(client):
    modified = client.get("/feed.atom").headers["last-modified"]
    assert "Wed, 04 Mar 2026 04:00:00 GMT" == modified
    for since, status in ((modified, 304), ("Tue, 03 Mar 2026 00:00:00 GMT", 200), ("tomorrow", 200), ("1 Jan 1", 200)):
        assert status == client.get("/feed.atom", headers={"if-modified-since": since}).status_code


def test_asking_for_the_head_has_the_same_headers_and_no_body(client):
    for path in ("/", "/feed.json", "/search?q=whale", "/static/site.css", "/robots.txt", "/favicon.ico"):
        whole, head = client.get(path), client.head(path)
        assert b"" == head.content
        assert whole.headers.get("etag") == head.headers.get("etag")
        assert (200, whole.headers["content-type"]) == (head.status_code, head.headers["content-type"])


def test_pages_take_styles_from_here_and_nothing_from_anywhere_else(client):
    answer = client.get("/")
    assert "default-src 'none'; style-src 'self'; img-src 'self';" in answer.headers["content-security-policy"]
    assert 0 == len(re.findall(r"<script|<style| style=| on\w+=", answer.text))
    [sheet] = re.findall(r'rel="stylesheet" href="([^"]+)"', answer.text)
    assert "public, max-age=31536000, immutable" == client.get(sheet).headers["cache-control"]


def test_pictures_come_from_elsewhere_only_where_the_newsletter_wants_them(home):
    with home.app(NOW, NEWSLETTER_THUMBNAILS="on") as app, served(pages(app)) as client:
        answer = client.get("/")
        assert "img-src 'self' https:;" in answer.headers["content-security-policy"]
        assert '<img src="https://example.org/' in answer.text


def contents(home):
    found = {}
    for name in ("newsletter", "archive"):
        with closing(sqlite3.connect(home.path / f"{name}.db")) as connection:
            found[name] = list(connection.iterdump())
    return found


def test_looking_at_every_page_changes_nothing(home, client):
    before = contents(home)
    for method in ("GET", "HEAD"):
        for path in ("/", "/papers", "/papers/2026-03", "/paper/2603.09999", "/search?q=robots", "/feed.atom"):
            client.request(method, path)
        client.request(method, "/today?interests=robots%0Awhales&like=2603.09999")
    assert before == contents(home)


# -- who may look


def test_without_public_pages_only_this_machine_is_shown_any(client):
    for host, status in (("127.0.0.1:80", 200), ("localhost", 200), ("[::1]:9", 200), ("evil.example", 404), ("", 404)):
        assert status == client.get("/", headers={"host": host}).status_code, host
    assert "User-agent: *\nDisallow: /\n" == client.get("/robots.txt").text


def test_with_public_pages_everybody_is_shown_them(home):
    with home.app(NOW, NEWSLETTER_BASE_URL="https://papers.example.org") as app, served(pages(app)) as client:
        assert 200 == client.get("/", headers={"host": "papers.example.org"}).status_code
        told = client.get("/robots.txt").text
        assert {"/search", "/today", "/unsubscribe"} <= set(re.findall(r"Disallow: (.*)", told))


def test_the_form_to_subscribe_is_there_where_one_can(client, home):
    assert "subscribe" not in client.get("/").text.lower()
    public = {"NEWSLETTER_BASE_URL": "https://papers.example.org"}
    with home.app(NOW, **public) as app, served(pages(app)) as client:
        assert 'id="subscribe" method="post" action="/subscribe"' in client.get("/").text
        told = client.get("/today", params={"interests": "whales", "like": "2011.13456"}).text
        assert '<input type="hidden" name="interests" value="whales">' in told
        assert '<input type="hidden" name="like" value="2011.13456">' in told


# -- languages


@pytest.mark.parametrize(
    ("lang", "accepts", "spoken"),
    [
        ("", "", "en"),
        ("", "de-CH,de;q=0.9,en;q=0.8", "de"),
        ("", "fr, ar;q=0.5, de;q=0.4", "ar"),
        ("", "de;q=0, en", "en"),
        ("", "x" * 5000, "en"),
        ("de", "ar", "de"),
        ("xx", "ar", "ar"),
        ("../de", "", "en"),
    ],
)
def test_a_page_speaks_the_language_that_is_asked_for(client, lang, accepts, spoken):
    answer = client.get("/papers/2026-03-02", params={"lang": lang}, headers={"accept-language": accepts})
    assert spoken == answer.headers["content-language"]
    assert f'<html lang="{spoken}" dir="{"rtl" if spoken == "ar" else "ltr"}">' in answer.text


def test_a_chosen_language_stays_chosen(client):
    told = client.get("/papers/2026-03-02?page=1&lang=de").text
    assert 'href="/papers/2026-03-03?lang=de"' in told
    assert '<input type="hidden" name="lang" value="de">' in told
    assert 'href="/papers/2026-03-02?page=1&amp;lang=ar" lang="ar"' in told


# -- an edition in the browser


@pytest.fixture
def sent(tmp_path):
    """A home that has sent one edition, the mail's page, and the reader's opaque name."""
    home = make_home(tmp_path / "home")
    home.day("2026-03-03", invented_day("2026-03-03", 20))
    home.subscribers(readers(["ada"], ["flow matching"]))
    home.run("send", "--date", "2026-03-03", NEWSLETTER_BASE_URL="https://papers.example.org")
    [path] = (home.path / "outbox").glob("*.eml")
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    with home.app(NOW) as app:
        reference = app.reference(next(iter(app.roster())))
    return home, mail.get_body(("html",)).get_content(), reference


def test_an_edition_is_shown_as_it_was_sent_to_who_has_its_link(sent):
    home, html, reference = sent
    with home.app(NOW, NEWSLETTER_BASE_URL="https://papers.example.org") as app, served(pages(app)) as client:
        answer = client.get("/edition/" + links.sign_edition([SECRET], reference, "2026-03-03", "rehearsal"))
        assert html.count("View in browser") == 1
        without = re.sub(r" · <a[^>]*>View in browser</a>", "", html)
        assert (200, without.split()) == (answer.status_code, answer.text.split())
        assert ("no-store", "noindex") == (answer.headers["cache-control"], answer.headers["x-robots-tag"])
        assert answer.headers["content-security-policy"].startswith(
            "default-src 'none'; style-src 'unsafe-inline'; img-src 'none'"
        )


def test_months_later_the_link_in_the_mail_still_leads_to_the_edition(sent):
    home, html, _ = sent
    [path] = re.findall(r'href="https://papers.example.org(/edition/[^"]+)">View in browser<', html)
    headings = re.compile(r"<h3[^>]*><a [^>]*>([^<]*)<")
    with (
        home.app(NOW + timedelta(days=200), NEWSLETTER_BASE_URL="https://papers.example.org") as app,
        served(pages(app)) as client,
    ):
        assert headings.findall(html) == headings.findall(client.get(path).text)
        feedback, paper = re.findall(r'href="https://papers.example.org(/f/[^"?]+)[?]less=([^"]+)"', html)[0]
        assert f'value="{paper}"' in client.get(feedback, params={"less": paper}).text


def test_any_other_link_to_an_edition_is_none(sent):
    home, _, reference = sent
    good = links.sign_edition([SECRET], reference, "2026-03-03", "rehearsal")
    others = [
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        links.sign_edition(["another-secret-entirely"], reference, "2026-03-03", "rehearsal"),
        links.sign_edition([SECRET], reference, "2026-03-04", "rehearsal"),
        links.sign_edition([SECRET], "AAAAAAAAAAAAAAAA", "2026-03-03", "rehearsal"),
        links.sign([SECRET], "view", reference),
        links.sign([SECRET], "unsubscribe", f"{reference}.2026-03-03.rehearsal"),
    ]
    with home.app(NOW, NEWSLETTER_BASE_URL="https://papers.example.org") as app, served(pages(app)) as client:
        assert {404} == {client.get(f"/edition/{one}").status_code for one in others}
    with home.app(NOW) as app, served(pages(app)) as client:
        assert 404 == client.get(f"/edition/{good}").status_code, "no links were printed"


# -- much, and hostile


ANYTHING = st.text(st.characters(codec="utf-8"), max_size=60)
PATHS = st.one_of(
    st.builds("/paper/{}".format, ANYTHING.map(quote)),
    st.builds("/papers/{}".format, ANYTHING.map(lambda text: quote(text, safe=""))),
    st.builds("/edition/{}".format, ANYTHING.map(quote)),
    st.builds("/static/{}".format, ANYTHING.map(quote)),
    st.builds("/{}".format, ANYTHING.map(quote)),
    st.sampled_from(
        ["/", "/papers", "/papers/2026-03", "/paper/2603.09999", "/feed.atom", "/feed.json", "/today", "/search"]
    ),
)
QUERIES = st.dictionaries(st.sampled_from(["page", "lang", "x"]) | ANYTHING, ANYTHING, max_size=3)
HEADERS = st.dictionaries(
    st.sampled_from(["accept-language", "if-none-match", "if-modified-since", "x-forwarded-host"]),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60),
    max_size=2,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PATHS, QUERIES, HEADERS, st.sampled_from(["GET", "HEAD", "POST", "PUT"]))
def test_no_request_is_a_fault_of_ours(client, path, query, headers, method):
    answer = client.request(method, path, params=query, headers=headers)
    assert answer.status_code in (200, 301, 304, 404, 405)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([("/search", "q"), ("/today", "interests"), ("/today", "like")]),
    st.text(st.characters(codec="utf-8")),
)
def test_no_words_are_a_fault_of_ours(site, client, where, words):
    site.state.turn = Turn()  # without the rest that the one before left
    path, name = where
    assert 200 == client.get(path, params={name: words}).status_code


def test_a_page_stays_short_whatever_the_archive_holds(tmp_path):
    home = make_home(tmp_path / "home")
    with home.app(NOW) as app:
        long = "word " * 1500
        many = [
            numbered(n, title=f"{n} {long}", abstract=long, summary=long, authors=("Ada " + "x" * 500,) * 900)
            for n in range(110)
        ]
        app.archive.add("arxiv:cs.CL", [Listing(one, TUESDAY) for one in many], TUESDAY, NOW)
        with served(pages(app)) as client:
            sizes = {
                path: len(client.get(path).content)
                for path in ("/", "/papers/2026-03", f"/paper/{many[0].id}", "/feed.atom", "/feed.json")
            }
    assert {} == {path: size for path, size in sizes.items() if size > 400_000}


def test_only_so_many_wait_for_their_turn():
    async def crowd():
        turn, going = Turn(), asyncio.Event()
        await turn._free.acquire()
        waiting = [asyncio.create_task(turn.take(list)) for _ in range(WAITING)]
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await turn.take(list)
        turn._free.release()
        going.set()
        return await asyncio.gather(*waiting)

    assert [[]] * WAITING == asyncio.run(crowd())


def test_visitors_take_few_threads_and_only_so_many_wait_for_one():
    async def crowd():
        hall, door = Hall(), threading.Event()
        inside = [asyncio.create_task(hall.seat(door.wait)) for _ in range(SEATS + STANDING)]
        await asyncio.sleep(0.1)
        with pytest.raises(Busy):
            await hall.seat(list)
        others = await run_in_threadpool(lambda: "served")  # as a reader's own page is
        door.set()
        return others, await asyncio.gather(*inside)

    assert ("served", [True] * (SEATS + STANDING)) == asyncio.run(crowd())


def test_who_comes_while_others_are_served_is_told_to_come_again(site, client):
    busy = Turn()
    busy._waiting = WAITING
    turn, site.state.turn = site.state.turn, busy
    answer = client.get("/search?q=whales")
    site.state.turn = turn
    assert (503, "10", "no-store") == (
        answer.status_code,
        answer.headers["retry-after"],
        answer.headers["cache-control"],
    )
    assert "Load this page again in some seconds." in answer.text


def test_the_pages_are_the_same_on_postgresql(postgresql, tmp_path):
    home, url = make_home(tmp_path / "home"), postgresql.fresh()
    home.day("2026-03-03", invented_day("2026-03-03", 40))
    told = []
    for changed in ({}, {"NEWSLETTER_DATABASE": url, "NEWSLETTER_ARCHIVE": url}):
        with home.app(NOW, **changed) as app:
            collect([TUESDAY], app.settings.sources, app.archive, app.reach, NOW)
            app.learn()
            with served(pages(app)) as client:
                paths = [
                    "/",
                    "/papers",
                    "/papers/2026-03?page=2",
                    "/paper/2603.00001",
                    "/feed.atom",
                    "/search?q=robots",
                ]
                odd = ["/paper/%00", "/paper/%ed%a0%80", "/search?q=%00", "/search?q=%ed%a0%80%25_", "/today?like=%00"]
                answers = [client.get(path) for path in (*paths, *odd)]
                told.append([(answer.status_code, re.sub(r":\d{4,5}/", ":1/", answer.text)) for answer in answers])
    assert told[0] == told[1]


def test_an_empty_archive_has_pages_too(tmp_path):
    with make_home(tmp_path / "home").app(NOW) as app, served(pages(app)) as client:
        assert "There are no papers yet." in client.get("/").text
        assert [200, 200, 200, 200] == [
            client.get(path).status_code for path in ("/papers", "/feed.atom", "/feed.json", "/today?interests=whales")
        ]
        assert "No paper answers this" in client.get("/search?q=whales").text
        assert not feedparser.parse(client.get("/feed.atom").content).bozo


def test_a_store_that_cannot_be_read_is_told_in_words(tmp_path):
    home = make_home(tmp_path / "home")
    with home.app(NOW) as app, served(pages(app)) as client:
        with closing(sqlite3.connect(home.path / "archive.db")) as connection:
            connection.execute("DROP TABLE listings")
        answer = client.get("/")
    assert (503, "10") == (answer.status_code, answer.headers["retry-after"])
    assert "listings" not in answer.text
