"""Sweeps on either database: advanced by several drivers, over restarts, failures, cancels and budgets."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import event

from app.datasets.catalog import DatasetCatalog
from app.db import audit, removal, runs, sweep_queries, sweeps
from app.db.engine import Database
from app.domain.callers import Caller, caller
from app.domain.runs import Change, Metrics
from app.domain.sweeps import FINAL, TRANSITIONS, SweepStatus
from app.errors import InvalidInput, QuotaReached
from app.services.quotas import Quotas
from app.services.sweeps.driver import SweepDriver
from app.services.sweeps.service import SweepLimits, SweepService
from app.services.training import TrainingService
from app.tasks.catalog import TaskCatalog
from app.wire.runs import RunError
from app.wire.sweeps import Sweep, SweepRequest
from tests.support.clock import FakeClock
from tests.support.queue import queue_run
from tests.support.tasks import TASKS
from tests.support.trials import bowl, end_next, fail_next

SPACE: dict[str, Any] = {
    "optimizer.learning_rate": {"kind": "log_range", "low": 0.001, "high": 1, "points": 3},
    "layers.0.units": {"kind": "range", "low": 2, "high": 32, "step": 10},
}
Ask = Callable[..., Sweep]
NewDriver = Callable[..., SweepDriver]


@pytest.fixture
def service(database: Database, clock: FakeClock, tmp_path: Path) -> SweepService:
    catalog = DatasetCatalog(tmp_path / "datasets", tmp_path / "uploads")
    training = TrainingService(database, TASKS, catalog, clock, 3)
    return SweepService(database, training, catalog, clock, SweepLimits(quotas=Quotas(queued_runs=5)))


@pytest.fixture
def ask(service: SweepService) -> Ask:
    def submit(**fields: Any) -> Sweep:
        asked = {
            "task": "planar", "dataset": "sample", "space": SPACE, "method": {"kind": "random"}, "seed": 5,
            "budget": {"trials": 9}, "generation": 3, "recipe": {"epochs": 4},
        }  # fmt: skip
        return service.submit(SweepRequest.model_validate(asked | fields))

    return submit


@pytest.fixture
def new_driver(database: Database, clock: FakeClock) -> NewDriver:
    """One for each process."""
    return lambda **more: SweepDriver(database, clock, TaskCatalog(), 3, **more)


def carry_out(driver: SweepDriver, database: Database, clock: FakeClock, **more: Any) -> None:
    while driver.advance():
        while end_next(database, clock, **more):
            clock.advance(1)


def told(sweep: Sweep) -> list[tuple[Any, ...]]:
    """What a sweep asked for and found, without ids and times."""
    board = sorted(sweep.leaderboard, key=lambda row: row.number)
    return [(row.number, row.parameters, row.value, row.pruned, row.epochs) for row in board]


@pytest.mark.parametrize("method", [{"kind": "random"}, {"kind": "tpe", "startup_trials": 3}, {"kind": "grid"}])
def test_two_workers_restarts_and_any_order_of_ends_find_what_one_worker_does(
    service: SweepService, ask: Ask, new_driver: NewDriver, database: Database, clock: FakeClock, method: Any
) -> None:
    """Trials that are claimed together end in another order; drivers are replaced, and look at the same time."""
    undisturbed = ask(method=method)
    carry_out(new_driver(), database, clock)
    disturbed = ask(method=method)
    order = random.Random(3)
    for _ in range(20):
        for driver in (new_driver(), new_driver()):
            driver.advance()
        for row in _claimed(database, clock, order):
            _end(database, clock, row)

    one, other = service.get(undisturbed.id), service.get(disturbed.id)

    assert ("succeeded", "succeeded") == (one.status, other.status)
    assert told(one) == told(other)
    assert any(row.pruned for row in one.leaderboard)
    assert one.importance == other.importance
    assert one.outcome
    assert other.outcome
    assert (one.outcome.number, one.outcome.value) == (other.outcome.number, other.outcome.value)
    assert one.outcome.run_id != other.outcome.run_id


def _claimed(database: Database, clock: FakeClock, order: random.Random) -> list[Any]:
    """All runs that wait, in any order."""
    found: list[Any] = []
    with database.write() as tx:
        while row := runs.claim(tx, f"w-{len(found)}", clock()):
            found.append(row)
    return order.sample(found, len(found))


def _end(database: Database, clock: FakeClock, row: Any) -> None:
    """After it went back to the queue once, as when its worker stops."""
    clock.advance(1)
    with database.write() as tx:
        runs.release(tx, row.id, row.lease_id, clock())
    assert end_next(database, clock)


def test_a_driver_that_looks_twice_or_too_late_asks_for_nothing_again(
    ask: Ask, new_driver: NewDriver, database: Database
) -> None:
    """Of two that chose from the same state, the second finds that the first has gone on."""
    sweep = ask()
    first, second = new_driver(), new_driver()
    write = second._write
    second._write = lambda seen, change: first.advance() and write(seen, change)  # type: ignore[method-assign]

    assert not second.advance()

    with database.read() as tx:
        assert len(sweep_queries.trials(tx, sweep.id)) == 3


def test_what_all_trials_failed_of_is_said_in_one_line(
    service: SweepService, ask: Ask, new_driver: NewDriver, database: Database, clock: FakeClock
) -> None:
    sweep, driver = ask(), new_driver()
    several = [RunError(type="MemoryLimit", message="took\nmore")]
    failed = 0
    while driver.advance():
        while fail_next(database, clock, several if failed == 4 else ()):
            failed += 1

    ended = service.get(sweep.id)

    assert (9, "failed", None) == (failed, ended.status, ended.outcome)
    assert ended.error == RunError(
        type="NoTrialSucceeded",
        message="all 9 trials failed; 8 times: Diverged: the loss is no longer a number",
    )
    assert ended.finished_at == clock()
    assert [] == ended.best


def test_trials_that_fail_are_cancelled_or_removed_end_alone(
    service: SweepService, ask: Ask, new_driver: NewDriver, database: Database, clock: FakeClock
) -> None:
    sweep, driver = ask(method={"kind": "tpe", "startup_trials": 1}), new_driver()
    driver.advance()
    failed = fail_next(database, clock)
    with database.write() as tx:
        cancelled, third = (row.id for row in sweep_queries.trials(tx, sweep.id) if row.id != failed)
        runs.request_cancel(tx, cancelled, clock())
    assert end_next(database, clock)
    with database.write() as tx:
        removal.delete_run(tx, third)

    carry_out(driver, database, clock)

    ended = service.get(sweep.id)
    assert ("succeeded", 8, 1, 1) == (
            ended.status, ended.progress.ended, ended.progress.failed, ended.progress.cancelled,
        )  # fmt: skip
    assert {0, 1, *range(3, 9)} == {row.number for row in ended.leaderboard}
    statuses = {row.number: row.status for row in ended.leaderboard}
    assert ("failed", "cancelled") == (statuses[0], statuses[1])


def test_a_budget_in_minutes_ends_the_asking_and_not_what_is_going(
    service: SweepService, ask: Ask, new_driver: NewDriver, database: Database, clock: FakeClock
) -> None:
    sweep, driver = ask(budget={"trials": 1_000, "minutes": 2}), new_driver()
    driver.advance()
    clock.advance(121)
    assert not driver.advance()  # trials wait
    while end_next(database, clock):
        pass
    carry_out(driver, database, clock)

    ended = service.get(sweep.id)

    assert ("succeeded", 3) == (ended.status, len(ended.leaderboard))
    assert ended.outcome
    assert ended.outcome.trials == 3


def test_hopeless_trials_meet_the_bars_of_those_before(
    service: SweepService, ask: Ask, new_driver: NewDriver, database: Database, clock: FakeClock
) -> None:
    """The first generation knows none; of the second, bars are those of the best third after 1 and 3 epochs."""
    sweep = ask(pruner={"kind": "successive_halving", "least": 1, "factor": 3})
    carry_out(new_driver(), database, clock)

    with database.read() as tx:
        rows = sweep_queries.trials(tx, sweep.id)
    bars = [row.trial["bars"] for row in rows]
    assert [[], [], []] == bars[:3]
    reached = {step: max(bowl(row.trial["parameters"], step) for row in rows[:3]) for step in (1, 3)}
    assert [[[step, pytest.approx(value)] for step, value in reached.items()]] * 3 == bars[3:6]
    ended = service.get(sweep.id)
    for row in ended.leaderboard:
        if row.pruned:
            assert row.error
            assert row.epochs in (1, 3)
            assert (row.status, row.error.type) == ("cancelled", "Pruned")
    assert ended.progress.pruned == sum(row.pruned for row in ended.leaderboard) > 0


def test_without_a_pruner_no_trial_is_stopped(
    service: SweepService, ask: Ask, new_driver: NewDriver, database: Database, clock: FakeClock
) -> None:
    sweep = ask(pruner=None)
    carry_out(new_driver(), database, clock)

    assert 0 == service.get(sweep.id).progress.pruned


def test_the_lower_loss_wins(
    service: SweepService, ask: Ask, new_driver: NewDriver, database: Database, clock: FakeClock
) -> None:
    sweep = ask(metric="val_loss")
    carry_out(new_driver(), database, clock)

    ended = service.get(sweep.id)

    values = [row.value for row in ended.leaderboard if not row.pruned and row.value is not None]
    assert values == sorted(values)
    assert ended.outcome
    assert ended.outcome.value == min(values)
    assert [each.value for each in ended.best] == sorted((each.value for each in ended.best), reverse=True)


def test_importance_comes_with_the_tenth_figure(
    service: SweepService, ask: Ask, new_driver: NewDriver, database: Database, clock: FakeClock
) -> None:
    sweep = ask(budget={"trials": 12}, generation=12, pruner=None)
    carry_out(new_driver(), database, clock)

    found = service.get(sweep.id)

    assert set(SPACE) == {each.field for each in found.importance}
    assert sum(each.share for each in found.importance) == pytest.approx(1, abs=1e-5)
    assert [each.path.rpartition("/")[2] for each in found.pictures] == ["best.svg", "importance.svg", "parallel.svg"]


def test_a_grid_whose_low_has_many_digits_is_searched_to_its_end(
    service: SweepService, ask: Ask, new_driver: NewDriver, database: Database, clock: FakeClock
) -> None:
    rate = {"kind": "log_range", "low": 0.001 / 3, "high": 1, "points": 4}
    space = {**SPACE, "optimizer.learning_rate": rate}
    sweep = ask(method={"kind": "grid"}, space=space, budget={"trials": 16}, generation=16, pruner=None)
    carry_out(new_driver(), database, clock)

    found = service.get(sweep.id)

    assert ("succeeded", None, set(SPACE)) == (found.status, found.error, {each.field for each in found.importance})


def test_a_search_goes_on_without_its_importance(
    service: SweepService, ask: Ask, new_driver: NewDriver, database: Database, clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The last one stays."""
    from app.services.sweeps import optuna_search

    whole, asked = optuna_search.importance_of, []

    def once(*given: Any) -> dict[str, float]:
        asked.append(given)
        if len(asked) > 1:
            raise ValueError("value is not contained in the distribution")
        return whole(*given)

    monkeypatch.setattr(optuna_search, "importance_of", once)
    sweep = ask(budget={"trials": 24}, generation=12, pruner=None)
    carry_out(new_driver(), database, clock)

    found = service.get(sweep.id)

    assert ("succeeded", 24, set(SPACE), 2) == (
        found.status, found.progress.ended, {each.field for each in found.importance}, len(asked),
    )  # fmt: skip


