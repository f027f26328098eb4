"""Planar: to which of two classes does a point of the plane belong?"""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, NotRequired

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import TypedDict

from app.domain.numbers import Number
from app.domain.optimizers import SGD
from app.domain.recipes import Coordinates, Dense, Dropout, Features, Layer, Preset, Recipe
from app.encoding.coordinates import CoordinateEncoder
from app.encoding.encoder import Columns, Encoder
from app.encoding.rows import Encoded, FloatMatrix
from app.kinds.answers import EXPLAINED, Abstained, NamedEffects, Warnings, as_probability
from app.kinds.base import SAMPLE, DatasetInfo, Input, Label, Options
from app.kinds.forms import Range
from app.kinds.numeric import NumericTask

TRAIN, TEST = 200, 1_000  # points; the test split is large, so that its accuracy is about that of the whole plane
NOISE = 0.4  # standard deviation of what is added to each coordinate

Coordinate = Annotated[Number, Field(ge=-1e3, le=1e3)]
Points = NDArray[np.float64]  # (n, 2)


class PointInput(Input):
    """A point of the plane."""

    point: Annotated[list[Coordinate], Field(min_length=2, max_length=2)] = Field(
        description="two numbers from -1,000 to 1,000; the points of the datasets lie between -3 and 4"
    )


class PointPrediction(TypedDict):
    """What the network makes of a point."""

    label: Annotated[Literal[0, 1] | None, Field(description="null if the model abstains")]
    probability: Annotated[float, Field(description="of the more probable class, 0.5 to 1")]
    abstained: Abstained
    warnings: Warnings
    explanation: NotRequired[Annotated[NamedEffects, Field(description=EXPLAINED)]]


