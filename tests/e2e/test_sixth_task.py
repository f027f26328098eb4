"""A sixth task is one file of data: with nothing else changed it trains, predicts, explains, is compared and drawn."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.service import Service
from densely_client import Densely
from tests.support import sixth


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service from a folder with six tasks."""
    with sixth.served(tmp_path_factory.mktemp("sixth")) as started:
        yield started


@pytest.fixture(scope="module")
def runs(service: Service) -> list[dict[str, Any]]:
    """Two runs that have ended: the preset's, and one with another layer."""
    small = {"layers": [{"kind": "dense", "units": 2}]}
    asked = [service.train(task=sixth.NAME, seed=1), service.train(task=sixth.NAME, seed=2, recipe=small)]
    return [service.wait(run["id"]) for run in asked]


def test_it_trains_and_is_active(service: Service, runs: list[dict[str, Any]]) -> None:
    for run in runs:
        assert "succeeded" == run["status"], run["error"]
    assert runs[0]["metrics"]["test"]["accuracy"] > 0.85 > runs[0]["metrics"]["baseline"]["accuracy"]

    task = service.client.get(f"/tasks/{sixth.NAME}").json()
    assert ("table", sixth.NAME) == (task["kind"], task["active_model"]["task"])
    assert [*sorted(["digits", "housing", "newswire", "planar", "sentiment", sixth.NAME])] == [
        each["name"] for each in service.client.get("/tasks").json()["items"]
    ]


def test_it_predicts_explains_and_warns(service: Service, runs: list[dict[str, Any]]) -> None:
    body = {"task": sixth.NAME, "features": sixth.EXAMPLE, "explain": True, "top_k": 2}
    found = service.client.post("/predict", json=body).json()["prediction"]

    assert "setosa" == found["label"] == found["top"][0]["label"]
    assert 2 == len(found["top"])
    assert list(sixth.SPECIES) == list(found["probabilities"])
    assert 1 == pytest.approx(sum(found["probabilities"].values()), abs=1e-5)
    assert set(sixth.COLUMNS) == set(found["explanation"]["effects"])
    assert "setosa" == found["explanation"]["label"]
    assert [] == found["warnings"]

    far = service.client.post("/predict", json={"task": sixth.NAME, "features": {**sixth.EXAMPLE, "petal_width": 90}})
    assert ["features.petal_width"] == [warning["field"] for warning in far.json()["prediction"]["warnings"]]
    wrong = service.client.post("/predict", json={"task": sixth.NAME, "features": {"petal_width": 1}})
    assert 422 == wrong.status_code
    assert "features.sepal_length" == wrong.json()["errors"][0]["field"]


def test_it_is_encoded_and_turned_back(service: Service, runs: list[dict[str, Any]]) -> None:
    row = service.client.post(f"/tasks/{sixth.NAME}/encode", json={"features": sixth.EXAMPLE}).json()["encoding"]
    assert list(sixth.COLUMNS) == row["columns"]

    back = service.client.post(f"/tasks/{sixth.NAME}/decode", json={"values": row["values"]}).json()["decoding"]
    assert sixth.EXAMPLE == pytest.approx(back["input"]["features"], abs=1e-4)


def test_it_is_described(service: Service) -> None:
    described = service.client.get("/openapi.json").json()

    assert {"IrisRequest", "IrisBatchRequest", "IrisResponse", "IrisFeatures"} <= set(
        described["components"]["schemas"]
    )
    assert f"/tasks/{sixth.NAME}/encode" in described["paths"]
    examples = described["paths"]["/train"]["post"]["requestBody"]["content"]["application/json"]["examples"]
    assert sixth.NAME == examples[sixth.NAME]["value"]["dataset"]


def test_it_is_compared_and_drawn(service: Service, runs: list[dict[str, Any]]) -> None:
    ids = ",".join(run["id"] for run in runs)
    compared = service.client.get(f"/compare?runs={ids}").json()
    assert "mcnemar" == compared["tests"][0]["test"]

    model = service.client.get(f"/models/{runs[0]['model_id']}").json()
    paths = [drawing["path"] for drawing in (*compared["pictures"], *model["pictures"])]
    assert 3 == len(paths)
    for path in (*paths, f"runs/{runs[0]['id']}/curves.svg"):
        answer = service.client.get(f"/{path}")
        assert (200, "image/svg+xml") == (answer.status_code, answer.headers["content-type"].split(";")[0]), path
    rows = service.client.get(f"/models/{runs[0]['model_id']}/predictions?limit=3").json()["items"]
    assert 3 == len(rows)


def test_the_command_line_needs_to_know_nothing_of_it(
    service: Service, runs: list[dict[str, Any]], tmp_path: Path
) -> None:
    features = [f"{name}={value}" for name, value in sixth.EXAMPLE.items()]

    def densely(*words: str) -> Any:
        environment = {**os.environ, "DENSELY_URL": service.url, "DENSELY_HOME": str(tmp_path)}
        command = [sys.executable, "-m", "app.cli", *words, "--json"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert 0 == done.returncode, done.stderr
        return json.loads(done.stdout)

    assert "setosa" == densely("predict", sixth.NAME, *features)["label"]
    assert list(sixth.COLUMNS) == densely("encode", sixth.NAME, *features)["encoding"]["columns"]
    assert runs[0]["id"] in [run["id"] for run in densely("runs", "--task", sixth.NAME)]


def test_the_python_client_needs_to_know_nothing_of_it(service: Service, runs: list[dict[str, Any]]) -> None:
    with Densely(service.url) as client:
        answer = client.predict(sixth.NAME, features=sixth.EXAMPLE, top_k=2)
        assert ("setosa", 2) == (answer.label, len(answer.top))
        assert ["setosa"] == [each.label for each in client.predict.many(sixth.NAME, [{"features": sixth.EXAMPLE}])]
        assert sixth.NAME in [task.name for task in client.tasks.list()]
        run = client.train(sixth.NAME, recipe={"epochs": 1}, activate="never").wait()
        assert "succeeded" == run.status
