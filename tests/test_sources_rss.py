"""Feeds of every kind, from a web site on loopback that is well, ill or hostile."""

from __future__ import annotations

import gzip
import itertools
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from newsletter import sources
from newsletter.archive import Archive
from newsletter.collect import collect
from newsletter.errors import SettingsError, SourceError
from newsletter.identity import entry_id, title_id
from newsletter.models import Fetched, Listing, Paper
from newsletter.sources import feeds, rss
from newsletter.sources.feeds.entry import MOST
from newsletter.sources.fields import Unusable
from newsletter.sources.reach import Reach
from tests.homes import RECORDINGS
from tests.servers.feeds import NOW, Site, atom, atom_entry, item, json_feed, reaching, serving
from tests.servers.feeds import rss as rss_feed
from tests.servers.huggingface import Answer, says

TODAY, YESTERDAY = date(2026, 3, 3), date(2026, 3, 2)
ADDRESS = "https://example.org/feed.xml"


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site()) as site:
        yield site


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    archive = Archive(f"sqlite:///{tmp_path}/archive.db")
    yield archive
    archive.close()


@pytest.fixture
def reach(archive: Archive) -> Iterator[Reach]:
    with reaching(archive.answers) as reach:
        yield reach


def parsed(feed: str | bytes, kind: str = "") -> Fetched:
    return feeds.parse(feed.encode() if isinstance(feed, str) else feed, ADDRESS, kind, TODAY)


def only(feed: str) -> Listing:
    (found,) = parsed(feed).listings
    return found


def ids(fetched: Fetched) -> list[str]:
    return [found.paper.id for found in fetched.listings]


def refusal(body: str | bytes) -> str:
    with pytest.raises(Unusable) as caught:
        parsed(body)
    return str(caught.value)


def failure(site: Site, reach: Reach, page: Answer | str | bytes, path: str = "/feed") -> str:
    site.pages["/feed"] = page
    with pytest.raises(SourceError) as caught:
        rss.fetch(f"{site.address}{path}", TODAY, reach)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# -- what an entry says


def test_an_rss_item_is_read_whole() -> None:
    assert Listing(
        Paper(
            id=entry_id("https://example.org/?p=7"),
            title="Invented paper number 7 on rivers",
            abstract="We invent & test number 7.",
            authors=("Ida Example",),
            published=YESTERDAY,
            url="https://example.org/papers/7",
        ),
        YESTERDAY,
    ) == only(rss_feed(item(7)))


def test_an_atom_entry_is_read_whole_on_its_day_in_utc() -> None:
    assert Listing(
        Paper(
            id=entry_id("tag:example.org,2026:7"),
            title="Invented paper 7 on lakes",
            abstract="Text of 7.",
            authors=("Bo Sample", "Cy Test"),
            published=TODAY,
            categories=("cs.LG",),
            keywords=("lakes",),
            url="https://example.org/lakes/7",
        ),
        TODAY,
    ) == only(atom(atom_entry(7, "2026-03-02T23:30:00-05:00")))


def test_a_json_feed_is_read_whole() -> None:
    one = {
        "id": 7,
        "url": "/papers/7",
        "title": "Invented paper number 7",
        "content_html": "<p>First.</p><p>Second.</p>",
        "date_published": "2026-03-02T09:30:00.123Z",
        "authors": [{"name": "Ida Example"}, {"name": "Bo Sample"}],
        "tags": ["rivers"],
    }
    assert Listing(
        Paper(
            id=entry_id("https://example.org/feed.xml#7"),
            title="Invented paper number 7",
            abstract="First.\nSecond.",
            authors=("Ida Example", "Bo Sample"),
            published=YESTERDAY,
            keywords=("rivers",),
            url="https://example.org/papers/7",
        ),
        YESTERDAY,
    ) == only(json_feed(one))


