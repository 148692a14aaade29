"""Many who unsubscribe at once share a transaction, and each is answered only when it is durable."""

import asyncio
from datetime import UTC, datetime

import anyio.to_thread
import pytest

from newsletter import links
from newsletter.errors import StoreError
from newsletter.http import httpx
from newsletter.readers.consents import Circumstances
from newsletter.readers.signups import Signups
from newsletter.web import pages
from tests.homes import SECRET, make_home

NOW = datetime(2026, 3, 3, 8, tzinfo=UTC)
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def name(number):
    return f"reader{number:010}"


def link(number):
    return "/unsubscribe/" + links.sign([SECRET], "unsubscribe", name(number))


@pytest.fixture
def app(tmp_path):
    with make_home(tmp_path).app(NOW) as app:
        for number in range(40):
            app.ledger.introduce(name(number), f"r{number}", f"r{number}@example.org")
        yield app


def posted(app, paths, body=ONE_CLICK):
    """What is answered to all of them, sent at once."""

    async def all_at_once():
        transport = httpx.ASGITransport(pages(app))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await asyncio.gather(*(client.post(path, data=body) for path in paths))

    return asyncio.run(all_at_once())


@pytest.fixture
def transactions(monkeypatch):
    """How many readers were in each of them."""
    seen, original = [], Signups.leave_all

    def leave_all(signups, addresses, *rest):
        seen.append(len(addresses))
        return original(signups, addresses, *rest)

    monkeypatch.setattr(Signups, "leave_all", leave_all)
    return seen


def test_who_comes_at_once_is_written_at_once_and_answered_alike(app, transactions):
    answers = posted(app, [link(number) for number in range(40)])
    assert {(200, "You are unsubscribed.\n")} == {(one.status_code, one.text) for one in answers}
    assert {f"r{number}@example.org" for number in range(40)} == {one.address for one in app.suppressions.all()}
    assert [40] == transactions


def test_more_than_fit_into_one_transaction_are_written_too(app, transactions, monkeypatch):
    monkeypatch.setattr("newsletter.web.reader.leaving.TOGETHER", 15)
    assert {200} == {one.status_code for one in posted(app, [link(number) for number in range(40)])}
    assert ([15, 15, 10], 40) == (transactions, len(app.suppressions.all()))


def test_twice_the_same_and_a_name_that_leads_nowhere_hinder_nobody(app):
    answers = posted(app, [link(1), link(1), link(99), link(2), "/unsubscribe/x"])
    assert [200, 200, 404, 200, 404] == [one.status_code for one in answers]
    assert answers[2].text == answers[4].text
    assert ["r1@example.org", "r2@example.org"] == [one.address for one in app.suppressions.all()]


def test_what_could_not_be_written_is_told_to_nobody_as_done(app, monkeypatch):
    def full(*_):
        raise StoreError("newsletter.db: the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(Signups, "leave_all", full)
        assert {503} == {one.status_code for one in posted(app, [link(1), link(2)])}
    assert [] == app.suppressions.all()
    assert [200] == [one.status_code for one in posted(app, [link(1)])]


def test_a_no_is_written_while_every_thread_of_the_pages_is_busy(app):
    async def crowded():
        limiter = anyio.to_thread.current_default_thread_limiter()
        for seat in range(int(limiter.total_tokens)):
            await limiter.acquire_on_behalf_of(seat)
        transport = httpx.ASGITransport(pages(app))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await asyncio.wait_for(client.post(link(3), data=ONE_CLICK), 20)

    assert 200 == asyncio.run(crowded()).status_code
    assert ["r3@example.org"] == [one.address for one in app.suppressions.all()]


def test_of_several_each_is_told_whether_it_was_said_before(app):
    said = Circumstances("link")
    assert app.signups.leave("r1@example.org", NOW, said)
    new = app.signups.leave_all(["R1@example.org", "r2@example.org", "R2@example.org"], NOW, said)
    assert {"r2@example.org"} == new
    assert set() == app.signups.leave_all([], NOW, said)
