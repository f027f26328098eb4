"""The database goes away while a run is going: a real PostgreSQL behind a proxy that is cut, or really stopped."""

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from sqlalchemy.engine import make_url

from benchmarks.service import Service
from tests.conftest import DATABASE
from tests.e2e.conftest import UNPREPARED, StartService
from tests.e2e.test_crashes import events_of, wait_for_epochs
from tests.e2e.test_sweeps import SEARCH, begin, ended, wait_for_trial, wait_until
from tests.support import postgres
from tests.support.proxy import Proxy
from tests.support.tasks import TASKS

# How long the server is stopped: longer than a lease, and in `make postgres` longer than a run waits for it.
STOPPED = 65.0 if DATABASE == "postgresql" else 5.0
EPOCHS = 800  # more than a quick machine trains while the server is stopped
QUICK = {"DENSELY_LEASE_SECONDS": 2, "DENSELY_HEARTBEAT_SECONDS": 0.5, **UNPREPARED}
BODY = {"task": "housing", **TASKS.get("housing").example}


@pytest.fixture
def proxy(cluster: postgres.Cluster) -> Iterator[Proxy]:
    made = Proxy(cluster.port)
    yield made
    made.close()


def said(service: Service) -> Counter[str]:
    """How often each event stands in the log of the service's processes."""
    lines = service.log.read_text().splitlines()
    return Counter(json.loads(line).get("event", "") for line in lines if line.startswith("{"))


def said_in_pairs(service: Service, given_up: int = 0) -> Counter[str]:
    """The same, when all that were away are back, but for so many trainers, who have given up."""
    deadline = time.monotonic() + 20
    while True:
        found = said(service)
        pairs = (found["database.away"] - given_up, found["worker.waiting"])
        if pairs == (found["database.back"], found["worker.goes_on"]):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


@contextmanager
def predicting(service: Service) -> Iterator[list[int]]:
    """Meanwhile predictions are asked for, twenty a second; their statuses."""
    statuses: list[int] = []
    stop = threading.Event()

    def predict() -> None:
        with httpx.Client(base_url=service.url, timeout=10) as client:
            while not stop.wait(0.05):
                statuses.append(client.post("/predict", json=BODY).status_code)

    thread = threading.Thread(target=predict)
    thread.start()
    try:
        yield statuses
    finally:
        stop.set()
        thread.join()


def listeners(url: str) -> int:
    """Connections that hear notifications."""
    import psycopg

    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'NOTIFY densely_%'"
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def test_a_run_outlives_outages_of_the_database(
    start_service: StartService, cluster: postgres.Cluster, proxy: Proxy
) -> None:
    """A second each, three times in one run, then the server is stopped for longer than the lease.

    Meanwhile predictions go on, and everything else says 503. Each process says once that it is away, and once that it
    is back; then both listen again.
    """
    direct = cluster.new_database()
    url = make_url(direct).set(port=proxy.port).render_as_string(hide_password=False)
    service = start_service(DENSELY_DATABASE_URL=url, **QUICK)
    recipe = {"epochs": EPOCHS, "layers": [{"kind": "dense", "units": 512}] * 2}
    run_id = service.train(task="housing", dataset="sample", recipe=recipe, seed=1)["id"]
    for number in range(1, 4):
        wait_for_epochs(service, run_id, 6 * number)
        proxy.outage(1)
        service.wait_until_ready()
    wait_for_epochs(service, run_id, 24)
    before = said_in_pairs(service)
    gave_up = STOPPED > 60
    with predicting(service) as statuses:
        with cluster.stopped():
            answer = service.client.get("/health/ready")
            assert (503, True) == (answer.status_code, "retry-after" in answer.headers)
            assert 503 == service.client.post("/train", json={"task": "housing"}).status_code
            time.sleep(STOPPED)
        service.wait_until_ready()
        run = service.wait(run_id, 120)
    new = said_in_pairs(service, given_up=int(gave_up)) - before

    assert ("succeeded", 2 if gave_up else 1) == (run["status"], run["attempt"]), run["error"]
    epochs = service.client.get(f"/runs/{run_id}/history").json()["epochs"]
    assert list(range(1, EPOCHS + 1)) == [epoch["epoch"] for epoch in epochs]
    events = events_of(service, run_id)
    told_epochs = [event["data"]["epoch"] for event in events if event["type"] == "epoch"]
    assert list(range(1, EPOCHS + 1)) == (sorted(set(told_epochs)) if gave_up else told_epochs)
    told = [event["data"].get("message", "") for event in events]
    assert any("the database did not answer for" in message for message in told), told
    assert {200} == set(statuses)
    assert len(statuses) > 5 * STOPPED
    # Of the API process and of the trainer, which has not said that it is back where it has given up.
    assert (2, 1 if gave_up else 2) == (new["database.away"], new["database.back"]), new
    assert (1, 1) == (new["worker.waiting"], new["worker.goes_on"]), new
    assert not re.search("Traceback|unexpected", service.log.read_text())
    wait_until(lambda: listeners(direct) == 2, 70)  # each tries again after a pause


def test_a_sweep_outlives_restarts_of_the_server(start_service: StartService, cluster: postgres.Cluster) -> None:
    """Each trial and the winner's run are carried out once, whatever the server was restarted in."""
    service = start_service(DENSELY_DATABASE_URL=cluster.new_database(), **QUICK)
    search = {**SEARCH, "budget": {"trials": 6}}
    sweep_id = begin(service, search)
    for number in (1, 2, 4):
        wait_for_trial(service, sweep_id, number)
        with cluster.stopped():
            pass
        service.wait_until_ready()

    sweep = ended(service, sweep_id)

    assert "succeeded" == sweep["status"], sweep
    runs = service.client.get("/runs", params={"sweep": sweep_id, "limit": 50}).json()["items"]
    assert 7 == len(runs)
    assert {1} == {run["attempt"] for run in runs}
    assert {"succeeded", "cancelled"} >= {run["status"] for run in runs}, "a hopeless trial is cancelled"
    assert "succeeded" == runs[0]["status"], "the winner's run is the newest"
    for run in runs:
        changes = [event["data"].get("change") for event in events_of(service, run["id"])]
        assert 1 == changes.count("claimed")
