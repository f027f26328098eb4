"""`evaluation.npz`: what a model answered on its test split, row by row, for paired tests and pictures."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.errors import ArtifactInvalid

EVALUATION = "evaluation.npz"
MILLION = 1_000_000  # probabilities are kept in millionths: the six decimals that `/predict` answers
MOST_PROBABILITIES = 300_000  # of a split, which take 1 MB at most, whatever they are


@dataclass(frozen=True)
class Shown:
    """Some rows with their inputs, as pictures show them."""

    inputs: NDArray[Any]  # (n, 28, 28) uint8 grey values, or (n, 2) float32 points
    target: NDArray[np.int32]  # (n,) label positions
    predicted: NDArray[np.int32]  # (n,) label positions
    probability: NDArray[np.float32]  # (n,) of the predicted label


PLANE_POINTS = 200  # in each direction
PLANE_MARGIN = 0.1  # share of the points' range left around them


@dataclass(frozen=True)
class Plane:
    """What a model of two numbers answers on a square around its training points."""

    xs: NDArray[np.float32]  # (200,)
    ys: NDArray[np.float32]  # (200,)
    probability: NDArray[np.float32]  # (200, 200) of the second class, a row for each y

    @classmethod
    def around(cls, points: NDArray[Any], ask: Callable[[NDArray[np.float32]], NDArray[np.float32]]) -> "Plane":
        """`points` (n, 2); `ask` maps (n, 2) to (n,) probabilities of the second class."""
        low, high = points.min(axis=0), points.max(axis=0)
        half = float((high - low).max()) * (0.5 + PLANE_MARGIN) or 1.0
        xs, ys = (
            np.linspace(middle - half, middle + half, PLANE_POINTS, dtype=np.float32) for middle in (low + high) / 2
        )
        grid = np.column_stack([part.ravel() for part in np.meshgrid(xs, ys)])
        return cls(xs, ys, ask(grid).reshape(PLANE_POINTS, PLANE_POINTS))


@dataclass(frozen=True)
class Evaluation:
    """The test split in its order; two models of one dataset can be compared row by row."""

    target: NDArray[Any]  # (rows,) int32 label positions, float32 values, or (rows, labels) bool for multilabel
    predicted: NDArray[Any]  # the same
    shown: Shown | None = None
    plane: Plane | None = None
    millionths: NDArray[np.uint32] | None = None  # the network's outputs; see `millionths_of`

    def right(self) -> NDArray[np.bool_]:
        """(rows,) whether the answer is right; of a multilabel model, whether all its labels are."""
        same: NDArray[np.bool_] = self.target == self.predicted
        return np.all(same, axis=1) if same.ndim == 2 else same

    def errors(self) -> NDArray[np.float64]:
        """(rows,) absolute errors of a regression."""
        wide: NDArray[np.float64] = np.abs(self.predicted.astype(np.float64) - self.target.astype(np.float64))
        return wide


def millionths_of(outputs: NDArray[np.float32]) -> NDArray[np.uint32] | None:
    """The probabilities of a classifier's outputs, (rows, units), as they are kept.

    Of a split with more than 300,000 of them only that of the likeliest answer in each row, (rows,); of one with more
    rows than that none.
    """
    if len(outputs) > MOST_PROBABILITIES:
        return None
    kept = outputs if outputs.size <= MOST_PROBABILITIES else outputs.max(axis=1)
    # A network whose weights have grown beyond float32 answers with what is no number.
    return np.rint(np.clip(np.nan_to_num(kept.astype(np.float64)), 0, 1) * MILLION).astype(np.uint32)


def save(evaluation: Evaluation, folder: Path) -> None:
    """Write the file into a staging folder."""
    arrays: dict[str, Any] = {"target": evaluation.target, "predicted": evaluation.predicted}
    if evaluation.millionths is not None:
        arrays["millionths"] = evaluation.millionths
    for part, held in (("shown", evaluation.shown), ("plane", evaluation.plane)):
        arrays |= {f"{part}/{name}": array for name, array in vars(held).items()} if held else {}
    np.savez_compressed(folder / EVALUATION, **arrays)


def parse(content: bytes) -> Evaluation:
    """The file's content.

    Raises:
        ArtifactInvalid: it is not such a file.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            shown, plane = _part(arrays, "shown"), _part(arrays, "plane")
            found = Evaluation(
                arrays["target"],
                arrays["predicted"],
                Shown(**shown) if shown else None,
                Plane(**plane) if plane else None,
                arrays["millionths"] if "millionths" in arrays.files else None,
            )
    except Exception as error:  # a file with the right checksum can still hold anything
        raise ArtifactInvalid("the evaluation cannot be read") from error
    if found.target.shape != found.predicted.shape:
        raise ArtifactInvalid("the evaluation has answers for other rows than its targets")
    if found.millionths is not None and len(found.millionths) != len(found.target):
        raise ArtifactInvalid("the evaluation has probabilities for other rows than its targets")
    return found


def _part(arrays: Any, prefix: str) -> dict[str, Any]:
    """The arrays whose names begin so, without the prefix."""
    return {name.removeprefix(f"{prefix}/"): arrays[name] for name in arrays.files if name.startswith(f"{prefix}/")}
