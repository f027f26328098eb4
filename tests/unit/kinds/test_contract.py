"""What every task promises, tried on each task that the registry finds."""

import json
from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from app.domain.recipes import HEADS, HeadName, Preset
from app.encoding.encoder import Encoder
from app.encoding.rows import Encoded, SparseRows, dense, take
from app.errors import DatasetInvalid, NotFound
from app.kinds.base import Task
from app.services.networks import check_network
from app.wire.declarations import SAMPLE, Label
from app.wire.predictions import ModelChoice, Options
from tests.support.tasks import TASKS, WITH_SAMPLE, rows_of

EVERY = [pytest.param(task, id=name) for name, task in WITH_SAMPLE.items()]
PRESETS = [
    pytest.param(task, preset, id=f"{task.name}-{name}")
    for task in WITH_SAMPLE.values()
    for name, preset in task.presets.items()
]
HEADS_OF = [(task, head) for task in WITH_SAMPLE.values() for head in task.heads]


def params(pairs: Iterable[tuple[Task, HeadName]]) -> list[Any]:
    """Cases, by task and head."""
    return [pytest.param(task, head, id=f"{task.name}-{head}") for task, head in pairs]


CLASSIFIERS = [(task, head) for task, head in HEADS_OF if task.labels]
SINGLE = [(task, head) for task, head in CLASSIFIERS if head != "multilabel"]
every_task = pytest.mark.parametrize("task", EVERY)
every_head = pytest.mark.parametrize(("task", "head"), params(HEADS_OF))
every_classifier = pytest.mark.parametrize(("task", "head"), params(CLASSIFIERS))
every_single_label = pytest.mark.parametrize(("task", "head"), params(SINGLE))
every_preset = pytest.mark.parametrize(("task", "preset"), PRESETS)


@cache
def sample_of(name: str) -> dict[str, Any]:
    """The sample takes a moment to draw, so once for all tests; nobody may change it."""
    return rows_of(TASKS.get(name), "sample")


def split_of(name: str, split: str) -> dict[str, Any]:
    """The columns of one split of the sample."""
    rows = np.flatnonzero(np.array(sample_of(name)["split"], dtype=object) == split)
    return {
        column: values[rows] if isinstance(values, np.ndarray) else [values[row] for row in rows]
        for column, values in sample_of(name).items()
    }


@cache
def encoder_of(name: str, preset: str = "baseline") -> Encoder:
    """An encoder learnt from the sample."""
    task = TASKS.get(name)
    return task.fit_encoder(task.presets[preset].recipe.features, split_of(name, "train"))


def example_of(task: Task) -> Any:
    return task.Input.model_validate(task.example)


def labels_of(task: Task, head: HeadName) -> list[Label]:
    """The labels that a network with this head learns from the sample."""
    return task.label_set(split_of(task.name, "train")[task.target_of(head)], head)


def outputs_of(task: Task, head: HeadName, rows: int, labels: int) -> NDArray[np.float32]:
    """Network outputs as the head gives them."""
    rng = np.random.default_rng(11)
    activation = HEADS[head].activation
    drawn = rng.normal(size=(rows, task.output_units(head, labels)))
    if activation == "softmax":
        powers = np.exp(drawn)
        drawn = powers / powers.sum(axis=1, keepdims=True)
    elif activation == "sigmoid":
        drawn = 1 / (1 + np.exp(-drawn))
    return drawn.astype(np.float32)


def assert_same(expected: Encoded, actual: Encoded) -> None:
    """Equal to the last bit, and of the same kind."""
    assert type(expected) is type(actual)
    if isinstance(expected, SparseRows) and isinstance(actual, SparseRows):
        np.testing.assert_array_equal(expected.indices, actual.indices)
        np.testing.assert_array_equal(expected.offsets, actual.offsets)
        np.testing.assert_array_equal(expected.known, actual.known)
        assert expected.width == actual.width
    np.testing.assert_array_equal(dense(expected), dense(actual))


def test_the_registry_finds_the_classic_tasks() -> None:
    assert {"sentiment", "newswire", "digits", "housing", "planar"} <= set(TASKS.all)
    assert sorted(TASKS.all) == list(TASKS.all)


@every_task
def test_the_registry_knows_a_task_by_its_name(task: Task) -> None:
    assert task is TASKS.get(task.name)


def test_an_unknown_task_is_answered_with_the_known_ones() -> None:
    with pytest.raises(NotFound, match=f"tasks are {', '.join(TASKS.all)}"):
        TASKS.get("telepathy")


@every_task
def test_the_example_fits_the_input(task: Task) -> None:
    assert task.example == example_of(task).model_dump(exclude_unset=True)


