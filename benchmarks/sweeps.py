"""Sweeps: what fifty trials cost beside fifty runs and beside a loop of `model.fit`, and what they find beside presets.

`speed`: IMDB's baseline with fifty learning rates, all sides in this run; `--runs N` and `--fits N` measure so many of
the fifty and scale up. `tasks`: a sweep of fifty trials on each of the five tasks, and the preset that it began with,
trained on all rows with the same three seeds. Needs DENSELY_DATASETS_DIR.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.service import REPOSITORY, Service

TRIALS = 50
RATES = {"optimizer.learning_rate": {"kind": "log_range", "low": 1e-4, "high": 1e-2}}
DENSE_16 = {"kind": "dense", "units": 16}


def _units(*sizes: int) -> dict[str, Any]:
    return {"kind": "choice", "values": list(sizes)}


def _log(low: float, high: float) -> dict[str, Any]:
    return {"kind": "log_range", "low": low, "high": high}


def _drop(high: float) -> dict[str, Any]:
    return {"kind": "range", "low": 0.05, "high": high}


# What is asked for besides the number of trials; a recipe's other fields are the preset's.
SEARCHES: dict[str, dict[str, Any]] = {
    "sentiment": {
        "dataset": "imdb",
        "space": {
            "optimizer.learning_rate": _log(1e-4, 1e-1),
            "layers.0.units": _units(4, 8, 16, 32),
            "layers.0.l2": _log(1e-6, 1e-2),
            "layers.1": {"kind": "choice", "values": {"one hidden layer": None, "two": DENSE_16}},
        },
    },
    "newswire": {
        "dataset": "reuters",
        "space": {
            "optimizer.learning_rate": _log(1e-4, 1e-1),
            "layers.0.units": _units(64, 128, 256, 512),
            "layers.0.l2": _log(1e-7, 1e-3),
            "layers.1": {"kind": "choice", "values": {"none": None, "dropout": {"kind": "dropout", "rate": 0.5}}},
        },
    },
    "digits": {
        "dataset": "mnist",
        "space": {
            "optimizer.learning_rate": _log(1e-4, 1e-2),
            "layers.0.units": _units(128, 256, 512),
            "batch_size": _units(64, 128, 256),
            "layers.0.l2": _log(1e-7, 1e-4),
        },
    },
    "housing": {
        "dataset": "boston_housing",
        "preset": "kfold-100",
        "space": {
            "optimizer.learning_rate": _log(1e-4, 1e-1),
            "layers.0.units": _units(16, 32, 64, 128),
            "layers.1.units": _units(16, 32, 64, 128),
            "layers.0.l2": _log(1e-5, 1.0),
            "batch_size": _units(4, 8, 16, 32),
        },
    },
    "planar": {
        "dataset": "moons",
        "space": {
            "optimizer.learning_rate": _log(1e-2, 1.0),
            "layers.0.units": _units(3, 5, 10, 20),
            "layers.0.activation": {"kind": "choice", "values": ["tanh", "relu", "sigmoid"]},
        },
    },
}


def swept(service: Service, **request: Any) -> tuple[float, dict[str, Any]]:
    """A sweep to its end: seconds from the request, and what it found."""
    started = time.perf_counter()
    answer = service.client.post("/sweeps", json={"budget": {"trials": TRIALS}, "seed": 1, **request})
    sweep: dict[str, Any] = answer.raise_for_status().json()
    while sweep["status"] == "running":
        time.sleep(0.1)
        sweep = service.client.get(f"/sweeps/{sweep['id']}").raise_for_status().json()
    if sweep["status"] != "succeeded":
        raise RuntimeError(sweep["error"])
    return time.perf_counter() - started, sweep


def speed(runs: int, fits: int) -> None:
    """The table of what fifty trials cost."""
    base = {"task": "sentiment", "dataset": "imdb", "preset": "baseline"}
    held_out = {"kind": "holdout", "size": 10_000}
    with tempfile.TemporaryDirectory() as folder, Service(Path(folder)) as service:
        first = service.train(**base, seed=1, activate="never")  # fills the cache
        service.wait(first["id"])
        time.sleep(15)  # a spare trainer imports TensorFlow
        sweep, found = swept(service, **base, validation=held_out, space=RATES, pruner=None)
        each = sorted(row["seconds"] for row in found["leaderboard"])[TRIALS // 2]
        trials = _until_the_last_trial(service, found)
        time.sleep(15)
        started = time.perf_counter()
        ids = [
            service.train(**base, validation=held_out, seed=number, activate="never")["id"] for number in range(runs)
        ]
        for run_id in ids:
            service.wait(run_id, 1_000)
        single = (time.perf_counter() - started) * TRIALS / runs
    loop = subprocess.run(
        [sys.executable, "-m", "benchmarks.sweeps", "loop", "--fits", str(fits)],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        check=True,
    )
    keras = json.loads(loop.stdout.splitlines()[-1])
    whole = keras["read"] + keras["fit"] * TRIALS
    print(f"50 trials {trials:.1f} s (one {each:.3f} s), with the winner's three fits on all rows {sweep:.1f} s")
    print("| beside | seconds for 50 | trials / that | whole sweep / that | asked |\n|---|---|---|---|---|")
    for name, seconds, asked in (
        (f"single runs ({runs} of them, scaled)", single, 0.4),
        (f"`model.fit` in one process ({fits} of them, scaled)", whole, 0.1),
    ):
        print(f"| {name} | {seconds:.0f} | {trials / seconds:.3f} | {sweep / seconds:.3f} | {asked} |")


def _until_the_last_trial(service: Service, sweep: dict[str, Any]) -> float:
    """Seconds from the request."""
    answer = service.client.get("/runs", params={"sweep": sweep["id"], "limit": 100})
    runs = answer.raise_for_status().json()["items"]
    ends = [datetime.fromisoformat(run["finished_at"]) for run in runs if run["trial"]]
    return (max(ends) - datetime.fromisoformat(sweep["created_at"])).total_seconds()


def loop(fits: int) -> None:
    """The same recipe in a loop of `model.fit`: seconds to read and encode, and of each fit."""
    started = time.perf_counter()
    import os

    import numpy as np

    from app.datasets.catalog import DatasetCatalog
    from app.encoding.rows import dense
    from app.tasks.catalog import TaskCatalog
    from app.training.build import build

    task = TaskCatalog().get("sentiment")
    recipe, info = task.presets["baseline"].recipe, task.dataset("imdb")
    assert info is not None
    data = DatasetCatalog(Path(os.environ["DENSELY_DATASETS_DIR"])).read(task, info)
    encoder = task.fit_encoder(recipe.features, data.train.columns)
    x = dense(encoder.encode(data.train.columns))
    labels = task.label_set(data.train.target, recipe.head)
    y = task.targets(data.train.target, labels, recipe.head).astype(np.float32)[:, None]
    read = time.perf_counter() - started
    started = time.perf_counter()
    for number in range(fits):
        model = build(recipe, x.shape[1], 1, 1)
        model.optimizer.learning_rate = 1e-4 * 100 ** (number / max(1, fits - 1))
        held_out = (x[:10_000], y[:10_000])
        model.fit(x[10_000:], y[10_000:], recipe.batch_size, recipe.epochs, verbose=0, validation_data=held_out)
    print(json.dumps({"read": read, "fit": (time.perf_counter() - started) / fits}))


def tasks(names: list[str]) -> None:
    """The table of what sweeps find."""
    whole = 0.0
    print("| task | seconds | stopped early | winner | validation | test, three seeds | preset, the same seeds |")
    print("|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder, Service(Path(folder)) as service:
        time.sleep(15)
        for name in names or list(SEARCHES):
            asked = SEARCHES[name]
            seconds, found = swept(service, task=name, activate="never", **asked)
            whole += seconds
            outcome, metric = found["outcome"], found["plan"]["metric"].removeprefix("val_")
            chosen = ", ".join(f"{path} {_short(value)}" for path, value in outcome["parameters"].items())
            preset = _preset(service, name, asked, found["plan"]["validation"]["kind"] == "kfold")
            spread = outcome["spread"].get(metric) or {"mean": outcome["test"][metric], "std": float("nan")}
            test = f"{spread['mean']:.4f} ± {spread['std']:.4f}"
            cells = [name, f"{seconds:.0f}", found["progress"]["pruned"], chosen]
            cells += [f"{metric} {outcome['value']:.4f}", test, "{:.4f} ± {:.4f}".format(*preset[metric])]
            print(f"| {' | '.join(map(str, cells))} |", flush=True)
    print(f"All sweeps: {whole:.0f} s")


def _preset(service: Service, task: str, asked: dict[str, Any], is_kfold: bool) -> dict[str, tuple[float, float]]:
    """Mean and deviation of the preset's test figures."""
    own: dict[str, Any] = {"task": task, "dataset": asked["dataset"], "preset": asked.get("preset", "baseline")}
    if is_kfold:  # three runs, since folds take the place of seeds
        runs = [service.wait(service.train(**own, seed=seed, activate="never")["id"], 600) for seed in (1, 2, 3)]
        tests = [run["metrics"]["test"] for run in runs]
        names = tests[0]
        means = {name: sum(test[name] for test in tests) / 3 for name in names}
        return {
            name: (means[name], (sum((test[name] - means[name]) ** 2 for test in tests) / 3) ** 0.5) for name in names
        }
    run = service.train(**own, seed=1, seeds=3, validation={"kind": "none"}, activate="never")
    spread = service.wait(run["id"], 600)["metrics"]["spread"]["test"]
    return {name: (value["mean"], value["std"]) for name, value in spread.items()}


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def main() -> None:
    """What is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["speed", "tasks", "loop"])
    parser.add_argument("names", nargs="*", help="of tasks; default: all five")
    parser.add_argument("--runs", type=int, default=TRIALS)
    parser.add_argument("--fits", type=int, default=TRIALS)
    asked = parser.parse_args()
    if asked.what == "speed":
        speed(asked.runs, asked.fits)
    elif asked.what == "tasks":
        tasks(asked.names)
    else:
        loop(asked.fits)


if __name__ == "__main__":
    main()