def test_html_becomes_text_and_scripts_are_nobodys() -> None:
    html = (
        "<h2>Why</h2><p>H<sub>2</sub>O &amp; <b>bold</b> claims</p><script>alert(1)</script>"
        "<style>p{}</style><img src=x onerror=alert(2)><ul><li>one<li>two</ul>a &lt; b"
    )
    found = only(rss_feed(item(description=html, title="On <i>rivers</i> &amp; lakes"))).paper
    assert ("On rivers & lakes", "Why\nH2O & bold claims\none\ntwo\na < b") == (found.title, found.abstract)


def test_plain_text_keeps_its_angle_brackets() -> None:
    plain = "<summary type='text'>We write a &lt; b and $x_1$.</summary>"
    assert (
        "We write a < b and $x_1$."
        == only(atom(atom_entry().replace("<summary>Text of 1.</summary>", plain))).paper.abstract
    )


def test_the_whole_text_is_taken_where_the_summary_is_a_teaser() -> None:
    whole = "<content type='html'>A longer text of the invention, with all that there is to say.</content>"
    assert only(atom(atom_entry(inside=whole))).paper.abstract.startswith("A longer text")


@pytest.mark.parametrize(
    ("written", "authors"),
    [
        ("Ada Brook, Bo Sample and Cy Test", ("Ada Brook", "Bo Sample", "Cy Test")),
        ("Brook, Ada", ("Brook, Ada",)),
        ("Ada Brook; Bo Sample", ("Ada Brook", "Bo Sample")),
        ("ada@example.org", ()),
    ],
)
def test_authors_in_one_field_are_told_apart(written: str, authors: tuple[str, ...]) -> None:
    assert authors == only(rss_feed(item(dc__creator=written))).paper.authors


def test_an_entry_without_a_title_has_the_beginning_of_its_text() -> None:
    assert (
        "A short note on rivers." == only(rss_feed(item(title="", description="A short note on rivers."))).paper.title
    )


def test_an_entry_with_nothing_to_show_is_named_and_the_others_are_used() -> None:
    fetched = parsed(rss_feed(item(1), item(2, title="", description=""), item(3)))
    assert 2 == len(fetched.listings)
    assert ("entry 2: neither a title nor a text; left out",) == fetched.faults


# -- which paper it is


@pytest.mark.parametrize(
    ("changes", "paper"),
    [
        ({"link": "https://arxiv.org/abs/2603.00001v2"}, "2603.00001"),
        ({"link": "http://arxiv.org/pdf/2603.00001"}, "2603.00001"),
        ({"guid": "oai:arXiv.org:2603.00001v1"}, "2603.00001"),
        ({"link": "https://huggingface.co/papers/2603.00001"}, "2603.00001"),
        ({"link": "https://www.alphaxiv.example/abs/2603.00001v3?ref=feed"}, "2603.00001"),
        ({"link": "https://doi.org/10.48550/arXiv.2603.00001"}, "2603.00001"),
        ({"link": "https://doi.org/10.1234/Rivers.7"}, "10.1234/rivers.7"),
        ({"link": "https://publisher.example/doi/abs/10.1234/rivers.7?af=R"}, "10.1234/rivers.7"),
        ({"link": "https://publisher.example/doi/10.1234/rivers.7/full"}, "10.1234/rivers.7"),
        ({"link": "https://journal.example/article?id=10.1234%2Frivers.7"}, "10.1234/rivers.7"),
        ({"link": "https://preprints.example/content/10.1101/2026.03.01.700001v1?rss=1"}, "10.1101/2026.03.01.700001"),
        ({"dc__identifier": "doi:10.1234/rivers.7"}, "10.1234/rivers.7"),
        ({"prism__doi": "10.1234/rivers.7"}, "10.1234/rivers.7"),
        ({"guid": "10.1234/rivers.7", "link": "https://arxiv.org/abs/2603.00001"}, "2603.00001"),
        ({"link": "https://example.org/archive/2024.12345"}, entry_id("https://example.org/?p=1")),
        ({"description": '<a href="https://arxiv.org/abs/2603.00001">[link]</a>'}, "2603.00001"),
        (
            {"description": 'Our paper arxiv.org/abs/2603.00001, https://arxiv.org/abs/2602.00001 <a href="https://arxiv.org/abs/2603.00001">it</a>'},
            entry_id("https://example.org/?p=1"),
        ),
        ({"description": '<a href="https://arxiv.org/abs/2001.00001">a classic</a>'}, entry_id("https://example.org/?p=1")),
        (
            {"description": '<a href="https://arxiv.org/abs/2603.00001">a</a> <a href="https://other.example/x">b</a>'},
            entry_id("https://example.org/?p=1"),
        ),
        ({"guid": "", "link": "https://example.org/p/1"}, entry_id("https://example.org/p/1")),
        ({"guid": "", "link": ""}, title_id("Invented paper number 1 on rivers")),
        ({"guid": "1", "link": ""}, entry_id("https://example.org/1")),
    ],
)  # fmt: skip
def test_a_paper_is_known_by_what_its_entry_names(changes: dict[str, str], paper: str) -> None:
    assert paper == only(rss_feed(item(1, **changes))).paper.id


