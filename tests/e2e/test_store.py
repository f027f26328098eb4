"""API and worker on machines that share a database and an object store, and no folder."""

from pathlib import Path

from tests.e2e.conftest import StartService, StartWorker, processes_of
from tests.support import own
from tests.support.s3 import S3, Fault
from tests.support.tasks import TASKS


def test_rows_brought_here_are_trained_there_and_answered_everywhere(
    start_service: StartService, start_worker: StartWorker, shared: dict[str, str], s3: S3, tmp_path: Path
) -> None:
    """The trainer is killed when all files of its model are in the store and the manifest is not: the run goes on.

    Then the store goes away: what is loaded answers; and another replica comes, whose folders are empty.
    """
    api = start_service("api", "serve", **shared)
    worker = start_worker(DENSELY_TRAINERS=1, **shared)
    killed: list[list[str]] = []

    def kill() -> None:
        killed.append(s3.names())
        for trainer in processes_of(worker, "app.training.trainer"):
            trainer.kill()

    s3.faults.append(Fault(method="PUT", path="models/tickets/.*manifest.json", times=1, before=kill, drop=True))
    answer = own.create(api.client, "tickets", own.tickets(400))
    assert 201 == answer.status_code, answer.text

    run = api.wait(answer.json()["run"]["id"], 240)

    assert ("succeeded", 2) == (run["status"], run["attempt"]), run
    assert 1 == len(killed)
    half = [name for name in killed[0] if name.startswith("models/tickets/")]
    manifests = [name for name in s3.names() if name.endswith("/manifest.json")]
    assert half
    assert not set(half) & {name for name in s3.names() if run["model_id"] in name}
    assert [f"models/tickets/{run['model_id']}/manifest.json"] == [name for name in manifests if "tickets" in name]
    body = {"task": "tickets", "message": "password reset account locked email"}
    told = api.client.post("/predict", json=body).raise_for_status().json()
    assert run["model_id"] == told["model"]["id"]
    assert "login" == told["prediction"]["label"]
    assert 1 == len(list((tmp_path / "worker" / "home" / "uploads").glob("d-*.parquet")))

    s3.faults.append(Fault(status=503, code="SlowDown"))
    assert 200 == api.client.post("/predict", json=body).status_code
    assert 200 == api.client.get("/health/ready").status_code
    s3.faults.clear()

    replica = start_service("replica", "serve", **shared)
    assert told == replica.client.post("/predict", json=body).raise_for_status().json()
    housing = {"task": "housing", **TASKS.get("housing").example}
    assert 200 == replica.client.post("/predict", json=housing).status_code
    rows = replica.client.get("/datasets/tickets/rows?limit=3").raise_for_status().json()["items"]
    assert rows == api.client.get("/datasets/tickets/rows?limit=3").json()["items"]
    assert 3 == len(rows)
    replica.client.delete(f"/runs/{run['id']}").raise_for_status()
    shown = replica.client.get("/metrics").text
    assert 'densely_store_requests_total{operation="get",outcome="ok"}' in shown
