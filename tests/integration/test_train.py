"""`/train` and `/runs`: asking for trainings and following them. The worker's part is played by its services."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import func, select

from app.db import migrate, models, runs
from app.db.engine import Database
from app.db.tables import runs as runs_table
from app.domain.recipes import HEADS, HeadName
from app.domain.runs import Change, Metrics
from app.services.attempts import Attempt
from app.services.execution import Claim, WorkerService
from app.settings import Settings
from app.wire.runs import Progress, RunError
from tests.support.clock import FakeClock
from tests.support.tasks import TASKS

CRASH = RunError(type="Diverged", message="the loss is no longer a number")
FIELDS = (
    "id task status preset dataset dataset_is_sample recipe validation seed seeds activate name tags attempt "
    "max_attempts created_at started_at finished_at cancel_requested_at progress metrics model_id error device "
    "retry_of traceparent sweep trial prior note archived_at queue"
).split()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A migrated SQLite file: copying one is quicker than migrating for each test."""
    path = tmp_path_factory.mktemp("template") / "densely.db"
    migrate.upgrade(f"sqlite:///{path}")
    return path.read_bytes()


@pytest.fixture
def database(template: bytes, settings: Settings) -> Iterator[Database]:
    path = settings.home / "densely.db"
    path.parent.mkdir(parents=True)
    path.write_bytes(template)
    opened = Database(settings.url)
    yield opened
    opened.close()


@pytest.fixture
def client(
    client_for: Callable[[Settings], httpx.Client], settings: Settings, database: Database, clock: FakeClock
) -> httpx.Client:
    """An application without active models: trainings need none."""
    with database.write() as tx:
        for task in TASKS.all:  # else it would take over the bundled ones
            models.insert_model(
                tx, task=task, id=f"m-{task}", run_id=None, dataset="sample", dataset_is_sample=True, metrics={},
                created_at=clock(),
            )  # fmt: skip
    return client_for(settings)


@pytest.fixture
def worker(database: Database, clock: FakeClock) -> WorkerService:
    return WorkerService(database, clock, "w-1", 10.0, clock.monotonic)


def train(client: httpx.Client, key: str | None = None, **fields: Any) -> dict[str, Any]:
    """Queue a run on the sample; returns it."""
    headers = {"Idempotency-Key": key} if key else {}
    answer = client.post("/train", json={"task": "housing", "dataset": "sample", **fields}, headers=headers)
    assert 202 == answer.status_code, answer.text
    run: dict[str, Any] = answer.json()
    return run


def claim(worker: WorkerService) -> Claim:
    found = worker.claim()
    assert found is not None
    return found


def ids(client: httpx.Client, query: str) -> list[str]:
    answer = client.get(f"/runs?{query}")
    assert 200 == answer.status_code, answer.text
    return [run["id"] for run in answer.json()["items"]]


def test_the_answer_is_the_queued_run(client: httpx.Client, clock: FakeClock) -> None:
    """202, the run as body, and where it is to be found."""
    answer = client.post("/train", json={"task": "housing", "dataset": "sample", "name": "first"})

    run = answer.json()
    assert 202 == answer.status_code
    assert f"/runs/{run['id']}" == answer.headers["location"]
    assert set(FIELDS) == set(run)
    assert ("queued", "first", 0, 3) == (run["status"], run["name"], run["attempt"], run["max_attempts"])
    assert clock().isoformat().replace("+00:00", "Z") == run["created_at"]
    unset = ("started_at", "finished_at", "cancel_requested_at", "progress", "model_id", "error", "device", "retry_of")
    assert dict.fromkeys(unset) == {name: run[name] for name in unset}
    assert run == client.get(answer.headers["location"]).json()
    assert [run] == client.get("/runs").json()["items"]


