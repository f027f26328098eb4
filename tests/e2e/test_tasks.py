"""Train each task over HTTP, and predict with what was trained."""

import os
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from benchmarks.service import Service
from tests.e2e.conftest import UNPREPARED, StartService

TASKS = ("digits", "housing", "newswire", "sentiment")

# What each must reach on its sample: far from guessing, with a margin below what several seeds reached.
ON_SAMPLE = {"digits": 0.85, "newswire": 0.90, "sentiment": 0.85}
MAE_ON_SAMPLE = 3.5  # thousands of dollars; guessing scores 6.6

# Plain Keras' figures on the real files (see docs/benchmarks.md), and how far a run may stay from them.
REAL = {
    "sentiment": ("imdb", "accuracy", 0.8747, 0.01),
    "newswire": ("reuters", "accuracy", 0.8700, 0.01),
    "digits": ("mnist", "accuracy", 0.9809, 0.01),
    "housing": ("boston_housing", "mae", 2.79, 0.4),
}

DATASETS = os.environ.get("DENSELY_DATASETS_DIR", "")
KERAS_FILES = os.environ.get("DENSELY_TEST_KERAS_HOME", "")


def test_bundled_models_answer_on_first_start_and_samples_train(start_service: StartService) -> None:
    """With an empty datasets folder and no network: four predictions, four runs, four new models in use."""
    service = start_service()
    examples = {t["name"]: {"task": t["name"], **t["example"]} for t in service.client.get("/tasks").json()["items"]}
    before = {task: predict(service, examples[task]) for task in TASKS}
    assert "positive" == before["sentiment"]["prediction"]["label"]
    assert "crude" == before["newswire"]["prediction"]["label"]
    assert 7 == before["digits"]["prediction"]["label"]
    assert 15 < before["housing"]["prediction"]["value"] < 35

    queued = {task: service.train(task=task, dataset="sample", seed=1, activate="always") for task in TASKS}
    runs = {task: service.wait(run["id"]) for task, run in queued.items()}

    for task, run in runs.items():
        assert "succeeded" == run["status"], run["error"]
        assert run["dataset_is_sample"]
        good_on_sample(task, run["metrics"])
        wait_for_model(service, examples[task], {"id": run["model_id"], "version": 2})
        history = service.client.get(f"/runs/{run['id']}/history").json()["epochs"]
        assert list(range(1, run["recipe"]["epochs"] + 1)) == [epoch["epoch"] for epoch in history]
        assert run["progress"]["fraction"] == 1.0
        manifest = service.client.get(f"/models/{run['model_id']}").json()["manifest"]
        assert manifest["dataset"]["is_sample"]
        assert manifest["parity"]["max_difference"] <= 1e-5
    assert 0 == service.stop()


def test_the_history_is_there_while_the_run_is_going(start_service: StartService) -> None:
    service = start_service()
    run = service.train(
        task="housing",
        dataset="sample",
        recipe={"epochs": 2000, "layers": [{"kind": "dense", "units": 1024}] * 2},
        activate="never",
    )
    seen = 0
    while seen < 3:
        assert service.run(run["id"])["status"] in ("queued", "running")
        seen = len(service.client.get(f"/runs/{run['id']}/history").json()["epochs"])
        time.sleep(0.02)
    service.client.post(f"/runs/{run['id']}/cancel").raise_for_status()

    assert "cancelled" == service.wait(run["id"], 20)["status"]


def test_without_file_and_network_the_run_fails_at_once_and_says_what_to_do(start_service: StartService) -> None:
    service = start_service()
    run = service.wait(service.train(task="digits", dataset="mnist")["id"], 60)

    assert "failed" == run["status"]
    assert "DatasetUnavailable" == run["error"]["type"]
    for word in ("mnist.parquet", "DENSELY_DATASETS_DIR", "'sample'"):
        assert word in run["error"]["message"]
    assert str(service.folder) not in service.client.get(f"/runs/{run['id']}/events").text + str(run)
    assert str(service.folder / "datasets") in service.log.read_text(encoding="utf-8")
    assert run["model_id"] is None


@pytest.mark.skipif(not DATASETS, reason="DENSELY_DATASETS_DIR is not set: no real data here")
def test_real_data_reaches_what_plain_keras_reaches(start_service: StartService) -> None:
    """Each task's baseline on the real files, and `/predict` with the result."""
    missing = [name for name, *_ in REAL.values() if not (Path(DATASETS) / f"{name}.parquet").exists()]
    if missing:
        pytest.skip(f"{', '.join(missing)} not in DENSELY_DATASETS_DIR")
    service = start_service(DENSELY_DATASETS_DIR=DATASETS)
    queued = {
        task: service.train(task=task, dataset=name, seed=2, activate="always") for task, (name, *_) in REAL.items()
    }
    for task, (name, metric, expected, margin) in REAL.items():
        run = service.wait(queued[task]["id"])
        assert "succeeded" == run["status"], run["error"]
        reached = run["metrics"]["test"][metric]
        worse = expected - reached if metric == "accuracy" else reached - expected
        assert worse <= margin, f"{task} on {name}: {metric} {reached}"
        example = service.client.get(f"/tasks/{task}").json()["example"]
        wait_for_model(service, {"task": task, **example}, {"id": run["model_id"], "version": 2})
    shuffled = service.run(queued["newswire"]["id"])["metrics"]["baseline"]["accuracy"]
    assert 0.19 == pytest.approx(shuffled, abs=0.01)


@pytest.mark.skipif(not KERAS_FILES, reason="DENSELY_TEST_KERAS_HOME is not set: Keras' published files are not here")
def test_a_missing_file_is_imported_from_keras_published_one(start_service: StartService) -> None:
    """The run's record says which stories were dropped, and the file is there for the next run."""
    service = start_service(KERAS_HOME=KERAS_FILES)
    run = service.wait(service.train(task="newswire", dataset="reuters", seed=1)["id"])

    assert "succeeded" == run["status"], run["error"]
    assert run["metrics"]["test"]["accuracy"] > 0.83  # without headlines; plain Keras on the published file: 0.79
    events = service.client.get(f"/runs/{run['id']}/events").json()["items"]
    assert any("975 stories dropped" in event["data"].get("message", "") for event in events)
    assert (service.folder / "datasets" / "reuters.parquet").is_file()


def test_a_second_instance_with_its_own_folders_runs_beside_the_first(start_service: StartService) -> None:
    first, second = (start_service(name, **UNPREPARED) for name in ("first", "second"))
    answers = [predict(service, {"task": "sentiment", "text": "dreadful, boring"}) for service in (first, second)]

    assert answers[0] == answers[1]
    assert first.folder != second.folder
    for service in (first, second):
        with sqlite3.connect(service.folder / "home" / "densely.db") as database:
            assert [(5,)] == database.execute("SELECT count(*) FROM models").fetchall()
        database.close()


def predict(service: Service, body: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = service.client.post("/predict", json=body).raise_for_status().json()
    return answer


def wait_for_model(service: Service, body: dict[str, Any], expected: dict[str, Any]) -> None:
    """A new active model answers within two seconds."""
    deadline = time.monotonic() + 2
    while (answered := predict(service, body)["model"]) != expected:
        assert time.monotonic() < deadline, answered
        time.sleep(0.02)


def good_on_sample(task: str, metrics: dict[str, dict[str, float]]) -> None:
    if task == "housing":
        assert metrics["test"]["mae"] < MAE_ON_SAMPLE < metrics["baseline"]["mae"]
    else:
        assert metrics["test"]["accuracy"] > ON_SAMPLE[task] > metrics["baseline"]["accuracy"]