def test_how_the_winners_run_ends_the_sweep(
    service: SweepService, ask: Ask, new_driver: NewDriver, database: Database, clock: FakeClock
) -> None:
    driver = new_driver()
    ends: dict[str, Any] = {}
    for end in ("fail", "cancel", "remove"):
        sweep = ask(budget={"trials": 1})
        driver.advance()
        end_next(database, clock)
        driver.advance()
        final = service.get(sweep.id).outcome
        assert final
        assert final.final_run
        if end == "fail":
            fail_next(database, clock)
        else:
            with database.write() as tx:
                runs.request_cancel(tx, final.final_run, clock())
                if end == "remove":
                    removal.delete_run(tx, final.final_run)
        driver.advance()
        ends[end] = service.get(sweep.id)

    assert {"failed"} == {str(each.status) for each in ends.values()}
    assert "Diverged" == ends["fail"].error.type
    assert "the run of its winner was cancelled" == ends["cancel"].error.message
    assert "the run of its winner was removed" == ends["remove"].error.message


def test_a_cancel_while_the_winners_run_is_going(
    service: SweepService, ask: Ask, new_driver: NewDriver, database: Database, clock: FakeClock
) -> None:
    sweep, driver = ask(budget={"trials": 1}), new_driver()
    driver.advance()
    end_next(database, clock)
    driver.advance()
    with database.write() as tx:
        row = runs.claim(tx, "w-1", clock())
    assert row is not None

    assert "running" == service.cancel(sweep.id).status
    with database.write() as tx:
        runs.end_lease(tx, row.id, row.lease_id, Change.CANCELLED, clock())
    driver.advance()

    assert "cancelled" == service.get(sweep.id).status