@pytest.mark.parametrize("name", TASKS.all)
def test_what_is_left_out_comes_from_the_task_and_the_preset(client: httpx.Client, name: str) -> None:
    task = TASKS.get(name)
    preset = task.presets["baseline"]

    run = client.post("/train", json={"task": name}).json()

    assert ("baseline", task.datasets[0].name, False) == (run["preset"], run["dataset"], run["dataset_is_sample"])
    assert preset.recipe.model_dump(mode="json") == run["recipe"]
    assert preset.validation.model_dump(mode="json") == run["validation"]
    assert ("if_better", None, {}) == (run["activate"], run["name"], run["tags"])


def test_fields_of_the_recipe_replace_the_presets(client: httpx.Client) -> None:
    """Only those that were given; a new head brings its own loss."""
    preset = TASKS.get("housing").presets["baseline"].recipe.model_dump(mode="json")
    layers = [{"kind": "dropout", "rate": 0.5}, {"kind": "dense", "units": 8, "activation": "tanh", "l1": 0, "l2": 0.1}]

    run = train(client, recipe={"epochs": 3, "layers": layers, "loss": "mae"})

    assert {**preset, "epochs": 3, "layers": layers, "loss": "mae"} == run["recipe"]


def test_everything_that_was_asked_for_is_kept(client: httpx.Client) -> None:
    fields: dict[str, Any] = {
        "seed": 7, "validation": {"kind": "kfold", "folds": 4, "rows": "shuffled"}, "activate": "never",
        "name": "Ünïcode ☂ 名",
        "tags": {"team": "a:b", "x.y_z-1": ""},
    }  # fmt: skip
    early_stopping = {"monitor": "val_mae", "patience": 0, "restore_best": False}

    run = train(client, **fields, recipe={"early_stopping": early_stopping})

    kept = client.get(f"/runs/{run['id']}").json()
    assert fields == {name: kept[name] for name in fields}
    assert early_stopping == kept["recipe"]["early_stopping"]
    assert kept["dataset_is_sample"]


def test_a_seed_is_drawn_once_and_kept(client: httpx.Client) -> None:
    drawn = [train(client) for _ in range(4)]

    assert all(0 <= run["seed"] < 2**31 for run in drawn)
    assert 1 < len({run["seed"] for run in drawn})
    assert [run["seed"] for run in drawn] == [client.get(f"/runs/{run['id']}").json()["seed"] for run in drawn]


@pytest.mark.parametrize("seeds", [1, 2, 20])
def test_a_run_can_be_trained_with_several_seeds(client: httpx.Client, seeds: int) -> None:
    run = train(client, seeds=seeds, validation={"kind": "holdout", "size": 50})

    assert seeds == run["seeds"] == client.get(f"/runs/{run['id']}").json()["seeds"]
    assert 1 == train(client)["seeds"]


@pytest.mark.parametrize("head", [(name, head) for name, task in TASKS.all.items() for head in task.heads])
def test_every_head_of_a_task_can_be_asked_for(client: httpx.Client, head: tuple[str, HeadName]) -> None:
    """With each of its losses; the first of them if none is given."""
    task, name = head
    for loss in (None, *HEADS[name].losses):
        run = train(client, task=task, recipe={"head": name, **({"loss": loss} if loss else {})})

        preset = TASKS.get(task).presets["baseline"].recipe
        default = preset.loss if name == preset.head else HEADS[name].losses[0]
        assert (name, loss or default) == (run["recipe"]["head"], run["recipe"]["loss"])


@pytest.mark.parametrize(
    "columns", [["title", "text", "label", "split"], ["title", "text", "label", "topics", "split"]]
)
def test_several_labels_need_a_file_that_has_them(client: httpx.Client, settings: Settings, columns: list[str]) -> None:
    """A file of one's own may lack the column `topics`; then a multilabel head is refused before anything is queued."""
    row = {"title": "a", "text": "b", "label": "earn", "topics": ["earn", "grain"]}
    rows = [{name: value for name, value in {**row, "split": part}.items() if name in columns}
            for part in ("train", "test")]  # fmt: skip
    settings.datasets.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows), settings.datasets / "reuters.parquet")

    body = {"task": "newswire", "dataset": "reuters", "recipe": {"head": "multilabel"}}
    answer = client.post("/train", json=body)

    if "topics" in columns:
        assert (202, "multilabel") == (answer.status_code, answer.json()["recipe"]["head"])
        return
    assert (422, ["recipe.head"]) == (answer.status_code, [error["field"] for error in answer.json()["errors"]])
    assert "'topics'" in answer.json()["detail"]
    assert [] == ids(client, "")
    assert 202 == client.post("/train", json={**body, "recipe": {}}).status_code


