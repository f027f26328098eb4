"""`POST /train/preview`: what a training would be, without queueing it."""

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from app.artifacts.store import ArtifactStore
from app.db import workers
from app.db.engine import Database
from app.db.tables import runs
from app.domain.recipes import Holdout
from app.settings import Settings
from app.wire.manifests import Manifest
from tests.integration.finished import Finished
from tests.support.artifacts import register
from tests.support.clock import FakeClock
from tests.support.queue import queue_run
from tests.support.tasks import TASKS

BUNDLED = Path(__file__).parents[2] / "models_store"
MANIFESTS = [Manifest.model_validate_json(path.read_text()) for path in sorted(BUNDLED.glob("*/*/manifest.json"))]
EPOCHS = [{"loss": 0.5}] * 4  # of a tenth of a second each
Preview = dict[str, Any]


def preview(client: httpx.Client, task: str = "housing", **asked: Any) -> Preview:
    answer = client.post("/train/preview", json={"task": task, "dataset": "sample", **asked})
    assert 200 == answer.status_code, answer.text
    found: Preview = answer.json()
    return found


@pytest.mark.parametrize("task", TASKS.all)
def test_it_is_what_would_be_queued_and_nothing_is(client: httpx.Client, task: str) -> None:
    asked = {"task": task, "recipe": {"epochs": 3}}
    told = client.post("/train/preview", json=asked).json()

    assert [] == client.get("/runs").json()["items"]
    run = client.post("/train", json=asked).json()
    assert {name: run[name] for name in ("recipe", "validation", "dataset")} == {
        name: told[name] for name in ("recipe", "validation", "dataset")
    }
    assert told["parameters"] == told["recipe"]["members"] * sum(layer["parameters"] for layer in told["layers"])
    assert [*(layer["kind"] for layer in run["recipe"]["layers"]), "dense"] == [one["kind"] for one in told["layers"]]


@pytest.fixture
def trained(client_for: Callable[[Settings], httpx.Client], settings: Settings, database: Database) -> httpx.Client:
    """With the bundled models, which Keras has made."""
    shutil.copytree(BUNDLED, settings.models_dir, dirs_exist_ok=True)
    with database.write() as tx:
        for manifest in MANIFESTS:
            register(tx, manifest)
    return client_for(settings)


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda manifest: manifest.task)
def test_layers_are_those_that_keras_makes(trained: httpx.Client, manifest: Manifest) -> None:
    recipe = json.loads(manifest.recipe.model_dump_json())
    told = preview(trained, manifest.task, recipe=recipe, dataset=manifest.dataset.name)
    made = [layer for layer in manifest.layers if layer.kind not in ("reshape", "activation")]
    kinds = [layer.kind for layer in made]

    if kinds.count("flatten") > sum(layer.kind == "flatten" for layer in manifest.recipe.layers):  # that of its own
        made.pop(kinds.index("flatten"))
    assert manifest.parameters == told["parameters"]
    assert [layer.parameters for layer in made] == [layer["parameters"] for layer in told["layers"]]
    assert [layer.shape or (layer.units,) for layer in made] == [tuple(layer["output"]) for layer in told["layers"]]


def test_a_width_that_the_rows_decide_is_the_most_or_that_of_a_model(trained: httpx.Client) -> None:
    manifest = next(manifest for manifest in MANIFESTS if manifest.task == "newswire")
    recipe = json.loads(manifest.recipe.model_dump_json())
    other = {**recipe, "features": {**recipe["features"], "max_features": 777}}

    known = preview(trained, "newswire", recipe=recipe, dataset="reuters")
    unknown = preview(trained, "newswire", recipe=other, dataset="reuters")

    assert ([manifest.input["width"]], "model") == (known["input"], known["input_from"])
    assert any(manifest.id in warning for warning in known["warnings"])
    assert ([778], "most") == (unknown["input"], unknown["input_from"])
    assert any("at most" in warning for warning in unknown["warnings"])


def test_changes_are_told_by_field_or_as_a_whole_where_kinds_differ(client: httpx.Client) -> None:
    preset = json.loads(TASKS.get("housing").presets["baseline"].recipe.model_dump_json())
    wider = [{**preset["layers"][0], "units": 99}, *preset["layers"][1:]]
    fewer: list[Any] = [{"kind": "dropout", "rate": 0.5}]

    by_field = preview(client, recipe={"layers": wider, "epochs": 7})["changes"]
    whole = preview(client, recipe={"layers": fewer, "optimizer": {"kind": "sgd"}})["changes"]
    held_out = preview(client, validation={"kind": "holdout", "size": 10})["changes"]

    assert {"recipe.layers.0.units": (64, 99), "recipe.epochs": (preset["epochs"], 7)} == told(by_field)
    assert {"recipe.layers", "recipe.optimizer"} == set(told(whole))
    assert (preset["layers"], fewer) == told(whole)["recipe.layers"]
    assert ["validation"] == list(told(held_out))
    assert [] == preview(client)["changes"]