@pytest.mark.parametrize("going", [True, False])
def test_a_model_published_before_a_cancel_took_effect_is_the_sweeps(
    service: SweepService, ask: Ask, new_driver: NewDriver, database: Database, clock: FakeClock, going: bool
) -> None:
    """Cancelled while its last run publishes, or before a driver has seen that it has."""
    sweep, driver = ask(budget={"trials": 1}), new_driver()
    driver.advance()
    end_next(database, clock)
    driver.advance()
    with database.write() as tx:
        row = runs.claim(tx, "w-1", clock())
    assert row is not None
    if going:
        assert "running" == service.cancel(sweep.id).status
    with database.write() as tx:
        runs.publish(tx, row.id, row.lease_id, clock(), Metrics())
    if going:
        driver.advance()
    else:
        service.cancel(sweep.id)

    assert "succeeded" == service.get(sweep.id).status


def test_an_error_does_not_end_a_sweep_that_somebody_else_goes_on_with(
    service: SweepService, ask: Ask, new_driver: NewDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = ask()
    mine, other = new_driver(), new_driver()

    def next_(*_: Any) -> None:
        monkeypatch.undo()
        assert other.advance()
        raise ValueError("only here")

    monkeypatch.setattr(mine, "_next", next_)

    assert not mine.advance()

    found = service.get(sweep.id)
    assert ("running", None, 3) == (found.status, found.error, len(found.leaderboard))


@pytest.mark.parametrize("error", [ImportError("no optuna"), MemoryError()])
def test_what_a_process_lacks_leaves_a_sweep_to_others(
    service: SweepService, ask: Ask, new_driver: NewDriver, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], error: Exception,
) -> None:  # fmt: skip
    """It is logged once, however often it is met."""
    sweep, mine = ask(), new_driver()

    def fail(_: Any) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr("app.services.sweeps.driver.method_of", lambda *_: fail(_))
        assert [False, False] == [mine.advance(), mine.advance()]

    assert "running" == service.get(sweep.id).status
    assert 1 == capsys.readouterr().out.count("sweep.left_to_others")
    assert new_driver().advance()


