"""Finding runs and tidying them over HTTP: rows, search and order, what is written of them, many at once, the queue."""

import gzip
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.artifacts.store import ArtifactStore
from app.db import models, runs, workers
from app.db.engine import Database
from app.domain.recipes import NoValidation
from app.domain.runs import Change, Metrics
from app.services.attempts import Attempt
from app.services.execution import Claim, WorkerService
from app.wire.runs import Progress, RunError
from tests.integration.finished import Finished, model_of
from tests.support import many
from tests.support.artifacts import publish_run
from tests.support.clock import FakeClock
from tests.support.queue import queue_run

Json = dict[str, Any]
NAMES = (
    "id name task preset dataset dataset_is_sample status tags note archived_at created_at started_at finished_at "
    "seconds progress score model_id sweep retry_of queue error curve"
).split()


@pytest.fixture
def worker(database: Database, clock: FakeClock) -> WorkerService:
    return WorkerService(database, clock, "w-1", 10.0, clock.monotonic)


def rows(client: httpx.Client, **query: Any) -> list[Json]:
    """Those of a list."""
    found: list[Json] = client.get("/runs/rows", params=query).raise_for_status().json()["items"]
    return found


def act(client: httpx.Client, action: str, *ids: str, **how: bool) -> Json:
    """Do something to runs."""
    answer = client.post("/runs/actions", json={"action": action, "runs": ids, **how})
    assert 200 == answer.status_code, answer.text
    told: Json = answer.json()
    assert set(ids) == {*told["done"], *(each["run"] for each in told["refused"])}
    return told


def claim(worker: WorkerService) -> Claim:
    found = worker.claim()
    assert found is not None
    return found


def end(database: Database, clock: FakeClock, worker: WorkerService, change: Change = Change.ERRORED) -> str:
    """The oldest queued run ends so, after ten seconds; returns its id."""
    held = claim(worker)
    clock.advance(10)
    error = RunError(type="Diverged", message="x" * 500) if change is Change.ERRORED else None
    worker.end(held, change, error)
    return held.run.id


# Rows


def test_a_row_is_a_run_in_short(
    client: httpx.Client, database: Database, clock: FakeClock, worker: WorkerService, store: ArtifactStore
) -> None:
    tags = {"team": "ada"}
    run_id = queue_run(database, clock, name="first", tags=tags, validation=NoValidation())
    clock.advance(5)
    attempt = Attempt(database, clock, run_id, claim(worker).lease_id)
    for epoch, loss in enumerate((0.123456, 0.05), 1):
        attempt.record_epoch(0, epoch, 1.0, {"loss": loss}, Progress(epoch=epoch, epochs=2))
    attempt.flush()
    clock.advance(90)
    made = publish_run(attempt, store, "never", test_metric=2.5)
    (row,) = rows(client)
    (run,) = client.get("/runs").json()["items"]

    assert NAMES == list(row)
    same = [name for name in NAMES if name in run]
    assert {name: run[name] for name in same} == {name: row[name] for name in same}
    assert {"name": "loss", "values": [0.1235, 0.05]} == row["curve"]
    assert (90.0, made.id, tags, "", None) == tuple(
        row[name] for name in ("seconds", "model_id", "tags", "note", "queue")
    )
    assert {"name": "mae", "value": 2.5, "guessing": None, "higher_is_better": False} == row["score"]


def test_a_message_is_cut_in_a_list(
    client: httpx.Client, database: Database, clock: FakeClock, worker: WorkerService
) -> None:
    run_id = queue_run(database, clock)
    end(database, clock, worker)
    (row,) = rows(client)

    assert {"type": "Diverged", "message": "x" * 199 + "…"} == row["error"]
    assert "x" * 500 == client.get(f"/runs/{run_id}").json()["error"]["message"]
    assert (None, None) == (row["score"], row["curve"])


