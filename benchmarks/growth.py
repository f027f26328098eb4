"""How training grows with rows, words and units: seconds of an epoch and peak memory, ours and plain Keras'.

Each measurement is a process of its own on IMDB (repeated for more rows), with the baseline's batches of 512 and three
epochs. Plain Keras gets three quarters of the machine's memory. Prints a table; with a file name draws it too.
"""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks.service import REPOSITORY

BASE = {"rows": 1, "words": 10_000, "units": 16}
STEPS: dict[str, tuple[int, ...]] = {"rows": (1, 4, 16), "words": (1_000, 10_000, 100_000), "units": (16, 128, 1_024)}
SIDES = ("ours", "plain Keras")


def measure(side: str, point: dict[str, int]) -> dict[str, float] | None:
    """Seconds of an epoch and GiB at the peak, or None where it does not fit."""
    command = [sys.executable, "-m", "benchmarks.growth", "--one", side, json.dumps(point)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, check=False)
    if done.returncode:
        return None
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def one(side: str, point: dict[str, int]) -> None:
    """In a process of its own."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    limit = psutil.virtual_memory().total * 3 // 4
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    import numpy as np

    from app.datasets.catalog import DatasetCatalog
    from app.domain.recipes import Dense
    from app.domain.texts import MultiHot
    from app.encoding.rows import dense, take
    from app.tasks.catalog import TaskCatalog
    from app.training.build import build
    from app.training.examples import Examples, for_loss
    from app.training.program import Program

    task = TaskCatalog().get("sentiment")
    layers = (Dense(units=point["units"]),) * 2
    features = MultiHot(words=point["words"])
    base = task.presets["baseline"].recipe
    recipe = base.model_copy(update={"layers": layers, "features": features, "epochs": 3})
    data = DatasetCatalog(Path(os.environ["DENSELY_DATASETS_DIR"])).read(task, task.datasets[0])
    encoder = task.fit_encoder(features, data.train.columns)
    numbers = np.tile(np.arange(len(data.train)), point["rows"])
    encoded = encoder.encode(data.train.columns)
    y = for_loss(task.targets(data.train.target, list(task.labels), "binary"), recipe, 1)[numbers]
    model = build(recipe, encoder.width, 1, seed=1)
    seconds = []
    if side == "ours":
        program = Program(model, recipe, Examples(take(encoded, numbers), y))
        for epoch in range(3):
            started = time.perf_counter()
            program.train(np.random.default_rng(epoch).permutation(len(numbers)))
            seconds.append(time.perf_counter() - started)
    else:
        x = dense(take(encoded, numbers))
        for _ in range(3):
            started = time.perf_counter()
            model.fit(x, y, batch_size=recipe.batch_size, epochs=1, verbose=0)
            seconds.append(time.perf_counter() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"epoch": min(seconds[1:]), "peak": peak}))


def draw(found: dict[tuple[str, str, int], dict[str, float] | None], path: Path) -> None:
    """Two rows of panels, time above and memory below, one column for rows, words and units."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, LogLocator

    from app.plots.palette import LIGHT

    figure = Figure(figsize=(10, 6), layout="constrained", dpi=110)
    panels = figure.subplots(2, 3)
    for column, (what, steps) in enumerate(STEPS.items()):
        for line, (key, name) in enumerate((("epoch", "seconds of an epoch"), ("peak", "peak memory, GiB"))):
            axes = panels[line][column]
            for side, colour in zip(SIDES, LIGHT.classes, strict=True):
                points = [(step, found[side, what, step]) for step in steps]
                there = [(step, figures[key]) for step, figures in points if figures]
                axes.plot(*zip(*there, strict=True), marker="o", color=colour, label=side, linewidth=2)
            axes.set(xscale="log", yscale="log", xticks=steps, ylabel=name if column == 0 else "")
            axes.set_xticks(steps, [f"{step:,}" + ("×" if what == "rows" else "") for step in steps])
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axes.minorticks_off()
            axes.grid(alpha=0.3)
            axes.spines[["top", "right"]].set_visible(False)
            if line == 0:
                axes.set_title(what, fontweight="bold")
    panels[0][0].legend(frameon=False)
    figure.suptitle("IMDB: training as the work grows (a curve ends where the machine's memory does)")
    figure.savefig(path)


def main() -> None:
    """Measure every point on both sides."""
    found: dict[tuple[str, str, int], dict[str, float] | None] = {}
    known: dict[tuple[str, str], Any] = {}
    print("| rows | words | units | epoch: plain Keras | ours | ratio | memory: plain Keras | ours | ratio |")
    print("|---|---|---|---|---|---|---|---|---|")
    for what, steps in STEPS.items():
        for step in steps:
            point = {**BASE, what: step}
            for side in SIDES:
                key = (side, json.dumps(point))
                if key not in known:
                    known[key] = measure(side, point)
                found[side, what, step] = known[key]
            here, there = found["ours", what, step], found["plain Keras", what, step]
            assert here is not None
            cells = [f"{25_000 * point['rows']:,}", f"{point['words']:,}", f"{point['units']:,}"]
            for name, unit in (("epoch", " s"), ("peak", " GiB")):
                other = f"{there[name]:.3g}{unit}" if there else "does not fit"
                cells += [other, f"{here[name]:.3g}{unit}", f"{there[name] / here[name]:.1f}" if there else ""]
            print(f"| {' | '.join(cells)} |", flush=True)
    if len(sys.argv) > 1:
        draw(found, Path(sys.argv[1]))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2], json.loads(sys.argv[3]))
    else:
        main()
