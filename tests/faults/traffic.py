"""Clients of a service under faults: they queue and cancel runs, predict, follow the events, and note what is wrong."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import httpx

from tests.faults.processes import Fleet, Member, until
from tests.support.sse import STREAM, received

ANSWER_SECONDS = 60.0  # in which a call has to be answered by one process or another
PATIENCE = 2.5  # seconds for an answer: then it is asked again, and one that was only asleep has been asked twice
SILENCE = 4.0  # seconds after which a reader takes its stream for dead


@dataclass
class Findings:
    """What must not be, and counts of what was done; from several threads."""

    wrong: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, message: str) -> None:
        """Something is wrong."""
        with self.lock:
            self.wrong.append(message)

    def count(self, what: str) -> None:
        """One more of it."""
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + 1


class Caller:
    """Asks whichever API process answers."""

    def __init__(self, fleet: Fleet, findings: Findings) -> None:
        urls = [f"http://127.0.0.1:{member.settings['DENSELY_PORT']}" for member in fleet.of("api")]
        self._all = [httpx.Client(base_url=url, timeout=PATIENCE, trust_env=False) for url in urls]
        self._clients = cycle(self._all)
        self._findings = findings

    def close(self) -> None:
        """Close its connections."""
        for client in self._all:
            client.close()

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Its answer; what is not answered is asked again, which the call must bear.

        Raises:
            TimeoutError: nobody answered.
        """
        for _ in until(ANSWER_SECONDS, 0.1):
            try:
                answer = next(self._clients).request(method, path, **options)
            except httpx.TransportError:
                self._findings.count("calls asked again")
                continue
            if answer.status_code < 500:
                return answer
            self._findings.add(f"{method} {path} was answered {answer.status_code}: {answer.text[:200]}")
        raise TimeoutError(f"nobody answered {method} {path} within {ANSWER_SECONDS:g} seconds")


class Runs:
    """Queues runs, each with an idempotency key, and cancels some."""

    def __init__(
        self, caller: Caller, seed: int, requests: list[dict[str, Any]], endless: dict[str, Any] | None, waiting: int
    ) -> None:
        """Draws from `requests`; keeps so many `waiting`. `endless`: of runs that end only if they are cancelled."""
        self._caller = caller
        self._draw = random.Random(seed)
        self._requests = requests
        self._endless = endless
        self._waiting = waiting
        self.accepted: dict[str, str] = {}  # id by idempotency key
        self.to_cancel: set[str] = set()  # whose cancel was asked for, whether or not the answer came
        self.endless: list[str] = []  # ids of such runs

    def step(self, open_runs: int) -> None:
        """Queue one if fewer than wanted have not ended, and perhaps cancel one."""
        if open_runs < self._waiting:
            self._queue()
        if self.accepted and self._draw.random() < 0.02:
            self._cancel(self._draw.choice(list(self.accepted.values())[-self._waiting :]))
        if self._draw.random() < 0.3:
            self._cancel_endless()

    def cancel_rest(self) -> None:
        """The one that would not end."""
        for run_id in set(self.endless) - self.to_cancel:
            self._cancel(run_id)

    def _cancel_endless(self) -> None:
        """Once it is going: a run that waits is cancelled by the API alone."""
        for run_id in set(self.endless) - self.to_cancel:
            if self._caller.ask("GET", f"/runs/{run_id}").json()["status"] == "running":
                self._cancel(run_id)

    def _queue(self) -> None:
        """One that ends by itself; or, if there is none, one that does not."""
        endless = self._endless if set(self.endless) <= self.to_cancel and self._draw.random() < 0.3 else None
        key = f"key-{len(self.accepted)}"
        body = {**(endless or self._draw.choice(self._requests)), "seed": self._draw.randrange(1_000_000)}
        answer = self._caller.ask("POST", "/train", json=body, headers={"Idempotency-Key": key})
        assert answer.status_code == 202, answer.text
        self.accepted[key] = answer.json()["id"]
        if endless:
            self.endless.append(self.accepted[key])

    def _cancel(self, run_id: str) -> None:
        self.to_cancel.add(run_id)
        self._caller.ask("POST", f"/runs/{run_id}/cancel")


class Thread:
    """Something that goes on until it is stopped, whose own failure is a finding."""

    def __init__(self, findings: Findings, step: Callable[[], None]) -> None:
        self._findings = findings
        self._step = step
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._step()
            except Exception as error:  # noqa: BLE001 - told with the others
                self._findings.add(f"a client met {error!r}")
                return

    def stop(self) -> None:
        """Returns when it has."""
        self._stop.set()
        self._thread.join(60)


class Prober:
    """Predicts at one API process: as long as nothing is done to it, every answer must be right."""

    def __init__(self, member: Member, findings: Findings, bodies: list[dict[str, Any]], told: dict[Any, Any]) -> None:
        """`told`: by model and task the first answer, which all processes share."""
        self._member = member
        self._findings = findings
        self._bodies = cycle(bodies)
        self._told = told
        self._answered: tuple[int, int] | None = None  # its moment when it last answered
        url = f"http://127.0.0.1:{member.settings['DENSELY_PORT']}"
        self._client = httpx.Client(base_url=url, timeout=30, trust_env=False)
        self.slowest = 0.0  # seconds

    def close(self) -> None:
        """Close its connection."""
        self._client.close()

    def step(self) -> None:
        """One question."""
        time.sleep(0.05)
        before, free = self._member.moment, self._member.free
        body = next(self._bodies)
        began = time.monotonic()
        try:
            answer = self._client.post("/predict", json=body)
        except httpx.TransportError as error:
            if free and self._answered == before == self._member.moment and self._member.free:
                self._findings.add(f"{self._member.name} lives, and /predict met {error!r}")
            return
        if not (free and before == self._member.moment):
            return
        self._answered, self._member.answered = before, self._member.starts
        self.slowest = max(self.slowest, time.monotonic() - began)
        self._findings.count("predictions")
        self._judge(body, answer)

    def _judge(self, body: dict[str, Any], answer: httpx.Response) -> None:
        if answer.status_code != 200:
            self._findings.add(f"{self._member.name} answered /predict {answer.status_code}: {answer.text[:200]}")
            return
        told = answer.json()
        first = self._told.setdefault((told["model"]["id"], body["task"]), told)
        if first != told:
            self._findings.add(f"/predict answered {told}, and before {first}")


class Reader:
    """Follows the events of all runs, and goes on after the last one whenever its stream ends."""

    def __init__(self, fleet: Fleet, findings: Findings) -> None:
        self._urls = cycle(f"http://127.0.0.1:{member.settings['DENSELY_PORT']}" for member in fleet.of("api"))
        self._findings = findings
        self.ids: list[int] = [0]

    def step(self) -> None:
        """One stream, to its end."""
        timeout = httpx.Timeout(5, read=SILENCE)
        try:
            with (
                httpx.Client(base_url=next(self._urls), timeout=timeout, trust_env=False) as client,
                client.stream("GET", "/events", headers=STREAM | {"Last-Event-ID": str(self.ids[-1])}) as answer,
            ):
                answer.raise_for_status()
                self._findings.count("streams followed")
                for event in received(answer):
                    if event.id <= self.ids[-1]:
                        self._findings.add(f"a stream told event {event.id} after {self.ids[-1]}")
                    self.ids.append(event.id)
        except httpx.TransportError:
            time.sleep(0.1)
