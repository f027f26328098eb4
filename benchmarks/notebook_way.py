"""A recipe the notebooks' way, in a process of its own: read, build the dense matrix, `model.fit`, evaluate.

Prints one JSON line: seconds of the whole process, of the median epoch after the first, and the peak memory in GiB.
"""

import json
import os
import resource
import sys
import time

STARTED = time.perf_counter()
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import keras  # noqa: E402
import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from app.datasets.catalog import DatasetCatalog  # noqa: E402
from app.domain.recipes import HEADS, KFold, RecipePatch  # noqa: E402
from app.encoding.rows import dense  # noqa: E402
from app.tasks.catalog import TaskCatalog  # noqa: E402
from app.training.build import build  # noqa: E402
from app.training.examples import for_loss  # noqa: E402


class Clock(keras.callbacks.Callback):  # type: ignore[misc]
    """Seconds of each epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Start."""
        del epoch, logs
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Stop."""
        del epoch, logs
        self.seconds.append(time.perf_counter() - self.started)


def main() -> None:
    """Train as the notebook does."""
    case = json.loads(sys.argv[1])
    task = TaskCatalog().get(case["task"])
    preset = task.presets[case.get("preset", "baseline")]
    recipe = RecipePatch.model_validate_json(json.dumps(case.get("recipe", {}))).apply(preset.recipe)
    info = task.dataset(case["dataset"])
    assert info is not None
    data = DatasetCatalog(Path(os.environ["DENSELY_DATASETS_DIR"])).read(task, info)
    labels = task.label_set(data.train.target, recipe.head)
    encoder = task.fit_encoder(recipe.features, data.train.columns)
    units = task.output_units(recipe.head, len(labels))

    def load(rows: Any) -> tuple[NDArray[Any], NDArray[Any]]:
        return dense(encoder.encode(rows.columns)), for_loss(
            task.targets(rows.target, labels, recipe.head), recipe, units
        )

    (x, y), held_out = load(data.train), load(data.test)
    repeat = case.get("repeat", 1)
    x, y = np.tile(x, (repeat, 1)), np.concatenate([y] * repeat)
    clock = Clock()
    folds = preset.validation.folds if isinstance(preset.validation, KFold) else 0
    numbers = np.array_split(np.arange(len(x)), folds) if folds else []
    for held in numbers:
        model = build(recipe, x.shape[1], units, 1)
        rest = np.setdiff1d(np.arange(len(x)), held)
        model.fit(x[rest], y[rest], recipe.batch_size, recipe.epochs, verbose=0, callbacks=[clock],
                  validation_data=(x[held], y[held]))  # fmt: skip
    model = build(recipe, x.shape[1], units, 1)
    model.fit(x, y, batch_size=recipe.batch_size, epochs=recipe.epochs, verbose=0, callbacks=[clock])
    figures = model.evaluate(*held_out, verbose=0, return_dict=True)
    assert HEADS[recipe.head].metric in figures
    later = sorted(clock.seconds[1:])
    found = {
        "total": time.perf_counter() - STARTED,
        "epoch": later[len(later) // 2],
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "loss": figures["loss"],
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
