"""`/openapi.json` tells the truth: whatever is sent, the answer is one that it describes, database or not."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import create_engine

from app.artifacts.store import ArtifactStore
from app.db import migrate, models
from app.db.engine import Database
from app.main import create_app
from tests.integration.finished import Finished, answers_of, model_of
from tests.support.clock import FakeClock
from tests.support.described import Described, Request
from tests.support.server import LiveServer, settings_in
from tests.support.tasks import TASKS

# What needs no database, asked for an active model.
WITHOUT_DATABASE = (
    {"POST /predict", "GET /health/live", "GET /metrics"}
    | {f"POST /tasks/{task}/{way}" for task in TASKS.all for way in ("encode", "decode")}
    | {"GET /tasks/{task}/datasets/{dataset}/{kind}.{form}"}
)
KEY = "0123456789abcdef"


class Site:
    """A service with a model for each task and finished runs, and its own description."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        asked = settings_in(folder).model_copy(update=changes)
        migrate.upgrade(asked.url)
        self.database = Database(asked.url)
        finished = Finished(self.database, ArtifactStore(asked.models_dir), FakeClock())
        epochs = [{"loss": 0.5, "accuracy": 0.7, "val_loss": 0.6, "val_accuracy": 0.6}] * 2
        runs = {task: finished.run(task, answers_of(task), epochs) for task in TASKS.all}
        for task, run in runs.items():
            self._activate(task, model_of(run))
        other = finished.run("planar", answers_of("planar"), epochs)
        self.server = LiveServer(create_app(asked))
        self.client = self.server.client
        self.client.headers.update({"Authorization": f"Bearer {KEY}"} if changes else {})
        spare = finished.run("planar", answers_of("planar"), epochs)
        rows = [{"x": number, "y": -number, "label": number % 2} for number in range(40)]
        for name in ("mine", "spare"):
            self.client.post("/datasets", params={"task": "planar", "name": name}, json=rows).raise_for_status()
        known = {
            "run_id": runs["planar"], "model_id": model_of(runs["planar"]), "task": "planar", "form": "svg",
            "runs": f"{runs['planar']},{other}", "status": "succeeded", "dataset": "sample", "name": "mine",
        }  # fmt: skip
        bodies: dict[str, Any] = {"PUT /tasks/{task}/active-model": {"model_id": known["model_id"]}}
        doomed = {"run_id": spare, "model_id": model_of(spare), "name": "spare"}
        own = {"kind": {"kind": "text", "columns": ["message"]}, "answer": {"kind": "number"}}
        bodies |= dict.fromkeys(("POST /datasets", "POST /datasets/{name}/rows"), rows)
        bodies |= {"POST /tasks": {"name": "own", **own}, "PATCH /tasks/{task}": {"title": "Mine"}}
        codes = {"sentiment": {"ids": [1, 4]}, "newswire": {"ids": [1, 4]}, "digits": {"values": [0.5] * 784},
                 "housing": {"values": [0.5] * 13}, "planar": {"values": [0.5] * 2}}  # fmt: skip
        for name, each in TASKS.all.items():
            bodies |= {f"POST /tasks/{name}/encode": each.example, f"POST /tasks/{name}/decode": codes[name]}
        self.described = Described(self.client.get("/openapi.json").json(), known, bodies, doomed)

    def _activate(self, task: str, model_id: str) -> None:
        with self.database.write() as tx:
            models.activate(tx, task, model_id, datetime.now(UTC), "test")

    def lose_database(self) -> None:
        """As if its disk had gone: the driver cannot open the file any more."""
        ours = self.server.app.api.state.services.system._database
        ours.engine.dispose()
        ours.engine = create_engine("sqlite:////nowhere/densely.db")

    def answered(self, request: Request) -> int:
        """Send it, and see that the answer is described; its status."""
        answer = self.described.send(self.client, request)
        self.described.check(request, answer)
        return answer.status_code

    def close(self) -> None:
        self.server.close()
        self.database.close()


@pytest.fixture(scope="module", params=["open", "keyed"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    started = Site(tmp_path_factory.mktemp("site"), **({"api_keys": (KEY,)} if request.param == "keyed" else {}))
    yield started
    started.close()


@pytest.fixture(scope="module")
def away(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A service whose database is away."""
    started = Site(tmp_path_factory.mktemp("away"))
    started.lose_database()
    yield started
    started.close()


def fuzzed(site: Site, examples: int) -> None:
    @settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(Described.any(site.described))
    def answer(request: Request) -> None:
        site.answered(request)

    answer()


def test_a_good_request_is_answered_as_described(site: Site) -> None:
    """Every call that there is, but for those whose run must be in another state."""
    statuses = {o.name: site.answered(site.described.good(o)) for o in site.described.operations}

    others = {name: status for name, status in statuses.items() if not 200 <= status < 300}
    own_only = dict.fromkeys(("PATCH /tasks/{task}", "DELETE /tasks/{task}"), 409)
    assert {"POST /runs/{run_id}/cancel": 409, "POST /runs/{run_id}/retry": 409, **own_only} == others


def test_whatever_is_sent_is_answered_as_described(site: Site) -> None:
    fuzzed(site, 40 if "Authorization" in site.client.headers else 300)


def test_without_a_database_every_call_says_so_as_described(away: Site) -> None:
    statuses = {o.name: away.answered(away.described.good(o)) for o in away.described.operations}

    assert WITHOUT_DATABASE == {name for name, status in statuses.items() if status == 200}
    assert {503} == {status for name, status in statuses.items() if name not in WITHOUT_DATABASE}


def test_without_a_database_whatever_is_sent_is_answered_as_described(away: Site) -> None:
    fuzzed(away, 200)


def test_calls_that_need_no_key_are_not_said_to_need_one(site: Site) -> None:
    """Asked without one, those with a security of their own answer, and all others refuse, if there are keys at all."""
    if "Authorization" not in site.client.headers:
        assert not any("401" in o.about["responses"] for o in site.described.operations)
        return
    named = {o.name for o in site.described.operations if o.about.get("security") == []}
    with type(site.client)(base_url=site.client.base_url) as stranger:
        for operation in site.described.operations:
            answer = site.described.send(stranger, site.described.good(operation))
            assert (answer.status_code == 401) == (operation.name not in named), operation.name
            assert ("401" in operation.about["responses"]) == (operation.name not in named)
    assert {"GET /health/live", "GET /health/ready"} == named
