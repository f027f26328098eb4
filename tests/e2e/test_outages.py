"""The database goes away while a run is going: a real PostgreSQL behind a proxy that is cut."""

import time
from collections.abc import Iterator

import pytest
from sqlalchemy.engine import make_url

from tests.e2e.conftest import UNPREPARED, StartService
from tests.e2e.test_crashes import events_of, wait_for_epochs
from tests.support import postgres
from tests.support.proxy import Proxy
from tests.support.tasks import TASKS


@pytest.fixture
def proxy(cluster: postgres.Cluster) -> Iterator[Proxy]:
    made = Proxy(cluster.port)
    yield made
    made.close()


def test_a_run_outlives_outages_of_the_database(
    start_service: StartService, cluster: postgres.Cluster, proxy: Proxy
) -> None:
    """A second each, three times in one run, then one of five seconds, longer than the lease: one attempt does it.

    Meanwhile predictions go on, and everything else says 503.
    """
    url = make_url(cluster.new_database()).set(port=proxy.port).render_as_string(hide_password=False)
    quick = {"DENSELY_LEASE_SECONDS": 2, "DENSELY_HEARTBEAT_SECONDS": 0.5, **UNPREPARED}
    service = start_service(DENSELY_DATABASE_URL=url, **quick)
    recipe = {"epochs": 100, "layers": [{"kind": "dense", "units": 512}] * 2}
    run_id = service.train(task="housing", dataset="sample", recipe=recipe, seed=1)["id"]
    for number in range(1, 4):
        wait_for_epochs(service, run_id, 6 * number)
        proxy.outage(1)
        service.wait_until_ready()
    wait_for_epochs(service, run_id, 24)
    with proxy.cut():
        body = {"task": "housing", **TASKS.get("housing").example}
        assert 200 == service.client.post("/predict", json=body).status_code
        answer = service.client.get("/health/ready")
        assert (503, True) == (answer.status_code, "retry-after" in answer.headers)
        assert 503 == service.client.post("/train", json={"task": "housing"}).status_code
        time.sleep(5)
    service.wait_until_ready()

    run = service.wait(run_id, 120)

    assert ("succeeded", 1, 3) == (run["status"], run["attempt"], run["max_attempts"]), run["error"]
    epochs = service.client.get(f"/runs/{run_id}/history").json()["epochs"]
    assert list(range(1, 101)) == [epoch["epoch"] for epoch in epochs]
    events = events_of(service, run_id)
    assert list(range(1, 101)) == [event["data"]["epoch"] for event in events if event["type"] == "epoch"]
    said = [event["data"].get("message", "") for event in events]
    assert any("the database did not answer for" in message for message in said), said
