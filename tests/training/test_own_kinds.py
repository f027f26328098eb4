"""Tasks of the user's own, from rows to answers: mixed tables, several labels, ratings, numbers of any unit."""

import dataclasses
from typing import Any

import keras
import numpy as np
import pytest

from app.datasets.catalog import Rows
from app.db import runs
from app.db.engine import Database
from app.domain.runs import RunRequest
from app.encoding.rows import dense
from app.inference.predictor import Predictor
from app.kinds.base import Task
from app.services.attempts import Attempt
from app.services.execution import WorkerService
from app.tasks.catalog import TaskCatalog, task_of
from app.tasks.declared import declare, extend
from app.training.pipeline import Workplace, execute
from app.wire.datasets import Findings
from app.wire.declarations import (
    Answer,
    DatasetInfo,
    DeclaredKind,
    NumberAnswer,
    NumberColumn,
    OneOf,
    RatingAnswer,
    SeveralOf,
    TableKind,
    TextColumn,
    TextKind,
)
from app.wire.manifests import Manifest
from app.wire.predictions import Options
from tests.support.clock import FakeClock

COUNT = 480
TEXT = TextKind(columns=(TextColumn(name="text", title="Text"),))
MIXED = TableKind.model_validate(
    {
        "columns": [
            {"name": "size", "range": {"least": 0, "greatest": 10, "step": 0.1}, "required": False},
            {"name": "team", "kind": "category", "values": ["red", "green", "blue"]},
            {"name": "member", "kind": "flag", "required": False},
            {"name": "since", "kind": "date"},
        ]
    }
)


def found(rows: int) -> Findings:
    return Findings(
        format="csv", bytes=0, rows=rows, train_rows=rows * 5 // 6, test_rows=rows // 6, split="made", columns=[]
    )


def own(kind: DeclaredKind, answer: Answer, rows: dict[str, Any], example: dict[str, Any]) -> Task:
    """A task with these rows, every sixth of them for testing."""
    split = ["test" if row % 6 == 0 else "train" for row in range(COUNT)]
    made = {**rows, "split": split}
    info = DatasetInfo("own", "Own rows", COUNT - split.count("test"), split.count("test"), is_built_in=True)
    declaration = declare("own", "Own", "Own rows", kind, answer, found(COUNT), [example])
    return task_of(declaration.model_copy(update={"datasets": (info,)}), {"own": lambda: made})


def mixed_rows(seed: int = 0) -> dict[str, Any]:
    """Whose answer is decided by team and size, and by whether the latter is known."""
    random = np.random.default_rng(seed)
    size = [None if random.random() < 0.2 else float(random.uniform(0, 10)) for _ in range(COUNT)]
    team = random.choice(["red", "green", "blue"], COUNT).tolist()
    day = np.datetime64("2020-01-01") + random.integers(0, 700, COUNT)
    return {
        "size": size,
        "team": team,
        "member": [bool(value) if value < 2 else None for value in random.integers(0, 3, COUNT).tolist()],
        "since": day.astype(str).tolist(),
        "answer": [
            "no" if s is None or t == "red" else "yes" if s > 5 else "no" for s, t in zip(size, team, strict=True)
        ],
    }


def trained(
    task: Task, place: Workplace, database: Database, clock: FakeClock, **changes: Any
) -> tuple[Manifest, Predictor]:
    preset = task.presets["baseline"]
    request = RunRequest(
        task="own", preset="baseline", dataset="own", recipe=preset.recipe, validation=preset.validation, seed=1
    ).model_copy(update=changes)
    with database.write() as tx:
        runs.insert_run(tx, request, clock(), 1)
    claim = WorkerService(database, clock, "w-test", 60).claim()
    assert claim is not None
    attempt = Attempt(database, clock, claim.run.id, claim.lease_id)
    manifest = execute(attempt, dataclasses.replace(place, tasks=TaskCatalog([task])))
    return manifest, Predictor(task, place.store.open("own", manifest.id), 1)


def test_a_mixed_table_is_learnt_with_its_gaps(place: Workplace, database: Database, clock: FakeClock) -> None:
    """Held out by folds, calibrated by them, and answered with effects of whole columns."""
    example = {"features": {"size": 9, "team": "blue", "member": None, "since": "2021-01-01"}}
    task = own(MIXED, OneOf(labels=("no", "yes"), column="answer"), mixed_rows(), example)
    manifest, predictor = trained(task, place, database, clock)
    (answer, gap, unseen) = predictor.predict(
        [
            task.Input.model_validate({"features": {**example["features"], **changes}})
            for changes in ({}, {"size": None}, {"team": "white"})
        ],
        Options(explain=True),
    )

    assert manifest.metrics.test["accuracy"] > 0.9
    assert manifest.metrics.calibration is not None
    assert COUNT * 5 // 6 == manifest.metrics.calibration.rows
    assert ("yes", "no") == (answer["label"], gap["label"])
    assert [[], [], ["features.team"]] == [[w.field for w in each["warnings"]] for each in (answer, gap, unseen)]
    effects = answer["explanation"].effects
    assert list(task.input_columns) == list(effects)
    assert max(effects, key=effects.get) in ("size", "team")


