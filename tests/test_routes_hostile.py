"""Whatever bytes are sent to any page: no answer of 500 and above that is a fault of ours, no traceback, nothing changed."""

import logging
import re
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter import links
from newsletter.collect import collect
from newsletter.web import pages
from tests.homes import SECRET, invented_day, make_home, readers
from tests.hooks import SECRETS
from tests.test_web import served

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
DAY = "2026-03-03"
BASE = "http://localhost:8080"
PURPOSES = ("unsubscribe", "confirm", "preferences", "feedback")
BUSY = 503
"""Said in words to who comes while too many are served."""

SCRAPS = [
    b"%",
    b"%0",
    b"%zz",
    b"%00",
    b"%c3%28",
    b"%ed%a0%80",
    b"%ff%fe",
    b"..%2f..%2f",
    b"%2e%2e/",
    b"//evil.example/",
    b";x=1",
    b"#",
    b"?",
    b"\\",
    b"{{7*7}}",
    b"a" * 3_000,
    b"%F0%9F%90%8B",
]
SCRAP = st.one_of(
    st.sampled_from(SCRAPS), st.binary(max_size=20).map(lambda some: re.sub(rb"[\x00-\x20\x7f]", b"%", some))
)
FIELDS = [
    b"q page lang interests like paper do said sure email ticket website cadence timezone send_at paused_until exclude "
    b"List-Unsubscribe confirm max_papers design language month"
][0].split()
PAIRS = st.tuples(st.sampled_from(FIELDS) | SCRAP, SCRAP).map(b"=".join)
QUERY = st.lists(PAIRS, max_size=3).map(b"&".join)
ANY_HEADER = st.binary(max_size=60).map(lambda some: re.sub(rb"[\x00-\x08\x0a-\x1f\x7f]", b"", some).strip())
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            b"Accept",
            b"Accept-Language",
            b"Authorization",
            b"Cookie",
            b"If-None-Match",
            b"If-Modified-Since",
            b"Range",
            b"Expect",
            b"X-Forwarded-For",
            b"X-Forwarded-Host",
            b"Origin",
            b"Sec-Purpose",
            b"svix-id",
            b"svix-timestamp",
            b"svix-signature",
        ]
    ),
    ANY_HEADER
    | st.sampled_from(
        [b"Basic \xff", b"Basic %%%", b"Bearer \xe9", b"Sat, 99 Foo 2026", b"en;q=9,*;q=x", b"a=b; a=\xff"]
    ),
    max_size=4,
)
KINDS = st.sampled_from(
    [
        b"application/x-www-form-urlencoded",
        b"application/x-www-form-urlencoded; charset=utf-7",
        b"multipart/form-data; boundary=x",
        b"multipart/form-data; boundary=",
        b"multipart/form-data",
        b"application/json",
        b"text/plain; charset=\xff",
        b"\xff/\xff",
        b"",
    ]
)
PARTS = st.sampled_from(
    [
        b'--x\r\nContent-Disposition: form-data; name="email"\r\n\r\nada\x00\r\n--x--\r\n',
        b'--x\r\nContent-Disposition: form-data; name="email"; filename="a"\r\n\r\nada\r\n--x--\r\n',
        b"--x\r\nContent-Disposition: form-data\r\n\r\n\r\n--x--\r\n",
        b'--x\r\nContent-Disposition: form-data; name="\xff"\r\nContent-Transfer-Encoding: base64\r\n\r\n\xff\r\n',
        b"--x",
        b"&" * 5_000,
        b"=" * 5_000,
        b"do=renew&" * 200,
        b"x" * 60_000,
        b"interests=" + b"%ed%a0%80" * 100,
    ]
)
BODIES = st.one_of(st.binary(max_size=200), PARTS, QUERY)
METHODS = st.sampled_from(
    [b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"TRACE", b"CONNECT", b"X-Y"]
)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[tuple[int, dict[str, str], object]]:
    """The port of a home with everything that pages can have, and for each route where it leads to something."""
    home = make_home(tmp_path_factory.mktemp("hostile") / "home")
    home.day(DAY, invented_day(DAY, 12))
    home.subscribers(readers(["ada", "bo"]))
    with ExitStack() as stack:
        environment = {"NEWSLETTER_BASE_URL": BASE, "NEWSLETTER_METRICS_TOKEN": "a-token-for-tests-only", **SECRETS}
        home.run("send", "--date", DAY, NEWSLETTER_BASE_URL=BASE)
        app = stack.enter_context(home.app(NOW, **environment))
        collect([NOW.date()], app.settings.sources, app.archive, app.reach, NOW)
        app.learn()
        name = app.reference(next(iter(app.roster())))
        at = {"token": "", "span": DAY, "id:path": "2603.00001", "name": "site.css", "provider": "resend"}
        signed = {purpose: links.sign([SECRET], purpose, name) for purpose in PURPOSES}
        signed["edition"] = links.sign_edition([SECRET], name, DAY, app.occasion)
        signed["f"] = signed["feedback"]
        signed["admin"] = links.sign([SECRET], "admin", str(int(NOW.timestamp()) + 3_600))
        pages_of = pages(app)
        there = {}
        for route in pages_of.routes:
            values = at | {"token": signed.get(route.path.split("/")[1], "")}
            there[route.path] = re.sub(r"{(.*?)}", lambda found, v=values: v[found[1]], route.path)
        client = stack.enter_context(served(pages_of))
        yield client.base_url.port, there, app


