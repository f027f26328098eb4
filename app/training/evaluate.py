"""Figures on the test split: what a model scores, what guessing would, and the answers row by row."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.artifacts.evaluation import Evaluation, Plane, Shown, millionths_of
from app.artifacts.store import ArtifactStore
from app.domain.recipes import HEADS, HeadName
from app.encoding.rows import dense, take
from app.errors import ArtifactInvalid
from app.inference.predictor import Predictor
from app.kinds.base import Target, Task
from app.training.prepare import Prepared
from app.wire.declarations import Label

SHEET_FIRST, SHEET_WRONG = 60, 40  # a contact sheet: the first rows, and the worst mistakes among the others

Outputs = NDArray[np.float32]  # (rows, units) of the network
Ask = Callable[[NDArray[np.float32]], Outputs]


def baseline(head: HeadName, train: NDArray[Any], test: NDArray[Any]) -> dict[str, float]:
    """What guessing scores on the test split; targets are as `Task.targets` gives them.

    Classification: the expected accuracy of the test labels shuffled, the notebooks' figure: the sum of the squared
    label shares. Multilabel: the F1 of giving every row the most frequent label. Regression: the mean absolute error
    of always answering the training mean.
    """
    metric = HEADS[head].metric
    if metric == "f1":
        guess = np.zeros_like(test)
        guess[:, int(train.sum(axis=0).argmax())] = 1
        return {"f1": micro_f1(test, guess)}
    if metric == "accuracy":
        shares = np.bincount(test) / len(test)
        return {"accuracy": float(np.sum(shares**2))}
    return {"mae": float(np.mean(np.abs(test - np.mean(train))))}


def micro_f1(target: NDArray[Any], predicted: NDArray[Any]) -> float:
    """F1 over all rows and labels together; both (rows, labels) of zeros and ones."""
    hits = float(np.sum((target > 0) & (predicted > 0)))
    both = float(np.sum(target > 0) + np.sum(predicted > 0))
    return 2 * hits / both if both else 0.0


def answers(head: HeadName, outputs: Outputs, labels: Sequence[Label]) -> NDArray[Any]:
    """Network outputs as `Evaluation.predicted` has them."""
    if head == "multilabel":
        return outputs > 0.5  # strictly, as Keras' F1Score
    if not labels:
        return outputs[:, 0].astype(np.float32)
    return (outputs[:, 0] > 0.5).astype(np.int32) if outputs.shape[1] == 1 else outputs.argmax(axis=1).astype(np.int32)


def score(head: HeadName, outputs: Outputs, labels: Sequence[Label], target: Target) -> float:
    """The head's metric, of network outputs against targets as `Task.targets` gives them."""
    metric = HEADS[head].metric
    if metric == "mae":
        return float(np.mean(np.abs(outputs[:, 0] - target)))
    predicted = answers(head, outputs, labels)
    return micro_f1(target, predicted) if metric == "f1" else float(np.mean(predicted == target))


def score_model(store: ArtifactStore, task: Task, model_id: str, prepared: Prepared, head: HeadName) -> float | None:
    """The figure of a published model on this dataset's test split: from its manifest if it was measured there.

    Its files are checked in any case: a model that could not answer is no rival.

    None if the model's head is measured by another figure than `head`.

    Raises:
        ArtifactInvalid: its files are missing or damaged.
        StoreAway, Unusable: an object store does not give them, or this machine does not take them.
    """
    manifest = store.manifest(task.name, model_id)
    own = manifest.recipe.head
    if (HEADS[own].metric, task.target_of(own)) != (HEADS[head].metric, task.target_of(head)):
        return None
    metric = HEADS[own].metric
    predictor = Predictor(task, store.open(task.name, model_id), version=0)
    if manifest.dataset.sha256 == prepared.sha256 and metric in manifest.metrics.test:
        return manifest.metrics.test[metric]
    dataset = prepared.read()
    try:
        outputs = task.within(predictor.network.in_batches(predictor.encoder.encode(dataset.test.columns)))
    except (KeyError, ValueError) as error:
        raise ArtifactInvalid(f"model {model_id} cannot read the rows of {dataset.info.name!r}") from error
    target = task.targets(dataset.test.target, manifest.labels, own)
    return score(own, outputs, manifest.labels, target)


def evaluation_of(task: Task, head: HeadName, prepared: Prepared, outputs: Outputs, ask: Ask) -> Evaluation:
    """The answers on the test split, from its `outputs`, and what the task's pictures show.

    `ask`: the network's outputs for other rows.
    """
    labels, target = prepared.labels, prepared.test.targets
    kind: Any = bool if head == "multilabel" else np.int32 if labels else np.float32
    predicted = answers(head, outputs, labels)
    shown, plane = None, None
    if "boundary" in task.plots:
        points = dense(prepared.train.rows)
        shown = _shown(points, prepared.train.targets, ask(points), head, labels)
        plane = Plane.around(points, lambda grid: ask(grid)[:, -1])
    elif "sheet" in task.plots:
        rows = _sheet_rows(target == predicted, outputs.max(axis=1))
        shown = _shown(task.exhibit(dense(take(prepared.test.rows, rows))), target[rows], outputs[rows], head, labels)
    kept = millionths_of(outputs) if labels else None
    return Evaluation(target.astype(kind), predicted.astype(kind), shown, plane, kept)


def _sheet_rows(right: NDArray[np.bool_], probability: NDArray[np.float32]) -> NDArray[np.int64]:
    """The first rows, then the mistakes among the others, the surest first."""
    first = np.arange(min(SHEET_FIRST, len(right)))
    wrong = np.flatnonzero(~right)
    wrong = wrong[wrong >= len(first)]
    return np.concatenate([first, wrong[np.argsort(-probability[wrong], kind="stable")][:SHEET_WRONG]])


def _shown(
    inputs: NDArray[Any], target: NDArray[Any], outputs: Outputs, head: HeadName, labels: Sequence[Label]
) -> Shown:
    predicted = answers(head, outputs, labels)
    likely = outputs.max(axis=1) if outputs.shape[1] > 1 else np.maximum(outputs[:, 0], 1 - outputs[:, 0])
    return Shown(inputs, target.astype(np.int32), predicted.astype(np.int32), likely.astype(np.float32))
