"""`/models/{id}/report`, and who activated a model and why."""

from typing import Any

import httpx
import numpy as np
import pytest
from sqlalchemy import update

from app.artifacts.evaluation import Evaluation
from app.artifacts.store import ArtifactStore
from app.db import models
from app.db.engine import Database
from app.db.tables import runs
from app.domain.recipes import HEADS, HeadName
from app.domain.runs import Metrics
from app.services.keys import KeyService, KeySpec
from app.wire.reports import ModelReport
from tests.integration.finished import Finished, answers_of, model_of
from tests.support.artifacts import add_model
from tests.support.clock import FakeClock
from tests.support.tasks import TASKS

EVERY_HEAD = [(name, head) for name, task in TASKS.all.items() for head in task.heads]


def report(client: httpx.Client, model_id: str) -> dict[str, Any]:
    answer = client.get(f"/models/{model_id}/report")
    assert 200 == answer.status_code, answer.text
    found: dict[str, Any] = answer.json()
    ModelReport.model_validate(found)
    return found


def figure_of(evaluation: Evaluation, metric: str) -> float:
    if metric == "mae" and evaluation.target.dtype.kind != "f":
        assert evaluation.millionths is not None
        return float(np.abs(evaluation.millionths[:, 0] / 1e6 - evaluation.target).mean())
    if metric == "mae":
        return float(evaluation.errors().mean())
    if metric == "accuracy":
        return float(evaluation.right().mean())
    hits = float((evaluation.target & evaluation.predicted).sum())
    return 2 * hits / float(evaluation.target.sum() + evaluation.predicted.sum())


def made(finished: Finished, task: str, head: HeadName, evaluation: Evaluation | None = None) -> tuple[str, Evaluation]:
    """A model with these answers and the figures that belong to them; its id and the answers."""
    kept = evaluation or answers_of(task, head)
    recipe = TASKS.get(task).presets["baseline"].recipe
    changed = recipe.model_copy(update={"head": head, "loss": HEADS[head].losses[0]})
    name = HEADS[head].metric
    metrics = Metrics(test={name: figure_of(kept, name)}, baseline={name: 0.25})
    return model_of(finished.run(task, kept, metrics=metrics, recipe=changed)), kept


@pytest.mark.parametrize(("task", "head"), EVERY_HEAD)
def test_every_sort_of_model_has_a_report(client: httpx.Client, finished: Finished, task: str, head: HeadName) -> None:
    model_id, kept = made(finished, task, head)
    found = report(client, model_id)
    metric = found["metric"]

    assert (HEADS[head].metric, 0.25) == (metric["name"], metric["guessing"])
    assert metric["low"] < metric["value"] < metric["high"]
    assert figure_of(kept, metric["name"]) == pytest.approx(metric["value"])
    kind = "numbers" if head == "regression" else "several" if head == "multilabel" else "labels"
    assert kind == found["kind"]
    assert (kind == "numbers") == (found["errors"] is not None) == (found["calibration"] is None)
    if kind != "numbers":
        assert int(kept.target.sum()) == sum(row["rows"] for row in found["labels"]) or kind == "labels"
    if kind == "labels":
        assert len(kept.target) == sum(row["rows"] for row in found["labels"])
        assert int(np.sum(~kept.right())) == sum(pair["rows"] for pair in found["confusions"])
        assert found["confusions"] == sorted(found["confusions"], key=lambda pair: -pair["rows"])
    files = client.get(f"/models/{model_id}").json()["manifest"]["files"]
    assert sum(file["bytes"] for file in files.values()) == found["bytes"]


@pytest.mark.parametrize("head", ["binary"])
def test_a_model_is_compared_with_the_active_one_on_the_same_rows(
    client: httpx.Client, finished: Finished, head: HeadName
) -> None:
    good, kept = made(finished, "sentiment", head)
    bad, _ = made(finished, "sentiment", head, Evaluation(kept.target, 1 - kept.target, millionths=kept.millionths))
    client.put("/tasks/sentiment/active-model", json={"model_id": bad}).raise_for_status()

    found = report(client, good)["active"]
    assert (bad, True) == (found["model_id"], found["significant"])
    assert found["difference"] == pytest.approx(figure_of(kept, "accuracy") - found["value"])
    assert found["difference"] > 0
    assert found["p_value"] < 0.001
    assert "This version is better than chance explains" in found["reading"]
    assert report(client, bad)["active"] is None

    client.put("/tasks/sentiment/active-model", json={"model_id": good}).raise_for_status()
    version = client.get(f"/models/{good}").json()["version"]
    assert f"Version {version} is better than chance explains" in report(client, bad)["active"]["reading"]


def test_what_cannot_be_compared_is_not(client: httpx.Client, finished: Finished) -> None:
    """Other rows, other answers kept, another figure."""
    model_id, kept = made(finished, "sentiment", "binary")

    found = report(client, model_id)["active"]  # the active one of the fixture kept no answers
    assert (None, None, None, None) == tuple(found[name] for name in ("low", "difference", "p_value", "significant"))
    assert "kept no answers" in found["reading"]

    other = model_of(finished.run("sentiment", kept, sha256="0" * 64))
    client.put("/tasks/sentiment/active-model", json={"model_id": other}).raise_for_status()
    found = report(client, model_id)["active"]
    assert "other rows" in found["reading"]
    assert (None, None) == (found["difference"], found["p_value"])


