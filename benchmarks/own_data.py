"""Tables that nobody here wrote, as tasks of a user's own: a preset beside scikit-learn on the same split.

The presets were chosen on the splits of seeds 0 to 5. What is reported is of seeds 100 and on, on which nothing was
chosen.

Needs scikit-learn, which the service does not (`.venv/bin/pip install scikit-learn`), and Keras' California housing in
KERAS_HOME. Everything happens in this process.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

SPLITS = 6
FIRST = 100  # seed of the first split: those below are for choosing presets
CALIFORNIA = (
    "longitude", "latitude", "housing_median_age", "total_rooms", "total_bedrooms", "population", "households",
    "median_income",
)  # fmt: skip


@dataclass(frozen=True)
class Table:
    """Rows of numbers with an answer."""

    name: str
    columns: tuple[str, ...]
    x: NDArray[np.float64]  # (rows, columns)
    y: NDArray[Any]  # (rows,) labels or values
    labels: tuple[str, ...]  # none: a number is asked


def tables() -> list[Table]:
    """Those of scikit-learn, and California housing."""
    from sklearn import datasets

    found = []
    for name in ("iris", "wine", "breast_cancer", "diabetes"):
        bunch: Any = getattr(datasets, f"load_{name}")()
        columns = tuple("".join(c if c.isalnum() else "_" for c in each) for each in bunch.feature_names)
        labels = tuple(map(str, bunch.target_names)) if "target_names" in bunch else ()
        y = np.array([labels[place] for place in bunch.target]) if labels else bunch.target
        found.append(Table(name, columns, bunch.data, y, labels))
    home = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))
    with np.load(home / "datasets" / "california_housing.npz") as file:
        found.append(Table("california", CALIFORNIA, file["x"].astype(np.float64), file["y"].astype(np.float64), ()))
    return found


def split_of(table: Table, seed: int) -> NDArray[np.bool_]:
    """Which rows are for testing: a fifth, of each label its share."""
    from sklearn.model_selection import train_test_split

    rows = np.arange(len(table.y))
    _, test = train_test_split(rows, test_size=0.2, random_state=seed, stratify=table.y if table.labels else None)
    return np.isin(rows, test)


def scikit_learn(table: Table, test: NDArray[np.bool_], seed: int) -> dict[str, float]:
    """Accuracy or mean absolute error of its linear model and of both its kinds of gradient boosting."""
    from sklearn import ensemble, linear_model
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if table.labels:
        linear: Any = linear_model.LogisticRegression(max_iter=5_000)
        boosting: Any = ensemble.GradientBoostingClassifier(random_state=seed)
        histogram: Any = ensemble.HistGradientBoostingClassifier(random_state=seed)
    else:
        linear = linear_model.Ridge()
        boosting = ensemble.GradientBoostingRegressor(random_state=seed)
        histogram = ensemble.HistGradientBoostingRegressor(random_state=seed)
    models = {"linear": make_pipeline(StandardScaler(), linear), "boosting": boosting, "histogram": histogram}
    figures = {}
    for name, model in models.items():
        found = model.fit(table.x[~test], table.y[~test]).predict(table.x[test])
        right = found == table.y[test] if table.labels else np.abs(found - table.y[test])
        figures[name] = float(np.mean(right))
    return figures


def rows_of(table: Table, test: NDArray[np.bool_]) -> dict[str, Any]:
    """The table as a dataset has it."""
    columns = {name: table.x[:, place] for place, name in enumerate(table.columns)}
    return {**columns, "answer": table.y.tolist(), "split": np.where(test, "test", "train").tolist()}


def declared(table: Table, test: NDArray[np.bool_]) -> Any:
    """The task as an upload would declare it."""
    from app.tasks.declared import declare
    from app.wire.datasets import Findings
    from app.wire.declarations import NumberAnswer, NumberColumn, OneOf, TableKind

    answer: Any = (
        OneOf(labels=table.labels, column="answer")
        if table.labels
        else NumberAnswer(title="Answer", unit="", column="answer")
    )
    kind = TableKind(columns=tuple(NumberColumn(name=name) for name in table.columns))
    train = int((~test).sum())
    findings = Findings(
        format="csv", bytes=0, rows=len(test), train_rows=train, test_rows=len(test) - train, split="made", columns=[]
    )
    example = {"features": dict(zip(table.columns, table.x[0].tolist(), strict=True))}
    return declare("own", "Own", "", kind, answer, findings, [example])


def ours(table: Table, test: NDArray[np.bool_], seed: int, preset: Any = None) -> tuple[float, float]:
    """Accuracy or mean absolute error of the baseline, and seconds."""
    from app.datasets.catalog import DatasetCatalog
    from app.datasets.encoded import EncodedCache
    from app.tasks.catalog import task_of
    from app.training.checkpoint import Checkpoints
    from app.training.fits import Fits
    from app.training.prepare import prepare
    from app.wire.declarations import DatasetInfo

    declaration = declared(table, test)
    count = int(test.sum())
    info = DatasetInfo("own", "Own", len(test) - count, count, is_built_in=True)
    task = task_of(declaration.model_copy(update={"datasets": (info,)}), {"own": lambda: rows_of(table, test)})
    preset = preset or declaration.presets["baseline"]
    silent: Any = SimpleNamespace(
        log=print_nothing, forget_epochs=print_nothing, record_epoch=print_nothing, flush=print_nothing
    )
    run: Any = SimpleNamespace(recipe=preset.recipe, validation=preset.validation, seed=seed, seeds=1)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepared = prepare(DatasetCatalog(folder), EncodedCache(folder, 0), task, "own", preset.recipe, print_nothing)
        trained = Fits(silent, run, task, prepared, Checkpoints(folder / "c", 1e9, {})).train()
    return trained.metrics.test[preset.recipe.metric], time.perf_counter() - started


def print_nothing(*_: Any) -> None:
    """Nobody is told."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="of tables; default: all")
    parser.add_argument("--preset", default="baseline", help="baseline, quick or best")
    parser.add_argument("--seeds", type=int, default=SPLITS, help="splits of each")
    parser.add_argument("--first", type=int, default=FIRST, help="seed of the first split")
    chosen = parser.parse_args(arguments)
    print(f"{'table':14} {'rows':>6}  {'ours':>10} {'linear':>10} {'boosting':>10} {'histogram':>10}  seconds")
    for table in tables():
        if chosen.names and table.name not in chosen.names:
            continue
        found: dict[str, list[float]] = {}
        for seed in range(chosen.first, chosen.first + chosen.seeds):
            test = split_of(table, seed)
            figure, seconds = ours(table, test, seed, declared(table, test).presets[chosen.preset])
            for name, value in {"ours": figure, **scikit_learn(table, test, seed), "seconds": seconds}.items():
                found.setdefault(name, []).append(value)
        means = {name: statistics.mean(values) for name, values in found.items()}
        told = " ".join(f"{means[name]:10.4g}" for name in ("ours", "linear", "boosting", "histogram"))
        print(f"{table.name:14} {len(table.y):6}  {told}  {means['seconds']:7.1f}", flush=True)


if __name__ == "__main__":
    main()
