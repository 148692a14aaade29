"""Past days once more: the replay brings what would have been sent, and the comparison what differs."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

import newsletter.backtest.replay
from newsletter.audience import Order
from newsletter.backtest import Replay, Replayed, Shown, difference, replayed, sums
from newsletter.errors import SettingsError
from newsletter.ledger import Key
from newsletter.models import Cadence, Listing, SourceState
from newsletter.publish import publish
from tests.factories import DAY, interest, numbered, period, subscriber
from tests.homes import invented_day, make_home, readers

WEEK = [DAY + timedelta(days=n) for n in range(7)]
"""From a Tuesday to a Monday."""
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
FLOWS = interest(name="Flows", about="", keywords=("flow matching",), authors=(), categories=(), like=(), exclude=())


@pytest.fixture
def home(tmp_path):
    return make_home(tmp_path / "home")


def listed(app, day, *numbers, state="ok"):
    """Lists papers on flow matching on a day; without numbers it was asked for and quiet."""
    papers = [numbered(n, title=f"Flow Matching in Case {n}", abstract="", upvotes=0) for n in numbers]
    app.archive.add("huggingface", [Listing(one, day) for one in papers], day, NOW)
    app.archive.note_collection(day, NOW, [SourceState("huggingface", state, "", len(papers))])


def ada(**changes):
    return subscriber(**{"interests": (FLOWS,), "trending": 0, "timezone": "UTC"} | changes)


def shown(replay):
    """Per edition, the numbers of its papers, in order."""
    return [sorted(int(paper.id[5:]) - 1 for paper in edition.papers) for edition in replay.editions]


def played(app, reader, since=DAY, until=None):
    return replayed(app, since, until or WEEK[-1], [reader]).replays[reader]


# -- the replay


def test_a_paper_that_is_listed_on_two_days_comes_once(home):
    with home.app(NOW) as app:
        listed(app, WEEK[0], 1, 2)
        listed(app, WEEK[1], 2, 3)
        assert [[1, 2], [3]] == shown(played(app, ada(), until=WEEK[1]))


def test_what_a_quiet_edition_would_have_shown_comes_with_the_next(home):
    with home.app(NOW, NEWSLETTER_MIN_PAPERS="2") as app:
        listed(app, WEEK[0], 1, 2)
        listed(app, WEEK[1], 3)
        listed(app, WEEK[2], 4)
        replay = played(app, ada(), until=WEEK[2])
        assert ["", "quiet: 1 of 2 new papers", ""] == [edition.quiet for edition in replay.editions]
        assert [[1, 2], [], [3, 4]] == shown(replay)


def test_every_cadence_has_its_own_periods(home):
    with home.app(NOW) as app:
        for number, day in enumerate(WEEK):
            listed(app, day, number)
        weekdays = played(app, ada(cadence=Cadence("weekdays")))
        weekly = played(app, ada(cadence=Cadence("weekly", 4)))
        assert [[0], [1], [2], [3], [4, 5, 6]] == shown(weekdays)
        assert ["2026-W10"] == [edition.period.name for edition in weekly.editions]
        assert [[0, 1, 2, 3]] == shown(weekly)


def test_whoever_pauses_gets_nothing_until_the_pause_is_over(home):
    with home.app(NOW) as app:
        for number, day in enumerate(WEEK):
            listed(app, day, number)
        assert () == played(app, ada(paused_until=date(2026, 12, 24))).editions
        after = played(app, ada(paused_until=WEEK[5])).editions
        assert WEEK[5:] == [edition.period.day for edition in after]


def test_the_replay_brings_what_was_really_sent_edition_by_edition(home):
    home.subscribers(readers(["ada", "bo"]).replace("trending: 0", "trending: 2, max_papers: 3"))
    for number, day in enumerate(WEEK):
        home.day(day.isoformat(), invented_day(day.isoformat(), (7, 2, 0, 9, 1, 0, 4)[number], 1 + 10 * number))
    with home.app(NOW) as app:
        for day in WEEK:
            publish(app, NOW, Order(day))
        replays = replayed(app, DAY, WEEK[-1], app.roster()).replays
        for reader, replay in replays.items():
            made = [app.ledger.find(Key(reader.key, one.period.name, app.occasion)) for one in replay.editions]
            sent = [list(delivery.claim.papers) if delivery.claim else [] for delivery in made]
            assert sent == [[paper.id for paper in one.papers] for one in replay.editions]
            assert 7 == len(sent)
            assert 4 < sum(map(len, sent))


def test_nothing_is_recorded_and_what_was_really_sent_does_not_count_as_seen(home):
    home.subscribers(readers(["ada"]))
    home.day("2026-03-03", invented_day("2026-03-03", 5))
    with home.app(NOW) as app:
        publish(app, NOW, Order(DAY))
        before = app.ledger.account(app.occasion), app.ledger.seen(app.occasions, ["ada@example.org"])
        [replay] = replayed(app, DAY, DAY, app.roster()).replays.values()
        assert before == (app.ledger.account(app.occasion), app.ledger.seen(app.occasions, ["ada@example.org"]))
        assert 1 == len(list(replay.papers))


def test_days_that_the_archive_lacks_are_named_and_not_called_quiet(home):
    with home.app(NOW) as app:
        listed(app, WEEK[0], 1)
        listed(app, WEEK[1])
        listed(app, WEEK[2], state="broken")
        listed(app, WEEK[4], 2)
        found = replayed(app, DAY, WEEK[4], [ada()])
        assert (WEEK[2], WEEK[3]) == found.lacking
        assert 3 == found.days
        [replay] = found.replays.values()
        assert [(WEEK[0], ""), (WEEK[1], "quiet: nothing new for these interests"), (WEEK[4], "")] == [
            (edition.period.day, edition.quiet) for edition in replay.editions
        ]


def test_a_weekly_edition_counts_days_before_the_span_that_its_week_covers(home):
    with home.app(NOW) as app:
        listed(app, WEEK[0], 1)
        listed(app, WEEK[6], 2)
        reader = ada(cadence=Cadence("weekly", 4))
        assert [[1]] == shown(played(app, reader, since=WEEK[3], until=WEEK[6]))


def test_without_a_last_day_it_is_today_when_it_was_listed_already(home):
    with home.app(NOW) as app:
        listed(app, NOW.date() - timedelta(days=2), 1)
        assert NOW.date() - timedelta(days=1) == replayed(app, DAY, None, []).until
        listed(app, NOW.date(), 2)
        assert NOW.date() == replayed(app, DAY, None, []).until


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [
        (date(2026, 3, 21), None, "--since 2026-03-21 is in the future; today is 2026-03-20"),
        (DAY, date(2026, 3, 21), "--until 2026-03-21 is in the future"),
        (WEEK[1], DAY, "--since 2026-03-04 is after --until 2026-03-03"),
        (WEEK[1], None, "no paper listed from 2026-03-04 to 2026-03-19; `newsletter fetch --since 2026-03-04`"),
    ],
)
def test_days_that_cannot_be_replayed_are_said(home, since, until, said):
    with home.app(NOW) as app:
        listed(app, DAY, 1)
        with pytest.raises(SettingsError, match=said):
            replayed(app, since, until, [ada()])


def test_two_versions_of_a_reader_are_replayed_apart_and_the_same_reader_once(home):
    with home.app(NOW) as app:
        listed(app, DAY, 1, 2, 3)
        few = ada(max_papers=1)
        replays = replayed(app, DAY, DAY, [ada(), few, ada()]).replays
        assert {ada(): [[1, 2, 3]], few: [[1]]} == {reader: shown(replay) for reader, replay in replays.items()}


def test_a_new_composer_in_between_changes_nothing(home, monkeypatch):
    with home.app(NOW) as app:
        for number, day in enumerate(WEEK):
            listed(app, day, number)
        one = played(app, ada())
        monkeypatch.setattr(newsletter.backtest.replay, "DIGESTS", 1)
        assert one == played(app, ada())


# -- figures


def a_paper(number, *reasons, section="Flows", kind="interest", score=1.0):
    return Shown(f"2603.{number:05}", f"Case {number}", kind, section, score, reasons, DAY)


def a_replay(*days, **changes):
    """An edition a day; a text instead of papers is why it was quiet."""
    editions = [
        Replayed(period(name=day.isoformat(), day=day, since=day), papers, ())
        if isinstance(papers, str)
        else Replayed(period(name=day.isoformat(), day=day, since=day), "", tuple(papers))
        for day, papers in zip(WEEK, days, strict=False)
    ]
    return Replay(ada(**changes), tuple(editions))


def test_a_replay_is_summed_up():
    robots = interest(name="Robots")
    told = sums(
        a_replay(
            [a_paper(1, score=1.0), a_paper(2, score=2.0), a_paper(3, kind="trending", section="Trending", score=0.9)],
            "quiet: nothing new for these interests",
            [a_paper(4, section="Robots", score=3.0)],
            interests=(FLOWS, robots),
        )
    )
    assert (2, 1, 4, 2.0, 0.5, 2.0) == (told.editions, told.quiet, told.papers, told.mean, told.empty, told.score)
    assert [("Flows", 2, 1, 1.5), ("Robots", 1, 1, 3.0), ("Trending", 1, 1, None)] == [
        (tally.section, tally.papers, tally.days, tally.score) for tally in told.sections
    ]


def test_nothing_at_all_is_summed_up_as_well():
    told = sums(a_replay())
    assert (0, 0, 0, 0.0, 0.0, None) == (told.editions, told.quiet, told.papers, told.mean, told.empty, told.score)


def test_wishes_that_never_were_a_reason_are_unmet():
    wishes = interest(
        name="Flows", keywords=("flow matching", "diffusion"), authors=("Ada Brook", "Bo"), like=("1",), categories=()
    )
    told = sums(a_replay([a_paper(1, "by Ada Brook", "Flow matching")], interests=(wishes,)))
    assert [("keyword", "diffusion"), ("author", "Bo"), ("like", "1")] == [(w.kind, w.text) for w in told.unmet]
    assert (("by Ada Brook", 1), ("Flow matching", 1)) == told.reasons


@pytest.mark.parametrize(
    "wish",
    [
        {"keywords": ("flow matching",)},
        {"authors": ("Nora Author1",)},
        {"like": ("2603.00002",)},
        {"categories": ("cs.CV",)},
    ],
)
def test_a_reason_of_a_real_edition_is_recognised_as_the_wish_that_it_is(home, wish):
    nothing = {"about": "", "keywords": (), "authors": (), "like": (), "categories": (), "exclude": ()}
    with home.app(NOW) as app:
        listed(app, DAY, 1, 2, 3)
        told = sums(played(app, ada(interests=(interest(**nothing | wish),)), until=DAY))
        assert () == told.unmet
        assert told.wishes[0].papers > 0


# -- the difference


def test_the_difference_says_what_only_one_brings_and_when():
    here = a_replay([a_paper(1), a_paper(2)], [a_paper(3)])
    there = a_replay([a_paper(1), a_paper(4)], [a_paper(2)])
    found = difference(here, there)
    assert (1, 1, 2) == (found.total.here, found.total.there, found.total.both)
    assert [("Flows", 1, 1, 2)] == [(s.section, s.here, s.there, s.both) for s in found.sections]
    assert [(WEEK[0], ["Case 2"], ["Case 4"]), (WEEK[1], ["Case 3"], ["Case 2"])] == [
        (day.day, [p.title for p in day.here], [p.title for p in day.there]) for day in found.days
    ]


def test_sections_of_either_file_are_compared():
    here = a_replay([a_paper(1), a_paper(2, section="Trending", kind="trending")])
    there = a_replay([a_paper(1, section="Other name")], interests=(interest(name="Other name"),))
    found = difference(here, there)
    assert [("Flows", 1, 0, 0), ("Trending", 1, 0, 0), ("Other name", 0, 1, 0)] == [
        (s.section, s.here, s.there, s.both) for s in found.sections
    ]
    assert (1, 0, 1) == (found.total.here, found.total.there, found.total.both)


def test_the_same_file_twice_differs_in_nothing():
    found = difference(a_replay([a_paper(1)]), a_replay([a_paper(1)]))
    assert (0, 0, 1, ()) == (found.total.here, found.total.there, found.total.both, found.days)


# -- the command

TWO = """
defaults: {timezone: UTC, trending: 0}
subscribers:
  - email: ada@example.org
    interests: [{name: Flows, keywords: [flow matching, rectified flow]}]
  - email: bo@example.org
    cadence: weekly sunday
    interests: [{name: Flows, keywords: [flow matching]}]
