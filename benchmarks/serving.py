"""`POST /predict` against an empty FastAPI route, in one run: throughput, latency, batches, memory, under training.

The server has core 0 to itself and the load generator core 1. Each figure is the median of several alternations of the
two sides. Needs `wrk`, two cores and DENSELY_DATASETS_DIR. `python -m benchmarks.serving [part …]` runs some parts,
with the bundled models; `--preset baseline` trains that one of every task first.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pyarrow.parquet as pq

from app.tasks.catalog import TaskCatalog
from benchmarks.load import Load, send
from benchmarks.service import REPOSITORY, Service, free_port

ROUNDS = 3
SECONDS = 2.0
SERVER_CORE, CLIENT_CORE = 0, 1
PATIENCE = 1_800  # seconds for a model
WORDS = (110, 130)  # of a review "of about 120 words"
QUIET = {"DENSELY_WARM_TRAINER": "false"}
DATASETS = {"sentiment": "imdb", "newswire": "reuters", "digits": "mnist", "housing": "boston_housing"}
chosen = argparse.Namespace(preset=None)  # what the command line said

Bodies = dict[str, list[dict[str, Any]]]


def bodies() -> Bodies:
    """Two hundred different inputs of each task, as clients send them."""
    folder = Path(os.environ["DENSELY_DATASETS_DIR"])
    texts = pq.read_table(folder / "imdb.parquet", columns=["text"]).column("text").to_pylist()
    reviews = [text for text in texts if WORDS[0] <= len(text.split()) <= WORDS[1]]
    stories = pq.read_table(folder / "reuters.parquet", columns=["title", "text"]).slice(0, 200).to_pylist()
    pictures = pq.read_table(folder / "mnist.parquet", columns=["pixels"]).slice(0, 200).column("pixels").to_pylist()
    homes = pq.read_table(folder / "boston_housing.parquet").slice(0, 200).to_pylist()
    names = TaskCatalog().get("housing").input_columns
    return {
        "sentiment": [{"task": "sentiment", "text": text} for text in reviews[:200]],
        "newswire": [{"task": "newswire", **story} for story in stories],
        "digits": [
            {"task": "digits", "pixels": [row[28 * line : 28 * line + 28] for line in range(28)]} for row in pictures
        ],
        "housing": [{"task": "housing", "features": {name: home[name] for name in names}} for home in homes],
    }


def pin(pid: int, core: int) -> None:
    """Keep a process and all its threads on one core."""
    for thread in psutil.Process(pid).threads():
        os.sched_setaffinity(thread.id, {core})


def api_of(service: Service) -> psutil.Process:
    """The API process of a service."""
    found = psutil.Process(service.process.pid).children(recursive=True)
    return next(process for process in found if "app.main" in process.cmdline())


@contextmanager
def densely(**environment: str) -> Iterator[Service]:
    """A service whose API process has core 0."""
    with tempfile.TemporaryDirectory() as folder, Service(Path(folder), {**QUIET, **environment}) as service:
        if chosen.preset:
            runs = [
                service.train(task=task, dataset=dataset, preset=chosen.preset, activate="always")["id"]
                for task, dataset in DATASETS.items()
            ]
            for run in runs:
                service.wait(run, PATIENCE)
        pin(api_of(service).pid, SERVER_CORE)
        yield service


@contextmanager
def empty_route() -> Iterator[str]:
    """The empty routes' address."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.empty_route", str(port)]
    process = subprocess.Popen(["taskset", "-c", str(SERVER_CORE), *command], cwd=REPOSITORY)
    url = f"http://127.0.0.1:{port}"
    try:
        while True:
            try:
                httpx.get(f"{url}/health/ready")
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait()


def middle(loads: list[Load], name: str) -> float:
    """The median of a figure."""
    return float(statistics.median(getattr(load, name) for load in loads))


def measure(url: str, sent: list[dict[str, Any]], connections: int) -> Load:
    """One side of one alternation.

    Raises:
        RuntimeError: an answer was not 200.
    """
    found = send(url, sent, connections=connections, seconds=SECONDS, core=CLIENT_CORE)
    if found.errors:
        raise RuntimeError(f"{url}: {found}")
    return found


def compared(service: Service, empty: str, name: str, sent: list[dict[str, Any]], connections: int) -> list[list[Load]]:
    """The empty route's loads, and ours, taken in turns."""
    sides: list[list[Load]] = [[], []]
    for _ in range(ROUNDS):
        for side, url in zip(sides, (f"{empty}/{name}", f"{service.url}/predict"), strict=True):
            side.append(measure(url, sent, connections))
    return sides


def throughput(given: Bodies) -> None:
    """Every task with 16 and 64 connections, and the latency of one."""
    print("| connections | task | empty route | /predict | ratio | p50: empty | ours | ratio ", end="")
    print("| p99: empty | ours | ratio |\n" + "|---" * 11 + "|")
    with empty_route() as empty, densely() as service:
        for connections in (1, 16, 64):
            for name, sent in given.items():
                there, here = compared(service, empty, name, sent, connections)
                cells = [str(connections), name]
                for figure, unit, digits in (("rate", "/s", 0), ("p50", " ms", 3), ("p99", " ms", 3)):
                    one, other = middle(there, figure), middle(here, figure)
                    cells += [f"{one:,.{digits}f}{unit}", f"{other:,.{digits}f}{unit}", f"{other / one:.2f}"]
                print(f"| {' | '.join(cells)} |", flush=True)


