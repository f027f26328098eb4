"""`/tasks/{task}/active-model`: promoting and rolling back, and how other API processes learn of it."""

import shutil
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import event

from app.artifacts.store import WEIGHTS, ArtifactStore
from app.db import models, runs
from app.db.engine import Database
from app.errors import ArtifactInvalid
from app.main import create_app
from app.services.attempts import Attempt
from app.services.execution import WorkerService
from app.services.publication import row_of
from app.settings import Settings
from app.wire.manifests import MANIFEST
from tests.support.artifacts import add_model, publish_artifact, publish_run
from tests.support.clock import FakeClock
from tests.support.queue import queue_run
from tests.support.server import LiveServer
from tests.support.tasks import TASKS

BODY = {"task": "housing", **TASKS.get("housing").example}
Start = Callable[[Settings], httpx.Client]


def answering(client: httpx.Client) -> str:
    """The id of the model that answers for housing."""
    answer = client.post("/predict", json=BODY)
    assert 200 == answer.status_code, answer.text
    model_id: str = answer.json()["model"]["id"]
    return model_id


def promote(client: httpx.Client, model_id: str, task: str = "housing") -> httpx.Response:
    return client.put(f"/tasks/{task}/active-model", json={"model_id": model_id})


def history(client: httpx.Client) -> list[tuple[str, str | None]]:
    """(model, the one before it), newest first."""
    items = client.get("/tasks/housing/active-model/history").json()["items"]
    return [(item["model_id"], item["previous_model_id"]) for item in items]


def test_a_model_is_promoted_and_rolled_back(
    client: httpx.Client, database: Database, store: ArtifactStore, clock: FakeClock
) -> None:
    """The next request is answered by it; the history keeps both changes."""
    old = answering(client)
    new = add_model(database, store, "housing", active=False, seed=9).id
    assert old == answering(client)

    answer = promote(client, new)

    assert (200, new, True, 2) == (answer.status_code, *(answer.json()[k] for k in ("id", "active", "version")))
    assert new == answering(client)
    assert new == client.get("/tasks/housing").json()["active_model"]["id"]
    assert {new: True, old: False} == {m["id"]: m["active"] for m in client.get("/models?task=housing").json()["items"]}
    assert [(new, old), (old, None)] == history(client)

    clock.advance(60)
    assert 200 == promote(client, old).status_code
    assert old == answering(client)
    assert [(old, new), (new, old), (old, None)] == history(client)
    latest = client.get("/tasks/housing/active-model/history?limit=1").json()["items"][0]
    assert ("housing", "2030-01-01T00:01:00Z") == (latest["task"], latest["at"])
    assert latest["reason"]


def test_promoting_twice_is_once(client: httpx.Client, database: Database, store: ArtifactStore) -> None:
    new = add_model(database, store, "housing", active=False).id

    answers = [promote(client, new) for _ in range(3)]

    assert [200] * 3 == [answer.status_code for answer in answers]
    assert answers[0].json() == answers[1].json() == answers[2].json()
    assert 2 == len(history(client))


