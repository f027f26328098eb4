"""Planar: points where they should be, the same everywhere, and which class a point has."""

import subprocess
import sys
from collections import Counter
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from app.datasets.sample import checksum
from app.domain.recipes import Coordinates, Dense, HeadName
from app.kinds.plane import PointInput
from app.tasks.samples.points import NOISE, SHAPES, TEST, TRAIN, _draw
from app.wire.predictions import Options
from tests.support.counted import parameters_of
from tests.support.tasks import TASKS, rows_of

TASK = TASKS.get("planar")
DATASETS = [info.name for info in TASK.datasets]

# A model says by its checksum what it was trained on: the points must not move with a release.
CHECKSUMS = {
    "moons": "223f260041c2f44eaaf279e61fb3c2d5e8763be8b4a51775019c082f8f4ba156",
    "circles": "c0447dadf1de77c02be2684ca629aa853b994de5ca2f47ed0953f0598b097e3d",
    "xor": "4c047d4b62741d10ed76ff69632e929e87c2cb8ca97ad1fa4045554ec5e99bc7",
    "sample": "be6c98b8f3f60b419a19ed50ca5dd8465b04193767345650b17317964ad28db7",
}


def points_of(rows: dict[str, Any], split: str) -> tuple[NDArray[np.float64], list[int]]:
    """The points of one split, (n, 2), and their labels."""
    chosen = [i for i, part in enumerate(rows["split"]) if part == split]
    return np.column_stack([rows["x1"], rows["x2"]])[chosen], [rows["label"][i] for i in chosen]


def without_noise(shape: str, n: int = 200) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The points of either class."""
    points, labels = _draw(shape, n, noise=0.0, seed=3)
    return points[np.array(labels) == 0], points[np.array(labels) == 1]


def decoded(*outputs: Any) -> list[dict[str, Any]]:
    matrix = np.array(outputs, dtype=np.float32).reshape(len(outputs), -1)
    return TASK.decode(matrix, np.empty((len(outputs), 2), np.float32), TASK.labels, Options())


def test_the_datasets_are_the_shapes_and_a_sample() -> None:
    assert ["moons", "circles", "xor", "sample"] == DATASETS
    assert set(SHAPES) == {info.name for info in TASK.datasets if not info.is_sample}


@pytest.mark.parametrize("name", DATASETS)
def test_the_points_are_the_same_on_every_call(name: str) -> None:
    assert CHECKSUMS[name] == checksum(rows_of(TASK, name)) == checksum(rows_of(TASK, name))


def test_the_points_are_the_same_in_a_fresh_process() -> None:
    """Also with another hash seed, and after somebody has seeded NumPy's own generator."""
    code = (
        "import numpy as np; from app.datasets.sample import checksum; from tests.support.tasks import TASKS, rows_of;"
        "task = TASKS.get('planar'); np.random.seed(5);"
        "print(*(checksum(rows_of(task, info.name)) for info in task.datasets))"
    )
    elsewhere = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONHASHSEED": "7"}, capture_output=True, text=True, check=True
    )

    assert list(CHECKSUMS.values()) == elsewhere.stdout.split()


