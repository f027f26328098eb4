"""A service that is away for a while: plain calls try for some seconds, who waits for a run for a minute."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from app.db.engine import Database
from app.main import create_app
from app.settings import Settings
from app.wire.runs import RunError
from densely_client import Retries, ServiceUnreachable, errors
from tests.integration.client.conftest import Connect, Waits
from tests.integration.finished import Finished
from tests.support.clock import FakeClock
from tests.support.scripted import ScriptedServer, answer, hang_up, problem, stream
from tests.support.server import LiveServer

EPOCHS = [{"loss": 0.7, "accuracy": 0.5}, {"loss": 0.6, "accuracy": 0.6}]
PREDICTION = {"task": "planar", "model": {"id": "m-1", "version": 1}, "prediction": {"label": 1, "probability": 0.9}}
MODEL = {
    "id": "m-1", "task": "planar", "version": 1, "active": True, "run_id": None, "created_at": "2030-01-01T00:00:00Z",
    "dataset": "moons", "dataset_is_sample": False, "metrics": {},
}  # fmt: skip
RUNNING = b'id: 1\nevent: status\ndata: {"run_id": "r-1", "status": "running"}\n\n'
END = b'id: 2\nevent: status\ndata: {"run_id": "r-1", "status": "succeeded"}\n\n'
AWAY = problem(503, "unavailable")
BUSY = answer(502, b"<html>", "text/html", Retry_After="120")  # longer than anybody waits for


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize("call", ["predict", "train", "activate"])
def test_a_call_outlasts_a_restart_of_five_seconds(
    connect: Connect, call: str, run_body: Any, closed_port: int
) -> None:
    """Nobody listens, so nothing was sent: even what must not be repeated is tried again."""
    answers = {"predict": PREDICTION, "train": run_body, "activate": MODEL}
    with ExitStack() as stack:
        server = ScriptedServer([answer(200, answers[call])], port=closed_port)
        waits = Waits(lambda: sum(waits) >= 5 and stack.enter_context(server))
        client = connect(f"http://127.0.0.1:{closed_port}", retries=waits.retries(draw=lambda: 0.0))
        {
            "predict": lambda: client.predict("planar", point=(0, 1)),
            "train": lambda: client.train("planar"),
            "activate": lambda: client.tasks.activate("planar", "m-1"),
        }[call]()

    assert (1, 5) == (len(server.asked), len(waits))


def test_a_call_is_given_up_after_seven_seconds_at_most(connect: Connect, closed_port: int) -> None:
    waits = Waits()
    with pytest.raises(ServiceUnreachable):
        connect(f"http://127.0.0.1:{closed_port}", retries=waits.retries(draw=lambda: 1.0)).ready()

    assert sum(waits) < 7


@pytest.fixture
def served(settings: Settings, database: Database, clock: FakeClock) -> Iterator[Any]:
    """Starts the application, on the same port each time."""
    servers: list[LiveServer] = []

    def start() -> LiveServer:
        servers.append(LiveServer(create_app(settings, clock), servers[0].port if servers else 0))
        return servers[-1]

    yield start
    servers[-1].close()


def test_events_go_on_after_a_restart_without_gap_or_repeat(connect: Connect, served: Any, finished: Finished) -> None:
    """Away for 30 seconds by the client's clock, while the run goes on and ends."""
    attempt = finished.claimed("planar", EPOCHS)
    server = served()
    waits = Waits(lambda: sum(waits) >= 30 and sum(waits[:-1]) < 30 and served())
    run = connect(server.url, retries=waits.retries()).runs.get(attempt.run().id)
    events = run.events()
    seen = [next(events) for _ in range(3)]
    server.close()
    attempt.fail(RunError(type="Diverged", message="no"))
    seen += events
    everything = list(run.events())

    assert sum(waits) >= 30
    assert max(waits) <= 2
    assert [event.id for event in everything] == [event.id for event in seen]
    assert ["status", "status", "epoch", "epoch", "status"] == [e.type for e in seen if e.type != "progress"]