@every_task
def test_an_input_takes_no_unknown_fields(task: Task) -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        task.Input.model_validate({**task.example, "colour": "red"})


@every_task
def test_an_input_does_without_none_of_its_needed_fields(task: Task) -> None:
    for name, field in task.Input.model_fields.items():
        if field.is_required():
            with pytest.raises(ValidationError, match="missing"):
                task.Input.model_validate({k: v for k, v in task.example.items() if k != name})


@every_task
def test_input_and_prediction_share_no_name_with_the_options(task: Task) -> None:
    """All of them meet in one flat request form."""
    assert not {"task", "instances", *Options.model_fields} & set(task.Input.model_fields)


@every_task
def test_input_and_codes_share_no_name_with_the_choice_of_a_model(task: Task) -> None:
    """Those of `encode` and `decode` are flat too."""
    assert not {"task", *ModelChoice.model_fields} & {*task.Input.model_fields, *task.Codes.model_fields}


@every_preset
def test_encoded_rows_are_as_wide_as_the_features_say(task: Task, preset: Preset) -> None:
    """Those of columns and n-grams at most so: few different values have fewer intervals, few texts fewer n-grams."""
    features = preset.recipe.features
    encoder = encoder_of(task.name, next(n for n, each in task.presets.items() if each.recipe.features == features))
    encoded = encoder.encode(task.columns([example_of(task)]))

    most = task.input_width(features)
    assert most == encoder.width or (features.kind in ("columns", "n_grams") and encoder.width < most)
    assert (1, encoder.width) == dense(encoded).shape
    assert np.float32 == dense(encoded).dtype
    assert np.isfinite(dense(encoded)).all()


@every_task
def test_the_example_is_not_refused(task: Task) -> None:
    columns = task.columns([example_of(task)])

    assert [] == task.refusals(encoder_of(task.name).encode(columns), columns)


@every_task
def test_a_saved_encoder_encodes_alike(task: Task) -> None:
    """Training and serving see the same numbers, to the last bit."""
    encoder = encoder_of(task.name)
    restored = task.load_encoder(json.loads(json.dumps(encoder.to_json())))
    columns = split_of(task.name, "test")

    assert encoder.width == restored.width
    assert encoder.to_json() == restored.to_json()
    assert_same(encoder.encode(columns), restored.encode(columns))


