"""Four API processes on one PostgreSQL, behind a real nginx and a real HAProxy as `deploy/` has them.

One installation for all tests, which leave four replicas behind: to start one takes a second of a core.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.engine import make_url

from app.artifacts.store import ArtifactStore
from app.db import migrate
from app.db.engine import Database
from benchmarks.service import REPOSITORY, Service, free_port
from tests.support import next_release, postgres
from tests.support.artifacts import add_model
from tests.support.balancers import HAProxy, nginx_before
from tests.support.proxy import Proxy
from tests.support.sse import following
from tests.support.steady_load import Asked, SteadyLoad

REPLICAS = 4
DRAIN_SECONDS = 2.5  # the examples have 10; idle connections are kept for one
FOLLOWS = 2.0  # seconds in which every replica answers with what has become active
POINT = {"point": [0.3, 1.2]}
PREDICT: Asked = ("POST", "/predict", {"task": "planar", **POINT})
ENCODE: Asked = ("POST", "/tasks/planar/encode", POINT)  # which nobody asks twice
READ: Asked = ("GET", "/runs?limit=1", None)


@dataclass
class Installation:
    """What the replicas share, and who they are."""

    folder: Path
    url: str  # of the database, by way of `proxy`
    proxy: Proxy
    spare: int  # a port that both balancers know, and nobody has
    balancers: Sequence[str] = ()
    replicas: list[Service] = field(default_factory=list)

    def start(self, port: int, cwd: Path = REPOSITORY) -> Service:
        """One replica more; it may not be ready yet."""
        return Service(self.folder / str(port), self.environment(port), "serve", cwd, port=port)

    def environment(self, port: int) -> dict[str, str]:
        """Its settings: a home of its own, and all else in common."""
        return {
            "DENSELY_PORT": str(port),
            "DENSELY_DATABASE_URL": self.url,
            "DENSELY_MODELS_DIR": str(self.folder / "models"),
            "DENSELY_UPLOADS_DIR": str(self.folder / "uploads"),
            "DENSELY_DATASETS_DIR": str(self.folder / "datasets"),
            "DENSELY_DRAIN_SECONDS": str(DRAIN_SECONDS),
        }

    def load(self, *asked: Asked) -> SteadyLoad:
        """On both balancers."""
        return SteadyLoad(self.balancers, asked)

    def clients(self) -> list[httpx.Client]:
        """Of each replica, past the balancers."""
        return [replica.client for replica in self.replicas]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("replicas")
    with postgres.running() as cluster:
        proxy = Proxy(cluster.port)
        url = make_url(cluster.new_database()).set(port=proxy.port).render_as_string(hide_password=False)
        migrate.upgrade(url)
        *ports, spare = (free_port() for _ in range(REPLICAS + 1))
        made = Installation(folder, url, proxy, spare)
        balancers: list[Any] = []
        try:
            made.replicas = [made.start(port) for port in ports]
            for replica in made.replicas:
                replica.wait_until_ready()
            balancers += [nginx_before(folder, [*ports, spare])]
            balancers += [HAProxy(folder, [*ports, spare])]
            made.balancers = [each.url for each in balancers]
            yield made
        finally:
            for each in (*balancers, proxy):
                each.close()
            for replica in made.replicas:
                replica.client.close()
                replica.process.kill()
                replica.process.wait()


def until_known(client: httpx.Client, task: str) -> None:
    """What one replica has made, the others know soon."""
    deadline = time.monotonic() + FOLLOWS
    while client.get(f"/tasks/{task}").status_code == 404:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_begins_at_one_replica_goes_on_at_the_others(installation: Installation) -> None:
    """Events, idempotency, own data, sweeps and pages of lists; what can be kept is known by the same tags."""
    one, two, three, four = installation.clients()
    key = {"Idempotency-Key": "once"}
    asked = {"task": "planar", "dataset": "sample"}
    runs = [each.post("/train", json=asked, headers=key).raise_for_status().json()["id"] for each in (one, two)]
    assert runs[0] == runs[1]
    with following(three, f"/runs/{runs[0]}/events") as events:
        queued = next(events)
    two.post(f"/runs/{runs[0]}/cancel").raise_for_status()
    with following(four, f"/runs/{runs[0]}/events", queued.id) as events:
        rest = list(events)
    assert (["cancelled"], True) == ([each.data.get("status") for each in rest], rest[0].id > queued.id)

    rows = "\n".join(["message,team", *(f"text {n} of {'ab'[n % 2]},{'ab'[n % 2]}" for n in range(40))])
    form: dict[str, Any] = {"task": (None, '{"name": "letters"}', "application/json"), "train": (None, "false")}
    one.post("/tasks", files={**form, "file": ("rows.csv", rows, "text/csv")}).raise_for_status()
    for each in installation.clients():
        until_known(each, "letters")
    found = two.get("/datasets/letters/rows?limit=3").raise_for_status().json()
    following_page = three.get("/datasets/letters/rows", params={"limit": 3, "cursor": found["next"]}).json()
    every = four.get("/datasets/letters/rows?limit=6").json()["items"]
    assert every == found["items"] + following_page["items"]

    space = {"epochs": {"kind": "choice", "values": [1, 2]}}
    search = {"task": "planar", "dataset": "sample", "space": space, "method": {"kind": "random"}}
    sweep = four.post("/sweeps", json={**search, "budget": {"trials": 2}}).raise_for_status().json()["id"]
    assert "running" == one.get(f"/sweeps/{sweep}").raise_for_status().json()["status"]
    two.post(f"/sweeps/{sweep}/cancel").raise_for_status()

    for path in ("/client/densely.js", "/", "/openapi.json"):
        answers = [each.get(path) for each in installation.clients()]
        assert 1 == len({(each.headers.get("etag"), each.headers["densely-page"], each.content) for each in answers})


def test_an_activation_reaches_every_replica_within_two_seconds_and_no_request_fails(
    installation: Installation,
) -> None:
    store = ArtifactStore(installation.folder / "models")
    database = Database(installation.url)
    model = add_model(database, store, "planar", seed=3, active=False)
    database.close()
    first = installation.replicas[0].client
    before = first.get("/tasks/planar").json()["active_model"]["id"]
    right = {
        found["model"]["id"]: found["prediction"]
        for found in (first.post("/predict", json={**PREDICT[2], "model": name}).json() for name in (before, model.id))  # type: ignore[dict-item]
    }
    with installation.load(PREDICT, ENCODE) as load:
        time.sleep(0.5)
        first.put("/tasks/planar/active-model", json={"model_id": model.id}).raise_for_status()
        activated = time.monotonic()
        time.sleep(FOLLOWS + 0.7)
        late = {each.post("/predict", json=PREDICT[2]).json()["model"]["id"] for each in installation.clients()}
    predicted = [each for each in load.told if each.asked == PREDICT]
    late |= {each.body["model"]["id"] for each in predicted if each.began > activated + FOLLOWS}

    assert [] == load.failed
    assert {model.id} == late
    assert {before, model.id} == {each.body["model"]["id"] for each in predicted}
    assert all(each.body["prediction"] == right[each.body["model"]["id"]] for each in predicted)


def test_predictions_go_on_without_the_database(installation: Installation) -> None:
    """Also for whoever asks first whether they do."""
    with installation.proxy.cut():
        ready = [
            each.get(path).status_code
            for each in installation.clients()
            for path in ("/health/ready", "/health/ready?database=false")
        ]
        with installation.load(PREDICT) as load:
            time.sleep(2.5)  # HAProxy asks once a second
    for replica in installation.replicas:
        replica.wait_until_ready()

    assert [503, 200] * REPLICAS == ready
    assert [] == load.failed
    assert set(installation.balancers) == {each.where for each in load.told}


def test_of_a_replica_that_is_killed_only_what_was_under_way_is_lost(installation: Installation) -> None:
    """Of that, nginx has another one answer the predictions; HAProxy only where the connection was not reset."""
    killed = installation.replicas[-1]
    with installation.load(PREDICT, ENCODE) as load:
        time.sleep(0.5)
        killed.process.kill()
        killed.process.wait()
        gone = time.monotonic()
        time.sleep(2)
    installation.replicas[-1] = installation.start(killed.port)
    killed.client.close()
    installation.replicas[-1].wait_until_ready()

    assert len(load.failed) <= load.clients * len(load.urls)
    assert [] == [each for each in load.failed if each.began > gone]
    assert [] == [each for each in load.failed if each.asked == PREDICT and each.where == installation.balancers[0]]
    assert 20 < len([each for each in load.told if each.began > gone])


def test_an_upgrade_of_all_replicas_under_load_fails_no_request(installation: Installation, tmp_path: Path) -> None:
    """A release with a migration of its own: the old replicas go on with its tables until it has taken their places."""
    release = next_release.made_in(tmp_path)
    assert (1, True) == _needs_migration(installation, release, "worker")
    _run(installation, release, "migrate")
    old, upgraded = list(installation.replicas), []
    with installation.load(PREDICT, ENCODE, READ) as load:
        for leaving in old:
            coming = installation.start(installation.spare, release)
            installation.replicas.append(coming)
            coming.wait_until_ready()
            leaving.process.terminate()
            assert 0 == leaving.process.wait(30), leaving.log.read_text()
            installation.replicas.remove(leaving)
            leaving.client.close()
            installation.spare = leaving.port
            upgraded.append(len(load.told))
        time.sleep(1)

    assert [] == load.failed
    assert {next_release.VERSION} == {each.get("/system").json()["version"] for each in installation.clients()}
    assert {next_release.VERSION} == {httpx.get(f"{url}/system").json()["version"] for url in installation.balancers}
    assert all(later - earlier > 20 for earlier, later in pairwise(upgraded))
    assert not [each.log.name for each in old if re.search(r"Traceback|Cancel \d+ running", each.log.read_text())]


def _needs_migration(installation: Installation, release: Path, command: str) -> tuple[int, bool]:
    done = _done(installation, release, command)
    (told,) = done.stderr.splitlines()
    return done.returncode, told.endswith(f"this release needs {next_release.REVISION}: run `densely migrate`")


def _run(installation: Installation, release: Path, command: str) -> None:
    done = _done(installation, release, command)
    assert 0 == done.returncode, done.stderr


def _done(installation: Installation, release: Path, command: str) -> "subprocess.CompletedProcess[str]":
    settings = {**installation.environment(free_port()), "DENSELY_HOME": str(release / "home")}
    return subprocess.run(
        [sys.executable, "-m", "app.cli", command],
        cwd=release,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
