"""Test results of each task's baseline, or of another preset, over several seeds, on real data, through the service.

Needs the benchmark files in DENSELY_DATASETS_DIR. Plain Keras' figures are one run each of the classic notebook
recipe, unchanged, on the same files.
"""

import argparse
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.service import Service

SEEDS = (1, 2, 3)
PLAIN_KERAS = {
    ("sentiment", "imdb"): ("accuracy", 0.8747),
    ("newswire", "reuters"): ("accuracy", 0.8700),
    ("digits", "mnist"): ("accuracy", 0.9809),
    ("housing", "boston_housing"): ("mae", 2.79),
}


def main(preset: str, tasks: Sequence[str]) -> None:
    """Train, and print a table."""
    chosen = [key for key in PLAIN_KERAS if key[0] in tasks or not tasks]
    with tempfile.TemporaryDirectory() as folder, Service(Path(folder)) as service:
        queued = {
            key: [
                service.train(task=key[0], dataset=key[1], preset=preset, seed=seed, activate="never")["id"]
                for seed in SEEDS
            ]
            for key in chosen
        }
        print(f"{'task':10} {'dataset':15} figure       mean  lowest  highest  plain Keras  seconds")
        for key, ids in queued.items():
            runs = [service.wait(run_id) for run_id in ids]
            metric, plain = PLAIN_KERAS[key]
            figures = [run["metrics"]["test"][metric] for run in runs]
            manifests = [service.client.get(f"/models/{run['model_id']}").json()["manifest"] for run in runs]
            seconds = statistics.median(manifest["seconds"] for manifest in manifests)
            print(
                f"{key[0]:10} {key[1]:15} {metric:9} {statistics.mean(figures):7.4f} {min(figures):7.4f} "
                f"{max(figures):8.4f} {plain:12.4f}  {seconds:7.1f}"
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", nargs="*")
    parser.add_argument("--preset", default="baseline")
    given = parser.parse_args()
    main(given.preset, given.tasks)
