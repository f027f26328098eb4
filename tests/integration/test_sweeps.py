"""`/sweeps`: asking for searches and following them. Workers are played by the driver, trainers by SQL."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from app.db import events, models, runs
from app.db.engine import Database
from app.services.sweeps.driver import SweepDriver
from app.settings import Settings
from tests.support.clock import FakeClock
from tests.support.queue import queue_run
from tests.support.tasks import TASKS
from tests.support.trials import end_next, fail_next

RATE = {"kind": "log_range", "low": 0.001, "high": 1}
SPACE: dict[str, Any] = {"optimizer.learning_rate": RATE, "layers.0.units": {"kind": "range", "low": 2, "high": 32}}
RANDOM = {"kind": "random"}
ASKED: dict[str, Any] = {
    "task": "planar", "dataset": "sample", "space": SPACE, "method": RANDOM, "budget": {"trials": 6}, "generation": 3,
    "recipe": {"epochs": 9}, "seed": 5,
}  # fmt: skip


@pytest.fixture
def client(
    client_for: Callable[[Settings], httpx.Client], settings: Settings, database: Database, clock: FakeClock
) -> httpx.Client:
    """An application whose models need not be loaded."""
    with database.write() as tx:
        for task in TASKS.all:  # else it would take over the bundled ones
            models.insert_model(
                tx, task=task, id=f"m-{task}", run_id=None, dataset="sample", dataset_is_sample=True, metrics={},
                created_at=clock(),
            )  # fmt: skip
    return client_for(settings.model_copy(update={"max_sweeps": 3}))


@pytest.fixture
def driver(database: Database, clock: FakeClock) -> SweepDriver:
    return SweepDriver(database, clock, TASKS, max_attempts=3)


def ask(client: httpx.Client, **fields: Any) -> dict[str, Any]:
    answer = client.post("/sweeps", json={**ASKED, **fields})
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


def carry_out(driver: SweepDriver, database: Database, clock: FakeClock) -> None:
    """To the end."""
    while driver.advance():
        while end_next(database, clock):
            clock.advance(1)


def test_a_sweep_from_asking_to_the_winners_run(
    client: httpx.Client, driver: SweepDriver, database: Database, clock: FakeClock
) -> None:
    answer = client.post("/sweeps", json={**ASKED, "name": "rates", "tags": {"team": "a"}})
    found = answer.json()
    assert (202, f"/sweeps/{found['id']}") == (answer.status_code, answer.headers["Location"])
    assert ("running", None, [], 6) == (
        found["status"], found["outcome"], found["leaderboard"], found["progress"]["trials"],
    )  # fmt: skip
    plan = found["plan"]
    assert ("val_accuracy", 5, 3, "if_better") == (
        plan["metric"], plan["seed"], plan["final_seeds"], plan["activate"],
    )  # fmt: skip
    assert plan["validation"]["kind"] == "holdout"

    assert driver.advance()
    trials = client.get("/runs", params={"sweep": found["id"]}).json()["items"]
    assert ["rates 2", "rates 1", "rates 0"] == [run["name"] for run in trials]
    assert [("never", {"team": "a"}, 5)] * 3 == [(run["activate"], run["tags"], run["seed"]) for run in trials]
    assert [run["trial"]["parameters"]["optimizer.learning_rate"] for run in trials] == [
        run["recipe"]["optimizer"]["learning_rate"] for run in trials
    ]
    assert not driver.advance()  # while some wait
    end_next(database, clock)
    clock.advance(10)
    going = client.get(f"/sweeps/{found['id']}").json()
    assert (1, 0, 2, 1 / 7) == tuple(going["progress"][name] for name in ("ended", "going", "waiting", "fraction"))
    assert 60 == going["progress"]["eta_seconds"]
    assert going["outcome"]["final_run"] is None

    carry_out(driver, database, clock)
    while end_next(database, clock):
        pass
    carry_out(driver, database, clock)

    done = client.get(f"/sweeps/{found['id']}").json()
    assert ("succeeded", 1.0, None) == (done["status"], done["progress"]["fraction"], done["progress"]["eta_seconds"])
    board = done["leaderboard"]
    values = [row["value"] for row in board if not row["pruned"]]
    assert values == sorted(values, reverse=True)
    outcome = done["outcome"]
    assert (board[0]["run_id"], board[0]["value"], 6) == (outcome["run_id"], outcome["value"], outcome["trials"])
    assert ("succeeded", {"accuracy": 0.5}, {"accuracy": 0.4}) == (
        outcome["final_status"], outcome["test"], outcome["baseline"],
    )  # fmt: skip
    assert done["best"][-1]["number"] == board[0]["number"]
    assert [each["path"] for each in done["pictures"]] == [
        f"sweeps/{found['id']}/best.svg", f"sweeps/{found['id']}/parallel.svg",
    ]  # fmt: skip
    final = client.get(f"/runs/{outcome['final_run']}").json()
    assert ("rates", {"team": "a", "winner": str(board[0]["number"])}) == (final["name"], final["tags"])
    assert (None, 3, 4, "none") == (
        final["trial"], final["seeds"], final["recipe"]["epochs"], final["validation"]["kind"],
    )  # fmt: skip
    assert final["prior"]["temperature"] == 1.5
    listed = client.get("/sweeps", params={"task": "planar", "status": "succeeded"}).json()
    assert [done["id"]] == [each["id"] for each in listed["items"]]
    assert "leaderboard" not in listed["items"][0]
    assert outcome == listed["items"][0]["outcome"]
    assert [] == client.get("/sweeps", params={"task": "housing"}).json()["items"]


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"space": {}}, "space", "at least 1 item"),
    ({"task": "none"}, "task", "there is no task"),
    ({"preset": "none"}, "preset", "has no preset"),
    ({"dataset": "none"}, "dataset", "has no dataset"),
    ({"space": {"optimizer.learning_rat": RATE}}, "space.optimizer.learning_rat", "has no field 'learning_rat'"),
    ({"space": {"layers.0.units": {"kind": "choice", "values": ["a"]}}}, "space.layers.0.units.values.0", "integer"),
    ({"space": {"layers.0.units": {"kind": "range", "low": 1.5, "high": 3}}}, "space.layers.0.units.low", "whole"),
    ({"space": {"layers.0.units": {"kind": "range", "low": 1, "high": 9000}}}, "space.layers.0.units.high", "8192"),
    ({"space": {"loss": {"kind": "range", "low": 1, "high": 2}}}, "space.loss.kind", "not a number"),
    (
        {"space": {"optimizer.learning_rate": {"kind": "range", "low": 1, "high": 0.1}}},
        "space.optimizer.learning_rate.high",
        "must be above low, 1; got 0.1",
    ),
    (
        {"space": {"optimizer.learning_rate": {"kind": "range", "low": 0, "high": 1}}},
        "space.optimizer.learning_rate.low",
        "greater than 0",
    ),
    ({"space": {"epochs": {"kind": "range", "low": 1, "high": 3, "step": 4}}}, "space.epochs.step", "2e-06 to 2"),
    (
        {"space": {"optimizer.learning_rate": {"kind": "range", "low": 0.1, "high": 1, "step": 5e-324}}},
        "space.optimizer.learning_rate.step",
        "must be 9e-07 to 0.9: at least one step, and at most 1,000,000; got 4.94066e-324",
    ),
    ({"space": {"epochs": {"kind": "choice", "values": [2, 2]}}}, "space.epochs.values.1", "same as 0"),
    (
        {"space": {"optimizer.beta_1": {"kind": "choice", "values": [0.5]}}},
        "space.optimizer.beta_1",
        "no combination makes a recipe: optimizer.beta_1: optimizer of kind sgd has no field 'beta_1'",
    ),
    ({"space": {"layers.9.units": {"kind": "choice", "values": [5]}}}, "space.layers.9.units", "layers.9 is not there"),
    (
        {"space": {"layers.0": {"kind": "choice", "values": [{"kind": "max_pool"}]}}},
        "space.layers.0",
        "max_pool needs a picture",
    ),
    (
        {
            "space": {
                "epochs": {"kind": "choice", "values": [1], "when": {"members": [1]}},
                "members": {"kind": "choice", "values": [1], "when": {"epochs": [1]}},
            }
        },
        "space.epochs.when",
        "circle: epochs -> members -> epochs",
    ),
    ({"metric": "val_mae"}, "metric", "val_mae is not measured here: the head binary has val_loss and val_accuracy"),
    ({"metric": "accuracy"}, "metric", "val_loss"),
    ({"validation": {"kind": "none"}}, "validation.kind", "must be holdout or kfold"),
    ({"validation": {"kind": "holdout", "size": 10**6}}, "validation.size", "training rows"),
    ({"budget": {"trials": 0}}, "budget.trials", "greater than or equal to 1"),
    ({"budget": {"trials": 1001}}, "budget.trials", "1000"),
    ({"budget": {"minutes": 0}}, "budget.minutes", "greater than 0"),
    ({"generation": 0}, "generation", "greater than or equal to 1"),
    ({"recipe": {"epochs": 0}}, "recipe.epochs", "greater than or equal to 1"),
    ({"method": {"kind": "grid"}}, "space.optimizer.learning_rate.points", "a grid needs points"),
    (
        {
            "method": {"kind": "grid"},
            "space": {
                "seed": {"kind": "range", "low": 0, "high": 999, "step": 1},
                "epochs": {"kind": "range", "low": 1, "high": 1000, "step": 1},
            },
        },
        "space",
        "makes 1,000,000 combinations; the limit is 1,000",
    ),
    (
        {"method": {"kind": "cma_es"}, "space": {"epochs": {"kind": "range", "low": 1, "high": 9}}},
        "method.kind",
        "needs two ranges",
    ),
    ({"method": {"kind": "annealing"}}, "method", "annealing"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "field", "told"), BAD)
def test_what_does_not_fit_is_refused_with_its_field_and_limit(
    client: httpx.Client, fields: dict[str, Any], field: str, told: str
) -> None:
    answer = client.post("/sweeps", json={**ASKED, **fields})

    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert field in [error["field"] for error in problem["errors"]], problem
    assert told in problem["detail"]
    assert [] == client.get("/sweeps").json()["items"]


def test_a_grid_is_tried_as_a_whole_unless_the_budget_says_otherwise(client: httpx.Client) -> None:
    """Combinations that make no recipe are counted when it is asked for."""
    space = {
        "optimizer": {"kind": "choice", "values": {"sgd": {"kind": "sgd"}, "adam": {"kind": "adam"}}},
        "optimizer.momentum": {"kind": "choice", "values": [0.0, 0.5, 0.9]},
    }
    asked = {"space": space, "method": {"kind": "grid"}}

    whole, part = ask(client, **asked, budget={}), ask(client, **asked, budget={"trials": 2})

    assert (3, 3) == (whole["progress"]["trials"], whole["progress"]["skipped"])
    told = "optimizer.momentum: optimizer of kind adam has no field 'momentum'; `when` can tell where it has"
    assert whole["progress"]["skipped_reason"] == told
    assert part["progress"]["trials"] == 2


def test_what_is_left_out_comes_from_the_task(client: httpx.Client) -> None:
    found = client.post("/sweeps", json={"task": "housing", "space": {"optimizer.learning_rate": RATE}}).json()

    plan = found["plan"]
    assert ("boston_housing", "val_mae", "tpe", 20, 10) == (
        plan["dataset"], plan["metric"], plan["method"]["kind"], plan["budget"]["trials"], plan["generation"],
    )  # fmt: skip
    if plan["validation"]["kind"] == "kfold":
        assert plan["final_seeds"] == 1


def test_the_same_key_asks_once(client: httpx.Client, clock: FakeClock) -> None:
    headers = {"Idempotency-Key": "k"}
    first, again = (client.post("/sweeps", json=ASKED, headers=headers) for _ in range(2))
    other = client.post("/sweeps", json={**ASKED, "seed": 6}, headers=headers)

    assert (202, 202, 422) == (first.status_code, again.status_code, other.status_code)
    assert first.json()["id"] == again.json()["id"]
    assert other.json()["type"].endswith("idempotency-conflict")
    clock.advance(25 * 3600)
    assert first.json()["id"] != client.post("/sweeps", json=ASKED, headers=headers).json()["id"]


def test_so_many_may_run(client: httpx.Client) -> None:
    for _ in range(3):
        ask(client)

    refused = client.post("/sweeps", json=ASKED)

    assert refused.status_code == 429
    assert "3 sweeps are running already (DENSELY_MAX_SWEEPS)" in refused.json()["detail"]


def test_cancelling_ends_what_waits_and_asks_what_is_going(
    client: httpx.Client, driver: SweepDriver, database: Database, clock: FakeClock
) -> None:
    found = ask(client)
    driver.advance()
    with database.write() as tx:
        going = runs.claim(tx, "w-1", clock())
    assert going is not None

    asked = client.post(f"/sweeps/{found['id']}/cancel")

    assert (202, "running") == (asked.status_code, asked.json()["status"])
    states = {run["id"]: run["status"] for run in client.get("/runs", params={"sweep": found["id"]}).json()["items"]}
    assert ["cancelled", "cancelled", "running"] == sorted(states.values())
    assert client.get(f"/runs/{going.id}").json()["cancel_requested_at"]
    assert not driver.advance()
    with database.write() as tx:
        runs.release(tx, going.id, going.lease_id, clock())
    assert driver.advance()
    ended = client.get(f"/sweeps/{found['id']}").json()
    assert ("cancelled", 0, 3) == (
        ended["status"], ended["progress"]["failed"], ended["progress"]["cancelled"],
    )  # fmt: skip
    assert 409 == client.post(f"/sweeps/{found['id']}/cancel").status_code
    assert "only a running one can be cancelled" in client.post(f"/sweeps/{found['id']}/cancel").json()["detail"]


def test_cancelling_before_a_worker_has_seen_it_ends_it(client: httpx.Client, driver: SweepDriver) -> None:
    found = ask(client)

    assert client.post(f"/sweeps/{found['id']}/cancel").json()["status"] == "cancelled"
    assert not driver.advance()


def test_removing_takes_the_trials_and_leaves_the_winners_run(
    client: httpx.Client, driver: SweepDriver, database: Database, clock: FakeClock
) -> None:
    found = ask(client)
    assert 409 == client.delete(f"/sweeps/{found['id']}").status_code
    carry_out(driver, database, clock)
    final = client.get(f"/sweeps/{found['id']}").json()["outcome"]["final_run"]

    assert 204 == client.delete(f"/sweeps/{found['id']}").status_code

    assert 404 == client.get(f"/sweeps/{found['id']}").status_code
    assert [] == client.get("/runs", params={"sweep": found["id"]}).json()["items"]
    assert client.get(f"/runs/{final}").json()["sweep"] is None
    acts = [each["action"] for each in client.get("/audit").json()["items"]]
    assert ["sweep.deleted", "sweep.queued"] == acts


def test_a_trial_is_not_retried_and_the_winners_run_is_without_its_sweep(
    client: httpx.Client, driver: SweepDriver, database: Database, clock: FakeClock
) -> None:
    found = ask(client, budget={"trials": 2})
    driver.advance()
    failed = fail_next(database, clock)
    end_next(database, clock)
    driver.advance()
    final = fail_next(database, clock)
    driver.advance()

    refused, again = client.post(f"/runs/{failed}/retry"), client.post(f"/runs/{final}/retry")

    assert (409, 202) == (refused.status_code, again.status_code)
    assert f"is a trial of sweep {found['id']}, which goes on without it" in refused.json()["detail"]
    assert (None, 1.5) == (again.json()["sweep"], again.json()["prior"]["temperature"])
    ended = client.get(f"/sweeps/{found['id']}").json()
    assert ("failed", "Diverged") == (ended["status"], ended["error"]["type"])


@pytest.mark.parametrize("path", ["/sweeps/s-none", "/sweeps/s-none/cancel", "/runs/r-none/space"])
def test_what_is_not_there(client: httpx.Client, path: str) -> None:
    answer = client.post(path) if path.endswith("cancel") else client.get(path)

    assert answer.status_code == 404
    assert "there is no" in answer.json()["detail"]


def test_what_is_proposed_around_a_run_can_be_asked_for(
    client: httpx.Client, database: Database, clock: FakeClock
) -> None:
    """With what the run has of its own; fields that are the preset's are left out."""
    recipe = TASKS.get("planar").presets["dropout"].recipe.model_copy(update={"epochs": 3})
    run_id = queue_run(database, clock, "planar", preset="dropout", recipe=recipe)

    proposed = client.get(f"/runs/{run_id}/space").json()

    assert {"task", "preset", "dataset", "recipe", "space"} == set(proposed)
    assert {"epochs": 3} == proposed["recipe"]
    assert {"kind": "log_range", "low": 0.1, "high": 10.0} == proposed["space"]["optimizer.learning_rate"]
    assert {"kind": "choice", "values": [25, 50, 100]} == proposed["space"]["layers.0.units"]
    asked = client.post("/sweeps", json=proposed)
    assert asked.status_code == 202, asked.text
    assert recipe.model_dump(mode="json") == asked.json()["plan"]["recipe"]


