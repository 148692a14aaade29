"""The story's joints: what must hold when a run ends in the middle of it."""

from datetime import UTC, date, datetime

import pytest

from newsletter import publish as story
from newsletter.audience import Order, needs_of, plan, who_is_due
from newsletter.deliver import Run
from newsletter.errors import StoreError
from newsletter.ledger import Key
from newsletter.publish import gather, publish
from newsletter.sending import Link, _send_waiting
from tests.homes import invented_day, make_home
from tests.test_end_to_end import ids_in

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)


@pytest.fixture
def home(tmp_path):
    home = make_home(tmp_path)
    home.subscribers(
        "subscribers: [{email: ada@example.org, timezone: UTC, max_papers: 3, trending: 0, "
        "interests: [{name: Flow, keywords: [flow matching, case]}]}]"
    )
    home.day("2026-03-03", invented_day("2026-03-03", 30, first=300))
    home.day("2026-03-04", invented_day("2026-03-04", 1, first=400))  # so that there is room for what is carried over
    return home


def plan_only(app, day):
    """What a run does that dies after its plan."""
    order = Order(day)
    gather(app, needs_of(app, who_is_due(app, NOW, order)), NOW)
    assert 1 == plan(app, who_is_due(app, NOW, order), NOW, order)


def test_a_run_that_died_after_planning_is_made_up_and_no_paper_comes_twice(home):
    with home.app(NOW) as app:
        plan_only(app, date(2026, 3, 3))
        account = publish(app, NOW, Order(date(2026, 3, 4)))
        assert (1, 1) == (account.audience, account.counts["submitted"])
        assert 1 == app.ledger.account("rehearsal", date(2026, 3, 3)).counts["submitted"]
    first, second = (ids_in(path.read_bytes()) for path in sorted((home.path / "outbox").glob("*.eml")))
    assert (3, 3) == (len(first), len(second))
    assert set() == set(first) & set(second)


def test_a_first_edition_at_an_hour_before_the_sources_day_begins_is_of_the_day_before(home):
    home.subscribers("subscribers: [{email: mei@example.org, timezone: Asia/Tokyo, send_at: 08:00}]")
    with home.app(datetime(2026, 3, 3, 23, 0, tzinfo=UTC)) as app:  # the 4th, in Tokyo
        (home.path / "papers" / "2026-03-04.json").unlink()
        account = publish(app, app.clock())
    assert (date(2026, 3, 4), 1) == (account.day, account.counts["submitted"])


def test_who_is_left_to_another_process_keeps_nobody_else_waiting(home):
    with home.app(NOW) as app, app.provider() as provider:
        plan_only(app, date(2026, 3, 3))
        left = {Key(f"{name}@example.org", "2026-03-03", app.occasion) for name in ("bo", "cy")}
        link = Link(app, provider, Run(app.clock, "resend"), frozenset())
        assert _send_waiting(link, Order(), lambda *_: None, left)
        assert not _send_waiting(link, Order(), lambda *_: None, left)
        assert 1 == app.ledger.account(app.occasion, date(2026, 3, 3)).counts["submitted"]


def test_a_reader_who_left_the_file_after_planning_is_skipped(home):
    with home.app(NOW) as app:
        plan_only(app, date(2026, 3, 3))
        home.subscribers("subscribers: [{email: bo@example.org, timezone: UTC}]")
        publish(app, NOW, Order(date(2026, 3, 4)))
        reasons = app.ledger.account("rehearsal", date(2026, 3, 3)).reasons
    assert {"skipped: removed: no longer in the subscribers' file": 1} == reasons


def test_a_lost_archive_fails_what_was_planned_in_words_and_the_papers_come_with_the_next(home):
    with home.app(NOW) as app:
        plan_only(app, date(2026, 3, 3))
    for path in home.path.glob("archive.db*"):
        path.unlink()
    with home.app(NOW) as app:
        publish(app, NOW, Order(date(2026, 3, 4)))
        [reason] = app.ledger.account("rehearsal", date(2026, 3, 3)).reasons
        assert "its digest is gone from the archive" in reason
        assert 1 == app.ledger.account("rehearsal", date(2026, 3, 4)).counts["submitted"]


def test_only_one_reader_can_be_served(home):
    home.subscribers("subscribers: [{email: ada@example.org, timezone: UTC}, {email: bo@example.org, timezone: UTC}]")
    with home.app(NOW) as app:
        assert 1 == publish(app, NOW, Order(date(2026, 3, 3), "bo@example.org")).audience
        assert 2 == publish(app, NOW, Order(date(2026, 3, 3))).audience


@pytest.mark.parametrize("few", [1, 1_000_000])
def test_an_audience_is_planned_alike_in_memory_and_from_the_disk(home, monkeypatch, few):
    monkeypatch.setattr(story, "FEW", few)
    names = "".join(f"{{email: r{n}@example.org, timezone: UTC}}, " for n in range(1_100))  # three pages
    home.subscribers(f"subscribers: [{names}{{email: ada@example.org, paused_until: 2026-04-01}}]")
    with home.app(NOW) as app:
        assert (1_101, None) == story.plan_who_is_due(app, NOW, Order())
        assert (0, None) == story.plan_who_is_due(app, NOW, Order()), "nobody is due any more"
        account = app.ledger.account(app.occasion)
    assert ({"skipped: paused until 2026-04-01": 1}, 1_100) == (account.reasons, account.counts["pending"])


def test_a_full_disk_is_said_in_words(home, monkeypatch):
    class Full:
        def __init__(self, max_size):
            assert max_size

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def write(self, _):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(story, "SpooledTemporaryFile", Full)
    with home.app(NOW) as app, pytest.raises(StoreError, match="No space left on device"):
        story.plan_who_is_due(app, NOW, Order())
