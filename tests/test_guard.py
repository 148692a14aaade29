"""Addresses that somebody else leads us to: only public machines are asked, and none for longer than we wanted."""

from __future__ import annotations

import gzip
import ssl
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
import trustme

from newsletter import http
from newsletter.errors import SourceError
from newsletter.guard import Forbidden, Guard, is_public
from tests.servers.huggingface import Answer, HuggingFace, Stopwatch, says

GOOD = says(b"good")
HERE = frozenset({"127.0.0.1"})


class Names:
    """A resolver that knows a few names, and counts how often it is asked."""

    def __init__(self, **names: list[str]) -> None:
        self.names, self.asked = names, 0

    def __call__(self, host: str, port: int) -> list[tuple[Any, ...]]:
        self.asked += 1
        if host not in self.names:
            raise OSError("no such name")
        return [(0, 0, 0, "", (address, port)) for address in self.names[host]]


@pytest.fixture
def hub() -> Iterator[HuggingFace]:
    with HuggingFace() as server:
        yield server


def ask(hub: HuggingFace, *script: Answer, guard: Guard | None = None, url: str = "", **patience: Any) -> http.Response:
    hub.script.extend(script)
    with http.open_client(read=5) as client:
        return http.get(
            client,
            url or f"{hub.endpoint}/x?key=s3cret",
            patience=Stopwatch().patience(**patience),
            guard=guard or Guard(HERE),
        )


def failure(hub: HuggingFace, *script: Answer, **how: Any) -> str:
    with pytest.raises(SourceError) as caught:
        ask(hub, *script, **how)
    assert "s3cret" not in str(caught.value)
    return str(caught.value)


PRIVATE = """127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 255.255.255.255
    ::1 :: fe80::1 fe80::1%eth0 fc00::1 ff02::1 ::ffff:127.0.0.1 2002:7f00:0001:: 64:ff9b::10.0.0.1
    2001:0:4136:e378:8000:63bf:80ff:fffe""".split()


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_the_internets_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


def test_of_a_hosts_addresses_the_public_ones_may_be_asked() -> None:
    names = Names(mixed=["10.0.0.1", "8.8.8.8", "::1"], inside=["10.0.0.1"])
    assert ("8.8.8.8",) == Guard(resolve=names).addresses("mixed", 443)
    assert ("10.0.0.1",) == Guard(frozenset({"inside"}), names).addresses("inside", 443)
    with pytest.raises(Forbidden, match=r"^inside is at 10[.]0[.]0[.]1, which is not a public address$"):
        Guard(resolve=names).addresses("inside", 443)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "http://localhost:9/", "http://2130706433/", "http://[::1]:9/"])
def test_this_machine_is_not_asked_however_it_is_written(hub: HuggingFace, url: str) -> None:
    message = failure(hub, url=url, guard=Guard())
    assert "which is not a public address (asked once); if it is yours, add the host to `private_hosts`" in message


def test_a_redirect_to_a_private_address_is_not_followed(hub: HuggingFace) -> None:
    # 169.254.169.254 is where the clouds keep their machines' credentials.
    message = failure(hub, says({}, 302, {"Location": "http://169.254.169.254/latest/meta-data/?s3cret"}))
    assert "169.254.169.254 is at 169.254.169.254, which is not a public address" in message
    assert 1 == len(hub.asked)


def test_what_is_connected_to_is_the_address_that_was_looked_at(hub: HuggingFace) -> None:
    names = Names(**{"feeds.example": ["127.0.0.1"]})
    port = hub.place.rpartition(":")[2]
    answer = ask(hub, GOOD, url=f"http://feeds.example:{port}/feed", guard=Guard(frozenset({"feeds.example"}), names))
    assert (b"good", f"http://feeds.example:{port}/feed") == (answer.body, answer.url)
    assert f"feeds.example:{port}" == hub.asked[0].headers["host"]
    assert 1 == names.asked


