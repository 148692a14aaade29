"""A request that nobody answered is repeated as it was, or not at all."""

from datetime import UTC, datetime, timedelta

from newsletter import batches
from newsletter.compose import Composed
from newsletter.ledger import Claim, Key
from newsletter.models import Message

NOW = datetime(2026, 3, 3, 8, tzinfo=UTC)
DAY = timedelta(days=1)


def composed(name: str, batch: str = "", at: datetime = NOW) -> Composed:
    key = Key(name, "2026-03-03", "regular")
    message = Message("papers@x", f"{name}@x", (), (), (), f"<{name}@x>", b"")
    return Composed(Claim(key, (), "", "", "en", "daily", "", at, message.message_id), message, batch)


def test_a_request_with_all_its_members_is_repeated_before_anything_new():
    name = batches.name_of([composed("ada"), composed("bo")])
    again = [composed("ada", name), composed("bo", name)]
    fresh = [composed("cy")]
    assert (again + fresh, []) == batches.sorted_out(fresh + again, DAY, NOW)


def test_it_goes_alone_and_whole():
    first, second = (batches.name_of([composed(name)]) for name in ("ada", "bo"))
    waiting = [composed("ada", first), composed("bo", second), composed("cy")]
    assert waiting[:1] == batches.repeated(waiting)
    assert [] == batches.repeated(waiting[2:])


def test_without_a_member_who_has_said_no_since_it_is_not_repeated():
    name = batches.name_of([composed("ada"), composed("bo")])
    left = composed("ada", name)
    assert ([], [left]) == batches.sorted_out([left], DAY, NOW)


def test_it_is_not_repeated_after_the_time_for_which_the_provider_knows_it():
    name = batches.name_of([composed("ada")])
    old, recent = composed("ada", name, NOW - DAY), composed("ada", name, NOW - DAY + timedelta(seconds=1))
    assert ([], [old]) == batches.sorted_out([old], DAY, NOW)
    assert ([recent], []) == batches.sorted_out([recent], DAY, NOW)


def test_a_provider_that_knows_no_requests_is_handed_everything_anew():
    waiting = [composed("ada", "gone"), composed("bo")]
    assert (waiting, []) == batches.sorted_out(waiting, timedelta(0), NOW)


def test_other_members_or_another_order_make_another_request():
    ada, bo = composed("ada"), composed("bo")
    assert 3 == len({batches.name_of(members) for members in ([ada, bo], [bo, ada], [ada])})