def told(changes: list[dict[str, Any]]) -> dict[str, tuple[Any, Any]]:
    return {change["field"]: (change["preset"], change["value"]) for change in changes}


REFUSED: list[dict[str, Any]] = [
    {"task": "none"},
    {"task": "housing", "preset": "none"},
    {"task": "housing", "dataset": "none"},
    {"task": "housing", "recipe": {"epochs": 0}},
    {"task": "housing", "recipe": {"head": "binary"}},
    {"task": "housing", "recipe": {"layers": [{"kind": "conv2d", "filters": 3}]}},
    {"task": "housing", "recipe": {"features": {"kind": "standardized", "exclude": ["none"]}}},
    {"task": "housing", "dataset": "sample", "validation": {"kind": "holdout", "size": 10_000_000}},
    {"task": "housing", "recipe": {"early_stopping": {"patience": 1}}, "validation": {"kind": "none"}},
    {"task": "housing", "seeds": 2, "validation": {"kind": "kfold", "folds": 2}},
    {"task": "housing", "webhook": "http://169.254.0.1/"},
    {"task": "housing", "tags": {"": "x"}},
    {"task": "housing", "note": "\x00"},
    {"task": "digits", "recipe": {"layers": [{"kind": "dense", "units": 8192}] * 3}, "more": 1},
    {},
]


@pytest.mark.parametrize("asked", REFUSED, ids=json.dumps)
def test_it_refuses_what_train_refuses(client: httpx.Client, asked: dict[str, Any]) -> None:
    train, told = (client.post(path, json=asked) for path in ("/train", "/train/preview"))

    assert 422 == train.status_code == told.status_code
    assert train.json()["errors"] == told.json()["errors"]


def test_a_full_queue_refuses_it_too(
    client_for: Callable[[Settings], httpx.Client], settings: Settings, database: Database, clock: FakeClock
) -> None:
    full = client_for(settings.model_copy(update={"max_queued_runs": 1}))
    queue_run(database, clock)

    train, told = (full.post(path, json={"task": "housing"}) for path in ("/train", "/train/preview"))

    assert 429 == train.status_code == told.status_code
    assert train.json()["detail"] == told.json()["detail"]


def test_time_is_told_by_the_same_recipe_then_by_similar_runs_then_by_others(
    client: httpx.Client, database: Database, finished: Finished
) -> None:
    assert preview(client)["estimate"] is None

    took(database, finished.run("planar", None, EPOCHS), 3.0)
    by_others = preview(client)["estimate"]
    took(database, finished.run("housing", None, EPOCHS), 5.0)
    same, longer = preview(client)["estimate"], preview(client, recipe={"epochs": 400})["estimate"]

    assert ("weights", 1) == (by_others["from"], by_others["runs"])
    assert ("same recipe", 5.0, 1) == (same["from"], same["seconds"], same["runs"])
    assert ("similar runs", 1) == (longer["from"], longer["runs"])
    # A tenth of a second for each epoch, and what the run of four took besides.
    assert pytest.approx(4.6 + 40.0) == longer["seconds"]
    assert all(one["low"] <= one["seconds"] <= one["high"] for one in (by_others, same, longer))


def test_runs_that_failed_and_trials_tell_nothing(
    client: httpx.Client, database: Database, clock: FakeClock, finished: Finished
) -> None:
    queue_run(database, clock)
    with database.write() as tx:
        tx.execute(update(runs).values(status="failed", started_at=clock(), finished_at=clock()))
    took(database, finished.run("housing", None, EPOCHS), 5.0, trial={"number": 0})

    assert preview(client)["estimate"] is None


def test_the_wait_is_what_is_before_it(
    client: httpx.Client, database: Database, clock: FakeClock, finished: Finished
) -> None:
    assert preview(client)["queue_seconds"] is None
    with database.write() as tx:
        workers.seen(tx, "w-1", clock(), {"host": "h", "pid": 1, "devices": [], "versions": {}})
    assert 0 == preview(client)["queue_seconds"]

    took(database, finished.run("housing", None, EPOCHS), 5.0)
    for _ in range(2):
        queue_run(database, clock, "housing")

    assert 10 == preview(client)["queue_seconds"]


def took(database: Database, run_id: str, seconds: float, **values: Any) -> None:
    """A run that was made in no time by the clock of tests."""
    with database.write() as tx:
        row = tx.execute(runs.select().where(runs.c.id == run_id)).one()
        begun = row.finished_at - timedelta(seconds=seconds)
        tx.execute(update(runs).where(runs.c.id == run_id).values(started_at=begun, **values))


def test_what_is_unwise_is_said(client: httpx.Client, store: ArtifactStore) -> None:
    del store
    asked = {"early_stopping": {"monitor": "val_loss", "patience": 500}, "epochs": 10}
    told = preview(client, recipe=asked, validation=Holdout(size=5).model_dump())["warnings"]

    assert any("toy" in words for words in told)
    assert any("early stopping never happens" in words for words in told)
    assert not any("no rows are held out" in words for words in told)
    assert any("no rows are held out" in words for words in preview(client, "planar")["warnings"])