def test_waiting_outlasts_a_restart(connect: Connect, served: Any, finished: Finished) -> None:
    attempt = finished.claimed("planar", EPOCHS)
    server = served()
    waits = Waits(lambda: sum(waits) >= 30 and sum(waits[:-1]) < 30 and served())
    run = connect(server.url, retries=waits.retries()).runs.get(attempt.run().id)
    server.close()
    attempt.fail(RunError(type="Diverged", message="no"))

    with pytest.raises(errors.RunFailed, match="Diverged"):
        run.wait()


@pytest.mark.parametrize("failure", [hang_up, AWAY, answer(502, b"<html>", "text/html")])
def test_the_last_question_of_waiting_is_as_patient(connect: Connect, run_body: Any, failure: Any) -> None:
    """The stream has told the end, and the service is away when it is asked for the figures."""
    ended = answer(200, {**run_body, "status": "succeeded"})
    with ScriptedServer([answer(200, run_body), stream(END), *[failure] * 20, ended]) as server:
        waits = Waits()
        run = connect(server.url, retries=waits.retries()).runs.get("r-1").wait()

    assert ("succeeded", 20) == (run.status, len(waits))


def test_asking_again_and_again_is_as_patient(connect: Connect, run_body: Any) -> None:
    """Without streams; here the list of events."""
    page = {"items": [{"id": 1, "run_id": "r-1", "at": "2030-01-01T00:00:00Z", "type": "status"}], "next": None}
    page["items"][0]["data"] = {"status": "succeeded"}  # type: ignore[index]
    answers = [
        answer(200, run_body),
        answer(200, page),
        *[hang_up] * 10,
        answer(200, run_body),
        AWAY,
        answer(200, page),
    ]
    with ScriptedServer(answers) as server:
        events = list(connect(server.url, retries=Waits().retries()).runs.get("r-1").events())

    assert ["1"] == [event.id for event in events]
    assert len(answers) == len(server.asked)


@pytest.mark.parametrize(("away", "failure"), [(60.0, hang_up), (60.0, AWAY), (60.0, BUSY), (5.0, hang_up)])
def test_a_stream_that_never_comes_back_is_given_up(connect: Connect, run_body: Any, away: float, failure: Any) -> None:
    """After as many seconds without an answer as `away` says."""
    waits = Waits()
    with ScriptedServer([answer(200, run_body), stream(RUNNING), failure]) as server:
        events = connect(server.url, retries=waits.retries(away=away)).runs.get("r-1").events()
        assert "1" == next(events).id
        with pytest.raises(ServiceUnreachable):
            next(events)

    assert pytest.approx(away) == sum(waits)
    assert len(waits) < 60


def test_only_silence_in_a_row_counts(connect: Connect, run_body: Any) -> None:
    """40 seconds away, a sign of life, 40 seconds away, the end."""
    answers = [answer(200, run_body), *[hang_up] * 20, stream(b": alive\n\n"), *[hang_up] * 20, stream(END)]
    waits = Waits()
    with ScriptedServer(answers) as server:
        events = list(connect(server.url, retries=waits.retries(draw=lambda: 1.0)).runs.get("r-1").events())

    assert ["2"] == [event.id for event in events]
    assert sum(waits) > 60


def test_waiting_with_a_limit_ends_at_it_though_the_service_is_away(connect: Connect, run_body: Any) -> None:
    waits = Waits()
    with ScriptedServer([answer(200, run_body), hang_up]) as server:
        run = connect(server.url, retries=waits.retries()).runs.get("r-1")
        with pytest.raises(TimeoutError, match="has not ended"):
            run.wait(timeout=10)

    assert pytest.approx(10) == sum(waits)


def test_a_very_long_course_has_waits_all_the_same() -> None:
    import httpx

    assert 2.0 == Retries(draw=lambda: 1.0).following().after_response(httpx.Response(503), 100_000)
