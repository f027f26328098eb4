"""Live events of the whole service: 200 streams, a real trainer, and the API's end."""

import json
import time
from collections.abc import Iterator

import pytest

from benchmarks import streams
from tests.e2e.conftest import UNPREPARED, StartService
from tests.support.receiver import Receiver


def test_200_streams_cost_next_to_nothing_and_bring_each_epoch_in_time(start_service: StartService) -> None:
    """All of them get every epoch of a real training in under half a second, and a silent second costs little."""
    service = start_service()

    figures = streams.measure(service, epochs=300, seconds=3)

    assert 300 * streams.STREAMS == figures["epochs told"]
    assert figures["delay, longest"] < 0.5, figures
    assert figures["cpu with silent streams"] < 0.1, figures
    assert figures["KiB per stream"] < 200, figures


def test_the_api_stops_promptly_with_streams_open(start_service: StartService) -> None:
    """SIGTERM: every stream is ended, and the process is gone within two seconds."""
    service = start_service(**UNPREPARED)
    api = streams.api_process(service)
    with streams.Reader(service, "/events") as reader:
        while not all(reader.came):
            time.sleep(0.02)
        started = time.monotonic()

        api.terminate()
        api.wait(10)

        assert time.monotonic() - started < 2
        while reader.ended() < streams.STREAMS:
            assert time.monotonic() - started < 5
            time.sleep(0.02)
        assert all(stream[-1][1].endswith(b"0\r\n\r\n") for stream in reader.came), "the last chunk: in good order"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    started = Receiver()
    yield started
    started.close()


def test_a_webhook_tells_of_the_runs_end(start_service: StartService, receiver: Receiver) -> None:
    """From `POST /train` through the worker to the receiver; the service stops in good order afterwards."""
    service = start_service(DENSELY_WEBHOOK_SECRET="0123456789abcdef", DENSELY_WEBHOOKS_TO_PRIVATE="true")

    run = service.train(task="planar", dataset="moons", recipe={"epochs": 2}, webhook=receiver.url)
    ended = service.wait(run["id"])

    deadline = time.monotonic() + 10
    while not receiver.taken:
        assert time.monotonic() < deadline, service.log.read_text()
        time.sleep(0.05)
    told = json.loads(receiver.taken[0][2])
    assert ("run.finished", ended) == (told["type"], told["data"])
    assert "succeeded" == ended["status"]
    assert 0 == service.stop()
    assert 1 == len(receiver.taken)
