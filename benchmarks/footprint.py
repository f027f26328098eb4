"""Launch time and memory of the API process with the four bundled models loaded."""

import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import psutil

from app.db import migrate
from benchmarks.service import REPOSITORY, free_port

REVIEW = {"task": "sentiment", "text": "A wonderful film: moving, funny and beautifully acted."}
LAUNCHES = 5


def launch(home: Path, models: Path) -> tuple[float, float]:
    """Seconds from launch to the first correct prediction, and resident memory in MB after one for each task."""
    port = free_port()
    environment = {"DENSELY_HOME": str(home), "DENSELY_PORT": str(port), "DENSELY_MODELS_DIR": str(models)}
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "app.main"], env={**os.environ, **environment}, cwd=REPOSITORY)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            while True:
                try:
                    answer = client.post("/predict", json=REVIEW).raise_for_status().json()
                    break
                except httpx.TransportError:
                    time.sleep(0.005)
            seconds = time.perf_counter() - started
            assert answer["prediction"]["label"] == "positive", answer
            for task in client.get("/tasks").raise_for_status().json()["items"]:
                client.post("/predict", json={"task": task["name"], **task["example"]}).raise_for_status()
        return seconds, psutil.Process(process.pid).memory_info().rss / 1e6
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    """Several launches, the median and the worst."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        migrate.upgrade(f"sqlite:///{home / 'densely.db'}")
        figures = [launch(home, home / "models") for _ in range(LAUNCHES)]
    seconds, memory = (sorted(column) for column in zip(*figures, strict=True))
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {LAUNCHES} launches")
    print(f"launch to first prediction: median {seconds[LAUNCHES // 2]:.2f} s, worst {seconds[-1]:.2f} s (target 1.5)")
    print(f"resident memory: median {memory[LAUNCHES // 2]:.0f} MB, worst {memory[-1]:.0f} MB (target 150)")


if __name__ == "__main__":
    main()
