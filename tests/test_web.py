"""The unsubscribe page, over a real HTTP server, with the ledger of a home that has sent."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

import pytest
import uvicorn

from newsletter import links
from newsletter.http import httpx
from newsletter.ledger import Planned
from newsletter.web import pages
from tests.homes import SECRET, make_home, readers

NOW = datetime(2026, 3, 3, 8, tzinfo=UTC)
DAY = date(2026, 3, 3)


@contextmanager
def served(site, listener: socket.socket | None = None) -> Iterator[httpx.Client]:
    """The site on loopback, and a client of it."""
    listener = listener or socket.create_server(("127.0.0.1", 0))
    # asyncio does so for sockets that it opens itself; without it each answer waits 40 ms for an acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server = uvicorn.Server(uvicorn.Config(site, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", trust_env=False) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def app(tmp_path):
    home = make_home(tmp_path)
    home.subscribers(readers(["ada"]))
    with home.app(NOW) as app:
        [ada] = app.roster()
        who = [(ada.key, ada.email, app.reference(ada))]
        planned = Planned("2026-03-03", "rehearsal", DAY, DAY, "d", (DAY, NOW), NOW, who)
        app.ledger.plan([planned], NOW)
        yield app


@pytest.fixture
def client(app):
    with served(pages(app)) as client:
        yield client


@pytest.fixture
def link(app):
    return "/unsubscribe/" + links.sign([SECRET], "unsubscribe", app.reference(next(iter(app.roster()))))


def suppressed(app):
    return [(one.address, one.reason) for one in app.suppressions.all()]


def test_looking_changes_nothing_however_often(app, client, link):
    for method in ("GET", "HEAD", "OPTIONS"):
        for _ in range(20):
            client.request(method, link)
    assert [] == suppressed(app)
    assert "<button" in client.get(link).text


def test_one_click_unsubscribes_before_it_answers(app, client, link):
    answer = client.post(link, data={"List-Unsubscribe": "One-Click"})
    assert (200, [("ada@example.org", "unsubscribed")]) == (answer.status_code, suppressed(app))


def test_one_click_as_multipart_unsubscribes_too(app, client, link):
    client.post(link, files={"List-Unsubscribe": (None, "One-Click")})
    assert [("ada@example.org", "unsubscribed")] == suppressed(app)


def test_the_pages_own_button_unsubscribes(app, client, link):
    answer = client.post(link, data={"confirm": "unsubscribe"})
    assert "You are unsubscribed" in answer.text
    assert 1 == len(suppressed(app))


@pytest.mark.parametrize("data", [{}, {"List-Unsubscribe": "No"}, {"x": "y" * 20_000}])
def test_any_other_post_only_asks(app, client, link, data):
    assert "<button" in client.post(link, data=data).text
    assert [] == suppressed(app)


def test_a_second_time_is_fine(client, link):
    assert [200, 200] == [client.post(link, data={"List-Unsubscribe": "One-Click"}).status_code for _ in range(2)]


def test_forged_and_foreign_links_are_answered_alike(app, client, link):
    flipped = link[:-1] + ("A" if link[-1] != "A" else "B")
    foreign = "/unsubscribe/" + links.sign(
        ["another-secret-entirely"], "unsubscribe", app.reference(next(iter(app.roster())))
    )
    other_purpose = "/unsubscribe/" + links.sign([SECRET], "preferences", app.reference(next(iter(app.roster()))))
    unknown_reader = "/unsubscribe/" + links.sign([SECRET], "unsubscribe", "AAAAAAAAAAAAAAAA")
    answers = [
        client.request(method, path)
        for path in (flipped, foreign, other_purpose, unknown_reader, "/unsubscribe/x", "/nothing")
        for method in ("GET", "POST")
    ]
    assert {404} == {answer.status_code for answer in answers if answer.request.url.path != "/nothing"}
    assert 1 == len({answer.text for answer in answers if answer.request.method == "GET"})
    assert not any("ada" in answer.text for answer in answers)


def test_nothing_is_kept_framed_or_indexed(client, link):
    headers = client.get(link).headers
    assert ("no-store", "noindex", "no-referrer") == tuple(
        headers[name] for name in ("cache-control", "x-robots-tag", "referrer-policy")
    )
    assert "default-src 'none'" in headers["content-security-policy"]


def test_an_unsubscribed_reader_is_skipped_whatever_the_file_says(tmp_path):
    home = make_home(tmp_path / "other")
    home.day("2026-03-03", [])
    home.subscribers(readers(["ada"]))
    with home.app(NOW) as app:
        app.suppressions.add("ADA@example.org", "unsubscribed", NOW)
    from tests.homes import invented_day

    home.day("2026-03-03", invented_day("2026-03-03", 10))
    assert "1 skipped: suppressed" in home.run("send", "--date", "2026-03-03")
