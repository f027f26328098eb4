"""A real Ray cluster that grows and loses a node; API and worker share an object store with it, and no folder.

Trainers are the real ones. A node's folders are named as the worker's are, which itself keeps nothing there.
"""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.conftest import StartService, StartWorker, processes_of
from tests.e2e.test_sweeps import sweep_of, wait_until
from tests.support import own, ray_cluster
from tests.support.ray_cluster import RayCluster
from tests.support.s3 import S3

TRAINER = "app.training.trainer"
FOUR: dict[str, Any] = {
    "task": "tickets",
    "dataset": "tickets",
    "validation": {"kind": "holdout", "size": 40},
    "space": {"optimizer.learning_rate": {"kind": "log_range", "low": 1e-3, "high": 1e-2}},
    "method": {"kind": "random"},
    "budget": {"trials": 4},
    "generation": 2,
}
LONG = 400.0  # seconds: two trainers begin at once, and one of them twice

pytest.importorskip("ray", reason="Ray tests need Ray: pip install -e .[ray]")


@pytest.fixture
def nodes(s3: S3) -> Iterator[RayCluster]:
    """One node, which finds the store and carries out a run at a time."""
    with ray_cluster.running(1) as started:
        yield started


def test_a_cluster_trains_on_own_rows_by_way_of_the_store_and_outlives_a_node(
    start_service: StartService, start_worker: StartWorker, shared: dict[str, str], nodes: RayCluster, s3: S3
) -> None:
    api = start_service("api", "serve", **shared)
    cluster = {"DENSELY_EXECUTOR": "ray", "DENSELY_RAY_ADDRESS": nodes.address}
    worker = start_worker(**shared, **cluster, DENSELY_LEASE_SECONDS=2, DENSELY_HEARTBEAT_SECONDS=0.5)
    runs = [api.train(task="planar", dataset="sample", preset="baseline")["id"] for _ in range(2)]
    wait_until(lambda: nodes.runs(TRAINER, "127.0.0.2"), LONG)
    nodes.wait(nodes.add(1))
    wait_until(lambda: nodes.runs(TRAINER, "127.0.0.3"), LONG)
    assert [] == processes_of(worker, TRAINER), "none is the worker's own"
    for run_id in runs:
        api.client.post(f"/runs/{run_id}/cancel").raise_for_status()
    asked = time.monotonic()
    assert {"cancelled"} == {api.wait(run_id, 20)["status"] for run_id in runs}
    assert time.monotonic() - asked < 10
    wait_until(lambda: not any(nodes.runs(TRAINER, ip) for ip in ("127.0.0.2", "127.0.0.3")), 10)

    own.create(api.client, "tickets", own.tickets(400), train="false").raise_for_status()
    sweep_id = api.client.post("/sweeps", json=FOUR).raise_for_status().json()["id"]
    wait_until(lambda: all(nodes.runs(TRAINER, ip) for ip in ("127.0.0.2", "127.0.0.3")), LONG)
    nodes.kill("127.0.0.3")  # whose trial has hardly begun
    wait_until(lambda: sweep_of(api, sweep_id)["status"] != "running", LONG)
    sweep = sweep_of(api, sweep_id)

    assert "succeeded" == sweep["status"], sweep["error"]
    trained = api.client.get("/runs", params={"sweep": sweep_id}).json()["items"]
    assert 5 == len(trained), "four trials and the winner's run"
    assert {"succeeded"} == {run["status"] for run in trained}
    assert 1 == sum(run["attempt"] > 1 for run in trained)
    [model] = [run["model_id"] for run in trained if run["model_id"]]
    assert f"models/tickets/{model}/manifest.json" in s3.names()
    asked_for = {"task": "tickets", "message": "password reset account locked email", "model": model}
    assert "login" == api.client.post("/predict", json=asked_for).raise_for_status().json()["prediction"]["label"]
    [told] = api.client.get("/system").json()["workers"]
    assert "ray" in told["versions"]
    assert ["CPU:0 on 127.0.0.2"] == told["devices"]