def _moons(n: int) -> tuple[Points, Points]:
    """Two half circles that reach into each other, as scikit-learn's `make_moons`."""
    angle = np.linspace(0, np.pi, n // 2)
    outer = np.column_stack([np.cos(angle), np.sin(angle)])
    return outer, np.column_stack([1 - outer[:, 0], 0.5 - outer[:, 1]])


def _circles(n: int) -> tuple[Points, Points]:
    """A circle of radius 1 and one of half its size within, as scikit-learn's `make_circles`."""
    angle = np.linspace(0, 2 * np.pi, n // 2, endpoint=False)
    outer = np.column_stack([np.cos(angle), np.sin(angle)])
    return outer, 0.5 * outer


def _xor(n: int) -> tuple[Points, Points]:
    """The four corners of a square, opposite ones of the same class (Minsky and Papert 1969)."""
    corners = np.resize([1.0, -1.0], n // 2)
    return np.column_stack([corners, corners]), np.column_stack([corners, -corners])


SHAPES: dict[str, Callable[[int], tuple[Points, Points]]] = {"moons": _moons, "circles": _circles, "xor": _xor}


def _draw(shape: str, n: int, noise: float, seed: int) -> tuple[Points, list[int]]:
    """`n` points of both classes in random order, with Gaussian noise."""
    # RandomState, whose numbers stay the same in every release of NumPy: they decide the dataset's checksum.
    rng = np.random.RandomState(seed)
    order = rng.permutation(n)
    points = np.concatenate(SHAPES[shape](n))[order] + rng.normal(scale=noise, size=(n, 2))
    return points, [int(i >= n // 2) for i in order]


def _preset(description: str, *layers: Layer, epochs: int = 5_000) -> Preset:
    """Gradient descent with steps of 1 on all training points at once."""
    recipe = Recipe(
        features=Coordinates(),
        layers=layers,
        head="binary",
        loss="binary_crossentropy",
        optimizer=SGD(learning_rate=1.0),
        epochs=epochs,
        batch_size=TRAIN,
    )
    return Preset(description=description, recipe=recipe)


_DROPPED: tuple[Layer, ...] = (Dense(units=50, activation="tanh"), Dropout(rate=0.25))


def _capacity(units: int) -> Preset:
    word = "unit" if units == 1 else "units"
    return _preset(f"One hidden layer of {units} tanh {word}", Dense(units=units, activation="tanh"))


class Planar(NumericTask):
    """The notebooks' toy points, which show what a network can and cannot do."""

    kind = "plane"
    name = "planar"
    title = "Points of the plane"
    description = "Says to which of two classes a point of the plane belongs: toy points, to look at boundaries."
    Input = PointInput
    Prediction = PointPrediction
    example = {"point": [0.3, -1.2]}
    ranges = {axis: Range(least=-3, greatest=4, step=0.1) for axis in ("x1", "x2")}
    datasets = (
        DatasetInfo("moons", "Two half moons, noise 0.4, generated from a seed", TRAIN, TEST, generated=True),
        DatasetInfo("circles", "A circle within a circle, noise 0.4, generated", TRAIN, TEST, generated=True),
        DatasetInfo("xor", "Four corners of a square, opposite ones alike, noise 0.4", TRAIN, TEST, generated=True),
        DatasetInfo(SAMPLE, "Sample: half moons with little noise, 0.1; toy points, not real data", TRAIN, TEST),
    )
    input_columns = ("x1", "x2")
    target = "label"
    labels = (0, 1)
    heads = ("binary", "multiclass", "unit_regression")
    feature_kinds = (Coordinates,)
    pictures = ("boundary", "confusion")
    dataset_pictures = ("points",)
    presets = {
        "baseline": _capacity(5),
        **{f"capacity-{units}": _capacity(units) for units in (1, 3, 5, 20, 50)},
        "l1": _preset("50 tanh units with an L1 penalty of 0.001", Dense(units=50, activation="tanh", l1=0.001)),
        "dropout": _preset("50 tanh units, a quarter of them dropped", *_DROPPED),
        "perceptron": _preset("No hidden layer: one neuron, whose boundary is a line"),
    }

    def rows(self, dataset: str) -> dict[str, Any]:
        """Points drawn from a seed."""
        shape, noise = ("moons", 0.1) if dataset == SAMPLE else (dataset, NOISE)
        train, train_labels = _draw(shape, TRAIN, noise, seed=0)
        test, test_labels = _draw(shape, TEST, noise, seed=1)
        points = np.round(np.concatenate([train, test]), 6)
        split = ["train"] * TRAIN + ["test"] * TEST
        return {"x1": points[:, 0], "x2": points[:, 1], "label": train_labels + test_labels, "split": split}

    def columns(self, inputs: Sequence[Any]) -> Columns:
        """A column for each coordinate."""
        return {name: [item.point[place] for item in inputs] for place, name in enumerate(self.input_columns)}

    def fit_encoder(self, features: Features, columns: Columns) -> Encoder:
        """Nothing is learnt."""
        del features, columns
        return CoordinateEncoder()

    def load_encoder(self, saved: Mapping[str, Any]) -> Encoder:
        """The one encoder there is."""
        if saved["kind"] != "coordinates":
            raise ValueError(f"unknown preprocessing {saved['kind']!r}")
        return CoordinateEncoder()

    def input_width(self, features: Features) -> int:
        """Two coordinates."""
        del features
        return 2

    def restore(self, encoder: Any, row: NDArray[np.float64]) -> dict[str, Any]:
        """The point itself."""
        del encoder
        return {"point": row.tolist()}

    def decode(
        self, outputs: FloatMatrix, encoded: Encoded, labels: Sequence[Label], options: Options
    ) -> list[PointPrediction]:
        """`outputs` (rows, 1), the probability of the second label, or (rows, 2), of both."""
        del encoded, labels
        answers: list[PointPrediction] = []
        for value in outputs[:, -1].tolist():
            label: Literal[0, 1] = 1 if value > 0.5 else 0
            probability = as_probability(max(value, 1 - value))
            abstained = options.abstain(probability)
            answers.append(
                {
                    "label": None if abstained else label,
                    "probability": probability,
                    "abstained": abstained,
                    "warnings": [],
                }
            )
        return answers
