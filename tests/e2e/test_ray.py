"""A sweep on a real Ray cluster of two nodes, one of which is lost in mid-sweep; its trainers are the real ones."""

from collections.abc import Iterator

import pytest

from tests.e2e.conftest import StartService, processes_of
from tests.e2e.test_sweeps import SEARCH, sweep_of, wait_until
from tests.support import ray_cluster
from tests.support.ray_cluster import RayCluster

FOUR = {**SEARCH, "budget": {"trials": 4}, "generation": 2}
LONG = 400.0  # seconds: two trainers begin at once, and one of them twice

pytest.importorskip("ray", reason="Ray tests need Ray: pip install -e .[ray]")


@pytest.fixture
def nodes() -> Iterator[RayCluster]:
    """Two nodes that carry out a run each."""
    with ray_cluster.running(1, 1) as started:
        yield started


def test_a_sweep_on_a_cluster_outlives_a_node(start_service: StartService, nodes: RayCluster) -> None:
    service = start_service(
        DENSELY_EXECUTOR="ray",
        DENSELY_RAY_ADDRESS=nodes.address,
        DENSELY_LEASE_SECONDS=2,
        DENSELY_HEARTBEAT_SECONDS=0.5,
    )
    sweep_id = service.client.post("/sweeps", json=FOUR).raise_for_status().json()["id"]
    wait_until(lambda: all(nodes.runs("app.training.trainer", ip) for ip in ("127.0.0.2", "127.0.0.3")), LONG)
    assert [] == processes_of(service, "app.training.trainer"), "none is the worker's own"
    nodes.kill("127.0.0.3")  # whose trial has hardly begun
    wait_until(lambda: sweep_of(service, sweep_id)["status"] != "running", LONG)
    sweep = sweep_of(service, sweep_id)

    assert "succeeded" == sweep["status"], sweep["error"]
    runs = service.client.get("/runs", params={"sweep": sweep_id}).json()["items"]
    assert 5 == len(runs), "four trials and the winner's run"
    assert {"succeeded"} == {run["status"] for run in runs}
    assert 1 == sum(run["attempt"] > 1 for run in runs)
    [worker] = service.client.get("/system").json()["workers"]
    assert "ray" in worker["versions"]
    assert ["CPU:0 on 127.0.0.2"] == worker["devices"]
