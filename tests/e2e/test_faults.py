"""Faults at random moments, from the claim to the commit: a small part of what `make faults` does."""

from pathlib import Path

import pytest

from tests.faults.campaign import Plan, Report, carry_out
from tests.faults.schedule import KINDS, MOMENTS, TARGETS, schedule
from tests.support import postgres

FAULTS = 24


def harmed(folder: Path, url: str, seed: int) -> Report:
    return carry_out(Plan(folder, url, seed, FAULTS, quick=True))


def check(report: Report) -> None:
    assert [] == report.wrong
    assert FAULTS == report.faults.total()
    assert report.statuses["succeeded"] > 0
    assert report.attempts > report.statuses.total(), "no fault cost an attempt"
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
