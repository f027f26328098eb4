"""Events as lists and as streams: a served application, and writers in this and other processes."""

import asyncio
import multiprocessing
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, aclosing
from typing import Any

import httpx
import pytest
from sqlalchemy import event as sqlalchemy_event

from app.api.feed import BATCH, Feed
from app.db import runs
from app.db.engine import Database
from app.domain.clock import utc_now
from app.domain.runs import Change, Metrics
from app.main import create_app
from app.services.attempts import Attempt
from app.services.events import EventService, StreamedEvent
from app.services.execution import WorkerService
from app.settings import Settings
from app.wire.runs import Progress, RunError
from tests.support.clock import FakeClock
from tests.support.queue import queue_run
from tests.support.server import LiveServer
from tests.support.sse import STREAM, following, told

KEY = "0123456789abcdef"


@pytest.fixture
def served(settings: Settings, database: Database, clock: FakeClock) -> Iterator[LiveServer]:
    """An application without models."""
    server = LiveServer(create_app(settings, clock))
    yield server
    server.close()


def begin(database: Database, clock: Callable[[], Any]) -> Attempt:
    """A run that has been claimed."""
    run_id = queue_run(database, clock)
    claim = WorkerService(database, clock, "w-1", 3600).claim()
    assert claim is not None
    assert run_id == claim.run.id
    return Attempt(database, clock, run_id, claim.lease_id)


def go_on(attempt: Attempt, first: int, last: int) -> None:
    """Record these epochs, written at once."""
    for number in range(first, last + 1):
        at = Progress(epoch=number, epochs=last, fraction=number / last)
        attempt.record_epoch(0, number, 0.01, {"loss": 1 / number}, at)
    attempt.flush()


def succeed(attempt: Attempt) -> None:
    attempt.flush()
    with attempt.database.write() as tx:
        runs.publish(tx, attempt.run_id, attempt.lease_id, attempt.clock(), Metrics())


def finish(database: Database, clock: FakeClock, epochs: int = 5) -> str:
    """A whole run; returns its id."""
    attempt = begin(database, clock)
    attempt.log("reading the dataset")
    clock.advance(1)
    go_on(attempt, 1, epochs)
    succeed(attempt)
    return attempt.run_id