def said(port: int, request: bytes, *, cut: bool = False) -> bytes:
    """What is answered, whole; `cut`: the visitor leaves before the body is there."""
    with closing(socket.create_connection(("127.0.0.1", port), 30)) as line:
        line.sendall(request)
        if cut:
            line.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while part := line.recv(65_536):
                answer += part
        except ConnectionError:
            pass
    return answer


def request_of(method: bytes, target: bytes, headers: dict[bytes, bytes], kind: bytes, body: bytes) -> bytes:
    given = {b"Host": b"localhost:8080", b"Connection": b"close", b"Content-Type": kind, **headers}
    given[b"Content-Length"] = str(len(body)).encode()
    head = b"".join(name + b": " + value + b"\r\n" for name, value in given.items())
    return method + b" " + target + b" HTTP/1.1\r\n" + head + b"\r\n" + body


def contents(app) -> list[str]:
    file = app.settings.database.removeprefix("sqlite:///")
    with closing(sqlite3.connect(file)) as connection:
        return list(connection.iterdump())


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def test_every_route_leads_somewhere(site):
    port, there, _ = site
    found = {
        path: status(said(port, request_of(b"GET", where.encode(), {}, b"", b""))) for path, where in there.items()
    }
    expected = dict.fromkeys(there, 200) | {"/confirm/{token}": 404, "/webhooks/{provider}": 405, "/metrics": 200}
    expected |= {path: 301 for path in ("/favicon.ico",) if found.get(path) == 301}
    assert expected == found


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_no_bytes_are_a_fault_of_ours_on_any_route(site, caplog, data):
    port, there, app = site
    draw = data.draw
    before = contents(app)
    path = there[draw(st.sampled_from(sorted(there)))].encode()
    target = draw(st.sampled_from([path, path, path + b"/", path[:-1]])) + draw(st.just(b"") | SCRAP)
    query = draw(QUERY)
    method, body = draw(METHODS), draw(BODIES)
    request = request_of(method, target + (b"?" + query if query else b""), draw(HEADERS), draw(KINDS), body)
    cut = draw(st.booleans()) and len(body) > 1
    with caplog.at_level(logging.INFO):
        answer = said(port, request[: -len(body) // 2] if cut else request, cut=cut)
    assert status(answer) < 500 or status(answer) == BUSY, answer[:300]
    assert b"Traceback" not in answer
    assert [] == [record.getMessage() for record in caplog.records if record.exc_info], request[:300]
    if method in (b"GET", b"HEAD", b"OPTIONS", b"TRACE"):
        assert before == contents(app)


@pytest.mark.parametrize("length", [b"-1", b"9" * 19, b"9" * 5_000, b"1, 2", b"0x10", b"\xd9\xa3", b""])
def test_a_length_that_is_none_is_refused(site, length):
    port, there, _ = site
    for path in sorted(there):
        head = b"POST " + there[path].encode() + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        answer = said(port, head + b"Content-Length: " + length + b"\r\n\r\nx", cut=True)
        assert status(answer) < 500, path


def test_a_body_without_length_is_read_to_an_end(site, caplog):
    port, there, _ = site
    chunk = b"2000\r\n" + b"x" * 0x2000 + b"\r\n"
    for path in sorted(there):
        head = b"POST " + there[path].encode() + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        head += b"Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n"
        assert status(said(port, head + chunk * 20 + b"0\r\n\r\n")) < 500, path
    assert [] == [record.getMessage() for record in caplog.records if record.exc_info]


def test_who_leaves_before_the_form_is_whole_leaves_no_traceback(site, caplog):
    port, there, app = site
    before = contents(app)
    for path in sorted(there):
        for body in (b"List-Unsubscribe=One-Click", b"do=save&cadence=weekly"):
            request = request_of(b"POST", there[path].encode(), {}, b"application/x-www-form-urlencoded", body)
            assert status(said(port, request[:-5], cut=True)) < 500
    assert [] == [record.getMessage() for record in caplog.records if record.exc_info]
    assert before == contents(app)