def test_five_thousand_runs_are_found_and_paged(client: httpx.Client, database: Database, clock: FakeClock) -> None:
    """A page of 50 is small, whatever it is sorted by; the best are first, and those without a figure last."""
    many.fill(database, now=clock())
    sizes, totals = {}, set()
    for sort in ("-created", "name", "-score", "seconds"):
        answer = client.get("/runs/rows", params={"sort": sort})
        sizes[sort] = len(gzip.compress(answer.content, 5))
        totals.add(answer.json()["total"])
    best = rows(client, sort="-score", task="sentiment", limit=500)
    found = client.get("/runs/rows", params={"q": "größer", "tag": "team:ada", "limit": 5}).json()

    assert max(sizes.values()) < 20_000
    (total,) = totals
    archived = client.get("/runs/rows", params={"archived": "true", "limit": 1}).json()["total"]
    assert many.RUNS == total + archived
    scores = [row["score"]["value"] if row["score"] else 0 for row in best]
    assert scores == sorted(scores, reverse=True)
    assert 5 == len(found["items"])
    assert found["total"] > 5
    assert {"Größer"} == {row["name"] for row in found["items"]}
    assert {"ada"} == {row["tags"]["team"] for row in found["items"]}
    for words in ("größer team:ada", "team:ada GRÖ", f"team: {found['items'][0]['id'][:6]}"):
        again = rows(client, q=words, limit=5)
        assert found["items"][0] == again[0], words


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"sort": "seed"}, "sort"),
        ({"sort": "--score"}, "sort"),
        ({"q": "x" * 201}, "q"),
        ({"since": "last week"}, "since"),
        ({"until": "2030-02-30"}, "until"),
        ({"archived": "maybe"}, "archived"),
        ({"cursor": "17", "sort": "name"}, "cursor"),
        ({"limit": "501"}, "limit"),
    ],
)
@pytest.mark.parametrize("path", ["/runs", "/runs/rows"])
def test_what_cannot_be_asked_names_the_field(client: httpx.Client, path: str, query: Json, field: str) -> None:
    answer = client.get(path, params=query)

    assert 422 == answer.status_code
    assert [field] == [each["field"] for each in answer.json()["errors"]]


def test_a_day_is_meant_as_a_whole(client: httpx.Client, database: Database, clock: FakeClock) -> None:
    """From its first moment, until its last."""
    made = []
    for _ in range(4):
        made.append(queue_run(database, clock))
        clock.advance(timedelta(hours=16).total_seconds())  # at 0:00, 16:00, and 8:00 and 24:00 of the next day

    day = [row["id"] for row in rows(client, since="2030-01-02", until="2030-01-02", sort="created")]
    hours = [row["id"] for row in rows(client, since="2030-01-01T17:00:00+01:00", until="2030-01-02T08:00:00Z")]

    assert [made[2]] == day
    assert [made[1]] == hours


# What is written of a run


def test_what_is_written_stays_and_what_is_left_out_too(
    client: httpx.Client, database: Database, clock: FakeClock
) -> None:
    run_id = queue_run(database, clock, name="old", tags={"a": "b"})

    first = client.patch(f"/runs/{run_id}", json={"tags": {"team": "ada"}, "note": "two\nlines"}).raise_for_status()
    second = client.patch(f"/runs/{run_id}", json={"name": None}).raise_for_status().json()

    assert ("old", {"team": "ada"}, "two\nlines") == tuple(first.json()[name] for name in ("name", "tags", "note"))
    assert (None, {"team": "ada"}, "two\nlines") == tuple(second[name] for name in ("name", "tags", "note"))
    assert second == client.get(f"/runs/{run_id}").json()
    assert [run_id] == [row["id"] for row in rows(client, tag="team:ada")]
    assert [] == rows(client, tag="a")
    assert 1 == second["queue"]["place"]


def test_a_change_is_told_once(client: httpx.Client, database: Database, clock: FakeClock) -> None:
    """As a line of the run's log, which says what is different; asking for what is so already is no change."""
    run_id = queue_run(database, clock)
    for _ in range(2):
        client.patch(f"/runs/{run_id}", json={"name": "new", "tags": {"a": "b"}, "archived": False}).raise_for_status()
    client.patch(f"/runs/{run_id}", json={}).raise_for_status()
    events = client.get(f"/runs/{run_id}/events").json()["items"]
    streamed = client.get("/events", headers={"Accept": "application/json"}).json()["items"]
    audit = client.get("/audit", params={"action": "run.changed"}).json()["items"]

    assert ["status", "log"] == [event["type"] for event in events]
    told = {"message": "name and tags changed", "changed": {"name": "new", "tags": {"a": "b"}}}
    assert told == events[-1]["data"] == streamed[-1]["data"]
    assert [run_id] == [entry["subject"] for entry in audit]