def test_the_same_paper_of_a_feed_and_of_hugging_face_is_one(archive: Archive) -> None:
    known = Paper("2603.00001", "Invented paper on rivers, as it is called")
    archive.add("huggingface", [Listing(known, TODAY)], TODAY, NOW)
    archive.add("rss:x", parsed(rss_feed(item(link="https://arxiv.org/abs/2603.00001"))).listings, TODAY, NOW)
    assert 1 == archive.size()


def test_an_entry_whose_title_is_mended_stays_one_paper(archive: Archive) -> None:
    for title in ("An invented title about rivers", "A mended title about rivers"):
        archive.add("rss:x", parsed(rss_feed(item(title=title))).listings, TODAY, NOW)
    assert 1 == archive.size()


def test_a_title_that_only_a_feed_has_gives_way_to_the_id_of_its_paper(archive: Archive) -> None:
    archive.add("rss:x", parsed(rss_feed(item(1))).listings, TODAY, NOW)
    better = Paper("2603.00001", "Invented paper number 1 on rivers")
    archive.add("huggingface", [Listing(better, TODAY)], TODAY, NOW)
    assert "2603.00001" == archive.find([entry_id("https://example.org/?p=1")]).popitem()[1].id


def test_different_entries_with_one_id_or_link_are_told_apart_and_named() -> None:
    fetched = parsed(rss_feed(*(item(n, guid="same", link="https://example.org/") for n in (1, 2, 3))))
    assert [title_id(f"Invented paper number {n} on rivers") for n in (1, 2, 3)] == ids(fetched)
    assert (
        "different entries share an id or link (https://example.org/same): they are told apart by what else they have",
    ) == fetched.faults


def test_entries_that_all_link_to_one_paper_are_not_that_paper() -> None:
    fetched = parsed(rss_feed(*(item(n, link="https://arxiv.org/abs/2603.00001") for n in (1, 2))))
    assert [entry_id(f"https://example.org/?p={n}") for n in (1, 2)] == ids(fetched)


def test_entries_whose_texts_all_link_to_one_paper_are_not_that_paper() -> None:
    link = '<a href="https://arxiv.org/abs/2603.00001">our best</a>'
    fetched = parsed(rss_feed(*(item(n, description=link) for n in (1, 2))))
    assert [entry_id(f"https://example.org/?p={n}") for n in (1, 2)] == ids(fetched)
    assert () == fetched.faults


def test_the_same_entry_twice_is_one_paper_on_its_first_day() -> None:
    fetched = parsed(rss_feed(item(1), item(1, pubDate="Sun, 01 Mar 2026 09:30:00 GMT")))
    assert [date(2026, 3, 1)] == [found.day for found in fetched.listings]


# -- days


