"""A run's dataset as examples: read or fetched, its encoder learnt, its rows encoded."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.datasets.catalog import Catalog, Dataset
from app.domain.recipes import HEADS, Recipe
from app.errors import DatasetInvalid
from app.tasks.base import Encoder, Label, Task
from app.training import published
from app.training.feed import Examples

Log = Callable[[str], None]


@dataclass(frozen=True)
class Prepared:
    """Everything that training needs to know of the data."""

    dataset: Dataset
    encoder: Encoder
    labels: list[Label]  # what each output unit stands for; empty for regression
    train: Examples
    test: Examples


def prepare(catalog: Catalog, task: Task, dataset_name: str, recipe: Recipe, log: Log) -> Prepared:
    """Read, fetching the published file if there is none, and encode.

    Raises:
        DatasetUnavailable, DatasetInvalid: see the message.
    """
    info = task.dataset(dataset_name)
    if info is None:
        raise DatasetInvalid(f"task {task.name!r} has no dataset {dataset_name!r}")
    if not catalog.is_here(info):
        published.fetch(info, catalog.path(info), log)
    dataset = catalog.read(task, info, task.target_of(recipe.head))
    for note in dataset.notes:
        log(f"dataset {info.name}: {note}")
    labels = task.label_set(dataset.train.target, recipe.head)
    if len(labels) > 2 and not HEADS[recipe.head].unit_per_label:
        raise DatasetInvalid(f"dataset {info.name!r} has {len(labels)} labels; a {recipe.head} head tells two apart")
    try:
        encoder = task.fit_encoder(recipe.features, dataset.train.columns)
        train = Examples(encoder.encode(dataset.train.columns), _targets(task, dataset.train.target, labels, recipe))
        test = Examples(encoder.encode(dataset.test.columns), _targets(task, dataset.test.target, labels, recipe))
    except (AttributeError, TypeError, ValueError) as error:
        raise DatasetInvalid(
            f"the columns of dataset {info.name!r} do not hold what the task takes: {error}"
        ) from error
    log(f"prepared {len(train)} training and {len(test)} test rows of {encoder.width} numbers")
    return Prepared(dataset, encoder, labels, train, test)


def _targets(task: Task, values: Sequence[Any], labels: list[Label], recipe: Recipe) -> NDArray[Any]:
    """Targets in the form that the recipe's loss takes."""
    numbers = task.targets(values, labels, recipe.head)
    if recipe.head == "multilabel":
        return numbers
    if labels and (numbers < 0).any():
        raise DatasetInvalid("the test split holds labels that the training split does not")
    if recipe.loss == "categorical_crossentropy":
        return np.eye(len(labels), dtype=np.float32)[numbers.astype(np.int64)]
    if recipe.loss == "sparse_categorical_crossentropy":
        return numbers
    return numbers.astype(np.float32)[:, None]  # (rows, 1), the shape of the outputs