"""
OTHER = """
defaults: {timezone: UTC, trending: 0}
subscribers:
  - email: ada@example.org
    max_papers: 1
    interests: [{name: Flows, keywords: [flow matching, score matching]}]
  - email: eve@example.org
"""
SPAN = ("--since", "2026-03-03", "--until", "2026-03-06")


@pytest.fixture
def filled(home):
    home.subscribers(TWO)
    (home.path / "other.yaml").write_text(OTHER)
    with home.app(NOW) as app:
        listed(app, WEEK[0], 1, 2)
        listed(app, WEEK[1], 3)
        listed(app, WEEK[2])
    return home


def squeezed(text):
    """Each line with single spaces."""
    return [" ".join(line.split()) for line in text.splitlines()]


def test_backtest_tells_day_by_day_and_in_figures_what_would_have_been_sent(filled):
    told = squeezed(filled.run("backtest", *SPAN))
    assert [
        "ada@example.org daily, 2026-03-03 to 2026-03-06",
        "Flows Trending papers",
        "2026-03-03 2 - 2",
        "2026-03-04 1 - 1",
        "2026-03-05 - - quiet",
    ] == told[:5]
    assert {"editions 2", "quiet 1", "papers 3", "papers an edition 1.5", "empty sections 0%"} <= set(told)
    assert "most frequent reasons: flow matching 3" in told
    assert "keyword 'rectified flow' (Flows) brought nothing in 3 days" in told
    assert "no edition falls on these days" in told
    assert "the archive lacks 1 of the days: 2026-03-06; `newsletter fetch --since 2026-03-06` collects them" in told
    assert 1 == sum("upvotes are those that the archive knows now" in line for line in told)


def test_backtest_tells_the_difference_to_another_file(filled):
    told = squeezed(filled.run("backtest", *SPAN, "--against", str(filled.path / "other.yaml")))
    other = f"{filled.path}/other.yaml"
    assert f"Flows Trending papers {other} + -" in told
    assert "2026-03-03 2 - 2 1 1 -" in told
    assert f"subscribers.yaml {other}" in told
    assert "papers 3 2" in told
    assert {"Flows 1 0 2", "all 1 0 2"} <= set(told)
    assert f"{other}: keyword 'score matching' (Flows) brought nothing in 3 days" in told
    [change] = [line for line in told if line.startswith("+ Flow Matching in Case")]
    assert "2026-03-03" == told[told.index(change) - 1]
    assert "only in subscribers.yaml: bo@example.org" in told
    assert f"only in {other}: eve@example.org" in told


def test_a_paper_that_moves_to_another_day_says_so(filled):
    (filled.path / "other.yaml").write_text(TWO.replace("weekly sunday", "weekly friday"))
    filled.subscribers(TWO.replace("weekly sunday", "daily"))
    told = filled.run("backtest", *SPAN, "--subscriber", "bo@example.org", "--against", str(filled.path / "other.yaml"))
    assert f"[Flows, {filled.path}/other.yaml on 2026-03-06]" in told
    assert "[Flows, subscribers.yaml on 2026-03-04]" in told


def test_a_reader_who_pauses_is_named_with_the_day(filled):
    filled.subscribers(TWO.replace("cadence: weekly sunday", "paused_until: 2026-12-24"))
    told = squeezed(filled.run("backtest", *SPAN, "--subscriber", "bo@example.org"))
    assert ["bo@example.org daily, 2026-03-03 to 2026-03-06", "paused until 2026-12-24"] == told[:2]


def test_names_that_look_like_markup_or_like_a_section_of_ours_are_told_as_they_are(filled):
    filled.subscribers(TWO.replace("name: Flows, keywords", "name: '[b]Flows:robot:', keywords"))
    assert "[b]Flows:robot: Trending papers" in squeezed(filled.run("backtest", *SPAN))
    filled.subscribers(TWO.replace("name: Flows, keywords", "name: Trending, keywords"))
    assert "2026-03-03 2 - 2" in squeezed(filled.run("backtest", *SPAN))


def test_the_same_file_brings_the_same_papers(filled):
    told = filled.run("backtest", *SPAN, "--against", str(filled.path / "subscribers.yaml"))
    assert "bring the same papers on the same days" in told


def test_backtest_gives_programs_one_object_with_everything(filled):
    told = json.loads(filled.run("backtest", *SPAN, "--against", str(filled.path / "other.yaml"), "--json"))
    assert ["2026-03-06"] == told["lacking"]
    assert (["bo@example.org"], ["eve@example.org"]) == (told["only_here"], told["only_there"])
    ada, bo = told["subscribers"]
    assert ["2026-03-03", "2026-03-04", "2026-03-05"] == [one["period"]["name"] for one in ada["here"]["editions"]]
    assert {"id", "title", "kind", "section", "score", "reasons", "listed"} == set(
        ada["here"]["editions"][0]["papers"][0]
    )
    assert (3, 2) == (ada["here"]["sums"]["papers"], ada["there"]["sums"]["papers"])
    assert {"section": "", "here": 1, "there": 0, "both": 2} == ada["difference"]["total"]
    assert "there" not in bo


def test_example_papers_that_the_archive_lacks_are_named(filled):
    filled.subscribers(TWO.replace("keywords: [flow matching]", "keywords: [flow matching], like: [2011.13456]"))
    assert "1 example paper is not in the archive and did not count: 2011.13456" in filled.run("backtest", *SPAN)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--since", "2026-04-01"], "the archive has no paper listed from 2026-04-01"),
        (["--since", "2999-01-01"], "--since 2999-01-01 is in the future"),
        ([*SPAN, "--subscriber", "eve@example.org"], "no subscriber 'eve@example.org'"),
        ([*SPAN, "--against", "nowhere.yaml"], "nowhere.yaml: there is no such file"),
        ([*SPAN, "--against", "broken.yaml"], "broken.yaml:2:"),
        ([], "Missing option '--since'"),
    ],
)
def test_a_backtest_that_cannot_be_is_said_in_a_line(filled, arguments, said):
    (filled.path / "broken.yaml").write_text("subscribers:\n  - emial: ada@example.org\n")
    named = [str(filled.path / one) if one.endswith(".yaml") else one for one in arguments]
    assert said in filled.run("backtest", *named, code=2)
