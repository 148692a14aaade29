"""Whatever is sent to the pages of readers: an answer below 500, and nobody is changed who did not ask for it."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.test_preferences import Site

NAMES = (
    "email interests like timezone cadence send_at paused_until exclude language design max_papers website ticket do sure "
    "confirm paper said List-Unsubscribe"
).split()
WORDS = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            "save",
            "renew",
            "subscribe",
            "more",
            "saved",
            "clear",
            "unsubscribe",
            "0",
            "-1",
            "99999999999999999999",
            "2026-02-30",
            "0001-01-01",
            "9999-12-31",
            "24:00",
            "weekly",
            "../../etc/passwd",
            "{{ 7*7 }}",
            "<script>alert(1)</script>",
            "ada@example.org\r\nBcc: eve@example.org",
            "\x00",
            "\u202eada@example.org",
            "x" * 9_000,
            "\n".join(map(str, range(3_000))),
        ]
    ),
)
FORMS = st.dictionaries(st.one_of(st.sampled_from(NAMES), st.text(max_size=10)), WORDS, max_size=8)
BODIES = st.binary(max_size=300)
KINDS = st.sampled_from(
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "application/json",
        "",
    ]
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with ExitStack() as stack:
        site = Site(stack, tmp_path_factory.mktemp("hostile"))
        site.paths = [
            "/subscribe",
            "/confirm/" + "x" * 60,
            *(site.link(name, purpose) for name in ("ada", "bo") for purpose in ("preferences", "feedback")),
        ]
        yield site


few = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@few
@given(st.integers(0, 5), FORMS)
def test_no_form_breaks_a_page_or_leaves_something_that_cannot_be_read_again(site, number, form):
    answer = site.client.post(site.paths[number], data=form)
    assert answer.status_code < 500
    assert "<script>alert" not in answer.text
    for reader in site.app.roster():
        assert 200 == site.client.get(site.link(reader.email.partition("@")[0])).status_code
    assert {"ada@example.org", "bo@example.org"} == {one.email for one in site.app.roster()}
    assert all(isinstance(period, str) for period in site.app.roster().schedules())


@few
@given(st.integers(0, 5), BODIES, KINDS, st.text(max_size=30))
def test_no_bytes_break_a_page(site, number, body, kind, query):
    for method in ("POST", "GET", "HEAD", "PUT", "DELETE"):
        headers = {"content-type": kind} if kind else {}
        path = site.paths[number]
        answer = site.client.request(
            method, path, content=body, headers=headers, params={"paper": query, "lang": query}
        )
        assert answer.status_code < 500
