"""Keys of the database: what each may do, for how long, for which tasks and pages; and the audit of who did what."""

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.artifacts.store import ArtifactStore
from app.db import migrate
from app.db.engine import Database
from app.domain.callers import Caller, caller
from app.domain.keys import SCOPES
from app.errors import Conflict, InvalidInput, QuotaReached
from app.main import create_app
from app.server.access import is_open, scope_of
from app.server.application import Application
from app.services.keys import KeyService, KeySpec
from app.services.quotas import Quotas
from tests.support.artifacts import add_model
from tests.support.clock import FakeClock
from tests.support.server import LiveServer, settings_in
from tests.support.tasks import TASKS

FINE = {"task": "sentiment", "text": "fine"}
NUMBERS = itertools.count()  # of keys, whose names differ
TRAIN = {"task": "planar", "dataset": "sample", "activate": "never"}
SWEEP = {**TRAIN, "space": {"epochs": {"kind": "choice", "values": [1, 2]}}}


@dataclass
class Guarded:
    """A service, and what makes its keys."""

    client: httpx.Client
    service: KeyService
    clock: FakeClock
    follow: Callable[[], object]
    ids: dict[str, str] = field(default_factory=dict)

    def key(self, *scopes: str, **more: Any) -> str:
        """A key of these scopes, which is let in at once; its secret."""
        secret, row = self.service.create(KeySpec(name=f"key {next(NUMBERS)}", scopes=scopes, **more))
        self.ids[secret] = row.id
        self.follow()
        return secret

    def ask(self, secret: str, method: str, path: str, **more: Any) -> httpx.Response:
        """A call with the key."""
        headers = {"Authorization": f"Bearer {secret}", **more.pop("headers", {})}
        return self.client.request(method, path, headers=headers, **more)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Application, LiveServer, Database, FakeClock]]:
    folder = tmp_path_factory.mktemp("keys")
    plain = settings_in(folder).model_copy(update={"require_keys": True, "active_poll_seconds": 60.0})
    migrate.upgrade(plain.url)
    database = Database(plain.url)
    for task in TASKS.all:
        add_model(database, ArtifactStore(plain.models_dir), task)
    clock = FakeClock()
    app = create_app(plain, clock)
    server = LiveServer(app)
    yield app, server, database, clock
    server.close()
    database.close()


@pytest.fixture
def guarded(served: tuple[Application, LiveServer, Database, FakeClock]) -> Guarded:
    """With a service of keys of its own, as another process has."""
    app, server, database, clock = served
    follow = app.api.state.services.keys.follow
    return Guarded(server.client, KeyService(database, clock), clock, follow)


CALLS = [
    ("predict", "POST", "/predict", FINE),
    ("predict", "POST", "/tasks/sentiment/encode", {"text": "fine"}),
    ("predict", "GET", "/tasks", None),
    ("predict", "GET", "/tasks/sentiment", None),
    ("train", "GET", "/runs", None),
    ("train", "GET", "/models", None),
    ("train", "POST", "/train", TRAIN),
    ("train", "POST", "/train/preview", TRAIN),
    ("train", "GET", "/datasets", None),
    ("train", "GET", "/system", None),
    ("train", "POST", "/sweeps", SWEEP),
    ("train", "GET", "/sweeps", None),
    ("train", "POST", "/sweeps/none/cancel", None),
    ("admin", "DELETE", "/sweeps/none", None),
    ("train", "GET", "/runs/rows", None),
    ("train", "PATCH", "/runs/none", {"note": "x"}),
    ("train", "POST", "/runs/actions", {"action": "archive", "runs": ["none"]}),
    ("admin", "DELETE", "/runs/none", None),
    ("admin", "PUT", "/tasks/sentiment/active-model", {"model_id": "none"}),
    ("admin", "PATCH", "/tasks/none", {"title": "x"}),
    ("admin", "GET", "/audit", None),
    ("metrics", "GET", "/metrics", None),
    ("metrics", "HEAD", "/metrics", None),
]