def test_a_model_of_two_labels_answers_when_there_is_a_third(
    place: Workplace, database: Database, clock: FakeClock
) -> None:
    example = {"features": {"size": 9, "team": "blue", "member": None, "since": "2021-01-01"}}
    task = own(
        MIXED, OneOf(labels=("no", "yes"), column="answer", shows=("top", "probabilities")), mixed_rows(), example
    )
    manifest, before = trained(task, place, database, clock)
    wider = extend(task.declaration, MIXED, OneOf(labels=("maybe", "yes"), column="answer"), found(COUNT), [])
    after = Predictor(task_of(wider, task.makers), place.store.open("own", manifest.id), 1)
    asked = [task.Input.model_validate(example)]
    (old,), (new,) = before.predict(asked, Options()), after.predict(asked, Options())

    assert ("no", "yes", "maybe") == wider.answer.labels  # type: ignore[union-attr]
    assert "multiclass" == wider.presets["baseline"].recipe.head
    assert {**old["probabilities"], "maybe": 0.0} == new["probabilities"]
    assert {**old, "probabilities": None} == {**new, "probabilities": None}


def test_values_of_any_unit_are_learnt(place: Workplace, database: Database, clock: FakeClock) -> None:
    """A large number, with a large mean, by the same preset; what is served is what Keras has."""
    random = np.random.default_rng(0)
    x = random.uniform(-1, 1, (COUNT, 2))
    rows = {"a": x[:, 0], "b": x[:, 1], "y": (4e7 + 1e7 * (x[:, 0] - 0.5 * x[:, 1])).tolist()}
    kind = TableKind(columns=(NumberColumn(name="a"), NumberColumn(name="b")))
    answer = NumberAnswer(title="Y", unit="pence", column="y")
    task = own(kind, answer, rows, {"features": {"a": 0, "b": 0}})
    manifest, predictor = trained(task, place, database, clock)
    info = task.datasets[0]
    test: Rows = place.catalog.read(task, info).test
    encoded = predictor.encoder.encode(test.columns)
    reloaded = keras.saving.load_model(place.store.path("own", manifest.id) / "model.keras")

    assert manifest.metrics.test["mae"] < 0.1 * manifest.metrics.baseline["mae"]
    assert ["dense", "dense"] == [layer.kind for layer in manifest.layers]
    np.testing.assert_allclose(predictor.network(encoded), reloaded.predict(dense(encoded), verbose=0), rtol=1e-5)
    assert manifest.metrics.test["mae"] == pytest.approx(
        np.mean(np.abs(predictor.network(encoded)[:, 0] - np.array(test.target))), rel=1e-4
    )


def texts(seed: int = 0) -> tuple[list[str], list[list[str]]]:
    """Short texts, and which of three things each speaks of."""
    random = np.random.default_rng(seed)
    words = {"tea": "leaf kettle cup", "bread": "flour oven loaf", "fish": "boat net salt"}
    given = [[name for name in words if random.random() < 0.4] for _ in range(COUNT)]
    return [" ".join(["the day", *(str(random.choice(words[n].split())) for n in names)]) for names in given], given


def test_several_labels_are_learnt(place: Workplace, database: Database, clock: FakeClock) -> None:
    drawn, given = texts()
    answer = SeveralOf(labels=("tea", "bread", "fish"), column="subjects")
    task = own(TEXT, answer, {"text": drawn, "subjects": given}, {"text": "a cup"})
    manifest, predictor = trained(task, place, database, clock)
    asked = [task.Input.model_validate({"text": text}) for text in ("the kettle and the oven", "the day")]
    both, none = predictor.predict(asked, Options(top_k=2))
    (unsure,) = predictor.predict(asked[:1], Options(min_confidence=1.0))

    assert manifest.metrics.test["f1"] > 0.9
    assert {"tea", "bread"} == set(both["labels"]) == {score["label"] for score in both["top"]}
    assert [] == none["labels"] == unsure["labels"]
    assert {"labels", "top", "known_words", "novelty", "warnings"} == set(both)


def test_a_rating_stays_within_its_bounds(place: Workplace, database: Database, clock: FakeClock) -> None:
    drawn, given = texts(1)
    rating = [1 + 4 * (len(names) > 1) for names in given]
    answer = RatingAnswer.model_validate({"title": "Stars", "unit": "stars", "column": "stars", "from": 1, "to": 5})
    task = own(TEXT, answer, {"text": drawn, "stars": rating}, {"text": "a cup"})
    manifest, predictor = trained(task, place, database, clock)
    asked = [task.Input.model_validate({"text": text}) for text in ("the leaf oven boat cup flour net", "the day")]
    answers = predictor.predict(asked, Options())

    assert manifest.metrics.test["mae"] < 0.5 * manifest.metrics.baseline["mae"]
    assert [5.0, "stars"] == [answers[0]["value"], answers[0]["unit"]]
    assert 1 <= answers[1]["value"] < 2