def batches(given: Bodies) -> None:
    """A thousand reviews in one call: reviews per second, and what they do to single calls beside them."""
    texts = [body["text"] for body in given["sentiment"]]
    batch = {"task": "sentiment", "instances": [{"text": texts[n % len(texts)]} for n in range(1_000)]}
    content, headers = json.dumps(batch).encode(), {"Content-Type": "application/json"}
    with densely() as service:
        os.sched_setaffinity(0, {CLIENT_CORE})
        rates = []
        for _ in range(30):
            started = time.perf_counter()
            service.client.post("/predict", content=content, headers=headers).raise_for_status()
            rates.append(1_000 / (time.perf_counter() - started))
        os.sched_setaffinity(0, set(range(os.cpu_count() or 1)))
        print(f"1,000 reviews in one call: {statistics.median(rates[5:]):,.0f} reviews/s")
        alone, beside = [], []
        for _ in range(ROUNDS):
            alone.append(measure(f"{service.url}/predict", given["sentiment"], 1))
            caller = subprocess.Popen([sys.executable, "-c", CALLER, f"{service.url}/predict"], stdin=subprocess.PIPE)
            assert caller.stdin is not None
            caller.stdin.write(content)
            caller.stdin.close()
            time.sleep(0.5)
            beside.append(measure(f"{service.url}/predict", given["sentiment"], 1))
            caller.wait()
        print(f"p99 of a single call: {middle(alone, 'p99'):.2f} ms alone, {middle(beside, 'p99'):.2f} ms beside them")


CALLER = f"""
import sys, time, httpx
content, end = sys.stdin.buffer.read(), time.monotonic() + {SECONDS + 1.5}
with httpx.Client() as client:
    while time.monotonic() < end:
        client.post(sys.argv[1], content=content, headers={{"Content-Type": "application/json"}})
        time.sleep(0.1)
"""


def explained(given: Bodies) -> None:
    """What `explain` costs, of each task."""
    with densely() as service:
        for name, sent in given.items():
            plain, asked = [], []
            for _ in range(ROUNDS):
                plain.append(measure(f"{service.url}/predict", sent, 1))
                asked.append(measure(f"{service.url}/predict", [{**body, "explain": True} for body in sent], 1))
            times = middle(plain, "rate") / middle(asked, "rate")
            print(f"explain, {name}: {times:.1f} times a plain prediction", flush=True)


def training(given: Bodies) -> None:
    """p99 with 16 connections, at rest and while the worker trains IMDB; nobody is kept on a core."""
    with tempfile.TemporaryDirectory() as folder, Service(Path(folder)) as service:
        time.sleep(15)  # the trainer imports TensorFlow
        url, sent = f"{service.url}/predict", given["sentiment"]
        rest, busy = [], []
        for _ in range(ROUNDS):
            rest.append(send(url, sent, connections=16, seconds=SECONDS))
            run = service.train(
                task="sentiment", dataset="imdb", preset="overfit", activate="never", recipe={"epochs": 90}
            )
            while not service.run(run["id"])["progress"]:
                time.sleep(0.1)
            busy.append(send(url, sent, connections=16, seconds=SECONDS))
            if service.run(run["id"])["status"] != "running":
                raise RuntimeError("the run ended before the load did")
            service.client.post(f"/runs/{run['id']}/cancel").raise_for_status()
            service.wait(run["id"])
            time.sleep(10)
        one, other = middle(rest, "p99"), middle(busy, "p99")
        errors = sum(load.errors for load in rest + busy)
        print(f"p99 at rest {one:.2f} ms, while training {other:.2f} ms, ratio {other / one:.2f}, errors {errors}")


def memory(given: Bodies) -> None:
    """Resident memory after ten thousand predictions and after a million."""
    with densely() as service:
        process, done, found = api_of(service), 0, {}
        for goal in (10_000, 1_000_000):
            while done < goal:
                done += measure(f"{service.url}/predict", given["sentiment"], 16).requests
            found[goal] = process.memory_info().rss / 2**20
        first, last = found.values()
        print(
            f"memory: {first:.1f} MiB after 10,000 predictions, {last:.1f} MiB after {done:,}, ratio {last / first:.3f}"
        )


def workers(given: Bodies) -> None:
    """Several API processes: throughput, and memory of each further one; the generator shares their cores."""
    for count in (1, 2, 4):
        with (
            tempfile.TemporaryDirectory() as folder,
            Service(Path(folder), {**QUIET, "DENSELY_WORKERS": str(count)}) as service,
        ):
            rates = [
                send(f"{service.url}/predict", given["sentiment"], connections=64, seconds=SECONDS).rate
                for _ in range(ROUNDS)
            ]
            found = psutil.Process(service.process.pid).children(recursive=True)
            memory = max(p.memory_info().rss for p in found if "app.main" in p.cmdline()) / 2**20
            print(f"workers {count}: {statistics.median(rates):,.0f}/s, the largest {memory:.0f} MiB", flush=True)


PARTS: dict[str, Callable[[Bodies], None]] = {
    part.__name__: part for part in (throughput, batches, explained, training, memory, workers)
}


def main() -> None:
    """The parts asked for, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    parser.add_argument("--preset")
    parser.parse_args(namespace=chosen)
    given = bodies()
    for name in chosen.parts or PARTS:
        PARTS[name](given)


if __name__ == "__main__":
    main()