def test_the_history_pages_newest_first(client: httpx.Client, database: Database, store: ArtifactStore) -> None:
    ids = [answering(client), *(add_model(database, store, "housing", active=False).id for _ in range(4))]
    for model_id in ids[1:]:
        promote(client, model_id)
    seen, cursor = [], ""
    while True:
        page = client.get(f"/tasks/housing/active-model/history?limit=2{cursor}").json()
        seen += [item["model_id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"

    assert ids[::-1] == seen


def test_each_task_has_its_own_active_model(client: httpx.Client, database: Database, store: ArtifactStore) -> None:
    def active() -> dict[str, Any]:
        return {task["name"]: task["active_model"]["id"] for task in client.get("/tasks").json()["items"]}

    before = active()
    new = add_model(database, store, "housing", active=False).id

    promote(client, new)

    assert {**before, "housing": new} == active()


def test_the_history_tells_the_whole_reason(
    client: httpx.Client, database: Database, store: ArtifactStore, clock: FakeClock
) -> None:
    """To its last letter, as the run's log does: of one that replaces a damaged model, the longest that we have."""
    answering_now = answering(client)
    better = add_model(database, store, "housing", active=False).id
    run_id = queue_run(database, clock)
    claim = WorkerService(database, clock, "w-1", 60).claim()
    assert claim is not None

    def score(model_id: str) -> float:
        if model_id == answering_now:
            raise ArtifactInvalid(f"the weights of model {model_id} cannot be read")
        return 0.1

    publish_run(Attempt(database, clock, run_id, claim.lease_id), store, "if_better", score)

    latest = client.get("/tasks/housing/active-model/history").json()["items"][0]
    messages = [each["data"].get("message", "") for each in client.get(f"/runs/{run_id}/events").json()["items"]]
    (said,) = [message for message in messages if message.startswith("published model")]
    assert f"run {run_id}: {said.partition('activated: ')[2]}" == latest["reason"]
    assert latest["reason"].endswith(f"of model {better} (version 2), which can be activated by hand")
    assert len(latest["reason"]) > 200


def refused(client: httpx.Client, answer: httpx.Response, status: int) -> dict[str, Any]:
    """A problem document, and everything as it was."""
    assert status == answer.status_code, answer.text
    assert "application/problem+json" == answer.headers["content-type"]
    assert 1 == len(history(client))
    assert history(client)[0][0] == answering(client) == client.get("/tasks/housing").json()["active_model"]["id"]
    problem: dict[str, Any] = answer.json()
    return problem


def test_an_unknown_model_is_not_found(client: httpx.Client) -> None:
    assert "m-nobody" in refused(client, promote(client, "m-nobody"), 404)["detail"]


def test_an_unknown_task_is_not_found(client: httpx.Client) -> None:
    refused(client, promote(client, answering(client), task="horoscope"), 404)


def test_a_model_of_another_task_is_refused(client: httpx.Client) -> None:
    digits = client.get("/tasks/digits").json()["active_model"]["id"]

    problem = refused(client, promote(client, digits), 422)

    assert ["model_id"] == [error["field"] for error in problem["errors"]]
    assert "digits" in problem["detail"]


def _flip(folder: Path) -> None:
    content = bytearray((folder / WEIGHTS).read_bytes())
    content[-10] ^= 1
    (folder / WEIGHTS).write_bytes(content)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a flipped bit": _flip,
    "no weights": lambda folder: (folder / WEIGHTS).unlink(),
    "no manifest": lambda folder: (folder / MANIFEST).unlink(),
    "another format": lambda folder: (folder / MANIFEST).write_text('{"format_version": 999}'),
    "half a manifest": lambda folder: (folder / MANIFEST).write_bytes((folder / MANIFEST).read_bytes()[:100]),
    "no files": lambda folder: folder.rename(folder.with_name("elsewhere")),
}


def test_a_damaged_artifact_is_not_promoted(client: httpx.Client, database: Database, store: ArtifactStore) -> None:
    """It could not answer, so the present model stays; the client is told that it may come back."""
    for name, damage in DAMAGES.items():
        new = add_model(database, store, "housing", active=False).id
        damage(store.path("housing", new))

        answer = promote(client, new)

        problem = refused(client, answer, 503)
        assert "urn:densely:problem:artifact-invalid" == problem["type"], name
        assert new in problem["detail"], name
        assert "retry-after" in answer.headers, name


@pytest.mark.parametrize("poll", [0.1, 0.5])
def test_other_applications_follow_within_two_seconds(
    client: httpx.Client, client_for: Start, settings: Settings, database: Database, store: ArtifactStore, poll: float
) -> None:
    """0.5 seconds is the default poll. Promotion and rollback, one after the other."""
    other = client_for(settings.model_copy(update={"active_poll_seconds": poll}))
    ids = [answering(other), add_model(database, store, "housing", active=False).id]
    for model_id in (ids[1], ids[0]):
        promote(client, model_id)
        end = time.monotonic() + 2
        while answering(other) != model_id and time.monotonic() < end:
            time.sleep(0.01)

        assert model_id == answering(other)


def test_a_prediction_asks_the_database_nothing(
    settings: Settings, client: httpx.Client, examples: dict[str, dict[str, Any]]
) -> None:
    """While 50 requests are answered, the only statements are those of the poll, as often as it is due."""
    app = create_app(settings)
    statements: list[str] = []
    engine = app.api.state.services.prediction._database.engine
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    app.api.state.services.own.follow()
    app.api.state.services.prediction.refresh()
    poll = Counter(statements)
    assert poll.total()  # the listener sees what there is to see
    server = LiveServer(app)
    try:
        statements.clear()
        started = time.monotonic()
        for number in range(50):
            body = list(examples.values())[number % len(examples)]
            assert 200 == server.client.post("/predict", json=body).status_code
        seen = Counter(statements)
        polls = (time.monotonic() - started) / settings.active_poll_seconds + 1
    finally:
        server.close()

    assert set(seen) <= set(poll)
    assert seen.total() <= polls * poll.total()
    assert seen.total() < 50


def test_whoever_hears_that_a_run_has_succeeded_is_answered_by_its_model(
    client_for: Callable[[Settings], httpx.Client],
    settings: Settings,
    database: Database,
    store: ArtifactStore,
    clock: FakeClock,
) -> None:
    """Not only at the next poll: train, wait, predict is what every script does."""
    first = add_model(database, store, "housing")
    client = client_for(settings.model_copy(update={"active_poll_seconds": 60}))
    body = {"task": "housing", **client.get("/tasks/housing").json()["example"]}
    assert first.id == client.post("/predict", json=body).json()["model"]["id"]

    run_id = queue_run(database, clock)
    claim = WorkerService(database, clock, "w-1", 60).claim()
    assert claim is not None
    second = publish_artifact(store, "housing", seed=9)
    with database.write() as tx:
        runs.publish(tx, run_id, claim.lease_id, clock(), second.metrics)
        models.insert_model(tx, **(row_of(second) | {"run_id": run_id}))
        models.activate(tx, "housing", second.id, clock(), "test")

    assert "succeeded" == client.get(f"/runs/{run_id}").json()["status"]
    assert second.id == client.post("/predict", json=body).json()["model"]["id"]


def until(condition: Callable[[], bool]) -> None:
    """The poll of the tests is a tenth of a second."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def readiness(client: httpx.Client, task: str = "housing") -> tuple[str, int]:
    """What the probe says of the task: in words, and as the status of a probe for it alone."""
    whole = client.get("/health/ready")
    assert (200, True) == (whole.status_code, whole.json()["ready"])
    state: str = whole.json()["tasks"][task]
    return state, client.get(f"/health/ready?task={task}").status_code


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_model_that_was_damaged_and_mended_answers_again_by_itself(
    client_for: Start, settings: Settings, database: Database, store: ArtifactStore, tmp_path: Path, damage: str
) -> None:
    """Whatever was damaged when the API started: out of service, and back without a restart."""
    manifest = add_model(database, store, "housing")
    folder = store.path("housing", manifest.id)
    shutil.copytree(folder, tmp_path / "whole")
    DAMAGES[damage](folder)
    client = client_for(settings)
    assert 503 == client.post("/predict", json=BODY).status_code
    state, status = readiness(client)
    assert (True, 503) == (manifest.id in state, status)

    shutil.rmtree(folder, ignore_errors=True)
    (tmp_path / "whole").rename(folder)

    until(lambda: client.post("/predict", json=BODY).status_code == 200)
    assert ("ready", 200) == readiness(client)


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_model_before_goes_on_answering_while_the_new_one_cannot_be_read(
    client: httpx.Client, database: Database, store: ArtifactStore, tmp_path: Path, damage: str
) -> None:
    """As when a worker publishes into another folder: the probe says so, and the new one answers once it is here."""
    old = answering(client)
    new = publish_artifact(store, "housing", seed=9)
    folder = store.path("housing", new.id)
    shutil.copytree(folder, tmp_path / "whole")
    DAMAGES[damage](folder)
    with database.write() as tx:
        models.insert_model(tx, **row_of(new))
        models.activate(tx, "housing", new.id, FakeClock()(), "test")

    until(lambda: readiness(client)[0] != "ready")

    state, status = readiness(client)
    assert (old, 200) == (answering(client), status)
    assert new.id in state
    assert f"model {old} goes on answering" in state
    assert "/" not in state, "no path of the server"
    shutil.rmtree(folder, ignore_errors=True)
    (tmp_path / "whole").rename(folder)
    until(lambda: answering(client) == new.id)
    assert ("ready", 200) == readiness(client)


def test_files_that_are_damaged_under_a_loaded_model_change_nothing(client: httpx.Client, store: ArtifactStore) -> None:
    model_id = answering(client)
    shutil.rmtree(store.path("housing", model_id))
    time.sleep(0.3)  # some polls

    assert model_id == answering(client)
    assert ("ready", 200) == readiness(client)


def test_the_probe_of_a_task_that_nobody_knows_is_not_found(client: httpx.Client) -> None:
    assert 404 == client.get("/health/ready?task=horoscope").status_code