def test_a_task_and_its_rows_stay_while_a_sweep_is_running(
    client: httpx.Client, database: Database, clock: FakeClock
) -> None:
    """Also while none of its runs waits or is going."""
    content = b"text,label\n" + b"".join(b"good %d,a\nbad %d,b\n" % (n, n) for n in range(40))
    asked = {"name": "own", "kind": {"kind": "text"}}
    made = client.post(
        "/tasks", files={"task": (None, '{"name": "own"}', "application/json"), "file": ("x.csv", content)},
        data={"train": "false"},
    )  # fmt: skip
    assert made.status_code == 201, (made.text, asked)
    found = ask(client, task="own", dataset=None, space={"epochs": {"kind": "choice", "values": [1, 2]}}, recipe={})

    for path in ("/tasks/own?models=true&datasets=true", "/datasets/own", "/datasets/own?version=1"):
        refused = client.delete(path)
        assert refused.status_code == 409, path
        assert "sweeps" in refused.json()["detail"]
    client.post(f"/sweeps/{found['id']}/cancel")
    assert 204 == client.delete("/tasks/own?models=true&datasets=true").status_code


def test_runs_are_listed_without_trials_where_that_is_asked_for(
    client: httpx.Client, driver: SweepDriver, database: Database, clock: FakeClock
) -> None:
    own = queue_run(database, clock)
    with database.write() as tx:
        runs.request_cancel(tx, own, clock())
    asked = ask(client)
    carry_out(driver, database, clock)
    final = client.get(f"/sweeps/{asked['id']}").json()["outcome"]["final_run"]

    assert 8 == len(client.get("/runs").json()["items"])
    found = client.get("/runs", params={"trials": "false"}).json()["items"]
    assert [final, own] == [run["id"] for run in found]