def test_a_task_that_is_gone_ends_its_sweep_and_no_other(
    service: SweepService, ask: Ask, new_driver: NewDriver, database: Database
) -> None:
    sweep, other = ask(), ask()
    with database.write() as tx:
        sweeps.note(tx, sweep.id, plan=sweep.plan.model_copy(update={"task": "gone"}).model_dump(mode="json"))

    assert new_driver().advance()

    ended = service.get(sweep.id)
    assert ("failed", RunError(type="TaskGone", message="there is no task 'gone' any more")) == (
        ended.status, ended.error,
    )  # fmt: skip
    assert len(service.get(other.id).leaderboard) == 3


def test_of_drivers_at_once_one_asks(ask: Ask, new_driver: NewDriver, database: Database) -> None:
    sweep = ask()
    together = Barrier(4)

    def advance(_: int) -> bool:
        driver = new_driver()
        together.wait(10)
        return driver.advance()

    with ThreadPoolExecutor(4) as pool:
        gone_on = list(pool.map(advance, range(4)))

    assert [False, False, False, True] == sorted(gone_on)
    with database.read() as tx:
        assert [0, 1, 2] == [row.trial["number"] for row in sweep_queries.trials(tx, sweep.id)]


def test_a_full_queue_is_waited_for(
    service: SweepService, ask: Ask, new_driver: NewDriver, database: Database, clock: FakeClock
) -> None:
    sweep = ask()
    queue_run(database, clock, "planar")
    driver = new_driver(max_queued=1)

    assert not driver.advance()
    assert [] == service.get(sweep.id).leaderboard
    end_next(database, clock)
    assert driver.advance()
    assert len(service.get(sweep.id).leaderboard) == 3


def test_a_key_that_has_as_many_runs_as_it_may_asks_for_no_sweep(
    ask: Ask, new_driver: NewDriver, database: Database
) -> None:
    """Its trials count among its runs."""
    token = caller.set(Caller("k-1"))
    try:
        ask(generation=5)
        new_driver().advance()
        with pytest.raises(QuotaReached, match="DENSELY_MAX_QUEUED_RUNS_PER_KEY"):
            ask()
    finally:
        caller.reset(token)
    with database.read() as tx:
        assert [("sweep.queued", "k-1")] == [
            (row.action, row.key_id) for row in audit.page(tx, 9, None, None, None, None)
        ]


