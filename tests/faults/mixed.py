"""Clients of a service that has more to do than it can: all sorts of calls at once, and each answer is looked at."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection
from itertools import cycle
from typing import Any

import httpx

from tests.faults.processes import Member
from tests.faults.traffic import Findings
from tests.support.sse import STREAM, received
from tests.support.tasks import TASKS

TIMES = 2.0  # so many runs are queued for each that ends
AHEAD = 4  # and so many more, so that the worker always has one
STREAM_SECONDS = 5.0  # after which a follower goes away
PAUSES = {"predict": 0.002, "read": 0.03, "upload": 1.0, "queue": 0.05}  # seconds between two calls of a client
UNAVAILABLE = "urn:densely:problem:"  # with which the `type` of a documented 503 begins
REQUESTS: list[dict[str, Any]] = [
    {"task": "planar", "dataset": "sample", "recipe": {"epochs": 2}, "activate": "always"},
    {"task": "housing", "dataset": "sample", "recipe": {"epochs": 3}, "activate": "never"},
    {"task": "housing", "dataset": "sample", "recipe": {"epochs": 2}, "validation": {"kind": "kfold", "folds": 2}},
]
ROWS = [{"x": number / 7, "y": -number / 3, "label": number % 2} for number in range(40)]


class Answers:
    """What came back, of all clients together."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.statuses: Counter[str] = Counter()  # by sort of call and status
        self.of_member: Counter[str] = Counter()  # answers of each process
        self.seconds: list[float] = []  # that /predict took
        self._lock = threading.Lock()

    def note(self, member: Member, sort: str, answer: httpx.Response, *expected: int) -> bool:
        """Whether it is one of those expected; a 503 that is documented, or a full queue, is none and nothing wrong."""
        with self._lock:
            self.statuses[f"{sort} {answer.status_code}"] += 1
            self.of_member[member.name] += 1
        if answer.status_code in expected:
            return True
        answer.read()
        if not _is_documented(answer):
            self.findings.add(f"{sort} at {member.name} was answered {answer.status_code}: {answer.text[:200]}")
        return False


def _is_documented(answer: httpx.Response) -> bool:
    """Whether it is a 503 or 429 as docs/http.md describes them: a problem, and when to ask again."""
    if answer.status_code not in (503, 429) or "Retry-After" not in answer.headers:
        return False
    if answer.headers.get("Content-Type") != "application/problem+json":
        return False
    return str(answer.json()["type"]).startswith(UNAVAILABLE)


class Client:
    """Asks the API processes in turn."""

    def __init__(self, apis: list[Member], answers: Answers, sort: str) -> None:
        self._at = cycle([(each, f"http://127.0.0.1:{each.settings['DENSELY_PORT']}") for each in apis])
        self.answers = answers
        self.sort = sort
        self._client = httpx.Client(timeout=60, trust_env=False)

    def ask(self, method: str, path: str, *expected: int, **options: Any) -> httpx.Response | None:
        """The answer, if it has an expected status."""
        member, url = next(self._at)
        answer = self._client.request(method, url + path, **options)
        return answer if self.answers.note(member, self.sort, answer, *expected) else None

    def follow(self, path: str, seconds: float) -> int:
        """Read a stream to its end, or go away after so long, or so long a silence; how many events it told."""
        member, url = next(self._at)
        end, events = time.monotonic() + seconds, 0
        timeout = httpx.Timeout(60, read=seconds)
        with self._client.stream("GET", url + path, headers=STREAM, timeout=timeout) as answer:
            if self.answers.note(member, self.sort, answer, 200, 204):
                with suppress(httpx.ReadTimeout):
                    for _ in received(answer):
                        events += 1
                        if time.monotonic() > end:
                            break
        return events

    def close(self) -> None:
        """Close its connections."""
        self._client.close()


class Predictor:
    """Asks for predictions, through the standard library: httpx would be busier than the API."""

    def __init__(self, apis: list[Member], answers: Answers) -> None:
        self._all = [
            (each, HTTPConnection("127.0.0.1", int(each.settings["DENSELY_PORT"]), timeout=60)) for each in apis
        ]
        self._at = cycle(self._all)
        self._answers = answers

    def ask(self, body: str) -> None:
        """One prediction."""
        member, connection = next(self._at)
        began = time.perf_counter()
        connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
        got = connection.getresponse()
        answer = httpx.Response(got.status, headers=got.getheaders(), content=got.read())
        self._answers.seconds.append(time.perf_counter() - began)
        self._answers.note(member, "predict", answer, 200)

    def close(self) -> None:
        """Close its connections."""
        for _, connection in self._all:
            connection.close()


class Clients:
    """All of them; each step is called again and again by a thread of its own."""

    def __init__(self, apis: list[Member], answers: Answers, ended: Callable[[], int]) -> None:
        """`ended`: how many runs have."""
        self._apis = apis
        self._answers = answers
        self._ended = ended
        self._all: list[Client | Predictor] = []
        self._requests = cycle(REQUESTS)
        self.queued: list[str] = []  # ids, in the order of their answers

    def steps(self) -> list[Callable[[], None]]:
        """Of one client each."""
        return [
            self._queue(),
            *(self._predict(number) for number in range(4)),
            *(self._read() for _ in range(2)),
            *(self._follow(path) for path in ("/events", *["/runs/{}/events"] * 3)),
            self._upload(),
        ]

    def close(self) -> None:
        """Close their connections."""
        for client in self._all:
            client.close()

    def _client(self, sort: str) -> Client:
        self._all.append(client := Client(self._apis, self._answers, sort))
        return client

    def _queue(self) -> Callable[[], None]:
        client = self._client("queue")

        def step() -> None:
            time.sleep(PAUSES["queue"])
            if len(self.queued) < TIMES * self._ended() + AHEAD:
                body = {**next(self._requests), "seed": len(self.queued)}
                if answer := client.ask("POST", "/train", 202, json=body):
                    self.queued.append(answer.json()["id"])

        return step

    def _predict(self, first: int) -> Callable[[], None]:
        self._all.append(client := Predictor(self._apis, self._answers))
        bodies = [json.dumps({"task": name, **task.example}) for name, task in TASKS.all.items()]
        turn = cycle([*bodies[first:], *bodies[:first]])

        def step() -> None:
            time.sleep(PAUSES["predict"])
            client.ask(next(turn))

        return step

    def _read(self) -> Callable[[], None]:
        client = self._client("read")
        paths = cycle(
            [
                "/runs?limit=20",
                "/runs/{}",
                "/runs/{}/history",
                "/models?limit=20",
                "/tasks",
                "/metrics",
                "/health/ready",
            ]
        )

        def step() -> None:
            time.sleep(PAUSES["read"])
            if self.queued:
                client.ask("GET", next(paths).format(self._one_under_way()), 200)

        return step

    def _follow(self, path: str) -> Callable[[], None]:
        client = self._client("follow")

        def step() -> None:
            time.sleep(0.1)
            if self.queued:
                for _ in range(client.follow(path.format(self._one_under_way()), STREAM_SECONDS)):
                    self._answers.findings.count("events")

        return step

    def _upload(self) -> Callable[[], None]:
        client = self._client("upload")

        def step() -> None:
            time.sleep(PAUSES["upload"])
            if client.ask("POST", "/datasets", 201, params={"task": "planar", "name": "mine"}, json=ROWS):
                client.ask("DELETE", "/datasets/mine", 204)

        return step

    def _one_under_way(self) -> str:
        """About the one that the worker is at."""
        return self.queued[min(self._ended(), len(self.queued) - 1)]
