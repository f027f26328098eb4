"""Following runs: by stream, from a server that sends and breaks off as told, and by asking again and again."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from app.db.engine import Database
from app.main import create_app
from app.settings import Settings
from app.wire.runs import RunError
from densely_client import errors
from tests.integration.client.conftest import Connect
from tests.integration.finished import Finished
from tests.support.clock import FakeClock
from tests.support.scripted import ScriptedServer, answer, hang_up, problem, stream
from tests.support.server import LiveServer

AT = "2030-01-01T00:00:00Z"


def message(number: int, kind: str, **data: Any) -> bytes:
    told = json.dumps({"run_id": "r-1", "at": AT, **data}, ensure_ascii=False)
    return f"id: {number}\nevent: {kind}\ndata: {told}\n\n".encode()


RUNNING = message(1, "status", status="running")
EPOCH = message(2, "epoch", epoch=1, loss=0.5)
LOG = message(3, "log", message="halfway: caf\u00e9 \u2028")
END = message(4, "status", status="succeeded")


def follow(connect: Connect, run_body: Any, *responses: Any, **options: Any) -> tuple[list[Any], ScriptedServer]:
    with ScriptedServer([answer(200, run_body), *responses]) as server:
        events = list(connect(server.url, **options).runs.get("r-1").events())
    return events, server


def test_events_are_read_as_they_come(connect: Connect, run_body: Any) -> None:
    events, server = follow(connect, run_body, stream(b": hello\n\n", RUNNING + EPOCH[:20], EPOCH[20:], LOG, END))

    assert ["1", "2", "3", "4"] == [event.id for event in events]
    assert ["status", "epoch", "log", "status"] == [event.type for event in events]
    assert ({"epoch": 1, "loss": 0.5}, "r-1", 2030) == (events[1].data, events[1].run_id, events[1].at.year)
    assert events[-1].is_final
    assert not events[0].is_final
    assert "text/event-stream" == server.asked[1].headers["accept"]


def test_a_stream_that_breaks_goes_on_where_it_broke(connect: Connect, run_body: Any) -> None:
    """Also in the middle of a message, and when the service is away for a moment."""
    responses = stream(RUNNING, EPOCH[:-9]), hang_up, problem(503, "unavailable"), stream(EPOCH), stream(LOG, END)
    events, server = follow(connect, run_body, *responses)

    assert ["1", "2", "3", "4"] == [event.id for event in events]
    assert [None, "1", "1", "1", "2"] == [asked.headers.get("last-event-id") for asked in server.asked[1:]]


def test_an_event_without_an_id_keeps_the_place(connect: Connect, run_body: Any) -> None:
    """Also when the stream breaks right after it, twice."""
    progress = b'event: progress\ndata: {"run_id": "r-1", "fraction": 0.5}\n\n'
    events, server = follow(connect, run_body, stream(RUNNING + progress), stream(progress), stream(EPOCH, LOG, END))

    assert [("1", "status"), ("1", "progress"), ("1", "progress")] == [(e.id, e.type) for e in events[:3]]
    assert [None, "1", "1"] == [asked.headers.get("last-event-id") for asked in server.asked[1:]]


def test_a_stream_may_say_where_it_begins(connect: Connect) -> None:
    """Nothing has happened yet, the connection breaks, and what happened meanwhile is told all the same."""
    with ScriptedServer([stream(b"id: 2\n\n"), stream(b"id: 9\n", LOG)]) as server:
        assert "3" == next(connect(server.url).events()).id

    assert [None, "2"] == [asked.headers.get("last-event-id") for asked in server.asked]


def test_no_content_means_that_all_was_told(connect: Connect, run_body: Any) -> None:
    events, server = follow(connect, run_body, stream(RUNNING), answer(204, b""))

    assert (["1"], 3) == ([event.id for event in events], len(server.asked))


def test_a_stream_that_is_refused_says_why(connect: Connect, run_body: Any) -> None:
    with pytest.raises(errors.NotFound):
        follow(connect, run_body, problem(404, "not-found"))


def test_streams_of_all_runs_start_where_one_asks(connect: Connect) -> None:
    with ScriptedServer([stream(LOG)]) as server:
        assert "3" == next(connect(server.url).events(last_event_id="2")).id

    assert ("/events", "2") == (server.asked[0].path, server.asked[0].headers["last-event-id"])


def test_waiting_ends_in_time_however_silent_the_stream_is(connect: Connect, run_body: Any) -> None:
    def silent(handler: Any) -> None:
        stream(RUNNING)(handler)
        time.sleep(1)

    with ScriptedServer([answer(200, run_body), silent]) as server:
        run = connect(server.url).runs.get("r-1")
        started = time.monotonic()
        with pytest.raises(TimeoutError, match="has not ended"):
            run.wait(timeout=0.2)

    assert time.monotonic() - started < 3


@pytest.fixture
def older(connect: Connect, settings: Settings, database: Database, clock: FakeClock) -> Iterator[Any]:
    """A client of a service that knows no streams."""

    class Old:
        def __init__(self, app: Any) -> None:
            self._app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http":
                scope["headers"] = [pair for pair in scope["headers"] if pair[0] != b"accept"]
            await self._app(scope, receive, send)

    app = create_app(settings, clock)
    app.api.add_middleware(Old)
    server = LiveServer(app)
    yield connect(server.url)
    server.close()


EPOCHS = [{"loss": 0.7, "accuracy": 0.5}, {"loss": 0.6, "accuracy": 0.6}]


def test_without_streams_the_list_is_asked_for(older: Any, finished: Finished) -> None:
    """The same events, then those that come while it looks, until the run has ended."""
    attempt = finished.claimed("planar", EPOCHS)
    events = older.runs.get(attempt.run().id).events()
    first = [next(events) for _ in range(4)]
    attempt.fail(RunError(type="Diverged", message="the loss is no longer a number"))
    rest = list(events)

    assert ["status", "status", "epoch", "epoch"] == [event.type for event in first]
    assert 0.6 == first[3].data["loss"]
    assert ["progress", "status"] == [event.type for event in rest]
    assert (2, "failed") == (rest[0].data["epoch"], rest[1].data["status"])


def test_what_was_seen_is_not_told_again(older: Any, densely: Any, finished: Finished) -> None:
    attempt = finished.claimed("planar", EPOCHS)
    attempt.fail(RunError(type="Diverged", message="no"))
    for client in (older, densely):
        run = client.runs.get(attempt.run().id)
        everything = list(run.events())

        told = [event.type for event in everything if event.type != "progress"]  # which only streams keep
        assert ["status", "status", "epoch", "epoch", "status"] == told
        assert everything[-1].is_final
        for place in range(1, len(everything)):
            assert everything[place:] == list(run.events(last_event_id=everything[place - 1].id))


@pytest.mark.parametrize("progress", [True, False])
def test_waiting_for_a_run_that_fails_says_why(
    densely: Any, finished: Finished, progress: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    attempt = finished.claimed("planar", EPOCHS)
    attempt.fail(RunError(type="Diverged", message="the loss is no longer a number"))
    run = densely.runs.get(attempt.run().id)

    with pytest.raises(errors.RunFailed, match="Diverged: the loss is no longer a number") as caught:
        run.wait(progress=progress)
    assert run.id == caught.value.run.id
    assert "failed" == run.wait(check=False).status
    assert progress == ("failed loss 0.6 accuracy 0.6" in capsys.readouterr().err)


def test_a_cancelled_run_is_no_success(densely: Any, finished: Finished) -> None:
    run = densely.train("planar", dataset="moons", seed=1)
    run.cancel()

    with pytest.raises(errors.RunCancelled):
        run.wait()
    again = run.retry()
    assert (run.id, "queued") == (again.data.retry_of, again.status)
    with pytest.raises(errors.InvalidTransition) as caught:
        run.cancel()
    assert 409 == caught.value.status