def test_a_model_of_a_release_that_kept_no_answers(
    client: httpx.Client, database: Database, store: ArtifactStore
) -> None:
    manifest = add_model(database, store, "housing", active=False)
    found = report(client, manifest.id)

    assert (0.5, None, None) == tuple(found["metric"][name] for name in ("value", "low", "high"))
    assert ([], [], None, None) == tuple(found[name] for name in ("labels", "confusions", "calibration", "errors"))
    assert found["latency"]["p50_ms"] > 0
    assert (manifest.run_id, False, None, "boston_housing", None) == tuple(
        found["made_by"][name] for name in ("run", "run_exists", "key", "dataset", "dataset_version")
    )


def let_in(client: httpx.Client, database: Database) -> str:
    """The id of a key called anna, which the client sends from now on."""
    secret, row = KeyService(database, FakeClock()).create(KeySpec(name="anna", scopes=["admin"]))
    client.headers["Authorization"] = f"Bearer {secret}"
    key_id: str = row.id
    return key_id


def test_who_made_it_is_told(client: httpx.Client, finished: Finished, database: Database) -> None:
    model_id = model_of(finished.run("housing", None, name="second try", tags={"team": "a"}))
    run_id = model_id.replace("m-", "r-", 1)
    key_id = let_in(client, database)
    with database.write() as tx:
        tx.execute(update(runs).where(runs.c.id == run_id).values(key_id=key_id, sweep="s-1", note="of May"))

    origin = report(client, model_id)["made_by"]
    assert ("anna", run_id, True, "second try", "s-1", "baseline", {"team": "a"}, "of May") == tuple(
        origin[name] for name in ("key", "run", "run_exists", "name", "sweep", "preset", "tags", "note")
    )
    assert "second try" == client.get(f"/models/{model_id}").json()["name"]


def test_latency_is_measured_once(client: httpx.Client, finished: Finished) -> None:
    model_id, _ = made(finished, "planar", "binary")
    first, second = (report(client, model_id)["latency"] for _ in range(2))

    assert first == second
    assert 0 < first["p50_ms"] <= first["p99_ms"]
    assert first["rows_per_second"] > 0


def test_there_is_no_report_of_what_is_not_there(client: httpx.Client) -> None:
    assert 404 == client.get("/models/m-none/report").status_code


def test_models_are_found_by_what_is_known_of_them(
    client: httpx.Client, finished: Finished, database: Database, store: ArtifactStore
) -> None:
    """By part of a name or a dataset, whatever its case, by the beginning of an id, by version; `%` is a letter."""
    named = model_of(finished.run("housing", None, name="100% Better"))
    other = add_model(database, store, "housing", active=False).id

    def found(**query: Any) -> set[str]:
        return {model["id"] for model in client.get("/models", params=query).json()["items"]}

    everyone = found(task="housing")
    assert {named, other} < everyone
    assert {named} == found(q="100% bet") == found(q=named[:9]) == found(q=named.replace("m-", "r-", 1))
    assert set() == found(q="100_") == found(q=named[3:9]) == found(q="r-", task="none")
    assert everyone == found(q="ston_hous", task="housing")
    assert {named} == found(q="v2", task="housing") == found(q=" Version 2 ", task="housing")
    assert everyone - {named, other} == found(task="housing", active="true")
    assert {named, other} == found(task="housing", active="false")
    umlauts = model_of(finished.run("housing", None, name="Größe mit ÖL"))
    assert {umlauts} == found(q="öl") == found(q="GRÖẞE")
    assert 422 == client.get("/models", params={"q": "x" * 201}).status_code


def history(client: httpx.Client, task: str = "housing") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/tasks/{task}/active-model/history").json()["items"]
    return found


def test_a_reason_is_kept_in_the_history(client: httpx.Client, database: Database, store: ArtifactStore) -> None:
    first = client.get("/models?task=housing").json()["items"][0]["id"]
    second = add_model(database, store, "housing", active=False).id
    body = {"model_id": second, "reason": "  fewer complaints: §4 "}
    assert client.put("/tasks/housing/active-model", json=body).json()["active"]
    client.put("/tasks/housing/active-model", json=body | {"reason": "twice is once"}).raise_for_status()
    client.put("/tasks/housing/active-model", json={"model_id": first, "reason": "  "}).raise_for_status()

    back, forth, *_ = history(client)
    assert ("fewer complaints: §4", "asked for by a client", None) == (forth["note"], forth["reason"], forth["by"])
    assert (second, 2, first, 1) == tuple(
        forth[name] for name in ("model_id", "version", "previous_model_id", "previous_version")
    )
    assert (None, 1, 2) == (back["note"], back["version"], back["previous_version"])

    client.delete(f"/models/{second}").raise_for_status()
    assert [(1, None)] == [(one["version"], one["previous_version"]) for one in history(client)][:1]


@pytest.mark.parametrize("reason", ["x" * 201, "two\nlines", 7, {"why": 1}])
def test_a_reason_that_does_not_fit_activates_nothing(
    client: httpx.Client, database: Database, store: ArtifactStore, reason: Any
) -> None:
    second = add_model(database, store, "housing", active=False).id
    before = history(client)
    refused = client.put("/tasks/housing/active-model", json={"model_id": second, "reason": reason})

    assert 422 == refused.status_code
    assert "reason" == refused.json()["errors"][0]["field"]
    assert before == history(client)


def test_the_history_names_the_key(client: httpx.Client, database: Database) -> None:
    """Of a key that is not in the database, such as one of the settings, what it is called there."""
    model_id = client.get("/models?task=housing").json()["items"][0]["id"]
    key_id = let_in(client, database)
    with database.write() as tx:
        for key in (key_id, "settings", ""):
            models.activate(tx, "housing", model_id, FakeClock()(), "asked for by a client", key)

    assert [None, "settings", "anna"] == [change["by"] for change in history(client)][:3]
