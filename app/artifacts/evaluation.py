"""`evaluation.npz`: what a model answered on its test split, row by row, for paired tests and pictures."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.errors import ArtifactInvalid

EVALUATION = "evaluation.npz"


@dataclass(frozen=True)
class Shown:
    """Some rows with their inputs, as pictures show them."""

    inputs: NDArray[Any]  # (n, 28, 28) uint8 grey values, or (n, 2) float32 points
    target: NDArray[np.int32]  # (n,) label positions
    predicted: NDArray[np.int32]  # (n,) label positions
    probability: NDArray[np.float32]  # (n,) of the predicted label


@dataclass(frozen=True)
class Evaluation:
    """The test split in its order; two models of one dataset can be compared row by row."""

    target: NDArray[Any]  # (rows,) int32 label positions, float32 values, or (rows, labels) bool for multilabel
    predicted: NDArray[Any]  # the same
    shown: Shown | None = None

    def right(self) -> NDArray[np.bool_]:
        """(rows,) whether the answer is right; of a multilabel model, whether all its labels are."""
        same: NDArray[np.bool_] = self.target == self.predicted
        return np.all(same, axis=1) if same.ndim == 2 else same

    def errors(self) -> NDArray[np.float64]:
        """(rows,) absolute errors of a regression."""
        wide: NDArray[np.float64] = np.abs(self.predicted.astype(np.float64) - self.target.astype(np.float64))
        return wide


def save(evaluation: Evaluation, folder: Path) -> None:
    """Write the file into a staging folder."""
    arrays: dict[str, Any] = {"target": evaluation.target, "predicted": evaluation.predicted}
    if evaluation.shown:
        arrays |= {f"shown/{name}": array for name, array in vars(evaluation.shown).items()}
    np.savez_compressed(folder / EVALUATION, **arrays)


def parse(content: bytes) -> Evaluation:
    """The file's content.

    Raises:
        ArtifactInvalid: it is not such a file.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            parts = {name.removeprefix("shown/"): arrays[name] for name in arrays.files if name.startswith("shown/")}
            found = Evaluation(arrays["target"], arrays["predicted"], Shown(**parts) if parts else None)
    except Exception as error:  # a file with the right checksum can still hold anything
        raise ArtifactInvalid("the evaluation cannot be read") from error
    if found.target.shape != found.predicted.shape:
        raise ArtifactInvalid("the evaluation has answers for other rows than its targets")
    return found
