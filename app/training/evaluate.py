"""Figures on the test split: what a model scores, and what guessing would."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from app.artifacts.store import ArtifactStore
from app.datasets.catalog import Dataset
from app.domain.recipes import HEADS
from app.errors import ArtifactInvalid
from app.inference.predictor import Predictor
from app.tasks.base import Label, Task


def baseline(task: Task, dataset: Dataset) -> dict[str, float]:
    """What guessing scores on the test split.

    Classification: the expected accuracy of the test labels shuffled, the notebooks' figure: the sum of the
    squared label shares. Regression: the mean absolute error of always answering the training mean.
    """
    if task.labels:
        counts = np.unique(np.asarray([str(label) for label in dataset.test.target]), return_counts=True)[1]
        return {"accuracy": float(np.sum((counts / counts.sum()) ** 2))}
    mean = np.mean(np.asarray(dataset.train.target, dtype=np.float64))
    return {"mae": float(np.mean(np.abs(np.asarray(dataset.test.target, dtype=np.float64) - mean)))}


def score(outputs: Any, labels: Sequence[Label], target: Sequence[Any]) -> float:
    """Accuracy of network outputs (rows, units) against true labels, or their mean absolute error without labels."""
    if not labels:
        return float(np.mean(np.abs(outputs[:, 0] - np.asarray(target, dtype=np.float64))))
    best = (outputs[:, 0] > 0.5).astype(int) if outputs.shape[1] == 1 else outputs.argmax(axis=1)
    return float(np.mean([labels[i] == true for i, true in zip(best.tolist(), target, strict=True)]))


def score_model(store: ArtifactStore, task: Task, model_id: str, dataset: Dataset) -> float:
    """The figure of a published model on this dataset's test split: from its manifest if it was measured there.

    Raises:
        ArtifactInvalid: its files are missing or damaged.
    """
    manifest = store.manifest(task.name, model_id)
    metric = HEADS[manifest.recipe.head].metric
    if manifest.dataset.sha256 == dataset.sha256 and metric in manifest.metrics.test:
        return manifest.metrics.test[metric]
    predictor = Predictor(task, store.open(task.name, model_id), version=0)
    try:
        outputs = predictor.network.in_batches(predictor.encoder.encode(dataset.test.columns))
    except (KeyError, ValueError) as error:
        raise ArtifactInvalid(f"model {model_id} cannot read the rows of {dataset.info.name!r}") from error
    return score(outputs, manifest.labels, dataset.test.target)