def test_the_outcome_says_whether_the_model_became_active_and_why(
    client: httpx.Client, driver: SweepDriver, database: Database, clock: FakeClock
) -> None:
    """As the final run's log tells it, whose last lines may be others, as many as somebody wants to write."""
    asked = ask(client)
    carry_out(driver, database, clock)
    outcome = client.get(f"/sweeps/{asked['id']}").json()["outcome"]
    assert (None, None) == (outcome["activated"], outcome["activation_reason"])

    with database.write() as tx:
        data = {"message": "published model m-1 (version 2); not activated: never was asked for", "activated": False}
        events.add_one(tx, outcome["final_run"], "log", clock(), data)
        events.add_one(tx, outcome["final_run"], "log", clock(), {"message": "activated: by somebody's dream"})
    for number in range(11):
        client.patch(f"/runs/{outcome['final_run']}", json={"note": f"thought {number}"}).raise_for_status()

    outcome = client.get(f"/sweeps/{asked['id']}").json()["outcome"]
    assert (False, "never was asked for") == (outcome["activated"], outcome["activation_reason"])


def test_a_trial_stays_while_its_sweep_is_running(
    client: httpx.Client, driver: SweepDriver, database: Database, clock: FakeClock
) -> None:
    """What would be chosen from the others might be another recipe."""
    asked = ask(client)
    driver.advance()
    ended = end_next(database, clock)
    assert ended is not None
    answer = client.delete(f"/runs/{ended['id']}")
    assert (409, True) == (answer.status_code, asked["id"] in answer.json()["detail"])

    while end_next(database, clock):
        pass
    carry_out(driver, database, clock)
    assert 204 == client.delete(f"/runs/{ended['id']}").status_code


