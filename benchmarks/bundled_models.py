"""Trains the bundled models, one per task, on the real data and through the service itself: `make models`.

Needs the benchmark files in DENSELY_DATASETS_DIR (or a network, to import Keras' published ones). Replaces what
`models_store/` ships, and prints the figures. Tasks as arguments replace theirs alone:
`python -m benchmarks.bundled_models sentiment newswire`. With `--preset baseline` they are trained by
that preset.
"""

import argparse
import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from app.artifacts.bundle import BUNDLED
from app.artifacts.store import ArtifactStore
from benchmarks.service import REPOSITORY, Service

DATASETS = {
    "digits": "mnist",
    "housing": "boston_housing",
    "newswire": "reuters",
    "planar": "moons",
    "sentiment": "imdb",
}
PRESETS = {"planar": "baseline"}  # of the others the best
SEED = 1
PATIENCE = 7_200  # seconds for all of them


def main(tasks: Sequence[str], preset: str | None) -> None:
    """Train, replace, report."""
    target = ArtifactStore(REPOSITORY / "models_store")
    with tempfile.TemporaryDirectory() as folder:
        with Service(Path(folder)) as service:
            queued = [
                service.train(
                    task=task,
                    dataset=DATASETS[task],
                    preset=preset or PRESETS.get(task, "best"),
                    seed=SEED,
                    activate="always",
                    name="bundled model",
                )
                for task in tasks
            ]
            runs = [service.wait(run["id"], PATIENCE) for run in queued]
        failed = [run for run in runs if run["status"] != "succeeded"]
        if failed:
            raise SystemExit(f"not succeeded: {[(run['task'], run['error']) for run in failed]}")
        index = target.bundled()
        for task in tasks:
            if task in index:
                shutil.rmtree(target.path(task, index[task]), ignore_errors=True)
        for run in runs:
            target.copy_from(ArtifactStore(Path(folder) / "models"), run["task"], run["model_id"])
    index |= {run["task"]: run["model_id"] for run in runs}
    (target.root / BUNDLED).write_text(json.dumps(index, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    for run in runs:
        size = sum(p.stat().st_size for p in target.path(run["task"], run["model_id"]).iterdir())
        print(f"{run['task']:10} {run['dataset']:15} test {run['metrics']['test']} {size / 1e6:.1f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Train the bundled models anew.")
    parser.add_argument("tasks", nargs="*", metavar="task", help=f"{', '.join(DATASETS)}; all if none is named")
    parser.add_argument("--preset", help="instead of each task's baseline")
    given = parser.parse_args()
    named = given.tasks
    if unknown := set(named) - set(DATASETS):
        parser.error(f"no such task: {', '.join(sorted(unknown))}")
    main(list(dict.fromkeys(named)) or list(DATASETS), given.preset)
