"""Subscribers as CSV and JSON: each row is a subscriber, or a fault with its line that costs only itself."""

import json
from datetime import date, time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.__main__ import run
from newsletter.errors import SettingsError
from newsletter.models import Cadence, Interest, Subscriber
from newsletter.subscribers import parse, read
from newsletter.subscribers.export import csv_lines, json_lines
from newsletter.subscribers.file import shared_of
from newsletter.subscribers.table import BadRow, Row, csv_rows, header_of, json_rows, once

HERE = Path(__file__).parent
EXAMPLE = HERE.parent / "subscribers.example.yaml"
NOBODY = Subscriber("", "")


def rows(text: str, **shared: object) -> list[Row | BadRow]:
    first, *rest = text.splitlines(keepends=True)
    return list(once(csv_rows(rest, header_of(first), shared, HERE)))


def people(text: str) -> list[str]:
    return [row.subscriber.email if isinstance(row, Row) else f"{row.line}: {row.said}" for row in rows(text)]


def row(text: str) -> Subscriber:
    [found] = rows(text)
    assert isinstance(found, Row), found
    return found.subscriber


def fault(text: str) -> str:
    [found] = [one for one in rows(text) if isinstance(one, BadRow)]
    return f"{found.line}: {found.said}"


def test_columns_are_found_by_their_names_in_any_order_and_case():
    told = row(
        "Name;E-mail;Time zone;send_at;CADENCE;interests;paused_until\nAda;ada@x.org;asia/tokyo;8:30;weekly friday;A;2026-12-24"
    )
    assert (
        Subscriber(
            "ada@x.org",
            "ada@x.org",
            "Ada",
            "Asia/Tokyo",
            time(8, 30),
            Cadence("weekly", 4),
            interests=(Interest("A"),),
            paused_until=date(2026, 12, 24),
        )
        == told
    )


def test_what_a_row_does_not_say_is_as_it_is_for_all():
    [told] = rows("email,timezone,cadence\nada@x.org,,weekly", timezone="Europe/Paris", cadence=Cadence())
    assert isinstance(told, Row)
    assert ("Europe/Paris", Cadence("weekly")) == (told.subscriber.timezone, told.subscriber.cadence)
    assert {"email": "ada@x.org", "cadence": "weekly"} == told.said


def test_a_cell_may_hold_several_interests_or_all_of_one():
    assert (Interest("A"), Interest("B")) == row("email,interests\na@x.org,A; B").interests
    told = row("email,interests,keywords,about,like\na@x.org,A,one; two,what it is,2006.11239")
    assert (Interest("A", "what it is", ("one", "two"), like=("2006.11239",)),) == told.interests
    assert (Interest("one", keywords=("one", "two")),) == row("email,keywords\na@x.org,one;two").interests
    assert "2: keywords: of which of the 2 interests?" in fault("email,interests,keywords\na@x.org,A;B,one")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("broken,,", "email: 'broken' is not an address: it has no @"),
        (",Ada,", ": has no address"),
        ("a@x.org,Ada,Pariss", "timezone: 'Pariss' is not a time zone; did you mean Europe/Paris?"),
        ("a@x.org,A,UTC,more", "has 4 cells, and the header names 3 columns: put a cell with ',' in quotes"),
        ('a@x.org,"A,UTC', "is not CSV: a quote is opened and never closed"),
        ('a@x.org,"A"b,UTC', "is not CSV"),
        ("a@x.org,A\ufffd,UTC", "is not UTF-8: save the file as UTF-8"),
        ("a@x.org,A\u202e,UTC", "name: 'A\\u202e' holds an invisible character"),
        ("first@x.org,again,", "first@x.org is on line 2 already"),
    ],
)
def test_a_row_that_cannot_be_used_costs_only_itself(line, said):
    text = f"email,name,timezone\nfirst@x.org,,\n{line}\nlast@x.org,,\n"
    first, told, last = people(text)
    assert ("first@x.org", "last@x.org") == (first, last)
    assert told.removeprefix("3: ").startswith(said.removeprefix(": "))


def test_lines_are_counted_as_an_editor_does_also_below_a_cell_of_several():
    assert ["a@x.org", "5: email: 'b' is not an address: it has no @"] == people('email,name\na@x.org,"A\nB"\n\nb,\n')
    assert ["2: is not CSV: a quote is opened and never closed", "c@x.org"] == people(
        'email,name\na@x.org,"A\nc@x.org,\n'
    )


def test_many_quotes_that_are_never_closed_cost_their_own_lines():
    text = "email,name\n" + "".join(f'b{n}@x.org,"B\nr{n}@x.org,R\n' for n in range(500))
    found = rows(text)
    assert [f"r{n}@x.org" for n in range(500)] == [one.subscriber.email for one in found if isinstance(one, Row)]
    assert list(range(2, 1002, 2)) == [one.line for one in found if isinstance(one, BadRow)]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("name,timezone", "names no column `email`"),
        ("email,timzone", "column 'timzone' is none that is known; did you mean timezone?"),
        ("email,mail", "there are two columns for email: keep one"),
        ("", "names no column `email`"),
    ],
)
def test_a_header_that_would_lose_something_is_refused(line, said):
    with pytest.raises(SettingsError, match=said):
        header_of(line)


