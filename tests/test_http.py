"""The one door to the web: patience with servers, and none with surprises."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any

import pytest

from newsletter import http
from newsletter.errors import SettingsError, SourceError
from tests.servers.huggingface import Answer, HuggingFace, Stopwatch, hangs, resets, says, truncated

GOOD = says({"good": True})


@pytest.fixture
def hub() -> Iterator[HuggingFace]:
    with HuggingFace() as server:
        yield server


def ask(hub: HuggingFace, watch: Stopwatch, *script: Answer, read: float = 5, **patience: Any) -> http.Response:
    hub.script.extend(script)
    with http.open_client(read=read) as client:
        return http.get(client, f"{hub.endpoint}/x?key=s3cret", patience=watch.patience(**patience))


def failure(hub: HuggingFace, *script: Answer, **how: Any) -> str:
    with pytest.raises(SourceError) as caught:
        ask(hub, Stopwatch(), *script, **how)
    assert "\n" not in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert f"{hub.place}/x: " in str(caught.value)
    return str(caught.value)


def test_a_request_says_honestly_who_asks(hub: HuggingFace) -> None:
    ask(hub, Stopwatch(), GOOD)
    assert http.USER_AGENT == hub.asked[0].headers["user-agent"]
    assert hub.asked[0].headers["user-agent"].startswith("newsletter/")


def test_a_429_waits_as_long_as_its_rate_limit_says_and_one_second_more(hub: HuggingFace) -> None:
    watch = Stopwatch()
    ask(hub, watch, says({}, 429, {"RateLimit": '"api";r=0;t=1'}), GOOD)
    assert [2.0] == watch.slept


def test_of_several_rate_limits_only_the_spent_one_counts(hub: HuggingFace) -> None:
    watch = Stopwatch()
    ask(hub, watch, says({}, 429, {"RateLimit": '"pages";r=7;t=50, "api";r=0;t=4'}), GOOD)
    assert [5.0] == watch.slept


def test_retry_after_is_waited_for_in_seconds(hub: HuggingFace) -> None:
    watch = Stopwatch()
    ask(hub, watch, says({}, 503, {"Retry-After": "7"}), GOOD)
    assert [7.0] == watch.slept


def test_retry_after_may_be_a_date_which_is_measured_by_the_servers_own_clock(hub: HuggingFace) -> None:
    def in_nine_seconds(request: object) -> None:
        request.date_time_string = lambda: "Tue, 03 Mar 2026 08:00:00 GMT"  # type: ignore[attr-defined]
        says({}, 429, {"Retry-After": "Tue, 03 Mar 2026 08:00:09 GMT"})(request)  # type: ignore[arg-type]

    watch = Stopwatch()
    ask(hub, watch, in_nine_seconds, GOOD)
    assert [9.0] == watch.slept


@pytest.mark.parametrize("after", ["soon", "-5", "9" * 400, "Tue, 99 Mar 2026", ""])
def test_a_retry_after_that_says_nothing_is_not_believed(hub: HuggingFace, after: str) -> None:
    watch = Stopwatch()
    ask(hub, watch, says({}, 429, {"Retry-After": after}), GOOD)
    assert [0.5] == watch.slept


@pytest.mark.parametrize("status", [404, 408, 429, 500, 502, 503, 504])
def test_a_passing_failure_is_asked_again(hub: HuggingFace, status: int) -> None:
    assert b'{"good": true}' == ask(hub, Stopwatch(), says({}, status), GOOD).body


@pytest.mark.parametrize("fault", [truncated, resets])
def test_a_broken_answer_is_asked_again(hub: HuggingFace, fault: Answer) -> None:
    assert b'{"good": true}' == ask(hub, Stopwatch(), fault, GOOD).body


def test_a_hang_is_asked_again(hub: HuggingFace) -> None:
    assert b'{"good": true}' == ask(hub, Stopwatch(), hangs, GOOD, read=0.2).body


def test_the_waits_grow(hub: HuggingFace) -> None:
    watch = Stopwatch()
    ask(hub, watch, *[says({}, 500)] * 4, GOOD, attempts=5)
    assert [0.5, 1.0, 2.0, 4.0] == watch.slept


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (says({}, 404), ["HTTP 404 Not Found", "asked 3 times", "check the address"]),
        (says({}, 429), ["HTTP 429 Too Many Requests", "asked 3 times", "ask less often"]),
        (says({}, 503), ["HTTP 503 Service Unavailable", "asked 3 times", "their side"]),
        (says({}, 599), ["HTTP 599", "asked 3 times", "their side"]),
        (says({}, 401), ["HTTP 401 Unauthorized", "asked once", "check the token"]),
        (says({}, 410), ["HTTP 410 Gone", "asked once", "check the address"]),
        (truncated, ["asked 3 times", "check the network"]),
        (resets, ["asked 3 times", "check the network"]),
    ],
)
def test_what_finally_fails_is_one_line_with_how_often_and_the_cure(
    hub: HuggingFace, fault: Answer, words: list[str]
) -> None:
    message = failure(hub, *[fault] * 3)
    assert [] == [word for word in words if word not in message]


def test_a_host_that_never_answers_is_named(hub: HuggingFace) -> None:
    message = failure(hub, hangs, hangs, read=0.1, attempts=2)
    assert "no answer in time (asked 2 times)" in message


def test_nobody_waits_longer_than_the_patience_lasts(hub: HuggingFace) -> None:
    message = failure(hub, says({}, 429, {"RateLimit": '"api";r=0;t=300'}), total=60)
    assert "asked once, and the next time would be later than the 60 s we wait" in message
    assert 1 == len(hub.asked)


def test_an_answer_that_trickles_in_is_given_up() -> None:
    with HuggingFace() as hub, http.open_client() as client:
        hub.script.append(GOOD)
        with pytest.raises(SourceError, match="trickles in too slowly"):
            http.get(client, hub.endpoint, patience=Stopwatch(a_look=70).patience(total=60))


def test_a_status_the_caller_understands_is_an_answer(hub: HuggingFace) -> None:
    hub.script.append(says({"error": "no"}, 404))
    with http.open_client() as client:
        response = http.get(client, f"{hub.endpoint}/x", patience=Stopwatch().patience(), answers=(200, 404))
    assert (404, b'{"error": "no"}') == (response.status, response.body)


def test_a_redirect_on_the_host_is_followed(hub: HuggingFace) -> None:
    assert b'{"good": true}' == ask(hub, Stopwatch(), says({}, 302, {"Location": "/y?a=1"}), GOOD).body
    assert ["/x", "/y"] == [asked.path for asked in hub.asked]


@pytest.mark.parametrize("location", ["http://elsewhere.example/y", "//elsewhere.example/y", "http://127.0.0.1:1/y"])
def test_a_redirect_to_elsewhere_is_not_followed_but_named(hub: HuggingFace, location: str) -> None:
    message = failure(hub, says({}, 301, {"Location": location}))
    assert "it has moved to http://" in message
    assert "asked once" in message


def test_a_redirect_in_a_circle_ends(hub: HuggingFace) -> None:
    assert "redirects in a circle" in failure(hub, *[says({}, 302, {"Location": "/x"})] * 9)
    assert 6 == len(hub.asked)


@pytest.mark.parametrize("packed", [False, True])
def test_a_body_without_end_is_not_read(hub: HuggingFace, packed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_BYTES", 2_000_000)
    body, headers = b" " * 3_000_000, {}
    if packed:
        body, headers = gzip.compress(body), {"Content-Encoding": "gzip"}
    assert "the answer is larger than 2 MB (asked once)" in failure(hub, says(body, 200, headers))


@pytest.mark.parametrize("url", ["ftp://example.org/x", "nonsense", "http://", "http://[::1/x"])
def test_an_address_that_is_none_is_said_at_once(url: str) -> None:
    with http.open_client() as client, pytest.raises(SourceError, match="asked once") as caught:
        http.get(client, url, patience=Stopwatch().patience())
    assert "check it in the settings" in str(caught.value)


@pytest.mark.parametrize("token", ["s3cret\nX: y", "s3cret\0", "s3crét…"])
def test_a_token_that_cannot_be_sent_is_not_shown(hub: HuggingFace, token: str) -> None:
    with http.open_client() as client, pytest.raises(SourceError, match="check the address and the token") as caught:
        http.get(client, f"{hub.endpoint}/x", headers={"Authorization": token}, patience=Stopwatch().patience())
    assert "s3cr" not in str(caught.value)
    assert [] == hub.asked


def test_passwords_in_an_address_are_not_shown() -> None:
    with http.open_client() as client, pytest.raises(SourceError) as caught:
        http.get(client, "http://ada:s3cret@127.0.0.1:9/x#y", patience=Stopwatch().patience())
    assert str(caught.value).startswith("127.0.0.1:9/x: ")


@pytest.mark.parametrize("file", ["/nowhere/ca.pem", "/dev/null"])
def test_certificates_that_cannot_be_read_are_said_in_a_line(monkeypatch, file):
    monkeypatch.setenv("SSL_CERT_FILE", file)
    with pytest.raises(SettingsError, match=r"certificates to trust cannot be read .* see SSL_CERT_FILE"):
        http.open_client()
