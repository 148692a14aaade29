"""*Since we wrote*: what a reader was shown is followed up once, a week later, and only when it gained something."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from newsletter.audience import Order
from newsletter.compose import Composer, restored
from newsletter.digest import Start
from newsletter.editing.since import gained, last_of_its_days, life
from newsletter.errors import SourceError
from newsletter.ledger import Delivery, Key
from newsletter.look import explained, look
from newsletter.models import Edition, Later, Reading
from newsletter.publish import again, publish
from newsletter.records import content_of, content_record, read_content, read_digest
from tests.factories import candidate, edition, paper, period
from tests.homes import Home, invented_day, make_home, readers, text_of
from tests.servers.huggingface import HuggingFace, paper_json, reach

MONDAY = date(2026, 3, 2)
DAYS = [MONDAY + timedelta(days=n) for n in range(15)]
WEEK = timedelta(days=7)


# -- what is a gain


def gains(of, **was):
    """What a paper gained since a reading of it, in words."""
    before = {of.id: Reading(**{"upvotes": of.upvotes, "code": of.code, "version": of.version} | was)}
    return [str(gain) for later in gained([candidate(of)], before) for gain in later.gains]


def test_code_that_was_not_there_is_a_gain_and_other_code_is_not():
    code = "https://www.github.com/northlight/straight-paths/"
    assert ["code: github.com/northlight/straight-paths"] == gains(paper(code=code), code="")
    assert [] == gains(paper(code=code), code="https://example.org/elsewhere")
    assert [] == gains(paper(code=""), code="")


def test_a_higher_version_is_a_gain():
    assert ["new version: v3"] == gains(paper(version=3), version=1)
    assert [] == gains(paper(version=3), version=3)


@pytest.mark.parametrize("before", [{"code": None}, {"version": None}])
def test_what_nobody_wrote_down_before_is_not_taken_for_a_gain(before):
    assert [] == gains(paper(version=2), **before)


@pytest.mark.parametrize(
    ("before", "now", "many"), [(10, 59, False), (10, 60, True), (80, 159, False), (80, 160, True)]
)
def test_many_upvotes_are_twice_as_many_and_fifty_more(before, now, many):
    assert ([f"{now} upvotes, up from {before}"] if many else []) == gains(paper(upvotes=now), upvotes=before)


def test_code_comes_before_a_version_and_that_before_upvotes():
    papers = [
        paper(id="2603.00001", upvotes=100),
        paper(id="2603.00002", upvotes=300),
        paper(id="2603.00003", version=2),
        paper(id="2603.00004"),
        paper(id="2603.00005", upvotes=900, version=2),
    ]
    before = {of.id: Reading(min(of.upvotes, 87), of.code, of.version and 1) for of in papers}
    before["2603.00001"] = Reading(0, papers[0].code)
    before["2603.00004"] = Reading(87, "")
    found = gained(map(candidate, papers), before)
    assert ["0004", "0005", "0003", "0002", "0001"] == [later.paper.id[-4:] for later in found]
    assert ["new version: v2", "900 upvotes, up from 87"] == [*map(str, found[1].gains)]


def test_a_paper_is_followed_up_after_the_last_of_the_days_on_which_it_came_round():
    first, third, eighth, last = DAYS[0], DAYS[2], DAYS[9], DAYS[14]
    assert first == last_of_its_days([first])
    assert third == last_of_its_days([first, third])
    assert third == last_of_its_days([first, third, eighth, last])


def test_a_later_life_tells_each_thing_on_the_day_it_was_first_seen():
    code = "https://github.com/northlight/straight-paths"
    stood = [Reading(4, "", 1), Reading(40, "", 2), Reading(90, code, 2), Reading(300, code, 3), Reading(700, None, 3)]
    told = life([(datetime.combine(day, time(9), UTC), one) for day, one in zip(DAYS, stood, strict=False)])
    assert [
        (DAYS[1], "new version: v2"),
        (DAYS[2], "code: github.com/northlight/straight-paths"),
        (DAYS[2], "90 upvotes, up from 4"),
        (DAYS[3], "new version: v3"),
    ] == [(at.date(), str(gain)) for at, gain in told]
    assert [] == [*life([])] == [*life([(datetime(2026, 3, 2, tzinfo=UTC), stood[0])])]


def test_an_edition_follows_up_the_days_of_the_edition_a_week_before():
    def span(since, day, seen_after=datetime(2026, 3, 1, tzinfo=UTC)):
        return Start(period(day=day), since, seen_after, None).followed_up

    assert (DAYS[0], DAYS[0]) == span(DAYS[7], DAYS[7])
    assert (DAYS[0], DAYS[6]) == span(DAYS[7], DAYS[13])
    assert (DAYS[0], DAYS[3]) == span(DAYS[7], DAYS[10]), "a gap"
    assert (DAYS[0], DAYS[6]) == span(DAYS[7], DAYS[7] + timedelta(days=29)), "what an earlier edition covered"
    assert span(DAYS[7], DAYS[7], None) is None


# -- day by day


def flows(day: date, number: int = 1, **changes: object) -> dict[str, object]:
    """The only paper of its day on flow matching: without code, unless the changes say otherwise."""
    usual = {"title": f"On flow matching in case {number}", "githubRepo": None, "githubStars": None, "upvotes": 4}
    return paper_json(number, day.isoformat(), **usual | changes)


CODE = "https://github.com/northlight/case-1"


@dataclass
class Failing(HuggingFace):
    """A Hugging Face that fails for some days."""

    dead: set[str] = field(default_factory=set)

    def page(self, query):
        return (500, "no") if query.get("date") in self.dead else super().page(query)


class World:
    """Ada reads of flow matching and Bo of robots, on days that Hugging Face tells of."""

    def __init__(self, folder: Path, hub: Failing, **environment: str) -> None:
        self.hub = hub
        self.environment = environment
        self.home: Home = make_home(folder, sources="huggingface")
        self.home.subscribers(readers(["ada", "bo"], ["flow matching", "robot manipulation"]))

    def day(self, day: date, *papers: dict[str, object]) -> None:
        """What Hugging Face says of a day; always a paper about robots too."""
        number = (day - MONDAY).days
        robot = paper_json(500 + number, day.isoformat(), title=f"On robot manipulation in case {number}")
        self.hub.days[day.isoformat()] = [*papers, robot]

    def publish(self, day: date, hour: int = 9) -> None:
        with self.app(day, hour) as app:
            publish(replace(app, reach=reach(self.hub, self.home.path)), app.clock())

    def app(self, day: date, hour: int = 9):
        self.hub.today = day.isoformat()
        return self.home.app(datetime.combine(day, time(hour), UTC), HF_ENDPOINT=self.hub.endpoint, **self.environment)

    def delivery(self, reader: str, name: str) -> Delivery | None:
        with self.app(DAYS[-1]) as app:
            return app.ledger.find(Key(f"{reader}@example.org", name, "rehearsal"))

    def edition(self, reader: str, name: str) -> Edition | None:
        found = self.delivery(reader, name)
        with self.app(DAYS[-1]) as app:
            digest = app.archive.digest(found.digest) if found else None
            return restored(found, digest) if found and found.claim and digest else None

    def told(self, reader: str) -> dict[str, list[str]]:
        """By period what the reader was told of earlier papers."""
        found = {}
        for day in DAYS:
            for name in (day.isoformat(), f"{day.isocalendar()[0]}-W{day.isocalendar()[1]:02}"):
                if (made := self.edition(reader, name)) and made.later:
                    found[name] = [f"{one.paper.id}: {', '.join(map(str, one.gains))}" for one in made.later]
        return found


@pytest.fixture
def world(tmp_path):
    with Failing({}) as hub:
        world = World(tmp_path / "home", hub)
        for number, day in enumerate(DAYS):
            world.day(day, flows(day, number + 1))
        yield world


def test_a_paper_that_gained_code_is_mentioned_once_and_only_to_whom_it_was_shown(world):
    for day in DAYS:
        if day == DAYS[5]:
            world.day(DAYS[0], flows(DAYS[0], githubRepo=CODE))
        world.publish(day)
    assert {"2026-03-09": ["2603.00001: code: github.com/northlight/case-1"]} == world.told("ada")
    assert {} == world.told("bo")
    assert world.edition("bo", "2026-03-09").sections


def test_it_is_the_same_in_every_database(stores, tmp_path):
    environment = {"NEWSLETTER_DATABASE": stores.url("newsletter"), "NEWSLETTER_ARCHIVE": stores.url("archive")}
    with Failing({}) as hub:
        world = World(tmp_path / "home", hub, **environment)
        for number, day in enumerate(DAYS[:8]):
            world.day(day, flows(day, number + 1))
        for day in DAYS[:8]:
            if day == DAYS[5]:
                world.day(DAYS[0], flows(DAYS[0], githubRepo=CODE, upvotes=90))
            world.publish(day)
        assert {"2026-03-09": [f"2603.00001: {CODE_AND_UPVOTES}"]} == world.told("ada")
        with world.app(DAYS[7]) as app:
            history = app.archive.history(["2603.00001"])["2603.00001"]
    assert [(DAYS[0], 4), (DAYS[7], 90)] == [(noted.at.date(), noted.upvotes) for noted in history]
    assert CODE_AND_UPVOTES == ", ".join(str(gain) for _, gain in life([(one.at, one.reading) for one in history]))


CODE_AND_UPVOTES = "code: github.com/northlight/case-1, 90 upvotes, up from 4"


def test_many_upvotes_are_told_with_how_many_there_were_when_it_was_shown(world):
    world.publish(DAYS[0])
    world.day(DAYS[0], flows(DAYS[0], upvotes=30))
    world.publish(DAYS[1])
    world.day(DAYS[0], flows(DAYS[0], upvotes=90))
    for day in DAYS[2:]:
        world.publish(day)
    assert {"2026-03-09": ["2603.00001: 90 upvotes, up from 4"]} == world.told("ada")


def test_a_weekly_reader_is_told_of_last_weeks_papers(world):
    weekly = readers(["ada"], ["flow matching"]).replace("cadence: daily", "cadence: weekly monday")
    world.home.subscribers(weekly)
    world.publish(DAYS[7])
    world.day(DAYS[3], flows(DAYS[3], 4, githubRepo=CODE))
    world.publish(DAYS[14])
    assert {"2026-W12": ["2603.00004: code: github.com/northlight/case-1"]} == world.told("ada")
    assert [True, False] == [world.edition("ada", name).first for name in ("2026-W11", "2026-W12")]


def test_a_gap_is_made_up_for(world):
    for day in DAYS[:7]:
        world.publish(day)
    for number in (0, 1, 3):
        world.day(DAYS[number], flows(DAYS[number], number + 1, githubRepo=CODE))
    world.publish(DAYS[9])
    world.publish(DAYS[10])
    assert {"2026-03-11": ["2603.00001", "2603.00002"], "2026-03-12": ["2603.00004"]} == {
        name: [one.partition(":")[0] for one in told] for name, told in world.told("ada").items()
    }


def test_a_paper_of_two_days_is_followed_up_once(world):
    world.day(DAYS[2], flows(DAYS[2], 3), flows(DAYS[0], 1))
    for day in DAYS:
        if day == DAYS[4]:
            world.day(DAYS[0], flows(DAYS[0], githubRepo=CODE))
            world.day(DAYS[2], flows(DAYS[2], 3), flows(DAYS[0], 1, githubRepo=CODE))
        world.publish(day)
    assert {"2026-03-11": ["2603.00001: code: github.com/northlight/case-1"]} == world.told("ada")


def test_a_source_that_is_dead_when_it_is_asked_again_costs_a_line_in_the_log_and_nothing_else(world, caplog):
    world.publish(DAYS[0])
    world.publish(DAYS[6])
    world.day(DAYS[0], flows(DAYS[0], githubRepo=CODE))
    world.hub.dead.add(DAYS[0].isoformat())
    caplog.clear()
    world.publish(DAYS[7])
    assert [DAYS[0].isoformat() in record.message for record in caplog.records if record.levelname == "WARNING"] == [
        True
    ]
    made = world.edition("ada", "2026-03-09")
    assert ((), ()) == (made.notes, made.later)
    assert made.sections
    with world.app(DAYS[7]) as app:
        assert ["ok"] == [state.state for state in app.archive.collected(DAYS[0])]


def test_when_every_source_is_dead_nothing_is_asked_again(world):
    world.publish(DAYS[0])
    world.publish(DAYS[6])
    world.hub.asked.clear()
    world.hub.dead |= set(world.hub.days)
    with pytest.raises(SourceError, match="no source answered"):
        world.publish(DAYS[7])
    assert {"2026-03-08"} == {asked.query["date"] for asked in world.hub.asked}


def asked_for(world, day):
    """How often a day was asked for; resets what is remembered."""
    pages = [asked for asked in world.hub.asked if asked.query.get("date") == day.isoformat()]
    world.hub.asked.clear()
    return sum(asked.query["p"] == "0" for asked in pages)


def test_a_day_is_asked_again_once_and_not_before_its_week_is_over(world):
    counts = []
    for day in DAYS[:9]:
        world.publish(day)
        counts.append(asked_for(world, DAYS[0]))
    assert [1, 1, 0, 0, 0, 0, 0, 1, 0] == counts
    with world.app(DAYS[7], 10) as app:
        list(look(replace(app, reach=reach(world.hub)), app.clock(), Order(DAYS[7])))
    assert 0 == asked_for(world, DAYS[0])


def test_a_first_edition_asks_for_no_past_and_mentions_nothing(world):
    with world.app(DAYS[0]) as app:
        app.archive.add("huggingface", [], DAYS[0], app.clock())
    world.publish(DAYS[7])
    assert 0 == asked_for(world, DAYS[0])
    assert ((), True) == ((made := world.edition("ada", "2026-03-09")).later, made.first)


def test_only_the_first_edition_is_the_first(world):
    for day in DAYS[:3]:
        world.publish(day)
    assert [True, False, False] == [world.edition("ada", day.isoformat()).first for day in DAYS[:3]]


def test_what_was_sent_again_on_purpose_is_the_first_as_it_was(world):
    world.publish(DAYS[0])
    world.publish(DAYS[1])
    with world.app(DAYS[1], 11) as app:
        again(app, app.clock(), Order(DAYS[0], "ada@example.org"))
        made = app.ledger.find(Key("ada@example.org", DAYS[0].isoformat(), "again-1"))
        assert restored(made, app.archive.digest(made.digest)).first


def test_a_retry_makes_the_same_bytes(world):
    for day in DAYS[:7]:
        world.publish(day)
    world.day(DAYS[0], flows(DAYS[0], githubRepo=CODE, upvotes=400))
    world.publish(DAYS[7])
    made, kept = world.edition("ada", "2026-03-09"), world.delivery("ada", "2026-03-09")
    assert 1 == len(made.later)
    assert kept.claim.content == content_record(content_of(made)) == content_record(read_content(kept.claim.content))
    assert '"later":["2603.00001"]' in kept.claim.content
    with world.app(DAYS[8]) as app:
        [again] = Composer(app).compose([kept], {}, app.clock())
        sent = (world.home.path / "outbox" / "2026-03-09-ada@example.org.eml").read_bytes()
        assert sent == again.message.mime


def test_what_the_reader_wants_less_of_or_excludes_by_now_is_not_mentioned(world):
    for day in DAYS[:7]:
        world.publish(day)
    for number in (0, 1):
        world.day(DAYS[number], flows(DAYS[number], number + 1, githubRepo=CODE))
    with world.app(DAYS[6]) as app:
        app.feedback.give("ada@example.org", "2603.00001", "less", app.clock())
    world.publish(DAYS[7])
    yaml = readers(["ada"], ["flow matching"]).replace("trending: 0", "trending: 0, exclude: [case 2]")
    world.home.subscribers(yaml)
    world.publish(DAYS[8])
    assert {} == world.told("ada")


def test_mentions_are_no_papers_for_min_papers_and_are_not_seen(world):
    for day in DAYS[:7]:
        world.publish(day)
    world.day(DAYS[0], flows(DAYS[0], githubRepo=CODE))
    world.day(DAYS[7])
    world.publish(DAYS[7])
    assert world.edition("ada", "2026-03-09") is None, "quiet: a mention alone is no edition"
    world.publish(DAYS[8])
    assert ["2026-03-10"] == [*world.told("ada")]
    assert "2603.00001" not in world.delivery("ada", "2026-03-10").claim.papers


def test_explain_says_that_it_is_mentioned(world):
    for day in DAYS[:7]:
        world.publish(day)
    world.day(DAYS[0], flows(DAYS[0], githubRepo=CODE))
    with world.app(DAYS[7]) as app:
        app = replace(app, reach=reach(world.hub))
        told = explained(app, app.clock(), Order(DAYS[7], "ada@example.org"), "2603.00001")
    assert "It is mentioned again: code: github.com/northlight/case-1." in told.verdict


def test_a_past_day_by_order_is_told_of_with_what_is_known_now(tmp_path):
    home = make_home(tmp_path)
    home.subscribers(readers(["ada"], ["flow matching"]))
    home.day("2026-03-02", [flows(MONDAY)])
    home.run("send", "--date", "2026-03-02")
    home.day("2026-03-02", [flows(MONDAY, githubRepo=CODE)])
    home.run("fetch", "--date", "2026-03-02")
    home.day("2026-03-09", invented_day("2026-03-09", 3, first=50))
    home.run("send", "--date", "2026-03-09")
    with home.app() as app:
        made = app.ledger.find(Key("ada@example.org", "2026-03-09", "rehearsal"))
        assert ["2603.00001"] == [one.paper.id for one in restored(made, app.archive.digest(made.digest)).later]
    assert 2 == len([text_of(path.read_bytes()) for path in (tmp_path / "outbox").glob("*.eml")])


# -- what the stores keep


def test_an_edition_comes_back_from_its_content_and_digest():
    later = tuple(gained([candidate(paper(version=2))], {"2603.01234": Reading(1, "", 1)}))
    made = edition(later=later)
    assert [3] == [len(one.gains) for one in later]
    assert ("2603.01234",) == read_content(content_record(content_of(made))).later


def test_a_record_of_before_reads_as_one_without_mentions():
    old = '{"candidates":[],"day":"2026-03-03","left_out":0,"note":"","since":"2026-03-03","sources":[],"until":"2026-03-03T07:00:00+00:00"}'
    assert ((), False) == ((digest := read_digest("d", old)).later, digest.first)
    assert () == read_content('{"sections":[],"notes":[],"considered":1}').later


def test_a_mention_is_the_paper_as_it_is_now():
    one = Later(candidate(), ())
    assert (candidate().paper, candidate().day) == (one.paper, one.day)
