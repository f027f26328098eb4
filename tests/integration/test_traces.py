"""`traceparent` of a request that asks for a run: kept with it, told, and handed to its webhook."""

import json
from collections.abc import Callable, Iterator

import httpx
import pytest

from app.db import run_queries, runs, webhooks
from app.db.engine import Database
from app.domain.runs import Metrics
from app.services.execution import WorkerService
from app.services.webhooks import WebhookService
from app.settings import Settings
from app.webhook_secrets import secrets_of
from app.worker.webhooks import HttpPost
from tests.support.clock import FakeClock
from tests.support.receiver import Receiver

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
OTHER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
ASKED = {"task": "housing", "dataset": "sample"}
SECRET = "0123456789abcdef"


def train(client: httpx.Client, traceparent: str | None, **headers: str) -> httpx.Response:
    given = headers if traceparent is None else {**headers, "traceparent": traceparent}
    return client.post("/train", json=ASKED, headers=given)


def test_a_run_tells_the_trace_that_it_belongs_to(client: httpx.Client) -> None:
    run = train(client, PARENT).json()

    assert PARENT == run["traceparent"]
    assert run == client.get(f"/runs/{run['id']}").json() == client.get("/runs").json()["items"][0]


@pytest.mark.parametrize("header", [None, "", "x", PARENT.upper(), f"{PARENT}-more", PARENT.replace("00-", "ff-", 1)])
def test_what_is_malformed_is_as_if_it_had_not_been_sent(client: httpx.Client, header: str | None) -> None:
    answer = train(client, header)

    assert (202, None) == (answer.status_code, answer.json()["traceparent"])


def test_a_request_that_comes_again_is_the_same_in_another_trace(client: httpx.Client) -> None:
    first = train(client, PARENT, **{"Idempotency-Key": "k"}).json()
    again = train(client, OTHER, **{"Idempotency-Key": "k"})

    assert (202, first) == (again.status_code, again.json())


@pytest.mark.parametrize("header", [OTHER, None])
def test_a_retried_run_belongs_to_the_trace_of_who_retries_it(client: httpx.Client, header: str | None) -> None:
    run = train(client, PARENT).json()
    client.post(f"/runs/{run['id']}/cancel")

    again = client.post(f"/runs/{run['id']}/retry", headers={"traceparent": header} if header else {}).json()

    assert (run["id"], header) == (again["retry_of"], again["traceparent"])


def test_a_new_tasks_first_run_has_one_too(client: httpx.Client) -> None:
    rows = "message,team\n" + "".join(f"{word} {n},{word}\n" for n in range(20) for word in ("red", "blue"))
    task = json.dumps({"name": "tickets"})

    answer = client.post(
        "/tasks", data={"task": task}, files={"file": ("a.csv", rows)}, headers={"traceparent": PARENT}
    )

    assert 201 == answer.status_code, answer.text
    assert PARENT == answer.json()["run"]["traceparent"]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    started = Receiver()
    yield started
    started.close()


@pytest.mark.parametrize("header", [PARENT, None])
def test_its_webhook_continues_the_trace(
    client_for: Callable[[Settings], httpx.Client],
    settings: Settings,
    database: Database,
    clock: FakeClock,
    receiver: Receiver,
    header: str | None,
) -> None:
    client = client_for(settings.model_copy(update={"webhook_secret": SECRET, "webhooks_to_private": True}))
    given = {"traceparent": header} if header else {}
    run_id = client.post("/train", json={**ASKED, "webhook": receiver.url}, headers=given).json()["id"]
    claim = WorkerService(database, clock, "w-1", 600).claim()
    assert claim is not None
    with database.write() as tx:
        runs.publish(tx, run_id, claim.lease_id, clock(), Metrics(test={"mae": 2.5}))

    assert WebhookService(database, clock, secrets_of(SECRET), HttpPost(to_private=True, timeout=5)).send_one()

    ((_, headers, body),) = receiver.taken
    assert header == {name.lower(): value for name, value in headers.items()}.get("traceparent")
    assert header == json.loads(body)["data"]["traceparent"]
    with database.read() as tx:
        assert header == run_queries.get(tx, run_id).traceparent
        assert webhooks.url_of(tx, run_id) == receiver.url