@pytest.mark.parametrize("name", DATASETS)
def test_each_split_has_both_classes_in_equal_numbers(name: str) -> None:
    rows = rows_of(TASK, name)

    assert (200, 1_000) == (TRAIN, TEST)
    for split, n in (("train", 200), ("test", 1_000)):
        points, labels = points_of(rows, split)
        assert (n, 2) == points.shape
        assert {0: n // 2, 1: n // 2} == Counter(labels)


@pytest.mark.parametrize("name", DATASETS)
def test_no_point_is_in_both_splits(name: str) -> None:
    rows = rows_of(TASK, name)
    both = np.column_stack([rows["x1"], rows["x2"]])

    assert len(both) == len(np.unique(both, axis=0))


@pytest.mark.parametrize("name", DATASETS)
def test_the_points_lie_where_the_input_says(name: str) -> None:
    """Between -3 and 4, with six decimals."""
    rows = rows_of(TASK, name)
    values = np.concatenate([rows["x1"], rows["x2"]])

    assert values.min() >= -3
    assert values.max() <= 4
    np.testing.assert_array_equal(np.round(values, 6), values)


@pytest.mark.parametrize("shape", SHAPES)
def test_classes_come_in_random_order(shape: str) -> None:
    """A hold-out takes the first rows: they must not be of one class."""
    _, labels = points_of(rows_of(TASK, shape), "train")

    assert 5 < sum(labels[:20]) < 15


def test_moons_are_two_half_circles() -> None:
    """As scikit-learn documents `make_moons`: the upper half of the unit circle, the lower one about (1, 0.5)."""
    upper, lower = without_noise("moons")

    np.testing.assert_allclose(1, np.hypot(*upper.T), rtol=1e-12)
    np.testing.assert_allclose(1, np.hypot(lower[:, 0] - 1, lower[:, 1] - 0.5), rtol=1e-12)
    assert upper[:, 1].min() >= -1e-12
    assert lower[:, 1].max() <= 0.5 + 1e-12
    ends: list[set[tuple[float, float]]] = [{(-1, 0), (1, 0)}, {(0, 0.5), (2, 0.5)}]
    for points, expected in zip((upper, lower), ends, strict=True):
        assert expected <= {tuple(point) for point in (np.round(points, 9) + 0.0).tolist()}


@pytest.mark.parametrize(("part", "radius"), [(0, 1.0), (1, 0.5)])
def test_circles_lie_one_within_the_other(part: int, radius: float) -> None:
    """As documented for scikit-learn's `make_circles`, with a factor of 0.5: evenly spaced, no point twice."""
    circle = without_noise("circles")[part]
    angles = np.sort(np.arctan2(circle[:, 1], circle[:, 0]))

    np.testing.assert_allclose(radius, np.hypot(*circle.T), rtol=1e-12)
    np.testing.assert_allclose(0, circle.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(2 * np.pi / 100, np.diff(angles), rtol=1e-9)


def test_xor_has_opposite_corners_of_a_class() -> None:
    """Each corner of the square with a quarter of the points; equal signs are one class."""
    equal, unequal = without_noise("xor")

    assert {(1.0, 1.0): 50, (-1.0, -1.0): 50} == Counter(map(tuple, equal.tolist()))
    assert {(1.0, -1.0): 50, (-1.0, 1.0): 50} == Counter(map(tuple, unequal.tolist()))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("noise", "seed"), [(NOISE, 1), (0.1, 0)])
def test_noise_is_added_to_both_coordinates(shape: str, noise: float, seed: int) -> None:
    """Gaussian, with the deviation that was asked for; the labels stay."""
    points, labels = _draw(shape, 1_000, noise, seed)
    clean, same = _draw(shape, 1_000, 0.0, seed)
    added = points - clean

    assert same == labels
    np.testing.assert_allclose(0, added.mean(axis=0), atol=0.1 * noise)
    np.testing.assert_allclose(noise, added.std(axis=0), rtol=0.06)
    assert abs(np.asarray(np.corrcoef(added.T))[0, 1]) < 0.1
    assert pytest.approx(0.683, abs=0.04) == np.mean(np.abs(added) < noise)


@pytest.mark.parametrize("name", DATASETS)
def test_train_and_test_are_the_seeds_0_and_1(name: str) -> None:
    shape, noise = ("moons", 0.1) if name == "sample" else (name, 0.4)

    for split, n, seed in (("train", 200, 0), ("test", 1_000, 1)):
        points, labels = _draw(shape, n, noise, seed)
        actual, actual_labels = points_of(rows_of(TASK, name), split)
        np.testing.assert_allclose(points, actual, atol=1e-6)
        assert labels == actual_labels


def test_the_sample_can_be_told_apart_and_the_others_hardly() -> None:
    """By the nearest clean point: 0.4 is as much noise as the notebook has, and the sample has little."""

    def accuracy(name: str, shape: str) -> float:
        points, labels = points_of(rows_of(TASK, name), "test")
        both = without_noise(shape)
        distances = [np.hypot(*(points[:, None] - part[None]).transpose(2, 0, 1)).min(axis=1) for part in both]
        return float(np.mean((distances[1] < distances[0]) == np.array(labels)))

    assert accuracy("sample", "moons") > 0.98
    assert 0.75 < accuracy("moons", "moons") < 0.95
    assert accuracy("sample", "moons") > accuracy("moons", "moons")


@pytest.mark.parametrize("point", [[0, 0], [0.3, -1.2], [1e3, -1e3], [1000, -1000], [-0.0, 5e-324]])
def test_a_point_is_two_numbers(point: list[float]) -> None:
    assert point == PointInput.model_validate({"point": point}).point


@pytest.mark.parametrize(
    ("point", "place"),
    [
        ([], ()),
        ([1.0], ()),
        ([1.0, 2.0, 3.0], ()),
        ("12", ()),
        (None, ()),
        (1.0, ()),
        ({"x1": 1.0, "x2": 2.0}, ()),
        ([1000.001, 0], (0,)),
        ([0, -1000.001], (1,)),
        ([0, float("nan")], (1,)),
        ([float("inf"), 0], (0,)),
        ([0, float("-inf")], (1,)),
        ([10**400, 0], (0,)),
        (["1", 0], (0,)),
        ([True, 0], (0,)),
        ([0, None], (1,)),
        ([0, [0]], (1,)),
    ],
)
def test_other_points_are_refused_in_their_place(point: Any, place: tuple[int, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        PointInput.model_validate({"point": point})

    assert [("point", *place)] == [error["loc"] for error in caught.value.errors()]


def test_the_network_sees_the_two_numbers_in_order() -> None:
    encoder = TASK.fit_encoder(Coordinates(), {})
    encoded = encoder.encode(TASK.columns([PointInput(point=[0.3, -1.2]), PointInput(point=[5, 6])]))

    assert isinstance(encoded, np.ndarray)
    np.testing.assert_array_equal(np.array([[0.3, -1.2], [5, 6]], dtype=np.float32), encoded)


def test_points_of_the_dataset_and_of_clients_are_encoded_alike() -> None:
    encoder, rows = TASK.fit_encoder(Coordinates(), {}), rows_of(TASK, "moons")
    stored = encoder.encode({name: rows[name][:5] for name in TASK.input_columns})
    sent = [PointInput(point=point) for point in np.column_stack([rows["x1"], rows["x2"]])[:5].tolist()]

    np.testing.assert_array_equal(np.asarray(stored), np.asarray(encoder.encode(TASK.columns(sent))))
    np.testing.assert_array_equal(np.asarray(stored), TASK.exhibit(np.asarray(stored)))


def test_one_output_is_the_probability_of_label_1() -> None:
    one, zero = decoded(0.9, 0.2)

    assert (1, 0.9) == (one["label"], one["probability"])
    assert (0, 0.8) == (zero["label"], zero["probability"])


def test_of_two_outputs_the_second_is_that_of_label_1() -> None:
    one, zero = decoded([0.1, 0.9], [0.75, 0.25])

    assert (1, 0.9) == (one["label"], one["probability"])
    assert (0, 0.75) == (zero["label"], zero["probability"])


def test_half_is_not_more_than_half() -> None:
    """As `round(0.5)` and Keras' binary accuracy have it."""
    (undecided,) = decoded(0.5)

    assert (0, 0.5) == (undecided["label"], undecided["probability"])


@pytest.mark.parametrize("output", [0.0, 1e-30, 1e-7, 0.1234565, 0.49999997, 0.50000006, 0.9999999, 1.0])
def test_the_given_label_is_at_least_as_probable_as_the_other(output: float) -> None:
    (answer,) = decoded(output)

    assert 0.5 <= answer["probability"] <= 1
    assert pytest.approx(max(output, 1 - output), abs=1e-6) == answer["probability"]


def test_an_encoder_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown preprocessing 'pixels'"):
        TASK.load_encoder({"kind": "pixels", "shape": [28, 28]})


@pytest.mark.parametrize("units", [1, 3, 5, 20, 50])
def test_capacities_are_hidden_tanh_units(units: int) -> None:
    recipe = TASK.presets[f"capacity-{units}"].recipe

    assert (Dense(units=units, activation="tanh"),) == recipe.layers
    assert 4 * units + 1 == parameters_of(recipe, 2, 1)


@pytest.mark.parametrize("name", TASK.presets)
def test_presets_take_all_points_at_once(name: str) -> None:
    """Batch gradient descent, as the notebook writes it by hand."""
    recipe = TASK.presets[name].recipe

    assert TRAIN == recipe.batch_size
    assert "sgd" == recipe.optimizer.kind


@pytest.mark.parametrize("head", TASK.heads)
def test_targets_are_the_labels(head: HeadName) -> None:
    labels = TASK.label_set([1, 0, 1], head)

    assert [0, 1] == labels
    assert [1, 0, 1] == TASK.targets([1, 0, 1], labels, head).tolist()
