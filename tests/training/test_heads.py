"""Every head that a task takes, from claim to published model, and the answers that are kept beside the model."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.artifacts.evaluation import Evaluation
from app.domain.optimizers import Adam
from app.domain.recipes import HEADS, Dense, Recipe
from app.domain.texts import MultiHot
from app.inference.predictor import Predictor
from app.services.answers import Answers
from app.services.attempts import Attempt
from app.training.evaluate import SHEET_FIRST, SHEET_WRONG, micro_f1
from app.training.pipeline import Workplace, execute
from app.wire.manifests import Manifest
from app.wire.predictions import Options
from app.wire.runs import Run
from tests.support.tasks import TASKS

Begin = Callable[..., Attempt]
RunOf = Callable[[Attempt], Run]

EVERY_HEAD = [(name, head) for name, task in TASKS.all.items() for head in task.heads]


def quick(task_name: str, head: Any, **changes: Any) -> Recipe:
    """Without hidden layers, and with few words."""
    few: dict[str, Any] = {"layers": (), "head": head, "loss": HEADS[head].losses[0], "epochs": 8, "batch_size": 64}
    if task_name in ("newswire", "sentiment"):
        few["features"] = MultiHot(words=500)
    few["optimizer"] = Adam(learning_rate={"housing": 1.0, "planar": 0.05}.get(task_name, 0.01))
    return TASKS.get(task_name).presets["baseline"].recipe.model_copy(update={**few, **changes})


def kept(place: Workplace, task_name: str, model_id: str) -> Evaluation:
    found = place.store.evaluation(task_name, model_id)
    assert found is not None
    return found


@pytest.mark.parametrize(("task_name", "head"), EVERY_HEAD)
def test_no_hidden_layer_is_needed_and_the_kept_answers_say_what_the_metrics_say(
    task_name: str, head: Any, begin: Begin, run_of: RunOf, place: Workplace
) -> None:
    """`evaluation.npz` has a row for each test row, and its share of right ones is the accuracy."""
    attempt = begin(task_name, recipe=quick(task_name, head, epochs=1 if task_name == "digits" else 8))
    manifest = execute(attempt, place)

    metrics, evaluation = run_of(attempt).metrics, kept(place, task_name, manifest.id)
    assert ["dense"] == [layer.kind for layer in manifest.layers]
    assert HEADS[head].activation == manifest.layers[0].activation == manifest.output["activation"]
    assert manifest.dataset.test_rows == len(evaluation.target) == len(evaluation.predicted)
    if head == "regression":
        assert metrics.test["mae"] == pytest.approx(evaluation.errors().mean(), rel=1e-5)
        assert {"loss", "mae"} == set(metrics.test)
    elif head == "multilabel":
        assert metrics.test["f1"] == pytest.approx(micro_f1(evaluation.target, evaluation.predicted), abs=1e-6)
        assert (np.dtype(bool), len(manifest.labels)) == (evaluation.target.dtype, evaluation.target.shape[1])
        assert {"loss", "f1"} == set(metrics.test)
    else:
        assert metrics.test["accuracy"] == pytest.approx(evaluation.right().mean(), abs=1e-6)
        assert set(range(len(manifest.labels))) == set(evaluation.target.tolist())
        assert {"loss", "accuracy", HEADS[head].metric} == set(metrics.test)
    check_probabilities(evaluation, place, manifest)
    name = HEADS[head].metric
    better = metrics.test[name] - metrics.baseline[name]
    assert 0 < (better if HEADS[head].higher_is_better else -better), (metrics.test, metrics.baseline)


def check_probabilities(evaluation: Evaluation, place: Workplace, manifest: Manifest) -> None:
    """What was kept of each test row is what `/predict` answers for it."""
    task = TASKS.get(manifest.task)
    predictor = Predictor(task, place.store.open(task.name, manifest.id), 1)
    rows = range(min(50, manifest.dataset.test_rows))
    columns = place.catalog.read(task, task.datasets[-1], task.target_of(manifest.recipe.head)).test.columns
    answers = predictor.predict([item_of(task.name, columns, row) for row in rows], Options(top_k=100))
    told = Answers(manifest.labels, evaluation, 0, len(rows)).rows()
    if not manifest.labels:
        assert [row["predicted"] for row in told] == pytest.approx([answer["value"] for answer in answers], rel=1e-4)
        return
    assert [row["probability"] for row in told] == pytest.approx(
        [answer["probability"] for answer in answers], abs=2e-5
    )
    if manifest.recipe.head == "multilabel":
        assert [row["predicted"] for row in told] == [sorted(a["labels"], key=manifest.labels.index) for a in answers]
    else:
        assert [row["predicted"] for row in told] == [answer["label"] for answer in answers]
    for row, answer in zip(told, answers, strict=True):
        several = answer.get("probabilities") or {each["label"]: each["probability"] for each in answer.get("top", ())}
        every = several if isinstance(several, dict) else dict(enumerate(several))
        for label, probability in every.items():
            assert probability == pytest.approx(row["probabilities"][str(label)], abs=2e-5)


@pytest.mark.parametrize(("task_name", "head"), [("sentiment", "unit_regression"), ("planar", "unit_regression")])
def test_a_class_can_be_learnt_as_a_number_between_0_and_1(
    task_name: str, head: Any, begin: Begin, run_of: RunOf, place: Workplace
) -> None:
    """Trained for the distance to 0 or 1; the answers are labels all the same."""
    attempt = begin(task_name, recipe=quick(task_name, head, layers=(Dense(units=8, activation="tanh"),), epochs=15))
    manifest = execute(attempt, place)

    metrics, task = run_of(attempt).metrics, TASKS.get(task_name)
    assert ["mae"] == list(metrics.baseline)
    assert metrics.baseline["mae"] == pytest.approx(0.5, abs=0.01)
    assert metrics.test["mae"] < 0.25
    assert metrics.test["accuracy"] > 0.8
    assert list(task.labels) == manifest.labels
    dataset = place.catalog.read(task, task.datasets[-1])
    predictor = Predictor(task, place.store.open(task_name, manifest.id), 1)
    outputs = predictor.network(predictor.encoder.encode(dataset.test.columns))[:, 0]
    target = task.targets(dataset.test.target, manifest.labels, head)
    assert metrics.test["mae"] == pytest.approx(np.mean(np.abs(outputs - target)), abs=1e-5)
    assert metrics.test["accuracy"] == pytest.approx(np.mean((outputs > 0.5) == target), abs=1e-6)


@pytest.mark.parametrize("task_name", ["sentiment", "planar"])
def test_two_classes_may_have_a_softmax_unit_each(task_name: str, begin: Begin, place: Workplace) -> None:
    recipe = quick(task_name, "multiclass", layers=(Dense(units=8, activation="tanh"),), epochs=15)
    manifest = execute(begin(task_name, recipe=recipe), place)

    task, evaluation = TASKS.get(task_name), kept(place, task_name, manifest.id)
    assert ({"units": 2, "activation": "softmax"}, list(task.labels)) == (manifest.output, manifest.labels)
    assert manifest.metrics.test["accuracy"] > 0.8
    dataset = place.catalog.read(task, task.datasets[-1])
    predictor = Predictor(task, place.store.open(task_name, manifest.id), 1)
    inputs = [item_of(task_name, dataset.test.columns, row) for row in range(50)]
    answers = predictor.predict(inputs, Options())
    assert [task.labels[i] for i in evaluation.predicted[:50]] == [answer["label"] for answer in answers]
    assert all(0.5 <= answer["probability"] <= 1 for answer in answers)


def item_of(task_name: str, columns: Any, row: int) -> Any:
    """A row of a dataset as a client would send it."""
    given = {name: column[row] for name, column in columns.items()}
    if task_name == "planar":
        given = {"point": [given["x1"], given["x2"]]}
    elif task_name == "housing":
        given = {"features": given}
    elif task_name == "digits":
        given = {"pixels": given["pixels"].tolist()}
    return TASKS.get(task_name).Input.model_validate(given)


def test_all_topics_of_a_story_can_be_learnt_at_once(begin: Begin, run_of: RunOf, place: Workplace) -> None:
    """The sample has one topic for each story, so that a multilabel model finds it or nothing."""
    recipe = quick("newswire", "multilabel", layers=(Dense(units=32),), epochs=15)
    attempt = begin("newswire", recipe=recipe)
    manifest = execute(attempt, place)

    metrics = run_of(attempt).metrics
    assert metrics.test["f1"] > 0.8 > metrics.baseline["f1"]
    assert 8 == len(manifest.labels) == manifest.output["units"]
    task = TASKS.get("newswire")
    predictor = Predictor(task, place.store.open("newswire", manifest.id), 1)
    dataset = place.catalog.read(task, task.datasets[-1], "topics")
    outputs = predictor.network(predictor.encoder.encode(dataset.test.columns))
    stories = [
        task.Input(text=dataset.test.columns["text"][row], title=dataset.test.columns["title"][row])
        for row in range(40)
    ]
    for story, row in zip(predictor.predict(stories, Options()), outputs, strict=False):
        sure = {manifest.labels[i] for i in np.flatnonzero(row >= 0.5)}
        assert {story["label"], *sure} == set(story["labels"])
        assert story["label"] == story["labels"][0] == story["top"][0]["label"]
    expected = micro_f1(task.targets(dataset.test.target, manifest.labels, "multilabel"), outputs >= 0.5)
    assert metrics.test["f1"] == pytest.approx(expected, abs=1e-6)


def test_topics_of_ones_own_are_learnt_beside_those_that_are_known(
    begin: Begin, run_of: RunOf, place: Workplace
) -> None:
    """From a file with one to two topics for each story; no topic is known for every tenth."""
    words = {"earn": "profit dividend", "grain": "wheat maize", "sports": "goal match"}
    mixes = [["earn"], ["earn", "grain"], ["grain", "sports"]]
    rows = [
        {"title": None, "text": " ".join(words[t] for t in topics), "label": topics[0], "split": split,
         "topics": [] if n % 10 == 9 else topics}
        for split in ("train", "test") for n in range(60) for topics in [mixes[n % 3]]
    ]  # fmt: skip
    place.catalog.folder.mkdir()
    pq.write_table(pa.Table.from_pylist(rows), place.catalog.folder / "reuters.parquet")
    attempt = begin("newswire", dataset="reuters", recipe=quick("newswire", "multilabel", epochs=60))
    manifest = execute(attempt, place)

    assert ["grain", "earn", "sports"] == manifest.labels
    hits, missing = 54 * 5 / 3, 6 * 5 / 3  # topics of the stories that have some, and those of the others
    metrics = run_of(attempt).metrics
    assert metrics.test["f1"] == pytest.approx(2 * hits / (2 * hits + missing), abs=0.03)
    evaluation = kept(place, "newswire", manifest.id)
    assert 6 / 60 == pytest.approx(1 - evaluation.right().mean(), abs=0.02)
    predictor = Predictor(TASKS.get("newswire"), place.store.open("newswire", manifest.id), 1)
    (answer,) = predictor.predict([TASKS.get("newswire").Input(text="Wheat; goal, match. Maize!")], Options())
    assert {"grain", "sports"} == set(answer["labels"])


@pytest.mark.parametrize("task_name", ["newswire", "digits", "planar"])
def test_categorical_and_sparse_losses_are_the_same_training(task_name: str, begin: Begin, place: Workplace) -> None:
    """The forms of one loss: the same seed gives the same figures and answers."""
    both = [
        execute(
            begin(task_name, recipe=quick(task_name, "multiclass", layers=(Dense(units=8),), epochs=2, loss=loss)),
            place,
        )
        for loss in HEADS["multiclass"].losses
    ]

    first, second = (manifest.metrics for manifest in both)
    assert first.test == pytest.approx(second.test, rel=1e-4)
    assert first.train == pytest.approx(second.train, rel=1e-4)
    answers = [kept(place, task_name, manifest.id).predicted for manifest in both]
    assert np.mean(answers[0] == answers[1]) > 0.99


def test_a_contact_sheet_shows_the_first_test_rows_then_the_surest_mistakes(begin: Begin, place: Workplace) -> None:
    manifest = execute(begin("digits", recipe=quick("digits", "multiclass", epochs=1)), place)

    evaluation, task = kept(place, "digits", manifest.id), TASKS.get("digits")
    shown = evaluation.shown
    assert shown is not None
    dataset = place.catalog.read(task, task.datasets[-1])
    pictures = np.asarray(dataset.test.columns["pixels"]).reshape(-1, 28, 28)
    np.testing.assert_array_equal(pictures[:SHEET_FIRST], shown.inputs[:SHEET_FIRST])
    np.testing.assert_array_equal(evaluation.target[:SHEET_FIRST], shown.target[:SHEET_FIRST])
    np.testing.assert_array_equal(evaluation.predicted[:SHEET_FIRST], shown.predicted[:SHEET_FIRST])
    others = slice(SHEET_FIRST, None)
    mistakes = np.count_nonzero(~evaluation.right()[others])
    assert min(SHEET_WRONG, mistakes) == len(shown.target[others]) > 0
    assert not (shown.target[others] == shown.predicted[others]).any()
    assert sorted(shown.probability[others], reverse=True) == shown.probability[others].tolist()


def test_a_boundary_shows_the_training_points(begin: Begin, place: Workplace) -> None:
    manifest = execute(begin("planar", recipe=quick("planar", "binary")), place)

    shown = kept(place, "planar", manifest.id).shown
    task = TASKS.get("planar")
    train = place.catalog.read(task, task.datasets[-1]).train
    assert shown is not None
    np.testing.assert_allclose(shown.inputs, np.column_stack([train.columns["x1"], train.columns["x2"]]), rtol=1e-6)
    assert list(train.target) == shown.target.tolist()
    assert np.all((shown.probability >= 0.5) & (shown.probability <= 1))


def test_a_line_cannot_part_the_corners_of_a_square_but_three_hidden_units_can(begin: Begin, place: Workplace) -> None:
    """Minsky and Papert 1969; the presets' 5,000 epochs change neither."""
    found = {}
    for preset in ("perceptron", "capacity-3"):
        recipe = TASKS.get("planar").presets[preset].recipe.model_copy(update={"epochs": 300})
        found[preset] = execute(begin("planar", preset=preset, dataset="xor", recipe=recipe), place).metrics

    assert found["perceptron"].test["accuracy"] < 0.6
    assert found["capacity-3"].test["accuracy"] > 0.9
    assert [0.5, 0.5] == [pytest.approx(metrics.baseline["accuracy"], abs=0.01) for metrics in found.values()]
