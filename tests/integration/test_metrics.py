"""`GET /metrics`: what was asked and answered, by whichever process, and what the database knows."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.db import webhooks
from app.db.engine import Database
from app.db.epochs import record_epochs
from app.domain.runs import Change, Measured
from app.metrics import catalog
from app.metrics.snapshots import folder_in
from app.services.attempts import Attempt
from app.services.execution import WorkerService
from app.settings import REPOSITORY, Settings
from app.wire.runs import Progress
from tests.support.clock import FakeClock
from tests.support.queue import queue_run
from tests.support.scraping import Scrape, scrape
from tests.support.wire import exchange

KEY = "correct-horse-battery"
REQUESTS, ROWS, PROBLEMS = (metric.name for metric in (catalog.REQUESTS, catalog.ROWS, catalog.PROBLEMS))
SECONDS = f"{catalog.REQUEST_SECONDS.name}_count"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """With an object store, whose metrics come to something then."""
    (tmp_path / "store").mkdir()
    return settings.model_copy(update={"store_url": f"file://{tmp_path}/store"})


def predictions(scraped: Scrape, **labels: str) -> float:
    return scraped.get(REQUESTS, route="/predict", **labels)


class TestPredictions:
    """However a prediction is answered, it counts once."""

    @pytest.fixture
    def ask(self, client: httpx.Client) -> Callable[..., httpx.Response]:
        def post(**body: Any) -> httpx.Response:
            return client.post("/predict", json={"task": "sentiment", **body})

        return post

    @pytest.mark.parametrize(
        ("body", "rows"),
        [
            ({"text": "a fine film"}, 1),
            ({"text": "a fine film", "explain": True}, 1),
            ({"text": "a fine film " * 6_000}, 1),
            ({"text": "a fine film", "model": 1}, 1),
            ({"instances": [{"text": "a fine film"}] * 7}, 7),
            ({"instances": [{"text": "a fine film " * 100}] * 300}, 300),
        ],
        ids=["inline", "explained", "large", "by version", "a few", "many"],
    )
    def test_each_way_counts_requests_rows_and_time(
        self, client: httpx.Client, ask: Callable[..., httpx.Response], body: dict[str, Any], rows: int
    ) -> None:
        answers = [ask(**body) for _ in range(3)]

        assert [200] * 3 == [answer.status_code for answer in answers]
        found = scrape(client)
        assert 3 == predictions(found, method="POST", task="sentiment", version="1", status="200")
        assert 3 == predictions(found)
        assert 3 * rows == found.get(ROWS, task="sentiment", version="1")
        assert 3 == found.get(SECONDS, route="/predict")
        assert 0 < found.get(f"{catalog.REQUEST_SECONDS.name}_sum", route="/predict") < 60

    def test_those_that_are_answered_together_count_each(self, client: httpx.Client) -> None:
        """Pipelined, so that they wait for the end of one turn."""
        body = json.dumps({"task": "planar", "point": [0.1, 0.2]}).encode()
        head = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
        last = head + b"Connection: close\r\n\r\n%s"
        exchange(str(client.base_url), [(head + b"\r\n%s") % (len(body), body) * 20 + last % (len(body), body)])

        found = scrape(client)
        assert 21 == predictions(found, task="planar", status="200")
        assert 21 == found.get(SECONDS, route="/predict")

    def test_labels_confidence_and_unknown_words_are_those_of_the_answers(
        self, client: httpx.Client, ask: Callable[..., httpx.Response]
    ) -> None:
        texts = ["great", "awful zzzz qqqq xxxx", "so so yyyy", "great great", "zzzz"]
        told = [ask(text=text).json()["prediction"] for text in texts]
        told += ask(instances=[{"text": text} for text in texts]).json()["predictions"]

        found = scrape(client)
        labels = {str(each["label"] or ""): 0 for each in told}
        for each in told:
            labels[str(each["label"] or "")] += 1
        assert labels == found.values(catalog.LABELS.name, "label")
        for metric, values in (
            (catalog.CONFIDENCE, [each["probability"] for each in told]),
            (catalog.UNKNOWN_WORDS, [1 - each["known_words"] for each in told]),
        ):
            assert len(values) == found.get(f"{metric.name}_count")
            assert sum(values) == pytest.approx(found.get(f"{metric.name}_sum"))
            for bound in metric.buckets:
                text = f"{bound:g}" if bound % 1 else f"{bound:.1f}"
                assert sum(value <= bound for value in values) == found.get(f"{metric.name}_bucket", le=text)

    def test_abstaining_and_warnings_are_counted(
        self, client: httpx.Client, ask: Callable[..., httpx.Response]
    ) -> None:
        answer = ask(text="great", min_confidence=1).json()["prediction"]
        warnings = sum(len(ask(text="zzzz qqqq").json()["prediction"]["warnings"]) for _ in range(4))

        found = scrape(client)
        assert answer["label"] is None
        assert 1 <= found.get(catalog.LABELS.name, label="")
        assert warnings + len(answer["warnings"]) == found.get(catalog.WARNINGS.name, task="sentiment") > 0

    def test_regressions_have_rows_and_no_labels(
        self, client: httpx.Client, examples: dict[str, dict[str, Any]]
    ) -> None:
        assert 200 == client.post("/predict", json=examples["housing"]).status_code

        found = scrape(client)
        assert 1 == found.get(ROWS, task="housing")
        assert {} == found.values(catalog.LABELS.name, "label")

    def test_what_is_refused_counts_by_its_reason_and_task(
        self, client: httpx.Client, ask: Callable[..., httpx.Response]
    ) -> None:
        ask()
        ask(text=3)
        ask(text="x", model=99)
        client.post("/predict", json={"task": "no-such", "text": "x"})
        client.post("/predict", content=b"{", headers=JSON)
        client.post("/predict", content=b"a=b", headers={"Content-Type": "text/plain"})

        found = scrape(client)
        assert {"200": 0.0} | {"422": 3, "404": 1, "400": 1, "415": 1} == {"200": 0.0} | {
            status: predictions(found, status=status) for status in found.values(REQUESTS, "status") if status != "200"
        }
        assert {"invalid-input": 3, "not-found": 1, "malformed-body": 1, "unsupported-media-type": 1} == found.values(
            PROBLEMS, "reason"
        )
        assert 3 == predictions(found, task="sentiment")
        assert 0 == found.get(ROWS)


class TestRequests:
    """All other calls, by route as it is declared."""

    def test_routes_are_those_that_are_declared(self, client: httpx.Client) -> None:
        """However many ids, tasks, pages and methods somebody makes up."""
        for number in range(30):
            client.get(f"/runs/r-{number}")
            client.get(f"/tasks/made-up-{number}")
            client.get(f"/nothing/{number}")
            client.request("PROPFIND", "/runs")
            client.post(f"/tasks/made-up-{number}/encode", json={})
            client.get("/runs", params={"limit": str(number * 1_000)})
        client.head("/tasks")

        found = scrape(client)
        routes = found.values(REQUESTS, "route")
        assert {"/runs/{run_id}", "/tasks/{task}", "", "/runs", "/tasks/{task}/encode", "/tasks"} == set(routes)
        assert 30 == routes["/runs/{run_id}"] == found.get(PROBLEMS, route="/runs/{run_id}", reason="not-found")
        assert 1 == found.get(REQUESTS, route="/tasks", method="HEAD", status="200")
        assert 30 == found.get(REQUESTS, method="other", status="405")
        assert found.series([REQUESTS]) < 15
        assert "made-up" not in found.text.lower()

    def test_what_a_connection_is_rejected_with_counts(self, client: httpx.Client) -> None:
        exchange(str(client.base_url), [b"NO HTTP\r\n\r\n"])
        exchange(str(client.base_url), [b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"])

        found = scrape(client)
        assert {"malformed-request": 1, "target-too-long": 1} == found.values(PROBLEMS, "reason")
        assert {"400": 1, "414": 1} == {s: n for s, n in found.values(REQUESTS, "status").items() if s != "200"}

    def test_a_scrape_counts_with_the_next_one(self, client: httpx.Client) -> None:
        assert [0, 1, 2] == [scrape(client).get(REQUESTS, route="/metrics") for _ in range(3)]

    def test_with_keys_it_needs_one(self, client_for: Callable[[Settings], httpx.Client], settings: Settings) -> None:
        guarded = client_for(settings.model_copy(update={"api_keys": (KEY,)}))

        assert 401 == guarded.get("/metrics").status_code
        assert 401 == guarded.get("/metrics", headers={"X-API-Key": "wrong-horse-battery"}).status_code
        guarded.headers["Authorization"] = f"Bearer {KEY}"
        assert 2 == scrape(guarded).get(PROBLEMS, reason="unauthorized")

    def test_open_metrics_is_given_where_it_is_asked_for(self, client: httpx.Client) -> None:
        answer = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})

        assert answer.headers["content-type"].startswith("application/openmetrics-text")
        assert answer.text.endswith("# EOF\n")


class TestProcesses:
    """Several that serve one home, as `DENSELY_WORKERS` starts them."""

    def test_whichever_is_asked_tells_the_same(
        self, client: httpx.Client, client_for: Callable[[Settings], httpx.Client], settings: Settings
    ) -> None:
        others = [client_for(settings) for _ in range(2)]
        for times, each in enumerate((client, *others), 1):
            for _ in range(times):
                each.post("/predict", json={"task": "planar", "point": [0.1, 0.2]})
                each.get("/runs/none")

        for each in (client, *others):
            scrape(each)  # writes down what this one has counted
        for each in (client, *others):
            found = scrape(each)
            assert 6 == predictions(found, task="planar", status="200")
            assert 6 == found.get(REQUESTS, route="/runs/{run_id}")

    def test_one_that_was_killed_stays_counted(self, client: httpx.Client, settings: Settings) -> None:
        """Its file is all that is left of it."""
        client.get("/runs/none")
        scrape(client)
        folder = folder_in(settings.home)
        (path,) = folder.glob("*.json")
        shutil.copy(path, folder / "1-dead.json")

        assert 2 == scrape(client).get(REQUESTS, route="/runs/{run_id}")


class TestDatabase:
    """What has happened to runs, whoever it was that did it."""

    @pytest.fixture
    def worker(self, database: Database, clock: FakeClock) -> WorkerService:
        self.now = 0.0
        return WorkerService(database, clock, "w-1", 10, monotonic=lambda: self.now)

    def test_the_queue_and_its_age(self, client: httpx.Client, database: Database, clock: FakeClock) -> None:
        assert (0, 0) == tuple(scrape(client).get(m.name) for m in (catalog.QUEUE_LENGTH, catalog.QUEUE_AGE))
        queue_run(database, clock)
        clock.advance(90)
        queue_run(database, clock)
        clock.advance(5)

        found = scrape(client)
        assert (2, 95) == (found.get(catalog.QUEUE_LENGTH.name), found.get(catalog.QUEUE_AGE.name))
        expected = {"queued": 2, "running": 0, "succeeded": 0, "failed": 0, "cancelled": 0}
        assert expected == found.values(catalog.RUNS.name, "status")

    def test_runs_epochs_and_memory(
        self, client: httpx.Client, database: Database, clock: FakeClock, worker: WorkerService
    ) -> None:
        run_id = queue_run(database, clock)
        worker.seen({"host": "here", "pid": 1, "devices": [], "versions": {}, "trainer_memory": 2**33})
        claim = worker.claim()
        assert claim is not None
        attempt = Attempt(database, clock, run_id, claim.lease_id)
        for epoch in (1, 2, 3):
            attempt.record_epoch(0, epoch, 0.25, {"loss": 1.0}, Progress(epoch=epoch, epochs=3))
        attempt.flush()
        worker.end(claim, Change.PUBLISHED)
        client.delete(f"/runs/{run_id}")  # what was counted stays counted

        found = scrape(client)
        assert {"queued": 1, "claimed": 1, "published": 1} == found.values(catalog.RUN_CHANGES.name, "change")
        assert (3, 0.75) == (
            found.get(catalog.EPOCHS.name, task="housing"),
            found.get(catalog.EPOCH_SECONDS.name, task="housing"),
        )
        assert {"w-1": 2**33} == found.values(catalog.TRAINER_MEMORY.name, "worker")
        assert 1 == found.get(catalog.WORKERS.name)
        assert 0 == found.get(catalog.RUNS.name)

    def test_epochs_that_are_written_twice_count_once(
        self, client: httpx.Client, database: Database, clock: FakeClock, worker: WorkerService
    ) -> None:
        """By a commit whose answer did not come."""
        queue_run(database, clock)
        claim = worker.claim()
        assert claim is not None
        measured = [Measured(0, 1, 0.5, {"loss": 1.0}, clock())]
        for _ in range(2):
            with database.write() as tx:
                record_epochs(tx, claim.run.id, claim.lease_id, measured, Progress(epoch=1, epochs=3))

        assert 1 == scrape(client).get(catalog.EPOCHS.name)

    def test_leases_that_run_out(
        self, client: httpx.Client, database: Database, clock: FakeClock, worker: WorkerService
    ) -> None:
        queue_run(database, clock)
        assert worker.claim()
        for self.now in map(float, range(15)):
            worker.expire()

        found = scrape(client)
        assert 1 == found.get(catalog.LEASES_LOST.name, task="housing")
        assert 1 == found.get(catalog.RUN_CHANGES.name, change="lost")

    def test_transactions_are_timed(self, client: httpx.Client) -> None:
        name = f"{catalog.TRANSACTION_SECONDS.name}_count"
        before = scrape(client)
        asked = client.post("/train", json={"task": "housing", "dataset": "sample"})

        found = scrape(client)
        assert 202 == asked.status_code
        assert 1 == found.get(name, process="api", kind="write") - before.get(name, process="api", kind="write")
        assert 1 <= found.get(name, process="api", kind="read") - before.get(name, process="api", kind="read")

    @pytest.mark.sqlite("its file is moved away")
    def test_without_it_the_processes_still_tell(self, client: httpx.Client, settings: Settings) -> None:
        client.post("/predict", json={"task": "planar", "point": [0.1, 0.2]})
        (settings.home / "densely.db").rename(settings.home / "away.db")

        found = scrape(client)
        assert 0 == found.get(catalog.DATABASE_UP.name)
        assert 1 == predictions(found, task="planar")
        assert not found.get(catalog.RUNS.name)
        (settings.home / "away.db").rename(settings.home / "densely.db")
        assert 1 == scrape(client).get(catalog.DATABASE_UP.name)


def test_the_dashboard_asks_for_nothing_that_is_not_there(
    client: httpx.Client, database: Database, clock: FakeClock, examples: dict[str, dict[str, Any]]
) -> None:
    """Every metric and label of its queries is in a scrape, and every metric of the catalog is on it."""
    dashboard = json.loads((REPOSITORY / "docs" / "grafana" / "densely.json").read_text(encoding="utf-8"))
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    found = scrape(busy(client, database, clock, examples))

    asked = {name for query in queries for name in re.findall(r"\bdensely_\w+", query)}
    assert len(queries) > 20
    assert set() == asked - found.names
    for query in queries:
        for by in re.finditer(r"\bby \(([^)]*)\)", query):
            (name, *_) = re.findall(r"\bdensely_\w+", query[by.end() :])  # that it groups, or the first of them
            assert set(by[1].split(", ")) <= labels_of(found, name), query
        for name, matched in re.findall(r"\b(densely_\w+)\{([^}]*)\}", query):
            asked_of = dict(re.findall(r"(\w+)(?:=~|!=|=)\"([^\"]*)\"", matched))
            assert asked_of.keys() <= labels_of(found, name), query
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked}
    assert {metric.name for metric in catalog.ALL} == families


def labels_of(found: Scrape, name: str) -> set[str]:
    """The labels of its series."""
    return {label for sample in found.samples if sample.name == name for label in sample.labels}


def busy(
    client: httpx.Client, database: Database, clock: FakeClock, examples: dict[str, dict[str, Any]]
) -> httpx.Client:
    """An installation in which everything has happened once."""
    for body in (*examples.values(), {"task": "sentiment", "text": "zzzz qqqq"}, {}):
        client.post("/predict", json=body)
    now = 0.0
    worker = WorkerService(database, clock, "w-1", 10, monotonic=lambda: now)
    run_id = queue_run(database, clock)
    claim = worker.claim()
    assert claim is not None
    with database.write() as tx:
        measured = [Measured(0, 1, 0.5, {"loss": 1.0}, clock())]
        record_epochs(tx, run_id, claim.lease_id, measured, Progress(epoch=1, epochs=3))
    for now in map(float, range(15)):  # noqa: B007 - the worker's clock
        worker.expire()
    worker.seen({"host": "here", "pid": 1, "devices": [], "versions": {}})
    with database.write() as tx:
        webhooks.add(tx, run_id, "https://example.org/")
        webhooks.settle(tx, run_id, 0, "delivered", None)
    return client


def test_files_are_in_the_home(client: httpx.Client, settings: Settings) -> None:
    scrape(client)

    folder: Path = folder_in(settings.home)
    assert [settings.home, 1] == [folder.parent, len(list(folder.iterdir()))]