@every_task
@pytest.mark.parametrize("saved", [{}, {"kind": "crystal_ball"}, {"vocabulary": 1, "words": "x", "fields": 3}])
def test_what_is_no_saved_encoder_is_refused(task: Task, saved: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        task.load_encoder(saved)


@every_task
def test_a_batch_is_its_single_rows_stacked(task: Task) -> None:
    encoder = encoder_of(task.name)
    columns = {name: values[:20] for name, values in split_of(task.name, "test").items()}
    batch = encoder.encode(columns)

    for row in range(20):
        single = encoder.encode({name: values[row : row + 1] for name, values in columns.items()})
        assert_same(single, take(batch, np.array([row])))


@every_task
def test_inputs_become_the_columns_that_training_reads(task: Task) -> None:
    columns = task.columns([example_of(task), example_of(task)])

    assert set(task.input_columns) == set(columns)
    assert {2} == {len(values) for values in columns.values()}
    encoded = encoder_of(task.name).encode(columns)
    assert_same(take(encoded, np.array([0])), take(encoded, np.array([1])))


@every_head
def test_predictions_have_the_documented_form(task: Task, head: HeadName) -> None:
    """Dicts are made without validation."""
    labels = labels_of(task, head)
    encoded = encoder_of(task.name).encode(split_of(task.name, "test"))
    outputs = outputs_of(task, head, len(encoded), len(labels))
    predictions = task.decode(outputs, encoded, labels, Options())
    form = TypeAdapter(task.Prediction)

    assert len(encoded) == len(predictions)
    for prediction in predictions:
        assert to_json(prediction) == to_json(form.validate_json(to_json(prediction), strict=True))


@every_classifier
def test_a_classifier_gives_known_labels_with_their_probability(task: Task, head: HeadName) -> None:
    labels = labels_of(task, head)
    encoded = encoder_of(task.name).encode(split_of(task.name, "test"))
    predictions = task.decode(outputs_of(task, head, len(encoded), len(labels)), encoded, labels, Options())

    assert {True} == {prediction["label"] in labels for prediction in predictions}
    assert all(0 <= prediction["probability"] <= 1 for prediction in predictions)
    assert len({prediction["label"] for prediction in predictions}) > 1


@every_task
def test_the_sample_has_the_declared_rows_and_columns(task: Task) -> None:
    sample = task.datasets[-1]
    rows = sample_of(task.name)

    assert SAMPLE == sample.name
    assert sample.is_sample
    assert {*task.input_columns, *map(task.target_of, task.heads), "split"} == set(rows)
    assert {sample.train_rows + sample.test_rows} == {len(values) for values in rows.values()}
    assert sample.train_rows == list(rows["split"]).count("train")
    assert sample.test_rows == list(rows["split"]).count("test")


@every_task
def test_only_the_last_dataset_is_a_sample(task: Task) -> None:
    assert [False] * (len(task.datasets) - 1) + [True] == [info.is_sample for info in task.datasets]
    assert len(task.datasets) == len({info.name for info in task.datasets})


@every_task
def test_datasets_are_found_by_name(task: Task) -> None:
    assert list(task.datasets) == [task.dataset(info.name) for info in task.datasets]
    assert task.dataset("no-such-rows") is None


@every_task
def test_there_is_a_baseline(task: Task) -> None:
    assert "baseline" in task.presets


@every_preset
def test_presets_are_allowed_by_their_task(task: Task, preset: Preset) -> None:
    recipe = preset.recipe

    assert recipe.head in task.heads
    assert task.check_features(recipe.features) is None
    check_network(task, recipe)
    assert preset.description


@every_task
def test_features_of_other_tasks_are_refused_with_a_reason(task: Task) -> None:
    others = [
        preset.recipe.features
        for other in TASKS.all.values()
        for preset in other.presets.values()
        if not isinstance(preset.recipe.features, task.feature_kinds)
    ]

    assert others
    for features in others:
        assert f"task {task.name!r} takes features of kind" in (task.check_features(features) or ("", ""))[1]


@every_single_label
def test_targets_of_a_classifier_are_label_positions(task: Task, head: HeadName) -> None:
    labels = list(task.labels)[:3]
    np.testing.assert_array_equal(range(len(labels)), task.targets(labels, labels, head))
    np.testing.assert_array_equal([-1, 0], task.targets([labels[0], labels[1]], labels[1:], head))


@every_classifier
def test_labels_are_kept_in_the_tasks_order(task: Task, head: HeadName) -> None:
    some = list(task.labels)[::2] + list(task.labels)[-1:]
    values = [[label] for label in some[::-1]] if head == "multilabel" else some[::-1]

    assert [label for label in task.labels if label in some] == task.label_set(values, head)


@every_single_label
def test_a_training_split_with_odd_labels_is_invalid(task: Task, head: HeadName) -> None:
    """A label that the task does not know, or only one of them: then there is nothing to learn."""
    with pytest.raises(DatasetInvalid, match=f"column {task.target!r} holds unknown labels"):
        task.label_set([*task.labels, "thirteen"], head)
    with pytest.raises(DatasetInvalid, match=f"column {task.target!r} needs at least two labels"):
        task.label_set(list(task.labels[:1]) * 5, head)


@every_head
def test_outputs_have_one_unit_or_one_per_label(task: Task, head: HeadName) -> None:
    per_label = head in {"multiclass", "multilabel"}

    assert (len(task.labels) if per_label else 1) == task.output_units(head)
    assert (7 if per_label else 1) == task.output_units(head, 7)


@every_head
def test_a_head_learns_a_column_of_the_sample(task: Task, head: HeadName) -> None:
    assert task.target_of(head) in sample_of(task.name)
    assert (task.target == task.target_of(head)) == (head != "multilabel")


@every_task
def test_a_task_has_labels_or_a_unit(task: Task) -> None:
    """A regression has no labels and says what its numbers are; a classifier the other way round."""
    assert bool(task.labels) != bool(task.unit)
    assert ("regression" in task.heads) == bool(task.unit)


@every_task
def test_pictures_can_be_drawn_of_what_the_task_exhibits(task: Task) -> None:
    """Points for a boundary, the grey pictures themselves for a sheet."""
    columns = {name: values[:20] for name, values in split_of(task.name, "test").items()}
    shown = task.exhibit(dense(encoder_of(task.name).encode(columns)))

    if "boundary" in task.plots:
        assert ((20, 2), np.dtype(np.float32)) == (shown.shape, shown.dtype)
    if "sheet" in task.plots:
        np.testing.assert_array_equal(np.asarray(columns["pixels"]).reshape(-1, 28, 28), shown)
        assert np.uint8 == shown.dtype


@every_task
def test_words_about_a_task_are_there(task: Task) -> None:
    assert task.title
    assert task.description
    assert task.Input.__doc__
    assert task.Prediction.__doc__
