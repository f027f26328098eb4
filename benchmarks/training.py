"""Training against the notebooks' way, both in this run: time, memory and losses; ratios printed.

The notebooks' way is a process of its own that reads the same Parquet file, builds the dense matrix and calls
`model.fit`. Ours is a run through the service with its trainer warm, and its epochs are those of the run's history.
`--growth FOLDER` adds a picture of how both grow with rows, words and units. Needs DENSELY_DATASETS_DIR.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks.service import REPOSITORY, Service

WARM = 15.0  # seconds that a fresh trainer is given to import TensorFlow

# name, request, the notebook's layers
CASES: list[tuple[str, dict[str, Any]]] = [
    ("IMDB 16-16", {"task": "sentiment", "dataset": "imdb", "preset": "baseline"}),
    (
        "IMDB 512-512",
        {
            "task": "sentiment",
            "dataset": "imdb",
            "recipe": {"layers": [{"kind": "dense", "units": 512}] * 2, "epochs": 4},
        },
    ),
    ("Reuters 64-64", {"task": "newswire", "dataset": "reuters", "preset": "baseline"}),
    ("MNIST 512", {"task": "digits", "dataset": "mnist", "preset": "baseline"}),
    (
        "MNIST 15",
        {"task": "digits", "dataset": "mnist", "preset": "nielsen-sigmoid", "validation": {"kind": "none"}},
    ),
    ("Boston 4-fold x 100", {"task": "housing", "dataset": "boston_housing", "preset": "kfold-100"}),
]


def notebook(case: dict[str, Any], rows: int = 1) -> dict[str, float]:
    """The recipe in a fresh process, the notebook's way: seconds of everything, seconds of an epoch, peak memory."""
    given = json.dumps({**case, "repeat": rows})
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.notebook_way", given],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        check=False,
    )
    if done.returncode:
        raise MemoryError(done.stderr[-300:])
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def ours(service: Service, case: dict[str, Any]) -> dict[str, float]:
    """The same through the service: seconds from the request to the published model, of an epoch, peak memory."""
    time.sleep(WARM)
    started = time.perf_counter()
    run = service.train(**case, seed=1, activate="never")
    peak = 0
    while service.run(run["id"])["status"] in ("queued", "running"):
        peak = max(peak, *[trainer_memory(service)])
        time.sleep(0.02)
    seconds = time.perf_counter() - started
    ended = service.run(run["id"])
    if ended["status"] != "succeeded":
        raise RuntimeError(ended["error"])
    epochs = service.client.get(f"/runs/{run['id']}/history").json()["epochs"]
    later = sorted(epoch["seconds"] for epoch in epochs[1:])  # the first one compiles
    test = ended["metrics"]["test"]
    return {"total": seconds, "epoch": later[len(later) // 2], "peak": peak / 2**30, "loss": test["loss"]}


def trainer_memory(service: Service) -> int:
    """Resident memory of the service's largest process, bytes: the trainer at work."""
    found = [0]
    for process in psutil.Process(service.process.pid).children(recursive=True):
        try:
            found.append(process.memory_info().rss)
        except psutil.Error:
            continue
    return max(found)


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder, Service(Path(folder)) as service:
        print("| recipe | notebook: whole process | Densely: POST to published | ratio ", end="")
        print("| epoch: notebook | Densely | ratio | memory: notebook | Densely | ratio |")
        print("|---|---|---|---|---|---|---|---|---|---|", flush=True)
        for name, case in CASES:
            ours(service, {**case, "recipe": {**case.get("recipe", {}), "epochs": 2}})  # fills the cache
            there, here = notebook(case), ours(service, case)
            cells = [name]
            for key, unit in (("total", " s"), ("epoch", " s"), ("peak", " GiB")):
                cells += [f"{there[key]:.3g}{unit}", f"{here[key]:.3g}{unit}", f"{there[key] / here[key]:.1f}"]
            print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