@pytest.mark.parametrize(
    ("asked", "least"),
    [
        ({"recipe": {"epochs": 3}}, 2),
        ({"recipe": {"epochs": 9}}, 3),
        ({"recipe": {"epochs": 100}}, 25),
        ({"recipe": {"epochs": 100}, "validation": {"kind": "kfold", "folds": 4}}, 2),
        ({"pruner": {"kind": "median", "least": 1}}, 1),
        ({"pruner": {"kind": "median"}}, 3),
    ],
)
def test_a_trial_gets_a_while_before_it_is_looked_at(client: httpx.Client, asked: dict[str, Any], least: int) -> None:
    assert least == ask(client, **asked)["plan"]["pruner"]["least"]


def test_a_space_of_few_recipes_ends_when_all_are_tried(
    client: httpx.Client, driver: SweepDriver, database: Database, clock: FakeClock
) -> None:
    space = {"batch_size": {"kind": "choice", "values": [10, 20]}}
    asked = ask(client, space=space, method={"kind": "tpe"}, budget={"trials": 20})
    carry_out(driver, database, clock)
    found = client.get(f"/sweeps/{asked['id']}").json()

    tried = [row["parameters"].get("batch_size", "the base's") for row in found["leaderboard"]]
    assert ("succeeded", [10, 20, "the base's"]) == (found["status"], sorted(tried, key=str))
    assert {row["run_id"]: row["value"] for row in found["leaderboard"] if not row["number"]} == {
        found["outcome"]["base"]["run_id"]: found["outcome"]["base"]["value"]
    }
