"""A sixth task, as one file of data beside the five: flowers by the measures of their leaves."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from app.kinds.base import Task
from app.tasks.catalog import task_of
from app.wire.declarations import SAMPLE, DatasetInfo, Declaration
from benchmarks.service import REPOSITORY, Service

NAME = "iris"
COLUMNS = ("sepal_length", "sepal_width", "petal_length", "petal_width")
# Means and deviations in cm of Fisher's table (1936); the rows themselves are drawn.
SPECIES = {
    "setosa": ((5.01, 0.35), (3.43, 0.38), (1.46, 0.17), (0.25, 0.11)),
    "versicolor": ((5.94, 0.52), (2.77, 0.31), (4.26, 0.47), (1.33, 0.20)),
    "virginica": ((6.59, 0.64), (2.97, 0.32), (5.55, 0.55), (2.03, 0.27)),
}
EXAMPLE = {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}
TRAIN, TEST = 120, 60

DECLARATION: dict[str, Any] = {
    "name": NAME,
    "title": "Iris species",
    "description": "Says which of three species an iris is, from four measures of its leaves.",
    "kind": {
        "kind": "table",
        "columns": [
            {"name": name, "description": "cm", "range": {"least": 0, "greatest": 8, "step": 0.1}} for name in COLUMNS
        ],
    },
    "answer": {"kind": "one_of", "labels": list(SPECIES), "column": "species", "shows": ["top", "probabilities"]},
    "examples": [{"title": "Setosa", "input": {"features": EXAMPLE}}],
    "presets": {
        "baseline": {
            "description": "One hidden layer of 16 units",
            "recipe": {
                "features": {"kind": "standardized"},
                "layers": [{"kind": "dense", "units": 16}],
                "head": "multiclass",
                "loss": "sparse_categorical_crossentropy",
                "optimizer": {"kind": "rmsprop", "learning_rate": 0.01},
                "epochs": 40,
                "batch_size": 16,
            },
        }
    },
    "datasets": [
        {"name": NAME, "description": "Three species of iris", "train_rows": TRAIN, "test_rows": TEST},
    ],
}


def house(folder: Path) -> Path:
    """A copy of the service with the file of the sixth task in it: the folder to run it from."""
    folder.mkdir(parents=True)
    shutil.copytree(REPOSITORY / "app", folder / "app", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("migrations", "models_store", "clients", "pyproject.toml"):
        (folder / name).symlink_to(REPOSITORY / name)
    (folder / "app" / "tasks" / f"{NAME}.json").write_text(json.dumps(DECLARATION))
    return folder


@contextmanager
def served(folder: Path) -> Iterator[Service]:
    """The service from a folder with six tasks."""
    place = house(folder / "house")
    settings = {
        **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9"),
        "PYTHONPATH": str(place),
        "KERAS_HOME": str(folder / "keras"),
        "DENSELY_DATASETS_DIR": str(datasets(folder / "datasets")),
    }
    with Service(folder, settings, cwd=place) as started:
        yield started


def rows() -> dict[str, Any]:
    """Its rows, always the same."""
    rng = np.random.default_rng(1)
    species = np.resize(list(SPECIES), TRAIN + TEST).tolist()
    columns: dict[str, Any] = {
        column: np.array([round(float(rng.normal(*SPECIES[name][place])), 1) for name in species])
        for place, column in enumerate(COLUMNS)
    }
    return {**columns, "species": species, "split": ["train"] * TRAIN + ["test"] * TEST}


def datasets(folder: Path) -> Path:
    """A datasets folder with its rows."""
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(rows()), folder / f"{NAME}.parquet")
    return folder


def task(**changes: Any) -> Task:
    """The task with its rows as a sample, for tests that take it in without a file."""
    declaration = Declaration.model_validate({**DECLARATION, **changes})
    sample = DatasetInfo(SAMPLE, "The rows", TRAIN, TEST, is_built_in=True)
    return task_of(declaration.model_copy(update={"datasets": (*declaration.datasets, sample)}), {SAMPLE: rows})
