"""How soon a queued run is claimed, an event reaches a stream and a cancel ends a run; what an idle service asks.

The database is a PostgreSQL server of its own; trainers do not train, and take a second.

$ python -m benchmarks.wakeups [--workers 1] [--runs 20] [--seconds 30]
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import httpx

from app.db import migrate
from benchmarks.service import REPOSITORY, Service
from tests.support import postgres
from tests.support.sse import following

RUN = {"task": "housing", "dataset": "sample", "activate": "never", "recipe": {"epochs": 3}}
LONG_RUN = {**RUN, "recipe": {"epochs": 1_000}}


@contextmanager
def workers(count: int, folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """Worker processes on the service's database."""
    places = {"DENSELY_HOME": str(folder / "home"), "DENSELY_MODELS_DIR": str(folder / "models")}
    with (folder / "worker.log").open("ab") as log:
        started = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.faults.worker"],
                env={**os.environ, **environment, **places},
                cwd=REPOSITORY,
                stderr=log,
            )
            for _ in range(count)
        ]
    try:
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(30)


class Stream(threading.Thread):
    """Reads `/events`: after how many seconds each status event came that it was dated with."""

    def __init__(self, service: Service) -> None:
        super().__init__(daemon=True)
        self._service = service
        self.late: list[float] = []
        self.start()

    def run(self) -> None:
        """Until the service ends."""
        with suppress(httpx.HTTPError), following(self._service.client, "/events") as events:
            for event in events:
                if event.type == "status":
                    self.late.append(event.at - _seconds(event.data["at"]))


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()


def claimed_after(service: Service) -> float:
    """Seconds from the request to the claim's event; the run is waited for."""
    began = time.time()
    run = service.train(**RUN)
    service.wait(run["id"])
    events = service.client.get(f"/runs/{run['id']}/events").json()["items"]
    return _seconds(next(e["at"] for e in events if e["data"].get("change") == "claimed")) - began


def cancelled_after(service: Service) -> float:
    """Seconds from a cancel of a run that is going to its end."""
    run = service.train(**LONG_RUN)
    while not service.client.get(f"/runs/{run['id']}/history").json()["epochs"]:
        time.sleep(0.05)
    began = time.time()
    service.client.post(f"/runs/{run['id']}/cancel").raise_for_status()
    service.wait(run["id"])
    events = service.client.get(f"/runs/{run['id']}/events").json()["items"]
    return _seconds(events[-1]["at"]) - began


def idle_load(url: str, seconds: float) -> float:
    """Transactions per second of an idle service."""
    import psycopg

    query = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
    found = []
    for pause in (0, seconds):
        time.sleep(pause + 11)  # the server counts what an idle connection did within ten seconds
        with psycopg.connect(url, autocommit=True) as connection:
            row = connection.execute(query).fetchone()
        assert row is not None
        found.append(int(row[0]))
    return (found[1] - found[0]) / (seconds + 11)


def tell(name: str, found: list[float]) -> None:
    """A line of milliseconds."""
    ordered = sorted(1000 * each for each in found)
    print(f"{name}: median {statistics.median(ordered):.0f} ms, longest {ordered[-1]:.0f} ms, of {len(ordered)}")


def main() -> None:
    """Measure, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=30.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, postgres.running() as cluster:
        url = cluster.new_database()
        migrate.upgrade(url)
        environment = {"DENSELY_DATABASE_URL": url, "DENSELY_WARM_TRAINER": "true"}
        with Service(Path(folder), environment, "serve") as service, workers(asked.workers, Path(folder), environment):
            service.wait(service.train(**RUN)["id"])  # trainers are warm after it
            idle = idle_load(url, asked.seconds)
            print(f"idle, API and {asked.workers} worker(s): {idle:.1f} transactions/s")
            stream = Stream(service)
            time.sleep(1)
            print(f"the same with a stream: {idle_load(url, asked.seconds):.1f} transactions/s")
            claims = []
            for number in range(asked.runs):
                time.sleep(0.5 + number % 7 / 23)  # at no fixed distance from the polls
                claims.append(claimed_after(service))
            tell("POST /train to claimed", claims)
            tell("event to stream", stream.late)
            tell("cancel to ended", [cancelled_after(service) for _ in range(5)])


if __name__ == "__main__":
    main()
