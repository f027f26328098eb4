"""A sweep ends with the same result whatever is killed on the way: real processes, really killed."""

import time
from collections.abc import Callable
from typing import Any

from benchmarks.service import Service
from tests.e2e.conftest import StartService, processes_of, trainer_of

# Of both services, since TensorFlow rounds otherwise with another number of threads.
TWO = {"DENSELY_TRAINERS": 2}
QUICK_LEASE = {"DENSELY_LEASE_SECONDS": 2, "DENSELY_HEARTBEAT_SECONDS": 0.5, **TWO}
# Wide enough that a trial takes some tenths of a second, so that it can be killed.
SEARCH: dict[str, Any] = {
    "task": "housing",
    "dataset": "sample",
    "seed": 5,
    "recipe": {"epochs": 40, "layers": [{"kind": "dense", "units": 1024}] * 2},
    "validation": {"kind": "holdout", "size": 20},
    "space": {
        "optimizer.learning_rate": {"kind": "log_range", "low": 1e-5, "high": 1e-2},
        "layers.0.units": {"kind": "choice", "values": [1024, 1025]},
    },
    "method": {"kind": "tpe", "startup_trials": 3},
    "budget": {"trials": 9},
    "generation": 3,
}


def begin(service: Service, search: dict[str, Any] = SEARCH) -> str:
    sweep_id: str = service.client.post("/sweeps", json=search).raise_for_status().json()["id"]
    return sweep_id


def sweep_of(service: Service, sweep_id: str) -> dict[str, Any]:
    sweep: dict[str, Any] = service.client.get(f"/sweeps/{sweep_id}").raise_for_status().json()
    return sweep


def wait_until(condition: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)


def wait_for_trial(service: Service, sweep_id: str, number: int) -> None:
    """Until this many have ended and another one is going."""

    def is_there() -> bool:
        progress = sweep_of(service, sweep_id)["progress"]
        return bool(progress["ended"] >= number and progress["going"])

    wait_until(is_there)


def ended(service: Service, sweep_id: str) -> dict[str, Any]:
    wait_until(lambda: sweep_of(service, sweep_id)["status"] != "running", 180)
    return sweep_of(service, sweep_id)


def result(sweep: dict[str, Any]) -> Any:
    """What must not depend on what happened on the way."""
    rows = sorted((row["number"], row["parameters"], row["pruned"], row["value"]) for row in sweep["leaderboard"])
    outcome = sweep["outcome"]
    return sweep["status"], rows, outcome["number"], outcome["value"], outcome["test"], outcome["spread"]


def test_a_sweep_outlives_its_trainer_its_worker_and_a_restart_and_two_workers_share_one(
    start_service: StartService,
) -> None:
    """One trial's attempt is all that each costs: figures are those of a sweep that nothing happened to."""
    service = start_service("disturbed", **QUICK_LEASE)
    sweep_id = begin(service)
    wait_for_trial(service, sweep_id, 1)
    trainer_of(service).kill()
    wait_for_trial(service, sweep_id, 3)
    processes_of(service, "app.worker")[0].kill()
    wait_for_trial(service, sweep_id, 5)
    service.stop()
    service = start_service("disturbed", **QUICK_LEASE)
    disturbed = ended(service, sweep_id)
    runs = service.client.get("/runs", params={"sweep": sweep_id}).json()["items"]
    service.stop()
    quiet = start_service("quiet", **TWO)
    undisturbed = ended(quiet, begin(quiet))

    assert "succeeded" == undisturbed["status"], undisturbed["error"]
    assert result(undisturbed) == result(disturbed)
    assert 10 == len(runs), "nine trials and the winner's run"
    assert 1 <= sum(run["attempt"] - 1 for run in runs), "a kill may come between two trials, not all of them do"
    assert [disturbed["outcome"]["model_id"]] == [run["model_id"] for run in runs if run["model_id"]]