@pytest.mark.parametrize("written", ["", "yesterday or so", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_without_a_usable_date_an_entry_has_no_day(written: str) -> None:
    assert only(rss_feed(item(pubDate=written))).day is None


def test_an_entry_of_the_future_has_no_day_and_is_named() -> None:
    fetched = parsed(rss_feed(item(1, pubDate="Fri, 01 Jan 2027 00:00:00 GMT"), item(2)))
    assert [None, YESTERDAY] == [found.day for found in fetched.listings]
    assert ("entries are dated up to 2027-01-01 (1): each is listed on the day it was first seen",) == fetched.faults


def test_tomorrow_is_today_elsewhere_and_nothing_to_speak_of() -> None:
    fetched = parsed(rss_feed(item(1, pubDate="Wed, 04 Mar 2026 00:00:00 GMT")))
    assert ([None], ()) == ([found.day for found in fetched.listings], fetched.faults)


def test_a_feed_gives_what_it_has_up_to_a_day_and_is_asked_once(site: Site, reach: Reach) -> None:
    site.pages["/feed"] = rss_feed(
        item(1, pubDate="Tue, 03 Mar 2026 09:00:00 GMT"), item(2), item(3, pubDate="Sun, 01 Feb 2026 09:00:00 GMT")
    )
    read = sources.reader(site.sources[0], reach)
    assert [2, 3] == [len(read(day).listings) for day in (YESTERDAY, TODAY)]
    assert 1 == len(site.asked)
    assert not sources.has_past(site.sources[0])


def test_a_day_without_new_entries_is_quiet_though_the_feed_has_old_ones(
    site: Site, reach: Reach, archive: Archive
) -> None:
    site.pages["/feed"] = rss_feed(item(1), item(2))
    collected = collect([YESTERDAY, TODAY], site.sources, archive, reach, NOW)
    assert (2, ["quiet"]) == (collected.new, [state.state for state in collected.states])
    assert ["ok"] == [state.state for state in archive.collected(YESTERDAY)]


def test_an_undated_entry_is_listed_on_the_day_it_was_first_seen(site: Site, reach: Reach, archive: Archive) -> None:
    site.pages["/feed"] = rss_feed(item(1, pubDate=""))
    counts = [collect([day], site.sources, archive, reach, NOW).new for day in (YESTERDAY, TODAY)]
    assert ([1, 0], [YESTERDAY]) == (counts, archive.days())


# -- asking


def test_a_feed_that_has_not_changed_is_not_sent_again(site: Site, reach: Reach) -> None:
    site.content_type = "text/xml; charset=iso-8859-1"
    site.pages["/feed"] = rss_feed(item(1, title="Études inventées")).replace('encoding="UTF-8"', "").encode("latin-1")
    first, second = (sources.fetch(site.sources[0], TODAY, reach) for _ in range(2))
    assert first == second
    assert "Études inventées" == second.listings[0].paper.title
    assert "if-none-match" in site.asked[1].headers
    site.pages["/feed"] = rss_feed(item(1), item(2))
    assert 2 == len(sources.fetch(site.sources[0], TODAY, reach).listings)


def test_a_feed_that_has_moved_is_followed_and_check_says_where_to(site: Site, reach: Reach) -> None:
    site.pages |= {"/feed": says(b"", 301, {"Location": "/new"}), "/new": rss_feed(item(1, link="/rivers"))}
    assert "https" not in rss.fetch(f"{site.address}/feed", TODAY, reach).listings[0].paper.url
    place = site.address.removeprefix("http://")
    said = f"{place}/feed: 1 paper, the latest of 2026-03-02, 0 with an arXiv id or DOI; it has moved: write rss:"
    assert f"{said}{site.address}/new" == rss.check(f"{site.address}/feed", reach)


def test_a_redirect_into_the_private_network_is_refused(site: Site, reach: Reach) -> None:
    message = failure(site, reach, says(b"", 302, {"Location": "http://169.254.169.254/latest/"}))
    assert "169.254.169.254, which is not a public address" in message


def test_a_feed_on_this_machine_needs_the_operators_word(site: Site, reach: Reach) -> None:
    site.pages["/feed"] = rss_feed(item(1))
    with pytest.raises(SourceError, match="add the host to `private_hosts`"):
        rss.fetch(f"{site.address}/feed", TODAY, replace(reach, guard=type(reach.guard)()))
    assert [] == site.asked


def test_redirects_end(site: Site, reach: Reach) -> None:
    message = failure(site, reach, says(b"", 302, {"Location": "/feed"}))
    assert "it redirects in a circle (asked once)" in message
    assert 6 == len(site.asked)


def test_the_host_is_named_beforehand(reach: Reach) -> None:
    assert ("example.org:8080",) == sources.hosts("rss:https://example.org:8080/feed", reach)


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("rss", "write rss:URL"),
        ("rss:example.org/feed", "write rss:https://example.org/feed.xml"),
        ("rss:ftp://example.org/feed", "write rss:https://"),
        ("rss:http://[", "write rss:https://"),
        ("rss:https://ada:s3cret@example.org/feed", "holds a user or password"),
        ("rs:https://example.org", "did you mean rss:URL?"),
    ],
)
def test_a_name_that_is_none_is_refused_with_the_cure(name: str, cure: str, reach: Reach) -> None:
    with pytest.raises(SettingsError) as caught:
        sources.reader(name, reach)
    assert cure in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_what_stands_behind_a_question_mark_is_not_shown(site: Site, reach: Reach, archive: Archive) -> None:
    site.pages["/feed"] = "<html>"
    (name,) = site.sources
    collected = collect([TODAY], [f"{name}?key=s3cret"], archive, reach, NOW)
    assert "s3cret" not in collected.states[0].detail


