"""The operator's wish to end a run."""

import pytest

from newsletter.ending import Ending
from newsletter.errors import Interrupted


def test_where_nothing_is_in_flight_it_ends_at_once():
    with pytest.raises(KeyboardInterrupt):
        Ending().ask()


def test_what_is_in_flight_is_waited_for():
    ending, done = Ending(), []
    with pytest.raises(Interrupted, match="run the same command again"), ending.kept_back():
        ending.ask()
        done.append(ending.asked)
    assert [True] == done


def test_a_second_time_is_at_once():
    ending, done = Ending(), []
    with pytest.raises(KeyboardInterrupt), ending.kept_back():
        ending.ask()
        ending.ask()
        done.append("never")
    assert [] == done


def test_nobody_asked_and_nothing_ends():
    with Ending().kept_back():
        pass
