"""`GET /runs/{run_id}/advice`: what would make a run better, and changes that can be trained."""

import json
from typing import Any

import httpx
import pytest

from app.domain.recipes import Holdout, KFold, Recipe
from app.domain.runs import Metrics, Spread, SpreadOver
from app.wire.runs import RunError
from tests.integration.finished import Finished
from tests.support.queue import queue_run
from tests.support.tasks import TASKS

PRESETS = [(task.name, preset) for task in TASKS.all.values() for preset in task.presets]


def advice_of(client: httpx.Client, run: str) -> list[dict[str, Any]]:
    answer = client.get(f"/runs/{run}/advice")
    assert 200 == answer.status_code, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    for each in found:
        assert {"kind", "title", "message", "figures", "since_epoch", "change", "change_text"} == set(each)
        assert (each["change"] is None) == (each["change_text"] is None)
        assert all(isinstance(value, float) for value in each["figures"].values())
    return found


def overfitted(metric: str, epochs: int) -> list[dict[str, float]]:
    """Lowest in the fourth epoch."""
    return [
        {
            "loss": 0.9**n,
            "val_loss": 0.4 + 0.04 * abs(n - 4),
            metric: 0.5,
            f"val_{metric}": 0.5,
        }
        for n in range(1, epochs + 1)
    ]


def test_nobody_knows_anything_of_a_run_that_waits(client: httpx.Client, finished: Finished) -> None:
    assert [] == advice_of(client, queue_run(finished.database, finished.clock, "planar"))
    assert 404 == client.get("/runs/r-nobody/advice").status_code


def test_a_run_that_goes_on_is_told_too(client: httpx.Client, finished: Finished) -> None:
    run = finished.claimed("sentiment", overfitted("accuracy", 12), validation=Holdout(size=100)).run_id

    (advice,) = advice_of(client, run)

    assert ("overfitting", 4) == (advice["kind"], advice["since_epoch"])
    stopping = {"monitor": "val_loss", "patience": 3, "restore_best": True}
    assert {"early_stopping": stopping} == advice["change"], "no other field, which would replace what the run has"


def test_rows_are_counted_in_the_dataset(client: httpx.Client, finished: Finished) -> None:
    """All but 30 of housing's training rows are held out; sentiment's labels are balanced."""
    info = TASKS.get("housing").dataset("sample")
    assert info is not None
    housing = Metrics(train={"mae": 2.0}, test={"mae": 2.5}, baseline={"mae": 6.0})
    sentiment = Metrics(train={"accuracy": 0.9}, test={"accuracy": 0.88}, baseline={"accuracy": 0.5})

    few = finished.run("housing", None, metrics=housing, validation=Holdout(size=info.train_rows - 30))
    enough = finished.run("sentiment", None, metrics=sentiment)

    assert [("few_rows", {"train_rows": 30})] == [(each["kind"], each["figures"]) for each in advice_of(client, few)]
    assert [] == advice_of(client, enough)


def test_labels_of_an_upload_are_those_that_were_found(client: httpx.Client, finished: Finished) -> None:
    """Ten to one, in the version that the run was on."""
    rows = [f"{n % 7},{n % 3},{'rare' if n % 11 == 0 else 'common'}" for n in range(880)]
    body = "\n".join(["width,height,kind", *rows])
    task = {"name": "parcels", "kind": {"kind": "table"}, "answer": {"kind": "one_of", "column": "kind"}}
    parts = {"task": (None, json.dumps(task), "application/json"), "file": ("p.csv", body, "text/csv")}
    made = client.post("/tasks", files=parts, params={"train": "false"})
    assert made.status_code == 201, made.text
    queued = client.post("/train", json={"task": "parcels"}).json()
    counts = client.get(f"/datasets/{queued['dataset'].partition('@')[0]}").json()["findings"]["labels"]

    found = advice_of(client, queued["id"])

    expected = {row["label"]: row["train"] for row in counts}
    assert [("unbalanced_labels", {"class_weights": "balanced"})] == [(each["kind"], each["change"]) for each in found]
    assert {"most": expected["common"], "fewest": expected["rare"], "labels": 2} == found[0]["figures"]


def test_a_dataset_that_is_not_here_says_nothing_of_its_rows(client: httpx.Client, finished: Finished) -> None:
    """Neither labels nor rows; nor could a changed recipe be refused for them."""
    run = finished.claimed("newswire", overfitted("accuracy", 12), dataset="reuters", validation=Holdout(size=100))

    assert ["overfitting"] == [each["kind"] for each in advice_of(client, run.run_id)]


def test_a_change_that_the_task_would_not_take_is_not_offered(client: httpx.Client, finished: Finished) -> None:
    """Five networks of this size would be too large."""
    wide = TASKS.get("digits").presets["baseline"].recipe.model_dump(mode="json")
    wide["layers"] = [{"kind": "dense", "units": 8192}, {"kind": "dense", "units": 2048}]
    spread = SpreadOver(over="seeds", count=3, test={"accuracy": Spread(mean=0.8, std=0.05, min=0.7, max=0.9)})
    run = finished.run("digits", None, metrics=Metrics(spread=spread), recipe=Recipe.model_validate(wide), seeds=3)

    (advice,) = [each for each in advice_of(client, run) if each["kind"] == "wide_spread"]

    assert (None, None) == (advice["change"], advice["change_text"])


@pytest.mark.parametrize(("task", "preset"), PRESETS)
def test_every_change_that_is_offered_can_be_trained(
    client: httpx.Client, finished: Finished, task: str, preset: str
) -> None:
    """Of every preset of every task, after histories that call for each kind of change."""
    chosen = TASKS.get(task).presets[preset]
    recipe, metric = chosen.recipe, chosen.recipe.metric
    worst = Metrics(train={metric: 0.5, "loss": 1.0}, test={metric: 0.5}, baseline={metric: 0.5})
    stuck = [{"loss": 1.0, "val_loss": 0.9**n} for n in range(recipe.epochs if recipe.epochs <= 150 else 3)]
    validation = chosen.validation if isinstance(chosen.validation, KFold) else Holdout(size=20)
    asked: dict[str, Any] = {"preset": preset, "recipe": recipe, "validation": validation}
    diverged = finished.claimed(task, [{"loss": 1.0}], **asked)
    diverged.fail(RunError(type="Diverged", message="the loss is no longer a number in epoch 2"))
    runs = [
        finished.claimed(task, overfitted(metric, 30), **asked).run_id,
        finished.run(task, None, stuck, metrics=worst, **asked),
        diverged.run_id,
    ]

    changes = [each["change"] for run in runs for each in advice_of(client, run) if each["change"]]

    assert changes
    for change in changes:
        whole = recipe.model_dump(mode="json") | change
        assert whole != recipe.model_dump(mode="json")
        body = {
            "task": task,
            "preset": preset,
            "dataset": "sample",
            "recipe": whole,
            "validation": validation.model_dump(mode="json"),
        }
        answer = client.post("/train", json=body)
        assert 202 == answer.status_code, (change, answer.text)
        client.post(f"/runs/{answer.json()['id']}/cancel").raise_for_status()