@pytest.mark.parametrize("seed", [0, 1, 2**31 - 1])
def test_a_given_seed_is_kept(client: httpx.Client, seed: int) -> None:
    assert seed == train(client, seed=seed)["seed"]


class TestIdempotencyKey:
    """The same key queues one run only."""

    def test_the_same_request_is_the_same_run(self, client: httpx.Client, database: Database) -> None:
        """Also when it says in other words what it leaves out, and when the drawn seed is another."""
        first = train(client, "key-1", tags={"a": "b"})

        again = client.post(
            "/train",
            json={"tags": {"a": "b"}, "dataset": "sample", "task": "housing", "preset": "baseline"},
            headers={"Idempotency-Key": "key-1"},
        )

        assert (202, first) == (again.status_code, again.json())
        assert f"/runs/{first['id']}" == again.headers["location"]
        with database.read() as tx:
            assert 1 == tx.execute(select(func.count()).select_from(runs_table)).scalar_one()

    def test_the_run_is_shown_as_it_is_by_now(self, client: httpx.Client, worker: WorkerService) -> None:
        train(client, "key-1")
        claim(worker)

        assert "running" == train(client, "key-1")["status"]

    def test_another_request_is_refused(self, client: httpx.Client) -> None:
        first = train(client, "key-1")

        answer = client.post("/train", json={"task": "digits"}, headers={"Idempotency-Key": "key-1"})

        assert (422, "urn:densely:problem:idempotency-conflict") == (answer.status_code, answer.json()["type"])
        assert [first["id"]] == ids(client, "limit=10")

    def test_other_keys_and_none_queue_other_runs(self, client: httpx.Client) -> None:
        queued = [train(client, key) for key in ("key-1", "key-2", "KEY-1", None, None)]

        assert 5 == len({run["id"] for run in queued})

    def test_a_refused_request_does_not_use_the_key_up(self, client: httpx.Client) -> None:
        bad = client.post("/train", json={"task": "digits", "seed": -1}, headers={"Idempotency-Key": "key-1"})

        assert 422 == bad.status_code
        assert "queued" == train(client, "key-1")["status"]


def test_the_list_is_filtered(client: httpx.Client, worker: WorkerService) -> None:
    """By task, status, dataset and tag; together they all must fit."""
    a = train(client, tags={"team": "red", "stage": "1"})["id"]
    b = train(client, task="digits", tags={"team": "blue"})["id"]
    c = client.post("/train", json={"task": "digits", "tags": {"team": "a:b", "note": ""}}).json()["id"]
    assert a == claim(worker).run.id

    expected = {
        "": [c, b, a],
        "task=digits": [c, b],
        "task=newswire": [],
        "status=running": [a],
        "status=queued": [c, b],
        "status=failed": [],
        "dataset=sample": [b, a],
        "dataset=mnist": [c],
        "tag=team": [c, b, a],
        "tag=team:red": [a],
        "tag=team:a:b": [c],
        "tag=team:": [],
        "tag=note:": [c],
        "tag=stage": [a],
        "tag=stage:2": [],
        "tag=tea": [],
        "tag=red": [],
        "tag=team:%25": [],
        "task=digits&dataset=sample": [b],
        "task=digits&tag=team:red": [],
        "task=housing&status=running&dataset=sample&tag=team:red": [a],
    }
    assert expected == {query: ids(client, query) for query in expected}


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 500])
def test_paging_has_no_gaps_or_repeats_while_runs_arrive(client: httpx.Client, limit: int) -> None:
    """Newest first; what comes after the first page was read does not move the pages behind it."""
    there = [train(client)["id"] for _ in range(7)]
    seen, cursor = [], ""
    while True:
        page = client.get(f"/runs?limit={limit}{cursor}").json()
        assert len(page["items"]) <= limit
        seen += [run["id"] for run in page["items"]]
        if page["next"] is None:
            break
        train(client)
        cursor = f"&cursor={page['next']}"

    assert there[::-1] == seen


