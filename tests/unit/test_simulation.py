"""The simulation of benchmarks/simulation, where something is known of what it must find."""

import math

import pytest

from benchmarks.simulation import limits
from benchmarks.simulation.figures import Turn, load
from benchmarks.simulation.requests import closed, opened
from benchmarks.simulation.training import DAY, Cluster, mean_run

FIGURES = load()
PLAN = limits.sized(FIGURES)


def test_one_client_gets_an_answer_for_each_turn_of_both_sides() -> None:
    found = closed(Turn(0.001, 0.002), Turn(0.0005, 0.0005), connections=1, processes=1, cores=2, seconds=4)

    assert math.isclose(1 / 0.004, found.rate, rel_tol=0.01)
    assert math.isclose(4.0, found.p50, rel_tol=0.01)


@pytest.mark.parametrize("cores", [1, 2])
def test_many_clients_get_what_the_cores_can_give(cores: int) -> None:
    found = closed(Turn(0, 0.0009), Turn(0, 0.0001), connections=64, processes=4, cores=cores, seconds=4)

    assert math.isclose(cores / 0.001, found.rate, rel_tol=0.06)


def test_replicas_are_as_busy_as_the_requests_make_them() -> None:
    rate = 0.5 * 4 / FIGURES.predict["sentiment"].seconds(1)
    found = opened(FIGURES, "sentiment", rate, replicas=4, balancers=4, seconds=2)

    assert math.isclose(rate, found.rate, rel_tol=0.05)
    assert 0.4 < found.busy <= 0.5, "a turn of several costs less than as many turns"
    assert found.p50 < found.p99


def test_the_lock_is_held_as_the_runs_make_it() -> None:
    found = Cluster(FIGURES, slots=200, cores=8, background=0, told=True).simulate(per_second := 1.0, 240)
    expected = limits.shares(FIGURES, PLAN, per_second * DAY / limits.RUNS)[limits.LOCK]

    assert math.isclose(expected, found.lock, rel_tol=0.25), "some of its writes are still to come at the end"
    assert found.waited_p99 < 0.5, "there was always a slot"
    assert 0 < found.slots < mean_run() / 200


def test_the_plan_has_room_and_what_is_full_first_is_relieved_for_the_next() -> None:
    found = limits.in_order(FIGURES, PLAN)

    assert max(limits.shares(FIGURES, PLAN, 1).values()) < limits.FULL
    assert len(found) >= 3
    assert len(found) == len({each.name for each in found})
    assert sorted(each.times for each in found) == [each.times for each in found]
    for each in found:
        assert math.isclose(limits.FULL, each.shares[each.name], rel_tol=0.02)
        assert each.name in limits.RELIEF
