"""What is old goes, and nobody is shown a paper again for it."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from newsletter.archive import Archive, Old
from newsletter.editing.edit import is_seen
from newsletter.embeddings import text_of
from newsletter.identity import title_id
from newsletter.models import STATES, Listing, Paper, SourceState
from newsletter.readers.consents import Circumstances
from newsletter.retention import Forgotten, forget, prune
from newsletter.scheduler import Ticker
from tests.factories import digest, numbered, paper
from tests.homes import invented_day, make_home, readers
from tests.stores import in_folder
from tests.test_signups import FORM, LINK, wish

NOW = datetime(2026, 3, 3, 7, tzinfo=UTC)
OLD, TUESDAY = date(2025, 3, 4), date(2026, 3, 3)
BEFORE = date(2026, 1, 1)
TITLE = "Slow Rivers Remember Their Stones"


@pytest.fixture
def archive(stores):
    archive = Archive(stores.url("archive"))
    yield archive
    archive.close()


def listed(archive, *papers, source="huggingface", day=OLD, dated=True):
    at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    return archive.add(source, [Listing(paper, day if dated else None) for paper in papers], day, at)


def test_papers_that_were_not_listed_since_go_with_all_that_is_said_of_them(archive, stores):
    old, young, both = (numbered(n) for n in range(3))
    listed(archive, old, both)
    listed(archive, young, both, day=TUESDAY)
    archive.save_digest(replace(digest(), id="old", day=OLD))
    archive.save_digest(replace(digest(), id="young", day=TUESDAY))
    for day in (OLD, TUESDAY):
        archive.note_collection(day, NOW, [SourceState("huggingface", "ok")])
    archive.save_vectors("m", {text_of(old): b"old", text_of(young): b"young"})
    archive.save_summaries("m", {old.id: "asked", young.id: "asked"}, {old.id: "said", young.id: "said"}, NOW)

    assert Old(1, 1, 1) == archive.old(BEFORE, ()) == archive.remove_old(BEFORE, ())
    assert Old(0, 0, 0) == archive.remove_old(BEFORE, ())
    assert {young.id, both.id} == set(archive.find([old.id, young.id, both.id]))
    assert [(OLD, both.id), (TUESDAY, both.id)] == [
        (one.day, one.paper) for one in archive.listings_of([old.id, both.id])
    ], "what was listed since keeps its history"
    assert {young.id, both.id} == set(archive.history([old.id, young.id, both.id]))
    assert {text_of(young): b"young"} == archive.vectors("m", [text_of(old), text_of(young)])
    assert {young.id: "said"} == archive.summaries("m", {old.id: "asked", young.id: "asked"})
    assert (None, "young") == (archive.digest("old"), archive.digest("young").id)
    assert [(), 1] == [archive.collected(OLD), len(archive.collected(TUESDAY))]
    assert 2 == archive.size() == len(archive.first_days(None, None, None))


def test_what_is_spared_stays_under_any_of_its_ids(archive):
    listed(archive, Paper(title_id(TITLE), TITLE))
    listed(archive, Paper("2503.00001", TITLE))
    archive.keep(Paper("2006.11239", "An Example of Old"), NOW)
    assert Old(0, 0, 0) == archive.remove_old(BEFORE, {title_id(TITLE)})
    assert Old(1, 2 - 1, 0) == archive.remove_old(BEFORE, ())
    assert {"2006.11239"} == set(archive.find(["2006.11239", "2503.00001"]))


@pytest.mark.parametrize("back", [Paper("2503.00001", TITLE, abstract="Of stones."), Paper(title_id(TITLE), TITLE)])
def test_a_paper_that_comes_back_is_known_by_all_its_ids(archive, back):
    capture, known = Paper(title_id(TITLE), TITLE), Paper("2503.00001", TITLE, upvotes=4, authors=("Ada Brook",))
    listed(archive, capture, source="file:x")
    listed(archive, known)
    archive.remove_old(BEFORE, ())
    assert {} == archive.find([known.id, capture.id])
    listed(archive, back, day=TUESDAY, source="rss:x")
    found = archive.find([capture.id])[capture.id]
    assert (known.id, (capture.id,), back.abstract) == (found.id, found.also, back.abstract)
    assert is_seen(found, {capture.id})
    assert is_seen(found, {known.id})
    assert [OLD, TUESDAY] == archive.listing_days([known.id])[known.id], "so that it is no news a week later"
    assert 1 == len(archive.history([known.id])[known.id])
    assert Old(0, 0, 0) == archive.remove_old(BEFORE, ())


def test_a_capture_that_comes_back_with_an_id_has_both(archive):
    listed(archive, Paper(title_id(TITLE), TITLE))
    archive.remove_old(BEFORE, ())
    listed(archive, Paper("2503.00001", TITLE), day=TUESDAY)
    assert (title_id(TITLE),) == archive.find(["2503.00001"])["2503.00001"].also
    assert [OLD, TUESDAY] == archive.listing_days(["2503.00001"])["2503.00001"]
    assert 1 == archive.remove_old(date(2027, 1, 1), ()).papers
    assert {} == archive.find(["2503.00001"])


def test_a_source_without_days_does_not_list_a_removed_paper_anew(archive):
    listed(archive, Paper(title_id(TITLE), TITLE), source="file:x", dated=False)
    archive.remove_old(BEFORE, ())
    assert 0 == listed(archive, Paper(title_id(TITLE), TITLE), source="file:x", dated=False, day=TUESDAY)
    assert [] == archive.window(TUESDAY, TUESDAY)
    assert 1 == listed(archive, Paper(title_id(TITLE), TITLE), source="file:y", dated=False, day=TUESDAY)


def test_two_papers_of_one_title_stay_two(archive):
    listed(archive, Paper("2503.00001", TITLE))
    archive.remove_old(BEFORE, ())
    listed(archive, Paper("2603.00002", TITLE), day=TUESDAY)
    assert ["2603.00002"] == [one.paper for one in archive.window(OLD, TUESDAY)]
    assert {} == archive.find(["2503.00001"])


def test_a_new_version_alone_brings_nothing_back(archive):
    listed(archive, Paper("2503.00001", TITLE, version=1))
    archive.remove_old(BEFORE, ())
    archive.revise([Paper("2503.00001", TITLE, version=2)], NOW)
    assert {} == archive.find(["2503.00001"])


def test_many_go_a_few_hundred_at_a_time(archive):
    listed(archive, *(numbered(n) for n in range(1100)))
    assert Old(1100, 1100, 0) == archive.remove_old(BEFORE, ())
    assert 0 == archive.size()


# -- by whom it is done


@pytest.fixture
def home(tmp_path):
    """A year-old day and a new one; Ada likes a paper of the old one, and Bo said more of another."""
    home = make_home(tmp_path / "home")
    text = readers(["ada", "bo"]).replace("keywords: [flow", "like: [2503.00001], keywords: [flow", 1)
    home.subscribers(text)
    with home.app() as app:
        for day, first in ((OLD, 2503), (TUESDAY, 2603)):
            papers = [Listing(numbered(n, id=f"{first}.{n:05d}"), day) for n in range(10)]
            app.archive.add("huggingface", papers, day, NOW)
        app.feedback.give("bo@example.org", "2503.00002", "more", NOW)
    return home


def test_examples_and_papers_of_feedback_are_never_removed(home):
    with home.app(NOW) as app:
        assert Old(8, 8, 0) == prune(app, timedelta(days=60), app.clock(), only_look=True)
        assert Old(8, 8, 0) == prune(app, timedelta(days=60), app.clock())
        assert {"2503.00001", "2503.00002"} == set(app.archive.find([f"2503.{n:05d}" for n in range(10)]))


def test_on_the_command_line_it_is_said_before_and_after(home):
    with home.app() as app:  # days that are old, and not, whenever this runs
        app.archive.add(
            "rss:x", [Listing(numbered(n, id=f"0503.{n:04d}1"), date(2005, 3, 4)) for n in range(3)], OLD, NOW
        )
    arguments = ("archive", "prune", "--keep", "15 years")
    told = home.run(*arguments, "--dry-run")
    assert "3 papers (3 listings) and 0 digests from before 20" in told
    assert told.endswith(" would be removed\n")
    assert 3 == json.loads(home.run(*arguments, "--dry-run", "--json"))["papers"]
    assert "3 papers (3 listings) and 0 digests" in home.run(*arguments)
    assert "0 papers (0 listings)" in home.run("archive", "prune", NEWSLETTER_KEEP="15 years")


@pytest.mark.parametrize(
    ("keep", "said"),
    [
        ("30 days", "--keep: '30 days' is out of range; write 60 days to 100 years, or everything"),
        ("always", "--keep: 'always' is no length of time; write 2 years, 18 months, 90 days or everything"),
        ("everything", "everything is kept: say how long with --keep, as '2 years', or set `keep`"),
    ],
)
def test_what_cannot_be_kept_for_so_long_is_refused(home, keep, said):
    assert said in home.run("archive", "prune", "--keep", keep, code=2)


def test_without_a_setting_nothing_is_removed(home):
    assert "everything is kept" in home.run("archive", "prune", code=2)
    with home.app(NOW) as app:
        Ticker(app).tick()
        assert 20 == app.archive.size()


def test_the_scheduler_removes_what_is_old_once_a_day_when_nobody_waits(home):
    home.day("2026-03-03", invented_day("2026-03-03", 5, first=700))
    with home.app(NOW + timedelta(minutes=50), NEWSLETTER_KEEP="2 months") as app:
        Ticker(app).tick()
        assert 20 <= app.archive.size(), "somebody waited until now"
    later = NOW + timedelta(hours=3)
    with home.app(later, NEWSLETTER_KEEP="2 months") as app:
        ticker = Ticker(app)
        ticker.tick()
        assert {"2503.00001", "2503.00002"} == set(app.archive.find([f"2503.{n:05d}" for n in range(10)]))
        app.archive.add("huggingface", [Listing(paper(id="2503.00777"), OLD)], OLD, later)
        ticker.tick()
        assert ["2503.00777"] == [*app.archive.find(["2503.00777"])]


def test_a_paper_that_was_shown_is_not_shown_again_after_it_was_removed(tmp_path):
    home = make_home(tmp_path / "home")
    home.subscribers(readers(["ada"], ["flow matching"]))
    for day in ("2025-03-04", "2026-03-03"):
        home.day(day, invented_day(day, 1))
        home.run("send", "--date", day)
        if day == "2025-03-04":
            with home.app(NOW) as app:
                assert 1 == prune(app, timedelta(days=60), app.clock()).papers
                assert {} == app.archive.find(["2603.00001"])
    with home.app(NOW) as app:
        assert ["2603.00001"] == [*app.archive.find(["2603.00001"])]
        people = [one for day in (OLD, TUESDAY) for one in app.ledger.people(app.occasion, day, STATES)]
        quiet = ("skipped", "quiet: nothing new for these interests")
        assert [("submitted", ""), quiet] == [(one.state, one.reason) for one in people]


# -- what is known of people


YEAR = timedelta(days=365)
HERE = replace(FORM, network="198.51.100.7", agent="Browser 1")


def test_an_old_edition_keeps_what_became_of_it_and_what_it_showed_and_not_whose_it_was(tmp_path):
    home = make_home(tmp_path / "home")
    home.subscribers(readers(["ada", "bo"], ["flow matching"]))
    for day in ("2025-02-28", "2026-03-03"):
        home.day(day, invented_day(day, 1, first=int(day[:4])))
        home.run("send", "--date", day)
    with home.app(NOW) as app:
        seen = app.seen(["ada@example.org", "bo@example.org"])
        account = app.ledger.account(app.occasion, date(2025, 2, 28))
        assert Forgotten(2, 0, 0) == forget(app, YEAR, app.clock())
        assert Forgotten(0, 0, 0) == forget(app, YEAR, app.clock())
        assert account == app.ledger.account(app.occasion, date(2025, 2, 28))
        assert seen == app.seen(["ada@example.org", "bo@example.org"])
        old, young = (app.ledger.people(app.occasion, day, STATES) for day in (date(2025, 2, 28), TUESDAY))
        assert ["", "", "ada@example.org", "bo@example.org"] == [one.address for one in (*old, *young)]
        assert [False, True] == [
            app.ledger.latest(app.occasion, "bo@example.org", one) is not None for one in (date(2025, 2, 28), TUESDAY)
        ]


def test_who_waits_or_is_in_doubt_keeps_everything(tmp_path):
    home = make_home(tmp_path / "home")
    home.subscribers(readers(["ada", "bo"], ["flow matching"]))
    home.day("2025-02-28", invented_day("2025-02-28", 1))
    home.run("send", "--date", "2025-02-28")
    in_folder(home.path).execute("newsletter", "UPDATE deliveries SET state = 'uncertain' WHERE subscriber LIKE 'ada%'")
    with home.app(NOW) as app:
        assert Forgotten(1, 0, 0) == forget(app, YEAR, app.clock())
        people = app.ledger.people(app.occasion, date(2025, 2, 28), STATES)
        assert ["ada@example.org", ""] == [one.address for one in people]


def test_an_old_consent_stays_without_where_it_came_from_and_who_unsubscribed_is_erased(home):
    with home.app(NOW) as app:
        for name, left in (("eve", 366), ("ivy", 364), ("una", None)):
            asked = app.signups.ask(wish(f"{name}@example.net"), NOW - 2 * YEAR, HERE)
            app.signups.confirm(asked.key, NOW - 2 * YEAR, LINK)
            if left is not None:
                app.signups.leave(f"{name}@example.net", NOW - timedelta(days=left), Circumstances("link"))
        app.suppressions.add("una@example.net", "complained", NOW - 2 * YEAR)
        assert Forgotten(0, 2, 1) == forget(app, YEAR, NOW)
        assert ["ivy@example.net", "una@example.net"] == sorted(one.subscriber.email for one in app.signups.each())
        assert {("", "")} == {(one.circumstances.network, one.circumstances.agent) for one in app.consents.each()}
        assert FORM.wording in {one.circumstances.wording for one in app.consents.each()}
        assert {"eve@example.net"} == app.signups.erased_among(["eve@example.net", "ivy@example.net"])


def test_the_scheduler_forgets_once_a_day_what_the_operator_does_not_want_to_know(home):
    with home.app(NOW) as app:
        asked = app.signups.ask(wish("eve@example.net"), NOW - 2 * YEAR, HERE)
        app.signups.confirm(asked.key, NOW - 2 * YEAR, LINK)
        app.signups.leave("eve@example.net", NOW - YEAR, Circumstances("link"))
    for keep, left in (("everything", 1), ("2 months", 0)):
        with home.app(NOW, NEWSLETTER_KEEP_PERSONAL=keep) as app:
            Ticker(app).tick()
            assert left == len(list(app.signups.each()))


def test_who_was_taken_out_of_the_file_is_forgotten_when_their_last_edition_is_old(tmp_path):
    home = make_home(tmp_path / "home")
    home.subscribers(readers(["ada", "bo", "cy"], ["flow matching"]))
    for day, left in (("2025-02-28", ["ada", "cy"]), ("2026-03-03", ["ada"])):
        home.day(day, invented_day(day, 1, first=int(day[:4])))
        home.run("send", "--date", day)
        home.subscribers(readers(left, ["flow matching"]))
    everybody = [f"{name}@example.org" for name in ("ada", "bo", "cy")]
    with home.app(NOW) as app:
        for one in everybody:
            app.feedback.give(one, "2503.00001", "more", NOW - 2 * YEAR)
            app.overrides.change(one, NOW - 2 * YEAR, {"timezone": "Asia/Tokyo"})
        account = app.ledger.account(app.occasion, date(2025, 2, 28))
        assert 1 == forget(app, YEAR, NOW).people
        assert 0 == forget(app, YEAR, NOW).people
        assert {everybody[0], everybody[2]} == set(app.feedback.of(everybody)) == set(app.overrides.of(everybody))
        assert account == app.ledger.account(app.occasion, date(2025, 2, 28))
    told = "".join(in_folder(home.path).execute("newsletter", "SELECT * FROM deliveries").__repr__())
    assert "cy@example.org" in told
    assert "bo@example.org" not in told


def test_a_home_that_a_timer_runs_forgets_as_well(home):
    with home.app(NOW) as app:
        app.signups.ask(wish("eve@example.net"), NOW - 2 * YEAR, HERE)
    home.day("2026-03-03", invented_day("2026-03-03", 5, first=700))
    home.run("send", "--date", "2026-03-03")
    with home.app(NOW) as app:
        assert [] == list(app.signups.each())
