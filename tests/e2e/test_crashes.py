"""Every run survives a crash: real processes, really killed."""

import sqlite3
import time
from typing import Any

import psutil

from benchmarks.service import Service
from tests.e2e.conftest import StartService, processes_of, trainer_of

# Wide enough that 300 epochs take a while: of the notebook's network they take less than a second.
WIDE = [{"kind": "dense", "units": 1024}] * 2
LONG = {"task": "housing", "dataset": "sample", "recipe": {"epochs": 200, "layers": WIDE}, "seed": 3}
WHOLE = {**LONG, "recipe": {"epochs": 80, "layers": WIDE}}  # for tests that see its end
QUICK_LEASE = {"DENSELY_LEASE_SECONDS": 2, "DENSELY_HEARTBEAT_SECONDS": 0.5, "DENSELY_CHECKPOINT_SECONDS": 0.2}


def test_a_run_outlives_its_trainer_and_its_worker(start_service: StartService) -> None:
    """SIGKILL to the trainer, then to the worker, mid-epoch: the third attempt goes on where they were."""
    service = start_service(**QUICK_LEASE)
    run_id = service.train(**WHOLE)["id"]

    wait_for_epochs(service, run_id, 10)
    trainer_of(service).kill()
    wait_for_attempt(service, run_id, 2)
    wait_for_epochs(service, run_id, 30)
    worker = processes_of(service, "app.worker")[0]
    trainers = processes_of(service, "app.training.trainer")
    worker.kill()
    psutil.wait_procs(trainers, timeout=30)
    assert not any(trainer.is_running() for trainer in trainers), "a trainer outlived its worker"

    run = service.wait(run_id, 120)
    assert ("succeeded", 3) == (run["status"], run["attempt"])
    assert 1 == count(service, "SELECT count(*) FROM models WHERE task = 'housing' AND run_id = ?", run_id)
    assert 0 == count(service, "SELECT count(*) FROM runs WHERE status = 'running'")
    epochs = service.client.get(f"/runs/{run_id}/history").json()["epochs"]
    assert list(range(1, 81)) == [epoch["epoch"] for epoch in epochs]
    messages = [e["data"].get("message", "") for e in events_of(service, run_id)]
    assert 2 == sum("resuming after epoch" in message for message in messages)


def test_sigterm_puts_the_run_back_and_the_worker_exits_in_order(start_service: StartService) -> None:
    service = start_service(**QUICK_LEASE)
    run_id = service.train(**LONG)["id"]
    wait_for_epochs(service, run_id, 5)

    assert 0 == service.stop()

    with sqlite3.connect(service.folder / "home" / "densely.db") as database:
        row = database.execute("SELECT status, attempt, max_attempts, lease_id FROM runs").fetchone()
        changes = [r[0] for r in database.execute("SELECT json_extract(data, '$.change') FROM events ORDER BY id")]
    database.close()
    assert ("queued", 1, 4, None) == row, "the attempt was not the run's fault, so one more is allowed"
    assert "released" == [change for change in changes if change][-1]
    assert not list((service.folder / "models" / ".staging").glob("*"))


def test_the_worker_alone_exits_with_status_zero_on_sigterm(start_service: StartService) -> None:
    service = start_service(**QUICK_LEASE)
    run_id = service.train(**LONG)["id"]
    wait_for_epochs(service, run_id, 2)
    worker = processes_of(service, "app.worker")[0]
    worker.terminate()
    wait_for_attempt(service, run_id, 2)  # `up` has started another one, and it has the run

    assert '"name": "worker", "status": 0' in service.log.read_text()
    reached = service.run(run_id)["progress"]
    wait_for_epochs(service, run_id, (reached or {"epoch": 0})["epoch"] + 2)
    assert any("resuming after epoch" in e["data"].get("message", "") for e in events_of(service, run_id))
    service.client.post(f"/runs/{run_id}/cancel").raise_for_status()
    assert "cancelled" == service.wait(run_id, 20)["status"]


def test_nothing_is_left_when_the_whole_service_is_killed(start_service: StartService) -> None:
    """SIGKILL to `densely up` itself: API, worker and trainers end too, and a new start goes on with the run."""
    service = start_service(**QUICK_LEASE)
    run_id = service.train(**WHOLE)["id"]
    wait_for_epochs(service, run_id, 5)
    family = psutil.Process(service.process.pid).children(recursive=True)
    service.process.kill()

    _, left = psutil.wait_procs(family, timeout=15)
    assert [] == left
    again = start_service(**QUICK_LEASE)
    assert "succeeded" == again.wait(run_id, 120)["status"]


def wait_for_epochs(service: Service, run_id: str, number: int, seconds: float = 60) -> None:
    wait_until(service, run_id, lambda run: (run["progress"] or {}).get("epoch", 0) >= number, seconds)


def wait_for_attempt(service: Service, run_id: str, number: int, seconds: float = 60) -> None:
    wait_until(service, run_id, lambda run: run["attempt"] >= number, seconds)


def wait_until(service: Service, run_id: str, condition: Any, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition(run := service.run(run_id)):
        assert time.monotonic() < deadline, run
        assert run["status"] in ("queued", "running"), run
        time.sleep(0.05)


def events_of(service: Service, run_id: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: int | None = 0
    while cursor is not None:
        page = service.client.get(f"/runs/{run_id}/events", params={"limit": 500, "cursor": cursor}).json()
        items += page["items"]
        cursor = page["next"]
    return items


def count(service: Service, query: str, *values: Any) -> int:
    database = sqlite3.connect(service.folder / "home" / "densely.db")
    try:
        number: int = database.execute(query, values).fetchone()[0]
        return number
    finally:
        database.close()
