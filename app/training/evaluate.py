"""Figures on the test split: what a model scores, what guessing would, and the answers row by row."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.artifacts.evaluation import Evaluation, Plane, Shown
from app.artifacts.store import ArtifactStore
from app.datasets.catalog import Dataset
from app.domain.recipes import HEADS, HeadName
from app.errors import ArtifactInvalid
from app.inference.predictor import Predictor
from app.tasks.base import Label, Target, Task

SHEET_FIRST, SHEET_WRONG = 60, 40  # a contact sheet: the first rows, and the worst mistakes among the others

Outputs = NDArray[np.float32]  # (rows, units) of the network
Ask = Callable[[NDArray[np.float32]], Outputs]


def baseline(task: Task, dataset: Dataset, head: HeadName) -> dict[str, float]:
    """What guessing scores on the test split.

    Classification: the expected accuracy of the test labels shuffled, the notebooks' figure: the sum of the squared
    label shares. Multilabel: the F1 of giving every row the most frequent label. Regression: the mean absolute error
    of always answering the training mean.
    """
    if HEADS[head].metric == "f1":
        labels = task.label_set(dataset.train.target, head)
        frequent = Counter(chain.from_iterable(dataset.train.target)).most_common(1)[0][0]
        target = task.targets(dataset.test.target, labels, head)
        guess = np.zeros_like(target)
        guess[:, labels.index(frequent)] = 1
        return {"f1": micro_f1(target, guess)}
    if HEADS[head].metric == "accuracy":
        shares = np.array(list(Counter(dataset.test.target).values())) / len(dataset.test)
        return {"accuracy": float(np.sum(shares**2))}
    labels = task.label_set(dataset.train.target, head)
    train, test = (task.targets(rows.target, labels, head) for rows in (dataset.train, dataset.test))
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


def score_model(store: ArtifactStore, task: Task, model_id: str, dataset: Dataset, head: HeadName) -> float | None:
    """The figure of a published model on this dataset's test split: from its manifest if it was measured there.

    None if the model's head is measured by another figure than `head`.

    Raises:
        ArtifactInvalid: its files are missing or damaged.
    """
    manifest = store.manifest(task.name, model_id)
    own = manifest.recipe.head
    if (HEADS[own].metric, task.target_of(own)) != (HEADS[head].metric, task.target_of(head)):
        return None
    metric = HEADS[own].metric
    if manifest.dataset.sha256 == dataset.sha256 and metric in manifest.metrics.test:
        return manifest.metrics.test[metric]
    predictor = Predictor(task, store.open(task.name, model_id), version=0)
    try:
        outputs = predictor.network.in_batches(predictor.encoder.encode(dataset.test.columns))
    except (KeyError, ValueError) as error:
        raise ArtifactInvalid(f"model {model_id} cannot read the rows of {dataset.info.name!r}") from error
    target = task.targets(dataset.test.target, manifest.labels, own)
    return score(own, outputs, manifest.labels, target)


def evaluation_of(
    task: Task, head: HeadName, dataset: Dataset, labels: Sequence[Label], outputs: Outputs, ask: Ask
) -> Evaluation:
    """The answers on the test split, from its `outputs`, and what the task's pictures show.

    `ask`: the network's outputs for other rows.
    """
    target = task.targets(dataset.test.target, labels, head)
    kind: Any = bool if head == "multilabel" else np.int32 if labels else np.float32
    predicted = answers(head, outputs, labels)
    shown, plane = None, None
    if "boundary" in task.pictures:
        points = task.exhibit(dataset.train.columns)
        assert points is not None
        learnt = task.targets(dataset.train.target, labels, head)
        shown = _shown(points, learnt, ask(points), np.arange(len(points)), head, labels)
        plane = Plane.around(points, lambda grid: ask(grid)[:, -1])
    elif "sheet" in task.pictures:
        rows = _sheet_rows(target == predicted, outputs.max(axis=1))
        shown = _shown(task.exhibit(dataset.test.columns), target, outputs, rows, head, labels)
    return Evaluation(target.astype(kind), predicted.astype(kind), shown, plane)


def _sheet_rows(right: NDArray[np.bool_], probability: NDArray[np.float32]) -> NDArray[np.int64]:
    """The first rows, then the mistakes among the others, the surest first."""
    first = np.arange(min(SHEET_FIRST, len(right)))
    wrong = np.flatnonzero(~right)
    wrong = wrong[wrong >= len(first)]
    return np.concatenate([first, wrong[np.argsort(-probability[wrong], kind="stable")][:SHEET_WRONG]])


def _shown(
    inputs: NDArray[Any] | None,
    target: NDArray[Any],
    outputs: Outputs,
    rows: NDArray[np.int64],
    head: HeadName,
    labels: Sequence[Label],
) -> Shown | None:
    if inputs is None:
        return None
    predicted = answers(head, outputs[rows], labels)
    chosen = outputs[rows]
    likely = chosen.max(axis=1) if chosen.shape[1] > 1 else np.maximum(chosen[:, 0], 1 - chosen[:, 0])
    return Shown(inputs[rows], target[rows].astype(np.int32), predicted, likely.astype(np.float32))