def test_columns_of_other_programs_are_named_and_left():
    assert ("created at", "ip") == header_of("email,created_at,IP").unread


def test_what_is_exported_is_imported_as_the_same():
    people = read(EXAMPLE)
    lines = "".join(json_lines(people)).splitlines(keepends=True)
    assert list(people) == [
        one["email"] and found.subscriber
        for one, found in zip(json.loads("".join(lines)), json_rows(lines, {}, HERE), strict=True)
    ]  # type: ignore[union-attr]


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20)


@given(TEXT, st.lists(TEXT.filter(lambda text: ";" not in text and any(map(str.isalnum, text))), max_size=3))
def test_whatever_a_reader_is_called_comes_back_from_csv(name, names):
    interests = tuple(Interest(one) for one in dict.fromkeys(names))
    one = Subscriber("a@x.org", "a@x.org", " ".join(name.split()), interests=interests)
    if len({interest.name.casefold() for interest in interests}) == len(interests) and not name.startswith("'"):
        [found] = rows("".join(csv_lines([one])))
        assert isinstance(found, Row), found
        assert (one.name, [each.name for each in interests]) == (
            found.subscriber.name,
            [each.name for each in found.subscriber.interests],
        )


def test_no_cell_is_run_by_a_spreadsheet():
    line = "".join(csv_lines([Subscriber("a@x.org", "a@x.org", "=HYPERLINK(1)")])).splitlines()[1]
    assert "a@x.org,,'=HYPERLINK(1)," == line[:24]
    assert "=HYPERLINK(1)" == row("email,name\na@x.org,'=HYPERLINK(1)").name


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("NEWSLETTER_HOME", str(tmp_path))
    monkeypatch.setenv("NEWSLETTER_SECRET", "a-secret-for-tests-only")
    (tmp_path / "subscribers.yaml").write_text("defaults: {timezone: UTC}\nsubscribers: []  # nobody yet\n")
    return tmp_path


def test_an_import_adds_who_is_new_names_each_fault_and_says_what_it_did(home, capsys):
    table = home / "people.csv"
    table.write_bytes("\ufeffemail,name,timezone,ip\nada@x.org,Ada,utc,1\nbroken,,,\nbo@x.org,,Asia/Tokyo,\n".encode())
    assert 1 == run(["subscribers", "import", str(table)])
    told = capsys.readouterr()
    assert "subscribers.yaml: 2 new, 0 known before, 1 left out\n" == told.out
    faults = [f"{table}:1: not read: ip", f"{table}:3: email: 'broken' is not an address: it has no @"]
    assert faults == told.err.splitlines()
    expected = "  - email: ada@x.org\n    name: Ada\n  - email: bo@x.org\n    timezone: Asia/Tokyo\n"
    assert (
        "defaults: {timezone: UTC}\nsubscribers:  # nobody yet\n" + expected == (home / "subscribers.yaml").read_text()
    )
    assert 1 == run(["subscribers", "import", "--json", str(table)])
    assert {"file": "subscribers.yaml", "new": 0, "known": 2, "left_out": 1} == json.loads(capsys.readouterr().out)


def test_what_one_home_exports_another_imports(home, capsys):
    (home / "subscribers.yaml").write_text(EXAMPLE.read_text())
    before = read(home / "subscribers.yaml")
    assert 0 == run(["subscribers", "export", "--json"])
    (home / "people.json").write_text(capsys.readouterr().out)
    (home / "subscribers.yaml").write_text(
        "defaults: {timezone: Asia/Tokyo, cadence: monthly, exclude: [survey], interests: [Robots]}\nsubscribers: []\n"
    )
    assert 0 == run(["subscribers", "import", str(home / "people.json")])
    assert before == read(home / "subscribers.yaml")
    capsys.readouterr()
    assert 0 == run(["subscribers", "export", "--csv"])
    assert 7 == len(capsys.readouterr().out.splitlines())


def test_a_table_that_is_none_changes_nothing(home, capsys):
    before = (home / "subscribers.yaml").read_text()
    for text, said in (
        ("a@x.org\nb@x.org\n", "people.txt:1: the first line names no column `email`"),
        ('[\n  {\n    "email": "a@x.org"\n  }\n]', "people.txt:2: is no JSON object on one line"),
    ):
        (home / "people.txt").write_text(text)
        assert 2 == run(["subscribers", "import", str(home / "people.txt")])
        assert said in capsys.readouterr().err
    assert before == (home / "subscribers.yaml").read_text()


def test_defaults_are_read_without_their_subscribers():
    assert {"timezone": "UTC"} == shared_of("defaults: {timezone: utc}\nsubscribers: [{email: a@x.org}]", HERE)
    assert {} == shared_of("subscribers: [", HERE) == shared_of("", HERE)
    assert NOBODY.timezone == parse("subscribers: [{email: a@x.org}]", "f", HERE)[0].timezone