def test_followers_are_told_with_the_run_as_it_is(client: httpx.Client, database: Database, clock: FakeClock) -> None:
    run_id = queue_run(database, clock)
    client.patch(f"/runs/{run_id}", json={"note": "why"}).raise_for_status()
    client.post(f"/runs/{run_id}/cancel").raise_for_status()
    client.patch(f"/runs/{run_id}", json={"archived": True}).raise_for_status()
    answer = client.get(f"/runs/{run_id}/events", headers={"Accept": "text/event-stream"})
    changes = [line for line in answer.text.splitlines() if line.startswith("data:") and '"changed":' in line]

    assert 2 == len(changes)
    assert all('"run":{' in line and '"note":"why"' in line for line in changes)
    assert '"message":"archived"' in changes[-1]


def test_only_a_run_that_has_ended_is_archived(
    client: httpx.Client, database: Database, clock: FakeClock, worker: WorkerService
) -> None:
    run_id = queue_run(database, clock)
    refused = client.patch(f"/runs/{run_id}", json={"archived": True, "note": "gone"})
    end(database, clock, worker)
    archived = client.patch(f"/runs/{run_id}", json={"archived": True}).raise_for_status().json()

    assert (409, "urn:densely:problem:invalid-transition") == (refused.status_code, refused.json()["type"])
    assert "" == archived["note"]  # what was refused has changed nothing
    assert clock().isoformat().replace("+00:00", "Z") == archived["archived_at"]
    assert [] == rows(client)
    assert [run_id] == [row["id"] for row in rows(client, archived="true")]
    assert [run_id] == [row["id"] for row in rows(client, archived="all")]
    restored = client.patch(f"/runs/{run_id}", json={"archived": False}).json()
    assert restored["archived_at"] is None
    assert [run_id] == [row["id"] for row in rows(client)]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"note": "x" * 2_001}, "note"),
        ({"note": "nul\u0000"}, "note"),
        ({"note": None}, "note"),
        ({"name": "x" * 201}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"tags": {f"t{number}": "" for number in range(21)}}, "tags"),
        ({"tags": {"no spaces": ""}}, "tags.no spaces"),
        ({"tags": None}, "tags"),
        ({"archived": "perhaps"}, "archived"),
        ({"status": "succeeded"}, "status"),
    ],
)
def test_what_cannot_be_written_names_the_field(
    client: httpx.Client, database: Database, clock: FakeClock, body: Json, field: str
) -> None:
    run_id = queue_run(database, clock, name="kept")
    answer = client.patch(f"/runs/{run_id}", json=body)

    assert 422 == answer.status_code
    assert [field] == [each["field"].removesuffix(".[key]") for each in answer.json()["errors"]]
    assert "kept" == client.get(f"/runs/{run_id}").json()["name"]
    assert 404 == client.patch("/runs/r-none", json={"note": "x"}).status_code


# Many at once


def test_each_run_is_done_by_itself(
    client: httpx.Client, database: Database, clock: FakeClock, worker: WorkerService
) -> None:
    failed = queue_run(database, clock)
    end(database, clock, worker)
    waiting = queue_run(database, clock)

    cancelled = act(client, "cancel", failed, waiting, "r-none")
    retried = act(client, "retry", failed, waiting)
    archived = act(client, "archive", failed, retried["created"][0])

    assert [waiting] == cancelled["done"]
    assert [(failed, 409), ("r-none", 404)] == [(each["run"], each["status"]) for each in cancelled["refused"]]
    assert "is failed" in cancelled["refused"][0]["reason"]
    assert [failed, waiting] == retried["done"]
    assert [failed, waiting] == [client.get(f"/runs/{run_id}").json()["retry_of"] for run_id in retried["created"]]
    assert ([failed], [409]) == (archived["done"], [each["status"] for each in archived["refused"]])
    assert [failed] == act(client, "restore", failed)["done"]
    assert {"bytes": 0, "runs": 0, "models": 0} == archived["frees"]
    acted = client.get("/audit", params={"limit": 6}).json()["items"]
    assert ["run.changed", "run.changed", "run.queued", "run.queued", "run.cancelled"] == [
        entry["action"] for entry in acted[:5]
    ]


