"""Measures the figures: three minutes on an idle machine. Needs wrk, nginx, PostgreSQL and DENSELY_DATASETS_DIR."""

import os
import platform
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from app.artifacts.store import ArtifactStore
from app.inference.predictor import Predictor
from app.tasks.catalog import TaskCatalog
from benchmarks import load as loads
from benchmarks.service import REPOSITORY, Service, free_port
from benchmarks.serving import CLIENT_CORE, QUIET, SERVER_CORE, api_of, bodies, pin
from benchmarks.simulation.database import measured as database_measured
from benchmarks.simulation.figures import Measured, Turn, keep

TASKS = ("sentiment", "digits", "housing")
FEW, MANY = 1, 64  # connections
SECONDS = 2.0
ROUNDS = 3
CONNECTIONS = (4, 16, 64, 128)  # of the two processes


def cpu(processes: list[psutil.Process]) -> float:
    """Seconds of processor time that they have had."""
    return float(sum(process.cpu_times().user + process.cpu_times().system for process in processes))


def of_children(before: float) -> float:
    """Seconds that children of ours had, which have ended since."""
    return sum(os.times()[2:4]) - before


def one_load(
    url: str, sent: list[dict[str, Any]], connections: int, servers: list[psutil.Process], core: int | None
) -> tuple[loads.Load, float, float]:
    """A load; seconds of a request in the servers and in the generator."""
    before, ours = cpu(servers), sum(os.times()[2:4])
    found = loads.send(url, sent, connections=connections, seconds=SECONDS, core=core)
    if found.errors:
        raise RuntimeError(f"{url}: {found}")
    return found, (cpu(servers) - before) / found.requests, of_children(ours) / found.requests


def turn(few: float, many: float) -> Turn:
    """Of the seconds of a request alone in its turn, and with all others in it."""
    each = max((MANY * many - few) / (MANY - 1), few / 100)
    return Turn(max(few - each, 0), each)


def single(given: Mapping[str, list[dict[str, Any]]]) -> tuple[dict[str, Turn], dict[str, Turn]]:
    """One process on one core, the generator on the other: what a turn costs either of them."""
    predict, generator = {}, {}
    with tempfile.TemporaryDirectory() as folder, Service(Path(folder), QUIET) as service:
        api = api_of(service)
        pin(api.pid, SERVER_CORE)
        for task in TASKS:
            found = {n: one_load(f"{service.url}/predict", given[task], n, [api], CLIENT_CORE) for n in (FEW, MANY)}
            predict[task] = turn(found[FEW][1], found[MANY][1])
            generator[task] = turn(found[FEW][2], found[MANY][2])
    return predict, generator


def double(given: Mapping[str, list[dict[str, Any]]]) -> list[Measured]:
    """Two processes and the generator on two cores, nobody kept on one; the round in which they had most of these."""
    found = []
    with tempfile.TemporaryDirectory() as folder, Service(Path(folder), {**QUIET, "DENSELY_WORKERS": "2"}) as service:
        parts = psutil.Process(service.process.pid).children(recursive=True)
        servers = [each for each in parts if "app.main" in each.cmdline()]
        for task in ("sentiment", "housing"):
            for connections in CONNECTIONS:
                rounds = []
                for _ in range(ROUNDS):
                    started = time.monotonic()
                    one, *seconds = one_load(f"{service.url}/predict", given[task], connections, servers, None)
                    had = sum(seconds) * one.requests / (time.monotonic() - started)
                    rounds.append(Measured(task, connections, one.rate, one.p50, one.p99, had))
                found.append(max(rounds, key=lambda each: each.cores))
    return found


NGINX = """
daemon off; pid {folder}/pid; error_log {folder}/log; worker_processes 1; events {{ worker_connections 1024; }}
http {{ access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  upstream replicas {{ server 127.0.0.1:{to}; keepalive 64; }}
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://replicas; proxy_http_version 1.1;
    proxy_set_header Connection ""; proxy_set_header Host $host; }} }} }}
"""


@contextmanager
def nginx(to: int) -> Iterator[tuple[str, list[psutil.Process]]]:
    """Before a service: its address, and its processes."""
    with tempfile.TemporaryDirectory() as folder:
        port, file = free_port(), Path(folder) / "nginx.conf"
        Path(folder).chmod(0o755)
        file.write_text(NGINX.format(folder=folder, port=port, to=to))
        program = next(each for each in ("/usr/sbin/nginx", "/usr/bin/nginx") if Path(each).exists())
        process = subprocess.Popen([program, "-e", f"{folder}/log", "-p", folder, "-c", str(file)])
        try:
            url = f"http://127.0.0.1:{port}"
            until(lambda: httpx.get(f"{url}/health/live").status_code == 200)
            yield url, [psutil.Process(process.pid), *psutil.Process(process.pid).children()]
        finally:
            process.terminate()
            process.wait()


def until(done: Callable[[], bool], seconds: float = 20) -> None:
    """Return when it is so."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if done():
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise TimeoutError("it is not so")


def balanced(given: Mapping[str, list[dict[str, Any]]]) -> tuple[float, dict[str, int]]:
    """Seconds of nginx for a request, and the bytes of each task's."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Service(Path(folder), QUIET) as service,
        nginx(service.port) as (url, parts),
    ):
        _, seconds, _ = one_load(f"{url}/predict", given["housing"], MANY, parts, None)
        sizes = {}
        for task in TASKS:
            answer = service.client.post("/predict", json=given[task][0])
            heads = sum(
                len(name) + len(value) + 4 for name, value in [*answer.headers.raw, *answer.request.headers.raw]
            )
            sizes[task] = len(answer.request.content) + len(answer.content) + heads + 60
    return seconds, sizes


def model() -> tuple[float, int]:
    """Seconds to open and load the largest bundled artifact, and the bytes of its folder."""
    store, tasks = ArtifactStore(REPOSITORY / "models_store"), TaskCatalog()
    folders = [path for path in (REPOSITORY / "models_store").glob("*/m-*") if path.is_dir()]
    size, largest = max((sum(file.stat().st_size for file in path.iterdir()), path) for path in folders)
    task = largest.parent.name
    times = []
    for _ in range(3):
        started = time.process_time()
        Predictor(tasks.get(task), store.open(task, largest.name), 1)
        times.append(time.process_time() - started)
    return statistics.median(times), size


def serving() -> dict[str, Any]:
    """Processes that answer, the generator, the balancer, and a model that is loaded."""
    given = bodies()
    predict, generator = single(given)
    balancer, sizes = balanced(given)
    seconds, size = model()
    found = {"predict": predict, "generator": generator, "balancer": balancer, "bytes": sizes}
    return {**found, "model_seconds": seconds, "model_bytes": size}


def two() -> dict[str, Any]:
    """Two processes, by which the simulation is checked."""
    return {"two": double(bodies()), "machine": described()}


def transactions() -> dict[str, Any]:
    """PostgreSQL."""
    found, api, worker = database_measured()
    return {"transactions": found, "api": api, "worker": worker}


def described() -> str:
    """This machine, in words."""
    memory = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}"


PARTS: dict[str, Callable[[], dict[str, Any]]] = {each.__name__: each for each in (serving, two, transactions)}


def measure(names: list[str]) -> None:
    """These parts anew; the others stay as they are."""
    for name in names:
        keep(PARTS[name]())
