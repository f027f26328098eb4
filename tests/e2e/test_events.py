"""Live events of the whole service: 200 streams, a real trainer, and the API's end."""

import time

from benchmarks import streams
from tests.e2e.conftest import StartService


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
    service = start_service()
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