def test_a_generation_that_a_key_may_not_have_is_refused(ask: Ask) -> None:
    """Of a smaller budget no more wait than it has; without a key there is no quota."""
    ask(generation=6)
    token = caller.set(Caller("k-1"))
    try:
        with pytest.raises(InvalidInput, match=r"at most 5 runs .*DENSELY_MAX_QUEUED_RUNS_PER_KEY.*; got 6") as refused:
            ask(generation=6)
        ask(generation=6, budget={"trials": 5})
    finally:
        caller.reset(token)

    assert ["generation"] == [each.field for each in refused.value.errors]


@pytest.mark.parametrize("before", SweepStatus)
def test_a_sweeps_statuses_follow_the_table(
    ask: Ask, database: Database, clock: FakeClock, before: SweepStatus
) -> None:
    """Whatever it is asked to become; what has ended takes no more notes, and no cancel."""
    for after in SweepStatus:
        sweep = ask()
        with database.write() as tx:
            assert sweeps.end(tx, sweep.id, before, clock())
            may = after in TRANSITIONS[before]

            assert may == sweeps.end(tx, sweep.id, after, clock())

            row = sweep_queries.get(tx, sweep.id)
            goes_on = row.status not in FINAL
            assert (after if may else before, goes_on) == (row.status, sweeps.note(tx, sweep.id, winner="r-1"))
            sweeps.request_cancel(tx, sweep.id, clock())
            row = sweep_queries.get(tx, sweep.id)
            assert (goes_on, goes_on) == (row.winner == "r-1", row.cancel_requested_at is not None)


def test_a_space_is_looked_at_until_something_of_it_suits(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def why_not(*given: Any) -> InvalidInput | None:
        asked.append(given)
        return InvalidInput("too small", field="space") if len(asked) < 3 else None

    monkeypatch.setattr("app.services.sweeps.requests.why_not", why_not)

    ask()

    assert 3 == len(asked)


def test_what_choosing_keeps_is_of_twenty_sweeps_at_most(ask: Ask, new_driver: NewDriver) -> None:
    """The oldest goes."""
    sweep, driver = ask(), new_driver()
    driver._methods = {f"s-{number}": object() for number in range(20)}  # type: ignore[misc]

    assert driver.advance()

    assert [*(f"s-{number}" for number in range(1, 20)), sweep.id] == list(driver._methods)


def test_what_a_driver_reads_is_a_few_queries_and_an_idle_one_writes_nothing(
    ask: Ask, new_driver: NewDriver, database: Database, clock: FakeClock
) -> None:
    """As many with 4 trials as with 16; one for each look without a sweep to go on with."""
    asked: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    numbers = []
    driver = new_driver()
    for trials in (4, 16):
        ask(budget={"trials": trials}, generation=trials, method={"kind": "random"})
        driver.advance()
        while end_next(database, clock):
            pass
        asked.clear()
        assert driver.advance()  # the winner's run
        numbers.append(len(asked))
        end_next(database, clock)
        driver.advance()
    asked.clear()
    assert not driver.advance()
    assert not any(each.lstrip().upper().startswith(("UPDATE", "INSERT", "BEGIN IMMEDIATE")) for each in asked)
    assert len([each for each in asked if each.startswith("SELECT")]) == 1

    assert numbers[0] == numbers[1]


def test_a_list_has_each_sweeps_own_counts(
    service: SweepService, ask: Ask, new_driver: NewDriver, database: Database, clock: FakeClock
) -> None:
    driver = new_driver()
    first = ask(budget={"trials": 3})
    carry_out(driver, database, clock)
    second = ask(budget={"trials": 3})
    driver.advance()
    fail_next(database, clock)

    page, following = service.page(None, None, 5, None)

    assert following is None
    assert [second.id, first.id] == [each.id for each in page]
    assert [(1, 2, 1), (3, 0, 0)] == [
        (each.progress.ended, each.progress.waiting, each.progress.failed) for each in page
    ]
    one, cursor = service.page("planar", None, 1, None)
    assert [second.id] == [each.id for each in one]
    assert [first.id] == [each.id for each in service.page("planar", None, 1, cursor)[0]]
