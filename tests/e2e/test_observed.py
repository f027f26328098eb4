"""A whole service at work, with two API processes, a worker and a trainer: what its metrics and its log say of it."""

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.metrics import catalog
from benchmarks.service import Service
from tests.e2e.conftest import UNPREPARED, StartService, processes_of
from tests.support.receiver import Receiver
from tests.support.scraping import Scrape, scrape

KEY, WRONG, SECRET = "correct-horse-battery", "mistaken-mule-battery", "0123456789abcdef-signs"
MARK = "Quetzalcoatl"  # in whatever a client sends as an input, or in the place of one
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
JSON, CSV = ({"Content-Type": kind} for kind in ("application/json", "text/csv"))
OWN = {"task": '{"name": "own"}', "train": "false"}
PATIENCE = 20.0  # seconds
CALLS = 40  # each on a connection of its own, which either process may get


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    started = Receiver(statuses=[500, 204])
    yield started
    started.close()


@pytest.fixture
def service(start_service: StartService) -> Service:
    quiet = {"DENSELY_WORKERS": 2, "DENSELY_LOG_LEVEL": "debug", "DENSELY_API_KEYS": KEY}
    hooks = {"DENSELY_WEBHOOK_SECRET": SECRET, "DENSELY_WEBHOOKS_TO_PRIVATE": "true"}
    return start_service(**UNPREPARED, **quiet, **hooks)


def ask(service: Service, method: str, path: str, key: str = KEY, **options: Any) -> httpx.Response:
    """By a connection of its own."""
    headers = {"X-API-Key": key, "traceparent": PARENT, **options.pop("headers", {})}
    return httpx.request(method, service.url + path, headers=headers, timeout=60, **options)


def scraped(service: Service) -> Scrape:
    with httpx.Client(base_url=service.url, headers={"Authorization": f"Bearer {KEY}"}) as client:
        return scrape(client)


def good_and_bad(service: Service) -> list[int]:
    """Calls of every sort, with the marker where they have an input; their statuses."""
    text = {"task": "sentiment", "text": f"a fine film by {MARK}"}
    body = json.dumps(text).encode()
    predictions: list[dict[str, Any]] = [
        {"json": text}, {"json": {**text, "explain": True}}, {"json": {**text, "text": f"{MARK} " * 5_000}},
        {"json": {"task": "sentiment", "instances": [{"text": MARK}] * 30}}, {"json": {**text, MARK: 1}},
        {"json": {"task": MARK, "text": MARK}}, {"json": {**text, "model": MARK}}, {"json": {**text, "top_k": MARK}},
        {"json": {"task": "digits", "pixels": MARK}}, {"json": {"task": "digits", "image": MARK}},
        {"json": {"task": "housing", "features": {"CRIM": MARK}}}, {"content": body[:-1], "headers": JSON},
        {"content": body, "headers": {"Content-Type": f"text/{MARK}"}},
        {"content": body, "headers": {**JSON, "Content-Encoding": "gzip"}}, {"json": text, "key": WRONG},
        {"content": b"[" * 100_000 + MARK.encode(), "headers": JSON},
    ]  # fmt: skip
    answers = [ask(service, "POST", "/predict", **options) for options in predictions]
    rows = "text,label\n" + "".join(f"{MARK} says {word} {n},{word}\n" for n in range(30) for word in ("red", "blue"))
    answers += [
        ask(service, "POST", "/tasks/sentiment/encode", json={"text": MARK}),
        ask(service, "POST", "/tasks/sentiment/encode", json={MARK: MARK}),
        ask(service, "POST", "/tasks", data=OWN, files={"file": ("a.csv", rows)}),
        ask(service, "POST", "/tasks", data={"task": '{"name": "bad"}'}, files={"file": ("a.csv", f'"{MARK}')}),
        ask(service, "POST", "/tasks", data={"task": MARK}, files={"file": ("a.csv", MARK)}),
        ask(service, "POST", f"/datasets?task={MARK}&name=x", content=MARK.encode(), headers=CSV),
        ask(service, "GET", f"/runs?tag={MARK}&key={KEY}"), ask(service, "GET", f"/{MARK}"),
        ask(service, "GET", f"/runs?limit={MARK}"), ask(service, "POST", "/train", json={"task": MARK}),
        ask(service, "GET", "/runs", key=WRONG), ask(service, "GET", "/datasets/own/rows?limit=3&model=active"),
    ]  # fmt: skip
    return [answer.status_code for answer in answers]


@pytest.mark.slow
def test_metrics_are_of_all_processes_and_the_log_tells_no_inputs(service: Service, receiver: Receiver) -> None:
    """One start for both: a training takes its time."""
    service.client.headers["X-API-Key"] = KEY
    statuses = good_and_bad(service)
    for _ in range(CALLS):
        assert 200 == ask(service, "POST", "/predict", json={"task": "planar", "point": [0.1, 0.2]}).status_code
    asked = {"task": "own", "recipe": {"epochs": 3}, "webhook": receiver.url}
    run = ask(service, "POST", "/train", json=asked).json()
    assert ("succeeded", PARENT) == (service.wait(run["id"])["status"], run["traceparent"])

    assert {200, 201, 400, 401, 404, 415, 422} <= set(statuses)
    epochs = len(service.client.get(f"/runs/{run['id']}/history").json()["epochs"])
    counted_by_all(service, epochs)
    (killed, *_) = processes_of(service, "app.main")
    killed.kill()
    killed.wait(10)
    counted_by_all(service, epochs)

    service.stop()
    the_log_tells_the_trace_and_no_inputs(service, receiver)


def counted_by_all(service: Service, epochs: int) -> None:
    """Whichever process answers, each call counts once; what others counted just now is there a second later."""
    expected = [CALLS, epochs, 1, 1, True, True]
    deadline = time.monotonic() + PATIENCE
    while figures(service) != expected:
        assert time.monotonic() < deadline, (expected, figures(service), scraped(service).text)
    assert [expected] * 8 == [figures(service) for _ in range(8)]


def figures(service: Service) -> list[float]:
    """Of a scrape: what the API processes, the database, and the worker have counted."""
    found = scraped(service)
    return [
        found.get(catalog.REQUESTS.name, route="/predict", task="planar", status="200"),
        found.get(catalog.EPOCHS.name, task="own"),
        found.get(catalog.RUN_CHANGES.name, task="own", change="published"),
        found.get(catalog.WORKERS.name),
        found.get(catalog.WEBHOOK_TRIES.name, outcome="failed") > 0,
        found.get(f"{catalog.TRANSACTION_SECONDS.name}_count", process="worker", kind="write") > 0,
    ]


def the_log_tells_the_trace_and_no_inputs(service: Service, receiver: Receiver) -> None:
    text = service.log.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    claimed = [line for line in lines if line["event"] == "run.claimed"]
    assert [TRACE] == [line["trace_id"] for line in claimed]
    assert {"worker.started", "webhook.failed", "process.restarted"} <= {line["event"] for line in lines}
    for told in (MARK, MARK.lower(), KEY, WRONG, SECRET, "token=abc", receiver.url):
        assert told not in text, re.findall(f".*{re.escape(told)}.*", text)
