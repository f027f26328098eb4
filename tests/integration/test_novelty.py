"""Novelty over HTTP: told, warned of, and a reason to abstain; by models that carry it."""

from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pytest

from app.artifacts.store import NOVELTY, ArtifactStore
from app.db.engine import Database
from app.settings import Settings
from app.training.novelty import learn
from app.wire.manifests import MANIFEST
from tests.support.artifacts import add_model, learnt, publish_artifact, register
from tests.support.tasks import TASKS

FAR = {"pixels": np.random.default_rng(0).integers(0, 120, 784).tolist()}  # noise, on a ground that is dark enough
NO_WORDS = {"text": "zxqv vqxz qqkk"}


def publish_telling(store: ArtifactStore, name: str) -> Any:
    """An artifact of the task that tells the novelty of its sample's rows."""
    task = TASKS.get(name)
    dataset, encoder, labels = learnt(task)
    train, test = (encoder.encode(rows.columns) for rows in (dataset.train, dataset.test))
    found = learn(encoder, train, task.targets(dataset.train.target, labels, "multiclass"), test)
    assert found is not None
    measure, record = found
    made, staging = publish_artifact(store, name), store.stage("telling")
    for path in store.path(name, made.id).iterdir():
        path.rename(staging / path.name)
    store.discard(store.path(name, made.id))
    (staging / MANIFEST).unlink()
    arrays: Any = measure.arrays()
    np.savez_compressed(staging / NOVELTY, **arrays)
    return store.publish(staging, made.model_copy(update={"novelty": record}))


@pytest.fixture
def client(
    client_for: Callable[[Settings], httpx.Client], settings: Settings, database: Database, store: ArtifactStore
) -> httpx.Client:
    """Of a service whose models of digits and newswire tell novelty; those of sentiment and housing do not."""
    with database.write() as tx:
        for name in ("digits", "newswire"):
            register(tx, publish_telling(store, name))
    for name in ("sentiment", "housing"):
        add_model(database, store, name)
    return client_for(settings)


def asked(client: httpx.Client, task: str, **body: Any) -> dict[str, Any]:
    answer = client.post("/predict", json={"task": task, **body})
    assert 200 == answer.status_code, answer.text
    found: dict[str, Any] = answer.json()["prediction"]
    return found


def test_noise_is_no_digit(client: httpx.Client) -> None:
    found = asked(client, "digits", **FAR)
    assert (1.0, False, ["pixels"]) == (found["novelty"], found["abstained"], [w["field"] for w in found["warnings"]])
    shy = asked(client, "digits", **FAR, max_novelty=0.99)
    assert (None, True, found["probability"]) == (shy["label"], shy["abstained"], shy["probability"])
    usual = learnt(TASKS.get("digits"))[0].test.columns["pixels"][0].tolist()
    told = asked(client, "digits", pixels=usual, max_novelty=0.99)
    assert (False, []) == (told["abstained"], told["warnings"])


def test_many_are_told_apart(client: httpx.Client) -> None:
    body = {"task": "newswire", "instances": [TASKS.get("newswire").example, NO_WORDS], "max_novelty": 0.995}
    near, far = client.post("/predict", json=body).json()["predictions"]
    assert (False, True) == (near["abstained"], far["abstained"])
    assert near["novelty"] < far["novelty"] == 1.0


def test_a_text_of_unknown_words_has_no_label_unless_it_is_asked_for(client: httpx.Client) -> None:
    found = asked(client, "newswire", **NO_WORDS)
    assert (None, [], True) == (found["label"], found["labels"], found["abstained"])
    assert asked(client, "newswire", **NO_WORDS, max_novelty=1)["label"]
    assert "novelty" not in asked(client, "sentiment", **NO_WORDS)
    assert asked(client, "sentiment", **NO_WORDS)["label"]


@pytest.mark.parametrize(
    ("task", "value", "message"),
    [
        ("sentiment", 0.9, "tells no novelty"),
        ("housing", 1, "gives values"),
        ("digits", 1.5, "less than or equal to 1"),
        ("digits", "far", "number"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(client: httpx.Client, task: str, value: Any, message: str) -> None:
    answer = client.post("/predict", json={"task": task, **TASKS.get(task).example, "max_novelty": value})
    assert 422 == answer.status_code
    (error,) = answer.json()["errors"]
    assert "max_novelty" == error["field"]
    assert message in error["message"]
