"""What half precision and two devices cost and change here: accuracy by precision, processor seconds of an epoch.

`--precision`: test accuracy of three seeds in each precision. `--devices`: an epoch on the processor as one device and
as two, which share its cores: what is found is what sharing costs, not what graphics processors gain by it.
"""

import argparse
import os
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

from app.datasets.catalog import DatasetCatalog
from app.domain.recipes import Recipe
from app.tasks.catalog import TaskCatalog
from app.training import export
from app.training import fit as fitting
from app.training.build import build, metric_of
from app.training.carrying import carry_over
from app.training.devices import devices_for
from app.training.examples import Examples, for_loss
from app.training.fit import TrainingRows, fit
from app.training.parallel import Parallel
from app.training.program import Program

PRESETS = (("sentiment", "baseline"), ("digits", "nielsen"), ("digits", "baseline"))
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
SEEDS = (1, 2, 3)
EPOCHS = 4  # of which the cheapest counts, the first not: it compiles


def material(task_name: str, recipe: Recipe) -> tuple[Examples, Examples, int, int]:
    """Training and test rows as a network sees them, their width, and its output units."""
    task = TaskCatalog().get(task_name)
    units = task.output_units(recipe.head, len(task.labels))
    data = DatasetCatalog(Path(os.environ["DENSELY_DATASETS_DIR"])).read(task, task.datasets[0])
    encoder = task.fit_encoder(recipe.features, data.train.columns)

    def examples(split: Any) -> Examples:
        targets = task.targets(split.target, list(task.labels), recipe.head)
        return Examples(encoder.encode(split.columns), for_loss(targets, recipe, units))

    return examples(data.train), examples(data.test), encoder.width, units


def seconds_of(program: Program, count: int) -> list[float]:
    """Processor seconds, of all cores together, that each epoch after the first takes."""
    seconds = []
    for epoch in range(EPOCHS):
        started = time.process_time()
        program.train(np.random.default_rng(epoch).permutation(count))
        seconds.append(time.process_time() - started)
    return seconds[1:]


def by_precision() -> None:
    """Accuracy on the test split, by the float32 network that would be published."""
    for task, preset in PRESETS:
        base = TaskCatalog().get(task).presets[preset].recipe
        train, test, width, units = material(task, base)
        for precision in PRECISIONS:
            recipe = base.model_copy(update={"precision": precision})
            found: list[float] = []
            for seed in SEEDS:
                model = build(recipe, width, units, seed)
                program = Program(model, recipe, train)
                fit(program, recipe, TrainingRows(np.arange(len(train))), None, (seed, 0), lambda *_: None)
                plain = build(base, width, units, seed)
                carry_over(model, plain)
                outputs = export.outputs_of(plain, test.rows)
                found.append(fitting.evaluate(plain, outputs, test.targets, metric_of(base))["accuracy"])
            figures = " ".join(f"{each:.4f}" for each in found)
            seconds = min(seconds_of(program, len(train)))
            print(
                f"{task} {preset} {precision}: {figures}, mean {np.mean(found):.4f}, epoch {seconds:.3f} s", flush=True
            )


def by_devices() -> None:
    """An epoch as the service has it, and shared by two."""
    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
    )
    for task, preset in PRESETS:
        recipe = TaskCatalog().get(task).presets[preset].recipe
        train, _, width, units = material(task, recipe)
        for count in (1, 2):
            devices = devices_for("all" if count > 1 else "1", recipe.batch_size, 0)
            with devices.scope():
                model = build(recipe, width, units, seed=1)
            arguments = (model, recipe, train)
            program = Parallel(devices.strategy, *arguments) if devices.strategy else Program(*arguments)
            seconds = seconds_of(program, len(train))
            print(f"{task} {preset} on {devices}: epoch {min(seconds):.3f} s", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--precision", action="store_true")
    parser.add_argument("--devices", action="store_true")
    chosen = parser.parse_args()
    if chosen.precision:
        by_precision()
    if chosen.devices:
        by_devices()