# -- what is ill, or means ill


LOGIN = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><form><input type=password></form></body></html>"
PAGE = (
    "<!doctype html>\n<html><head><title>An invented blog</title>"
    '<link rel="alternate" type="application/atom+xml" href="/atom.xml"></head></html>'
)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (LOGIN, "a login page ('Sign in'), not a feed"),
        (PAGE, "a web page ('An invented blog'), not a feed; it says that its feed is https://example.org/atom.xml"),
        ("", "neither RSS, Atom nor JSON Feed"),
        ("Sorry!", "neither RSS, Atom nor JSON Feed"),
        (b"%PDF-1.7 \x00\xff\xfe", "neither RSS, Atom nor JSON Feed"),
        (gzip.compress(b"<rss/>", mtime=0), "neither RSS, Atom nor JSON Feed"),
        ("<note><to>Ada</to></note>", "neither RSS, Atom nor JSON Feed"),
        ('{"papers": []}', "JSON, but not a JSON Feed"),
        ('{"version": "https://jsonfeed.org/version/1.1", "items": 3}', "a JSON Feed whose `items` is not a list"),
        ("[" * 100_000, "nested too deep"),
        ("<rss><channel>" + "<item>" * 300_000, "more than 300,000 tags"),
        ('<rss version="2.0"><channel><title>x', "the feed is damaged at line"),
    ],
)
def test_what_is_no_feed_is_said(body: str | bytes, reason: str) -> None:
    assert reason in refusal(body)


def test_a_page_instead_of_a_feed_is_named_with_the_cure(site: Site, reach: Reach) -> None:
    place = site.address.removeprefix("http://")
    assert f"{place}/feed: a login page ('Sign in'), not a feed; name the address of the feed itself" == failure(
        site, reach, LOGIN, "/feed?key=s3cret"
    )


def test_an_empty_feed_is_quiet() -> None:
    assert Fetched() == parsed(rss_feed())


def test_a_feed_that_breaks_off_gives_what_came_and_says_so() -> None:
    fetched = parsed(rss_feed(item(1), item(2)).partition("</channel>")[0] + "<item><title>Cut")
    assert 2 == len(fetched.listings)
    assert fetched.faults[0].startswith("the feed is damaged at line ")
    assert fetched.faults[0].endswith("; what could be read of it is used")


def test_an_entity_bomb_goes_off_in_nobodys_face() -> None:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY l0 "lol">{levels}]>'
    started = time.monotonic()
    fetched = parsed(bomb + rss_feed(item(1, title="BOMB"), item(2)).partition("?>")[2].replace("BOMB", "&l9;"))
    assert time.monotonic() - started < 20
    assert all(len(found.paper.title) <= 500 for found in fetched.listings)


