"""The whole service on PostgreSQL."""

import time

from tests.e2e.conftest import UNPREPARED, StartService, trainer_of
from tests.e2e.test_crashes import WIDE
from tests.support import postgres


def test_a_run_outlives_its_trainer_and_two_instances_share_the_queue(
    start_service: StartService, cluster: postgres.Cluster
) -> None:
    """Two API processes and two workers on one database and one models folder; the first trainer is killed."""
    url = cluster.new_database()
    shared = {"DENSELY_DATABASE_URL": url, "DENSELY_CHECKPOINT_SECONDS": 0.2, **UNPREPARED}
    first = start_service("first", **shared)
    second = start_service("second", **shared, DENSELY_MODELS_DIR=first.folder / "models")
    request = {"task": "housing", "dataset": "sample", "activate": "always", "recipe": {"epochs": 60, "layers": WIDE}}
    queued = [first.train(**request, seed=seed)["id"] for seed in (1, 2)]
    while not first.client.get(f"/runs/{queued[0]}/history").json()["epochs"]:
        assert first.run(queued[0])["status"] in ("queued", "running")
        time.sleep(0.05)  # the trainers need the cores
    for service in (first, second):
        trainer_of(service).kill()

    runs = [second.wait(run_id, 120) for run_id in queued]

    assert ["succeeded"] * 2 == [run["status"] for run in runs], [run["error"] for run in runs]
    assert 2 == len({run["model_id"] for run in runs})
    versions = [model["version"] for model in first.client.get("/models?task=housing").json()["items"]]
    assert [3, 2, 1] == versions
    latest = first.client.get("/models?task=housing").json()["items"][0]["id"]
    body = {"task": "housing", **first.client.get("/tasks/housing").json()["example"]}
    assert latest == first.client.get("/tasks/housing").json()["active_model"]["id"]
    for service in (first, second):
        for run_id in queued:  # whoever tells of a finished run answers with its model
            service.run(run_id)
        assert latest == service.client.post("/predict", json=body).json()["model"]["id"]