def test_a_filtered_list_pages_over_what_fits(client: httpx.Client) -> None:
    wanted = [train(client, tags={"n": str(n)} if n % 2 else {})["id"] for n in range(6)][1::2]

    first = client.get("/runs?tag=n&limit=2").json()
    second = client.get(f"/runs?tag=n&limit=2&cursor={first['next']}").json()

    assert wanted[::-1] == [run["id"] for run in first["items"] + second["items"]]
    assert second["next"] is None


class TestCancel:
    """`POST /runs/{id}/cancel`."""

    def test_a_queued_run_is_cancelled_at_once(self, client: httpx.Client, worker: WorkerService) -> None:
        run = train(client)

        answer = client.post(f"/runs/{run['id']}/cancel")

        assert (202, "cancelled") == (answer.status_code, answer.json()["status"])
        assert answer.json()["finished_at"] == answer.json()["cancel_requested_at"] is not None
        assert worker.claim() is None

    def test_a_running_run_is_asked_to_end(self, client: httpx.Client, worker: WorkerService) -> None:
        """The status changes when its worker has seen it; asking twice is once."""
        run = train(client)
        held = claim(worker)

        answers = [client.post(f"/runs/{run['id']}/cancel").json() for _ in range(2)]

        assert answers[0] == answers[1]
        assert "running" == answers[0]["status"]
        assert answers[0]["cancel_requested_at"] is not None
        assert worker.renew(held)
        worker.end(held, Change.CANCELLED)
        assert "cancelled" == client.get(f"/runs/{run['id']}").json()["status"]

    @pytest.mark.parametrize("change", [Change.PUBLISHED, Change.ERRORED, Change.CANCELLED])
    def test_an_ended_run_stays_as_it_is(self, client: httpx.Client, worker: WorkerService, change: Change) -> None:
        run = train(client)
        worker.end(claim(worker), change, CRASH if change is Change.ERRORED else None)
        before = client.get(f"/runs/{run['id']}").json()

        answer = client.post(f"/runs/{run['id']}/cancel")

        assert (409, "urn:densely:problem:invalid-transition") == (answer.status_code, answer.json()["type"])
        assert before["status"] in answer.json()["detail"]
        assert before == client.get(f"/runs/{run['id']}").json()


class TestRetry:
    """`POST /runs/{id}/retry`."""

    @pytest.mark.parametrize("change", [Change.ERRORED, Change.CANCELLED])
    def test_a_failed_or_cancelled_training_is_queued_again(
        self, client: httpx.Client, worker: WorkerService, change: Change
    ) -> None:
        """As a new run with everything that was asked for, the drawn seed too; the old one stays as it is."""
        asked = {"validation": {"kind": "holdout", "size": 50}, "tags": {"a": "b"}, "name": "n", "activate": "always"}
        run = train(client, "key-1", **asked, recipe={"epochs": 3}, seeds=3)
        worker.end(claim(worker), change, CRASH if change is Change.ERRORED else None)
        old = client.get(f"/runs/{run['id']}").json()

        answer = client.post(f"/runs/{run['id']}/retry")

        new = answer.json()
        assert 202 == answer.status_code
        assert f"/runs/{new['id']}" == answer.headers["location"]
        assert {**run, "id": new["id"], "retry_of": run["id"]} == new
        assert old == client.get(f"/runs/{run['id']}").json()
        assert [new["id"], run["id"]] == ids(client, "tag=a:b")
        assert new["id"] == claim(worker).run.id

    def test_a_failed_run_says_why(self, client: httpx.Client, worker: WorkerService) -> None:
        run = train(client)
        worker.end(claim(worker), Change.ERRORED, CRASH)

        assert CRASH.model_dump() == client.get(f"/runs/{run['id']}").json()["error"]

    @pytest.mark.parametrize("state", ["queued", "running", "succeeded"])
    def test_others_cannot_be_retried(self, client: httpx.Client, worker: WorkerService, state: str) -> None:
        run = train(client)
        if state != "queued":
            held = claim(worker)
            if state == "succeeded":
                worker.end(held, Change.PUBLISHED)

        answer = client.post(f"/runs/{run['id']}/retry")

        assert (409, "urn:densely:problem:invalid-transition") == (answer.status_code, answer.json()["type"])
        assert state in answer.json()["detail"]
        assert [run["id"]] == ids(client, "")