def test_no_file_of_this_machine_is_read_by_an_entity(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret")
    start = f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file://{tmp_path}/secret">]>'
    fetched = parsed(start + rss_feed(item(1, title="A title ENTITY")).partition("?>")[2].replace("ENTITY", "&x;"))
    assert "s3cret" not in str(fetched)


@pytest.mark.parametrize("name", ["secret.xml", "https://127.0.0.1:9/feed"])
def test_a_body_that_is_a_path_or_an_address_is_not_opened(name: str) -> None:
    assert "neither RSS" in refusal(name)


def test_a_gzip_bomb_and_fifty_megabytes_are_not_read(site: Site, reach: Reach) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    assert "larger than 6 MB" in failure(site, reach, says(bomb, 200, {"Content-Encoding": "gzip"}))
    assert "larger than 6 MB" in failure(site, reach, says(b" " * 50_000_000))
    assert "packed several times over" in failure(site, reach, says(bomb, 200, {"Content-Encoding": "gzip, gzip"}))


@pytest.mark.parametrize("charset", ["iso-8859-1", "utf-16", "koi8-r", "nonsense", "utf-7"])
def test_a_wrong_character_set_costs_no_more_than_letters(charset: str) -> None:
    fetched = parsed(rss_feed(item(1, title="Größe and rivers")), f"text/xml; charset={charset}")
    assert 1 == len(fetched.listings)
    assert "rivers" in fetched.listings[0].paper.title


def test_a_feed_without_end_is_read_up_to_a_number_of_entries() -> None:
    fetched = parsed(rss_feed(*map(item, range(MOST + 3))))
    assert MOST == len(fetched.listings)
    assert ("it has 2,003 entries; the last 3 are left out",) == fetched.faults


def test_a_source_that_fails_costs_only_its_own_papers(site: Site, reach: Reach, archive: Archive) -> None:
    site.pages |= {"/a": LOGIN, "/b": rss_feed(item(1)), "/c": says(b"", 403), "/d": atom(atom_entry(2))}
    collected = collect([TODAY], site.sources, archive, reach, NOW)
    assert ["broken", "quiet", "broken", "ok"] == [state.state for state in collected.states]
    assert 2 == collected.new


def test_nothing_cut_anywhere_is_more_than_unusable() -> None:
    whole = [rss_feed(item(1), item(2)).encode(), atom(atom_entry(1)).encode(), json_feed({"title": "A"}).encode()]
    for feed, cut in itertools.product(whole, range(0, 700, 23)):
        for body in (feed[:cut], feed[cut:], feed[:cut] + b"\xff\x00<" + feed[cut:]):
            try:
                parsed(body)
            except Unusable as error:
                assert "\n" not in str(error)


# -- recordings

FEEDS = RECORDINGS / "feeds"


@pytest.mark.skipif(not FEEDS.is_dir(), reason="the recordings are not here")
def test_every_recorded_feed_is_read_or_refused_in_words() -> None:
    files = sorted(FEEDS.rglob("*.xml"))
    assert len(files) > 500
    refused = []
    for path in files:
        try:
            fetched = parsed(path.read_bytes())
        except Unusable as error:
            refused.append(path.name)
            assert str(error) == " ".join(str(error).split())
            continue
        for listing in fetched.listings:
            assert listing.paper.title
            assert listing.paper.title.isprintable()
            assert listing.day is None or listing.day <= TODAY
    assert len(refused) < 50


@pytest.mark.skipif(not FEEDS.is_dir(), reason="the recordings are not here")
def test_the_recorded_blogs_give_all_their_entries() -> None:
    for path in sorted((FEEDS / "real").glob("*.xml")):
        fetched = feeds.parse(path.read_bytes(), ADDRESS, "", date(2026, 11, 21))
        assert (3, ()) == (len(fetched.listings), fetched.faults), path.name
        assert all(found.day and found.paper.url for found in fetched.listings), path.name
