"""Who is not written to: the reader's no stays, and lists go in and out."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.ledger import Ledger
from newsletter.models import Suppression
from newsletter.readers.suppressions import PAGE, Suppressions
from newsletter.suppressionlist import REASONS, BadLine, read, written
from tests.homes import make_home

NOW = datetime(2026, 3, 3, 7, tzinfo=UTC)
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def suppressions(stores):
    database = Ledger.open(stores.url("newsletter"))
    yield Suppressions(database)
    database.close()


def test_the_first_reason_stays_but_for_a_no_of_the_readers_own(suppressions):
    suppressions.add("ada@example.org", "bounced", NOW, "550")
    suppressions.add("ada@example.org", "operator", NOW)
    assert "bounced" == suppressions.find("ada@example.org").reason
    assert not suppressions.add("Ada@example.org", "unsubscribed", NOW, "by the reader's link")
    suppressions.add("ada@example.org", "bounced", NOW)
    assert [Suppression("ada@example.org", "unsubscribed", "by the reader's link", NOW)] == suppressions.all()


@pytest.mark.parametrize("order", [("unsubscribed", "complained"), ("complained", "unsubscribed")])
def test_a_complaint_stays_whichever_came_first(suppressions, order):
    for reason in (*order, "bounced"):
        suppressions.add("ada@example.org", reason, NOW)
    assert "complained" == suppressions.find("ada@example.org").reason


def test_a_no_of_the_readers_own_is_removed_only_when_they_asked(suppressions):
    for reason in REASONS:
        suppressions.add(f"{reason}@example.org", reason, NOW)
    removed = [reason for reason in REASONS if suppressions.remove(f"{reason}@example.org")]
    assert ["bounced", "operator"] == removed
    assert suppressions.remove("UNSUBSCRIBED@example.org", they_asked=True)
    assert ["complained"] == [one.reason for one in suppressions.each()]


def test_a_long_list_is_read_page_by_page_and_whole(suppressions):
    many = [Suppression(f"reader{n:05}@example.org", "operator", "", NOW) for n in range(2 * PAGE + 1)]
    assert [len(many), 0] == [suppressions.add_all(many) for _ in range(2)]
    assert many == suppressions.all()


# -- lists


def lines(text, reason="operator"):
    return list(read(text.splitlines(keepends=True), NOW, reason))


def test_an_address_a_line_is_a_list():
    assert [
        Suppression("Ada@example.org", "unsubscribed", "", NOW),
        Suppression("bo@xn--mller-kva.example", "unsubscribed", "", NOW),
    ] == lines(" Ada@Example.org\r\n\nbo@müller.example", "unsubscribed")


def test_columns_are_known_by_their_names_and_the_others_are_not_looked_at():
    assert [
        Suppression("ada@example.org", "bounced", "", NEW_YEAR),
        Suppression("bo@example.org", "operator", "", NOW),
    ] == lines('Name,Reason,EMAIL,at\n"Brook, Ada",Bounced,ada@example.org,2026-01-01\nBo,,bo@example.org,\n')


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("nope,bounced,,", "'nope' is not an address: it has no @"),
        ("ada@example.org,bounce,,", "did you mean bounced"),
        ("ada@example.org,bounced,yesterday,", "'yesterday' is not a moment; write it as 2026-03-03T07:00:00Z"),
        ("ada@example.org\x00,bounced,,", "is not an address"),
        (",bounced,,", "is not an address"),
        ("a" * 200_000, "is not CSV"),
    ],
)
def test_a_bad_line_is_named_with_its_number_and_costs_only_itself(line, said):
    first, bad, last = lines(f"address,reason,at,detail\nfirst@example.org,,,\n{line}\nlast@example.org,,,\n")
    assert ("first@example.org", 3, "last@example.org") == (first.address, bad.number, last.address)
    assert said in bad.said


def test_columns_without_names_are_not_guessed():
    [bad] = lines("ada@example.org,bounced\n")
    assert "nothing says which; begin the file with address,reason,at,detail" in bad.said


@given(
    st.lists(
        st.builds(
            Suppression,
            st.from_regex(r"[a-z]{1,9}@example\.org", fullmatch=True),
            st.sampled_from(REASONS),
            st.text(st.characters(exclude_categories=["C"])).map(str.strip),
            st.datetimes(datetime(2000, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
        )
    )
)
def test_what_is_exported_can_be_imported(found):
    assert found == list(read(list(written(found)), NOW, "operator"))


@given(st.text())
def test_whatever_is_in_a_file_each_line_is_an_address_or_named(text):
    assert all(isinstance(one, Suppression | BadLine) for one in lines(text))


# -- on the command line


@pytest.fixture
def home(tmp_path):
    home = make_home(tmp_path / "home")
    home.subscribers("subscribers: [{email: ada@example.org}]\n")
    return home


def test_a_list_goes_in_and_comes_out(home):
    path = home.path / "no.csv"
    path.write_text("address,reason,at\nada@example.org,complained,2026-01-01\nnope,,\nBo@Example.org,,\n")
    told = home.run("suppressions", "import", str(path), "--reason", "bounced", code=1)
    assert "2 new, 0 known before, 1 lines could not be read" in told
    assert f"{path}:3: 'nope' is not an address" in told
    out = home.run("suppressions", "export")
    assert "address,reason,at,detail" == out.splitlines()[0]
    assert "ada@example.org,complained,2026-01-01T00:00:00+00:00," == out.splitlines()[1]
    path.write_text(out)
    assert "0 new, 2 known before\n" == home.run("suppressions", "import", str(path))
    listed = json.loads(home.run("suppressions", "list", "--json"))
    assert [("ada@example.org", "complained"), ("bo@example.org", "bounced")] == [
        (one["address"], one["reason"]) for one in listed
    ]
    assert "ada@example.org  complained  2026-01-01 00:00 UTC\n" in home.run("suppressions", "list")


def test_who_said_no_is_not_let_in_by_mistake(home):
    home.run("suppressions", "add", "ada@example.org", "--reason", "unsubscribed", "--detail", "by mail")
    home.run("suppressions", "add", "bo@example.org")
    told = home.run("suppressions", "remove", "ada@example.org", "bo@example.org", "cy@example.org", code=1)
    assert "bo@example.org  can be written to again (was: operator)\n" in told
    assert "ada@example.org: said no themselves (unsubscribed on " in told
    assert "cy@example.org: is not suppressed" in told
    assert "can be written to again" in home.run("suppressions", "remove", "--they-asked", "ada@example.org")
    assert "" == home.run("suppressions", "list")


def test_what_is_no_address_is_refused_before_anything_is_done(home):
    assert "'bo' is not an address" in home.run("suppressions", "add", "ada@example.org", "bo", code=2)
    assert "" == home.run("suppressions", "list")