@pytest.mark.parametrize(("needed", "method", "path", "body"), CALLS, ids=lambda each: str(each)[:40])
@pytest.mark.parametrize("scope", SCOPES)
def test_a_scope_opens_its_calls_and_admin_opens_all(
    guarded: Guarded, scope: str, needed: str, method: str, path: str, body: Any
) -> None:
    answer = guarded.ask(guarded.key(scope), method, path, json=body)

    if scope in (needed, "admin"):
        assert answer.status_code not in (401, 403)
    else:
        assert 403 == answer.status_code
        told = f"needs the scope {needed}; this API key has {scope}"
        assert method == "HEAD" or told in answer.json()["detail"]


def test_openapi_tells_the_scope_of_every_call(guarded: Guarded) -> None:
    described = guarded.client.get("/openapi.json").json()

    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            needed = [] if is_open(path) else [{"key": [scope_of(method.upper(), path)]}]
            assert needed == operation["security"], (method, path)


def test_without_a_key_and_with_a_wrong_one(guarded: Guarded) -> None:
    secret = guarded.key("predict")
    wrong = secret[:-1] + ("a" if secret[-1] != "a" else "b")

    assert 401 == guarded.client.post("/predict", json=FINE).status_code
    assert 401 == guarded.ask(wrong, "POST", "/predict", json=FINE).status_code
    assert 200 == guarded.client.post("/predict", json=FINE, headers={"X-API-Key": secret}).status_code
    assert 200 == guarded.client.get("/health/live").status_code


def test_the_database_holds_no_secret(guarded: Guarded) -> None:
    secret = guarded.key("predict")
    with guarded.service._database.read() as tx:
        rows = json.dumps([list(map(str, row)) for row in tx.execute(text("SELECT * FROM api_keys"))])

    assert secret.removeprefix("dk_") not in rows
    assert len(secret) >= len("dk_") + 43  # 256 bits, six in a character


def test_a_revoked_key_and_an_expired_one_are_refused(guarded: Guarded) -> None:
    revoked, expiring, lasting = guarded.key("predict"), guarded.key("predict", expires="1h"), guarded.key("predict")
    guarded.service.revoke(guarded.ids[revoked])
    guarded.clock.advance(3660)
    guarded.follow()

    statuses = [
        guarded.ask(secret, "POST", "/predict", json=FINE).status_code for secret in (revoked, expiring, lasting)
    ]

    assert [401, 401, 200] == statuses


def test_a_rotated_key_is_let_in_for_the_overlap(guarded: Guarded) -> None:
    old = guarded.key("predict", tasks=["sentiment"], rate="50/s")
    new, row = guarded.service.rotate(guarded.ids[old], "10m")
    guarded.follow()
    both = [guarded.ask(secret, "POST", "/predict", json=FINE).status_code for secret in (old, new)]
    guarded.clock.advance(660)
    guarded.follow()
    later = [guarded.ask(secret, "POST", "/predict", json=FINE).status_code for secret in (old, new)]

    assert ([200, 200], [401, 200]) == (both, later)
    assert (["predict"], ["sentiment"], "50/s") == (row.scopes, row.tasks, row.rate)


def test_a_name_is_revoked_with_what_a_rotation_still_lets_in(guarded: Guarded) -> None:
    old, _ = guarded.service.create(KeySpec("leaked", ["predict"]))
    new, _ = guarded.service.rotate("leaked", "1d")
    guarded.follow()
    before = [guarded.ask(secret, "POST", "/predict", json=FINE).status_code for secret in (old, new)]
    revoked = guarded.service.revoke("leaked")
    guarded.follow()

    assert [200, 200] == before
    assert 2 == len(revoked)
    assert [401, 401] == [guarded.ask(secret, "POST", "/predict", json=FINE).status_code for secret in (old, new)]


def test_a_key_ends_though_nobody_looks_into_the_database(guarded: Guarded) -> None:
    secret = guarded.key("predict", expires="1h")
    guarded.clock.advance(3_601)

    assert 401 == guarded.ask(secret, "POST", "/predict", json=FINE).status_code


