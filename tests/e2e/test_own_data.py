"""Own data in the whole service: from a file to predictions, and nothing half-made whatever is killed."""

import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil

from benchmarks.service import REPOSITORY, Service
from tests.e2e.conftest import StartService, processes_of, trainer_of
from tests.support import own, shapes
from tests.support.small_pictures import zipped


def uploads_of(service: Service) -> list[str]:
    folder = service.folder / "home" / "uploads"
    return sorted(path.name for path in folder.glob("*")) if folder.exists() else []


def until(done: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def arriving(service: Service) -> int:
    """Bytes of uploads that have come, in files without a name."""
    found = 0
    for process in processes_of(service, "app.main"):
        with suppress(OSError):
            for descriptor in Path(f"/proc/{process.pid}/fd").iterdir():
                with suppress(OSError):
                    if str(descriptor.readlink()).startswith(str(service.folder / "home" / "uploads")):
                        found += descriptor.stat().st_size
    return found


def own_tasks(service: Service) -> list[dict[str, Any]]:
    return [task for task in service.client.get("/tasks").json()["items"] if task["own"]]


def kill_api(service: Service) -> None:
    """SIGKILL; `densely up` starts it again."""
    for process in processes_of(service, "app.main"):
        process.kill()
        process.wait(10)
    service.wait_until_ready()


def test_a_file_becomes_predictions_in_every_process(start_service: StartService) -> None:
    """Two API processes; the trainer is killed in the first run, which goes on; then the task is removed."""
    service = start_service(DENSELY_WORKERS=2, DENSELY_LEASE_SECONDS=2, DENSELY_HEARTBEAT_SECONDS=0.5)
    answer = own.create(service.client, "tickets", own.tickets(600))
    assert 201 == answer.status_code, answer.text
    run_id = answer.json()["run"]["id"]
    while service.run(run_id)["status"] == "queued":
        time.sleep(0.05)
    trainer_of(service).kill()

    run = service.wait(run_id, 180)

    assert ("succeeded", 2) == (run["status"], run["attempt"]), run
    body = {"task": "tickets", "message": "password reset account locked email"}

    def answers(connections: int) -> set[tuple[int, str | None]]:
        """Each over a connection of its own, to either process."""
        found = set()
        for _ in range(connections):
            with httpx.Client(base_url=service.url, timeout=30) as client:
                answer = client.post("/predict", json=body)
                found.add((answer.status_code, answer.json().get("prediction", {}).get("label")))
        return found

    until(lambda: {(200, "login")} == answers(20))
    assert 200 == service.client.post("/tasks/tickets/encode", json={"message": "refund"}).status_code
    page = service.client.get(
        "/datasets/tickets/rows", params={"split": "test", "model": "active", "limit": 500}
    ).json()
    wrong = [row["wrong"] for row in page["items"]]
    assert sorted(wrong, reverse=True) == wrong
    assert len(wrong) == answer.json()["dataset"]["test_rows"]
    assert wrong.count(False) > 0.9 * len(wrong)
    assert 204 == service.client.delete("/tasks/tickets", params={"models": True, "datasets": True}).status_code
    until(lambda: {(422, None)} == answers(10))
    assert [] == uploads_of(service)
    assert not list((service.folder / "models" / "tickets").glob("*"))


def test_labels_of_zipped_pictures_are_shown_as_something_else(start_service: StartService) -> None:
    """In every picture of rows and answers; the answers themselves keep the folders' names."""
    service = start_service()
    drawn = np.random.default_rng(1)
    pictures = {
        f"{split}/{label}/{number}.png": shapes.file_of(shapes.drawing(label, 40, drawn))
        for split, count in (("train", 24), ("test", 6))
        for label in shapes.LABELS["shapes"]
        for number in range(count)
    }
    kind = {"kind": "image", "size": 8}
    answer = own.create(service.client, "shapes", zipped(pictures), filename="shapes.zip", task={"kind": kind})
    assert 201 == answer.status_code, answer.text
    names = {label: label.upper() for label in answer.json()["task"]["labels"]}
    changed = service.client.patch("/tasks/shapes", json={"label_names": names})
    assert (200, names) == (changed.status_code, changed.json().get("label_names")), changed.text
    model = service.wait(answer.json()["run"]["id"], 180)["model_id"]

    record = service.client.get(f"/models/{model}").json()
    assert sorted(names) == sorted(record["manifest"]["labels"])
    assert record["metrics"]["calibration"]["rows"] > 0, "folds of few rows calibrate"
    example = answer.json()["task"]["example"]
    assert service.client.post("/predict", json={"task": "shapes", **example}).json()["prediction"]["label"] in names
    for path in (
        "/datasets/shapes/labels.svg",
        "/tasks/shapes/datasets/shapes@1/sheet.svg",
        f"/models/{model}/confusion.svg",
        f"/models/{model}/sheet.svg",
    ):
        picture = service.client.get(path)
        assert 200 == picture.status_code, picture.text
        words = " ".join(ET.fromstring(picture.content).itertext())
        assert all(name in words for name in names.values()), path


def test_a_run_whose_task_has_gone_fails_cleanly(start_service: StartService, tmp_path: Path) -> None:
    """What the database alone can do: an older release removed the task while the run waited for a worker."""
    settings = {
        "DENSELY_HOME": str(tmp_path / "service" / "home"),
        "DENSELY_MODELS_DIR": str(tmp_path / "service/models"),
    }
    command = [sys.executable, "-m", "app.cli"]
    subprocess.run([*command, "migrate"], env={**os.environ, **settings}, check=True, cwd=REPOSITORY)
    service = start_service(command="serve")
    answer = own.create(service.client, "flowers", own.flowers(), train="false")
    assert 201 == answer.status_code, answer.text
    run = service.train(task="flowers")
    assert "queued" == run["status"]
    with closing(sqlite3.connect(service.folder / "home" / "densely.db", timeout=30)) as database, database:
        database.execute("DELETE FROM tasks")

    worker = subprocess.Popen([*command, "worker"], env={**os.environ, **settings}, cwd=REPOSITORY)
    try:
        ended = service.wait(run["id"], 120)
    finally:
        worker.terminate()
        worker.wait(30)

    assert ("failed", "TaskGone") == (ended["status"], (ended["error"] or {}).get("type"))


def test_kill_9_during_an_upload_leaves_nothing(start_service: StartService) -> None:
    """Of the API process: while the file comes, and while it is read."""
    service = start_service()
    content = own.tickets(120_000)
    connection = socket.create_connection(("127.0.0.1", service.port))
    head = f"POST /datasets?task=sentiment HTTP/1.1\r\nHost: localhost\r\nContent-Length: {2 * len(content)}\r\n\r\n"
    connection.sendall(head.encode() + content)
    until(lambda: arriving(service) > 2**20)

    kill_api(service)

    connection.close()
    assert [] == uploads_of(service)

    def upload() -> None:
        try:
            with httpx.Client(base_url=service.url, timeout=60) as client:
                own.create(client, "tickets", content)
        except httpx.TransportError:
            pass

    thread = threading.Thread(target=upload)
    thread.start()
    readers: list[psutil.Process] = []
    while not readers:
        readers = processes_of(service, "app.datasets.uploads")
        time.sleep(0.01)
    until(lambda: any(name.startswith(".staging-") for name in uploads_of(service)) or not readers[0].is_running())

    kill_api(service)

    thread.join()
    psutil.wait_procs(readers, timeout=30)
    assert not any(reader.is_running() for reader in readers)
    assert [] == own_tasks(service)
    assert [] == service.client.get("/runs").json()["items"]
    assert [] == [name for name in uploads_of(service) if name.startswith("d-")]
    assert 201 == own.create(service.client, "tickets", own.tickets(), train="false").status_code


def test_kill_9_while_tasks_are_made_leaves_whole_ones(start_service: StartService) -> None:
    """Again and again, at any moment: whatever is listed has its dataset with its file, and its run."""
    service = start_service()
    ended = threading.Event()

    def make(which: int) -> None:
        number = 0
        while not ended.is_set():
            number += 1
            try:
                with httpx.Client(base_url=service.url, timeout=10) as client:
                    own.create(client, f"t{which}-{number}", own.flowers(40))
            except httpx.TransportError:
                time.sleep(0.1)

    threads = [threading.Thread(target=make, args=(which,)) for which in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(6):
        there = len(own_tasks(service))
        until(lambda before=there: len(own_tasks(service)) > before, 60)  # type: ignore[misc]
        kill_api(service)
    ended.set()
    for thread in threads:
        thread.join()

    made = own_tasks(service)
    assert made
    runs = service.client.get("/runs", params={"limit": 500}).json()["items"]
    files = set(uploads_of(service))
    for task in made:
        (dataset,) = task["datasets"]
        name, _, version = dataset["name"].partition("@")
        assert dataset["here"]
        assert 200 == service.client.get(f"/datasets/{name}", params={"version": version}).status_code
        assert 200 == service.client.get(f"/datasets/{name}/rows", params={"limit": 1}).status_code
        assert [dataset["name"]] == [run["dataset"] for run in runs if run["task"] == task["name"]]
    assert len(runs) == len(made)
    assert len(made) <= len([name for name in files if name.startswith("d-")]) <= len(made) + 12


def test_start_up_and_predictions_with_200_own_tasks(start_service: StartService, tmp_path: Path) -> None:
    """They are here, and what comes with Densely costs what it did."""
    del tmp_path
    service = start_service()
    kind = {"kind": "text", "columns": ["message"]}
    for number in range(200):
        asked = {"name": f"own-{number}", "kind": kind, "answer": {"kind": "one_of", "labels": ["a", "b"]}}
        assert 201 == service.client.post("/tasks", json=asked).status_code

    began = time.monotonic()
    kill_api(service)
    assert time.monotonic() - began < 20
    assert 200 == len(own_tasks(service))
    body = {"task": "planar", "point": [0, 1]}
    assert 200 == service.client.post("/predict", json=body).status_code
    assert 200 == service.client.get("/tasks/own-199").status_code
