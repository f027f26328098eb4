"""A sweep of 32 trials on a real Ray cluster of two nodes of this machine: which share of the slots is at work.

`python -m benchmarks.ray_sweep [--slots 8] [--real] [--lose]`. Without `--real`, trials need no core: each sleeps for
3 to 7 seconds, so that what is measured is the handing out, whatever this machine has. With it they are trained.
`--lose` ends the second node when a third of the trials have ended.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from app.db import migrate
from benchmarks.service import REPOSITORY, Service
from tests.support import ray_cluster

TRIALS = 32
SEARCH: dict[str, Any] = {
    "task": "planar",
    "dataset": "sample",
    "seed": 1,
    "recipe": {"epochs": 500},
    "validation": {"kind": "holdout", "size": 100},
    "space": {"optimizer.learning_rate": {"kind": "log_range", "low": 1e-4, "high": 1e-1}},
    "method": {"kind": "random"},
    "pruner": None,
    "budget": {"trials": TRIALS},
    "generation": TRIALS,
}


def seconds_of(number: int) -> float:
    """That a trial sleeps which is not trained."""
    return 3.0 + number % 5


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slots", type=int, default=8)
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--lose", action="store_true")
    asked = parser.parse_args()
    half = asked.slots // 2
    with tempfile.TemporaryDirectory() as folder, ray_cluster.running(half, asked.slots - half) as cluster:
        home = Path(folder) / "service" / "home"
        home.mkdir(parents=True)
        migrate.upgrade(f"sqlite:///{home / 'densely.db'}")
        environment = {"DENSELY_EXECUTOR": "ray", "DENSELY_RAY_ADDRESS": cluster.address}
        with Service(Path(folder) / "service", environment, "serve") as service:
            worker = _worker(service, environment, is_real=asked.real)
            try:
                sweep = service.client.post("/sweeps", json=SEARCH).raise_for_status().json()["id"]
                runs = _watched(service, sweep, cluster if asked.lose else None)
                service.client.post(f"/sweeps/{sweep}/cancel")
            finally:
                worker.terminate()
                worker.wait(60)
    _tell(runs, asked.slots, is_real=asked.real)


def _worker(service: Service, environment: dict[str, str], *, is_real: bool) -> "subprocess.Popen[bytes]":
    module = "app.worker" if is_real else "benchmarks.ray_sleeper"
    place = {"DENSELY_HOME": str(service.folder / "home"), "DENSELY_MODELS_DIR": str(service.folder / "models")}
    with (service.folder / "worker.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", module], env={**os.environ, **environment, **place}, cwd=REPOSITORY, stderr=log
        )


def _watched(service: Service, sweep: str, cluster: ray_cluster.RayCluster | None) -> list[dict[str, Any]]:
    """The trials, once all have ended."""
    while True:
        progress = service.client.get(f"/sweeps/{sweep}").raise_for_status().json()["progress"]
        if cluster and progress["ended"] >= TRIALS // 3:
            cluster.kill("127.0.0.3")
            cluster = None
        if progress["ended"] == TRIALS:
            runs = service.client.get("/runs", params={"sweep": sweep, "limit": 100}).json()["items"]
            return [run for run in runs if run["trial"]]
        time.sleep(0.2)


def _tell(runs: list[dict[str, Any]], slots: int, *, is_real: bool) -> None:
    began = [datetime.fromisoformat(run["started_at"]).timestamp() for run in runs]
    ended = [datetime.fromisoformat(run["finished_at"]).timestamp() for run in runs]
    first, last = min(began), max(began)  # while trials are left
    held = sum(min(end, last) - start for start, end in zip(began, ended, strict=True))
    print(f"{len(runs)} trials, {slots} slots: {max(ended) - first:.1f} s, {last - first:.1f} s to the last start")
    print(f"while trials were left, {held / (slots * (last - first)):.1%} of the slots had one")
    if not is_real:
        lengths = [seconds_of(run["trial"]["number"]) for run in runs]
        print(f"{sum(lengths):.0f} s of work, of {slots * (max(ended) - first):.0f} s that the slots had to the end")
        warm = min(ended)  # from here on slots have their trainers
        work = sum(max(0.0, min(end, last) - max(end - s, warm)) for end, s in zip(ended, lengths, strict=True))
        print(
            f"between the first trial's end and the last one's start they worked {work / (slots * (last - warm)):.1%}"
        )
    print(f"tried again: {sum(run['attempt'] > 1 for run in runs)}; {sorted({run['status'] for run in runs})}")


if __name__ == "__main__":
    main()
