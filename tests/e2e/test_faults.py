"""Faults at random moments, from the claim to the commit, and too much to do: a small part of `make faults`."""

from pathlib import Path

import pytest

from tests.faults import overload
from tests.faults.campaign import Plan, Report, carry_out
from tests.faults.overload import Sample
from tests.faults.schedule import KINDS, MOMENTS, TARGETS, schedule
from tests.support import postgres

FAULTS = 24


def harmed(folder: Path, url: str, seed: int) -> Report:
    return carry_out(Plan(folder, url, seed, FAULTS, quick=True))


def check(report: Report) -> None:
    assert [] == report.wrong
    assert FAULTS == report.faults.total()
    assert report.statuses["succeeded"] > 0
    assert report.repeated > 0, "no fault cost an attempt"
    assert report.counts["predictions"] > 0
    assert report.counts["streams followed"] > 1


def test_nothing_is_lost_or_done_twice_on_sqlite(tmp_path: Path) -> None:
    check(harmed(tmp_path, "", seed=11))


def test_nothing_is_lost_or_done_twice_on_postgresql(tmp_path: Path) -> None:
    with postgres.running() as cluster:
        check(harmed(tmp_path, cluster.new_database(), seed=12))


@pytest.mark.parametrize("seed", [11, 12])
def test_a_seed_draws_the_same_faults_again_and_of_every_sort(seed: int) -> None:
    drawn = list(schedule(seed, 500, lease=2, pause=1))

    assert drawn == list(schedule(seed, 500, lease=2, pause=1))
    assert {(kind, target) for kind in KINDS for target in TARGETS} == {(f.kind, f.target) for f in drawn}
    assert set(MOMENTS) == {fault.moment for fault in drawn}
    assert any(fault.held > 2 for fault in drawn)
    assert any(fault.held < 2 for fault in drawn)


def test_too_much_to_do_is_done_in_its_order(tmp_path: Path) -> None:
    found = overload.overload(tmp_path, seconds=5)

    assert [] == found.wrong
    assert found.queued > found.ended > 0
    assert {"predict 200", "read 200", "queue 202", "upload 201", "follow 200"} <= set(found.statuses)


def process(grows: float, opens: float, noise: int = 2**20) -> list[Sample]:
    """Four minutes of a process that answers a hundred requests each second; bytes and files for each of them."""
    return [
        Sample(at, at * 100, 2**27 + int(grows * at * 100) + noise * (at % 3), 50 + int(opens * at * 100))
        for at in range(240)
    ]


@pytest.mark.parametrize(
    ("grows", "opens", "told"),
    [(0, 0, []), (1_024, 0, ["api 1 has grown by "]), (0, 1 / 600, ["api 1 had up to"]), (300, 0, [])],
)
def test_a_process_that_keeps_what_it_needs_no_more_is_noticed(grows: float, opens: float, told: list[str]) -> None:
    found = list(overload.of_growth({"api 1": process(grows, opens), "worker 1": process(0, 0)}, 60))

    assert len(told) == len(found)
    assert all(each.startswith(start) for each, start in zip(found, told, strict=True))


@pytest.mark.parametrize(
    ("claimed", "wrong"),
    [("", False), ("abc", False), ("acb", True), ("aabc", True), ("abcda", True), ("bcd", True)],
)
def test_runs_that_overtake_or_are_taken_twice_are_noticed(claimed: str, *, wrong: bool) -> None:
    assert wrong == bool(list(overload.of_order(list("abcd"), list(claimed))))
