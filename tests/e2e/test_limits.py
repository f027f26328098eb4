"""Runs that are ended: by a cancel, by their limits, by diverging; and an API that dies."""

import time

from tests.e2e.conftest import UNPREPARED, StartService, processes_of
from tests.e2e.test_crashes import LONG, WIDE, wait_for_epochs
from tests.support.wire import answers, connect, received, request


def test_a_cancel_takes_effect_at_once_and_leaves_nothing_behind(start_service: StartService) -> None:
    service = start_service(DENSELY_CHECKPOINT_SECONDS=0)
    run_id = service.train(**LONG)["id"]
    wait_for_epochs(service, run_id, 3)
    assert list((service.folder / "home" / "checkpoints").glob("*"))

    service.client.post(f"/runs/{run_id}/cancel").raise_for_status()
    asked = time.monotonic()
    run = service.wait(run_id, 20)

    assert "cancelled" == run["status"]
    assert time.monotonic() - asked < 5
    while list((service.folder / "home" / "checkpoints").glob("*")):  # the worker removes them after the run's end
        assert time.monotonic() - asked < 20
        time.sleep(0.05)
    assert 409 == service.client.post(f"/runs/{run_id}/cancel").status_code


def test_a_run_over_its_time_limit_fails_and_says_so(start_service: StartService) -> None:
    service = start_service(DENSELY_RUN_TIME_LIMIT_SECONDS=6)
    run = service.wait(service.train(**{**LONG, "recipe": {"epochs": 10_000, "layers": WIDE}})["id"], 60)

    assert ("failed", "TimeLimit") == (run["status"], run["error"]["type"])
    assert "6 seconds" in run["error"]["message"]


def test_a_run_over_its_memory_limit_fails_and_says_so(start_service: StartService) -> None:
    service = start_service(DENSELY_RUN_MEMORY_LIMIT_MIB=256)  # less than TensorFlow itself
    run = service.wait(service.train(**LONG)["id"], 60)

    assert ("failed", "MemoryLimit") == (run["status"], run["error"]["type"])


def test_a_diverging_run_fails_with_the_epoch_and_the_likely_cause(start_service: StartService) -> None:
    service = start_service()
    recipe = {"epochs": 50, "optimizer": {"kind": "sgd", "learning_rate": 10.0}}
    run = service.wait(service.train(task="housing", dataset="sample", recipe=recipe)["id"], 60)

    assert ("failed", "Diverged") == (run["status"], run["error"]["type"])
    assert "in epoch" in run["error"]["message"]
    assert "learning rate" in run["error"]["message"]


def test_a_connection_is_kept_alive_for_as_long_as_is_set(start_service: StartService) -> None:
    """After an answer of either sort: `/predict` has a timer of its own. A balancer's connections outlive it else."""
    service = start_service(command="up", DENSELY_KEEP_ALIVE_SECONDS=0.5, **UNPREPARED)
    point = b'{"task": "planar", "point": [0.3, 1.2]}'
    for asked in (request("GET", "/health/live"), request("POST", "/predict", point)):
        with connect(service.url) as connection:
            connection.sendall(asked)
            (answer,) = answers(received(connection))  # to its end, which comes long before the default's
        assert (200, None) == (answer.status, answer.headers.get("connection"))


def test_the_api_is_started_again_when_it_dies(start_service: StartService) -> None:
    service = start_service(**UNPREPARED)
    processes_of(service, "app.main")[0].kill()
    time.sleep(0.3)
    service.wait_until_ready()

    assert 200 == service.client.get("/tasks").status_code