def test_another_database_has_other_keys_though_as_many_changes(
    guarded: Guarded, served: tuple[Application, LiveServer, Database, FakeClock], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = guarded.key("predict")
    with guarded.service._database.write() as tx:
        tx.execute(text("DELETE FROM api_keys WHERE id = :id"), {"id": guarded.ids[secret]})
    guarded.follow()
    unnoticed = guarded.ask(secret, "POST", "/predict", json=FINE).status_code
    service = served[0].api.state.services.keys
    monkeypatch.setattr(service._database, "generation", lambda: 2**20)
    guarded.follow()

    assert (200, 401) == (unnoticed, guarded.ask(secret, "POST", "/predict", json=FINE).status_code)


def test_a_stream_ends_when_its_key_is_revoked(guarded: Guarded) -> None:
    secret, admin = guarded.key("train"), guarded.key("admin")
    headers = {"Authorization": f"Bearer {secret}", "Accept": "text/event-stream"}
    with guarded.client.stream("GET", "/events", headers=headers) as stream:
        lines = stream.iter_lines()
        next(lines)
        guarded.service.revoke(guarded.ids[secret])
        guarded.follow()
        guarded.ask(admin, "POST", "/train", json=TRAIN)  # something that it would tell
        rest = list(lines)

    assert not [line for line in rest if line.startswith("event:")]


def test_only_admin_activates_whatever_comes(guarded: Guarded) -> None:
    asked = {**TRAIN, "activate": "always"}
    statuses = [guarded.ask(guarded.key(*scopes), "POST", "/train", json=asked) for scopes in (["train"], ["admin"])]

    assert [403, 202] == [answer.status_code for answer in statuses]
    assert "needs the scope admin" in statuses[0].json()["detail"]


def test_a_preview_may_no_more_than_the_training(guarded: Guarded) -> None:
    secret = guarded.key("train", tasks=["planar"])
    asked = ({"task": "planar"}, {"task": "planar", "activate": "always"}, {"task": "sentiment"})

    assert [200, 403, 403] == [guarded.ask(secret, "POST", "/train/preview", json=each).status_code for each in asked]


@pytest.mark.parametrize("path", ["/datasets?task=sentiment", "/datasets/imdb/rows", "/datasets/imdb"])
def test_a_key_of_some_tasks_brings_and_reads_no_rows_of_others(guarded: Guarded, path: str) -> None:
    """Whatever the query says, a part of the form may say another task."""
    secret = guarded.key("train", tasks=["sentiment" if "?" in path else "planar"])
    parts = {"task": (None, "planar"), "file": ("a.csv", b"x,y,label\n1,2,0\n", "text/csv")}

    answer = guarded.ask(secret, "POST", path, files=parts) if "?" in path else guarded.ask(secret, "GET", path)

    assert 403 == answer.status_code


def test_a_key_of_some_tasks_is_told_of_no_others(guarded: Guarded) -> None:
    secret = guarded.key("predict", tasks=["planar"])
    listed = [task["name"] for task in guarded.ask(secret, "GET", "/tasks").json()["items"]]
    wrong = guarded.ask(secret, "POST", "/predict", json={"task": "none", "text": "fine"})

    assert ["planar"] == listed
    assert 403 == wrong.status_code
    assert "sentiment" not in wrong.text


def test_last_use_is_noted(guarded: Guarded) -> None:
    secret, unused = guarded.key("predict"), guarded.key("predict")
    guarded.ask(secret, "POST", "/predict", json=FINE)
    guarded.clock.advance(60)
    guarded.follow()
    noted = {row.id: row.last_used_at for row in guarded.service.all()}

    assert guarded.clock() == noted[guarded.ids[secret]]
    assert noted[guarded.ids[unused]] is None


def test_the_first_key_closes_the_service_and_openapi_says_so(tmp_path: Path) -> None:
    plain = settings_in(tmp_path)
    migrate.upgrade(plain.url)
    app = create_app(plain)
    server = LiveServer(app)
    open_before = server.client.get("/tasks").status_code, server.client.get("/openapi.json").json()
    service: KeyService = app.api.state.services.keys
    secret, row = service.create(KeySpec("first", ["train"]))
    service.follow()
    closed = server.client.get("/tasks").status_code, server.client.get("/openapi.json").json()
    service.revoke(row.id)
    service.follow()
    revoked = server.client.get("/tasks", headers={"X-API-Key": secret}).status_code
    server.close()

    assert (200, 401, 401) == (open_before[0], closed[0], revoked)
    assert "security" not in open_before[1]["paths"]["/runs"]["get"]
    assert [{"key": ["train"]}] == closed[1]["paths"]["/runs"]["get"]["security"]


TASKED = [
    ("POST", "/predict", FINE, {"task": "planar", "point": [0.5, 0.5]}),
    ("POST", "/train", {**TRAIN, "task": "sentiment"}, TRAIN),
    ("GET", "/tasks/{}", None, None),
    ("GET", "/runs?task={}", None, None),
    ("GET", "/models?task={}", None, None),
    ("GET", "/models/{model}", None, None),
    ("GET", "/runs/{run}/history", None, None),
    ("GET", "/runs/rows?task={}", None, None),
    ("PATCH", "/runs/{run}", {"note": "mine"}, {"note": "mine"}),
    ("POST", "/sweeps", {**SWEEP, "task": "sentiment"}, SWEEP),
    ("GET", "/sweeps?task={}", None, None),
    ("GET", "/sweeps/{sweep}", None, None),
    ("POST", "/sweeps/{sweep}/cancel", None, None),
    ("GET", "/runs/{run}/space", None, None),
]


@pytest.mark.parametrize(("method", "path", "body", "other"), TASKED, ids=lambda each: str(each)[:30])
def test_a_key_of_some_tasks_is_for_these_alone(
    guarded: Guarded, method: str, path: str, body: Any, other: Any
) -> None:
    admin = guarded.key("admin")
    secret = guarded.key("predict", "train", tasks=["sentiment"])
    answers = []
    for task, sent in (("sentiment", body), ("planar", other)):
        model = guarded.ask(admin, "GET", f"/models?task={task}").json()["items"][0]["id"]
        run = guarded.ask(admin, "POST", "/train", json={**TRAIN, "task": task}).json()["id"]
        sweep = guarded.ask(admin, "POST", "/sweeps", json={**SWEEP, "task": task}).json()["id"]
        named = path.format(task, model=model, run=run, sweep=sweep)
        answers.append(guarded.ask(secret, method, named, json=sent).status_code)
        guarded.ask(admin, "POST", f"/sweeps/{sweep}/cancel")

    assert answers in ([200, 403], [202, 403])


@pytest.mark.parametrize(
    "path",
    [
        "/runs",
        "/runs/rows",
        "/runs/rows?q=a",
        "/sweeps",
        "/compare?runs=a,b",
        "/events?task=sentiment",
        "/system",
        "/runs?task=sentiment&task=planar",
    ],
)  # fmt: skip
def test_a_key_of_some_tasks_sees_nothing_of_all(guarded: Guarded, path: str) -> None:
    secret = guarded.key("predict", "train", tasks=["sentiment"])

    assert 403 == guarded.ask(secret, "GET", path).status_code


def test_of_many_runs_those_of_other_tasks_are_refused(guarded: Guarded) -> None:
    """As the calls for each of them alone are; and only admin removes any."""
    secret, admin = guarded.key("train", tasks=["sentiment"]), guarded.key("admin")
    runs = {
        task: guarded.ask(admin, "POST", "/train", json={**TRAIN, "task": task}).json()["id"]
        for task in ("sentiment", "planar")
    }
    body = {"action": "cancel", "runs": list(runs.values())}
    told = guarded.ask(secret, "POST", "/runs/actions", json=body).json()
    removed = guarded.ask(secret, "POST", "/runs/actions", json={**body, "action": "delete", "dry_run": True})

    assert [runs["sentiment"]] == told["done"]
    assert [(runs["planar"], 403)] == [(each["run"], each["status"]) for each in told["refused"]]
    assert "queued" == guarded.ask(admin, "GET", f"/runs/{runs['planar']}").json()["status"]
    assert 403 == removed.status_code
    assert "needs the scope admin" in removed.json()["detail"]


def test_of_many_retries_those_beyond_the_quota_are_refused(
    served: tuple[Application, LiveServer, Database, FakeClock], guarded: Guarded
) -> None:
    secret = guarded.key("train")
    ids = [guarded.ask(secret, "POST", "/train", json=TRAIN).json()["id"] for _ in range(3)]
    guarded.ask(secret, "POST", "/runs/actions", json={"action": "cancel", "runs": ids}).raise_for_status()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(served[0].api.state.services.training, "_quotas", Quotas(queued_runs=2))
        told = guarded.ask(secret, "POST", "/runs/actions", json={"action": "retry", "runs": ids}).json()

    assert (ids[:2], 2) == (told["done"], len(told["created"]))
    assert [(ids[2], 429)] == [(each["run"], each["status"]) for each in told["refused"]]


def test_a_key_of_a_page_is_for_that_page(guarded: Guarded) -> None:
    secret = guarded.key("predict", origins=["https://*.example.org"])
    origins = ["https://shop.example.org", "https://shop.example.net", None]

    statuses = [
        guarded.ask(secret, "POST", "/predict", json=FINE, headers={"Origin": origin} if origin else {}).status_code
        for origin in origins
    ]

    assert [200, 403, 403] == statuses


def test_two_keys_may_send_the_same_idempotency_key(guarded: Guarded) -> None:
    mine, other = guarded.key("train"), guarded.key("train")
    headers = {"Idempotency-Key": "again"}

    ids = [
        guarded.ask(secret, "POST", "/train", json=TRAIN, headers=headers).json()["id"]
        for secret in (mine, other, mine)
    ]
    guarded.clock.advance(25 * 3_600)
    ids.append(guarded.ask(mine, "POST", "/train", json={**TRAIN, "seed": 9}, headers=headers).json()["id"])

    assert ids[0] == ids[2]
    assert 3 == len(set(ids))


def test_the_audit_tells_who_did_what(guarded: Guarded) -> None:
    trainer, admin = guarded.key("train"), guarded.key("admin")
    run = guarded.ask(trainer, "POST", "/train", json=TRAIN, headers={"X-Request-ID": "mine-7"}).json()["id"]
    guarded.ask(trainer, "POST", f"/runs/{run}/cancel")
    guarded.ask(trainer, "POST", "/train", json={**TRAIN, "preset": "none"})
    entries = guarded.ask(admin, "GET", "/audit?limit=2").json()["items"]
    made = guarded.ask(admin, "GET", "/audit?action=key.created&limit=1").json()["items"]

    assert [("run.cancelled", run), ("run.queued", run)] == [(each["action"], each["subject"]) for each in entries]
    assert {guarded.ids[trainer]} == {each["key_id"] for each in entries}
    assert {"127.0.0.1"} == {each["address"] for each in entries}
    assert "mine-7" == entries[1]["request_id"]
    assert "planar" == entries[1]["task"]
    assert [guarded.ids[admin]] == [each["subject"] for each in made]


def test_the_audit_names_the_keys_that_were_made_rotated_and_revoked(guarded: Guarded) -> None:
    admin = guarded.key("admin")
    guarded.service.create(KeySpec("audited", ["train", "predict"]))
    guarded.service.rotate("audited", "1d")
    guarded.service.revoke("audited")
    entries = guarded.ask(admin, "GET", "/audit?limit=5").json()["items"]
    other = guarded.ask(admin, "POST", "/train", json=TRAIN).json()["id"]
    (queued,) = guarded.ask(admin, "GET", "/audit?limit=1").json()["items"]

    acts = ["key.revoked", "key.revoked", "key.created", "key.rotated", "key.created"]
    assert acts == [each["action"] for each in entries]
    assert [("audited", ["predict", "train"])] * 5 == [(each["name"], each["scopes"]) for each in entries]
    assert (other, None, None) == (queued["subject"], queued["name"], queued["scopes"])


def test_two_keys_that_are_let_in_have_two_names_but_for_a_rotation(guarded: Guarded) -> None:
    _, first = guarded.service.create(KeySpec("once", ["predict"], expires="1h"))
    for name in ("once", " once ", first.id):
        with pytest.raises(
            Conflict, match=f"there is a key '{name.strip()}' already, {first.id}: .*densely keys rotate"
        ):
            guarded.service.create(KeySpec(name, ["predict"]))
    _, rotated = guarded.service.rotate("once", "1d")
    guarded.service.revoke("once")
    _, third = guarded.service.create(KeySpec("once", ["predict"], expires="1h"))
    guarded.clock.advance(3_600)
    _, fourth = guarded.service.create(KeySpec("once", ["predict"]))

    assert 4 == len({first.id, rotated.id, third.id, fourth.id})
    assert {"once"} == {row.name for row in (first, rotated, third, fourth)}


def test_readiness_tells_of_tasks_with_a_key_only(guarded: Guarded) -> None:
    """And to a key of some tasks of these."""
    all_, some = guarded.key("train"), guarded.key("predict", tasks=["planar"])
    told = [guarded.ask(secret, "GET", "/health/ready").json() for secret in (all_, some, "wrong" * 8)]
    without = guarded.client.get("/health/ready").json()
    asked = {task: guarded.client.get(f"/health/ready?task={task}") for task in ("planar", "nothing")}

    assert set(TASKS.all) <= set(told[0]["tasks"])
    assert {"planar": "ready"} == told[1]["tasks"]
    assert {"ready": True, "tasks": {}} == told[2] == without
    assert (200, 503) == (asked["planar"].status_code, asked["nothing"].status_code)
    assert {} == asked["planar"].json()["tasks"]
    assert "task 'nothing' is not answered" == asked["nothing"].json()["detail"]
    assert 404 == guarded.ask(all_, "GET", "/health/ready?task=nothing").status_code
    assert 503 == guarded.ask(some, "GET", "/health/ready?task=nothing").status_code


def test_a_key_of_some_tasks_is_not_told_whose_a_name_is(guarded: Guarded) -> None:
    admin, secret = guarded.key("admin"), guarded.key("train", tasks=["planar"])
    texts = [{"text": f"number {number} is fine", "label": "positive"} for number in range(20)]
    texts += [{"text": f"number {number} is bad", "label": "negative"} for number in range(20)]
    made = guarded.ask(admin, "POST", "/datasets?task=sentiment&name=spoken-for", json=texts)
    points = [{"x": number, "y": -number, "label": number % 2} for number in range(40)]
    answer = guarded.ask(secret, "POST", "/datasets?task=planar&name=spoken-for", json=points)

    assert (201, 409) == (made.status_code, answer.status_code), made.text
    assert "there is a dataset 'spoken-for' already, of another task" in answer.json()["detail"]
    assert "sentiment" not in answer.text


def test_a_key_has_quotas_of_its_own(
    served: tuple[Application, LiveServer, Database, FakeClock], guarded: Guarded
) -> None:
    database = served[2]
    few = Quotas(queued_runs=2, models=1_000, datasets=1, dataset_bytes=1_000)
    mine, other = guarded.key("train"), guarded.key("train")
    training = served[0].api.state.services.training
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(training, "_quotas", few)
        answers = [guarded.ask(secret, "POST", "/train", json=TRAIN) for secret in (mine, mine, mine, other)]
    caller.set(Caller(guarded.ids[mine]))
    with database.read() as tx, pytest.raises(QuotaReached, match="DENSELY_MAX_DATASET_MIB_PER_KEY"):
        few.check_dataset(tx, 1_001)
    caller.set(Caller())

    assert [202, 202, 429, 202] == [answer.status_code for answer in answers]
    assert "2 runs of this API key wait already" in answers[2].json()["detail"]
    assert "DENSELY_MAX_QUEUED_RUNS_PER_KEY" in answers[2].json()["detail"]


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("name", {"name": " "}),
    ("scope", {"scopes": ["write"]}),
    ("scope", {"scopes": []}),
    ("rate", {"rate": "50"}),
    ("rate", {"rate": "0/s"}),
    ("rate", {"rate": "5/0s"}),
    ("expires", {"expires": "never"}),
    ("expires", {"expires": "99999d"}),
    ("origin", {"origins": ["*"]}),
    ("task", {"tasks": ["none"]}),
    ("task", {"tasks": ["sentiment"], "scopes": ["admin"]}),
    ("task", {"tasks": ["sentiment"], "scopes": ["predict", "metrics"]}),
    ("origin", {"origins": ["https://*.org"]}),
]


@pytest.mark.parametrize(("named", "change"), WRONG, ids=str)
def test_what_is_wrong_with_a_key_is_told_by_field(guarded: Guarded, named: str, change: dict[str, Any]) -> None:
    before = len(guarded.service.all())
    given: dict[str, Any] = {"name": "a", "scopes": ["predict"], **change}

    with pytest.raises(InvalidInput, match=rf"^{named}:"):
        guarded.service.create(KeySpec(**given), sorted(TASKS.all))

    assert before == len(guarded.service.all())