class TestStreamOfARun:
    """From its first event to its last, wherever one begins."""

    def test_it_tells_the_list_with_epochs_and_progress_and_ends_after_the_final_status(
        self, served: LiveServer, database: Database, clock: FakeClock
    ) -> None:
        finish(database, clock)  # another one's events are not told
        run_id = finish(database, clock, epochs=3)

        found = told(served.client, f"/runs/{run_id}/events")

        listed = served.client.get(f"/runs/{run_id}/events").json()["items"]
        kinds = ["status", "status", "log", "epoch", "progress", "epoch", "epoch", "progress", "progress", "status"]
        assert kinds == [kind for _, kind, _ in found]
        assert [(e["id"], e["type"]) for e in listed] == [(i, kind) for i, kind, _ in found if kind != "progress"]
        by_id = {i: data for i, _, data in found}
        for event in listed:
            assert {"run_id": run_id, "at": event["at"], **event["data"]}.items() <= by_id[event["id"]].items()
        assert sorted(set(by_id)) == list(by_id)
        _, _, final = found[-1]
        assert ("succeeded", "its model is published", (run_id, "succeeded")) == (
            final["status"], final["message"], final["run"],
        )  # fmt: skip
        assert {"run_id": run_id, "epoch": 3, "epochs": 3, "fraction": 1.0, "eta_seconds": 0.0}.items() <= found[-2][
            2
        ].items()

    def test_an_epoch_is_a_row_of_the_history_and_a_status_has_the_run(
        self, served: LiveServer, database: Database, clock: FakeClock
    ) -> None:
        run_id = finish(database, clock)
        with following(served.client, f"/runs/{run_id}/events") as events:
            found = list(events)

        history = served.client.get(f"/runs/{run_id}/history").json()["epochs"]
        assert history == [
            {k: v for k, v in e.data.items() if k not in ("run_id", "at")} for e in found if e.type == "epoch"
        ]
        assert served.client.get(f"/runs/{run_id}").json() == found[-1].data["run"]

    def test_it_goes_on_after_every_id_with_exactly_the_rest(
        self, client_for: Callable[[Settings], httpx.Client], settings: Settings, database: Database, clock: FakeClock
    ) -> None:
        """In two API processes, by header and by query, also after ids that are another run's or nobody's."""
        finish(database, clock)
        run_id = finish(database, clock, epochs=12)
        clients = [client_for(settings), client_for(settings)]
        whole = told(clients[0], f"/runs/{run_id}/events")

        assert whole == told(clients[1], f"/runs/{run_id}/events")
        for last in range(whole[-1][0]):
            rest = [event for event in whole if event[0] > last]
            assert rest == told(clients[last % 2], f"/runs/{run_id}/events", last)
            assert rest == told(clients[0], f"/runs/{run_id}/events?last_event_id={last}")
        both = told(clients[0], f"/runs/{run_id}/events?last_event_id=1", whole[-2][0])
        assert whole[-1:] == both, "the header is what an EventSource sends when it comes back"

    def test_nothing_left_of_an_ended_run_is_204_so_that_an_event_source_stops(
        self, served: LiveServer, database: Database, clock: FakeClock
    ) -> None:
        run_id = finish(database, clock)
        last = told(served.client, f"/runs/{run_id}/events")[-1][0]

        answer = served.client.get(f"/runs/{run_id}/events", headers={**STREAM, "Last-Event-ID": str(last)})

        assert (204, b"") == (answer.status_code, answer.content)

    def test_a_long_run_is_told_whole(self, served: LiveServer, database: Database, clock: FakeClock) -> None:
        """More events than are read at once, in a run whose end falls anywhere in the last reading."""
        run_id = finish(database, clock, epochs=2 * BATCH + 7)

        found = told(served.client, f"/runs/{run_id}/events")

        assert list(range(1, 2 * BATCH + 8)) == [data["epoch"] for _, kind, data in found if kind == "epoch"]
        assert "status" == found[-1][1]

    def test_a_failure_says_why(self, served: LiveServer, database: Database, clock: FakeClock) -> None:
        attempt = begin(database, clock)
        attempt.fail(RunError(type="Diverged", message="the loss is no longer a number"))

        final = told(served.client, f"/runs/{attempt.run_id}/events")[-1][2]

        assert ("failed", "the loss is no longer a number") == (final["status"], final["message"])

    def test_a_run_that_is_cancelled_in_the_queue_ends_its_stream(
        self, served: LiveServer, database: Database, clock: FakeClock
    ) -> None:
        run_id = queue_run(database, clock)
        with following(served.client, f"/runs/{run_id}/events") as events:
            assert "queued" == next(events).data["status"]
            with database.write() as tx:
                runs.request_cancel(tx, run_id, clock())
            assert ["cancelled"] == [event.data["status"] for event in events]

    def test_every_change_has_words(self) -> None:
        """A failure says its error; the others have a sentence."""
        from app.services.events import _SAID

        assert {None, *Change} - {Change.ERRORED, Change.EXHAUSTED} == set(_SAID)


def write_live(url: str, run_id: str, lease_id: str, epochs: int) -> None:
    """What a trainer does, in a process of its own: an epoch every 20 ms, the last one long."""
    database = Database(url)
    attempt = Attempt(database, utc_now, run_id, lease_id)
    with attempt.keeping_up():
        for number in range(1, epochs + 1):
            time.sleep(0.02)
            attempt.record_epoch(0, number, 0.02, {"loss": 1.0}, Progress(epoch=number, epochs=epochs))
        time.sleep(1)
        succeed(attempt)
    database.close()


