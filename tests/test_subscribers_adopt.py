"""What readers chose on the web is shown as a difference of the file, and written into it."""

from datetime import date, time
from pathlib import Path

import pytest

from newsletter.cli.adopting import adopt, adoptions
from newsletter.errors import SubscriberError
from newsletter.models import Cadence
from newsletter.subscribers import parse
from newsletter.subscribers.adopt import adopted, as_chosen, difference, told

HERE = Path(__file__).parent
FILE = """\
defaults: {timezone: UTC, exclude: [survey]}
subscribers:
  - email: ada@example.org   # since March
    cadence: weekly   # on Mondays
    paused_until: 2026-12-24
    interests: [Robots]

  - {email: bo@example.org, id: bo}
"""
CHOSEN = {
    "ada@example.org": {"cadence": Cadence("weekly", 4), "paused_until": None, "timezone": "UTC"},
    "bo": {"send_at": time(18, 30), "exclude": ("survey", "medical"), "paused_until": date(2027, 1, 1)},
    "who@left.org": {"cadence": Cadence()},
}
AFTER = """\
defaults: {timezone: UTC, exclude: [survey]}
subscribers:
  - email: ada@example.org   # since March
    cadence: weekly friday   # on Mondays
    interests: [Robots]

  - {email: bo@example.org, id: bo, send_at: 18:30, paused_until: 2027-01-01, exclude: [survey, medical]}
"""


def of(text):
    return parse(text, "subscribers.yaml", HERE)


def test_what_was_chosen_is_in_the_file_and_all_else_stays():
    after = adopted(FILE, of(FILE), CHOSEN)
    assert AFTER == after
    assert as_chosen(of(FILE), CHOSEN) == of(after)
    assert after == adopted(after, of(after), CHOSEN)


def test_each_field_is_told_with_what_it_was():
    ada, bo = of(FILE)
    assert ["cadence: weekly monday -> weekly friday", "paused_until: 2026-12-24 -> none"] == list(told(ada, CHOSEN))
    assert "exclude: survey -> survey, medical" in list(told(bo, CHOSEN))


def test_the_difference_is_a_patch():
    shown = difference("subscribers.yaml", FILE, adopted(FILE, of(FILE), CHOSEN))
    assert "--- subscribers.yaml\n+++ subscribers.yaml (as readers chose)\n" in shown
    assert "-    cadence: weekly   # on Mondays\n" in shown
    assert "+    cadence: weekly friday   # on Mondays\n" in shown
    assert "" == difference("subscribers.yaml", FILE, FILE)


def test_nothing_that_the_file_says_already_is_written():
    assert FILE == adopted(FILE, of(FILE), {"bo": {"timezone": "UTC", "exclude": ("survey",)}})


def test_an_empty_choice_wins_over_the_defaults():
    after = adopted(FILE, of(FILE), {"bo": {"exclude": ()}})
    assert () == of(after)[1].exclude


def test_each_file_of_a_folder_has_its_own_part(tmp_path):
    path = tmp_path / "subscribers.yaml"
    path.write_text(FILE)
    (tmp_path / "subscribers").mkdir()
    more = tmp_path / "subscribers" / "more.yaml"
    more.write_text("subscribers:\n  - email: cy@example.org\n")
    chosen = {"cy@example.org": {"cadence": Cadence("monthly")}, "bo": {"send_at": time(7)}}
    found = list(adoptions(path, chosen))
    assert [("subscribers.yaml", ["bo"]), ("more.yaml", ["cy@example.org"])] == [
        (one.file.name, [reader.key for reader in one.readers]) for one in found
    ]
    for one in found:
        adopt(path, one, chosen)
        assert one.after == one.file.read_text()
    assert "subscribers:\n  - email: cy@example.org\n    cadence: monthly\n" == more.read_text()
    assert [] == list(adoptions(path, chosen))


def test_what_the_defaults_say_for_all_cannot_be_taken_back_for_one(tmp_path):
    path = tmp_path / "subscribers.yaml"
    path.write_text(FILE.replace("{timezone", "{paused_until: 2027-01-01, timezone"))
    with pytest.raises(
        SubscriberError, match=r"bo@example\.org: what they chose cannot be written into the entry; take it"
    ):
        list(adoptions(path, {"bo": {"paused_until": None}}))