def test_each_host_on_the_way_is_looked_at(hub: HuggingFace) -> None:
    names = Names(**{"feeds.example": ["127.0.0.1"], "other.example": ["127.0.0.1"]})
    port = hub.place.rpartition(":")[2]
    guard = Guard(frozenset({"feeds.example"}), names)
    to_other = says({}, 301, {"Location": f"http://other.example:{port}/"})
    assert "other.example is at 127.0.0.1" in failure(hub, to_other, url=f"http://feeds.example:{port}/", guard=guard)


def test_where_nobody_answers_at_one_address_the_next_is_tried(hub: HuggingFace) -> None:
    names = Names(**{"feeds.example": ["127.0.0.9", "127.0.0.1"]})
    url = f"http://feeds.example:{hub.place.rpartition(':')[2]}/"
    assert b"good" == ask(hub, GOOD, url=url, guard=Guard(frozenset({"feeds.example"}), names)).body


def test_a_name_that_nobody_has_is_said(hub: HuggingFace) -> None:
    message = failure(hub, url="http://feeds.example/x", guard=Guard(resolve=Names()))
    assert message.startswith("feeds.example/x: feeds.example is not found (asked 3 times")


def test_encryption_is_not_given_up_on_the_way() -> None:
    with pytest.raises(http._Failed, match="which is not encrypted"):
        http._target("https://feeds.example/x", "http://feeds.example/y", leaves=True)


def test_a_certificate_is_that_of_the_name_although_a_number_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("feeds.example").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    names = Names(**{"feeds.example": ["127.0.0.1"], "other.example": ["127.0.0.1"]})
    guard = Guard(frozenset(names.names), names)
    with HuggingFace() as hub, http.httpx.Client(verify=trusting) as client:
        hub.script.append(GOOD)
        hub._server.socket = context.wrap_socket(hub._server.socket, server_side=True)
        port = hub.place.rpartition(":")[2]
        patience = Stopwatch().patience(attempts=1)
        answer = http.get(client, f"https://feeds.example:{port}/", patience=patience, guard=guard)
        with pytest.raises(SourceError, match=r"(?i)certificate"):
            http.get(client, f"https://other.example:{port}/", patience=patience, guard=guard)
    assert b"good" == answer.body


def trickles_headers(request: BaseHTTPRequestHandler) -> None:
    """Sends a line of its head every tenth of a second, for five seconds."""
    request.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(50):
        request.wfile.write(b"X-Slow-%d: yes\r\n" % number)
        request.wfile.flush()
        time.sleep(0.1)
    request.close_connection = True


def trickles_body(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.end_headers()
    for _ in range(50):
        request.wfile.write(b"x")
        request.wfile.flush()
        time.sleep(0.1)
    request.close_connection = True


@pytest.mark.parametrize("slow", [trickles_headers, trickles_body])
def test_an_answer_that_trickles_in_ends_when_its_time_is_over(hub: HuggingFace, slow: Answer) -> None:
    hub.script.append(slow)
    patience = http.Patience(2, timedelta(seconds=0.5), time.sleep, lambda: 0.0)
    started = time.monotonic()
    with http.open_client() as client, pytest.raises(SourceError, match="trickles in too slowly"):
        http.get(client, hub.endpoint, patience=patience, guard=Guard(HERE))
    assert time.monotonic() - started < 3


def test_what_is_larger_than_wanted_is_not_read(hub: HuggingFace) -> None:
    hub.script.append(says(gzip.compress(b" " * 3_000_000), 200, {"Content-Encoding": "gzip"}))
    with http.open_client() as client, pytest.raises(SourceError, match="larger than 2 MB"):
        http.get(client, hub.endpoint, patience=Stopwatch().patience(), largest=2_000_000, guard=Guard(HERE))


def test_what_is_packed_several_times_over_is_not_unpacked(hub: HuggingFace) -> None:
    twice = gzip.compress(gzip.compress(b" " * 3_000_000))
    assert "packed several times over" in failure(hub, says(twice, 200, {"Content-Encoding": "gzip, gzip"}))