class TestProgress:
    """What a client sees of a run while it goes, from rows that the trainer's `Attempt` wrote."""

    @pytest.fixture
    def attempt(self, client: httpx.Client, worker: WorkerService, database: Database, clock: FakeClock) -> Attempt:
        train(client, validation={"kind": "kfold", "folds": 2})
        held = claim(worker)
        return Attempt(database, clock, held.run.id, held.lease_id, monotonic=clock.monotonic)

    def test_history_lists_epochs_in_the_order_they_were_trained(self, client: httpx.Client, attempt: Attempt) -> None:
        """Folds first, then the fit that is published, which has no fold."""
        assert {"epochs": []} == client.get(f"/runs/{attempt.run_id}/history").json()
        for fold in (1, 2, 0):
            for epoch in (1, 2):
                metrics = {"loss": 1 / epoch, "mae": 0.5, **({"val_loss": 2.0, "val_mae": 1.5} if fold else {})}
                attempt.record_epoch(fold, epoch, 0.123456, metrics, Progress(epoch=epoch, epochs=2))
        attempt.flush()

        epochs = client.get(f"/runs/{attempt.run_id}/history").json()["epochs"]

        order = [(1, 1), (1, 2), (2, 1), (2, 2), (None, 1), (None, 2)]
        assert order == [(epoch["fold"], epoch["epoch"]) for epoch in epochs]
        assert {"epoch": 1, "fold": 1, "seed": None, "seconds": 0.123456,
                "loss": 1.0, "mae": 0.5, "val_loss": 2.0, "val_mae": 1.5} == epochs[0]  # fmt: skip
        assert (0.5, 0.5) == (epochs[-1]["loss"], epochs[-1]["mae"])

    def test_history_names_the_seed_where_there_are_several(
        self, client: httpx.Client, worker: WorkerService, database: Database, clock: FakeClock
    ) -> None:
        """Fit i has the i-th seed after the run's own; after the largest comes 0."""
        for seed, expected in ((7, [8, 9, 7]), (2**31 - 2, [2**31 - 1, 0, 2**31 - 2])):
            train(client, seed=seed, seeds=3)
            held = claim(worker)
            attempt = Attempt(database, clock, held.run.id, held.lease_id, monotonic=clock.monotonic)
            for fit in (1, 2, 0):
                attempt.record_epoch(fit, 1, 0.1, {"loss": 1.0}, Progress(epoch=1, epochs=1, seed=expected[fit - 1]))
            attempt.flush()

            epochs = client.get(f"/runs/{attempt.run_id}/history").json()["epochs"]
            events = client.get(f"/runs/{attempt.run_id}/events").json()["items"]

            assert [(None, seed) for seed in expected] == [(epoch["fold"], epoch["seed"]) for epoch in epochs]
            assert expected == [event["data"]["seed"] for event in events if event["type"] == "epoch"]
            worker.end(held, Change.CANCELLED)

    def test_epochs_are_written_together(self, client: httpx.Client, attempt: Attempt, clock: FakeClock) -> None:
        """The first at once, later ones a fifth of a second after the last write, and all that are held at the end."""

        def written() -> list[int]:
            return [epoch["epoch"] for epoch in client.get(f"/runs/{attempt.run_id}/history").json()["epochs"]]

        for number, (seconds, expected) in enumerate([(0, 1), (0.1, 1), (0.05, 1), (0.05, 4), (0.19, 4)], 1):
            clock.advance(seconds)
            attempt.record_epoch(1, number, 0.1, {"loss": 1.0}, Progress(epoch=number, epochs=5))
            assert list(range(1, expected + 1)) == written()
        attempt.fail(CRASH)
        assert [1, 2, 3, 4, 5] == written()

    def test_the_run_shows_how_far_it_is(self, client: httpx.Client, attempt: Attempt, clock: FakeClock) -> None:
        clock.advance(3)
        at = Progress(epoch=1, epochs=2, fold=1, folds=2, fraction=0.25, eta_seconds=9.5)
        attempt.set_device("CPU:0")
        attempt.record_epoch(1, 1, 0.1, {"loss": 1.0}, at)

        run = client.get(f"/runs/{attempt.run_id}").json()

        assert at.model_dump() == run["progress"]
        assert ("running", 1, "CPU:0") == (run["status"], run["attempt"], run["device"])
        assert "2030-01-01T00:00:00Z" == run["started_at"]

    def test_events_tell_what_happened_in_order(self, client: httpx.Client, attempt: Attempt) -> None:
        attempt.log("reading the dataset")
        attempt.record_epoch(1, 1, 0.1, {"loss": 1.0}, Progress(epoch=1, epochs=2))
        attempt.fail(CRASH)
        train(client)  # its events are not this run's

        events = client.get(f"/runs/{attempt.run_id}/events").json()

        assert [
            ("status", {"status": "queued"}),
            ("status", {"status": "running", "change": "claimed", "attempt": 1}),
            ("log", {"message": "reading the dataset"}),
            ("epoch", {"fold": 1, "seed": None, "epoch": 1, "seconds": 0.1, "loss": 1.0}),
            ("status", {"status": "failed", "change": "errored", "error": CRASH.model_dump()}),
        ] == [(event["type"], event["data"]) for event in events["items"]]
        assert {attempt.run_id} == {event["run_id"] for event in events["items"]}
        assert events["next"] is None

    @pytest.mark.parametrize("limit", [1, 2, 4, 500])
    def test_events_page_without_gaps_while_more_are_written(
        self, client: httpx.Client, attempt: Attempt, limit: int
    ) -> None:
        """Oldest first; the last page meets what was written in between."""
        for number in range(5):
            attempt.log(f"line {number}")
        seen: list[Any] = []
        cursor, written = "", 5
        while True:
            page = client.get(f"/runs/{attempt.run_id}/events?limit={limit}{cursor}").json()
            seen += page["items"]
            if page["next"] is None:
                break
            if written < 8:
                attempt.log(f"line {written}")
                written += 1
            cursor = f"&cursor={page['next']}"

        assert [f"line {n}" for n in range(written)] == [e["data"]["message"] for e in seen if e["type"] == "log"]
        assert sorted({event["id"] for event in seen}) == [event["id"] for event in seen]

    def test_a_finished_run_keeps_its_metrics(self, client: httpx.Client, attempt: Attempt) -> None:
        metrics = Metrics(train={"mae": 1.0}, test={"mae": 2.5, "loss": 9.0}, baseline={"mae": 6.5})
        with attempt.database.write() as tx:
            runs.publish(tx, attempt.run_id, attempt.lease_id, attempt.clock(), metrics)

        run = client.get(f"/runs/{attempt.run_id}").json()

        assert ("succeeded", metrics.model_dump()) == (run["status"], run["metrics"])
        assert run["finished_at"] is not None


def test_a_full_queue_takes_no_further_run_until_one_has_left(
    client_for: Callable[[Settings], httpx.Client], settings: Settings, worker: WorkerService
) -> None:
    """429 counts runs that wait: neither the one that is trained, nor the same request once more."""
    client = client_for(settings.model_copy(update={"max_queued_runs": 2}))
    train(client, "first")
    train(client, "second")

    refused = client.post("/train", json={"task": "housing", "dataset": "sample"})

    assert 429 == refused.status_code
    assert "retry-after" in refused.headers
    assert "2 runs are waiting already" in refused.json()["detail"]
    assert 2 == len(ids(client, ""))
    train(client, "second")
    claim(worker)
    train(client, "third")