@pytest.mark.parametrize("action", ["cancel", "retry", "archive", "delete"])
def test_a_dry_run_says_the_same_and_does_nothing(
    client: httpx.Client, database: Database, clock: FakeClock, worker: WorkerService, action: str
) -> None:
    ids = [queue_run(database, clock) for _ in range(2)]
    end(database, clock, worker)
    before = client.get("/runs").json(), client.get("/events").json(), client.get("/audit").json()
    told = act(client, action, *ids, dry_run=True)

    assert before == (client.get("/runs").json(), client.get("/events").json(), client.get("/audit").json())
    done = act(client, action, *ids)
    assert [] == told.pop("created")
    assert (action == "retry") == bool(done.pop("created"))
    assert told | {"dry_run": False} == done


def test_models_go_with_their_runs_but_for_an_active_one(
    client: httpx.Client, finished: Finished, store: ArtifactStore, database: Database
) -> None:
    with_model, active = finished.run("housing", None), finished.run("housing", None)
    with database.write() as tx:
        models.activate(tx, "housing", model_of(active), finished.clock(), "test")
    gone, kept = (client.get(f"/runs/{run_id}").json()["model_id"] for run_id in (with_model, active))
    size = sum(path.stat().st_size for path in store.path("housing", gone).iterdir())

    looked = act(client, "delete", with_model, active, models=True, dry_run=True)
    assert store.path("housing", gone).exists()
    done = act(client, "delete", with_model, active, models=True)

    assert {"bytes": size, "runs": 1, "models": 1} == looked["frees"] == done["frees"]
    ((run_id, status, reason),) = [tuple(each.values()) for each in done["refused"]]
    assert (active, 409) == (run_id, status)
    assert kept in reason
    assert not store.path("housing", gone).exists()
    assert (404, 200) == tuple(client.get(f"/models/{model_id}").status_code for model_id in (gone, kept))
    assert [active] == [row["id"] for row in rows(client)]


def test_without_being_asked_models_stay(client: httpx.Client, finished: Finished, store: ArtifactStore) -> None:
    run_id = finished.run("housing", None)
    model_id = client.get(f"/runs/{run_id}").json()["model_id"]
    done = act(client, "delete", run_id)

    assert {"bytes": 0, "runs": 1, "models": 0} == done["frees"]
    assert 200 == client.get(f"/models/{model_id}").status_code


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "explode", "runs": ["r-1"]}, "action"),
        ({"action": "cancel", "runs": []}, "runs"),
        ({"action": "cancel", "runs": ["r-1", "r-1"]}, "runs"),
        ({"action": "cancel", "runs": [f"r-{number}" for number in range(501)]}, "runs"),
        ({"action": "cancel", "runs": ["../etc"]}, "runs.0"),
        ({"action": "cancel", "runs": ["r-1"], "force": True}, "force"),
    ],
)
def test_what_cannot_be_done_names_the_field(client: httpx.Client, body: Json, field: str) -> None:
    answer = client.post("/runs/actions", json=body)

    assert 422 == answer.status_code
    assert [field] == [each["field"] for each in answer.json()["errors"]]


# The queue


def test_who_waits_is_told_its_place_and_when_it_begins(
    client: httpx.Client, database: Database, clock: FakeClock, worker: WorkerService
) -> None:
    """By what an earlier one took, and by a worker that trains two at a time; without a worker nobody knows when."""
    queue_run(database, clock)
    held = claim(worker)
    clock.advance(60)
    with database.write() as tx:
        runs.publish(tx, held.run.id, held.lease_id, clock(), Metrics())
    waiting = [queue_run(database, clock) for _ in range(4)]

    def queue() -> list[tuple[int, Any]]:
        found = {row["id"]: row["queue"] for row in rows(client)}
        return [(found[run_id]["place"], found[run_id]["expected_start"]) for run_id in waiting]

    assert [(place, None) for place in (1, 2, 3, 4)] == queue()
    with database.write() as tx:
        workers.seen(tx, "w-1", clock(), {"host": "here", "pid": 1, "devices": [], "versions": {}, "trainers": 2})
    begins = ["00:01:00", "00:01:00", "00:02:00", "00:02:00"]
    assert [(place, f"2030-01-01T{begin}Z") for place, begin in enumerate(begins, 1)] == queue()
    act(client, "cancel", waiting[0])
    waiting.pop(0)
    claim(worker)
    waiting.pop(0)
    clock.advance(15)
    assert [(1, "2030-01-01T00:01:15Z"), (2, "2030-01-01T00:02:00Z")] == queue()
