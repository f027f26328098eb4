"""When runs that wait will begin: by slots, by what is left of those that are going, and by what others took."""

import math

from hypothesis import given
from hypothesis import strategies as st

from app.domain.waiting import UNKNOWN, Took, estimate, starts

SECONDS = st.floats(0, 1e4)


def test_nothing_is_known_of_a_kind_of_run_that_never_ended() -> None:
    assert UNKNOWN == estimate([], 10)


def test_runs_of_the_same_work_count_alone() -> None:
    """The median, which one run that waited for another attempt does not move."""
    assert 12 == estimate([Took(10, 5), Took(12, 5), Took(900, 5), Took(1, 1)], 5)


def test_others_count_in_proportion_to_their_work() -> None:
    assert 40 == estimate([Took(10, 5), Took(20, 10)], 20)


def test_each_begins_where_a_run_ends_first() -> None:
    """Two slots, one of them taken for 30 seconds more."""
    assert [0, 10, 20, 30] == starts(2, [30], [10, 10, 100, 5])


def test_without_a_worker_nothing_is_known() -> None:
    assert [UNKNOWN, UNKNOWN] == starts(0, [], [1, 2])


def test_a_run_that_takes_nobody_knows_how_long_holds_up_its_slot_alone() -> None:
    assert [0, 0, 3, UNKNOWN] == starts(2, [], [UNKNOWN, 3, UNKNOWN, 1])


@given(st.integers(1, 5), st.lists(SECONDS, max_size=6), st.lists(SECONDS, max_size=12))
def test_never_are_more_trained_at_a_time_than_there_are_slots(
    slots: int, going: list[float], waiting: list[float]
) -> None:
    """And none waits while a slot is free."""
    begun = starts(slots, going, waiting)

    taken = sorted(going)[:slots]
    ends = [*taken, *(begin + each for begin, each in zip(begun, waiting, strict=True))]
    assert begun == sorted(begun)
    for number, begin in enumerate(begun):
        before = ends[: len(taken) + number]
        assert sum(end > begin for end in before) < slots
        assert begin == 0 or any(math.isclose(begin, end) for end in before)