class TestLive:
    """While things happen."""

    def test_what_another_process_writes_comes_in_under_half_a_second(
        self, client_for: Callable[[Settings], httpx.Client], settings: Settings, database: Database
    ) -> None:
        """Epochs that are held for the next transaction too, followed through two API processes."""
        attempt = begin(database, utc_now)
        clients = [client_for(settings), client_for(settings)]
        found: dict[int, list[Any]] = {}

        def follow(number: int) -> None:
            with following(clients[number], f"/runs/{attempt.run_id}/events") as events:
                found[number] = list(events)

        threads = [threading.Thread(target=follow, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        context = multiprocessing.get_context("spawn")
        writer = context.Process(target=write_live, args=(settings.url, attempt.run_id, attempt.lease_id, 40))
        writer.start()
        for thread in threads:
            thread.join(30)
        writer.join(30)

        assert 0 == writer.exitcode
        assert [e.id for e in found[0]] == [e.id for e in found[1]]
        for number in range(2):
            epochs = [e for e in found[number] if e.type == "epoch"]
            assert list(range(1, 41)) == [e.data["epoch"] for e in epochs]
            delays = [e.at - seconds_of(e.data["at"]) for e in epochs]
            assert max(delays) < 0.5, delays
            assert "succeeded" == found[number][-1].data["status"]

    def test_the_stream_of_all_runs_begins_now_and_goes_on(
        self, served: LiveServer, database: Database, clock: FakeClock
    ) -> None:
        old = finish(database, clock)
        with following(served.client, "/events") as events:
            second = queue_run(database, clock)
            first = next(events)
            third = queue_run(database, clock)
            assert [second, third] == [first.data["run_id"], next(events).data["run_id"]]
        with following(served.client, "/events?last_event_id=0") as events:
            whole = [next(events) for _ in range(14)]
        assert {old, second, third} == {e.data["run_id"] for e in whole}
        with following(served.client, "/events", whole[-2].id) as events:
            assert whole[-1].id == next(events).id

    def test_a_stream_of_all_runs_tells_where_it_stands(
        self, served: LiveServer, database: Database, clock: FakeClock
    ) -> None:
        """An id without data is no event, but what a client that loses the connection at once comes back with."""
        finish(database, clock)
        latest = served.client.get("/events?limit=500").json()["items"][-1]["id"]

        with served.client.stream("GET", "/events", headers=STREAM) as answer:
            assert f"retry: 2000\nid: {latest}\n\n" == next(answer.iter_text())

    def test_all_who_listen_share_one_query(self, served: LiveServer, database: Database, clock: FakeClock) -> None:
        """And when the last one has gone, nobody asks the database any more."""
        run_id = queue_run(database, clock)
        feed: Feed = served.app.api.state.feed
        statements: list[str] = []
        engine = feed._events._database.engine
        sqlalchemy_event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
        plenty = httpx.Limits(max_connections=None)
        with httpx.Client(base_url=served.url, limits=plenty, timeout=30) as client, ExitStack() as stack:
            opened = [stack.enter_context(following(client, f"/runs/{run_id}/events")) for _ in range(50)]
            assert {"queued"} == {next(stream).data["status"] for stream in opened}
            statements.clear()
            time.sleep(1)
            asked = [statement for statement in statements if "FROM events" in statement]
            assert 50 == sum(map(len, feed._listeners.values()))
        # On PostgreSQL nobody asks while nothing is told.
        assert (3 if database.is_sqlite else 0) <= len(asked) <= 11
        wait_until(lambda: feed._poller is None and not feed._listeners)


def test_what_happened_to_many_runs_is_read_with_few_queries(database: Database, clock: FakeClock) -> None:
    """Each process reads it for those who follow, also when hundreds are archived at once."""
    ids = [queue_run(database, clock) for _ in range(30)]
    statements: list[str] = []
    sqlalchemy_event.listen(database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    found = EventService(database, clock).after(0, 100).events

    assert ids == [event.run_id for event in found]
    assert all(f'"run":{{"id":"{event.run_id}"'.encode() in event.data for event in found)
    assert len(statements) < 10


class TestList:
    """Without a stream."""

    def test_all_events_page_like_those_of_a_run(
        self, served: LiveServer, database: Database, clock: FakeClock
    ) -> None:
        ids = [finish(database, clock, epochs=2) for _ in range(2)]
        items: list[dict[str, Any]] = []
        cursor: int | None = 0
        while cursor is not None:
            page = served.client.get(f"/events?limit=3&cursor={cursor}").json()
            items, cursor = items + page["items"], page["next"]

        each = [served.client.get(f"/runs/{run_id}/events").json()["items"] for run_id in ids]
        assert each[0] + each[1] == items
        assert {"status", "log", "epoch"} == {item["type"] for item in items}

    @pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html, */*;q=0.1", "text/event-stream;q=0", ""])
    def test_who_does_not_ask_for_a_stream_gets_the_list(
        self, served: LiveServer, database: Database, clock: FakeClock, accept: str
    ) -> None:
        run_id = finish(database, clock)
        for path in (f"/runs/{run_id}/events", "/events"):
            answer = served.client.get(path, headers={"Accept": accept})
            assert "application/json" == answer.headers["Content-Type"]
            assert 9 == len(answer.json()["items"])

    @pytest.mark.parametrize(
        "accept", ["text/event-stream", "Text/Event-Stream; charset=utf-8", "a/b, text/event-stream;q=0.5"]
    )
    def test_who_asks_for_a_stream_gets_it(
        self, served: LiveServer, database: Database, clock: FakeClock, accept: str
    ) -> None:
        run_id = finish(database, clock)
        answer = served.client.get(f"/runs/{run_id}/events", headers={"Accept": accept, "X-Request-ID": "mine"})
        assert "text/event-stream; charset=utf-8" == answer.headers["Content-Type"]
        assert ("no-store", "mine") == (answer.headers["Cache-Control"], answer.headers["X-Request-ID"])


class TestRefusals:
    """Who gets no stream."""

    @pytest.mark.parametrize("headers", [STREAM, {}])
    def test_an_unknown_run_is_404(self, served: LiveServer, headers: dict[str, str]) -> None:
        answer = served.client.get("/runs/r-nobody/events", headers=headers)

        assert (404, "application/problem+json") == (answer.status_code, answer.headers["Content-Type"])
        assert "r-nobody" in answer.json()["detail"]

    @pytest.mark.parametrize("path", ["/events", "/runs/r-nobody/events"])
    @pytest.mark.parametrize("last", ["x", "-1", "1.5", str(2**53 + 1)])
    def test_an_id_that_cannot_be_is_422(self, served: LiveServer, path: str, last: str) -> None:
        header = served.client.get(path, headers={**STREAM, "Last-Event-ID": last})
        query = served.client.get(path, params={"last_event_id": last}, headers=STREAM)

        assert [422, 422] == [header.status_code, query.status_code]
        assert ["Last-Event-ID"] == [e["field"] for e in header.json()["errors"]]
        assert ["last_event_id"] == [e["field"] for e in query.json()["errors"]]

    def test_streams_need_the_key_like_everything_else(
        self, client_for: Callable[[Settings], httpx.Client], settings: Settings, database: Database, clock: FakeClock
    ) -> None:
        run_id = finish(database, clock)
        client = client_for(settings.model_copy(update={"api_keys": (KEY,)}))
        for path in ("/events", f"/runs/{run_id}/events"):
            assert 401 == client.get(path, headers=STREAM).status_code
        client.headers["Authorization"] = f"Bearer {KEY}"
        assert "status" == told(client, f"/runs/{run_id}/events")[-1][1]


class TestEnd:
    """How streams end, and who is slow."""

    def test_a_server_that_is_told_to_stop_ends_its_streams(
        self, settings: Settings, database: Database, clock: FakeClock
    ) -> None:
        server = LiveServer(create_app(settings, clock))
        run_id = queue_run(database, clock)
        with (
            httpx.Client(base_url=server.url, timeout=30) as client,
            following(client, f"/runs/{run_id}/events") as events,
            following(client, "/events") as all_events,
        ):
            assert "queued" == next(events).data["status"]
            started = time.monotonic()

            server.close()

            assert time.monotonic() - started < 2
            assert ([], []) == (list(events), list(all_events)), "ended in good order, not cut"

    def test_a_client_that_reads_nothing_blocks_nobody_and_misses_nothing(
        self, served: LiveServer, database: Database, clock: FakeClock
    ) -> None:
        """It opens a stream, sleeps through more events than are held for it, then reads them all."""
        attempt = begin(database, clock)
        many = 3_000
        with (
            following(served.client, f"/runs/{attempt.run_id}/events") as slow,
            following(served.client, f"/runs/{attempt.run_id}/events") as quick,
        ):
            assert "queued" == next(slow).data["status"]
            writing = threading.Thread(target=write_groups, args=(attempt, clock, many))
            writing.start()
            seen = [event.data["epoch"] for event in quick if event.type == "epoch"]
            writing.join()
            late = [event.data["epoch"] for event in slow if event.type == "epoch"]

        assert list(range(1, many + 1)) == seen
        assert seen == late


def write_groups(attempt: Attempt, clock: FakeClock, many: int) -> None:
    for first in range(1, many, 100):
        clock.advance(1)
        go_on(attempt, first, first + 99)
    succeed(attempt)


class TestFeed:
    """The feed itself, over a real database, with its times made short."""

    def run(self, work: AsyncIterator[Any]) -> list[Any]:
        async def collect() -> list[Any]:
            return [item async for item in work]

        return asyncio.run(collect())

    def test_silence_gives_heartbeats(self, database: Database, clock: FakeClock) -> None:
        run_id = queue_run(database, clock)

        async def beats() -> AsyncIterator[list[StreamedEvent]]:
            feed = Feed(EventService(database))
            async with aclosing(feed.follow(run_id, 0, heartbeat=0.02)) as groups:
                for _ in range(3):
                    yield await anext(groups)
            await feed.finish()

        first, *silent = self.run(beats())
        assert ["status"] == [event.type for event in first]
        assert [[], []] == silent

    def test_who_falls_behind_reads_on_from_the_database(self, database: Database, clock: FakeClock) -> None:
        """Room for two events only: the rest come by id, each once."""
        attempt = begin(database, clock)

        async def lagging() -> AsyncIterator[list[StreamedEvent]]:
            feed = Feed(EventService(database), poll=0.01, most_held=2)
            async with aclosing(feed.follow(attempt.run_id, 0)) as groups:
                yield await anext(groups)
                for number in range(10):
                    await asyncio.to_thread(attempt.log, f"line {number}")
                await asyncio.sleep(0.1)  # the feed hands them out meanwhile, and this one takes none
                (listener,) = feed._listeners[attempt.run_id]
                assert listener._missed
                assert listener._held == []
                await asyncio.to_thread(attempt.fail, RunError(type="X", message="y"))
                async for group in groups:
                    yield group
            assert not feed._listeners
            await feed.finish()

        ids = [event.id for group in self.run(lagging()) for event in group]
        assert list(range(1, 14)) == ids

    def test_a_run_has_ended_when_its_model_can_be_asked(self, database: Database, clock: FakeClock) -> None:
        """Both for who reads from the database and for who is handed the events."""
        attempt = begin(database, clock)
        told: list[str] = []

        async def followed(start: int) -> AsyncIterator[list[StreamedEvent]]:
            feed = Feed(EventService(database), poll=0.01, before_end=lambda: told.append("asked"))
            async with aclosing(feed.follow(attempt.run_id, 0)) as groups:
                for _ in range(start):
                    yield await anext(groups)
                if not attempt.run().finished_at:
                    await asyncio.to_thread(attempt.fail, RunError(type="X", message="y"))
                async for group in groups:
                    told.extend("ended" for event in group if event.final)
                    yield group
            await feed.finish()

        self.run(followed(1))
        self.run(followed(0))

        assert ["asked", "ended", "asked", "ended"] == told

    def test_a_database_that_is_away_for_a_while_ends_no_stream(
        self, database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.api.feed.RETRY_SECONDS", 0.01)
        attempt = begin(database, clock)
        path = database.engine.url.database
        assert path is not None

        async def followed() -> AsyncIterator[list[StreamedEvent]]:
            reader = Database(str(database.engine.url))
            feed = Feed(EventService(reader), poll=0.01)
            async with aclosing(feed.follow(attempt.run_id, 0)) as groups:
                yield await anext(groups)
                connect = sqlalchemy_event.listens_for(reader.engine, "do_connect")
                away = [True]

                @connect
                def refuse(*_: Any) -> None:
                    if away:
                        import sqlite3

                        raise sqlite3.OperationalError("unable to open database file")

                reader.engine.dispose()
                await asyncio.sleep(0.1)
                away.clear()
                await asyncio.to_thread(attempt.log, "back")
                yield await anext(groups)
            await feed.finish()
            reader.close()

        groups = self.run(followed())
        assert [["status", "status"], ["log"]] == [[event.type for event in group] for group in groups]


def wait_until(holds: Callable[[], bool], seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def seconds_of(text: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(text).timestamp()
